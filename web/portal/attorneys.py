"""`/mijn/volmacht`: give somebody a power of attorney, take one up with a code, and end one in one step.

The visitor learns of nobody whether he has a log-in here: she names him, and hands him the code herself.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import MistypedCodeError
from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.identity.attorneys import LONGEST
from databeheer.values import parse_day, parse_instant
from web.door import ask
from web.forms import FORM_GUARD, Form, parse_or_refuse
from web.language import _, lazy
from web.portal.already import Link, already
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.shown import Point

blueprint = Blueprint("attorneys", __name__)

LONGEST_NAME = 100
MOST_STAYS = 500
TERMS = {
    "30-dagen": lazy("30 dagen"),
    "3-maanden": lazy("3 maanden"),
    "6-maanden": lazy("6 maanden"),
    "1-jaar": lazy("1 jaar"),
}
"""How long a power can be given for, in calendar months but for the first; the door allows no longer."""
_MONTHS = {"3-maanden": 3, "6-maanden": 6, "1-jaar": 12}
DECIDES = {
    "kijken": lazy("Alleen kijken"),
    "beslissen": lazy("Kijken en beslissen"),
}
UNKNOWN = "attorney-code-unknown"


class NameField(fields.String):
    """A name on one line."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        typed = " ".join(str(super()._deserialize(value, attr, data, **kwargs)).split())
        if not typed or len(typed) > LONGEST_NAME or not typed.isprintable():
            raise ValidationError(_("Vul de voornaam en de naam in."))
        return typed


class StaysField(fields.Field[list[str]]):
    """Stays in one field, as the page that checks the answers sends them on."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        typed = value.split() if isinstance(value, str) else []
        if not typed or len(typed) > MOST_STAYS:
            raise ValidationError("stays")
        return [str(fields.UUID().deserialize(one)) for one in typed]


class GiveForm(Form):
    """What was checked: whom, where, what, how long; and the invitation's own name, so that it is made once."""

    invitation_id = fields.UUID(required=True)
    naam = NameField(required=True)
    adressen = StaysField(required=True)
    wat = fields.String(required=True, validate=validate.OneOf(DECIDES))
    duur = fields.String(required=True, validate=validate.OneOf(TERMS))


class CodeForm(Form):
    """The code, as somebody types it."""

    code = fields.String(required=True)


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Power:
    """A power, or an invitation to one; `until` is the first day without it."""

    key: str
    name: str
    decides: bool
    until: date
    places: tuple[Mapping[str, str], ...]
    begins: date | None = None
    code: str = ""
    expires_at: datetime | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Power:
        return cls(
            key=str(answer.get("representation_id") or answer["invitation_id"]),
            name=str(answer["name"]),
            decides=bool(answer["decides"]),
            until=parse_day(answer["until"]),
            places=tuple(answer.get("places", ())),
            begins=parse_day(answer["from"]) if "from" in answer else None,
            code=str(answer.get("code", "")),
            expires_at=parse_instant(answer["expires_at"]) if "expires_at" in answer else None,
        )


@blueprint.get("/mijn/volmacht")
@require_session
def show() -> ResponseReturnValue:
    """List what the visitor gave, what waits, and what was given to him; himself, whoever he acts for."""
    me, found, acting = visitor(), ask("attorney.show"), ask("representation.show")["acting"]
    return render_template(
        "portal/attorneys.html",
        me=me,
        acting=acting,
        invitations=[Power.of(one) for one in found["invitations"]],
        given=[Power.of(one) for one in found["given"]],
        held=[Power.of(one) for one in found["held"]],
    )


@blueprint.get("/mijn/volmacht/geven")
@require_session
def begin() -> ResponseReturnValue:
    """Ask whom, for which addresses, what and how long; nothing is chosen in advance."""
    return _form({})


@blueprint.post("/mijn/volmacht/nakijken")
@require_session
def check() -> ResponseReturnValue:
    """Show the answers once more; nothing is given yet."""
    known = {"naam", "adres", "wat", "duur", FORM_GUARD}
    if not set(request.form) <= known or any(
        len(request.form.getlist(name)) > 1 for name in known - {"adres"}
    ):
        parse_or_refuse(Empty(), request.form)
    points = {one.occupancy_id: one for one in _points()}
    chosen = [points[one] for one in dict.fromkeys(request.form.getlist("adres")) if one in points]
    wrong: dict[str, str] = {}
    name = ""
    try:
        name = NameField().deserialize(request.form.get("naam", ""))
    except ValidationError as error:
        wrong["naam"] = str(error.messages[0])
    if not chosen:
        wrong["adres"] = _("Kies minstens één adres.")
    if request.form.get("wat") not in DECIDES:
        wrong["wat"] = _("Kies wat die persoon mag.")
    if request.form.get("duur") not in TERMS:
        wrong["duur"] = _("Kies tot wanneer.")
    if wrong:
        return _form(wrong)
    given = {"naam": name, "wat": request.form["wat"], "duur": request.form["duur"]}
    return _checked(str(uuid4()), given, chosen)


@blueprint.post("/mijn/volmacht/geven")
@require_session
def give() -> ResponseReturnValue:
    """Make the invitation; sent twice, it is made once."""
    form = parse_or_refuse(GiveForm(), request.form)
    try:
        ask(
            "attorney.invite",
            invitation_id=str(form["invitation_id"]),
            name=form["naam"],
            stays=form["adressen"],
            decides=form["wat"] == "beslissen",
            until_day=_until(form["duur"]).isoformat(),
        )
    except DoorRefusedError as refusal:
        waiting = {one["invitation_id"] for one in ask("attorney.show")["invitations"]}
        if refusal.code != "conflict" or str(form["invitation_id"]) not in waiting:
            raise
    flash(_("De uitnodiging is klaar. Geef de code zelf aan %(name)s.", name=form["naam"]), "good")
    return redirect(url_for("attorneys.show"), 303)


