"""`/mijn/twijfel`: "this looks wrong" on a permission or a read, and what became of it, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.values import Period, parse_instant
from web import saying
from web.door import ask
from web.doubt_words import (
    CONCERNS,
    CONCERNS_OF_OTHERS,
    NEXT,
    NEXT_OF_ENDED,
    ORIGINS,
    STATES,
    STATES_OF_OTHERS,
    STEPPERS,
    STEPS,
)
from web.forms import Form, Lines, first_said, parse, parse_or_refuse
from web.language import _, lazy
from web.portal.already import Link, already
from web.portal.login import require_session, visitor
from web.portal.overview import my_permissions, my_points, names_of
from web.portal.shown import Party, Permission, Point, Statement

blueprint = Blueprint("doubting", __name__)

LONGEST_WORDS = 1000
LAST_INDEX = 2**53 - 1
WHAT = lazy("Kies wat er niet klopt.")
STRANGE = lazy("Hier staan vreemde tekens in.")


class DoubtForm(Form):
    """What looks wrong; nothing is chosen beforehand."""

    wat = fields.String(
        required=True,
        validate=validate.OneOf(CONCERNS, error=WHAT),
        error_messages={"required": WHAT},
    )
    uitleg = Lines(
        load_default="",
        validate=[
            validate.Length(
                max=LONGEST_WORDS,
                error=lazy("Schrijf ten hoogste %(longest_words)s tekens.", longest_words=LONGEST_WORDS),
            ),
            validate.Regexp(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z", error=STRANGE),
        ],
    )


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Step:
    """One step of a case; `index` is its line in the ledger."""

    words: str
    by: str
    at: datetime
    index: int


@dataclass(frozen=True)
class Case:
    """A case of doubt as its customer reads it. Deadlines are first moments that are too late."""

    case_id: str
    party: str
    party_id: str
    permission_id: str | None
    permission_is_over: bool
    occupancy_id: str
    concern: str
    state: str
    state_words: str
    badge: str
    next_words: str
    blocked_at: datetime
    is_blocked: bool
    contact_due_at: datetime | None
    evidence_due_at: datetime | None
    unblock_due_at: datetime | None
    closed_at: datetime | None
    gap: Period | None
    words: tuple[str, ...]
    others: tuple[str, ...]
    proofs: tuple[Mapping[str, Any], ...]
    steps: tuple[Step, ...]
    can_retract: bool
    is_yours: bool
    reported_at: datetime | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Case:
        state = str(answer["state"])
        gap = answer["gap"]
        signals = answer["signals"]
        is_yours = any(one["is_yours"] for one in signals)
        return cls(
            case_id=str(answer["case_id"]),
            party=str(answer["party"]["name"]),
            party_id=str(answer["party"]["id"]),
            permission_id=answer["permission_id"],
            permission_is_over=bool(answer["permission_is_over"]),
            occupancy_id=str(answer["occupancy_id"]),
            concern=(CONCERNS if is_yours else CONCERNS_OF_OTHERS)[answer["concern"]],
            state=state,
            state_words=STATES[state][0] if is_yours else STATES_OF_OTHERS.get(state, STATES[state][0]),
            badge=STATES[state][1],
            next_words=(NEXT_OF_ENDED if answer["permission_is_over"] else NEXT)[state],
            blocked_at=parse_instant(answer["blocked_at"]),
            is_blocked=bool(answer["is_blocked"]),
            contact_due_at=_instant(answer["contact_due_at"]),
            evidence_due_at=_instant(answer["evidence_due_at"]),
            unblock_due_at=_instant(answer["unblock_due_at"]),
            closed_at=_instant(answer["closed_at"]),
            gap=Period(parse_instant(gap["from"]), parse_instant(gap["until"])) if gap else None,
            words=tuple(one["words"] for one in signals if one["is_yours"] and one["words"]),
            others=tuple(ORIGINS[one["origin"]] for one in signals if not one["is_yours"]),
            proofs=tuple(answer["evidence"]),
            steps=tuple(
                Step(STEPS[one["event"]], STEPPERS[one["by"]], parse_instant(one["at"]), one["index"])
                for one in answer["history"]
            ),
            can_retract=bool(answer["can_retract"]),
            is_yours=is_yours,
            reported_at=next((parse_instant(one["at"]) for one in signals if one["is_yours"]), None),
        )


def standing_about(permission: Permission) -> Case | None:
    """Return the case that blocks a permission's party there: of this permission if there is one, else another."""
    cases = [Case.of(one) for one in ask("doubt.list", closed=False)["cases"]]
    there = (permission.party.party_id, permission.occupancy_id)
    own = [one for one in cases if (one.party_id, one.occupancy_id) == there]
    return min(own, key=lambda one: one.permission_id != permission.permission_id, default=None)


