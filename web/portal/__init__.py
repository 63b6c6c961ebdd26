"""The customers' portal: who may see my data, who did, and one button to end it. Dutch, for everybody."""

from __future__ import annotations

from flask import Flask

from web.portal import wording
from web.portal.asking_history import blueprint as history_pages
from web.portal.attorneys import blueprint as attorney_pages
from web.portal.beside import blueprint as beside_pages
from web.portal.businesses.giving import blueprint as giving_pages
from web.portal.businesses.points import blueprint as point_pages
from web.portal.businesses.withdrawing import blueprint as withdrawing_pages
from web.portal.by_letter import blueprint as letter_pages
from web.portal.choosing import blueprint as choosing_pages
from web.portal.consumption import blueprint as consumption_pages
from web.portal.doubting import blueprint as doubting_pages
from web.portal.downloading import blueprint as downloading_pages
from web.portal.ean_code import blueprint as ean_code_pages
from web.portal.erasing import blueprint as erasing_pages
from web.portal.everything import blueprint as everything_pages
from web.portal.frequency import blueprint as frequency_pages
from web.portal.linking import blueprint as linking_pages
from web.portal.login import blueprint as login_pages
from web.portal.messages import blueprint as message_pages
from web.portal.overview import blueprint as overview_pages
from web.portal.permissions import blueprint as permission_pages
from web.portal.ports import blueprint as port_pages
from web.portal.proofs import blueprint as proof_pages
from web.portal.reads import blueprint as read_pages
from web.portal.representing import blueprint as representing_pages
from web.portal.resuming import blueprint as resuming_pages
from web.portal.rights import blueprint as rights_pages
from web.portal.sign_ins import blueprint as sign_in_pages

BLUEPRINTS = (
    login_pages,
    overview_pages,
    linking_pages,
    history_pages,
    ean_code_pages,
    message_pages,
    permission_pages,
    beside_pages,
    choosing_pages,
    point_pages,
    giving_pages,
    withdrawing_pages,
    read_pages,
    proof_pages,
    consumption_pages,
    frequency_pages,
    downloading_pages,
    port_pages,
    representing_pages,
    attorney_pages,
    sign_in_pages,
    resuming_pages,
    rights_pages,
    everything_pages,
    erasing_pages,
    doubting_pages,
    letter_pages,
)


def register(app: Flask) -> None:
    """Add the portal's pages and the words it speaks."""
    wording.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
