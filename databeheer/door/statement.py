"""What a turn records: a statement, to whom what of it is said, and the entry that it became."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from databeheer.door.bodies.halves import seal_person
from databeheer.door.portfolio import crowd

NO_OPERATOR = 0
"""Of no one grid operator: of a party that serves all of them, of the house, or of customers of several."""


@dataclass(frozen=True)
class Subject:
    """What an entry says to one subject: an occupancy. `said` goes into the half that only the subject opens.

    `event`, `ground` and `operator` are given where they are this subject's own: of a bulk read one point may be
    refused, or be another grid operator's.
    """

    occupancy_id: UUID
    said: dict[str, Any] = field(default_factory=dict)
    event: str | None = None
    ground: str | None = None
    operator: int | None = None

    @property
    def own(self) -> dict[str, Any]:
        """What the subject's half says, without its place among the subject's statements."""
        apart = {"event": self.event, "ground": self.ground, "operator": self.operator}
        return self.said | {name: value for name, value in apart.items() if value is not None}


@dataclass(frozen=True)
class Statement:
    """What happened, before it is an entry. Holds no identifier: neither half needs one.

    `said` goes into the shared half, which the party's receipt opens too. `points` is how many access points it
    counts for. `leaves` is given where the number of subjects would tell something: the subjects then stand
    among decoys, that many halves in all; the shared half says how many. `house_said` goes into a half of the
    house's own, which only an auditor opens: what neither the party nor a subject may learn. Such a statement has
    its leaves, and says there how many. `person_id` is a person whom only an auditor may learn: it stands in the
    house's half, sealed, and such a statement has its leaves too. `alike` are further subjects of a statement with a
    party and its leaves, of each of whom the same is said; nobody is in both. `operator` is the grid operator that it
    counts under; where it is not given, that of its subjects' stays: each its own where they differ, and then, or
    without a subject, NO_OPERATOR for the whole.
    """

    event: str
    said: dict[str, Any]
    ground: str = ""
    party_id: UUID | None = None
    operator: int | None = None
    subjects: Sequence[Subject] = ()
    alike: Sequence[crowd.Alike] = ()
    points: int = 1
    leaves: int | None = None
    house_said: dict[str, Any] | None = None
    person_id: UUID | None = None

    @property
    def has_house_half(self) -> bool:
        """Whether the house says something that only an auditor opens."""
        return self.house_said is not None or self.person_id is not None

    @property
    def is_of_house(self) -> bool:
        """Whether the shared half is sealed under the house's key: it must outlive each subject's."""
        return len(self.subjects) != 1 or self.leaves is not None

    def house_half(self, house_key: bytes, index: int) -> dict[str, Any] | None:
        """What the house's own half says, where there is one, in the form in which its row keeps it."""
        if not self.has_house_half:
            return None
        person = {} if self.person_id is None else seal_person(house_key, index, self.person_id)
        return (self.house_said or {}) | person | {"leaves": self.leaves, "v": 1}


@dataclass
class Record:
    """A recorded statement: its place in the ledger, known once the turn is closed, and the door's promise."""

    statement: Statement
    index: int = -1
    leaf: bytes = b""
    promise: bytes = b""

    def answer(self) -> dict[str, Any]:
        """What the answer to a command says of its entry: where it is, and the door's promise."""
        return {"index": self.index, "promise": b64encode(self.promise).decode()}
