"""What leaves of a join: rows under the release's own pseudonyms, or sums in which nobody can be seen.

Energy in thousandths of the unit; months by the first day of a Brussels month. Pure: the door opens, this adds.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from databeheer.joins.cases import JoinCase
from databeheer.values import Commodity, Direction

ROUNDING = 1000
"""Sums are rounded to the whole unit: two releases must not differ by one neighbour's last watt-hour."""


@dataclass(frozen=True)
class Amount:
    """What one point offtook or injected in one month on one channel; `value` None where nothing was measured.

    `point` tells the points of one release apart and never leaves; `missing` counts slots without a value.
    """

    point: str
    commodity: Commodity
    direction: Direction
    unit: str
    month: date
    value: int | None
    missing: int = 0


class Suppressed(enum.StrEnum):
    """Why a cell of an aggregate is not shown."""

    TOO_FEW_POINTS = "too_few_points"
    DOMINATED = "dominated"


@dataclass(frozen=True)
class PointRow:
    """One row of a release of points, under a pseudonym that only this release knows."""

    pseudonym: str
    commodity: Commodity
    direction: Direction
    unit: str
    month: date
    value: int | None
    missing: int


@dataclass(frozen=True)
class Cell:
    """One cell of an aggregate. A suppressed one has no value and does not tell of how many points it is."""

    commodity: Commodity
    direction: Direction
    unit: str
    month: date
    points: int | None
    value: int | None
    suppressed: Suppressed | None = None


def point_rows(amounts: Iterable[Amount]) -> list[PointRow]:
    """Rows per point, channel unit and month; `point` of the amounts is the release's pseudonym.

    In the order of the pseudonyms, which says nothing of the order in which points were named.
    """
    sums: dict[tuple[str, Commodity, Direction, str, date], list[Amount]] = defaultdict(list)
    for amount in amounts:
        sums[amount.point, amount.commodity, amount.direction, amount.unit, amount.month].append(amount)
    return [
        PointRow(*key, value=_sum(found), missing=sum(amount.missing for amount in found))
        for key, found in sorted(sums.items())
    ]


def aggregate_cells(case: JoinCase, amounts: Iterable[Amount]) -> list[Cell]:
    """Sums per commodity, direction, unit and month; small and dominated cells are suppressed.

    Cells do not overlap and no totals over them are given, so a suppressed one cannot be computed from others.
    """
    cells: dict[tuple[Commodity, Direction, str, date], dict[str, int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for amount in amounts:
        if amount.value is not None:
            cells[amount.commodity, amount.direction, amount.unit, amount.month][amount.point] += amount.value
    return [_cell(case, key, by_point) for key, by_point in sorted(cells.items())]


def _cell(case: JoinCase, key: tuple[Commodity, Direction, str, date], by_point: dict[str, int]) -> Cell:
    # A point that had nothing to add hides nobody.
    counted = [value for value in by_point.values() if value]
    total = sum(counted)
    if len(counted) < case.min_points:
        return Cell(*key, points=None, value=None, suppressed=Suppressed.TOO_FEW_POINTS)
    if max(counted) * 100 > total * case.max_share_percent:
        return Cell(*key, points=None, value=None, suppressed=Suppressed.DOMINATED)
    rounded = (total + ROUNDING // 2) // ROUNDING * ROUNDING
    return Cell(*key, points=len(counted), value=rounded)


def _sum(amounts: list[Amount]) -> int | None:
    values = [amount.value for amount in amounts if amount.value is not None]
    return sum(values) if values else None
