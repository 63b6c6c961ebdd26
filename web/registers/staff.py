"""`/dienst/registers`: read the registers of one's role; write a version, decide as a second person, close a record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from databeheer.brussels import BRUSSELS
from databeheer.door.client import DoorRefusedError
from databeheer.ean_codes.in_words import holds_ean
from databeheer.governance.registers import Field, FieldKind, Register, shipped
from databeheer.values import format_instant, parse_instant
from web.door import ask
from web.forms import NO_EAN_HERE, Form, Lines, parse, parse_or_refuse
from web.public.parties import registered
from web.registers import ruled, shown, telling
from web.registers.inspector import PageQuery, known
from web.staff.guard import colleague, require_role

blueprint = Blueprint("staff_registers", __name__)

_REGISTERS = shipped().by_code.values()
_READERS = sorted({role for one in _REGISTERS for role in one.readers})
_WRITERS = sorted({role for one in _REGISTERS for role in one.writers})
_PLACE = ("stuk", "binnen", "partij")
NOT_SO = "Dit klopt niet, of past niet bij wat er al staat."
ONCE_MORE = "Dit gaat niet: een ander moet het doen, of iemand besliste intussen al. Er is niets veranderd."
WHY = "Schrijf waarom."


class PlaceQuery(Form):
    """Of which record a version is written, or in which one a new record stands, or about which party."""

    stuk = fields.UUID(load_default=None)
    binnen = fields.UUID(load_default=None)
    partij = fields.UUID(load_default=None)


class DecideForm(Form):
    """What the second person says of which version."""

    versie = fields.Integer(required=True, validate=validate.Range(1, 32_767))
    doe = fields.String(required=True, validate=validate.OneOf(("goedkeuren", "weigeren")))
    reden = fields.String(load_default="", validate=validate.Length(max=500))


class CloseForm(Form):
    """How a record is closed, and why."""

    hoe = fields.String(required=True, validate=validate.Length(1, 40))
    waarom = Lines(required=True, validate=validate.Length(1, 2000))


@blueprint.get("/dienst/registers")
@require_role(*_READERS)
def show() -> ResponseReturnValue:
    """The registers of one's roles."""
    return shown.overview("dienst")


@blueprint.get("/dienst/registers/<register>")
@require_role(*_READERS)
def one_register(register: str) -> ResponseReturnValue:
    """One register."""
    return shown.listed("dienst", known(register), parse_or_refuse(PageQuery(), request.args)["verder"])


@blueprint.get("/dienst/registers/stuk/<uuid:record_id>")
@require_role(*_READERS)
def record(record_id: UUID) -> ResponseReturnValue:
    """One record."""
    return shown.one("dienst", str(record_id))


@blueprint.get("/dienst/registers/<register>/nieuw")
@require_role(*_WRITERS, writing=True)
def begin(register: str) -> ResponseReturnValue:
    """The form of a new record, or, filled in, of a new version."""
    one = known(register)
    if not _may_write(one):
        return _other_role(one)
    place = parse_or_refuse(PlaceQuery(), request.args)
    given: Mapping[str, str] = {}
    if place["stuk"] is not None:
        old = ask("governance.show", record_id=str(place["stuk"]))["record"]
        given = _typed(one, old["says"] or {})
        if shown.is_anew(old):
            anew = {"binnen": old["within"], "partij": old["party_id"]}
            return _form(one, _place(anew), _taken_over(one, given), {})
    return _form(one, _place(place), given, {})


@blueprint.post("/dienst/registers/<register>/nieuw")
@require_role(*_WRITERS, writing=True)
def write(register: str) -> ResponseReturnValue:
    """Write it down."""
    one = known(register)
    if not _may_write(one):
        return _other_role(one)
    form = parse(_form_of(one)(), _gathered(one, request.form))
    place = {name: form[name] for name in _PLACE}
    if not place["stuk"] and not form["eenmaal"]:
        raise BadRequest
    said, errors = _said(one, form)
    if errors:
        return _form(one, place, form, errors), 400
    if (
        one.code == telling.REGISTER
        and place["binnen"]
        and form["gezien"] != telling.seen(said, place["binnen"])
    ):
        return _form(one, place, form, {}, to_show=said)
    try:
        written = ask(
            "governance.write",
            register=one.code,
            said=said,
            record_id=place["stuk"] or None,
            new_id=None if place["stuk"] else form["eenmaal"],
            within=place["binnen"] or None,
            party_id=place["partij"] or None,
        )
    except DoorRefusedError as refusal:
        if refusal.code not in ("malformed-request", "conflict", "not-found"):
            raise
        status = {"conflict": 409, "not-found": 404}.get(refusal.code, 400)
        lost = _lost(one, form) if refusal.code == "not-found" else {}
        rule = _ruled(refusal)
        return _form(one, place, form, lost or _errors(one, str(refusal), rule), rule), status
    return redirect(url_for("staff_registers.record", record_id=written["record_id"]), 303)


