"""The client of docs/examples/python-client against the real API, and against servers that fail."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from databeheer_client import Client, ClientKey, ClientSecret, ForgedWebhookError, ProblemError, verify
from databeheer_client import problems as told
from flask import Flask

from databeheer.post.deliveries import Channel as Way
from tests.doors import CHECKOUT, query
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, postman
from tests.web.programs import publish, serving
from web.problems import PROBLEMS

EXAMPLE = CHECKOUT / "docs" / "examples" / "python-client"
DAY = date(2023, 10, 29)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def address(program_app: Flask) -> Iterator[str]:
    with serving(program_app) as port:
        yield f"http://127.0.0.1:{port}"


def client_of(house: TheHouse, address: str, party: Party, **changes: Any) -> Client:
    shown = ClientSecret(party.client_id, party.client_secret)
    return Client(address, shown, now=lambda: house.clock.now().timestamp(), **changes)


@pytest.fixture
def bram_runs(house: TheHouse, address: str, bram: Party) -> Client:
    return client_of(house, address, bram)


def granted(runs: Client, customer: Customer, **changes: Any) -> str:
    """A permission that was asked by the client and granted in the portal."""
    asked = runs.ask_permission("energy_advice", "quarter_hour", date(2023, 1, 1), **changes)
    code = asked.link.partition("id=")[2]
    customer.grant({"permission_id": asked.id, "link_code": code})
    return asked.id


KEYS: dict[str, Callable[[], Any]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_program_shows_itself_by_a_key_of_its_own(
    house: TheHouse, address: str, bram: Party, algorithm: str
) -> None:
    key = KEYS[algorithm]()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = ClientKey.from_pem("not known yet", pem).public
    assert '"d"' not in public
    added = house.operator("registry.client.add", party_id=bram.party_id, profiles=["own"], public_key=public)
    shown = ClientKey.from_pem(added["client_id"], pem)
    assert shown.algorithm == algorithm
    runs = Client(address, shown, now=lambda: house.clock.now().timestamp())
    assert runs.me()["name"] == bram.name


def test_from_a_question_to_values_a_receipt_and_the_end(
    house: TheHouse, bram_runs: Client, measured: Customer
) -> None:
    permission = granted(bram_runs, measured)
    assert bram_runs.permission(permission).is_readable
    read = bram_runs.readings(permission, DAY, NEXT)
    offtake = next(one for one in read.channels if one.direction == "offtake")
    assert len(offtake.readings) == 100
    assert offtake.readings[0].value == Decimal("0.294")
    assert offtake.readings[0].start == datetime(2023, 10, 28, 22, tzinfo=UTC)
    daily = bram_runs.readings(permission, DAY, NEXT, "day")
    assert next(one for one in daily.channels if one.direction == "offtake").total == offtake.total
    publish(house)
    assert bram_runs.receipt(read).startswith(b"c2sp.org/tlog-proof@v1\n")
    assert bram_runs.end(permission).state == "terminated"
    assert bram_runs.confirm_deletion(permission).delete_by is not None
    with pytest.raises(told.EndedError) as refused:
        bram_runs.readings(permission, DAY, NEXT)
    assert refused.value.receipt is not None


def test_a_list_is_walked_page_after_page(bram_runs: Client) -> None:
    asked = {bram_runs.ask_permission("energy_advice", "day", DAY).id for _ in range(5)}
    assert {one.id for one in bram_runs.permissions(limit="2")} == asked
    assert list(bram_runs.permissions(state="active")) == []


def test_a_request_that_is_sent_again_under_its_key_is_one_read(
    house: TheHouse, bram_runs: Client, measured: Customer
) -> None:
    permission = granted(bram_runs, measured)
    first, again = (bram_runs.readings_of([permission], DAY, NEXT, key="a-key-of-mine") for _ in range(2))
    assert first == again
    assert first[0].channels
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'data.asked'") == [(1,)]


def test_of_many_each_has_its_own_answer(house: TheHouse, bram_runs: Client, measured: Customer) -> None:
    good, ended = granted(bram_runs, measured), granted(bram_runs, measured)
    bram_runs.end(ended)
    one, other = bram_runs.readings_of([good, ended], DAY, NEXT)
    assert (one.problem, bool(one.channels)) == (None, True)
    assert other.problem is not None
    assert other.problem["type"] == "/problems/permission-ended"


def test_joris_is_told_that_it_is_not_for_him(
    house: TheHouse, address: str, bram_runs: Client, measured: Customer, joris: Party
) -> None:
    permission = granted(bram_runs, measured)
    runs = client_of(house, address, joris)
    with pytest.raises(told.NotPermittedError):
        runs.readings(permission, DAY, NEXT)
    with pytest.raises(told.NotFoundError):
        runs.permission(permission)
    assert list(runs.permissions()) == []


def test_what_is_written_wrong_is_named(bram_runs: Client) -> None:
    with pytest.raises(told.MalformedRequestError) as refused:
        bram_runs.ask_permission("curiosity", "day", DAY)
    assert [one["where"] for one in refused.value.errors] == ["/purpose"]
    assert "/purpose" in str(refused.value)


def test_a_secret_that_is_wrong_is_no_proof(house: TheHouse, address: str, bram: Party) -> None:
    runs = Client(address, ClientSecret(bram.client_id, "wrong"), now=lambda: house.clock.now().timestamp())
    with pytest.raises(told.UnauthenticatedError) as refused:
        runs.me()
    assert refused.value.slug == "invalid_client"


def test_a_token_that_is_over_is_followed_by_another(house: TheHouse, bram_runs: Client, bram: Party) -> None:
    bram_runs.me()
    house.clock.advance(timedelta(hours=2))
    bram_runs.me()
    bram_runs._http._good_until += 7200  # the program's clock is wrong
    house.clock.advance(timedelta(minutes=61))
    assert bram_runs.me()["id"] == bram.party_id


def test_a_receipt_that_is_not_there_yet_is_waited_for(
    house: TheHouse, address: str, bram: Party, measured: Customer
) -> None:
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            publish(house)

    publish(house)
    runs = client_of(house, address, bram, sleep=sleep)
    read = runs.readings(granted(runs, measured), DAY, NEXT)
    assert runs.receipt(read)
    assert waited == [1, 1]


def test_a_web_hook_is_the_houses_or_refused(house: TheHouse, bram_runs: Client, bram: Party) -> None:
    secret = bram_runs.set_webhook("https://bram.example/hooks")
    assert secret is not None
    assert bram_runs.set_webhook("https://bram.example/hooks") is None
    pouch = Pouch()
    with closing(postman(house, webhook=pouch)) as carrier:
        carrier.round(Way.WEBHOOK)
    [(_, letter)] = pouch.letters[:1]
    now, headers, body = house.clock.now().timestamp(), letter["headers"], letter["body"].encode()
    event = verify(secret, headers, body, now)
    assert (event.type, event.id) == ("webhook.changed", headers["webhook-id"])
    for forged in (
        (secret, headers, body + b" ", now),
        (secret, headers | {"webhook-id": "msg_other"}, body, now),
        (secret, headers, body, now + 301),
        (secret, {**headers, "webhook-signature": "v1,x v2,y"}, body, now),
        ("whsec_" + "A" * 44, headers, body, now),
        (secret, {}, body, now),
    ):
        with pytest.raises(ForgedWebhookError):
            verify(*forged)
    assert bram_runs.replay_webhooks("2023-01-01") >= 1


def test_every_class_of_its_own_is_of_a_problem_that_there_is() -> None:
    assert told._BY_SLUG.keys() <= PROBLEMS.keys()
    statuses = {row.status for row in PROBLEMS.values()} - {500, 405, 406, 410}
    assert statuses <= told._BY_STATUS.keys()


# ---- servers that fail ---------------------------------------------------------------------------------------


@dataclass
class Failing:
    """A server that answers as it is told, in order: a status with headers; None hangs up."""

    answers: list[tuple[int, dict[str, str]] | None]
    port: int = 0
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def failing(*answers: tuple[int, dict[str, str]] | None) -> Iterator[Failing]:
    """Run it; tokens it gives to anybody, and when it has nothing more to say, it says yes."""
    told_to = Failing(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, body = 200, dict[str, str](), b"{}"
            if self.path.startswith("/.well-known/"):
                body = b'{"issuer": "https://house.example"}'
            elif self.path == "/oauth2/token":
                body = b'{"access_token": "a-token", "expires_in": 3600}'
            else:
                seen = {name.lower(): value for name, value in self.headers.items()}
                told_to.requests.append((self.command, self.path, seen))
                if told_to.answers:
                    wanted = told_to.answers.pop(0)
                    if wanted is None:
                        self.close_connection = True
                        return
                    status, headers = wanted
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told_to.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told_to
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def at(server: Failing, slept: list[float]) -> Any:
    """The transport of a client at this server; it sleeps by writing down for how long."""
    runs = Client(f"http://127.0.0.1:{server.port}", ClientSecret("me", "secret"), sleep=slept.append)
    return runs._http


@pytest.mark.parametrize("status", [429, 503])
def test_a_look_is_sent_again_after_the_wait_that_was_asked(status: int) -> None:
    slept: list[float] = []
    with failing((status, {"retry-after": "7"}), (status, {})) as server:
        assert at(server, slept).send("GET", "/x").status == 200
    assert slept == [7.0, 2.0]
    assert len(server.requests) == 3


@pytest.mark.parametrize(("key", "times"), [(None, 1), ("a-key", 2)])
def test_a_change_is_sent_again_only_under_a_key(key: str | None, times: int) -> None:
    for failure in ((503, {}), None):
        with failing(failure) as server:
            transport = at(server, [])
            try:
                transport.send("POST", "/x", body={}, key=key)
            except (told.UnavailableError, told.UnreachableError):
                assert key is None
        assert [seen.get("idempotency-key") for _, _, seen in server.requests] == [key] * times


def test_a_change_that_came_too_often_is_sent_again_for_it_was_not_carried_out() -> None:
    with failing((429, {"retry-after": "1"})) as server:
        assert at(server, []).send("POST", "/x", body={}).status == 200


def test_it_gives_up_in_the_end() -> None:
    slept: list[float] = []
    with failing(*[(503, {})] * 9) as server, pytest.raises(told.UnavailableError):
        at(server, slept).send("GET", "/x")
    assert len(server.requests) == 5
    assert slept == [1.0, 2.0, 4.0, 8.0]


def test_a_wait_that_is_too_long_is_the_callers() -> None:
    slept: list[float] = []
    with failing((503, {"retry-after": "3600"})) as server, pytest.raises(told.UnavailableError) as refused:
        at(server, slept).send("GET", "/x")
    assert (refused.value.retry_after, slept) == (3600, [])


def test_a_token_goes_nowhere_else() -> None:
    with failing() as elsewhere:
        sent_on = (302, {"location": f"http://127.0.0.1:{elsewhere.port}/stolen"})
        with failing(sent_on) as server, pytest.raises(ProblemError) as refused:
            at(server, []).send("GET", "/x")
    assert refused.value.status == 302
    assert elsewhere.requests == []
    with pytest.raises(ValueError, match="https"):
        Client("http://house.example", ClientSecret("me", "secret"))


def test_what_no_house_says_is_a_problem_all_the_same() -> None:
    with failing((502, {})) as server, pytest.raises(ProblemError) as refused:
        at(server, []).send("GET", "/x")
    assert (refused.value.status, refused.value.slug) == (502, "unknown")


# ---- the program ----------------------------------------------------------------------------------------------


def test_the_program_takes_one_from_a_secret_to_the_first_reading(
    address: str, bram: Party, measured: Customer, tmp_path: Path
) -> None:
    def run(*more: str) -> str:
        shown = (address, bram.client_id, bram.client_secret, DAY.isoformat())
        done = subprocess.run(
            [sys.executable, str(EXAMPLE / "first_reading.py"), *shown, *more],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )
        return done.stdout + done.stderr

    asked = run()
    permission = re.search(r"permission (\S+)", asked)
    assert permission is not None, asked
    assert "/problems/permission-not-active" in run(permission[1])
    code = asked.partition("id=")[2].strip()
    measured.grant({"permission_id": permission[1], "link_code": code})
    assert "first: 0.294 kWh from 2023-10-28 22:00:00+00:00" in run(permission[1])


def test_the_readme_names_what_there_is() -> None:
    named = set(re.findall(r"`(databeheer_client/\w+\.py|\w+\.py)`", (EXAMPLE / "README.md").read_text()))
    there = {str(file.relative_to(EXAMPLE)) for file in EXAMPLE.rglob("*.py")}
    assert named == there - {"databeheer_client/__init__.py"}
