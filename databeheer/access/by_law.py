"""Grounds by law, the own right included: what follows from an occupancy, a contract, a role or a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from databeheer.access.bases import Carrier, Requirement, Row
from databeheer.access.facts import Necessity, Occupancy
from databeheer.access.ground import (
    Case,
    Ground,
    coarser,
    measure_problem,
    party_problem,
    stop_problem,
    validity_problem,
)
from databeheer.access.intervals import Interval
from databeheer.access.reasons import ReasonCode
from databeheer.values import Granularity

ALWAYS = Interval(datetime.min.replace(tzinfo=UTC))


def statutory(case: Case, row: Row) -> Iterator[Ground]:
    """The grounds that one row of the catalogue gives without anybody's consent."""
    return _BY_CARRIER[row.carrier](case, row)


def _own(case: Case, row: Row) -> Iterator[Ground]:
    for occupancy in case.facts.occupancies:
        if occupancy.person_id is not None and occupancy.person_id == case.wish.person_id:
            yield _statutory(
                case, row, occupancy.id, occupancy.period, ReasonCode.NOT_OCCUPANT, home=(occupancy,)
            )


def _supplied(case: Case, row: Row) -> Iterator[Ground]:
    """By data time, not by access time: after the contract its own period stays open, nothing later (A5)."""
    for contract in case.facts.supply_contracts:
        # A registration that is pending gives no standing at all: starting a switch must not become a way
        # of asking about an access point (R72, R77).
        accepted = contract.accepted_at is not None and contract.accepted_at <= case.now
        if accepted and contract.party_id == case.wish.party_id and case.facts.occupancies:
            yield _statutory(case, row, contract.id, contract.period, ReasonCode.NO_CONTRACT)


def _operated(case: Case, row: Row) -> Iterator[Ground]:
    """The grid operator of this very point; another operator is an outsider here."""
    party_id = case.wish.party_id
    if party_id is None or party_id != case.facts.grid_operator_id or not case.facts.occupancies:
        return
    if Requirement.NECESSITY not in row.requires:
        finest = row.ceiling_without_necessity or row.ceiling
        yield _statutory(case, row, party_id, ALWAYS, ReasonCode.NO_LEGAL_BASIS, finest=finest)
    if row.needs_necessity(case.wish.granularity):
        yield from _needed(case, row)


def _needed(case: Case, row: Row) -> Iterator[Ground]:
    """What a necessity record of the asker opens, as long as the record is valid."""
    if not case.facts.occupancies:
        return
    for record in case.facts.necessities:
        if record.party_id == case.wish.party_id and record.purpose in row.purposes:
            finest = coarser(record.granularity, row.ceiling)
            reason = ReasonCode.OUTSIDE_DATA_PERIOD
            yield _statutory(case, row, record.id, record.data_period, reason, finest=finest, record=record)


_BY_CARRIER: dict[Carrier, Callable[[Case, Row], Iterator[Ground]]] = {
    Carrier.OCCUPANCY: _own,
    Carrier.SUPPLY_CONTRACT: _supplied,
    Carrier.GRID_OPERATOR: _operated,
    Carrier.TASK: _needed,
}


def _statutory(
    case: Case,
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
        party_problem(case, row)
        or (None if wish.purpose in row.purposes else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if wish.category in row.categories else ReasonCode.CATEGORY_NOT_GRANTED)
        or (validity_problem(record.valid_period, case.now) if record is not None else None)
        or measure_problem(case, row.directions, finest)
        or stop_problem(case)
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
