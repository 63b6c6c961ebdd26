"""`/mijn/wissen`: which of the visitor's data can be erased now, which later and why; asking it, taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_day, parse_instant
from web.door import ask
from web.erasing_words import ASKED_BECAUSE, CLASSES, OBSTACLES, PERSON_IN_USE, REASONS, STATES
from web.forms import Form, parse_or_refuse
from web.language import _
from web.portal import next_page
from web.portal.login import require_session, visitor
from web.portal.overview import my_points

blueprint = Blueprint("erasing", __name__)


class AskForm(Form):
    """Which class, of which stay, why; and the tick that says "I am sure"."""

    reden = fields.String(load_default="data_subject_request", validate=validate.OneOf(ASKED_BECAUSE))
    soort = fields.String(required=True, validate=validate.OneOf(CLASSES))
    adres = fields.UUID(load_default=None)
    zeker = fields.String(load_default="", validate=validate.OneOf(["", "ja"]))


class Empty(Form):
    """A button without fields."""


@dataclass(frozen=True)
class Erasable:
    """One class of the visitor's data as the page shows it; `name` tells one from another.

    `is_wrong_person`: it may be asked now by who says that these are another's.
    """

    name: str
    data_class: str
    occupancy_id: str | None
    title: str
    why_not: str
    earliest: date | None
    state: str
    state_words: str
    reason: str
    not_before: date | None
    erased_at: datetime | None
    entry: int | None
    copies_left: int
    erasure_id: str | None
    can_be_taken_back: bool
    is_wrong_person: bool
    taken_back_at: datetime | None
    taken_back_id: str | None
    asked_because: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Erasable:
        erasure, taken_back = answer["erasure"] or {}, answer["taken_back"] or {}
        data_class, state = str(answer["data_class"]), str(erasure.get("state", ""))
        return cls(
            name=f"{data_class}-{answer['occupancy_id'] or ''}",
            data_class=data_class,
            occupancy_id=answer["occupancy_id"],
            title=CLASSES[data_class],
            why_not=_why_not(data_class, str(answer["obstacle"])),
            earliest=parse_day(answer["earliest"]) if answer["earliest"] else None,
            state=state,
            state_words=STATES.get(state, ""),
            reason=REASONS.get(str(erasure.get("reason")), ""),
            not_before=parse_day(erasure["not_before"]) if erasure.get("not_before") else None,
            erased_at=parse_instant(erasure["executed_at"]) if erasure.get("executed_at") else None,
            entry=erasure.get("executed_index"),
            copies_left=int(erasure.get("copies_left") or 0),
            erasure_id=erasure.get("erasure_id"),
            can_be_taken_back=bool(erasure.get("can_be_taken_back")),
            is_wrong_person=bool(answer["wrong_person"]),
            taken_back_at=parse_instant(taken_back["withdrawn_at"]) if taken_back else None,
            taken_back_id=taken_back.get("erasure_id"),
            asked_because=str(erasure.get("reason", "")),
        )

    @property
    def can_be_asked(self) -> bool:
        return not self.state and not self.why_not


@blueprint.get("/mijn/wissen")
@require_session
def show() -> ResponseReturnValue:
    """Show every class of the visitor's data and what can be done with it."""
    return _page()


@blueprint.post("/mijn/wissen")
@require_session
def send() -> ResponseReturnValue:
    """Ask to erase one class; without the tick nothing happens."""
    form = parse_or_refuse(AskForm(), request.form)
    occupancy = str(form["adres"]) if form["adres"] else None
    if form["zeker"] != "ja":
        return _page(unsure=f"{form['soort']}-{occupancy or ''}"), 400
    try:
        asked = ask("erasure.ask", data_class=form["soort"], occupancy_id=occupancy, reason=form["reden"])
    except DoorRefusedError as refusal:
        if refusal.code == "conflict":  # the button was pressed twice, or a second tab did it
            return _page(title=CLASSES[form["soort"]], is_done=True), 409
        if refusal.code != "erasure-refused":
            raise
        return _page(title=CLASSES[form["soort"]], refusal=refusal), 409
    next_page.says("erasure", {"title": CLASSES[form["soort"]], "index": asked["index"]})
    return redirect(url_for("erasing.show"), 303)


def about(_arguments: Mapping[str, str], given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say what a request to erase asks for, for who comes back from a log-in; nothing of what no page of ours sends."""
    points = {point.occupancy_id: point.name for point in my_points()}
    said = [
        (_("Wat"), CLASSES.get(given.get("soort", ""))),
        (_("Adres"), points.get(given.get("adres", ""))),
        (_("Waarom"), REASONS["wrong_person"] if given.get("reden") == "wrong_person" else None),
    ]
    return [(name, str(words)) for name, words in said if words]


@blueprint.post("/mijn/wissen/<uuid:erasure_id>/terugnemen")
@require_session
def take_back(erasure_id: UUID) -> ResponseReturnValue:
    """Take a request back: one button, nothing to fill in. Too late, or twice, the page says what became of it."""
    parse_or_refuse(Empty(), request.form)
    try:
        taken_back = ask("erasure.withdraw", erasure_id=str(erasure_id))
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _page(late=str(erasure_id)), 409
    next_page.says("erasure", {"taken_back": True, "index": taken_back["index"]})
    return redirect(url_for("erasing.show"), 303)


def _why_not(data_class: str, obstacle: str) -> str:
    return PERSON_IN_USE if (data_class, obstacle) == ("person", "in_use") else OBSTACLES.get(obstacle, "")


def _page(
    unsure: str | None = None,
    *,
    title: str = "",
    refusal: DoorRefusedError | None = None,
    is_done: bool = False,
    late: str = "",
) -> str:
    classes = [Erasable.of(answer) for answer in ask("erasure.mine")["classes"]]
    return render_template(
        "portal/erasing.html",
        me=visitor(),
        stays={
            occupancy: [one for one in classes if one.occupancy_id == occupancy]
            for occupancy in dict.fromkeys(one.occupancy_id for one in classes)
        },
        point_names={point.occupancy_id: point.name for point in my_points()},
        unsure=unsure,
        given_reason=request.form.get("reden", ""),
        title=title,
        refusal=refusal,
        why_not=_why_not(request.form.get("soort", ""), refusal.reason or "") if refusal else "",
        earliest=parse_day(refusal.earliest) if refusal and refusal.earliest else None,
        is_done=is_done,
        is_late=bool(late),
        late=next((one for one in classes if late and late in (one.erasure_id, one.taken_back_id)), None),
    )
