"""A move that was reported late: the days that were not somebody's are re-sealed for whom they were of.

1. Every row under the wrong occupancy's root is opened and sealed again: the days concerned under the right
   occupancy, all others under a new root of the wrong one.
2. The rows as they were go; their root is retired, and destroyed with the next epoch. Whoever kept a copy of them and
   of that root's key could still read what was not his: so the root goes, not only the rows (design.md, Secrets and
   seals). Rows of a batch that is coming in stay until it is refused, with the root that was left.
3. It is recorded, for both; and each look that was made at those days is recorded again for whom they are of, and for
   the party that made it, which must know whose they were (GDPR 19).

All in the turn of the move itself. Versions and batches stay, so that what could be read when stays so; what the right
occupancy has of a day already, it keeps.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.brussels import midnight
from databeheer.door.bodies.halves import person_named, subject_handle
from databeheer.door.bodies.onlookers import Onlooker, leaves_beside_house, person_to_seal, relation
from databeheer.door.bodies.opened import BodyRow, shared_body, subject_body
from databeheer.door.facts.of_requests import read_facts
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import Kind
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.supply_quality import rows as supply_quality
from databeheer.door.turn import Statement, Subject, Turn
from databeheer.metering.opening import unseal, unseal_profile
from databeheer.metering.profile import pack, unpack
from databeheer.metering.sealing import Coordinates, fingerprint, seal, seal_profile
from databeheer.metering.totals import pack_total, unpack_total
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.registry import interval_choices
from databeheer.values import format_instant, parse_instant

_RETIRED = b"registry/v1|retired-root"


@dataclass(frozen=True)
class _Channel:
    """A channel of the point under each of the three roots."""

    meter_id: UUID
    direction: str
    unit: str

    def handle(self, root: bytes) -> bytes:
        return seals.channel_handle(root, self.meter_id, self.direction, self.unit)


def move_days(house: House, turn: Turn, wrong: Any, right: Any, first: date) -> int:
    """Give the days from `first` on, stored under the `wrong` occupancy, to the `right` one; in this turn.

    Both are rows of registry.occupancy. Returns how many channel-days moved: none where nothing was stored.
    """
    gone = erasures.begun_of(turn.connection, DataClass.READINGS, [wrong.occupancy_id, right.occupancy_id])
    if gone:
        return 0
    old = house.readings_root(wrong.root_id)
    rows = turn.connection.execute(_ROWS, {"pseudonym": seals.pseudonym(old)}).all()
    has_quality = supply_quality.has_days(house, turn.connection, wrong.occupancy_id, first)
    if not has_quality and not any(row.day >= first and row.stored_index is not None for row in rows):
        return 0
    root_id = uuid4()
    fresh = house.keys.make(Kind.READINGS, root_id)  # durable before the rows that need it
    theirs = house.readings_root(right.root_id)
    channels = [
        _Channel(row.meter_id, row.direction, row.unit)
        for row in turn.connection.execute(_CHANNELS, {"point": wrong.access_point_id})
    ]
    by_handle = {channel.handle(old): channel for channel in channels}
    present = _present(turn, seals.pseudonym(theirs), first)
    sealed: list[dict[str, Any]] = []
    moved = 0
    read = _days_read(turn, right, {row.day for row in rows if row.day >= first})
    for row in rows:
        if row.stored_index is None:  # of an intake that has not ended: it is refused at its end
            continue
        channel = by_handle[bytes(row.channel)]
        moves = row.day >= first
        root = theirs if moves else fresh
        if moves and (channel.handle(theirs), row.day) in present:
            continue
        moved += moves
        without_values = moves and row.day not in read
        sealed.append(_sealed_again(row, old, root, channel.handle(root), without_values=without_values))
    secrets.SystemRandom().shuffle(sealed)
    if sealed:
        turn.connection.execute(_INSERT, sealed)
    turn.connection.execute(_DELETE, {"pseudonym": seals.pseudonym(old)})
    supply_quality.move_days(house, turn.connection, wrong, right, first, (old, fresh, theirs))
    note_change(house, turn, wrong, None)
    turn.connection.execute(_NEW_ROOT, {"occupancy": wrong.occupancy_id, "root": root_id})
    turn.connection.execute(_RETIRE, {"operator": wrong.operator, "sealed": seal_root(house, wrong.root_id)})
    said = {"from": first.isoformat(), "moved": moved, "resealed": len(sealed) - moved}
    for one in (wrong, right):
        subjects = [Subject(one.occupancy_id)]
        turn.record(Statement("readings.resealed", said, operator=wrong.operator, subjects=subjects))
    _tell_of_reads(house, turn, wrong, right, first)
    return moved


def _days_read(turn: Turn, stay: Any, days: set[date]) -> set[date]:
    """The days of which intervals may stand with a stay (R59); a vacancy keeps all of them for who moves in."""
    if stay.person_id is None:
        return days
    return interval_choices.days_read(turn.connection, stay.occupancy_id, days, turn.now)


def seal_root(house: House, root_id: UUID) -> bytes:
    """Seal the name of a root that was left."""
    return seal(house.registry_key("seal"), root_id.bytes, _RETIRED)


def open_root(house: House, sealed: bytes) -> UUID:
    """Open what `seal_root` closed."""
    return UUID(bytes=unseal(house.registry_key("seal"), sealed, _RETIRED))


def _sealed_again(
    row: Any, old: bytes, root: bytes, handle: bytes, *, without_values: bool
) -> dict[str, Any]:
    """Open a row under the root that it was under, and seal it under another."""
    before = Coordinates(seals.pseudonym(old), bytes(row.channel), row.day, row.version)
    after = Coordinates(seals.pseudonym(root), handle, row.day, row.version)

    def opened(part: str, sealed: Any) -> bytes:
        key = seals.profile_key(old, part, before.channel, row.day, row.version)
        return unseal_profile(key, bytes(sealed), bytes(row.fingerprint), before, part)

    total = pack_total(unpack_total(opened("total", row.total_sealed)))
    padded = opened("values", row.values_sealed) if row.values_sealed is not None else None
    profile = unpack(padded) if padded is not None else None
    # As intake wrote it: before it was padded to the size of its channel.
    content = (pack(profile) if profile is not None else b"") + total
    mark = fingerprint(seals.sameness_key(root, handle, row.day), content)

    def closed(part: str, plain: bytes) -> bytes:
        key = seals.profile_key(root, part, handle, row.day, row.version)
        return seal_profile(key, plain, mark, after, part)

    values = pack(profile, minimum=len(padded)) if profile is not None and padded is not None else None
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


def _present(turn: Turn, pseudonym: bytes, first: date) -> set[tuple[bytes, date]]:
    """Which channel-days are stored under the right occupancy already: newer than what was under the wrong one."""
    rows = turn.connection.execute(_PRESENT, {"pseudonym": pseudonym, "first": first})
    return {(bytes(row.channel), row.day) for row in rows}


# --- who looked at them -----------------------------------------------------------------------------------


def _tell_of_reads(house: House, turn: Turn, wrong: Any, right: Any, first: date) -> None:
    """Record every look at those days again, for whom they are of; who looked is told too.

    A look that was recorded again before (somebody left, and somebody came on that day) is passed on once.
    """
    handle = subject_handle(house.keys_of_subject(wrong.occupancy_id))
    told: set[tuple[Any, ...]] = set()
    for row in turn.connection.execute(_READS, {"handle": handle, "first": first}).all():
        shared, whole = shared_body(house, BodyRow.beside(row)).said, subject_body(house, row).said
        # A read in bulk that asked under several permissions tells all but the first of them under `also`.
        for own in (whole, *(whole | also for also in whole.get("also", ()))):
            spans = list(_from(own.get("granted", []), first))
            said = _corrected(row, shared, own)
            permission = own.get("permission", shared.get("permission", ""))
            which = (said["read"], permission, said.get("item"), *map(tuple, spans))
            if not spans or which in told:
                continue
            told.add(which)
            seen = {"granted": spans, "slots": own.get("slots", 0)}
            person_id = _person_of(house, row, own, wrong)
            # Under which permission is the business of who granted it; the party knows from which read it was.
            leavers = seen | {"permission": permission} | _reader(own)
            newcomers = seen | _reader_for(turn, person_id, wrong, right)
            subjects = [Subject(wrong.occupancy_id, leavers), Subject(right.occupancy_id, newcomers)]
            person_id = None if person_id is None else person_to_seal(person_id, subjects)
            turn.record(
                Statement(
                    "data.read_corrected",
                    said,
                    ground=own.get("ground", row.ground),
                    party_id=row.party_id,
                    operator=wrong.operator,
                    subjects=subjects,
                    leaves=None if person_id is None else leaves_beside_house(subjects),
                    person_id=person_id,
                )
            )


def _reader(own: dict[str, Any]) -> dict[str, Any]:
    return {"reader": own["reader"]} if "reader" in own else {}


def _person_of(house: House, row: Any, own: dict[str, Any], wrong: Any) -> UUID | None:
    """Which person looked: whose stay it was taken for, or whom the house's half names; None of a party."""
    if row.house_half is not None and "reader" in own:
        person = person_named(house.ledger_key, row.index, row.house_half)
        return wrong.person_id if person is None else person
    return wrong.person_id if own.get("reader") else None


