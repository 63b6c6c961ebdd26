"""Identity providers to log in at: the certified one (`oidc-provider`, run by node), and one of our own that lies.

Both are reached as in earnest: by the real courier over its socket, through `OpenIDProvider`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc.jwk import ECKey, RSAKey

from databeheer.identity.oidc import own_keys
from databeheer.identity.oidc.courier import Courier, DirectErrands
from databeheer.identity.oidc.errands import CourierErrands
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider import OpenIDProvider
from databeheer.identity.oidc.settings import ProviderSettings
from databeheer.site.house import free_port
from tests.house import PUBLIC_URL

FOLDER = Path(__file__).parent / "identity_provider"
NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = (
    None
    if NODE and (FOLDER / "node_modules" / "oidc-provider").is_dir()
    else "no node, or no oidc-provider: `make identity-provider` installs both"
)
CALLBACK = f"{PUBLIC_URL}/aanmelden/terug"
LEVEL, LOW = "urn:test:strong", "urn:test:weak"
SIGNED = ("RS256", "PS256", "ES256")
ENCRYPTED = {"RSA-OAEP-256": "A256GCM", "ECDH-ES": "A128CBC-HS256"}
SETTINGS = """
issuer = "{issuer}"
client_id = "{client_id}"
keys = "client.jwks"
scopes = ["openid", "profile"]
levels = ["{level}"]
signed_with = ["{signed_with}"]
"""
ROLES = """
[roles]
claim = "capacity"
values = { BUR = "customer", EA = "party", OV = "inspector", WV = "business" }
enterprise = ["organisation"]
enterprise_name = "organisation_name"
"""


def keys_with_every_use(folder: Path) -> OwnKeys:
    """The client's own keys: one to sign, and one to open for each way of encrypting."""
    path = folder / "client.jwks"
    own_keys.make(path, "RSA-OAEP-256")
    own_keys.add_opening(path, "ECDH-ES")
    return OwnKeys.read(path)


@contextmanager
def reached(folder: Path, text: str) -> Iterator[OpenIDProvider]:
    """A provider by the text of its file of settings, through a courier of its own; `client.jwks` is in the folder."""
    file, socket = folder / "provider.toml", folder / "courier.sock"
    file.write_text(text)
    settings = ProviderSettings.read(file, loopback=True)
    courier = Courier(socket, DirectErrands(settings))
    courier.start()
    try:
        yield OpenIDProvider(settings, OwnKeys.read(settings.keys), CourierErrands(socket))
    finally:
        courier.close()


@dataclass
class Certified:
    """`oidc-provider` on loopback."""

    port: int
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, client_id: str, signed_with: str = "ES256", more: str = "", level: str = LEVEL) -> str:
        """The file of settings for one of its clients."""
        return (
            SETTINGS.format(issuer=self.issuer, client_id=client_id, level=level, signed_with=signed_with)
            + more
        )

    def turn_keys(self) -> None:
        """Sign with other keys from now on."""
        self._say(provider_keys("turned"))
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "turned\n"

    def _say(self, line: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()


def provider_keys(name: str) -> dict[str, Any]:
    """Keys that a provider signs with, one of each kind, the private halves among them."""
    keys: list[dict[str, Any]] = [
        dict(RSAKey.generate_key(2048, private=True).as_dict(private=True)) | {"kid": f"{name}-rsa"},
        dict(ECKey.generate_key("P-256", private=True).as_dict(private=True)) | {"kid": f"{name}-ec"},
    ]
    return {"keys": [key | {"use": "sig"} for key in keys]}


@contextmanager
def certified(own: OwnKeys, people: Mapping[str, Mapping[str, str]]) -> Iterator[Certified]:
    """Run the certified provider, with a client for each way of signing and encrypting."""
    assert NODE is not None
    common = {
        "redirect_uris": [CALLBACK],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": own.public,
    }
    clients = [
        {**common, "client_id": f"signed-{alg}", "id_token_signed_response_alg": alg} for alg in SIGNED
    ]
    clients += [
        {
            **common,
            "client_id": f"encrypted-{alg}",
            "id_token_signed_response_alg": "ES256",
            "id_token_encrypted_response_alg": alg,
            "id_token_encrypted_response_enc": enc,
        }
        for alg, enc in ENCRYPTED.items()
    ]
    port = free_port()
    with subprocess.Popen(
        [NODE, "provider.js"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        provider = Certified(port, process)
        try:
            provider._say(
                {
                    "port": port,
                    "clients": clients,
                    "jwks": provider_keys("first"),
                    "levels": [LEVEL, LOW],
                    "claims": people,
                }
            )
            assert process.stdout is not None
            while process.stdout.readline() not in ("ready\n", ""):
                pass
            assert process.poll() is None, "the certified provider did not start"
            yield provider
        finally:
            process.kill()


@dataclass
class Browser:
    """A browser at the provider: keeps its cookies, follows it, and stops where it is sent back to us."""

    cookies: dict[str, str] = field(default_factory=dict)

    def log_in(self, authorize_url: str, subject: str, level: str = LEVEL) -> str:
        """Go where the door sends; say who one is where asked; returns the query with which one comes back."""
        url = authorize_url
        for _ in range(10):
            url = self._next(url)
            if url.startswith(CALLBACK):
                return urlsplit(url).query
            if "/interaction/" in url:
                self.was_asked = True
                url += f"?as={subject}&level={level}"
        raise AssertionError(f"the provider goes round in circles: {url}")

    was_asked: bool = False
    """Whether the provider wanted to know who this is, since the last time that somebody looked."""

    def _next(self, url: str) -> str:
        parts = urlsplit(url)
        connection = HTTPConnection("127.0.0.1", parts.port or 80, timeout=30)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        for header in answer.headers.get_all("set-cookie") or []:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
        connection.close()
        location = answer.headers["location"]
        assert location, f"{answer.status} {body[:2000]}"
        return location if "://" in location else f"http://{parts.netloc}{location}"


Reply = tuple[int, bytes]


@dataclass
class Lying:
    """A provider of our own: answers what a test says, at each of its addresses."""

    port: int = 0
    answers: dict[str, Callable[[dict[str, str]], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def lying() -> Iterator[Lying]:
    """Run it."""
    provider = Lying()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            provider.asked.append((self.path, form))
            status, body = provider.answers[self.path](form)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
