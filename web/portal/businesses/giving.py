"""A business gives one party access to many of its access points: chosen from the list or by a file, confirmed once.

Whom, why, what and how long are asked as of everybody (`choosing`). What is chosen travels in the forms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from databeheer.door.client import DoorRefusedError
from databeheer.permissions.choosing import MOST_POINTS
from databeheer.values import format_instant
from web.door import ask
from web.forms import parse_or_refuse, take_up_again
from web.language import _
from web.portal import already, choosing, next_page, wording
from web.portal.businesses import file
from web.portal.businesses.lists import (
    Shown,
    by_address,
    decode,
    encode,
    points_of_business,
    searched,
    shown_after,
)
from web.portal.login import require_session, visitor
from web.portal.notice import Notice, notice_of_many
from web.portal.shown import Permission, Point

blueprint = Blueprint("giving", __name__)

_TICKED = ("punt", "adres")
_SELECTION = fields.String(load_default="", validate=validate.Length(max=400))


class TermsForm(choosing.ChoiceForm):
    """What is given, and which points are chosen so far; what is missing is asked again."""

    gekozen = _SELECTION


class PickForm(TermsForm):
    """A page of the list as it was sent: what it showed, and which button was pressed."""

    zoek = searched()
    getoond_zoek = searched(None)
    getoond_na = shown_after()
    doe = fields.String(
        load_default="begin",
        validate=validate.OneOf(
            ["begin", "zoek", "volgende", "bladzijde", "alles", "niets", "bestand", "na"]
        ),
    )


class ConfirmForm(TermsForm):
    """What was chosen, with the text that was read, and the number of the whole.

    `al`: for how many of them this stood already when the page was made; in a second window, or after the browser's
    back button, it is more by then.
    """

    al = fields.Integer(required=True, validate=validate.Range(0, MOST_POINTS))

    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    nummer = fields.UUID(required=True)


@dataclass(frozen=True)
class _Chosen:
    """Whom, for what, and of which points the business may choose."""

    party: choosing.Chosen
    offer: choosing.Offer
    longest: int
    points: tuple[Point, ...]

    @classmethod
    def of(cls, party_id: UUID, purpose: str) -> _Chosen:
        points = points_of_business()
        party, longest = choosing.party_of(party_id)
        return cls(party, party.offer(purpose), longest, points)


@blueprint.post("/mijn/kiezen/<uuid:party_id>/<purpose>/aansluitingen")
@require_session
def pick(party_id: UUID, purpose: str) -> ResponseReturnValue:
    """Ask for which points: a page of the list at a time, or by a file; then show all that was chosen once more."""
    form, ticked = _picked(request.form)
    about = _Chosen.of(party_id, purpose)
    missing = choosing.missing(about.offer, form, with_point=False)
    if missing or form["anders"] or about.party.why_not:
        return choosing.ask_what(about.party, about.offer, form, missing)
    chosen = set(decode(form["gekozen"], about.points))
    if form["doe"] == "bestand":
        content = _content()
        if content is None:
            return _ask_which(about, form, chosen, faults=(file.Fault(0, _("Kies eerst een bestand.")),))
        taken = file.take(content, {one.ean: one.occupancy_id for one in about.points})
        if taken.faults:
            return _ask_which(about, form, chosen, faults=taken.faults)
        return _check(about, form, taken.chosen)
    chosen = _with_ticked(about, form, chosen, ticked)
    if form["doe"] == "na":
        return _check(about, form, chosen)
    return _ask_which(about, form, chosen)


@blueprint.post("/mijn/kiezen/<uuid:party_id>/<purpose>/aansluitingen/toestaan")
@require_session
def confirm(party_id: UUID, purpose: str) -> ResponseReturnValue:
    """Give it for all of them, or for none."""
    form = parse_or_refuse(ConfirmForm(), request.form)
    about = _Chosen.of(party_id, purpose)
    chosen = decode(form["gekozen"], about.points)
    if choosing.missing(about.offer, form, with_point=False) or not _can_be_given(chosen):
        return _check(about, form, chosen)
    choice, notice = _complete(about, form, chosen)
    if form["notice_sha256"] != notice.sha256 or form["al"] != _standing(about, chosen):
        return _check(about, form, chosen)
    try:
        given = ask(
            "permission.choose_many",
            batch_id=str(form["nummer"]),
            party_id=str(party_id),
            purpose=purpose,
            granularity=choice.granularity,
            directions=list(choice.directions),
            data_from=format_instant(choice.data_from),
            data_until=format_instant(choice.data_until) if choice.data_until else None,
            valid_until=format_instant(choice.valid_until) if choice.valid_until else None,
            occupancy_ids=sorted(chosen),
            notice=notice.text,
            language=notice.language,
        )
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _given_before(party_id, refusal)
    said = {
        "party": about.party.party.name,
        "count": given["count"],
        "turns": [(given["first"], given["last"])],
    }
    next_page.says("given", said)
    return redirect(url_for("points.show"), 303)


def resume(arguments: Mapping[str, str], given: Mapping[str, str]) -> ResponseReturnValue:
    """Show once more what was about to be given, for the visitor to confirm."""
    form = take_up_again(TermsForm(), given)
    about = _Chosen.of(UUID(arguments["party_id"]), arguments["purpose"])
    return _check(about, form, decode(form["gekozen"], about.points), is_resumed=True)


def _picked(given: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The form, and what was ticked in it: the only fields that come more than once."""
    ticked = {name: given.getlist(name) for name in _TICKED}
    rest = MultiDict((name, value) for name, value in given.items(multi=True) if name not in _TICKED)
    return parse_or_refuse(PickForm(), rest), ticked


