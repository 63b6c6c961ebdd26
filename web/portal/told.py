"""What the log says of an event, in the language of the page: the door's sentences with their blanks filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from databeheer.sentences import Blank
from web import saying
from web.language import _, plural, spoken
from web.portal.citing import cited

_CAPITALS_WITHIN = frozenset({"de"})
"""Languages whose nouns keep their capital in the middle of a sentence."""


def told(sentences: Iterable[Mapping[str, Any]]) -> str:
    """Say what the door's answer tells, one sentence after another; see `databeheer.sentences`."""
    return " ".join(_one(str(one["dutch"]), one["blanks"]) for one in sentences)


def lasting(minutes: int) -> str:
    """A time in its two largest units: `1 uur 45 minuten`, `2 dagen 3 uur`; less than a minute is said so."""
    if minutes < 1:
        return _("minder dan een minuut")
    days, hours = divmod(minutes // 60, 24)
    parts = []
    if days:
        parts.append(plural("%(num)s dag", "%(num)s dagen", days))
    if hours:
        parts.append(plural("%(num)s uur", "%(num)s uur", hours))
    if minutes % 60:
        parts.append(plural("%(num)s minuut", "%(num)s minuten", minutes % 60))
    return " ".join(parts[:2])


def _one(sentence: str, blanks: Mapping[str, Any]) -> str:
    return _(sentence, **{name: _filled(*given) for name, given in blanks.items()})


def _filled(kind: str, value: str) -> str:
    match Blank(kind):
        case Blank.DAY:
            return saying.day(value)
        case Blank.MINUTES:
            return lasting(int(value))
        case Blank.WORDS:
            return _(value)
        case Blank.WITHIN:
            words = _(value)
            return words if spoken() in _CAPITALS_WITHIN else f"{words[:1].lower()}{words[1:]}"
        case Blank.CITATION:
            return cited(value)
        case Blank.NAME:
            return value
