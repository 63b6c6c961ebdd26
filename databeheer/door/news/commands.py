"""The clerk's look for what parties with a web hook are told of readings: which days of which permissions came.

1. Outside the turn: which rows were stored since, of the party's live permissions, a page at a time.
2. In a turn: of those, what the decision gives the party now; one entry, messages of at most MOST_TOLD permissions.

A message is not written where readings are stored: an entry of a batch beside a party and a permission would tie a
stay to the rows of that batch for whoever has the database alone. So what came in a while is told together, and
which permissions it is about is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from marshmallow import fields, validate

from databeheer.brussels import day_bounds, midnight
from databeheer.door.commands.base import Command, clerk_or_operator, schema
from databeheer.door.house import House
from databeheer.door.news import found
from databeheer.door.news.found import Came
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.reads.admitting import Decider, Sought
from databeheer.door.reads.request import ReadRequest
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.oversight import gaps, stop
from databeheer.post import news, outbox
from databeheer.values import Period

LOOK_EVERY = timedelta(minutes=15)
"""How often it is looked what came; so much later at most a party is told."""
MOST = 20
"""Parties in one call, a page of each."""
MOST_TOLD = 100
"""Permissions in one message: a web hook is small (Standard Webhooks: at most 20 kB)."""
_DAY = timedelta(days=1)
_log = structlog.get_logger("door")


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell each party with a web hook what came of its permissions since it was told last; the clerk's.

    While hand-over is stopped, or a restored database is not reconciled, nothing is told, and nothing is lost: the
    next look begins where the last one ended.
    """
    with house.turn(TurnLane.BATCH) as turn:
        clerk_or_operator(turn, house, proof)
        if stop.current(turn.connection) is not None or gaps.standing(turn.connection):
            return {"recorded": {}, "failed": 0, "more": False}
        news.forget_old(turn.connection, turn.now)
        due = news.to_look_at(turn.connection, turn.now - LOOK_EVERY, arguments["skip"] + arguments["limit"])[
            arguments["skip"] :
        ]
        watched = [(row, news.begin(turn.connection, row, turn.size, turn.now)) for row in due]
    told = failed = 0
    for row, until in watched:
        try:
            told += _look(house, row, until) if until > row.told_to else 0
        except Exception as error:  # one that nobody foresaw must not stop the others
            _log.error("news of readings failed", error=type(error).__name__)
            failed += 1
    return {
        "recorded": {"readings_arrived": told} if told else {},
        "failed": failed,
        "more": len(due) == arguments["limit"] or any(until > row.told_to for row, until in watched),
    }


def _look(house: House, row: Any, until: int) -> int:
    """Look at one page of a party's permissions; returns of how many it was told something."""
    with house.engine.connect() as connection, connection.begin():
        page = found.since(house, connection, row.party_id, row.told_after, row.told_to, until)
    with house.turn(TurnLane.BATCH) as turn:
        if not news.go_on(turn.connection, row, until, page.after, turn.now):
            return 0
        told = _told(house, turn, row.party_id, page.came) if page.came else []
        if told:
            turn.record(Statement(news.KIND, {"permissions": len(told)}, party_id=row.party_id))
            for start in range(0, len(told), MOST_TOLD):
                tell(
                    house,
                    turn,
                    news.KIND,
                    to=[outbox.party(row.party_id)],
                    operator=FIRST_OPERATOR,
                    said={"days": json.dumps(told[start : start + MOST_TOLD])},
                    key=f"{turn.next_index}|{start}",
                )
    return len(told)


def _told(house: House, turn: Turn, party_id: UUID, came: Sequence[Came]) -> list[dict[str, Any]]:
    """Return what the party is told of each: only days of which it may have something now."""
    asked = [
        ReadRequest(
            proof=Proof(),
            period=Period(midnight(min(one.days)), midnight(max(one.days) + _DAY)),
            granularity=one.granularity,
            directions=None,
            strict=False,
            permission_id=one.permission_id,
        )
        for one in came
    ]
    asker = Asker(AskerKind.PARTY, party_id=party_id, profile="own")
    decide_one = Decider(house, turn, Sought.now(turn, asked), [asker])
    told = []
    for one, request in zip(came, asked, strict=True):
        given = [granted.interval for granted in decide_one(request, asker).leaving]
        days = {day for day in one.days if any(_meet(interval, day) for interval in given)}
        if days:
            told.append(
                {
                    "permission_id": str(one.permission_id),
                    "from": min(days).isoformat(),
                    "until": (max(days) + _DAY).isoformat(),
                    "is_correction": bool(days & one.corrected),
                }
            )
    return told


def _meet(interval: Period, day: date) -> bool:
    begin, end = day_bounds(day)
    return interval.start < end and begin < interval.end


COMMANDS = (
    Command(
        "webhook.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST)),
        ),
        sweep,
    ),
)
