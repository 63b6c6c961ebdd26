"""Make a document of what the house knows now, keep it as the next version of its kind, and open it again."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.governance.making import Means, sections
from databeheer.door.governance.records import OF_ORGANISATION, ORGANISATION
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff.asking import doer_of, require_role
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.governance import documents
from databeheer.governance.documents import KINDS, DocumentKind
from databeheer.staff import roles
from databeheer.values import format_instant

LONGEST = timedelta(days=5 * 366)
_FILE = "measures_file"


def make(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a document of a period that has begun, at most five years long; the next version of its kind.

    The inspector makes any, at any time (R143, R189); staff those of their topic.
    """
    kind, first, last = KINDS[arguments["kind"]], arguments["first"], arguments["last"]
    with house.turn() as turn:
        if first > day_of(turn.now) or not first <= last <= first + LONGEST:
            raise MalformedRequestError("first, last: a period that has begun, of at most five years")
        members = {
            "format": "databeheer-document/v1",
            "label": kind.label.value,
            "readers": kind.label_nl,
            "kind": kind.code,
            "title": kind.nl,
            "from": first.isoformat(),
            "until": last.isoformat(),
            "made_at": format_instant(turn.now),
            "sections": [
                one.view()
                for one in sections(kind.code, Means(house, turn.connection, turn.now, first, last))
            ],
        }
        content = json.dumps(members, sort_keys=True, ensure_ascii=False)
        document_id = uuid4()
        record = _record(house, turn, proof, kind, document_id, content, arguments)
        version = documents.keep(
            turn.connection,
            {
                "document_id": document_id,
                "kind": kind.code,
                "first": first,
                "last": last,
                "content_sealed": seal_text(house, "governance_document", document_id, content),
                "sha256": sha256(content.encode()).digest(),
                "now": turn.now,
                "index": turn.next_index - 1,
            },
        )
    return {"document_id": str(document_id), "version": version} | record.answer()


def list_documents(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The documents that were made, the newest first, of the kinds that one may read."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        kinds = [kind.code for kind in KINDS.values() if _may_read(asker, kind)]
        if not kinds:
            _refuse(asker)
        return {
            "kinds": kinds,
            "may_make": [code for code in kinds if _may_make(asker, KINDS[code])],
            "documents": [_view(row) for row in documents.every(connection, kinds)],
        }


def open_document(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """One document, as it was made."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if not any(_may_read(asker, kind) for kind in KINDS.values()):
            _refuse(asker)
        row = found(documents.find(connection, arguments["document_id"]), "document")
        if not _may_read(asker, KINDS[row.kind]):
            _refuse(asker)
        content = open_text(house, "governance_document", row.document_id, bytes(row.content_sealed))
        return {"document": _view(row), "content": json.loads(content)}


def _record(
    house: House,
    turn: Turn,
    proof: Proof,
    kind: DocumentKind,
    document_id: UUID,
    content: str,
    given: dict[str, Any],
) -> Record:
    said = {"document": str(document_id), "sha256": sha256(content.encode()).hexdigest()}
    said |= {"from": given["first"].isoformat(), "until": given["last"].isoformat()}
    if kind.code == _FILE:
        clocks.meet(turn.connection, _FILE, ORGANISATION, turn.now)
        clocks.start(turn.connection, _FILE, ORGANISATION, turn.now)
        said[OF_ORGANISATION] = str(ORGANISATION)
    asker = asker_of(turn, house, proof, AskerKind.INSPECTOR, AskerKind.STAFF, AskerKind.OPERATOR)
    event = f"{kind.code}.made"
    if asker.kind is AskerKind.INSPECTOR:
        return turn.record(Statement(event, said | {"asker": "inspector"}))
    doer = doer_of(turn, house, proof, *roles.load().writing(kind.topic), writing=True, by=given["by"])
    return doer.record(turn, Statement(event, said))


def _may_read(asker: Asker, kind: DocumentKind) -> bool:
    if asker.kind is AskerKind.STAFF:
        return not asker.roles.isdisjoint(roles.load().reading(kind.topic))
    return asker.kind in (AskerKind.INSPECTOR, AskerKind.OPERATOR)


def _may_make(asker: Asker, kind: DocumentKind) -> bool:
    if asker.kind is AskerKind.STAFF:
        return not asker.writes.isdisjoint(roles.load().writing(kind.topic))
    return asker.kind is AskerKind.INSPECTOR


def _refuse(asker: Asker) -> None:
    if asker.kind is not AskerKind.STAFF:
        raise UnauthenticatedError("log in as an inspector, or as staff")
    require_role(
        asker,
        *sorted({role for kind in KINDS.values() for role in roles.load().reading(kind.topic)} - asker.roles),
    )


def _view(row: Any) -> dict[str, Any]:
    return {
        "document_id": str(row.document_id),
        "kind": row.kind,
        "title": KINDS[row.kind].nl,
        "label": KINDS[row.kind].label.value,
        "readers": KINDS[row.kind].label_nl,
        "version": row.version,
        "from": row.first_day.isoformat(),
        "until": row.last_day.isoformat(),
        "sha256": bytes(row.sha256).hex(),
        "made_at": format_instant(row.made_at),
        "index": row.made_index,
    }


COMMANDS = (
    Command(
        "governance.document.make",
        schema(
            kind=one_of(*KINDS),
            first=Day(required=True),
            last=Day(required=True),
            by=short_text(required=False, longest=100),
        ),
        make,
    ),
    Command("governance.document.list", schema(), list_documents),
    Command("governance.document.open", schema(document_id=identifier()), open_document),
)
