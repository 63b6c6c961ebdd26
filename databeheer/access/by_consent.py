"""Grounds by consent: what the customer allowed, while customer, party and law all stand by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from databeheer.access.bases import Row
from databeheer.access.facts import Capacity, Occupancy, Permission, PermissionState
from databeheer.access.ground import (
    Case,
    Ground,
    coarser,
    measure_problem,
    party_problem,
    stop_problem,
    validity_problem,
)
from databeheer.access.reasons import ReasonCode


def consents(case: Case, rows: Sequence[Row]) -> Iterator[Ground]:
    if not rows:
        return
    for permission in case.facts.permissions:
        if permission.party_id == case.wish.party_id and case.wish.permission_id in (None, permission.id):
            purpose, category = permission.purpose, permission.category
            fitting = (row for row in rows if purpose in row.purposes and category in row.categories)
            yield _consent(case, permission, next(fitting, None), rows[0])


def _consent(case: Case, permission: Permission, fitting: Row | None, fallback: Row) -> Ground:
    row = fitting or fallback
    wish = case.wish
    granter = next((o for o in case.facts.occupancies if o.id == permission.occupancy_id), None)
    finest = coarser(permission.granularity, row.ceiling)
    # The customer's own word first, then what concerns the party, then the terms of this wish.
    problem = (
        _state_problem(permission, granter, case.now)
        or _block_problem(case)
        or party_problem(case, row)
        or (None if fitting and permission.purpose is wish.purpose else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if permission.category == wish.category else ReasonCode.CATEGORY_NOT_GRANTED)
        or measure_problem(case, permission.directions & row.directions, finest)
        or stop_problem(case)
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


_GIVES_ACCESS = {PermissionState.ACTIVE, PermissionState.TO_BE_RENEWED}
_BY_STATE = {
    PermissionState.REQUESTED: ReasonCode.REQUESTED,
    PermissionState.REJECTED: ReasonCode.REJECTED,
    PermissionState.TIMED_OUT: ReasonCode.EXPIRED,
    PermissionState.BLOCKED: ReasonCode.BLOCKED,
    PermissionState.FULFILLED: ReasonCode.FULFILLED,
    PermissionState.REVOKED: ReasonCode.WITHDRAWN,
    PermissionState.EXPIRED: ReasonCode.EXPIRED,
    PermissionState.TERMINATED: ReasonCode.TERMINATED,
    PermissionState.INVALIDATED: ReasonCode.INVALIDATED_BY_MOVE,
}


def _state_problem(permission: Permission, granter: Occupancy | None, now: datetime) -> ReasonCode | None:
    if permission.state not in _GIVES_ACCESS:
        return _BY_STATE[permission.state]
    # A move that was announced beforehand ends the access on its day, whether or not anybody has touched the
    # permission's row since (TRDE 5.3.13 §3).
    if granter is not None and granter.period.has_ended(now):
        return ReasonCode.INVALIDATED_BY_MOVE
    return validity_problem(permission.valid_period, now)


def _block_problem(case: Case) -> ReasonCode | None:
    """A block stops only what rests on a mandate; what the law gives still flows (R100)."""
    blocks = case.facts.blocks
    blocked = any(block.party_id == case.wish.party_id and case.now in block.period for block in blocks)
    return ReasonCode.BLOCKED if blocked else None
