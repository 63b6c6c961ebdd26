"""Rights about the own data, and letting somebody else decide."""

from __future__ import annotations

from tests.journeys.portal.town import Trip


def rights(trip: Trip) -> None:
    """Have something put right, object, take that back; a copy of everything, and the notice."""
    lotte = trip.somebody()
    trip.home(lotte)
    hers = trip.portal(lotte)
    hers.turn_to("Uw rechten")
    hers.press("Vraag ons om het te verbeteren")
    hers.press("Stuur mijn verzoek")
    hers.sees("Er is nog iets nodig")
    hers.mend("")
    hers.choose("naam")
    hers.fill("Wat staat er fout", "Mijn naam is met een c.")
    hers.press("Stuur mijn verzoek")
    hers.sees("Wij hebben uw verzoek", "Antwoord uiterlijk op", "Mijn naam is met een c.")
    hers.press("Maak bezwaar")
    hers.choose("OCMW")
    hers.press("Maak bezwaar")
    hers.mend("")
    hers.fill("Waarom wilt u dit niet?", "Mijn zus werkt er.")  # what was chosen is not lost
    hers.press("Maak bezwaar")
    hers.sees("Wij hebben uw verzoek", "Mijn zus werkt er.")
    hers.press("Neem mijn verzoek terug")
    hers.sees("U hebt uw verzoek teruggenomen")
    hers.press("Maak een kopie van alles")
    copy = hers.save("Maak en bewaar mijn kopie", trip.folder)
    assert copy.suffix == ".zip"
    hers.open("/mijn/rechten")
    hers.press("lees waarvoor wij gegevens gebruiken")
    hers.sees("Wat doen wij met uw gegevens?")


def power_of_attorney(trip: Trip) -> None:
    """Given with a code, taken up, used, and ended by who gave it."""
    lotte, theo = trip.somebody(), trip.somebody("Theo Wouters")
    trip.home(lotte)
    hers, his = trip.window(lotte), trip.window(theo)
    hers.open("/mijn")
    hers.turn_to("Volmachten")
    hers.press("Geef iemand een volmacht")
    hers.press("Verder")
    hers.sees("Er ontbreekt nog iets")
    hers.mend("Kies tot wanneer")
    hers.choose("maanden", under="Hoe lang?")
    hers.choose("Kijken en beslissen", under="Wat mag die persoon?")
    hers.choose("Kerkstraat 1", under="Voor welke adressen?")
    hers.fill("Wie? Voornaam en naam", "Theo Wouters")
    hers.press("Verder")
    hers.sees("Klopt dit?", "Theo Wouters")
    hers.press("Ja, maak de uitnodiging")
    code = hers.read("p.figures strong")
    his.open("/mijn/volmacht")
    his.press("Kreeg u een code?")
    for typed, answer in (("K7QX", "Deze code werkt niet"), (code, "Wilt u handelen namens Lotte Janssens?")):
        his.fill("Code", typed)
        his.press("Verder")
        his.sees(answer)
    his.press("Ja, ik neem ze aan")
    his.press("Handelen namens Lotte Janssens")
    his.sees("U handelt namens Lotte Janssens", "Kerkstraat 1")
    hers.open("/mijn/volmacht")
    hers.press("Stop deze volmacht")
    hers.sees("Gestopt")
    his.open("/mijn")
    his.sees("De volmacht of de aanstelling is voorbij")
    his.open("/mijn")
    his.does_not_see("Lotte Janssens")