def resume(_arguments: Mapping[str, str], given: Mapping[str, str]) -> ResponseReturnValue:
    """Show once more what she was about to give to whom, for her to confirm; what is not whole is asked anew."""
    try:
        form = GiveForm().load(dict(given))
    except ValidationError:
        return _form({})
    chosen = [one for one in _points() if one.occupancy_id in form["adressen"]]
    if not chosen:
        return _form({})
    return _checked(str(form["invitation_id"]), form, chosen, is_resumed=True)


@blueprint.post("/mijn/volmacht/uitnodiging/<uuid:invitation_id>/intrekken")
@require_session
def cancel(invitation_id: UUID) -> ResponseReturnValue:
    """Withdraw an invitation; of one that was taken up, or withdrawn before, the page says so."""
    parse_or_refuse(Empty(), request.form)
    return _ended(
        "attorney.cancel",
        {"invitation_id": str(invitation_id)},
        before=_("Deze uitnodiging was al aangenomen of ingetrokken"),
    )


@blueprint.post("/mijn/volmacht/<uuid:representation_id>/stoppen")
@require_session
def end(representation_id: UUID) -> ResponseReturnValue:
    """End a power that the visitor gave, or lay down one that he holds, at once."""
    parse_or_refuse(Empty(), request.form)
    return _ended(
        "attorney.end",
        {"representation_id": str(representation_id)},
        before=_("Deze volmacht was al gestopt"),
    )


@blueprint.get("/mijn/volmacht/code")
@require_session
def enter_code() -> ResponseReturnValue:
    """Ask for the code that somebody gave the visitor."""
    return render_template("portal/attorney_code.html", me=visitor())


@blueprint.post("/mijn/volmacht/code")
@require_session
def look() -> ResponseReturnValue:
    """Show what the visitor would take up."""
    typed = parse_or_refuse(CodeForm(), request.form)["code"]
    try:
        code = codes.parse(typed).shown
        offered = ask("attorney.look", code=code)
    except MistypedCodeError:
        return render_template("portal/attorney_code.html", me=visitor(), wrong="mistyped", typed=typed), 400
    except DoorRefusedError as refusal:
        return _no_code(refusal)
    return render_template(
        "portal/attorney_offer.html",
        me=visitor(),
        code=code,
        offered=offered,
        until=parse_day(offered["until"]),
    )


@blueprint.post("/mijn/volmacht/aannemen")
@require_session
def take_up() -> ResponseReturnValue:
    """Take the power up."""
    code = parse_or_refuse(CodeForm(), request.form)["code"]
    try:
        ask("attorney.take_up", code=code)
    except DoorRefusedError as refusal:
        return _no_code(refusal)
    flash(_("U hebt de volmacht aangenomen."), "good")
    return redirect(url_for("attorneys.show"), 303)


def _no_code(refusal: DoorRefusedError) -> ResponseReturnValue:
    if refusal.code not in (UNKNOWN, MistypedCodeError.code):
        raise refusal
    return render_template("portal/attorney_code.html", me=visitor(), wrong="unknown"), 404


def _ended(command: str, which: dict[str, Any], before: str) -> ResponseReturnValue:
    try:
        ask(command, **which)
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        link = Link(url_for("attorneys.show"), _("Bekijk uw volmachten"))
        return already(
            before,
            _("Bij ‘Volmachten’ ziet u welke nu gelden, en kunt u ze stoppen."),
            None,
            link,
            active="attorneys",
        )
    flash(_("Gestopt. Dit geldt meteen."), "good")
    return redirect(url_for("attorneys.show"), 303)


def _checked(
    invitation_id: str, given: Mapping[str, Any], chosen: Sequence[Point], *, is_resumed: bool = False
) -> str:
    """All answers once more; nothing is given yet."""
    answers = {name: str(given[name]) for name in ("naam", "wat", "duur")}
    return render_template(
        "portal/attorney_check.html",
        me=visitor(),
        answers=answers
        | {"invitation_id": invitation_id, "adressen": " ".join(one.occupancy_id for one in chosen)},
        points=chosen,
        what=DECIDES[answers["wat"]],
        until=_until(answers["duur"]),
        is_resumed=is_resumed,
    )


def _form(wrong: Mapping[str, str]) -> ResponseReturnValue:
    """The form, with what is wrong beside it."""
    if visitor()["is_represented"] or visitor()["business"]:
        return redirect(url_for("attorneys.show"), 303)
    page = render_template(
        "portal/attorney_form.html",
        me=visitor(),
        wrong=wrong,
        points=_points(),
        given=request.form,
        chosen=request.form.getlist("adres"),
        choices=DECIDES,
        terms={term: (words, _until(term)) for term, words in TERMS.items()},
    )
    return page, 400 if wrong else 200


def _points() -> list[Point]:
    return [one for one in my_points() if one.ends is None]


def _until(term: str) -> date:
    """The first day without it, for one that is given now."""
    now: datetime = current_app.config["WEB_CLOCK"].now()
    return first_day_without(day_of(now), term)


def first_day_without(today: date, term: str) -> date:
    """The first day without a power that is given today.

    A month ends on the same day of another month, or on its last day where it has none such; never is it longer than
    the door allows.
    """
    if term not in _MONTHS:
        return today + timedelta(days=31)
    months = today.month - 1 + _MONTHS[term]
    year, month = today.year + months // 12, months % 12 + 1
    last = today.replace(year=year, month=month, day=min(today.day, monthrange(year, month)[1]))
    return min(last + timedelta(days=1), today + LONGEST)
