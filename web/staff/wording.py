"""The Dutch of the pages of staff: one plain phrase per code. Roles and topics have theirs in `roles.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask

from databeheer.access import catalogue
from databeheer.contacts.contacts import CASE_KIND
from databeheer.rights import grounds
from databeheer.rights.grounds import Objection
from databeheer.staff import roles
from databeheer.staff.cases import IN_WRITING
from web.public.wording import PURPOSES, STATES
from web.saying import capitalize_first
from web.staff.guard import colleague

CASE_KINDS = {
    "question": "vraag",
    "complaint": "klacht",
    "missing_values": "ontbrekende meetwaarden",
    "wrong_values": "foute meetwaarden",
    "move": "verhuizing",
    "market_process": "marktproces",
    "fraud": "fraude",
    "rights": "vraag over eigen gegevens",
}

OWN_KINDS = {CASE_KIND: "contact aan het loket", IN_WRITING: "EAN-codes, schriftelijk te antwoorden"}
"""Kinds that nobody chooses."""

CHANNELS = {
    "call": "telefoon",
    "visit": "aan het loket",
    "letter": "brief",
    "email": "e-mail",
}

CALLERS = {
    "customer": "de klant zelf",
    "mandated": "iemand met een volmacht of een aanstelling, of die handelt voor een onderneming",
    "landlord": "de eigenaar of verhuurder",
    "supplier": "een leverancier",
    "other": "iemand anders",
}

ANSWERS = {
    "landlord": "Wij geven geen gegevens van een huurder. Vraag ze aan uw huurder: die ziet alles op Mijn databeheer.",
    "supplier": "Een leverancier vraagt gegevens op in het marktportaal, met zijn eigen sleutel. "
    "Aan de telefoon of per mail geven wij niets.",
    "other": "Wij geven alleen gegevens aan wie op het adres als klant bekend is, of aan wie zijn volmacht heeft.",
}
"""What who is not the customer hears, whatever he asks (R79, R89)."""

DUTIES = {
    "gas_smell": "melding van een gasgeur",
    "danger": "melding van ander gevaar aan een installatie",
    "court_order": "bevel van een rechter",
}

WHY_LISTEN = {
    "rules": "nagaan of de regels gevolgd zijn",
    "complaint": "een klacht",
    "training": "opleiding",
}

WAYS = {
    "portal": "De klant ziet zijn verbruik zelf in Mijn databeheer: de meter is digitaal.",
    "website": "De klant ziet zijn verbruik zelf op de website: de meter wordt van ver gelezen.",
    "letter": "Het verbruik gaat per brief naar het adres van de meter. De klant vraagt die brief in Mijn databeheer, "
    "of met een ondertekend papier.",
}

DESK_EVENTS = {
    "desk.contact_opened": "contact geopend",
    "desk.not_identified": "geprobeerd te identificeren: het klopte niet",
    "desk.identified": "geïdentificeerd",
    "data.read": "gekeken naar de gegevens van de klant",
    "data.refused": "geweigerd te kijken",
    "ean_sms.written": "EAN-code per sms verstuurd",
    "ean_letter.written": "brief met de EAN-code geschreven",
    "ean.withheld": "EAN-code gevraagd; er vertrok niets",
    "desk.ean_codes_registered": "meer dan twee EAN-codes: een dossier gemaakt",
    "desk.supplier_asked": "gevraagd wie levert: het antwoord gaat alleen per brief naar het adres",
    "staff.case.opened": "dossier geopend over de klant",
    "desk.history_told": "gezegd hoe de klant zijn verbruik krijgt",
    "desk.paper_granted": "toestemming op papier ingevoerd",
    "desk.paper_withdrawn": "intrekking op papier ingevoerd",
    "desk.paper_right": "vraag over eigen gegevens op papier ingevoerd",
    "link.released": "ontgrendeld op papier",
    "desk.recording_kept": "opname langer bewaard",
    "desk.recording_listened": "een leidinggevende beluisterde de opname",
    "staff.case.handed_on": "contact doorgegeven",
    "ocmw_channel.told": "aparte weg van een OCMW opgevraagd",
}

RIGHTS = {
    "rectification": "iets verbeteren",
    "objection": "bezwaar maken",
    "copy": "een kopie van alle gegevens",
}

FACTS = {
    "name": "de naam",
    "address": "het adres",
    "stay": "wanneer de klant er woonde",
    "meter": "de meter",
    "readings": "het verbruik",
    "permission": "een toestemming",
    "other": "iets anders",
}

RIGHT_STATES = {
    "asked": "wacht op een antwoord",
    "accepted": "ingewilligd",
    "refused": "geweigerd",
    "withdrawn": "teruggenomen door de klant",
}

ERASURE_CLASSES = {
    "readings": "meetwaarden",
    "ledger": "wie keek",
    "person": "naam en aanmelding",
}

PROCESSES = {
    "drop": "stopzetting",
    "budget_meter": "budgetmeter",
    "prepayment": "voorafbetaling",
    "end_of_contract": "einde van het contract",
    "meter_replacement": "vervanging van de meter",
}

SERVICES = {
    "linking": "Koppelen van een aansluiting",
    "handover": "Alles wat het huis verlaat",
}

WORKLISTS = {
    "roles": "Gevraagde rollen",
    "registers": "Versies in de registers",
    "parties": "Partijen die toegelaten willen worden",
    "consultations": "Raadplegingen van het rijksregister",
    "doubts": "Zaken van twijfel",
    "rights": "Vragen over eigen gegevens",
}

QUEUES = {"email": "E-mails", "webhook": "Berichten aan partijen", "sms": "Sms'en", "letter": "Brieven"}

HOUSE_PARTS = {"database": "Databank", "door": "Deur", "checkpoint": "Logboek"}

LACKS = {
    "clause": "U tekende de vertrouwelijkheidsclausule nog niet.",
    "training": "Uw opleiding ontbreekt of is verlopen.",
}


def opens_by_ean() -> list[str]:
    """Which kinds of case who is logged in opens by an EAN code: those of his own work."""
    known = roles.load()
    return [kind for kind in CASE_KINDS if known.opening(kind) & set(colleague()["writes"])]


@lru_cache(maxsize=1)
def objectable() -> tuple[tuple[str, str], ...]:
    """The legal bases to which somebody may object, each with the catalogue's sentence."""
    articles = grounds.shipped()
    return tuple(
        (row.code, row.sentence_nl)
        for row in catalogue.load().rows
        if articles[row.code].objection is Objection.POSSIBLE
    )


