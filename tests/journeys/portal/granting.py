"""Giving access, together or alone, and taking it back."""

from __future__ import annotations

from tests.house import Customer
from tests.journeys.portal.town import Trip


def grant_from_a_link(trip: Trip) -> None:
    """From a party's link, past the log-in, to a grant for one of two access points and its receipt."""
    lotte = trip.somebody()
    trip.home(lotte)
    gas = trip.home(lotte, "gas")
    asked = trip.bram.ask()
    hers = trip.window(lotte, logged_in=False)
    hers.open(f"/verbruik/dienstverlener?id={asked['link_code']}")
    hers.press("Lotte Janssens")
    hers.sees("Bram Energieadvies vraagt uw meetgegevens")
    hers.answer_too_early("Gas", "Vroegere en nieuwe gegevens toestaan")
    hers.sees("Er is nog iets nodig")
    assert trip.bram.permission(asked["permission_id"])["state"] == "requested"
    hers.mend("")
    also_hers = trip.tab(hers)
    also_hers.open(f"/verbruik/dienstverlener?id={asked['link_code']}")
    trip.forget_log_in(hers)
    hers.choose("Gas")
    hers.press("Vroegere en nieuwe gegevens toestaan")
    hers.sees("Meld u eerst aan", "Wat u invulde, is bewaard")
    hers.press("Aanmelden")
    hers.press("Lotte Janssens")
    hers.sees("U bent weer aangemeld", "Wat u koos, staat hieronder nog")
    hers.press("Vroegere en nieuwe gegevens toestaan")
    hers.sees("U gaf Bram Energieadvies toestemming", "Uw bewijs")
    granted = trip.bram.permission(asked["permission_id"])
    assert (granted["state"], granted["ean"]) == ("active", gas)
    size = trip.ledger_size()
    also_hers.choose("Elektriciteit")
    also_hers.press("Vroegere en nieuwe gegevens toestaan")
    also_hers.sees("Deze vraag is al beantwoord")
    assert (trip.bram.permission(asked["permission_id"])["ean"], trip.ledger_size()) == (gas, size)


def grant_by_choosing(trip: Trip) -> None:
    """From the own permissions to a party that asked for nothing, and what it may see."""
    lotte = trip.somebody()
    ean = trip.home(lotte)
    hers = trip.portal(lotte)
    hers.turn_to("Toestemmingen")
    hers.press("Zelf iemand toegang geven")
    hers.fill("Naam van de dienst", "bram")
    hers.press("Zoek")
    hers.press("Kies Bram Energieadvies")
    hers.press("advies")
    hers.press("Kijk mijn keuze na")
    hers.sees("Er is nog iets nodig")
    hers.mend("Kies voor welk adres")
    for question, answer in (
        ("Voor welk adres?", "Kerkstraat 1"),
        ("Hoe fijn mogen de gegevens zijn?", "per dag"),
        ("Welke gegevens?", "en wat ik op het net zet"),
        ("Over welke tijd?", "nieuwe"),
        ("Hoelang mag dit?", "jaar"),
    ):
        hers.choose(answer, under=question)
    hers.press("Kijk mijn keuze na")
    hers.sees("Kijk uw keuze na", "Er is nog niets beslist")
    hers.press("Toestaan")
    hers.sees("U gaf Bram Energieadvies toestemming")
    [given] = [one for one in trip.bram.call("permission.list")["permissions"] if one.get("ean") == ean]
    assert (given["state"], given["granularity"]) == ("active", "day")


def two_signers(trip: Trip) -> None:
    """Where two people live, it begins when both allow it."""
    lotte, noor = trip.somebody(), trip.somebody("Noor Baert")
    ean = trip.home(lotte)
    trip.house.operator(
        "registry.concerned.begin", ean=ean, person_id=str(noor.person_id), from_day="2022-01-01"
    )
    asked = trip.bram.ask(ean=ean)
    hers, theirs = trip.window(lotte), trip.window(noor)
    hers.open("/mijn")
    hers.press("Bekijk de vraag van Bram Energieadvies")
    hers.sees("Voor dit adres moeten meer mensen toestaan")
    hers.press("Vroegere en nieuwe gegevens toestaan")
    hers.sees("Uw antwoord is genoteerd", "Er moet nog iemand anders toestaan")
    assert trip.bram.permission(asked["permission_id"])["state"] == "requested"
    theirs.open("/mijn")
    theirs.press("Bekijk de vraag van Bram Energieadvies")
    theirs.press("Vroegere en nieuwe gegevens toestaan")
    theirs.sees("U gaf Bram Energieadvies toestemming")
    assert trip.bram.permission(asked["permission_id"])["state"] == "active"
    theirs.go_back()
    theirs.does_not_see("Vroegere en nieuwe gegevens toestaan")


def withdraw(trip: Trip) -> None:
    """One button in the overview, and nothing more is read; what was read stays to be seen."""
    lotte = trip.somebody()
    trip.home(lotte)
    permission = granted(trip, lotte)
    hers = trip.portal(lotte)
    hers.press("Intrekken van de toestemming van Bram Energieadvies")
    hers.sees("U hebt de toestemming van Bram Energieadvies ingetrokken", "krijgt vanaf nu niets meer")
    assert trip.bram.permission(permission)["state"] == "revoked"
    hers.press("1 toestemming die voorbij is")
    hers.press("Geschiedenis van de toestemming van Bram Energieadvies")
    hers.sees("U hebt de toestemming zelf ingetrokken")


def granted(trip: Trip, lotte: Customer) -> str:
    """The id of a permission that Bram has of her already."""
    return str(lotte.grant(trip.bram.ask())["permission"]["permission_id"])
