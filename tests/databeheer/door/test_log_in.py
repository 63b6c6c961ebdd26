"""A session rests on the identity provider's signature over our nonce, and on nothing that anybody says."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey
from nacl.signing import SigningKey as Ed25519Key

from databeheer.door.client import DoorRefusedError, Proof
from tests.doors import meanwhile, query
from tests.house import TheHouse


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def finish(house: TheHouse, answer: str, nonce: str) -> dict[str, Any]:
    return house.client.call("login.finish", answer=answer, nonce=nonce)


def begin(house: TheHouse) -> str:
    return str(house.client.call("login.begin")["nonce"])


def refused(house: TheHouse, answer: str, nonce: str) -> str:
    before = sessions(house)
    with pytest.raises(DoorRefusedError) as error:
        finish(house, answer, nonce)
    assert sessions(house) == before
    return error.value.code


def sessions(house: TheHouse) -> int:
    return int(query(house, "SELECT count(*) FROM identity.session")[0][0])


def test_a_right_answer_gives_a_session_for_an_hour(standing: TheHouse) -> None:
    nonce = begin(standing)
    given_session = finish(standing, standing.signed_answer("maria", "Maria Peeters", nonce), nonce)
    assert (given_session["role"], given_session["name"]) == ("customer", "Maria Peeters")
    me = standing.client.call("me", Proof.session(given_session["session"]))
    assert me["name"] == "Maria Peeters"
    assert len(given_session["session"]) >= 43  # 256 bits


CLAIMS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "issuer with a slash more": {"iss": "https://identity.example/"},
    "another audience": {"aud": "somebody-else"},
    "two audiences": {"aud": ["databeheer", "somebody-else"]},
    "our audience in a list": {"aud": ["databeheer"]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a very long subject": {"sub": "x" * 201},
    "no name": {"name": None},
    "an empty name": {"name": ""},
    "a role invented": {"role": "operator"},
    "a role of the house": {"role": "grid_user"},
    "two roles": {"role": ["customer", "inspector"]},
    "no role": {"role": None},
    "no expiry": {"exp": None},
    "expiry as a text": {"exp": "9999999999"},
    "expiry that is true": {"exp": True},
    "expiry far away": {"exp": 2**40},
    "expiry below zero": {"exp": -1},
    "no time of issue": {"iat": None},
    "a time of issue with a fraction": {"iat": 1.5},
}


@pytest.mark.requirement("R81")
@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS)
def test_a_wrong_claim_gives_no_session(standing: TheHouse, changes: dict[str, Any]) -> None:
    nonce = begin(standing)
    assert (
        refused(standing, standing.signed_answer("maria", "Maria", nonce, **changes), nonce)
        == "unauthenticated"
    )


@pytest.mark.parametrize(
    ("issued", "expires", "is_good"),
    [
        (0, 1, True),
        (0, 0, False),
        (-10, -1, False),
        (0, 300, True),
        (0, 301, False),
        (10, 120, True),
        (11, 120, False),
        (-299, 1, True),
        (-300, 1, False),
        (120, 60, False),
    ],
)
def test_an_answer_lives_five_minutes_and_not_before_it_was_given(
    standing: TheHouse, issued: int, expires: int, is_good: bool
) -> None:
    standing.clock.set(standing.clock.now().replace(microsecond=0))
    now, nonce = int(standing.clock.now().timestamp()), begin(standing)
    answer = standing.signed_answer("maria", "Maria", nonce, iat=now + issued, exp=now + expires)
    if is_good:
        assert finish(standing, answer, nonce)["session"]
    else:
        assert refused(standing, answer, nonce) == "unauthenticated"


@pytest.mark.requirement("R81")
def test_an_answer_serves_once(standing: TheHouse) -> None:
    nonce = begin(standing)
    answer = standing.signed_answer("maria", "Maria", nonce)
    assert finish(standing, answer, nonce)["session"]
    assert refused(standing, answer, nonce) == "unauthenticated"


@pytest.mark.requirement("R81")
def test_an_answer_for_one_log_in_does_not_serve_another(standing: TheHouse) -> None:
    one, other = begin(standing), begin(standing)
    answer = standing.signed_answer("maria", "Maria", one)
    assert refused(standing, answer, other) == "unauthenticated"
    assert refused(standing, answer, "made-up") == "unauthenticated"


def test_a_failed_answer_uses_the_nonce_up(standing: TheHouse) -> None:
    nonce = begin(standing)
    assert refused(standing, "x.y.z", nonce) == "unauthenticated"
    assert refused(standing, standing.signed_answer("maria", "Maria", nonce), nonce) == "unauthenticated"


def test_a_log_in_that_takes_longer_than_ten_minutes_begins_again(house: TheHouse) -> None:
    nonce = begin(house)
    house.clock.advance(timedelta(minutes=10))
    assert refused(house, house.signed_answer("maria", "Maria", nonce), nonce) == "unauthenticated"


def _unsigned(header: dict[str, Any]) -> Callable[[TheHouse, str], str]:
    def forge(house: TheHouse, good: str) -> str:
        return f"{b64(json.dumps(header).encode())}.{good.split('.')[1]}."

    return forge


def _with_public_key_as_secret(house: TheHouse, good: str) -> str:
    key = OctKey.import_key(bytes(house.provider_key.verify_key))
    payload = good.split(".")[1]
    data = json.loads(urlsafe_b64decode_padded(payload))
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(data).encode(), key, algorithms=["HS256"])


def urlsafe_b64decode_padded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _by_another_key(house: TheHouse, good: str) -> str:
    signed = good.rsplit(".", 1)[0]
    return f"{signed}.{b64(Ed25519Key.generate().sign(signed.encode()).signature)}"


def _with_its_own_key(house: TheHouse, good: str) -> str:
    own = Ed25519Key.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(own.verify_key))}
    header = b64(json.dumps({"alg": "Ed25519", "jwk": jwk}).encode())
    signed = f"{header}.{good.split('.')[1]}"
    return f"{signed}.{b64(own.sign(signed.encode()).signature)}"


def _flipped(part: int) -> Callable[[TheHouse, str], str]:
    def flip(house: TheHouse, good: str) -> str:
        parts = good.split(".")
        data = bytearray(urlsafe_b64decode_padded(parts[part]))
        data[len(data) // 2] ^= 1
        parts[part] = b64(bytes(data))
        return ".".join(parts)

    return flip


FORGERIES: dict[str, Callable[[TheHouse, str], str]] = {
    "alg none": _unsigned({"alg": "none"}),
    "alg None": _unsigned({"alg": "None", "typ": "JWT"}),
    "no alg": _unsigned({}),
    "HS256 with the public key": _with_public_key_as_secret,
    "another key": _by_another_key,
    "a key of its own in the header": _with_its_own_key,
    "a bit of the header": _flipped(0),
    "a bit of the claims": _flipped(1),
    "a bit of the signature": _flipped(2),
    "no signature": lambda _, good: good.rsplit(".", 1)[0],
    "an empty signature": lambda _, good: good.rsplit(".", 1)[0] + ".",
    "a part more": lambda _, good: good + ".e30",
    "a space before": lambda _, good: " " + good,
    "a letter of no alphabet": lambda _, good: good[:-1] + "é",
    "only dots": lambda *_: "..",
    "an unknown critical header": _unsigned({"alg": "Ed25519", "crit": ["b64"], "b64": False}),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_signature_gives_no_session(
    standing: TheHouse, forge: Callable[[TheHouse, str], str]
) -> None:
    nonce = begin(standing)
    good = standing.signed_answer("maria", "Maria", nonce)
    assert refused(standing, forge(standing, good), nonce) == "unauthenticated"


def test_garbage_gives_no_session_and_no_failure(standing: TheHouse) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(st.text(min_size=1, max_size=80) | st.lists(st.binary(max_size=30), min_size=3, max_size=3))
    def hand_in(answer: str | list[bytes]) -> None:
        text = answer if isinstance(answer, str) else ".".join(b64(part) for part in answer) or "."
        assert refused(standing, text, begin(standing)) in {"unauthenticated", "malformed-request"}

    hand_in()


def test_a_session_ends_at_its_hour_however_used_and_earlier_where_nobody_uses_it(house: TheHouse) -> None:
    def is_out(session: str) -> bool:
        with pytest.raises(DoorRefusedError) as error:
            house.client.call("me", Proof.session(session))
        return error.value.code == "unauthenticated"

    moment = timedelta(microseconds=1)
    used, left = house.log_in("maria", "Maria Peeters"), house.log_in("maria", "Maria Peeters")
    for _ in range(4):
        house.clock.advance(timedelta(minutes=15) - moment)
        assert house.client.call("me", Proof.session(used))
    assert is_out(left)
    house.clock.advance(3 * moment)
    assert house.client.call("me", Proof.session(used))
    house.clock.advance(moment)
    assert is_out(used)
    # Idle to the moment; and who comes back after it wakes nothing up.
    idle = house.log_in("maria", "Maria Peeters")
    house.clock.advance(timedelta(minutes=15))
    assert is_out(idle)
    assert is_out(idle)


def test_a_page_in_the_same_minute_writes_nothing(house: TheHouse) -> None:
    session = house.log_in("maria", "Maria Peeters")

    def row() -> Any:
        return query(
            house, "SELECT xmin, expires_at FROM identity.session WHERE token_hash = %s", _hashed(session)
        )

    begun = row()
    house.clock.advance(timedelta(seconds=59))
    house.client.call("me", Proof.session(session))
    assert row() == begun
    house.clock.advance(timedelta(seconds=1))
    house.client.call("me", Proof.session(session))
    assert row() != begun


def test_who_logs_out_is_out_and_may_log_out_again(standing: TheHouse) -> None:
    session, other = standing.log_in("maria", "Maria"), standing.log_in("maria", "Maria")
    for _ in range(2):
        standing.client.call("session.end", Proof.session(session))
    with pytest.raises(DoorRefusedError):
        standing.client.call("me", Proof.session(session))
    assert standing.client.call("me", Proof.session(other))


def test_an_inspector_is_no_customer_and_a_customer_no_inspector(standing: TheHouse) -> None:
    customer, inspector = standing.log_in("maria", "Maria"), standing.inspector()
    assert standing.client.call("oversight.summary", Proof.session(inspector))["entries"] > 0
    for session, command in ((customer, "oversight.summary"), (inspector, "statements.list")):
        with pytest.raises(DoorRefusedError) as error:
            standing.client.call(command, Proof.session(session))
        assert error.value.code == "unauthenticated"


def test_two_first_log_ins_at_once_make_one_person(standing: TheHouse) -> None:
    sessions = [meanwhile(standing.client, lambda: standing.log_in("newcomer", "Noor")) for _ in range(6)]
    names = {standing.client.call("me", Proof.session(one.result(60)))["name"] for one in sessions}
    assert names == {"Noor"}
    persons = query(
        standing,
        "SELECT count(DISTINCT person_id) FROM identity.session WHERE token_hash = ANY(%s)",
        [_hashed(one.result()) for one in sessions],
    )
    assert persons == [(1,)]


def _hashed(token: str) -> bytes:
    return sha256(token.encode()).digest()


def test_the_database_holds_no_token_that_works(standing: TheHouse) -> None:
    session = standing.log_in("maria", "Maria")
    assert query(
        standing, "SELECT count(*) FROM identity.session WHERE token_hash = %s", session.encode()
    ) == [(0,)]
    assert query(
        standing, "SELECT count(*) FROM identity.session WHERE token_hash = %s", _hashed(session)
    ) == [(1,)]
