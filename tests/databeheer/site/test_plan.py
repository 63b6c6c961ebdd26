"""`databeheer plan`: what it asks of the door, and what it prints; what the door does of it is shown elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from databeheer.cli import cli
from databeheer.site import plan
from tests.databeheer.site.stand_ins import DoorStandIn, put_in_place

REPORT = {
    "day": "2024-06-03",
    "index": 7,
    "checked_at": "2024-06-04T05:00:00Z",
    "meters": {"electricity": 2},
    "rows": [
        {"energy": "electricity", "what": "registers", "reason": "every_meter", "expected": 4}
        | {"received": 3, "estimated": 0, "incomplete": 0, "undivided": 0, "missing": 1}
    ],
    "to_read_again": 1,
}


class _Door(DoorStandIn):
    """A door with two pages of devices and one thing to read again."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.report = REPORT
        self.empty = False

    def call(self, command: str, proof: Any, **arguments: Any) -> dict[str, Any]:
        self.asked.append((command, proof.kind, arguments))
        if self.empty:
            return {"devices": [], "next": None, "days": [], "rereads": []}
        if command == "reading_plan.show":
            page = "second" if arguments["after"] else "first"
            return {"devices": [{"device": page}], "next": None if arguments["after"] else "here"}
        if command == "reading_plan.report":
            return {"days": [self.report]}
        return {"rereads": [{"device": "1SAG1"}]} if command.endswith("rereads") else self.report


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Door:
    found = _Door()
    put_in_place(found, plan, monkeypatch, tmp_path)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["plan", *arguments])


def test_the_plan_is_a_line_for_each_device_of_every_page_with_intakes_key(door: _Door) -> None:
    shown = run("show", "2024-06-03")
    assert [json.loads(line)["device"] for line in shown.output.splitlines()] == ["first", "second"]
    assert [(kind, asked["after"]) for _, kind, asked in door.asked] == [("intake", None), ("intake", "here")]


def test_a_check_says_what_came_and_ends_with_1_where_something_is_to_be_read_again(door: _Door) -> None:
    checked = run("check", "2024-06-03")
    assert checked.output.splitlines() == [
        "2024-06-03: digital meters: 2 of electricity",
        "  electricity, registers, every_meter: 4 expected: 3 received, 1 missing",
        "  to be read again: 1; ledger entry 7",
    ]
    assert (checked.exit_code, door.asked[0][1]) == (1, "operator")
    door.report = REPORT | {"to_read_again": 0}
    given_up = run("check")
    assert given_up.exit_code == 0
    assert "ten days after its day that is given up" in given_up.output
    assert json.loads(run("check", "2024-06-03", "--json").output) == door.report


def test_reports_of_days_and_the_list_to_re_read_are_shown(door: _Door) -> None:
    assert "3 received, 1 missing" in run("report", "2024-06-01", "2024-06-03").output
    assert json.loads(run("rereads").output) == {"device": "1SAG1"}
    assert door.asked[-1][1] == "intake"


def test_where_there_is_nothing_that_is_said_and_no_line_comes_for_programs(door: _Door) -> None:
    door.empty = True
    for arguments, told in (
        (("show",), "no digital meter on that day"),
        (("report", "2024-06-01", "2024-06-03"), "none of these days was checked"),
        (("rereads",), "nothing is to be read again now"),
    ):
        shown = run(*arguments)
        assert (shown.exit_code, shown.stdout) == (0, "")
        assert told in shown.stderr
    assert run("report", "2024-06-03", "2024-06-01").exit_code == 2


@pytest.mark.parametrize("day", ["3 June", "2024-13-01", "20240603"])
def test_what_is_no_day_is_not_asked(door: _Door, day: str) -> None:
    assert run("check", day).exit_code == 2
    assert door.asked == []


LOOK = {
    "day": "2024-06-03",
    "index": 8,
    "stored": 1,
    "weather": True,
    "profiles": 2,
    "reasons": {"weather": {"code": 19, "values": 24, "profiles": 1}},
}


def test_a_look_takes_the_temperatures_of_the_days_that_count_and_says_what_was_found(
    door: _Door, tmp_path: Path
) -> None:
    door.report = LOOK
    temperatures = tmp_path / "temperatures.csv"
    temperatures.write_text("2024-06-03,14.5\n2024-05-06,-0.5\n2024-05-05,3\n2024-06-04,9\n")
    looked = run("look", "2024-06-03", "--temperatures", str(temperatures))
    assert looked.output.splitlines() == [
        "2024-06-03: 2 profiles looked at, 1 with a new version",
        "         1 weather",
    ]
    assert (looked.exit_code, door.asked[0][1]) == (0, "operator")
    assert door.asked[0][2]["temperatures"] == {"2024-06-03": 145, "2024-05-06": -5}
    door.report = LOOK | {"weather": False}
    assert "no gas was held against it" in run("look", "2024-06-03").output
    assert json.loads(run("look", "2024-06-03", "--json").output) == door.report


@pytest.mark.parametrize(
    "line", ["2024-06-03;14.5", "2024-06-03,warm", "3 June,14.5", "2024-06-03,14.55", ""]
)
def test_what_is_no_temperature_is_not_sent(door: _Door, tmp_path: Path, line: str) -> None:
    temperatures = tmp_path / "temperatures.csv"
    temperatures.write_text(f"2024-06-02,14.5\n{line}\n")
    looked = run("look", "2024-06-03", "--temperatures", str(temperatures))
    assert looked.exit_code != 0
    assert door.asked == []
    temperatures.write_text("2024-06-02,14.5\n2024-06-02,14.5\n")
    assert run("look", "2024-06-03", "--temperatures", str(temperatures)).exit_code != 0
