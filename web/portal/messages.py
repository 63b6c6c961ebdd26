"""`/mijn/berichten`: everything the visitor was told, newest first; in which language; and whether e-mail comes too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, parse_or_refuse, parse_or_tell
from web.language import LANGUAGES, _, lazy, remember, spoken
from web.portal.login import require_session, visitor

blueprint = Blueprint("messages", __name__)

PAGE = 30


@dataclass(frozen=True)
class Choice:
    """Which messages a visitor can choose to see: by the parts of their kinds before the dot, None for any."""

    words: str
    areas: tuple[str, ...] | None = None


CHOICES: Mapping[str, Choice] = {
    "alles": Choice(lazy("Alle")),
    "nieuw": Choice(lazy("Ongelezen")),
    "toestemmingen": Choice(lazy("Toestemmingen"), ("permission", "mandate", "doubt")),
    "lezingen": Choice(lazy("Wie las"), ("data", "clock")),
    "aansluiting": Choice(
        lazy("Meter en adres"),
        ("meter", "port", "interval_reading", "occupancy", "supply", "link", "person_concerned"),
    ),
    "uzelf": Choice(
        lazy("Uzelf en uw rechten"),
        ("person", "contact", "right", "erasure", "attorney", "representation", "customer", "breach"),
    ),
}
"""Every message stands under one of the last four: a test compares them with `_LEADS`."""
NOT_AN_ADDRESS = lazy("Vul een e-mailadres in, zoals naam@voorbeeld.be.")
NOT_A_CODE = lazy("Vul de acht cijfers in die in de e-mail staan.")
WRONG_CODE = lazy("Dit is niet de code uit de e-mail. Kijk ze na, of vraag een nieuwe code.")
NO_CODE = lazy("De code werkt niet meer. Vraag een nieuwe code.")
TOO_MANY = lazy("Wij stuurden vandaag al drie codes. Probeer het morgen opnieuw.")

_REGISTER = "/register"
# Where a message leads: by its kind, or by the part of it before the dot.
_LEADS: Mapping[str, tuple[str, str]] = {
    "permission.requested": ("permissions.show", lazy("Bekijk de vraag")),
    "permission.renewal_requested": ("permissions.show", lazy("Bekijk de vraag")),
    "permission.signed": ("permissions.show", lazy("Bekijk de vraag")),
    "permission.forwarded": ("permissions.show", lazy("Bekijk de vraag")),
    "permission.rejected": ("permissions.history", lazy("Bekijk de vraag")),
    "permission.timed_out": ("permissions.history", lazy("Bekijk de vraag")),
    "mandate.imported": ("permissions.show", lazy("Bekijk het mandaat")),
    "permission": ("permissions.history", lazy("Bekijk de toestemming")),
    "mandate": ("permissions.history", lazy("Bekijk de toestemming")),
    "data": ("reads.show", lazy("Bekijk wie las")),
    "port": ("ports.show", lazy("Bekijk uw poorten")),
    "meter.daily": ("messages.settings", lazy("Kies hoe u dit bericht krijgt")),
    "meter.today": ("messages.settings", lazy("Kies hoe u dit bericht krijgt")),
    "meter": ("ports.show", lazy("Bekijk uw poorten")),
    "interval_reading": ("overview.show", lazy("Bekijk uw overzicht")),
    "erasure": ("erasing.show", lazy("Bekijk uw gegevens")),
    "right": ("rights.show", lazy("Bekijk uw rechten")),
    "occupancy": ("overview.show", lazy("Bekijk uw overzicht")),
    "supply": ("overview.show", lazy("Bekijk uw overzicht")),
    "person": ("overview.show", lazy("Bekijk uw overzicht")),
    "person_concerned": ("overview.show", lazy("Bekijk uw overzicht")),
    "link": ("overview.show", lazy("Bekijk uw overzicht")),
    "attorney": ("attorneys.show", lazy("Bekijk uw volmachten")),
    "representation": ("representing.show", lazy("Bekijk wie voor wie beslist")),
    "contact": ("messages.settings", lazy("Bekijk de instellingen")),
    "doubt": ("doubting.everything", lazy("Bekijk uw meldingen")),
    "clock": ("reads.show", lazy("Bekijk wat er opgeschreven is")),
    "breach": ("reads.show", lazy("Bekijk wat er opgeschreven is")),
    "customer": (_REGISTER, lazy("Bekijk het register")),
}
# A missed clock is no look: it stands among all lines only.
_WITH: Mapping[str, Mapping[str, Any]] = {"clock": {"soort": "alles"}}
_OF_A_PERMISSION = ("permissions.show", "permissions.history")


class PageQuery(Form):
    """From which message on, and which ones."""

    verder = fields.UUID(load_default=None)
    toon = fields.String(load_default="alles", validate=validate.OneOf(CHOICES))


class ReadForm(Form):
    """Up to which message."""

    tot = fields.UUID(required=True)


class AddressForm(Form):
    """Where e-mail should go."""

    email = fields.String(
        required=True,
        validate=[validate.Length(3, 254), validate.Regexp(r"[!-~]+\Z"), validate.Email()],
    )


class CodeForm(Form):
    """The code that came by e-mail; spaces that a mail program put in do not count."""

    code = fields.String(required=True)


class LanguageForm(Form):
    """In which language we speak and write to the visitor."""

    taal = fields.String(required=True, validate=validate.OneOf(LANGUAGES))


class WholeForm(Form):
    """Whether e-mails hold the whole message."""

    heel = fields.String(required=True, validate=validate.OneOf(("ja", "nee")))


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Message:
    """One message as the page shows it."""

    title: str
    more: str
    at: datetime
    is_read: bool
    index: int
    href: str | None
    link: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Message:
        kind = str(answer["kind"])
        endpoint, words = _LEADS.get(kind) or _LEADS.get(kind.partition(".")[0]) or ("", "")
        href: str | None = None
        if endpoint in _OF_A_PERMISSION:
            href = url_for(endpoint, permission_id=answer["about"]) if answer["about"] else None
        elif endpoint:
            given = {**_WITH.get(kind.partition(".")[0], {})}
            if given:  # its line is the first one on the page
                given["verder"] = int(answer["index"]) + 1
            href = endpoint if endpoint == _REGISTER else url_for(endpoint, **given)
        return cls(
            str(answer["title"]),
            str(answer["more"]),
            parse_instant(answer["at"]),
            bool(answer["is_read"]),
            int(answer["index"]),
            href,
            words,
        )


@blueprint.get("/mijn/berichten")
@require_session
def show() -> ResponseReturnValue:
    """List the visitor's messages."""
    query = parse_or_refuse(PageQuery(), request.args)
    before, shown = query["verder"], query["toon"]
    inbox = ask(
        "inbox.show",
        limit=PAGE,
        before=str(before) if before else None,
        only_unread=shown == "nieuw",
        areas=CHOICES[shown].areas,
        language=spoken(),
    )
    rows = inbox["messages"]
    return render_template(
        "portal/messages.html",
        me=visitor(),
        messages=[Message.of(row) for row in rows],
        newest=rows[0]["message_id"] if rows else None,
        unread=inbox["unread"],
        next_message=inbox["next"],
        is_first_page=before is None,
        choices=CHOICES,
        shown=shown,
    )


