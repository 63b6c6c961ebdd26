"""The demo's post box takes what the real carriers send, and says which web hooks a party could believe."""

from __future__ import annotations

import smtplib
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from databeheer.demo.arrivals import MOST_KEPT, Arrivals, Email
from databeheer.demo.mail_server import LARGEST
from databeheer.demo.post_box import PostBox
from databeheer.post import webhooks
from databeheer.post.carrying import CarryError
from databeheer.post.email_carrier import EmailCarrier, EmailSettings
from databeheer.post.webhook_carrier import WebhookCarrier
from databeheer.post.webhooks import Scheme, Secret

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NUMBER = UUID(int=7)
BODY = "Dag\n\n.één punt, en nog veel meer\n..\nOver Zonnewijzer – één klik.\n"
LETTER: dict[str, Any] = {"to": "maria@voorbeeld.be", "subject": "Één vraag", "body": BODY, "language": "nl"}
SECRET = Secret(Scheme.HMAC, bytes(range(32)))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[PostBox]:
    box = PostBox(tmp_path / "post", None)
    box.hooks.secret = SECRET.for_party
    yield box
    box.close()


def send(box: PostBox) -> None:
    settings = EmailSettings.from_environment(box.postman_settings)
    assert settings is not None
    EmailCarrier(settings).carry(NUMBER, LETTER, NOW)


def post(box: PostBox, secret: Secret, body: str = '{"type": "permission.granted"}') -> None:
    letter = {
        "to": box.hooks.url,
        "headers": webhooks.headers(NUMBER, body.encode(), NOW, [secret]),
        "body": body,
    }
    WebhookCarrier(loopback=True).carry(NUMBER, letter, NOW)


def test_an_email_is_kept_as_it_was_written(box: PostBox) -> None:
    send(box)
    assert box.arrivals.shown()["emails"] == [
        {"at": "2026-11-21T09:00:00Z", "to": LETTER["to"], "subject": LETTER["subject"], "body": BODY}
    ]


def test_a_web_hook_is_kept_and_its_signature_tried(box: PostBox) -> None:
    post(box, SECRET)
    post(box, Secret.new(Scheme.HMAC))
    hooks = box.arrivals.shown()["hooks"]
    assert [one["is_ours"] for one in hooks] == [True, False]
    assert {one["body"] for one in hooks} == {'{"type": "permission.granted"}'}
    assert {one["id"] for one in hooks} == {webhooks.number(NUMBER)}


def test_a_party_without_a_secret_believes_nobody(box: PostBox) -> None:
    box.hooks.secret = ""
    post(box, Secret(Scheme.HMAC, b""))
    assert [one["is_ours"] for one in box.arrivals.shown()["hooks"]] == [False]


def test_what_is_no_web_hook_is_refused(box: PostBox) -> None:
    with pytest.raises(CarryError):
        post(box, SECRET, body="x" * 70_000)
    letter = {"to": box.hooks.url, "headers": {"webhook-timestamp": "soon"}, "body": "{}"}
    with pytest.raises(CarryError):
        WebhookCarrier(loopback=True).carry(NUMBER, letter, NOW)
    assert box.arrivals.shown()["hooks"] == []


def test_a_letter_that_is_too_long_is_not_kept(box: PostBox) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Date"] = "a@b.be", "c@d.be", "Sat, 21 Nov 2026 09:00:00 +0000"
    message.set_content("x\n" * LARGEST)
    with (
        smtplib.SMTP("127.0.0.1", box.mail.port) as client,
        pytest.raises((smtplib.SMTPException, OSError)),
    ):
        client.send_message(message)
    assert box.arrivals.shown()["emails"] == []


def test_what_arrived_is_there_after_a_new_start_on_the_same_port(tmp_path: Path) -> None:
    first = PostBox(tmp_path / "post", None)
    first.hooks.secret = SECRET.for_party
    send(first)
    kept = {"port": first.hooks.port, "secret": first.hooks.secret}
    first.close()
    second = PostBox(tmp_path / "post", kept)
    post(second, SECRET)
    second.close()
    assert second.hooks.port == kept["port"]
    shown = second.arrivals.shown()
    assert (len(shown["emails"]), [one["is_ours"] for one in shown["hooks"]]) == (1, [True])


def test_where_somebody_else_has_the_port_it_takes_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        box = PostBox(tmp_path / "post", {"port": port, "secret": "whsec_" + b64encode(bytes(32)).decode()})
        assert box.hooks.port != port
        box.close()


def test_it_keeps_the_newest_and_forgets_when_the_demo_starts_over(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "arrivals.json")
    for number in range(MOST_KEPT + 1):
        arrivals.add(Email("2026-11-21T09:00:00Z", "maria@voorbeeld.be", str(number), ""))
    kept = [one["subject"] for one in Arrivals(tmp_path / "arrivals.json").shown()["emails"]]
    assert len(kept) == MOST_KEPT
    assert "0" not in kept
    newest = arrivals.newest_to("maria@voorbeeld.be")
    assert newest is not None
    assert newest.subject == str(MOST_KEPT)
    assert arrivals.newest_to("joris@voorbeeld.be") is None
    arrivals.forget()
    assert Arrivals(tmp_path / "arrivals.json").shown() == {"emails": [], "hooks": []}