@blueprint.get("/mijn/twijfel")
@require_session
def everything() -> ResponseReturnValue:
    """List the visitor's cases."""
    me = visitor()  # first: the door lists cases for others too, in another form
    cases = [Case.of(one) for one in ask("doubt.list")["cases"]]
    return render_template("portal/doubts.html", me=me, cases=cases, point_names=names_of(my_points()))


@blueprint.get("/mijn/twijfel/<uuid:case_id>")
@require_session
def show(case_id: UUID) -> ResponseReturnValue:
    """Show one case: where it stands, what happens next, and by when."""
    return _case(case_id)


@blueprint.post("/mijn/twijfel/<uuid:case_id>/intrekken")
@require_session
def retract(case_id: UUID) -> ResponseReturnValue:
    """It was a mistake: the block ends at once. Pressed again, the page says how it ended before."""
    parse_or_refuse(Empty(), request.form)
    try:
        ask("doubt.retract", case_id=str(case_id))
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _case(case_id, is_late=True), 409
    return redirect(url_for("doubting.show", case_id=case_id), 303)


@blueprint.get("/mijn/toestemming/<uuid:permission_id>/twijfel")
@require_session
def about_permission(permission_id: UUID) -> ResponseReturnValue:
    """Ask what looks wrong about a permission."""
    return _form(_permission(permission_id))


@blueprint.post("/mijn/toestemming/<uuid:permission_id>/twijfel")
@require_session
def doubt_permission(permission_id: UUID) -> ResponseReturnValue:
    """Block its party, in the turn that writes it down."""
    try:
        form = parse(DoubtForm(), request.form)
    except ValidationError as error:
        return _form(_permission(permission_id), error=error), 400
    return _raise(form, str(permission_id), {"permission_id": str(permission_id)})


@blueprint.get("/mijn/gelezen/<int:index>/twijfel")
@require_session
def about_read(index: int) -> ResponseReturnValue:
    """Ask what looks wrong about a read in the visitor's own book."""
    return _form(read=_read(index))


@blueprint.post("/mijn/gelezen/<int:index>/twijfel")
@require_session
def doubt_read(index: int) -> ResponseReturnValue:
    """Block who read, where the read rested on a permission."""
    read = _read(index)
    try:
        form = parse(DoubtForm(), request.form)
    except ValidationError as error:
        return _form(read=read, error=error), 400
    return _raise(form, read.permission_id, {"index": index})


