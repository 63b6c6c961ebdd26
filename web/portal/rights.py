"""`/mijn/rechten`: each right of the visitor, and what became of what he asked; putting right, objecting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.access import catalogue
from databeheer.door.client import DoorRefusedError
from databeheer.rights import grounds
from databeheer.rights.authorities import AUTHORITIES
from databeheer.rights.grounds import Objection
from databeheer.values import parse_instant
from web import saying
from web.door import ask
from web.erasing_words import CLASSES
from web.erasing_words import STATES as ERASURE_STATES
from web.forms import Form, Lines, parse, parse_or_refuse
from web.language import _, lazy
from web.portal import next_page
from web.portal.already import Link, already
from web.portal.login import require_session, visitor
from web.portal.overview import my_points, names_of
from web.rights_words import FACTS, KINDS, NO_OBJECTION, STATES

blueprint = Blueprint("rights", __name__)

LONGEST_WORDS = 2000
WHAT = lazy("Kies wat er niet klopt.")
WHICH = lazy("Kies waartegen u bezwaar maakt.")
WHERE = lazy("Kies voor welk adres.")
WORDS = lazy("Schrijf op wat er niet klopt, en wat er wel moet staan.")
WHY = lazy("Schrijf op waarom u dit niet wilt.")
TOO_LONG = lazy("Dit is te lang. Schrijf ten hoogste %(longest_words)s tekens.", longest_words=LONGEST_WORDS)


class RectificationForm(Form):
    """What is wrong, of which stay, in the visitor's own words."""

    wat = fields.String(required=True, validate=validate.OneOf(FACTS, error=WHAT))
    adres = fields.String(load_default="")
    uitleg = Lines(required=True, validate=validate.Length(0, LONGEST_WORDS, error=TOO_LONG))


class ObjectionForm(Form):
    """To which legal basis, at which stay, and why."""

    waartegen = fields.String(required=True)
    adres = fields.String(load_default="")
    uitleg = Lines(required=True, validate=validate.Length(0, LONGEST_WORDS, error=TOO_LONG))


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Ground:
    """One legal basis of the catalogue as the page on objecting shows it."""

    code: str
    sentence: str
    article: str
    why_not: str


@dataclass(frozen=True)
class Request:
    """One request as the page shows it; `due_at` is the first moment that is too late."""

    request_id: str
    title: str
    about: str
    occupancy_id: str | None
    is_on_paper: bool
    words: str
    at: datetime
    due_at: datetime
    is_open: bool
    is_extended: bool
    extension: str
    state: str
    badge: str
    answer: str
    is_refused: bool
    answered_at: datetime | None
    withdrawn_at: datetime | None
    entry: int
    can_be_taken_back: bool
    stops: bool

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Request:
        state, badge = STATES[str(answer["state"])]
        kind = str(answer["kind"])
        about = FACTS[str(answer["fact"])] if answer["fact"] else ""
        if answer["basis"]:
            about = sentence_of(str(answer["basis"]))
        return cls(
            request_id=str(answer["request_id"]),
            title=KINDS[kind],
            about=about,
            occupancy_id=answer["occupancy_id"],
            is_on_paper=answer["channel"] == "paper",
            words=str(answer["words"]),
            at=parse_instant(answer["received_at"]),
            due_at=parse_instant(answer["due_at"]),
            is_open=answer["state"] == "asked",
            is_extended=answer["extended_at"] is not None,
            extension=str(answer["extension"]),
            state=state,
            badge=badge,
            answer=str(answer["answer"]),
            is_refused=answer["state"] == "refused",
            answered_at=parse_instant(answer["decided_at"]) if answer["decided_at"] else None,
            withdrawn_at=parse_instant(answer["withdrawn_at"]) if answer["withdrawn_at"] else None,
            entry=int(
                answer["decided_index"] if answer["decided_index"] is not None else answer["asked_index"]
            ),
            can_be_taken_back=bool(answer["can_be_taken_back"]),
            stops=kind == "objection" and answer["state"] == "accepted",
        )


