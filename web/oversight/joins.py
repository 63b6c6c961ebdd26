"""`/toezicht/koppelingen`: the list that the regulator signed, what was run under it, and what was refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of, midnight
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.joins.reasons import SENTENCES, JoinReason
from databeheer.values import format_instant
from web.door import ask
from web.forms import ONE_LINE, Form, no_ean, parse_or_refuse, parse_or_tell
from web.oversight.guard import require_inspector
from web.public.joins import join_list

blueprint = Blueprint("oversight_joins", __name__)

MONTHS = 3
WISHES: dict[str, dict[str, str]] = {
    "lawful": {
        "case_id": "area-month-statistics",
        "purpose": "statistics",
        "requester_note": "TOEZICHT-STATISTIEK",
    },
    "unlawful": {
        "case_id": "consumption-with-addresses",
        "purpose": "marketing",
        "requester_note": "TOEZICHT-PROEF",
    },
}
"""What an inspector can try: a case of the list, and one that is not on it. Both are recorded."""


NUMBER = r"necessity/[a-z0-9]+([-_][a-z0-9]+)*\Z"
WORDS, VERDICT = "Zeg waarom, in 3 tot 500 tekens.", "Kies wat u ervan vindt."
ANSWERED = "Dat kan niet meer: er is al geantwoord, het is voorbij, of u vroeg het zelf."
WAIT_STATES = {
    "waiting": "wacht",
    "run": "uitgevoerd",
    "refused": "niet akkoord",
    "withdrawn": "teruggenomen",
    "void": "vervallen",
}


class AnswerForm(Form):
    """Whether an inspector agrees to a join that somebody else asked."""

    vraag = fields.UUID(required=True)
    antwoord = fields.String(required=True, validate=validate.OneOf(["akkoord", "niet"]))


class OpinionForm(Form):
    """What an inspector thinks of a record of necessity."""

    nummer = fields.String(required=True, validate=[validate.Length(max=60), validate.Regexp(NUMBER)])
    oordeel = fields.String(
        required=True,
        validate=validate.OneOf(["accepts", "objects"], error=VERDICT),
        error_messages={"required": VERDICT},
    )
    woorden = fields.String(
        required=True,
        validate=[
            validate.Length(3, 500, error=WORDS),
            validate.Regexp(ONE_LINE, error="Hier staan vreemde tekens in."),
            no_ean,
        ],
        error_messages={"required": WORDS},
    )


class RunForm(Form):
    """Which of the two."""

    wish = fields.String(required=True, validate=validate.OneOf(list(WISHES)))


@blueprint.get("/toezicht/koppelingen")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the list and the newest runs and refusals."""
    return _page()


@blueprint.post("/toezicht/koppelingen")
@require_inspector
def run() -> ResponseReturnValue:
    """Run one join as the regulator, or see one refused."""
    wish = parse_or_refuse(RunForm(), request.form)["wish"]
    clock: Clock = current_app.config["WEB_CLOCK"]
    asked: dict[str, Any] = WISHES[wish] | whole_months(clock.now(), MONTHS)
    try:
        released = ask("joins.run", **asked)
    except DoorRefusedError as refusal:
        if refusal.index is None:
            raise
        return _page(refused=refusal)
    return _page(released=released)


@blueprint.post("/toezicht/koppelingen/antwoord")
@require_inspector
def answer() -> ResponseReturnValue:
    """Agree to a join that waits, or not: never to one's own."""
    form = parse_or_refuse(AnswerForm(), request.form)
    try:
        ask("joins.agree" if form["antwoord"] == "akkoord" else "joins.refuse", intent_id=str(form["vraag"]))
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page(errors={"vraag": ANSWERED}), 409
    return redirect(url_for("oversight_joins.show"), 303)


@blueprint.post("/toezicht/koppelingen/noodzaak")
@require_inspector
def judge() -> ResponseReturnValue:
    """Say what the regulator thinks of a record of necessity."""
    form, errors = parse_or_tell(OpinionForm(), request.form, ("oordeel", "woorden"))
    if errors:
        return _page(errors=errors), 400
    try:
        ask("joins.necessity.judge", number=form["nummer"], verdict=form["oordeel"], words=form["woorden"])
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page(errors={"oordeel": "Over deze verklaring hebt u al geoordeeld."}), 409
    return redirect(url_for("oversight_joins.show"), 303)


def whole_months(now: datetime, number: int) -> dict[str, str]:
    """The last `number` Brussels months that are over, as the door asks for them."""
    stop: date = day_of(now).replace(day=1)
    first = stop
    for _ in range(number):
        first = (first - timedelta(days=1)).replace(day=1)
    return {"from": format_instant(midnight(first)), "until": format_instant(midnight(stop))}


def _page(
    released: dict[str, Any] | None = None,
    refused: DoorRefusedError | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    return render_template(
        "oversight/joins.html",
        joins=join_list(),
        latest=ask("joins.latest", limit=20)["joins"],
        asked=ask("joins.waiting")["joins"],
        records=ask("joins.necessity.queue")["records"],
        given=request.form,
        errors=errors or {},
        wait_states=WAIT_STATES,
        released=released,
        refused=refused,
        refused_sentence=SENTENCES[JoinReason(str(refused.reason))][0] if refused else None,
    )
