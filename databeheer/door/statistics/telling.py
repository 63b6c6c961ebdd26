"""What comes of a run: what may be shown of each hour, the report, and one entry that commits to both."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import text

from databeheer.access.explain import Language, citation_text
from databeheer.door.facts.of_requests import read_facts
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement
from databeheer.door.statistics.restored import month_name
from databeheer.door.statistics.running import Run, ground_of, may_not_run
from databeheer.door.turn import Turn
from databeheer.joins.reasons import JoinReason
from databeheer.statistics import releases, report
from databeheer.statistics.rules import Reason, at_least
from databeheer.statistics.suppression import publish
from databeheer.statistics.table import Row, lines_of


@dataclass(frozen=True)
class Told:
    """A table by municipality, and the report that shows that nobody is in it."""

    parts: dict[str, str]
    report: dict[str, Any]

    @property
    def spelled(self) -> str:
        return report.spell(self.report)

    @property
    def report_sha256(self) -> str:
        return sha256(self.spelled.encode()).hexdigest()


def table_of(run: Run) -> Told:
    """Suppress hour by hour, write the table, and look at it once more.

    Raises:
        TableError: the second look finds a line that should not be there; nothing is told.
    """
    run.finish()
    rows: dict[str, list[Row]] = defaultdict(list)
    withheld: Counter[Reason] = Counter()
    cells = 0
    for direction in run.tallies.directions:
        for number, hour in enumerate(run.tallies.hours):
            shown = publish(run.tallies.of_hour(direction, number), run.rules)
            cells += shown.cells
            withheld += shown.withheld
            for line in shown.lines:
                rows[line.municipality].append(Row(hour, direction, line))
    parts = {place: lines_of(found) for place, found in sorted(rows.items())}
    return Told(
        parts,
        report.build(
            about=_about(run),
            rules=run.rules,
            cells=cells,
            withheld=withheld,
            parts=parts,
            period=run.asked.period,
        ),
    )


def tell(turn: Turn, run: Run, told: Told) -> tuple[Record, JoinReason | None]:
    """Record what came of a run, and publish it, in a turn of its own; a stop in between withholds everything."""
    asked, connection = run.asked, turn.connection
    said = {
        "case": run.case.id,
        "list": run.signed.joins.version,
        "intent": run.entries[0],
        "entries": len(run.entries),
        "points": run.points,
        "note": asked.note,
    }
    book = read_facts(connection, turn.now, points=(), permissions=(), parties=())
    reason = JoinReason.STOPPED if may_not_run(book, turn) else None
    if reason is None and not releases.tell(connection, asked.operator, asked.commodity, asked.month):
        reason = JoinReason.TOLD_BEFORE
    if reason is not None:
        said |= {"rows": 0, "reason": reason.value}
        statement = Statement("join.withheld", said, party_id=run.party_id, operator=asked.operator)
        return turn.record(statement), reason
    said |= {
        "rows": told.report["second_look"]["lines"],
        "suppressed": told.report["cells"] - told.report["shown"],
        "report": str(run.release_id),
        "report_sha256": told.report_sha256,
        "table_sha256": told.report["table"]["sha256"],
    }
    index = turn.next_index
    releases.add(
        connection,
        run.release_id,
        operator=asked.operator,
        commodity=asked.commodity,
        month=asked.month,
        report=told.spelled,
        parts=told.parts,
        outcome_index=index,
        now=turn.now,
    )
    turn.end(Ending.MONTH_TOLD, month_name(asked.operator, asked.commodity), asked.month)
    record = turn.record(
        Statement(
            "join.released", said, ground=ground_of(run.case), party_id=run.party_id, operator=asked.operator
        )
    )
    connection.execute(
        _RELEASE,
        {
            "id": run.release_id,
            "operator": asked.operator,
            "case": run.case.id,
            "version": str(run.signed.joins.version),
            "party": run.party_id,
            "intent": run.entries[0],
            "outcome": index,
            "points": run.points,
            "now": turn.now,
        },
    )
    return record, None


def _about(run: Run) -> dict[str, Any]:
    asked, joins = run.asked, run.signed.joins
    return {
        "report": str(run.release_id),
        "operator": asked.operator,
        "commodity": asked.commodity,
        "month": f"{asked.month:%Y-%m}",
        "case": run.case.id,
        "ground": citation_text(run.case.citation, Language.DUTCH),
        "list": {"version": joins.version, "sha256": joins.sha256.hex()},
        "entries": [run.entries[0], run.entries[-1]],
        "access_points_at_least": at_least(run.points),
    }


_RELEASE = text(
    "INSERT INTO joins.release (release_id, operator, case_id, list_version, party_id, intent_index, outcome_index,"
    " points, released_at) VALUES (:id, :operator, :case, :version, :party, :intent, :outcome, :points, :now)"
)