@dataclass(frozen=True)
class Erasure:
    """A request to erase, which has a page of its own."""

    title: str
    state: str
    at: datetime
    due_at: datetime
    is_open: bool

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Erasure:
        state = str(answer["state"])
        words = _("Teruggenomen.") if state == "withdrawn" else ERASURE_STATES[state]
        return cls(
            CLASSES[str(answer["data_class"])],
            words,
            parse_instant(answer["asked_at"]),
            parse_instant(answer["due_at"]),
            state == "asked",
        )


@lru_cache(maxsize=1)
def _all_grounds() -> tuple[Ground, ...]:
    articles = grounds.shipped()
    return tuple(
        Ground(
            row.code,
            lazy(row.sentence_nl),
            articles[row.code].article,
            NO_OBJECTION.get(articles[row.code].objection.value, ""),
        )
        for row in catalogue.load().rows
        if articles[row.code].objection is not Objection.OWN
    )


def sentence_of(code: str) -> str:
    """What a legal basis lets be done, in the catalogue's words; the code itself where this release has it no more."""
    return next((one.sentence for one in _all_grounds() if one.code == code), code)


@blueprint.get("/mijn/rechten")
@require_session
def show() -> ResponseReturnValue:
    """Lead to each right; show what the visitor asked, with its due day and outcome."""
    answer = ask("rights.mine")
    requests = [Request.of(one) for one in answer["requests"]]
    erasures = [Erasure.of(one) for one in answer["erasures"]]
    return render_template(
        "portal/rights.html",
        me=visitor(),
        open_requests=[one for one in requests if one.is_open],
        closed_requests=[one for one in requests if not one.is_open],
        open_erasures=[one for one in erasures if one.is_open],
        closed_erasures=[one for one in erasures if not one.is_open],
        point_names=names_of(my_points()),
        authorities=AUTHORITIES,
    )


@blueprint.get("/mijn/rechten/verbeteren")
@require_session
def rectification() -> ResponseReturnValue:
    """Ask what is wrong."""
    return _rectification()


@blueprint.post("/mijn/rechten/verbeteren")
@require_session
def rectify() -> ResponseReturnValue:
    """File a request to put something right."""
    return _file(RectificationForm(), "rectification", _rectification)


@blueprint.get("/mijn/rechten/bezwaar")
@require_session
def objection() -> ResponseReturnValue:
    """Ask to what the visitor objects, and tell where no right to object exists."""
    return _objection()


@blueprint.post("/mijn/rechten/bezwaar")
@require_session
def object_to() -> ResponseReturnValue:
    """File an objection."""
    return _file(ObjectionForm(), "objection", _objection)


@blueprint.post("/mijn/rechten/<uuid:request_id>/terugnemen")
@require_session
def take_back(request_id: UUID) -> ResponseReturnValue:
    """Take a request back: one button, nothing to fill in. Pressed again, the page says how it stands."""
    parse_or_refuse(Empty(), request.form)
    try:
        taken_back = ask("rights.withdraw", request_id=str(request_id))
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        link = Link(url_for("rights.show"), _("Bekijk uw verzoeken"))
        said = _("Bij ‘Uw rechten’ ziet u hoe het met uw verzoek staat.")
        return already(
            _("Op dit verzoek is al geantwoord, of u nam het al terug"), said, None, link, active="rights"
        )
    next_page.says("right", {"taken_back": True, "index": taken_back["index"]})
    return redirect(url_for("rights.show"), 303)


