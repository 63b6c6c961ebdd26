"""What a party hands in before anything reaches it: contract, DPIA, overview of processing, contacts.

`handed_in` is what the two sign for: one spelling of it, so that its hash says what was approved.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from databeheer.access.conditions import years_after
from databeheer.brussels import midnight
from databeheer.values import format_instant, parse_day

FORMAT = "databeheer-onboarding/v1"


class Part(enum.StrEnum):
    """The parts of a dossier, in the order in which they are filled in; the names of what is missing, too."""

    CONTRACT = "contract"
    DPIA = "dpia"
    OVERVIEW = "overview"
    CONTACTS = "contacts"


APPROVAL = "approval"
"""What is missing once everything was handed in: the operator's two people have to agree."""
HAND_IN = "hand_in"
"""What is missing once everything is filled in."""


_WORDS: dict[str, str] = {
    Part.CONTRACT: "contract (a data access contract in force)",
    Part.DPIA: "dpia (a data protection impact assessment of at most two years old)",
    Part.OVERVIEW: "overview (the address of your overview of processing)",
    Part.CONTACTS: "contacts (technical, privacy, doubt about mandates)",
    HAND_IN: "hand_in (everything is filled in and waits to be handed in)",
    APPROVAL: "approval (everything was handed in; two people of the data manager look at it)",
}


class Contact(enum.StrEnum):
    """Whom one reaches at a party, and about what."""

    TECHNICAL = "technical"
    PRIVACY = "privacy"
    DOUBT = "doubt"
    """Doubt about a mandate (R111)."""


@dataclass(frozen=True)
class Named:
    """What of the party itself stands in what it hands in."""

    party_id: str
    name: str
    role: str
    enterprise: str
    about: str
    website: str


def missing_in_words(lacks: Sequence[str]) -> str:
    """Say to a program what its party lacks, and where that is put right."""
    words = "; ".join(_WORDS[one] for one in lacks)
    return f"your organisation is not onboarded yet. Missing: {words}. Its people see to it at /partij"


def lacking(evidence: Mapping[str, Any], now: datetime, dpia_years: int) -> list[str]:
    """Return the parts that are not there, or that would not count today."""
    missing: list[str] = []
    contract, dpia = evidence.get(Part.CONTRACT), evidence.get(Part.DPIA)
    if contract is None or _is_over(contract["until_day"], now):
        missing.append(Part.CONTRACT.value)
    if dpia is None or not _is_good(parse_day(dpia["assessed_on"]), now, dpia_years):
        missing.append(Part.DPIA.value)
    if evidence.get(Part.OVERVIEW) is None:
        missing.append(Part.OVERVIEW.value)
    if set(evidence.get(Part.CONTACTS, {})) != {kind.value for kind in Contact}:
        missing.append(Part.CONTACTS.value)
    return missing


def _is_over(until_day: str | None, now: datetime) -> bool:
    return until_day is not None and midnight(parse_day(until_day)) <= now


def _is_good(assessed_on: date, now: datetime, years: int) -> bool:
    assessed_at = midnight(assessed_on)
    return assessed_at <= now < years_after(assessed_at, years)


def handed_in(
    house: str,
    party: Named,
    evidence: Mapping[str, Any],
    programs: Sequence[Mapping[str, Any]],
    now: datetime,
) -> bytes:
    """Return what is handed in as the bytes that are signed for: JSON to read, sorted, in one spelling.

    `programs`: each client of the party with the prints of its keys: a key that comes later counts a day later.
    """
    said = {
        "format": FORMAT,
        "house": house,
        "party": vars(party),
        "evidence": evidence,
        "programs": sorted(programs, key=lambda one: str(one["client_id"])),
        "handed_in_at": format_instant(now),
    }
    return (json.dumps(said, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