@blueprint.post("/dienst/registers/stuk/<uuid:record_id>/beslissen")
@require_role(*_WRITERS, writing=True)
def decide(record_id: UUID) -> ResponseReturnValue:
    """Approve or refuse the version that waits."""
    form = parse_or_refuse(DecideForm(), request.form)
    asked: dict[str, Any] = {"record_id": str(record_id), "version": form["versie"]}
    command = "governance.approve"
    if form["doe"] == "weigeren":
        if not form["reden"].strip():
            return shown.one("dienst", str(record_id), wrong={"reden": WHY}), 400
        if holds_ean(form["reden"]):
            return shown.one("dienst", str(record_id), wrong={"reden": NO_EAN_HERE}), 400
        command, asked = "governance.refuse", asked | {"reason": form["reden"]}
    return _done(command, record_id, asked, "reden")


@blueprint.post("/dienst/registers/stuk/<uuid:record_id>/sluiten")
@require_role(*_WRITERS, writing=True)
def close(record_id: UUID) -> ResponseReturnValue:
    """Close a record."""
    form = parse_or_refuse(CloseForm(), request.form)
    if holds_ean(form["waarom"]):
        return shown.one("dienst", str(record_id), wrong={"waarom": NO_EAN_HERE}), 400
    asked = {"record_id": str(record_id), "outcome": form["hoe"], "words": form["waarom"]}
    return _done("governance.close", record_id, asked, "waarom")


def _may_write(register: Register) -> bool:
    return not register.writers.isdisjoint(colleague()["writes"])


def _other_role(register: Register) -> ResponseReturnValue:
    return render_template("staff/other_role.html", codes=sorted(register.writers), writing=True), 403


def _done(command: str, record_id: UUID, asked: Mapping[str, Any], field: str) -> ResponseReturnValue:
    try:
        ask(command, **asked)
    except DoorRefusedError as refusal:
        if refusal.code not in ("malformed-request", "conflict"):
            raise
        status = 409 if refusal.code == "conflict" else 400
        page = shown.one("dienst", str(record_id), wrong={field: _ruled(refusal) or ONCE_MORE})
        return page, status
    return redirect(url_for("staff_registers.record", record_id=record_id), 303)


def _ruled(refusal: DoorRefusedError) -> str:
    """The rule that stands in the way, and what to do; what cannot be read is said beside its field."""
    return ruled.in_dutch(str(refusal)) if refusal.code == "conflict" else ""


def _form(
    register: Register,
    place: Mapping[str, str],
    given: Mapping[str, str],
    errors: Mapping[str, str],
    door_said: str = "",
    to_show: Mapping[str, Any] | None = None,
) -> str:
    within, of = place["binnen"], place["stuk"]
    about = ask("governance.show", record_id=of or within) if of or within else {}
    return render_template(
        "registers/form.html",
        area="dienst",
        parent=about.get("parent") if of else about.get("record"),
        record=about.get("record") if of else None,
        register=register,
        place=place,
        given=given,
        # What is shown anew before it is sent is another message.
        once=str((not to_show and given.get("eenmaal")) or uuid4()),
        errors=errors,
        door_said=door_said,
        preview=telling.preview(to_show, about) if to_show else None,
        choices={field.name: _choices(field) for field in register.fields if field.kind in _NAMES},
        parties=registered() if register.about != "house" and not place["stuk"] else [],
    )


def _choices(field: Field) -> list[tuple[str, str]]:
    """What a field can name, each with what it is called: records that count and, mostly, are open; cases of doubt."""
    if field.kind is FieldKind.UUID:
        return [(one["case_id"], shown.doubt_title(one)) for one in ask("governance.doubts")["doubts"]]
    found = ask("governance.list", register=field.of)["records"]
    return [
        (one["record_id"], shown.title_of(one))
        for one in found
        if one["says"] is not None and (field.or_closed or one["state"] != "closed")
    ]


def _gathered(register: Register, given: MultiDict[str, str]) -> MultiDict[str, str]:
    """A form in which each field stands once: of records, several may be ticked."""
    several = {field.name for field in register.fields if field.kind is FieldKind.RECORDS}
    return MultiDict(
        (name, value)
        for name, values in given.lists()
        for value in ([" ".join(values)] if name in several else values)
    )


def _place(place: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(place.get(name) or "") for name in _PLACE}


def _form_of(register: Register) -> type[Form]:
    """The form of a register: every field as its visitor types it.

    `eenmaal` names a new record, so that the button pressed twice writes one.
    """
    known = {field.name: Lines(load_default="") for field in register.fields}
    place = {name: fields.String(load_default="", validate=_is_id) for name in _PLACE}
    once = {"eenmaal": fields.String(load_default="", validate=_is_id)}
    if register.code == telling.REGISTER:
        place["gezien"] = fields.String(load_default="", validate=validate.Length(max=64))
    return type(f"{register.code}_form", (Form,), {**known, **place, **once})


