"""The Dutch of the party pages: one plain phrase per code of the door."""

from __future__ import annotations

from flask import Flask

LACKS = {
    "contract": ("Het datatoegangscontract ontbreekt, of het is afgelopen.", "#contract"),
    "dpia": (
        "De gegevensbeschermingseffectbeoordeling (DPIA) ontbreekt, of ze is ouder dan twee jaar.",
        "#dpia",
    ),
    "overview": (
        "Het adres van uw overzicht van verwerkingen ontbreekt, of wij vonden het niet.",
        "#overzicht",
    ),
    "contacts": ("Niet alle contactpersonen zijn ingevuld.", "#contact"),
    "hand_in": ("Alles is ingevuld. U moet het nog indienen.", ""),
    "approval": ("Wij moeten uw bewijs nog goedkeuren. Twee van onze mensen kijken ernaar.", ""),
}
"""What a party lacks, and where on the page of evidence it is filled in."""

CONTACTS = {
    "technical": ("Techniek", "Wie bereiken wij als uw programma niet werkt?"),
    "privacy": ("Privacy", "Wie bereiken wij over persoonsgegevens, of na een inbreuk?"),
    "doubt": (
        "Twijfel",
        "Wie bereiken wij als een klant aan een toestemming twijfelt? De andere partijen zien dit ook.",
    ),
}
HANDED_IN = {
    "waiting": ("wacht op goedkeuring", "badge-waiting"),
    "approved": ("goedgekeurd", "badge-active"),
    "declined": ("niet goedgekeurd", "badge-refused"),
    "overtaken": ("vervangen", "badge-ended"),
}
PROFILES = {"own": "eigen API (/api/v1)", "facade": "Fluvius-compatibele API (/esco)"}
DELIVERIES = {
    "waiting": "wacht",
    "delivered": "aangekomen",
    "dead": "opgegeven",
    "dropped": "niet meer nodig",
}

STEPS = {
    "key": "De sleutel van het programma",
    "assertion": "De ondertekende verklaring (assertion)",
    "organisation": "Uw organisatie",
    "onboarding": "Uw aanvraag",
    "evidence": "Uw bewijs",
    "house": "De dienst zelf",
}
FINE = {
    "key": "Het programma heeft een sleutel die nu geldt.",
    "assertion": "Ze klopt. Met zo'n verklaring krijgt het programma een toegangssleutel (token).",
    "organisation": "Ze is niet geschorst.",
    "evidence": "Alles is in orde.",
    "house": "De dienst geeft gegevens.",
}
FINE_BUT = {
    "secret": "Dit programma werkt met een geheim. Stap over op een eigen sleutel: dat is veiliger.",
    "ends_soon": "De sleutel geldt nog, maar niet lang meer. Voeg op tijd een volgende toe.",
}
FAULTS = {
    "none": ("Het programma heeft geen sleutel die geldt.", "Voeg bij Sleutels een publieke sleutel toe."),
    "not_yet": ("De sleutel geldt nog niet.", "Wacht tot het moment dat bij Sleutels staat."),
    "not_a_jwt": (
        "Dit is geen verklaring die wij lezen: geen JWT, of de kop bevat iets anders dan alg, typ, kid en x5t.",
        "Plak de hele verklaring, met de twee punten erin. Als typ is JWT goed.",
    ),
    "other_key": (
        "Ze is niet ondertekend met een sleutel van dit programma, of kid noemt een andere sleutel.",
        "Kijk na welke sleutel uw programma gebruikt. Bij Sleutels staat de afdruk van elke sleutel.",
    ),
    "issuer": (
        "iss en sub zijn niet de naam van dit programma.",
        "Zet in allebei de naam die bij Sleutels staat.",
    ),
    "audience": (
        "aud is niet ons adres.",
        "Zet in aud precies de issuer uit /.well-known/oauth-authorization-server, als tekst en niet als lijst.",
    ),
    "number": (
        "jti ontbreekt, of is te kort of te lang.",
        "Geef elke verklaring een nieuwe jti van 8 tot 200 tekens.",
    ),
    "no_expiry": (
        "exp ontbreekt, of exp, iat of nbf is geen geheel getal.",
        "Zet exp op nu plus 60 seconden.",
    ),
    "expired": ("exp is voorbij.", "Maak een nieuwe verklaring, en kijk de klok van uw server na."),
    "too_long": ("Ze geldt te lang.", "Laat ze ten hoogste vijf minuten gelden (bij /esco een uur)."),
    "clock_ahead": ("iat of nbf ligt in de toekomst.", "Kijk de klok van uw server na."),
    "used": ("Deze verklaring is al gebruikt.", "Maak voor elke aanvraag een nieuwe, met een nieuwe jti."),
    "suspended": (
        "Uw organisatie is geschorst. Programma's kunnen alleen dingen beëindigen en verwijderingen bevestigen.",
        "Neem contact op met databeheer.",
    ),
    "stopped": (
        "Wij geven nu even aan niemand gegevens.",
        "U hoeft niets te doen. Probeer het later opnieuw.",
    ),
}
"""Why a step of a test call stops: what it is, and what to do."""


def register(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(
        party_contacts=CONTACTS,
        party_handed_in=HANDED_IN,
        party_profiles=PROFILES,
        party_deliveries=DELIVERIES,
    )


def lacks_words(code: str) -> tuple[str, str]:
    """Return what to say of something that a party lacks, and where it is filled in."""
    return LACKS[code]
