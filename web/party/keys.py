"""`/partij/sleutels`: the party's programs and their public keys; adding one, ending one. No page takes a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate, validates_schema

from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, Lines, parse_or_refuse
from web.party.guard import require_party, standing

blueprint = Blueprint("party_keys", __name__)

PRIVATE = "U plakte een private sleutel. Houd die bij u, vervang ze, en plak hier alleen de publieke."
NO_KEY = "Dit is geen sleutel die wij kennen: een publieke JWK, een JWKS of een certificaat (PEM)."
TWICE = "Dit kan niet: het programma heeft deze sleutel al, of heeft er al vier, of u hebt al twintig programma's."
LATER = "De sleutel is toegevoegd. Voor uw veiligheid geldt ze pas over een dag."
AT_ONCE = "De sleutel is toegevoegd. Ze geldt meteen."


class ProgramForm(Form):
    """A program that signs with its own key."""

    api = fields.String(required=True, validate=validate.OneOf(("own", "facade")))
    sleutel = Lines(required=True, validate=validate.Length(0, 32_000))


class KeyForm(Form):
    """The next key of a program."""

    programma = fields.String(required=True, validate=validate.Length(1, 60))
    sleutel = Lines(required=True, validate=validate.Length(0, 32_000))


class EndForm(Form):
    """What ends, one key or a whole program, and whether that was asked before."""

    programma = fields.String(load_default="", validate=validate.Length(max=60))
    sleutel = fields.String(load_default="", validate=validate.Length(max=60))
    zeker = fields.String(load_default="", validate=validate.OneOf(("", "ja")))

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """A key that got lost on the way must not end all of the program's."""
        if bool(data.get("programma")) == bool(data.get("sleutel")):
            raise ValidationError("one of the two")


@dataclass(frozen=True)
class Key:
    """A key as the page shows it."""

    key_id: str
    name: str
    begins: datetime
    ends: datetime | None
    state: str
    badge: str

    @classmethod
    def of(cls, answer: Mapping[str, Any], now: datetime) -> Key:
        begins = parse_instant(answer["valid_from"])
        ends = parse_instant(answer["valid_until"]) if answer["valid_until"] else None
        state, badge = ("geldt", "badge-active")
        if ends is not None and ends <= now:
            state, badge = ("beëindigd", "badge-ended")
        elif begins > now:
            state, badge = ("geldt nog niet", "badge-waiting")
        return cls(str(answer["key_id"]), answer["kid"] or answer["thumbprint"], begins, ends, state, badge)


@blueprint.get("/partij/sleutels")
@require_party
def show() -> ResponseReturnValue:
    """The programs with their keys."""
    return _page()


@blueprint.post("/partij/sleutels/programma")
@require_party
def add_program() -> ResponseReturnValue:
    """Set a program up; what the facade needs beside it is on this page, once."""
    form = parse_or_refuse(ProgramForm(), request.form)
    try:
        made = ask("party.program.add", profiles=[form["api"]], public_key=form["sleutel"].strip() or "x")
    except DoorRefusedError as refusal:
        return _refused(refusal, "nieuw", form)
    return _page(made=made)


@blueprint.post("/partij/sleutels/sleutel")
@require_party
def add_key() -> ResponseReturnValue:
    """Give a program its next key."""
    form = parse_or_refuse(KeyForm(), request.form)
    try:
        added = ask("party.key.add", client_id=form["programma"], public_key=form["sleutel"].strip() or "x")
    except DoorRefusedError as refusal:
        return _refused(refusal, form["programma"], form)
    flash(LATER if added["valid_from"] else AT_ONCE, "good")
    return redirect(url_for("party_keys.show"), 303)


@blueprint.post("/partij/sleutels/einde")
@require_party
def end() -> ResponseReturnValue:
    """End a key or a whole program; asks first."""
    form = parse_or_refuse(EndForm(), request.form)
    if not form["zeker"]:
        return render_template("party/end_key.html", party=standing()["party"], form=form)
    if form["sleutel"]:
        ask("party.key.end", key_id=form["sleutel"])
        flash("De sleutel is beëindigd. Wat ermee opgehaald was, werkt niet meer.", "good")
    else:
        ask("party.program.end", client_id=form["programma"])
        flash("Het programma is beëindigd, met al zijn sleutels.", "good")
    return redirect(url_for("party_keys.show"), 303)


def _refused(refusal: DoorRefusedError, where: str, form: Mapping[str, Any]) -> ResponseReturnValue:
    if refusal.code not in ("malformed-request", "conflict"):
        raise refusal
    words = TWICE if refusal.code == "conflict" else PRIVATE if "public half" in str(refusal) else NO_KEY
    # A private key that was pasted is not shown again.
    given = {} if words == PRIVATE else form
    return _page(error=words, where=where, given=given), 409 if words == TWICE else 400


def _page(
    *,
    made: Mapping[str, Any] | None = None,
    error: str = "",
    where: str = "",
    given: Mapping[str, Any] | None = None,
) -> str:
    found = standing()
    clock: Clock = current_app.config["WEB_CLOCK"]
    now = clock.now()
    if where not in ("", "nieuw", *(one["client_id"] for one in found["programs"])):
        abort(404)
    programs = [{**one, "keys": [Key.of(key, now) for key in one["keys"]]} for one in found["programs"]]
    return render_template(
        "party/keys.html",
        party=found["party"],
        programs=programs,
        made=made,
        made_from=parse_instant(made["valid_from"]) if made and made["valid_from"] else None,
        error=error,
        where=where,
        given=given or {},
    )
