"""A decision in plain words: what a customer reads in the portal and a party in an answer.

Dutch on level B1, and English. The texts name nobody, so they are as safe in an answer to a party as on the
customer's own page. Days are Brussels days.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from databeheer.access.bases import BasisKind, Carrier, Catalogue, Citation, CitationStatus
from databeheer.access.decision import Decision, Granted, Refused
from databeheer.access.reasons import ReasonCode
from databeheer.access.sentences import SENTENCES
from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.values import Period


class Language(enum.StrEnum):
    """The languages that explanations are written in so far."""

    DUTCH = "nl"
    ENGLISH = "en"


@dataclass(frozen=True)
class Explained:
    """One stretch of the asked period in a few sentences; `reason` is None where it is granted.

    `rule` is the code of the catalogue's row or refusal, empty where no rule is closer than the others. `fact`
    says in words what carries a grant, `fact_id` which fact that is.
    """

    interval: Period
    text: str
    reason: ReasonCode | None
    rule: str = ""
    fact: str = ""
    fact_id: str = ""


def explain(decision: Decision, catalogue: Catalogue, language: Language) -> tuple[Explained, ...]:
    """Put the whole decision into words, in the order of time.

    Raises:
        CatalogueError: the decision rests on a row that this catalogue does not have.
    """
    parts: list[Granted | Refused] = [*decision.granted, *decision.refused]
    return tuple(_explained(part, catalogue, language) for part in sorted(parts, key=lambda p: p.interval))


def ground_sentence(code: str, catalogue: Catalogue, language: Language) -> str:
    """What a customer reads about one legal basis, with the article that it rests on."""
    row = catalogue.row(code)
    sentence = row.sentence_nl if language is Language.DUTCH else row.sentence_en
    return f"{sentence} {citation_text(row.citation, language)}"


def fact_sentence(carrier: Carrier, language: Language) -> str:
    """What kind of fact carries a ground, in one sentence."""
    return _FACTS[carrier][0 if language is Language.DUTCH else 1]


def reason_sentence(reason: ReasonCode, language: Language) -> str:
    """Why something is refused, in one sentence."""
    return SENTENCES[reason][0 if language is Language.DUTCH else 1]


@lru_cache(maxsize=1024)
def citation_text(citation: Citation, language: Language) -> str:
    """The article as a sentence of its own; a draft always says that it is one."""
    is_draft = citation.status is CitationStatus.DRAFT
    if language is Language.DUTCH:
        the = "van de" if citation.act.startswith(_WITH_DE) else "van het"
        return f"Grond: artikel {citation.article} {the} {citation.act}{' (ontwerp)' if is_draft else ''}."
    return f"Ground: article {citation.article} of the {citation.act}{' (draft)' if is_draft else ''}."


def basis_name(basis: BasisKind, language: Language) -> str:
    """The heading under which a ground stands: consent and law are kept apart (R40)."""
    return _BASIS_NAMES[basis][0 if language is Language.DUTCH else 1]


def period_text(period: Period, language: Language) -> str:
    """The period as a customer says it: whole days by their dates, anything else with the time of day."""
    if _is_midnight(period.start) and _is_midnight(period.end):
        first, last = day_of(period.start), day_of(period.end) - timedelta(days=1)
        if first == last:
            return f"{'Op' if language is Language.DUTCH else 'On'} {_day_text(first, language)}"
        if language is Language.DUTCH:
            return f"Van {_day_text(first, language)} tot en met {_day_text(last, language)}"
        return f"From {_day_text(first, language)} up to and including {_day_text(last, language)}"
    start, end = _instant_text(period.start, language), _instant_text(period.end, language)
    return f"Van {start} tot {end}" if language is Language.DUTCH else f"From {start} until {end}"


def _explained(part: Granted | Refused, catalogue: Catalogue, language: Language) -> Explained:
    when = period_text(part.interval, language)
    if isinstance(part, Granted):
        verdict = "toegestaan" if language is Language.DUTCH else "granted"
        row = catalogue.row(part.basis)
        sentence = row.sentence_nl if language is Language.DUTCH else row.sentence_en
        text = f"{when}: {verdict}. {sentence} {citation_text(part.citation, language)}"
        fact = fact_sentence(row.carrier, language)
        return Explained(part.interval, text, None, row.code, fact, part.fact_id)
    verdict = "geweigerd" if language is Language.DUTCH else "refused"
    sentence = reason_sentence(part.reason, language)
    if part.rule:
        refusal = catalogue.refusal(part.rule)
        sentence = refusal.sentence_nl if language is Language.DUTCH else refusal.sentence_en
    return Explained(part.interval, f"{when}: {verdict}. {sentence}", part.reason, part.rule)


def _is_midnight(instant: datetime) -> bool:
    return midnight(day_of(instant)) == instant


def _day_text(day: date, language: Language) -> str:
    return f"{day.day} {_MONTHS[language].split()[day.month - 1]} {day.year}"


def _instant_text(instant: datetime, language: Language) -> str:
    local = instant.astimezone(BRUSSELS)
    day = _day_text(local.date(), language)
    text = f"{day} om {local:%H.%M} uur" if language is Language.DUTCH else f"{day} at {local:%H:%M}"
    # October has one hour twice; only then does a time of day need to say which of the two it is.
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return text
    return f"{text} ({_SEASONS[language][0 if local.dst() else 1]})"


_SEASONS = {
    Language.DUTCH: ("zomertijd", "wintertijd"),
    Language.ENGLISH: ("summer time", "winter time"),
}

_WITH_DE = ("Algemene verordening", "Verordening")

_FACTS = {
    Carrier.OCCUPANCY: (
        "Dat steunt op de tijd dat u op dit adres netgebruiker bent of was.",
        "It rests on the time that you are or were the grid user at this address.",
    ),
    Carrier.CONCERNED: (
        "Dat steunt op de tijd dat u op dit adres woont of woonde.",
        "It rests on the time that you live or lived at this address.",
    ),
    Carrier.REPRESENTATION: (
        "Dat steunt op de beslissing van de rechtbank die een bewindvoerder aanstelde.",
        "It rests on the court's decision that appointed an administrator.",
    ),
    Carrier.PERMISSION: (
        "Dat steunt op een toestemming van de netgebruiker.",
        "It rests on a consent of the grid user.",
    ),
    Carrier.SUPPLY_CONTRACT: (
        "Dat steunt op een aanvaard energiecontract op dit toegangspunt.",
        "It rests on an accepted supply contract on this access point.",
    ),
    Carrier.REGISTRATION: (
        "Dat steunt op de registratie van de partij voor deze aansluiting.",
        "It rests on the party's registration for this connection.",
    ),
    Carrier.PARTICIPATION: (
        "Dat steunt op een contract waarmee de klant deelneemt.",
        "It rests on a contract by which the customer takes part.",
    ),
    Carrier.GRID_OPERATOR: (
        "Dat steunt op het net van dit toegangspunt, dat de partij beheert.",
        "It rests on the grid of this access point, which the party operates.",
    ),
    Carrier.DATA_MANAGER: (
        "Dat steunt op het beheer van de gegevens van dit toegangspunt.",
        "It rests on the management of this access point's data.",
    ),
    Carrier.TERRITORY: (
        "Dat steunt op de gemeente waarin dit adres ligt.",
        "It rests on the municipality that this address lies in.",
    ),
    Carrier.TASK: (
        "Dat steunt op een vastgelegde reden waarom deze gegevens nodig zijn.",
        "It rests on a record of why these data are necessary.",
    ),
}

_BASIS_NAMES = {
    BasisKind.OWN: ("Uw eigen gegevens", "Your own data"),
    BasisKind.CONSENT: ("Met uw toestemming", "By your consent"),
    BasisKind.LAW: ("Volgens de wet", "By law"),
}

_MONTHS = {
    Language.DUTCH: "januari februari maart april mei juni juli augustus september oktober november december",
    Language.ENGLISH: "January February March April May June July August September October November December",
}
