"""Moments as callers write them: RFC 3339 with an offset, or a Brussels day for its first instant."""

from __future__ import annotations

import re
from datetime import datetime

from databeheer.brussels import midnight
from databeheer.errors import MalformedRequestError
from databeheer.values import parse_day, parse_instant

# fromisoformat also takes week dates, commas and other spellings of one moment; we take one.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A client that forgets to escape the plus of its offset sends a space.
_LOST_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:[0-9]{2})")


def parse_moment(text: str) -> datetime:
    """Read `2023-10-29T00:00:00+02:00`, `...Z`, or `2023-10-29` (midnight in Brussels) into aware UTC.

    Raises:
        MalformedRequestError: another spelling, an impossible date, outside the years of `values.HORIZON`.
    """
    if _DAY.fullmatch(text):
        return midnight(parse_day(text))
    mended = _LOST_PLUS.sub(r"\1+\2", text)
    if _INSTANT.fullmatch(mended) is None:
        raise MalformedRequestError(
            "write a moment as 2023-10-29T00:00:00Z, with its offset, or a day as 2023-10-29"
        )
    return parse_instant(mended)
