"""Enterprise numbers of the Crossroads Bank for Enterprises (KBO): ten digits, of which the last two are a check."""

from __future__ import annotations

import re

from databeheer.errors import MalformedRequestError

_CHECK = 97


def parse_enterprise(text: str) -> str:
    """Return the ten digits of an enterprise number as people write it: BE 0123.456.749, or without the marks.

    Raises:
        MalformedRequestError: it is none, or its check digits are wrong.
    """
    digits = re.sub(r"[ .]", "", text[:40].upper()).removeprefix("BE")
    if not is_enterprise(digits):
        raise MalformedRequestError(
            "enterprise: an enterprise number has ten digits, and the last two are right"
        )
    return digits


def in_groups(digits: str) -> str:
    """Return an enterprise number as people write it: 0123.456.749."""
    return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"


def is_enterprise(digits: str) -> bool:
    """Whether these are the ten digits of an enterprise number, in the one spelling that is stored."""
    return (
        re.fullmatch(r"[01][0-9]{9}", digits, re.ASCII) is not None
        and int(digits[8:]) == _CHECK - int(digits[:8]) % _CHECK
    )
