"""Jobs: a read in bulk of any length is handed in, shows its progress, and is fetched piece by piece."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.door.commands.base import Command, asker_of, found, identifier, schema
from databeheer.door.commands.bulk import asked_members, items_by_place, wanted_of
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.jobs import rows
from databeheer.door.jobs.asking import MOST_ITEMS, MOST_PIECES, asked, digest_of, open_asked, seal_asked
from databeheer.door.jobs.fetching import fetch
from databeheer.door.jobs.worker import JobWorker
from databeheer.door.jobs.working import is_halted
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.protocol import Spelled, spell
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.values import format_instant

_CHANGED: dict[str, Any] = {
    "granted": [],
    "refused": [],
    "commodity": None,
    "channels": [],
    "erased": [],
    "code": ConflictError.code,
    "detail": "what you may have of this one now is not what was recorded; ask for it anew",
    "reason": None,
}


def hand_in(house: House, proof: Proof, arguments: dict[str, Any], worker: JobWorker) -> dict[str, Any]:
    """Take a read in bulk in, to be worked piece by piece; handed in again while it lives, it is the same job.

    Nothing is decided or recorded yet: each piece is, when it is worked.

    Raises:
        TooLargeError: more pieces than a job may have.
        ConflictError: too many jobs of this party are not through.
    """
    what = asked(wanted_of(house, proof, arguments))
    with house.turn() as turn:
        _, party_id = _party(turn, house, proof)
        digest = digest_of(house, party_id, what)
        rows.drop_expired(turn.connection, turn.now)
        known = rows.alike(turn.connection, party_id, digest, turn.now)
        if known is None:
            if rows.open_of(turn.connection, party_id, turn.now) >= rows.MOST_OF_ONE:
                raise ConflictError(
                    f"{rows.MOST_OF_ONE} of your jobs are not through; wait for one, or cancel it"
                )
            job_id = uuid4()
            row = {
                "job": job_id,
                "party": party_id,
                "client": turn.connection.execute(_CLIENT, {"hash": proof.hash}).scalar_one(),
                "hash": digest,
                "asked": seal_asked(house, job_id, what),
                "items": len(what.wanted),
                "pieces": what.pieces,
                "night": arguments["at_night"],
                "now": turn.now,
                "expires": turn.now + rows.WORKED_WITHIN,
            }
            rows.hand_in(turn.connection, row)
        else:
            job_id = known.job_id
        answer = _view(turn, found(rows.of_party(turn.connection, party_id, job_id, turn.now), "job"))
    worker.wake()
    return answer


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """How far a job is."""
    with house.turn() as turn:
        _, party_id = _party(turn, house, proof)
        row = rows.of_party(turn.connection, party_id, arguments["job_id"], turn.now)
        return _view(turn, found(row, "job"))


def listed(house: House, proof: Proof, _arguments: dict[str, Any]) -> dict[str, Any]:
    """The party's jobs, newest first."""
    with house.turn() as turn:
        _, party_id = _party(turn, house, proof)
        return {"jobs": [_view(turn, row) for row in rows.all_of(turn.connection, party_id, turn.now)]}


def fetch_piece(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Hand a recorded piece over, as a read in bulk is; what is not granted any more is refused, not opened, and on
    record as `withheld`.
    """
    with desk.place(proof):
        with house.turn() as turn:
            asker, party_id = _party(turn, house, proof)
            row = found(rows.of_party(turn.connection, party_id, arguments["job_id"], turn.now), "job")
            fetched = fetch(house, turn, asker, row.job_id, arguments["piece"])
            what = open_asked(house, row.job_id, bytes(row.asked_sealed))
        by_place = items_by_place(house, fetched.bulk) | {place: spell(_CHANGED) for place in fetched.changed}
    return {
        "first": what.places(arguments["piece"]).start,
        "items": Spelled(b"[" + b",".join(by_place[place] for place in sorted(by_place)) + b"]"),
        "index": fetched.bulk.index,
        "promise": b64encode(fetched.bulk.promise).decode(),
        "receipt": f"/api/v1/receipts/{fetched.bulk.index}",
        "withheld": fetched.withheld and fetched.withheld.answer(),
    }


def cancel(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Drop a job: no piece more is worked, and none can be fetched. What was recorded stays recorded."""
    with house.turn() as turn:
        _, party_id = _party(turn, house, proof)
        row = found(rows.of_party(turn.connection, party_id, arguments["job_id"], turn.now), "job")
        rows.drop(turn.connection, row.job_id)
    return {}


def _party(turn: Turn, house: House, proof: Proof) -> tuple[Asker, UUID]:
    asker = asker_of(turn, house, proof, AskerKind.PARTY)
    if asker.profile != "own" or asker.party_id is None:
        raise UnauthenticatedError("this proof hands no jobs in")
    return asker, asker.party_id


def _view(turn: Turn, row: Any) -> dict[str, Any]:
    state = row.end_reason
    if state is None:
        state = "working" if row.done else "waiting"
        if is_halted(turn):
            state = "halted"
        elif row.at_night and not rows.is_night(turn.now):
            state = "waiting"
    return {
        "job_id": str(row.job_id),
        "state": state,
        "items": row.items,
        "pieces": row.pieces,
        "recorded": row.done,
        "fetched": row.fetched,
        "at_night": row.at_night,
        "handed_in_at": format_instant(row.handed_in_at),
        "expires_at": format_instant(row.expires_at),
    }


_CLIENT = text("SELECT client_id FROM identity.access_token WHERE token_hash = :hash")


def commands(worker: JobWorker, desk: Desk) -> tuple[Command, ...]:
    """The commands, bound to the door's worker and the desk of its reads in bulk."""
    named = schema(job_id=identifier())
    at_night = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    number = fields.Integer(required=True, strict=True, validate=validate.Range(0, MOST_PIECES - 1))
    return (
        Command(
            "job.hand_in",
            schema(**asked_members(MOST_ITEMS), at_night=at_night),
            lambda house, proof, arguments: hand_in(house, proof, arguments, worker),
        ),
        Command("job.list", schema(), listed),
        Command("job.show", named, show),
        Command(
            "job.fetch",
            schema(job_id=identifier(), piece=number),
            lambda house, proof, arguments: fetch_piece(house, proof, arguments, desk),
        ),
        Command("job.cancel", named, cancel),
    )
