"""`/toezicht/inzage`: an inspector opens entries of a period; what comes is checked here, not believed.

Opening is an access: the inspector names the task, the door records it first, and those concerned see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, current_app, json, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate, validates_schema

from databeheer.access import catalogue
from databeheer.governance.labels import Label
from databeheer.oversight.content_audit import VERSION, Report, audit
from ledger.checkpoint import Checkpoint
from ledger.tiles import TileDirectory
from web.days import TURNED_AROUND, PastDay
from web.door import ask
from web.forms import ONE_LINE, EANField, Form, parse
from web.labelled import labelled
from web.oversight.guard import require_inspector
from web.oversight.wording import ground_words
from web.public.log import newest_checkpoint
from web.public.parties import registered
from web.settings import WebSettings

blueprint = Blueprint("inspection", __name__)

TASK, STRANGE = "Zeg voor welke taak, in 3 tot 200 tekens.", "Hier staan vreemde tekens in."
MOST_PAGES = 20
"""Of 500 entries each; more is asked in shorter periods."""


class InspectionForm(Form):
    """What is asked: days up to and including the last, for a task; of one party or one access point, or of all."""

    van = PastDay(required=True, error_messages={"required": "Vul een dag in."})
    tot = PastDay(required=True, error_messages={"required": "Vul een dag in."})
    taak = fields.String(
        required=True,
        validate=[validate.Length(3, 200, error=TASK), validate.Regexp(ONE_LINE, error=STRANGE)],
        error_messages={"required": TASK},
    )
    ean = EANField(load_default="")
    partij = fields.String(
        load_default="",
        validate=validate.Regexp(r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z", error="Kies een partij."),
    )
    vorm = fields.String(load_default="pagina", validate=validate.OneOf(["pagina", "json"]))

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **_: Any) -> None:
        if data["tot"] < data["van"]:
            raise ValidationError([TURNED_AROUND], "tot")


@dataclass(frozen=True)
class Line:
    """How often something happened."""

    event: str
    party: str
    ground: str
    count: int


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
    document = collect(wish, checkpoint)
    if document is None:
        return _page(
            dict(request.form), errors={"tot": ["Dit is te veel in één keer. Kies minder dagen."]}
        ), 400
    if wish["vorm"] == "json":
        document["parties"] = _names()  # of the public register; only to read the counts by
        return labelled(json.dumps(document, sort_keys=True), "application/json", Label.C4, "inzage.json")
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    source = TileDirectory(settings.ledger_directory)
    report = audit(document, source, checkpoint, catalogue.load())
    return _page(dict(request.form), report=report, document=document)


def collect(wish: dict[str, Any], checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Ask the door for all pages of one audit; None where there are more than MOST_PAGES."""
    first: date = wish["van"]
    asked = {
        "first": first.isoformat(),
        "last": wish["tot"].isoformat(),
        "task": wish["taak"],
        "party_id": wish["partij"] or None,
        "ean": wish["ean"] or None,
        "below": checkpoint.size,
    }
    document: dict[str, Any] = {
        "v": VERSION,
        "origin": checkpoint.origin,
        "asked": {name: asked[name] for name in ("first", "last", "task")},
        "entries": [],
        "support": [],
        "erasures": [],
    }
    support: dict[int, Any] = {}
    erasures: dict[str, Any] = {}
    cursor: int | None = 0
    for _ in range(MOST_PAGES):
        page = ask("audit.open", cursor=cursor, **asked)
        document |= {name: page[name] for name in ("range", "is_whole", "index")}
        document["entries"] += page["entries"]
        support |= {one["index"]: one for one in page["support"]}
        erasures |= {json.dumps(one, sort_keys=True): one for one in page["erasures"]}
        cursor = page["next"]
        if cursor is None:
            inside = {one["index"] for one in document["entries"]}
            document["erasures"] = list(erasures.values())
            document["support"] = [one for index, one in sorted(support.items()) if index not in inside]
            return document
    return None


def _page(
    given: dict[str, Any],
    errors: dict[str, Any] | None = None,
    report: Report | None = None,
    document: dict[str, Any] | None = None,
) -> str:
    parties = _names()
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return render_template(
        "oversight/inspection.html",
        given=given,
        base_url=settings.base_url,
        errors=errors or {},
        parties=sorted(parties.items(), key=lambda one: one[1]),
        report=report,
        document=document,
        lines=_lines(report, parties) if report else [],
    )


def _names() -> dict[str, str]:
    return {party.party_id: party.name for party in registered()}


def _lines(report: Report, parties: dict[str, str]) -> list[Line]:
    return [
        Line(event, parties.get(party, party) if party else "", ground_words(event, ground), count)
        for (event, ground, party), count in sorted(report.counts.items())
    ]
