"""`/toezicht/inzage`: an inspector opens entries of a period; what comes is checked here, not believed.

Opening is an access: the inspector names the task, the door records it first, and those concerned see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, json, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import text

from databeheer.governance.labels import Label
from databeheer.oversight.content_audit import Report
from web.database import engine
from web.days import TURNED_AROUND, PastDay
from web.forms import ONE_LINE, EANField, Form, no_ean, parse
from web.labelled import labelled
from web.oversight.guard import require_inspector
from web.oversight.opening import NOBODY, Only, Screen, check, collect, screen_from
from web.oversight.wording import AUDIT_EVENTS, ground_words
from web.public.log import newest_checkpoint
from web.public.parties import registered
from web.settings import WebSettings

blueprint = Blueprint("inspection", __name__)

TASK, STRANGE = "Zeg voor welke taak, in 3 tot 200 tekens.", "Hier staan vreemde tekens in."
CHOICE = "Kies uit de lijst."


class OperatorField(fields.Field[int | None]):
    """The number of a grid operator; left empty, all of them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int | None:
        if not re.fullmatch("[0-9]{0,5}", str(value)):
            raise ValidationError(CHOICE)
        return int(value) if value else None


class InspectionForm(Form):
    """What is asked: days up to and including the last, for a task; of one party or one access point, or of all.

    Of what is opened, the lines of one event, ground or grid operator are shown, from entry `vanaf` on.
    """

    van = PastDay(required=True, error_messages={"required": "Vul een dag in."})
    tot = PastDay(required=True, error_messages={"required": "Vul een dag in."})
    taak = fields.String(
        required=True,
        validate=[validate.Length(3, 200, error=TASK), validate.Regexp(ONE_LINE, error=STRANGE), no_ean],
        error_messages={"required": TASK},
    )
    ean = EANField(load_default="")
    partij = fields.String(
        load_default="",
        validate=validate.Regexp(
            rf"({NOBODY}|[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})?\Z", error="Kies een partij."
        ),
    )
    wat = fields.String(load_default="", validate=validate.OneOf(["", *AUDIT_EVENTS], error=CHOICE))
    grond = fields.String(
        load_default="", validate=validate.Regexp(r"[A-Za-z0-9_.:/-]{0,120}\Z", error=CHOICE)
    )
    netbeheerder = OperatorField(load_default=None)
    vanaf = fields.Integer(load_default=0, validate=validate.Range(0, 10**15 - 1))
    vorm = fields.String(load_default="pagina", validate=validate.OneOf(["pagina", "json"]))

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **_: Any) -> None:
        if data["tot"] < data["van"]:
            raise ValidationError([TURNED_AROUND], "tot")


@dataclass(frozen=True)
class Counted:
    """How often something happened; `only` is the filter that shows the lines behind it."""

    event: str
    party: str
    ground: str
    count: int
    only: dict[str, str]


@dataclass(frozen=True)
class Shown:
    """What a page shows of what was opened. Of a screen that is not the first: no counts, they are of a whole look."""

    report: Report
    screen: Screen
    look: int
    is_first: bool
    counts: tuple[Counted, ...] = ()


@blueprint.get("/toezicht/inzage")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the form."""
    return _page({})


@blueprint.post("/toezicht/inzage")
@require_inspector
def run() -> ResponseReturnValue:
    """Open, check, and show what was found; or give it as a file to check elsewhere."""
    checkpoint = newest_checkpoint()
    try:
        wish = parse(InspectionForm(), request.form)
    except ValidationError as error:
        errors: dict[str, Any] = dict(error.messages_dict)
        return _page(dict(request.form), errors=errors), 400
    if checkpoint is None:
        return _page(dict(request.form), errors={"van": ["Er is nog niets gepubliceerd."]}), 400
    only = Only(wish["partij"], wish["wat"], wish["grond"], wish["netbeheerder"])
    if wish["vanaf"]:
        screen, report, look = screen_from(wish, checkpoint, wish["vanaf"], only)
        return _page(dict(request.form), shown=Shown(report, screen, look, is_first=False))
    document = collect(wish, checkpoint)
    if document is None:
        return _page(
            dict(request.form), errors={"tot": ["Dit is te veel in één keer. Kies minder dagen."]}
        ), 400
    if wish["vorm"] == "json":
        document |= {"label": Label.C4.value, "readers": Label.C4.nl}
        document["parties"] = _names()  # of the public register; only to read the counts by
        return labelled(json.dumps(document, sort_keys=True), "application/json", Label.C4, "inzage.json")
    report = check(document, checkpoint)
    counts = tuple(_counted(report))
    shown = Shown(report, Screen.first(report, only), document["index"], is_first=True, counts=counts)
    return _page(dict(request.form), shown=shown)


def _page(given: dict[str, Any], errors: dict[str, Any] | None = None, shown: Shown | None = None) -> str:
    parties = _names()
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return render_template(
        "oversight/inspection.html",
        given=given,
        base_url=settings.base_url,
        errors=errors or {},
        parties=sorted(parties.items(), key=lambda one: one[1]),
        names=parties,
        operators=_operators(),
        nobody=NOBODY,
        shown=shown,
        report=shown.report if shown else None,
        ground_words=ground_words,
        **_choices(shown, given),
    )


def _names() -> dict[str, str]:
    return {party.party_id: party.name for party in registered()}


def _operators() -> dict[int, str]:
    """The grid operators by number; 0 is what is of no single one."""
    with engine().connect() as connection:
        rows = connection.execute(text("SELECT operator, name FROM registry.operator ORDER BY name")).all()
    return {row.operator: row.name for row in rows} | {0: "Niet van één netbeheerder"}


def _counted(report: Report) -> Iterator[Counted]:
    parties = _names()
    for (event, ground, party), count in sorted(report.counts.items()):
        only = {"partij": party or NOBODY, "wat": event, "grond": ground}
        yield Counted(
            event, parties.get(party, party) if party else "", ground_words(event, ground), count, only
        )


def _choices(shown: Shown | None, given: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What lines can be chosen by: what was found, and what was chosen before."""
    events, grounds = dict[str, str](), dict[str, str]()
    for event, ground in [
        (given.get("wat") or "data.read", given.get("grond") or ""),
        *((line.event, line.ground) for line in (shown.report.lines if shown else ())),
    ]:
        if shown and event in AUDIT_EVENTS:
            events[event] = AUDIT_EVENTS[event]
        if ground:
            grounds[ground] = ground_words(event, ground)
    return {
        "event_choices": sorted(events.items(), key=lambda one: one[1]),
        "ground_choices": sorted(grounds.items(), key=lambda one: one[1]),
    }
