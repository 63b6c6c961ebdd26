"""Write keys of a whole chunk are what each row's own would be, and what is looked up for many holds for each."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import numpy as np
import pytest

from databeheer.door.keys import seals
from databeheer.door.keys.write_keys import (
    DIRECTIONS,
    ROW,
    UNITS,
    Places,
    derive_keys,
    find_places,
    version_keys,
)
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.states import Unit
from databeheer.registry.interval_choices import days_read
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.doors import execute, query
from tests.house import Customer, TheHouse

DAY = date(2024, 6, 3)
METERS = {"1SAG0000000001": LOTTES_EAN, "1SAG0000000002": MARIAS_EAN}


@pytest.fixture
@setting_up
def metered(house: TheHouse, lotte: Customer, maria: Customer) -> TheHouse:
    for meter, ean in METERS.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    return house


def places_of(house: TheHouse, *devices: str, day: date = DAY) -> Places:
    with house.house.engine.connect() as connection:
        return find_places(house.house, connection, devices, day, 1)


def asked(*rows: tuple[int, int, Unit, int]) -> np.ndarray:
    """Rows of device, direction, unit, and whether they have slots."""
    return np.array([(device, way, UNITS.index(unit), slots) for device, way, unit, slots in rows], ROW)


def test_each_row_has_the_keys_of_its_own_meter_channel_day_and_version(metered: TheHouse) -> None:
    places = places_of(metered, *METERS, "9XXX0000000009")
    rows = asked(
        (1, 0, Unit.KWH, 1),
        (2, 0, Unit.KWH, 1),
        (0, 0, Unit.KWH, 1),
        (1, 1, Unit.KVARH_INDUCTIVE, 0),
        (0, 1, Unit.M3, 1),
    )
    keys = derive_keys(metered.house, places, rows, DAY)
    versions = np.array([1, 1, 300, 2, 1], np.uint16)
    version_keys(keys, DAY, versions)
    assert keys.problems.tolist() == [0, RowProblem.UNKNOWN_DEVICE, 0, 0, RowProblem.WRONG_COMMODITY]
    held = (keys.pseudonyms, keys.channels, keys.values, keys.totals, keys.sameness)
    for n in (0, 2, 3):
        meter, root_id = (
            UUID(bytes=one[rows["device"][n]].tobytes()) for one in (places.meters, places.roots)
        )
        root = metered.house.readings_roots([root_id.bytes])[root_id.bytes]
        direction, unit = DIRECTIONS[rows["direction"][n]], UNITS[rows["unit"][n]]
        channel, version = seals.channel_handle(root, meter, direction, unit), int(versions[n])
        assert [one[n].tobytes() for one in held] == [
            seals.pseudonym(root),
            channel,
            seals.profile_key(root, "values", channel, DAY, version),
            seals.profile_key(root, "total", channel, DAY, version),
            seals.sameness_key(root, channel, DAY),
        ]
    for n in (1, 4):
        assert not any(one[n].any() for one in held)


def test_of_devices_nobody_knows_there_is_nothing(metered: TheHouse) -> None:
    places = places_of(metered, "9XXX0000000009")
    keys = derive_keys(metered.house, places, asked((0, 0, Unit.KWH, 1)), DAY)
    version_keys(keys, DAY, np.ones(1, np.uint16))
    assert keys.problems.tolist() == [RowProblem.UNKNOWN_DEVICE]
    assert not any(
        one.any() for one in (keys.pseudonyms, keys.channels, keys.values, keys.totals, keys.roots)
    )


@pytest.mark.parametrize("seed", range(4))
def test_what_is_asked_or_needed_of_many_is_what_it_is_of_each(
    metered: TheHouse, lotte: Customer, maria: Customer, seed: int
) -> None:
    """Choices and needs at random: before the day, on it, after it; taken back; of others; past and to come."""
    random, now = Random(seed), metered.clock.now()
    party = metered.party("Bram", "energy_service").party_id
    stays = [UUID(one.occupancy()) for one in (lotte, maria)]
    points = dict(query(metered, "SELECT occupancy_id, access_point_id FROM registry.occupancy"))
    seen = set()
    for _ in range(8):
        execute(metered, "DELETE FROM registry.interval_choice")
        execute(metered, "DELETE FROM registry.necessity")
        for stay in stays:
            execute(
                metered,
                "UPDATE registry.occupancy SET interval_reading = %s WHERE occupancy_id = %s",
                random.random() < 0.5,
                stay,
            )
            for _ in range(random.randrange(3)):
                since = DAY + timedelta(days=random.randint(-1, 1))
                execute(metered, _CHOOSE, stay, since, random.random() < 0.5, now)
            for _ in range(random.randrange(2)):
                first, valid = (timedelta(days=random.randint(-2, 1)) for _ in range(2))
                execute(
                    metered,
                    _NEED,
                    *(points[stay], party, random.choice(("quarter_hour", "hour", "day"))),
                    *(
                        DAY + first,
                        DAY + first + timedelta(days=2),
                        now + valid,
                        now + valid + timedelta(days=2),
                    ),
                    now,
                )
        found = places_of(metered, *METERS).intervals.tolist()
        with metered.house.engine.connect() as connection:
            each = [int(bool(days_read(connection, stay, [DAY], now))) for stay in stays]
        assert found == each
        seen |= set(each)
    assert seen == {0, 1}


_CHOOSE = (
    "INSERT INTO registry.interval_choice (operator, occupancy_id, from_day, is_on, chosen_at)"
    " VALUES (1, %s, %s, %s, %s)"
)
_NEED = (
    "INSERT INTO registry.necessity (necessity_id, operator, access_point_id, party_id, purpose, granularity, article,"
    " reason_sealed, data_from, data_until, valid_from, valid_until, recorded_at)"
    " VALUES (gen_random_uuid(), 1, %s, %s, 'investigation', %s, '1', 'x', %s, %s, %s, %s, %s)"
)


def test_a_meter_at_two_points_and_one_that_was_taken_away_are_told_apart(metered: TheHouse) -> None:
    first, second = METERS
    metered.operator("registry.meter.install", ean=LOTTES_EAN, meter=second, digital=True)
    metered.operator("registry.meter.remove", ean=LOTTES_EAN, meter=first, removed_on=DAY.isoformat())
    found = places_of(metered, first, second, "9XXX0000000009").problems.tolist()
    assert found == [
        RowProblem.DEVICE_NOT_THERE_THEN,
        RowProblem.DEVICE_AT_TWO_POINTS,
        RowProblem.UNKNOWN_DEVICE,
    ]
    before = places_of(metered, first, day=DAY - timedelta(days=1))
    assert before.problems.tolist() == [0]
