"""Who looked, where a person did: what that one was to each stay, and the name that only an auditor opens.

A person's look says `customer` to everybody whom it concerns. What each stay is told beside it is what the one who
looked was to that stay, and never who it was: neighbours and strangers have no business with one another's names.
Who it was stands sealed in the half of the house, unless all of those told hear that they were it themselves.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from databeheer.access.facts import Occupancy
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.statement import Subject


class Onlooker(enum.StrEnum):
    """What a person who looked was to a stay, at the time of the look."""

    HOLDER = "holder"
    """Whose stay it is: its grid user."""
    REPRESENTATIVE = "representative"
    """Who acts in that one's name."""
    RESIDENT = "resident"
    """Who lives there beside him, and had made himself known."""
    FORMER = "former"
    """Who lived there before: a predecessor, or a resident who left."""
    NOBODY = "nobody"
    """None of these."""


_THEMSELVES = frozenset({Onlooker.HOLDER.value, Onlooker.REPRESENTATIVE.value})
"""To whom the entry itself says whose look it was."""


@dataclass(frozen=True)
class Look:
    """A person's look, of now: for whatever says of it to whom it concerns."""

    person_id: UUID
    is_represented: bool
    at: datetime
    power_id: UUID | None = None
    """By which power of attorney, or for an enterprise: by it the name of who looked is found, which is not written."""

    @classmethod
    def by(cls, asker: Asker, at: datetime) -> Look | None:
        """The look of who asks; None where that is no customer."""
        if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
            return None
        power_id = asker.representation_id if asker.power is not None or asker.for_enterprise else None
        return cls(asker.person_id, asker.representative_id is not None, at, power_id)

    def told(self, stay: Occupancy, stays: Iterable[Occupancy]) -> dict[str, str]:
        """What the half of a stay says of who looked, given all stays of that access point."""
        seen = relation(str(self.person_id), stay, stays, self.at)
        if seen is Onlooker.HOLDER and self.is_represented:
            seen = Onlooker.REPRESENTATIVE
            if self.power_id is not None:
                return {"reader": seen.value, "representation": str(self.power_id)}
        return {"reader": seen.value}


def relation(person_id: str, stay: Occupancy, stays: Iterable[Occupancy], now: datetime) -> Onlooker:
    """What a person was to a stay at `now`, among all stays of that access point."""
    if stay.person_id == person_id:
        return Onlooker.HOLDER
    if any(one.person_id == person_id and now in one.period for one in stay.concerned):
        return Onlooker.RESIDENT
    before = [one for one in stays if one.period.start <= stay.period.start]
    lived = {one.person_id for one in before} | {two.person_id for one in before for two in one.concerned}
    return Onlooker.FORMER if person_id in lived else Onlooker.NOBODY


def person_to_seal(person_id: UUID, subjects: Sequence[Subject]) -> UUID | None:
    """The person for the house's half; nobody where each of those told hears that it was himself.

    Where there is nobody to tell, there is nobody who could say it either: then it is sealed too.
    """
    told = {subject.said.get("reader") for subject in subjects}
    return None if told and told <= _THEMSELVES else person_id


def leaves_beside_house(subjects: Sequence[Subject]) -> int:
    """How many halves an entry has with that of the house: one more than it tells."""
    return len(subjects) + 1 + (not subjects)
