"""The inspector's queue of records of necessity: each waits until he says what he thinks of it (R130, R131).

A record needs no leave of his: a legal duty carries it. But what he objects to ends with that word.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.door.commands.base import (
    Command,
    asker_of,
    found,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.join_necessity import is_newest, view_of
from databeheer.door.house import House
from databeheer.door.joins import necessity, signers
from databeheer.door.joins.lists import read_list
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.values import format_instant

_WORDS = "join_opinion"
ACCEPTS, OBJECTS = "accepts", "objects"


def queue(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Every record that was taken, the newest first, with what the regulator thinks of it; null while it waits."""
    signed = read_list(house)
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.INSPECTOR:
            raise UnauthenticatedError("log in as an inspector")
        joins = signed.joins if signed is not None and is_newest(connection, signed.joins) else None
        kept = necessity.all_kept(house, connection, joins, now)
        given = {row.taken_index: row for row in connection.execute(_GIVEN)}
        return {
            "records": [view_of(one) | {"opinion": _view(house, given.get(one.taken_index))} for one in kept]
        }


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what the regulator thinks of a record, once; an objection ends it.

    Raises:
        NotFoundError: no record of this number was taken.
        ConflictError: the regulator said already what it thinks of it.
    """
    known = necessity.necessity_id(arguments["number"])
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.INSPECTOR)
        found(turn.connection.execute(_TAKEN, {"id": known}).one_or_none(), "record")
        if turn.connection.execute(_ONE, {"id": known}).first() is not None:
            raise ConflictError("the regulator said already what it thinks of this record")
        verdict = arguments["verdict"]
        turn.connection.execute(
            _GIVE,
            {
                "id": known,
                "verdict": verdict,
                "by": asker.staff,
                "words": seal_text(house, _WORDS, known, arguments["words"]),
                "now": turn.now,
                "index": turn.next_index,
            },
        )
        if verdict == OBJECTS and signers.end(turn, known, turn.next_index):
            turn.end(Ending.JOIN_NECESSITY, known)
        said = {"necessity": arguments["number"], "verdict": verdict, "staff": asker.staff}
        record = turn.record(Statement("join_necessity.judged", said))
    return record.answer()


def _view(house: House, row: Any | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "verdict": row.verdict,
        "words": open_text(house, _WORDS, row.necessity_id, bytes(row.words_sealed)),
        "at": format_instant(row.given_at),
        "index": row.given_index,
    }


_TAKEN = text("SELECT 1 FROM joins.necessity WHERE necessity_id = :id")
_ONE = text("SELECT 1 FROM joins.necessity_opinion WHERE necessity_id = :id")
_GIVEN = text(
    "SELECT o.*, n.taken_index FROM joins.necessity_opinion o JOIN joins.necessity n USING (necessity_id)"
)
_GIVE = text(
    "INSERT INTO joins.necessity_opinion (necessity_id, verdict, given_by, words_sealed, given_at, given_index)"
    " VALUES (:id, :verdict, :by, :words, :now, :index)"
)

COMMANDS = (
    Command("joins.necessity.queue", schema(), queue),
    Command(
        "joins.necessity.judge",
        schema(
            number=short_text(longest=60),
            verdict=one_of(ACCEPTS, OBJECTS),
            words=without_ean(long_text(longest=1000)),
        ),
        judge,
    ),
)
