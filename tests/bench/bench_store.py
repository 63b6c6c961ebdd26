"""How many bytes a value takes at rest, index, totals and padding included; against the plain table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache

import psycopg

from databeheer.metering.exports import ExportFile
from databeheer.metering.intake import IntakeReport
from databeheer.metering.street import Street, willow_street
from databeheer.values import Commodity
from tests.bench.appending import durable_server
from tests.bench.bench_intake import PLAIN_TABLE, copy_plain, plain_day
from tests.bench.measure import Benchmark, Row, at_most
from tests.databases import Databases
from tests.databeheer.metering.builders import real_files
from tests.house import TheHouse, open_house_now

COPIES = 200
"""Of each point's rows, under other pseudonyms: of a handful of points, the pages that each month's table and indexes
begin with (some 70 KB) would be counted too, which is nothing in a country."""
PLAIN_POINTS = 10_000
BYTES = 4
_LAST_DAY = date(2026, 11, 19)


def bytes_a_value(name: str) -> Row:
    """Bytes of a thousand quarter-hour values of electricity that are not empty; the worse of street and real file."""
    return at_most(name, 1000 * max(_bytes_of_street(), _bytes_of_file()), "bytes/1000 values", 1000 * BYTES)


def against_plain(name: str) -> Row:
    """How much smaller than the same values in the plain table: at least 15 times."""
    ours, plain = max(_bytes_of_street(), _bytes_of_file()), _bytes_of_plain()
    ratio = round(plain / ours, 3)
    return Row(name, round(1000 * ours), "bytes/1000 values", round(1000 * plain), ratio, 15, ratio >= 15)


def bytes_of_gas(name: str) -> Row:
    """Bytes of a thousand hourly values of gas, kWh and m3 beside each other. Nobody asks for a bound."""
    figure = 1000 * _measured(_street(Commodity.GAS))
    return Row(name, round(figure), "bytes/1000 values", round(figure), 1.0, 0, True)


@cache
def _bytes_of_street() -> float:
    return _measured(_street(Commodity.ELECTRICITY))


@cache
def _bytes_of_file() -> float:
    [path] = real_files().glob("*_541448899990000039_*.csv")
    return _measured([path.read_bytes()])


def _street(commodity: Commodity) -> Iterator[bytes]:
    plan = willow_street(_LAST_DAY)
    street = Street(plan)
    return (street.export(point)[1] for point in plan.points if point.commodity is commodity)


def _measured(files: Iterable[bytes]) -> float:
    """Take files in and return what a value that is not empty takes."""
    with _store() as house:
        values = sum(_values(house.ingest(data, register=True)) for data in files)
        with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
            connection.execute("ALTER TABLE metering.profile DISABLE TRIGGER USER")
            connection.execute(_COPY_ROWS, [COPIES - 1])
            row = connection.execute(_SIZE).fetchone()
    assert row is not None
    return float(row[0]) / (values * COPIES)


def _values(report: IntakeReport) -> int:
    export: ExportFile = report.file
    return sum(value is not None for day in export.days if day.slot_minutes != 1440 for value in day.values)


@contextmanager
def _store() -> Iterator[TheHouse]:
    with durable_server() as server, Databases(server).clone() as database, open_house_now(database) as house:
        yield house


@cache
def _bytes_of_plain() -> float:
    with durable_server() as server, psycopg.connect(server) as connection:
        connection.execute(PLAIN_TABLE)
        connection.commit()
        for number in range(2):
            day = _LAST_DAY + timedelta(days=number)
            copy_plain(server, plain_day(day, PLAIN_POINTS, first=number * PLAIN_POINTS))
        row = connection.execute(
            "SELECT pg_total_relation_size('plain')::float / count(*) FROM plain"
        ).fetchone()
    assert row is not None
    return float(row[0])


# Each pseudonym once more and again, in the order in which batches bring them: day by day.
_COPY_ROWS = (
    "INSERT INTO metering.profile"
    " SELECT day, version, operator, batch, decode(md5(encode(pseudonym, 'hex') || copy), 'hex') AS pseudonym, channel,"
    " fingerprint, total_sealed, values_sealed FROM metering.profile, generate_series(1, %s) AS copy"
    " ORDER BY day, 5"
)
# All partitions with rows, with their indexes; the empty ones that the template of the tests begins with are nobody's.
_SIZE = (
    "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('metering.profile') WHERE isleaf"
    " AND pg_relation_size(relid) > 0"
)

BENCHMARKS: dict[str, Benchmark] = {
    "store-bytes-per-value": bytes_a_value,
    "store-against-plain": against_plain,
    "store-bytes-gas": bytes_of_gas,
}
