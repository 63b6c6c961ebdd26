"""`/toezicht`: the state of the house in one minute, for an inspector; and in the demo, how tampering is found."""

from __future__ import annotations

from flask import Flask

from web.oversight import wording
from web.oversight.clocks import blueprint as clock_pages
from web.oversight.complaints import blueprint as complaint_pages
from web.oversight.doubt import blueprint as doubt_pages
from web.oversight.inspection import blueprint as inspection_pages
from web.oversight.joins import blueprint as join_pages
from web.oversight.messages import blueprint as message_pages
from web.oversight.staff import blueprint as staff_pages
from web.oversight.summary import blueprint as summary_pages
from web.oversight.tampering import blueprint as tampering_pages

BLUEPRINTS = (
    summary_pages,
    clock_pages,
    join_pages,
    message_pages,
    inspection_pages,
    complaint_pages,
    doubt_pages,
    staff_pages,
)


def register(app: Flask) -> None:
    """Add the inspector's pages; those that harm a copy of the log only in the demo."""
    wording.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if app.config["WEB_SETTINGS"].demo:
        app.register_blueprint(tampering_pages)
