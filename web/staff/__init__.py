"""`/dienst`: the pages of the people who run the data manager. Each opens for some of their roles only.

What a role opens stands in `databeheer/staff/roles.toml`; `guard.py` asks for it, and the door asks again.
"""

from __future__ import annotations

from flask import Flask

from web.staff import wording
from web.staff.cases import blueprint as case_pages
from web.staff.comings import blueprint as coming_pages
from web.staff.contacts import blueprint as contact_pages
from web.staff.devices import blueprint as device_pages
from web.staff.national_register import blueprint as register_pages
from web.staff.papers import blueprint as paper_pages
from web.staff.people import blueprint as people_pages
from web.staff.recordings import blueprint as recording_pages
from web.staff.rights import blueprint as rights_pages
from web.staff.start import blueprint as start_pages
from web.staff.systems import blueprint as system_pages
from web.staff.trail import blueprint as trail_pages
from web.staff.welfare import blueprint as welfare_pages

BLUEPRINTS = (
    start_pages,
    case_pages,
    contact_pages,
    paper_pages,
    recording_pages,
    welfare_pages,
    rights_pages,
    people_pages,
    trail_pages,
    coming_pages,
    register_pages,
    system_pages,
    device_pages,
)


def register(app: Flask) -> None:
    """Add the pages of staff."""
    wording.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
