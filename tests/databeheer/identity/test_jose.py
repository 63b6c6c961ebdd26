"""Signed tokens of strangers: one spelling and one form, whatever a library would make of another."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from nacl.signing import SigningKey

from databeheer.identity import jose
from databeheer.identity.jose import UnfitTokenError

SIGNER = SigningKey.generate()
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": jose.encode(bytes(SIGNER.verify_key))}
TYPES = ("jwt",)
WORD = st.text('abcé"\\ ', max_size=6)
VALUE = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | WORD
JSON = VALUE | st.lists(VALUE, max_size=3) | st.dictionaries(WORD, VALUE, max_size=3)


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: dict[str, Any] | None = None, claims: str = '{"sub":"x"}') -> str:
    """A token that this key truly signed, whatever its header says."""
    return raw(json.dumps({"alg": "Ed25519"} | (header or {})), claims)


def raw(header: str, claims: str | bytes) -> str:
    """Signed by the key over exactly these bytes."""
    signing_input = f"{b64(header)}.{b64(claims)}"
    return f"{signing_input}.{b64(SIGNER.sign(signing_input.encode()).signature)}"


def hs256(secret: bytes) -> str:
    """What a verifier takes for good that lets the token choose the algorithm and has this public key as bytes."""
    signing_input = f"{b64(json.dumps({'alg': 'HS256'}))}.{b64('{}')}"
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def take(token: str) -> jose.Unverified:
    read = jose.read(token, types=TYPES)
    jose.verify(read, PUBLIC, ["Ed25519"])
    return read


def test_a_proper_token_is_read_and_verified() -> None:
    assert take(signed({"typ": "JWT", "kid": "one"})).claims == {"sub": "x"}
    assert take(signed()).header == {"alg": "Ed25519"}


def test_the_older_name_of_ed25519_is_taken_too() -> None:
    """RFC 8037 calls it EdDSA, and so does nearly every program."""
    token = signed({"alg": "EdDSA"})
    jose.verify(jose.read(token, types=TYPES), PUBLIC, ["EdDSA"])
    for other in (token[:-4] + "AAAA", signed()):
        with pytest.raises(UnfitTokenError):
            jose.verify(jose.read(other, types=TYPES), PUBLIC, ["EdDSA"])
    with pytest.raises(UnfitTokenError):
        take(token)


@given(st.dictionaries(WORD, JSON, max_size=4))
def test_what_was_signed_is_what_is_read(claims: dict[str, Any]) -> None:
    assert take(signed(claims=json.dumps(claims))).claims == claims


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(UnfitTokenError):
        take(text)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6))
def test_no_parts_do_more_than_be_refused(parts: list[bytes]) -> None:
    with pytest.raises(UnfitTokenError):
        take(".".join(b64(part) for part in parts))


@given(st.data())
def test_a_token_with_one_other_character_is_refused(data: st.DataObject) -> None:
    token = signed({"typ": "JWT"})
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda one: one != token[place]))
    with pytest.raises(UnfitTokenError):
        take(token[:place] + other + token[place + 1 :])


BAD: dict[str, str] = {
    "nothing": "",
    "dots": "..",
    "two parts": ".".join(signed().split(".")[:2]),
    "four parts": signed() + ".e30",
    "no signature": signed().rpartition(".")[0] + ".",
    "padding": signed() + "==",
    "a line end": signed() + "\n",
    "a blank before": " " + signed(),
    "the other alphabet": signed().replace("-", "+").replace("_", "/") + "/",
    "oversize": signed(claims=json.dumps({"x": "y" * 8000})),
    "a large header": signed({"kid": "k" * 2000}),
    "alg none": f"{b64(json.dumps({'alg': 'none'}))}.{b64('{}')}.",
    "alg none with a signature": f"{b64(json.dumps({'alg': 'none'}))}.{b64('{}')}.{b64('x')}",
    "alg NONE": signed({"alg": "NONE"}),
    "no alg": raw('{"typ":"JWT"}', "{}"),
    "alg a list": signed({"alg": ["Ed25519"]}),
    "alg in small letters": signed({"alg": "ed25519"}),
    "alg of another curve": signed({"alg": "Ed448"}),
    "HS256 with the public key": hs256(json.dumps(PUBLIC).encode()),
    "HS256 with the bytes of the public key": hs256(bytes(SIGNER.verify_key)),
    "HS256 with the public key as PEM": hs256(OKPKey.import_key(PUBLIC).as_pem(private=False)),
    "another kind of key": jws.serialize_compact(
        {"alg": "ES256"}, b"{}", ECKey.generate_key("P-256"), algorithms=["ES256"]
    ),
    "another's key": jws.serialize_compact(
        {"alg": "Ed25519"}, b"{}", OKPKey.generate_key("Ed25519"), algorithms=["Ed25519"]
    ),
    "crit": signed({"crit": ["exp"], "exp": 1}),
    "empty crit": signed({"crit": []}),
    "b64": signed({"b64": False, "crit": ["b64"]}),
    "b64 without crit": signed({"b64": False}),
    "b64 true": signed({"b64": True}),
    "a key of its own": signed({"jwk": PUBLIC}),
    "an address of keys": signed({"jku": "https://evil.example/keys"}),
    "an address of certificates": signed({"x5u": "https://evil.example/c"}),
    "certificates": signed({"x5c": ["AA=="]}),
    "nested": signed({"cty": "JWT"}),
    "compressed": signed({"zip": "DEF"}),
    "an access token": signed({"typ": "at+jwt"}),
    "typ of a proof": signed({"typ": "dpop+jwt"}),
    "typ a number": signed({"typ": 1}),
    "kid a number": signed({"kid": 1}),
    "kid nothing": signed({"kid": None}),
    "a member twice in the header": raw('{"alg":"none","alg":"Ed25519"}', "{}"),
    "a member twice": raw('{"alg":"Ed25519"}', '{"sub":"x","sub":"y"}'),
    "a member twice further in": raw('{"alg":"Ed25519"}', '{"a":{"b":1,"b":2}}'),
    "NaN": signed(claims='{"exp":NaN}'),
    "Infinity": signed(claims='{"exp":Infinity}'),
    "a number without end": signed(claims='{"exp":' + "9" * 400 + "}"),
    "a list": signed(claims="[]"),
    "a text": signed(claims='"x"'),
    "no JSON": signed(claims="exp=1"),
    "two objects": signed(claims="{}{}"),
    "a mark of byte order": raw('{"alg":"Ed25519"}', "\ufeff{}"),
    "not UTF-8": raw('{"alg":"Ed25519"}', b'{"a":"\xff"}'),
    "deep": signed(claims="[" * 1500),
    "deep but closed": signed(claims='{"a":' + "[" * 1400 + "]" * 1400 + "}"),
    "a signature cut short": signed()[:-2],
    "JSON form": json.dumps({"payload": b64("{}"), "protected": b64("{}"), "signature": b64("x")}),
    "encrypted": jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A128GCM"},
        b"{}",
        ECKey.generate_key("P-256"),
        algorithms=["ECDH-ES", "A128GCM"],
    ),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_a_malformed_token_is_refused(token: str) -> None:
    with pytest.raises(UnfitTokenError):
        take(token)


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    """The last letter of base64 has bits that nobody reads: two texts for one token would be used twice."""
    token = signed()
    last = token[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(last) ^ 1]
    with pytest.raises(UnfitTokenError, match="spelling"):
        take(twin)


def test_a_thumbprint_is_that_of_rfc_7638() -> None:
    for key in (RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")):
        members = key.as_dict(private=False) | {"kid": "of no matter", "use": "sig"}
        assert jose.thumbprint(members) == key.thumbprint()
