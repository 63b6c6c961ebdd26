"""A web hook goes to the open internet and never back into our own house, whatever its name leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.errors import MalformedRequestError
from databeheer.post import addresses
from databeheer.post.addresses import Address, ForbiddenAddressError

PUBLIC = ("93.184.215.14", "168.63.129.17", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2001:67c:2e8::1")
NOT_PUBLIC = (
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *(
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
    ),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::"),
    *("fec0::1", "feff::1", "::a00:1", "4000::1", "100::1", "100:0:0:1::1", "5f00::1", "3fff::1"),
    *("2001:1::1", "2001:4:112::1", "2001:20::1", "2001:1ff::1", "2620:4f:8000::1"),
    *("192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "168.63.129.16", "192.0.0.192"),
    "nonsense",
)


@pytest.mark.parametrize("number", PUBLIC)
def test_a_number_on_the_open_internet_is_public(number: str) -> None:
    assert addresses.is_public(number)


@pytest.mark.parametrize("number", NOT_PUBLIC)
def test_any_other_number_is_not(number: str) -> None:
    assert not addresses.is_public(number)


@given(st.ip_addresses(v=4))
def test_a_number_hidden_in_ipv6_is_judged_as_itself(number: object) -> None:
    assert addresses.is_public(f"::ffff:{number}") == addresses.is_public(str(number))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://party.example/hooks", Address("party.example", 443, "/hooks", True)),
        ("https://Party.Example:8443/a?b=c", Address("party.example", 8443, "/a?b=c", True)),
        ("https://party.example", Address("party.example", 443, "/", True)),
    ],
)
def test_an_address_is_read(url: str, expected: Address) -> None:
    assert addresses.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://party.example/hooks",
        "ftp://party.example/hooks",
        "file:///etc/passwd",
        "//party.example/hooks",
        "party.example",
        "",
        "https://",
        "https://localhost/hooks",
        "https://intranet/hooks",
        "https://127.0.0.1/hooks",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f.0.0.0x1/",
        "https://[::1]/hooks",
        "https://169.254.169.254/latest/meta-data",
        "https://user:pass@party.example/",
        "https://user@party.example/",
        "https://party.example#x",
        "https://party.example/a b",
        "https://party.example/\r\nHost: x",
        "https://party.example\\@127.0.0.1/",
        "https://pärty.example/",
        "https://party.example:22/",
        "https://party.example:25/",
        "https://party.example:0/",
        "https://party.example:99999/",
        "https://party.example:x/",
        "https://party..example/",
        "https://-party.example/",
        "https://party.example./",
        f"https://party.example/{'x' * 500}",
    ],
)
def test_an_address_that_is_not_plain_https_to_a_name_is_refused(url: str) -> None:
    with pytest.raises(MalformedRequestError):
        addresses.parse(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/hooks", "http://localhost:8080/hooks"])
def test_this_machine_is_for_the_demo_alone(url: str) -> None:
    assert addresses.parse(url, loopback=True).is_loopback
    with pytest.raises(MalformedRequestError):
        addresses.parse(url)


@pytest.mark.parametrize(
    "url", ["http://party.example/", "http://10.0.0.1/", "http://127.0.0.2/", "http://[::1]/"]
)
def test_the_demo_opens_this_machine_and_nothing_else(url: str) -> None:
    with pytest.raises(MalformedRequestError):
        addresses.parse(url, loopback=True)


def test_the_number_is_one_that_the_name_has() -> None:
    address = addresses.parse("https://party.example/")
    assert addresses.pin(address, lambda *_: list(PUBLIC)) == PUBLIC[0]


@pytest.mark.parametrize("number", NOT_PUBLIC)
def test_one_number_inside_condemns_the_name(number: str) -> None:
    address = addresses.parse("https://party.example/")
    with pytest.raises(ForbiddenAddressError):
        addresses.pin(address, lambda *_: [PUBLIC[0], number])


def test_a_name_without_a_number_leads_nowhere() -> None:
    with pytest.raises(ForbiddenAddressError):
        addresses.pin(addresses.parse("https://party.example/"), lambda *_: [])
    with pytest.raises(ForbiddenAddressError):
        addresses.pin(addresses.parse("https://nothing.invalid/"))


def test_in_the_demo_a_name_of_this_machine_leads_to_it_and_no_further() -> None:
    address = addresses.parse("http://localhost:8080/", loopback=True)
    assert addresses.pin(address, lambda *_: ["127.0.0.1"]) == "127.0.0.1"
    with pytest.raises(ForbiddenAddressError):
        addresses.pin(address, lambda *_: ["10.0.0.1"])
