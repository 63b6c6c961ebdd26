"""How a party's program shows who it is: a signed assertion, or the mere secret that is the documented exception."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from databeheer.door.client import DoorRefusedError, Proof
from tests.databeheer.door.test_log_in import b64
from tests.doors import execute, meanwhile, query
from tests.house import PUBLIC_URL, Party, TheHouse

KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048),
    "PS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


class Program:
    """A program of a party that signs its assertions."""

    def __init__(
        self, house: TheHouse, party: Party, algorithm: str, profiles: list[str] | None = None
    ) -> None:
        self.house, self.key, self.algorithm = house, KEYS[algorithm], algorithm
        public = json.dumps(self.key.as_dict(private=False))
        added = house.operator(
            "registry.client.add", party_id=party.party_id, profiles=profiles or ["own"], public_key=public
        )
        self.client_id = added["client_id"]
        self.numbers = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        now, self.numbers = int(self.house.clock.now().timestamp()), self.numbers + 1
        right = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": PUBLIC_URL,
            "jti": f"{self.client_id}-{self.numbers:08}",
            "iat": now,
            "exp": now + 60,
        }
        return {name: value for name, value in (right | changes).items() if value is not ...}

    def sign(
        self, claims: dict[str, Any], key: Any = None, algorithm: str | None = None, **header: Any
    ) -> str:
        algorithm = algorithm or self.algorithm
        payload = json.dumps(claims).encode()
        if algorithm == "EdDSA":  # the library does not sign under this name any more
            signed = f"{b64(json.dumps({'alg': algorithm, **header}).encode())}.{b64(payload)}"
            return f"{signed}.{b64((key or self.key).private_key.sign(signed.encode()))}"
        return jws.serialize_compact(
            {"alg": algorithm, **header}, payload, key or self.key, algorithms=[algorithm]
        )

    def mint(self, assertion: str, profile: str = "own") -> str:
        answer = self.house.client.call(
            "token.mint", client_id=self.client_id, client_assertion=assertion, profile=profile
        )
        return str(answer["access_token"])


@pytest.fixture(scope="module")
def bram(standing: TheHouse) -> Party:
    return standing.party("Bram Energieadvies", "energy_service")


@pytest.fixture(scope="module")
def program(standing: TheHouse, bram: Party) -> Program:
    return Program(standing, bram, "Ed25519")


def claims_of(token: str) -> dict[str, Any]:
    """What an access token says; nobody looks at its signature."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def tokens(house: TheHouse) -> int:
    return int(query(house, "SELECT count(*) FROM identity.access_token")[0][0])


def refused(program: Program, assertion: str, profile: str = "own") -> None:
    before = tokens(program.house)
    with pytest.raises(DoorRefusedError) as error:
        program.mint(assertion, profile)
    assert error.value.code == "unauthenticated"
    assert tokens(program.house) == before


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_signed_assertion_gives_a_token_of_the_party(
    standing: TheHouse, bram: Party, algorithm: str
) -> None:
    program = Program(standing, bram, algorithm)
    token = program.mint(program.sign(program.claims()))
    me = standing.client.call("party.me", Proof.token(token))
    assert (me["party_id"], me["profile"]) == (bram.party_id, "own")


CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "client-0000000000000000"},
    "another subject": {"sub": "client-0000000000000000"},
    "no issuer": {"iss": ...},
    "no subject": {"sub": ...},
    "another audience": {"aud": "https://elsewhere.example"},
    "our audience in a list": {"aud": [PUBLIC_URL]},
    "our audience among others": {"aud": [PUBLIC_URL, "https://elsewhere.example"]},
    "an empty audience": {"aud": ""},
    "no audience": {"aud": ...},
    "no number": {"jti": ...},
    "an empty number": {"jti": ""},
    "a short number": {"jti": "1234567"},
    "a very long number": {"jti": "x" * 201},
    "a number that is a number": {"jti": 12345678},
    "no expiry": {"exp": ...},
    "an expiry that is a text": {"exp": "1"},
    "an expiry with a fraction": {"exp": 2e9},
    "an expiry that is true": {"exp": True},
    "expiry without end": {"exp": 2**60},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS)
