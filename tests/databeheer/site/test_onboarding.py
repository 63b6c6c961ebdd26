"""`databeheer onboarding` and `oversight sign-onboarding`: from what waits to approval, over a real door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from databeheer.cli import cli
from databeheer.door.client import DoorClient
from databeheer.site import onboarding
from tests.databeheer.onboarding.people import Officer, assess, officer
from tests.house import TheHouse


@pytest.fixture
def nora(house: TheHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Officer:
    """She handed everything in; the command line reaches this house."""
    key = tmp_path / "operator.key"
    key.write_text(house.operator_key)

    class Home:
        path, door_socket, operator_key = tmp_path, house.socket, key

        @classmethod
        def from_environment(cls) -> type[Home]:
            return cls

    @contextmanager
    def running(_: Any) -> Iterator[None]:
        yield

    monkeypatch.setattr(onboarding, "Home", Home)
    monkeypatch.setattr(onboarding, "running", running)
    monkeypatch.setattr(onboarding, "DoorClient", DoorClient)
    applying = officer(house)
    applying.apply()
    applying.hand_in()
    return applying


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def sign(file: Path, person: str) -> str:
    """Sign as this person, with a key beside the file; returns the verifier key."""
    answer = run(
        "oversight",
        "sign-onboarding",
        file,
        "--key",
        file.parent / person,
        "--name",
        f"house.example/signer-{('els', 'tom').index(person) + 1}",
    )
    assert answer.exit_code == 0, answer.output
    return answer.output.strip()


def test_two_people_approve_with_the_commands_of_the_how_to(
    house: TheHouse, nora: Officer, tmp_path: Path
) -> None:
    party_id = nora.show()["party"]["id"]
    waiting = run("onboarding", "waiting")
    assert "Zonneteller, energy_service, enterprise 0123456749: new" in waiting.output
    assert json.loads(run("onboarding", "waiting", "--json").output)[0]["party_id"] == party_id
    dossier = tmp_path / "dossier.json"
    fetched = run("onboarding", "fetch", party_id, dossier)
    assert nora.show()["handed_in"]["sha256"] in fetched.output
    assert "sign it first" in run("onboarding", "approve", dossier).output
    for person in ("els", "tom"):
        asked = house.operator("joins.signer.ask", person=person, key=sign(dossier, person), by="Nadia")
        too_few = run("onboarding", "approve", dossier)
        assert (too_few.exit_code, "two different people" in too_few.output) == (1, True)
        house.operator("joins.signer.approve", id=asked["id"], by="Omar")
    unassessed = run("onboarding", "approve", dossier)
    assert (unassessed.exit_code, "write it in the register of assessments" in unassessed.output) == (1, True)
    assess(house, dossier.read_bytes())
    approved = run("onboarding", "approve", dossier)
    assert approved.output.startswith("Approved. Ledger entry ")
    assert nora.show()["lacks"] == []
    assert run("onboarding", "waiting").output == "0 wait\n"


def test_a_file_that_was_changed_is_not_signed_beside_another_and_not_approved(
    nora: Officer, tmp_path: Path
) -> None:
    dossier = tmp_path / "dossier.json"
    run("onboarding", "fetch", nora.show()["party"]["id"], dossier)
    sign(dossier, "els")
    dossier.write_bytes(dossier.read_bytes().replace(b"DTC-77", b"DTC-78"))
    answer = run(
        "oversight", "sign-onboarding", dossier, "--key", tmp_path / "tom", "--name", "house.example/signer-2"
    )
    assert (answer.exit_code, "changed" in answer.output) == (1, True)
    refused = run("onboarding", "approve", dossier)
    assert (refused.exit_code, "not what waits" in refused.output) == (1, True)


def test_one_person_declines(nora: Officer) -> None:
    shown = nora.show()
    party_id, hashed = shown["party"]["id"], shown["handed_in"]["sha256"]
    declined = run(
        "onboarding", "decline", party_id, "--sha256", hashed, "--reason", "No contract.", "--by", "Els"
    )
    assert declined.output.startswith("Declined. Ledger entry ")
    assert nora.show()["handed_in"]["reason"] == "No contract."
