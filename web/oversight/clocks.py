"""`/toezicht/termijnen`: who must act by when, what ran out, and how many were kept and missed each month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.dates import format_date
from flask import Blueprint, json, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.clocks import Actor, shipped
from databeheer.clocks.command_line import FORMAT
from databeheer.clocks.page import term_words_nl
from databeheer.governance.labels import Label
from databeheer.values import parse_day
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.labelled import labelled
from web.language import LOCALES, SOURCE
from web.oversight.guard import require_inspector

blueprint = Blueprint("oversight_clocks", __name__)

MONTHS_SHOWN = 3
MONTHS_GIVEN = 12
_ACTORS = {
    Actor.DATA_MANAGER.value: "de databeheerder",
    Actor.GRID_OPERATOR.value: "de netbeheerder",
    Actor.PARTY.value: "de partij",
}


@dataclass(frozen=True)
class Due:
    """One clock that ran out, or runs out soon. `entry` is the line of the log that says that it was missed."""

    task: str
    who: str
    due_at: str
    since: str
    entry: int | None


@dataclass(frozen=True)
class Kept:
    """What became of the clocks of one kind, and of one party where a party has to act, in a month."""

    task: str
    term: str
    who: str
    kept: int
    missed: int
    met_late: int
    dropped: int
    open: int
    written_later: int


class ActorQuery(Form):
    """Whose terms the lists hold; without it, everybody's."""

    wie = fields.String(load_default=None, validate=validate.OneOf([actor.value for actor in Actor]))


@blueprint.get("/toezicht/termijnen")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the due lists and the figures of the last months."""
    who = parse_or_refuse(ActorQuery(), request.args)["wie"]
    report = ask("clocks.report", months=MONTHS_SHOWN, actor=who)
    return render_template(
        "oversight/clocks.html",
        overdue=[_due(row) for row in report["overdue"]],
        coming=[_due(row) for row in report["coming"]],
        most=report["lists_end_at"],
        months=[
            (_month(month["month"]), [_kept(row) for row in month["figures"]]) for month in report["months"]
        ],
        version=report["catalogue"],
        who=who,
        actors=_ACTORS,
    )


@blueprint.get("/toezicht/termijnen.json")
@require_inspector
def as_json() -> ResponseReturnValue:
    """The same for programs, of a year; docs/reference/clocks.md describes the members."""
    who = parse_or_refuse(ActorQuery(), request.args)["wie"]
    report = {"format": FORMAT, "label": Label.C3.value, "readers": Label.C3.nl} | ask(
        "clocks.report", months=MONTHS_GIVEN, actor=who
    )
    return labelled(json.dumps(report), "application/json", Label.C3, "termijnen.json")


def _due(row: dict[str, Any]) -> Due:
    return Due(
        shipped().get(row["kind"]).task_nl, _who(row), row["due_at"], row["started_at"], row["missed_index"]
    )


def _kept(row: dict[str, Any]) -> Kept:
    kind = shipped().get(row["kind"])
    counts = {name: row[name] for name in ("kept", "missed", "met_late", "dropped", "open", "written_later")}
    return Kept(task=kind.task_nl, term=term_words_nl(kind.term), who=_who(row), **counts)


def _who(row: dict[str, Any]) -> str:
    """Who must act, by name where it is a party's or a grid operator's to act."""
    if row["party"] is not None and row["actor"] != Actor.DATA_MANAGER:
        return str(row["party"]["name"])
    return _ACTORS[row["actor"]]


def _month(name: str) -> str:
    return format_date(parse_day(f"{name}-01"), "MMMM yyyy", locale=LOCALES[SOURCE])
