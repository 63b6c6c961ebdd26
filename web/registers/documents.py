"""`/toezicht/documenten` and `/dienst/documenten`: make a report of what the house knows, and read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate
from werkzeug.exceptions import BadRequest

from databeheer.door.client import DoorRefusedError
from databeheer.errors import MalformedRequestError
from databeheer.governance.documents import KINDS
from databeheer.governance.labels import Label
from databeheer.staff import roles
from databeheer.values import parse_day
from web.days import usual_spans
from web.door import ask
from web.forms import Form, parse_or_refuse, parse_or_tell
from web.labelled import labelled
from web.oversight.guard import require_inspector
from web.staff.guard import require_role

inspectors = Blueprint("oversight_documents", __name__)
staffs = Blueprint("staff_documents", __name__)

_READERS = sorted({role for kind in KINDS.values() for role in roles.load().reading(kind.topic)})
_WRITERS = sorted({role for kind in KINDS.values() for role in roles.load().writing(kind.topic)})
EVIDENCE = "evidence"
WHICH = "Kies welk document."
DAYS = "Kies een eerste en een laatste dag. De eerste ligt niet in de toekomst, en er zit hoogstens vijf jaar tussen."


def _is_day(typed: str) -> None:
    try:
        parse_day(typed)
    except MalformedRequestError as error:
        raise ValidationError(DAYS) from error


class MakeForm(Form):
    """Which document, about which days."""

    soort = fields.String(
        required=True, validate=validate.OneOf(list(KINDS), error=WHICH), error_messages={"required": WHICH}
    )
    van = fields.String(required=True, validate=_is_day, error_messages={"required": DAYS})
    tot = fields.String(required=True, validate=_is_day, error_messages={"required": DAYS})


class PeriodQuery(Form):
    """Which usual period is filled in."""

    periode = fields.String(load_default=None, validate=validate.Length(1, 20))


@inspectors.get("/toezicht/documenten")
@require_inspector
def for_inspector() -> ResponseReturnValue:
    """What was made, and a form to make more."""
    return _page("toezicht", {}, _filled())


@inspectors.post("/toezicht/documenten")
@require_inspector
def made_by_inspector() -> ResponseReturnValue:
    """Make one; it is recorded."""
    return _make("toezicht", "oversight_documents.read_by_inspector")


@inspectors.get("/toezicht/documenten/<uuid:document_id>")
@require_inspector
def read_by_inspector(document_id: UUID) -> ResponseReturnValue:
    """One document."""
    return _one("toezicht", document_id)


@inspectors.get("/toezicht/documenten/<uuid:document_id>.json")
@require_inspector
def as_json(document_id: UUID) -> ResponseReturnValue:
    """One document, to take along."""
    answer = ask("governance.document.open", document_id=str(document_id))
    one = answer["document"]
    name = f"{one['kind']}-{one['version']}.json"
    return labelled(json.dumps(answer["content"]), "application/json", Label(one["label"]), name)


@staffs.get("/dienst/documenten")
@require_role(*_READERS)
def for_staff() -> ResponseReturnValue:
    """What was made, and a form for who may make more."""
    return _page("dienst", {}, _filled())


@staffs.post("/dienst/documenten")
@require_role(*_WRITERS, writing=True)
def made_by_staff() -> ResponseReturnValue:
    """Make one."""
    return _make("dienst", "staff_documents.read_by_staff")


@staffs.get("/dienst/documenten/<uuid:document_id>")
@require_role(*_READERS)
def read_by_staff(document_id: UUID) -> ResponseReturnValue:
    """One document."""
    return _one("dienst", document_id)


def _make(area: str, endpoint: str) -> ResponseReturnValue:
    form, errors = parse_or_tell(MakeForm(), request.form, ("soort", "van", "tot"))
    if errors:
        return _page(area, errors), 400
    try:
        made = ask("governance.document.make", kind=form["soort"], first=form["van"], last=form["tot"])
    except DoorRefusedError as refusal:
        if refusal.code != "malformed-request":
            raise
        return _page(area, {"van": DAYS}), 400
    return redirect(url_for(endpoint, document_id=made["document_id"]), 303)


def _filled() -> dict[str, str]:
    """The form with a usual period filled in: of evidence, that is what a regulator asks so."""
    asked = parse_or_refuse(PeriodQuery(), request.args)["periode"]
    if asked is None:
        return {}
    span = next((one for one in usual_spans() if one.code == asked), None)
    if span is None:
        raise BadRequest
    return {"soort": EVIDENCE, "van": span.first.isoformat(), "tot": span.last.isoformat()}


def _page(area: str, errors: dict[str, Any], filled: Mapping[str, str] | None = None) -> str:
    answer = ask("governance.document.list")
    return render_template(
        "registers/documents.html",
        area=area,
        errors=errors,
        given=filled or request.form,
        spans=usual_spans(),
        kinds=KINDS,
        documents=answer["documents"],
        may_make=answer["may_make"],
    )


def _one(area: str, document_id: UUID) -> str:
    answer = ask("governance.document.open", document_id=str(document_id))
    return render_template(
        "registers/document.html", area=area, one=answer["document"], content=answer["content"]
    )
