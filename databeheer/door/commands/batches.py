"""Intake's side of the door for the head-end's batches: open one, get write keys chunk by chunk, make it readable.

Opening is one entry of the ledger, before any key leaves; it says for how many rows and for which days, and no more
keys leave than that. A chunk is one look-up of facts, outside the turn; what changed until the batch is stored (moves,
erasures) is weighed then, under the head row. A batch is known by its sender and number: the same one twice is no
change, another content under the number is refused, and a later attempt takes the place of one that broke off.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from calendar import monthrange
from datetime import date, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from marshmallow import fields, validate
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from databeheer.brussels import day_of
from databeheer.byte_rows import whole
from databeheer.door.commands.base import SHA256, Command, Day, one_of, schema, short_text
from databeheer.door.commands.broken_off import give_up_stale
from databeheer.door.commands.intake import StoredMeanwhileError, require_versions
from databeheer.door.house import House
from databeheer.door.keys.write_keys import (
    DIRECTIONS,
    ROW,
    UNITS,
    Keys,
    Places,
    Rows,
    channel_bits,
    derive_keys,
    find_places,
    version_keys,
)
from databeheer.door.moves.changed_stays import BatchConflictError, clear_changes, require_unchanged
from databeheer.door.proofs import Proof, check_intake
from databeheer.door.protocol import Spelled
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.metering.batches.manifest import MOST_ROWS
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.validation import Grade
from databeheer.oversight import gaps
from databeheer.registry import parties

MOST_AT_ONCE = 4096
_DERIVING = Lock()
"""Each hash gives the interpreter up for a moment: two loops at once would hand it to and fro."""


class OtherContentError(ConflictError):
    """A batch of this number was stored already, with other content."""

    code = "other-content"


def begin(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open a batch; `stored_index` is given where the same one is stored already, and then nothing is open."""
    check_intake(proof, house.intake_key_hash)
    days = arguments["first_day"], arguments["last_day"]
    if days[1] < days[0]:
        raise MalformedRequestError("last_day lies before first_day")
    give_up_stale(house)
    with house.turn() as turn:
        gaps.refuse_while_one_stands(turn.connection, "taking batches in")
        parties.require_operator(turn.connection, arguments["operator"])
        if days[1] >= day_of(turn.now):
            raise MalformedRequestError("a batch is of days that are over")
        known = _known(turn, arguments["sender"], arguments["sent_id"])
        sha256 = bytes.fromhex(arguments["sha256"])
        is_informative = arguments["grade"] == Grade.INFORMATIVE
        if known is not None and known.stored_index is not None:
            then = bytes(known.sha256), known.operator, known.is_informative
            if then != (sha256, arguments["operator"], is_informative):
                raise OtherContentError("a batch of this number was stored with other content")
            return {"batch": known.batch, "stored_index": known.stored_index}
        if known is not None:
            _give_up(turn.connection, known.batch)
        batch = turn.connection.execute(
            _INSERT,
            {
                "operator": arguments["operator"],
                "sha256": sha256,
                "rows": arguments["rows"],
                "now": turn.now,
                "size": turn.size,
                "first": days[0],
                "last": days[1],
                "sender": arguments["sender"],
                "sent": arguments["sent_id"],
                "informative": is_informative,
            },
        ).scalar_one()
        # Without subjects: a row for each would tie an occupancy's handle, which lasts, to the rows of a batch.
        said = {"batch": batch, "sha256": arguments["sha256"], "profiles": arguments["rows"]}
        turn.record(
            Statement(
                "readings.opened",
                said | {"from": days[0].isoformat(), "until": (days[1] + timedelta(days=1)).isoformat()},
                operator=arguments["operator"],
            )
        )
    return {"batch": batch, "stored_index": None}


