"""`/mijn/gelezen`: who read my data, day by day, refusals too; and the proof of each line to keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import day_of
from ledger.tiles import TileDirectory
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.portal.login import remember_visitor, require_session, visitor
from web.portal.overview import my_points, names_of
from web.portal.shown import Statement
from web.receipts import MEDIA_TYPE, make_receipt
from web.settings import WebSettings

blueprint = Blueprint("reads", __name__)

LINES_A_PAGE = 50


KINDS = {"lezen": "reads", "toestemmingen": "permissions", "alles": None}
"""What a visitor can choose to see, and the door's word for it."""


class ReadsQuery(Form):
    """Which kind of lines, of which address, and from where on."""

    soort = fields.String(load_default="lezen", validate=validate.OneOf(KINDS))

    verder = fields.Integer(load_default=None, validate=validate.Range(0, 2**53))
    adres = fields.UUID(load_default=None)


@dataclass(frozen=True)
class Day:
    """The lines of one Brussels day, newest first."""

    day: date
    lines: tuple[Statement, ...]


@blueprint.get("/mijn/gelezen")
@require_session
def show() -> ResponseReturnValue:
    """List who read what, newest first."""
    query = parse_or_refuse(ReadsQuery(), request.args)
    chosen = str(query["adres"]) if query["adres"] else None
    answer = ask(
        "statements.list",
        kind=KINDS[query["soort"]],
        limit=LINES_A_PAGE,
        cursor=query["verder"],
        occupancy_id=chosen,
        with_me=True,
    )
    remember_visitor(answer["me"])
    points = my_points()
    return render_template(
        "portal/reads.html",
        me=visitor(),
        days=by_day(Statement.of(row) for row in answer["statements"]),
        points=points,
        point_names=names_of(points),
        chosen=chosen,
        kind=query["soort"],
        is_first_page=query["verder"] is None,
        next_cursor=answer.get("next_cursor"),
    )


@blueprint.get("/mijn/bewijs/<int:index>.tlog-proof")
@require_session
def receipt(index: int) -> ResponseReturnValue:
    """Hand out the receipt of one line: anybody can verify it offline, with the log's public key alone."""
    opened = ask("receipt.opening", index=index)
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return Response(
        make_receipt(TileDirectory(settings.ledger_directory), index, opened),
        content_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="bewijs-{index}.tlog-proof"'},
    )


def by_day(statements: Iterable[Statement]) -> list[Day]:
    """Group lines by the Brussels day they happened on, keeping their order."""
    return [
        Day(day, tuple(lines))
        for day, lines in groupby(statements, key=lambda statement: day_of(statement.at))
    ]
