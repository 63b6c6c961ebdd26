"""The inspector's figures and the emergency stop, as commands."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.door.commands.base import Command, Day, looking, schema, short_text, without_ean
from databeheer.door.commands.views import party_view
from databeheer.door.governance import validity
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import NOBODY, Ending
from databeheer.door.staff.asking import switcher_of
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import UnauthenticatedError
from databeheer.oversight import figures, public_services, state, stop
from databeheer.oversight.waits import Wait
from databeheer.registry.parties import OF_A_GRID_OPERATOR
from databeheer.values import format_instant

STAFF = "staff"
"""The ground of a look by the house's own people."""


def summary(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The state of the house for an inspector: reads, refusals, permissions, entries, what is stopped (R9)."""
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        counted = figures.counts(connection, arguments["first"], arguments["last"])
        parties = {
            row.party_id: party_view(row) for row in connection.execute(text("SELECT * FROM registry.party"))
        }
        entries = connection.execute(text("SELECT size FROM ledger.head")).scalar_one()
        permissions = figures.permissions_by_state(connection)
        standing = stop.current(connection)
        closed = public_services.closed(connection, public_services.LINKING)
        counts = state.state_at(connection, now)
        lapsed = validity.lapsed(connection, house.catalogue.dpia_years, now)
    # A customer's own look is a read too, and one of staff; the figures of parties leave them apart.
    by_parties = [one for one in counted if one.party_id is not None]
    of_people = [one for one in counted if one.party_id is None and one.is_read]
    return {
        "rows": [
            {
                "party": parties.get(one.party_id),
                "ground": one.ground,
                "event": one.event,
                "count": one.count,
                "operator": one.operator,
            }
            for one in counted
        ],
        "treatment": _treatment(house, by_parties, parties),
        "reads": sum(one.count for one in by_parties if one.is_read),
        "refusals": sum(one.count for one in by_parties if not one.is_read),
        "own_reads": sum(one.count for one in of_people if one.ground != STAFF),
        "staff_reads": sum(one.count for one in of_people if one.ground == STAFF),
        "entries": entries,
        "state": asdict(counts) | {"lapsed_assessments": len(lapsed)},
        "permissions": permissions,
        "stop": {"since": format_instant(standing.since), "reason": standing.reason} if standing else None,
        "linking_closed": {"since": format_instant(closed.at), "reason": closed.reason} if closed else None,
    }


def _treatment(
    house: House, counted: list[figures.Count], parties: dict[UUID, dict[str, Any]]
) -> list[dict[str, Any]]:
    """How each party is served: how much it asked, how much was refused, how long it waited since the door's start.

    For the grid operator as for any other: one queue, and one report, also where it asked nothing (R9).
    """
    waits = house.waits.all()
    asked = Counter[UUID | None]()
    refused = Counter[UUID | None]()
    for one in counted:
        asked[one.party_id] += one.count
        refused[one.party_id] += 0 if one.is_read else one.count
    return [
        {
            "party": view,
            "asked": asked[party_id],
            "refused": refused[party_id],
            "waits": waits.get(party_id, Wait()).answered,
            "mean_ms": round(1000 * waits.get(party_id, Wait()).mean, 1),
            "longest_ms": round(1000 * waits.get(party_id, Wait()).longest, 1),
        }
        for party_id, view in parties.items()
        if asked[party_id] or view["role"] in OF_A_GRID_OPERATOR
    ]


def set_stop(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Stop all hand-over of data at once; withdrawing goes on."""
    return _change(house, proof, stopped=True, reason=arguments["reason"])


def lift_stop(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let data leave again."""
    return _change(house, proof, stopped=False, reason=arguments["reason"])


def _change(house: House, proof: Proof, *, stopped: bool, reason: str) -> dict[str, Any]:
    with house.turn(TurnLane.ENDS if stopped else TurnLane.REST) as turn:
        switcher = switcher_of(turn, house, proof)
        stop.change(turn.connection, stopped=stopped, reason=reason, now=turn.now)
        turn.end(Ending.STOPPED if stopped else Ending.STOP_LIFTED, NOBODY)
        record = switcher.record(
            turn, Statement("stop.set" if stopped else "stop.lifted", {"reason": reason})
        )
    return {"index": record.index}


COMMANDS = (
    Command(
        "oversight.summary",
        schema(first=Day(load_default=None, allow_none=True), last=Day(load_default=None, allow_none=True)),
        summary,
    ),
    Command("stop.set", schema(reason=without_ean(short_text(longest=500))), set_stop),
    Command("stop.lift", schema(reason=without_ean(short_text(longest=500))), lift_stop),
)
