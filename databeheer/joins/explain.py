"""What people read of a join, from what the ledger's entry says: the customer whose data were in it, the inspector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.joins.necessity import PREFIX, is_number
from databeheer.joins.reasons import SENTENCES, JoinReason

_UNLISTED_CASES = {"consumption-with-addresses": "verbruik naast adressen leggen"}
_PURPOSES = {
    "marketing": "om reclame te maken",
    "fraud_detection": "om energiefraude te onderzoeken",
    "grid_management": "om het net te beheren",
    "research": "voor onderzoek",
    "statistics": "voor statistiek",
}
"""Plain words for wishes that are not on the list. A code that nobody gave words to is not shown to a customer."""


def wish_nl(case: str, purpose: str, title: str = "") -> str:
    """Say plainly what somebody wanted to join: the list's title, else words for it, else that it is not listed."""
    if title:
        return title
    if case not in _UNLISTED_CASES:
        return "Een koppeling die niet op de lijst staat"
    words = _UNLISTED_CASES[case]
    why = _PURPOSES.get(purpose)
    return words[:1].upper() + words[1:] + (f", {why}" if why else "")


def sentence_nl(said: Mapping[str, Any]) -> str:
    """Say in plain Dutch what a `join.run` or `join.refused` was; the entry names no other person."""
    reason = said.get("reason")
    if reason:
        return f"{_asked(said)} Dat is geweigerd: niemand kreeg iets. {SENTENCES[JoinReason(reason)][0]}"
    if said["shape"] == "aggregate":
        what = "Uw verbruik is opgeteld bij dat van andere aansluitingen. Alleen totalen zijn gegeven."
    elif said["shape"] == "table":
        what = (
            "Uw verbruik is per uur opgeteld bij dat van anderen. Alleen sommen waarin niemand te herkennen is, staan"
            " op de pagina met statistieken."
        )
    else:
        what = "Uw verbruik per maand is gegeven zonder uw naam, uw adres of uw EAN-nummer."
    case = str(said.get("case", ""))
    if is_number(case):
        by = f"Verklaring van noodzaak {case.removeprefix(PREFIX)}, getekend door twee mensen."
    else:
        by = f"Lijst van toegelaten koppelingen, versie {said['list']}."
    return f"{said['title_nl']}. {what} {said['citation']} {by}"


def _asked(said: Mapping[str, Any]) -> str:
    case, title = str(said.get("case", "")), str(said.get("title_nl") or "")
    if title:
        return f"Wilde uw gegevens gebruiken voor deze koppeling: {title[:1].lower()}{title[1:]}."
    if case not in _UNLISTED_CASES:
        return "Wilde uw gegevens koppelen."
    why = _PURPOSES.get(str(said.get("purpose", "")))
    return f"Wilde uw {_UNLISTED_CASES[case]}{f', {why}' if why else ''}."