def about_doubt(arguments: Mapping[str, str], given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say what a report of doubt is about, for who comes back from a log-in: who will be blocked, where, and why."""
    party: Party | None
    if "index" in arguments:
        read = _read(int(arguments["index"]))
        party, stay, index = read.party, read.occupancy_ids[0], saying.count(read.index)
    else:
        permission = _permission(UUID(arguments["permission_id"]))
        party, stay, index = permission.party, permission.occupancy_id or "", ""
    points = {point.occupancy_id: point.name for point in my_points()}
    said = [
        (_("Wie wij blokkeren"), party.name if party else None),
        (_("Adres"), points.get(stay)),
        (_("Regel"), _("nr. %(index)s", index=index) if index else None),
        (_("Wat er niet klopt"), CONCERNS.get(given.get("wat", ""))),
    ]
    return [(name, str(words)) for name, words in said if words]


def _raise(
    form: Mapping[str, Any], permission_id: str | None, about: Mapping[str, Any]
) -> ResponseReturnValue:
    words = str(form["uitleg"]).replace("\r\n", "\n").strip()
    try:
        raised = ask("doubt.raise", concern=form["wat"], words=words, **about)
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _reported_before(permission_id, words, refusal)
    return redirect(url_for("doubting.show", case_id=raised["case"]["case_id"]), 303)


def _reported_before(permission_id: str | None, words: str, refusal: DoorRefusedError) -> ResponseReturnValue:
    """Answer a second press: what the visitor reported before, and when. Any other refusal goes on.

    What was written now is given back: it was not kept.
    """
    cases = [Case.of(one) for one in ask("doubt.list", closed=False)["cases"]]
    case = next((one for one in cases if one.is_yours and one.permission_id == permission_id), None)
    if case is None:
        raise refusal
    link = Link(url_for("doubting.show", case_id=case.case_id), _("Bekijk wat er met uw melding gebeurt"))
    return already(
        _("U meldde al twijfel over %(party)s", party=case.party),
        case.next_words,
        case.reported_at,
        link,
        typed=words,
    )


def _case(case_id: UUID, *, is_late: bool = False) -> str:
    me, case = visitor(), Case.of(ask("doubt.show", case_id=str(case_id))["case"])
    return render_template(
        "portal/doubt.html",
        me=me,
        case=case,
        point=next((one for one in my_points() if one.occupancy_id == case.occupancy_id), None),
        beside=_beside(case.party_id, case.occupancy_id) if case.is_blocked else [],
        point_names=names_of(my_points()),
        is_late=is_late,
    )


def _permission(permission_id: UUID) -> Permission:
    return Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])


def _read(index: int) -> Statement:
    """The read, or the refused one, by a party that this line of the visitor's own book tells; else there is none."""
    if index > LAST_INDEX:
        abort(404)
    rows = ask("statements.list", kind="reads", cursor=index + 1, limit=1)["statements"]
    own = [one for one in map(Statement.of, rows) if one.index == index and one.party is not None]
    read = next((one for one in own if one.is_by_consent or one.is_refusal), None)
    read = read or next((one for one in own if one.is_read), None)
    if read is None:
        abort(404)
    return read


def _doubted(read: Statement) -> Permission | None:
    """The permission that a read rested on, or was refused under; None where the line names none of the visitor's."""
    if read.permission_id is None:
        return None
    try:
        return _permission(UUID(read.permission_id))
    except DoorRefusedError as refusal:
        if refusal.code != "not-found":
            raise
        return None


def _beside(party_id: str, occupancy_id: str | None) -> list[tuple[Point, Permission]]:
    """What else the party may read at the same address: a block is of one energy, so each is doubted apart."""
    points = {one.occupancy_id: one for one in my_points()}
    here = points.get(occupancy_id or "")
    if here is None:
        return []
    return [
        (point, one)
        for one in my_permissions()
        if one.is_active and one.party.party_id == party_id and one.occupancy_id != occupancy_id
        if (point := points.get(one.occupancy_id or "")) is not None and point.address == here.address
    ]


def _form(
    permission: Permission | None = None,
    read: Statement | None = None,
    error: ValidationError | None = None,
) -> str:
    messages: Mapping[str, Any] = error.messages_dict if error is not None else {}
    about = permission or read
    doubted = permission or (_doubted(read) if read is not None else None)
    stay = doubted.occupancy_id if doubted else read.occupancy_ids[0] if read is not None else None
    return render_template(
        "portal/doubt_form.html",
        me=visitor(),
        party=about.party.name if about is not None and about.party is not None else "",
        permission=permission,
        is_over=doubted is not None and not doubted.is_waiting and not doubted.is_live,
        point=next((one for one in my_points() if one.occupancy_id == stay), None),
        beside=_beside(about.party.party_id, stay) if about is not None and about.party is not None else [],
        read=read,
        concerns=CONCERNS,
        given=request.form,
        errors={name: first_said(said) for name, said in messages.items()},
    )


def _instant(value: str | None) -> datetime | None:
    return parse_instant(value) if value else None
