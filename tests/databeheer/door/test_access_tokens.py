"""An access token: what it says (RFC 9068), who can check it, and what ends it, at once."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.tokens import minting
from databeheer.identity import clients
from tests.databeheer.door.test_client_keys import certificate
from tests.databeheer.door.test_client_proofs import Program, claims_of
from tests.doors import DoorProcess, door_process, execute, held, meanwhile, query
from tests.house import PUBLIC_URL, Party, TheHouse

PROXY_KEY = "the key of the proxy in the tests"


@pytest.fixture(scope="module")
def bram(standing: TheHouse) -> Party:
    return standing.party("Bram Energieadvies", "energy_service")


def key_set(house: TheHouse) -> dict[str, Any]:
    return {"keys": house.client.call("token.keys")["keys"]}


def header_of(token: str) -> dict[str, Any]:
    return claims_of(f".{token.split('.')[0]}.")


def code(attempt: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        attempt()
    return error.value.code


@pytest.mark.parametrize(
    ("profile", "algorithm", "audience"), [("own", "ES256", "/api/v1"), ("facade", "RS256", "/esco")]
)
def test_a_token_says_whose_it_is_for_what_and_how_long_and_anybody_can_check_that(
    standing: TheHouse, bram: Party, profile: str, algorithm: str, audience: str
) -> None:
    token = standing.token(bram.client_id, bram.client_secret, profile)
    keys = key_set(standing)
    checked = jwt.decode(token, KeySet.import_key_set(keys), algorithms=[algorithm])  # a stranger's check
    assert checked.header["typ"] == "at+jwt"
    assert checked.header["kid"] in {key["kid"] for key in keys["keys"]}
    claims = dict(checked.claims)
    now = int(standing.clock.now().timestamp())
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": PUBLIC_URL,
        "aud": PUBLIC_URL + audience,
        "sub": bram.client_id,
        "client_id": bram.client_id,
        "iat": now,
        "exp": now + 3600,
        "party": bram.party_id,
        "role": "energy_service",
    }
    assert all("d" not in key and "p" not in key for key in keys["keys"])


def test_two_tokens_of_one_moment_are_two(standing: TheHouse, bram: Party) -> None:
    assert standing.token(bram.client_id, bram.client_secret) != standing.token(
        bram.client_id, bram.client_secret
    )


def test_a_token_that_the_house_signed_and_did_not_mint_is_nobodys(standing: TheHouse, bram: Party) -> None:
    """Who has a signing key alone has nothing: what counts is the row."""
    token = standing.token(bram.client_id, bram.client_secret)
    execute(
        standing,
        "DELETE FROM identity.access_token WHERE token_hash = %s",
        sha256(token.encode()).digest(),
    )
    assert code(lambda: standing.client.call("party.me", Proof.token(token))) == "unauthenticated"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def test_a_token_that_was_changed_is_nobodys(standing: TheHouse, bram: Party) -> None:
    head, body, signature = bram.token.split(".")
    none = b64(json.dumps(header_of(bram.token) | {"alg": "none"}).encode())
    longer = b64(json.dumps(claims_of(bram.token) | {"exp": 2**40}).encode())
    facade = b64(json.dumps(claims_of(bram.token) | {"aud": PUBLIC_URL + "/esco"}).encode())
    for token in (
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{longer}.{signature}",
        f"{head}.{facade}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature}A",
        f"{head}.{body}.{signature}=",
        bram.token + " ",
        bram.token.upper(),
        bram.token * 4,
    ):
        assert code(lambda: standing.client.call("party.me", Proof.token(token))) == "unauthenticated"  # noqa: B023
    assert standing.client.call("party.me", Proof.token(bram.token))


def test_after_a_rotation_the_old_key_is_published_until_its_last_token_has_ended(
    house: TheHouse, bram: Party
) -> None:
    bram = house.party("Rosa Rotatie", "energy_service")
    (old,) = key_set(house)["keys"]
    said = house.operator("token.keys.rotate", reason="as every half year")
    assert said["retired"] == [old["kid"]]
    house.clock.advance(timedelta(minutes=59))
    keys = key_set(house)
    assert {key["kid"] for key in keys["keys"]} == {old["kid"], *said["in_force"]}
    assert house.client.call("party.me", Proof.token(bram.token))
    assert jwt.decode(bram.token, KeySet.import_key_set(keys), algorithms=["ES256"])
    fresh = house.token(bram.client_id, bram.client_secret)
    assert header_of(fresh)["kid"] in said["in_force"]
    house.clock.advance(timedelta(minutes=2))
    assert code(lambda: house.client.call("party.me", Proof.token(bram.token))) == "unauthenticated"
    assert [key["kid"] for key in key_set(house)["keys"]] == said["in_force"]
    assert house.client.call("party.me", Proof.token(fresh))


def test_a_rotation_that_withdraws_ends_every_token_at_once(house: TheHouse, bram: Party) -> None:
    bram = house.party("Rosa Rotatie", "energy_service")
    tokens = [bram.token, house.token(bram.client_id, bram.client_secret, "facade")]
    old = {key["kid"] for key in key_set(house)["keys"]}
    assert len(old) == 2
    house.operator("token.keys.rotate", reason="the machine was broken into", withdraw=True)
    keys = key_set(house)
    assert old.isdisjoint(key["kid"] for key in keys["keys"])
    for token in tokens:
        assert code(lambda: house.client.call("party.me", Proof.token(token))) == "unauthenticated"  # noqa: B023
        with pytest.raises((JoseError, ValueError)):
            jwt.decode(token, KeySet.import_key_set(keys), algorithms=["ES256", "RS256"])
    assert house.token(bram.client_id, bram.client_secret)
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'token_keys.rotated'") == [(1,)]


def test_nobody_but_the_operator_rotates(standing: TheHouse, bram: Party) -> None:
    for proof in (Proof.token(bram.token), Proof("none", ""), Proof.proxy("x")):
        attempt = lambda: standing.client.call("token.keys.rotate", proof, reason="x")  # noqa: B023, E731
        assert code(attempt) == "unauthenticated"


def test_who_has_the_database_alone_has_no_signing_key(standing: TheHouse, bram: Party) -> None:
    for (sealed,) in query(standing, "SELECT private_half FROM identity.token_key"):
        assert b'"d"' not in bytes(sealed)


def revoke(house: TheHouse, party: Party, token: str, **changes: str) -> dict[str, Any]:
    shown = {"client_id": party.client_id, "client_secret": party.client_secret} | changes
    return house.client.call("token.revoke", token=token, **shown)


def test_a_revoked_token_is_dead_at_once_and_its_sisters_live(standing: TheHouse, bram: Party) -> None:
    one, other = (standing.token(bram.client_id, bram.client_secret) for _ in range(2))
    assert revoke(standing, bram, one) == {}
    assert code(lambda: standing.client.call("party.me", Proof.token(one))) == "unauthenticated"
    assert standing.client.call("party.me", Proof.token(other))
    for again in (one, "never-one", "x" * 2048):
        assert revoke(standing, bram, again) == {}


def test_nobody_revokes_anothers_token_or_without_showing_who_he_is(standing: TheHouse, bram: Party) -> None:
    joris = standing.party("Joris Buitenstaander", "energy_service")
    token = standing.token(bram.client_id, bram.client_secret)
    assert code(lambda: revoke(standing, joris, token)) == "forbidden"
    assert code(lambda: revoke(standing, bram, token, client_secret="guess")) == "unauthenticated"
    assert code(lambda: revoke(standing, bram, token, client_secret="")) == "unauthenticated"
    assert standing.client.call("party.me", Proof.token(token))


def test_a_client_of_the_facade_alone_revokes_too_and_by_its_key(standing: TheHouse, bram: Party) -> None:
    signing = Program(standing, bram, "Ed25519")
    token = signing.mint(signing.sign(signing.claims()))
    assertion = signing.sign(signing.claims())
    shown = {"client_id": signing.client_id, "client_assertion": assertion}
    assert standing.client.call("token.revoke", token=token, **shown) == {}
    assert code(lambda: standing.client.call("party.me", Proof.token(token))) == "unauthenticated"
    # The assertion is used up: it neither revokes nor mints again.
    assert code(lambda: standing.client.call("token.revoke", token=token, **shown)) == "unauthenticated"
    added = standing.operator("registry.client.add", party_id=bram.party_id, profiles=["facade"])
    given = {"client_id": added["client_id"], "client_secret": added["client_secret"]}
    token = standing.token(added["client_id"], added["client_secret"], "facade")
    assert standing.client.call("token.revoke", token=token, **given) == {}
    assert code(lambda: standing.client.call("party.me", Proof.token(token))) == "unauthenticated"


@pytest.mark.machine_time
def test_an_assertion_serves_once_for_all_doors_and_through_a_restart(house: TheHouse, tmp_path: Any) -> None:
    program = Program(house, house.party("Bram", "energy_service"), "ES256")
    used = program.sign(program.claims())
    token = program.mint(used)

    def refused_by(door: DoorProcess) -> None:
        given = {"client_id": program.client_id, "client_assertion": used, "profile": "own"}
        assert code(lambda: door.client.call("token.mint", **given)) == "unauthenticated"
        assert door.client.call("party.me", Proof.token(token))

    # Doors with a clock of their own: the house's stands where the machine's was a moment ago.
    for _ in range(2):
        with door_process(house) as door:
            refused_by(door)


@pytest.fixture
def mutual(house: TheHouse) -> DoorClient:
    """A house whose proxy tells certificates."""
    object.__setattr__(house.house, "proxy_key_hash", sha256(PROXY_KEY.encode()).digest())
    return house.client


def print_of(pem: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return b64(sha256(der).digest())


def test_a_certificate_shows_who_a_client_is_and_binds_its_token(mutual: DoorClient, house: TheHouse) -> None:
    program = Program(house, house.party("Mira Wederzijds", "energy_service"), "ES256")
    now = house.clock.now()
    pem = certificate(program.key, now - timedelta(days=1), now + timedelta(days=30))
    other = certificate(program.key, now - timedelta(days=1), now + timedelta(days=30))
    client = house.operator(
        "registry.client.add",
        party_id=house.party("Nora", "energy_service").party_id,
        profiles=["own"],
        public_key=pem,
    )["client_id"]
    asked = {"client_id": client, "certificate": print_of(pem), "profile": "own"}
    token = mutual.call("token.mint", Proof.proxy(PROXY_KEY), **asked)["access_token"]
    assert claims_of(token)["cnf"] == {"x5t#S256": print_of(pem)}
    assert mutual.call("party.me", Proof.token(token, print_of(pem)))
    for certificate_ in ("", print_of(other), print_of(pem)[:-1], "x"):
        assert code(lambda: mutual.call("party.me", Proof.token(token, certificate_))) == "unauthenticated"  # noqa: B023
    wrong: list[tuple[Proof, dict[str, str]]] = [
        (Proof("none", ""), asked),
        (Proof.proxy("guess"), asked),
        (Proof.operator(house.operator_key), asked),
        (Proof.proxy(PROXY_KEY), asked | {"certificate": print_of(other)}),
        (Proof.proxy(PROXY_KEY), asked | {"certificate": ""}),
        (Proof.proxy(PROXY_KEY), asked | {"certificate": "not one"}),
        (Proof.proxy(PROXY_KEY), asked | {"client_id": program.client_id}),
        (Proof.proxy(PROXY_KEY), asked | {"profile": "facade"}),
    ]
    for proof, given in wrong:
        assert code(lambda: mutual.call("token.mint", proof, **given)) == "unauthenticated"  # noqa: B023
    house.clock.advance(timedelta(days=30))
    assert code(lambda: mutual.call("token.mint", Proof.proxy(PROXY_KEY), **asked)) == "unauthenticated"


def test_without_a_proxy_no_certificate_is_believed(standing: TheHouse, bram: Party) -> None:
    given = {"client_id": bram.client_id, "client_secret": bram.client_secret, "profile": "own"}
    for proof in (Proof("none", ""), Proof.proxy(PROXY_KEY), Proof.proxy("")):
        attempt = lambda: standing.client.call("token.mint", proof, certificate="A" * 43, **given)  # noqa: B023, E731
        assert code(attempt) == "unauthenticated"


def test_a_secret_or_an_assertion_over_a_certificate_binds_the_token_too(
    mutual: DoorClient, house: TheHouse
) -> None:
    bram, proxy, print_ = house.party("Bram", "energy_service"), Proof.proxy(PROXY_KEY), "A" * 43
    signing = Program(house, bram, "ES256")
    ways: list[dict[str, str]] = [
        {"client_id": bram.client_id, "client_secret": bram.client_secret},
        {"client_id": signing.client_id, "client_assertion": signing.sign(signing.claims())},
    ]
    for way in ways:
        token = mutual.call("token.mint", proxy, certificate=print_, profile="own", **way)["access_token"]
        assert mutual.call("party.me", Proof.token(token, print_))
        assert code(lambda: mutual.call("party.me", Proof.token(token))) == "unauthenticated"  # noqa: B023


ENDS: dict[str, Any] = {
    "the client": lambda house, program: house.operator("registry.client.end", client_id=program.client_id),
    "the key": lambda house, program: house.operator(
        "registry.client.key.end",
        key_id=house.operator("registry.client.show", client_id=program.client_id)["keys"][0]["key_id"],
    ),
    "the signing keys": lambda house, _: house.operator("token.keys.rotate", reason="x", withdraw=True),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_ends_while_a_token_is_being_minted_ends_that_token_too(house: TheHouse, end: Any) -> None:
    """The client was found good before the end, and the token is written after it was asked for."""
    program = Program(house, house.party("Bram", "energy_service"), "ES256")
    now = house.clock.now()
    assertion = program.sign(program.claims())
    with held(house, "SELECT 1") as watcher:
        with house.house.engine.begin() as connection:
            client = clients.find(connection, program.client_id, "own")
            assert client is not None
            key_id = clients.check_assertion(connection, client, assertion, PUBLIC_URL, "own", now)
            house.house.token_ring.in_force(connection, "ES256", now)
            ending = meanwhile(house.client, lambda: end(house, program))
            watcher.until_waiting(1)
            minted = minting.mint(
                connection, house.house.token_ring, PUBLIC_URL, client, "own", now, key_id=key_id
            )
        ending.result(60)
    assert code(lambda: house.client.call("party.me", Proof.token(minted.token))) == "unauthenticated"
