"""Settings of the web processes, read once at the start from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from databeheer.errors import DatabeheerError

MINIMUM_SECRET_LENGTH = 32
LONGEST_ADDRESS = 200
_CONTACT = re.compile(
    r"[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+|https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?"
)


class SettingsError(DatabeheerError):
    """A setting is missing or cannot be used; the message names it."""

    code = "settings"


@dataclass(frozen=True)
class CertificateHeader:
    """From whom, and in which header, the certificate of a caller is believed (RFC 8705, RFC 9440).

    `takes_socket`: a caller over a Unix socket is the proxy. `is_required`: programs without a certificate are refused.
    """

    name: str
    proxies: tuple[IPv4Network | IPv6Network, ...]
    key_hash: bytes = field(repr=False)
    takes_socket: bool = False
    is_required: bool = False

    @classmethod
    def from_environment(cls, given: Mapping[str, str]) -> Self | None:
        """Read it; None where no header is named, and then none is believed.

        Raises:
            SettingsError: a part of it is missing or cannot be used.
        """
        name = given.get("DATABEHEER_CERTIFICATE_HEADER", "")
        if not name:
            if _flag(given, "DATABEHEER_REQUIRE_CERTIFICATE"):
                raise SettingsError("DATABEHEER_REQUIRE_CERTIFICATE needs DATABEHEER_CERTIFICATE_HEADER")
            return None
        if re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", name) is None:
            raise SettingsError("DATABEHEER_CERTIFICATE_HEADER is the name of one header, as Client-Cert")
        callers = _required(given, "DATABEHEER_PROXY_ADDRESSES").split()
        try:
            proxies = tuple(ip_network(one) for one in callers if one != "unix")
        except ValueError as error:
            raise SettingsError(
                "DATABEHEER_PROXY_ADDRESSES is a list of addresses or networks, or the word unix"
            ) from error
        try:
            digest = bytes.fromhex(Path(_required(given, "DATABEHEER_PROXY_KEY_HASH")).read_text())
        except (OSError, ValueError) as error:
            raise SettingsError(
                "DATABEHEER_PROXY_KEY_HASH is a file with the SHA-256 of the key, in hex"
            ) from error
        required = _flag(given, "DATABEHEER_REQUIRE_CERTIFICATE")
        return cls(name, proxies, digest, takes_socket="unix" in callers, is_required=required)


@dataclass(frozen=True)
class WebSettings:
    """What a web process needs to know; secrets are kept out of `repr`.

    `database_url` logs in as role `web`, which reads under row-level security and writes bookkeeping only.
    `base_url` is the address that visitors use, without a slash at the end.
    `contact` is where people reach the data manager: an e-mail address, or a page of its own (GDPR 13(1)(a)).
    `postal_address` is where letters to it go, on one line; left out, no page says one.
    `provider_url` and `supervisor_socket` are set in demo mode only.
    """

    database_url: str = field(repr=False)
    door_socket: Path
    ledger_directory: Path
    secret_key: str = field(repr=False)
    base_url: str
    contact: str = ""
    postal_address: str = ""
    demo: bool = False
    provider_url: str | None = None
    supervisor_socket: Path | None = None
    certificate_header: CertificateHeader | None = None

    def __post_init__(self) -> None:
        if len(self.secret_key) < MINIMUM_SECRET_LENGTH:
            raise SettingsError(f"the web's secret key needs at least {MINIMUM_SECRET_LENGTH} characters")
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or self.base_url.endswith("/"):
            raise SettingsError(
                "the base URL looks like https://host or http://127.0.0.1:8000, without a last slash"
            )

        if self.contact and _CONTACT.fullmatch(self.contact) is None:
            raise SettingsError(
                "DATABEHEER_CONTACT is one e-mail address, or a page: https://house.example/contact"
            )

        if len(self.postal_address) > LONGEST_ADDRESS or not self.postal_address.isprintable():
            raise SettingsError(
                "DATABEHEER_POSTAL_ADDRESS is one line, of at most 200 characters: Kerkstraat 1, 9000 Gent"
            )

    @property
    def contact_mail(self) -> str:
        """The e-mail address of the data manager; empty where a page was set, or nothing."""
        return self.contact if self.contact_link.startswith("mailto:") else ""

    @property
    def contact_link(self) -> str:
        """Where a link to the data manager leads; empty where no contact is set."""
        return f"mailto:{self.contact}" if "@" in self.contact.partition("/")[0] else self.contact

    @property
    def is_secure(self) -> bool:
        """True where visitors come over https; cookies are then marked Secure."""
        return self.base_url.startswith("https://")

    @property
    def trusted_hosts(self) -> list[str]:
        """Host names this site answers to; anything else is refused (DNS rebinding)."""
        host = urlsplit(self.base_url).hostname or ""
        return ["127.0.0.1", "localhost"] if host in ("127.0.0.1", "localhost") else [host]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings; a missing one stops the start, by name.

        Raises:
            SettingsError: a variable is missing or cannot be used.
        """
        given = os.environ if environment is None else environment
        supervisor = given.get("DATABEHEER_SUPERVISOR_SOCKET")
        return cls(
            database_url=_required(given, "DATABEHEER_WEB_DATABASE_URL"),
            door_socket=Path(_required(given, "DATABEHEER_DOOR_SOCKET")),
            ledger_directory=Path(_required(given, "DATABEHEER_LEDGER_DIRECTORY")),
            secret_key=_required(given, "DATABEHEER_WEB_SECRET_KEY"),
            base_url=_required(given, "DATABEHEER_BASE_URL"),
            contact=_required(given, "DATABEHEER_CONTACT"),
            postal_address=given.get("DATABEHEER_POSTAL_ADDRESS", "").strip(),
            demo=_flag(given, "DATABEHEER_DEMO"),
            provider_url=given.get("DATABEHEER_PROVIDER_URL") or None,
            supervisor_socket=Path(supervisor) if supervisor else None,
            certificate_header=CertificateHeader.from_environment(given),
        )


def _required(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; the web cannot start without it")
    return value


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "0")
    if value not in ("0", "1"):
        raise SettingsError(f"{name} is 0 or 1")
    return value == "1"
