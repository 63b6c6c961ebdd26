"""A program's keys: given as a set or a certificate, more than one at a time, ended at once or later, never revived."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, OKPKey

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity import jose
from tests.databeheer.door.test_client_proofs import KEYS, Program, refused
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def bram(standing: TheHouse) -> Party:
    return standing.party("Bram Energieadvies", "energy_service")


@pytest.fixture
def program(standing: TheHouse, bram: Party) -> Program:
    standing.clock.set(standing.clock.now().replace(microsecond=0))
    return Program(standing, bram, "Ed25519")


def public(key: Any, **members: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False)) | members


def certificate(key: Any, begins: datetime, ends: datetime) -> str:
    """A certificate that its owner made himself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bram")])
    private = key.private_key
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(private, None if isinstance(key, OKPKey) else hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def code(attempt: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        attempt()
    return error.value.code


def add(program: Program, keys: object, **days: str) -> list[str]:
    text = keys if isinstance(keys, str) else json.dumps(keys)
    added = program.house.operator(
        "registry.client.key.add", client_id=program.client_id, public_key=text, **days
    )
    return list(added["key_ids"])


def signs(program: Program, key: Any, algorithm: str, **header: Any) -> str:
    return program.mint(program.sign(program.claims(), key, algorithm, **header))


def is_refused(program: Program, key: Any, algorithm: str, **header: Any) -> None:
    refused(program, program.sign(program.claims(), key, algorithm, **header))


def test_two_keys_are_good_beside_each_other_until_the_old_one_is_ended(program: Program) -> None:
    house, fresh = program.house, ECKey.generate_key("P-256")
    is_refused(program, fresh, "ES256")
    add(program, public(fresh, kid="second"))
    old_token = signs(program, program.key, "Ed25519")
    new_token = signs(program, fresh, "ES256", kid="second")
    shown = house.operator("registry.client.show", client_id=program.client_id)
    by_name = {one["kid"]: one["key_id"] for one in shown["keys"]}
    assert by_name.keys() == {"second", None}
    house.operator("registry.client.key.end", key_id=by_name[None])
    is_refused(program, program.key, "Ed25519")
    assert code(lambda: house.client.call("party.me", Proof.token(old_token))) == "unauthenticated"
    assert house.client.call("party.me", Proof.token(new_token))
    assert signs(program, fresh, "ES256")


def test_a_key_that_ends_later_is_good_until_that_moment_and_its_tokens_have_their_hour(
    program: Program,
) -> None:
    house = program.house
    (key,) = house.operator("registry.client.show", client_id=program.client_id)["keys"]
    until = house.clock.now() + timedelta(hours=2)
    house.operator("registry.client.key.end", key_id=key["key_id"], at=until.isoformat())
    house.clock.set(until - timedelta(seconds=1))
    token = signs(program, program.key, "Ed25519")
    house.clock.set(until)
    is_refused(program, program.key, "Ed25519")
    assert house.client.call("party.me", Proof.token(token))


def test_a_key_with_days_is_good_on_those_days_alone(program: Program) -> None:
    house, fresh = program.house, ECKey.generate_key("P-256")
    begins, ends = house.clock.now() + DAY, house.clock.now() + 2 * DAY
    add(program, public(fresh), valid_from=begins.isoformat(), valid_until=ends.isoformat())
    for moment, is_good in ((begins - timedelta(seconds=1), False), (begins, True), (ends, False)):
        house.clock.set(moment)
        if is_good:
            assert signs(program, fresh, "ES256")
        else:
            is_refused(program, fresh, "ES256")


def test_a_named_key_is_looked_for_by_its_name_or_its_print_and_no_other(program: Program) -> None:
    first, second = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    add(program, {"keys": [public(first, kid="a"), public(second, kid="b")]})
    assert signs(program, first, "ES256", kid="a")
    assert signs(program, second, "ES256", kid=second.thumbprint())
    assert signs(program, program.key, "Ed25519", kid=program.key.thumbprint())
    for kid in ("b", "c", "", second.thumbprint(), "../a", "a' OR '1'='1"):
        is_refused(program, first, "ES256", kid=kid)


@pytest.mark.parametrize("kind", ["RSA", "EC", "Ed25519"])
def test_the_key_of_a_certificate_is_good_within_its_days(program: Program, kind: str) -> None:
    house = program.house
    key: Any = {"RSA": KEYS["PS256"], "EC": ECKey.generate_key("P-256")}.get(kind) or OKPKey.generate_key()
    algorithm = {"RSA": "PS256", "EC": "ES256", "Ed25519": "Ed25519"}[kind]
    begins, ends = house.clock.now() + DAY, house.clock.now() + 2 * DAY
    add(program, certificate(key, begins, ends))
    is_refused(program, key, algorithm)
    house.clock.set(begins)
    assert signs(program, key, algorithm)
    house.clock.set(ends)
    is_refused(program, key, algorithm)


def test_a_key_that_says_its_algorithm_signs_with_no_other(program: Program) -> None:
    add(program, public(KEYS["RS256"], alg="PS256"))
    assert signs(program, KEYS["RS256"], "PS256")
    is_refused(program, KEYS["RS256"], "RS256")


EC = ECKey.generate_key("P-256")


@cache
def an_rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """One of each length: looking for primes takes long."""
    return rsa.generate_private_key(65537, bits)


WEAK = SimpleNamespace(private_key=an_rsa_key(1024))


def modulus(bits: int, length: int = 0) -> dict[str, Any]:
    """An RSA key of so many bits, written in so many bytes at least."""
    number = an_rsa_key(bits).public_key().public_numbers().n
    return {"kty": "RSA", "e": "AQAB", "n": jose.encode(number.to_bytes(max(length, bits // 8)))}


UNFIT: dict[str, str] = {
    "an empty set": '{"keys":[]}',
    "five keys": json.dumps({"keys": [public(ECKey.generate_key("P-256")) for _ in range(5)]}),
    "the same key twice": json.dumps({"keys": [public(EC), public(EC, kid="x")]}),
    "the same name twice": json.dumps(
        {"keys": [public(EC, kid="x"), public(ECKey.generate_key("P-256"), kid="x")]}
    ),
    "a set in a set": json.dumps({"keys": [{"keys": [public(EC)]}]}),
    "a private key in a set": json.dumps({"keys": [EC.as_dict(private=True)]}),
    "a key to encrypt with": json.dumps(public(EC, use="enc")),
    "another algorithm": json.dumps(public(EC, alg="RS256")),
    "a weak RSA key": json.dumps(modulus(1024)),
    "a weak RSA key with zeros before it": json.dumps(modulus(1024, 256)),
    "an RSA key that takes long": json.dumps(modulus(2048) | {"n": jose.encode(b"\xff" * 1025)}),
    "an RSA key that anybody signs for": json.dumps(modulus(2048) | {"e": "AQ"}),
    "a modulus that is a number": json.dumps(modulus(2048) | {"n": 3}),
    "a modulus in another alphabet": json.dumps(modulus(2048) | {"n": "+/" * 171}),
    "alg none": json.dumps(public(EC, alg="none")),
    "a name that is a number": json.dumps(public(EC, kid=1)),
    "a name with a line": json.dumps(public(EC, kid="a\nb")),
    "half a certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n",
    "a certificate of nothing": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "a certificate of another curve": certificate(
        ECKey.generate_key("P-384"), datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    ),
    "a weak certificate": certificate(
        WEAK, datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    ),
    "a certificate of the past": certificate(
        EC, datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    ),
    "a private key": EC.as_pem(private=True).decode(),
}


@pytest.mark.parametrize("keys", UNFIT.values(), ids=UNFIT)
def test_keys_that_no_assertion_could_rest_on_are_refused(program: Program, keys: str) -> None:
    before = query(program.house, "SELECT count(*) FROM identity.client_key")
    assert code(lambda: add(program, keys)) == "malformed-request"
    assert query(program.house, "SELECT count(*) FROM identity.client_key") == before


def test_what_cannot_be_is_refused_and_changes_nothing(
    program: Program, standing: TheHouse, bram: Party
) -> None:
    before = query(standing, "SELECT size FROM ledger.head")
    (own,) = standing.operator("registry.client.show", client_id=program.client_id)["keys"]
    assert code(lambda: add(program, public(program.key))) == "conflict"
    assert code(lambda: add(program, public(EC, kid=program.key.thumbprint()))) == "conflict"
    assert code(lambda: add(program, public(EC), valid_until="2001-01-01T00:00:00Z")) == "malformed-request"
    five = {"keys": [public(ECKey.generate_key("P-256")) for _ in range(4)]}
    assert code(lambda: add(program, five)) == "conflict"
    end = "registry.client.key.end"
    assert code(lambda: standing.operator(end, key_id=str(bram.party_id))) == "not-found"
    past = (standing.clock.now() - DAY).isoformat()
    assert code(lambda: standing.operator(end, key_id=own["key_id"], at=past)) == "malformed-request"
    for command, given in (
        ("registry.client.key.add", {"client_id": program.client_id, "public_key": json.dumps(public(EC))}),
        (end, {"key_id": own["key_id"]}),
        ("registry.client.show", {"client_id": program.client_id}),
    ):
        assert code(lambda: bram.call(command, **given)) == "unauthenticated"  # noqa: B023
    with_secret = {"client_id": bram.client_id, "public_key": json.dumps(public(EC))}
    assert code(lambda: standing.operator("registry.client.key.add", **with_secret)) == "conflict"
    assert code(lambda: standing.operator("registry.client.renew", client_id=program.client_id)) == "conflict"
    assert query(standing, "SELECT size FROM ledger.head") == before


def test_a_restored_database_takes_no_ended_key_for_good_and_signs_tokens_with_a_new_one(
    house: TheHouse, backups: Backups, lotte: Customer
) -> None:
    joris = house.party("Joris Buitenstaander", "energy_service")
    program = Program(house, joris, "Ed25519")
    signing_before = {key["kid"] for key in house.client.call("token.keys")["keys"]}
    backups.dump()
    (key,) = house.operator("registry.client.show", client_id=program.client_id)["keys"]
    house.operator("registry.client.key.end", key_id=key["key_id"])
    house.operator("token.keys.rotate", reason="the signing key leaked", withdraw=True)
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")
    backups.log_in_again(lotte)
    house.operator("reconcile.finish")
    is_refused(program, program.key, "Ed25519")
    assert signing_before.isdisjoint(key["kid"] for key in house.client.call("token.keys")["keys"])
