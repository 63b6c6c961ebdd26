"""The join gate's commands: the only translation between pseudonymisation domains (R130, R131)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.access.explain import Language, citation_text
from databeheer.door.bodies.opened import shared_body
from databeheer.door.commands.base import Command, EANCode, Instant, asker_of, schema, without_ean
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.joins.intents import Waiting
from databeheer.door.joins.joining import Join, attempt, close, open_amounts
from databeheer.door.joins.lists import read_list, verified
from databeheer.door.joins.scope import JoinAsked
from databeheer.door.proofs import AskerKind, Proof, check
from databeheer.door.statement import Record
from databeheer.errors import DatabeheerError, UnauthenticatedError
from databeheer.joins.cases import JoinCase, JoinListError, Shape
from databeheer.joins.reasons import CODES, SENTENCES, JoinReason
from databeheer.joins.release import Cell, PointRow, aggregate_cells, point_rows
from databeheer.values import Period, format_instant

MOST_LISTED = 1000
LATEST = 50


class JoinRefusedError(DatabeheerError):
    """A join that is refused, recorded by now: `reason` says why, `record` where."""

    code = "no-legal-basis"

    def __init__(self, reason: JoinReason, record: Record) -> None:
        super().__init__(SENTENCES[reason][1])
        self.code = CODES.get(reason, JoinRefusedError.code)
        self.reason = reason
        self.record = record

    @property
    def members(self) -> dict[str, Any]:
        """What goes with the error's code and detail."""
        return {
            "reason": self.reason.value,
            "index": self.record.index,
            "promise": b64encode(self.record.promise).decode(),
        }


def list_joins(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The list of lawful joins with its signature, and whether it is in force; public (R131)."""
    if house.joins is None:
        return {
            "in_force": False,
            "problem": "no regulator's key is registered here",
            "version": None,
            "cases": [],
        }
    try:
        signed = verified(house)
    except JoinListError as error:
        return {"in_force": False, "problem": str(error), "version": None, "cases": []}
    with house.engine.connect() as connection:
        newest = connection.execute(
            text("SELECT version, sha256, adopted_index FROM joins.list ORDER BY version DESC LIMIT 1")
        ).one_or_none()
    joins = signed.joins
    is_same = newest is not None and (newest.version, bytes(newest.sha256)) == (joins.version, joins.sha256)
    in_force = newest is None or joins.version > newest.version or is_same
    return {
        "in_force": in_force,
        "problem": None if in_force else "another list of this version, or a newer one, was in force before",
        "version": joins.version,
        "issued": joins.issued.isoformat(),
        "publisher": joins.publisher,
        "sha256": joins.sha256.hex(),
        "adopted_index": newest.adopted_index if newest is not None and is_same else None,
        "regulator_vkey": str(house.joins.regulator) if house.joins.regulator else None,
        "confirmed": {"address": signed.address, "keys": sorted(str(one.key) for one in signed.confirmed_by)}
        if signed.confirmed_by
        else None,
        "note": signed.note.decode(),
        "content": signed.content.decode(),
        "cases": [_case_view(case) for case in joins.cases],
    }


def run(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run one join: intent recorded, values opened, outcome recorded, handed over; or let it wait for more people.

    Raises:
        JoinRefusedError: the join may not run; the refusal is recorded.
    """
    asked = JoinAsked(
        arguments["case_id"],
        arguments["purpose"],
        tuple(arguments["eans"]) if arguments["eans"] is not None else None,
        Period(arguments["from"], arguments["until"]),
        arguments["requester_note"],
    )
    signed = read_list(house)
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY, AskerKind.INSPECTOR, or_suspended=True)
        if asker.kind is AskerKind.PARTY and asker.profile != "own":
            raise UnauthenticatedError("this token does not run joins")
        join = attempt(house, turn, asker, asked, signed)
    if join.waiting is not None and join.reason is JoinReason.APPROVAL_MISSING:
        return _waiting_view(join.waiting) | join.record.answer()
    if join.reason is not None or join.case is None:
        raise JoinRefusedError(join.reason or JoinReason.NOT_ON_LIST, join.record)
    rows, suppressed = _rows(join.case, house, join)
    with house.turn() as turn:
        outcome, withheld = close(turn, join, join.case, len(rows), suppressed)
    if withheld is not None:
        raise JoinRefusedError(withheld, outcome)
    return _answer(join, join.case, rows, suppressed, outcome)


