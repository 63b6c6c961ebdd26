"""A house where no publisher runs is published by a command: so it can be audited, and handed over."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from databeheer.cli import main
from databeheer.site.home import Home
from databeheer.site.house import running
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.files import exclusive
from ledger.sources import DirectorySource
from ledger.verifier import verify
from tests.homes import operate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    found = Home(tmp_path / "home")
    monkeypatch.setenv("DATABEHEER_HOME", str(found.path))
    yield found
    EmbeddedPostgreSQL(found.postgres).remove()


def run(*words: str | Path) -> tuple[int, str]:
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        status = main([str(word) for word in words])
    return status, told.getvalue()


@pytest.mark.requirement("R190")
def test_a_house_where_no_publisher_runs_is_published_audited_and_handed_over(
    home: Home, tmp_path: Path
) -> None:
    with running(home, may_make=True):
        status, told = run("ledger", "audit")
        assert status == 1
        assert "databeheer ledger publish" in told
        (home.publisher_memory.parent).mkdir(exist_ok=True)
        with exclusive(home.publisher_memory.with_name("memory.lock")):
            status, told = run("ledger", "publish")
        assert (status, "Another publisher is already at work" in told) == (1, True)
        operate(home, "handover.begin", successor="Opvolger", decided_by="DPO", confirm=home.origin)
    bundles = ("--data", tmp_path / "data", "--secrets", tmp_path / "secrets")
    status, told = run("handover", "write", *bundles)
    assert status == 1
    assert "0 of " in told
    assert "databeheer ledger publish" in told
    assert not (tmp_path / "data").exists()
    status, told = run("ledger", "publish")
    size = verify(DirectorySource(home.ledger), home.published_log_keys()).size
    assert (status, told.split()[0]) == (0, str(size))
    assert run("ledger", "publish") == (0, told)  # nothing is new
    assert run("ledger", "audit")[0] == 0
    assert run("handover", "write", *bundles)[0] == 0
