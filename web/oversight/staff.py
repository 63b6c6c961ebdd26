"""`/toezicht/medewerkers`: which looks of staff were refused, and what each of them did, by day (R155, R163)."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from web.days import TURNED_AROUND, PastDay, today
from web.door import ask
from web.forms import Form, LineNumber, parse_or_tell
from web.oversight.guard import require_inspector

blueprint = Blueprint("oversight_staff", __name__)

DAYS = 30


class TrailQuery(Form):
    """Whose actions, on which days up to and including the last; without anybody, the lists alone.

    `geweigerd_voor` and `spoor_voor`: before which line of the ledger each list begins; `alleen`: looks alone.
    """

    wie = fields.UUID(load_default=None)
    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)
    alleen = fields.String(load_default=None, validate=validate.OneOf(["kijken"]))
    geweigerd_voor = LineNumber()
    spoor_voor = LineNumber()


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
            "staff.trail",
            account_id=str(query["wie"]),
            first=first.isoformat(),
            last=last.isoformat(),
            looks=query["alleen"] is not None,
            before=query["spoor_voor"],
        )
    refused = ask("staff.refusals", before=query["geweigerd_voor"])
    page = render_template(
        "oversight/staff.html",
        area=area,
        people=ask("staff.trail.people")["people"],
        refusals=refused["refusals"],
        refusals_next=refused["next"],
        only_looks=query["alleen"],
        trail=trail,
        who=str(query["wie"] or ""),
        first=first,
        last=last,
        errors=errors,
    )
    return (page, 400) if errors else page
