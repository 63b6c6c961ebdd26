"""What bears on access points beside their occupancies and permissions: one statement for all kinds and all points."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.access.facts import (
    Block,
    Death,
    Gap,
    MeteringRegime,
    Necessity,
    Notice,
    Objection,
    Participation,
    Regime,
    Registration,
    Representation,
    SupplyContract,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.door.facts.of_parties import days
from databeheer.doubt.course import Course
from databeheer.doubt.states import State
from databeheer.storage.look import Look, uuids
from databeheer.values import Granularity, Purpose


class PointFacts:
    """The facts of many points: what is one party's, and what holds whoever asks."""

    def __init__(self, rows: Collection[Any] = ()) -> None:
        self._rows: dict[tuple[UUID, UUID | None], dict[str, list[Any]]] = {}
        for row in rows:
            kinds = self._rows.setdefault((row.access_point_id, row.party_id), {})
            kinds.setdefault(row.kind, []).append(row)

    def of(self, point_id: UUID, party_id: UUID | None) -> dict[str, tuple[Any, ...]]:
        """The members of `Facts` that are known of a point, as they concern a party (or a person: None)."""
        if not self._rows:
            return {}

        of_all = self._rows.get((point_id, None), {})
        found: dict[str, tuple[Any, ...]] = {
            "regimes": tuple(map(_regime, of_all.get("regime", ()))),
            "deaths": tuple(
                Death(str(row.person_id), midnight(row.from_day)) for row in of_all.get("death", ())
            ),
            "representations": tuple(map(_representation, of_all.get("representation", ()))),
            "objections": tuple(map(_objection, of_all.get("objection", ()))),
        }
        if party_id is not None:
            own = self._rows.get((point_id, party_id), {})
            prices = own.get("dynamic_price", ())
            found |= {
                "supply_contracts": tuple(_supply(row, prices) for row in own.get("supply", ())),
                "registrations": tuple(map(_registration, own.get("registration", ()))),
                "participations": tuple(map(_participation, own.get("participation", ()))),
                "necessities": tuple(map(_necessity, own.get("necessity", ()))),
                "notices": tuple(map(_notice, own.get("notice", ()))),
            }
            if doubts := own.get("doubt"):
                found |= _doubted(doubts)
        return found


def ask_point_facts(look: Look, points: Collection[UUID], parties: Collection[UUID]) -> list[Any]:
    """Ask what is known of these points, of what is one party's only for these; the rows are for `PointFacts`."""
    if not points:
        return []
    asked = {"points": uuids(points), "parties": uuids(parties)}
    return look.ask(_FACTS if parties else _FACTS_OF_ALL, asked)


def _supply(row: Any, prices: Collection[Any]) -> SupplyContract:
    dynamic = tuple(days(one.from_day, one.until_day) for one in prices if one.id == row.id)
    period = days(row.from_day, row.until_day)
    return SupplyContract(str(row.id), str(row.party_id), period, row.from_at, dynamic)


def _regime(row: Any) -> MeteringRegime:
    period = days(row.from_day, row.until_day)
    return MeteringRegime(str(row.id), str(row.occupancy_id), Regime(row.word), period)


def _registration(row: Any) -> Registration:
    return Registration(str(row.id), str(row.party_id), days(row.from_day, row.until_day))


def _participation(row: Any) -> Participation:
    period = days(row.from_day, row.until_day)
    return Participation(str(row.id), str(row.party_id), str(row.occupancy_id), period)


def _necessity(row: Any) -> Necessity:
    return Necessity(
        str(row.id),
        str(row.party_id),
        Purpose(row.word),
        Granularity(row.words[0]),
        days(row.from_day, row.until_day),
        Interval(row.from_at, row.until_at),
        str(row.other_id) if row.other_id else None,
    )


def _notice(row: Any) -> Notice:
    purposes = frozenset(Purpose(word) for word in row.words)
    return Notice(str(row.id), str(row.party_id), str(row.occupancy_id), purposes, row.from_at)


def _objection(row: Any) -> Objection:
    return Objection(
        str(row.id), str(row.occupancy_id), row.word, days(row.from_day, row.until_day), row.from_at
    )


