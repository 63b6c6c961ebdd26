"""What the log says of an event, before anybody knows in which language it is read: sentences with blanks.

A sentence is written in Dutch, which is also its key in the catalogues of translations (ADR 0039, 0048). What stands in
a blank is given as it is, with its kind: the pages write a day or a time as their reader's language does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from databeheer.post.languages import SOURCE, spell_day


class Blank(enum.StrEnum):
    """What stands in a blank."""

    DAY = "day"
    """A Brussels day, `2027-03-01`."""
    MINUTES = "minutes"
    """How long something lasted, in whole minutes."""
    WORDS = "words"
    """Dutch words that are translated too."""
    WITHIN = "within"
    """The same, in the middle of a sentence: without a capital, where the language has none there."""
    CITATION = "citation"
    """An article, as `databeheer.access.explain` cites it in Dutch."""
    NAME = "name"
    """A number, a name, or what somebody wrote: the same in every language."""


@dataclass(frozen=True)
class Sentence:
    """A Dutch sentence; `%(name)s` in it is a blank."""

    dutch: str
    blanks: Mapping[str, tuple[Blank, str]] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """As the door gives it to the pages."""
        return {"dutch": self.dutch, "blanks": {name: list(given) for name, given in self.blanks.items()}}


def in_dutch(sentences: Iterable[Sentence]) -> str:
    """Say sentences in Dutch, one after another."""
    return " ".join(
        one.dutch % {name: _filled(kind, value) for name, (kind, value) in one.blanks.items()}
        if one.blanks
        else one.dutch
        for one in sentences
    )


def lasting_nl(late: timedelta) -> str:
    """A time in its two largest units: `1 uur 45 minuten`, `2 dagen 3 uur`; less than a minute is said so."""
    minutes = late // timedelta(minutes=1)
    if minutes < 1:
        return "minder dan een minuut"
    days, hours = divmod(minutes // 60, 24)
    parts = (
        (days, "dag" if days == 1 else "dagen"),
        (hours, "uur"),
        (minutes % 60, "minuut" if minutes % 60 == 1 else "minuten"),
    )
    return " ".join(f"{number} {unit}" for number, unit in [one for one in parts if one[0]][:2])


def _filled(kind: Blank, value: str) -> str:
    if kind is Blank.DAY:
        return spell_day(date.fromisoformat(value), SOURCE)
    if kind is Blank.MINUTES:
        return lasting_nl(timedelta(minutes=int(value)))
    return f"{value[:1].lower()}{value[1:]}" if kind is Blank.WITHIN else value
