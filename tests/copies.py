"""Houses that are set up once and copied: in thousands of tests the same people come into the same house.

A fixture under `@setting_up` does nothing but act on a new house: it gives commands, takes readings in. A test whose
fixtures begin with such ones gets a copy of a house in which they already ran: of its database, its key store and
what they gave, at the same hour and with the same secrets, so all is as if they had run for this test alone.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import pytest

from databeheer.door.keys.store import KeyStore
from tests.databases import Database, Databases
from tests.house import KEYS, Means, TheHouse, a_folder, open_house, opened, this_morning

_KEPT = 24
"""How many houses a worker keeps to copy, each some 15 MB: most of those that are given up are wanted again."""
_Fixture = TypeVar("_Fixture", bound=Callable[..., Any])
_BESIDE: set[Callable[..., Any]] = set()
"""The fixtures under `@beside`."""
_THE_HOUSE = object()
"""What stands for the house in what is kept of one."""


def setting_up(fixture: _Fixture) -> _Fixture:
    """Mark a fixture that only acts on its `house`, through what others like it gave; goes below `pytest.fixture`."""
    needs = tuple(signature(fixture).parameters)
    if "house" not in needs:
        raise TypeError(f"{fixture.__name__} sets up a house and does not ask for it")

    @wraps(fixture)
    def given(**arguments: Any) -> Any:
        house: TheHouse = arguments["house"]
        if step in house.set_up:
            return house.set_up[step]
        return fixture(**arguments)

    step = _Step(fixture, needs)
    given.setting_up = step  # type: ignore[attr-defined]
    return given  # type: ignore[return-value]


def beside(fixture: _Fixture) -> _Fixture:
    """Mark a fixture that opens something over the house, to which it is all the same who came in before.

    The people whom a test asks for after it come in before it, so they are in the copy; goes below `pytest.fixture`.
    """
    _BESIDE.add(fixture)
    return fixture


@dataclass(frozen=True)
class _Step:
    """One fixture that sets a house up: what it does, and the names of those it builds on."""

    act: Callable[..., Any]
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.act.__name__


Steps = tuple[_Step, ...]


@dataclass(frozen=True)
class Original:
    """A house as it was left, to be copied: nobody is in it."""

    database: Database
    folder: Path
    means: Means
    given: dict[str, Any]

    @contextmanager
    def opened(self, database: Database) -> Iterator[TheHouse]:
        """Open a copy, over a copy of its database."""
        with a_folder() as folder:
            shutil.copytree(self.folder, folder, dirs_exist_ok=True)
            with opened(database, folder, KeyStore(folder / KEYS), self.means) as house:
                given = deepcopy(self.given, {id(_THE_HOUSE): house})
                house.people, house.set_up = given["people"], given["set_up"]
                yield house


class Originals:
    """The houses that one worker keeps to copy; the one that was not used for longest goes first."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self._databases = databases
        self._folder = folder
        self._kept: OrderedDict[tuple[datetime, Steps], Original] = OrderedDict()

    def after(self, steps: Steps) -> Original:
        """The house in which these fixtures ran, in this order."""
        key = (this_morning(), steps)
        if key not in self._kept:
            while len(self._kept) >= _KEPT:
                self._remove(self._kept.popitem(last=False)[1])
            self._kept[key] = self._set_up(steps)
        self._kept.move_to_end(key)
        return self._kept[key]

    def close(self) -> None:
        while self._kept:
            self._remove(self._kept.popitem()[1])

    def _set_up(self, steps: Steps) -> Original:
        """Go on from the house that has most of this behind it."""
        known = [self._kept.get((this_morning(), steps[:count])) for count in range(len(steps), -1, -1)]
        before = next((one for one in known if one is not None), None)
        database = self._databases.copy(before and before.database)
        folder = self._folder / database.name
        with before.opened(database) if before else open_house(database) as house:
            results: dict[str, Any] = {"house": house}
            for step in steps:
                if step not in house.set_up:
                    house.set_up[step] = step.act(**{name: results[name] for name in step.needs})
                results[step.name] = house.set_up[step]
            means = replace(house.means, now=house.clock.now())
            given = deepcopy({"people": house.people, "set_up": house.set_up}, {id(house): _THE_HOUSE})
            shutil.copytree(house.folder, folder, ignore=shutil.ignore_patterns(house.socket.name))
        self._databases.until_left(database)
        return Original(database, folder, means, given)

    def _remove(self, original: Original) -> None:
        self._databases.drop(original.database)
        shutil.rmtree(original.folder)


def steps_of(request: pytest.FixtureRequest) -> Steps | None:
    """The steps with which a test begins; None where no plain house is opened on a plain database.

    They come right after `house`, or after what only stands `beside` it: what stands behind a fixture that may do
    anything else has to wait for it.
    """
    if request.node.get_closest_marker("machine_time") is not None:
        return None
    definitions: dict[str, pytest.FixtureDef[Any]] = {
        name: found[-1] for name, found in request.node._fixtureinfo.name2fixturedefs.items() if found
    }
    order = [
        name
        for name in _in_order(request.fixturenames, definitions)
        if not definitions[name].func.__module__.startswith("_pytest.")  # a parameter, a folder, a capture
    ]
    if not {"house", "database"} <= set(order) or any(
        definitions[name].func.__module__ != "tests.conftest" for name in ("house", "database")
    ):
        return None
    begun = order.index("database")
    if order[begun + 1] != "house":
        return None
    steps: list[_Step] = []
    known = {"house"}
    for name in order[begun + 2 :]:
        if definitions[name].func in _BESIDE:
            continue
        step = getattr(definitions[name].func, "setting_up", None)
        if not isinstance(step, _Step) or step.name != name or not known.issuperset(step.needs):
            break
        steps.append(step)
        known.add(name)
    return tuple(steps)


def _in_order(names: Iterable[str], definitions: Mapping[str, pytest.FixtureDef[Any]]) -> list[str]:
    """Fixtures in the order in which pytest runs them: each after those that it asks for."""
    order: dict[str, None] = {}
    begun = set()

    def add(name: str) -> None:
        if name in begun or name not in definitions:
            return
        begun.add(name)
        for needed in definitions[name].argnames:
            add(needed)
        order[name] = None

    for name in names:
        add(name)
    return list(order)
