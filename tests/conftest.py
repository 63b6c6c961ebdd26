"""What every test may ask for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ledger.workers import cores
from tests.copies import Original, Originals, beside, setting_up, steps_of
from tests.databases import Database, Databases, running
from tests.house import Customer, Party, TheHouse, a_folder, open_house, open_house_now
from tests.reading_ahead import read_ahead
from tests.requirements_register import load_requirements
from tests.restores import Backups

# How long one example takes says how busy the machine is, and nothing about what it shows.
settings.register_profile("whatever the machine does", deadline=None)
settings.load_profile("whatever the machine does")

LOTTES_EAN = "541448899990000039"
MARIAS_EAN = "541448899990000015"


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The server of this run; `with databases.clone() as database` for a database of a wider scope."""
    with running(vacuums=False) as databases:
        yield databases


@pytest.fixture(scope="session")
def originals(databases: Databases) -> Iterator[Originals]:
    """The houses of this worker that are copied."""
    with a_folder() as folder:
        kept = Originals(databases, folder)
        yield kept
        kept.close()


@pytest.fixture
def original(originals: Originals, request: pytest.FixtureRequest) -> Original | None:
    """The house of which this test gets a copy, with the people in it with whom the test begins."""
    steps = steps_of(request)
    return None if steps is None else originals.after(steps)


@pytest.fixture
def database(databases: Databases, original: Original | None) -> Iterator[Database]:
    """A migrated database of the test's own; `database.url("door")` is the login of a process role."""
    with databases.clone(original and original.database) as database:
        yield database


@pytest.hookimpl(optionalhook=True)  # without xdist there are no workers to count
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: a test often waits, for a process that starts or for a browser."""
    return cores() + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    gc.disable()  # collecting makes millions of objects and next to no garbage
    read_ahead(session.config)


def pytest_collection_finish() -> None:
    """What was imported and collected lives as long as the run: looked through for garbage, it took a fifth of it.

    And garbage in circles is rare: looked for as often as a script would, it took a tenth more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the long walks first, so that no worker walks alone at the end; refuse a mark of no requirement."""
    items.sort(key=lambda item: all(item.get_closest_marker(long) is None for long in ("walk", "browser")))
    known = load_requirements().keys()
    for item in items:
        for mark in item.iter_markers("requirement"):
            unknown = [number for number in mark.args if number not in known]
            if unknown or not mark.args or mark.kwargs:
                raise pytest.UsageError(
                    f"{item.nodeid}: no such requirement in docs/requirements.toml: {unknown}"
                )


@pytest.fixture
def house(
    database: Database, original: Original | None, request: pytest.FixtureRequest
) -> Iterator[TheHouse]:
    """A running house: the real door on its socket, over a database of the test's own.

    It is eleven in the morning there; where doors of their own run beside it (`machine_time`), what it is here.
    """
    if original is not None:
        opening = original.opened(database)
    elif request.node.get_closest_marker("machine_time") is not None:
        opening = open_house_now(database)
    else:
        opening = open_house(database)
    with opening as the_house:
        yield the_house


@pytest.fixture
@beside
def backups(house: TheHouse, tmp_path: Path) -> Iterator[Backups]:
    """Dumps of the house's database, and what puts one back."""
    made = Backups(house, tmp_path)
    yield made
    made.close()


@pytest.fixture
@setting_up
def lotte(house: TheHouse) -> Customer:
    """A grid user whose electricity the real export describes; lives there since 2022."""
    customer = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, customer)
    return customer


@pytest.fixture
@setting_up
def maria(house: TheHouse) -> Customer:
    """Another grid user, at another address."""
    customer = house.customer("maria", "Maria Peeters")
    house.point(MARIAS_EAN, customer, address="Dorpsplein 3, 9000 Gent")
    return customer


@pytest.fixture
@setting_up
def bram(house: TheHouse) -> Party:
    """An energy service with a data access contract."""
    return house.party("Bram Energieadvies", "energy_service")


@pytest.fixture
@setting_up
def joris(house: TheHouse) -> Party:
    """The outsider: a party in good standing that has nothing to do with anybody here."""
    return house.party("Joris Buitenstaander", "energy_service")


@pytest.fixture
@setting_up
def erik(house: TheHouse) -> Party:
    """A supplier."""
    return house.party("Erik Energie", "supplier")


@pytest.fixture
@setting_up
def net(house: TheHouse) -> Party:
    """The grid operator as a party."""
    return house.party("Netbeheerder Test", "dso", operator=1)
