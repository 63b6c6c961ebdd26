"""A customer whose data many read: 3 access points, 20 parties, as many reads of the past months as asked.

Each read is decided and recorded by the door's own loop (`admit`), hundreds in a turn, at its hour of those months. Its
values are not opened, for nobody waits for them: what the ledger says of the customer is what it would say had the
parties come one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice
from uuid import UUID

from databeheer.clock import SystemClock
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Proof
from databeheer.door.reads.admitting import admit
from databeheer.door.reads.request import Admitted, ReadRequest
from databeheer.values import EAN, Granularity, Period, Purpose
from tests.databases import Database
from tests.house import Customer, Party, TheHouse, open_house

POINTS = ("541448899990000039", "541448899990000046", "541448899990000053")
DAYS = 300
"""The reads are spread over so many days, up to today."""
IN_A_TURN = 500


@dataclass(frozen=True)
class Crowd:
    """The customer, and who reads there: services by consent, a supplier of each access point by law."""

    customer: Customer
    by_consent: tuple[tuple[Party, UUID], ...]
    by_law: tuple[tuple[Party, str], ...]


@contextmanager
def crowded_house(database: Database, *, parties: int, reads: int) -> Iterator[tuple[TheHouse, Crowd]]:
    """A house with such a customer; its hour is the machine's."""
    with open_house(database, now=SystemClock().now() - timedelta(days=DAYS)) as house:
        crowd = settle(house, parties)
        read_all(house, crowd, reads, step=timedelta(days=DAYS) / -(-reads // IN_A_TURN))
        house.clock.set(SystemClock().now())
        crowd.customer.session = house.log_in(crowd.customer.subject, crowd.customer.name)
        yield house, crowd


def settle(house: TheHouse, parties: int) -> Crowd:
    """Let the customer live at three access points, supplied by as many, and permit every other party one of them."""
    customer = house.customer("veerle", "Veerle Claes")
    stays = [house.point(ean, customer, address=f"Kerkstraat {ean[-2:]}, 9000 Gent") for ean in POINTS]
    by_law = []
    for ean in POINTS[: max(1, parties - 1)]:
        supplier = house.party(f"Stroom {ean[-2:]}", "supplier")
        house.operator("registry.supply.accept", ean=ean, party_id=supplier.party_id, from_day="2022-01-01")
        by_law.append((supplier, ean))
    by_consent = []
    for number in range(parties - len(by_law)):
        service = house.party(f"Dienst {number:02}", "energy_service")
        asked = service.ask(granularity="day")
        customer.grant(asked, stays[number % len(stays)])
        by_consent.append((service, UUID(asked["permission_id"])))
    return Crowd(customer, tuple(by_consent), tuple(by_law))


def read_all(house: TheHouse, crowd: Crowd, reads: int, *, step: timedelta = timedelta()) -> None:
    """Let everybody read in turn until there are so many reads; the house's clock goes on after each turn of them."""
    for done in range(0, reads, IN_A_TURN):
        requests = list(islice(cycle(list(_round(house, crowd))), min(IN_A_TURN, reads - done)))
        outcomes = admit(house.house, requests)
        assert all(isinstance(one, Admitted) and one.decided.leaving for one in outcomes)
        house.clock.advance(step)


def _round(house: TheHouse, crowd: Crowd) -> Iterator[ReadRequest]:
    """One read by each party, with a token of this hour: a day by consent, a month by law."""
    for party, permission_id in crowd.by_consent:
        yield ReadRequest(
            _proof(house, party), _DAY, Granularity.DAY, None, False, permission_id=permission_id
        )
    for party, ean in crowd.by_law:
        hashed = ean_hash(house.house, EAN(ean))
        yield ReadRequest(
            _proof(house, party),
            _MONTH,
            Granularity.MONTH,
            None,
            False,
            purpose=Purpose.BILLING,
            ean_hash=hashed,
        )


def _proof(house: TheHouse, party: Party) -> Proof:
    return Proof("token", house.token(party.client_id, party.client_secret))


_DAY = Period.of_days(date(2023, 10, 29), date(2023, 10, 29))
_MONTH = Period.of_days(date(2023, 10, 1), date(2023, 10, 31))
