"""Clocks at the door: missed ones go into the ledger; the due list and the figures, for inspector and operator."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.brussels import day_of, midnight
from databeheer.clocks import Actor, Clock, Figures
from databeheer.clocks.engine import MOST_LISTED
from databeheer.door.commands.base import Command, clerk_or_operator, looking, one_of, schema, uuid_text
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.errors import UnauthenticatedError
from databeheer.post import outbox
from databeheer.values import format_instant

MISSED = "clock.missed"
MOST_MONTHS = 36
COMING_DAYS = 7
_FIRST_OPERATOR = 1


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record every clock that was missed, once each: the clerk's, or the operator's; again while `more` is true."""
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip = arguments["skip"]
        found = clocks.unrecorded(turn.connection, turn.now, skip + arguments["limit"])[skip:]
        return sweep_each(turn, found, arguments["limit"], lambda clock: _write_down(house, turn, clock))


def report(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What is overdue, what is due in the coming days, and what was kept and missed, month by month.

    The inspector's and the operator's. No customer and no access point is named. `actor`: lists and figures hold only
    what that one has to do, so that the data manager's own does not drown in what parties have to.
    """
    actor = Actor(arguments["actor"]) if arguments["actor"] is not None else None
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in (AskerKind.INSPECTOR, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as an inspector")
        overdue = clocks.due(connection, now, actor=actor, limit=MOST_LISTED)
        week = now + timedelta(days=COMING_DAYS)
        coming = clocks.coming(connection, now, week, actor=actor, limit=MOST_LISTED)
        just_after = now + timedelta(
            microseconds=1
        )  # what happens now has happened; what comes is not missed yet
        months = [
            (
                first,
                [
                    one
                    for one in clocks.figures(connection, midnight(first), min(midnight(until), just_after))
                    if actor in (None, one.actor)
                ],
            )
            for first, until in months_back(now, arguments["months"])
        ]
        named = [*overdue, *coming, *(one for _, figures in months for one in figures)]
        parties = _parties(connection, named)
    return {
        "catalogue": clocks.shipped().version,
        "at": format_instant(now),
        "overdue": [_view(clock, parties) for clock in overdue],
        "coming": [_view(clock, parties) for clock in coming],
        "lists_end_at": MOST_LISTED,
        "months": [
            {"month": f"{first:%Y-%m}", "figures": [_figures_view(one, parties) for one in figures]}
            for first, figures in months
        ],
    }


def months_back(now: datetime, number: int) -> list[tuple[date, date]]:
    """Return the Brussels month of `now` and those before it, `number` in all, newest first: [first, next first)."""
    first = day_of(now).replace(day=1)
    months: list[tuple[date, date]] = []
    for _ in range(number):
        months.append((first, (first + timedelta(days=32)).replace(day=1)))
        first = (first - timedelta(days=1)).replace(day=1)
    return months


def _write_down(house: House, turn: Turn, clock: Clock) -> str:
    clocks.was_missed(turn.connection, clock, turn.next_index)
    turn.record(_statement(house, clock))
    _tell(house, turn, clock)
    return clock.kind


def _statement(house: House, clock: Clock) -> Statement:
    """The entry: to the party where it had to act, and to whom it concerns; a party is told of nobody else's miss."""
    kind = clocks.shipped().get(clock.kind)
    said = {
        "clock": clock.kind,
        "actor": kind.actor.value,
        "started": format_instant(clock.started_at),
        "due": format_instant(clock.due_at),
        "met": format_instant(clock.met_at) if clock.met_at else "",
    }
    return Statement(
        MISSED,
        said | ({} if kind.about == "party" else {kind.about: str(clock.about)}),
        party_id=clock.party_id if kind.actor is not Actor.DATA_MANAGER else None,
        operator=clock.operator or _FIRST_OPERATOR,
        subjects=subjects_of(house, clock.occupancy_id),
    )


def _tell(house: House, turn: Turn, clock: Clock) -> None:
    """Tell the data manager, whoever had to act, and whom it concerns."""
    kind = clocks.shipped().get(clock.kind)
    to = [outbox.DATA_MANAGER]
    if clock.party_id is not None and kind.actor is not Actor.DATA_MANAGER:
        to.append(outbox.party(clock.party_id))
    if clock.occupancy_id is not None:
        person_id = turn.connection.execute(_PERSON, {"id": clock.occupancy_id}).scalar_one()
        to += [outbox.customer(person_id)] if person_id is not None else []
    tell(
        house,
        turn,
        MISSED,
        to=to,
        operator=clock.operator or _FIRST_OPERATOR,
        about=clock.about,
        said={"clock": clock.kind, "until": day_of(clock.due_at).isoformat()},
        occupancy_id=clock.occupancy_id,
    )


def _parties(connection: Connection, named: list[Any]) -> dict[Any, dict[str, Any]]:
    ids = list({one.party_id for one in named if one.party_id is not None})
    return {row.party_id: party_view(row) for row in connection.execute(_PARTIES, {"ids": ids})}


def _view(clock: Clock, parties: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": clock.kind,
        "actor": clocks.shipped().get(clock.kind).actor.value,
        "about": uuid_text(clock.about),
        "party": parties.get(clock.party_id),
        "started_at": format_instant(clock.started_at),
        "due_at": format_instant(clock.due_at),
        "missed_index": clock.missed_index,
    }


def _figures_view(one: Figures, parties: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "actor": one.actor.value,
        "party": parties.get(one.party_id),
        "kept": one.kept,
        "missed": one.missed,
        "dropped": one.dropped,
        "open": one.open,
        "met_late": one.met_late,
        "longest_late_seconds": int(one.longest_late.total_seconds()),
        "written_later": one.written_later,
    }


_PERSON = text("SELECT person_id FROM registry.occupancy WHERE occupancy_id = :id")
_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")

COMMANDS = (
    Command(
        "clocks.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(
                load_default=MOST_LISTED, strict=True, validate=validate.Range(1, MOST_LISTED)
            ),
        ),
        sweep,
    ),
    Command(
        "clocks.report",
        schema(
            months=fields.Integer(load_default=12, strict=True, validate=validate.Range(1, MOST_MONTHS)),
            actor=one_of(*(actor.value for actor in Actor), required=False),
        ),
        report,
    ),
)
