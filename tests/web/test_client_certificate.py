"""A certificate in a header: believed from the proxy alone, gone otherwise; what it binds is good with it alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import request
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

import web
from tests.databases import Databases
from tests.databeheer.door.test_client_keys import certificate
from tests.house import Party, TheHouse, open_house
from web import WebSettings
from web.client_certificate import fingerprint
from web.settings import CertificateHeader, SettingsError

KEY = "the key that the proxy adds"
HEADER = CertificateHeader("Client-Cert", (ip_network("10.0.0.7"),), sha256(KEY.encode()).digest())
PROXY = {"REMOTE_ADDR": "10.0.0.7"}


class Wire:
    """A house behind a proxy, and a client that shows itself by its certificate."""

    def __init__(self, house: TheHouse, setting: CertificateHeader | None) -> None:
        self.house = house
        settings = WebSettings(
            database_url=house.database.url("web"),
            door_socket=house.socket,
            ledger_directory=house.folder / "public",
            secret_key="a secret of forty characters for tests..",
            base_url="http://127.0.0.1:8000",
            certificate_header=setting,
        )
        self.app = web.create_app(settings, areas=("web.api",), clock=house.clock)
        self.seen: list[dict[str, Any]] = []
        self.app.before_request(lambda: self.seen.append(dict(request.headers)))
        now = house.clock.now()
        self.pem = certificate(ECKey.generate_key("P-256"), now - timedelta(days=1), now + timedelta(days=30))
        self.party: Party = house.party("Mira Wederzijds", "energy_service")
        added = house.operator(
            "registry.client.add", party_id=self.party.party_id, profiles=["own"], public_key=self.pem
        )
        self.client_id = added["client_id"]

    def headers(self, pem: str | None = None, key: str = KEY) -> dict[str, str]:
        return {"Client-Cert": quote(pem or self.pem), "Databeheer-Proxy-Key": key}

    def token(
        self, headers: dict[str, str], address: dict[str, str] | None = None, **form: str
    ) -> TestResponse:
        given = {"grant_type": "client_credentials", "client_id": self.client_id} | form
        return self.app.test_client().post(
            "/oauth2/token",
            data=given,
            headers=headers,
            environ_base=PROXY if address is None else address,
        )

    def me(
        self, token: str, headers: dict[str, str] | None = None, address: dict[str, str] | None = None
    ) -> TestResponse:
        return self.app.test_client().get(
            "/api/v1/me",
            headers={"Authorization": f"Bearer {token}"} | (headers or {}),
            environ_base=PROXY if address is None else address,
        )


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        object.__setattr__(house.house, "proxy_key_hash", HEADER.key_hash)
        yield house


@pytest.fixture(scope="module")
def wire(house: TheHouse) -> Iterator[Wire]:
    made = Wire(house, HEADER)
    yield made
    web.close(made.app)


def rfc_9440(pem: str) -> str:
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return f":{b64encode(der).decode()}:"


def test_a_client_shows_itself_by_its_certificate_and_its_token_is_good_with_it_alone(wire: Wire) -> None:
    answer = wire.token(wire.headers())
    assert answer.status_code == 200, answer.get_data(as_text=True)
    token = answer.get_json()["access_token"]
    assert wire.me(token, wire.headers()).status_code == 200
    other = certificate(
        ECKey.generate_key("P-256"),
        wire.house.clock.now() - timedelta(days=1),
        wire.house.clock.now() + timedelta(days=1),
    )
    assert wire.me(token).status_code == 401
    assert wire.me(token, wire.headers(other)).status_code == 401
    assert wire.me(token, wire.headers(), {"REMOTE_ADDR": "10.0.0.8"}).status_code == 401
    assert wire.me(token, wire.headers(key="guess")).status_code == 401


def test_the_standard_form_of_the_header_is_taken_too(wire: Wire) -> None:
    headers = {"Client-Cert": rfc_9440(wire.pem), "Databeheer-Proxy-Key": KEY}
    assert wire.token(headers).status_code == 200
    assert fingerprint(rfc_9440(wire.pem)) == fingerprint(quote(wire.pem))


@pytest.mark.parametrize(
    "address", ["10.0.0.8", "127.0.0.1", "::1", "", "unix", "10.0.0.7.evil", "::ffff:10.0.0.8"]
)
def test_from_another_address_the_header_is_nothing_even_with_the_key(wire: Wire, address: str) -> None:
    assert wire.token(wire.headers(), {"REMOTE_ADDR": address}).status_code == 401


@pytest.mark.parametrize("key", ["", "guess", KEY + " ", KEY.upper(), HEADER.key_hash.hex(), "é"])
def test_without_the_proxys_key_the_header_is_nothing_even_from_its_address(wire: Wire, key: str) -> None:
    assert wire.token(wire.headers(key=key)).status_code == 401


def test_what_the_caller_adds_himself_never_becomes_a_certificate(wire: Wire) -> None:
    """A proxy sets the header; where it adds to the caller's own instead, both together are none."""
    twice = {"Client-Cert": f"{quote(wire.pem)},{quote(wire.pem)}", "Databeheer-Proxy-Key": KEY}
    forwarded = {"X-Forwarded-For": "10.0.0.7", "Forwarded": "for=10.0.0.7"}
    assert wire.token(twice).status_code == 401
    assert wire.token(wire.headers() | forwarded, {"REMOTE_ADDR": "192.0.2.1"}).status_code == 401
    for value in (
        "",
        ":",
        "::",
        ":AA:",
        "AA",
        quote("-----BEGIN CERTIFICATE-----"),
        ":" + "A" * 20_000 + ":",
    ):
        headers = {"Client-Cert": value, "Databeheer-Proxy-Key": KEY}
        assert wire.token(headers).status_code == 401


