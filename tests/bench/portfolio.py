"""A portfolio to read: so many homes with a measured day, offtake and injection, each of which consented to one party.

Registered past the door, which would take a commit each; the day comes in as a batch, through the real intake.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from databeheer.door.keys.store import Kind
from databeheer.door.keys.wrapped import wrap
from databeheer.door.names import ean_hash, meter_hash, seal_text
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.street import invented_ean
from databeheer.values import EAN
from tests.bench.flanders import FIRST_DAY, Part, days, write_day
from tests.house import Party, TheHouse

DAY = FIRST_DAY
WINDOW = {"from": "2024-06-02T22:00:00Z", "until": "2024-06-03T22:00:00Z", "granularity": "quarter_hour"}


def settle(house: TheHouse, points: int, count: int = 1) -> tuple[Party, list[str]]:
    """Fill a house with so many days; returns the party, and its permissions in no order."""
    bram = house.party("Bram", "energy_service")
    part = Part(0)
    part.electricity = part.injecting = points
    permissions = _populate(house, part, bram)
    intake = house.engine("intake")
    for number, day in enumerate(days(count)):
        with tempfile.TemporaryDirectory() as folder:
            batch = write_day(Path(folder), part, day, f"portfolio-{number}", number)
            report = take_batch(batch, house.client, house.intake_key, intake, house.clock)
        if report.outcome != "stored":
            raise AssertionError(report.to_json())
    return bram, permissions


def _populate(house: TheHouse, part: Part, bram: Party) -> list[str]:
    random, now = Random(part.electricity), house.clock.now()
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _TABLES}
    keys: list[tuple[Kind, UUID]] = []
    for number, (meter, commodity) in enumerate(part.points(), 100_000):
        point, device, stay, person, permission = (_uuid() for _ in range(5))
        ean = EAN(invented_ean(number).digits)
        given = now - timedelta(seconds=random.randrange(3_000_000, 60_000_000))
        since = date(2020, 1, 1) + timedelta(days=random.randrange(1_000))
        sealed = seal_text(house.house, "ean", point, ean.digits)
        tables["point"].append((point, number, 1, ean_hash(house.house, ean), sealed, commodity, given))
        number_sealed = seal_text(house.house, "meter", device, meter)
        tables["meter"].append((device, 1, point, meter_hash(house.house, meter), number_sealed, True))
        tables["person"].append((person, os.urandom(32), b"", given))
        tables["stay"].append((stay, stay, 1, point, number, person, since, True))
        tables["permission"].append(
            (
                *(permission, 1, UUID(bram.party_id), "", "energy_advice", "readings"),
                *(["offtake", "injection"], "quarter_hour", datetime(2023, 1, 1, 23, tzinfo=UTC), "active"),
                *(os.urandom(32), given, given, os.urandom(32), b"", stay, person, given),
                *(now + timedelta(days=400), now + timedelta(days=300), now + timedelta(days=200), 30),
            )
        )
        keys += [(Kind.READINGS, stay), (Kind.OCCUPANCY_LEDGER, stay), (Kind.PERSON, person)]
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute("SET session_replication_role = replica")
        for name, (table, columns) in _TABLES.items():
            names, kinds = columns.split()[::2], [kind.rstrip(",") for kind in columns.split()[1::2]]
            into = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
            with connection.cursor().copy(into.encode()) as copy:
                copy.set_types(kinds)
                for row in tables[name]:
                    copy.write_row(row)
        connection.execute("ANALYZE")
    _make_keys(house, keys)
    found = [str(row[0]) for row in tables["permission"]]
    random.shuffle(found)
    return found


_TABLES = {
    "point": (
        "registry.access_point",
        (
            "access_point_id uuid, access_point_no int8, operator int2, ean_hash bytea, ean_sealed bytea,"
            " commodity text, registered_at timestamptz"
        ),
    ),
    "meter": (
        "registry.meter",
        "meter_id uuid, operator int2, access_point_id uuid, number_hash bytea, number_sealed bytea, is_digital bool",
    ),
    "person": (
        "identity.person",
        "person_id uuid, subject_hash bytea, name_sealed bytea, created_at timestamptz",
    ),
    "stay": (
        "registry.occupancy",
        (
            "occupancy_id uuid, root_id uuid, operator int2, access_point_id uuid, access_point_no int8,"
            " person_id uuid, from_day date, interval_reading bool"
        ),
    ),
    "permission": (
        "permissions.permission",
        (
            "permission_id uuid, operator int2, party_id uuid, service text, purpose text, category text,"
            " directions text[], granularity text, data_from timestamptz, state text, link_hash bytea,"
            " link_expires_at timestamptz, requested_at timestamptz, reference_hash bytea, reference_sealed bytea,"
            " occupancy_id uuid, person_id uuid, decided_at timestamptz, ends_at timestamptz, renew_from timestamptz,"
            " remind_at timestamptz, deletion_days int4"
        ),
    ),
}


def _uuid() -> UUID:
    return UUID(bytes=os.urandom(16), version=4)


def _make_keys(house: TheHouse, names: list[tuple[Kind, UUID]]) -> None:
    """Write keys as the store does, with one fsync for all."""
    epoch = house.house.keys._epoch_key  # a bench's short cut
    with (house.house.keys.folder / "epoch-0001.wrapped").open("ab") as file:
        for kind, name in names:
            file.write(wrap((kind, name.bytes), secrets.token_bytes(32), epoch))
