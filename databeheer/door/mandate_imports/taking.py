"""A file of mandates is taken whole, or refused whole; the same file twice is one import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, reference_hash, seal_text
from databeheer.door.turn import Record, Statement, Turn
from databeheer.errors import ConflictError
from databeheer.mandate_imports import rows as store
from databeheer.mandate_imports.file import (
    MOST_OF_ONE_POINT,
    MandatesRefusedError,
    Problem,
    Row,
    RowProblem,
    sha256_of,
)
from databeheer.values import EAN, format_instant, parse_instant

IMPORTED = "mandates.imported"
SEALED_AS = "mandate_row"


def require_new(house: House, turn: Turn, party_id: UUID, rows: Sequence[Row]) -> None:
    """Refuse rows that clash with what is here already.

    Raises:
        MandatesRefusedError: a reference was used before, or too much waits for one access point; each line is named.
        ConflictError: too many files of the party wait to be announced.
    """
    if store.open_of(turn.connection, party_id) >= store.MOST_OPEN:
        raise ConflictError(f"{store.MOST_OPEN} files of yours wait to be announced; wait for one of them")
    hashes = {row.line: reference_hash(house, party_id, row.reference) for row in rows}
    used = store.used(turn.connection, party_id, list(hashes.values()))
    named = {row.line: ean_hash(house, row.ean) for row in rows}
    waiting = store.waiting_at(turn.connection, party_id, list(set(named.values())), turn.now)
    problems = []
    for row in rows:
        if (hashes[row.line], row.service) in used:
            problems.append(Problem(row.line, "referenceNumber", RowProblem.USED_BEFORE))
        point = named[row.line]
        waiting[point] = waiting.get(point, 0) + 1
        if waiting[point] > MOST_OF_ONE_POINT:
            problems.append(Problem(row.line, "ean", RowProblem.TOO_MANY_FOR_ONE_POINT))
    if problems:
        raise MandatesRefusedError(problems)


def take(
    house: House, turn: Turn, party_id: UUID, operator: int, content: bytes, rows: Sequence[Row]
) -> tuple[UUID, Record]:
    """Write a file down with its rows, and record it: from here on nobody can change what is drawn from."""
    import_id, digest = uuid4(), sha256_of(content)
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
    store.add(turn.connection, members, [_new_row(house, party_id, row) for row in rows])
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
