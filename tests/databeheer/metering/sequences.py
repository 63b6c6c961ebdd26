"""Sequences of batches, corrections, late moves and duplicates, and the store that they must end in.

A sequence is given to two houses: to one in disorder (moves reported after the readings, batches twice, killed and
taken in again), to the other clean (moves first, each batch once). What both have stored is opened and compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
from sqlalchemy import text

from databeheer.brussels import slots_in_day
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import Kind
from databeheer.door.names import open_text
from databeheer.metering.opening import unseal_profile
from databeheer.metering.sealing import Coordinates
from databeheer.metering.totals import unpack_total
from databeheer.metering.unpacking import unpack_block
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.head_end import profile

FIRST = date(2024, 3, 29)
DAYS = [FIRST + timedelta(days=number) for number in range(4)]
"""The third has 23 hours."""
METERS = {"1SAG0000000001": LOTTES_EAN, "1SAG0000000002": MARIAS_EAN}
Operator = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Send:
    """A batch: its number and rows."""

    batch: str
    rows: tuple[dict[str, Any], ...] = field(repr=False)


@dataclass(frozen=True)
class Again:
    """A batch that was sent before, the last or an older one, or what is newest under another number: nothing new."""

    send: Send


@dataclass(frozen=True)
class Move:
    """Who lives at a point moves out on a day, and somebody else in."""

    ean: str
    day: date
    newcomer: str


Step = Send | Again | Move


Place = tuple[str, str, date]
"""A meter, a direction and a day."""


def sequence(random: Random, batches: int) -> list[Step]:
    """Return so many batches, each of some meters, directions and days; among them moves and duplicates."""
    steps: list[Step] = []
    newest: dict[Place, dict[str, Any]] = {}
    places = [(meter, way, day) for meter in METERS for way in ("offtake", "injection") for day in DAYS]
    moved: dict[str, date] = {}
    for number in range(batches):
        chosen = sorted(random.sample(places, random.randint(2, len(places) // 2)))
        rows = {place: _row(random, place, is_first=place not in newest) for place in chosen[1:]}
        rows[chosen[0]] = _whole(random, chosen[0], 15)  # something in it is new
        newest |= rows
        steps.append(Send(f"batch-{number}", tuple(rows[place] for place in chosen)))
        if random.random() < 0.5:
            same = Send(f"same-{number}", tuple(newest[place] for place in chosen))
            sent = [step for step in steps if isinstance(step, Send)]
            steps.append(Again(random.choice([same, steps[-1], random.choice(sent)])))
        ean = random.choice(list(METERS.values()))
        later = [day for day in DAYS[1:] if day > moved.get(ean, FIRST)]
        if later and random.random() < 0.6:
            moved[ean] = random.choice(later)
            steps.append(Move(ean, moved[ean], f"newcomer-{number}"))
    return steps


def _row(random: Random, place: Place, *, is_first: bool) -> dict[str, Any]:
    """Quarter-hours; at times with a gap that is estimated, hours, or of a day that had nothing yet its registers."""
    kind = random.random()
    if kind < 0.15:
        row = _whole(random, place, 15)
        begin = random.randrange(20, 60)
        values = [None if begin <= slot < begin + 4 else value for slot, value in enumerate(row["values"])]
        return row | {"values": values}
    if kind < 0.3:
        return _whole(random, place, 60)
    if kind < 0.45 and is_first:
        meter, way, day = place
        return profile(
            meter,
            day,
            [],
            slot_minutes=1440,
            direction=way,
            register_end=1_000_000 + random.randint(1, 9_000),
        )
    return _whole(random, place, 15)


def _whole(random: Random, place: Place, minutes: int) -> dict[str, Any]:
    meter, way, day = place
    values = [random.randint(1, 500)] * (slots_in_day(day, minutes) - 1) + [random.randint(1, 500)]
    return profile(meter, day, values, slot_minutes=minutes, direction=way)


def settle(operator: Operator) -> None:
    """Two homes with a digital meter each, and who lives there first."""
    for number, (meter, ean) in enumerate(METERS.items()):
        person = operator("registry.person.add", subject=f"first-{number}", name=f"Bewoner {number}")
        operator("registry.access_point.register", ean=ean, commodity="electricity", address="Kerkstraat 1")
        operator("registry.occupancy.begin", ean=ean, person_id=person["person_id"], from_day="2022-01-01")
        operator("registry.meter.install", ean=ean, meter=meter, digital=True)


def move(operator: Operator, step: Move) -> None:
    """Report a move."""
    day = step.day.isoformat()
    operator("registry.occupancy.end", ean=step.ean, until_day=day)
    person = operator("registry.person.add", subject=step.newcomer, name=step.newcomer)["person_id"]
    operator("registry.occupancy.begin", ean=step.ean, person_id=person, from_day=day)


def give_clean(steps: list[Step], operator: Operator, take: Callable[[Send], str]) -> None:
    """Report all moves in time, then take each batch in once."""
    for step in steps:
        if isinstance(step, Move):
            move(operator, step)
    for step in steps:
        if isinstance(step, Send):
            assert take(step) == "stored"


Stored = dict[tuple[str, date, str, date], list[tuple[Any, ...]]]
"""By point, first day of the stay, channel and day: what each version holds, oldest first."""


def stored(house: House) -> Stored:
    """Open everything that is readable; a row that is nobody's, or that no entry made readable, fails here."""
    found: Stored = defaultdict(list)
    with house.engine.connect() as connection:
        rows = connection.execute(_ROWS).all()
        stays = connection.execute(_STAYS).all()
        channels = connection.execute(_CHANNELS).all()
    stay_of = {seals.pseudonym(house.keys.get(Kind.READINGS, one.root_id)): one for one in stays}
    for row in rows:
        assert row.stored_index is not None, "a row that no entry made readable was left behind"
        stay = stay_of[bytes(row.pseudonym)]
        root = house.keys.get(Kind.READINGS, stay.root_id)
        names = {seals.channel_handle(root, one.meter_id, one.direction, one.unit): one for one in channels}
        channel = names[bytes(row.channel)]
        meter = open_text(house, "meter", channel.meter_id, bytes(channel.number_sealed))
        ean = open_text(house, "ean", stay.access_point_id, bytes(stay.ean_sealed))
        place = (ean, stay.from_day, f"{meter} {channel.direction} {channel.unit}", row.day)
        found[place].append(_content(root, row))
    return dict(found)


