"""`/mijn/twijfel`: "this looks wrong" on a permission or a read, and what became of it, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.values import Period, parse_instant
from web.door import ask
from web.doubt_words import (
    CONCERNS,
    CONCERNS_OF_OTHERS,
    NEXT,
    ORIGINS,
    STATES,
    STATES_OF_OTHERS,
    STEPPERS,
    STEPS,
)
from web.forms import Form, parse, parse_or_refuse
from web.portal.login import require_session, visitor
from web.portal.overview import my_points, names_of

blueprint = Blueprint("doubting", __name__)

LONGEST_WORDS = 1000


class DoubtForm(Form):
    """What looks wrong; nothing is chosen beforehand."""

    wat = fields.String(
        required=True,
        validate=validate.OneOf(CONCERNS),
        error_messages={"required": "Kies wat er niet klopt."},
    )
    uitleg = fields.String(
        load_default="",
        validate=[
            validate.Length(max=LONGEST_WORDS, error=f"Schrijf ten hoogste {LONGEST_WORDS} tekens."),
            validate.Regexp(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z", error="Hier staan vreemde tekens in."),
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
    permission_id: str | None
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

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Case:
        state = str(answer["state"])
        gap = answer["gap"]
        signals = answer["signals"]
        is_yours = any(one["is_yours"] for one in signals)
        return cls(
            case_id=str(answer["case_id"]),
            party=str(answer["party"]["name"]),
            permission_id=answer["permission_id"],
            occupancy_id=str(answer["occupancy_id"]),
            concern=(CONCERNS if is_yours else CONCERNS_OF_OTHERS)[answer["concern"]],
            state=state,
            state_words=STATES[state][0] if is_yours else STATES_OF_OTHERS.get(state, STATES[state][0]),
            badge=STATES[state][1],
            next_words=NEXT[state],
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
        )


@blueprint.get("/mijn/twijfel")
@require_session
def everything() -> ResponseReturnValue:
    """List the visitor's cases."""
    cases = [Case.of(one) for one in ask("doubt.list")["cases"]]
    return render_template("portal/doubts.html", me=visitor(), cases=cases, point_names=names_of(my_points()))


@blueprint.get("/mijn/twijfel/<uuid:case_id>")
@require_session
def show(case_id: UUID) -> ResponseReturnValue:
    """Show one case: where it stands, what happens next, and by when."""
    return render_template(
        "portal/doubt.html",
        me=visitor(),
        case=Case.of(ask("doubt.show", case_id=str(case_id))["case"]),
        point_names=names_of(my_points()),
    )


@blueprint.post("/mijn/twijfel/<uuid:case_id>/intrekken")
@require_session
def retract(case_id: UUID) -> ResponseReturnValue:
    """It was a mistake: the block ends at once."""
    parse_or_refuse(Empty(), request.form)
    ask("doubt.retract", case_id=str(case_id))
    return redirect(url_for("doubting.show", case_id=case_id), 303)


@blueprint.get("/mijn/toestemming/<uuid:permission_id>/twijfel")
@require_session
def about_permission(permission_id: UUID) -> ResponseReturnValue:
    """Ask what looks wrong about a permission."""
    return _form(_named(permission_id))


@blueprint.post("/mijn/toestemming/<uuid:permission_id>/twijfel")
@require_session
def doubt_permission(permission_id: UUID) -> ResponseReturnValue:
    """Block its party, in the turn that writes it down."""
    try:
        form = parse(DoubtForm(), request.form)
    except ValidationError as error:
        return _form(_named(permission_id), error), 400
    return _raise(form, permission_id=str(permission_id))


@blueprint.get("/mijn/gelezen/<int:index>/twijfel")
@require_session
def about_read(index: int) -> ResponseReturnValue:
    """Ask what looks wrong about a read."""
    return _form(None)


@blueprint.post("/mijn/gelezen/<int:index>/twijfel")
@require_session
def doubt_read(index: int) -> ResponseReturnValue:
    """Block who read, where the read rested on a permission."""
    try:
        form = parse(DoubtForm(), request.form)
    except ValidationError as error:
        return _form(None, error), 400
    return _raise(form, index=index)


def _raise(form: Mapping[str, Any], **about: Any) -> ResponseReturnValue:
    words = str(form["uitleg"]).replace("\r\n", "\n").strip()
    raised = ask("doubt.raise", concern=form["wat"], words=words, **about)
    return redirect(url_for("doubting.show", case_id=raised["case"]["case_id"]), 303)


def _named(permission_id: UUID) -> str:
    permission = ask("permission.show", permission_id=str(permission_id))["permission"]
    return str(permission["party"]["name"])


def _form(party: str | None, error: ValidationError | None = None) -> str:
    messages: Mapping[str, Any] = error.messages_dict if error is not None else {}
    return render_template(
        "portal/doubt_form.html",
        me=visitor(),
        party=party,
        concerns=CONCERNS,
        given=request.form,
        errors={name: said[0] for name, said in messages.items()},
    )


def _instant(value: str | None) -> datetime | None:
    return parse_instant(value) if value else None
