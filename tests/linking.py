"""Rosa, who lives somewhere under a name that her grid operator gave and an identity that no log-in has."""

from __future__ import annotations

from datetime import date

from tests.databeheer.door.access_register.sending import ean_of, send
from tests.house import Party, TheHouse

EAN, METER = ean_of(1), "1SAG9100000001"
NOWHERE = ean_of(2)
"""An EAN code with a right check digit, of no access point."""
SINCE = date(2023, 10, 1)
ROSA = {"identity": "grid-4711", "name": "VERMEULEN Rosa"}


def report_rosa(house: TheHouse, net: Party) -> str:
    """Have the grid operator report her; returns the EAN code of her access point."""
    house.point(EAN, address="Molenstraat 7, 9000 Gent")
    house.operator("registry.meter.install", ean=EAN, meter=METER, digital=True, ports=["P1"])
    begins = {"from": SINCE.isoformat()}
    send(net, "customer.moved_in", ean=EAN, customer=ROSA, interval_reading=True, **begins)
    return EAN
