"""Web hooks over real connections: to the pinned number, under the name's certificate, with limits."""

from __future__ import annotations

import socket
import threading
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from databeheer.clock import SystemClock
from databeheer.post.carrying import CarryError, RefusedForGoodError
from databeheer.post.webhook_carrier import SECONDS, WebhookCarrier
from ledger.answers import Clock
from tests.ledger.witnesses import dripping
from tests.receivers import Receiver, certified, receiver

NUMBER = UUID(int=9)


def carry(carrier: WebhookCarrier, url: str, body: str = "{}") -> None:
    letter: dict[str, Any] = {"to": url, "headers": {"webhook-id": "msg_9"}, "body": body}
    carrier.carry(NUMBER, letter, SystemClock().now())


def failure(carrier: WebhookCarrier, url: str) -> CarryError:
    with pytest.raises(CarryError) as failed:
        carry(carrier, url)
    return failed.value


def test_a_web_hook_arrives_with_its_headers() -> None:
    with receiver() as got:
        carry(WebhookCarrier(loopback=True), got.url, '{"type":"x"}')
    [hook] = got.hooks
    assert (hook.path, hook.body, hook.headers["webhook-id"]) == ("/hooks", b'{"type":"x"}', "msg_9")


@pytest.fixture
def as_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine stands for the open internet, so that a name can lead to the receiver."""
    monkeypatch.setattr("databeheer.post.addresses.is_public", lambda number: number == "127.0.0.1")


@pytest.mark.usefixtures("as_public")
def test_the_certificate_is_asked_of_the_name_not_of_the_number(tmp_path: Path) -> None:
    known = certified(tmp_path, "party.example")
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    with receiver(known.server) as got:
        carrier = WebhookCarrier(resolver=resolver, context=known.client)
        carry(carrier, f"https://party.example:{got.port}/in?a=1")
    assert asked == [("party.example", got.port)]  # once: who answers otherwise a moment later gains nothing
    assert got.hooks[0].path == "/in?a=1"
    assert got.hooks[0].headers["host"] == f"party.example:{got.port}"


@pytest.mark.usefixtures("as_public")
def test_another_names_certificate_gets_nothing(tmp_path: Path) -> None:
    known = certified(tmp_path, "joris.example")
    with receiver(known.server) as got:
        carrier = WebhookCarrier(resolver=lambda *_: ["127.0.0.1"], context=known.client)
        assert failure(carrier, f"https://party.example:{got.port}/").slug == "tls-failed"
    assert got.hooks == []


@pytest.mark.usefixtures("as_public")
def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with receiver(certified(tmp_path, "party.example").server) as got:
        carrier = WebhookCarrier(resolver=lambda *_: ["127.0.0.1"])
        assert failure(carrier, f"https://party.example:{got.port}/").slug == "tls-failed"
    assert got.hooks == []


@pytest.mark.parametrize(
    "number", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1"]
)
def test_a_name_that_leads_inside_is_not_called(number: str) -> None:
    with receiver() as got:
        carrier = WebhookCarrier(resolver=lambda *_: [number])
        assert failure(carrier, f"https://party.example:{got.port}/").slug == "address-not-public"
    assert got.hooks == []


def test_this_machine_is_not_called_outside_the_demo() -> None:
    with receiver() as got:
        assert isinstance(failure(WebhookCarrier(), got.url), RefusedForGoodError)
    assert got.hooks == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiver() as inside, receiver() as got:
        got.status, got.extra = status, {"location": inside.url}
        assert failure(WebhookCarrier(loopback=True), got.url).slug == f"http-{status}"
    assert inside.hooks == []


@pytest.mark.parametrize(
    ("status", "for_good"), [(400, False), (404, False), (410, True), (500, False), (503, False)]
)
def test_any_answer_but_2xx_is_a_failure(status: int, for_good: bool) -> None:
    with receiver() as got:
        got.status = status
        error = failure(WebhookCarrier(loopback=True), got.url)
    assert (error.slug, isinstance(error, RefusedForGoodError)) == (f"http-{status}", for_good)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_a_delivery(status: int) -> None:
    with receiver() as got:
        got.status = status
        carry(WebhookCarrier(loopback=True), got.url)
    assert [hook.body for hook in got.hooks] == [b"{}"]


def test_an_answer_without_end_is_not_read() -> None:
    with receiver() as got:
        got.content = b"x" * 50_000_000
        carry(WebhookCarrier(loopback=True), got.url)
    assert (len(got.hooks), got.answered) == (1, 0)


def at_look(number: int) -> Clock:
    """A clock by which the whole time is over from its n-th look on."""
    looks = count(1)
    return lambda: 0.0 if next(looks) < number else SECONDS


def almost_over() -> Clock:
    """A clock that leaves a fifth of a second for all that comes after the first look."""
    looks = count(1)
    return lambda: 0.0 if next(looks) == 1 else SECONDS - 0.2


def test_a_receiver_that_never_answers_is_given_up() -> None:
    with receiver() as got:
        got.hangs = threading.Event()
        assert failure(WebhookCarrier(loopback=True, clock=almost_over()), got.url).slug == "timeout"


@pytest.mark.usefixtures("as_public")
def test_a_receiver_that_never_shakes_hands_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        carrier = WebhookCarrier(resolver=lambda *_: ["127.0.0.1"], clock=almost_over())
        url = f"https://party.example:{silent.getsockname()[1]}/"
        assert failure(carrier, url).slug == "timeout"


DRIPS = {
    "its head": (b"HTTP/1.1 200 OK\r\nx: ", b"x"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("what", DRIPS)
def test_a_receiver_that_drips_is_given_up_too(what: str) -> None:
    """Each read would be in time; only the whole is not."""
    with dripping(*DRIPS[what]) as served:
        carrier = WebhookCarrier(loopback=True, clock=served.clock)
        assert failure(carrier, served.url).slug == "timeout"


@pytest.mark.parametrize("what", DRIPS)
@pytest.mark.usefixtures("as_public")
def test_a_receiver_that_drips_behind_tls_is_given_up_too(what: str, tmp_path: Path) -> None:
    known = certified(tmp_path, "party.example")
    with dripping(*DRIPS[what], tls=known.server) as served:
        carrier = WebhookCarrier(resolver=lambda *_: ["127.0.0.1"], context=known.client, clock=served.clock)
        port = served.url.rpartition(":")[2]
        assert failure(carrier, f"https://party.example:{port}/").slug == "timeout"


@pytest.mark.parametrize("look", range(2, 7))
@pytest.mark.usefixtures("as_public")
def test_no_step_begins_after_the_end_of_the_whole_attempt(look: int, tmp_path: Path) -> None:
    """Connecting, the handshake, the request, the answer: whoever uses the time up, the next step has none."""
    known = certified(tmp_path, "party.example")
    with receiver(known.server) as got:
        carrier = WebhookCarrier(resolver=lambda *_: ["127.0.0.1"], context=known.client, clock=at_look(look))
        assert failure(carrier, f"https://party.example:{got.port}/").slug == "timeout"


def test_nobody_there_is_a_failure() -> None:
    with receiver() as got:
        url = got.url
    assert failure(WebhookCarrier(loopback=True), url).slug == "unreachable"


def test_the_receiver_of_the_tests_tells_what_it_got() -> None:
    """Else a carrier that sends nothing would pass above."""
    with receiver() as got:
        assert isinstance(got, Receiver)
        carry(WebhookCarrier(loopback=True), got.url)
        carry(WebhookCarrier(loopback=True), got.url)
    assert len(got.hooks) == 2
