"""`/mijn/kiezen`: the visitor chooses herself whom to give access, for what, and how much; nobody asked (R18, R33).

One question a page: whom, why, what and how long, and all of it once more before she confirms. What she chose travels
in the forms. An address names a party and a purpose of the public register alone, never hers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of, midnight
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.values import Granularity, format_instant
from web.door import ask
from web.forms import Form, parse_or_refuse, take_up_again
from web.language import _, lazy
from web.portal import already, permissions, picture, wording
from web.portal.login import require_session, visitor
from web.portal.notice import Notice, notice_of_choice
from web.portal.overview import my_points
from web.portal.shown import Party, Permission, Point

blueprint = Blueprint("choosing", __name__)

PERIODS = {
    "nieuw": lazy("Alleen nieuwe gegevens, vanaf vandaag"),
    "beide": lazy("Nieuwe gegevens, en die van het voorbije jaar"),
    "vroeger": lazy("Alleen gegevens van het voorbije jaar"),
}
TERMS = {
    "maanden": lazy("3 maanden"),
    "jaar": lazy("1 jaar"),
    "zelf": lazy("Tot ik het intrek"),
}
DIRECTIONS = {
    "afname": ("offtake",),
    "beide": ("offtake", "injection"),
}
WHY_NOT: Mapping[str, str] = {
    "party_suspended": lazy("Deze dienst is geschorst en krijgt nu van niemand gegevens."),
    "no_data_access_contract": lazy("Deze dienst heeft geen contract met de netbeheerder."),
    "no_dpia": lazy("Deze dienst toonde nog niet hoe ze de risico's voor uw privacy beperkt."),
    "no_processing_overview": lazy("Deze dienst maakt nog niet bekend wat ze met gegevens doet."),
    "no_doubt_contact": lazy("Deze dienst zei nog niet wie u bereikt als u twijfelt."),
}
OTHER_WHY_NOT = lazy("Deze dienst is nog niet in orde met wat de wet vraagt.")


class SearchQuery(Form):
    """A part of a name."""

    naam = fields.String(load_default="", validate=validate.Length(max=100))


class ChoiceForm(Form):
    """What the visitor chose; what is not chosen yet is asked again."""

    occupancy_id = fields.UUID(load_default=None)
    fijn = fields.String(load_default=None, validate=validate.OneOf([one.value for one in Granularity]))
    richting = fields.String(load_default=None, validate=validate.OneOf(list(DIRECTIONS)))
    periode = fields.String(load_default=None, validate=validate.OneOf(list(PERIODS)))
    duur = fields.String(load_default=None, validate=validate.OneOf(list(TERMS)))
    anders = fields.String(load_default=None, validate=validate.Equal("1"))


class ConfirmForm(ChoiceForm):
    """The same once more, with the text that was read, and the number that what is given will have."""

    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    nummer = fields.UUID(required=True)


@dataclass(frozen=True)
class Offer:
    """What a party can be given for one purpose."""

    purpose: str
    words: str
    finest: Granularity
    directions: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """A party of the register, what it offers, and why it cannot be chosen; empty where it can."""

    party: Party
    offers: tuple[Offer, ...]
    why_not: tuple[str, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Chosen:
        return cls(
            Party.of(row),
            tuple(
                Offer(
                    str(one["purpose"]),
                    wording.PURPOSES[str(one["purpose"])],
                    Granularity(one["finest"]),
                    tuple(one["directions"]),
                )
                for one in row["offers"]
            ),
            tuple(WHY_NOT.get(code, OTHER_WHY_NOT) for code in row["missing"]),
        )

    def offer(self, purpose: str) -> Offer:
        """Return what it offers for a purpose; 404 where it does not."""
        found = next((one for one in self.offers if one.purpose == purpose), None)
        return found if found is not None else abort(404)


@dataclass(frozen=True)
class Choice:
    """What the visitor would give, complete: read by the notice as a request is."""

    party: Party
    purpose: str
    reveals: str
    data_from: datetime
    data_until: datetime | None
    valid_until: datetime | None
    longest_days: int
    granularity: str
    directions: tuple[str, ...]
    split_at: datetime | None = None
    has_both_parts: bool = False
    is_only_new: bool = False


@blueprint.get("/mijn/kiezen")
@require_session
def show() -> ResponseReturnValue:
    """Search the register for whom to give access."""
    name = parse_or_refuse(SearchQuery(), request.args)["naam"].strip()
    answer = ask("permission.offered", name=name)
    found = [Chosen.of(row) for row in answer["parties"]]
    return render_template(
        "portal/choosing.html", me=visitor(), name=name, found=found, more=bool(answer["more"])
    )


@blueprint.get("/mijn/kiezen/<uuid:party_id>")
@require_session
def show_party(party_id: UUID) -> ResponseReturnValue:
    """Ask why: one of the purposes that this party offers."""
    chosen, _longest = party_of(party_id)
    return render_template("portal/choosing_why.html", me=visitor(), chosen=chosen)


@blueprint.get("/mijn/kiezen/<uuid:party_id>/<purpose>")
@require_session
def show_offer(party_id: UUID, purpose: str) -> ResponseReturnValue:
    """Ask what and how long; nothing is ticked beforehand."""
    chosen, _longest = party_of(party_id)
    return ask_what(chosen, chosen.offer(purpose), {}, {})


@blueprint.post("/mijn/kiezen/<uuid:party_id>/<purpose>")
@require_session
def check(party_id: UUID, purpose: str) -> ResponseReturnValue:
    """Show all that was chosen once more, before anything happens; or ask what is missing."""
    form = parse_or_refuse(ChoiceForm(), request.form)
    chosen, longest = party_of(party_id)
    return _check(chosen, chosen.offer(purpose), form, longest)


@blueprint.post("/mijn/kiezen/<uuid:party_id>/<purpose>/toestaan")
@require_session
def confirm(party_id: UUID, purpose: str) -> ResponseReturnValue:
    """Give it."""
    form = parse_or_refuse(ConfirmForm(), request.form)
    chosen, longest = party_of(party_id)
    offer = chosen.offer(purpose)
    point, choice, notice = _complete(chosen, offer, form, longest)
    if point is None or choice is None or notice is None or form["notice_sha256"] != notice.sha256:
        return _check(chosen, offer, form, longest)
    number = str(form["nummer"])
    try:
        given = ask(
            "permission.choose",
            permission_id=number,
            party_id=str(party_id),
            purpose=purpose,
            granularity=choice.granularity,
            directions=list(choice.directions),
            data_from=format_instant(choice.data_from),
            data_until=format_instant(choice.data_until) if choice.data_until else None,
            valid_until=format_instant(choice.valid_until) if choice.valid_until else None,
            occupancy_id=point.occupancy_id,
            notice=notice.text,
            language=notice.language,
        )
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _given_before(number, refusal)
    return permissions.answered_with(UUID(number), given)


def resume(arguments: Mapping[str, str], given: Mapping[str, str]) -> ResponseReturnValue:
    """Show once more what the visitor was about to give, for her to confirm."""
    form = take_up_again(ChoiceForm(), given)
    chosen, longest = party_of(UUID(arguments["party_id"]))
    return _check(chosen, chosen.offer(arguments["purpose"]), form, longest, is_resumed=True)


def _given_before(number: str, refusal: DoorRefusedError) -> ResponseReturnValue:
    """A second press of one button: what it gave. Else why it cannot be given stands on the party's page."""
    try:
        permission = Permission.of(ask("permission.show", permission_id=number)["permission"])
    except DoorRefusedError as unknown:
        raise refusal from unknown
    if permission.is_live:
        return already.granted_meanwhile(permission)
    if permission.waits_for_others:
        return already.waits_for_others(permission)
    return already.permission_ended(permission)


