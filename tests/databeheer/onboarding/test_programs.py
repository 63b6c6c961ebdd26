"""A party's programs at its own pages: keys that count at once or a day later, ended at once; usage; a test call."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from databeheer.door.client import DoorRefusedError, Proof
from tests.conftest import MARIAS_EAN
from tests.databeheer.onboarding.people import (
    ZON,
    Officer,
    approve,
    assertion,
    content_of,
    officer,
    the_two,
    token_of,
)
from tests.house import PUBLIC_URL, Customer, Party, TheHouse


@pytest.fixture
def nora(house: TheHouse) -> Officer:
    house.clock.set(house.clock.now().replace(hour=10))
    applying = officer(house)
    applying.apply()
    return applying


def public(key: OKPKey) -> str:
    return json.dumps(key.as_dict(private=False))


def steps(nora: Officer, client_id: str, said: str = "") -> dict[str, Any]:
    found = nora.call("party.try", client_id=client_id, assertion=said)["steps"]
    return {one["step"]: one["why"] if one["ok"] else f"no: {one['why']}" for one in found}


@pytest.mark.requirement("R153")
def test_a_key_that_is_added_after_handing_in_counts_a_day_later(house: TheHouse, nora: Officer) -> None:
    the_two(house)
    client_id, first = nora.program()
    nora.hand_in()
    thumbprint = first.thumbprint()
    content = content_of(house, str(nora.show()["party"]["id"]))
    assert json.loads(content)["programs"][0]["keys"] == [thumbprint]
    thief = OKPKey.generate_key("Ed25519")
    added = nora.call("party.key.add", client_id=client_id, public_key=public(thief))
    assert added["valid_from"] is not None
    theirs, their_key = nora.program()
    approve(house, content)
    assert token_of(house, client_id, first)
    for client, key in ((client_id, thief), (theirs, their_key)):
        with pytest.raises(DoorRefusedError, match="wrong"):
            token_of(house, client, key)
    house.clock.advance(timedelta(hours=24, seconds=1))
    assert token_of(house, client_id, thief)
    assert token_of(house, theirs, their_key)


def test_a_private_key_is_refused_and_no_secret_is_given(nora: Officer) -> None:
    key = OKPKey.generate_key("Ed25519")
    with pytest.raises(DoorRefusedError, match="public half only"):
        nora.call("party.program.add", profiles=["own"], public_key=json.dumps(key.as_dict(private=True)))
    made = nora.call("party.program.add", profiles=["facade"], public_key=public(key))
    assert "client_secret" not in made
    assert made["subscription_key"]
    assert "subscription_key" not in json.dumps(nora.show())


def test_a_key_or_a_program_that_is_ended_takes_its_tokens_along(house: TheHouse, nora: Officer) -> None:
    client_id, key = nora.program()
    token = Proof.token(token_of(house, client_id, key))
    assert house.client.call("party.me", token)["name"] == "Zonneteller"
    (program,) = nora.show()["programs"]
    nora.call("party.key.end", key_id=program["keys"][0]["key_id"])
    with pytest.raises(DoorRefusedError, match="log in again"):
        house.client.call("party.me", token)
    other, other_key = nora.program()
    token = Proof.token(token_of(house, other, other_key))
    nora.call("party.program.end", client_id=other)
    with pytest.raises(DoorRefusedError, match="log in again"):
        house.client.call("party.me", token)


def test_a_suspended_party_ends_keys_and_adds_none(house: TheHouse, nora: Officer) -> None:
    client_id, _ = nora.program()
    house.operator("registry.party.suspend", party_id=nora.show()["party"]["id"], reason="x")
    assert nora.show()["party"]["is_suspended"] is True
    with pytest.raises(DoorRefusedError, match="suspended"):
        nora.program()
    nora.call("party.program.end", client_id=client_id)
    assert nora.show()["programs"] == []


def test_usage_counts_what_is_recorded_a_day_and_names_nobody(
    house: TheHouse, bram: Party, lotte: Customer, joris: Party
) -> None:
    house.operator("registry.party.enterprise", party_id=bram.party_id, enterprise=ZON)
    asked = bram.ask()
    lotte.grant(asked)
    bram.read(asked["permission_id"])
    for ean in (MARIAS_EAN, "541448899990000015"):
        with pytest.raises(DoorRefusedError):
            bram.read(ean=ean, purpose="energy_advice")
    days = officer(house).call("party.usage", days=3)["days"]
    assert [(day["given"], day["refused"]) for day in days] == [(1, 2), (0, 0), (0, 0)]
    assert days[0]["tokens"] == 1
    assert set(days[0]) == {"day", "given", "refused", "tokens"}


def test_a_test_call_says_where_a_program_stops(house: TheHouse, nora: Officer) -> None:
    client_id, key = nora.program()
    said = steps(nora, client_id, assertion(house, client_id, key))
    assert said == {
        "key": "",
        "assertion": "",
        "organisation": "",
        "onboarding": "no: contract,dpia,overview,contacts",
        "house": "",
    }
    house.operator("stop.set", reason="x")
    assert steps(nora, client_id)["house"] == "no: stopped"
    nora.call("party.key.end", key_id=nora.show()["programs"][0]["keys"][0]["key_id"])
    assert steps(nora, client_id)["key"] == "no: none"


def test_a_test_call_names_what_is_wrong_with_an_assertion(house: TheHouse, nora: Officer) -> None:
    client_id, key = nora.program()
    faults: list[tuple[dict[str, Any], str]] = [
        ({"iss": "client-0123456789abcdef"}, "issuer"),
        ({"sub": "x"}, "issuer"),
        ({"aud": [PUBLIC_URL]}, "audience"),
        ({"aud": "https://elsewhere.example"}, "audience"),
        ({"jti": None}, "number"),
        ({"jti": "short"}, "number"),
        ({"exp": None}, "no_expiry"),
        ({"exp": 1}, "expired"),
        ({"exp": 4_000_000_000}, "too_long"),
        ({"iat": 4_000_000_000}, "clock_ahead"),
    ]
    for changes, why in faults:
        said = assertion(house, client_id, key, **changes)
        assert steps(nora, client_id, said)["assertion"] == f"no: {why}"


def test_a_test_call_knows_another_key_and_a_second_use_and_what_is_no_jwt(
    house: TheHouse, nora: Officer
) -> None:
    client_id, key = nora.program()
    other = assertion(house, client_id, OKPKey.generate_key("Ed25519"))
    assert steps(nora, client_id, other)["assertion"] == "no: other_key"
    good = assertion(house, client_id, key)
    assert steps(nora, client_id, good)["assertion"] == ""
    assert steps(nora, client_id, good)["assertion"] == "no: used"
    with pytest.raises(DoorRefusedError):
        house.client.call("token.mint", client_id=client_id, client_assertion=good, profile="own")
    for text in ("x", "a.b.c", "...", "eyJhbGciOiJub25lIn0.e30."):
        assert steps(nora, client_id, text)["assertion"] == "no: not_a_jwt"


def test_web_hooks_are_looked_after_at_the_pages_too(house: TheHouse, nora: Officer) -> None:
    put = nora.call("webhook.put", url="https://hooks.example.com/in")
    assert put["webhook"]["secret"]
    assert "secret" not in nora.call("webhook.show")["webhook"]
    nora.call("webhook.remove")
    with pytest.raises(DoorRefusedError, match="no such web hook"):
        nora.call("webhook.show")
