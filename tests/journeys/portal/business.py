"""A business that gives access to all its access points at once, and takes it back at once."""

from __future__ import annotations

from tests.journeys.portal.town import POINTS, Trip

REFUSED = b"EAN;adres\n541448899990000039;\n12;\n"
"""Somebody else's point, and what is no EAN code at all."""


def many_points(trip: Trip) -> None:
    """Found among 200, all given with one file after one that was refused, and all withdrawn."""
    bakery = trip.bakery()
    file = "EAN\n" + "".join(f"{one}\n" for one in bakery.eans)
    els = trip.portal(bakery.business)
    els.sees(f"Uw {POINTS} aansluitingen")
    els.fill("laatste cijfers", bakery.eans[7][-6:])
    els.press("Zoek")
    els.sees(f"1 van uw {POINTS}")
    els.press("Geef een dienst toegang")
    els.press("Kies Bram Energieadvies")
    els.press("advies")
    for question, answer in (
        ("Hoe fijn mogen de gegevens zijn?", "per dag"),
        ("Welke gegevens?", "Alleen wat ik van het net afneem"),
        ("Over welke tijd?", "nieuwe"),
        ("Hoelang mag dit?", "jaar"),
    ):
        els.choose(answer, under=question)
    els.press("Verder naar uw aansluitingen")
    els.sees(f"U koos 0 van uw {POINTS}")
    els.attach("Uw CSV-bestand", "punten.csv", REFUSED)
    els.press("Lees het bestand")
    els.sees("Wij namen niets over", "Regel 2:", "Regel 3:")
    els.attach("Uw CSV-bestand", "punten.csv", file.encode())
    els.press("Lees het bestand")
    els.sees(f"toegang tot {POINTS} van uw {POINTS}", "Er is nog niets beslist")
    assert trip.given(bakery) == 0
    els.press("Toestaan")
    els.sees(f"mag nu gegevens van {POINTS} aansluitingen zien")
    assert trip.given(bakery) == POINTS
    els.press("Intrekken van de toestemming")
    els.press("Trek alle")
    els.sees(f"U trok {POINTS} toestemmingen van Bram Energieadvies in")
    assert trip.given(bakery) == 0