def right_title(asked: Mapping[str, Any]) -> str:
    """What somebody asks about the own data, in a few words: `Iets verbeteren: het adres`."""
    words = capitalize_first(RIGHTS[asked["kind"]])
    return f"{words}: {FACTS[asked['fact']]}" if asked["fact"] else words


def register(app: Flask) -> None:
    """Give templates the words of roles and cases, and who is logged in."""
    known = roles.load()
    register_roles = known.reading("national_register") | known.reading("people")
    app.jinja_env.globals.update(
        staff_roles=known.by_code,
        staff_topics=known.topics,
        case_kind_words=CASE_KINDS,
        case_words=CASE_KINDS | OWN_KINDS,
        channel_words=CHANNELS,
        caller_words=CALLERS,
        fixed_answers=ANSWERS,
        duty_words=DUTIES,
        listen_words=WHY_LISTEN,
        history_words=WAYS,
        desk_event_words=DESK_EVENTS,
        right_words=RIGHTS,
        fact_words=FACTS,
        right_title=right_title,
        right_state_words=RIGHT_STATES,
        erasure_class_words=ERASURE_CLASSES,
        objectable=objectable,
        lack_words=LACKS,
        process_words=PROCESSES,
        service_words=SERVICES,
        worklist_words=WORKLISTS,
        queue_words=QUEUES,
        part_words=HOUSE_PARTS,
        staff_purposes=PURPOSES,
        staff_states=STATES,
        colleague=colleague,
        opens_by_ean=opens_by_ean,
        sees_desk=lambda: not known.reading("contacts").isdisjoint(colleague()["roles"]),
        sees_recordings=lambda: not known.reading("recordings").isdisjoint(colleague()["roles"]),
        sees_register=lambda: not register_roles.isdisjoint(colleague()["roles"]),
        sees_systems=lambda: not known.reading("systems").isdisjoint(colleague()["roles"]),
        sees_rights=lambda: not known.reading("rights").isdisjoint(colleague()["roles"]),
        sees_trail=lambda: not known.reading("trail").isdisjoint(colleague()["roles"]),
        sees_people=lambda: not known.reading("staff").isdisjoint(colleague()["roles"]),
    )
