"""A hundred thousand grants, twenty thousand questions about them, and what a brute force says of each.

40,000 access points, 60 parties of very different size, two purposes. Half of the questions aim at a grant, a quarter
just miss one (another purpose, finer, before its occupant came), a quarter come from strangers. Made from a seed, so
that every run measures the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from databeheer.access.decide import Wish
from databeheer.access.facts import (
    Assessment,
    Capacity,
    Facts,
    Occupancy,
    PartyFacts,
    Permission,
    PermissionState,
    Signer,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.values import Direction, Granularity, Period, Purpose, Role

NOW = datetime(2024, 6, 15, 9, 30, tzinfo=UTC)
LONG_AGO = midnight(date(2020, 1, 1))
BOTH = frozenset(Direction)
PURPOSES = (Purpose.ENERGY_ADVICE, Purpose.ENERGY_MONITORING)
GRAINS = (Granularity.QUARTER_HOUR, Granularity.HOUR, Granularity.DAY)
Key = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """May this party have this, of this access point?"""

    point: str
    wish: Wish


@dataclass(frozen=True)
class Grants:
    """Everything about all access points, and the questions."""

    parties: dict[str, PartyFacts]
    occupancies: dict[str, tuple[Occupancy, ...]]
    permissions: dict[Key, tuple[Permission, ...]]
    questions: list[Question]

    def facts(self) -> dict[Key, Facts]:
        """The facts of every pair of party and access point that has a grant."""
        return {
            (party, point): Facts(
                party=self.parties[party], occupancies=self.occupancies[point], permissions=permissions
            )
            for (party, point), permissions in self.permissions.items()
        }

    def permitted(self) -> list[bool]:
        """By brute force: does one grant allow the whole of each wish?"""
        return [self._is_permitted(question) for question in self.questions]

    def _is_permitted(self, question: Question) -> bool:
        wish, homes = question.wish, {home.id: home for home in self.occupancies[question.point]}
        period = wish.period
        for grant in self.permissions.get((str(wish.party_id), question.point), ()):
            home = homes[str(grant.occupancy_id)]
            if (
                grant.state is PermissionState.ACTIVE
                and grant.valid_period.start <= NOW < grant.valid_period.stop
                and home.period.start <= NOW < home.period.stop
                and grant.purpose is wish.purpose
                and wish.granularity.rank >= grant.granularity.rank
                and max(grant.data_period.start, home.period.start) <= period.start
                and period.end <= min(grant.data_period.stop, home.period.stop)
            ):
                return True
        return False


def make_grants(count: int, *, questions: int = 20_000, points: int = 40_000, parties: int = 60) -> Grants:
    """Make the world of that size; the number of access points grows with it."""
    random = Random(count)
    names = [f"party-{number}" for number in range(parties)]
    weights = [1 / (1 + number) for number in range(parties)]
    known = {name: _party(name) for name in names}
    homes = {f"point-{n}": _homes(random, f"point-{n}") for n in range(points)}
    granted: dict[Key, list[Permission]] = {}
    askers = random.choices(names, weights, k=count)
    for number, party in enumerate(askers):
        point = f"point-{random.randrange(points)}"
        grant = _permission(random, f"grant-{number}", party, homes[point])
        granted.setdefault((party, point), []).append(grant)
    made = {key: tuple(several) for key, several in granted.items()}
    return Grants(known, homes, made, list(_questions(random, made, names, points, questions)))


def _party(name: str) -> PartyFacts:
    dpia = Assessment("dpia", midnight(date(2023, 9, 1)))
    return PartyFacts(
        name, Role.ENERGY_SERVICE, Interval(LONG_AGO), assessments=(dpia,), overviews=(Interval(LONG_AGO),)
    )


def _homes(random: Random, point: str) -> tuple[Occupancy, ...]:
    moved = midnight(date(2021, 1, 1) + timedelta(days=random.randrange(900)))
    return (
        Occupancy(f"{point}-first", f"{point}-a", Interval(LONG_AGO, moved)),
        Occupancy(f"{point}-now", f"{point}-b", Interval(moved)),
    )


def _permission(random: Random, name: str, party: str, homes: tuple[Occupancy, ...]) -> Permission:
    home = homes[1]
    first = midnight(date(2021, 1, 1) + timedelta(days=random.randrange(700)))
    given = midnight(date(2023, 1, 1) + timedelta(days=random.randrange(500)))
    return Permission(
        name,
        party,
        home.id,
        random.choice(PURPOSES),
        "readings",
        BOTH,
        random.choice(GRAINS),
        Interval(first, None if random.random() < 0.5 else first + timedelta(days=1200)),
        Interval(given, None if random.random() < 0.7 else given + timedelta(days=365)),
        PermissionState.ACTIVE if random.random() < 0.95 else PermissionState.REVOKED,
        (Signer(str(home.person_id), Capacity.GRID_USER, given),),
    )


def _questions(
    random: Random, granted: dict[Key, tuple[Permission, ...]], names: list[str], points: int, count: int
) -> Iterator[Question]:
    keys = list(granted)
    for number in range(count):
        party, point = random.choice(keys)
        grant = random.choice(granted[party, point])
        day = date(2023, 9, 1) + timedelta(days=random.randrange(200))
        wish = Wish(
            Role.ENERGY_SERVICE,
            party,
            None,
            grant.purpose,
            "readings",
            BOTH,
            grant.granularity,
            Period.of_days(day, day + timedelta(days=random.choice((0, 6, 30)))),
        )
        if number % 4 == 2:
            wish = _near_miss(random, wish)
        elif number % 4 == 3:
            wish = replace(wish, party_id=random.choice(names))
            point = f"point-{random.randrange(points)}"
        yield Question(point, wish)


def _near_miss(random: Random, wish: Wish) -> Wish:
    kind = random.randrange(3)
    if kind == 0:
        other = PURPOSES[1 - PURPOSES.index(wish.purpose)]
        return replace(wish, purpose=other)
    if kind == 1:
        return replace(wish, granularity=Granularity.QUARTER_HOUR)
    day = date(2020, 6, 1) + timedelta(days=random.randrange(700))
    return replace(wish, period=Period.of_days(day, day + timedelta(days=6)))
