"""`databeheer joins`: what it asks of the door, and what it prints; what the door does is shown elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from databeheer.cli import cli
from databeheer.site import joins
from tests.databeheer.site.stand_ins import DoorStandIn, put_in_place

ID = "01234567-89ab-4cde-8f01-23456789abcd"
ONE = {
    "intent_id": ID,
    "state": "waiting",
    "agreed": 1,
    "needed": 2,
    "party_id": ID,
    "case": "fraud-month-totals",
    "purpose": "fraud_detection",
    "note": "FR-2023/118",
    "points": 6,
    "asked": ["2023-08-31T22:00:00Z", "2023-09-30T22:00:00Z"],
    "lapses_at": "2023-11-08T09:00:00Z",
    "index": 7,
}


class _Door(DoorStandIn):
    """A door at which one join waits."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def call(self, command: str, proof: Any = None, **arguments: Any) -> dict[str, Any]:
        self.asked.append((command, proof.kind, arguments))
        answers: dict[str, dict[str, Any]] = {
            "joins.waiting": {"joins": [ONE]},
            "joins.agree": {"agreed": 2, "needed": 2, "index": 8},
            "joins.refuse": {"index": 9},
        }
        return answers[command]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Door:
    found = _Door()
    put_in_place(found, joins, monkeypatch, tmp_path)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["joins", *arguments])


def test_what_waits_is_listed(door: _Door) -> None:
    assert run("waiting").output.splitlines() == [
        f"{ID}  waiting, 1 of 2 agree",
        f"  fraud-month-totals for fraud_detection, file FR-2023/118, party {ID}",
        "  6 points, 2023-09-01 to 2023-10-01; lapses 2023-11-08 10:00; entry 7",
        "1 asked",
    ]
    assert json.loads(run("waiting", "--json").output) == [ONE]


def test_somebody_agrees_or_does_not_by_name(door: _Door) -> None:
    assert run("agree", ID, "--by", "An").output == "2 of 2 agree. Ledger entry 8.\n"
    assert run("refuse", ID, "--by", "An").output == "Refused. Ledger entry 9.\n"
    said = {"intent_id": ID, "by": "An"}
    assert door.asked == [("joins.agree", "operator", said), ("joins.refuse", "operator", said)]


@pytest.mark.parametrize("arguments", [("agree", ID), ("refuse", ID), ("agree", "x", "--by", "An")])
def test_nobody_in_particular_agrees_to_nothing_in_particular(
    door: _Door, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).exit_code == 2
    assert door.asked == []
