"""A street whose people gave Bram permissions, for tests of reads in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.builders import METER, Row, day_rows, english
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

DAY = date(2023, 10, 29)
WINDOW = {
    "from": "2023-10-28T22:00:00Z",
    "until": "2023-10-29T23:00:00Z",
    "granularity": "quarter_hour",
}
UNKNOWN = "3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11"
UNKNOWN_EAN = "541448899990000060"


@dataclass
class Neighbours:
    """Lotte and Maria, each measured on one day, and what each of them granted to Bram."""

    house: TheHouse
    lotte: Customer
    maria: Customer
    bram: Party
    lottes: str
    marias: str

    @property
    def both(self) -> list[str]:
        return [self.lottes, self.marias]


def measured_day(ean: str, meter: str, first: int) -> bytes:
    """An export of one day, whose volumes tell whose they are."""
    rows = day_rows(DAY, row=Row(ean=f'="{ean}"', meter=meter))
    return english(*(row.but(volume=f"{first},{row.volume[2:]}") for row in rows))


def settle(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> Neighbours:
    house.ingest(measured_day(LOTTES_EAN, METER, 1))
    house.ingest(measured_day(MARIAS_EAN, "1SAG9990000099", 2))
    granted = []
    for person in (lotte, maria):
        asked = bram.ask()
        person.grant(asked)
        granted.append(asked["permission_id"])
    return Neighbours(house, lotte, maria, bram, *granted)


def read_bulk(party: Party, permissions: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """Read one day of these permissions in bulk, unless changed."""
    wish: dict[str, Any] = {**WINDOW, "permission_ids": permissions}
    return party.call("readings.bulk", **(wish | changes))


def values(item: dict[str, Any]) -> list[int | None]:
    return [slot["value"] for channel in item["channels"] for slot in slots_in(channel)]
