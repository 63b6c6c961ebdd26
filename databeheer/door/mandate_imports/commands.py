"""Commands on mandates that are brought along: the party's file and its state, the sweep, another draw."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.door.commands.base import (
    Command,
    asker_of,
    clerk_or_operator,
    found,
    identifier,
    looking,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.mandate_imports import sweeping, taking
from databeheer.door.names import open_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.repeats import promise_of
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.doubt import conduct
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.mandate_imports import file as files
from databeheer.mandate_imports import rows as store
from databeheer.permissions import asking
from databeheer.permissions.timing import state_at
from databeheer.sandbox import is_sandbox
from databeheer.values import format_instant

MOST = 25
"""Steps of one turn: whoever else waits is not kept for long by a large file."""
MOST_SHOWN = 200
_LONGEST_ENCODED = (files.LARGEST_FILE + 2) // 3 * 4 + 4


def take(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a file of mandates, whole; the same file again is the same import. `dry_run`: only say what is wrong.

    Raises:
        MandatesRefusedError: something in it is wrong; nothing of it was taken.
        TooLargeError, ConflictError, NoLegalBasisError: so too.
    """
    with looking(house, proof) as (_, asker, now):
        party_id = _party(asker)
    content = _decoded(arguments["content"])
    digest = files.sha256_of(content)
    rows = files.read(content, now, sandbox=is_sandbox(house.origin))
    prepared = taking.prepare(house, party_id, rows)
    with house.turn() as turn:
        party_id = _party(asker_of(turn, house, proof, AskerKind.PARTY))
        known = store.alike(turn.connection, party_id, digest)
        if known is None:
            operator = asking.may_ask(turn.connection, house.catalogue, party_id, sweeping.PURPOSE, turn.now)
            conduct.require_contact(turn.connection, party_id)
            taking.require_new(turn, party_id, prepared)
        if arguments["dry_run"]:
            return {"import": None, "rows": len(rows)}
        if known is None:
            import_id, record = taking.take(turn, party_id, operator, digest, prepared)
            view = _view(found(store.find(turn.connection, import_id, party_id), "import"))
        else:
            promise = promise_of(house, turn, known.index, known.taken_at)
            told = {"index": known.index, "promise": b64encode(promise).decode()}
            return {"import": _view(known), "rows": len(rows)} | told
    return {"import": view, "rows": len(rows)} | record.answer()


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """One import: how far it is, what was drawn, why it is held."""
    with looking(house, proof, or_suspended=True) as (connection, asker, _now):
        return {"import": _view(_own(connection, asker, arguments["import_id"]))}


