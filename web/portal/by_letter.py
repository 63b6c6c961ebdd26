"""`/brief`: a contract holder answers with the code from a letter, without a log-in (R36).

The code travels in forms alone, never in an address. Whoever holds it sees the request that it is for, and no more; a
code that is unknown and one that is dead get the same page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import LetterCode, MistypedCodeError
from databeheer.approval_letters.letters import UnknownCodeError
from databeheer.approval_letters.words import PAGE
from databeheer.door.client import DoorRefusedError, Proof
from ledger.tiles import TileDirectory
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import lazy
from web.portal.notice import Notice, notice_of
from web.portal.permissions import GRANTS
from web.portal.shown import Permission
from web.portal.wording import COMMODITIES
from web.receipts import MEDIA_TYPE, make_receipt
from web.settings import WebSettings

blueprint = Blueprint("by_letter", __name__)

TYPED = fields.String(required=True)
CHANGED = lazy("De vraag is intussen veranderd. Lees ze opnieuw.")


class CodeForm(Form):
    """The code, as somebody types it from paper."""

    code = TYPED


class AnswerForm(Form):
    """One press: nothing is preselected, and each answer is a button."""

    code = TYPED
    decision = fields.String(required=True, validate=validate.OneOf([*GRANTS, "refuse"]))
    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class ReceiptForm(Form):
    """What fetches the receipt of the answer that was just given."""

    ticket = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9_-]{16,64}\Z"))


@dataclass(frozen=True)
class Asked:
    """A request as its letter's reader sees it; `until` is the first moment at which the code works no more."""

    permission: Permission
    address: str
    commodity: str
    asked_by: str
    until: str
    notice: Notice

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Asked:
        permission, place = Permission.of(answer["permission"]), answer["place"]
        commodity = str(place["commodity"])
        return cls(
            permission=permission,
            address=str(place["address"]),
            commodity=COMMODITIES[commodity],
            asked_by=str(answer["asked_by"]),
            until=str(answer["until"]),
            notice=notice_of(permission, commodity=commodity),
        )


@blueprint.get(PAGE)
def enter() -> ResponseReturnValue:
    """Ask for the code."""
    return render_template("portal/by_letter.html")


@blueprint.post(PAGE)
def show() -> ResponseReturnValue:
    """Show what is asked, to who typed the code of a letter that is alive."""
    typed = parse_or_refuse(CodeForm(), request.form)["code"]
    if not typed.strip():
        return render_template("portal/by_letter.html", empty=True), 400
    try:
        code = codes.parse(typed)
        asked = Asked.of(_ask("letter.show", code))
    except MistypedCodeError:
        return render_template("portal/by_letter.html", mistyped=True, typed=typed), 400
    except UnknownCodeError:
        return render_template("portal/by_letter.html", unknown=True), 404
    return _question(asked, code)


@blueprint.post(f"{PAGE}/antwoord")
def answer() -> ResponseReturnValue:
    """Grant or refuse; the code is dead after that."""
    form = parse_or_refuse(AnswerForm(), request.form)
    try:
        code = codes.parse(form["code"])
        asked = Asked.of(_ask("letter.show", code))
        if form["notice_sha256"] != asked.notice.sha256:
            return _question(asked, code, error=CHANGED), 409
        granted = GRANTS.get(form["decision"])
        said = (
            {"parts": granted, "notice": asked.notice.text, "language": asked.notice.language}
            if granted
            else {}
        )
        answered = _ask("letter.answer", code, decision="grant" if granted else "refuse", **said)
    except MistypedCodeError:
        return render_template("portal/by_letter.html", mistyped=True), 400
    except UnknownCodeError:
        return render_template("portal/by_letter.html", unknown=True), 404
    return render_template(
        "portal/by_letter_answered.html",
        asked=Asked.of(answered),
        granted=bool(granted),
        index=answered["index"],
        ticket=answered["receipt"],
    )


@blueprint.post(f"{PAGE}/bewijs")
def receipt() -> ResponseReturnValue:
    """Hand out the receipt of the answer: anybody can verify it offline, with the log's public key alone."""
    ticket = parse_or_refuse(ReceiptForm(), request.form)["ticket"]
    try:
        opened = _ask("letter.receipt", ticket)
    except UnknownCodeError:
        return render_template("portal/by_letter.html", receipt_gone=True), 404
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    index = int(opened["index"])
    return Response(
        make_receipt(TileDirectory(settings.ledger_directory), index, opened),
        content_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="bewijs-{index}.tlog-proof"'},
    )


def _ask(command: str, code: LetterCode | str, **arguments: Any) -> dict[str, Any]:
    """Ask the door with a code as the only proof, whoever is logged in at this browser.

    Raises:
        UnknownCodeError: no letter that is alive holds it.
    """
    value = code.text if isinstance(code, LetterCode) else code
    try:
        return ask(command, Proof.letter(value), **arguments)
    except DoorRefusedError as refusal:
        if refusal.code == UnknownCodeError.code:
            raise UnknownCodeError from refusal
        raise


def _question(asked: Asked, code: LetterCode, error: str = "") -> str:
    return render_template("portal/by_letter_request.html", asked=asked, code=code.text, error=error)
