"""`/dienst/loket/opnames`: recordings of calls; who supervises listens on record, who had the call keeps it longer."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.contacts.recordings import DUTIES, WHY_LISTEN
from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from web.door import ask
from web.forms import Form, LineNumber, parse_or_refuse
from web.staff.contacts import WRITERS, back, refused
from web.staff.guard import require_role

blueprint = Blueprint("staff_recordings", __name__)

NOT_KEPT = "Deze opname is er niet, is voorbij of wordt al langer bewaard. Er is niets veranderd."
OVER = "Deze opname is voorbij, of het was uw eigen gesprek. Er is niets getoond."
_READERS = sorted(roles.load().reading("recordings"))
_WRITERS = sorted(roles.load().writing("recordings"))


class PageQuery(Form):
    """Before which line of the ledger the page of the list begins; left out, with the newest."""

    voor = LineNumber()


class DutyForm(Form):
    """For which legal duty."""

    plicht = fields.String(required=True, validate=validate.OneOf(list(DUTIES)))


class ListenForm(Form):
    """Which recording, and why."""

    contact = fields.String(required=True, validate=validate.Regexp(r"[!-~]{1,40}\Z"))
    waarom = fields.String(required=True, validate=validate.OneOf(WHY_LISTEN))


@blueprint.get("/dienst/loket/opnames")
@require_role(*_READERS)
def show() -> ResponseReturnValue:
    """Show the recordings that are not over."""
    return _page(parse_or_refuse(PageQuery(), request.args)["voor"])


@blueprint.post("/dienst/loket/opnames")
@require_role(*_WRITERS, writing=True)
def listen() -> ResponseReturnValue:
    """Show what the exchange calls a recording; its customer reads that somebody listened."""
    form = parse_or_refuse(ListenForm(), request.form)
    try:
        heard = ask("desk.listen", reference=form["contact"], why=form["waarom"])
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page(error=OVER), 409
    return _page(heard=heard | {"reference": form["contact"]})


@blueprint.post("/dienst/loket/<reference>/bewaar")
@require_role(*WRITERS, writing=True)
def keep(reference: str) -> ResponseReturnValue:
    """Keep the recording of a contact longer than a month."""
    duty = parse_or_refuse(DutyForm(), request.form)["plicht"]
    try:
        ask("desk.keep_recording", reference=reference, duty=duty)
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"plicht": NOT_KEPT})
    return back(reference)


def _page(before: int | None = None, **said: object) -> str:
    answer = ask("desk.recordings", before=before)
    return render_template("staff/recordings.html", listed=answer["recordings"], next=answer["next"], **said)
