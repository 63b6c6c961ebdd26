"""Intake's side of the door: write keys for just the days of one batch, and the moment it becomes readable.

Intake shows a key of its own, which no other command takes. It never learns a root key: it gets, for each
channel-day, the pseudonym and the keys of the next version. `opened` is recorded before the keys leave; `stored`
makes all rows readable at once, or none.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
from marshmallow import fields, validate
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from databeheer.brussels import day_of
from databeheer.door.commands.base import SHA256, Command, Day, EANCode, one_of, schema, short_text
from databeheer.door.commands.broken_off import give_up_stale
from databeheer.door.commands.points import new_point
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.names import ean_hash, meter_hash, seal_text
from databeheer.door.proofs import Proof, check_intake
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.metering.validation import Grade
from databeheer.oversight import erasures, gaps
from databeheer.oversight.retention import DataClass
from databeheer.registry import interval_choices, occupancies, points
from databeheer.values import Commodity, Direction

MOST_CHANNELS = 64
MOST_DAYS = 5000


class UnknownAccessPointError(NotFoundError):
    """A file speaks of an access point that is not registered."""

    code = "unknown-access-point"


class IntervalsNotReadError(ConflictError):
    """Quarter-hours or hours of a point where nobody asked to read them (R59)."""

    code = "intervals-not-read"


class ErasedMeanwhileError(ConflictError):
    """Readings of a stay were erased while a file brought more of them."""


class MovedMeanwhileError(ConflictError):
    """Somebody moved since the keys of a file were handed out: what it brought is of another stay."""


class StoredMeanwhileError(ConflictError):
    """Another intake stored the same days, under the same versions, since this one was given its keys."""

    code = "stored-meanwhile"


class FutureDaysError(MalformedRequestError):
    """A file speaks of days that are still to come: nothing can have been measured on them."""

    code = "future-days"


def known(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say whether all of these access points are registered: asked before the first of several files is stored."""
    check_intake(proof, house.intake_key_hash)
    hashes = {ean_hash(house, ean) for ean in arguments["eans"]}
    with house.engine.connect() as connection, connection.begin():
        count = points.count_known(connection, list(hashes))
    return {"all_known": count == len(hashes)}


