"""A file to take along, that says how widely it may be seen (R154)."""

from __future__ import annotations

from flask import Response

from databeheer.governance.labels import Label

LABEL = "Classification"
"""The header that says it; the name of the file does too."""


def labelled(content: str, kind: str, label: Label, name: str) -> Response:
    """A file to keep, with its label."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{label.value}-{name}"',
        LABEL: label.nl,
    }
    return Response(content, content_type=kind, headers=headers)
