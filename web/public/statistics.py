"""`/statistieken`: sums by municipality, kind of customer and hour, in which nobody can be seen (R11).

Everything is read from what was published; the web can read nothing else of readings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, current_app, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.brussels import BRUSSELS, day_bounds, day_of
from databeheer.statistics import releases
from databeheer.statistics.report import rules_members
from databeheer.statistics.rules import Rules
from databeheer.statistics.table import HEAD, Row, read
from databeheer.values import parse_instant
from ledger.tiles import TileDirectory
from web.database import engine
from web.door import NO_PROOF, ask
from web.forms import Form, parse_or_refuse
from web.public.serving import SHORT, public_file, public_json
from web.receipts import MEDIA_TYPE, make_receipt
from web.settings import WebSettings

FORMAT = "databeheer statistics 1"
"""Members may be added under this name; one that changes or goes away gets another."""
_RELEASE = "/statistieken/<uuid:release_id>"

blueprint = Blueprint("statistics", __name__)


class Chosen(Form):
    """Which municipality and which day are shown."""

    gemeente = fields.String(load_default=None, validate=validate.Regexp(r"([0-9]{5}|[a-z]{3,7})\Z"))
    dag = fields.Date(load_default=None)


@dataclass(frozen=True)
class Release:
    """What was published of a month, with its report."""

    release_id: UUID
    index: int
    report: dict[str, Any]
    report_sha256: str

    @classmethod
    def of(cls, row: Any) -> Release:
        digest = sha256(row.report.encode()).hexdigest()
        return cls(row.release_id, row.outcome_index, json.loads(row.report), digest)

    @property
    def days(self) -> list[date]:
        """The Brussels days of its month."""
        first, last = (day_of(parse_instant(moment)) for moment in self.report["period"])
        return [first + timedelta(days=number) for number in range((last - first).days)]


@blueprint.get("/statistieken")
def page() -> ResponseReturnValue:
    """Show what was told, and by which rules."""
    return render_template("public/statistics.html", releases=_all(), rules=rules_members(Rules()))


@blueprint.get("/statistieken.json")
def as_json() -> ResponseReturnValue:
    """The list for programs; docs/reference/statistics.md describes the members."""
    return public_json(
        {
            "format": FORMAT,
            "rules": rules_members(Rules()),
            "releases": [
                {
                    "id": str(one.release_id),
                    "operator": one.report["operator"],
                    "commodity": one.report["commodity"],
                    "month": one.report["month"],
                    "entry": one.index,
                    "report_sha256": one.report_sha256,
                    "table_sha256": one.report["table"]["sha256"],
                    "csv": f"/statistieken/{one.release_id}.csv",
                }
                for one in _all()
            ],
        }
    )


@blueprint.get(_RELEASE)
def show(release_id: UUID) -> ResponseReturnValue:
    """Show one release: its report, and one day of one municipality."""
    found = _release(release_id)
    chosen = parse_or_refuse(Chosen(), request.args)
    with engine().connect() as connection:
        places = releases.part_names(connection, release_id)
        place = chosen["gemeente"] or next(iter(places), None)
        lines = releases.part(connection, release_id, place) if place in places else None
    day = chosen["dag"] or _first_told(lines or "") or found.days[0]
    if day not in found.days or (chosen["gemeente"] and lines is None):
        abort(404)
    return render_template(
        "public/statistics_month.html",
        release=found,
        places=places,
        place=place,
        day=day,
        hours=_hours(lines or "", day),
    )


@blueprint.get(f"{_RELEASE}.csv")
def table(release_id: UUID) -> ResponseReturnValue:
    """The table, in the bytes that the ledger's entry commits to."""
    found = _release(release_id)
    response = public_file(b"", "text/csv; charset=utf-8", SHORT)
    response.response = stream_with_context(_pieces(found))
    response.headers.pop("Content-Length", None)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(found)}.csv"'
    return response


@blueprint.get(f"{_RELEASE}.json")
def table_as_json(release_id: UUID) -> ResponseReturnValue:
    """The table and its report for programs."""
    found = _release(release_id)
    with engine().connect() as connection:
        lines = "".join(releases.parts(connection, release_id).values())
    members = {"format": FORMAT, "entry": found.index, "report": found.report}
    return public_json(members | {"lines": [_members(row) for row in read(lines)]})


@blueprint.get(f"{_RELEASE}/report.json")
def report(release_id: UUID) -> ResponseReturnValue:
    """The report, in the bytes that the ledger's entry commits to."""
    with engine().connect() as connection:
        row = releases.by_id(connection, release_id)
    if row is None:
        abort(404)
    return public_file(row.report.encode(), "application/json", SHORT)


@blueprint.get(f"{_RELEASE}.tlog-proof")
def receipt(release_id: UUID) -> ResponseReturnValue:
    """Proves to anyone that the release, with these digests, is in the log."""
    found = _release(release_id)
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    answer = ask("statistics.receipt", NO_PROOF, release_id=str(release_id))
    data = make_receipt(TileDirectory(settings.ledger_directory), found.index, answer)
    return public_file(data, MEDIA_TYPE, "no-store")


def _all() -> list[Release]:
    with engine().connect() as connection:
        return [Release.of(row) for row in releases.latest(connection)]


def _release(release_id: UUID) -> Release:
    with engine().connect() as connection:
        row = releases.by_id(connection, release_id)
    if row is None:
        abort(404)
    return Release.of(row)


def _pieces(found: Release) -> Iterator[bytes]:
    """The table a municipality at a time: of a large area it is long."""
    connect = engine().connect
    yield HEAD.encode()
    with connect() as connection:
        places = releases.part_names(connection, found.release_id)
    for place in places:
        with connect() as connection:
            lines = releases.part(connection, found.release_id, place)
        yield (lines or "").encode()


def _first_told(lines: str) -> date | None:
    first = next(read(lines), None)
    return day_of(first.hour) if first else None


def _hours(lines: str, day: date) -> list[Row]:
    start, end = day_bounds(day)
    return [row for row in read(lines) if start <= row.hour < end]


def _members(row: Row) -> dict[str, Any]:
    line = row.line
    return {
        "hour_utc": row.hour.isoformat().replace("+00:00", "Z"),
        "hour_brussels": row.hour.astimezone(BRUSSELS).isoformat(),
        "direction": row.direction.value,
        "municipality": line.municipality,
        "profile_type": line.profile_type,
        "households_at_least": line.households,
        "kwh_from": line.window.low / 1000,
        "kwh_below": line.window.high / 1000,
    }


def _name(found: Release) -> str:
    return f"statistiek-{found.report['commodity']}-{found.report['month']}"
