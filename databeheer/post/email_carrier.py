"""E-mail through an SMTP server, encrypted unless it runs on this machine."""

from __future__ import annotations

import enum
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

from databeheer.errors import DatabeheerError
from databeheer.post.carrying import CarryError, RefusedForGoodError

TIMEOUT_SECONDS = 30.0


class EmailSettingsError(DatabeheerError):
    """The settings of e-mail are incomplete or unsafe; the message names the setting."""

    code = "settings"


class Security(enum.StrEnum):
    """How the connection to the SMTP server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


@dataclass(frozen=True)
class EmailSettings:
    """Through which server e-mail leaves, and from whom it is."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.security is Security.PLAIN and not _is_loopback(self.host):
            raise EmailSettingsError(
                "DATABEHEER_SMTP_SECURITY: plain is for a server on this machine; use starttls or tls"
            )
        if "@" not in parseaddr(self.sender)[1]:
            raise EmailSettingsError("DATABEHEER_EMAIL_FROM: needs an e-mail address")
        if bool(self.user) != bool(self.password):
            raise EmailSettingsError("DATABEHEER_SMTP_USER and DATABEHEER_SMTP_PASSWORD_FILE go together")

    @property
    def domain(self) -> str:
        return parseaddr(self.sender)[1].rpartition("@")[2]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> EmailSettings | None:
        """Read the settings; None where no SMTP server is named.

        Raises:
            EmailSettingsError: one is missing, wrong, or unsafe.
        """
        host = environment.get("DATABEHEER_SMTP_HOST")
        if not host:
            return None
        try:
            security = Security(environment.get("DATABEHEER_SMTP_SECURITY") or Security.STARTTLS)
        except ValueError as error:
            raise EmailSettingsError("DATABEHEER_SMTP_SECURITY: starttls, tls or plain") from error
        port = environment.get("DATABEHEER_SMTP_PORT") or ("465" if security is Security.TLS else "587")
        if not port.isascii() or not port.isdigit():
            raise EmailSettingsError("DATABEHEER_SMTP_PORT: a number")
        file = environment.get("DATABEHEER_SMTP_PASSWORD_FILE")
        return cls(
            host=host,
            port=int(port),
            sender=environment.get("DATABEHEER_EMAIL_FROM", ""),
            security=security,
            user=environment.get("DATABEHEER_SMTP_USER", ""),
            password=Path(file).read_text().strip() if file else "",
        )


class EmailCarrier:
    """Hands e-mails to the SMTP server, a connection each."""

    def __init__(self, settings: EmailSettings, context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._context = context or ssl.create_default_context()

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        message = self.compose(delivery_id, letter, now)
        server = self._connect()
        try:
            _hand_over(server, message)
            # The server has it: what it says to our goodbye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def compose(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> EmailMessage:
        """Return the e-mail: the same Message-ID in every attempt."""
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = letter["to"]
        message["Subject"] = letter["subject"]
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{delivery_id}@{self._settings.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter["body"])
        message["Content-Language"] = letter["language"]  # after the content, which brings its own
        return message

    def _connect(self) -> smtplib.SMTP:
        """Return a connection that is ready for a message. Whatever fails before that is no message's fault.

        Raises:
            CarryError: the server is away, busy, without TLS, or does not know us; never for good.
        """
        try:
            return self._log_in()
        except smtplib.SMTPAuthenticationError as error:
            raise CarryError("smtp-login-refused") from error
        except smtplib.SMTPNotSupportedError as error:
            raise CarryError("smtp-without-tls") from error
        except smtplib.SMTPResponseException as error:
            raise CarryError("smtp-refused") from error
        except (smtplib.SMTPException, OSError) as error:
            raise CarryError("smtp-unreachable") from error

    def _log_in(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, settings.domain, timeout=TIMEOUT_SECONDS, context=self._context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, settings.domain, timeout=TIMEOUT_SECONDS)
        try:
            if settings.security is Security.STARTTLS:
                server.starttls(context=self._context)
            server.ehlo_or_helo_if_needed()
            if settings.user:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        return server


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Give one message to the server. What it says to recipient or content is about this message, and may be for good.

    Raises:
        CarryError: it was not taken.
    """
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal("recipient-refused", max(code for code, _ in error.recipients.values())) from error
    except smtplib.SMTPDataError as error:
        raise _refusal("message-refused", error.smtp_code) from error
    except smtplib.SMTPSenderRefused as error:
        raise CarryError("sender-refused") from error
    except smtplib.SMTPResponseException as error:
        raise CarryError("smtp-refused") from error
    except (smtplib.SMTPException, OSError) as error:
        raise CarryError("smtp-unreachable") from error


def _refusal(slug: str, code: int) -> CarryError:
    return RefusedForGoodError(slug) if code >= 500 else CarryError(slug)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
