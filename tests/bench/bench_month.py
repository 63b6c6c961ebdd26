"""A month of one access point through the door, decided and recorded, against the same month from the plain table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import psycopg
import sqlalchemy as sa

from databeheer.brussels import BRUSSELS, days_between
from databeheer.door.client import DoorClient, Proof
from databeheer.metering.series import Series
from databeheer.values import Period, format_instant
from tests.bench.appending import durable_server
from tests.bench.bench_intake import PLAIN_TABLE
from tests.bench.measure import Benchmark, Row, rates
from tests.databases import Databases
from tests.databeheer.metering.builders import Row as ExportRow
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import door_process
from tests.house import TheHouse, open_house_now

DAYS = days_between(date(2023, 10, 1), date(2023, 10, 31))
"""With the clock change: 2980 quarter-hours."""
PERIOD = Period.of_days(DAYS[0], DAYS[-1])
VALUES = 2980
POINTS = 100
"""Whose month is stored beside it, here and there."""
POINT = 7
READS = 20
"""A round."""
_WARM = 10


def month_read(name: str) -> Row:
    """Months a second: one client, each read with its own entry, until the values stand in the client's hands."""
    with durable_server() as server, Databases(server).clone() as database, open_house_now(database) as house:
        token, permission = settle(house)
        fill_plain(house)
        engine = sa.create_engine(
            house.database.url("superuser").replace("postgresql:", "postgresql+psycopg:")
        )
        with door_process(house) as door:
            ours, theirs = through_the_door(door.client, token, permission), from_the_table(engine)
            for _ in range(_WARM):
                _require_whole(len(ours()), len(theirs()))
            row = rates(
                name,
                ours=lambda: [ours() for _ in range(READS)],
                theirs=lambda: [theirs() for _ in range(READS)],
                count=READS,
                unit="months/s",
                goal=1,
            )
        engine.dispose()
        return row


def settle(house: TheHouse) -> tuple[str, str]:
    """Lotte's month, a permission for it, and as many strangers' months; returns token and permission."""
    lotte = house.customer("lotte", "Lotte Janssens")
    house.point("541448899990000039", lotte)
    house.ingest(english(*(_with_register(row) for day in DAYS for row in day_rows(day))))
    bram = house.party("Bram", "energy_service")
    asked = bram.ask()
    lotte.grant(asked)
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
        connection.execute("ALTER TABLE metering.profile DISABLE TRIGGER USER")
        connection.execute(_STRANGERS, [POINTS - 1])
        connection.execute("ALTER TABLE metering.profile ENABLE TRIGGER USER")
        connection.execute("ANALYZE")
    return bram.token, asked["permission_id"]


def fill_plain(house: TheHouse) -> None:
    """The plain table with the month of as many points."""
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
        connection.execute(PLAIN_TABLE)
        connection.execute(_PLAIN, [POINTS, PERIOD.start, PERIOD.end])
        connection.execute("ANALYZE plain")


def through_the_door(door: DoorClient, token: str, permission: str) -> Callable[[], Series]:
    """What reads the month over the socket; decided, recorded, promised."""
    window = {"from": format_instant(PERIOD.start), "until": format_instant(PERIOD.end)}
    wish: dict[str, Any] = {"permission_id": permission, "granularity": "quarter_hour", **window}

    def read() -> Series:
        [channel] = door.call("readings.read", Proof.token(token), **wish)["channels"]
        [series] = channel["series"]
        return Series.parse(series)

    return read


def from_the_table(engine: sa.Engine) -> Callable[[], Any]:
    """What reads the month with SQLAlchemy Core, by the primary key."""
    plain = sa.table("plain", sa.column("point"), sa.column("start"), sa.column("value"))
    month = plain.c.start.between(PERIOD.start, PERIOD.end)
    query = (
        sa.select(plain.c.start, plain.c.value).where(plain.c.point == POINT, month).order_by(plain.c.start)
    )

    def read() -> Any:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return read


def _with_register(row: ExportRow) -> ExportRow:
    """The tariff registers, as a real month has them."""
    begin = datetime.strptime(f"{row.begin} {row.begin_time}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=BRUSSELS)
    is_day = begin.weekday() < 5 and 7 <= begin.hour < 22
    return row.but(register="Offtake Day" if is_day else "Offtake Night")


def _require_whole(*counts: int) -> None:
    if set(counts) != {VALUES}:
        raise AssertionError(f"a read gives {counts} values")


_STRANGERS = (
    "INSERT INTO metering.profile"
    " SELECT day, version, operator, batch, decode(md5(encode(pseudonym, 'hex') || copy), 'hex') AS pseudonym, channel,"
    " fingerprint, total_sealed, values_sealed FROM metering.profile, generate_series(1, %s) AS copy"
    " ORDER BY day, 5"
)
_PLAIN = (
    "INSERT INTO plain SELECT point, start, 100 + point FROM generate_series(1, %s) AS point,"
    " generate_series(%s::timestamptz, %s::timestamptz - interval '1 second', interval '15 minutes') AS start"
)

BENCHMARKS: dict[str, Benchmark] = {"door-month-read": month_read}