def test_a_wrong_claim_gives_no_token(program: Program, changes: dict[str, Any]) -> None:
    refused(program, program.sign(program.claims(**changes)))


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"exp": 0}, False),
        ({"exp": 1}, True),
        ({"exp": 310}, True),
        ({"exp": 311}, False),
        ({"iat": 10}, True),
        ({"iat": 11}, False),
        ({"nbf": 10}, True),
        ({"nbf": 11}, False),
        ({"iat": ...}, True),
        ({"iat": -250}, True),
        ({"iat": -251}, False),
        ({"nbf": -251}, False),
        ({"iat": -(10**8)}, False),
        ({"iat": 0, "nbf": -251}, False),
    ],
)
def test_an_assertion_lives_five_minutes_and_not_before_its_time(
    program: Program, changes: dict[str, Any], is_good: bool
) -> None:
    program.house.clock.set(program.house.clock.now().replace(microsecond=0))
    now = int(program.house.clock.now().timestamp())
    claims = program.claims(
        **{name: value if value is ... else now + value for name, value in changes.items()}
    )
    if is_good:
        assert program.mint(program.sign(claims))
    else:
        refused(program, program.sign(claims))


def test_an_assertion_serves_once_even_signed_anew(program: Program) -> None:
    claims = program.claims()
    assertion = program.sign(claims)
    assert program.mint(assertion)
    refused(program, assertion)
    refused(program, program.sign(claims | {"exp": claims["exp"] + 30}))


def test_of_the_same_assertion_handed_in_many_times_at_once_one_serves(program: Program) -> None:
    assertion = program.sign(program.claims())
    attempts = [meanwhile(program.house.client, lambda: program.mint(assertion)) for _ in range(8)]
    failures = [attempt.exception(60) for attempt in attempts]
    assert sum(failure is None for failure in failures) == 1
    assert {failure.code for failure in failures if isinstance(failure, DoorRefusedError)} == {
        "unauthenticated"
    }


def test_a_used_number_is_forgotten_only_when_its_assertion_has_expired(house: TheHouse) -> None:
    program = Program(house, house.party("Bram", "energy_service"), "Ed25519")
    assertion = program.sign(program.claims())
    program.mint(assertion)
    house.clock.advance(timedelta(seconds=59))
    program.mint(program.sign(program.claims()))
    refused(program, assertion)
    house.clock.advance(timedelta(seconds=2))
    program.mint(program.sign(program.claims()))  # clears what has expired
    refused(program, assertion)


def _hs256_with_the_public_key(program: Program, claims: dict[str, Any]) -> str:
    secret = OctKey.import_key(json.dumps(program.key.as_dict(private=False)).encode())
    return program.sign(claims, secret, "HS256")


def _none(program: Program, claims: dict[str, Any]) -> str:
    header = json.dumps({"alg": "none"}).encode()
    return f"{b64(header)}.{b64(json.dumps(claims).encode())}."


