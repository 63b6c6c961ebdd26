"""A grid operator and a supplier that send messages to the access register, and what stands there afterwards."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from stdnum.ean import calc_check_digit

from databeheer.door.client import DoorRefusedError
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text
from databeheer.values import EAN
from tests.doors import query
from tests.house import Party, TheHouse

_NUMBERS = itertools.count(1)


def number() -> str:
    """A number that no message had."""
    return f"m-{next(_NUMBERS)}"


def send(sender: Party, kind: str, /, **said: Any) -> dict[str, Any]:
    """Send a message under a number of its own, unless it is given."""
    return sender.call("register.message", message={"number": number(), "kind": kind} | said)


def refused(sender: Party, kind: str, /, **said: Any) -> tuple[str, str]:
    """Send a message that is refused and changes nothing; returns the code and the words."""
    size = query(sender.house, "SELECT size FROM ledger.head")
    with pytest.raises(DoorRefusedError) as error:
        send(sender, kind, **said)
    assert query(sender.house, "SELECT size FROM ledger.head") == size
    return error.value.code, str(error.value)


def who(name: str) -> dict[str, str]:
    """A customer as a message names one."""
    return {"identity": name, "name": name.title()}


def ean_of(place: int) -> str:
    """The EAN code of one of many invented access points."""
    stem = f"5414488999{place:07d}"
    return stem + str(calc_check_digit(stem))


def announced(supplier: Party, ean: str, first: str) -> str:
    """Announce a switch; returns its name."""
    return str(send(supplier, "contract.announced", ean=ean, **{"from": first})["announcement"])


def stays(house: TheHouse, ean: str) -> list[tuple[str, str, str | None]]:
    """Who lives at a point from when until when; without what holds no day."""
    rows = query(
        house,
        "SELECT o.person_id, o.from_day::text, o.until_day::text FROM registry.occupancy o"
        " JOIN registry.access_point a USING (access_point_id) WHERE a.ean_hash = %s"
        " AND (o.until_day IS NULL OR o.from_day < o.until_day) ORDER BY o.from_day",
        _hash(house.house, ean),
    )
    return [(str(person), first, until) for person, first, until in rows if person is not None]


def contracts(house: TheHouse, ean: str) -> list[tuple[str, str, str | None]]:
    """Which supplier supplies a point from when until when; without what holds no day."""
    rows = query(
        house,
        "SELECT p.name, c.from_day::text, c.until_day::text FROM registry.supply_contract c"
        " JOIN registry.access_point a USING (access_point_id) JOIN registry.party p USING (party_id)"
        " WHERE a.ean_hash = %s AND (c.until_day IS NULL OR c.from_day < c.until_day) ORDER BY c.from_day",
        _hash(house.house, ean),
    )
    return [(str(name), str(first), until) for name, first, until in rows]


def hanging(house: TheHouse, ean: str) -> list[tuple[str, str | None, str | None]]:
    """Which meters a point has or had, since when, and when each was taken away."""
    rows = query(
        house,
        "SELECT m.meter_id, m.number_sealed, m.installed_on::text, m.removed_on::text FROM registry.meter m"
        " JOIN registry.access_point a USING (access_point_id) WHERE a.ean_hash = %s",
        _hash(house.house, ean),
    )
    found = [
        (open_text(house.house, "meter", meter, bytes(sealed)), first, gone)
        for meter, sealed, first, gone in rows
    ]
    return sorted(found)


def _hash(house: House, ean: str) -> bytes:
    return ean_hash(house, EAN(ean))
