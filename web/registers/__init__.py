"""The registers of the house's duties as pages: what staff see at `/dienst` and the inspector at `/toezicht`.

One set of pages, made of the registers' own data; `staff.py` writes too, `inspector.py` only shows and
exports; `documents.py` makes reports, for both.
"""

from __future__ import annotations

from flask import Flask

from web.registers import documents, inspector, shown, staff


def register(app: Flask) -> None:
    """Add the pages of both."""
    shown.register(app)
    for blueprint in (inspector.blueprint, staff.blueprint, documents.inspectors, documents.staffs):
        app.register_blueprint(blueprint)
