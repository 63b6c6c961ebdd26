"""The keyed hash under which attempts at an EAN code are counted: no other identifier follows from it (R94)."""

from __future__ import annotations

from databeheer.door.house import House
from databeheer.door.keys.seals import derive


def of_meter(house: House, number: str) -> bytes:
    """A meter number without spaces, in capitals or not, whether it exists or not."""
    return derive(house.registry_key("ean-asked"), "meter", number.upper().encode())
