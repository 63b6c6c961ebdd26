"""The words of what a message says of credit: amounts and codes in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from babel.numbers import format_currency

_LOCALES = {"nl": "nl_BE", "en": "en_GB"}
_EMERGENCY = {
    "nl": {
        "on": "Uw noodkrediet is in gebruik: er is nog {left} van over.",
        "off": "Uw noodkrediet is niet in gebruik: u hebt nog {left}.",
    },
    "en": {
        "on": "Your emergency credit is being used: {left} of it is left.",
        "off": "Your emergency credit is not being used: you have {left} of it.",
    },
}
_LIMITER = {
    "nl": {"on": "U hebt nu hoogstens 10 ampère.", "off": "De 10 ampère is niet ingeschakeld."},
    "en": {"on": "You are limited to 10 amperes now.", "off": "The limit of 10 amperes is not on."},
}
_ADVICE = {
    "nl": {"top_up": "Laad vandaag nog op: zo veel verbruikt een gemiddeld gezin in één dag."},
    "en": {"top_up": "Top up today: an average household uses that much in one day."},
}
_NOT_KNOWN = {
    "nl": "Wij konden het tegoed van uw budgetmeter nog niet lezen. Kijk op de meter zelf",
    "en": "We could not read the credit of your budget meter yet. Look at the meter itself",
}
_LEFT = {
    "nl": "Uw budgetmeter had {amount} tegoed op {until}",
    "en": "Your budget meter had {amount} of credit on {until}",
}
FIELDS = frozenset({"credit", "emergency", "limiter", "advice"})
"""What such a message says: cents, a code with cents, and two codes."""


def phrases(said: Mapping[str, str], until: str, language: str) -> dict[str, str]:
    """Return the sentence of each field, empty where there is nothing to say; `until` is the day of the reading."""
    spoken = language if language in _LEFT else "en"
    if not said.get("credit"):
        return dict.fromkeys(FIELDS, "") | {"credit": _NOT_KNOWN[spoken]}
    state, _, left = said["emergency"].partition(":")
    emergency = _EMERGENCY[spoken].get(state, "").format(left=_euro(left, spoken)) if left else ""
    return {
        "credit": _LEFT[spoken].format(amount=_euro(said["credit"], spoken), until=until),
        "emergency": emergency,
        "limiter": _LIMITER[spoken].get(said["limiter"], ""),
        "advice": _ADVICE[spoken].get(said["advice"], ""),
    }


def of_entry(said: Mapping[str, str]) -> str:
    """Return what the ledger's entry of such a message, or of the function itself, says to its customer, in Dutch."""
    if "message" in said:
        advice = " Met de raad om op te laden." if said["message"] == "meter.today" else ""
        return f"Het bericht van {_spelled(said['day'])} over uw tegoed.{advice}"
    if "until" in said:
        return f"De budgetfunctie van uw meter staat uit vanaf {_spelled(said['until'])}."
    return f"De budgetfunctie van uw meter staat aan vanaf {_spelled(said['from'])}."


def _spelled(day: str) -> str:
    return str(format_date(date.fromisoformat(day), "d MMMM y", locale="nl"))


def _euro(cents: str, language: str) -> str:
    return str(format_currency(int(cents) / 100, "EUR", locale=_LOCALES[language])).replace("\xa0", " ")