@blueprint.post("/mijn/berichten/gelezen")
@require_session
def mark_read() -> ResponseReturnValue:
    """Mark what the page showed, and everything older, as read."""
    ask("inbox.read", until=str(parse_or_refuse(ReadForm(), request.form)["tot"]))
    return redirect(url_for("messages.show"), 303)


@blueprint.get("/mijn/berichten/instellingen")
@require_session
def settings() -> ResponseReturnValue:
    """Show the language, whether e-mail comes, and where it goes: one's own, never that of who is represented."""
    return _settings()


@blueprint.post("/mijn/berichten/instellingen/adres")
@require_session
def give_address() -> ResponseReturnValue:
    """Have a code sent to an address. The address travels in the body of the form, never in an address of ours."""
    form, errors = parse_or_tell(AddressForm(), request.form, ("email",))
    if errors:
        return _settings(error=NOT_AN_ADDRESS, wrong="email"), 400
    try:
        ask("contact.ask", email=form["email"], language=spoken())
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _settings(error=TOO_MANY, wrong="email"), 409
    flash(_("Wij stuurden een code naar uw e-mailadres. Vul ze hieronder in."), "good")
    return redirect(url_for("messages.settings"), 303)


@blueprint.post("/mijn/berichten/instellingen/code")
@require_session
def give_code() -> ResponseReturnValue:
    """Confirm the address with the code."""
    code = parse_or_refuse(CodeForm(), request.form)["code"].replace(" ", "").replace("-", "")
    if not (code.isascii() and code.isdigit() and len(code) == 8):
        return _settings(error=NOT_A_CODE, wrong="code"), 400
    try:
        ask("contact.confirm", code=code)
    except DoorRefusedError as refusal:
        if refusal.code not in ("malformed-request", "conflict"):
            raise
        words = WRONG_CODE if refusal.code == "malformed-request" else NO_CODE
        return _settings(error=words, wrong="code" if refusal.code == "malformed-request" else "email"), 400
    flash(_("Uw e-mailadres is bevestigd. U krijgt voortaan ook e-mail."), "good")
    return redirect(url_for("messages.settings"), 303)


