"""Each rule of access is taken out in turn, and one of the tests that are marked with it fails."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from databeheer.storage.embedded import EmbeddedPostgreSQL
from tests.counts import FULL_COUNTS
from tests.databases import SERVER_VARIABLE
from tests.removals import REMOVALS, Removal, copy_of_sources, marked, noticed


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server for the tests that are asked: each run of them gives the process roles new passwords."""
    own = EmbeddedPostgreSQL(Path(tempfile.mkdtemp(prefix="databeheer-removals-")), durable=False)
    try:
        yield own.start()
    finally:
        own.remove()


@pytest.mark.parametrize("removal", REMOVALS, ids=[f"{one.requirement} {one.rule}" for one in REMOVALS])
def test_somebody_notices_when_a_rule_is_gone(
    removal: Removal, sources: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER_VARIABLE, server)
    monkeypatch.setenv(FULL_COUNTS, "1")
    assert noticed(removal, marked(removal.requirement, sources / "tests"), sources)
