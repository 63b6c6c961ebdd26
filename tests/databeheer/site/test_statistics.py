"""`databeheer statistics`: what it asks of the door, and what it prints; what the door does is shown elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from databeheer.cli import cli
from databeheer.site import statistics
from tests.databeheer.site.stand_ins import DoorStandIn, put_in_place

ID = "01234567-89ab-4cde-8f01-23456789abcd"
REPORT = {
    "cells": 49,
    "shown": 40,
    "withheld": {"few_households": 9, "dominated": 0},
    "second_look": {"lines": 80, "totals": 40},
}
TABLE = "hour_utc,direction\n2023-10-28T00:00:00Z,offtake\n"
ONE = {"release_id": ID, "operator": 1, "commodity": "gas", "month": "2023-10", "index": 7}


class _Door(DoorStandIn):
    """A door at which one month was told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, dict[str, Any]]] = []

    def call(self, command: str, proof: Any = None, **arguments: Any) -> dict[str, Any]:
        self.asked.append((command, proof.kind if proof else None, arguments))
        return {
            "statistics.run": {"release_id": ID, "index": 7, "report": REPORT},
            "statistics.list": {"releases": [ONE]},
            "statistics.show": ONE | {"report": json.dumps(REPORT), "table": TABLE},
            "research.release": {"report": json.dumps(REPORT), "table": TABLE, "index": 8},
        }[command]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Door:
    found = _Door()
    put_in_place(found, statistics, monkeypatch, tmp_path)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["statistics", *arguments])


def test_a_run_says_how_many_cells_are_shown_and_why_others_are_not(door: _Door) -> None:
    told = run("run", "2023-10", "--commodity", "gas")
    assert told.output.splitlines() == [
        f"{ID}  gas 2023-10  entry 7",
        "  40 of 49 cells shown, in 80 lines",
        "         9 not shown: few_households",
        "         0 not shown: dominated",
    ]
    month = {"month": "2023-10-01", "commodity": "gas", "operator": 1}
    assert door.asked == [("statistics.run", "operator", month)]
    assert json.loads(run("run", "2023-10", "--commodity", "gas", "--json").output)["report"] == REPORT


@pytest.mark.parametrize(
    "arguments",
    [("2023-13",), ("2023-10-01",), ("october",), ("2023-10", "--commodity", "water"), ("2023-10",)],
)
def test_what_is_no_month_of_electricity_or_gas_asks_the_door_nothing(
    door: _Door, arguments: tuple[str, ...]
) -> None:
    given = (
        arguments if len(arguments) > 1 or arguments == ("2023-10",) else (*arguments, "--commodity", "gas")
    )
    assert run("run", *given).exit_code == 2
    assert door.asked == []


def test_what_was_told_is_listed_and_shown(door: _Door) -> None:
    assert run("list").output.splitlines() == [
        f"{ID}  2023-10  gas          operator 1  entry 7",
        "1 told",
    ]
    assert json.loads(run("list", "--json").output) == [ONE]
    assert json.loads(run("show", ID).output) == REPORT
    assert run("show", ID, "--table").output == TABLE


def test_research_gets_files_of_a_table_and_its_report_and_the_door_is_told_which(
    door: _Door, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    given = run("research", "UGENT-2026/4", "--report", ID, "--to", str(folder))
    assert given.exit_code == 0
    assert (folder / f"{ID}.csv").read_text() == TABLE
    assert json.loads((folder / f"{ID}.report.json").read_text()) == REPORT
    run("research", "UGENT-2026/4", "--to", str(folder))
    assert [asked["report_id"] for _, _, asked in door.asked] == [ID, None]
