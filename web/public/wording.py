"""The Dutch of the public pages: one plain phrase per code, said of somebody else, not to the customer."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Flask

from databeheer.brussels import BRUSSELS
from web import saying
from web.portal import wording as portal

PURPOSES = {
    "energy_advice": "energieadvies geven",
    "energy_monitoring": "verbruik volgen en tonen",
    "flexibility": "verbruik helpen verschuiven naar betere uren",
    "billing": "de factuur maken",
    "grid_management": "het net beheren",
    "supply_quality": "de kwaliteit van de stroomlevering opvolgen",
    "fraud_detection": "energiefraude onderzoeken",
    "own_insight": "eigen gegevens bekijken",
    "supervision": "toezicht houden op de energiemarkt",
    "data_management": "meters uitlezen en gegevens beheren",
    "dynamic_price_billing": "de factuur met dynamische prijs maken",
    "supply_offer": "een aanbod doen",
    "balancing": "vraag en aanbod op het net in evenwicht houden",
    "market_facilitation": "de eigen rol in de energiemarkt vervullen",
    "energy_sharing": "gedeelde energie verrekenen",
    "public_task": "een taak doen die de wet oplegt",
    "social_assistance": "helpen met energie",
    "price_comparison": "prijzen vergelijken",
    "processing": "een opdracht van de databeheerder uitvoeren",
    "case_handling": "een vraag van de klant behandelen",
    "data_protection": "toezien op de bescherming van gegevens",
}

REQUIREMENTS = {
    "occupancy": "alleen gegevens van de tijd dat die klant op dit adres was",
    "grid_user_consent": "de toestemming van de netgebruiker",
    "person_concerned_consent": "de toestemming van wie er nog woont",
    "written_mandate": "een schriftelijke toestemming met gecontroleerde handtekening",
    "accepted_contract": "een aanvaard energiecontract",
    "contract_period": "alleen gegevens van de periode van het eigen contract",
    "dynamic_price": "een contract met dynamische prijs",
    "metering_regime": "de keuze van de klant voor uitlezing per kwartier",
    "history": "alleen gegevens van voor de dag waarop de klant het toestond",
    "data_access_contract": "een geldig contract met de netbeheerder",
    "dpia": "een geldige beoordeling van de gevolgen voor privacy (DPIA), niet ouder dan twee jaar",
    "processing_overview": "een gepubliceerd overzicht van wat de partij met gegevens doet",
    "notice": "de klant is vooraf op de hoogte gebracht",
    "necessity": "vooraf vastgelegd waarom het nodig is",
    "authorisation": "een wet, decreet of ordonnantie die deze gegevens laat kennen",
    "territory": "alleen in het eigen gebied",
    "processor_agreement": "een volledige verwerkersovereenkomst",
}

REFUSALS = {
    "prospective_supplier": "leverancier bij wie men nog geen contract heeft",
    **{code: portal.ROLES[code] for code in ("research", "port_app", "landlord", "governance_committee")},
}
"""Who gets nothing, by the code of the catalogue's refusal."""

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
    "invalidated": "gestopt: de voorwaarden gelden niet meer",
    "lapsed": "vervallen bij een herstel",
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
    "table": "sommen per gemeente, soort klant en uur, voor iedereen gepubliceerd",
}


PROFILE_TYPES = {
    "household": "huishoudens",
    "household_production": "huishoudens met eigen productie",
    "business": "ondernemingen",
    "public": "openbare gebouwen en verlichting",
    "unknown": "soort niet bekend",
    "rest": "de andere soorten samen",
    "all": "alle soorten samen",
}
"""Kinds of customers, as statistics tell them apart."""

WITHHELD = {
    "few_households": "te weinig klanten",
    "dominated": "één klant is te groot, of niemand verbruikte iets",
    "narrow": "wie alle andere klanten kent, zou de laatste te goed kunnen raden",
    "complementary": "anders kon iemand een andere som uitrekenen uit het totaal",
}
"""Why a sum of statistics is not shown."""


def place_words(municipality: str) -> str:
    """A municipality of statistics: by its NIS code, or what stands in its place."""
    words = {"unknown": "gemeente niet bekend", "rest": "de andere gemeenten", "all": "het hele gebied"}
    return words.get(municipality, f"gemeente {municipality}")


def hour_words(hour: datetime) -> str:
    """`14.00 uur` in Brussels; in the night in which an hour comes twice, which of the two."""
    local, around = hour.astimezone(BRUSSELS), [hour + timedelta(hours=step) for step in (-1, 1)]
    words = saying.clock(hour)
    if local.replace(tzinfo=None) not in {one.astimezone(BRUSSELS).replace(tzinfo=None) for one in around}:
        return words
    return f"{words} ({'zomertijd' if local.dst() else 'wintertijd'})"


def register(app: Flask) -> None:
    """Give templates the phrases that public and inspector's pages are built from."""
    app.jinja_env.globals.update(
        role_words=portal.ROLES,
        granularity_words=portal.GRANULARITIES,
        commodity_words=portal.COMMODITIES,
        unit_words=portal.UNITS,
        purpose_words=PURPOSES,
        requirement_words=REQUIREMENTS,
        refusal_words=REFUSALS,
        permission_state_words=STATES,
        domain_words=DOMAINS,
        shape_words=SHAPES,
        profile_words=PROFILE_TYPES,
        withheld_words=WITHHELD,
    )
    app.jinja_env.filters["month_words"] = month_words
    app.jinja_env.filters["place_words"] = place_words
    app.jinja_env.filters["hour_words"] = hour_words


def month_words(month: str) -> str:
    """`2026-09` as `september 2026`."""
    first = date.fromisoformat(f"{month}-01")
    return saying.day(first).removeprefix("1 ")
