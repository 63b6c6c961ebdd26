"""Grounds by law, the own right included: what follows from an occupancy, a contract, a role or a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from databeheer.access.bases import Carrier, Citation, CitationStatus, Requirement, Row
from databeheer.access.by_consent import is_accepted
from databeheer.access.facts import Authorisation, Necessity, Occupancy
from databeheer.access.ground import (
    Case,
    Ground,
    begins_in,
    coarser,
    is_dead,
    measure_problem,
    notice_limit,
    objection_limit,
    party_problem,
    restore_problem,
    stop_problem,
    untold,
    validity_problem,
)
from databeheer.access.intervals import ALL_TIME, Interval, Pairs, pairs_of
from databeheer.access.reasons import ReasonCode
from databeheer.values import Granularity


def statutory(case: Case, row: Row) -> Iterator[Ground]:
    """The grounds that one row of the catalogue gives without anybody's consent.

    None on an access point that does not exist.
    """
    return _BY_CARRIER[row.carrier](case, row) if case.facts.occupancies else iter(())


# --- people -----------------------------------------------------------------------------------------------


def _own(case: Case, row: Row) -> Iterator[Ground]:
    person = case.wish.person_id
    for home in case.facts.occupancies:
        if home.person_id is not None and home.person_id == person:
            problem = ReasonCode.HOLDER_DIED if is_dead(case, person) else None
            yield _of_home(case, row, home.id, home, pairs_of(home.period), problem)


def _concerned(case: Case, row: Row) -> Iterator[Ground]:
    """A resident's own view is his own: it does not hang on the contract holder's life or word."""
    for home in case.facts.occupancies:
        for concerned in home.concerned:
            if concerned.person_id == case.wish.person_id:
                yield _of_home(case, row, home.id, home, pairs_of(concerned.period))


def _represented(case: Case, row: Row) -> Iterator[Ground]:
    for appointed in case.facts.representations:
        if appointed.representative_id == case.wish.person_id:
            for home in case.facts.occupancies:
                if home.person_id == appointed.person_id and appointed.reaches(home.id):
                    died = ReasonCode.HOLDER_DIED if is_dead(case, appointed.person_id) else None
                    problem = validity_problem(appointed.period, case.now) or died
                    yield _of_home(case, row, appointed.id, home, pairs_of(home.period), problem)


def _of_home(
    case: Case, row: Row, fact_id: str, home: Occupancy, claim: Pairs, problem: ReasonCode | None = None
) -> Ground:
    """A ground that comes from one occupancy, and reaches no other."""
    if Requirement.OCCUPANCY not in row.requires:
        return _statutory(case, row, fact_id, ALL_TIME, ReasonCode.NOT_OCCUPANT, problem=problem)
    return _statutory(case, row, fact_id, claim, ReasonCode.NOT_OCCUPANT, homes=(home,), problem=problem)


# --- by contract or registration --------------------------------------------------------------------------


def _supplied(case: Case, row: Row) -> Iterator[Ground]:
    """By data time, not by access time: after the contract its own period stays open, nothing later (A5)."""
    for contract in case.facts.supply_contracts:
        if contract.party_id != case.wish.party_id:
            continue
        # A registration that is pending gives no standing at all: starting a switch must not become a way
        # of asking about an access point (R72, R77).
        if Requirement.ACCEPTED_CONTRACT in row.requires and not is_accepted(contract, case.now):
            continue
        claim = pairs_of(contract.period) if Requirement.CONTRACT_PERIOD in row.requires else ALL_TIME
        yield _of_stay(case, row, contract.id, contract.period, claim, ReasonCode.NO_CONTRACT)


def _registered(case: Case, row: Row) -> Iterator[Ground]:
    for registration in case.facts.registrations:
        if registration.party_id == case.wish.party_id:
            claim = pairs_of(registration.period)
            yield _of_stay(case, row, registration.id, registration.period, claim, ReasonCode.NOT_REGISTERED)


def _of_stay(
    case: Case, row: Row, fact_id: str, period: Interval, claim: Pairs, outside: ReasonCode
) -> Ground:
    """What somebody has by a tie with whoever lived there when it began: of the next occupant it gives nothing.

    A contract without an end does not outlive the stay in which it was made (requirements 0.5).
    """
    homes = case.facts.occupancies
    if Requirement.OCCUPANCY in row.requires:
        homes = tuple(home for home in homes if begins_in(period, home))
    return _statutory(case, row, fact_id, claim, outside, homes=homes, outside_homes=outside)


def _participating(case: Case, row: Row) -> Iterator[Ground]:
    for taken in case.facts.participations:
        home = next((one for one in case.facts.occupancies if one.id == taken.occupancy_id), None)
        if taken.party_id == case.wish.party_id and home is not None:
            claim = pairs_of(taken.period) if Requirement.CONTRACT_PERIOD in row.requires else ALL_TIME
            homes = (home,) if Requirement.OCCUPANCY in row.requires else case.facts.occupancies
            yield _statutory(case, row, taken.id, claim, ReasonCode.NOT_PARTICIPANT, homes=homes)


# --- by role and place ------------------------------------------------------------------------------------


def _of_grid(case: Case, row: Row) -> Iterator[Ground]:
    """The grid operator of this very point; another operator is an outsider here."""
    return _operated(case, row, case.facts.grid_operator_id)


def _of_data(case: Case, row: Row) -> Iterator[Ground]:
    return _operated(case, row, case.facts.data_manager_id)


def _operated(case: Case, row: Row, operator_id: str | None) -> Iterator[Ground]:
    party_id = case.wish.party_id
    if party_id is None or party_id != operator_id:
        return
    if Requirement.NECESSITY not in row.requires:
        finest = row.ceiling_without_necessity or row.ceiling
        yield _statutory(case, row, party_id, ALL_TIME, ReasonCode.NO_LEGAL_BASIS, finest=finest)
    if row.needs_necessity(case.wish.granularity):
        yield from _needed(case, row)


def _local(case: Case, row: Row) -> Iterator[Ground]:
    """Who lives in the territory now: a centre elsewhere is an outsider, and so is this one in a vacancy (R39)."""
    party, facts = case.facts.party, case.facts
    if party is None:
        return
    is_there = any(
        territory.code == facts.territory and case.now in territory.period for territory in party.territories
    )
    if Requirement.TERRITORY in row.requires and not is_there:
        return
    homes = facts.occupancies
    if Requirement.OCCUPANCY in row.requires:
        homes = tuple(home for home in homes if home.person_id is not None and case.now in home.period)
    if homes:
        claim = pairs_of(*(home.period for home in homes))
        yield _statutory(case, row, party.id, claim, ReasonCode.NOT_OCCUPANT, homes=homes)


# --- by task ----------------------------------------------------------------------------------------------


def _needed(case: Case, row: Row) -> Iterator[Ground]:
    """What a necessity record of the asker opens, as long as the record is valid."""
    for record in case.facts.necessities:
        if record.party_id == case.wish.party_id and record.purpose in row.purposes:
            yield _authorised(case, row, record)


def _authorised(case: Case, row: Row, record: Necessity) -> Ground:
    finest = coarser(record.granularity, row.ceiling)
    problem = validity_problem(record.valid_period, case.now)
    law: Authorisation | None = None
    if Requirement.AUTHORISATION in row.requires:
        law = _authorising(case, record)
        finest = coarser(finest, law.granularity) if law is not None else finest
        problem = problem or (ReasonCode.NO_AUTHORISATION if law is None else None)
    ground = _statutory(
        case,
        row,
        record.id,
        pairs_of(record.data_period),
        ReasonCode.OUTSIDE_DATA_PERIOD,
        finest=finest,
        problem=problem,
    )
    ground.is_chosen = True
    return ground if law is None else replace(ground, citation=_citation(law))


def _authorising(case: Case, record: Necessity) -> Authorisation | None:
    """The law that the record names, where it lets the party know these data now (R14).

    Not any law of the party: what one task's law allows would leave under the file of another.
    """
    for law in case.facts.authorisations:
        if (
            law.id == record.authorisation_id
            and law.party_id == case.wish.party_id
            and case.now in law.period
            and case.wish.category in law.categories
        ):
            return law
    return None


def _citation(law: Authorisation) -> Citation:
    return Citation(law.act, law.version, law.article, CitationStatus.ENACTED)


_BY_CARRIER: dict[Carrier, Callable[[Case, Row], Iterator[Ground]]] = {
    Carrier.OCCUPANCY: _own,
    Carrier.CONCERNED: _concerned,
    Carrier.REPRESENTATION: _represented,
    Carrier.SUPPLY_CONTRACT: _supplied,
    Carrier.REGISTRATION: _registered,
    Carrier.PARTICIPATION: _participating,
    Carrier.GRID_OPERATOR: _of_grid,
    Carrier.DATA_MANAGER: _of_data,
    Carrier.TERRITORY: _local,
    Carrier.TASK: _needed,
}


_OUTLIVES_A_RESTORE = frozenset({Carrier.OCCUPANCY})
"""The contract holder keeps the own view after a restore: the door knows from outside the database where a stay ended.
Who lives there beside him may have left since."""


def _statutory(
    case: Case,
    row: Row,
    fact_id: str,
    claim: Pairs,
    outside_claim: ReasonCode,
    *,
    homes: tuple[Occupancy, ...] | None = None,
    # Before its first occupancy an access point had no meter, so nobody's data lie there.
    outside_homes: ReasonCode = ReasonCode.OUTSIDE_DATA_PERIOD,
    finest: Granularity | None = None,
    problem: ReasonCode | None = None,
) -> Ground:
    finest = finest or row.ceiling
    wish = case.wish
    homes = case.facts.occupancies if homes is None else homes
    is_for, is_of = wish.purpose in row.purposes, wish.category in row.categories
    problem = (
        party_problem(case, row)
        or (None if is_for else ReasonCode.PURPOSE_NOT_ALLOWED)
        or (None if is_of else ReasonCode.CATEGORY_NOT_GRANTED)
        or problem
        or measure_problem(case, row.directions, finest)
        or (None if row.carrier in _OUTLIVES_A_RESTORE else restore_problem(case))
        or stop_problem(case)
    )
    silent = untold(case, row, homes)
    return Ground(
        row=row,
        fact_id=fact_id,
        claim=claim,
        homes=homes,
        untold=silent,
        limits=(*notice_limit(row, homes, silent), *objection_limit(case, row)),
        outside_claim=outside_claim,
        outside_homes=outside_homes,
        finest=finest if case.is_of_readings else None,
        problem=problem,
        suits=is_for and is_of,
        citation=row.citation,
    )
