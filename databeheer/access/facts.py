"""What is known when a decision is made: the facts of one access point that concern one asker.

Facts are values read under the ledger's lock; `decide` trusts them, and nothing else. Ids are strings (UUID
text). All times are aware UTC; occupancies and contracts begin and end at a Brussels midnight.
Whoever gathers facts may give too many (another party's permission is ignored), never too few.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from databeheer.access.intervals import Interval
from databeheer.values import Direction, Granularity, Purpose, Role


class PermissionState(enum.StrEnum):
    """Where a permission is in its life; only ACTIVE gives access (EU 2023/1162 art. 2(9))."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    """Nobody answered the request in time."""
    ACTIVE = "active"
    REVOKED = "revoked"
    """The customer withdrew it."""
    EXPIRED = "expired"
    TERMINATED = "terminated"
    """The party gave it up."""
    INVALIDATED = "invalidated"
    """The occupant left, so it ended by law (TRDE 5.3.13 §3)."""


class Capacity(enum.StrEnum):
    """In which quality somebody signs a consent; the two can be different people (4.1.22/5, 5°)."""

    GRID_USER = "grid_user"
    NATURAL_PERSON = "natural_person"


@dataclass(frozen=True)
class Signer:
    """One person's signature under a consent."""

    person_id: str
    capacity: Capacity
    signed_at: datetime


@dataclass(frozen=True)
class Occupancy:
    """Who is the grid user of the access point from when to when; `person_id` None is a vacancy."""

    id: str
    person_id: str | None
    period: Interval


@dataclass(frozen=True)
class Permission:
    """A consent, asked or given.

    `valid_period` is when the party may look, `data_period` what it may see: two separate axes.
    `occupancy_id` is the occupancy of the person who granted it, None until somebody did; the grant reaches
    no data outside that occupancy. `granularity` is the finest that was granted. `signers` are those who gave
    it; without the grid user of that occupancy among them it opens nothing.
    """

    id: str
    party_id: str
    occupancy_id: str | None
    purpose: Purpose
    category: str
    directions: frozenset[Direction]
    granularity: Granularity
    data_period: Interval
    valid_period: Interval
    state: PermissionState
    signers: tuple[Signer, ...]


@dataclass(frozen=True)
class SupplyContract:
    """A supplier's contract on the access point; `accepted_at` None while the registration is pending."""

    id: str
    party_id: str
    period: Interval
    accepted_at: datetime | None


@dataclass(frozen=True)
class Necessity:
    """A record of why a party with a legal task needs these data, made before it looks.

    It names the task's purpose, the finest granularity needed, the data it needs and how long it may look
    (3.1.53 al. 5 draft; 4.1.22/5 al. 2: only what is strictly necessary).
    """

    id: str
    party_id: str
    purpose: Purpose
    granularity: Granularity
    data_period: Interval
    valid_period: Interval


@dataclass(frozen=True)
class Block:
    """A party is blocked on this access point while doubt about its mandate is examined (seed 004, step 2).

    A block stops looking, not data: once lifted, the party may fetch the blocked period after all (R103).
    """

    id: str
    party_id: str
    period: Interval


@dataclass(frozen=True)
class PartyFacts:
    """The asking party. `contract_period` is its data access contract with the grid operator, if any."""

    id: str
    role: Role
    contract_period: Interval | None = None
    suspended_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that bears on one asker and one access point.

    No occupancies means that the access point does not exist: from its registration on there is always one,
    if only a vacancy. `grid_operator_id` is the party that operates the grid of this point.
    `stopped_since` is when the operator stopped all hand-over of data, None when it runs.
    """

    party: PartyFacts | None = None
    occupancies: tuple[Occupancy, ...] = ()
    permissions: tuple[Permission, ...] = ()
    supply_contracts: tuple[SupplyContract, ...] = ()
    necessities: tuple[Necessity, ...] = ()
    blocks: tuple[Block, ...] = ()
    grid_operator_id: str | None = None
    stopped_since: datetime | None = None
