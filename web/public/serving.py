"""How public answers are given: for anybody, cached for a while, JSON in one spelling."""

from __future__ import annotations

from flask import Response, json

SHORT = "public, max-age=60"


def public_json(members: object) -> Response:
    """Return public data as JSON, for programs of any origin."""
    text = json.dumps(members, ensure_ascii=True, sort_keys=False, indent=1)
    return public_file(text.encode() + b"\n", "application/json", SHORT)


def public_file(data: bytes, content_type: str, caching: str) -> Response:
    """Return a public file: open to pages of any origin, since there is nothing personal in it."""
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = caching
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def plain(status: int, text: str) -> Response:
    """Return a short answer for programs that read files."""
    return Response(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
