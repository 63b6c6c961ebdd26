"""Every command, every argument of it, every bad value: a domain error with a code, never a failure of the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError, Proof
from tests.commands import every_command
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.door.conftest import export
from tests.house import Customer, Party, TheHouse, open_house

People = tuple[Customer, Customer, Party, str]

BAD: list[Any] = [
    None,
    True,
    0,
    -1,
    7,
    2**15,
    2**31,
    2**63,
    10**40,
    1.5,
    1e308,
    "",
    " ",
    "x",
    "0",
    "٤٢",
    "a\x00b",
    "a\nb",
    "‮",
    "x" * 20_000,
    "' OR 1=1 --",
    "%s%(x)s:x",
    "2023-02-30T00:00:00Z",
    "2023-10-28T22:00:00",
    "1989-12-31T22:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-23:59",
    "2100-12-31T23:59:59Z",
    "2023-10-28",
    "2100-12-31",
    "1990-01-01",
    "2023-W43-6",
    "20231028",
    "00000000-0000-0000-0000-000000000000",
    "541448899990000038",
    "541448899990000107",
    [],
    [None],
    ["x"] * 3,
    ["offtake", "offtake"],
    {},
    {"x": 1},
    [[]],
]


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def people(house: TheHouse) -> People:
    lotte, maria = house.customer("lotte", "Lotte Janssens"), house.customer("maria", "Maria Peeters")
    house.point(LOTTES_EAN, lotte)
    house.point(MARIAS_EAN, maria)
    house.ingest(export())
    bram = house.party("Bram Energieadvies", "energy_service")
    asked = bram.ask()
    lotte.grant(asked)
    return lotte, maria, bram, str(asked["permission_id"])


def proof_for(house: TheHouse, people: People, command: str) -> Proof:
    """Who may give a command, so that its arguments reach the database."""
    lotte, _, bram, _ = people
    if command.startswith("intake."):
        return Proof.intake(house.intake_key)
    if command.startswith(("registry.", "stop.")):
        return Proof.operator(house.operator_key)
    if command.startswith(("oversight.", "joins.latest")):
        return Proof.session(house.inspector())
    if command in {
        "permission.request",
        "permission.terminate",
        "party.me",
        "party.standing",
        "entries.list",
        "permission.request_many",
        "readings.read",
        "readings.bulk",
        "joins.run",
        "subscription.check",
    }:
        return Proof.token(bram.token)
    return Proof.session(lotte.session)


def code_of(house: TheHouse, command: str, proof: Proof, arguments: dict[str, Any]) -> str | None:
    try:
        house.client.call(command, proof, **arguments)
    except DoorRefusedError as error:
        return error.code
    return None


def commands() -> list[str]:
    class Nobody:
        def __getattr__(self, _: str) -> str:
            return ""

    nobody: Any = Nobody()
    return sorted(every_command(nobody, nobody, nobody, ""))


@pytest.mark.parametrize("command", commands())
def test_no_argument_of_a_command_makes_the_door_fail(house: TheHouse, people: People, command: str) -> None:
    good = every_command(*people)[command]
    proof = proof_for(house, people, command)
    found: dict[str, list[Any]] = {}
    for name in [*house.service.commands[command].schema.fields, "unknown"]:
        for value in BAD:
            code = code_of(house, command, proof, good | {name: value})
            assert not (name == "unknown" and code is None)
            if code in ("internal", "unavailable", "error", "seal"):
                found.setdefault(name, []).append(value)
    for name in good:
        without = {key: value for key, value in good.items() if key != name}
        if code_of(house, command, proof, without) == "internal":
            found.setdefault(name, []).append("left out")
    assert found == {}
    assert house.client.call("ping") == {}


@pytest.mark.parametrize(
    "name", ["ean", "commodity", "meter", "direction", "unit", "intervals", "days", "unknown"]
)
def test_no_member_of_an_intakes_channel_makes_the_door_fail(
    house: TheHouse, people: People, name: str
) -> None:
    good = every_command(*people)["intake.open"]
    proof = Proof.intake(house.intake_key)
    for value in BAD:
        channels = [good["channels"][0] | {name: value}]
        assert code_of(house, "intake.open", proof, good | {"channels": channels}) != "internal", value


def _fields(field: Any) -> Iterator[fields.Field[Any]]:
    """A field, and those in it."""
    yield field
    if isinstance(field, fields.List):
        yield from _fields(field.inner)
    if isinstance(field, fields.Nested):
        for inner in field.schema.fields.values():
            yield from _fields(inner)


def test_a_text_that_is_written_wrong_is_told_how_it_is_written(house: TheHouse) -> None:
    silent = {
        f"{name}: {field.name}"
        for name, command in house.service.commands.items()
        for one in command.schema.fields.values()
        for field in _fields(one)
        for check in field.validators
        if isinstance(check, validate.Regexp) and check.error == validate.Regexp.default_message
    }
    assert silent == set()
