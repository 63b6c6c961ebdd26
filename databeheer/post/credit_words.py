"""The words of what a message says of credit: amounts and codes in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.numbers import format_currency

from databeheer.post.catalogue import CREDIT
from databeheer.post.languages import LOCALES, spell_day
from databeheer.post.phrases import say

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


def of_entry(said: Mapping[str, str], language: str) -> str:
    """Return what the ledger's entry of such a message, or of the function itself, says to its customer."""
    if "message" in said:
        day = _spelled(said["day"], language)
        if said["message"] == "meter.today":
            return say("credit.told_today", language, day=day)
        return say("credit.told", language, day=day)
    if "until" in said:
        return say("credit.function.off", language, day=_spelled(said["until"], language))
    return say("credit.function.on", language, day=_spelled(said["from"], language))


def _spelled(day: str, language: str) -> str:
    return spell_day(date.fromisoformat(day), language)


def _euro(cents: str, language: str) -> str:
    return str(format_currency(int(cents) / 100, "EUR", locale=LOCALES[language])).translate(_PLAIN_SPACES)
