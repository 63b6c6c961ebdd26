"""`/dienst/beheer`: how the house does, what waits and what is due; close a public service, and open it again (R95)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer import clocks
from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from web.door import ask
from web.forms import ONE_LINE, Form, no_ean, parse_or_tell
from web.public.health import PARTS
from web.public.log import newest_checkpoint
from web.staff.guard import colleague, require_role
from web.staff.wording import SERVICES

blueprint = Blueprint("staff_systems", __name__)

WHY = "Zeg waarom, in 3 tot 500 tekens, op één regel."
WHICH = "Kies een dienst."
SO_ALREADY = "Dit is al zo: iemand was u voor. Er is niets veranderd."
_SEE = sorted(roles.load().reading("systems"))
_SWITCH = sorted(roles.load().writing("systems"))
_COMMANDS = {
    ("linking", "sluit"): "link.close",
    ("linking", "heropen"): "link.reopen",
    ("handover", "sluit"): "stop.set",
    ("handover", "heropen"): "stop.lift",
}
TASKS = {kind.kind: kind.task_nl for kind in clocks.shipped().kinds}


class SwitchForm(Form):
    """Which service, which way, and why."""

    dienst = fields.String(required=True, validate=validate.OneOf(SERVICES, error=WHICH))
    doe = fields.String(required=True, validate=validate.OneOf(("sluit", "heropen")))
    reden = fields.String(
        required=True,
        validate=[validate.Length(3, 500, error=WHY), validate.Regexp(ONE_LINE, error=WHY), no_ean],
        error_messages={"required": WHY},
    )


@blueprint.get("/dienst/beheer")
@require_role(*_SEE)
def show() -> ResponseReturnValue:
    """Show the state of the house."""
    return _page({})


@blueprint.post("/dienst/beheer")
@require_role(*_SWITCH, writing=True)
def switch() -> ResponseReturnValue:
    """Close a public service at once, or open it again; it is recorded with its reason."""
    form, errors = parse_or_tell(SwitchForm(), request.form, ("reden",))
    if errors:
        return _page(errors), 400
    try:
        ask(_COMMANDS[form["dienst"], form["doe"]], reason=form["reden"])
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page({"reden": SO_ALREADY}), 409
    return redirect(url_for("staff_systems.show"), 303)


def _page(errors: dict[str, Any]) -> str:
    return render_template(
        "staff/systems.html",
        house=ask("systems.show"),
        parts_up={name: check() for name, check in PARTS.items()},
        checkpoint=newest_checkpoint(),
        tasks=TASKS,
        may_switch=not set(_SWITCH).isdisjoint(colleague()["writes"]),
        given=request.form,
        errors=errors,
    )
