"""Grounds by consent: what the customer allowed, while customer, party and law all stand by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from databeheer.access.bases import Requirement, Row
from databeheer.access.facts import (
    Capacity,
    Invalidation,
    Occupancy,
    Permission,
    PermissionState,
    Regime,
    SupplyContract,
)
from databeheer.access.ground import (
    Case,
    Ground,
    Limit,
    begins_in,
    is_dead,
    measure_problem,
    notice_limit,
    party_problem,
    restore_problem,
    stop_problem,
    untold,
    validity_problem,
)
from databeheer.access.intervals import ALL_TIME, BEGINNING, Pairs, meet, merged, minus, pairs_of
from databeheer.access.reasons import ReasonCode
from databeheer.brussels import day_of, midnight


def consents(case: Case, rows: Sequence[Row]) -> list[Ground]:
    """What the asker was given consent for here, with what hinders it."""
    wish = case.wish
    found: list[Ground] = []
    for permission in case.facts.permissions:
        if permission.party_id == wish.party_id and wish.permission_id in (None, permission.id):
            for row in rows:
                if permission.purpose in row.purposes and permission.category in row.categories:
                    found.append(_consent(case, permission, row, True))
                    break
            else:
                found.append(_consent(case, permission, rows[0], False))
    return found


def _consent(case: Case, permission: Permission, row: Row, fits: bool) -> Ground:
    wish, facts = case.wish, case.facts
    granter = None
    for occupancy in facts.occupancies:
        if occupancy.id == permission.occupancy_id:
            granter = occupancy
            break
    finest = permission.granularity
    if finest.rank < row.ceiling.rank:
        finest = row.ceiling
    suits = permission.purpose is wish.purpose and permission.category == wish.category
    directions = permission.directions
    if not directions <= row.directions:
        directions &= row.directions
    # The customer's own word first, then what concerns the party, then the terms of this wish.
    problem = (
        _state_problem(permission, granter, case.now)
        or _death_problem(case, permission, granter)
        or _block_problem(case)
        or party_problem(case, row)
        or _mandate_problem(case, permission, row)
        or (None if fits and permission.purpose is wish.purpose else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if suits else ReasonCode.CATEGORY_NOT_GRANTED)
        or measure_problem(case, directions, finest)
        or restore_problem(case)
        or stop_problem(case)
    )
    homes: tuple[Occupancy, ...] = ()
    limits: tuple[Limit, ...] = ()
    if problem is None:
        homes = _homes(case, permission, granter, row)
        if row.is_limited or case.facts.gaps or (granter is not None and granter.concerned):
            limits = _limits(case, permission, granter, row, homes)
    return Ground(
        row=row,
        fact_id=permission.id,
        claim=_claim(permission, row),
        homes=homes,
        limits=limits,
        outside_claim=ReasonCode.OUTSIDE_DATA_PERIOD,
        outside_homes=ReasonCode.NOT_OCCUPANT,
        finest=finest if case.is_of_readings else None,
        problem=problem,
        suits=suits,
        citation=row.citation,
        is_chosen=True,
    )


def _claim(permission: Permission, row: Row) -> Pairs:
    claim = pairs_of(permission.data_period)
    if Requirement.HISTORY in row.requires:
        # Whole days only: of the day itself nobody could tell afterwards what was past already.
        given_on = midnight(day_of(permission.valid_period.start))
        claim = meet(claim, ((BEGINNING, given_on),))
    return claim


def _limits(
    case: Case, permission: Permission, granter: Occupancy | None, row: Row, homes: tuple[Occupancy, ...]
) -> tuple[Limit, ...]:
    return (
        *_signature_limit(case, permission, granter, row),
        *_contract_limits(case, granter, row),
        *_gap_limit(case, permission),
        *notice_limit(row, homes, untold(case, row, homes)),
    )


# --- who signed -------------------------------------------------------------------------------------------


def _homes(case: Case, permission: Permission, granter: Occupancy | None, row: Row) -> tuple[Occupancy, ...]:
    if granter is None:
        return ()
    if Requirement.GRID_USER_CONSENT in row.requires and not _has_signed(case, permission, granter):
        return ()
    return (granter,) if Requirement.OCCUPANCY in row.requires else case.facts.occupancies


def _has_signed(case: Case, permission: Permission, granter: Occupancy) -> bool:
    """Only the grid user of the occupancy can open it to a party, or who represents him; in a vacancy nobody."""
    if granter.person_id is None:
        return False
    for signer in permission.signers:
        if signer.capacity is Capacity.GRID_USER and signer.person_id == granter.person_id:
            return True
    return granter.person_id in _represented_by_signers(case, permission, granter.id)


def _represented_by_signers(case: Case, permission: Permission, occupancy_id: str) -> set[str]:
    """In whose name representatives signed who could decide for that person there at that moment."""
    return {
        appointed.person_id
        for signer in permission.signers
        if signer.capacity is Capacity.REPRESENTATIVE
        for appointed in case.facts.representations
        if appointed.representative_id == signer.person_id
        and appointed.person_id == signer.for_person_id
        and signer.signed_at in appointed.period
        and appointed.decides
        and appointed.reaches(occupancy_id)
    }


def _signature_limit(
    case: Case, permission: Permission, granter: Occupancy | None, row: Row
) -> tuple[Limit, ...]:
    """Not of the time in which somebody else lives there too who did not sign (4.1.22/5, 5°; R4)."""
    if granter is None or not granter.concerned or Requirement.PERSON_CONCERNED_CONSENT not in row.requires:
        return ()
    signed = {s.person_id for s in permission.signers if s.capacity is Capacity.NATURAL_PERSON}
    signed |= _represented_by_signers(case, permission, granter.id) | {granter.person_id or ""}
    without = pairs_of(*(c.period for c in granter.concerned if c.person_id not in signed))
    return ((ReasonCode.SECOND_SIGNATURE_MISSING, minus(ALL_TIME, without)),)


def _death_problem(case: Case, permission: Permission, granter: Occupancy | None) -> ReasonCode | None:
    """With whoever gave it, a consent ends; a second signer's goes on mattering for his own time only."""
    if not case.facts.deaths or granter is None or not is_dead(case, granter.person_id):
        return None
    return ReasonCode.HOLDER_DIED


