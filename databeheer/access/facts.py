"""What is known when a decision is made: the facts of one access point that concern one asker.

Facts are values read under the ledger's lock; `decide` trusts them, and nothing else. Ids are strings (UUID
text). All times are aware UTC; what changes by the day changes at a Brussels midnight. Whoever gathers facts may
give too many (another party's permission is ignored), never too few: a fact that is not given does not exist,
and whatever needs it is refused.

Two axes are kept apart. *Access time* is when somebody looks (`now`): DPIA, contract of access, notice, block,
suspension, a permission's validity are held against it. *Data time* is when the energy flowed: occupancy, supply
contract, regime, registration, participation, a permission's data period are held against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from databeheer.access.intervals import Interval
from databeheer.values import Code, Direction, Granularity, Purpose, Role


class PermissionState(Code):
    """Where a permission is in its life; ACTIVE and TO_BE_RENEWED give access (EU 2023/1162 art. 2(9))."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    """Nobody answered the request in time."""
    ACTIVE = "active"
    TO_BE_RENEWED = "to_be_renewed"
    """Active, and its end is near: the customer was asked whether it goes on."""
    BLOCKED = "blocked"
    """Doubt about the mandate is being examined (R100); a `Block` says the same of one point and party."""
    FULFILLED = "fulfilled"
    """Its purpose was reached."""
    REVOKED = "revoked"
    """The customer withdrew it."""
    EXPIRED = "expired"
    TERMINATED = "terminated"
    """The party gave it up."""
    INVALIDATED = "invalidated"
    """It ended by law: what it rested on is no more. `Invalidation` says what that was."""
    LAPSED = "lapsed"
    """Whether it was withdrawn got lost with a database, so it counts no more."""


class Invalidation(Code):
    """What a permission rested on and lost; the values are the end reasons that stand in its row."""

    MOVED_OUT = "moved_out"
    """The occupant left (TRDE 5.3.13 §3)."""
    HOLDER_DIED = "holder_died"
    """Whoever gave it died."""
    MANDATE_REJECTED = "mandate_rejected"
    """The written mandate that carried it was no good (R34)."""
    DOUBT_NOT_ANSWERED = "doubt_not_answered"
    """There was doubt about it, and its party did not show in time that the customer gave it (R104)."""
    PARTY_SUSPENDED = "party_suspended"
    """Its party met the conditions no longer (R13); taken back, it asks anew."""


class Capacity(Code):
    """In which quality somebody signs a consent; the two can be different people (4.1.22/5, 5°)."""

    GRID_USER = "grid_user"
    NATURAL_PERSON = "natural_person"
    REPRESENTATIVE = "representative"
    """For the grid user, as an administrator whom a court appointed: see `Representation`."""


class Regime(Code):
    """Metering regime: what the supplier gets (meetregime 1 and 3). Only SMR3 brings it values per quarter-hour.

    SMR3 is registered only where the meter can deliver values per elementary period.
    """

    SMR1 = "SMR1"
    SMR3 = "SMR3"


@dataclass(frozen=True, slots=True)
class Signer:
    """One person's signature under a consent.

    `for_person_id` is in whose name a representative signed: it counts for nobody else whom he represents.
    """

    person_id: str
    capacity: Capacity
    signed_at: datetime
    for_person_id: str | None = None


@dataclass(frozen=True, slots=True)
class PersonConcerned:
    """A natural person who is not the contract holder and whose data a point's readings are (table row 4).

    He sees the data of `period` himself, and no consent opens them to anybody without his signature (R4).
    """

    person_id: str
    period: Interval


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Who is the grid user of the access point from when to when; `person_id` None is a vacancy.

    `concerned` are the people who live there beside the contract holder and have made themselves known.
    """

    id: str
    person_id: str | None
    period: Interval
    concerned: tuple[PersonConcerned, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenMandate:
    """A mandate on paper or as a signed file: its hash, and when somebody checked the signature (R34).

    `checked_at` None: nobody did yet, so it opens nothing.
    """

    document_sha256: bytes
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Permission:
    """A consent, asked or given.

    `valid_period` is when the party may look, `data_period` what it may see: two separate axes.
    `occupancy_id` is the occupancy of the person who granted it, None until somebody did; the grant reaches
    no data outside that occupancy. `granularity` is the finest that was granted. `signers` are those who gave
    it; without the grid user of that occupancy among them, or his representative, it opens nothing; and of the
    time in which a person concerned lives there, nothing without that person. `invalidated_by` says why, where it
    is INVALIDATED.
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
    mandate: WrittenMandate | None = None
    invalidated_by: Invalidation = Invalidation.MOVED_OUT


@dataclass(frozen=True, slots=True)
class SupplyContract:
    """A supplier's contract on the access point. One that is not accepted yet does not exist (R72, R77).

    `accepted_at` None while the registration is pending. `dynamic_price` are the stretches of its period in which
    the product has a price that follows the market (3.1.38/1, draft 2018). Nothing here tells of a drop, a
    budget meter or a prepayment: no decision knows of them.
    """

    id: str
    party_id: str
    period: Interval
    accepted_at: datetime | None
    dynamic_price: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class MeteringRegime:
    """The regime that the customer of an occupancy chose, and from when to when (R38)."""

    id: str
    occupancy_id: str
    regime: Regime
    period: Interval


@dataclass(frozen=True, slots=True)
class Registration:
    """A balance responsible party or shipper stands registered on the point's allocation point (4.1.22/9)."""

    id: str
    party_id: str
    period: Interval


@dataclass(frozen=True, slots=True)
class Participation:
    """A contract by which the customer of an occupancy takes part in an energy community or in sharing.

    Its data are those of `period` in that occupancy: a move ends it, whatever the contract says.
    """

    id: str
    party_id: str
    occupancy_id: str
    period: Interval


@dataclass(frozen=True, slots=True)
class Necessity:
    """A record of why a party with a legal task needs these data of this point, made before it looks.

    It names the task's purpose, the finest granularity needed, the data it needs and how long it may look
    (3.1.53 al. 5 draft; 4.1.22/5 al. 2: only what is strictly necessary). For staff it is the case at hand, for
    a processor the written instruction, for an authority or a public body the file. `authorisation_id` names the law
    that this file rests on: no other that the party has counts for it.
    """

    id: str
    party_id: str
    purpose: Purpose
    granularity: Granularity
    data_period: Interval
    valid_period: Interval
    authorisation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """The law, decree or ordinance that authorises a party to know these data (4.1.22/5, 1°; R14).

    `act`, `version` and `article` are the citation; `categories` and `granularity` what that law lets it know;
    `period` is when it is in force.
    """

    id: str
    party_id: str
    act: str
    version: str
    article: str
    categories: frozenset[str]
    granularity: Granularity
    period: Interval


@dataclass(frozen=True, slots=True)
class Notice:
    """The customer of an occupancy was told that a party will process data for these purposes (R7).

    By law as by consent, the first access comes after it: nothing leaves before `given_at`.
    """

    id: str
    party_id: str
    occupancy_id: str
    purposes: frozenset[Purpose]
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A party is blocked on this access point while doubt about its mandate is examined (seed 004, step 2).

    A block stops looking, not data: once lifted, the party may fetch the blocked period after all (R103).
    """

    id: str
    party_id: str
    period: Interval


@dataclass(frozen=True, slots=True)
class Gap:
    """Data that a party never gets by consent, for it showed no mandate in time while it was blocked (R104).

    `period` is data time: from the block to the end of the permissions in doubt. A later consent, given in the regular
    way, opens what lies before and after it. `spares` are permissions that were proven in a case of their own: another
    one's doubt takes nothing from them (R103).
    """

    id: str
    party_id: str
    period: Interval
    spares: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Objection:
    """Somebody objected to what is done with the data of his stay on one legal basis, and was right (GDPR 21(1)).

    `basis` is a code of the catalogue, whoever looks by it. From `since` on nobody sees what lies in `period`, data
    time: his time in that occupancy.
    """

    id: str
    occupancy_id: str
    basis: str
    period: Interval
    since: datetime


@dataclass(frozen=True, slots=True)
class Representation:
    """`representative_id` acts for `person_id`: a court appointed him, or that one gave him a power of attorney.

    `reference` names the entry that says by what. `stays`: all that a power is for; None of a court's, which is for
    all. `decides`: he signs in that name too, and does not only look.
    """

    id: str
    representative_id: str
    person_id: str
    reference: str
    period: Interval
    stays: frozenset[str] | None = None
    decides: bool = True

    def reaches(self, occupancy_id: str) -> bool:
        """Say whether it is for this stay."""
        return self.stays is None or occupancy_id in self.stays


@dataclass(frozen=True, slots=True)
class Death:
    """A person died. His consents end and nobody looks in his name; heirs get nothing by themselves."""

    person_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Assessment:
    """A DPIA that the party filed, dated `assessed_at`; how long it is good for is the catalogue's to say.

    `stale_at` is when one of the four triggers of 3.1.83 §1 (draft 2018) made it out of date, None while none
    did.
    """

    id: str
    assessed_at: datetime
    stale_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Territory:
    """A municipality (NIS code) of which the party is the welfare centre, authority or neighbour, and when."""

    code: str
    period: Interval


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """The asking party, with what it must have in order whatever point it asks of.

    `contract_period` is its data access contract with the grid operator (R12). `suspensions` is when it stood
    suspended (R13). `assessments` are its DPIAs. `overviews` is when its own overview of processing was published
    and found reachable (R6). `processor_agreements` is when a written agreement with all ten clauses of 3.1.82
    (draft 2018) was in force with it, if it is a processor.
    """

    id: str
    role: Role
    contract_period: Interval | None = None
    suspensions: tuple[Interval, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    overviews: tuple[Interval, ...] = ()
    territories: tuple[Territory, ...] = ()
    processor_agreements: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that bears on one asker and one access point.

    No occupancies means that the access point does not exist: from its registration on there is always one,
    if only a vacancy. `grid_operator_id` is the party that operates the grid of this point, `data_manager_id`
    the one that manages its data (it may be the same company). `territory` is the NIS code of the municipality
    that the point lies in. `stopped_since` is when the operator stopped all hand-over of data, None when it runs.
    `unreconciled_since` is when a restored database was found to lack what the ledger recorded, None once that is
    reconciled.
    """

    party: PartyFacts | None = None
    occupancies: tuple[Occupancy, ...] = ()
    permissions: tuple[Permission, ...] = ()
    supply_contracts: tuple[SupplyContract, ...] = ()
    regimes: tuple[MeteringRegime, ...] = ()
    registrations: tuple[Registration, ...] = ()
    participations: tuple[Participation, ...] = ()
    necessities: tuple[Necessity, ...] = ()
    authorisations: tuple[Authorisation, ...] = ()
    notices: tuple[Notice, ...] = ()
    blocks: tuple[Block, ...] = ()
    gaps: tuple[Gap, ...] = ()
    objections: tuple[Objection, ...] = ()
    representations: tuple[Representation, ...] = ()
    deaths: tuple[Death, ...] = ()
    grid_operator_id: str | None = None
    data_manager_id: str | None = None
    territory: str | None = None
    stopped_since: datetime | None = None
    unreconciled_since: datetime | None = None
