"""A file of mandates is taken whole, or refused whole; the same file twice is one import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, reference_hash, seal_text
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.mandate_imports import rows as store
from databeheer.mandate_imports.file import (
    MOST_OF_ONE_POINT,
    MandatesRefusedError,
    Problem,
    Row,
    RowProblem,
)
from databeheer.values import EAN, format_instant, parse_instant

IMPORTED = "mandates.imported"
SEALED_AS = "mandate_row"


@dataclass(frozen=True)
class Prepared:
    """A row with all that is computed of it, so that nothing is while the ledger's head is held."""

    row: Row
    named_hash: bytes
    stored: store.NewRow


def prepare(house: House, party_id: UUID, rows: Sequence[Row]) -> list[Prepared]:
    """Seal and hash the rows of a party's file."""
    return [Prepared(row, ean_hash(house, row.ean), _new_row(house, party_id, row)) for row in rows]


def require_new(turn: Turn, party_id: UUID, rows: Sequence[Prepared]) -> None:
    """Refuse rows that clash with what is here already.

    Raises:
        MandatesRefusedError: a reference was used before, or too much waits for one access point; each line is named.
        ConflictError: too many files of the party wait to be announced.
    """
    if store.open_of(turn.connection, party_id) >= store.MOST_OPEN:
        raise ConflictError(f"{store.MOST_OPEN} files of yours wait to be announced; wait for one of them")
    used = store.used(turn.connection, party_id, [one.stored.reference_hash for one in rows])
    named = list({one.named_hash for one in rows})
    waiting = store.waiting_at(turn.connection, party_id, named, turn.now)
    problems = []
    for one in rows:
        if (one.stored.reference_hash, one.stored.service) in used:
            problems.append(Problem(one.row.line, "referenceNumber", RowProblem.USED_BEFORE))
        waiting[one.named_hash] = waiting.get(one.named_hash, 0) + 1
        if waiting[one.named_hash] > MOST_OF_ONE_POINT:
            problems.append(Problem(one.row.line, "ean", RowProblem.TOO_MANY_FOR_ONE_POINT))
    if problems:
        raise MandatesRefusedError(problems)


def take(
    turn: Turn, party_id: UUID, operator: int, digest: bytes, rows: Sequence[Prepared]
) -> tuple[UUID, Record]:
    """Write a file down with its rows, and record it: from here on nobody can change what is drawn from."""
    import_id = uuid4()
    said = {"import": str(import_id), "file": digest.hex(), "rows": len(rows)}
    members = {
        "id": import_id,
        "operator": operator,
        "party": party_id,
        "hash": digest,
        "rows": len(rows),
        "now": turn.now,
        "index": turn.next_index,
    }
    record = turn.record(Statement(IMPORTED, said, party_id=party_id, operator=operator))
    store.add(turn.connection, members, [one.stored for one in rows])
    return import_id, record


def _new_row(house: House, party_id: UUID, row: Row) -> store.NewRow:
    row_id = uuid4()
    spelled = {
        "reference": row.reference,
        "ean": row.ean.digits,
        "from": format_instant(row.data_from),
        "until": format_instant(row.data_until) if row.data_until else None,
        "valid_until": format_instant(row.valid_until) if row.valid_until else None,
        "signed_on": row.signed_on.isoformat(),
        "document": row.document_sha256.hex(),
    }
    return store.NewRow(
        row_id=row_id,
        line=row.line,
        reference_hash=reference_hash(house, party_id, row.reference),
        service=row.service,
        sealed=seal_text(house, SEALED_AS, row_id, json.dumps(spelled)),
    )


def open_row(house: House, stored: Any) -> Row:
    """Open what a line said, while nobody has announced it."""
    said = json.loads(open_text(house, SEALED_AS, stored.row_id, bytes(stored.row_sealed)))
    return Row(
        line=stored.line,
        reference=said["reference"],
        ean=EAN(said["ean"]),
        service=stored.service,
        data_from=parse_instant(said["from"]),
        data_until=parse_instant(said["until"]) if said["until"] else None,
        valid_until=parse_instant(said["valid_until"]) if said["valid_until"] else None,
        signed_on=date.fromisoformat(said["signed_on"]),
        document_sha256=bytes.fromhex(said["document"]),
    )
