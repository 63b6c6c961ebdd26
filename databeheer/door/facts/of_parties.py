"""The facts of the parties that ask: one statement for all of them, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from databeheer.access.facts import Assessment, Authorisation, PartyFacts, Territory
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.registry.conditions import OVERVIEW_SEEN_FOR
from databeheer.storage.look import Look, uuids
from databeheer.values import Granularity, Role


@dataclass
class KnownParty:
    """A party as it asks: `facts` hold the contract that counts where no access point is known.

    `contracts` are its data access contracts by the number of the grid operator; `authorisations` go with the
    facts of a point.
    """

    facts: PartyFacts
    contracts: Mapping[int, Interval] = field(default_factory=dict)
    authorisations: tuple[Authorisation, ...] = ()
    _of_operator: dict[int, PartyFacts] = field(default_factory=dict)

    def at(self, operator: int) -> PartyFacts:
        """The party as it asks of a point of this grid operator: only the contract with that one counts."""
        if operator not in self._of_operator:
            self._of_operator[operator] = replace(self.facts, contract_period=self.contracts.get(operator))
        return self._of_operator[operator]


def ask_parties(look: Look, ids: Collection[UUID]) -> list[Any]:
    """Ask what is known of these parties; the rows are for `parties_of`."""
    return look.ask(_PARTIES, {"ids": uuids(ids), "seen_for": OVERVIEW_SEEN_FOR}) if ids else []


def parties_of(found: Collection[Any], now: datetime) -> dict[UUID, KnownParty]:
    """Return the facts of parties as of `now`; those that are not there are left out."""
    roles: dict[UUID, Role] = {}
    rows: dict[UUID, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in found:
        if row.kind == "party":
            roles[row.party_id] = Role(row.word)
        else:
            rows[row.party_id][row.kind].append(row)
    return {party_id: _party(party_id, role, rows[party_id], now) for party_id, role in roles.items()}


def _party(party_id: UUID, role: Role, rows: Mapping[str, list[Any]], now: datetime) -> KnownParty:
    def each(kind: str, make: Callable[[Any], Any]) -> tuple[Any, ...]:
        return tuple(make(row) for row in rows.get(kind, ()))

    contracts = _contracts(rows.get("contract", ()), now)
    triggers = [row.from_at for row in rows.get("dpia_trigger", ())]
    facts = PartyFacts(
        str(party_id),
        role,
        contract_period=_foremost(contracts.values(), now),
        suspensions=each("suspension", _moments),
        assessments=each("dpia", lambda row: _assessment(row, triggers)),
        overviews=each("overview", _moments),
        territories=each("territory", lambda row: Territory(row.word, days(row.from_day, row.until_day))),
        processor_agreements=each("agreement", lambda row: days(row.from_day, row.until_day)),
    )
    return KnownParty(facts, contracts, each("authorisation", _authorisation))


def _contracts(rows: Collection[Any], now: datetime) -> dict[int, Interval]:
    """For each grid operator the contract in force; where there is none, the newest, which tells why not."""
    by_operator: dict[int, list[Interval]] = defaultdict(list)
    for row in rows:
        by_operator[int(row.word)].append(_moments(row))
    return {operator: _foremost(found, now) or found[0] for operator, found in by_operator.items()}


def _foremost(contracts: Collection[Interval], now: datetime) -> Interval | None:
    return max(contracts, key=lambda one: (now in one, one.start), default=None)


def _assessment(row: Any, triggers: Collection[datetime]) -> Assessment:
    """A DPIA, overtaken by the first trigger after its date, whenever either was written down (R116)."""
    assessed_at = midnight(row.from_day)
    return Assessment(
        str(row.id), assessed_at, min((at for at in triggers if at > assessed_at), default=None)
    )


def _authorisation(row: Any) -> Authorisation:
    act, version, article, granularity, *categories = row.words
    period = days(row.from_day, row.until_day)
    return Authorisation(
        str(row.id),
        str(row.party_id),
        act,
        version,
        article,
        frozenset(categories),
        Granularity(granularity),
        period,
    )


def _moments(row: Any) -> Interval:
    return Interval(row.from_at, row.until_at)


def days(first: date, until: date | None) -> Interval:
    """The Brussels days from `first` up to, not including, `until`."""
    return Interval(midnight(first), midnight(until) if until else None)


# One statement for all kinds: what a kind has not is null. Types stand in the first branch.
_PARTIES = (
    "SELECT 'party' AS kind, party_id, party_id AS id, CAST(NULL AS timestamptz) AS from_at,"
    "  CAST(NULL AS timestamptz) AS until_at, CAST(NULL AS date) AS from_day, CAST(NULL AS date) AS until_day,"
    "  role AS word, CAST(NULL AS text[]) AS words FROM registry.party WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'contract', party_id, contract_id, valid_from, valid_until, NULL, NULL,"
    "  CAST(operator AS text), NULL FROM registry.contract WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'suspension', party_id, suspension_id, suspended_at, lifted_at, NULL, NULL, NULL, NULL"
    "  FROM registry.suspension WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'dpia', party_id, dpia_id, NULL, NULL, assessed_on, NULL, NULL, NULL"
    "  FROM registry.dpia WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'dpia_trigger', party_id, trigger_id, at, NULL, NULL, NULL, NULL, NULL"
    "  FROM registry.dpia_trigger WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'overview', party_id, overview_id, reachable_from, coalesce(unreachable_from,"
    "  checked_at + CAST(%(seen_for)s AS interval)), NULL, NULL, NULL, NULL FROM registry.processing_overview"
    "  WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'agreement', party_id, agreement_id, NULL, NULL, from_day, until_day, NULL, NULL"
    "  FROM registry.processor_agreement WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'territory', party_id, territory_id, NULL, NULL, from_day, until_day, municipality, NULL"
    "  FROM registry.territory WHERE party_id = ANY(%(ids)s)"
    " UNION ALL SELECT 'authorisation', party_id, authorisation_id, NULL, NULL, from_day, until_day, NULL,"
    "  ARRAY[act, version, article, granularity] || categories"
    "  FROM registry.authorisation WHERE party_id = ANY(%(ids)s)"
)
