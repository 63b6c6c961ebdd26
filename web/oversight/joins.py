"""`/toezicht/koppelingen`: the list that the regulator signed, what was run under it, and what was refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of, midnight
from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.joins.reasons import SENTENCES, JoinReason
from databeheer.values import format_instant
from web.door import ask
from web.forms import Form, parse_or_refuse
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


def whole_months(now: datetime, number: int) -> dict[str, str]:
    """The last `number` Brussels months that are over, as the door asks for them."""
    stop: date = day_of(now).replace(day=1)
    first = stop
    for _ in range(number):
        first = (first - timedelta(days=1)).replace(day=1)
    return {"from": format_instant(midnight(first)), "until": format_instant(midnight(stop))}


def _page(
    released: dict[str, Any] | None = None, refused: DoorRefusedError | None = None
) -> ResponseReturnValue:
    return render_template(
        "oversight/joins.html",
        joins=join_list(),
        latest=ask("joins.latest", limit=20)["joins"],
        released=released,
        refused=refused,
        refused_sentence=SENTENCES[JoinReason(str(refused.reason))][0] if refused else None,
    )
