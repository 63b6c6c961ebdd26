"""What opens entries, for those whom they concern: one by one, or a whole chain of one's own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.door.bodies.halves import subject_handle
from databeheer.door.bodies.heads import subject_heads
from databeheer.door.bodies.opened import opening
from databeheer.door.commands.base import Command, Day, identifier, looking, schema
from databeheer.door.commands.statements import own_handles, require_customer
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.restore import kept_openings
from databeheer.errors import NotFoundError
from databeheer.oversight import erasures

MOST_OPENED = 200
_LARGEST = 2**53


def open_receipt(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give what opens one entry, to the party that it names or to a subject of it; nobody else has one.

    A subject also gets the head of its chain. `occupancy_id` tells which of one's own access points is meant,
    where the entry is about several. A suspended party has those of its refusals as anybody has.
    """
    index = arguments["index"]
    with looking(house, proof, or_suspended=True, or_attorney=True) as (connection, asker, _now):
        found = entitled(house, connection, asker, index, arguments["occupancy_id"])
        answer = opened_entry(house, connection, index, None if found is None else found[0])
        if found is not None:
            heads = subject_heads(house, connection, [found[1]])
            answer["head"] = next(head.view()["note"] for head in heads.values())
    return answer


def opened_for(house: House, connection: Connection, index: int, occupancy_id: UUID) -> dict[str, Any]:
    """What opens one entry for one stay that it is about, with the head of that stay's chain.

    Raises:
        NotFoundError: the entry says nothing to that stay.
    """
    handle = subject_handle(house.keys_of_subject(occupancy_id))
    row = connection.execute(_OWN_LEAF, {"index": index, "handles": [handle]}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such entry")
    answer = opened_entry(house, connection, index, row.leaf)
    heads = subject_heads(house, connection, [occupancy_id])
    answer["head"] = next(head.view()["note"] for head in heads.values())
    return answer


def show_chain(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say which statements of one access point prove a period complete, and give the head.

    `first` and `last` are counters: of a period (Brussels days, both included; None: no bound) with one
    statement on either side, whose times show that nothing of the period is left out. Both are None where
    there is no statement at all.
    """
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        heads = subject_heads(house, connection, handles.values())
        if not heads:
            return {"first": None, "last": None, "head": None}
        [(handle, head)] = heads.items()
        first, last = _around(connection, handle, head.counter, arguments["first"], arguments["last"])
    return {"first": first, "last": last, "head": head.view()}


def open_chain(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give what opens statements of one access point, from counter `first` to `last`, in their order."""
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        wanted = {"handles": list(handles), "first": arguments["first"], "last": arguments["last"]}
        rows: Sequence[Any] = connection.execute(_STRETCH, {**wanted, "limit": MOST_OPENED}).all()
        opened = [
            {"counter": row.counter} | opened_entry(house, connection, row.index, row.leaf) for row in rows
        ]
    return {"receipts": opened}


def opened_entry(house: House, connection: Connection, index: int, leaf: int | None) -> dict[str, Any]:
    """Return an entry with what opens it: the shared half, and of a subject's leaf that half too."""
    put_back = kept_openings.between(house, connection, index, index + 1).get(index)
    try:
        opened = put_back if put_back else opening(house, connection, index, leaf)
    except KeyStoreError as error:
        erased = erasures.entry_erased(connection, index)
        if erased is None:
            raise
        raise erased.error() from error
    entry = connection.execute(
        text("SELECT entry FROM ledger.entry WHERE index = :index"), {"index": index}
    ).one()
    return {"index": index, "entry": b64encode(bytes(entry.entry)).decode(), "opening": opened.to_dict()}


def entitled(
    house: House, connection: Connection, asker: Asker, index: int, occupancy_id: UUID | None = None
) -> tuple[int, UUID] | None:
    """A customer's leaf and occupancy, None for the party; raise where the entry is somebody else's."""
    if asker.kind is AskerKind.CUSTOMER:
        handles = own_handles(house, connection, asker, occupancy_id)
        row = connection.execute(_OWN_LEAF, {"index": index, "handles": list(handles)}).one_or_none()
        if row is not None:
            return row.leaf, handles[bytes(row.handle)]
    elif asker.kind is AskerKind.PARTY:
        row = connection.execute(
            text("SELECT 1 FROM ledger.body WHERE index = :index AND party_id = :party"),
            {"index": index, "party": asker.party_id},
        ).one_or_none()
        if row is not None:
            return None
    raise NotFoundError("there is no such entry of yours")


def _around(
    connection: Connection, handle: bytes, newest: int, first: date | None, last: date | None
) -> tuple[int, int]:
    """The newest statement before a period (else the first of all) and the oldest after it (else the newest)."""
    row = connection.execute(_AROUND, {"handle": handle, "first": first, "last": last}).one()
    return row.before or 1, min(row.after or newest, newest)


_OWN_LEAF = text(
    "SELECT leaf, handle FROM ledger.statement WHERE index = :index AND handle = ANY(:handles)"
    " ORDER BY leaf LIMIT 1"
)
_AROUND = text(
    "SELECT max(counter) FILTER (WHERE day < :first) AS before, min(counter) FILTER (WHERE day > :last) AS after"
    " FROM ledger.statement WHERE handle = :handle"
)
_STRETCH = text(
    "SELECT counter, index, leaf FROM ledger.statement WHERE handle = ANY(:handles)"
    " AND counter BETWEEN :first AND :last ORDER BY counter LIMIT :limit"
)


def _counter() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(1, _LARGEST))


COMMANDS = (
    Command(
        "receipt.opening",
        schema(
            index=fields.Integer(required=True, strict=True, validate=validate.Range(0, _LARGEST)),
            occupancy_id=identifier(required=False),
        ),
        open_receipt,
    ),
    Command(
        "chain.show",
        schema(
            occupancy_id=identifier(),
            first=Day(load_default=None, allow_none=True),
            last=Day(load_default=None, allow_none=True),
        ),
        show_chain,
    ),
    Command(
        "chain.open",
        schema(occupancy_id=identifier(), first=_counter(), last=_counter()),
        open_chain,
    ),
)
