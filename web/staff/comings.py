"""`/dienst/medewerkers/nieuw` and `/vertrokken`: who comes to work here, and who left and is cut off at once (R158)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.errors import MalformedRequestError
from databeheer.staff.numbers import one_number
from databeheer.values import parse_day
from web.door import ask
from web.forms import ONE_LINE, Form, Lines, parse_or_tell
from web.staff.guard import require_role
from web.staff.people import ASKERS

blueprint = Blueprint("staff_comings", __name__)

NUMBER = "Vul het personeelsnummer in: letters van a tot z, cijfers en streepjes, zoals D-9999."
LOGIN = "Vul in hoe de aanmelddienst deze persoon noemt."
NAME = "Vul de naam in."
TEAM = "Vul het team in: kleine letters, cijfers en streepjes, zoals loket."
DAY = "Vul een dag in die bestaat, zoals 01-06-2027, of laat dit leeg."
KNOWN = (
    "Deze persoon, of deze aanmelding, heeft al een account. Niemand heeft er twee, en niemand deelt er een."
)
FILE = (
    "Deze lijst klopt niet. Eén lijn per persoon: het personeelsnummer, een komma en de dag, zoals D-9999,2026-11-22. "
    "Die dag is voorbij of vandaag, en niemand staat er twee keer. Er is niemand afgesloten."
)


def _is_day(typed: str) -> None:
    try:
        if typed:
            parse_day(typed)
    except MalformedRequestError as error:
        raise ValidationError(DAY) from error


def _is_number(typed: str) -> None:
    try:
        one_number(typed)
    except MalformedRequestError as error:
        raise ValidationError(NUMBER) from error


def _line(longest: int, message: str) -> fields.String:
    rules = [validate.Length(1, longest, error=message), validate.Regexp(ONE_LINE, error=message)]
    return fields.String(required=True, validate=rules, error_messages={"required": message})


class AccountForm(Form):
    """Somebody who comes to work here; both days may come later."""

    nummer = fields.String(required=True, validate=_is_number, error_messages={"required": NUMBER})
    aanmelding = _line(200, LOGIN)
    naam = _line(200, NAME)
    team = fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z0-9_-]{0,39}\Z", error=TEAM),
        error_messages={"required": TEAM},
    )
    extern = fields.String(load_default=None, validate=validate.Equal("ja"))
    getekend = fields.String(load_default="", validate=_is_day)
    opgeleid = fields.String(load_default="", validate=_is_day)


class LeaversForm(Form):
    """Who left: a line each."""

    wie = Lines(
        required=True, validate=validate.Length(1, 20_000, error=FILE), error_messages={"required": FILE}
    )


@blueprint.get("/dienst/medewerkers/nieuw")
@require_role("administrator", writing=True)
def begin() -> ResponseReturnValue:
    """Show the form of a new account."""
    return _account({})


@blueprint.post("/dienst/medewerkers/nieuw")
@require_role("administrator", writing=True)
def add() -> ResponseReturnValue:
    """Make an account; it has no role yet."""
    form, errors = parse_or_tell(
        AccountForm(),
        request.form,
        ("nummer", "aanmelding", "naam", "team", "getekend", "opgeleid"),
    )
    if errors:
        return _account(errors), 400
    try:
        ask(
            "staff.account.add",
            employee=form["nummer"],
            subject=form["aanmelding"],
            name=form["naam"],
            team=form["team"],
            external=form["extern"] is not None,
            clause_signed_on=form["getekend"] or None,
            trained_until=form["opgeleid"] or None,
        )
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _account({"nummer": KNOWN}), 409
    return redirect(url_for("staff_people.show"), 303)


@blueprint.get("/dienst/medewerkers/vertrokken")
@require_role(*ASKERS, writing=True)
def leaving() -> ResponseReturnValue:
    """Show the form of who left."""
    return _leavers({})


@blueprint.post("/dienst/medewerkers/vertrokken")
@require_role(*ASKERS, writing=True)
def take_leavers() -> ResponseReturnValue:
    """Cut them off, all of them or nobody; in the middle of a session too."""
    form, errors = parse_or_tell(LeaversForm(), request.form, ("wie",))
    if errors:
        return _leavers(errors), 400
    try:
        taken = ask("staff.hr.leavers", content=f"employee,left_on\n{form['wie'].strip()}\n")
    except DoorRefusedError as refusal:
        if refusal.code != "malformed-request":
            raise
        return _leavers({"wie": FILE}), 400
    return _leavers({}, taken)


def _account(errors: dict[str, Any]) -> str:
    return render_template("staff/account.html", given=request.form, errors=errors)


def _leavers(errors: dict[str, Any], taken: dict[str, Any] | None = None) -> str:
    given = {} if taken else request.form
    return render_template("staff/leavers.html", given=given, errors=errors, taken=taken)
