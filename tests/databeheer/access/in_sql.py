"""The access rule a third time: as one SQL query over multiranges, for many worlds at once.

It reads the catalogue's rows as a table, so what it checks is the interval arithmetic and the meaning of each
requirement. It says what may be had, not which of several grounds is recorded, nor why the rest is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.multirange import TimestamptzMultirange
from psycopg.types.range import TimestamptzRange

from databeheer.access.bases import Catalogue
from databeheer.access.decide import Decision
from databeheer.access.intervals import Interval, IntervalSet
from tests.databeheer.access.agreeing import decided
from tests.databeheer.access.people import CATALOGUE
from tests.databeheer.access.worlds import World, world_of

TABLES = {
    "rule": "code text, role text, carrier text, purposes text[], categories text[], directions text[], fine int,"
    " freely int, needs text[]",
    "world": "w int, now timestamptz, role text, me text, is_person bool, purpose text, category text,"
    " directions text[], fine int, asked tstzrange, permission text, territory text, grid text, manager text,"
    " stopped timestamptz, unreconciled timestamptz, party text, party_role text, contract tstzrange",
    "paper": "w int, kind text, span tstzrange, code text",
    "assessment": "w int, assessed timestamptz, stale timestamptz",
    "occ": "w int, id text, person text, span tstzrange",
    "resident": "w int, occ text, person text, span tstzrange",
    "permission": "w int, id text, party text, occ text, purpose text, category text, directions text[], fine int,"
    " data tstzrange, valid tstzrange, state text, checked timestamptz",
    "signer": "w int, permission text, person text, capacity text, at timestamptz, whose text",
    "supply": "w int, id text, party text, span tstzrange, accepted timestamptz",
    "product": "w int, supply text, span tstzrange",
    "regime": "w int, occ text, regime text, span tstzrange",
    "registration": "w int, party text, span tstzrange",
    "taken": "w int, party text, occ text, span tstzrange",
    "record": "w int, party text, purpose text, fine int, data tstzrange, valid tstzrange, law text",
    "law": "w int, id text, party text, categories text[], fine int, span tstzrange",
    "notice": "w int, party text, occ text, purposes text[], given timestamptz",
    "block": "w int, party text, span tstzrange",
    "gap": "w int, party text, span tstzrange, spares text[]",
    "objection": "w int, code text, span tstzrange, since timestamptz",
    "office": "w int, representative text, person text, span tstzrange",
    "death": "w int, person text, at timestamptz",
}

FUNCTIONS = """
CREATE FUNCTION pg_temp.slot(edge timestamptz, fine int) RETURNS tstzrange LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE fine
    WHEN 0 THEN tstzrange(date_bin('15 minutes', edge, 'epoch'),
                          date_bin('15 minutes', edge, 'epoch') + interval '15 minutes')
    WHEN 1 THEN tstzrange(date_bin('1 hour', edge, 'epoch'), date_bin('1 hour', edge, 'epoch') + interval '1 hour')
    ELSE tstzrange(
      date_trunc(CASE fine WHEN 2 THEN 'day' ELSE 'month' END, edge, 'Europe/Brussels'),
      (date_trunc(CASE fine WHEN 2 THEN 'day' ELSE 'month' END, edge AT TIME ZONE 'Europe/Brussels')
        + CASE fine WHEN 2 THEN interval '1 day' ELSE interval '1 month' END) AT TIME ZONE 'Europe/Brussels')
    END $$;
-- What of `reach` lies in the slot around an edge and would be handed over in part.
CREATE FUNCTION pg_temp.cut(edge timestamptz, fine int, reach tstzmultirange, asked tstzrange, now timestamptz)
  RETURNS tstzmultirange LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN lower(s) <> edge AND (
      NOT isempty(reach * s::tstzmultirange - asked::tstzmultirange)
      OR (lower(s) < now AND NOT isempty(reach * s::tstzmultirange * tstzmultirange(tstzrange(now, NULL)))))
    THEN reach * s::tstzmultirange ELSE '{}'::tstzmultirange END
  FROM (SELECT pg_temp.slot(edge, fine) AS s) one $$;