def _doubted(rows: Collection[Any]) -> dict[str, tuple[Any, ...]]:
    """What cases of doubt mean for the decision. With a move the block ends, for it is about who lived there."""
    blocks: list[Block] = []
    gaps: list[Gap] = []
    for row in rows:
        state = State(row.word)
        runs = state is State.CONTACTED
        course = Course(state, row.from_at, row.until_at if runs else None, None if runs else row.until_at)
        left_at = midnight(row.until_day) if row.until_day else None
        if period := _until(course.block, left_at):
            blocks.append(Block(str(row.id), str(row.party_id), period))
        if course.gap is not None and (period := _until(course.gap, left_at)):
            gaps.append(Gap(str(row.id), str(row.party_id), period, frozenset(row.words or ())))
    return {"blocks": tuple(blocks), "gaps": tuple(gaps)}


def _until(period: Interval, end: datetime | None) -> Interval | None:
    """The part of a period before `end`; None where nothing is left."""
    if end is None or period.stop <= end:
        return period if period.start < period.stop else None
    return Interval(period.start, end) if period.start < end else None


def _representation(row: Any) -> Representation:
    """`reference` is the entry that says by which judgment or power: its words are opened for whoever may read that.

    `words` of a power: whether it lets him decide, then its stays.
    """
    period = days(row.from_day, row.until_day)
    if row.until_at is not None and row.until_at < period.stop:
        period = Interval(period.start, max(period.start, row.until_at))
    stays = None if row.words is None else frozenset(row.words[1:])
    decides = row.words is None or row.words[0] == "decides"
    return Representation(
        str(row.id), str(row.other_id), str(row.person_id), row.word, period, stays, decides
    )


