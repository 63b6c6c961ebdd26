"""Who plays in the demo: the parties, and what the log-in page says of the people. All invented, but the regulator."""

from __future__ import annotations

from typing import Any

OPERATOR_NAME = "Netbeheer Leiestreek"

REGULATOR: dict[str, Any] = {
    "name": "Vlaamse Nutsregulator",
    "role": "regulator",
    "about": "Houdt toezicht op de energiemarkt en publiceert welke koppelingen mogen.",
    "website": "https://www.vlaamsenutsregulator.be",
}
"""The regulator is a party too: an inspector who runs a join asks for it."""

PARTIES: dict[str, dict[str, Any]] = {
    "supplier": {
        "name": "Leiestroom",
        "role": "supplier",
        "about": "Leverancier van elektriciteit en aardgas.",
        "website": "https://leiestroom.example",
        "enterprise": "0401722035",
    },
    "advice": {
        "name": "Bram Energieadvies",
        "role": "energy_service",
        "about": "Berekent welke aanpassingen in huis uw energiefactuur verlagen.",
        "website": "https://bram-energieadvies.example",
        "enterprise": "0731044260",
    },
    "monitor": {
        "name": "Zonnewijzer",
        "role": "energy_service",
        "about": "Toont op uw telefoon wat uw zonnepanelen en toestellen doen.",
        "website": "https://zonnewijzer.example",
        "enterprise": "0742055146",
    },
    "dso": {
        "name": OPERATOR_NAME,
        "role": "dso",
        "about": "Beheert het elektriciteits- en aardgasnet in uw straat.",
        "website": "https://netbeheer-leiestreek.example",
        "operator": 1,
        "enterprise": "0221093682",
    },
    "regulator": REGULATOR,
}

PEOPLE_STORIES = {
    "maria": (
        70,
        "Weduwe, woont al lang in de straat. Ze wil weten wie er vannacht naar haar verbruik keek.",
    ),
    "lotte": (38, "Heeft zonnepanelen en laat een app meekijken per kwartier."),
    "pieter": (35, "Verhuisde uit nummer 13. Wat na hem kwam, is niet meer van hem."),
    "amina": (32, "Woont nu op nummer 13. Wie bij Pieter meekeek, ziet niets van haar."),
    "kompas": (None, "Een architectenbureau: een onderneming met een eigen aansluiting."),
    "koen": (56, "Zijn kwartierwaarden worden niet uitgelezen: alleen dagtotalen."),
    "greta": (65, "Haar vakantiehuis staat vaak leeg."),
    "els": (
        28,
        "Meldt zich voor het eerst aan en ziet nog niets. Op haar factuur: EAN-code {ean}, meternummer {meter}.",
    ),
}

REPORTED_AS = {"els": "leiestreek-4417"}
"""Whom the grid operator names by a number of its own: she finds her meter once she links it herself."""

OFFICERS: tuple[dict[str, Any], ...] = (
    {
        "sub": "sofie",
        "name": "Sofie Vermeulen",
        "age": 41,
        "story": "Handelt voor Zonnewijzer: sleutels, bewijs, webhooks.",
        "role": "party",
        "enterprise": PARTIES["monitor"]["enterprise"],
    },
    {
        "sub": "yusuf",
        "name": "Yusuf Demir",
        "age": 29,
        "story": "Zijn jonge bedrijf is hier nog niet bekend. Hij vraagt aan om energiedienst te worden.",
        "role": "party",
        "enterprise": "0803117735",
    },
)
"""Who acts for an enterprise at the party pages: one of a party, and one whom nobody knows yet."""
