"""Sealed profile rows into the database: in one transaction, in an order that tells nothing.

Rows are sorted by pseudonym, which is a random number: what came together does not stand together. It also lets the
database walk its index once, from one end to the other, and keeps what is read together near each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

from databeheer.storage.engine import driver


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One sealed profile row, ready to be stored."""

    pseudonym: bytes
    channel: bytes
    day: date
    version: int
    fingerprint: bytes
    values_sealed: bytes | None
    total_sealed: bytes


def ensure_months(engine: Engine, days: Iterable[date]) -> None:
    """Make the partitions of these days.

    In a transaction of its own, before the rows: a new month locks the whole table, and readers would wait until all
    rows are in.
    """
    with engine.begin() as connection:
        for month in sorted({day.replace(day=1) for day in days}):
            connection.execute(text("SELECT metering.ensure_month(:month)"), {"month": month})


def store_rows(engine: Engine, rows: Sequence[SealedRow], batch: int, operator: int) -> None:
    """Write all rows of a batch, or none."""
    ensure_months(engine, (row.day for row in rows))
    ordered = sorted(rows, key=lambda row: (row.pseudonym, row.channel, row.day))
    with engine.begin() as connection, driver(connection).cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(["date", "int2", "int2", "int4", "bytea", "bytea", "bytea", "bytea", "bytea"])
        for row in ordered:
            copy.write_row(
                (
                    row.day,
                    row.version,
                    operator,
                    batch,
                    row.pseudonym,
                    row.channel,
                    row.fingerprint,
                    row.total_sealed,
                    row.values_sealed,
                )
            )


COPY = (
    "COPY metering.profile"
    " (day, version, operator, batch, pseudonym, channel, fingerprint, total_sealed, values_sealed)"
    " FROM STDIN (FORMAT BINARY)"
)
