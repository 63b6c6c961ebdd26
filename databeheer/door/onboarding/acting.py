"""Who acts for a party at the party pages: somebody of its enterprise, whose session says so, and nobody's program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.commands.base import asker_of, found, looking
from databeheer.door.house import House
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.turn import Turn
from databeheer.errors import UnauthenticatedError
from databeheer.post import outbox


@contextmanager
def looking_for_party(house: House, proof: Proof) -> Iterator[tuple[Connection, Asker, datetime]]:
    """As `looking`, for somebody of an enterprise; the party is in the asker, where one was chosen."""
    with looking(house, proof, or_suspended=True, or_party_people=True) as (connection, asker, now):
        if asker.kind is not AskerKind.PARTY_PERSON:
            raise UnauthenticatedError("log in for your organisation")
        yield connection, asker, now


def person_of_enterprise(turn: Turn, house: House, proof: Proof) -> Asker:
    """Return who acts, for whichever party."""
    return asker_of(turn, house, proof, AskerKind.PARTY_PERSON)


def person_of_party(
    turn: Turn, house: House, proof: Proof, *, or_suspended: bool = False
) -> tuple[Asker, UUID]:
    """Return who acts, and for which party."""
    asker = asker_of(turn, house, proof, AskerKind.PARTY_PERSON, or_suspended=or_suspended)
    return asker, party_of(asker)


def party_of(asker: Asker) -> UUID:
    """Return the party that somebody acts for.

    Raises:
        NotFoundError: none was chosen, or it is of his enterprise no more.
    """
    party_id: UUID = found(asker.party_id, "party of yours")
    return party_id


def who(asker: Asker) -> dict[str, Any]:
    """What an entry says of who did it: a keyed hash, the same for everything that this person does."""
    return {"by_person": asker.staff}


def tell_partys_programs(house: House, turn: Turn, kind: str, party_id: UUID) -> None:
    """Tell the party alone, by its web hook."""
    to = [outbox.party(party_id)]
    tell(house, turn, kind, to=to, operator=FIRST_OPERATOR, said={"party": str(party_id)})
