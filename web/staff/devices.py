"""`/dienst/toestellen`: the workstations from which staff come; register one, end one (R198)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from web.door import ask
from web.forms import ONE_LINE, Form, no_ean, parse_or_refuse, parse_or_tell
from web.staff.guard import colleague, require_role

blueprint = Blueprint("staff_devices", __name__)

PRINT = "Plak de vingerafdruk van het certificaat: 43 letters, cijfers, - of _ (x5t#S256)."
NAME = "Geef het toestel een naam, van hoogstens 80 tekens."
KNOWN = "Dit certificaat is al eens geregistreerd. Neem een ander."
_SEE = sorted(roles.load().reading("systems"))
_CHANGE = sorted(roles.load().writing("systems"))


class DeviceForm(Form):
    """A workstation, by the print of its certificate."""

    naam = fields.String(
        required=True,
        validate=[validate.Length(1, 80, error=NAME), validate.Regexp(ONE_LINE, error=NAME), no_ean],
        error_messages={"required": NAME},
    )
    afdruk = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9_-]{43}\Z", error=PRINT),
        error_messages={"required": PRINT},
    )


class EndForm(Form):
    """Which workstation."""

    toestel = fields.UUID(required=True)


@blueprint.get("/dienst/toestellen")
@require_role(*_SEE)
def show() -> ResponseReturnValue:
    """Show every workstation, ended ones too."""
    return _page({})


@blueprint.post("/dienst/toestellen")
@require_role(*_CHANGE, writing=True)
def register() -> ResponseReturnValue:
    """Register one. With the first one, staff come from nowhere else any more."""
    form, errors = parse_or_tell(DeviceForm(), request.form, ("naam", "afdruk"))
    if errors:
        return _page(errors), 400
    try:
        ask("staff.device.register", certificate=form["afdruk"], label=form["naam"])
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page({"afdruk": KNOWN}), 409
    return redirect(url_for("staff_devices.show"), 303)


@blueprint.post("/dienst/toestellen/einde")
@require_role(*_CHANGE, writing=True)
def end() -> ResponseReturnValue:
    """End one: who comes from it is refused at once."""
    ask("staff.device.end", device_id=str(parse_or_refuse(EndForm(), request.form)["toestel"]))
    return redirect(url_for("staff_devices.show"), 303)


def _page(errors: dict[str, Any]) -> str:
    return render_template(
        "staff/devices.html",
        devices=ask("staff.device.list")["devices"],
        may_change=not set(_CHANGE).isdisjoint(colleague()["writes"]),
        given=request.form,
        errors=errors,
    )
