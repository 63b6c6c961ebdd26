"""Two towns with a few days of quarter-hours around the end of summer time, for statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from databeheer.metering.street import invented_ean
from databeheer.values import EAN
from tests.databeheer.metering.builders import ENGLISH, ENGLISH_GAS, Row, day_rows, text
from tests.house import Customer, TheHouse

DAYS = (date(2023, 10, 28), date(2023, 10, 29))
"""Of 24 and of 25 hours."""
OCTOBER = "2023-10-01"
GENT, BRUGGE = "44021", "31005"


@dataclass(frozen=True)
class Household:
    """One address, where `wh` is used in every quarter-hour; who lives there, where that is known."""

    ean: EAN
    wh: int
    person: Customer | None


def settle(
    house: TheHouse,
    uses: list[int],
    *,
    municipality: str | None = GENT,
    profile_type: str | None = "household",
    first: int = 0,
    register: str = "Offtake Day",
    owners: Sequence[Customer | None] = (None,),
) -> list[Household]:
    """Register an address for each of `uses` (Wh a quarter-hour), and take its quarter-hours in.

    `owners` live there in turn; at an address of nobody's it is nobody that is counted.
    """
    found = []
    for serial, wh in enumerate(uses, start=first):
        person = owners[serial % len(owners)]
        ean = invented_ean(7001 + serial)
        register_point(house, ean, "electricity", municipality, profile_type)
        if person is not None:
            begin_stay(house, ean, person)
        found.append(Household(ean, wh, person))
    rows = [
        row.but(volume=f"{one.wh // 1000},{one.wh % 1000:03d}")
        for one in found
        for day in DAYS
        for row in day_rows(day, row=_row(one.ean, register))
    ]
    house.ingest(text(ENGLISH, rows))
    return found


def settle_gas(house: TheHouse, uses: list[int], first: int = 500) -> None:
    """Register an address with gas for each of `uses` (Wh an hour); beside each stand 900 litres, as in exports."""
    rows = []
    for serial, wh in enumerate(uses, start=first):
        ean = invented_ean(7001 + serial)
        register_point(house, ean, "gas", GENT, "household")
        row = _row(ean, "Offtake").but(volume=f"0,{wh:03d}")
        for one in (hour for day in DAYS for hour in day_rows(day, 60, row=row)):
            rows += [one.but(volume="0,900", unit="m³"), one.but(volume=row.volume)]
    house.ingest(text(ENGLISH_GAS, rows, tail=("Provisional", "")))


def register_point(
    house: TheHouse, ean: EAN, commodity: str, municipality: str | None, profile_type: str | None
) -> None:
    named: dict[str, Any] = {"municipality": municipality, "profile_type": profile_type}
    house.operator("registry.access_point.register", ean=ean.digits, commodity=commodity, **named)


def begin_stay(house: TheHouse, ean: EAN, person: Customer, since: str = "2022-01-01") -> None:
    house.operator(
        "registry.occupancy.begin", ean=ean.digits, person_id=str(person.person_id), from_day=since
    )


def _row(ean: EAN, register: str) -> Row:
    return Row(ean=f'="{ean.digits}"', meter=f"1SAG7{ean.digits[-8:]}", register=register)


def run(house: TheHouse, **changes: Any) -> dict[str, Any]:
    """Publish October's electricity, unless changed."""
    wish = {"month": OCTOBER, "commodity": "electricity"}
    return house.operator("statistics.run", **(wish | changes))


def lines(house: TheHouse, release_id: str) -> list[dict[str, str]]:
    """The lines of a published table, as a reader has them."""
    table = house.client.call("statistics.show", release_id=release_id)["table"]
    head, *rows = str(table).splitlines()
    return [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]