_REACH = (
    "CASE WHEN r.kind = 'attorney' THEN ARRAY[CASE WHEN r.decides THEN 'decides' ELSE 'looks' END]"
    " || ARRAY(SELECT CAST(a.occupancy_id AS text) FROM identity.representation_stay a"
    " WHERE a.representation_id = r.representation_id) END"
)
# One statement for all kinds: what a kind has not is null. Types stand in the first branch.
_OF_ALL = (
    "SELECT 'regime' AS kind, access_point_id, metering_regime_id AS id, CAST(NULL AS uuid) AS party_id,"  # noqa: S608  parts of our own
    "  occupancy_id, CAST(NULL AS uuid) AS person_id, CAST(NULL AS uuid) AS other_id, from_day, until_day,"
    "  CAST(NULL AS timestamptz) AS from_at, CAST(NULL AS timestamptz) AS until_at, regime AS word,"
    "  CAST(NULL AS text[]) AS words FROM registry.metering_regime WHERE access_point_id = ANY(%(points)s)"
    " UNION ALL SELECT 'death', o.access_point_id, d.death_id, NULL, NULL, d.person_id, NULL, d.died_on, NULL,"
    "  NULL, NULL, NULL, NULL FROM registry.occupancy o JOIN identity.death d USING (person_id)"
    "  WHERE o.access_point_id = ANY(%(points)s) AND d.refuted_at IS NULL"
    " UNION ALL SELECT 'representation', o.access_point_id, r.representation_id, NULL, NULL, r.person_id,"
    "  r.representative_id, r.from_day, r.until_day, NULL, r.ended_at, 'entry ' || r.recorded_index,"
    f"  {_REACH}"
    "  FROM registry.occupancy o JOIN identity.representation r USING (person_id)"
    "  WHERE o.access_point_id = ANY(%(points)s)"
    " UNION ALL SELECT 'representation', o.access_point_id, r.representation_id, NULL, NULL, r.person_id,"
    "  r.representative_id, r.from_day, r.until_day, NULL, r.ended_at, 'entry ' || r.recorded_index,"
    f"  {_REACH}"
    "  FROM registry.occupancy o JOIN registry.person_concerned c USING (occupancy_id)"
    "  JOIN identity.representation r ON r.person_id = c.person_id WHERE o.access_point_id = ANY(%(points)s)"
    # Of who lives there beside the grid user, his own time there; what never was, no more.
    " UNION ALL SELECT 'objection', o.access_point_id, q.request_id, NULL, o.occupancy_id, NULL, NULL,"
    "  coalesce(c.from_day, o.from_day),"
    "  CASE WHEN c.from_day IS NULL THEN o.until_day ELSE coalesce(c.until_day, o.until_day) END,"
    "  q.decided_at, NULL, q.basis, NULL"
    "  FROM registry.occupancy o JOIN oversight.right_request q USING (occupancy_id)"
    "  LEFT JOIN registry.person_concerned c ON c.occupancy_id = o.occupancy_id AND c.person_id = q.person_id"
    "  WHERE o.access_point_id = ANY(%(points)s) AND q.kind = 'objection' AND q.state = 'accepted'"
    "  AND (o.person_id = q.person_id OR c.from_day < coalesce(c.until_day, 'infinity'))"
)
_OF_PARTIES = (
    " UNION ALL SELECT 'supply', access_point_id, supply_contract_id, party_id, NULL, NULL, NULL, from_day,"
    "  until_day, accepted_at, NULL, NULL, NULL FROM registry.supply_contract"
    "  WHERE access_point_id = ANY(%(points)s) AND party_id = ANY(%(parties)s)"
    "  AND (until_day IS NULL OR from_day < until_day)"
    " UNION ALL SELECT 'dynamic_price', c.access_point_id, c.supply_contract_id, c.party_id, NULL, NULL, NULL,"
    "  d.from_day, d.until_day, NULL, NULL, NULL, NULL FROM registry.supply_contract c"
    "  JOIN registry.dynamic_price d USING (supply_contract_id)"
    "  WHERE c.access_point_id = ANY(%(points)s) AND c.party_id = ANY(%(parties)s)"
    " UNION ALL SELECT 'registration', access_point_id, registration_id, party_id, NULL, NULL, NULL, from_day,"
    "  until_day, NULL, NULL, NULL, NULL FROM registry.registration"
    "  WHERE access_point_id = ANY(%(points)s) AND party_id = ANY(%(parties)s)"
    "  AND (until_day IS NULL OR from_day < until_day)"
    " UNION ALL SELECT 'participation', access_point_id, participation_id, party_id, occupancy_id, NULL, NULL,"
    "  from_day, until_day, NULL, NULL, NULL, NULL FROM registry.participation"
    "  WHERE access_point_id = ANY(%(points)s) AND party_id = ANY(%(parties)s)"
    "  AND (until_day IS NULL OR from_day < until_day)"
    " UNION ALL SELECT 'necessity', access_point_id, necessity_id, party_id, NULL, NULL, authorisation_id,"
    "  data_from, data_until, valid_from, valid_until, purpose, ARRAY[granularity] FROM registry.necessity"
    "  WHERE access_point_id = ANY(%(points)s) AND party_id = ANY(%(parties)s)"
    " UNION ALL SELECT 'notice', access_point_id, notice_id, party_id, occupancy_id, NULL, NULL, NULL, NULL,"
    "  given_at, NULL, NULL, purposes FROM registry.notice"
    "  WHERE access_point_id = ANY(%(points)s) AND party_id = ANY(%(parties)s)"
    " UNION ALL SELECT 'doubt', c.access_point_id, c.case_id, c.party_id, c.occupancy_id, NULL, NULL, NULL,"
    "  o.until_day, c.opened_at, CASE c.state WHEN 'contacted' THEN c.evidence_due_at ELSE c.closed_at END, c.state,"
    "  (SELECT array_agg(CAST(q.permission_id AS text)) FROM doubt.doubt_case q WHERE q.party_id = c.party_id"
    "   AND q.occupancy_id = c.occupancy_id AND q.state = 'lifted'"
    "   AND q.permission_id IS DISTINCT FROM c.permission_id)"
    "  FROM doubt.doubt_case c JOIN registry.occupancy o USING (occupancy_id)"
    "  WHERE c.access_point_id = ANY(%(points)s) AND c.party_id = ANY(%(parties)s)"
)
_FACTS_OF_ALL = _OF_ALL
_FACTS = _OF_ALL + _OF_PARTIES
