"""Cursors: opaque to callers, signed, and good only for the list and filters that they were made for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import request
from itsdangerous import BadData, URLSafeSerializer

from web.parsing import malformed

_SHAPE = re.compile(r"[A-Za-z0-9._-]{1,1024}")


def seal_cursor(secret_key: str, position: str, filters: Mapping[str, Any]) -> str:
    """Return a cursor for the place `position` in the list at this address, filtered like this."""
    return _serializer(secret_key).dumps([request.path, position, dict(filters)])


def open_cursor(secret_key: str, cursor: str, filters: Mapping[str, Any]) -> str:
    """Return the place that a cursor stands for.

    Raises:
        MalformedBodyError: not made here, changed, or made for another list or other filters.
    """
    if _SHAPE.fullmatch(cursor) is None:
        raise malformed("cursor", "this is not a cursor of this list")
    try:
        path, position, sealed_filters = _serializer(secret_key).loads(cursor)
    except (BadData, ValueError, TypeError) as error:
        raise malformed("cursor", "this is not a cursor of this list") from error
    if path != request.path:
        raise malformed("cursor", "this cursor was made for another list")
    if sealed_filters != dict(filters) or not isinstance(position, str):
        raise malformed("cursor", "this cursor was made for other filters")
    return position


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="web.api.cursor.v2")