def latest(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The newest runs and refusals, for an inspector; no subject is named."""
    with house.engine.connect() as connection, connection.begin():
        asker = check(connection, proof, house.clock.now(), house.operator_key_hash)
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        rows = connection.execute(_LATEST, {"limit": arguments["limit"]}).all()
        parties = {
            row.party_id: party_view(row) for row in connection.execute(text("SELECT * FROM registry.party"))
        }
        outcomes = {
            row.intent_index: row.outcome_index
            for row in connection.execute(text("SELECT intent_index, outcome_index FROM joins.release"))
        }
        said = [(row, shared_body(house, row).said) for row in rows]
    return {
        "joins": [
            {
                "index": row.index,
                "event": row.event,
                "at": words["at"],
                "party": parties.get(row.party_id),
                "case": words["case"],
                "title_nl": words.get("title_nl", ""),
                "purpose": words.get("purpose", ""),
                "note": words.get("note", ""),
                "list": words["list"],
                "asked": words.get("asked"),
                "points": words.get("points", 0),
                "reason": words.get("reason"),
                "sentence_nl": SENTENCES[JoinReason(words["reason"])][0] if words.get("reason") else None,
                "outcome": outcomes.get(row.index),
            }
            for row, words in said
        ]
    }


def _rows(case: JoinCase, house: House, join: Join) -> tuple[list[dict[str, Any]], int]:
    amounts = open_amounts(house, join)
    if case.shape is Shape.POINTS:
        return [_point_view(row) for row in point_rows(amounts)], 0
    cells = aggregate_cells(case, amounts)
    return [_cell_view(cell) for cell in cells], sum(1 for cell in cells if cell.suppressed)


def _answer(
    join: Join, case: JoinCase, rows: list[dict[str, Any]], suppressed: int, outcome: Record
) -> dict[str, Any]:
    return {
        "state": "released",
        "case": case.id,
        "list_version": join.list_version,
        "release_id": str(join.release_id),
        "shape": case.shape.value,
        "points": len(join.parts),
        "rows": rows,
        "suppressed": suppressed,
        "retention_days": case.retention_days,
        "intent_index": join.record.index,
        "index": outcome.index,
        "promise": b64encode(outcome.promise).decode(),
    }


def _waiting_view(waiting: Waiting) -> dict[str, Any]:
    return {
        "state": "waiting",
        "intent_id": str(waiting.intent_id),
        "agreed": waiting.agreed,
        "needed": waiting.needed,
        "lapses_at": format_instant(waiting.lapses_at),
    }


def _point_view(row: PointRow) -> dict[str, Any]:
    return {
        "pseudonym": row.pseudonym,
        "commodity": row.commodity.value,
        "direction": row.direction.value,
        "unit": row.unit,
        "month": row.month.isoformat()[:7],
        "value": row.value,
        "missing": row.missing,
    }


def _cell_view(cell: Cell) -> dict[str, Any]:
    return {
        "commodity": cell.commodity.value,
        "direction": cell.direction.value,
        "unit": cell.unit,
        "month": cell.month.isoformat()[:7],
        "points": cell.points,
        "value": cell.value,
        "suppressed": cell.suppressed.value if cell.suppressed else None,
    }


def _case_view(case: JoinCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "title_nl": case.title_nl,
        "title_en": case.title_en,
        "sentence_nl": case.sentence_nl,
        "sentence_en": case.sentence_en,
        "citations": [
            {
                "act": citation.act,
                "version": citation.version,
                "article": citation.article,
                "status": citation.status.value,
                "text_nl": citation_text(citation, Language.DUTCH),
            }
            for citation in case.citations
        ],
        "from_domain": case.from_domain.value,
        "to_domain": case.to_domain.value,
        "purpose": case.purpose.value,
        "roles": sorted(role.value for role in case.roles),
        "basis": case.basis or None,
        "shape": case.shape.value,
        "scope": case.scope.value,
        "columns": list(case.columns),
        "granularity": case.granularity.value,
        "directions": sorted(direction.value for direction in case.directions),
        "min_points": case.min_points,
        "max_points": case.max_points,
        "max_months": case.max_months,
        "max_share_percent": case.max_share_percent,
        "approvals": case.approvals,
        "retention_days": case.retention_days,
    }


_LATEST = text(
    "SELECT index, party_id, event, key_sealed, shared_sealed FROM ledger.body"
    " WHERE event IN ('join.run', 'join.refused') ORDER BY index DESC LIMIT :limit"
)
_SLUG = validate.Regexp(
    r"[a-z0-9]+([-_][a-z0-9]+)*\Z",
    error="a name of the list: lower-case letters and digits, with '-' or '_' between",
)
_CASE = validate.Regexp(
    r"(necessity/)?[a-z0-9]+([-_][a-z0-9]+)*\Z",
    error="a case of the list, or the number of a record of necessity",
)
# A reference to the requester's own file, not prose: the shared half of the entry is opened by every receipt,
# so it must not be able to name a person, an access point (18 digits) or a meter.
REFERENCE = validate.Regexp(
    r"(?!.*[0-9]{7})[A-Za-z0-9][A-Za-z0-9._/-]{2,39}\Z",
    error="your own reference: 3 to 40 letters, digits, '.', '_', '/' or '-', no seven digits in a row",
)

COMMANDS = (
    Command("joins.list", schema(), list_joins),
    Command(
        "joins.run",
        schema(
            **{
                "case_id": fields.String(required=True, validate=[validate.Length(1, 60), _CASE]),
                "purpose": fields.String(required=True, validate=[validate.Length(1, 40), _SLUG]),
                "eans": fields.List(
                    EANCode(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_LISTED)
                ),
                "from": Instant(required=True),
                "until": Instant(required=True),
                "requester_note": without_ean(fields.String(required=True, validate=REFERENCE)),
            }
        ),
        run,
    ),
    Command(
        "joins.latest",
        schema(limit=fields.Integer(load_default=20, strict=True, validate=validate.Range(1, LATEST))),
        latest,
    ),
)
