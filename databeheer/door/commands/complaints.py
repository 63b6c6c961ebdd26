"""From a complaint to evidence: an inspector's dossiers, and the bundle of what the ledger says about each.

The bundle is opened as `audit.open` opens: recorded first, and those whom an opened half concerns see it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door.bodies.auditing import Scope, erasures_of, find, open_entries
from databeheer.door.commands.audit import LARGEST_PAGE, record_look
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    asker_of,
    clerk_or_operator,
    found,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    uuid_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import UnknownPointError
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.doubt import cases
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.oversight import complaints, evidence_words
from databeheer.oversight.content_audit import VERSION
from databeheer.values import format_instant
from ledger.evidence_bundle import ENTRIES, sign_manifest

LONGEST_WORDS = 1000
_POINT, _WORDS = "complaint_point", "complaint_words"


def open_complaint(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Begin a dossier: about a party, an access point or both, or about a case of doubt, and which days.

    The same `complaint_id` twice is one dossier, as of a button pressed twice.

    Raises:
        MalformedRequestError: neither is named, or the days are turned around or to come.
        ConflictError: that id names another dossier, or one of another inspector.
        NotFoundError: there is no such party, access point or case of doubt; of an access point that is recorded.
    """
    first, last, case_id = arguments["first"], arguments["last"], arguments["case_id"]
    if last < first:
        raise MalformedRequestError("last: lies before first")
    with _unknown_code_recorded(house, proof), house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
        if last > day_of(turn.now):
            raise MalformedRequestError("last: lies in the future")
        party_id, point = _whom(house, turn.connection, arguments)
        complaint_id: UUID = arguments["complaint_id"]
        origin = "doubt" if case_id else arguments["origin"]
        sealed = {_POINT: str(point) if point else "", _WORDS: arguments["words"]}
        before = complaints.find(turn.connection, complaint_id)
        if before is not None:
            asked = (asker.staff, arguments["reference"], origin, case_id, party_id, first, last, sealed)
            if _asked(house, before) != asked:
                raise ConflictError("complaint_id: names another dossier; take a new id")
            return {"complaint_id": str(complaint_id), "index": before.opened_index}
        complaints.put(
            turn.connection,
            {
                "complaint_id": complaint_id,
                "reference": arguments["reference"],
                "origin": origin,
                "doubt_case": case_id,
                "party_id": party_id,
                "first_day": first,
                "last_day": last,
                "opened_by": asker.staff,
                "opened_at": turn.now,
                "opened_index": turn.next_index,
            }
            | {
                f"{what.removeprefix('complaint_')}_sealed": seal_text(house, what, complaint_id, value)
                if value
                else None
                for what, value in sealed.items()
            },
        )
        # Nobody is told: whoever is looked into would know of it, and only reading is an access.
        said = {"complaint": str(complaint_id), "staff": asker.staff, "origin": origin}
        record = turn.record(Statement("complaint.opened", said))
    return {"complaint_id": str(complaint_id)} | record.answer()


