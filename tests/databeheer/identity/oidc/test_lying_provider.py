"""What a provider, or who stands in for one, says wrongly gives no session: each rule, broken alone."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, Key, RSAKey, import_key

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity import jose
from databeheer.identity.oidc import own_keys
from databeheer.identity.oidc.errands import LARGEST_FETCHED
from databeheer.identity.oidc.id_token import LONGEST_LOG_IN
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider_keys import KEPT, REFETCHED_AFTER
from tests.databases import Databases
from tests.doors import query
from tests.house import TheHouse, open_house
from tests.identity_providers import LEVEL, SETTINGS, Lying, Reply, lying, reached

CLIENT = "databeheer"
Claims = dict[str, Any]


@cache
def a_key(number: str) -> Claims:
    """A key of the provider; looking for its primes is left until it signs."""
    return dict(RSAKey.generate_key(2048, private=True).as_dict(private=True)) | {"kid": number, "use": "sig"}


KEY, OTHER = partial(a_key, "one"), partial(a_key, "two")


def public(*keys: Claims) -> dict[str, Any]:
    return {"keys": [{name: key[name] for name in ("kty", "n", "e", "kid", "use")} for key in keys]}


def sign(claims: Claims, key: Claims | None = None, algorithm: str = "RS256", **header: Any) -> str:
    key = key or KEY()
    said = {"alg": algorithm, "kid": key["kid"], **header}
    said = {name: value for name, value in said.items() if value is not None}
    payload = json.dumps(claims).encode()
    return jws.serialize_compact(said, payload, opened(json.dumps(key)), algorithms=[algorithm])


@cache
def opened(key: str) -> Key:
    """A private key to sign with: each time it is read, its primes are tried again."""
    return import_key(json.loads(key))


@dataclass
class Table:
    """A house, the provider that lies to it, and what it says of the person."""

    house: TheHouse
    liar: Lying
    own: OwnKeys
    nonce: str = ""
    query: dict[str, str] = field(default_factory=dict)

    @property
    def claims(self) -> Claims:
        now = int(self.house.clock.now().timestamp())
        return {
            "iss": self.liar.issuer,
            "aud": CLIENT,
            "sub": "a-pairwise-subject",
            "name": "Maria Peeters",
            "acr": LEVEL,
            "nonce": self.query["nonce"],
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
        }

    def begin(self, *, fresh: bool = False) -> None:
        begun = self.house.client.call("login.begin", fresh=fresh)
        self.nonce = begun["nonce"]
        asked = parse_qs(urlsplit(begun["authorize_url"]).query)
        self.query = {name: values[0] for name, values in asked.items()}

    def finish(self, token: object, **answer: str | None) -> dict[str, Any]:
        body = json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": token}).encode()
        self.liar.answers["/token"] = lambda _: (200, body)
        said = {"code": "a-code", "state": self.query["state"], "iss": self.liar.issuer, **answer}
        text = urlencode({name: value for name, value in said.items() if value is not None})
        return self.house.client.call("login.finish", answer=text, nonce=self.nonce)

    def refused(self, token: object, **answer: str | None) -> str:
        before = self.sessions()
        with pytest.raises(DoorRefusedError) as refusal:
            self.finish(token, **answer)
        assert self.sessions() == before
        for secret in ("a-pairwise-subject", "Maria", self.query["nonce"], self.query["state"]):
            assert secret not in str(refusal.value)
        return refusal.value.code

    def sessions(self) -> int:
        return int(query(self.house, "SELECT count(*) FROM identity.session")[0][0])


def keys_are(liar: Lying, *keys: Claims) -> None:
    liar.answers["/jwks"] = lambda _: (200, json.dumps(public(*keys)).encode())


def honest(liar: Lying, **changes: Any) -> None:
    """Let it say of itself what a provider should."""
    said = {
        "issuer": liar.issuer,
        "authorization_endpoint": f"{liar.issuer}/authorize?tenant=1",
        "token_endpoint": f"{liar.issuer}/token",
        "jwks_uri": f"{liar.issuer}/jwks",
        "authorization_response_iss_parameter_supported": True,
    }
    body = json.dumps(said | changes).encode()
    liar.answers["/.well-known/openid-configuration"] = lambda _: (200, body)
    keys_are(liar, KEY())


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lying")
    own_keys.make(folder / "client.jwks", "ECDH-ES")
    return folder


@contextmanager
def sat_at(house: TheHouse, folder: Path, more: str = "") -> Iterator[Table]:
    with lying() as liar:
        honest(liar)
        text = SETTINGS.format(issuer=liar.issuer, client_id=CLIENT, level=LEVEL, signed_with="RS256") + more
        with reached(folder, text) as provider:
            object.__setattr__(house.house, "provider", provider)
            yield Table(house, liar, OwnKeys.read(folder / "client.jwks"))


@pytest.fixture
def table(shared: TheHouse, folder: Path) -> Iterator[Table]:
    with sat_at(shared, folder) as table:
        yield table


@pytest.fixture
def sealed_table(shared: TheHouse, folder: Path) -> Iterator[Table]:
    with sat_at(shared, folder, "encrypted = true\n") as table:
        yield table


def test_what_is_right_gives_a_session_and_the_code_is_redeemed_by_who_can(table: Table) -> None:
    table.begin()
    finished = table.finish(sign(table.claims))
    assert table.house.client.call("me", Proof.session(finished["session"]))["name"] == "Maria Peeters"
    (form,) = [form for path, form in table.liar.asked if path == "/token"]
    assert form["redirect_uri"] == table.query["redirect_uri"]
    assert "client_secret" not in form
    shown = jose.read(form["client_assertion"], types=("jwt",))
    jose.verify(shown, table.own.public["keys"][0], ["ES256"])
    assert (shown.claims["aud"], shown.claims["sub"]) == (table.liar.issuer, CLIENT)
    assert table.query["tenant"] == "1"
    assert table.query["code_challenge_method"] == "S256"
    assert form["code_verifier"] not in json.dumps(table.query)


WRONG: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda c: c | {"nonce": "another"},
    "no nonce": lambda c: without(c, "nonce"),
    "another issuer": lambda c: c | {"iss": "https://evil.example"},
    "its issuer with a slash": lambda c: c | {"iss": c["iss"] + "/"},
    "another audience": lambda c: c | {"aud": "somebody"},
    "one audience more": lambda c: c | {"aud": [CLIENT, "somebody"]},
    "our audience twice": lambda c: c | {"aud": [CLIENT, CLIENT]},
    "no audience": lambda c: without(c, "aud"),
    "another party that asked": lambda c: c | {"azp": "somebody"},
    "expired": lambda c: c | {"exp": c["iat"] - 30},
    "no expiry": lambda c: without(c, "exp"),
    "expiry as text": lambda c: c | {"exp": str(c["exp"])},
    "expiry as a fraction": lambda c: c | {"exp": c["exp"] + 0.5},
    "made in the future": lambda c: c | {"iat": c["iat"] + 32},
    "made long ago": lambda c: c | {"iat": c["iat"] - 332},
    "not counting yet": lambda c: c | {"nbf": c["iat"] + 32},
    "no hour of the log-in": lambda c: without(c, "auth_time"),
    "a log-in of the day before": lambda c: (
        c | {"auth_time": c["iat"] - int(LONGEST_LOG_IN.total_seconds()) - 32}
    ),
    "a log-in in the future": lambda c: c | {"auth_time": c["iat"] + 32},
    "no subject": lambda c: without(c, "sub"),
    "an empty subject": lambda c: c | {"sub": ""},
    "a number as subject": lambda c: c | {"sub": 7},
    "a long subject": lambda c: c | {"sub": "x" * 201},
    "a name with a line of its own": lambda c: c | {"name": "Maria\nPeeters"},
    "no name": lambda c: without(c, "name"),
}


def without(claims: Claims, name: str) -> Claims:
    return {each: value for each, value in claims.items() if each != name}


def test_a_token_with_one_wrong_claim_gives_no_session(table: Table) -> None:
    for name, wrong in WRONG.items():
        table.begin()
        assert table.refused(sign(wrong(table.claims))) == "unauthenticated", name
    for acr in (None, "urn:test:weak", [LEVEL], LEVEL.upper()):
        table.begin()
        assert table.refused(sign(table.claims | {"acr": acr})) == "level-too-low", acr


def test_clocks_that_differ_by_half_a_minute_keep_nobody_out(table: Table) -> None:
    for changes in ({"iat": 29}, {"auth_time": 29}, {"exp": -329}):
        table.begin()
        claims = table.claims
        assert table.finish(
            sign(claims | {name: claims[name] + seconds for name, seconds in changes.items()})
        )


def test_a_token_that_no_published_key_signed_as_agreed_gives_no_session(table: Table) -> None:
    pem = import_key(KEY()).as_pem(private=False)
    forged: dict[str, Callable[[Claims], object]] = {
        "another key under the same number": lambda c: sign(c, OTHER() | {"kid": "one"}),
        "another key": lambda c: sign(c, OTHER()),
        "a number nobody published": lambda c: sign(c, KEY() | {"kid": "unheard-of"}),
        "another algorithm of the same key": lambda c: sign(c, algorithm="PS256"),
        "the public key as a secret": lambda c: with_secret(c, pem),
        "none": lambda c: unsigned(c, "none"),
        "None": lambda c: unsigned(c, "None"),
        "no signature": lambda c: sign(c).rpartition(".")[0] + ".",
        "a signature of other claims": lambda c: swapped(sign(c), c | {"sub": "somebody else"}),
        "a key of its own in the header": lambda c: sign(c, OTHER(), jwk=public(OTHER())["keys"][0]),
        "a place for keys in the header": lambda c: sign(c, OTHER(), jku=f"{table.liar.issuer}/jwks"),
        "another type": lambda c: sign(c, typ="at+jwt"),
        "encrypted where that was not agreed": lambda c: sealed(sign(c), table.own.public["keys"][1]),
        "too long": lambda c: sign(c | {"more": "x" * 30_000}),
        "no token": lambda _: "x",
        "nothing": lambda _: None,
        "an object": lambda c: c,
    }
    for name, forge in forged.items():
        table.begin()
        assert table.refused(forge(table.claims)) == "unauthenticated", name


def unsigned(claims: Claims, algorithm: str) -> str:
    head = jose.encode(json.dumps({"alg": algorithm}).encode())
    return f"{head}.{jose.encode(json.dumps(claims).encode())}."


def with_secret(claims: Claims, secret: bytes) -> str:
    head = jose.encode(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signed = f"{head}.{jose.encode(json.dumps(claims).encode())}"
    return f"{signed}.{jose.encode(hmac.digest(secret, signed.encode(), 'sha256'))}"


def swapped(token: str, claims: Claims) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{jose.encode(json.dumps(claims).encode())}.{signature}"


def sealed(token: str, key: Claims, algorithm: str = "ECDH-ES", content: str = "A256GCM", **more: Any) -> str:
    header = {"alg": algorithm, "enc": content, "kid": key["kid"], "cty": "JWT", **more}
    names = [algorithm, content, *(["DEF"] if "zip" in more else [])]
    return jwe.encrypt_compact(header, token.encode(), import_key(key), algorithms=names)


def test_where_tokens_are_sealed_only_a_signed_one_sealed_to_us_counts(sealed_table: Table) -> None:
    ours = sealed_table.own.public["keys"][1]
    foreign = ECKey.generate_key("P-256", private=True).as_dict(private=False)
    wrong: dict[str, Callable[[Claims], object]] = {
        "not sealed": sign,
        "unsigned inside": lambda c: sealed(unsigned(c, "none"), ours),
        "bare claims inside": lambda c: sealed(json.dumps(c), ours),
        "signed by another inside": lambda c: sealed(sign(c, OTHER()), ours),
        "sealed twice": lambda c: sealed(sealed(sign(c), ours), ours),
        "sealed to somebody else": lambda c: sealed(sign(c), dict(foreign) | {"kid": "foreign"}),
        "sealed to somebody else under our number": lambda c: sealed(
            sign(c), dict(foreign) | {"kid": ours["kid"]}
        ),
        "packed, to be unpacked": lambda c: sealed(sign(c), ours, zip="DEF"),
        "in a way not taken": lambda c: sealed(sign(c), ours, "ECDH-ES+A128KW", "A128GCM"),
        "with an expired token": lambda c: sealed(sign(c | {"exp": c["iat"] - 31}), ours),
        "with a byte changed": lambda c: sealed(sign(c), ours)[:-1] + "_",
    }
    for name, make in wrong.items():
        sealed_table.begin()
        assert sealed_table.refused(make(sealed_table.claims)) == "unauthenticated", name
    sealed_table.begin()
    assert sealed_table.finish(sealed(sign(sealed_table.claims), ours))["session"]


def test_an_answer_that_is_not_of_this_browsers_log_in_at_this_provider_is_not_redeemed(table: Table) -> None:
    table.begin()
    of_another = table.query["state"]
    for name, answer in {
        "the state of another browser": {"state": of_another},
        "no state": {"state": None},
        "another provider": {"iss": "https://evil.example"},
        "no provider, where it names itself": {"iss": None},
        "no code": {"code": None},
        "an empty code": {"code": ""},
    }.items():
        table.begin()
        assert table.refused(sign(table.claims), **answer) == "unauthenticated", name
    assert not [path for path, _ in table.liar.asked if path == "/token"]
    # Used up, though it was refused: the right answer comes too late.
    assert table.refused(sign(table.claims)) == "unauthenticated"


def test_a_fresh_log_in_wants_one_that_began_after_it_was_asked_for(table: Table) -> None:
    table.begin(fresh=True)
    assert (table.query["prompt"], table.query["max_age"]) == ("login", "0")
    assert table.refused(sign(table.claims | {"auth_time": table.claims["iat"] - 31})) == "unauthenticated"
    table.begin(fresh=True)
    assert table.finish(sign(table.claims))["session"]


def test_made_up_numbers_of_keys_make_nobody_fetch_them_more_than_once_a_minute(table: Table) -> None:
    def fetched() -> int:
        return len([path for path, _ in table.liar.asked if path == "/jwks"])

    for _ in range(5):
        table.begin()
        table.refused(sign(table.claims, OTHER()))
    assert fetched() == 1
    keys_are(table.liar, OTHER())
    table.house.clock.advance(REFETCHED_AFTER)
    table.begin()
    assert table.finish(sign(table.claims, OTHER()))["session"]
    assert fetched() == 2
    # A key that the provider took away is believed no longer.
    table.begin()
    assert table.refused(sign(table.claims, KEY())) == "unauthenticated"
    keys_are(table.liar, KEY())
    table.house.clock.advance(KEPT)
    table.begin()
    assert table.refused(sign(table.claims, OTHER())) == "unauthenticated"


def test_keys_that_cannot_sign_are_no_keys(table: Table) -> None:
    small = KEY() | {"n": jose.encode(jose.decode(KEY()["n"])[:128]), "kid": "small"}
    for keys in (public(small), {"keys": [KEY()]}, {"keys": "none"}, {"keys": []}, []):
        body = json.dumps(keys).encode()
        table.liar.answers["/jwks"] = lambda _, body=body: (200, body)  # type: ignore[misc]
        table.house.clock.advance(KEPT)
        table.begin()
        assert table.refused(sign(table.claims)) == "unavailable"


def test_a_provider_that_is_away_or_answers_nonsense_lets_nobody_in_and_says_so(table: Table) -> None:
    nonsense: dict[str, Reply] = {
        "an error of its own": (500, b"{}"),
        "a redirect": (302, b""),
        "no JSON": (200, b"<html>"),
        "no object": (200, b"[]"),
        "too much": (200, b"x" * (LARGEST_FETCHED + 1)),
        "deep": (200, b"[" * 100_000),
    }
    for name, reply in nonsense.items():
        table.begin()
        token = sign(table.claims)
        table.liar.answers["/token"] = lambda _, reply=reply: reply  # type: ignore[misc]
        text = urlencode({"code": "c", "state": table.query["state"], "iss": table.liar.issuer})
        with pytest.raises(DoorRefusedError) as refusal:
            table.house.client.call("login.finish", answer=text, nonce=table.nonce)
        assert (refusal.value.code, token in str(refusal.value)) == ("unavailable", False), name


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"token_endpoint": "http://127.0.0.2:1/token"},
        {"jwks_uri": "https://evil.example/jwks"},
        {"authorization_endpoint": None},
    ],
    ids=["another issuer", "another host for codes", "another host for keys", "no pages"],
)
def test_a_provider_that_leads_elsewhere_is_not_followed(table: Table, changes: dict[str, Any]) -> None:
    honest(table.liar, **changes)
    with pytest.raises(DoorRefusedError) as refusal:
        table.begin()
    assert refusal.value.code == "unavailable"
    assert [path for path, _ in table.liar.asked] == ["/.well-known/openid-configuration"]


def test_a_log_in_that_took_too_long_is_over(table: Table) -> None:
    table.begin()
    table.house.clock.advance(timedelta(minutes=10))
    assert table.refused(sign(table.claims)) == "unauthenticated"
