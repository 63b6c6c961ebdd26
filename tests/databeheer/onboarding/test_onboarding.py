"""Getting in: a party applies, its people fill everything in, two people of the operator approve what was handed in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from ledger.note import SigningKey
from tests.commands import OPEN_TO_ALL, every_command
from tests.conftest import LOTTES_EAN
from tests.databeheer.onboarding.people import (
    ELS,
    ELS_AGAIN,
    MAAN,
    REACH,
    TOM,
    ZON,
    Officer,
    approve,
    content_of,
    officer,
    register,
    signed,
    the_two,
    token_of,
)
from tests.governance import write
from tests.house import Customer, Party, TheHouse

STRANGER = SigningKey("stranger.example/key", b"\6" * 32)


@pytest.fixture
def nora(house: TheHouse) -> Officer:
    """She acts for an enterprise that nobody knows here yet."""
    return officer(house)


@pytest.fixture
def stijn(house: TheHouse) -> Officer:
    """He acts for another enterprise, a party too."""
    other = officer(house, "stijn", MAAN)
    other.apply("Maanlicht")
    return other


def refused(call: Callable[..., Any], *words: Any, **arguments: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refusal:
        call(*words, **arguments)
    return refusal.value


def events(house: TheHouse, party_id: str) -> list[str]:
    with house.engine("superuser").connect() as connection:
        return list(
            connection.execute(
                text("SELECT event FROM ledger.body WHERE party_id = :party ORDER BY index"),
                {"party": party_id},
            ).scalars()
        )


@pytest.mark.requirement("R12", "R114", "R118")
def test_a_party_gets_in_by_what_it_hands_in_and_two_people_who_sign_for_it(
    house: TheHouse, nora: Officer, lotte: Customer
) -> None:
    the_two(house)
    party_id = nora.apply()
    client_id, key = nora.program()
    nora.hand_in()
    content = content_of(house, party_id)
    assert json.loads(content)["evidence"]["contacts"]["doubt"] == REACH
    for record in (
        "none",
        "written",
    ):  # the register is the one way to file an assessment, and takes two people
        if record == "written":
            write(house, "assessment", party_id=party_id, reference="DPIA-77")
        given = {"content": content.decode(), "note": signed(content).decode()}
        assert "register of assessments" in str(refused(house.operator, "onboarding.approve", **given)), (
            record
        )
    approved = approve(house, content)
    assert approved["party_id"] == party_id
    assert events(house, party_id) == [
        "party.applied",
        "client.added",
        "party.handed_in",
        "dpia.filed",
        "party.approved",
        "contract.signed",
        "overview.published",
        "doubt.contact_named",
    ]
    token = Proof.token(token_of(house, client_id, key))
    wish = {
        "purpose": "energy_advice",
        "category": "readings",
        "granularity": "day",
        "directions": ["offtake"],
        "data_from": "2022-12-31T23:00:00Z",
    }
    asked = house.client.call("permission.request", token, **wish)
    assert lotte.grant(asked)["permission"]["state"] == "active"
    assert nora.show()["lacks"] == []


@pytest.mark.requirement("R12", "R114")
def test_until_then_every_call_of_its_programs_is_told_what_is_missing(
    house: TheHouse, nora: Officer, lotte: Customer, maria: Customer, bram: Party
) -> None:
    nora.apply()
    client_id, key = nora.program()
    token = Proof.token(token_of(house, client_id, key))
    permission = bram.ask()["permission_id"]
    told = 0
    for command, arguments in every_command(lotte, maria, bram, permission).items():
        if command in OPEN_TO_ALL or command in ("party.me", "party.standing"):
            continue
        if command in ("permission.request_many", "permission.ask_renewals"):  # say it of each
            rows = house.client.call(command, token, **arguments)
            assert "not-onboarded" in json.dumps(rows)
            continue
        refusal = refused(house.client.call, command, token, **arguments)
        # Some look at their arguments, or for another kind of proof, before they look at who asks.
        assert refusal.code in ("not-onboarded", "unauthenticated", "malformed-request", "not-found"), command
        if refusal.code == "not-onboarded":
            assert "Missing: contract (" in str(refusal), command
            told += 1
    assert told > 40
    (missing,) = house.client.call("party.standing", token)["missing"]
    assert (missing["code"], "contract (" in missing["detail"]) == ("not_onboarded", True)
    read = {"ean": "541448899990000015", "granularity": "day", "purpose": "energy_advice"}
    period = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
    assert refused(house.client.call, "readings.read", token, **read, **period).code == "not-onboarded"


@pytest.mark.requirement("R12", "R114")
def test_one_part_that_is_missing_is_named_and_nothing_is_handed_in(house: TheHouse, nora: Officer) -> None:
    roles = ("energy_service", "supplier", "aggregator", "shipper", "intermediary")
    for part, role in zip(("contract", "dpia", "overview", "contacts", "privacy"), roles, strict=True):
        party_id = nora.apply(role=role)
        nora.fill(without=part)
        refusal = refused(nora.call, "onboarding.hand_in")
        named = part if part in ("contract", "dpia", "overview") else "contacts"
        assert refusal.code == "not-onboarded"
        assert f"Missing: {named} (" in str(refusal)
        assert nora.show()["lacks"] == [named]
        assert "party.handed_in" not in events(house, party_id)
    assert house.operator("onboarding.waiting") == {"waiting": []}


@pytest.mark.requirement("R115")
def test_a_dpia_of_two_years_ago_is_missing(house: TheHouse, nora: Officer) -> None:
    house.clock.set(house.clock.now().replace(hour=11))
    nora = officer(house)
    nora.apply()
    nora.fill()
    today = day_of(house.clock.now())
    two_years_ago = date(today.year - 2, today.month, min(today.day, 28))
    nora.call("onboarding.dpia", reference="old", assessed_on=two_years_ago.isoformat())
    assert nora.show()["lacks"] == ["dpia"]
    day_later = two_years_ago + timedelta(days=4)
    nora.call("onboarding.dpia", reference="old", assessed_on=day_later.isoformat())
    assert nora.show()["lacks"] == ["hand_in"]
    tomorrow = (today + timedelta(days=1)).isoformat()
    made_up = refused(nora.call, "onboarding.dpia", reference="x", assessed_on=tomorrow)
    assert made_up.code == "malformed-request"


def test_what_was_approved_is_what_was_handed_in_to_the_byte(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.hand_in()
    content = content_of(house, party_id)
    other = content.replace(b"DPIA-77", b"DPIA-78")
    changed = {"content": other.decode(), "note": signed(other).decode()}
    assert refused(house.operator, "onboarding.approve", **changed).code == "conflict"
    crossed = {"content": content.decode(), "note": signed(other).decode()}
    assert "to the byte" in str(refused(house.operator, "onboarding.approve", **crossed))
    nora.call("onboarding.dpia", reference="DPIA-79", assessed_on=day_of(house.clock.now()).isoformat())
    nora.call("onboarding.hand_in")
    overtaken = refused(approve, house, content)
    assert (overtaken.code, "since" in str(overtaken)) == ("conflict", True)
    approve(house, content_of(house, party_id))
    again = refused(approve, house, content)
    assert again.code == "conflict"


def test_what_is_filled_in_after_handing_in_counts_only_once_it_is_handed_in_too(
    house: TheHouse, nora: Officer
) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.hand_in()
    nora.call("onboarding.overview", url="https://zon.example/elders")
    approve(house, content_of(house, party_id))
    assert nora.show()["in_force"]["overview"] == {"url": "https://zon.example/verwerkingen"}


def test_one_person_with_two_accounts_is_one(house: TheHouse, nora: Officer) -> None:
    register(house, "Els Peeters", ELS)
    register(house, "peeters, Els", ELS_AGAIN)
    party_id = nora.apply()
    nora.hand_in()
    content = content_of(house, party_id)
    for keys in ((ELS,), (ELS, ELS_AGAIN), (ELS, TOM)):
        assert "two different people" in str(refused(approve, house, content, *keys))
    assert "party.approved" not in events(house, party_id)
    assert nora.show()["lacks"] == ["approval"]
    register(house, "Tom Maes", TOM)
    approve(house, content)


def test_a_key_that_has_ended_signs_for_nothing(house: TheHouse, nora: Officer) -> None:
    register(house, "Els Peeters", ELS)
    toms = register(house, "Tom Maes", TOM)
    party_id = nora.apply()
    nora.hand_in()
    house.operator("joins.signer.end", id=toms, by="Nadia")
    assert "two different people" in str(refused(approve, house, content_of(house, party_id)))


def test_a_no_is_one_persons_and_says_why(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    party_id = nora.apply()
    hashed = nora.hand_in()
    wrong = {"party_id": party_id, "sha256": "00" * 32, "reason": "x", "by": "Els"}
    assert refused(house.operator, "onboarding.decline", **wrong).code == "conflict"
    reason = "Het contract is nog niet getekend."
    house.operator("onboarding.decline", **(wrong | {"sha256": hashed, "reason": reason}))
    shown = nora.show()
    assert (shown["handed_in"]["state"], shown["handed_in"]["reason"]) == ("declined", reason)
    assert shown["lacks"] == ["hand_in"]
    assert refused(content_of, house, party_id).code == "not-found"
    nora.call("onboarding.hand_in")
    approve(house, content_of(house, party_id))
    assert nora.show()["lacks"] == []


def test_what_would_no_longer_count_is_not_approved(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.fill()
    today = day_of(house.clock.now())
    until = (today + timedelta(days=2)).isoformat()
    nora.call("onboarding.contract", operator=1, number="short", from_day=today.isoformat(), until_day=until)
    nora.call("onboarding.hand_in")
    content = content_of(house, party_id)
    house.clock.advance(timedelta(days=3))
    refusal = refused(approve, house, content)
    assert (refusal.code, "contract" in str(refusal)) == ("conflict", True)


def test_a_new_dpia_is_handed_in_alike_and_the_rest_stays_on_file(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.hand_in()
    approve(house, content_of(house, party_id))
    house.clock.advance(timedelta(days=700))
    nora = officer(house)
    assert "dpia" not in nora.show()["lacks"]
    house.clock.advance(timedelta(days=40))
    nora = officer(house)
    assert nora.show()["lacks"] == ["dpia", "overview"]
    day = day_of(house.clock.now())
    nora.call("onboarding.dpia", reference="DPIA-78", assessed_on=day.isoformat())
    nora.call("onboarding.hand_in")
    assert nora.show()["lacks"] == ["dpia", "overview"]
    approve(house, content_of(house, party_id))
    assert nora.show()["lacks"] == []
    assert events(house, party_id).count("contract.signed") == 1


@pytest.mark.parametrize("changed", ["from_day", "until_day"])
def test_a_contract_on_file_gets_no_other_days_by_an_approval(
    house: TheHouse, nora: Officer, changed: str
) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.hand_in()
    approve(house, content_of(house, party_id))
    today = day_of(house.clock.now())
    said = {"operator": 1, "number": "DTC-77", "from_day": (today - timedelta(days=1)).isoformat()}
    other = {"from_day": today - timedelta(days=400), "until_day": today + timedelta(days=400)}
    nora.call("onboarding.contract", **said | {changed: other[changed].isoformat()})
    nora.call("onboarding.hand_in")
    refusal = refused(approve, house, content_of(house, party_id))
    assert (refusal.code, "other days" in str(refusal)) == ("conflict", True)


def test_a_party_from_before_begins_from_what_the_register_has(house: TheHouse, bram: Party) -> None:
    house.operator("registry.party.enterprise", party_id=bram.party_id, enterprise="BE 0123.456.749")
    shown = officer(house).show()
    assert shown["party"]["name"] == bram.name
    assert shown["lacks"] == []
    assert shown["unfilled"] == ["contacts"]
    assert shown["evidence"]["contacts"]["doubt"]["email"] == "doubt@party.example"


def test_nobody_outside_sees_or_does_anything_for_a_party(
    house: TheHouse, nora: Officer, stijn: Officer
) -> None:
    party_id = nora.apply()
    client_id, _ = nora.program()
    key_id = nora.show()["programs"][0]["keys"][0]["key_id"]
    assert refused(stijn.call, "onboarding.choose", party_id=party_id).code == "not-found"
    for command, arguments in (
        ("party.program.end", {"client_id": client_id}),
        ("party.key.end", {"key_id": key_id}),
        ("party.key.add", {"client_id": client_id, "public_key": "{}"}),
        ("party.try", {"client_id": client_id}),
    ):
        assert refused(stijn.call, command, **arguments).code == "not-found", command
    assert party_id not in json.dumps(stijn.show())
    colleague = officer(house, "ward", ZON)
    assert colleague.show()["party"]["id"] == party_id


def test_who_acts_for_a_party_reads_nothing_and_asks_nothing(
    house: TheHouse, nora: Officer, lotte: Customer, maria: Customer, bram: Party
) -> None:
    nora.apply()
    permission = bram.ask()["permission_id"]
    own = ("onboarding.", "party.", "webhook.")
    open_to_all = {*OPEN_TO_ALL, "me"}
    for command, arguments in every_command(lotte, maria, bram, permission).items():
        if command in open_to_all or command.startswith(own):
            continue
        code = refused(nora.call, command, **arguments).code
        assert code in ("unauthenticated", "malformed-request", "not-found"), command
    for command in (
        "onboarding.waiting",
        "onboarding.open",
        "onboarding.approve",
        "onboarding.decline",
        "party.me",
        "party.standing",
    ):
        arguments = every_command(lotte, maria, bram, permission)[command]
        assert refused(nora.call, command, **arguments).code in (
            "unauthenticated",
            "malformed-request",
        )


def test_a_number_that_the_register_no_longer_has_gives_nothing(house: TheHouse, bram: Party) -> None:
    house.operator("registry.party.enterprise", party_id=bram.party_id, enterprise=ZON)
    nora = officer(house)
    assert nora.show()["party"]["id"] == bram.party_id
    house.operator("registry.party.enterprise", party_id=bram.party_id, enterprise=MAAN)
    assert nora.show()["party"] is None
    assert refused(nora.call, "party.usage").code == "not-found"


def test_an_enterprise_is_one_party_in_each_role_and_none_in_the_roles_of_the_house(nora: Officer) -> None:
    first = nora.apply()
    assert refused(nora.apply).code == "conflict"
    second = nora.apply("Zonneteller Levering", "supplier")
    assert nora.show()["party"]["id"] == second
    nora.call("onboarding.choose", party_id=first)
    assert nora.show()["party"]["id"] == first
    for role in ("dso", "data_manager", "regulator", "staff", "x"):
        assert refused(nora.apply, "X", role).code == "malformed-request"


@pytest.mark.parametrize("number", ["0123456748", None])
def test_an_enterprise_number_that_is_none_logs_nobody_in(house: TheHouse, number: str | None) -> None:
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer("x", "X", nonce, role="party", enterprise=number)
    refusal = refused(house.client.call, "login.finish", answer=answer, nonce=nonce)
    assert refusal.code == "unauthenticated"


def test_a_customer_with_an_enterprise_in_his_answer_is_refused(house: TheHouse) -> None:
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer("x", "X", nonce, enterprise=ZON)
    assert refused(house.client.call, "login.finish", answer=answer, nonce=nonce).code == "unauthenticated"


def test_what_stands_changed_in_the_store_is_not_approved(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    party_id = nora.apply()
    nora.hand_in()
    content = content_of(house, party_id)
    with house.engine("superuser").begin() as connection:
        connection.execute(text("UPDATE registry.handed_in SET sha256 = :sha256"), {"sha256": b"\0" * 32})
    assert refused(approve, house, content).code == "conflict"
    assert "not what was handed in" in str(refused(content_of, house, party_id))


def test_whom_nobody_approved_is_told_to_no_customer_as_somebody_who_reads_by_law(
    house: TheHouse, nora: Officer, lotte: Customer
) -> None:
    the_two(house)
    party_id = nora.apply("Zonneteller Net", "balance_responsible")
    day = day_of(house.clock.now()).isoformat()
    house.operator("registry.registration.add", ean=LOTTES_EAN, party_id=party_id, from_day=day)
    assert "Zonneteller Net" not in json.dumps(lotte.call("statutory.list"))
    nora.hand_in()
    approve(house, content_of(house, party_id))
    assert "Zonneteller Net" in json.dumps(lotte.call("statutory.list"))
