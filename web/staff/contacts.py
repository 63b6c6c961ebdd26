"""`/dienst/loket`: contacts. Who asks is identified first; what he may hear goes out on the way on which it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.ean_codes import mobile
from databeheer.errors import MalformedRequestError
from databeheer.staff import roles
from web.door import ask
from web.forms import ONE_LINE, EANField, Form, no_ean, parse_or_refuse, parse_or_tell
from web.staff.guard import require_role, require_staff
from web.staff.wording import CALLERS, CASE_KINDS, CHANNELS

blueprint = Blueprint("staff_desk", __name__)

READERS = sorted(roles.load().reading("contacts"))
WRITERS = sorted(roles.load().writing("contacts"))
CHANNEL, CALLER = "Kies hoe de klant u bereikt.", "Kies wie het zegt te zijn."
WHAT = "Zeg waarover het gaat, in 3 tot 300 tekens, op één regel, zonder naam."
NOTICE = "Zeg de beller eerst dat het gesprek opgenomen wordt, en vink dat aan."
NUMBER = "Vul het nummer in dat de telefooncentrale aan de opname gaf: letters, cijfers en . _ / -."
NO_CALL = "Een opname hoort bij een gesprek aan de telefoon. Maak de twee velden leeg."
METER = "Vraag het meternummer: het staat op de meter en op de factuur."
NAME = "Vraag naam en voornaam."
WHERE = "Vraag de EAN-code, of de straat met nummer en de postcode."
NOT_IDENTIFIED = "Dit klopt niet samen. Kijk het na met wie u spreekt; wat er niet klopt, zeggen wij niet."
LOCKED = "Er is te vaak geprobeerd. Vraag een ondertekende brief met een kopie van de factuur."
METERS = "Vul één tot twintig meternummers in, met een komma ertussen, elk één keer."
MOBILE = "Vul een Belgisch gsm-nummer in, zoals 0470 12 34 56, of laat het leeg voor een brief."
IN_WRITING = "Wie schrijft, krijgt een brief. Laat het gsm-nummer leeg."
NOT_NOW = (
    "Dit gaat nu niet: identificeer eerst wie vraagt, of de klant woont er niet meer. Er is niets verstuurd."
)
KIND = "Kies een soort."
EAN = "Vul de EAN-code in: 18 cijfers."
_REFERENCE = r"[!-~]{1,40}"


def what_about() -> fields.String:
    """What a contact or a case is about, in words."""
    field = one_line(WHAT, 300, 3)
    field.validators.append(no_ean)
    return field


def one_line(told: str, longest: int, shortest: int = 1) -> fields.String:
    """A line of text that a form asks for, with what to say where it is missing or wrong."""
    checks = [validate.Length(shortest, longest, error=told), validate.Regexp(ONE_LINE, error=told)]
    return fields.String(required=True, validate=checks, error_messages={"required": told})


class ContactForm(Form):
    """A new contact; `eenmaal` names it, so that the button pressed twice opens one."""

    eenmaal = fields.UUID(required=True)
    weg = fields.String(
        required=True,
        validate=validate.OneOf(CHANNELS, error=CHANNEL),
        error_messages={"required": CHANNEL},
    )
    wie = fields.String(
        required=True, validate=validate.OneOf(CALLERS, error=CALLER), error_messages={"required": CALLER}
    )
    waarover = what_about()
    gezegd = fields.String(load_default=None, validate=validate.Equal("ja"))
    opname = fields.String(
        load_default="",
        validate=[validate.Regexp(r"([A-Za-z0-9][A-Za-z0-9._/-]{0,63})?\Z", error=NUMBER), no_ean],
    )


class IdentityForm(Form):
    """What somebody says to be identified."""

    meter = one_line(METER, 40)
    naam = one_line(NAME, 200)
    ean = EANField(load_default="")
    straat = fields.String(
        load_default="",
        validate=[validate.Length(max=200, error=WHERE), validate.Regexp(ONE_LINE, error=WHERE)],
    )
    postcode = fields.String(
        load_default="", validate=validate.Regexp(r"(|[1-9][0-9]{3})\Z", error="Vul vier cijfers in.")
    )


class CodesForm(Form):
    """Of which meters the EAN codes are asked, and where they go."""

    meters = one_line(METERS, 900)
    gsm = fields.String(
        load_default="",
        validate=[validate.Length(max=mobile.LONGEST_TYPED, error=MOBILE), lambda typed: _mobile(typed)],
    )


class SupplierForm(Form):
    """Of which access point somebody asks who supplies it."""

    ean = EANField(required=True, error_messages={"required": EAN})


class CaseForm(Form):
    """A case about who was identified; `eenmaal` names it, so that the button pressed twice opens one."""

    eenmaal = fields.UUID(required=True)
    soort = fields.String(
        required=True, validate=validate.OneOf(CASE_KINDS, error=KIND), error_messages={"required": KIND}
    )
    waarvoor = what_about()
    team = fields.String(load_default=None, validate=validate.Equal("ja"))


class NothingForm(Form):
    """A button."""


def _mobile(typed: str) -> bool:
    if typed.strip():
        try:
            mobile.parse(typed)
        except MalformedRequestError as error:
            raise ValidationError(MOBILE) from error
    return True


@blueprint.get("/dienst/loket")
@require_role(*READERS)
def show() -> ResponseReturnValue:
    """Show the open contacts, and the form for another."""
    return _list({})


@blueprint.post("/dienst/loket")
@require_role(*WRITERS, writing=True)
def open_contact() -> ResponseReturnValue:
    """Open a contact."""
    told = ("weg", "wie", "waarover", "gezegd", "opname")
    form, errors = parse_or_tell(ContactForm(), request.form, told)
    if form["weg"] == "call":
        if form["gezegd"] is None:
            errors.setdefault("gezegd", NOTICE)
        if form["opname"] == "":
            errors.setdefault("opname", NUMBER)
    elif form["weg"] is not None and (form["gezegd"] or form["opname"]):
        errors.setdefault("opname", NO_CALL)
    if errors:
        return _list(errors), 400
    opened = ask(
        "desk.open",
        contact_id=str(form["eenmaal"]),
        channel=form["weg"],
        caller=form["wie"],
        what=form["waarover"],
        told_recorded=form["gezegd"] is not None,
        recording=form["opname"] or None,
    )
    return back(opened["reference"])


@blueprint.get("/dienst/loket/<reference>")
@require_staff
def contact(reference: str) -> ResponseReturnValue:
    """Show a contact: nothing of the customer before he was identified, and no EAN code ever.

    For the role the door alone asks: it puts who lacks it on the inspector's list.
    """
    return page(reference)


@blueprint.post("/dienst/loket/<reference>/wie")
@require_role(*WRITERS, writing=True)
def identify(reference: str) -> ResponseReturnValue:
    """Identify who asks."""
    told = ("meter", "naam", "ean", "straat", "postcode")
    form, errors = parse_or_tell(IdentityForm(), request.form, told)
    has_address = bool(form["straat"] and form["postcode"])
    if not errors and bool(form["ean"]) is has_address:
        errors["ean"] = WHERE
    if errors:
        return page(reference, errors, status=400)
    where = {"ean": form["ean"]} if form["ean"] else {"street": form["straat"], "postcode": form["postcode"]}
    try:
        answer = ask("desk.identify", reference=reference, meter=form["meter"], name=form["naam"], **where)
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"meter": NOT_NOW})
    if answer["identified"]:
        return back(reference)
    return page(reference, {"meter": NOT_IDENTIFIED if answer["tries_left"] else LOCKED}, status=409)


@blueprint.post("/dienst/loket/<reference>/kijk")
@require_role(*WRITERS, writing=True)
def look(reference: str) -> ResponseReturnValue:
    """Look at the data of who was identified; he reads of it."""
    parse_or_refuse(NothingForm(), request.form)
    try:
        seen = ask("staff.look", reference=reference)
        return render_template("staff/look.html", seen=seen, contact=ask("desk.show", reference=reference))
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"meter": NOT_NOW})


@blueprint.post("/dienst/loket/<reference>/ean")
@require_role(*WRITERS, writing=True)
def send_codes(reference: str) -> ResponseReturnValue:
    """Have EAN codes sent; they show on no page."""
    form, errors = parse_or_tell(CodesForm(), request.form, ("meters", "gsm"))
    if errors:
        return page(reference, errors, status=400)
    meters = [one.strip() for one in form["meters"].split(",") if one.strip()]
    number = form["gsm"].strip()
    try:
        answer = ask(
            "desk.send_eans",
            reference=reference,
            meters=meters,
            mobile=mobile.parse(number) if number else None,
        )
    except DoorRefusedError as refusal:
        wrong = {"gsm": IN_WRITING} if number and str(refusal).startswith("mobile") else {"meters": METERS}
        return refused(refusal, reference, {"meters": NOT_NOW}, malformed=wrong)
    return page(reference, sent=answer)


@blueprint.post("/dienst/loket/<reference>/leverancier")
@require_role(*WRITERS, writing=True)
def ask_supplier(reference: str) -> ResponseReturnValue:
    """Have a letter sent that tells who supplies a home."""
    form, errors = parse_or_tell(SupplierForm(), request.form, ("ean",))
    if errors:
        return page(reference, {"leverancier": errors["ean"]}, status=400)
    try:
        ask("desk.ask_supplier", reference=reference, ean=form["ean"])
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"leverancier": NOT_NOW})
    return page(reference, done="supplier")


@blueprint.post("/dienst/loket/<reference>/verbruik")
@require_role(*WRITERS, writing=True)
def history(reference: str) -> ResponseReturnValue:
    """Say on which way the customer gets his history."""
    parse_or_refuse(NothingForm(), request.form)
    try:
        return page(reference, way=ask("desk.history_way", reference=reference))
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"meter": NOT_NOW})


@blueprint.post("/dienst/loket/<reference>/dossier")
@require_role(*WRITERS, writing=True)
def open_case(reference: str) -> ResponseReturnValue:
    """Open a case about who was identified, for what outlasts the contact."""
    form, errors = parse_or_tell(CaseForm(), request.form, ("soort", "waarvoor"))
    if errors:
        named = {f"dossier-{name}": message for name, message in errors.items()}
        return page(reference, named, status=400)
    try:
        opened = ask(
            "desk.open_case",
            reference=reference,
            case_id=str(form["eenmaal"]),
            kind=form["soort"],
            what=form["waarvoor"],
            for_team=form["team"] is not None,
        )
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {"meter": NOT_NOW})
    return page(reference, opened=opened["case"])


@blueprint.post("/dienst/loket/<reference>/sluit")
@require_role(*WRITERS, writing=True)
def close(reference: str) -> ResponseReturnValue:
    """Close a contact: nobody looks under it any more."""
    parse_or_refuse(NothingForm(), request.form)
    try:
        ask("desk.show", reference=reference)
        ask("staff.case.close", reference=reference)
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {})
    return redirect(url_for("staff_desk.show"), 303)


def back(reference: str) -> ResponseReturnValue:
    """Go to a contact's page after something was done in it."""
    return redirect(url_for("staff_desk.contact", reference=reference), 303)


