"""The meter, its ports, and leaving the house where it hangs."""

from __future__ import annotations

from tests.journeys.portal.granting import granted
from tests.journeys.portal.town import Trip


def quarter_hours_off(trip: Trip) -> None:
    """Off in one step, after reading whom it leaves without."""
    lotte = trip.somebody()
    trip.home(lotte)
    granted(trip, lotte)
    hers = trip.portal(lotte)
    hers.turn_to("Mijn verbruik")
    hers.press("Hoe vaak wordt mijn meter gelezen?")
    hers.sees("Nu: per kwartier.", "Bram Energieadvies: ")
    hers.press("Lees alleen de meterstand van elke dag")
    hers.sees("Uw keuze is bewaard", "Nu: één keer per dag.")
    assert not lotte.call("me")["occupancies"][0]["interval_reading"]


def ports(trip: Trip) -> None:
    """Opened after reading what that means, and undone."""
    lotte = trip.somebody()
    meter = trip.meter(trip.home(lotte))
    hers = trip.portal(lotte)
    hers.turn_to("Poorten")
    hers.press(f"de P1-poort van meter {meter}")
    hers.sees("Er gebeurt niets zolang u niet bevestigt", "Dit laat heel veel zien")
    hers.press("Ja, laat de P1-poort openen")
    hers.sees("U hebt gevraagd: de P1-poort openen", "Wordt geopend", "binnen 24 uur na de vraag")
    hers.press("Ongedaan maken")
    hers.does_not_see("Wordt geopend")


def move_out(trip: Trip) -> None:
    """Who left keeps the time that was his, and sees nothing of the time after it."""
    lotte = trip.somebody()
    ean = trip.home(lotte)
    trip.meter(ean)
    permission = granted(trip, lotte)
    trip.house.operator("registry.occupancy.end", ean=ean, until_day="2024-01-01")
    assert trip.bram.permission(permission)["state"] != "active"
    hers = trip.portal(lotte)
    hers.sees("Dit adres stond op uw naam van 1 januari 2022 tot en met 31 december 2023.")
    hers.press("Bekijk het verbruik")
    hers.sees("Zondag 31 december 2023")
    hers.does_not_see("Volgende dag")
    hers.open("/mijn/verbruik?dag=2025-05-05")
    hers.sees("U woonde hier tot en met 31 december 2023.")
    hers.turn_to("Poorten")
    hers.sees("Wij kennen geen meter op een adres dat nu op uw naam staat.")
    hers.turn_to("Toestemmingen")
    hers.sees("Niemand heeft nu uw toestemming.")
