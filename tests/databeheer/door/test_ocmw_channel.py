"""How an OCMW reaches the data manager is told to one OCMW at a time, and stands in no other answer (R96)."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.door.main import SettingsError, _secret_line
from tests.commands import every_command
from tests.doors import query
from tests.house import OCMW_CHANNEL, Customer, Party, TheHouse

NAME = "DATABEHEER_OCMW_CHANNEL_FILE"


@pytest.mark.requirement("R39", "R96")
def test_the_channel_is_the_operators_to_hand_to_an_ocmw_and_each_telling_is_recorded(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    ocmw = house.party("OCMW Gent", "welfare_centre")
    asked = {"party_id": ocmw.party_id, "by": "An Desk"}
    with pytest.raises(DoorRefusedError, match="municipality"):  # no mandate anywhere, so no channel
        house.operator("ocmw.channel", **asked)
    gent = {"party_id": ocmw.party_id, "municipality": "44021", "from_day": "2022-01-01"}
    house.operator("registry.territory.add", **gent)
    refusals = []
    for call in (lotte.call, maria.call, bram.call, ocmw.call, house.client.call):
        with pytest.raises(DoorRefusedError) as error:
            call("ocmw.channel", **asked)
        refusals.append(error.value.code)
    assert refusals == ["unauthenticated"] * 5
    for wrong in ({"party_id": bram.party_id}, {"party_id": str(uuid4())}, {"by": ""}, {"more": 1}):
        with pytest.raises(DoorRefusedError):
            house.operator("ocmw.channel", **(asked | wrong))
    events = "SELECT count(*) FROM ledger.body WHERE event = 'ocmw_channel.told'"
    assert query(house, events) == [(0,)]
    assert house.operator("ocmw.channel", **asked)["channel"] == OCMW_CHANNEL
    assert query(house, events) == [(1,)]
    # The desk tells it too, under its own name; who may not, and who has left, does not.
    nadia, reader = house.colleague("nadia", "desk"), house.colleague("els", "desk", writes=False)
    clerk = house.colleague("piet", "metering_clerk")
    named = {"party_id": ocmw.party_id}
    for one, wrong, code in (
        (reader, named, "role-needed"),
        (clerk, named, "role-needed"),
        (nadia, asked, "malformed-request"),
        (nadia, {"party_id": bram.party_id}, "conflict"),
        (nadia, {"party_id": str(uuid4())}, "not-found"),
    ):
        with pytest.raises(DoorRefusedError) as error:
            one.call("ocmw.channel", **wrong)
        assert error.value.code == code
    assert query(house, events) == [(1,)]
    [listed] = nadia.call("ocmw.list")["centres"]
    assert (listed["name"], listed["municipalities"]) == ("OCMW Gent", ["44021"])
    assert nadia.call("ocmw.channel", **named)["channel"] == OCMW_CHANNEL
    assert query(house, events) == [(2,)]
    # Of all commands, whoever gives them, no other answers it, nor a refusal.
    permission = str(bram.ask()["permission_id"])
    for command, given in every_command(lotte, maria, bram, permission).items():
        for call in (house.client.call, ocmw.call):
            if command in ("session.end", "session.end_others", "token.revoke"):
                continue
            try:
                said = json.dumps(call(command, **given))
            except DoorRefusedError as error:
                said = str(error)
            assert "7431" not in said, command
            assert "74 31" not in said, command


@pytest.mark.requirement("R96")
def test_it_stands_in_a_file_of_the_doors_that_nobody_else_reads(tmp_path: Path) -> None:
    assert _secret_line({}, NAME) == ""
    file = tmp_path / "ocmw"
    file.write_text("loket@net.example\n")
    file.chmod(0o600)
    assert _secret_line({NAME: str(file)}, NAME) == "loket@net.example"
    file.chmod(0o640)
    with pytest.raises(SettingsError):
        _secret_line({NAME: str(file)}, NAME)
    file.chmod(0o600)
    for wrong in ("", "x" * 201, "one\ntwo"):
        file.write_text(wrong)
        with pytest.raises(SettingsError) as error:
            _secret_line({NAME: str(file)}, NAME)
        assert not wrong or wrong not in str(error.value)
    with pytest.raises(SettingsError):
        _secret_line({NAME: str(tmp_path / "nowhere")}, NAME)
