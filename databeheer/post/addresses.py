"""Where a web hook may go: to the party on the open internet, and never back into our own house (SSRF).

An address is checked when a party gives it, and its name is resolved anew for each attempt: every number that it has
must be public, and the connection is made to one of those numbers and to nothing else.

Source: OWASP Server-Side Request Forgery Prevention; RFC 6890 (special-purpose addresses).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from databeheer.errors import DatabeheerError, MalformedRequestError

LONGEST = 500
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")
_PATH = re.compile(r"[!-~]*\Z")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
# In IPv6 only what IANA gives out for the open internet; all else may be anything in our own house: fec0::/10, once for
# sites; 64:ff9b::/96, whose numbers carry an IPv4 number to a translator of ours.
_GIVEN_OUT = ip_network("2000::/3")
# What Python's table calls global, or may call so in a version to come, and no party answers at.
_NOBODYS = tuple(
    ip_network(net)
    for net in (
        "192.0.0.0/24",  # protocols
        "192.31.196.0/24",  # sinks of reverse look-ups (AS112), and below
        "192.52.193.0/24",  # multicast relays
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",
        "168.63.129.16/32",  # a cloud's own host, at a number that looks public
        "2001::/23",  # protocols: Teredo, ORCHID and the like
        "2002::/16",  # 6to4: carries an IPv4 number
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

Resolve = Callable[[str, int], list[str]]


class ForbiddenAddressError(DatabeheerError):
    """A web hook's name leads to a number that is not on the open internet, or to none."""

    code = "forbidden-address"


@dataclass(frozen=True)
class Address:
    """Where a web hook goes: `target` is the path with its query."""

    host: str
    port: int
    target: str
    is_tls: bool
    is_loopback: bool = False


def parse(url: str, *, loopback: bool = False) -> Address:
    """Read a party's address. `loopback`: also http on this machine (the demo).

    Raises:
        MalformedRequestError: not https, no name with a dot, a user name, a fragment, or a port below 1024.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MalformedRequestError("url: not an address") from error
    host = (parts.hostname or "").lower()
    is_loopback = loopback and host in _LOOPBACK
    if not (parts.scheme == "https" or (is_loopback and parts.scheme == "http")):
        raise MalformedRequestError("url: only https")
    if not is_loopback and not _NAME.match(host):
        raise MalformedRequestError("url: needs a host name on the internet, not a number")
    if "@" in parts.netloc or "#" in url or len(url) > LONGEST or not _PATH.match(url) or "\\" in url:
        raise MalformedRequestError("url: no user name, no fragment, printable ASCII, at most 500 characters")
    is_tls = parts.scheme == "https"
    port = port if port is not None else (443 if is_tls else 80)
    if not (port == 443 or 1024 <= port <= 65535 or is_loopback):
        raise MalformedRequestError("url: port 443, or 1024 and above")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(host, port, target, is_tls, is_loopback)


def resolve(host: str, port: int) -> list[str]:
    """Return every number of a name, as the system's resolver has them now."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ForbiddenAddressError("the name has no address") from error
    return [str(entry[4][0]) for entry in found]


def pin(address: Address, resolver: Resolve = resolve) -> str:
    """Return the number to connect to. One that may not be, among several, condemns the name.

    Raises:
        ForbiddenAddressError: private, loopback, link-local (metadata services), reserved, or none at all.
    """
    numbers = resolver(address.host, address.port)
    for number in numbers:
        if address.is_loopback and ip_address(number).is_loopback:
            continue
        if not is_public(number):
            raise ForbiddenAddressError("the name leads to an address that is not on the open internet")
    if not numbers:
        raise ForbiddenAddressError("the name has no address")
    return numbers[0]


def is_public(number: str) -> bool:
    """Say whether a number is on the open internet."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(number)
    except ValueError:  # with a zone, as fe80::1%eth0
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GIVEN_OUT:
            return False
    return (
        ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in net for net in _NOBODYS)
    )