FORGERIES: dict[str, Callable[[Program, dict[str, Any]], str]] = {
    "HS256 with the public key": _hs256_with_the_public_key,
    "no signature": _none,
    "another key": lambda program, claims: program.sign(claims, OKPKey.generate_key("Ed25519")),
    "another kind of key": lambda program, claims: program.sign(claims, KEYS["ES256"], "ES256"),
    "a longer hash": lambda program, claims: program.sign(claims, RSAKey.generate_key(2048), "RS512"),
    "claims that are a list": lambda program, claims: program.sign([claims]),  # type: ignore[arg-type]
    "no claims": lambda program, claims: program.sign({}),
    "garbage": lambda program, claims: "a.b.c",
    "not even dots": lambda program, claims: "assertion",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_assertion_gives_no_token(
    program: Program, forge: Callable[[Program, dict[str, Any]], str]
) -> None:
    refused(program, forge(program, program.claims()))


def test_another_clients_assertion_gives_no_token(standing: TheHouse, bram: Party, program: Program) -> None:
    other = Program(standing, bram, "ES256")
    refused(program, other.sign(other.claims()))
    refused(other, program.sign(program.claims(iss=other.client_id, sub=other.client_id)))
    other.client_id = "client-0000000000000000"
    refused(other, other.sign(other.claims()))


def test_a_client_with_a_key_has_no_secret_that_works(standing: TheHouse, program: Program) -> None:
    for secret in ("", "x", program.client_id):
        with pytest.raises(DoorRefusedError):
            standing.client.call(
                "token.mint", client_id=program.client_id, client_secret=secret, profile="own"
            )
    with pytest.raises(DoorRefusedError):
        standing.client.call("token.mint", client_id=program.client_id, profile="own")


def test_a_client_with_a_secret_takes_no_assertion(standing: TheHouse, bram: Party, program: Program) -> None:
    assertion = program.sign(program.claims(iss=bram.client_id, sub=bram.client_id))
    with pytest.raises(DoorRefusedError):
        standing.client.call(
            "token.mint", client_id=bram.client_id, client_assertion=assertion, profile="own"
        )


@pytest.mark.parametrize(
    "secret", ["", "x", "{right}x", " {right}", "{right_short}", "{subscription}", "{client}"]
)
def test_a_wrong_secret_gives_no_token(standing: TheHouse, bram: Party, secret: str) -> None:
    before = tokens(standing)
    text = secret.format(
        right=bram.client_secret,
        right_short=bram.client_secret[:-1],
        subscription=bram.subscription_key,
        client=bram.client_id,
    )
    with pytest.raises(DoorRefusedError) as error:
        standing.token(bram.client_id, text)
    assert error.value.code == "unauthenticated"
    assert tokens(standing) == before


def test_an_unknown_client_hears_what_a_wrong_secret_hears(standing: TheHouse, bram: Party) -> None:
    said = set()
    for client, secret in ((bram.client_id, "wrong"), ("client-0000000000000000", bram.client_secret)):
        with pytest.raises(DoorRefusedError) as error:
            standing.token(client, secret)
        said.add((error.value.code, str(error.value)))
    assert len(said) == 1


def test_a_client_of_one_interface_gets_no_token_of_the_other(standing: TheHouse, bram: Party) -> None:
    own = Program(standing, bram, "Ed25519", ["own"])
    refused(own, own.sign(own.claims()), "facade")
    facade = Program(standing, bram, "RS256", ["facade"])
    refused(facade, facade.sign(facade.claims()), "own")


def test_without_an_audience_for_the_facade_no_assertion_is_for_it(standing: TheHouse, bram: Party) -> None:
    program = Program(standing, bram, "RS256", ["facade"])
    assert standing.house.facade_audience == ""
    for audience in ("", PUBLIC_URL, None):
        refused(program, program.sign(program.claims(aud=audience)), "facade")


def test_a_subscription_key_belongs_to_its_own_client(standing: TheHouse, bram: Party) -> None:
    joris = standing.party("Joris Buitenstaander", "energy_service")
    token = Proof.token(standing.token(bram.client_id, bram.client_secret, "facade"))
    assert standing.client.call("subscription.check", token, subscription_key=bram.subscription_key) == {
        "profile": "facade",
        "party_id": bram.party_id,
        "sandbox": False,
        "shows_undecided": False,
    }
    for proof, key in (
        (token, joris.subscription_key),
        (token, "x"),
        (Proof.session(token.value), bram.subscription_key),
        (Proof("none", ""), bram.subscription_key),
    ):
        with pytest.raises(DoorRefusedError) as error:
            standing.client.call("subscription.check", proof, subscription_key=key)
        assert error.value.code == "unauthenticated"


@pytest.mark.requirement("R13")
def test_a_suspended_partys_tokens_end_and_a_new_one_is_good_for_its_duties_only(
    house: TheHouse, bram_of_house: Party
) -> None:
    party = bram_of_house
    signing = Program(house, party, "Ed25519")
    tokens_now = [
        party.token,
        house.token(party.client_id, party.client_secret, "facade"),
        signing.mint(signing.sign(signing.claims())),
    ]
    house.operator("registry.party.suspend", party_id=party.party_id, reason="does not meet the conditions")
    for token in tokens_now:
        for command in ("party.me", "permission.list"):
            with pytest.raises(DoorRefusedError) as error:
                house.client.call(command, Proof.token(token))
            assert error.value.code == "unauthenticated"
    for token in (
        house.token(party.client_id, party.client_secret),
        signing.mint(signing.sign(signing.claims())),
    ):
        assert house.client.call("permission.list", Proof.token(token))["permissions"] == []
        assert house.client.call("party.me", Proof.token(token))["party_id"] == party.party_id
        for command in ("webhook.show", "doubt.list"):
            with pytest.raises(DoorRefusedError, match="suspended"):
                house.client.call(command, Proof.token(token))


@pytest.mark.requirement("R13")
def test_a_token_minted_in_the_moment_of_the_suspension_asks_nothing(
    house: TheHouse, bram_of_house: Party
) -> None:
    """The client was read before the suspension committed, the token written after."""
    party = bram_of_house
    house.operator("registry.party.suspend", party_id=party.party_id, reason="does not meet the conditions")
    execute(house, "UPDATE identity.access_token SET revoked_at = NULL WHERE party_id = %s", party.party_id)
    with pytest.raises(DoorRefusedError, match="suspended") as error:
        party.ask()
    assert error.value.code == "unauthenticated"


@pytest.fixture
def bram_of_house(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")


def test_a_token_ends_at_its_hour_to_the_moment(house: TheHouse, bram_of_house: Party) -> None:
    expires = datetime.fromtimestamp(claims_of(bram_of_house.token)["exp"], UTC)
    house.clock.set(expires - timedelta(microseconds=1))
    assert bram_of_house.call("party.me")
    house.clock.advance(timedelta(microseconds=1))
    with pytest.raises(DoorRefusedError) as error:
        bram_of_house.call("party.me")
    assert error.value.code == "unauthenticated"


def _jwk(**members: Any) -> str:
    return json.dumps(members)


UNFIT = {
    "no JSON": "key",
    "a text": '"key"',
    "a list": "[]",
    "no kind": "{}",
    "deep": "[" * 4000,
    "a secret": _jwk(kty="oct", k="c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I"),
    "a private key": json.dumps(KEYS["Ed25519"].as_dict(private=True)),
    "a private RSA key": json.dumps(KEYS["RS256"].as_dict(private=True)),
    "a curve for exchange": json.dumps(OKPKey.generate_key("X25519").as_dict(private=False)),
    "another curve": json.dumps(ECKey.generate_key("P-384").as_dict(private=False)),
    "a point off the curve": _jwk(kty="EC", crv="P-256", x="AA", y="AA"),
    "a short key": _jwk(kty="OKP", crv="Ed25519", x="AA"),
    "a weak RSA key": _jwk(kty="RSA", n=b64(b"\xc1" * 128), e="AQAB"),
}


@pytest.mark.parametrize("key", UNFIT.values(), ids=UNFIT)
def test_a_key_that_no_assertion_could_rest_on_is_refused_when_it_is_registered(
    standing: TheHouse, bram: Party, key: str
) -> None:
    with pytest.raises(DoorRefusedError) as error:
        standing.operator("registry.client.add", party_id=bram.party_id, profiles=["own"], public_key=key)
    assert error.value.code == "malformed-request"
    assert "public_key" in str(error.value)


def test_a_token_of_the_facade_reads_no_more_than_one_of_the_own_interface(
    standing: TheHouse, bram: Party
) -> None:
    facade = Proof.token(standing.token(bram.client_id, bram.client_secret, "facade"))
    assert standing.client.call("party.me", facade)["profile"] == "facade"
    with pytest.raises(DoorRefusedError) as error:
        standing.client.call(
            "joins.run",
            facade,
            case_id="x",
            purpose="x",
            requester_note="case-17",
            **{"from": "2023-10-01T00:00:00Z", "until": "2023-11-01T00:00:00Z"},
        )
    assert error.value.code == "unauthenticated"
