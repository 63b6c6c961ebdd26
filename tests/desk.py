"""The desk in tests: a contact, who is identified in it, what was written and what waits to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.doors import query
from tests.house import Colleague, Customer, TheHouse, open_house

_PAPERS = count(1)
MOBILE = "+32470123456"
METER = "1SAG9200000001"
LOTTE = {"ean": LOTTES_EAN, "meter": METER, "name": "Lotte Janssens"}


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    """One house for all tests of a file: each has people, cases and contacts of its own."""
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def nadia(house: TheHouse) -> Colleague:
    """Who works at the desk."""
    return house.colleague("nadia", "desk")


def scan() -> str:
    """The SHA-256 of the scan of a paper that was never entered before."""
    return sha256(b"paper %d" % next(_PAPERS)).hexdigest()


def meter(house: TheHouse, ean: str, number: str) -> None:
    """Hang a digital meter."""
    house.operator("registry.meter.install", ean=ean, meter=number, digital=True, ports=["P1"])


def lottes_home(house: TheHouse) -> Customer:
    """Lotte, with a home and its meter."""
    customer = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, customer)
    meter(house, LOTTES_EAN, METER)
    return customer


def contact(one: Colleague, channel: str = "call", caller: str = "customer", **changes: Any) -> str:
    """Open a contact; of a call with what a call takes."""
    wish: dict[str, Any] = {
        "contact_id": str(uuid4()),
        "channel": channel,
        "caller": caller,
        "what": "vraagt iets",
    }
    if channel == "call":
        wish |= {"told_recorded": True, "recording": "R-1"}
    return str(one.call("desk.open", **(wish | changes))["reference"])


def identified(one: Colleague, channel: str = "call", **who: Any) -> str:
    """Open a contact in which somebody is identified: Lotte, unless another is named."""
    reference = contact(one, channel)
    assert one.call("desk.identify", reference=reference, **(who or LOTTE))["identified"] is True
    return reference


def refused(act: Callable[..., Any], *given: Any, **arguments: Any) -> str:
    """With which code the door refuses it; it must."""
    with pytest.raises(DoorRefusedError) as error:
        act(*given, **arguments)
    return error.value.code


def size(house: TheHouse) -> int:
    """How many entries the ledger has."""
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def waiting(house: TheHouse) -> int:
    """How many letters and text messages wait to be sent."""
    return int(query(house, "SELECT count(*) FROM post.letter")[0][0])


def events(person: Customer, count: int) -> list[str]:
    """The newest lines of somebody's own list."""
    return [one["event"] for one in person.statements(limit=count)]
