"""Who sends a message, and what it may be about: a grid operator's own points, a supplier's own contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from databeheer.door.commands.base import found
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker
from databeheer.door.turn import Turn
from databeheer.errors import NoLegalBasisError
from databeheer.registry import parties, points
from databeheer.values import EAN, Role

SENDERS = frozenset({Role.DSO, Role.SUPPLIER})


@dataclass(frozen=True)
class Sender:
    """A party that keeps the access register up to date; `operator` is the number of its own grid, if it has one."""

    party_id: UUID
    role: Role
    operator: int | None
    row: Any


@dataclass(frozen=True)
class Effect:
    """What a message did: whose stays it concerned, and what its sender is told beside that it was taken."""

    stays: Sequence[UUID] = ()
    answer: dict[str, Any] = field(default_factory=dict)


def sender_of(connection: Any, asker: Asker) -> Sender:
    """Return who sends.

    Raises:
        NoLegalBasisError: no grid operator with a grid, and no supplier.
    """
    party = parties.get(connection, found(asker.party_id, "party"))
    role = Role(party.role)
    if role not in SENDERS or (role is Role.DSO and party.operator is None):
        raise NoLegalBasisError("messages to the access register are for grid operators and suppliers")
    return Sender(party.party_id, role, party.operator, party)


def own_point(house: House, turn: Turn, sender: Sender, ean: EAN) -> Any:
    """Return a point of the sender's own grid; one of another grid does not exist for it.

    Raises:
        NotFoundError: there is no such point there.
    """
    point = points.find(turn.connection, ean_hash(house, ean))
    return found(point if point is not None and point.operator == sender.operator else None, "access point")
