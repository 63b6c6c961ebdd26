"""From facts to grounds: what each fact could give this asker, and what stands in its way.

A ground is one fact under one row of the catalogue. It claims a stretch of data; it reaches only the
occupancies it may; it may have a problem, and then gives nothing. Grounds are not yet an answer: `decide`
chooses between them, instant by instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from databeheer.access.catalogue import BasisKind, Carrier, Catalogue, Category, Requirement, Row
from databeheer.access.decision import Wish
from databeheer.access.facts import Capacity, Facts, Necessity, Occupancy, Permission, PermissionState
from databeheer.access.intervals import Interval
from databeheer.access.reasons import ReasonCode
from databeheer.values import Direction, Granularity, Role

ALWAYS = Interval(datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Ground:
    """One fact under one row: `claim` is the data it speaks of, `home` the occupancies it reaches.

    `finest` is the finest granularity it gives, None where granularity has no meaning. `problem` is why it
    gives nothing at all; `outside_claim` and `outside_home` are why it gives nothing elsewhere. `suits` says
    that it is about the asked purpose and category: only then is it a good explanation.
    """

    row: Row
    fact_id: str
    claim: Interval
    home: tuple[Occupancy, ...]
    outside_claim: ReasonCode
    outside_home: ReasonCode
    finest: Granularity | None
    problem: ReasonCode | None
    suits: bool


@dataclass(frozen=True)
class _Case:
    wish: Wish
    facts: Facts
    now: datetime

    @property
    def is_of_readings(self) -> bool:
        return self.wish.category == Category.READINGS


def grounds(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> list[Ground]:
    """Everything that gives this asker standing on this access point.

    Empty for an outsider: someone with no fact of his own here, whatever exists here.
    """
    case = _Case(wish, facts, now)
    if not _is_who_asks(case):
        return []
    rows = catalogue.rows_of(wish.asker_role)
    found = list(_consents(case, [row for row in rows if row.basis is BasisKind.CONSENT]))
    if wish.permission_id is None:
        others = [row for row in rows if row.basis is not BasisKind.CONSENT]
        # A row for another purpose explains a refusal only where no row is for this one.
        for row in [row for row in others if wish.purpose in row.purposes] or others:
            found.extend(_BY_CARRIER[row.carrier](case, row))
    return found


def _is_who_asks(case: _Case) -> bool:
    """Facts of somebody else prove nothing, so a mix-up of facts refuses."""
    if case.wish.asker_role is Role.GRID_USER:
        return True
    party = case.facts.party
    return party is not None and party.id == case.wish.party_id and party.role is case.wish.asker_role


# --- by consent -------------------------------------------------------------------------------------------


def _consents(case: _Case, rows: Sequence[Row]) -> Iterator[Ground]:
    if not rows:
        return
    for permission in case.facts.permissions:
        if permission.party_id == case.wish.party_id and case.wish.permission_id in (None, permission.id):
            purpose, category = permission.purpose, permission.category
            fitting = (row for row in rows if purpose in row.purposes and category in row.categories)
            yield _consent(case, permission, next(fitting, None), rows[0])


def _consent(case: _Case, permission: Permission, fitting: Row | None, fallback: Row) -> Ground:
    row = fitting or fallback
    wish = case.wish
    granter = next((o for o in case.facts.occupancies if o.id == permission.occupancy_id), None)
    finest = _coarser(permission.granularity, row.ceiling)
    # The customer's own word first, then what concerns the party, then the terms of this wish.
    problem = (
        _state_problem(permission, granter, case.now)
        or _block_problem(case)
        or _party_problem(case, row)
        or (None if fitting and permission.purpose is wish.purpose else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if permission.category == wish.category else ReasonCode.CATEGORY_NOT_GRANTED)
        or _measure_problem(case, permission.directions & row.directions, finest)
        or _stop_problem(case)
    )
    return Ground(
        row=row,
        fact_id=permission.id,
        claim=permission.data_period,
        home=(granter,) if granter is not None and _has_signed(permission, granter) else (),
        outside_claim=ReasonCode.OUTSIDE_DATA_PERIOD,
        outside_home=ReasonCode.NOT_OCCUPANT,
        finest=finest if case.is_of_readings else None,
        problem=problem,
        suits=permission.purpose is wish.purpose and permission.category == wish.category,
    )


def _has_signed(permission: Permission, granter: Occupancy) -> bool:
    """Only the grid user of the occupancy can open it to a party; a vacancy has nobody who can."""
    return any(
        signer.person_id == granter.person_id and signer.capacity is Capacity.GRID_USER
        for signer in permission.signers
    )


_BY_STATE = {
    PermissionState.REQUESTED: ReasonCode.REQUESTED,
    PermissionState.REJECTED: ReasonCode.REJECTED,
    PermissionState.REVOKED: ReasonCode.WITHDRAWN,
    PermissionState.EXPIRED: ReasonCode.EXPIRED,
    PermissionState.TERMINATED: ReasonCode.TERMINATED,
    PermissionState.INVALIDATED: ReasonCode.INVALIDATED_BY_MOVE,
}


def _state_problem(permission: Permission, granter: Occupancy | None, now: datetime) -> ReasonCode | None:
    if permission.state is not PermissionState.ACTIVE:
        return _BY_STATE[permission.state]
    # A move that was announced beforehand ends the access on its day, whether or not anybody has touched the
    # permission's row since (TRDE 5.3.13 §3).
    if granter is not None and granter.period.has_ended(now):
        return ReasonCode.INVALIDATED_BY_MOVE
    return _validity_problem(permission.valid_period, now)


def _validity_problem(valid: Interval, now: datetime) -> ReasonCode | None:
    if now < valid.start:
        return ReasonCode.NOT_YET_VALID
    return ReasonCode.EXPIRED if valid.has_ended(now) else None


def _block_problem(case: _Case) -> ReasonCode | None:
    """A block stops only what rests on a mandate; what the law gives still flows (R100)."""
    blocks = case.facts.blocks
    blocked = any(block.party_id == case.wish.party_id and case.now in block.period for block in blocks)
    return ReasonCode.BLOCKED if blocked else None


# --- own data, and by law ---------------------------------------------------------------------------------


def _own(case: _Case, row: Row) -> Iterator[Ground]:
    for occupancy in case.facts.occupancies:
        if occupancy.person_id is not None and occupancy.person_id == case.wish.person_id:
            yield _statutory(
                case, row, occupancy.id, occupancy.period, ReasonCode.NOT_OCCUPANT, home=(occupancy,)
            )


def _supplied(case: _Case, row: Row) -> Iterator[Ground]:
    """By data time, not by access time: after the contract its own period stays open, nothing later (A5)."""
    for contract in case.facts.supply_contracts:
        # A registration that is pending gives no standing at all: starting a switch must not become a way
        # of asking about an access point (R72, R77).
        accepted = contract.accepted_at is not None and contract.accepted_at <= case.now
        if accepted and contract.party_id == case.wish.party_id and case.facts.occupancies:
            yield _statutory(case, row, contract.id, contract.period, ReasonCode.NO_CONTRACT)


def _operated(case: _Case, row: Row) -> Iterator[Ground]:
    """The grid operator of this very point; another operator is an outsider here."""
    party_id = case.wish.party_id
    if party_id is None or party_id != case.facts.grid_operator_id or not case.facts.occupancies:
        return
    if Requirement.NECESSITY not in row.requires:
        finest = row.ceiling_without_necessity or row.ceiling
        yield _statutory(case, row, party_id, ALWAYS, ReasonCode.NO_LEGAL_BASIS, finest=finest)
    if row.needs_necessity(case.wish.granularity):
        yield from _needed(case, row)


def _needed(case: _Case, row: Row) -> Iterator[Ground]:
    """What a necessity record of the asker opens, as long as the record is valid."""
    if not case.facts.occupancies:
        return
    for record in case.facts.necessities:
        if record.party_id == case.wish.party_id and record.purpose in row.purposes:
            finest = _coarser(record.granularity, row.ceiling)
            reason = ReasonCode.OUTSIDE_DATA_PERIOD
            yield _statutory(case, row, record.id, record.data_period, reason, finest=finest, record=record)


_BY_CARRIER: dict[Carrier, Callable[[_Case, Row], Iterator[Ground]]] = {
    Carrier.OCCUPANCY: _own,
    Carrier.SUPPLY_CONTRACT: _supplied,
    Carrier.GRID_OPERATOR: _operated,
    Carrier.TASK: _needed,
}


def _statutory(
    case: _Case,
    row: Row,
    fact_id: str,
    claim: Interval,
    outside_claim: ReasonCode,
    *,
    home: tuple[Occupancy, ...] | None = None,
    finest: Granularity | None = None,
    record: Necessity | None = None,
) -> Ground:
    finest = finest or row.ceiling
    wish = case.wish
    problem = (
        _party_problem(case, row)
        or (None if wish.purpose in row.purposes else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if wish.category in row.categories else ReasonCode.CATEGORY_NOT_GRANTED)
        or (_validity_problem(record.valid_period, case.now) if record is not None else None)
        or _measure_problem(case, row.directions, finest)
        or _stop_problem(case)
    )
    return Ground(
        row=row,
        fact_id=fact_id,
        claim=claim,
        home=case.facts.occupancies if home is None else home,
        outside_claim=outside_claim,
        # Before its first occupancy an access point had no meter, so nobody's data lie there.
        outside_home=ReasonCode.OUTSIDE_DATA_PERIOD,
        finest=finest if case.is_of_readings else None,
        problem=problem,
        suits=wish.purpose in row.purposes and wish.category in row.categories,
    )


# --- what every ground is held against --------------------------------------------------------------------


def _party_problem(case: _Case, row: Row) -> ReasonCode | None:
    party = case.facts.party
    if party is None or case.wish.asker_role is Role.GRID_USER:
        return None
    # A party that no longer meets the conditions loses access on all its points at once (R13).
    if party.suspended_at is not None and party.suspended_at <= case.now:
        return ReasonCode.PARTY_SUSPENDED
    has_contract = party.contract_period is not None and case.now in party.contract_period
    if Requirement.DATA_ACCESS_CONTRACT in row.requires and not has_contract:
        return ReasonCode.NO_DATA_ACCESS_CONTRACT
    return None


def _measure_problem(case: _Case, directions: frozenset[Direction], finest: Granularity) -> ReasonCode | None:
    if not case.is_of_readings:
        return None
    if not case.wish.directions <= directions:
        return ReasonCode.DIRECTION_NOT_GRANTED
    return ReasonCode.GRANULARITY_TOO_FINE if case.wish.granularity.is_finer_than(finest) else None


def _stop_problem(case: _Case) -> ReasonCode | None:
    stopped = case.facts.stopped_since
    return ReasonCode.STOPPED if stopped is not None and stopped <= case.now else None


def _coarser(one: Granularity, other: Granularity) -> Granularity:
    return other if one.is_finer_than(other) else one
