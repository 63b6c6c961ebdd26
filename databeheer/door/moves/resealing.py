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

from collections.abc import Iterator
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
from databeheer.door.moves.new_roots import channels_at, leave_root, rows_under, sealed_again
from databeheer.door.statement import Statement, Subject
from databeheer.door.supply_quality import rows as supply_quality
from databeheer.door.turn import Turn
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.registry import interval_choices
from databeheer.values import format_instant, parse_instant


def move_days(house: House, turn: Turn, wrong: Any, right: Any, first: date) -> int:
    """Give the days from `first` on, stored under the `wrong` occupancy, to the `right` one; in this turn.

    Both are rows of registry.occupancy. Returns how many channel-days moved: none where nothing was stored.
    """
    gone = erasures.begun_of(turn.connection, DataClass.READINGS, [wrong.occupancy_id, right.occupancy_id])
    if gone:
        return 0
    old = house.readings_root(wrong.root_id)
    rows = rows_under(turn.connection, old)
    has_quality = supply_quality.has_days(house, turn.connection, wrong.occupancy_id, first)
    if not has_quality and not any(row.day >= first and row.stored_index is not None for row in rows):
        return 0
    root_id = uuid4()
    fresh = house.keys.make(Kind.READINGS, root_id)  # durable before the rows that need it
    theirs = house.readings_root(right.root_id)
    by_handle = {one.handle(old): one for one in channels_at(turn.connection, wrong.access_point_id)}
    present = _present(turn, seals.pseudonym(theirs), first)
    sealed: list[dict[str, Any]] = []
    moved = 0
    read = _days_read(turn, right, {row.day for row in rows if row.day >= first})
    for row in rows:
        if row.stored_index is None:  # of an intake that has not ended: it is refused at its end
            continue
        channel = by_handle.get(bytes(row.channel))
        moves = row.day >= first
        root = theirs if moves else fresh
        if moves and channel is not None and (channel.handle(theirs), row.day) in present:
            continue
        without_values = moves and row.day not in read
        again = sealed_again(row, channel, old, root, without_values=without_values)
        if again is not None:
            moved += moves
            sealed.append(again)
    leave_root(house, turn, wrong, old, root_id, sealed)
    supply_quality.move_days(house, turn.connection, wrong, right, first, (old, fresh, theirs))
    said = {"from": first.isoformat(), "moved": moved, "resealed": len(sealed) - moved}
    for one in (wrong, right):
        subjects = [Subject(one.occupancy_id)]
        turn.record(Statement("readings.resealed", said, operator=wrong.operator, subjects=subjects))
    tell_of_reads(house, turn, wrong, right, first)
    return moved


def _days_read(turn: Turn, stay: Any, days: set[date]) -> set[date]:
    """The days of which intervals may stand with a stay (R59); a vacancy keeps all of them for who moves in."""
    if stay.person_id is None:
        return days
    return interval_choices.days_read(turn.connection, stay.occupancy_id, days, turn.now)


def _present(turn: Turn, pseudonym: bytes, first: date) -> set[tuple[bytes, date]]:
    """Which channel-days are stored under the right occupancy already: newer than what was under the wrong one.

    Not what an intake wrote that broke off or was refused: nobody ever reads that, so it takes nothing's place.
    """
    rows = turn.connection.execute(_PRESENT, {"pseudonym": pseudonym, "first": first})
    return {(bytes(row.channel), row.day) for row in rows}


# --- who looked at them -----------------------------------------------------------------------------------


def tell_of_reads(house: House, turn: Turn, wrong: Any, right: Any | None, first: date) -> None:
    """Record every look at those days again, for whom they are of (None: of nobody known); who looked is told too.

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
            subjects = [Subject(wrong.occupancy_id, leavers)]
            if right is not None:
                newcomers = seen | _reader_for(turn, person_id, wrong, right)
                subjects.append(Subject(right.occupancy_id, newcomers))
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


_PRESENT = text(
    "SELECT DISTINCT p.channel, p.day FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = :pseudonym AND p.day >= :first AND b.stored_index IS NOT NULL"
)
_READS = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed, b.house_half FROM ledger.statement s"
    " JOIN ledger.body b ON b.index = s.index AND b.month = s.month"
    " WHERE s.handle = :handle AND s.event IN ('data.read', 'data.read_corrected') AND s.day >= :first ORDER BY s.index"
)
