"""`/toezicht/twijfel`: signals and how fast each was blocked, cases, who is doubted regularly, reports; as files too.

An inspector can report a doubt here: its party is blocked with it.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from flask import Blueprint, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from databeheer.governance.labels import Label
from web.days import TURNED_AROUND, PastDay, today
from web.door import ask
from web.doubt_words import CONCERNS, ORIGINS, STAFF_STATES
from web.forms import NO_EAN, ONE_LINE, EANField, Form, parse_or_tell
from web.labelled import labelled
from web.oversight.guard import require_inspector

blueprint = Blueprint("oversight_doubt", __name__)

DAYS = 365
PARTY, WHAT = "Kies een partij.", "Kies wat er niet klopt."
CASE, STRANGE = "Noem uw dossier, in 3 tot 200 tekens.", "Hier staan vreemde tekens in."
COLUMNS = (
    "case_id",
    "party_id",
    "party",
    "origin",
    "concern",
    "signals",
    "known_at",
    "blocked_at",
    "contacted_at",
    "documents",
    "state",
    "closed_at",
    "breach",
)
"""Of the file: a customer and an access point stand in none of them."""
_FORMULA = ("=", "+", "-", "@", "\t")


class SpanQuery(Form):
    """Days up to and including the last, and in which form."""

    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)
    vorm = fields.String(load_default="pagina", validate=validate.OneOf(["pagina", "json", "csv"]))


class SignalForm(Form):
    """A doubt of an authority: of which party, at which access point, and why.

    `melding` names the form as it was shown: pressed twice, it is one signal.
    """

    melding = fields.UUID(required=True)
    ean = EANField(required=True, error_messages={"required": NO_EAN})
    partij = fields.UUID(required=True, error_messages={"required": PARTY, "invalid_uuid": PARTY})
    wat = fields.String(
        required=True,
        validate=validate.OneOf(CONCERNS, error=WHAT),
        error_messages={"required": WHAT},
    )
    dossier = fields.String(
        required=True,
        validate=[validate.Length(3, 200, error=CASE), validate.Regexp(ONE_LINE, error=STRANGE)],
        error_messages={"required": CASE},
    )


@blueprint.get("/toezicht/twijfel")
@require_inspector
def show() -> ResponseReturnValue:
    """Show what there is of these days, or give it as a file."""
    query, errors = parse_or_tell(SpanQuery(), request.args, ("van", "tot"))
    first, last = _span(query["van"], query["tot"])
    if first > last:
        errors = {"tot": TURNED_AROUND}
    if errors:
        return _page(*_span(None, None), errors), 400
    if query["vorm"] == "pagina":
        return _page(first, last)
    found = ask("doubt.figures", first=first.isoformat(), last=last.isoformat())
    if query["vorm"] == "json":
        whole = found | {"label": Label.C3.value, "readers": Label.C3.nl}
        content, kind = json.dumps(whole, sort_keys=True), "application/json"
    else:
        content, kind = as_csv(found["cases"]), "text/csv; charset=utf-8"
    name = f"twijfel-{first}-{last}.{query['vorm']}"
    return labelled(content, kind, Label.C3, name)


@blueprint.post("/toezicht/twijfel")
@require_inspector
def report() -> ResponseReturnValue:
    """Take a doubt of the inspector in; the party is blocked with it."""
    first, last = _span(None, None)
    form, errors = parse_or_tell(SignalForm(), request.form, ("ean", "partij", "wat", "dossier"))
    if errors:
        return _page(first, last, errors), 400
    try:
        ask(
            "doubt.signal",
            ean=form["ean"],
            party_id=str(form["partij"]),
            origin="authority",
            concern=form["wat"],
            source=form["dossier"],
            signal_id=str(form["melding"]),
        )
    except DoorRefusedError as refusal:
        if refusal.code == "conflict":
            return _page(
                first, last, {"ean": "Dit formulier is al verzonden. Kijk het na en meld opnieuw."}
            ), 409
        if refusal.code != "not-found":
            raise
        return _page(first, last, {"ean": "Deze partij had hier nooit een toestemming."}), 404
    return redirect(url_for("oversight_doubt.show"), 303)


def as_csv(cases: list[dict[str, Any]]) -> str:
    """Write cases as lines with a header; a name that a spreadsheet would calculate gets a quote before it."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    for case in cases:
        lines.writerow([_cell(case[column]) for column in COLUMNS])
    return written.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _span(first: date | None, last: date | None) -> tuple[date, date]:
    last = last or today()
    return first or last - timedelta(days=DAYS), last


def _page(first: date, last: date, errors: dict[str, str] | None = None) -> str:
    found = ask("doubt.figures", first=first.isoformat(), last=last.isoformat())
    return render_template(
        "oversight/doubt.html",
        found=found,
        first=first,
        last=last,
        parties=ask("doubt.contacts")["contacts"],
        origins=ORIGINS,
        concerns=CONCERNS,
        states=STAFF_STATES,
        given=request.form,
        form_id=uuid4(),
        errors=errors or {},
    )
