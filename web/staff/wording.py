"""The Dutch of the pages of staff: one plain phrase per code. Roles and topics have theirs in `roles.toml`."""

from __future__ import annotations

from flask import Flask

from databeheer.staff import roles
from web.public.wording import PURPOSES, STATES
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

PROCESSES = {
    "drop": "stopzetting",
    "budget_meter": "budgetmeter",
    "prepayment": "voorafbetaling",
    "end_of_contract": "einde van het contract",
    "meter_replacement": "vervanging van de meter",
}

LACKS = {
    "clause": "U tekende de vertrouwelijkheidsclausule nog niet.",
    "training": "Uw opleiding ontbreekt of is verlopen.",
}


def register(app: Flask) -> None:
    """Give templates the words of roles and cases, and who is logged in."""
    known = roles.load()
    register_roles = known.reading("national_register") | known.reading("people")
    app.jinja_env.globals.update(
        staff_roles=known.by_code,
        staff_topics=known.topics,
        case_kind_words=CASE_KINDS,
        lack_words=LACKS,
        process_words=PROCESSES,
        staff_purposes=PURPOSES,
        staff_states=STATES,
        colleague=colleague,
        sees_register=lambda: not register_roles.isdisjoint(colleague()["roles"]),
        sees_people=lambda: not known.reading("staff").isdisjoint(colleague()["roles"]),
    )