def open_batch(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open a batch: record that its keys leave, and hand them over.

    Returns for each channel, for each of its days: pseudonym, channel handle, next version, keys of values,
    total and sameness, and of the newest stored version the fingerprint and whether it has values (bytes in
    base64; fingerprint null where nothing is stored). Days of a stay whose readings were erased are left out,
    and counted in `erased`.
    """
    check_intake(proof, house.intake_key_hash)
    give_up_stale(house)
    with house.turn() as turn:
        # A move that the database forgot would seal the newcomer's readings for who lived there before.
        gaps.refuse_while_one_stands(turn.connection, "taking files in")
        answers: list[dict[str, Any]] = []
        roots: dict[UUID, date | None] = {}
        operator = 1
        for channel in arguments["channels"]:
            point = _point(house, turn, channel, register=arguments["register"])
            operator = point.operator
            meter_id = _meter(house, turn, point, channel)
            days = _days(house, turn, point, meter_id, channel, roots)
            answers.append({"days": days, "erased": len(channel["days"]) - len(days)})
        batch = turn.connection.execute(
            text(
                "INSERT INTO metering.batch"
                " (operator, sha256, profiles, opened_at, opened_size, first_day, last_day, highest_version)"
                " VALUES (:operator, :sha256, :profiles, :now, :size, :first, :last, :highest) RETURNING batch"
            ),
            {
                "size": turn.size,
                "first": min(min(channel["days"]) for channel in arguments["channels"]),
                "last": max(max(channel["days"]) for channel in arguments["channels"]),
                "operator": operator,
                "sha256": bytes.fromhex(arguments["sha256"]),
                "profiles": sum(len(answer["days"]) for answer in answers),
                "highest": max((keys["version"] for answer in answers for keys in answer["days"]), default=1),
                "now": turn.now,
            },
        ).scalar_one()
        sealed = seal(house.ledger_key, _spelled(roots), _roots_of(batch))
        turn.connection.execute(_SEAL_ROOTS, {"roots": sealed, "batch": batch})
        # Without subjects: a row for each would tie an occupancy's handle, which lasts, to the rows of a batch.
        turn.record(
            Statement("readings.opened", {"batch": batch, "sha256": arguments["sha256"]}, operator=operator)
        )
    return {"batch": batch, "operator": operator, "channels": answers}


def store_batch(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a batch's rows readable: all of them, from this entry on."""
    check_intake(proof, house.intake_key_hash)
    try:
        return _store(house, arguments)
    except (ErasedMeanwhileError, MovedMeanwhileError, StoredMeanwhileError):
        # They stand under a root that is gone, so that nobody could find them by it later; under the root of whose
        # they are not; or in another's place.
        with house.engine.begin() as connection:
            connection.execute(_DELETE_ROWS, {"batch": arguments["batch"]})
        raise


def _store(house: House, arguments: dict[str, Any]) -> dict[str, Any]:
    with house.turn() as turn:
        batch = _locked(turn, arguments["batch"])
        if batch is None or batch.stored_index is not None or batch.is_given_up:
            raise ConflictError("this batch is not open")
        _require_roots(house, turn, batch)
        require_versions(turn, batch)
        record = turn.record(
            Statement(
                "readings.stored",
                {
                    "batch": batch.batch,
                    "sha256": bytes(batch.sha256).hex(),
                    "profiles": arguments["profiles"],
                    "grade": Grade.BILLING.value,
                },
                operator=batch.operator,
            )
        )
        turn.connection.execute(
            text("UPDATE metering.batch SET stored_index = :index, roots_sealed = NULL WHERE batch = :batch"),
            {"index": turn.size, "batch": batch.batch},  # the only record of this turn stands at its size
        )
    return {"index": record.index}


def _require_roots(house: House, turn: Turn, batch: Any) -> None:
    """Refuse rows of a stay that ended, or was re-sealed, since their keys were handed out: they would be nobody's."""
    if batch.roots_sealed is None:
        return
    then = unseal(house.ledger_key, bytes(batch.roots_sealed), _roots_of(batch.batch))
    roots = [UUID(bytes=then[start : start + 16]) for start in range(0, len(then), _ROOT)]
    now = turn.connection.execute(_CURRENT_ROOTS, {"roots": roots}).all()
    if erasures.begun_of(turn.connection, DataClass.READINGS, [row.occupancy_id for row in now]):
        raise ErasedMeanwhileError("readings of this file were erased meanwhile; take the file in again")
    if _spelled({row.root_id: row.until_day for row in now}) != then:
        raise MovedMeanwhileError("a move was reported meanwhile; take the file in again")


def require_versions(turn: Turn, batch: Any) -> None:
    """Refuse a batch whose versions another one, stored since its keys were handed out, has too.

    In place of a unique index, which would be a sixth of what is stored, and is looked at once a batch.
    """
    others = turn.connection.execute(
        _STORED_SINCE, {"batch": batch.batch, "opened": batch.opened_size}
    ).scalars()
    among = {"batch": batch.batch, "first": batch.first_day, "last": batch.last_day}
    if (since := list(others)) and turn.connection.execute(_CLASH, among | {"since": since}).first():
        raise StoredMeanwhileError("another intake stored the same days meanwhile; take it in again")
    # Of the other class none may have come at all: which version is the newest says which class a day is of.
    among["since"] = list(
        turn.connection.execute(_OF_OTHER_CLASS, {"batch": batch.batch, "since": since}).scalars()
    )
    if among["since"] and turn.connection.execute(_CLASH_OF_CLASS, among).first():
        raise StoredMeanwhileError("readings of another class were stored meanwhile; take it in again")


_ROOT = 16 + 4


def _spelled(roots: Mapping[UUID, date | None]) -> bytes:
    """The roots of stays, each with the day on which its stay ends, in one order."""
    return b"".join(
        root.bytes + (until.toordinal() if until else 0).to_bytes(4, "big")
        for root, until in sorted(roots.items())
    )


def _roots_of(batch: int) -> bytes:
    return f"batch/v1|roots|{batch}".encode()


def _locked(turn: Turn, batch: int) -> Any | None:
    """The batch, locked; rows of it that are being written are not waited for: the head is locked meanwhile."""
    try:
        return turn.connection.execute(_LOCKED, {"batch": batch}).one_or_none()
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise ConflictError("rows of this batch are still being written") from error
        raise


def _point(house: House, turn: Turn, channel: dict[str, Any], *, register: bool) -> Any:
    hashed = ean_hash(house, channel["ean"])
    point = points.find(turn.connection, hashed)
    if point is None and register:
        new_point(house, turn, channel["ean"], channel["commodity"], 1)
        point = points.find(turn.connection, hashed)
    if point is None:
        raise UnknownAccessPointError("the access point is not registered")
    if point.commodity != channel["commodity"]:
        raise ConflictError(
            f"the access point is one of {point.commodity}, the file says {channel['commodity']}"
        )
    return point


def _meter(house: House, turn: Turn, point: Any, channel: dict[str, Any]) -> UUID:
    """The meter of that number on this point, and its channel; both made where a file first names them."""
    hashed = meter_hash(house, channel["meter"])
    meter_id = points.find_meter(turn.connection, point.access_point_id, hashed)
    if meter_id is None:
        meter_id = uuid4()
        sealed = seal_text(house, "meter", meter_id, channel["meter"])
        points.add_meter(turn.connection, meter_id, point, number_hash=hashed, number_sealed=sealed)
    points.ensure_channel(turn.connection, meter_id, channel["direction"], channel["unit"], point.operator)
    return meter_id


def _days(
    house: House,
    turn: Turn,
    point: Any,
    meter_id: UUID,
    channel: dict[str, Any],
    roots: dict[UUID, date | None],
) -> list[dict[str, Any]]:
    """The keys of a channel's days; the roots that they come from are added to `roots`."""
    if max(channel["days"]) > day_of(turn.now):
        raise FutureDaysError("the file has days that are still to come; check its dates")
    answers: list[dict[str, Any]] = []
    stays = occupancies.of_point(turn.connection, point.access_point_id)
    # What was erased does not come back with an old file; its days are passed over.
    gone = erasures.begun_of(turn.connection, DataClass.READINGS, [stay.occupancy_id for stay in stays])
    passed_over = 0
    for occupancy in stays:
        days = [
            day
            for day in channel["days"]
            if occupancy.from_day <= day and (occupancy.until_day is None or day < occupancy.until_day)
        ]
        if not days:
            continue
        if occupancy.occupancy_id in gone:
            passed_over += len(days)
            continue
        if channel["intervals"] and not _are_read(turn, occupancy, days):
            raise IntervalsNotReadError(
                "quarter-hours and hours are not read here; only day totals are taken in"
            )
        roots[occupancy.root_id] = occupancy.until_day
        root = house.readings_root(occupancy.root_id)
        pseudonym = seals.pseudonym(root)
        handle = seals.channel_handle(root, meter_id, channel["direction"], channel["unit"])
        versions, newest = _stored(turn, pseudonym, handle, min(days), max(days))
        answers.extend(
            {
                "day": day.isoformat(),
                "pseudonym": _text(pseudonym),
                "channel": _text(handle),
                "version": (version := versions.get(day, 0) + 1),
                "values_key": _text(seals.profile_key(root, "values", handle, day, version)),
                "total_key": _text(seals.profile_key(root, "total", handle, day, version)),
                "sameness_key": _text(seals.sameness_key(root, handle, day)),
                "fingerprint": _text(newest[day].fingerprint) if day in newest else None,
                "has_values": day in newest and newest[day].has_values,
            }
            for day in days
        )
    if len(answers) + passed_over != len(channel["days"]):
        raise ConflictError("the file has days before the access point was registered")
    return answers


def _are_read(turn: Turn, occupancy: Any, days: list[date]) -> bool:
    """Whether intervals of these days are taken in: of a vacancy they are, for somebody got this file of that point."""
    if occupancy.person_id is None:
        return True
    read = interval_choices.days_read(turn.connection, occupancy.occupancy_id, days, turn.now)
    return read >= set(days)


@dataclass(frozen=True)
class _Newest:
    """What the newest version of a day that can be read is, without opening it."""

    fingerprint: bytes
    has_values: bool


def _stored(
    turn: Turn, pseudonym: bytes, handle: bytes, first: date, last: date
) -> tuple[dict[date, int], dict[date, _Newest]]:
    """The highest version of each day, stored or not, and the newest stored one that is billing-grade."""
    versions: dict[date, int] = {}
    newest: dict[date, _Newest] = {}
    for row in turn.connection.execute(
        text(
            "SELECT p.day, p.version, p.fingerprint, p.values_sealed IS NOT NULL AS has_values, b.stored_index,"
            " b.is_informative"
            " FROM metering.profile p JOIN metering.batch b USING (batch)"
            " WHERE p.pseudonym = :pseudonym AND p.channel = :channel"
            " AND p.day BETWEEN :first AND :last ORDER BY p.version"
        ),
        {"pseudonym": pseudonym, "channel": handle, "first": first, "last": last},
    ):
        versions[row.day] = row.version
        if (
            row.stored_index is not None and not row.is_informative
        ):  # an export takes an informative day's place
            newest[row.day] = _Newest(bytes(row.fingerprint), row.has_values)
    return versions, newest


def _text(value: bytes) -> str:
    return b64encode(value).decode()


_SEAL_ROOTS = text("UPDATE metering.batch SET roots_sealed = :roots WHERE batch = :batch")
# A head-end's batch has a sender: what changed since its keys left is weighed by `batch.stored` only.
_LOCKED = text("SELECT * FROM metering.batch WHERE batch = :batch AND sender IS NULL FOR UPDATE NOWAIT")
_DELETE_ROWS = text("DELETE FROM metering.profile WHERE batch = :batch")
_STORED_SINCE = text(
    "SELECT o.batch FROM metering.batch b JOIN metering.batch o ON o.stored_index >= :opened"
    " AND o.first_day <= b.last_day AND b.first_day <= o.last_day WHERE b.batch = :batch"
)
_OF_OTHER_CLASS = text(
    "SELECT o.batch FROM metering.batch b JOIN metering.batch o ON o.is_informative <> b.is_informative"
    " WHERE b.batch = :batch AND o.batch = ANY(:since)"
)
_CLASH = text(
    "SELECT 1 FROM metering.profile mine JOIN metering.profile theirs USING (pseudonym, channel, day, version)"
    " WHERE mine.batch = :batch AND theirs.batch = ANY(:since)"
    " AND mine.day BETWEEN :first AND :last AND theirs.day BETWEEN :first AND :last LIMIT 1"
)
_CLASH_OF_CLASS = text(
    "SELECT 1 FROM metering.profile mine JOIN metering.profile theirs USING (pseudonym, channel, day)"
    " WHERE mine.batch = :batch AND theirs.batch = ANY(:since)"
    " AND mine.day BETWEEN :first AND :last AND theirs.day BETWEEN :first AND :last LIMIT 1"
)
_CURRENT_ROOTS = text(
    "SELECT occupancy_id, root_id, until_day FROM registry.occupancy WHERE root_id = ANY(:roots)"
)
_CHANNEL = schema(
    ean=EANCode(required=True),
    commodity=one_of(*(commodity.value for commodity in Commodity)),
    meter=short_text(longest=40),
    direction=one_of(*(direction.value for direction in Direction)),
    unit=short_text(longest=20),
    intervals=fields.Boolean(required=True, truthy={True}, falsy={False}),
    days=fields.List(Day(), required=True, validate=validate.Length(1, MOST_DAYS)),
)

COMMANDS = (
    Command(
        "intake.known",
        schema(eans=fields.List(EANCode(), required=True, validate=validate.Length(1, 10_000))),
        known,
    ),
    Command(
        "intake.open",
        schema(
            sha256=fields.String(required=True, validate=SHA256),
            register=fields.Boolean(required=True, truthy={True}, falsy={False}),
            channels=fields.List(
                fields.Nested(_CHANNEL), required=True, validate=validate.Length(1, MOST_CHANNELS)
            ),
        ),
        open_batch,
    ),
    Command(
        "intake.stored",
        schema(
            batch=fields.Integer(required=True, strict=True),
            profiles=fields.Integer(required=True, strict=True, validate=validate.Range(0)),
        ),
        store_batch,
    ),
)