-- What of `reach` lies in a slot of which another part was left out.
CREATE FUNCTION pg_temp.severed(missing tstzmultirange, fine int, reach tstzmultirange)
  RETURNS tstzmultirange LANGUAGE sql IMMUTABLE AS $$
  SELECT reach * coalesce(range_agg(pg_temp.slot(edge, fine)), '{}'::tstzmultirange)
  FROM (SELECT lower(one) AS edge FROM unnest(missing) one UNION SELECT upper(one) FROM unnest(missing) one) edges
  WHERE edge IS NOT NULL AND lower(pg_temp.slot(edge, fine)) <> edge $$;
"""

RULE = """
WITH
asking AS (
  SELECT w.*, r.code, r.carrier, r.needs, r.fine AS ceiling, r.freely, r.purposes AS row_purposes,
    -- `fits`: the row itself allows purpose, category and directions of the wish
    w.purpose = ANY(r.purposes) AND w.category = ANY(r.categories)
      AND (w.category <> 'readings' OR w.directions <@ r.directions) AS fits
  FROM world w JOIN rule r ON r.role = w.role
  WHERE (w.is_person OR (w.party = w.me AND w.party_role = w.role))
    AND (w.stopped IS NULL OR w.stopped > w.now)
    AND (w.unreconciled IS NULL OR r.carrier = 'occupancy')
),
in_order AS (
  SELECT a.* FROM asking a WHERE a.fits AND (a.is_person OR (
    NOT EXISTS (SELECT FROM paper p WHERE p.w = a.w AND p.kind = 'suspension' AND p.span @> a.now)
    AND (NOT 'data_access_contract' = ANY(a.needs) OR coalesce(a.contract @> a.now, false))
    AND (NOT 'dpia' = ANY(a.needs) OR EXISTS (SELECT FROM assessment d WHERE d.w = a.w AND d.assessed <= a.now
      AND a.now < (d.assessed AT TIME ZONE 'Europe/Brussels' + interval '2 years') AT TIME ZONE 'Europe/Brussels'
      AND (d.stale IS NULL OR a.now < d.stale)))
    AND (NOT 'processing_overview' = ANY(a.needs)
      OR EXISTS (SELECT FROM paper p WHERE p.w = a.w AND p.kind = 'overview' AND p.span @> a.now))
    AND (NOT 'processor_agreement' = ANY(a.needs)
      OR EXISTS (SELECT FROM paper p WHERE p.w = a.w AND p.kind = 'agreement' AND p.span @> a.now))
    AND (NOT 'territory' = ANY(a.needs) OR EXISTS (SELECT FROM paper p WHERE p.w = a.w AND p.kind = 'territory'
      AND p.code = a.territory AND p.span @> a.now))))
),
-- claim: data time; home: the occupancy that it reaches, null for all; fine: how fine it goes; null limits nothing;
-- tie: what contracts alone leave
title AS (
  SELECT a.*, '{(,)}'::tstzmultirange AS claim, o.id AS home, a.ceiling AS goes, '{(,)}'::tstzmultirange AS tie
    FROM in_order a JOIN occ o ON o.w = a.w AND o.person = a.me
    WHERE a.carrier = 'occupancy' AND a.permission IS NULL
    AND NOT EXISTS (SELECT FROM death d WHERE d.w = a.w AND d.person = a.me AND d.at <= a.now)
  UNION ALL
  SELECT a.*, r.span::tstzmultirange, r.occ, a.ceiling, r.span::tstzmultirange FROM in_order a
    JOIN resident r ON r.w = a.w AND r.person = a.me
    WHERE a.carrier = 'concerned' AND a.permission IS NULL
  UNION ALL
  SELECT a.*, '{(,)}', o.id, a.ceiling, '{(,)}' FROM in_order a
    JOIN office f ON f.w = a.w AND f.representative = a.me AND f.span @> a.now
    JOIN occ o ON o.w = a.w AND o.person = f.person
    WHERE a.carrier = 'representation' AND a.permission IS NULL
    AND NOT EXISTS (SELECT FROM death d WHERE d.w = a.w AND d.person = f.person AND d.at <= a.now)
  UNION ALL
  SELECT a.*, s.span::tstzmultirange, o.id, a.ceiling, s.span::tstzmultirange FROM in_order a
    JOIN supply s ON s.w = a.w AND s.party = a.me AND s.accepted <= a.now
    JOIN occ o ON o.w = a.w AND o.span @> lower(s.span)
    WHERE a.carrier = 'supply_contract' AND a.permission IS NULL
  UNION ALL
  SELECT a.*, r.span::tstzmultirange, o.id, a.ceiling, r.span::tstzmultirange FROM in_order a
    JOIN registration r ON r.w = a.w AND r.party = a.me JOIN occ o ON o.w = a.w AND o.span @> lower(r.span)
    WHERE a.carrier = 'registration' AND a.permission IS NULL
  UNION ALL
  SELECT a.*, t.span::tstzmultirange, t.occ, a.ceiling, t.span::tstzmultirange FROM in_order a
    JOIN taken t ON t.w = a.w AND t.party = a.me WHERE a.carrier = 'participation' AND a.permission IS NULL
  UNION ALL
  SELECT a.*, '{(,)}', o.id, a.ceiling, '{(,)}' FROM in_order a
    JOIN occ o ON o.w = a.w AND o.person IS NOT NULL AND o.span @> a.now
    WHERE a.carrier = 'territory' AND a.permission IS NULL
  UNION ALL
  SELECT a.*, '{(,)}', NULL, coalesce(a.freely, a.ceiling), '{(,)}' FROM in_order a
    WHERE a.permission IS NULL AND NOT 'necessity' = ANY(a.needs)
    AND (a.carrier = 'grid_operator' AND a.me = a.grid OR a.carrier = 'data_manager' AND a.me = a.manager)
  UNION ALL
  SELECT a.*, n.data::tstzmultirange, NULL, greatest(a.ceiling, n.fine, l.fine), '{(,)}' FROM in_order a
    JOIN record n ON n.w = a.w AND n.party = a.me AND n.purpose = ANY(a.row_purposes) AND n.valid @> a.now
    LEFT JOIN LATERAL (SELECT min(fine) AS fine FROM law WHERE law.w = a.w AND law.party = a.me
      AND law.id = n.law AND law.span @> a.now AND a.category = ANY(law.categories)) l ON 'authorisation' = ANY(a.needs)
    WHERE a.permission IS NULL AND (NOT 'authorisation' = ANY(a.needs) OR l.fine IS NOT NULL)
    AND (a.carrier = 'task'
      OR (a.carrier = 'grid_operator' AND a.me = a.grid OR a.carrier = 'data_manager' AND a.me = a.manager)
        AND ('necessity' = ANY(a.needs) OR a.fine < a.freely))
  UNION ALL
  SELECT a.*,
    p.data::tstzmultirange * tied.span
      - coalesce((SELECT range_agg(r.span) FROM resident r WHERE r.w = a.w AND r.occ = o.id
          AND r.person IS DISTINCT FROM o.person AND NOT EXISTS (SELECT FROM signer s WHERE s.w = a.w
            AND s.permission = p.id AND (s.person = r.person AND s.capacity = 'natural_person'
            OR s.capacity = 'representative' AND EXISTS (SELECT FROM office f WHERE f.w = a.w
              AND f.representative = s.person AND f.person = r.person AND s.whose = r.person
              AND f.span @> s.at)))), '{}')
      - CASE WHEN 'history' = ANY(a.needs)
          THEN tstzmultirange(tstzrange(date_trunc('day', lower(p.valid), 'Europe/Brussels'), NULL))
        ELSE '{}' END
      - coalesce((SELECT range_agg(g.span) FROM gap g WHERE g.w = a.w AND g.party = a.me
          AND NOT p.id = ANY(g.spares)), '{}'),
    o.id, greatest(a.ceiling, p.fine), tied.span
    FROM in_order a
    JOIN permission p ON p.w = a.w AND p.party = a.me AND p.purpose = a.purpose AND p.category = a.category
    JOIN occ o ON o.w = a.w AND o.id = p.occ
    CROSS JOIN LATERAL (SELECT '{(,)}'::tstzmultirange
      - CASE WHEN 'contract_period' = ANY(a.needs) THEN '{(,)}'::tstzmultirange - coalesce((
          SELECT range_agg(c.span) FROM supply c WHERE c.w = a.w AND c.party = a.me AND c.accepted <= a.now
            AND o.span @> lower(c.span)), '{}')
        ELSE '{}' END
      - CASE WHEN 'dynamic_price' = ANY(a.needs) THEN '{(,)}'::tstzmultirange - coalesce((
          SELECT range_agg(c.span * q.span) FROM supply c JOIN product q ON q.w = c.w AND q.supply = c.id
          WHERE c.w = a.w AND c.party = a.me AND c.accepted <= a.now AND o.span @> lower(c.span)), '{}')
        ELSE '{}' END
      - CASE WHEN 'metering_regime' = ANY(a.needs) THEN '{(,)}'::tstzmultirange - coalesce((
          SELECT range_agg(m.span) FROM regime m WHERE m.w = a.w AND m.occ = o.id AND m.regime = 'SMR3'), '{}')
        ELSE '{}' END AS span) tied
    WHERE a.carrier = 'permission' AND (a.permission IS NULL OR a.permission = p.id)
    AND p.state IN ('active', 'to_be_renewed') AND p.valid @> a.now AND NOT upper(o.span) <= a.now IS TRUE
    AND (a.category <> 'readings' OR a.directions <@ p.directions)
    AND (NOT 'written_mandate' = ANY(a.needs) OR coalesce(p.checked <= a.now, false))
    AND NOT EXISTS (SELECT FROM death d WHERE d.w = a.w AND d.person = o.person AND d.at <= a.now)
    AND NOT EXISTS (SELECT FROM block b WHERE b.w = a.w AND b.party = a.me AND b.span @> a.now)
    AND EXISTS (SELECT FROM signer s WHERE s.w = a.w AND s.permission = p.id AND o.person IS NOT NULL AND (
      s.capacity = 'grid_user' AND s.person = o.person
      OR s.capacity = 'representative' AND EXISTS (SELECT FROM office f WHERE f.w = a.w
        AND f.representative = s.person AND f.person = o.person AND s.whose = o.person AND f.span @> s.at)))
),
reaching AS (
  SELECT t.*, t.claim * o.span::tstzmultirange - coalesce((SELECT range_agg(j.span) FROM objection j
      WHERE j.w = t.w AND j.code = t.code AND j.since <= t.now AND t.carrier <> 'permission'), '{}') AS reach,
    t.tie * o.span::tstzmultirange AS whole FROM title t
  JOIN occ o ON o.w = t.w AND (t.home IS NULL OR o.id = t.home)
  WHERE (t.category <> 'readings' OR t.fine >= t.goes)
  AND (NOT 'notice' = ANY(t.needs) OR o.person IS NULL OR EXISTS (SELECT FROM notice n WHERE n.w = t.w
    AND n.party = t.me AND n.occ = o.id AND n.purposes && t.row_purposes AND n.given <= t.now))
),
given AS (
  SELECT w, reach * asked::tstzmultirange - CASE WHEN category <> 'readings' THEN '{}'::tstzmultirange ELSE
      pg_temp.cut(lower(asked), goes, reach, asked, now) + pg_temp.cut(upper(asked), goes, reach, asked, now)
      + pg_temp.cut(now, goes, reach, asked, now) + tstzmultirange(tstzrange(now, NULL))
      + pg_temp.severed(whole - reach, goes, reach) END AS part
  FROM reaching
)
SELECT w, range_agg(one) FROM given, unnest(part) one GROUP BY w
"""


def granted_in_sql(url: str, worlds: dict[int, World]) -> dict[int, IntervalSet]:
    """What SQL says may be had in each world."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, columns in TABLES.items():
            cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP".encode())
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        rows["rule"] = list(_rules(CATALOGUE))
        for number, world in worlds.items():
            for name, row in _rows(number, world):
                rows[name].append(row)
        for name, several in rows.items():
            with cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for row in several:
                    copy.write_row(row)
            if name != "rule":
                cursor.execute(f"CREATE INDEX ON {name} (w)".encode())
            cursor.execute(f"ANALYZE {name}".encode())
        cursor.execute(FUNCTIONS.encode())
        found = {number: IntervalSet() for number in worlds}
        for number, ranges in cursor.execute(RULE.encode()):
            found[number] = _set(ranges)
        connection.rollback()
    return found


