"""Random worlds over two years with both changes of the clock, for the oracles: one point, one asker, one wish.

A world is made from a seed by an ordinary random generator: thirty times as fast as drawing its choices one by one,
and a failing world is its seed. Everything that speaks of energy begins and ends on a quarter-hour; what is held
against the moment of looking may also lie a tick beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from databeheer.access.decide import Wish
from databeheer.access.facts import (
    Assessment,
    Authorisation,
    Block,
    Capacity,
    Death,
    Facts,
    Gap,
    Invalidation,
    MeteringRegime,
    Necessity,
    Notice,
    Objection,
    Occupancy,
    Participation,
    PartyFacts,
    Permission,
    PermissionState,
    PersonConcerned,
    Regime,
    Registration,
    Representation,
    Signer,
    SupplyContract,
    Territory,
    WrittenMandate,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.values import PERSON_ROLES, Granularity, Period, Purpose, Role
from tests.databeheer.access.people import BOTH, CATALOGUE, LOTTE, MARIA, OFFTAKE, QUARTER, TICK

CHANGES = (date(2023, 3, 26), date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27))
FIRST, LAST = date(2023, 1, 1), date(2025, 1, 1)
ASKER, OTHER = "asker", "other"
HOMES = ("home-1", "home-2", "home-3")
LONG_AGO, LATER = date(2022, 1, 1), date(2025, 6, 1)
HERE, THERE = "44021", "11002"

PURPOSES: dict[Role, tuple[Purpose, ...]] = {
    Role.SUPPLIER: (Purpose.BILLING, Purpose.DYNAMIC_PRICE_BILLING, Purpose.SUPPLY_OFFER),
    Role.SUPPLIER_SERVICE: (Purpose.ENERGY_MONITORING, Purpose.ENERGY_ADVICE),
    Role.ENERGY_SERVICE: (Purpose.ENERGY_MONITORING, Purpose.ENERGY_ADVICE),
    Role.AGGREGATOR: (Purpose.FLEXIBILITY,),
    Role.BALANCE_RESPONSIBLE: (Purpose.BALANCING,),
    Role.SHIPPER: (Purpose.BALANCING,),
    Role.DATA_MANAGER: (Purpose.DATA_MANAGEMENT,),
    Role.DSO: (Purpose.GRID_MANAGEMENT, Purpose.SUPPLY_QUALITY, Purpose.FRAUD_DETECTION),
    Role.TRANSMISSION_OPERATOR: (Purpose.GRID_MANAGEMENT,),
    Role.OTHER_GRID_OPERATOR: (Purpose.GRID_MANAGEMENT,),
    Role.INTERMEDIARY: (Purpose.MARKET_FACILITATION,),
    Role.ENERGY_COMMUNITY: (Purpose.ENERGY_SHARING,),
    Role.AUTHORITY: (Purpose.PUBLIC_TASK,),
    Role.PUBLIC_BODY: (Purpose.PUBLIC_TASK,),
    Role.WELFARE_CENTRE: (Purpose.SOCIAL_ASSISTANCE,),
    Role.REGULATOR: (Purpose.SUPERVISION,),
    Role.COMPARISON_TOOL: (Purpose.PRICE_COMPARISON,),
    Role.DATA_PROTECTION_AUTHORITY: (Purpose.DATA_PROTECTION,),
    Role.PROCESSOR: (Purpose.PROCESSING,),
    Role.STAFF: (Purpose.CASE_HANDLING,),
}
OF_PEOPLE = (Purpose.OWN_INSIGHT,)

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
    role = random.choice([*Role, *[Role.SUPPLIER] * 12, *[Role.ENERGY_SERVICE] * 5, *sorted(PERSON_ROLES)])
    maker = _Maker(random, random.choice(PURPOSES.get(role, OF_PEOPLE)))
    now = maker.any((midnight(LATER), midnight(LATER), maker.moment())) + maker.any(
        (QUARTER * 0, TICK, -TICK)
    )
    wish, facts = maker.wish(role), maker.facts(role, now)
    return World(wish, replace(facts, objections=tuple(maker.objections(role))), now)


class _Maker:
    def __init__(self, random: Random, purpose: Purpose) -> None:
        self._random = random
        self._purpose = purpose
        self._change = random.choice(CHANGES)
        self._is_wide = random.random() < 0.3
        """Over the whole of the two years, not only around a change of the clock."""

    def any(self, values: Sequence[_T]) -> _T:
        return self._random.choice(values)

    def mostly(self, usual: _T, others: Sequence[_T]) -> _T:
        """Mostly what lets a wish through, so that what stands between it and a grant is mostly time."""
        return usual if self._random.random() < 0.96 else self._random.choice(others)

    def near(self) -> datetime:
        """A midnight or a quarter-hour within some days of the change, or a beginning of a month."""
        if self._is_wide:
            return midnight(FIRST + timedelta(days=self._random.randint(0, (LAST - FIRST).days)))
        kind = self._random.random()
        if kind < 0.5:
            return midnight(self._change + timedelta(days=self._random.randint(-3, 4)))
        if kind < 0.75:
            return midnight(self._change) + self._random.randint(-2 * 96, 3 * 96) * QUARTER
        return midnight(date(self._change.year, self._change.month + self._random.randint(-1, 1), 1))

    def objections(self, role: Role) -> Iterator[Objection]:
        """Seldom, for who objects is one of many; to a basis of this role, or of another."""
        codes = [row.code for row in CATALOGUE.plan(role).statutory] or ["own"]
        for n in self.seldom():
            basis = self.mostly(self.any(codes), ("welfare_centre",))
            yield Objection(f"objection-{n}", self._home(), basis, self.stretch(), self._before())

    def moment(self) -> datetime:
        if self._random.random() < 0.6:
            return self.near()
        return midnight(self.any((LONG_AGO, LATER, self._change + timedelta(days=self.any((-70, 70))))))

    def stretch(self) -> Interval:
        """Long ones, short ones, ones without an end, and now and then one that holds nothing."""
        kind = self._random.random()
        if kind < 0.6:
            return Interval(midnight(LONG_AGO), self.moment() if kind < 0.15 else None)
        first, second = sorted((self.moment(), self.moment()))
        return Interval(first, None if kind < 0.75 else second)

    def always(self) -> Interval:
        return Interval(midnight(LONG_AGO))

    def several(self, most: int) -> range:
        return range(self.mostly(self._random.randint(1, most), (0,)))

    def seldom(self, share: float = 0.12) -> range:
        return range(1 if self._random.random() < share else 0)

    def wish(self, role: Role) -> Wish:
        start, end = sorted((self.near(), self.near()))
        is_person = role in PERSON_ROLES
        usual = Granularity.MONTH if self._random.random() < 0.6 else self.any((*Granularity,))
        category = "records" if role is Role.DATA_PROTECTION_AUTHORITY else "readings"
        if self._purpose is Purpose.SUPPLY_QUALITY:
            category = "supply_quality"
        return Wish(
            asker_role=role,
            party_id=None if is_person else ASKER,
            person_id=MARIA if is_person else None,
            purpose=self.mostly(self._purpose, (*Purpose,)),
            category=self.mostly(
                category, ("technical", "relational", "records", "supply_quality", "gossip")
            ),
            directions=self.any((OFFTAKE, OFFTAKE, BOTH)),
            granularity=usual,
            period=Period(start, end if start < end else start + 96 * QUARTER),
            permission_id=self.mostly(None, ("permission-0", "permission-9")),
        )

    def facts(self, role: Role, now: datetime) -> Facts:
        self._now = now
        party = self._asking(role)
        several, seldom = self.several, self.seldom
        return Facts(
            party=self.mostly(party, (None, PartyFacts(OTHER, role))),
            occupancies=tuple(self._occupancy(HOMES[n]) for n in several(3)),
            permissions=tuple(self._permission(f"permission-{n}") for n in several(3)),
            supply_contracts=tuple(self._supply(f"contract-{n}") for n in several(2)),
            regimes=tuple(self._regime(f"regime-{n}") for n in several(2)),
            registrations=tuple(
                Registration(f"registration-{n}", self._party(), self.stretch()) for n in several(2)
            ),
            participations=tuple(
                Participation(f"participation-{n}", self._party(), self._home(), self.stretch())
                for n in several(2)
            ),
            necessities=tuple(self._necessity(f"necessity-{n}") for n in several(3)),
            authorisations=tuple(self._authorisation(f"law-{n}") for n in several(2)),
            notices=tuple(
                Notice(f"notice-{home}", self._party(), home, self._purposes(), self._before())
                for home in HOMES
                if self._random.random() < 0.9
            ),
            blocks=tuple(Block("block-0", self._party(), self.stretch()) for _ in seldom()),
            gaps=tuple(
                Gap(f"gap-{n}", self._party(), self.stretch(), self._spared())
                for _ in seldom()
                for n in range(2)
            ),
            representations=tuple(
                Representation(
                    f"appointed-{n}",
                    self.mostly(MARIA, (LOTTE,)),
                    LOTTE,
                    "21/14",
                    self.mostly(self.always(), (self.stretch(),)),
                )
                for n in several(2)
            ),
            deaths=tuple(Death(self.any((MARIA, LOTTE)), self.moment()) for _ in seldom(0.05)),
            grid_operator_id=self.mostly(ASKER, (OTHER, None)),
            data_manager_id=self.mostly(ASKER, (OTHER, None)),
            territory=self.mostly(HERE, (THERE, None)),
            stopped_since=self.mostly(None, (self.moment(),)),
            unreconciled_since=self.mostly(None, (self.moment(),)),
        )

    def _asking(self, role: Role) -> PartyFacts:
        return PartyFacts(
            ASKER,
            role,
            contract_period=self.mostly(self.always(), (None, self.stretch())),
            suspensions=self.mostly((), ((Interval(self.moment()),), (self.stretch(),))),
            assessments=tuple(
                Assessment(f"dpia-{n}", self._before(), self.mostly(None, (self.moment(),)))
                for n in self.several(2)
            ),
            overviews=self.mostly((self.always(),), ((), (self.stretch(),))),
            territories=tuple(
                Territory(self.any((HERE, HERE, THERE)), self.mostly(self.always(), (self.stretch(),)))
                for _ in range(2)
            ),
            processor_agreements=self.mostly((self.always(),), ((), (self.stretch(),))),
        )

    def _before(self) -> datetime:
        """Mostly some time before now, so that it is there in time; and around two years before now."""
        usual = self._now - timedelta(days=self._random.randint(0, 700))
        years = datetime(self._now.year - 2, self._now.month, min(28, self._now.day), tzinfo=self._now.tzinfo)
        return self.mostly(usual, (self._now, self._now + TICK, years, years + QUARTER, self.moment()))

    def _party(self) -> str:
        return self.mostly(ASKER, (OTHER,))

    def _granularity(self) -> Granularity:
        return self.any((*[Granularity.QUARTER_HOUR] * 5, *Granularity))

    def _home(self) -> str:
        return self.mostly(HOMES[0], HOMES[1:])

    def _spared(self) -> frozenset[str]:
        return self.mostly(
            frozenset(), (frozenset({"permission-0"}), frozenset({"permission-1", "permission-9"}))
        )

    def _purposes(self) -> frozenset[Purpose]:
        return frozenset({self.mostly(self._purpose, (*Purpose,)), self.any((*Purpose,))})

    def _occupancy(self, home: str) -> Occupancy:
        stretch = self.any((self.stretch(), Interval(self.moment()), self.always()))
        concerned = tuple(
            PersonConcerned(self.mostly(MARIA, (LOTTE,)), self.stretch()) for _ in self.seldom(0.25)
        )
        return Occupancy(home, self.any((*[MARIA] * 5, LOTTE, LOTTE, None)), stretch, concerned)

    def _permission(self, permission_id: str) -> Permission:
        signers = tuple(
            Signer(
                self.any((MARIA, MARIA, MARIA, LOTTE)),
                self.any((*[Capacity.GRID_USER] * 4, *Capacity)),
                midnight(LONG_AGO),
                self.any((MARIA, MARIA, LOTTE, None)),
            )
            for _ in range(self.any((1, 1, 2, 2)))
        )
        return Permission(
            id=permission_id,
            party_id=self._party(),
            occupancy_id=self.mostly(HOMES[0], (*HOMES[1:], None)),
            purpose=self.mostly(self._purpose, (*Purpose,)),
            category=self.mostly("readings", ("technical",)),
            directions=self.any((BOTH, OFFTAKE)),
            granularity=self._granularity(),
            data_period=self.stretch(),
            valid_period=self.mostly(self._validity(), (self.stretch(),)),
            state=self.any((*PermissionState, *[PermissionState.ACTIVE] * 20)),
            signers=signers,
            mandate=self.mostly(
                WrittenMandate(b"hash", midnight(LONG_AGO)), (None, WrittenMandate(b"", None))
            ),
            invalidated_by=self.any((*Invalidation,)),
        )

    def _validity(self) -> Interval:
        """Given long ago, or, as what is about history must be, some time before now."""
        is_recent = self._purpose is Purpose.SUPPLY_OFFER or self._random.random() < 0.3
        return Interval(self._before()) if is_recent else self.always()

    def _supply(self, contract_id: str) -> SupplyContract:
        return SupplyContract(
            contract_id,
            self._party(),
            self.stretch(),
            self.any((None, midnight(LONG_AGO), midnight(LONG_AGO), self.moment())),
            tuple(self.stretch() for _ in self.several(2)),
        )

    def _regime(self, regime_id: str) -> MeteringRegime:
        regime = self.any((Regime.SMR3, Regime.SMR3, Regime.SMR1))
        return MeteringRegime(regime_id, self._home(), regime, self.stretch())

    def _necessity(self, necessity_id: str) -> Necessity:
        return Necessity(
            necessity_id,
            self._party(),
            self.mostly(self._purpose, PURPOSES[Role.DSO]),
            self._granularity(),
            self.stretch(),
            self.mostly(self.always(), (self.stretch(),)),
            self.mostly("law-0", ("law-1", "law-9", None)),
        )

    def _authorisation(self, law_id: str) -> Authorisation:
        return Authorisation(
            law_id,
            self._party(),
            "Decreet",
            "2020",
            f"{law_id}, §1",
            frozenset(self.mostly(("readings", "technical"), (("relational",), ()))),
            self._granularity(),
            self.mostly(self.always(), (self.stretch(),)),
        )