def list_imports(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party's imports, newest first; those of all, for operator and inspector."""
    with looking(house, proof, or_suspended=True) as (connection, asker, _now):
        rows = store.every(connection, _whose(asker), arguments["limit"])
        is_own = asker.kind is AskerKind.PARTY
        return {"imports": [_view(row) | ({} if is_own else {"party_id": str(row.party_id)}) for row in rows]}


def list_rows(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What became of each line. A line of which nothing comes says no more than a request that nobody answers (R98)."""
    with looking(house, proof, or_suspended=True) as (connection, asker, now):
        row = _own(connection, asker, arguments["import_id"])
        limit, after = arguments["limit"], arguments["after_line"]
        rows = store.page(connection, row.import_id, after, limit + 1)
        shown = [_row_view(house, one, row, now) for one in rows[:limit]]
    return {"rows": shown, "next_line": shown[-1]["line"] if len(rows) > limit else None}


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Announce, write to whom no e-mail reached, draw, judge, carry on: the clerk's, or the operator's.

    Again while `more` is true.
    """
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip, limit = arguments["skip"], arguments["limit"]
        wanted = skip + limit
        steps: list[tuple[Any, Any]] = [
            (sweeping.announce, row) for row in store.to_announce(turn.connection, wanted)
        ]
        steps += [(sweeping.write_instead, one) for one in store.unreached(turn.connection, turn.now, wanted)]
        steps += [(sweeping.draw, one) for one in store.to_draw(turn.connection, wanted)]
        steps += [(sweeping.judge, one) for one in store.to_judge(turn.connection, turn.now, wanted)]
        steps += [(sweeping.carry_on, row) for row in store.to_carry_on(turn.connection, turn.now, wanted)]
        now_done = steps[skip : skip + limit]
        return sweep_each(turn, now_done, limit, lambda step: str(step[0](house, turn, step[1])))


def release(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator lets another, larger sample be drawn of an import that is held; the ledger chooses it (R35).

    What failed stays out. Nothing is active by this: only a sample that passes does that.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(store.find(turn.connection, arguments["import_id"], None), "import")
        if row.held_at is None:
            raise ConflictError("this import is not held")
        store.draw_anew(turn.connection, row.import_id, turn.next_index)
        said = {
            "import": str(row.import_id),
            "round": row.round,
            "reason": arguments["reason"],
            "by": arguments["by"],
        }
        record = turn.record(Statement(sweeping.RELEASED, said, party_id=row.party_id, operator=row.operator))
    return record.answer()


def _party(asker: Asker) -> UUID:
    if asker.kind is not AskerKind.PARTY or asker.profile != "own" or asker.party_id is None:
        raise UnauthenticatedError("use a party's access token of the own API")
    return asker.party_id


def _whose(asker: Asker) -> UUID | None:
    """Whose imports somebody sees; None: everybody's."""
    if asker.kind in (AskerKind.OPERATOR, AskerKind.INSPECTOR):
        return None
    return _party(asker)


def _own(connection: Connection, asker: Asker, import_id: UUID) -> Any:
    return found(store.find(connection, import_id, _whose(asker)), "import")


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise MalformedRequestError("content: not base64") from error


def _view(row: Any) -> dict[str, Any]:
    drawn = row.drawn_at is not None
    return {
        "import_id": str(row.import_id),
        "state": _state(row),
        "file_sha256": bytes(row.file_sha256).hex(),
        "rows": row.row_count,
        "announced": row.announced,
        "taken_at": format_instant(row.taken_at),
        "index": row.index,
        "round": row.round,
        "sample": {
            "lines": list(row.drawn or ()),
            "seed": bytes(row.seed).hex(),
            "seed_index": row.seed_index,
            "drawn_at": format_instant(row.drawn_at),
            "due_at": format_instant(row.due_at),
        }
        if drawn
        else None,
        "passed_at": _instant(row.passed_at),
        "held_at": _instant(row.held_at),
        "held_reason": row.held_reason,
    }


def _state(row: Any) -> str:
    if row.passed_at is not None:
        return "passed"
    if row.held_at is not None:
        return "held"
    if row.drawn_at is not None:
        return "sampled"
    return "announced" if row.announced == row.row_count else "announcing"


def _row_view(house: House, row: Any, of: Any, now: datetime) -> dict[str, Any]:
    reference: str | None
    if row.known is not None:
        reference = open_text(house, "reference", row.known, bytes(row.reference_sealed))
        state = state_at(row, now)[0]
    else:
        reference = _reference(house, row)
        state = "not_announced" if row.announced_at is None else "timed_out"
    is_drawn = row.drawn_in is not None and row.drawn_in == of.round and of.drawn_at is not None
    return {
        "line": row.line,
        "reference": reference,
        "permission_id": str(row.known) if row.known else None,
        "state": state,
        "earliest": _instant(store.earliest(row.announced_at)) if row.announced_at else None,
        "is_drawn": is_drawn,
        "handed_in_at": _instant(row.produced_at) if is_drawn else None,
    }


def _reference(house: House, row: Any) -> str | None:
    if row.row_sealed is None:
        return None
    return str(json.loads(open_text(house, taking.SEALED_AS, row.row_id, bytes(row.row_sealed)))["reference"])


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment is not None else None


_IMPORT = identifier()

COMMANDS = (
    Command(
        "mandate_import.take",
        schema(
            content=fields.String(required=True, validate=validate.Length(1, _LONGEST_ENCODED)),
            dry_run=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
        ),
        take,
    ),
    Command("mandate_import.show", schema(import_id=_IMPORT), show),
    Command(
        "mandate_import.list",
        schema(limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, MOST_SHOWN))),
        list_imports,
    ),
    Command(
        "mandate_import.rows",
        schema(
            import_id=_IMPORT,
            after_line=fields.Integer(
                load_default=0, strict=True, validate=validate.Range(0, files.MOST_ROWS + 1)
            ),
            limit=fields.Integer(
                load_default=MOST_SHOWN, strict=True, validate=validate.Range(1, MOST_SHOWN)
            ),
        ),
        list_rows,
    ),
    Command(
        "mandate_import.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST)),
        ),
        sweep,
    ),
    Command(
        "mandate_import.release",
        schema(import_id=_IMPORT, by=short_text(longest=100), reason=without_ean(short_text(longest=200))),
        release,
    ),
)