def page(
    reference: str,
    errors: dict[str, str] | None = None,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    **said: Any,
) -> ResponseReturnValue:
    """A contact's page; what was typed, or `given`, stays where something is wrong."""
    try:
        known = ask("desk.show", reference=reference)
    except DoorRefusedError as refusal:
        return refused(refusal, reference, {})
    if given is None:
        given = request.form if errors else {}
    once = given.get("eenmaal") or str(uuid4())
    shown = render_template(
        "staff/contact.html", contact=known, given=given, errors=errors or {}, once=once, **said
    )
    return shown, status


def refused(
    refusal: DoorRefusedError,
    reference: str,
    conflict: dict[str, str],
    *,
    malformed: dict[str, str] | None = None,
    missing: dict[str, str] | None = None,
) -> ResponseReturnValue:
    """What a page says where the door refused: another's contact, or why it does not go now."""
    if refusal.code in ("no-case", "malformed-request") and malformed is None:
        return render_template("staff/no_contact.html"), 403 if refusal.code == "no-case" else 404
    if refusal.code == "no-case":
        return render_template("staff/no_contact.html"), 403
    told = {
        "conflict": (conflict, 409),
        "malformed-request": (malformed or {}, 400),
        "not-found": (missing or {}, 404),
        "not-for-representatives": (conflict, 409),
    }.get(refusal.code)
    if told is None or not told[0]:
        raise refusal
    return page(reference, told[0], status=told[1])


def _list(errors: dict[str, str]) -> str:
    mine = ask("desk.mine")["contacts"]
    once = request.form.get("eenmaal") or str(uuid4())
    return render_template("staff/desk.html", contacts=mine, given=request.form, errors=errors, once=once)
