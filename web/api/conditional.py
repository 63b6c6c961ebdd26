"""`ETag` on what a program looks up, so that it can ask whether anything changed (RFC 9110, 13).

Weak: what is compared is what the answer says. Not on a hand-over of readings: each of those is on record, and has its
own.
"""

from __future__ import annotations

from hashlib import sha256

from flask import Response, request


def add_etag(response: Response) -> Response:
    """Tag an answer to GET by its content; 304 where the caller has just that (`If-None-Match`)."""
    if request.method != "GET" or response.status_code != 200 or response.is_streamed:
        return response
    if "ETag" in response.headers or "Ledger-Promise" in response.headers:
        return response
    response.set_etag(sha256(response.get_data()).hexdigest()[:32], weak=True)
    # Only this condition: a modification date or a range is none of these answers'.
    if request.if_none_match and request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        response.set_data(b"")
        for name in ("Content-Type", "Content-Length"):
            response.headers.pop(name, None)
    return response
