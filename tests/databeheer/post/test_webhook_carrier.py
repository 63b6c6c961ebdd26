"""Web hooks over real connections: to the pinned number, under the name's certificate, with limits."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from databeheer.clock import SystemClock
from databeheer.post.carrying import CarryError, RefusedForGoodError
from databeheer.post.webhook_carrier import WebhookCarrier
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


def test_an_answer_without_end_is_not_read() -> None:
    with receiver() as got:
        got.content = b"x" * 50_000_000
        carry(WebhookCarrier(loopback=True), got.url)


def test_a_receiver_that_never_answers_is_given_up() -> None:
    with receiver() as got:
        got.hangs = threading.Event()
        assert failure(WebhookCarrier(loopback=True, seconds=0.2), got.url).slug == "timeout"


def test_a_receiver_that_drips_is_given_up_too() -> None:
    """Each read would be in time; only the whole is not."""
    with Dripping() as port:
        carrier = WebhookCarrier(loopback=True, seconds=0.5)
        assert failure(carrier, f"http://127.0.0.1:{port}/").slug == "timeout"


def test_nobody_there_is_a_failure() -> None:
    with receiver() as got:
        url = got.url
    assert failure(WebhookCarrier(loopback=True), url).slug == "unreachable"


class Dripping:
    """A server that sends a byte of its head now and then, for ever."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                while not self._stop.wait(0.05):
                    connection.sendall(b"x")
            except OSError:
                return

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()


def test_the_receiver_of_the_tests_tells_what_it_got() -> None:
    """Else a carrier that sends nothing would pass above."""
    with receiver() as got:
        assert isinstance(got, Receiver)
        carry(WebhookCarrier(loopback=True), got.url)
        carry(WebhookCarrier(loopback=True), got.url)
    assert len(got.hooks) == 2
