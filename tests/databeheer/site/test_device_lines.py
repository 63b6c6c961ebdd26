"""Files of what devices say: a line each, and a wrong one is named by its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from databeheer.cli import cli
from databeheer.door.client import DoorRefusedError
from databeheer.site import device_lines
from tests.databeheer.site.stand_ins import DoorStandIn, put_in_place


def test_a_line_is_a_device(tmp_path: Path) -> None:
    file = tmp_path / "credit.jsonl"
    file.write_text('{"device": "1SAG1", "credit": 5}\n{"device": "1SAG2", "credit": -1}\n')
    assert device_lines.read(file) == [{"device": "1SAG1", "credit": 5}, {"device": "1SAG2", "credit": -1}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        ("{}\n[]\n", "line 2"),
        ("{}\nnonsense 541448899990000039\n", "line 2"),
        ("[" * 5000, "line 1"),
        ('{"a": "' + "x" * 5000 + '"}', "line 1"),
    ],
)
def test_what_is_no_such_file_is_refused_and_nothing_of_it_is_shown(
    tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "credit.jsonl"
    file.write_text(content)
    with pytest.raises(click.UsageError) as refused:
        device_lines.read(file)
    assert told in str(refused.value)
    assert "5414" not in str(refused.value)


class _Door(DoorStandIn):
    """A door that refuses the part with line 1001."""

    def __init__(self) -> None:
        self.parts: list[int] = []

    def call(self, command: str, proof: Any, **arguments: Any) -> dict[str, Any]:
        states = arguments["states"]
        self.parts.append(len(states))
        if any(one["credit"] == 1001 for one in states):
            raise DoorRefusedError({"code": "no-budget-function", "detail": "states: 0: not read"})
        return {"taken": len(states), "told": 1}


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Door:
    found = _Door()
    put_in_place(found, device_lines, monkeypatch, tmp_path)
    return found


def test_a_thousand_lines_stand_or_fall_together_and_the_others_are_taken(
    door: _Door, tmp_path: Path
) -> None:
    file = tmp_path / "credit.jsonl"
    file.write_text("".join(f'{{"device": "1SAG{n}", "credit": {n}}}\n' for n in range(1, 2502)))
    run = CliRunner().invoke(cli, ["credit", "take", str(file)])
    assert door.parts == [1000, 1000, 501]
    assert (run.exit_code, run.output) == (
        1,
        (
            "1501 taken in, 2 customers told\nlines 1001 to 2000 refused, put right and send again: "
            "no-budget-function: line 1001: not read\n"
        ),
    )


def test_what_meters_say_of_the_quality_of_supply_goes_the_same_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Door(DoorStandIn):
        def call(self, command: str, proof: Any, **arguments: Any) -> dict[str, Any]:
            assert (command, arguments["operator"]) == ("supply_quality.take", 2)
            return {"taken": len(arguments["days"]) - 1, "passed_over": 1, "index": 7}

    put_in_place(Door(), device_lines, monkeypatch, tmp_path)
    file = tmp_path / "quality.jsonl"
    file.write_text('{"device": "1SAG1"}\n' * 3)
    run = CliRunner().invoke(cli, ["supply-quality", "take", str(file), "--operator", "2"])
    assert (run.exit_code, run.output) == (0, "2 taken in, 1 of an erased stay passed over\n")
