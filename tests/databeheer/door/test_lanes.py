"""What narrows access is never turned away: whichever command ends something waits in the first lane."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from databeheer.door import commands
from databeheer.door.client import DoorRefusedError
from databeheer.door.house import House
from databeheer.door.turn_queue import TurnLane
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse

WIDEN = {"STOP_LIFTED", "UNBLOCKED", "DEATH_REFUTED"}
"""What stands in the journal of ends and widens."""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    [folder] = commands.__path__
    for path in sorted(Path(folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield path.name, node


def calls(node: ast.AST, owner: str, name: str) -> list[ast.Call]:
    return [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr == name
        and isinstance(one.func.value, ast.Name)
        and one.func.value.id == owner
    ]


def widens(end: ast.Call) -> bool:
    return any(word in ast.unparse(end.args[0]) for word in WIDEN)


def test_no_command_that_ends_something_waits_in_a_lane_that_sheds() -> None:
    narrowing = [
        (file, one)
        for file, one in functions()
        if calls(one, "house", "turn") and any(not widens(end) for end in calls(one, "turn", "end"))
    ]
    assert len(narrowing) > 10
    shed = [
        f"{file}:{one.name}"
        for file, one in narrowing
        for turn in calls(one, "house", "turn")
        if not turn.args
    ]
    assert shed == []


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[TurnLane]:
    """In which lanes turns are asked for, in order."""
    seen: list[TurnLane] = []
    real = House.turn

    def turn(self: House, lane: TurnLane = TurnLane.REST) -> Any:
        seen.append(lane)
        return real(self, lane)

    monkeypatch.setattr(House, "turn", turn)
    return seen


def test_what_helpers_end_goes_first_too_and_what_they_widen_does_not(
    house: TheHouse, lotte: Customer, erik: Party, lanes: list[TurnLane]
) -> None:
    supply = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    nothing = "00000000-0000-0000-0000-000000000001"
    for first, command, arguments in (
        (False, "registry.supply.accept", supply),
        (True, "registry.supply.accept", supply | {"switch": True}),
        (True, "registry.access_point.place", {"ean": LOTTES_EAN, "municipality": "44021"}),
        (True, "doubt.judge", {"case_id": nothing, "accepted": False, "by": "Nadia"}),
        (False, "doubt.judge", {"case_id": nothing, "accepted": True, "by": "Nadia"}),
        (True, "mandate.check", {"permission_id": nothing, "accepted": False, "checked_by": "Nadia"}),
        (False, "mandate.check", {"permission_id": nothing, "accepted": True, "checked_by": "Nadia"}),
    ):
        lanes.clear()
        with suppress(DoorRefusedError):  # what it is about does not exist; the lane is known before that
            house.operator(command, **arguments)
        assert lanes == [TurnLane.ENDS if first else TurnLane.REST], command
