"""Commands of statistics: a run, what was published, and what research gets of it (R11)."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

from marshmallow import fields, validate

from databeheer.brussels import midnight
from databeheer.door.commands.base import Command, Day, asker_of, found, identifier, one_of, schema
from databeheer.door.commands.joins import REFERENCE, JoinRefusedError
from databeheer.door.commands.receipts import opened_entry
from databeheer.door.house import House
from databeheer.door.joins.lists import read_list
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.statistics.running import Asked, admit, begin, read
from databeheer.door.statistics.telling import table_of, tell
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError
from databeheer.joins.reasons import JoinReason
from databeheer.statistics import releases
from databeheer.statistics.table import HEAD, TableError, digest
from databeheer.values import Commodity, Period


def run(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Read a month in batches, publish what may be shown of it, and record the report.

    Raises:
        JoinRefusedError: it may not run, or may not be told; recorded, and nothing is published.
        TableError: the second look found something; nothing is published.
    """
    asked, signed = _asked(arguments), read_list(house)
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        begun, refusal = begin(turn, asked, signed)
        reason = None if begun is not None else JoinReason(_reason(refusal))
    if begun is None or reason is not None:
        raise JoinRefusedError(reason or JoinReason.NOT_ON_LIST, found(refusal, "entry"))
    for batch in begun.batches:
        with house.turn() as turn:
            asker_of(turn, house, proof, AskerKind.OPERATOR)
            parts, reason, record = admit(turn, begun, batch)
            as_of = turn.size
        if reason is not None:
            raise JoinRefusedError(reason, record)
        read(house, begun, parts, as_of)
    told = table_of(begun)
    with house.turn() as turn:
        record, reason = tell(turn, begun, told)
    if reason is not None:
        raise JoinRefusedError(reason, record)
    return {
        "release_id": str(begun.release_id),
        "report": told.report,
        "report_sha256": told.report_sha256,
        **record.answer(),
    }


def list_releases(house: House, _: Proof, __: dict[str, Any]) -> dict[str, Any]:
    """What was published, the newest months first; for anybody."""
    with house.engine.connect() as connection, connection.begin():
        return {"releases": [_view(row) for row in releases.latest(connection)]}


def show(house: House, _: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """One release with its report and its table, of one municipality or whole; for anybody."""
    with house.engine.connect() as connection, connection.begin():
        row = found(releases.by_id(connection, arguments["release_id"]), "release")
        named = arguments["municipality"]
        if named is None:
            lines = "".join(releases.parts(connection, row.release_id).values())
        else:
            lines = found(releases.part(connection, row.release_id, named), "municipality in this release")
    return _view(row) | {"report": row.report, "table": HEAD + lines}


def receipt(house: House, _: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What opens the entry of a release, for anybody: it names the digests of report and table, and nobody."""
    with house.engine.connect() as connection, connection.begin():
        row = found(releases.by_id(connection, arguments["release_id"]), "release")
        return opened_entry(house, connection, row.outcome_index, None)


def hand_to_research(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give research a published table with its report, and record it; anything else is refused, and recorded.

    Raises:
        JoinRefusedError: no report, or another output than anonymous figures.
        TableError: what is stored is not what the report says; nothing is given.
    """
    said = {"project": arguments["project"], "output": arguments["output"]}
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row, reason = _for_research(turn, arguments)
        if row is None or reason is not None:
            said["reason"] = (reason or JoinReason.NO_REPORT).value
            record = turn.record(Statement("research.refused", said, ground=said["reason"]))
        else:
            table = releases.parts(turn.connection, row.release_id)
            sums = _sums(row, table)
            said |= {"report": str(row.release_id), "released_at": row.outcome_index, **sums}
            record = turn.record(Statement("research.released", said, ground=_GROUND, operator=row.operator))
    if row is None or reason is not None:
        raise JoinRefusedError(reason or JoinReason.NO_REPORT, record)
    return {"report": row.report, "table": HEAD + "".join(table.values()), **sums, **record.answer()}


def _for_research(turn: Turn, arguments: dict[str, Any]) -> tuple[Any | None, JoinReason | None]:
    if arguments["output"] != ANONYMOUS:
        return None, JoinReason.NOT_ANONYMOUS
    if arguments["report_id"] is None:
        return None, JoinReason.NO_REPORT
    row = releases.by_id(turn.connection, arguments["report_id"])
    return row, None if row is not None else JoinReason.NO_REPORT


def _sums(row: Any, table: dict[str, str]) -> dict[str, str]:
    """The digests of report and table; raises TableError where the table is not the report's."""
    table_sha256 = digest(table).hex()
    if f'"sha256":"{table_sha256}"' not in row.report:
        raise TableError("the stored table is not the one that its report is about")
    return {"report_sha256": sha256(row.report.encode()).hexdigest(), "table_sha256": table_sha256}


def _asked(arguments: dict[str, Any]) -> Asked:
    month: date = arguments["month"]
    if month.day != 1:
        raise MalformedRequestError("month: by its first day")
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    period = Period(midnight(month), midnight(following))
    return Asked(arguments["operator"], arguments["commodity"], month, period)


def _reason(refusal: Any) -> str:
    return str(found(refusal, "entry").statement.said["reason"])


def _view(row: Any) -> dict[str, Any]:
    return {
        "release_id": str(row.release_id),
        "operator": row.operator,
        "commodity": row.commodity,
        "month": f"{row.month:%Y-%m}",
        "index": row.outcome_index,
        "report_sha256": sha256(row.report.encode()).hexdigest(),
    }


ANONYMOUS = "anonymised"
_GROUND = "4.1.8/2, 9°"
COMMANDS = (
    Command(
        "statistics.run",
        schema(
            month=Day(required=True),
            commodity=one_of(*(commodity.value for commodity in Commodity)),
            operator=fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32_000)),
        ),
        run,
    ),
    Command("statistics.list", schema(), list_releases),
    Command(
        "statistics.show",
        schema(
            release_id=identifier(),
            municipality=fields.String(
                load_default=None,
                allow_none=True,
                validate=validate.Regexp(
                    r"([0-9]{5}|[a-z]{3,7})\Z", error="a NIS code of five digits, or unknown, rest or all"
                ),
            ),
        ),
        show,
    ),
    Command("statistics.receipt", schema(release_id=identifier()), receipt),
    Command(
        "research.release",
        schema(
            project=fields.String(required=True, validate=REFERENCE),
            report_id=identifier(required=False),
            output=one_of(ANONYMOUS, "pseudonymised", required=False, missing=ANONYMOUS),
        ),
        hand_to_research,
    ),
)