def _content(root: bytes, row: Any) -> tuple[Any, ...]:
    where = Coordinates(bytes(row.pseudonym), bytes(row.channel), row.day, row.version)
    plain: dict[str, bytes | None] = {}
    for part, sealed in (("values", row.values_sealed), ("total", row.total_sealed)):
        key = seals.profile_key(root, part, where.channel, row.day, row.version)
        plain[part] = (
            None
            if sealed is None
            else unseal_profile(key, bytes(sealed), bytes(row.fingerprint), where, part)
        )
    block = None
    if plain["values"] is not None:
        block = unpack_block(np.frombuffer(plain["values"], np.uint8)[None, :])
    assert plain["total"] is not None
    total = repr(unpack_total(plain["total"]))
    if block is None:
        return (total,)
    return (total, block.minutes, block.values[0].tolist(), block.marks[0].tolist())


_ROWS = text(
    "SELECT p.*, b.stored_index FROM metering.profile p JOIN metering.batch b USING (batch)"
    " ORDER BY p.pseudonym, p.channel, p.day, p.version"
)
_STAYS = text(
    "SELECT o.*, a.ean_sealed FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
)
_CHANNELS = text("SELECT c.*, m.number_sealed FROM registry.channel c JOIN registry.meter m USING (meter_id)")
