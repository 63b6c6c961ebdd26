"""What a party lacks, whatever access point it asks of, and which legal bases wait for that (R12, R13, R114).

The same conditions as those by which a read is decided (`conditions`), told beforehand: so that a party need not be
refused to learn what it has to put in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from databeheer.access.bases import BasisKind, Catalogue, Requirement, Row
from databeheer.access.conditions import party_checks
from databeheer.access.explain import Language, reason_sentence
from databeheer.access.facts import Authorisation, Facts, PartyFacts
from databeheer.access.reasons import ReasonCode

NO_DOUBT_CONTACT = "no_doubt_contact"
_ANYWHERE = frozenset({Requirement.TERRITORY})
# In the order in which they are told; each with what to do.
_REMEDIES: dict[str, str] = {
    ReasonCode.PARTY_SUSPENDED.value: "Ask the operator on which condition your suspension ends; meanwhile end what "
    "you need no more, and confirm deletions.",
    ReasonCode.NO_DATA_ACCESS_CONTRACT.value: "Conclude a data access contract with the grid operator, and have the "
    "operator register it.",
    ReasonCode.NO_DPIA.value: "Make a DPIA that also fixes your security requirements, or renew the one that lapsed, "
    "and hand it in.",
    ReasonCode.NO_PROCESSING_OVERVIEW.value: "Publish an overview of how you process these data, and tell the "
    "operator its address.",
    ReasonCode.NO_PROCESSOR_AGREEMENT.value: "Sign a processor agreement with all its clauses.",
    ReasonCode.OUTSIDE_TERRITORY.value: "Have the operator register the municipality that you are competent for.",
    ReasonCode.NO_AUTHORISATION.value: "Tell the operator which law, decree or ordinance lets you know these data.",
    NO_DOUBT_CONTACT: "Name whom others reach about doubt: POST /api/v1/doubt-contact.",
}
_NO_CONTACT = (
    "Nobody can be reached at yours about doubt about a mandate, so you cannot ask for a permission."
)


@dataclass(frozen=True)
class Missing:
    """One thing that is not there: its code, a sentence, what to do, and the legal bases that wait for it."""

    code: str
    detail: str
    remedy: str
    blocks: tuple[str, ...]


def missing_of(
    party: PartyFacts,
    authorisations: tuple[Authorisation, ...],
    *,
    has_doubt_contact: bool,
    now: datetime,
    catalogue: Catalogue,
) -> tuple[Missing, ...]:
    """Return what a party lacks at `now` for any legal basis of its role; empty where nothing stands in its way.

    What hangs on one access point, as a permission, a contract of supply or a territory that lies elsewhere, is not
    told here.
    """
    waiting: dict[str, list[str]] = {}
    for row in catalogue.rows_of(party.role):
        for code in _lacking(party, authorisations, row, now, catalogue):
            waiting.setdefault(code, []).append(row.code)
        if row.basis is BasisKind.CONSENT and not has_doubt_contact:
            waiting.setdefault(NO_DOUBT_CONTACT, []).append(row.code)
    return tuple(
        Missing(code, _sentence(code), remedy, tuple(waiting[code]))
        for code, remedy in _REMEDIES.items()
        if code in waiting
    )


def _lacking(
    party: PartyFacts, laws: tuple[Authorisation, ...], row: Row, now: datetime, catalogue: Catalogue
) -> Iterator[str]:
    if any(now in suspension for suspension in party.suspensions):
        yield ReasonCode.PARTY_SUSPENDED.value
    for holds, reason in party_checks(row.requires - _ANYWHERE):
        if not holds(party, Facts(), now, catalogue):
            yield reason.value
    if Requirement.TERRITORY in row.requires and not any(now in one.period for one in party.territories):
        yield ReasonCode.OUTSIDE_TERRITORY.value
    if Requirement.AUTHORISATION in row.requires and not any(now in one.period for one in laws):
        yield ReasonCode.NO_AUTHORISATION.value


def _sentence(code: str) -> str:
    if code == NO_DOUBT_CONTACT:
        return _NO_CONTACT
    return reason_sentence(ReasonCode(code), Language.ENGLISH)
