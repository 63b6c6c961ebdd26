"""`/mijn/aansluiting`: link an access point with EAN code and meter number, or unlock that with a code from a letter.

A page says nothing of what exists. How often the visitor may try is of the own log-in; whether an EAN code is locked,
unknown, somebody else's, or goes with another meter number, no page tells (R98).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import MistypedCodeError
from databeheer.approval_letters.letters import UnknownCodeError
from databeheer.brussels import midnight
from databeheer.door.client import DoorRefusedError
from databeheer.identity.linking.letters import TooManyLettersError
from databeheer.identity.linking.opening import LinkingClosedError
from databeheer.identity.linking.words import PAGE as CODE_PAGE
from databeheer.values import parse_day
from web.door import ask
from web.forms import EANField, Form, parse_or_refuse, parse_or_tell
from web.language import lazy
from web.portal.login import require_session, visitor

blueprint = Blueprint("linking", __name__)

LONGEST_METER = 40
NO_METER = lazy("Vul het meternummer in. Het staat op de factuur en op de meter zelf.")
NO_EAN = lazy("Vul de EAN-code in. Ze telt 18 cijfers en staat op de factuur.")


class MeterField(fields.String):
    """A meter number as people type it: spaces do not matter."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        typed = "".join(str(super()._deserialize(value, attr, data, **kwargs)).split())
        if not typed or len(typed) > LONGEST_METER or not typed.isprintable():
            raise ValidationError(NO_METER)
        return typed


class LinkForm(Form):
    """Both elements: one of them alone links nothing (R91)."""

    ean = EANField(required=True, error_messages={"required": NO_EAN})
    meter = MeterField(required=True, error_messages={"required": NO_METER})


class LetterForm(Form):
    """For which access point a letter is to go."""

    ean = EANField(required=True, error_messages={"required": NO_EAN})


class CodeForm(Form):
    """The code, as somebody types it from paper."""

    code = fields.String(required=True)


@blueprint.get("/mijn/aansluiting")
@require_session
def show() -> ResponseReturnValue:
    """Ask for both elements; or say that this log-in tried too often, or that linking is closed."""
    return _page(ask("link.show"))


@blueprint.post("/mijn/aansluiting")
@require_session
def attempt() -> ResponseReturnValue:
    """Try both elements."""
    form, wrong = parse_or_tell(LinkForm(), request.form, ("ean", "meter"))
    if wrong:
        return _page(ask("link.show"), wrong=wrong), 400
    try:
        answer = ask("link.attempt", ean=form["ean"], meter=form["meter"])
    except DoorRefusedError as refusal:
        return _refused(refusal)
    if answer["linked"]:
        return redirect(url_for("linking.done"), 303)
    return _page(ask("link.show"), failed=True), 403


@blueprint.get("/mijn/aansluiting/klaar")
@require_session
def done() -> ResponseReturnValue:
    """Say that it is done, and what follows; who has nothing yet is asked for the elements."""
    if not visitor()["occupancies"]:
        return redirect(url_for("linking.show"), 303)
    return render_template("portal/linked.html", me=visitor())


@blueprint.get("/mijn/aansluiting/brief")
@require_session
def ask_letter() -> ResponseReturnValue:
    """Ask for which access point a letter with a code is to go."""
    return _letter_page(ask("link.show"))


@blueprint.post("/mijn/aansluiting/brief")
@require_session
def send_letter() -> ResponseReturnValue:
    """Have the letter sent; the page is the same where none can go."""
    form, wrong = parse_or_tell(LetterForm(), request.form, ("ean",))
    if wrong:
        return _letter_page(ask("link.show"), wrong=wrong), 400
    try:
        ask("link.letter", ean=form["ean"])
    except DoorRefusedError as refusal:
        if refusal.code == TooManyLettersError.code:
            return _letter_page(ask("link.show"), too_many=True), 409
        return _refused(refusal)
    return redirect(url_for("linking.enter_code"), 303)


@blueprint.get(CODE_PAGE)
@require_session
def enter_code() -> ResponseReturnValue:
    """Ask for the code of the letter."""
    return _code_page(ask("link.show"))


@blueprint.post(CODE_PAGE)
@require_session
def unlock() -> ResponseReturnValue:
    """Take the code: this log-in can try again, and so can the EAN code that the letter was for."""
    typed = parse_or_refuse(CodeForm(), request.form)["code"]
    if not typed.strip():
        return _code_page(ask("link.show"), empty=True), 400
    try:
        ask("link.unlock", code=codes.parse(typed).text)
    except MistypedCodeError:
        return _code_page(ask("link.show"), mistyped=True, typed=typed), 400
    except DoorRefusedError as refusal:
        if refusal.code == UnknownCodeError.code:
            return _code_page(ask("link.show"), unknown=True), 404
        return _refused(refusal)
    return _page(ask("link.show"), unlocked=True)


def _refused(refusal: DoorRefusedError) -> ResponseReturnValue:
    """Linking was closed meanwhile: said on its page; anything else goes its own way."""
    if refusal.code != LinkingClosedError.code:
        raise refusal
    return _page(ask("link.show")), 503


def _page(standing: dict[str, Any], **said: Any) -> str:
    if not standing["is_open"]:
        return render_template("portal/linking_closed.html", me=visitor())
    is_locked = standing["attempts_left"] == 0
    template = "portal/linking_locked.html" if is_locked else "portal/linking.html"
    given = {name: request.form.get(name, "") for name in ("ean", "meter")}
    return render_template(template, me=visitor(), given=given, **_standing(standing), **said)


def _letter_page(standing: dict[str, Any], **said: Any) -> str:
    if not standing["is_open"]:
        return render_template("portal/linking_closed.html", me=visitor())
    given = {"ean": request.form.get("ean", "")}
    return render_template(
        "portal/linking_letter.html", me=visitor(), given=given, **_standing(standing), **said
    )


def _code_page(standing: dict[str, Any], **said: Any) -> str:
    if not standing["is_open"]:
        return render_template("portal/linking_closed.html", me=visitor())
    return render_template("portal/linking_code.html", me=visitor(), **_standing(standing), **said)


def _standing(standing: dict[str, Any]) -> dict[str, Any]:
    until = standing["letter_until"]
    return {"left": standing["attempts_left"], "letter_until": midnight(parse_day(until)) if until else None}
