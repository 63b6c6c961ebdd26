"""`/dienst/dossiers`: open a case, look under it, close it. The door records each look before it shows anything."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from web.door import ask
from web.forms import ONE_LINE, EANField, Form, no_ean, parse_or_refuse, parse_or_tell
from web.staff.guard import require_role
from web.staff.wording import CASE_KINDS

blueprint = Blueprint("staff_cases", __name__)

WHAT = "Zeg waarvoor, in 3 tot 300 tekens, op één regel."
KIND = "Kies een soort."
TO = "Kies aan wie."
NOT_BY_EAN = (
    "Met een EAN-code opent u alleen een dossier van uw eigen werk. Vraagt een klant iets? Open een contact aan het "
    "loket, ga na wie vraagt, en open het dossier daar."
)
NO_POINT = (
    "Deze aansluiting kennen wij niet. Na vijf zulke codes op een dag vindt u die dag geen enkele meer. "
    "De toezichthouder ziet elke poging."
)
NOT_TO = "Dit gaat niet: daar werkt nu niemand die dit mag behandelen. Kies een ander."
_READERS = sorted(roles.load().reading("people"))
_WRITERS = sorted(roles.load().writing("cases"))


class CaseForm(Form):
    """A new case; without an EAN code it is about nobody, and nobody looks under it.

    `eenmaal` names it, so that the button pressed twice opens one.
    """

    eenmaal = fields.UUID(required=True)
    soort = fields.String(
        required=True,
        validate=validate.OneOf(CASE_KINDS, error=KIND),
        error_messages={"required": KIND},
    )
    waarvoor = fields.String(
        required=True,
        validate=[validate.Length(3, 300, error=WHAT), validate.Regexp(ONE_LINE, error=WHAT), no_ean],
        error_messages={"required": WHAT},
    )
    ean = EANField(load_default="")
    team = fields.String(load_default=None, validate=validate.Equal("ja"))


class HandOnForm(Form):
    """Which case, and to whom: a colleague's account, or `team:` and a team."""

    dossier = fields.String(required=True, validate=[validate.Length(1, 40), validate.Regexp(ONE_LINE)])
    aan = fields.String(
        required=True, validate=validate.Length(1, 60, error=TO), error_messages={"required": TO}
    )


class ReferenceForm(Form):
    """Which case."""

    dossier = fields.String(required=True, validate=[validate.Length(1, 40), validate.Regexp(ONE_LINE)])


@blueprint.get("/dienst/dossiers/nieuw")
@require_role(*_WRITERS, writing=True)
def begin() -> ResponseReturnValue:
    """Show the form."""
    return _form({})


@blueprint.post("/dienst/dossiers/nieuw")
@require_role(*_WRITERS, writing=True)
def open_case() -> ResponseReturnValue:
    """Open a case."""
    form, errors = parse_or_tell(CaseForm(), request.form, ("soort", "waarvoor", "ean"))
    if errors:
        return _form(errors), 400
    try:
        ask(
            "staff.case.open",
            kind=form["soort"],
            what=form["waarvoor"],
            ean=form["ean"] or None,
            for_team=form["team"] is not None,
            case_id=str(form["eenmaal"]),
        )
    except DoorRefusedError as refusal:
        told = {"not-found": (NO_POINT, 404), "role-needed": (NOT_BY_EAN, 403)}
        if refusal.code not in told or not form["ean"]:
            raise
        message, status = told[refusal.code]
        return _form({"ean": message}), status
    return redirect(url_for("staff.show"), 303)


@blueprint.post("/dienst/dossiers/kijk")
@require_role(*_READERS)
def look() -> ResponseReturnValue:
    """Look under a case; the customer sees it."""
    reference = parse_or_refuse(ReferenceForm(), request.form)["dossier"]
    try:
        return render_template("staff/look.html", seen=ask("staff.look", reference=reference))
    except DoorRefusedError as refusal:
        if refusal.code != "no-case":
            raise
        return render_template("staff/no_case.html"), 403


@blueprint.post("/dienst/dossiers/sluit")
@require_role(*_WRITERS, writing=True)
def close() -> ResponseReturnValue:
    """Close a case of one's own."""
    ask("staff.case.close", reference=parse_or_refuse(ReferenceForm(), request.form)["dossier"])
    return redirect(url_for("staff.show"), 303)


@blueprint.get("/dienst/dossiers/geef-door")
@require_role(*_WRITERS, writing=True)
def begin_handing_on() -> ResponseReturnValue:
    """Ask to whom a case goes."""
    return _hand_on(parse_or_refuse(ReferenceForm(), request.args)["dossier"], {})


@blueprint.post("/dienst/dossiers/geef-door")
@require_role(*_WRITERS, writing=True)
def hand_on() -> ResponseReturnValue:
    """Give a case to a colleague or to a team; it is theirs from then on."""
    form, errors = parse_or_tell(HandOnForm(), request.form, ("aan",))
    reference = request.form["dossier"]  # what is wrong with it was refused
    if errors:
        return _hand_on(reference, errors), 400
    team = form["aan"].removeprefix("team:") if form["aan"].startswith("team:") else None
    to = {"team": team} if team else {"account_id": form["aan"]}
    try:
        ask("staff.case.hand_on", reference=reference, **to)
    except DoorRefusedError as refusal:
        told = {"conflict": (NOT_TO, 409), "malformed-request": (TO, 400)}.get(refusal.code)
        if told is None:
            raise
        return _hand_on(reference, {"aan": told[0]}), told[1]
    return redirect(url_for("staff.show"), 303)


def _hand_on(reference: str, errors: dict[str, Any]) -> str:
    listed = ask("staff.case.list")
    if reference not in [case["reference"] for case in listed["cases"]]:
        abort(404)
    return render_template(
        "staff/hand_on.html", reference=reference, listed=listed, given=request.form, errors=errors
    )


def _form(errors: dict[str, Any]) -> str:
    once = request.form.get("eenmaal") or str(uuid4())
    return render_template("staff/case.html", given=request.form, once=once, errors=errors)
