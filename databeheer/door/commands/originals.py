"""What was measured on a day, what was put in its place, and by which rule: the chain of a correction (R67).

The data manager's own work, under its legal task (4.1.8/2, 3°): one entry that says why, in the list of whoever lived
there, before anything is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import structlog
from sqlalchemy import Connection, text

from databeheer.brussels import day_of, slot_starts
from databeheer.door.commands.base import Command, Day, EANCode, asker_of, schema, short_text, without_ean
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.names import ean_hash, open_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement, Subject
from databeheer.errors import MalformedRequestError, StoppedError
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.originals import LOOKED_AT, Original
from databeheer.metering.profile import DayProfile, ProfileError, originals_of, unpack
from databeheer.metering.sealing import Coordinates
from databeheer.metering.validation.reasons import Reason
from databeheer.oversight import gaps, stop
from databeheer.registry import occupancies
from databeheer.sentences import Blank, Sentence
from databeheer.values import format_instant

SHOWN = "readings.original_shown"
GROUND = "data_management"
"""The row of the catalogue that carries the data manager's own work."""
_log = structlog.get_logger("door")


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show of each version of a day every measured value that was not kept, and what stands in its place; recorded.

    `channels`: direction, unit, meter number and `versions`, oldest first, those without originals left out: number,
    entry that stored it, and `slots`: `start`, `measured` (thousandths), `rule`, `put` (thousandths, or null), `state`
    and `method` (or null). Of readings that were erased there is nothing.

    Raises:
        NotFoundError: no such access point on that day; nothing is recorded.
        MalformedRequestError: the day is not over.
        StoppedError: hand-over is stopped.
    """
    day: date = arguments["day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        gaps.refuse_while_one_stands(turn.connection, "showing what was measured")
        if day >= day_of(turn.now):
            raise MalformedRequestError("day: one that is over")
        if stop.current(turn.connection) is not None:
            raise StoppedError("hand-over is stopped: nothing is opened")
        stay = occupancies.on_day(turn.connection, ean_hash(house, arguments["ean"]), day)
        record = turn.record(
            Statement(
                SHOWN,
                {"day": day.isoformat(), "task": arguments["why"]},
                ground=GROUND,
                operator=stay.operator,
                subjects=[Subject(stay.occupancy_id)],
            )
        )
    root = house.roots_held([stay.root_id.bytes]).get(stay.root_id.bytes)
    with house.engine.connect() as connection, connection.begin():
        channels = [] if root is None else list(_channels(house, connection, stay, root, day))
    return {"day": day.isoformat(), "channels": channels, "index": record.index}


def sentence(said: Mapping[str, Any]) -> Sentence:
    """Say to whoever lived there what the entry was about."""
    return Sentence(LOOKED_AT, {"day": (Blank.DAY, said["day"]), "task": (Blank.NAME, said["task"])})


def _channels(
    house: House, connection: Connection, stay: Any, root: bytes, day: date
) -> Iterator[dict[str, Any]]:
    asked = {"pseudonym": seals.pseudonym(root), "day": day}
    stored = connection.execute(_VERSIONS, asked).all()
    for channel in connection.execute(_CHANNELS, {"point": stay.access_point_id}):
        handle = seals.channel_handle(root, channel.meter_id, channel.direction, channel.unit)
        rows = [row for row in stored if bytes(row.channel) == handle]
        versions = [view for row in rows if (view := _version(root, row)) is not None]
        if versions:
            meter = open_text(house, "meter", channel.meter_id, bytes(channel.number_sealed))
            about = {"direction": channel.direction, "unit": channel.unit, "meter": meter}
            yield about | {"versions": versions}


def _version(root: bytes, row: Any) -> dict[str, Any] | None:
    """What one version holds of originals; None where it has none, or does not open: a log line says so."""
    where = Coordinates(bytes(row.pseudonym), bytes(row.channel), row.day, row.version)
    key = seals.profile_key(root, "values", where.channel, row.day, row.version)
    try:
        plain = unseal_profile(key, bytes(row.values_sealed), bytes(row.fingerprint), where, "values")
        originals, profile = originals_of(plain), unpack(plain)
    except (SealError, ProfileError):
        _log.error("a stored value does not open", part="values")
        return None
    if not originals:
        return None
    starts = slot_starts(row.day, profile.slot_minutes)
    slots = [
        {"start": format_instant(starts[one.slot])} | _replaced(one, profile)
        for one in originals
        if one.slot < len(starts)
    ]
    return {"version": row.version, "index": row.stored_index, "slots": slots}


def _replaced(one: Original, profile: DayProfile) -> dict[str, Any]:
    return {
        "measured": one.value,
        "rule": _slug(one.rule),
        "put": profile.values[one.slot],
        "state": profile.states[one.slot].value,
        "method": _slug(one.method),
    }


def _slug(code: int) -> str | None:
    """The name of a rule or method in docs/reference/validation.md; its number where that has none any more."""
    if not code:
        return None
    return Reason(code).slug if code in list(Reason) else str(code)


_VERSIONS = text(
    "SELECT p.*, b.stored_index FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = :pseudonym AND p.day = :day AND p.values_sealed IS NOT NULL AND b.stored_index IS NOT NULL"
    " ORDER BY p.version"
)
_CHANNELS = text(
    "SELECT c.*, m.number_sealed FROM registry.channel c JOIN registry.meter m USING (meter_id)"
    " WHERE m.access_point_id = :point ORDER BY c.meter_id, c.direction, c.unit"
)

COMMANDS = (
    Command(
        "readings.originals",
        schema(ean=EANCode(required=True), day=Day(required=True), why=without_ean(short_text())),
        show,
    ),
)
