"""What a party must have in order when it looks, whatever access point it asks of: one function a condition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from databeheer.access.bases import Catalogue, Requirement
from databeheer.access.facts import Facts, PartyFacts
from databeheer.access.reasons import ReasonCode
from databeheer.brussels import BRUSSELS

Holds = Callable[[PartyFacts, Facts, datetime, Catalogue], bool]


def _has_data_access_contract(party: PartyFacts, _: Facts, now: datetime, __: Catalogue) -> bool:
    return party.contract_period is not None and now in party.contract_period


def _has_dpia(party: PartyFacts, _: Facts, now: datetime, catalogue: Catalogue) -> bool:
    """A DPIA that is neither older than its years nor overtaken by one of the four triggers."""
    for assessment in party.assessments:
        is_stale = assessment.stale_at is not None and assessment.stale_at <= now
        if (
            not is_stale
            and assessment.assessed_at <= now
            and now < years_after(assessment.assessed_at, catalogue.dpia_years)
        ):
            return True
    return False


def _publishes_overview(party: PartyFacts, _: Facts, now: datetime, __: Catalogue) -> bool:
    return any(now in overview for overview in party.overviews)


def _has_processor_agreement(party: PartyFacts, _: Facts, now: datetime, __: Catalogue) -> bool:
    return any(now in agreement for agreement in party.processor_agreements)


def _is_at_home(party: PartyFacts, facts: Facts, now: datetime, _: Catalogue) -> bool:
    return facts.territory is not None and any(
        territory.code == facts.territory and now in territory.period for territory in party.territories
    )


_CHECKS: tuple[tuple[Requirement, Holds, ReasonCode], ...] = (
    # In the order in which they are reported.
    (Requirement.DATA_ACCESS_CONTRACT, _has_data_access_contract, ReasonCode.NO_DATA_ACCESS_CONTRACT),
    (Requirement.DPIA, _has_dpia, ReasonCode.NO_DPIA),
    (Requirement.PROCESSING_OVERVIEW, _publishes_overview, ReasonCode.NO_PROCESSING_OVERVIEW),
    (Requirement.PROCESSOR_AGREEMENT, _has_processor_agreement, ReasonCode.NO_PROCESSOR_AGREEMENT),
    (Requirement.TERRITORY, _is_at_home, ReasonCode.OUTSIDE_TERRITORY),
)


@lru_cache(maxsize=128)
def party_checks(requires: frozenset[Requirement]) -> tuple[tuple[Holds, ReasonCode], ...]:
    """The conditions among `requires` that are about the party, each with the reason where it fails."""
    return tuple((holds, reason) for requirement, holds, reason in _CHECKS if requirement in requires)


@lru_cache(maxsize=1024)
def years_after(instant: datetime, years: int) -> datetime:
    """The same local time so many years later; after 29 February it is 28 February, never a day more."""
    local = instant.astimezone(BRUSSELS)
    try:
        later = local.replace(year=local.year + years)
    except ValueError:
        later = local.replace(year=local.year + years, day=28)
    return later.astimezone(instant.tzinfo)
