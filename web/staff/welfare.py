"""`/dienst/loket/ocmw`: which OCMW is competent where, and its separate channel, told to one at a time (R96)."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.staff.contacts import READERS, WRITERS
from web.staff.guard import require_role

blueprint = Blueprint("staff_welfare", __name__)

NOT_TOLD = "Dit gaat niet: dit is geen OCMW met een gemeente, of het huis heeft geen aparte weg. Er is niets getoond."


class CentreForm(Form):
    """Which OCMW."""

    ocmw = fields.UUID(required=True)


@blueprint.get("/dienst/loket/ocmw")
@require_role(*READERS)
def show() -> ResponseReturnValue:
    """Show the OCMWs with their municipalities; how they reach us shows to nobody who did not ask it for one."""
    return _page()


@blueprint.post("/dienst/loket/ocmw")
@require_role(*WRITERS, writing=True)
def tell() -> ResponseReturnValue:
    """Show the channel, to pass on to one OCMW; recorded."""
    party_id = str(parse_or_refuse(CentreForm(), request.form)["ocmw"])
    try:
        told = ask("ocmw.channel", party_id=party_id)
    except DoorRefusedError as refusal:
        if refusal.code not in ("conflict", "not-found"):
            raise
        return _page(error=NOT_TOLD), 409 if refusal.code == "conflict" else 404
    return _page(told=told)


def _page(**said: object) -> str:
    return render_template("staff/ocmw.html", listed=ask("ocmw.list"), **said)
