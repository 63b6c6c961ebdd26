"""The regulator's audit of contents, as a command: an access like any other, with its ground and its entry."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from marshmallow import fields, validate

from databeheer.brussels import day_of
from databeheer.door.bodies.auditing import Page, Scope, erasures_of, find, open_entries
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    asker_of,
    identifier,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError

LARGEST_PAGE = 500
GROUND = "regulator"


def open_for_audit(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open one page of a period's entries for an inspector, each half of them; recorded before it is opened.

    Everybody whom an opened half concerns sees that the regulator looked, and for which task.
    """
    if arguments["last"] < arguments["first"]:
        raise MalformedRequestError("last: lies before first")
    scope = Scope(
        arguments["first"],
        arguments["last"],
        arguments["below"],
        arguments["party_id"],
        ean_hash(house, arguments["ean"]) if arguments["ean"] else None,
    )
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
        if scope.first > day_of(turn.now):
            raise MalformedRequestError("first: lies in the future")
        page = find(house, turn.connection, scope, arguments["cursor"], arguments["limit"])
        record = record_look(turn, asker, scope, page, arguments["task"])
    with house.engine.connect() as connection:
        return {
            "entries": open_entries(house, connection, page.indexes),
            "support": open_entries(house, connection, page.support),
            "erasures": erasures_of(house, connection, [*page.indexes, *page.support], scope.below),
            "range": list(page.span),
            "is_whole": scope.is_whole,
            "next": page.next,
            "index": record.index,
            "promise": b64encode(record.promise).decode(),
        }


def record_look(turn: Turn, asker: Asker, scope: Scope, page: Page, task: str) -> Record:
    """Record that an inspector opens this page, for which task; everybody whom it concerns sees it."""
    said = {
        "asker": "inspector",
        "staff": asker.staff,
        "task": task,
        "days": [scope.first.isoformat(), scope.last.isoformat()],
        "scope": "period" if scope.is_whole else "point" if scope.point_hash else "party",
        "opened": len(page.indexes),
    }
    return turn.record(
        Statement(
            "audit.opened",
            said,
            ground=GROUND,
            subjects=[Subject(occupancy_id) for occupancy_id in page.subjects],
            leaves=max(len(page.subjects), 1),  # the body is the house's: it outlives each subject's
        )
    )


_INDEX = validate.Range(0, 2**53)

COMMANDS = (
    Command(
        "audit.open",
        schema(
            first=Day(required=True),
            last=Day(required=True),
            below=fields.Integer(required=True, strict=True, validate=_INDEX),
            party_id=identifier(required=False),
            ean=EANCode(load_default=None, allow_none=True),
            task=without_ean(short_text()),
            cursor=fields.Integer(load_default=0, strict=True, validate=_INDEX),
            limit=fields.Integer(
                load_default=LARGEST_PAGE, strict=True, validate=validate.Range(1, LARGEST_PAGE)
            ),
        ),
        open_for_audit,
    ),
)
