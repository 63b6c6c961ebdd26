"""Random acts on access points from several connections at once, held against the order that the ledger tells.

One house, many points. A round lets each point live through a few acts (grant, withdraw, move out, read), all of them
shuffled over the connections; afterwards the ledger's own order says what each read may have given. The next round
begins a day later with new occupants, so that a point is registered once and lives through thousands of rounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from threading import Barrier
from typing import Any

from stdnum import ean as _ean

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.values import format_instant
from tests.databeheer.metering.builders import Row, english
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

CONNECTIONS = 6
PEOPLE = 4
LOOK = 21
"""Days of a read: several stays, as people move."""
READS = range(3, 7)
SOMETIMES = (("own", 0.4), ("move", 0.4))
"""What happens at a point in a round beside a grant and a withdrawal: so many reads, and these so often."""
PAPERS = timedelta(days=365)
"""How often the parties file a DPIA anew: one is worth two years, and a street of the soak lives for more than one."""


@dataclass
class Told:
    """One act as it came out: which entry of the ledger it is, and what a read gave, by Brussels day."""

    act: str
    index: int | None
    reason: str = ""
    days: dict[date, int] = field(default_factory=dict)


@dataclass
class Home:
    """One point in one round: who lives there, what was measured on which day of whom, and what was done."""

    ean: str
    customer: Customer
    occupancy: str
    since: date
    asked: dict[str, Any] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


class Street:
    """Points whose meters are read once a day, and the people who move through them."""

    def __init__(self, house: TheHouse, points: int, random: Random) -> None:
        self.house, self.random = house, random
        self.people = [house.customer(f"person-{number}", f"Person {number}") for number in range(PEOPLE)]
        self.parties = [house.party(f"Dienst {number}", "energy_service") for number in range(2)]
        self.eans = [_ean_of(number) for number in range(points)]
        self.in_order = day_of(house.clock.now())
        self.checked = 0
        self.amounts: dict[tuple[str, date], int] = {}
        for ean in self.eans:
            house.operator("registry.access_point.register", ean=ean, commodity="electricity")
        self.lives: dict[str, tuple[Customer, str, date]] = {}
        self.before: dict[tuple[str, str], set[date]] = defaultdict(set)
        """The days of the stays that are over, by point and person: a person may come back."""
        self._pool = ThreadPoolExecutor(CONNECTIONS)
        self._client = DoorClient(house.socket)

    def close(self) -> None:
        """Let every connection go; each thread has its own."""
        together = Barrier(CONNECTIONS)

        def leave(_: int) -> None:
            together.wait()
            self._client.close()

        list(self._pool.map(leave, range(CONNECTIONS)))
        self._pool.shutdown()

    def round(self) -> list[Home]:
        """Live through one day at all points, each an interleaving held against the ledger; returns them."""
        self._next_day()
        newcomers = [self.random.choice(self.people) for _ in self.eans]
        homes = list(self._pool.map(self._settled, self.eans, newcomers))
        self._measure(homes)
        for home, asked in zip(homes, self._pool.map(self._ask, homes), strict=True):
            home.asked = asked
        acts = [(home, act) for home in homes for act in self._acts()]
        self.random.shuffle(acts)
        list(self._pool.map(lambda one: self._do(*one), acts))
        for home in homes:
            self.checked += check(self, home)
            if any(told.act == "move" and told.index is not None for told in home.told):
                self.before[home.ean, home.customer.subject] |= lived(self, home)
                del self.lives[home.ean]
        return homes

    def _next_day(self) -> None:
        self.house.clock.advance(timedelta(days=1))
        for person in self.people:
            person.session = self.house.log_in(person.subject, person.name)
        today = day_of(self.house.clock.now())
        for party in self.parties:
            if today - self.in_order > PAPERS:
                self.house.put_in_order(party.party_id)
            party.token = self.house.token(party.client_id, party.client_secret)
        if today - self.in_order > PAPERS:
            self.in_order = today

    def _settled(self, ean: str, customer: Customer) -> Home:
        """Who lives there; where the last one moved out, a newcomer from today on."""
        if ean not in self.lives:
            today = day_of(self.house.clock.now())
            begun = self._client.call(
                "registry.occupancy.begin",
                Proof.operator(self.house.operator_key),
                ean=ean,
                person_id=str(customer.person_id),
                from_day=today.isoformat(),
            )
            self.lives[ean] = customer, begun["occupancy_id"], today
        customer, occupancy, since = self.lives[ean]
        return Home(ean, customer, occupancy, since)

    def _measure(self, homes: Sequence[Home]) -> None:
        """Take today's reading of every point in: an amount of its own each, so that a value tells whose it is."""
        today = day_of(self.house.clock.now())
        rows = []
        for home in homes:
            amount = self.random.randrange(1, 9_000_000)
            self.amounts[home.ean, today] = amount
            rows.append(_day_row(home.ean, today, amount))
        self.house.ingest(english(*rows))

    def _ask(self, home: Home) -> dict[str, Any]:
        return self._client.call(
            "permission.request",
            Proof.token(self._party(home).token),
            purpose="energy_advice",
            category="readings",
            granularity="day",
            directions=["offtake"],
            data_from=format_instant(midnight(date(2016, 1, 1))),
        )

    def _party(self, home: Home) -> Party:
        return self.parties[int(home.ean[-2]) % len(self.parties)]

    def _acts(self) -> list[str]:
        sometimes = [act for act, often in SOMETIMES if self.random.random() < often]
        return ["grant", "withdraw", *sometimes, *["read"] * self.random.choice(READS)]

    def _do(self, home: Home, act: str) -> None:
        told = Told(act, None)
        try:
            answer = getattr(self, f"_{act}")(home)
        except DoorRefusedError as refusal:
            answer = {"index": refusal.index, "channels": []}
            told.act, told.reason = f"{act} refused", refusal.reason or refusal.code
        told.index = answer.get("index")
        for channel in answer.get("channels", []):
            for slot in slots_in(channel):
                day = date.fromisoformat(slot["start"][:10]) + timedelta(
                    days=1
                )  # local midnight is 22 or 23 h UTC
                told.days[day] = slot["value"]
        home.told.append(told)

    def _grant(self, home: Home) -> dict[str, Any]:
        return self._client.call(
            "permission.grant",
            Proof.session(home.customer.session),
            permission_id=home.asked["permission_id"],
            link_code=home.asked["link_code"],
            occupancy_id=home.occupancy,
            notice="What was read",
            language="nl",
        )

    def _withdraw(self, home: Home) -> dict[str, Any]:
        session = Proof.session(home.customer.session)
        return self._client.call("permission.withdraw", session, permission_id=home.asked["permission_id"])

    def _move(self, home: Home) -> dict[str, Any]:
        today = day_of(self.house.clock.now()).isoformat()
        key = Proof.operator(self.house.operator_key)
        # Who came today cannot leave today: his move is refused, and he goes some other day.
        return self._client.call("registry.occupancy.end", key, ean=home.ean, until_day=today)

    def _read(self, home: Home) -> dict[str, Any]:
        return self._look(Proof.token(self._party(home).token), permission_id=home.asked["permission_id"])

    def _own(self, home: Home) -> dict[str, Any]:
        return self._look(Proof.session(home.customer.session), occupancy_id=home.occupancy)

    def _look(self, proof: Proof, **target: str) -> dict[str, Any]:
        today = day_of(self.house.clock.now())
        wish = {
            "from": format_instant(midnight(today - timedelta(days=LOOK))),
            "until": format_instant(midnight(today)),
            "granularity": "day",
            "mode": "clip",
        }
        return self._client.call("readings.read", proof, **target, **wish)