def require_agreement_in_sql(url: str, seeds: Iterable[int]) -> int:
    """Decide the worlds of these seeds both ways; returns in how many anything was granted."""
    worlds = {seed: world_of(seed) for seed in seeds}
    said = granted_in_sql(url, worlds)
    for seed, world in worlds.items():
        granted = _granted(decided(world))
        assert granted == said[seed], f"world {seed}: {granted} is not {said[seed]}"
    return sum(1 for granted in said.values() if granted)


def _granted(decision: Decision) -> IntervalSet:
    return IntervalSet.of(*(part.interval for part in decision.granted))


def _set(ranges: TimestamptzMultirange) -> IntervalSet:
    found: list[Interval] = []
    for one in ranges:
        assert one.lower is not None
        found.append(Interval(_utc(one.lower), None if one.upper is None else _utc(one.upper)))
    return IntervalSet.of(*found)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _rules(catalogue: Catalogue) -> Iterator[tuple[Any, ...]]:
    for row in catalogue.rows:
        freely = row.ceiling_without_necessity
        yield (
            row.code, row.actor_role.value, row.carrier.value, _list(row.purposes), _list(row.categories),
            _list(row.directions), row.ceiling.rank, None if freely is None else freely.rank, _list(row.requires),
        )  # fmt: skip


