"""`/toezicht/medewerkers`: which looks of staff were refused, and what each of them did, by day (R155, R163)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields

from web.days import TURNED_AROUND, PastDay, today
from web.door import ask
from web.forms import Form, parse_or_tell
from web.oversight.guard import require_inspector

blueprint = Blueprint("oversight_staff", __name__)

DAYS = 30


class TrailQuery(Form):
    """Whose actions, on which days up to and including the last; without anybody, the lists alone."""

    wie = fields.UUID(load_default=None)
    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)


@blueprint.get("/toezicht/medewerkers")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the lists; of one person, what he did."""
    return trails("toezicht")


def trails(area: str) -> ResponseReturnValue:
    """The page, in the inspector's area or in that of staff who see trails."""
    query, errors = parse_or_tell(TrailQuery(), request.args, ("van", "tot"))
    last = query["tot"] or today()
    first = query["van"] or last - timedelta(days=DAYS)
    if first > last:
        errors = {"tot": TURNED_AROUND}
    trail = None
    if query["wie"] and not errors:
        trail = ask(
            "staff.trail", account_id=str(query["wie"]), first=first.isoformat(), last=last.isoformat()
        )
    page = render_template(
        "oversight/staff.html",
        area=area,
        people=ask("staff.trail.people")["people"],
        refusals=ask("staff.refusals")["refusals"],
        trail=trail,
        who=str(query["wie"] or ""),
        first=first,
        last=last,
        errors=errors,
    )
    return (page, 400) if errors else page
