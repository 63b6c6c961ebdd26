"""Until when what stands in the registers must be done: the clocks that run about their records (R9, R140)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.clocks import shipped
from databeheer.values import format_instant

MOST = 50
_KINDS = [
    one.kind
    for one in shipped().kinds
    if one.about in ("announcement", "breach", "process", "register", "task")
]
"""The clocks that may be about a record: what runs is found by its kind and what it is about."""


def of_record(connection: Connection, record_id: UUID) -> list[dict[str, Any]]:
    """What still must be done about one record, the nearest term first."""
    rows = connection.execute(_OF_RECORD, {"kinds": _KINDS, "record": record_id})
    return [{"kind": row.kind, "due_at": format_instant(row.due_at)} for row in rows]


def of_registers(connection: Connection, registers: Iterable[str]) -> list[dict[str, Any]]:
    """The same of all records of these registers, what is late before the rest."""
    rows = connection.execute(_OF_REGISTERS, {"kinds": _KINDS, "registers": list(registers), "most": MOST})
    return [
        {
            "kind": row.kind,
            "due_at": format_instant(row.due_at),
            "record_id": str(row.about),
        }
        for row in rows
    ]


_OF_RECORD = text(
    "SELECT * FROM clocks.clock WHERE kind = ANY(:kinds) AND met_at IS NULL AND dropped_at IS NULL AND about = :record"
    " ORDER BY due_at, clock_no"
)
_OF_REGISTERS = text(
    "SELECT c.*, r.register, r.number FROM clocks.clock c JOIN governance.record r ON r.record_id = c.about"
    " WHERE c.kind = ANY(:kinds) AND c.met_at IS NULL AND c.dropped_at IS NULL AND r.register = ANY(:registers)"
    " ORDER BY c.due_at, c.clock_no LIMIT :most"
)