def party_of(party_id: UUID) -> tuple[Chosen, int]:
    """One party that can be chosen, or says why not; 404 for any other. With the longest term of a permission."""
    answer = ask("permission.offered", party_id=str(party_id))
    if not answer["parties"]:
        abort(404)
    return Chosen.of(answer["parties"][0]), int(answer["longest_days"])


def _check(
    chosen: Chosen,
    offer: Offer,
    form: Mapping[str, Any],
    longest: int,
    *,
    is_resumed: bool = False,
) -> ResponseReturnValue:
    point, choice, notice = _complete(chosen, offer, form, longest)
    if point is None or choice is None or notice is None:
        return ask_what(chosen, offer, form, missing(offer, form))
    if form["anders"]:
        return ask_what(chosen, offer, form, {})
    return render_template(
        "portal/choosing_check.html",
        me=visitor(),
        chosen=chosen,
        offer=offer,
        point=point,
        notice=notice,
        number=uuid4(),
        standing=_standing(choice, point),
        form=said(form),
        is_resumed=is_resumed,
    )


def _standing(choice: Choice, point: Point) -> Permission | None:
    """What the visitor gave this party for this before, and stands: as where she came back by the browser's button."""
    found = ask("permission.list", state="active", limit=100)["permissions"]
    return next(
        (
            one
            for one in map(Permission.of, found)
            if (one.party.party_id, str(one.purpose), one.occupancy_id)
            == (choice.party.party_id, str(choice.purpose), point.occupancy_id)
        ),
        None,
    )


