"""The words of what a message says of credit: amounts and codes in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping

from babel.numbers import format_currency

from databeheer.post.catalogue import CREDIT
from databeheer.post.languages import LOCALES
from databeheer.post.phrases import say
from databeheer.sentences import Blank, Sentence

TOLD, ADVISED = "Het bericht van %(day)s over uw tegoed.", "Met de raad om op te laden."
TURNED_OFF = "De budgetfunctie van uw meter staat uit vanaf %(day)s."
TURNED_ON = "De budgetfunctie van uw meter staat aan vanaf %(day)s."
SAID = (TOLD, ADVISED, TURNED_OFF, TURNED_ON)
"""What the log says of it."""
_PLAIN_SPACES = str.maketrans("\u00a0\u202f", "  ")


def filled(said: Mapping[str, str], until: str, language: str) -> dict[str, str]:
    """Return the sentence of each field, empty where there is nothing to say; `until` is the day of the reading."""
    nothing = dict.fromkeys(CREDIT, "")
    if not said.get("credit"):
        return nothing | {"credit": say("credit.not_known", language)}
    spoken = {"credit": say("credit.left", language, amount=_euro(said["credit"], language), until=until)}
    state, _, left = said["emergency"].partition(":")
    if left:
        spoken["emergency"] = say(f"credit.emergency.{state}", language, left=_euro(left, language))
    for field in ("limiter", "advice"):
        if said[field]:
            spoken[field] = say(f"credit.{field}.{said[field]}", language)
    return nothing | spoken


def of_entry(said: Mapping[str, str]) -> tuple[Sentence, ...]:
    """Return what the ledger's entry of such a message, or of the function itself, says to its customer."""
    if "message" in said:
        told = Sentence(TOLD, {"day": (Blank.DAY, said["day"])})
        return (told, Sentence(ADVISED)) if said["message"] == "meter.today" else (told,)
    if "until" in said:
        return (Sentence(TURNED_OFF, {"day": (Blank.DAY, said["until"])}),)
    return (Sentence(TURNED_ON, {"day": (Blank.DAY, said["from"])}),)


def _euro(cents: str, language: str) -> str:
    return str(format_currency(int(cents) / 100, "EUR", locale=LOCALES[language])).translate(_PLAIN_SPACES)