def _file(schema: Form, kind: str, page: Any) -> ResponseReturnValue:
    """Check a form, and file it; a wrong one comes back with what was typed."""
    try:
        form = parse(schema, request.form)
        errors = _missing(form, kind)
    except ValidationError as error:
        errors = _messages(error, kind)
    if errors:
        return page(errors), 400
    about = {"fact": form["wat"]} if kind == "rectification" else {"basis": form["waartegen"]}
    words = form["uitleg"].strip()
    try:
        filed = ask("rights.ask", kind=kind, occupancy_id=form["adres"] or None, words=words, **about)
    except DoorRefusedError as refusal:
        if refusal.code == "no-right-to-object":
            return page(
                {"waartegen": _("Hiertegen kunt u geen bezwaar maken. Onderaan leest u waarom.")}
            ), 409
        if refusal.code == "malformed-request":
            return page({"uitleg": _("Gebruik gewone letters en cijfers, zonder vreemde tekens.")}), 400
        if refusal.code != "conflict":
            raise
        return _asked_before(kind, form["adres"] or None, about, words)
    next_page.says("right", {"index": filed["index"], "title": KINDS[kind]})
    return redirect(url_for("rights.show"), 303)


def _asked_before(
    kind: str, occupancy_id: str | None, about: Mapping[str, str], words: str
) -> ResponseReturnValue:
    """Say which request of the visitor stands in the way of this one, and what to do about it."""
    rows = ask("rights.mine")["requests"]
    asked = {"kind": kind, "occupancy_id": occupancy_id, **about}
    standing = [one for one in rows if all(one[name] == value for name, value in asked.items())]
    before = next((Request.of(one) for one in standing if one["state"] == "asked"), None)
    if before is not None:
        title = _("U vroeg hierover al iets, en dat loopt nog")
        said = _(
            "Wij antwoorden ten laatste op %(day)s. Wilt u iets anders vragen over hetzelfde? Neem dan eerst uw "
            "vorige verzoek terug, en vraag het opnieuw.",
            day=saying.last_day(before.due_at),
        )
        words_of_link = _("Bekijk dat verzoek, of neem het terug")
    else:
        before = next((Request.of(one) for one in standing if one["state"] == "accepted"), None)
        title = _("Uw bezwaar hiertegen geldt al") if before else _("Er wachten al tien verzoeken van u")
        said = (
            _("U hoeft niets meer te doen. U kunt uw bezwaar wel terugnemen.")
            if before
            else _("Wacht tot wij er op een antwoorden, of neem er een terug.")
        )
        words_of_link = _("Bekijk uw verzoeken")
    anchor = f"verzoek-{before.request_id}" if before else None
    link = Link(url_for("rights.show", _anchor=anchor), words_of_link)
    return already(title, said, before.at if before else None, link, typed=words, active="rights")


def _missing(form: Mapping[str, Any], kind: str) -> dict[str, str]:
    """What a person can put right in the form."""
    errors: dict[str, str] = {}
    if kind == "objection" and form["waartegen"] not in {one.code for one in _all_grounds()}:
        errors["waartegen"] = WHICH
    stays = {point.occupancy_id for point in my_points()}
    if (form["adres"] or kind == "objection") and form["adres"] not in stays:
        errors["adres"] = WHERE
    if not form["uitleg"].strip():
        errors["uitleg"] = WORDS if kind == "rectification" else WHY
    return errors


def _messages(error: ValidationError, kind: str) -> dict[str, str]:
    """The sentences of a form's errors; what only a hand-made request can get wrong is one for the whole."""
    known = {
        "wat": WHAT,
        "waartegen": WHICH,
        "adres": WHERE,
        "uitleg": TOO_LONG
        if len(request.form.get("uitleg", "")) > LONGEST_WORDS
        else (WORDS if kind == "rectification" else WHY),
    }
    names: Sequence[str] = list(error.messages) if isinstance(error.messages, dict) else []
    return {name: known[name] for name in known if name in names} or {
        "uitleg": _("Vul het formulier opnieuw in.")
    }


def _rectification(errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "portal/rectification.html",
        me=visitor(),
        errors=errors or {},
        given=request.form,
        facts=FACTS,
        stays=my_points(),
    )


def _objection(errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "portal/objection.html",
        me=visitor(),
        errors=errors or {},
        given=request.form,
        possible=[one for one in _all_grounds() if not one.why_not],
        impossible=[one for one in _all_grounds() if one.why_not],
        stays=my_points(),
    )
