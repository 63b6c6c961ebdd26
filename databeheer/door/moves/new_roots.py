"""A stay leaves its root for a new one: what stays is sealed again under it, and what goes is nowhere any more.

Whoever kept a copy of rows that were not somebody's, and of the root that they were under, could still read them: so
the root goes, not only the rows (design.md, Secrets and seals). It is retired, and destroyed with the next epoch.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.turn import Turn
from databeheer.metering.opening import SealError, unseal, unseal_profile
from databeheer.metering.profile import ProfileError, originals_of, pack, unpack, with_originals
from databeheer.metering.sealing import Coordinates, fingerprint, seal, seal_profile
from databeheer.metering.totals import pack_total, unpack_total

_log = structlog.get_logger("door")
_RETIRED = b"registry/v1|retired-root"


@dataclass(frozen=True)
class Channel:
    """A channel of a point; its name differs under each root."""

    meter_id: UUID
    direction: str
    unit: str

    def handle(self, root: bytes) -> bytes:
        return seals.channel_handle(root, self.meter_id, self.direction, self.unit)


def channels_at(connection: Connection, point_id: UUID) -> list[Channel]:
    """Return the channels of a point, those of meters that were taken away too."""
    rows = connection.execute(_CHANNELS, {"point": point_id})
    return [Channel(row.meter_id, row.direction, row.unit) for row in rows]


def rows_under(connection: Connection, root: bytes) -> list[Any]:
    """Return the rows under a root, with where their batch was stored; None of one that was not."""
    return list(connection.execute(_ROWS, {"pseudonym": seals.pseudonym(root)}))


def leave_root(
    house: House, turn: Turn, stay: Any, old: bytes, root_id: UUID, sealed: Sequence[dict[str, Any]]
) -> None:
    """Write rows that were sealed again in the place of all that is stored under a stay's root `old`.

    `root_id` is the stay's root from here on. Rows of a batch that is coming in stay until it is refused, with the
    root that was left.
    """
    shuffled = list(sealed)
    secrets.SystemRandom().shuffle(shuffled)
    if shuffled:
        turn.connection.execute(_INSERT, shuffled)
    turn.connection.execute(_DELETE, {"pseudonym": seals.pseudonym(old)})
    note_change(house, turn, stay, None)
    turn.connection.execute(_NEW_ROOT, {"occupancy": stay.occupancy_id, "root": root_id})
    turn.connection.execute(_RETIRE, {"operator": stay.operator, "sealed": seal_root(house, stay.root_id)})


def seal_root(house: House, root_id: UUID) -> bytes:
    """Seal the name of a root that was left."""
    return seal(house.registry_key("seal"), root_id.bytes, _RETIRED)


def open_root(house: House, sealed: bytes) -> UUID:
    """Open what `seal_root` closed."""
    return UUID(bytes=unseal(house.registry_key("seal"), sealed, _RETIRED))


def sealed_again(
    row: Any, channel: Channel | None, old: bytes, root: bytes, *, without_values: bool = False
) -> dict[str, Any] | None:
    """Open a row under the root that it was under, and seal it under another.

    None of one that does not open, or is of no channel there: nobody could read it, and it holds no move up.
    """
    try:
        if channel is not None:
            return _sealed_again(row, old, root, channel.handle(root), without_values=without_values)
    except (SealError, ProfileError) as error:
        _log.error("a stored value does not open", part="either", error=type(error).__name__)
    return None


def _sealed_again(
    row: Any, old: bytes, root: bytes, handle: bytes, *, without_values: bool
) -> dict[str, Any]:
    before = Coordinates(seals.pseudonym(old), bytes(row.channel), row.day, row.version)
    after = Coordinates(seals.pseudonym(root), handle, row.day, row.version)

    def opened(part: str, sealed: Any) -> bytes:
        key = seals.profile_key(old, part, before.channel, row.day, row.version)
        return unseal_profile(key, bytes(sealed), bytes(row.fingerprint), before, part)

    total = pack_total(unpack_total(opened("total", row.total_sealed)))
    padded = opened("values", row.values_sealed) if row.values_sealed is not None else None
    # As intake wrote it: before it was padded to the size of its channel.
    packed = with_originals(pack(unpack(padded)), originals_of(padded)) if padded is not None else None
    content = (packed or b"") + total
    mark = fingerprint(seals.sameness_key(root, handle, row.day), content)

    def closed(part: str, plain: bytes) -> bytes:
        key = seals.profile_key(root, part, handle, row.day, row.version)
        return seal_profile(key, plain, mark, after, part)

    values = packed.ljust(len(padded), b"\0") if packed is not None and padded is not None else None
    return {
        "operator": row.operator,
        "batch": row.batch,
        "pseudonym": after.pseudonym,
        "channel": handle,
        "day": row.day,
        "version": row.version,
        "fingerprint": mark,
        "values": closed("values", values) if values is not None and not without_values else None,
        "total": closed("total", total),
    }


_ROWS = text(
    "SELECT p.*, b.stored_index FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = :pseudonym ORDER BY p.day, p.version"
)
_CHANNELS = text(
    "SELECT c.* FROM registry.channel c JOIN registry.meter m USING (meter_id) WHERE m.access_point_id = :point"
)
_INSERT = text(
    "INSERT INTO metering.profile"
    " (pseudonym, channel, day, version, operator, batch, fingerprint, values_sealed, total_sealed)"
    " VALUES (:pseudonym, :channel, :day, :version, :operator, :batch, :fingerprint, :values, :total)"
)
# Not those of a batch that is coming in: by them it is refused at its end, where it would else be stored without them.
_DELETE = text(
    "DELETE FROM metering.profile p USING metering.batch b WHERE p.pseudonym = :pseudonym AND b.batch = p.batch"
    " AND b.stored_index IS NOT NULL"
)
_NEW_ROOT = text("UPDATE registry.occupancy SET root_id = :root WHERE occupancy_id = :occupancy")
_RETIRE = text("INSERT INTO oversight.retired_root (operator, root_sealed) VALUES (:operator, :sealed)")