def _reader_for(turn: Turn, person_id: UUID | None, wrong: Any, right: Any) -> dict[str, str]:
    """What a person who looked was to the stay that the days are of: not what he took himself to be."""
    if person_id is None:
        return {}
    points = {wrong.access_point_id}
    book = read_facts(turn.connection, turn.now, points=points, permissions=(), parties=())
    stays = book.points[wrong.access_point_id].occupancies
    its = next((one for one in stays if one.id == str(right.occupancy_id)), None)
    seen = Onlooker.NOBODY if its is None else relation(str(person_id), its, stays, turn.now)
    return {"reader": seen.value}


def _corrected(row: Any, shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What all are told of one look: which it was, and of a read in bulk which part, for that is what the party drops.

    Under which permission it was stands in the half of who granted it.
    """
    said = {
        "read": shared.get("read", row.index),
        "read_at": shared.get("read_at", shared["at"]),
        "asker": shared.get("asker", "party"),
        "granularity": shared.get("granularity", ""),
        "directions": own.get("directions", shared.get("directions", [])),
    }
    item = shared.get("item", own.get("item"))
    return said if item is None else said | {"item": item}


def _from(granted: list[list[str]], first: date) -> Iterator[list[str]]:
    """The part of some granted spans that lies on those days."""
    start = midnight(first)
    for since, until in granted:
        if parse_instant(until) > start:
            yield [format_instant(max(parse_instant(since), start)), until]


_ROWS = text(
    "SELECT p.*, b.stored_index FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = :pseudonym ORDER BY p.day, p.version"
)
_CHANNELS = text(
    "SELECT c.* FROM registry.channel c JOIN registry.meter m USING (meter_id) WHERE m.access_point_id = :point"
)
_PRESENT = text(
    "SELECT DISTINCT channel, day FROM metering.profile WHERE pseudonym = :pseudonym AND day >= :first"
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
_READS = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed, b.house_half FROM ledger.statement s"
    " JOIN ledger.body b ON b.index = s.index AND b.month = s.month"
    " WHERE s.handle = :handle AND s.event IN ('data.read', 'data.read_corrected') AND s.day >= :first ORDER BY s.index"
)
