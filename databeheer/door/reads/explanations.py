"""A decision in words, as the answer to who asked for an explanation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from databeheer.access.decision import Decision
from databeheer.access.explain import Explained, Language, explain
from databeheer.access.judged import joined
from databeheer.door.house import House
from databeheer.door.reads.statements import span_of
from databeheer.values import Period, format_instant


@dataclass(frozen=True)
class Asked:
    """The question of a decision."""

    period: Period
    granularity: str
    directions: list[str]


def told(house: House, decision: Decision, asked: Asked) -> dict[str, Any]:
    """Each stretch with its rule or reason, in Dutch and English; nothing of where one occupant followed another."""
    whole = replace(decision, granted=joined(decision.granted))
    both = zip(
        explain(whole, house.catalogue, Language.DUTCH),
        explain(whole, house.catalogue, Language.ENGLISH),
        strict=True,
    )
    since, until = span_of(asked.period)
    return {
        "catalogue": decision.catalogue_version,
        "catalogue_now": house.catalogue.version,
        "asked": {"from": since, "until": until},
        "granularity": asked.granularity,
        "directions": asked.directions,
        "parts": [_part(dutch, english) for dutch, english in both],
    }


def _part(dutch: Explained, english: Explained) -> dict[str, Any]:
    return {
        "from": format_instant(dutch.interval.start),
        "until": format_instant(dutch.interval.end),
        "granted": dutch.reason is None,
        "reason": dutch.reason.value if dutch.reason else None,
        "rule": dutch.rule or None,
        "fact": dutch.fact_id or None,
        "text": {"nl": dutch.text, "en": english.text},
        "rests_on": {"nl": dutch.fact, "en": english.fact} if dutch.fact else None,
    }
