"""What is kept of a piece: of each place a digest of what was decided, and whether that gave anything. No value."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from databeheer.door.bodies.halves import canonical
from databeheer.door.house import House
from databeheer.door.portfolio.sorting import Sorted
from databeheer.door.reads.bulk import outcomes
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal

_DIGEST = 16
_REFUSED = "-"


class Outcome(NamedTuple):
    """Of one place."""

    digest: str
    leaves: bool

    def spelled(self) -> str:
        return self.digest if self.leaves else self.digest + _REFUSED

    @classmethod
    def read(cls, spelled: str) -> Outcome:
        return cls(spelled.removesuffix(_REFUSED), not spelled.endswith(_REFUSED))


GONE = Outcome("", True)
"""Of a place whose decision became another one: it is not opened by this piece any more."""


def digests(sorted_: Sorted) -> list[Outcome]:
    """Of each place what was decided: what leaves of whom on which ground, and what is refused and why."""
    said: Mapping[int, Any] = outcomes(sorted_)
    return [
        Outcome(b64encode(sha256(canonical(said[place])).digest()[:_DIGEST]).decode(), bool(said[place][0]))
        for place in range(len(said))
    ]


def seal_outcomes(house: House, job_id: UUID, number: int, kept: Sequence[Outcome]) -> bytes:
    """Seal what is kept of a piece."""
    return seal(house.ledger_key, canonical([one.spelled() for one in kept]), _coordinates(job_id, number))


def open_outcomes(house: House, job_id: UUID, number: int, sealed: bytes) -> list[Outcome]:
    """Open what `seal_outcomes` closed."""
    return [
        Outcome.read(one)
        for one in json.loads(unseal(house.ledger_key, sealed, _coordinates(job_id, number)))
    ]


def _coordinates(job_id: UUID, number: int) -> bytes:
    return f"job/v1|outcome|{job_id}|{number}".encode()