def test_neither_header_reaches_the_application(wire: Wire, house: TheHouse) -> None:
    strict = Wire(house, None)
    for one, address in ((wire, PROXY), (wire, {"REMOTE_ADDR": "192.0.2.1"}), (strict, PROXY)):
        one.seen.clear()
        one.token(one.headers(), address)
        (headers,) = one.seen
        assert "Databeheer-Proxy-Key" not in headers
        assert KEY not in str(headers)
        if one is wire:
            assert "Client-Cert" not in headers
    web.close(strict.app)


def test_without_a_proxy_set_up_no_certificate_is_believed_and_none_is_offered(house: TheHouse) -> None:
    plain = Wire(house, None)
    assert plain.token(plain.headers()).status_code == 401
    assert plain.app.test_client().get("/.well-known/oauth-authorization-server").get_json()[
        "token_endpoint_auth_methods_supported"
    ] == ["private_key_jwt", "client_secret_basic", "client_secret_post"]
    web.close(plain.app)


def test_a_secret_over_a_certificate_gives_a_bound_token(wire: Wire) -> None:
    form = {"client_id": wire.party.client_id, "client_secret": wire.party.client_secret}
    token = wire.token(wire.headers(), **form).get_json()["access_token"]
    assert wire.me(token, wire.headers()).status_code == 200
    assert wire.me(token).status_code == 401


@pytest.mark.requirement("R153")
def test_a_house_that_asks_for_certificates_refuses_every_program_without_one(house: TheHouse) -> None:
    strict = Wire(house, replace(HEADER, is_required=True))
    form = {"client_id": strict.party.client_id, "client_secret": strict.party.client_secret}
    assert strict.token({}, **form).status_code == 401
    assert strict.me(strict.party.token).status_code == 401
    assert strict.me(strict.party.token, strict.headers(), {"REMOTE_ADDR": "192.0.2.1"}).status_code == 401
    client = strict.app.test_client()
    for path in ("/api/v1/permissions", "/esco/v3/api/mandate", "/ESCO/v3/api/mandate", "/api/v1/nowhere"):
        headers = {"Authorization": f"Bearer {strict.party.token}"}
        answer = client.get(path, headers=headers, environ_base=PROXY)
        assert answer.status_code == 401
        assert "certificate" in answer.get_data(as_text=True)
    for path in ("/oauth2/jwks", "/.well-known/oauth-authorization-server", "/api/v1/openapi.json"):
        assert client.get(path, environ_base=PROXY).status_code == 200
    token = strict.token(strict.headers(), **form).get_json()["access_token"]
    assert strict.me(token, strict.headers()).status_code == 200
    web.close(strict.app)


def test_over_a_socket_the_caller_is_the_proxy_where_that_is_said(house: TheHouse) -> None:
    over = Wire(house, replace(HEADER, proxies=(), takes_socket=True))
    assert over.token(over.headers(), {"REMOTE_ADDR": ""}).status_code == 200
    assert over.token(over.headers(), PROXY).status_code == 401
    web.close(over.app)


def settings(tmp_path: Path, **changes: str) -> dict[str, str]:
    (tmp_path / "hash").write_text(HEADER.key_hash.hex())
    return {
        "DATABEHEER_CERTIFICATE_HEADER": "Client-Cert",
        "DATABEHEER_PROXY_ADDRESSES": "10.0.0.7 unix",
        "DATABEHEER_PROXY_KEY_HASH": str(tmp_path / "hash"),
    } | changes


def test_the_settings_are_read_together_or_the_web_does_not_start(tmp_path: Path) -> None:
    read = CertificateHeader.from_environment(settings(tmp_path))
    assert read == replace(HEADER, takes_socket=True)
    assert HEADER.key_hash.hex() not in repr(read)
    assert CertificateHeader.from_environment({}) is None
    for changes in (
        {"DATABEHEER_CERTIFICATE_HEADER": "Client Cert"},
        {"DATABEHEER_CERTIFICATE_HEADER": "", "DATABEHEER_REQUIRE_CERTIFICATE": "1"},
        {"DATABEHEER_PROXY_ADDRESSES": ""},
        {"DATABEHEER_PROXY_ADDRESSES": "proxy.example"},
        {"DATABEHEER_PROXY_ADDRESSES": "10.0.0.7/8"},
        {"DATABEHEER_PROXY_KEY_HASH": ""},
        {"DATABEHEER_PROXY_KEY_HASH": str(tmp_path / "nowhere")},
        {"DATABEHEER_REQUIRE_CERTIFICATE": "yes"},
    ):
        with pytest.raises(SettingsError):
            CertificateHeader.from_environment(settings(tmp_path, **changes))
