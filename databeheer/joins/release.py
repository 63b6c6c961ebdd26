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
from databeheer.statistics.rules import Reason, Rules, at_least
from databeheer.statistics.tally import Tally
from databeheer.statistics.windows import window_of
from databeheer.values import Commodity, Direction


@dataclass(frozen=True)
class Amount:
    """What one point offtook or injected in one month on one channel; `value` None where nothing was measured.

    `point` tells the points of one release apart and never leaves, nor does `customer`, whose they are (empty: of
    nobody else's); `missing` counts slots without a value.
    """

    point: str
    commodity: Commodity
    direction: Direction
    unit: str
    month: date
    value: int | None
    missing: int = 0
    customer: str = ""


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
    """One cell of an aggregate. A suppressed one has no value and does not tell of how many points it is.

    Of `points` there are at least so many; `value` is the middle of the stretch of the published scale that the sum
    lies in (`databeheer.statistics.windows`). Asked again when one neighbour came, went or was corrected, an exact
    sum would tell by subtraction what he used.
    """

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
    cells: dict[tuple[Commodity, Direction, str, date], list[Amount]] = defaultdict(list)
    for amount in amounts:
        if amount.value is not None:
            cells[amount.commodity, amount.direction, amount.unit, amount.month].append(amount)
    return [_cell(case, key, found) for key, found in sorted(cells.items())]


def _cell(case: JoinCase, key: tuple[Commodity, Direction, str, date], amounts: list[Amount]) -> Cell:
    by_point: dict[str, int] = defaultdict(int)
    by_customer: dict[str, int] = defaultdict(int)
    for amount in amounts:
        by_point[amount.point] += amount.value or 0
        by_customer[amount.customer or amount.point] += amount.value or 0
    # A point that had nothing to add hides nobody.
    points = sum(1 for value in by_point.values() if value)
    customers = Tally.of(value for value in by_customer.values() if value)
    objection = Rules(case.min_points, case.max_share_percent, leeway_percent=0).objection(customers)
    if points < case.min_points or objection is Reason.FEW:
        return Cell(*key, points=None, value=None, suppressed=Suppressed.TOO_FEW_POINTS)
    if objection is not None:
        return Cell(*key, points=None, value=None, suppressed=Suppressed.DOMINATED)
    told = window_of(customers.total)
    return Cell(*key, points=at_least(points), value=(told.low + told.high) // 2)


def _sum(amounts: list[Amount]) -> int | None:
    values = [amount.value for amount in amounts if amount.value is not None]
    return sum(values) if values else None
