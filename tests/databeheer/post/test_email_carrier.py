"""E-mail through a real SMTP server: what arrives, what is refused, and what never goes out in clear."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from databeheer.post.carrying import CarryError, RefusedForGoodError
from databeheer.post.email_carrier import EmailCarrier, EmailSettings, EmailSettingsError, Security
from tests.receivers import Mailbox, certified, mailbox, relay

NUMBER = UUID(int=7)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SENDER = "databeheer <post@databeheer.example>"
LETTER: dict[str, Any] = {
    "to": "lotte@voorbeeld.be",
    "subject": "Zonnewijzer las voor het eerst uw meetgegevens",
    "body": "Dag\n\nU leest er meer over in uw portaal – één klik.\n",
    "language": "nl",
}


def plain(box: Mailbox, **changes: Any) -> EmailSettings:
    members = {"host": "127.0.0.1", "port": box.port, "sender": SENDER, "security": Security.PLAIN}
    return EmailSettings(**(members | changes))


def carry(settings: EmailSettings, **changes: str) -> None:
    EmailCarrier(settings).carry(NUMBER, LETTER | changes, NOW)


def test_an_email_arrives_as_it_was_written() -> None:
    with mailbox() as box:
        carry(plain(box))
    [email] = box.emails
    assert box.recipients == [["lotte@voorbeeld.be"]]
    assert (email["To"], email["From"], email["Subject"]) == (LETTER["to"], SENDER, LETTER["subject"])
    assert email.get_content().replace("\r\n", "\n") == LETTER["body"]
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Content-Language"] == "nl"


def test_each_attempt_has_the_same_message_id() -> None:
    with mailbox() as box:
        carry(plain(box))
        carry(plain(box))
    assert {email["Message-ID"] for email in box.emails} == {f"<{NUMBER}@databeheer.example>"}


def test_starttls_and_login(tmp_path: Path) -> None:
    known = certified(tmp_path, "127.0.0.1")
    with mailbox(tls=known.server, login=("post", "secret")) as box:
        settings = plain(box, security=Security.STARTTLS, user="post", password="secret")
        EmailCarrier(settings, known.client).carry(NUMBER, LETTER, NOW)
    assert box.was_tls == [True]


def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with mailbox(tls=certified(tmp_path, "127.0.0.1").server) as box, pytest.raises(CarryError):
        carry(plain(box, security=Security.STARTTLS))
    assert box.emails == []


def test_a_certificate_of_another_name_gets_nothing(tmp_path: Path) -> None:
    known = certified(tmp_path, "mail.example")
    with mailbox(tls=known.server) as box, pytest.raises(CarryError):
        EmailCarrier(plain(box, security=Security.STARTTLS), known.client).carry(NUMBER, LETTER, NOW)
    assert box.emails == []


def test_a_server_without_tls_gets_nothing_where_tls_is_asked() -> None:
    with mailbox() as box, pytest.raises(CarryError) as failed:
        carry(plain(box, security=Security.STARTTLS))
    assert failed.value.slug == "smtp-without-tls"
    assert box.emails == []


def test_a_wrong_password_is_tried_again_later(tmp_path: Path) -> None:
    known = certified(tmp_path, "127.0.0.1")
    with mailbox(tls=known.server, login=("post", "secret")) as box:
        settings = plain(box, security=Security.STARTTLS, user="post", password="wrong")
        with pytest.raises(CarryError) as failed:
            EmailCarrier(settings, known.client).carry(NUMBER, LETTER, NOW)
    assert failed.value.slug == "smtp-login-refused"
    assert not isinstance(failed.value, RefusedForGoodError)


@pytest.mark.parametrize(
    ("reply", "slug", "for_good"),
    [
        ("550 no such user lotte@voorbeeld.be", "recipient-refused", True),
        ("450 try later, lotte@voorbeeld.be", "recipient-refused", False),
    ],
)
def test_a_refused_recipient_is_for_good_or_for_now(reply: str, slug: str, for_good: bool) -> None:
    with mailbox() as box:
        box.recipient_answer = reply
        with pytest.raises(CarryError) as failed:
            carry(plain(box))
    assert (failed.value.slug, isinstance(failed.value, RefusedForGoodError)) == (slug, for_good)
    assert "lotte" not in str(failed.value)


@pytest.mark.parametrize(("reply", "for_good"), [("554 spam", True), ("451 busy", False)])
def test_a_refused_message_is_for_good_or_for_now(reply: str, for_good: bool) -> None:
    with mailbox() as box:
        box.answer = lambda: reply
        with pytest.raises(CarryError) as failed:
            carry(plain(box))
    assert (failed.value.slug, isinstance(failed.value, RefusedForGoodError)) == ("message-refused", for_good)


GREETINGS: dict[str, dict[str, str]] = {
    "at once": {"": "554 no service now"},
    "at EHLO": {"EHLO": "550 not now", "HELO": "550 not now"},
    "at STARTTLS": {"EHLO": "250-relay.example\r\n250 STARTTLS", "STARTTLS": "554 no key at hand"},
    "the sender": {"MAIL": "550 who is that"},
}


@pytest.mark.parametrize("when", GREETINGS)
def test_a_server_that_refuses_before_it_has_seen_the_recipient_is_tried_again_later(when: str) -> None:
    security = Security.STARTTLS if when == "at STARTTLS" else Security.PLAIN
    with relay(GREETINGS[when]) as port, pytest.raises(CarryError) as failed:
        carry(EmailSettings("127.0.0.1", port, SENDER, security))
    assert not isinstance(failed.value, RefusedForGoodError)
    assert failed.value.slug == ("sender-refused" if when == "the sender" else "smtp-refused")


@pytest.mark.parametrize("answer", ["421 too late", "550 no", "", "nonsense"])
def test_the_servers_goodbye_says_nothing_of_a_message_that_it_took(answer: str) -> None:
    with relay({"QUIT": answer}) as port:
        carry(EmailSettings("127.0.0.1", port, SENDER, Security.PLAIN))


@pytest.mark.parametrize("answer", ["550 no", "421 closing"])
def test_the_relay_of_the_tests_refuses_a_message_as_it_is_told(answer: str) -> None:
    with relay({".": answer}) as port, pytest.raises(CarryError) as failed:
        carry(EmailSettings("127.0.0.1", port, SENDER, Security.PLAIN))
    assert isinstance(failed.value, RefusedForGoodError) == answer.startswith("5")


def test_no_server_is_tried_again_later() -> None:
    with mailbox() as box:
        settings = plain(box)
    with pytest.raises(CarryError) as failed:
        carry(settings)
    assert failed.value.slug == "smtp-unreachable"


def test_a_subject_cannot_smuggle_a_header() -> None:
    with mailbox() as box, pytest.raises(ValueError):
        carry(plain(box), subject="Bram\r\nBcc: joris@voorbeeld.be")
    assert box.emails == []


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABEHEER_SMTP_SECURITY": "plain"},
        {"DATABEHEER_SMTP_SECURITY": "none"},
        {"DATABEHEER_SMTP_PORT": "smtp"},
        {"DATABEHEER_EMAIL_FROM": ""},
        {"DATABEHEER_EMAIL_FROM": "nobody"},
        {"DATABEHEER_SMTP_USER": "post"},
    ],
    ids=str,
)
def test_settings_that_are_unsafe_or_not_whole_stop_the_start(environment: dict[str, str]) -> None:
    whole = {"DATABEHEER_SMTP_HOST": "mail.example", "DATABEHEER_EMAIL_FROM": SENDER}
    assert EmailSettings.from_environment(whole) is not None
    with pytest.raises(EmailSettingsError):
        EmailSettings.from_environment(whole | environment)


def test_plain_is_for_this_machine_only() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        EmailSettings(host, 25, SENDER, Security.PLAIN)
    for host in ("10.0.0.1", "localhost.example", "mail.example"):
        with pytest.raises(EmailSettingsError):
            EmailSettings(host, 25, SENDER, Security.PLAIN)


def test_without_a_server_there_is_no_email() -> None:
    assert EmailSettings.from_environment({}) is None


def test_a_password_comes_from_a_file_and_shows_nowhere(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    environment = {
        "DATABEHEER_SMTP_HOST": "mail.example",
        "DATABEHEER_EMAIL_FROM": SENDER,
        "DATABEHEER_SMTP_USER": "post",
        "DATABEHEER_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
    }
    settings = EmailSettings.from_environment(environment)
    assert settings is not None
    assert (settings.password, settings.port) == ("secret", 587)
    assert "secret" not in repr(settings)