@blueprint.post("/mijn/berichten/instellingen/uit")
@require_session
def turn_off() -> ResponseReturnValue:
    """Stop e-mail and forget the address, at once."""
    parse_or_refuse(Empty(), request.form)
    try:
        ask("contact.remove")
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":  # a second tab did it already
            raise
    flash(
        _("U krijgt geen e-mail meer van ons. Uw e-mailadres is gewist. Al uw berichten blijven hier staan."),
        "good",
    )
    return redirect(url_for("messages.settings"), 303)


@blueprint.post("/mijn/berichten/instellingen/taal")
@require_session
def choose_language() -> ResponseReturnValue:
    """Choose the language of the portal, of e-mail and of letters; the confirmation speaks it already."""
    chosen = parse_or_refuse(LanguageForm(), request.form)["taal"]
    ask("contact.speak", language=chosen)
    g.language = chosen
    flash(_("Uw taal is bewaard. Zo spreken wij u voortaan aan: hier, in e-mails en in brieven."), "good")
    return remember(redirect(url_for("messages.settings"), 303), chosen)


@blueprint.post("/mijn/berichten/instellingen/heel")
@require_session
def choose_whole() -> ResponseReturnValue:
    """Choose whether e-mails hold the whole message."""
    is_on = parse_or_refuse(WholeForm(), request.form)["heel"] == "ja"
    ask("contact.whole", on=is_on)
    flash(_("Uw keuze is bewaard."), "good")
    return redirect(url_for("messages.settings"), 303)


def _settings(error: str = "", wrong: str = "") -> str:
    if visitor()["is_represented"]:
        return render_template("portal/message_settings_of_another.html", me=visitor())
    contact = ask("contact.show")
    if wrong == "code" and not contact["waits_for_code"]:
        error, wrong = NO_CODE, "email"  # another window asked for another one, or it is too late
    if wrong == "email" and not contact["sends_email"]:
        wrong = ""
    return render_template(
        "portal/message_settings.html",
        me=visitor(),
        contact=contact,
        failed_at=parse_instant(contact["failed_at"]) if contact["failed_at"] else None,
        languages=LANGUAGES,
        error=error,
        wrong=wrong,
        given=request.form if error else {},
    )
