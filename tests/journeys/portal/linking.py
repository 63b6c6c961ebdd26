"""Coming in for the first time."""

from __future__ import annotations

from databeheer.approval_letters import code as codes
from tests.journeys.portal.town import Trip
from tests.journeys.portal.ways import Walker


def first_visit(trip: Trip) -> None:
    """From the start page to the own overview, with two numbers from a bill."""
    ean, meter = trip.reported("VERMEULEN Rosa")
    rosa = trip.window(trip.somebody("Rosa Vermeulen"), logged_in=False)
    rosa.open("/")
    rosa.press("Aanmelden")
    rosa.press("Rosa Vermeulen")
    rosa.sees("Dat tonen wij u zodra u uw aansluiting koppelt")
    rosa.press("Koppel uw aansluiting")
    rosa.unfold("Wie kan een aansluiting koppelen?")
    rosa.sees("Wie bij de netbeheerder als klant op dat adres staat")
    rosa.press("Koppelen")
    rosa.sees("Er ontbreekt nog iets", "Deze poging telt niet mee")
    rosa.mend("")
    rosa.fill("EAN-code", f"{ean[:6]} {ean[6:]}")
    rosa.fill("Meternummer", meter.lower())
    rosa.press("Koppelen")
    rosa.sees("Uw aansluiting is gekoppeld")
    rosa.press("Bekijk uw overzicht")
    rosa.sees("Molenstraat 7, 9000 Gent")


def lock_out(trip: Trip) -> None:
    """Three times wrong, and unlocked with the code of a letter; and what stands there while nobody may link."""
    ean, meter = trip.reported("VERMEULEN Rosa")
    rosa = trip.window(trip.somebody("Rosa Vermeulen"))
    rosa.open("/mijn/aansluiting")
    for answer in ("nog 2 keer", "nog één keer", "Koppelen is geblokkeerd"):
        _link(rosa, ean, "1SAG0")
        rosa.sees(answer)
    rosa.press("Stuur mij een brief")
    rosa.fill("EAN-code", "123")
    rosa.press("Stuur de brief")
    rosa.mend("")
    rosa.fill("EAN-code", ean)
    rosa.press("Stuur de brief")
    rosa.sees("Vul de code uit de brief in")
    letters = trip.house.operator("letter.list")["letters"]
    code = str(trip.house.operator("letter.open", letter_id=letters[-1]["letter_id"])["code"])
    for typed, answer in (
        (codes.new().shown, "Met deze code kan er niets"),
        ("K7QX", "Er zit een tikfout in de code"),
        (code, "De code klopt"),
    ):
        rosa.fill("Code uit de brief", typed)
        rosa.press("Verder")
        rosa.sees(answer)
    _link(rosa, ean, meter)
    rosa.sees("Uw aansluiting is gekoppeld")
    trip.house.operator("link.close", reason="a drill", by="Ona Operator")
    try:
        rosa.press("Koppel nog een aansluiting")
        rosa.sees("Koppelen kan nu even niet")
    finally:
        trip.house.operator("link.reopen", reason="over", by="Ona Operator")


def _link(rosa: Walker, ean: str, meter: str) -> None:
    rosa.fill("EAN-code", ean)
    rosa.fill("Meternummer", meter)
    rosa.press("Koppelen")
