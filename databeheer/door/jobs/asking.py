"""What a job asks, kept sealed while it lives: a read in bulk of any length, and how it falls into pieces."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from databeheer.door.bodies.halves import canonical
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.portfolio.alike import is_asked_plainly
from databeheer.door.proofs import Proof
from databeheer.door.reads.request import ReadRequest, Wanted
from databeheer.door.reads.statements import most_values, span_of, versions_said
from databeheer.errors import TooLargeError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.values import Direction, Granularity, Period, Purpose, parse_instant

MOST_ITEMS = 100_000
MOST_PIECES = 1_000
LARGEST_PIECE = 1_000
"""Items; so many are decided in one turn (ADR 0024)."""
MOST_VALUES = 200_000
"""Values that a piece may hold at most, but for the quarter-hours of one day."""
_ID, _HASH = 16, 32


@dataclass(frozen=True)
class Asked:
    """A read in bulk, and how many of its items are one piece."""

    wanted: Wanted
    size: int

    @property
    def pieces(self) -> int:
        return -(-len(self.wanted) // self.size)

    def places(self, number: int) -> range:
        """The places in the request that a piece is about."""
        return range(number * self.size, min((number + 1) * self.size, len(self.wanted)))


def asked(wanted: Wanted) -> Asked:
    """Return how a read falls into pieces.

    Raises:
        TooLargeError: one item has more values than one answer holds, or there are too many pieces.
    """
    common = wanted.common
    size = LARGEST_PIECE
    if not is_asked_plainly(common.period, common.granularity):
        values = most_values(common.period, common.granularity, common.directions)
        size = min(size, MOST_VALUES // values)
    if size == 0:
        raise TooLargeError(
            f"one of them may be more than {MOST_VALUES} values; ask for a shorter period or larger slots"
        )
    found = Asked(wanted, size)
    if found.pieces > MOST_PIECES:
        raise TooLargeError(
            f"that is more than {MOST_PIECES} pieces; hand fewer in, a shorter period or larger slots"
        )
    return found


def seal_asked(house: House, job_id: UUID, what: Asked) -> bytes:
    """Seal what a job asks."""
    return seal(house.ledger_key, _spelled(what), _coordinates(job_id))


def open_asked(house: House, job_id: UUID, sealed: bytes) -> Asked:
    """Open what `seal_asked` closed."""
    said = json.loads(unseal(house.ledger_key, sealed, _coordinates(job_id)))
    names, start, end = b64decode(said["names"]), *map(parse_instant, said["asked"])
    directions = None if said["directions"] is None else frozenset(map(Direction, said["directions"]))
    purpose = None if said["purpose"] is None else Purpose(said["purpose"])
    common = ReadRequest(
        Proof(),
        Period(start, end),
        Granularity(said["granularity"]),
        directions,
        said["strict"],
        purpose,
        registers=said["registers"],
        per_year=said.get("per") == "year",
        as_of=said.get("as_of"),
    )
    if said["kind"] == "permissions":
        wanted = Wanted(common, [UUID(bytes=one) for one in _cut(names, _ID)])
    else:
        wanted = Wanted(common, None, _cut(names, _HASH))
    return Asked(wanted, said["size"])


def digest_of(house: House, party_id: UUID, what: Asked) -> bytes:
    """A keyed hash of what a party asks: the same read handed in again is the same job."""
    secret = derive(house.registry_key("find"), "job", party_id.bytes)
    return derive(secret, "request", _spelled(what))


def _spelled(what: Asked) -> bytes:
    wanted, common = what.wanted, what.wanted.common
    names: dict[str, Any] = {
        "kind": "permissions",
        "names": b"".join(one.bytes for one in wanted.permissions or ()),
    }
    if wanted.permissions is None:
        names = {"kind": "points", "names": b"".join(wanted.points or ())}
    return canonical(
        {
            "kind": names["kind"],
            "names": b64encode(names["names"]).decode(),
            "asked": span_of(common.period),
            "granularity": common.granularity.value,
            "directions": None if common.directions is None else sorted(common.directions),
            "strict": common.strict,
            "registers": common.registers,
            "purpose": None if common.purpose is None else common.purpose.value,
            "size": what.size,
        }
        | versions_said(common)
    )


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _coordinates(job_id: UUID) -> bytes:
    return f"job/v1|asked|{job_id}".encode()
