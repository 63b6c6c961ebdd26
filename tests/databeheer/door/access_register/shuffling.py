"""Messages of one access point in their order, and played in another: what stands then."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from databeheer.door.client import DoorRefusedError
from tests.databases import Databases
from tests.databeheer.door.access_register.sending import ean_of, number
from tests.house import Brief, Party, TheHouse, open_house

FIRST = date(2026, 1, 1)
CUSTOMERS = ("anna", "bert", "celia")
METERS = ("1SAG0000000001", "1SAG0000000002")
State = Callable[[TheHouse, str], Any]


@dataclass(repr=False)  # a failing example is told with it
class Market(Brief):
    """A house with one grid operator and three suppliers; `points` gives access points that nobody used."""

    house: TheHouse
    net: Party
    suppliers: list[Party]
    points: Iterator[int]

    def point(self) -> str:
        ean = ean_of(next(self.points))
        self.house.operator("registry.access_point.register", ean=ean, commodity="electricity")
        return ean


@contextmanager
def open_market(databases: Databases) -> Iterator[Market]:
    """A house with its market, torn down at the end."""
    with databases.clone() as database, open_house(database, now=datetime(2026, 11, 1, tzinfo=UTC)) as house:
        net = house.party("Net", "dso", operator=1)
        suppliers = [house.party(f"Leverancier {place}", "supplier") for place in range(3)]
        yield Market(house, net, suppliers, itertools.count(1))


@dataclass(frozen=True)
class Told:
    """One message: its place in the order, who sends it, what it says of the point that it is about."""

    place: int
    sender: Party
    said: dict[str, Any]

    def send(self, ean: str) -> str | None:
        """Send it about a point; returns why it was refused."""
        try:
            message = self.said | {"ean": ean, "number": f"{ean}-{self.place}"}
            self.sender.call("register.message", message=message)
        except DoorRefusedError as error:
            if error.code not in ("conflict", "not-found"):
                raise
            return str(error)
        return None


@dataclass(frozen=True)
class Switch(Told):
    """An announced switch and its acceptance: two messages, of which the second names what the first was called."""

    net: Party

    def send(self, ean: str) -> str | None:
        wish = self.said | {"ean": ean, "number": number()}
        name = self.sender.call("register.message", message=wish)["announcement"]
        answer = {"kind": "contract.accepted", "announcement": name}
        try:
            self.net.call("register.message", message={"number": number()} | answer)
        except DoorRefusedError as error:
            if error.code != "conflict":
                raise
            taken_back = {"kind": "contract.withdrawn", "announcement": name, "number": number()}
            self.sender.call("register.message", message=taken_back)
            return str(error)
        return None


def day(number_of_days: int) -> str:
    return (FIRST + timedelta(days=number_of_days)).isoformat()


@st.composite
def moves(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Moves at a point in their order: in, out, one in another's place, and some that were mistakes."""
    said: list[dict[str, Any]] = []
    living, at = None, 10
    for _ in range(draw(st.integers(1, 5))):
        name = draw(st.sampled_from([one for one in CUSTOMERS if one != living]))
        comes = {"customer": {"identity": name, "name": name}}
        what = draw(st.sampled_from(["in", "mistake"] if living is None else ["out", "change"]))
        if what == "mistake":
            said.append({"kind": "customer.moved_in", "from": day(at), **comes})
            said.append({"kind": "customer.called_off", "on": day(at), "identity": name})
        elif what == "in":
            said.append({"kind": "customer.moved_in", "from": day(at), **comes})
            living = name
        elif what == "out":
            said.append({"kind": "customer.moved_out", "until": day(at), "identity": living})
            living = None
        else:
            said.append({"kind": "customer.changed", "on": day(at), "left": living, **comes})
            living = name
        at += draw(st.integers(1, 9))
    return said


@st.composite
def meter_work(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Work on meters at a point in its order: hung up, taken away, swapped."""
    said: list[dict[str, Any]] = []
    hangs, at = None, 10
    for _ in range(draw(st.integers(1, 5))):
        other = METERS[0] if hangs == METERS[1] else METERS[1]
        if hangs is None:
            hangs = draw(st.sampled_from(METERS))
            said.append({"kind": "meter.installed", "meter": hangs, "digital": True, "from": day(at)})
        elif draw(st.booleans()):
            said.append({"kind": "meter.removed", "meter": hangs, "on": day(at)})
            hangs = None
        else:
            by = {"meter": other, "digital": True}
            said.append({"kind": "meter.replaced", "meter": hangs, "on": day(at), "by": by})
            hangs = other
        at += draw(st.integers(1, 9))
    return said


@st.composite
def switches(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """Contracts at a point in their order, by supplier: switches, ends, and some that were mistakes."""
    said: list[tuple[int, dict[str, Any]]] = []
    supplies, at = None, 10
    for _ in range(draw(st.integers(1, 5))):
        what = draw(
            st.sampled_from(["switch", "mistake"] if supplies is None else ["switch", "end", "mistake"])
        )
        who = draw(st.sampled_from([one for one in range(3) if one != supplies]))
        if what == "end" and supplies is not None:
            said.append((supplies, {"kind": "contract.ended", "until": day(at)}))
            supplies = None
        else:
            said.append((who, {"kind": "contract.announced", "from": day(at)}))
            if what == "mistake":
                said.append((-1 - who, {"kind": "contract.called_off", "from": day(at)}))
            else:
                supplies = who
        at += draw(st.integers(1, 9))
    return said


def play(market: Market, told: list[Told]) -> tuple[str, list[Told]]:
    """Send messages about a point of their own, again as long as anything is taken; returns it, and those refused."""
    ean, left = market.point(), list(told)
    while True:
        refused = [one for one in left if one.send(ean) is not None]
        if len(refused) == len(left):
            return ean, refused
        left = refused


def hold(market: Market, told: list[Told], seed: int, *states: State) -> None:
    """Play them in their order, and shuffled with some twice; what stands is the same."""
    ean, refused = play(market, told)
    assert refused == []
    shuffler = random.Random(seed)
    again = [*told, *(one for one in told if not isinstance(one, Switch) and shuffler.random() < 0.5)]
    shuffler.shuffle(again)
    other, refused = play(market, again)
    kept = [one for one in told if one not in refused]
    if refused:
        ean, never = play(market, kept)
        assert never == []
    for state in states:
        assert state(market.house, other) == state(market.house, ean)


def of_the_grid(market: Market, said: list[dict[str, Any]]) -> list[Told]:
    """What the grid operator tells, as messages."""
    return [Told(place, market.net, one) for place, one in enumerate(said)]


def of_suppliers(market: Market, said: list[tuple[int, dict[str, Any]]]) -> list[Told]:
    """What suppliers tell, and the grid operator of their contracts, as messages."""
    told: list[Told] = []
    for place, (who, one) in enumerate(said):
        if who < 0:
            of = {"supplier": market.suppliers[-1 - who].party_id}
            told.append(Told(place, market.net, one | of))
        elif one["kind"] == "contract.announced":
            told.append(Switch(place, market.suppliers[who], one, market.net))
        else:
            told.append(Told(place, market.suppliers[who], one))
    return told
