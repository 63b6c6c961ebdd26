"""Lists of what staff did, a page at a time, by the line of the ledger: no number of lines hides an earlier one."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

FIRST_BEYOND = 2**53
"""No line of the ledger is numbered so high: the newest page is what stands before it."""


def before() -> fields.Integer:
    """Before which line of the ledger a page begins; left out, the page begins with the newest."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, FIRST_BEYOND),
    )


def beyond(given: int | None) -> int:
    """Before which line the page that was asked for begins."""
    return FIRST_BEYOND if given is None else given


def cut(rows: list[Any], most: int, index: str) -> tuple[list[Any], int | None]:
    """The rows of a page, and `before` of the next where more follow; `rows` holds one row beyond `most` then."""
    shown = rows[:most]
    return shown, int(getattr(shown[-1], index)) if len(rows) > most else None
