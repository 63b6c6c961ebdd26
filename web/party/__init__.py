"""`/partij`: a party's own pages, for who acts for its enterprise: evidence, keys, web hooks, usage, a test call."""

from __future__ import annotations

from flask import Flask

from web.party import wording
from web.party.calls import blueprint as call_pages
from web.party.evidence import blueprint as evidence_pages
from web.party.hooks import blueprint as hook_pages
from web.party.keys import blueprint as key_pages
from web.party.overview import blueprint as overview_pages


def register(app: Flask) -> None:
    """Add the party pages and the words they speak."""
    wording.register(app)
    for blueprint in (overview_pages, evidence_pages, key_pages, hook_pages, call_pages):
        app.register_blueprint(blueprint)