def _rows(w: int, world: World) -> Iterator[tuple[str, tuple[Any, ...]]]:
    wish, facts, party = world.wish, world.facts, world.facts.party
    yield "world", (
        w, world.now, wish.asker_role.value, wish.party_id or wish.person_id, wish.person_id is not None,
        wish.purpose.value, wish.category, _list(wish.directions), wish.granularity.rank, _range(wish.period),
        wish.permission_id, facts.territory, facts.grid_operator_id, facts.data_manager_id, facts.stopped_since,
        facts.unreconciled_since,
        party.id if party else None, party.role.value if party else None,
        _range(party.contract_period) if party and party.contract_period else None,
    )  # fmt: skip
    if party is not None:
        for kind, spans in (
            ("suspension", party.suspensions),
            ("overview", party.overviews),
            ("agreement", party.processor_agreements),
        ):
            yield from (("paper", (w, kind, _range(span), None)) for span in spans)
        for territory in party.territories:
            yield "paper", (w, "territory", _range(territory.period), territory.code)
        for dpia in party.assessments:
            yield "assessment", (w, dpia.assessed_at, dpia.stale_at)
    for home in facts.occupancies:
        yield "occ", (w, home.id, home.person_id, _range(home.period))
        for resident in home.concerned:
            yield "resident", (w, home.id, resident.person_id, _range(resident.period))
    for grant in facts.permissions:
        checked = grant.mandate.checked_at if grant.mandate else None
        yield "permission", (
            w, grant.id, grant.party_id, grant.occupancy_id, grant.purpose.value, grant.category,
            _list(grant.directions), grant.granularity.rank, _range(grant.data_period), _range(grant.valid_period),
            grant.state.value, checked,
        )  # fmt: skip
        for signer in grant.signers:
            yield "signer", (
                w, grant.id, signer.person_id, signer.capacity.value, signer.signed_at, signer.for_person_id,
            )  # fmt: skip
    for contract in facts.supply_contracts:
        yield "supply", (w, contract.id, contract.party_id, _range(contract.period), contract.accepted_at)
        for product in contract.dynamic_price:
            yield "product", (w, contract.id, _range(product))
    for regime in facts.regimes:
        yield "regime", (w, regime.occupancy_id, regime.regime.value, _range(regime.period))
    for registration in facts.registrations:
        yield "registration", (w, registration.party_id, _range(registration.period))
    for taken in facts.participations:
        yield "taken", (w, taken.party_id, taken.occupancy_id, _range(taken.period))
    for record in facts.necessities:
        yield "record", (
            w, record.party_id, record.purpose.value, record.granularity.rank, _range(record.data_period),
            _range(record.valid_period), record.authorisation_id,
        )  # fmt: skip
    for law in facts.authorisations:
        yield (
            "law",
            (w, law.id, law.party_id, _list(law.categories), law.granularity.rank, _range(law.period)),
        )
    for notice in facts.notices:
        yield "notice", (w, notice.party_id, notice.occupancy_id, _list(notice.purposes), notice.given_at)
    for block in facts.blocks:
        yield "block", (w, block.party_id, _range(block.period))
    for objection in facts.objections:
        yield "objection", (w, objection.basis, _range(objection.period), objection.since)
    for gap in facts.gaps:
        yield "gap", (w, gap.party_id, _range(gap.period), _list(gap.spares))
    for office in facts.representations:
        yield "office", (w, office.representative_id, office.person_id, _range(office.period))
    for death in facts.deaths:
        yield "death", (w, death.person_id, death.at)


def _list(codes: Iterable[str]) -> list[str]:
    return sorted(str(code) for code in codes)


def _range(span: Any) -> TimestamptzRange:
    end = span.end
    if end is not None and end <= span.start:
        return TimestamptzRange(empty=True)
    return TimestamptzRange(span.start, end)