def _content() -> bytes | None:
    """The file that was sent; None where none was chosen. No more of it is read than may be."""
    if set(request.files) - {"bestand"}:
        raise BadRequest
    sent = request.files.get("bestand")
    return sent.stream.read(file.MOST_BYTES + 1) if sent is not None and sent.filename else None


def _with_ticked(
    about: _Chosen, form: Mapping[str, Any], chosen: Collection[str], ticked: Mapping[str, list[str]]
) -> set[str]:
    """What is chosen after this page: of the points that it showed those that are ticked, of all others as before."""
    own = {one.occupancy_id: one for one in about.points}
    if form["doe"] == "niets":
        return set()
    if form["doe"] == "alles":
        return set(own)
    if form["getoond_zoek"] is None:  # nothing was shown yet
        return set(chosen)
    shown = {
        one.occupancy_id for one in Shown.of(about.points, form["getoond_zoek"], form["getoond_na"]).points
    }
    if form["doe"] == "bladzijde":
        return set(chosen) | shown
    addresses = {own[one].address for one in ticked["adres"] if one in own}
    there = {one.occupancy_id for one in about.points if one.address in addresses}
    return (set(chosen) - shown) | (set(ticked["punt"]) & own.keys()) | there


def _can_be_given(chosen: Collection[str]) -> bool:
    return 0 < len(chosen) <= MOST_POINTS


def _ask_which(
    about: _Chosen,
    form: Mapping[str, Any],
    chosen: Collection[str],
    *,
    faults: Collection[file.Fault] = (),
    error: str | None = None,
) -> ResponseReturnValue:
    shown = Shown.of(about.points, form.get("zoek") or "", _begins(about, form))
    page = render_template(
        "portal/giving_which.html",
        me=visitor(),
        chosen=about.party,
        offer=about.offer,
        shown=shown,
        total=len(about.points),
        picked=frozenset(chosen),
        hidden=choosing.said(form) | {"gekozen": encode(chosen, about.points)},
        faults=list(faults)[: file.MOST_FAULTS],
        more_faults=max(0, len(faults) - file.MOST_FAULTS),
        error=error,
        most=MOST_POINTS,
    )
    return page, 400 if faults or error else 200


def _begins(about: _Chosen, form: Mapping[str, Any]) -> str:
    """Behind which point the page begins: the next one's, or the same again."""
    if form.get("getoond_zoek") is None or form["doe"] == "zoek":
        return ""
    if form["doe"] == "volgende":
        return Shown.of(about.points, form["getoond_zoek"], form["getoond_na"]).next or ""
    return str(form["getoond_na"])


def _check(
    about: _Chosen, form: Mapping[str, Any], chosen: Collection[str], *, is_resumed: bool = False
) -> ResponseReturnValue:
    missing = choosing.missing(about.offer, form, with_point=False)
    if missing or about.party.why_not:
        return choosing.ask_what(about.party, about.offer, form, missing)
    if not _can_be_given(chosen):
        error = (
            _(
                "U koos %(count)s aansluitingen. Kies er ten hoogste %(most)s tegelijk.",
                count=len(chosen),
                most=MOST_POINTS,
            )
            if chosen
            else _("Kies voor welke aansluitingen u gegevens wilt delen.")
        )
        return _ask_which(about, {**form, "doe": form.get("doe", "begin")}, chosen, error=error)
    _choice, notice = _complete(about, form, chosen)
    return render_template(
        "portal/giving_check.html",
        me=visitor(),
        chosen=about.party,
        offer=about.offer,
        notice=notice,
        places=by_address([one for one in about.points if one.occupancy_id in chosen]),
        count=len(chosen),
        total=len(about.points),
        standing=_standing(about, chosen),
        number=uuid4(),
        form=choosing.said(form) | {"gekozen": encode(chosen, about.points)},
        is_resumed=is_resumed,
    )


def _complete(
    about: _Chosen, form: Mapping[str, Any], chosen: Collection[str]
) -> tuple[choosing.Choice, Notice]:
    points = [one for one in about.points if one.occupancy_id in chosen]
    is_gas = all(one.commodity == "gas" for one in points)
    choice = choosing.choice_of(about.party, about.offer, form, about.longest, is_gas=is_gas)
    commodities = {one.commodity for one in points}
    commodity = commodities.pop() if len(commodities) == 1 else ""
    data = wording.data_words("readings", choice.directions, choice.granularity, commodity)
    return choice, notice_of_many(choice, data, points)


def _standing(about: _Chosen, chosen: Collection[str]) -> int:
    """For how many of these points the party has a permission for this already."""
    given = ask("business.given", party_id=about.party.party.party_id)["permissions"]
    has = {row["occupancy_id"] for row in given if row["purpose"] == about.offer.purpose}
    return len(has & set(chosen))


def _given_before(party_id: UUID, refusal: DoorRefusedError) -> ResponseReturnValue:
    """A second press of one button, or a second window: what this party has by now. Any other refusal goes on."""
    given = ask("business.given", party_id=str(party_id))["permissions"]
    if not given:
        raise refusal
    newest = Permission.of(ask("permission.show", permission_id=given[0]["permission_id"])["permission"])
    return already.granted_meanwhile(newest)
