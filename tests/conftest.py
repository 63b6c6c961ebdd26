"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Database, Databases, running
from tests.requirements_register import load_requirements


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The server of this run; `with databases.clone() as database` for a database of a wider scope."""
    with running() as databases:
        yield databases


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A migrated database of the test's own; `database.url("door")` is the login of a process role."""
    with databases.clone() as database:
        yield database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a requirement mark with a number that the register does not have."""
    known = load_requirements().keys()
    for item in items:
        for mark in item.iter_markers("requirement"):
            unknown = [number for number in mark.args if number not in known]
            if unknown or not mark.args or mark.kwargs:
                raise pytest.UsageError(
                    f"{item.nodeid}: no such requirement in docs/requirements.toml: {unknown}"
                )
