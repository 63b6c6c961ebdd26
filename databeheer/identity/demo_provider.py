"""A stand-in for the identity provider (ACM/IDM, itsme): a process of its own with its own key, demo only.

It shows the people of the demo and lets the visitor be one of them, without a password. Its signed answer is
what the door believes, so it refuses to start without `--demo`, listens on loopback alone and sends its
answers to one configured address.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from urllib.parse import parse_qsl, urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from jinja2 import Environment, FileSystemLoader

from databeheer.clock import Clock, SystemClock
from databeheer.enterprises import is_enterprise
from databeheer.errors import DatabeheerError
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.provider import DEMO_ISSUER, FOR_ENTERPRISES, ROLES

PAGES = Path(__file__).parent / "demo"
AUDIENCE = "databeheer"
ISSUER = DEMO_ISSUER
LIFETIME_SECONDS = 120
MAX_FORM_BYTES = 4096
_GROUPS = (
    ("Als klant", "customer"),
    ("Voor een onderneming die klant is", "business"),
    ("Voor een onderneming in de energiemarkt", "party"),
    ("Als toezichthouder", "inspector"),
    ("Als medewerker van de databeheerder", "staff"),
)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")

Answer = tuple[HTTPStatus, dict[str, str], bytes]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class DemoProviderError(DatabeheerError):
    """The stand-in provider cannot start."""

    code = "settings"


@dataclass(frozen=True)
class DemoPerson:
    """Someone of the demo's story; `role` is one of ROLES: party and business act for `enterprise`."""

    sub: str
    name: str
    age: int
    story: str
    role: str
    enterprise: str | None = None
    enterprise_name: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise DemoProviderError(
                "a demo person is a customer, an inspector, of the staff, or acts for a party or a business"
            )
        if (self.role in FOR_ENTERPRISES) != (self.enterprise is not None and is_enterprise(self.enterprise)):
            raise DemoProviderError(
                "who acts for a party or a business does so by the number of its enterprise, and nobody else"
            )


def read_people(path: Path) -> tuple[DemoPerson, ...]:
    """Read the people from a JSON list of objects with sub, name, age, story and role.

    Raises:
        DemoProviderError: the file is not such a list, or a sub stands in it twice.
    """
    try:
        people = tuple(DemoPerson(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DemoProviderError(
            "the file of demo people is not a list of sub, name, age, story, role"
        ) from error
    if len({person.sub for person in people}) != len(people):
        raise DemoProviderError("two demo people have the same sub")
    return people


class DemoProvider:
    """The provider as a WSGI application: `/authorize` asks who you are, `/choose` signs the answer."""

    def __init__(
        self,
        key: ProviderKey,
        people: Iterable[DemoPerson],
        redirect_uri: str,
        clock: Clock,
        issuer: str = ISSUER,
    ) -> None:
        self._key, self._redirect_uri, self._clock, self._issuer = key, redirect_uri, clock, issuer
        self._people = {person.sub: person for person in people}
        self._templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
        origin = urlsplit(redirect_uri)
        self._headers = {
            # The form's answer redirects to the site that asked: its origin must be named as well.
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {origin.scheme}://{origin.netloc}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }

    def __call__(self, environ: dict[str, object], start_response: StartResponse) -> list[bytes]:
        status, headers, body = self._route(environ)
        fields = self._headers | headers | {"Content-Length": str(len(body))}
        start_response(f"{status.value} {status.phrase}", list(fields.items()))
        return [body]

    def _route(self, environ: dict[str, object]) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "GET" and path == "/authorize":
            return self._ask(_fields(str(environ.get("QUERY_STRING", ""))))
        if method == "POST" and path == "/choose":
            return self._choose(_fields(_body(environ)))
        if method == "GET" and path == "/style.css":
            return HTTPStatus.OK, {"Content-Type": "text/css"}, (PAGES / "style.css").read_bytes()
        if method == "GET" and path == "/favicon.ico":
            return HTTPStatus.NO_CONTENT, {}, b""
        return self._page("refused.html", HTTPStatus.NOT_FOUND, reason="Deze pagina bestaat niet.")

    def _ask(self, fields: dict[str, str]) -> Answer:
        if set(fields) != {"nonce", "redirect_uri", "state"} or not _are_tokens(fields, "nonce", "state"):
            return self._refuse("De vraag om aan te melden klopt niet. Begin opnieuw op de site.")
        if fields["redirect_uri"] != self._redirect_uri:
            return self._refuse("De site die om uw aanmelding vraagt, kennen wij niet.")
        groups = tuple(
            (words, [person for person in self._people.values() if person.role == role])
            for words, role in _GROUPS
        )
        return self._page("choose.html", HTTPStatus.OK, fields=fields, groups=groups)

    def _choose(self, fields: dict[str, str]) -> Answer:
        person = self._people.get(fields.get("sub", ""))
        if (
            set(fields) != {"nonce", "state", "sub"}
            or person is None
            or not _are_tokens(fields, "nonce", "state")
        ):
            return self._refuse("Wij weten niet wie u koos. Begin opnieuw op de site.")
        now = int(self._clock.now().timestamp())
        claims: dict[str, str | int] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": person.sub,
            "name": person.name,
            "role": person.role,
            "nonce": fields["nonce"],
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        if person.enterprise is not None:
            claims["enterprise"] = person.enterprise
        if person.enterprise_name is not None:
            claims["enterprise_name"] = person.enterprise_name
        query = urlencode({"answer": self._key.sign(claims), "state": fields["state"]})
        return HTTPStatus.SEE_OTHER, {"Location": f"{self._redirect_uri}?{query}"}, b""

    def _refuse(self, reason: str) -> Answer:
        return self._page("refused.html", HTTPStatus.BAD_REQUEST, reason=reason)

    def _page(self, template: str, status: HTTPStatus, **values: object) -> Answer:
        html = self._templates.get_template(template).render(**values)
        return status, {"Content-Type": "text/html; charset=utf-8"}, html.encode()


def _fields(text: str) -> dict[str, str]:
    """Read a query or form; a field given twice, or something that is not a form, gives nothing."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=8)
    except ValueError:
        return {}
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else {}


def _body(environ: dict[str, object]) -> str:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not re.fullmatch("[0-9]{1,4}", length) or int(length) > MAX_FORM_BYTES:
        return ""
    body: bytes = environ["wsgi.input"].read(int(length))  # type: ignore[attr-defined]
    return body.decode("utf-8", errors="replace")


def _are_tokens(fields: dict[str, str], *names: str) -> bool:
    return all(_TOKEN.fullmatch(fields[name]) for name in names)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_address = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Log nothing: the request line holds the nonce of a log-in."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="demo_provider", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--demo", action="store_true", help="required: anyone can be anyone here")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", type=Path, required=True, help="private key; made where it does not exist")
    parser.add_argument("--people", type=Path, required=True, help="JSON list: sub, name, age, story, role")
    parser.add_argument("--redirect-uri", required=True, help="the one address that answers go to")
    parser.add_argument("--issuer", default=ISSUER)
    given = parser.parse_args(arguments)
    if not given.demo:
        parser.error("this stand-in lets anyone be anyone; it starts with --demo only")
    try:
        people, key = read_people(given.people), ProviderKey.open(given.key)
    except DatabeheerError as error:
        parser.error(str(error))
    provider = DemoProvider(key, people, given.redirect_uri, SystemClock(), given.issuer)
    with make_server("127.0.0.1", given.port, provider, _Server, _QuietHandler) as server:
        signal.signal(signal.SIGTERM, _stop)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return 0
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
