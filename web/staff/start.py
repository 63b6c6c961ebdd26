"""`/dienst`: who you are here, which roles count, and what waits for you."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.staff import roles
from web.door import ask
from web.registers import shown
from web.staff.guard import colleague, require_staff
from web.staff.rights import counted

blueprint = Blueprint("staff", __name__)


@blueprint.get("/dienst")
@require_staff
def show() -> ResponseReturnValue:
    """Show one's own roles, and one's own open cases."""
    me = colleague()
    known = roles.load()
    topics = [words for topic, words in known.topics.items() if known.reading(topic) & set(me["roles"])]
    has_cases = not known.reading("cases").isdisjoint(me["roles"])
    cases = ask("staff.case.list")["cases"] if has_cases else None
    waiting = _waiting(me) if known.writing("staff") & set(me["writes"]) else None
    registers = shown.waiting() if shown.reads_any() else None
    rights = counted() if known.reading("rights") & set(me["roles"]) else None
    looks = bool(known.reading("people") & set(me["roles"]))
    writes = bool(known.writing("cases") & set(me["writes"]))
    return render_template(
        "staff/start.html",
        me=me,
        topics=topics,
        cases=cases,
        rights=rights,
        looks=looks,
        writes=writes,
        waiting=waiting,
        registers_waiting=registers,
    )


def _waiting(me: dict[str, Any]) -> dict[str, int]:
    """How many roles of others wait for a second person, or are suspended until a manager confirms them."""
    held = [
        grant
        for account in ask("staff.account.list")["accounts"]
        for grant in account["grants"]
        if account["account_id"] != me["account_id"]
    ]
    return {
        "to_approve": sum(not grant["approved_at"] and grant["is_yours_to_approve"] for grant in held),
        "suspended": sum(grant["suspended_at"] is not None for grant in held),
    }
