"""The customers' portal: who may see my data, who did, and one button to end it. Dutch, for everybody."""

from __future__ import annotations

from flask import Flask

from web.portal import consumption, login, overview, permissions, reads, wording

PARTS = (login, overview, permissions, reads, consumption)


def register(app: Flask) -> None:
    """Add the portal's pages and the words it speaks."""
    wording.register(app)
    for part in PARTS:
        app.register_blueprint(part.blueprint)