def _is_id(value: str) -> None:
    try:
        if value:
            UUID(value)
    except ValueError as error:
        raise BadRequest from error


def _said(register: Register, form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed as the door wants it, and what cannot be read."""
    said: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in register.fields:
        typed = form[field.name].strip()
        if not typed and field.kind is not FieldKind.FLAG:
            if not field.is_optional:
                errors[field.name] = "Vul dit in." if field.kind is not FieldKind.YES else "Dit moet zo zijn."
            continue
        if field.kind in (FieldKind.TEXT, FieldKind.LONG) and holds_ean(typed):
            errors[field.name] = NO_EAN_HERE
            continue
        try:
            said[field.name] = _read(field, typed)
        except (ValueError, KeyError):
            errors[field.name] = _HINTS.get(field.kind, NOT_SO)
    return said, errors


def _read(field: Field, typed: str) -> Any:
    match field.kind:
        case FieldKind.NUMBER:
            if not re.fullmatch("[0-9]{1,10}", typed):
                raise ValueError(typed)
            return int(typed)
        case FieldKind.FLAG | FieldKind.YES:
            return typed == "ja"
        case FieldKind.INSTANT:
            local = datetime.strptime(typed, "%Y-%m-%dT%H:%M").replace(tzinfo=BRUSSELS)
            return format_instant(local)
        case FieldKind.EANS:
            return typed.split()
        case FieldKind.RECORDS:
            known = {record_id for record_id, _ in _choices(field)}
            if not known.issuperset(typed.split()):
                raise ValueError(typed)
            return typed.split()
    if field.kind is FieldKind.UUID:
        return str(UUID(typed))
    return typed


def _typed(register: Register, said: Mapping[str, Any]) -> dict[str, str]:
    """A version as it was typed."""
    typed: dict[str, str] = {}
    for field in register.fields:
        value = said.get(field.name)
        if value is None or field.kind is FieldKind.EANS:
            continue
        if field.kind is FieldKind.INSTANT:
            value = f"{parse_instant(value).astimezone(BRUSSELS):%Y-%m-%dT%H:%M}"
        elif isinstance(value, bool):
            value = "ja" if value else "nee"
        elif isinstance(value, list):
            value = " ".join(value)
        typed[field.name] = str(value)
    return typed


def _taken_over(register: Register, given: Mapping[str, str]) -> dict[str, str]:
    """What a new record takes over of an older one: not its reference, days and files."""
    ours = {
        field.name
        for field in register.fields
        if field.kind in (FieldKind.DAY, FieldKind.INSTANT, FieldKind.SHA256)
    }
    return {name: value for name, value in given.items() if name not in ours | {"reference"}}


def _errors(register: Register, words: str, rule: str = "") -> dict[str, str]:
    """Beside which fields the door's refusal belongs: nowhere, where it is a rule about the whole."""
    named = {part.partition(":")[0].strip() for part in words.split(";")}
    found = {field.name: _HINTS.get(field.kind, NOT_SO) for field in register.fields if field.name in named}
    if "party_id" in named:
        found["partij"] = "Kies over welke partij het gaat, of geen."
    return found or ({} if rule else {register.fields[0].name: NOT_SO})


def _lost(register: Register, form: Mapping[str, str]) -> dict[str, str]:
    """Beside which fields it belongs that what they name elsewhere in the house is not there."""
    named = (field.name for field in register.fields if field.kind is FieldKind.UUID)
    return {name: _HINTS[FieldKind.UUID] for name in named if form[name].strip()}


_NAMES = (FieldKind.RECORD, FieldKind.RECORDS, FieldKind.UUID)
_HINTS = {
    FieldKind.UUID: "Kies een zaak van de lijst.",
    FieldKind.DAY: "Vul een dag in die klopt, zoals 01-06-2027.",
    FieldKind.INSTANT: "Vul een dag en een uur in die kloppen.",
    FieldKind.NUMBER: "Vul een getal in binnen de grenzen.",
    FieldKind.SHA256: "Vul de hash in: 64 tekens, 0 tot 9 en a tot f.",
    FieldKind.COUNTRY: "Vul twee hoofdletters in, zoals BE.",
    FieldKind.EANS: "Vul EAN-codes in die wij kennen, met een spatie ertussen.",
    FieldKind.CHOICE: "Kies een antwoord dat past.",
    FieldKind.RECORD: "Kies een stuk dat geldt en dat hierbij hoort.",
    FieldKind.RECORDS: "Kies stukken van de lijst.",
}
