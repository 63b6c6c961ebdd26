"""Which form of an answer the caller takes."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import NotAcceptable

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
TEXT = "text/plain"


def choose_form(offered: tuple[str, ...], wanted: str | None = None) -> str:
    """Return the media type to answer with: `wanted` (from `?format=`) before the Accept header.

    Raises:
        NotAcceptable: the Accept header excludes everything that is offered.
    """
    if wanted is not None:
        return {"json": JSON, "csv": CSV, "parquet": PARQUET}[wanted]
    if "Accept" not in request.headers:
        return offered[0]
    best: str | None = request.accept_mimetypes.best_match(offered)
    if best is None:
        raise NotAcceptable(f"this address answers with {' or '.join(offered)}")
    return best