def hand_out(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Hand out the keys of a chunk of rows of one day; what has a problem gets none.

    `devices` are meter numbers, a line each; `rows` are base64 of `write_keys.ROW`. Returns blobs, a piece a row:
    `problems` and `gas` (1 byte), `pseudonyms` (16), `channels` (8), `versions` (2, big-endian), `values`, `totals` and
    `sameness` (32: keys), `fingerprints` (16) and `stored` (1: bit 0 something is, bit 1 with values) of the newest
    version that can be read.
    """
    check_intake(proof, house.intake_key_hash)
    devices = arguments["devices"].split("\n")
    rows = _rows(arguments["rows"], len(devices))
    day: date = arguments["day"]
    with (
        house.engine.begin() as connection
    ):  # by itself: the next chunk is asked while this one's keys are derived
        batch = connection.execute(
            _HAND_OUT, {"batch": arguments["batch"], "rows": len(rows), "day": day}
        ).one_or_none()
    if batch is None:
        raise ConflictError("this batch is not open, or not for these days, or has had its keys")
    with house.engine.begin() as connection:
        places = find_places(house, connection, devices, day, batch.operator)
        _ensure_channels(connection, places, rows, batch.operator)
        with _DERIVING:
            keys = derive_keys(house, places, rows, day)
        stored = _stored(connection, keys, day, is_informative=batch.is_informative)
        versions = stored.versions + 1
        if (highest := int(versions.max())) > 1:  # the database refuses rows of a higher one
            connection.execute(_HIGHEST, {"batch": arguments["batch"], "highest": highest})
    with _DERIVING:
        version_keys(keys, day, versions)
    return {
        "problems": _text(keys.problems.tobytes()),
        "gas": _text(places.gas[rows["device"]].tobytes()),
        "pseudonyms": _text(keys.pseudonyms.tobytes()),
        "channels": _text(keys.channels.tobytes()),
        "versions": _text(versions.astype(">u2").tobytes()),
        "values": _text(keys.values.tobytes()),
        "totals": _text(keys.totals.tobytes()),
        "sameness": _text(keys.sameness.tobytes()),
        "fingerprints": _text(stored.fingerprints.tobytes()),
        "stored": _text(stored.flags.tobytes()),
    }


def store(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a batch's rows readable: all of them, from this entry on."""
    check_intake(proof, house.intake_key_hash)
    try:
        with house.turn() as turn:
            batch = _locked(turn, arguments["batch"])
            if batch is None or batch.stored_index is not None or batch.is_given_up:
                raise ConflictError("this batch is not open")
            require_unchanged(house, turn, batch)
            require_versions(turn, batch)
            said = {
                "batch": batch.batch,
                "sha256": bytes(batch.sha256).hex(),
                "profiles": arguments["profiles"],
                "grade": (Grade.INFORMATIVE if batch.is_informative else Grade.BILLING).value,
            }
            record = turn.record(Statement("readings.stored", said, operator=batch.operator))
            turn.connection.execute(_STORED, {"batch": batch.batch, "index": turn.next_index - 1})
            clear_changes(turn.connection)
    except (BatchConflictError, StoredMeanwhileError):
        with house.engine.begin() as connection:
            _give_up(connection, arguments["batch"])
        raise
    return {"index": record.index}


def give_up(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close a batch that is refused: its rows go, its keys are good for nothing, its number is free again."""
    check_intake(proof, house.intake_key_hash)
    with house.engine.begin() as connection:
        _give_up(connection, arguments["batch"])
        clear_changes(connection)
    return {}


def _give_up(connection: Connection, batch: int) -> None:
    row = connection.execute(_GIVE_UP, {"batch": batch}).one_or_none()
    if row is not None:
        connection.execute(_DELETE_ROWS, {"batch": batch, "first": row.first_day, "last": row.last_day})


def _known(turn: Turn, sender: str, sent_id: str) -> Any | None:
    """The batch of that number, locked; one whose rows are being written this moment is not waited for."""
    try:
        return turn.connection.execute(_KNOWN, {"sender": sender, "sent": sent_id}).one_or_none()
    except OperationalError as error:
        raise _being_written(error) from error


def _locked(turn: Turn, batch: int) -> Any | None:
    try:
        return turn.connection.execute(_LOCKED, {"batch": batch}).one_or_none()
    except OperationalError as error:
        raise _being_written(error) from error


def _being_written(error: OperationalError) -> Exception:
    if isinstance(error.orig, psycopg.errors.LockNotAvailable):
        return ConflictError("rows of this batch are being written by another intake")
    return error


def _rows(encoded: str, devices: int) -> Rows:
    try:
        raw = b64decode(encoded, validate=True)
        rows = np.frombuffer(raw, ROW)
    except ValueError as error:
        raise MalformedRequestError("rows: not the bytes of whole rows") from error
    if not 1 <= len(rows) <= MOST_AT_ONCE:
        raise MalformedRequestError(f"rows: from 1 to {MOST_AT_ONCE}")
    for name, count in (
        ("device", devices),
        ("direction", len(DIRECTIONS)),
        ("unit", len(UNITS)),
        ("intervals", 2),
    ):
        if int(rows[name].max()) >= count:
            raise MalformedRequestError(f"rows: there is no such {name}")
    series = (rows["device"].astype(np.int32) * len(DIRECTIONS) + rows["direction"]) * len(UNITS) + rows[
        "unit"
    ]
    if len(np.unique(series)) != len(rows):
        raise MalformedRequestError("rows: a row comes twice")
    return rows


def _ensure_channels(connection: Connection, places: Places, rows: Rows, operator: int) -> None:
    """Make channels known that no row brought before."""
    devices, bits = rows["device"], channel_bits(rows)
    missing = (places.problems[devices] == 0) & (places.channels[devices] & bits == 0)
    for bit in np.unique(bits[missing]).tolist():
        these = rows[missing & (bits == bit)]
        connection.execute(
            _CHANNELS,
            {
                "meters": [UUID(bytes=places.meters[n].tobytes()) for n in these["device"].tolist()],
                "direction": DIRECTIONS[int(these["direction"][0])].value,
                "unit": UNITS[int(these["unit"][0])].value,
                "operator": operator,
            },
        )


class _StoredVersions:
    """Of each row the highest version there is, and of the newest that can be read fingerprint and flags."""

    def __init__(self, rows: int) -> None:
        self.versions = np.zeros(rows, np.uint16)
        self.fingerprints = np.zeros((rows, 16), np.uint8)
        self.flags = np.zeros(rows, np.uint8)


def _stored(connection: Connection, keys: Keys, day: date, *, is_informative: bool) -> _StoredVersions:
    """Look up what is stored of the rows; of rows that no informative batch may bring, the keys are taken away.

    A billing-grade batch is not held against what an informative one stored: it takes its place, whatever that says.
    """
    found = _StoredVersions(len(keys.problems))
    wanted = set(whole(keys.pseudonyms[keys.good]).tolist())
    connection.execute(_BY_PSEUDONYM)
    asked = {"pseudonyms": b"".join(wanted), "count": len(wanted), "day": day, **_month_of(day)}
    stored = connection.execute(_VERSIONS, asked).all()
    if not stored:
        return found
    handles = whole(np.hstack((keys.pseudonyms, keys.channels))[keys.good]).tolist()
    places = dict(zip(handles, keys.good.tolist(), strict=True))
    for row in stored:
        n = places.get(bytes(row.pseudonym) + bytes(row.channel))
        if n is not None:
            found.versions[n] = row.version
            if row.stored_index is None or (row.is_informative and not is_informative):
                continue
            if is_informative and not row.is_informative:
                keys.refuse(n, RowProblem.BILLING_GRADE_STORED)
            else:
                found.fingerprints[n] = np.frombuffer(bytes(row.fingerprint), np.uint8)
                found.flags[n] = 3 if row.has_values else 1
    return found


def _month_of(day: date) -> dict[str, date]:
    """The first and the last day of its month: one partition."""
    return {"first": day.replace(day=1), "last": day.replace(day=monthrange(day.year, day.month)[1])}


def _text(value: bytes) -> Spelled:
    return Spelled(b'"' + b64encode(value) + b'"')


_INSERT = text(
    "INSERT INTO metering.batch"
    " (operator, sha256, profiles, opened_at, opened_size, first_day, last_day, sender, sent_id, is_informative)"
    " VALUES (:operator, :sha256, :rows, :now, :size, :first, :last, :sender, :sent, :informative) RETURNING batch"
)
_KNOWN = text(
    "SELECT * FROM metering.batch WHERE sender = :sender AND sent_id = :sent AND NOT is_given_up FOR UPDATE NOWAIT"
)
_LOCKED = text("SELECT * FROM metering.batch WHERE batch = :batch AND sender IS NOT NULL FOR UPDATE NOWAIT")
_HAND_OUT = text(
    "UPDATE metering.batch SET handed_out = handed_out + :rows WHERE batch = :batch AND sender IS NOT NULL"
    " AND stored_index IS NULL AND NOT is_given_up AND handed_out + :rows <= profiles"
    " AND :day BETWEEN first_day AND last_day RETURNING operator, is_informative"
)
_GIVE_UP = text(
    "UPDATE metering.batch SET is_given_up = true WHERE batch = :batch AND sender IS NOT NULL"
    " AND stored_index IS NULL RETURNING first_day, last_day"
)
_DELETE_ROWS = text("DELETE FROM metering.profile WHERE batch = :batch AND day BETWEEN :first AND :last")
_HIGHEST = text(
    "UPDATE metering.batch SET highest_version = greatest(highest_version, :highest) WHERE batch = :batch"
)
_STORED = text("UPDATE metering.batch SET stored_index = :index WHERE batch = :batch")
_CHANNELS = text(
    "INSERT INTO registry.channel (meter_id, direction, unit, operator)"
    " SELECT w.meter, :direction, :unit, :operator FROM unnest(CAST(:meters AS uuid[])) AS w (meter)"
    " WHERE NOT EXISTS (SELECT FROM registry.channel c WHERE c.meter_id = w.meter AND c.direction = :direction"
    "  AND c.unit = :unit) ON CONFLICT DO NOTHING"
)
# By pseudonym, of which each has a handful of rows in the month, whatever is known of its days: a day that is coming in
# is in no statistics, so the database would take it for empty, and go through all of its rows for each of these.
_BY_PSEUDONYM = text(
    "SELECT set_config('enable_indexscan', 'off', true),"  # all places first, then each page once
    " set_config('plan_cache_mode', 'force_custom_plan', true)"
)
_VERSIONS = text(
    "SELECT p.pseudonym, p.channel, p.version, p.fingerprint, p.values_sealed IS NOT NULL AS has_values,"
    " b.stored_index, b.is_informative FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = ANY(ARRAY(SELECT substr(CAST(:pseudonyms AS bytea), 1 + 16 * n, 16)"
    "  FROM generate_series(0, :count - 1) AS n))"
    " AND p.day BETWEEN :first AND :last AND p.day + 0 = :day ORDER BY p.version"  # + 0: of no index
)
_NUMBER = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))

COMMANDS = (
    Command(
        "batch.begin",
        schema(
            sender=short_text(longest=64),
            sent_id=short_text(longest=64),
            operator=fields.Integer(required=True, strict=True, validate=validate.Range(1, 32_000)),
            grade=one_of(*Grade),
            sha256=fields.String(required=True, validate=SHA256),
            rows=fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_ROWS)),
            first_day=Day(required=True),
            last_day=Day(required=True),
        ),
        begin,
    ),
    Command(
        "batch.keys",
        schema(
            batch=_NUMBER,
            day=Day(required=True),
            devices=fields.String(required=True, validate=validate.Length(1, 41 * MOST_AT_ONCE)),
            rows=fields.String(required=True, validate=validate.Length(1, 64 * MOST_AT_ONCE)),
        ),
        hand_out,
    ),
    Command(
        "batch.stored",
        schema(
            batch=_NUMBER, profiles=fields.Integer(required=True, strict=True, validate=validate.Range(0))
        ),
        store,
    ),
    Command("batch.give_up", schema(batch=_NUMBER), give_up),
)
