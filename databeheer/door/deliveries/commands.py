"""Commands on deliveries: the clerk's sweep, and the list for the supplier, the operator and the inspector.

A delivery begins at the end of its month, year or contract, and is ready once all that it needs has come; what has
not been read when meters are read again no longer (ten days) is counted and waited for no more. Then its supplier is
told, which meets the clock, and reads it in bulk with `registers`: one entry a batch, a leaf for each customer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import fields, validate

from databeheer import clocks
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import (
    Command,
    Day,
    clerk_or_operator,
    looking,
    one_of,
    schema,
    short_text,
    uuid_text,
)
from databeheer.door.deliveries.arrived import count
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.errors import UnauthenticatedError
from databeheer.post import outbox
from databeheer.registry import deliveries
from databeheer.registry.deliveries import LONGEST_WAIT, PAGE, DeliveryKind, Place
from databeheer.values import format_instant

CLOCK = "supply_delivery"
BEGUN, READY, DROPPED = "delivery.begun", "delivery.ready", "delivery.dropped"
LOOK_EVERY = timedelta(hours=6)
"""How often it is looked whether what lacks came."""
MOST = 200
SHOWN_BACK = timedelta(days=400)


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Begin what is due, look whether it came, tell who waits for it: the clerk's, or the operator's."""
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip, limit = arguments["skip"], arguments["limit"]
        steps: list[tuple[str, Any]] = [
            ("dropped", row) for row in deliveries.overtaken(turn.connection, limit)
        ]
        steps += [("begun", one) for one in deliveries.to_begin(turn.connection, day_of(turn.now), limit)]
        if not steps:
            rows = deliveries.to_look_at(turn.connection, turn.now, LOOK_EVERY, skip + limit)
            steps = [("looked_at", row) for row in rows]
        steps = steps[skip : skip + limit]
        return sweep_each(turn, steps, limit, lambda step: _STEPS[step[0]](house, turn, step[1]))


def _begin(house: House, turn: Turn, wanted: dict[str, Any]) -> str:
    delivery_id = deliveries.begin(turn.connection, wanted, turn.now)
    clocks.start(
        turn.connection,
        CLOCK,
        delivery_id,
        midnight(wanted["until"]),
        party_id=wanted["party"],
        written_at=turn.now,
    )
    said = {
        "delivery": str(delivery_id),
        "kind": wanted["kind"].value,
        "from": wanted["first"].isoformat(),
        "until": wanted["until"].isoformat(),
    }
    turn.record(Statement(BEGUN, said, party_id=wanted["party"]))
    return "delivery_begun"


def _drop(house: House, turn: Turn, row: Any) -> str:
    """The contract got its days back, or ends on another day: there is another delivery then."""
    deliveries.remove(turn.connection, row.delivery_id)
    clocks.drop(turn.connection, CLOCK, row.delivery_id, turn.now)
    turn.record(Statement(DROPPED, {"delivery": str(row.delivery_id)}, party_id=row.party_id))
    return "delivery_dropped"


def _look(house: House, turn: Turn, row: Any) -> str:
    contracts, lacking = count(house, turn.connection, row)
    deliveries.looked_at(turn.connection, row.delivery_id, contracts, lacking, turn.now)
    if lacking and day_of(turn.now) < row.until_day + LONGEST_WAIT:
        return "delivery_waits"
    said = {
        "delivery": str(row.delivery_id),
        "kind": row.kind,
        "from": row.first_day.isoformat(),
        "until": row.until_day.isoformat(),
        "contracts": contracts,
        "lacking": lacking,
    }
    deliveries.is_ready(turn.connection, row.delivery_id, turn.next_index, turn.now)
    clocks.meet(turn.connection, CLOCK, row.delivery_id, turn.now)
    is_final = row.kind == DeliveryKind.FINAL
    stay = deliveries.stay_of(turn.connection, row.supply_contract_id) if is_final else None
    turn.record(
        Statement(
            READY,
            said,
            ground="supplier",
            party_id=row.party_id,
            operator=row.operator if is_final else None,
            subjects=subjects_of(house, stay),
        )
    )
    tell(
        house,
        turn,
        READY,
        to=[outbox.party(row.party_id)],
        operator=row.operator,
        about=row.delivery_id,
        said={"until": row.until_day.isoformat()},
    )
    return "delivery_ready"


_STEPS = {"begun": _begin, "dropped": _drop, "looked_at": _look}


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of a supplier's own deliveries; for operator and inspector of those of all, without access points."""
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in (AskerKind.PARTY, AskerKind.OPERATOR, AskerKind.INSPECTOR):
            raise UnauthenticatedError("use a supplier's access token")
        since = arguments["since"] or day_of(now - SHOWN_BACK)
        kind, limit = arguments["kind"], arguments["limit"]
        rows = deliveries.of(
            connection,
            asker.party_id,
            since,
            kind=DeliveryKind(kind) if kind else None,
            after=Place.from_text(arguments["cursor"]) if arguments["cursor"] else None,
            limit=limit + 1,
        )
        page, is_last = rows[:limit], len(rows) <= limit
        term, is_own = clocks.shipped().get(CLOCK).term, asker.kind is AskerKind.PARTY
        return {
            "deliveries": [_view(house, row, term, now, is_own=is_own) for row in page],
            "next_cursor": None if is_last else Place(page[-1].until_day, page[-1].delivery_id).to_text(),
        }


def _view(house: House, row: Any, term: clocks.Term, now: Any, *, is_own: bool) -> dict[str, Any]:
    due_at = term.due_at(midnight(row.until_day))
    view = {
        "delivery_id": str(row.delivery_id),
        "kind": row.kind,
        "from": row.first_day.isoformat(),
        "until": row.until_day.isoformat(),
        "due_at": format_instant(due_at),
        "ready_at": format_instant(row.ready_at) if row.ready_at else None,
        "index": row.ready_index,
        "is_missed": (row.ready_at or now) >= due_at,
        "contracts": row.contracts,
        "lacking": row.lacking,
    }
    if not is_own:
        return view | {"party_id": uuid_text(row.party_id)}
    is_final = row.access_point_id is not None
    ean = open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)) if is_final else None
    return view | {"ean": ean}


COMMANDS = (
    Command(
        "delivery.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST)),
        ),
        sweep,
    ),
    Command(
        "delivery.list",
        schema(
            since=Day(load_default=None, allow_none=True),
            kind=one_of(*(kind.value for kind in DeliveryKind), required=False),
            cursor=short_text(required=False),
            limit=fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(1, PAGE)),
        ),
        show,
    ),
)
