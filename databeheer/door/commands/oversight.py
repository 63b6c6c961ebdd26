"""The inspector's figures and the emergency stop."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.door.commands.base import Command, Day, asker_of, schema, short_text
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof, check
from databeheer.door.turn import Statement
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.values import format_instant


def summary(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Reads and refusals per ground and party, counted from the ledger's index rows; no subject is named (R9)."""
    with house.engine.connect() as connection, connection.begin():
        asker = check(connection, proof, house.clock.now(), house.operator_key_hash)
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        counted = connection.execute(_COUNTS, {"first": arguments["first"], "last": arguments["last"]}).all()
        parties = {
            row.party_id: party_view(row) for row in connection.execute(text("SELECT * FROM registry.party"))
        }
        head = connection.execute(text("SELECT size FROM ledger.head")).scalar_one()
        stop = connection.execute(
            text("SELECT stopped, reason, at FROM oversight.stop ORDER BY stop_no DESC LIMIT 1")
        ).one_or_none()
        permissions = connection.execute(
            text("SELECT state, count(*) AS count FROM permissions.permission GROUP BY state ORDER BY state")
        ).all()
    rows = [
        {
            "party": parties.get(row.party_id),
            "ground": row.ground,
            "event": row.event,
            "count": row.count,
            "operator": row.operator,
        }
        for row in counted
    ]
    # A customer's own look is a read too; the figures of parties leave it apart.
    by_parties = [row for row in rows if row["party"] is not None]
    return {
        "rows": rows,
        "reads": sum(row["count"] for row in by_parties if row["event"] == "data.read"),
        "refusals": sum(row["count"] for row in by_parties if row["event"] == "data.refused"),
        "own_reads": sum(
            row["count"] for row in rows if row["party"] is None and row["event"] == "data.read"
        ),
        "entries": head,
        "permissions": {row.state: row.count for row in permissions},
        "stop": {"since": format_instant(stop.at), "reason": stop.reason} if stop and stop.stopped else None,
    }


def set_stop(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Stop all hand-over of data at once; withdrawing goes on."""
    return _set(house, proof, stopped=True, reason=arguments["reason"])


def lift_stop(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let data leave again."""
    return _set(house, proof, stopped=False, reason=arguments["reason"])


def _set(house: House, proof: Proof, *, stopped: bool, reason: str) -> dict[str, Any]:
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        last = turn.connection.execute(
            text("SELECT stopped FROM oversight.stop ORDER BY stop_no DESC LIMIT 1")
        ).scalar_one_or_none()
        if bool(last) is stopped:
            raise ConflictError("hand-over is stopped already" if stopped else "hand-over is not stopped")
        turn.connection.execute(
            text("INSERT INTO oversight.stop (stopped, reason, at) VALUES (:stopped, :reason, :at)"),
            {"stopped": stopped, "reason": reason, "at": turn.now},
        )
        record = turn.record(Statement("stop.set" if stopped else "stop.lifted", {"reason": reason}))
    return {"index": record.index}


_COUNTS = text(
    "SELECT party_id, ground, event, operator, count(*) AS count FROM ledger.body"
    " WHERE event IN ('data.read', 'data.refused')"
    " AND (CAST(:first AS date) IS NULL OR day >= :first) AND (CAST(:last AS date) IS NULL OR day <= :last)"
    " GROUP BY party_id, ground, event, operator ORDER BY event, ground, party_id"
)

COMMANDS = (
    Command(
        "oversight.summary",
        schema(first=Day(load_default=None, allow_none=True), last=Day(load_default=None, allow_none=True)),
        summary,
    ),
    Command("stop.set", schema(reason=short_text(longest=500)), set_stop),
    Command("stop.lift", schema(reason=short_text(longest=500)), lift_stop),
)
