"""A street of points with a month or two of day totals, for joins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.brussels import days_between, midnight
from databeheer.joins.lists import SHIPPED
from databeheer.metering.street import invented_ean
from databeheer.values import EAN, format_instant
from tests.databeheer.metering.builders import ENGLISH, Row, text
from tests.house import Customer, TheHouse

FIRST, LAST = date(2023, 9, 1), date(2023, 10, 31)
SEPTEMBER = {"from": format_instant(midnight(FIRST)), "until": format_instant(midnight(date(2023, 10, 1)))}
BOTH_MONTHS = {"from": format_instant(midnight(FIRST)), "until": format_instant(midnight(date(2023, 11, 1)))}

STRICT = (
    SHIPPED.read_bytes()
    .replace(b"version = 2\n", b"version = 3\n")
    .replace(b"approvals = 1\n", b"approvals = 2\n")
)
"""The shipped list, but for that everything asks for a second person."""


@dataclass(frozen=True)
class Neighbour:
    """One connection and who lives there; uses `kwh` a day."""

    ean: EAN
    person: Customer
    kwh: int


def settle(house: TheHouse, number: int, *, kwh: int = 0) -> list[Neighbour]:
    """Let `number` people move in and take two months of day totals in; neighbour n uses n + 1 kWh a day."""
    neighbours, rows = [], list[Row]()
    for serial in range(number):
        ean, daily = invented_ean(5001 + serial), kwh or serial + 1
        person = house.customer(f"neighbour-{serial}", f"Buur {serial}")
        house.point(ean.digits, person, since=date(2022, 1, 1), interval_reading=False)
        rows += _rows(ean, f"1SAG900000{serial:04d}", daily)
        neighbours.append(Neighbour(ean, person, daily))
    house.ingest(text(ENGLISH, rows))
    return neighbours


def _rows(ean: EAN, meter: str, daily_kwh: int) -> list[Row]:
    return [
        Row(
            begin=f"{day:%d/%m/%Y}",
            begin_time="00:00:00",
            end=f"{day + timedelta(days=1):%d/%m/%Y}",
            end_time="00:00:00",
            ean=f'="{ean.digits}"',
            meter=meter,
            volume=f"{daily_kwh},000",
        )
        for day in days_between(FIRST, LAST)
    ]
