"""Random worlds around the two changes of the clock, for the oracle: one point, one asker, one wish.

A world is made from a seed by an ordinary random generator: thirty times as fast as drawing its eighty choices
one by one, and a failing world is its seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from databeheer.access.decide import Wish
from databeheer.access.facts import (
    Block,
    Capacity,
    Facts,
    Necessity,
    Occupancy,
    PartyFacts,
    Permission,
    PermissionState,
    Signer,
    SupplyContract,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.values import Granularity, Period, Purpose, Role
from tests.databeheer.access.people import BOTH, LOTTE, MARIA, OFFTAKE, QUARTER, TICK

CHANGES = (date(2023, 3, 26), date(2023, 10, 29))
ASKER, OTHER = "asker", "other"
HOMES = ("home-1", "home-2", "home-3")
LONG_AGO, LATER = date(2022, 1, 1), date(2025, 1, 1)

PURPOSES = {
    Role.GRID_USER: (Purpose.OWN_INSIGHT,),
    Role.SUPPLIER: (Purpose.BILLING,),
    Role.ENERGY_SERVICE: (Purpose.ENERGY_MONITORING, Purpose.ENERGY_ADVICE, Purpose.FLEXIBILITY),
    Role.DSO: (Purpose.GRID_MANAGEMENT, Purpose.FRAUD_DETECTION),
    Role.REGULATOR: (Purpose.SUPERVISION,),
}

_T = TypeVar("_T")


@dataclass(frozen=True)
class World:
    """Everything that a decision is made of."""

    wish: Wish
    facts: Facts
    now: datetime


def worlds() -> st.SearchStrategy[World]:
    return st.integers(0, 2**48).map(world_of)


def world_of(seed: int) -> World:
    """The world of that seed; its boundaries crowd around one change of the clock."""
    random = Random(seed)
    role = random.choice([*Role, Role.SUPPLIER, *[Role.ENERGY_SERVICE] * 5])
    maker = _Maker(random, random.choice(PURPOSES[role]))
    now = maker.any((midnight(LATER), midnight(LATER), maker.moment())) + maker.any(
        (QUARTER * 0, TICK, -TICK)
    )
    return World(maker.wish(role), maker.facts(role), now)


class _Maker:
    def __init__(self, random: Random, purpose: Purpose) -> None:
        self._random = random
        self._purpose = purpose
        self._change = random.choice(CHANGES)

    def any(self, values: Iterable[_T]) -> _T:
        return self._random.choice(list(values))

    def mostly(self, usual: _T, others: Iterable[_T]) -> _T:
        """Mostly what lets a wish through, so that what stands between it and a grant is mostly time."""
        return usual if self._random.random() < 0.94 else self.any(others)

    def near(self) -> datetime:
        """A midnight or a quarter-hour within some days of the change, or a beginning of a month."""
        kind = self._random.random()
        if kind < 0.5:
            return midnight(self._change + timedelta(days=self._random.randint(-3, 4)))
        if kind < 0.75:
            return midnight(self._change) + self._random.randint(-2 * 96, 3 * 96) * QUARTER
        return midnight(date(2023, self._change.month + self._random.randint(-1, 1), 1))

    def moment(self) -> datetime:
        if self._random.random() < 0.6:
            return self.near()
        return midnight(self.any((LONG_AGO, LATER, self._change + timedelta(days=self.any((-70, 70))))))

    def stretch(self) -> Interval:
        """Long ones, short ones, ones without an end, and now and then one that holds nothing."""
        kind = self._random.random()
        if kind < 0.5:
            return Interval(midnight(LONG_AGO), self.moment() if kind < 0.2 else None)
        first, second = sorted((self.moment(), self.moment()))
        return Interval(first, None if kind < 0.65 else second)

    def several(self, most: int) -> range:
        return range(self.mostly(self._random.randint(1, most), (0,)))

    def wish(self, role: Role) -> Wish:
        granularity = Granularity.MONTH if role is Role.SUPPLIER else self.any(Granularity)
        start, end = sorted((self.near(), self.near()))
        is_person = role is Role.GRID_USER
        return Wish(
            asker_role=role,
            party_id=None if is_person else ASKER,
            person_id=MARIA if is_person else None,
            purpose=self.mostly(self._purpose, Purpose),
            category=self.mostly("readings", ("technical", "relational", "gossip")),
            directions=self.any((OFFTAKE, OFFTAKE, BOTH)),
            granularity=self.mostly(granularity, Granularity),
            period=Period(start, end if start < end else start + 96 * QUARTER),
            permission_id=self.mostly(None, ("permission-0", "permission-9")),
        )

    def facts(self, role: Role) -> Facts:
        ends = self._random.random() < 0.5
        party = PartyFacts(
            ASKER,
            role,
            contract_period=self.mostly(Interval(midnight(LONG_AGO)), (None, self.stretch())),
            suspensions=self.mostly((), ((Interval(self.moment()),), (self.stretch(),))),
        )
        return Facts(
            party=self.mostly(party, (None, PartyFacts(OTHER, role))),
            occupancies=tuple(self._occupancy(HOMES[n], ends) for n in self.several(3)),
            permissions=tuple(self._permission(f"permission-{n}") for n in self.several(3)),
            supply_contracts=tuple(
                SupplyContract(
                    f"contract-{n}",
                    self._party(),
                    self.stretch(),
                    self.any((None, midnight(LONG_AGO), self.moment())),
                )
                for n in self.several(2)
            ),
            necessities=tuple(self._necessity(f"necessity-{n}") for n in self.several(3)),
            blocks=tuple(Block(f"block-{n}", self._party(), self.stretch()) for n in self._seldom()),
            grid_operator_id=self.mostly(ASKER, (OTHER, None)),
            stopped_since=self.mostly(None, (self.moment(),)),
        )

    def _seldom(self) -> Sequence[int]:
        return range(1 if self._random.random() < 0.15 else 0)

    def _party(self) -> str:
        return self.mostly(ASKER, (OTHER,))

    def _occupancy(self, home: str, ends: bool) -> Occupancy:
        stretch = self.stretch() if ends else Interval(self.moment())
        return Occupancy(home, self.mostly(MARIA, (LOTTE, None)), stretch)

    def _permission(self, permission_id: str) -> Permission:
        signer = Signer(
            self.mostly(MARIA, (LOTTE,)), self.mostly(Capacity.GRID_USER, Capacity), midnight(LONG_AGO)
        )
        return Permission(
            id=permission_id,
            party_id=self._party(),
            occupancy_id=self.mostly(HOMES[0], (*HOMES[1:], None)),
            purpose=self.mostly(self._purpose, Purpose),
            category=self.mostly("readings", ("technical",)),
            directions=self.any((BOTH, OFFTAKE)),
            granularity=self.any(Granularity),
            data_period=self.stretch(),
            valid_period=self.mostly(Interval(midnight(LONG_AGO)), (self.stretch(),)),
            state=self.any((*PermissionState, *[PermissionState.ACTIVE] * 20)),
            signers=(signer,),
        )

    def _necessity(self, necessity_id: str) -> Necessity:
        return Necessity(
            necessity_id,
            self._party(),
            self.mostly(self._purpose, PURPOSES[Role.DSO]),
            self.any(Granularity),
            self.stretch(),
            self.mostly(Interval(midnight(LONG_AGO)), (self.stretch(),)),
        )