def _mandate_problem(case: Case, permission: Permission, row: Row) -> ReasonCode | None:
    if Requirement.WRITTEN_MANDATE not in row.requires:
        return None
    mandate = permission.mandate
    is_checked = mandate is not None and mandate.checked_at is not None and mandate.checked_at <= case.now
    return None if is_checked else ReasonCode.NO_WRITTEN_MANDATE


# --- what it hangs on besides -----------------------------------------------------------------------------

_OF_CONTRACT = {
    Requirement.ACCEPTED_CONTRACT,
    Requirement.CONTRACT_PERIOD,
    Requirement.DYNAMIC_PRICE,
    Requirement.METERING_REGIME,
}


def _contract_limits(case: Case, granter: Occupancy | None, row: Row) -> Iterator[Limit]:
    """Contract, product and regime of the time when the energy flowed (R38)."""
    if row.requires.isdisjoint(_OF_CONTRACT):
        return
    contracts = [c for c in case.facts.supply_contracts if _counts(case, c, granter, row)]
    if Requirement.CONTRACT_PERIOD in row.requires:
        yield ReasonCode.NO_CONTRACT, pairs_of(*(c.period for c in contracts))
    elif Requirement.ACCEPTED_CONTRACT in row.requires:
        yield ReasonCode.NO_CONTRACT, ALL_TIME if contracts else ()
    if Requirement.DYNAMIC_PRICE in row.requires:
        yield ReasonCode.NO_DYNAMIC_PRICE, merged(pair for c in contracts for pair in _dynamic(c))
    if Requirement.METERING_REGIME in row.requires:
        chosen = [
            regime.period
            for regime in case.facts.regimes
            if granter is not None and regime.occupancy_id == granter.id and regime.regime is Regime.SMR3
        ]
        yield ReasonCode.NO_METERING_REGIME, pairs_of(*chosen)


