"""Rotation of the epoch key as commands: one person asks, another begins, then steps until it is through (R156).

Each call of `key_rotation.step` brings a bounded number of keys along, so other commands go on between two of them, and
whoever gives the next one, after whatever was killed, goes on where the last stopped (`keys.rotation`).
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.door.commands.base import (
    Command,
    asker_of,
    looking,
    person_name,
    same_name,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.erasure import copies, ended_copies
from databeheer.door.house import House
from databeheer.door.keys.custody import custody_of
from databeheer.door.keys.rotation import MOST_IN_A_STEP, Progress
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.values import format_instant


def ask(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask for a rotation; somebody else begins it."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if _open(turn.connection) is not None:
            raise ConflictError("a rotation was asked for already, and is not through")
        said = {"by": arguments["by"], "reason": arguments["reason"], "epoch": house.keys.epoch}
        turn.connection.execute(_ASK, arguments | {"now": turn.now, "index": turn.next_index})
        record = turn.record(Statement("key_rotation.asked", said))
    return record.answer()


def begin(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Begin the rotation that was asked for: a second person, by name."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = _open(turn.connection)
        if row is None:
            raise ConflictError("nobody asked for a rotation")
        if row.begun_at is not None:
            raise ConflictError("the rotation has begun already")
        if same_name(row.asked_by, arguments["by"]):
            raise ConflictError("somebody else than who asked for the rotation begins it (four eyes)")
        epoch = house.keys.epoch
        known = {"rotation": row.rotation, "now": turn.now, "index": turn.next_index, "epoch": epoch}
        turn.connection.execute(_BEGIN, arguments | known)
        record = turn.record(
            Statement("key_rotation.begun", {"by": arguments["by"], "asked": row.asked_index, "epoch": epoch})
        )
    return record.answer() | {"epoch": epoch}


def step(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Bring a number of keys along; the last step ends the old epoch, destroys its key and is recorded.

    Raises:
        ConflictError: no rotation has begun.
        KeyStoreError: a key does not open; the old epoch holds.
        KeysAwayError: the token does not answer; give the step again once it does.
    """
    with looking(house, proof) as (connection, asker, _now):
        _require_operator(asker.kind)
        row = _open(connection)
    if row is None or row.begun_at is None:
        raise ConflictError("no rotation has begun")
    # Where an erasure ended the epoch meanwhile, or whoever put the next one in force died before the entry.
    if house.keys.epoch == row.epoch_ended:
        progress = house.rotation.step(arguments["limit"])
        if progress.epoch == row.epoch_ended and not progress.is_complete:
            return _view(row, progress)
        house.rotation.finish(row.epoch_ended)
    house.keys.destroy_older()  # before the entry says so, it is gone
    return _finish(house, row.rotation)


def recovered(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that custodians put the epoch key back, and which shares they brought together."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        record = turn.record(Statement("key_rotation.recovered", arguments | {"epoch": house.keys.epoch}))
    return record.answer()


def status(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Which epoch is in force, how its key is kept, what a rotation has yet to do, which copies are to be destroyed."""
    with looking(house, proof) as (connection, asker, _now):
        _require_operator(asker.kind)
        row = _open(connection)
        left = ended_copies(connection)
    custody = custody_of(house.keys.folder)
    return {
        "epoch": house.keys.epoch,
        "keys": len(house.keys),
        "custody": {"needed": custody.needed, "shares": custody.count} if custody else None,
        "rotation": None if row is None else _view(row, _progress(house, row)),
        "destroy": left,
    }


def _progress(house: House, row: Any) -> Progress | None:
    """How far a rotation is, as it lies on the disk."""
    if row.begun_at is None or house.keys.epoch != row.epoch_ended:
        return None
    return house.rotation.progress()


def _finish(house: House, rotation: int) -> dict[str, Any]:
    with house.turn() as turn:
        row = turn.connection.execute(_ROTATION, {"rotation": rotation}).one()
        if row.finished_at is None:
            epoch = house.keys.epoch
            said = {"begun": row.begun_index, "epochs": [row.epoch_ended, epoch], "keys": len(house.keys)}
            known = {"rotation": rotation, "now": turn.now, "index": turn.next_index, "epoch": epoch}
            turn.connection.execute(_FINISH, known)
            turn.record(Statement("key_rotation.finished", said))
    with house.engine.connect() as connection:
        row = connection.execute(_ROTATION, {"rotation": rotation}).one()
        destroy = copies(connection, row.epoch_ended)
    return _view(row, Progress(row.epoch_begun, len(house.keys), len(house.keys))) | {
        "index": row.finished_index,
        "destroy": destroy,
    }


def _view(row: Any, progress: Progress | None) -> dict[str, Any]:
    state = "asked" if row.begun_at is None else "finished" if row.finished_at is not None else "begun"
    view = {
        "state": state,
        "reason": row.reason,
        "asked_by": row.asked_by,
        "asked_at": format_instant(row.asked_at),
        "begun_by": row.begun_by,
        "epoch_ended": row.epoch_ended,
        "epoch_begun": row.epoch_begun,
    }
    if progress is not None:
        view |= {"done": progress.done, "total": progress.total}
    return view


def _open(connection: Connection) -> Any:
    return connection.execute(_OPEN).one_or_none()


def _require_operator(kind: AskerKind) -> None:
    if kind is not AskerKind.OPERATOR:
        raise UnauthenticatedError("this proof does not give this command")


_OPEN = text("SELECT * FROM oversight.key_rotation WHERE finished_at IS NULL")
_ROTATION = text("SELECT * FROM oversight.key_rotation WHERE rotation = :rotation FOR UPDATE")
_ASK = text(
    "INSERT INTO oversight.key_rotation (reason, asked_by, asked_at, asked_index) VALUES (:reason, :by, :now, :index)"
)
_BEGIN = text(
    "UPDATE oversight.key_rotation SET begun_by = :by, begun_at = :now, begun_index = :index, epoch_ended = :epoch"
    " WHERE rotation = :rotation"
)
_FINISH = text(
    "UPDATE oversight.key_rotation SET finished_at = :now, finished_index = :index, epoch_begun = :epoch"
    " WHERE rotation = :rotation"
)

_LIMIT = fields.Integer(load_default=MOST_IN_A_STEP, strict=True, validate=validate.Range(1, MOST_IN_A_STEP))
COMMANDS = (
    Command("key_rotation.ask", schema(by=person_name(), reason=without_ean(short_text())), ask),
    Command("key_rotation.begin", schema(by=person_name()), begin),
    Command("key_rotation.step", schema(limit=_LIMIT), step),
    Command("key_rotation.recovered", schema(by=short_text(), shares=short_text()), recovered),
    Command("key_rotation.status", schema(), status),
)
