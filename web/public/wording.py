"""The Dutch of the public pages: one plain phrase per code, said of somebody else, not to the customer."""

from __future__ import annotations

from datetime import date

from flask import Flask

from web import dutch
from web.portal import wording as portal

PURPOSES = {
    "energy_advice": "energieadvies geven",
    "energy_monitoring": "verbruik volgen en tonen",
    "flexibility": "verbruik helpen verschuiven naar betere uren",
    "billing": "de factuur maken",
    "grid_management": "het net beheren",
    "fraud_detection": "energiefraude onderzoeken",
    "own_insight": "eigen gegevens bekijken",
    "supervision": "toezicht houden op de energiemarkt",
}

REQUIREMENTS = {
    "data_access_contract": "een geldig contract met de netbeheerder",
    "necessity": "vooraf vastgelegd waarom het nodig is",
}

STATES = {
    "requested": "wacht op de klant",
    "active": "actief",
    "to_be_renewed": "actief, loopt bijna af",
    "blocked": "geblokkeerd tijdens onderzoek",
    "fulfilled": "doel bereikt",
    "rejected": "geweigerd door de klant",
    "timed_out": "niet op tijd beantwoord",
    "revoked": "ingetrokken door de klant",
    "expired": "afgelopen",
    "terminated": "gestopt door de dienst",
    "invalidated": "gestopt door verhuizing",
}
"""Where a permission is, said to others than its customer."""

DOMAINS = {
    "registry": "toegangspunten",
    "metering": "meetgegevens",
    "statistics": "statistiek",
    "research": "onderzoek",
}
"""Where a person is known under one name only; a join goes from one to the other."""

SHAPES = {
    "points": "rijen per aansluiting, onder een naam die alleen voor deze ene levering bestaat",
    "aggregate": "totalen over veel aansluitingen; kleine groepen worden niet getoond",
}


def register(app: Flask) -> None:
    """Give templates the phrases that public and inspector's pages are built from."""
    app.jinja_env.globals.update(
        role_words=portal.ROLES,
        granularity_words=portal.GRANULARITIES,
        commodity_words=portal.COMMODITIES,
        unit_words=portal.UNITS,
        purpose_words=PURPOSES,
        requirement_words=REQUIREMENTS,
        permission_state_words=STATES,
        domain_words=DOMAINS,
        shape_words=SHAPES,
    )
    app.jinja_env.filters["month_words"] = month_words


def month_words(month: str) -> str:
    """`2026-09` as `september 2026`."""
    first = date.fromisoformat(f"{month}-01")
    return dutch.day(first).removeprefix("1 ")
