"""`/toezicht/registers`: everything that stands in the registers, to read and to take along as JSON or CSV."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, abort, json, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.errors import NotFoundError
from databeheer.governance.registers import Register, shipped
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.labelled import labelled
from web.oversight.guard import require_inspector
from web.registers import shown

blueprint = Blueprint("oversight_registers", __name__)


class PageQuery(Form):
    """From which record on."""

    verder = fields.Integer(load_default=None, validate=validate.Range(1, 2**31 - 1))


@blueprint.get("/toezicht/registers")
@require_inspector
def show() -> ResponseReturnValue:
    """Every register."""
    return shown.overview("toezicht")


@blueprint.get("/toezicht/registers/<register>")
@require_inspector
def one_register(register: str) -> ResponseReturnValue:
    """One register."""
    return shown.listed("toezicht", known(register), parse_or_refuse(PageQuery(), request.args)["verder"])


@blueprint.get("/toezicht/registers/<register>.json")
@require_inspector
def as_json(register: str) -> ResponseReturnValue:
    """A register with all that is in it; docs/reference/registers.md describes the fields."""
    content = json.dumps(ask("governance.export", register=known(register).code))
    return labelled(content, "application/json", known(register).label, f"{register}.json")


@blueprint.get("/toezicht/registers/<register>.csv")
@require_inspector
def as_csv(register: str) -> ResponseReturnValue:
    """A register as a table."""
    one = known(register)
    content = shown.as_csv(one, ask("governance.export", register=one.code)["records"])
    return labelled(content, "text/csv; charset=utf-8", one.label, f"{register}.csv")


@blueprint.get("/toezicht/registers/stuk/<uuid:record_id>")
@require_inspector
def record(record_id: UUID) -> ResponseReturnValue:
    """One record."""
    return shown.one("toezicht", str(record_id))


def known(code: str) -> Register:
    """The register of an address, or 404."""
    try:
        return shipped().get(code)
    except NotFoundError:
        abort(404)