def check(street: Street, home: Home) -> int:
    """Hold every read at a point against the order of the ledger's entries; returns how many there were.

    A party may have read exactly while, in that order, its permission was granted and neither withdrawn nor ended by a
    move; and then of the days of that occupancy only. Each value is the one that was measured there on that day.
    """
    moved = _index(home, "move")
    reads = [told for told in home.told if told.act.startswith(("read", "own"))]
    for told in reads:
        if told.index is None:  # logged out by the move: nobody known asked
            assert told.act == "own refused"
            assert moved is not None
            continue
        is_own = told.act.startswith("own")
        granted = 0 if is_own else _index(home, "grant")
        ended = [] if is_own else [moved, _index(home, "withdraw")]
        is_open = granted is not None and granted <= told.index
        is_open = is_open and all(end is None or told.index < end for end in ended)
        gave = told.act in ("read", "own")
        days = lived(street, home)
        if is_own:
            days |= street.before[home.ean, home.customer.subject]
        days = {day for day in days if day >= day_of(street.house.clock.now()) - timedelta(days=LOOK)}
        assert set(told.days) <= days, "a day of another occupancy left"
        assert gave == (is_open and bool(days)), (told, granted, ended)
        assert set(told.days) == (days if gave else set())
        assert all(street.amounts[home.ean, day] == amount for day, amount in told.days.items())
    return len(reads)


def lived(street: Street, home: Home) -> set[date]:
    """The days before today of who lives there."""
    today = day_of(street.house.clock.now())
    return {home.since + timedelta(days=number) for number in range((today - home.since).days)}


def _index(home: Home, act: str) -> int | None:
    """At which entry an act succeeded; None where it did not."""
    return next((told.index for told in home.told if told.act == act), None)


def _ean_of(number: int) -> str:
    stem = f"54144889998{number:06d}"
    return stem + _ean.calc_check_digit(stem)


def _day_row(ean: str, day: date, thousandths: int) -> Row:
    """One total of a whole day, as of a meter whose quarter-hours nobody asked to read."""
    midnights = {"begin_time": "00:00:00", "end_time": "00:00:00"}
    return Row(
        ean=f'="{ean}"',
        meter=f"M{ean[-6:]}",
        begin=f"{day:%d/%m/%Y}",
        end=f"{day + timedelta(days=1):%d/%m/%Y}",
        volume=f"{thousandths // 1000},{thousandths % 1000:03d}",
        **midnights,
    )
