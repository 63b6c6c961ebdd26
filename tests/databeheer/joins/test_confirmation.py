"""A list that the regulator publishes unsigned counts once two different people confirmed its address and its bytes."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from databeheer.cli import cli
from databeheer.door.client import DoorRefusedError
from databeheer.joins.cases import JoinListError
from databeheer.joins.confirmation import HEADER, confirm, verify
from databeheer.joins.lists import SHIPPED
from databeheer.joins.necessity import Signer
from databeheer.joins.signature import JoinListFiles, sign
from ledger.note import SigningKey, sign_note
from tests.databeheer.joins.necessities import ELS, TOM, register
from tests.databeheer.joins.street import SEPTEMBER, STRICT, settle
from tests.databeheer.joins.test_necessity_at_the_door import events
from tests.house import REGULATOR, Customer, Party, TheHouse
from tests.web.sites import browser, make_whole_site
from web import close

LIST = SHIPPED.read_bytes()
ADDRESS = "https://regulator.example/lijst.toml"
SECOND = SigningKey("house.example/signer-11", secrets.token_bytes(32))
PEOPLE = [
    Signer("Els Peeters", ELS.verifier),
    Signer("Tom Maes", TOM.verifier),
    Signer("peeters, Éls", SECOND.verifier),
]
STATISTICS = {
    "case_id": "area-month-statistics",
    "purpose": "statistics",
    "requester_note": "STAT-1",
} | SEPTEMBER


def confirmed(*keys: SigningKey, content: bytes = LIST, address: str = ADDRESS) -> bytes:
    note: bytes | None = None
    for key in keys:
        note = confirm(content, address, note, key)
    assert note is not None
    return note


@pytest.mark.requirement("R131")
def test_two_people_make_a_list_count_and_it_says_where_it_is_from() -> None:
    signed = verify(LIST, confirmed(ELS, TOM), PEOPLE)
    assert (signed.address, [one.person for one in signed.confirmed_by]) == (
        ADDRESS,
        ["Els Peeters", "Tom Maes"],
    )


NOT_CONFIRMED: dict[str, tuple[bytes, bytes]] = {
    "one person": (LIST, confirmed(ELS)),
    "one person, twice": (LIST, confirmed(ELS, ELS)),
    "one person under a second account": (LIST, confirmed(ELS, SECOND)),
    "a key that is nobody's here": (
        LIST,
        confirmed(ELS, SigningKey("house.example/signer-2", secrets.token_bytes(32))),
    ),
    "a list that was changed since": (LIST + b"# more\n", confirmed(ELS, TOM)),
    "another version": (LIST.replace(b"version = 2", b"version = 3"), confirmed(ELS, TOM)),
    "another address": (LIST, confirmed(ELS, TOM).replace(b"lijst.toml", b"lijsten.toml")),
    "no address": (
        LIST,
        sign_note(f"{HEADER}\n2\n{'0' * 64}\njavascript:alert(1)\n", [ELS, TOM]),
    ),
    "what the two signed for something else": (LIST, sign_note("databeheer-joins/v1\n2\n", [ELS, TOM])),
    "no note": (LIST, b""),
}


@pytest.mark.requirement("R131", "R132")
@pytest.mark.parametrize("what", NOT_CONFIRMED)
def test_anything_less_does_not_count(what: str) -> None:
    with pytest.raises(JoinListError):
        verify(*NOT_CONFIRMED[what], PEOPLE)


def test_each_confirms_on_a_machine_of_his_own_and_both_the_same(tmp_path: Path) -> None:
    joins = tmp_path / "list.toml"
    joins.write_bytes(LIST)

    def run(person: str, address: str = ADDRESS) -> Any:
        command = ["oversight", "confirm-joins", str(joins), "--address", address]
        return CliRunner().invoke(
            cli, [*command, "--key", str(tmp_path / person), "--name", f"house.example/{person}"]
        )

    assert run("els", "http://regulator.example/lijst").exit_code != 0
    assert run("els").exit_code == 0
    assert run("tom", "https://elsewhere.example/lijst").exit_code != 0
    assert run("tom").exit_code == 0
    assert joins.with_suffix(".note").read_text().count("\n— ") == 2
    environment = {"DATABEHEER_JOIN_LIST_NOTE": str(joins.with_suffix(".note"))}
    files = JoinListFiles.from_environment(environment)
    assert files is not None
    assert files.regulator is None
    with pytest.raises(JoinListError):
        files.read()


@pytest.mark.requirement("R131", "R132")
def test_without_a_key_of_the_regulators_joins_run_by_what_two_confirmed_until_one_of_them_leaves(
    house: TheHouse, net: Party, lotte: Customer
) -> None:
    settle(house, 10)
    house.party("Toezichthouder", "regulator")

    def run() -> dict[str, Any]:
        answer: dict[str, Any] = net.call("joins.run", **STATISTICS)
        return answer

    def reason() -> str:
        with pytest.raises(DoorRefusedError) as refused:
            run()
        return str(refused.value.reason)

    house.join_files.content.write_bytes(STRICT)
    els = register(house, "Els Peeters", ELS)
    register(house, "Tom Maes", TOM)
    house.join_files.note.write_bytes(confirmed(ELS, TOM, content=STRICT))
    assert reason() == "list_not_in_force"  # the regulator's key is registered: its signature alone counts
    house.join_files.note.write_bytes(sign(STRICT, SigningKey(REGULATOR.name, secrets.token_bytes(32))))
    assert reason() == "list_not_in_force"  # signed with a key from before
    object.__setattr__(house.house, "joins", replace(house.join_files, regulator=None))
    assert reason() == "list_not_in_force"
    house.join_files.note.write_bytes(confirmed(ELS, TOM, content=STRICT))
    app = make_whole_site(house)
    page = browser(app).get("/joins").get_data(as_text=True)
    assert f'<a href="{ADDRESS}"' in page
    assert "Els" not in page
    close(app)
    assert run()["state"] == "waiting"
    assert "join_list.adopted" in events(house)
    house.operator("joins.signer.end", id=els, by="Nadia")
    assert reason() == "list_not_in_force"
