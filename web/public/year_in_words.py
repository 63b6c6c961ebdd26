"""The cost of a year of Flanders in rows that a visitor reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from web import saying
from web.public.flanders import Cost, Estimate

_HOUR = 3600


@dataclass(frozen=True)
class YearRow:
    """One thing that a year costs, in both cases."""

    name: str
    alone: str
    in_bulk: str


def year_rows(year: Estimate | None) -> tuple[YearRow, ...]:
    """Return the rows; none without an estimate. What was not measured has no row."""
    if year is None:
        return ()
    shown: list[tuple[str, Callable[[Cost], str]]] = [
        ("Regels", lambda cost: saying.count(cost.entries)),
        ("Gemiddeld per seconde", lambda cost: tenths(cost.entries_per_second)),
        ("Het openbare logboek", lambda cost: gigabytes(cost.log_bytes)),
        ("De databank", lambda cost: gigabytes(cost.database_bytes or 0)),
        ("Alles narekenen (--full), vanaf nul", lambda cost: duration(cost.verify_seconds)),
    ]
    if year.alone.database_bytes is None:
        del shown[3]
    return tuple(YearRow(name, show(year.alone), show(year.in_bulk)) for name, show in shown)


def tenths(value: float) -> str:
    """`1,3`: rounded, as the documentation rounds them too."""
    return saying.thousandths(round(value * 10) * 100, 1)


def gigabytes(size: int) -> str:
    """`47,7 GB`; less than one in megabytes."""
    if size < 10**9:
        return f"{saying.count(max(1, round(size / 10**6)))} MB"
    return f"{tenths(size / 10**9)} GB"


def duration(seconds: int) -> str:
    """`2,3 uur`; below two hours in minutes; rounded, but never to nothing."""
    if seconds < 2 * _HOUR:
        minutes = max(1, (seconds + 30) // 60)
        return f"{saying.count(minutes)} {'minuut' if minutes == 1 else 'minuten'}"
    return f"{tenths(seconds / _HOUR)} uur"
