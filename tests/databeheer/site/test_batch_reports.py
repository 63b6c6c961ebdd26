"""Reports of batches at intake: each sender has numbers of its own, and nobody else takes a report's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from databeheer.cli import cli
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.batches.report import BatchReport, Outcome
from databeheer.site import batch_reports
from databeheer.site.home import Home

AT = datetime(2024, 6, 4, 3, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    found = Home(tmp_path / "home")
    found.make_secrets("ledger.example/test")
    monkeypatch.setenv("DATABEHEER_HOME", str(found.path))
    return found


def stored(batch: str, sender: str, at: datetime = AT) -> BatchReport:
    return BatchReport(batch, sender, at, Outcome.STORED, rows=7, new=7, ledger_index=12)


def refused(batch: str, sender: str, problem: BatchProblem) -> BatchReport:
    report = BatchReport(batch, sender, AT)
    report.refuse(BatchRefusedError(problem, "it is not good"))
    return report


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["batch", *arguments])


def test_two_head_ends_with_one_number_have_a_report_each(home: Home) -> None:
    batch_reports.keep(home, stored("0001", "head-end-1"))
    batch_reports.keep(home, refused("0001", "head-end-2", BatchProblem.BAD_ROWS))
    assert "say whose: --sender head-end-1 or head-end-2" in run("report", "0001").output
    assert "stored, 7 rows" in run("report", "0001", "--sender", "head-end-1").output
    assert "bad-rows" in run("report", "0001", "--sender", "head-end-2").output


@pytest.mark.parametrize("problem", [BatchProblem.UNKNOWN_SENDER, BatchProblem.NOT_SIGNED])
def test_what_its_sender_did_not_sign_takes_the_place_of_no_report(home: Home, problem: BatchProblem) -> None:
    batch_reports.keep(home, stored("0001", "head-end-1"))
    batch_reports.keep(home, refused("0001", "head-end-1", problem))
    assert "stored, 7 rows" in run("report", "0001").output
    batch_reports.keep(home, refused("0001", "head-end-1", BatchProblem.OTHER_CONTENT))
    assert "other-content" in run("report", "0001").output


def test_the_newest_attempts_are_listed_and_where_none_came_that_is_said(home: Home) -> None:
    assert "no batch came yet" in run("list").output
    for number in range(3):
        batch_reports.keep(home, stored(f"000{number}", "head-end-1", AT + timedelta(hours=number)))
    lines = run("list", "--limit", "2").output.splitlines()
    assert lines == [
        "2024-06-04T05:00:00Z head-end-1 0002: stored, 7 rows",
        "2024-06-04T04:00:00Z head-end-1 0001: stored, 7 rows",
    ]


@pytest.mark.parametrize("name", ["*", "../0001", "000?", "", "a/b"])
def test_what_is_no_number_finds_nothing(home: Home, name: str) -> None:
    batch_reports.keep(home, stored("0001", "head-end-1"))
    assert run("report", name).exit_code != 0
    assert run("report", "0001", "--sender", name).exit_code != 0