def ask_what(
    chosen: Chosen, offer: Offer, form: Mapping[str, Any], errors: Mapping[str, str]
) -> ResponseReturnValue:
    points = _points()
    page = render_template(
        "portal/choosing_what.html",
        me=visitor(),
        chosen=chosen,
        offer=offer,
        points=points,
        granularities=_granularities(offer, points),
        periods=PERIODS,
        terms=TERMS,
        has_injection="injection" in offer.directions,
        form=said(form),
        errors=errors,
        picture=picture.of_points(points) if points else None,
    )
    return page, 400 if errors else 200


def _complete(
    chosen: Chosen, offer: Offer, form: Mapping[str, Any], longest: int
) -> tuple[Point | None, Choice | None, Notice | None]:
    """What was chosen, with the text to read; None where something is missing, or is not the visitor's."""
    point = next((one for one in _points() if one.occupancy_id == str(form["occupancy_id"])), None)
    if chosen.why_not or point is None or missing(offer, form):
        return None, None, None
    is_gas = point.commodity == "gas"
    choice = choice_of(chosen, offer, form, longest, since=point.begins, is_gas=is_gas)
    data = wording.data_words("readings", choice.directions, choice.granularity, point.commodity)
    return point, choice, notice_of_choice(choice, data, point)


def choice_of(
    chosen: Chosen,
    offer: Offer,
    form: Mapping[str, Any],
    longest: int,
    *,
    since: date | None = None,
    is_gas: bool = False,
) -> Choice:
    """What was chosen, but for which access point; `since` which day there can be data at all."""
    today = day_of(_now())
    begins = _a_year_before(today) if since is None else max(_a_year_before(today), since)
    directions = DIRECTIONS[form["richting"]] if "injection" in offer.directions else DIRECTIONS["afname"]
    return Choice(
        party=chosen.party,
        purpose=offer.words,
        reveals=wording.REVEALS[form["fijn"]],
        data_from=midnight(today if form["periode"] == "nieuw" else begins),
        data_until=midnight(today) if form["periode"] == "vroeger" else None,
        valid_until=_ends(form["duur"], today),
        longest_days=longest,
        granularity=str(form["fijn"]),
        directions=DIRECTIONS["afname"] if is_gas else directions,
        is_only_new=form["periode"] == "nieuw",
    )


def missing(offer: Offer, form: Mapping[str, Any], *, with_point: bool = True) -> dict[str, str]:
    """What is still to be chosen, by the field, with what to say beside it; `with_point`: an access point too."""
    says = {
        "occupancy_id": _("Kies voor welk adres u gegevens wilt delen."),
        "fijn": _("Kies hoe fijn de gegevens mogen zijn."),
        "richting": _("Kies welke gegevens u wilt delen."),
        "periode": _("Kies over welke tijd u gegevens wilt delen."),
        "duur": _("Kies hoelang dit mag."),
    }
    if "injection" not in offer.directions:
        del says["richting"]
    if not with_point:
        del says["occupancy_id"]
    found = {name: words for name, words in says.items() if not form.get(name)}
    if form.get("fijn") and Granularity(form["fijn"]).is_finer_than(offer.finest):
        found["fijn"] = says["fijn"]
    own = {one.occupancy_id for one in _points()} if with_point else set()
    if with_point and form.get("occupancy_id") and str(form["occupancy_id"]) not in own:
        found["occupancy_id"] = says["occupancy_id"]
    return found


def _granularities(offer: Offer, points: Sequence[Point]) -> list[tuple[str, str, str]]:
    """What can be chosen, from coarse to fine, with what each shows; of gas alone an hour is the finest."""
    has_electricity = any(point.commodity == "electricity" for point in points)
    return [
        (one.value, wording.GRANULARITIES[one.value], wording.REVEALS[one.value])
        for one in reversed(Granularity)
        if not one.is_finer_than(offer.finest) and (has_electricity or one is not Granularity.QUARTER_HOUR)
    ]


def said(form: Mapping[str, Any]) -> dict[str, str]:
    names = ("occupancy_id", "fijn", "richting", "periode", "duur", "gekozen")
    return {name: str(form[name]) for name in names if form.get(name)}


def _points() -> tuple[Point, ...]:
    return tuple(point for point in my_points() if point.ends is None)


def _ends(term: str, today: date) -> datetime | None:
    """The first moment after the chosen term: whole Brussels days."""
    if term == "zelf":
        return None
    if term == "jaar":
        return midnight(_moved(today, 12))
    return midnight(_moved(today, 3))


def _a_year_before(day: date) -> date:
    return _moved(day, -12)


def _moved(day: date, months: int) -> date:
    """The same day so many months on, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def _now() -> datetime:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return clock.now()
