"""How long each class of data is kept, and whether it may go: pure, from facts and a day.

Four classes, one for each kind of key. A class never goes before its term, while it is in use, where another
class's evidence would go with it, or where somebody else's data would. Withdrawing a consent erases nothing.

Source: GDPR 5(1)(e), 17(1), 17(3)(b) and (e), 7(1); R49, R70, R137; design.md, Secrets and seals.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

READINGS_YEARS = 3
"""Readings stay three years after the stay: the history of customer and supplier (R49, R70)."""
FULL_YEARS = 3
"""Of a stay that lasts, readings stay for three full calendar years beside the current one: what a supplier shows
its customer of the past (R70), compared with a whole year before. Then the month goes, of everybody (R137)."""
HISTORY_YEARS, DETAIL_MONTHS = 3, 24
"""The floor: of cumulative consumption a customer has the three years before, per tariff period by day, week, month and
year two years at least, or since the stay began (Energiebesluit 3.2.18, draft 2018; Directive 2019/944, annex I.4;
R70). No term of readings may be below it; a test holds that."""
LEDGER_YEARS = 10
"""Who read, and on which ground, stays to the limitation period of personal actions: ten years (old Civil Code
art. 2262bis par. 1), counted from the later of the end of the stay and the last entry about it."""

ATTEMPTS_YEARS = 1
"""How often was tried in vain to link, or to get an EAN code, is forgotten a year after the last time: a lock that
nobody tries any more protects nobody, and whoever goes on trying puts it off (GDPR 5(1)(e); R92)."""

COMPLAINT_YEARS = 5
"""An inspector's dossier on a complaint is forgotten five years after it was closed: so long can somebody who knows of
a damage, and of who did it, claim it outside a contract (old Civil Code art. 2262bis par. 1, second sentence; GDPR
5(1)(e)). What the ledger says of it has the ledger's own term."""


class DataClass(enum.StrEnum):
    """What may be erased apart; one for each kind of key."""

    PERSON = "person"
    READINGS = "readings"
    LEDGER = "ledger"
    HOUSE = "house"


class Reason(enum.StrEnum):
    """Why something is erased."""

    SUBJECT_REQUEST = "data_subject_request"
    RETENTION_ENDED = "retention_ended"
    WRONG_PERSON = "wrong_person"
    ORDER = "authority_order"


LEGAL_BASES = {
    Reason.SUBJECT_REQUEST: "GDPR 17(1)(a)-(c)",
    Reason.RETENTION_ENDED: "GDPR 5(1)(e)",
    Reason.WRONG_PERSON: "GDPR 17(1)(d)",
    Reason.ORDER: "GDPR 17(1)(e)",
}


class Obstacle(enum.StrEnum):
    """Why something may not be erased, now or ever."""

    IN_USE = "in_use"
    TERM = "term_runs"
    OTHER_EVIDENCE = "other_evidence"
    CO_OCCUPANT = "co_occupant"
    HOUSE = "house_evidence"


@dataclass(frozen=True)
class Stay:
    """What is known of one occupancy when its erasure is weighed.

    `until`: the first day after it, None while it lasts. `last_entry`: the day of the newest entry about it
    that is evidence (a read, a refusal, a permission, a move). `is_shared`: somebody else lived there
    or signed for it too.
    """

    until: date | None
    last_entry: date | None = None
    readings_gone: bool = False
    ledger_gone: bool = False
    is_shared: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether a class may go; `earliest` is the first day on which it may, None where no day is known."""

    obstacle: Obstacle | None
    earliest: date | None


def weigh_readings(stay: Stay, reason: Reason, today: date) -> Verdict:
    """Weigh the readings of one occupancy.

    Stored under the wrong person, or ordered by an authority, they need no term; a stay that lasts is ended first.
    """
    if stay.until is None:
        return Verdict(Obstacle.IN_USE, None)
    if reason is Reason.SUBJECT_REQUEST and stay.is_shared:
        return Verdict(Obstacle.CO_OCCUPANT, years_later(stay.until, READINGS_YEARS))
    if reason in (Reason.WRONG_PERSON, Reason.ORDER):
        return Verdict(None, today)
    return _after(years_later(stay.until, READINGS_YEARS), today)


def weigh_ledger(stay: Stay, reason: Reason, today: date) -> Verdict:
    """Weigh the ledger bodies of one occupancy: no reason shortens the term of evidence."""
    if stay.until is None:
        return Verdict(Obstacle.IN_USE, None)
    earliest = years_later(max(stay.until, stay.last_entry or stay.until), LEDGER_YEARS)
    if reason is Reason.SUBJECT_REQUEST and stay.is_shared:
        return Verdict(Obstacle.CO_OCCUPANT, earliest)
    if earliest > today:
        return Verdict(Obstacle.TERM, earliest)
    if not stay.readings_gone:  # as long as they can be read, the reads are on record
        return Verdict(Obstacle.OTHER_EVIDENCE, earliest)
    return Verdict(None, earliest)


def weigh_person(stays: list[Stay], today: date) -> Verdict:
    """Weigh a person's name and log-in: they say whose consent the ledger holds (GDPR 7(1)), so they go last."""
    if any(stay.until is None for stay in stays):
        return Verdict(Obstacle.IN_USE, None)
    if any(not stay.ledger_gone for stay in stays):
        terms = [weigh_ledger(stay, Reason.RETENTION_ENDED, today).earliest or today for stay in stays]
        return Verdict(Obstacle.OTHER_EVIDENCE, max(terms))
    return Verdict(None, today)


HOUSE_VERDICT = Verdict(Obstacle.HOUSE, None)
"""The house's own bodies have one key, which also says which key opens every other: it goes with the house."""


def month_goes_on(month: date) -> date:
    """The first day on which a month of readings may go: the year that makes it older than the full years kept."""
    return date(month.year + FULL_YEARS + 1, 1, 1)


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _after(earliest: date, today: date) -> Verdict:
    return Verdict(Obstacle.TERM if earliest > today else None, earliest)
