"""Who looked at my data: the log, its proofs, and doubt about a line of it."""

from __future__ import annotations

import subprocess
import sys

from ledger import cli
from tests.house import Customer
from tests.journeys.portal.granting import granted
from tests.journeys.portal.town import Trip
from tests.web.programs import publish


def read_the_log(trip: Trip) -> None:
    """A line is found, and its receipt, saved from the page, holds for the command line of an outsider."""
    lotte = trip.somebody()
    read = _read(trip, lotte)
    key = publish(trip.house)
    hers = trip.portal(lotte)
    hers.turn_to("Wie las mijn gegevens?")
    hers.unfold("Hoe weet ik dat er geen regel ontbreekt?")
    hers.sees("Elke regel over uw adres krijgt een volgnummer")
    hers.fill("Zoek op naam of nummer", "bram")
    hers.press("Toon")
    hers.sees("Regels die passen bij uw keuze: 1.", "Las uw verbruik per kwartier, op 29 oktober 2023")
    receipt = hers.save(f"Bewaar het bewijs van nummer {read}", trip.folder)
    verify = ["receipt", "verify", str(receipt), "--key", key.vkey]
    done = subprocess.run(
        [sys.executable, "-m", "ledger", *verify], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    receipt.write_bytes(receipt.read_bytes().replace(b"index ", b"index 1"))
    assert cli.main(verify) != 0


def doubt(trip: Trip) -> None:
    """A line is doubted and its party blocked; and the doubt is taken back."""
    lotte = trip.somebody()
    read = _read(trip, lotte)
    hers = trip.window(lotte)
    hers.open("/mijn/gelezen")
    hers.press(f"Meld twijfel over nummer {read}")
    hers.press("Meld en blokkeer de dienst")
    hers.sees("Er is nog iets nodig")
    hers.mend("")
    hers.choose("Ik heb deze toestemming niet gegeven")
    hers.fill("Wilt u er iets bij zeggen?", "Ik ken deze dienst niet.")
    hers.press("Meld en blokkeer de dienst")
    hers.sees("Uw twijfel over Bram Energieadvies", "Ik ken deze dienst niet.")
    [case] = lotte.call("doubt.list", closed=False)["cases"]
    hers.press("Trek mijn twijfel in")
    assert lotte.call("doubt.list", closed=False)["cases"] == []
    hers.press("Alle twijfel over uw toestemmingen")
    hers.sees("Bram Energieadvies")
    assert case["case_id"] in hers.page.content()


def _read(trip: Trip, lotte: Customer) -> int:
    """Somebody who lives somewhere, and whose quarter-hours Bram read; the number of that line."""
    trip.home(lotte)
    return int(trip.bram.read(granted(trip, lotte))["index"])