def _counts(case: Case, contract: SupplyContract, granter: Occupancy | None, row: Row) -> bool:
    """Only a contract with whoever granted it: one of before his stay was somebody else's."""
    if contract.party_id != case.wish.party_id or granter is None or not begins_in(contract.period, granter):
        return False
    return Requirement.ACCEPTED_CONTRACT not in row.requires or is_accepted(contract, case.now)


def _dynamic(contract: SupplyContract) -> Pairs:
    return meet(pairs_of(contract.period), pairs_of(*contract.dynamic_price))


def is_accepted(contract: SupplyContract, now: datetime) -> bool:
    """A registration that is pending does not exist (R72, R77)."""
    return contract.accepted_at is not None and contract.accepted_at <= now


# --- its life ---------------------------------------------------------------------------------------------

_GIVES_ACCESS = (PermissionState.ACTIVE, PermissionState.TO_BE_RENEWED)
_BY_STATE = {
    PermissionState.REQUESTED: ReasonCode.REQUESTED,
    PermissionState.REJECTED: ReasonCode.REJECTED,
    PermissionState.TIMED_OUT: ReasonCode.EXPIRED,
    PermissionState.BLOCKED: ReasonCode.BLOCKED,
    PermissionState.FULFILLED: ReasonCode.FULFILLED,
    PermissionState.REVOKED: ReasonCode.WITHDRAWN,
    PermissionState.EXPIRED: ReasonCode.EXPIRED,
    PermissionState.TERMINATED: ReasonCode.TERMINATED,
    PermissionState.LAPSED: ReasonCode.LAPSED,
}
_BY_INVALIDATION = {
    Invalidation.MOVED_OUT: ReasonCode.INVALIDATED_BY_MOVE,
    Invalidation.HOLDER_DIED: ReasonCode.HOLDER_DIED,
    Invalidation.MANDATE_REJECTED: ReasonCode.MANDATE_REJECTED,
    Invalidation.DOUBT_NOT_ANSWERED: ReasonCode.UNPROVEN,
    Invalidation.PARTY_SUSPENDED: ReasonCode.ENDED_BY_SUSPENSION,
}


def _state_problem(permission: Permission, granter: Occupancy | None, now: datetime) -> ReasonCode | None:
    if permission.state is PermissionState.INVALIDATED:
        return _BY_INVALIDATION[permission.invalidated_by]
    if permission.state not in _GIVES_ACCESS:
        return _BY_STATE[permission.state]
    # A move that was announced beforehand ends the access on its day, whether or not anybody has touched the
    # permission's row since (TRDE 5.3.13 §3).
    if granter is not None and granter.period.stop <= now:
        return ReasonCode.INVALIDATED_BY_MOVE
    return validity_problem(permission.valid_period, now)


def _block_problem(case: Case) -> ReasonCode | None:
    """A block stops only what rests on a mandate; what the law gives still flows (R100)."""
    for block in case.facts.blocks:
        if block.party_id == case.wish.party_id and case.now in block.period:
            return ReasonCode.BLOCKED
    return None


def _gap_limit(case: Case, permission: Permission) -> tuple[Limit, ...]:
    """Not of the time in which the party was blocked and showed no mandate: no later consent gives it (R104)."""
    lost = [
        gap.period
        for gap in case.facts.gaps
        if gap.party_id == case.wish.party_id and permission.id not in gap.spares
    ]
    return ((ReasonCode.DOUBT_GAP, minus(ALL_TIME, pairs_of(*lost))),) if lost else ()