def list_complaints(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Every dossier, open ones first; nothing sealed is opened."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        return {"complaints": [_view(row) for row in complaints.listed(connection)]}


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """One dossier, with the inspector's own words."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        row = found(complaints.find(connection, arguments["complaint_id"]), "complaint")
        words = open_text(house, _WORDS, row.complaint_id, row.words_sealed) if row.words_sealed else ""
        return {"complaint": _view(row) | {"words": words}}


def close(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what came of a dossier; it opens nothing any more."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
        row = _open(turn.connection, arguments["complaint_id"])
        complaints.close(turn.connection, row.complaint_id, arguments["outcome"], turn.now, turn.next_index)
        said = {"complaint": str(row.complaint_id), "staff": asker.staff, "outcome": arguments["outcome"]}
        record = turn.record(Statement("complaint.closed", said))
    return record.answer()


def bundle(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make what the door says in an evidence bundle (`ledger.evidence_bundle`), and sign for it (R15).

    `below` is the size of the published checkpoint that will prove the entries. Recorded before it is opened.

    Raises:
        MalformedRequestError: more entries than one bundle holds; nothing was opened.
    """
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
        row = _open(turn.connection, arguments["complaint_id"])
        scope = Scope(
            row.first_day,
            row.last_day,
            arguments["below"],
            row.party_id,
            _point_hash(house, turn.connection, row),
        )
        page = find(house, turn.connection, scope, 0, LARGEST_PAGE)
        if page.next is not None:
            raise MalformedRequestError(
                f"last: more than {LARGEST_PAGE} entries; open a complaint about fewer days for each part"
            )
        record = record_look(turn, asker, scope, page, row.reference)
    with house.engine.connect() as connection:
        entries = open_entries(house, connection, page.indexes)
        support = open_entries(house, connection, page.support)
        erasures = erasures_of(house, connection, [*page.indexes, *page.support], scope.below)
        parties = {str(one.party_id): one.name for one in connection.execute(_PARTIES)}
    named = {name: parties[name] for name in sorted(_named([*entries, *support])) if name in parties}
    document = {
        "v": VERSION,
        "origin": house.origin,
        "asked": {
            "first": row.first_day.isoformat(),
            "last": row.last_day.isoformat(),
            "task": row.reference,
        },
        "entries": entries,
        "support": support,
        "erasures": erasures,
        "range": list(page.span),
        "is_whole": scope.is_whole,
        "index": record.index,
        "parties": named,
    }
    about = evidence_words.About(
        row.reference,
        " en ".join(
            [*([row.party] if row.party else []), *(["één aansluiting"] if scope.point_hash else [])]
        ),
        (f"{row.first_day:%d/%m/%Y}", f"{row.last_day:%d/%m/%Y}"),
        turn.now,
        record.index,
    )
    files = {
        ENTRIES: json.dumps(document, sort_keys=True).encode(),
        "decisions.json": evidence_words.decisions(entries, house.catalogue, named),
        "index.txt": evidence_words.in_words(about, entries, support, house.catalogue, named),
    }
    manifest = sign_manifest(house.origin, files, house.promise_key)
    return {
        "files": {name: b64encode(content).decode() for name, content in files.items()},
        "manifest": b64encode(manifest).decode(),
        "entries": len(entries),
    } | record.answer()


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Forget complaints whose term is over: the clerk's (R137). An entry says that one is gone, and no more."""
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip, limit = arguments["skip"], arguments["limit"]
        over = complaints.over(turn.connection, turn.now, skip + limit)[skip:]
        return sweep_each(turn, over, limit, lambda one: _forget(turn, one.complaint_id))


def _forget(turn: Turn, complaint_id: UUID) -> str:
    complaints.forget(turn.connection, complaint_id)
    turn.record(Statement("complaint.forgotten", {"complaint": str(complaint_id)}))
    return "complaint_forgotten"


def _whom(house: House, connection: Connection, arguments: dict[str, Any]) -> tuple[UUID | None, UUID | None]:
    """Party and access point, by name or of a case of doubt."""
    party_id, ean, case_id = (arguments[name] for name in ("party_id", "ean", "case_id"))
    if case_id is not None:
        if (party_id, ean, arguments["origin"]) != (None, None, None):
            raise MalformedRequestError("case_id: a case of doubt says itself whom it is about")
        row = found(cases.get(connection, case_id), "case of doubt")
        point = connection.execute(_POINT_OF_STAY, {"stay": row.occupancy_id}).scalar_one_or_none()
        return row.party_id, point
    if arguments["origin"] is None:
        raise MalformedRequestError("origin: say who complains")
    if party_id is None and ean is None:
        raise MalformedRequestError("name a party, an access point, or both")
    if party_id is not None:
        found(connection.execute(_PARTY, {"id": party_id}).one_or_none(), "party")
    if ean is None:
        return party_id, None
    point = connection.execute(_POINT_OF_EAN, {"hash": ean_hash(house, ean)}).scalar_one_or_none()
    if point is None:
        raise UnknownPointError("unknown_point")
    return party_id, point


@contextmanager
def _unknown_code_recorded(house: House, proof: Proof) -> Iterator[None]:
    """Record an inspector's EAN code that there is not, in a turn of its own: nobody asks after codes in silence."""
    try:
        yield
    except UnknownPointError as error:
        with house.turn() as turn:
            asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
            turn.record(Statement("complaint.not_opened", {"staff": asker.staff, "reason": error.why}))
        raise


def _asked(house: House, row: Any) -> tuple[Any, ...]:
    """What was asked when a dossier was opened, and by whom."""
    sealed = {_POINT: row.point_sealed, _WORDS: row.words_sealed}
    opened = {
        what: open_text(house, what, row.complaint_id, kept) if kept else "" for what, kept in sealed.items()
    }
    return (
        row.opened_by,
        row.reference,
        row.origin,
        row.doubt_case,
        row.party_id,
        row.first_day,
        row.last_day,
        opened,
    )


def _open(connection: Connection, complaint_id: UUID) -> Any:
    row = found(complaints.find(connection, complaint_id, locked=True), "complaint")
    if row.closed_at is not None:
        raise ConflictError("this complaint is closed; open a new one to look again")
    return row


def _point_hash(house: House, connection: Connection, row: Any) -> bytes | None:
    if row.point_sealed is None:
        return None
    point = UUID(open_text(house, _POINT, row.complaint_id, row.point_sealed))
    return bytes(connection.execute(_HASH_OF_POINT, {"point": point}).scalar_one())


def _named(items: list[dict[str, Any]]) -> set[str]:
    return {str(said["party"]) for one in items if (said := evidence_words.shared(one)) and said.get("party")}


def _view(row: Any) -> dict[str, Any]:
    return {
        "complaint_id": str(row.complaint_id),
        "reference": row.reference,
        "origin": row.origin,
        "case_id": uuid_text(row.doubt_case),
        "party": row.party,
        "has_point": row.point_sealed is not None,
        "first": row.first_day.isoformat(),
        "last": row.last_day.isoformat(),
        "opened_at": format_instant(row.opened_at),
        "opened_index": row.opened_index,
        "outcome": row.outcome,
        "closed_at": format_instant(row.closed_at) if row.closed_at else None,
        "closed_index": row.closed_index,
    }


_PARTIES = text("SELECT party_id, name FROM registry.party")
_PARTY = text("SELECT party_id FROM registry.party WHERE party_id = :id")
_POINT_OF_EAN = text("SELECT access_point_id FROM registry.access_point WHERE ean_hash = :hash")
_POINT_OF_STAY = text("SELECT access_point_id FROM registry.occupancy WHERE occupancy_id = :stay")
_HASH_OF_POINT = text("SELECT ean_hash FROM registry.access_point WHERE access_point_id = :point")
_NUMBER = validate.Regexp(
    r"(?!.*[0-9]{7})(?!(?:[^0-9]*[0-9]){9})[A-Za-z0-9][A-Za-z0-9./-]{2,29}\Z",
    error="your own dossier: 3 to 30 letters, digits, '.', '/' or '-', eight digits at most, no seven in a row",
)
"""Customers read it, and it leaves with each receipt: it has no room for an EAN code or a national number, however it
is split, and without spaces nobody types a name with an address by mistake."""

COMMANDS = (
    Command(
        "complaint.open",
        schema(
            complaint_id=identifier(),
            reference=fields.String(required=True, validate=_NUMBER),
            origin=one_of(*complaints.ORIGINS, required=False),
            case_id=identifier(required=False),
            party_id=identifier(required=False),
            ean=EANCode(load_default=None, allow_none=True),
            first=Day(required=True),
            last=Day(required=True),
            words=without_ean(long_text(required=False, longest=LONGEST_WORDS, missing="")),
        ),
        open_complaint,
    ),
    Command("complaint.list", schema(), list_complaints),
    Command("complaint.show", schema(complaint_id=identifier()), show),
    Command(
        "complaint.close", schema(complaint_id=identifier(), outcome=one_of(*complaints.OUTCOMES)), close
    ),
    Command(
        "complaint.bundle",
        schema(
            complaint_id=identifier(),
            below=fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**53)),
        ),
        bundle,
    ),
    Command(
        "complaint.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(
                load_default=complaints.MOST_LISTED,
                strict=True,
                validate=validate.Range(1, complaints.MOST_LISTED),
            ),
        ),
        sweep,
    ),
)
