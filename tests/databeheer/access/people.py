"""The people and parties of the access tests, and one house that they live in or ask about.

Maria lived at the access point from 1 March 2023 to 1 June 2024, Lotte lives there since. Bram's service has
Maria's consent, Watts supplies, Zuid operates the grid. Joris is the outsider in every role: nothing on this
access point is his.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from databeheer.access.catalogue import load
from databeheer.access.decide import Decision, ReasonCode, Wish, decide
from databeheer.access.facts import (
    Assessment,
    Capacity,
    Facts,
    Necessity,
    Notice,
    Occupancy,
    PartyFacts,
    Permission,
    PermissionState,
    Signer,
    SupplyContract,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.values import PERSON_ROLES, Direction, Granularity, Period, Purpose, Role

CATALOGUE = load()
QUARTER = timedelta(minutes=15)
TICK = timedelta(microseconds=1)
BOTH = frozenset(Direction)
OFFTAKE = frozenset({Direction.OFFTAKE})

MARIA, LOTTE, JORIS = "maria", "lotte", "joris"
BRAM, WATTS, ZUID, REGULATOR = "bram", "watts", "zuid", "regulator"

MOVED_IN = midnight(date(2023, 3, 1))
MOVED_OUT = midnight(date(2024, 6, 1))
NOW = datetime(2024, 5, 15, 12, tzinfo=UTC)


def days(first: str, until: str | None = None) -> Interval:
    """The Brussels days from `first` up to, not including, `until`."""
    return Interval(
        midnight(date.fromisoformat(first)), midnight(date.fromisoformat(until)) if until else None
    )


def span(first: str, until: str) -> Period:
    return Period(midnight(date.fromisoformat(first)), midnight(date.fromisoformat(until)))


MARIAS = Occupancy("occupancy-maria", MARIA, Interval(MOVED_IN, MOVED_OUT))
LOTTES = Occupancy("occupancy-lotte", LOTTE, Interval(MOVED_OUT))
VACANCY = Occupancy("occupancy-vacant", None, days("2022-01-01", "2023-03-01"))

CONSENT = Permission(
    id="permission-1",
    party_id=BRAM,
    occupancy_id=MARIAS.id,
    purpose=Purpose.ENERGY_MONITORING,
    category="readings",
    directions=BOTH,
    granularity=Granularity.QUARTER_HOUR,
    data_period=days("2023-06-01", "2024-05-01"),
    valid_period=days("2024-01-01", "2025-01-01"),
    state=PermissionState.ACTIVE,
    signers=(Signer(MARIA, Capacity.GRID_USER, midnight(date(2024, 1, 1))),),
)
SUPPLY = SupplyContract(
    "contract-1", WATTS, days("2023-07-01", "2024-02-01"), accepted_at=midnight(date(2023, 6, 20))
)
INCIDENT = Necessity(
    "necessity-1",
    ZUID,
    Purpose.GRID_MANAGEMENT,
    Granularity.QUARTER_HOUR,
    days("2023-10-28", "2023-11-01"),
    days("2024-05-01", "2024-06-01"),
)


def in_order(party_id: str, role: Role) -> PartyFacts:
    """A party with all its papers, whatever it may need of them."""
    return PartyFacts(
        party_id,
        role,
        contract_period=days("2023-01-01"),
        assessments=(
            Assessment("dpia-1", midnight(date(2022, 12, 1))),
            Assessment("dpia-2", midnight(date(2024, 3, 1))),
        ),
        overviews=(days("2022-12-01"),),
    )


def told(party_id: str) -> tuple[Notice, ...]:
    """Everybody who lived here was told of this party, for all its purposes."""
    return tuple(
        Notice(f"notice-{party_id}-{home.id}", party_id, home.id, frozenset(Purpose), home.period.start)
        for home in (MARIAS, LOTTES)
    )


PARTIES = {
    BRAM: in_order(BRAM, Role.ENERGY_SERVICE),
    WATTS: in_order(WATTS, Role.SUPPLIER),
    ZUID: in_order(ZUID, Role.DSO),
    REGULATOR: in_order(REGULATOR, Role.REGULATOR),
}

HOUSE = Facts(
    occupancies=(VACANCY, MARIAS, LOTTES),
    permissions=(CONSENT,),
    supply_contracts=(SUPPLY,),
    necessities=(INCIDENT,),
    notices=(*told(WATTS), *told(ZUID), *told(REGULATOR)),
    grid_operator_id=ZUID,
)


def facts_for(party_id: str | None, house: Facts = HOUSE) -> Facts:
    return replace(house, party=PARTIES.get(party_id or ""))


def own_wish(person: str, period: Period) -> Wish:
    return Wish(
        Role.GRID_USER, None, person, Purpose.OWN_INSIGHT, "readings", BOTH, Granularity.QUARTER_HOUR, period
    )


def brams_wish(period: Period, **changes: object) -> Wish:
    wish = Wish(
        Role.ENERGY_SERVICE,
        BRAM,
        None,
        Purpose.ENERGY_MONITORING,
        "readings",
        BOTH,
        Granularity.QUARTER_HOUR,
        period,
    )
    return replace(wish, **changes)  # type: ignore[arg-type]


def watts_wish(period: Period, **changes: object) -> Wish:
    wish = Wish(Role.SUPPLIER, WATTS, None, Purpose.BILLING, "readings", BOTH, Granularity.MONTH, period)
    return replace(wish, **changes)  # type: ignore[arg-type]


def zuids_wish(period: Period, **changes: object) -> Wish:
    wish = Wish(Role.DSO, ZUID, None, Purpose.GRID_MANAGEMENT, "readings", BOTH, Granularity.DAY, period)
    return replace(wish, **changes)  # type: ignore[arg-type]


def regulators_wish(period: Period, **changes: object) -> Wish:
    wish = Wish(
        Role.REGULATOR, REGULATOR, None, Purpose.SUPERVISION, "readings", BOTH, Granularity.DAY, period
    )
    return replace(wish, **changes)  # type: ignore[arg-type]


def as_joris(wish: Wish, facts: Facts) -> Decision:
    """The same wish asked by Joris, who has a good name in the same role but nothing on this point."""
    if wish.asker_role in PERSON_ROLES:
        return decide(replace(wish, person_id=JORIS), facts, NOW, CATALOGUE)
    joris = in_order(JORIS, wish.asker_role)
    return decide(replace(wish, party_id=JORIS), replace(facts, party=joris), NOW, CATALOGUE)


def ask(wish: Wish, facts: Facts | None = None, now: datetime = NOW) -> Decision:
    """Decide, and hold on the way that Joris would have been told nothing at all."""
    facts = facts_for(wish.party_id) if facts is None else facts
    told = as_joris(wish, facts)
    assert told.granted == ()
    assert outline(told) == [(wish.period, ReasonCode.NO_LEGAL_BASIS)]
    return decide(wish, facts, now, CATALOGUE)


def outline(decision: Decision) -> list[tuple[Period, str]]:
    """What each stretch of time came to, in order: the row that grants it, or the reason against it."""
    parts: list[tuple[Period, str]] = [(part.interval, part.basis) for part in decision.granted]
    parts += [(part.interval, part.reason) for part in decision.refused]
    return sorted(parts)


def quarter_at(instant: datetime) -> Period:
    return Period(instant, instant + QUARTER)


def verdict(decision: Decision) -> str:
    """The one outcome of a decision that has only one."""
    (outcome,) = {code for _, code in outline(decision)}
    return str(outcome)
