"""`/dienst/rijksregister`: ask for a consultation with a signed reason; a superior decides, and reviews (R161)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.staff import roles
from web.door import ask
from web.forms import ONE_LINE, Form, LineNumber, no_ean, parse_or_refuse, parse_or_tell
from web.staff.guard import colleague, require_role

blueprint = Blueprint("staff_register", __name__)

WHY = "Zeg waarom, in 3 tot 500 tekens, op één regel."
CASE, NAME = "Noem uw dossier, zoals Z2026-123.", "Teken met uw eigen naam, zoals ze hierboven staat."
NOT_NOW = (
    "Dit gaat niet: alleen eigen medewerkers vragen dit, en niemand zolang de lijst niet nagekeken is. "
    "Er is niets veranderd."
)
_known = roles.load()
_LIST = _known.reading("national_register")
_ASK = _known.reading("people") & _known.writing("cases")
_SEE = sorted(_LIST | _ASK)
_DECIDE = sorted(_known.writing("national_register"))


class PageQuery(Form):
    """Before which line of the ledger the page of the list begins; left out, with the newest."""

    voor = LineNumber()


class AskForm(Form):
    """The case, why, and the person's own name as signature.

    `eenmaal` names the consultation, so that the button pressed twice asks once.
    """

    eenmaal = fields.UUID(required=True)
    dossier = fields.String(
        required=True,
        validate=[validate.Length(1, 40, error=CASE), validate.Regexp(ONE_LINE, error=CASE)],
        error_messages={"required": CASE},
    )
    waarom = fields.String(
        required=True,
        validate=[validate.Length(3, 500, error=WHY), validate.Regexp(ONE_LINE, error=WHY), no_ean],
        error_messages={"required": WHY},
    )
    naam = fields.String(
        required=True,
        validate=[validate.Length(1, 200, error=NAME), validate.Regexp(ONE_LINE, error=NAME)],
        error_messages={"required": NAME},
    )


class JudgeForm(Form):
    """Which consultation, and whether it may be answered."""

    raadpleging = fields.UUID(required=True)
    mag = fields.String(required=True, validate=validate.OneOf(["ja", "nee"]))


class ReviewForm(Form):
    """The newest line of the ledger of the page that was looked at."""

    tot = fields.Integer(required=True, validate=validate.Range(0, 2**53 - 1))


@blueprint.get("/dienst/rijksregister")
@require_role(*_SEE)
def show() -> ResponseReturnValue:
    """Show the list to who sees it, and the form to who may ask."""
    return _page({}, parse_or_refuse(PageQuery(), request.args)["voor"])


@blueprint.post("/dienst/rijksregister")
@require_role(*sorted(_ASK), writing=True)
def ask_consultation() -> ResponseReturnValue:
    """Ask for a consultation; it counts once a superior let it be answered."""
    form, errors = parse_or_tell(AskForm(), request.form, ("dossier", "waarom", "naam"))
    if errors:
        return _page(errors), 400
    try:
        ask(
            "staff.register.ask",
            reference=form["dossier"],
            reason=form["waarom"],
            signed_as=form["naam"],
            consultation_id=str(form["eenmaal"]),
        )
    except DoorRefusedError as refusal:
        told = {
            "malformed-request": ({"naam": NAME}, 400),
            "not-found": ({"dossier": "Dit is geen open dossier van u of van uw team."}, 404),
            "conflict": ({"dossier": NOT_NOW}, 409),
        }.get(refusal.code)
        if told is None:
            raise
        return _page(told[0]), told[1]
    return redirect(url_for("staff_register.show"), 303)


@blueprint.post("/dienst/rijksregister/beslis")
@require_role(*_DECIDE, writing=True)
def judge() -> ResponseReturnValue:
    """Let a consultation be answered, or not."""
    form = parse_or_refuse(JudgeForm(), request.form)
    ask("staff.register.judge", consultation_id=str(form["raadpleging"]), valid=form["mag"] == "ja")
    return redirect(url_for("staff_register.show"), 303)


@blueprint.post("/dienst/rijksregister/nagekeken")
@require_role(*_DECIDE, writing=True)
def review() -> ResponseReturnValue:
    """Say that a page of the list was reviewed as it was shown; what came since, or stands on another, was not."""
    shown_to = parse_or_refuse(ReviewForm(), request.form)["tot"]
    waiting = [
        one["consultation_id"]
        for one in ask("staff.register.list", before=shown_to + 1)["consultations"]
        if one["reviewed_at"] is None
    ]
    if waiting:
        ask("staff.register.review", consultation_ids=waiting)
    return redirect(url_for("staff_register.show"), 303)


def _page(errors: dict[str, Any], before: int | None = None) -> str:
    me = colleague()
    sees = bool(_LIST & set(me["roles"]))
    answer = ask("staff.register.list", before=before) if sees else {"consultations": None, "next": None}
    return render_template(
        "staff/national_register.html",
        me=me,
        listed=answer["consultations"],
        next=answer["next"],
        asks=bool(_ASK & set(me["writes"])),
        decides=not set(_DECIDE).isdisjoint(me["writes"]),
        given=request.form,
        once=(errors and request.form.get("eenmaal")) or str(uuid4()),
        errors=errors,
    )
