"""`/dienst/medewerkers`: who works here, which roles each has; ask for one, approve one, end one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of, midnight
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from databeheer.values import format_instant
from web.door import ask
from web.forms import ONE_LINE, Form, no_ean, parse_or_refuse, parse_or_tell
from web.staff.guard import require_role

blueprint = Blueprint("staff_people", __name__)

WHY = "Zeg waarvoor, in 3 tot 300 tekens, op één regel."
ROLE, PERSON = "Kies een rol.", "Kies een medewerker."
CLASH = (
    "Dit gaat niet: deze rol is er al, ze gaat niet samen met een andere, "
    "of u vroeg ze zelf of krijgt ze zelf. Er is niets veranderd."
)
_SEE = sorted(roles.load().reading("staff"))
ASKERS = ("administrator", "manager", "security_officer")
_APPROVE = ("manager", "security_officer")


class RoleForm(Form):
    """A role for somebody. A role that is for a period only gets the longest that it may have."""

    medewerker = fields.UUID(required=True, error_messages={"required": PERSON, "invalid_uuid": PERSON})
    rol = fields.String(
        required=True,
        validate=validate.OneOf(list(roles.load().by_code), error=ROLE),
        error_messages={"required": ROLE},
    )
    wijzigen = fields.String(load_default=None, validate=validate.Equal("ja"))
    waarvoor = fields.String(
        required=True,
        validate=[validate.Length(3, 300, error=WHY), validate.Regexp(ONE_LINE, error=WHY), no_ean],
        error_messages={"required": WHY},
    )


class GrantForm(Form):
    """Which role that somebody has, or that was asked."""

    rol = fields.UUID(required=True)


@blueprint.get("/dienst/medewerkers")
@require_role(*_SEE)
def show() -> ResponseReturnValue:
    """Show everybody with his roles."""
    return _page({})


@blueprint.post("/dienst/medewerkers")
@require_role(*ASKERS, writing=True)
def ask_role() -> ResponseReturnValue:
    """Ask for a role; somebody else approves it."""
    form, errors = parse_or_tell(RoleForm(), request.form, ("medewerker", "rol", "waarvoor"))
    if errors:
        return _page(errors), 400
    try:
        ask(
            "staff.role.ask",
            account_id=str(form["medewerker"]),
            role=form["rol"],
            writes=form["wijzigen"] is not None,
            until=_until(form["rol"]),
            reason=form["waarvoor"],
        )
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page({"rol": CLASH}), 409
    return redirect(url_for("staff_people.show"), 303)


@blueprint.post("/dienst/medewerkers/goedkeuren")
@require_role(*_APPROVE, writing=True)
def approve() -> ResponseReturnValue:
    """Approve a role that somebody else asked, for somebody else."""
    return _of_grant("staff.role.approve")


@blueprint.post("/dienst/medewerkers/bevestigen")
@require_role("manager", writing=True)
def confirm() -> ResponseReturnValue:
    """Confirm that somebody else still needs a role."""
    return _of_grant("staff.role.confirm")


@blueprint.post("/dienst/medewerkers/einde")
@require_role(*ASKERS, writing=True)
def end() -> ResponseReturnValue:
    """End a role, or what was asked."""
    return _of_grant("staff.role.end")


def _of_grant(command: str) -> ResponseReturnValue:
    try:
        ask(command, grant_id=str(parse_or_refuse(GrantForm(), request.form)["rol"]))
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page({"rol": CLASH}), 409
    return redirect(url_for("staff_people.show"), 303)


def _until(role: str) -> str | None:
    """The midnight until which a role counts that is given for a period only."""
    longest = roles.load().by_code[role].longest
    if longest is None:
        return None
    clock: Clock = current_app.config["WEB_CLOCK"]
    return format_instant(midnight(day_of(clock.now() + longest)))


def _page(errors: dict[str, Any]) -> str:
    return render_template(
        "staff/people.html",
        accounts=ask("staff.account.list")["accounts"],
        given=request.form,
        errors=errors,
        askers=ASKERS,
        approvers=_APPROVE,
    )
