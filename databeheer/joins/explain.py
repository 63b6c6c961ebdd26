"""What people read of a join, from what the ledger's entry says: the customer whose data were in it, the inspector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.joins.necessity import PREFIX, is_number
from databeheer.joins.reasons import SENTENCES, JoinReason
from databeheer.sentences import Blank, Sentence, in_dutch

REFUSED = "Dat is geweigerd: niemand kreeg iets."
GIVEN = {
    "aggregate": "Uw verbruik is opgeteld bij dat van andere aansluitingen. Alleen totalen zijn gegeven.",
    "table": (
        "Uw verbruik is per uur opgeteld bij dat van anderen. Alleen sommen waarin niemand te herkennen is, staan"
        " op de pagina met statistieken."
    ),
    "rows": "Uw verbruik per maand is gegeven zonder uw naam, uw adres of uw EAN-nummer.",
}
TITLE, CITED = "%(title)s.", "%(citation)s"
BY_NECESSITY = "Verklaring van noodzaak %(number)s, getekend door twee mensen."
BY_LIST = "Lijst van toegelaten koppelingen, versie %(version)s."
ASKED = "Wilde uw gegevens koppelen."
ASKED_LISTED = "Wilde uw gegevens gebruiken voor deze koppeling: %(title)s."
ASKED_UNLISTED, ASKED_UNLISTED_FOR = "Wilde uw %(what)s.", "Wilde uw %(what)s, %(why)s."

_UNLISTED_CASES = {"consumption-with-addresses": "verbruik naast adressen leggen"}
_PURPOSES = {
    "marketing": "om reclame te maken",
    "fraud_detection": "om energiefraude te onderzoeken",
    "grid_management": "om het net te beheren",
    "research": "voor onderzoek",
    "statistics": "voor statistiek",
}
"""Plain words for wishes that are not on the list. A code that nobody gave words to is not shown to a customer."""
SAID = (
    *(REFUSED, TITLE, CITED, BY_NECESSITY, BY_LIST, ASKED, ASKED_LISTED, ASKED_UNLISTED, ASKED_UNLISTED_FOR),
    *(*GIVEN.values(), *_UNLISTED_CASES.values(), *_PURPOSES.values()),
    *(dutch for dutch, _ in SENTENCES.values()),
)
"""Every Dutch text that `sentences` may say or fill in, beside the titles of the list."""


def wish_nl(case: str, purpose: str, title: str = "") -> str:
    """Say plainly what somebody wanted to join: the list's title, else words for it, else that it is not listed."""
    if title:
        return title
    if case not in _UNLISTED_CASES:
        return "Een koppeling die niet op de lijst staat"
    words = _UNLISTED_CASES[case]
    why = _PURPOSES.get(purpose)
    return words[:1].upper() + words[1:] + (f", {why}" if why else "")


def sentences(said: Mapping[str, Any]) -> tuple[Sentence, ...]:
    """Say what a `join.run` or `join.refused` was; the entry names no other person."""
    reason = said.get("reason")
    if reason:
        return (_asked(said), Sentence(REFUSED), Sentence(SENTENCES[JoinReason(reason)][0]))
    case = str(said.get("case", ""))
    by = (
        Sentence(BY_NECESSITY, {"number": (Blank.NAME, case.removeprefix(PREFIX))})
        if is_number(case)
        else Sentence(BY_LIST, {"version": (Blank.NAME, str(said["list"]))})
    )
    return (
        Sentence(TITLE, {"title": (Blank.WORDS, str(said["title_nl"]))}),
        Sentence(GIVEN.get(said["shape"], GIVEN["rows"])),
        Sentence(CITED, {"citation": (Blank.CITATION, str(said["citation"]))}),
        by,
    )


def sentence_nl(said: Mapping[str, Any]) -> str:
    """Say it in plain Dutch."""
    return in_dutch(sentences(said))


def _asked(said: Mapping[str, Any]) -> Sentence:
    case, title = str(said.get("case", "")), str(said.get("title_nl") or "")
    if title:
        return Sentence(ASKED_LISTED, {"title": (Blank.WITHIN, title)})
    if case not in _UNLISTED_CASES:
        return Sentence(ASKED)
    what = (Blank.WORDS, _UNLISTED_CASES[case])
    why = _PURPOSES.get(str(said.get("purpose", "")))
    return (
        Sentence(ASKED_UNLISTED_FOR, {"what": what, "why": (Blank.WORDS, why)})
        if why
        else Sentence(ASKED_UNLISTED, {"what": what})
    )
