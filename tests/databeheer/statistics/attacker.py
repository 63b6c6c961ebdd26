"""What somebody can work out of published figures: by brute force over one household, and exactly over whole cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from databeheer.statistics.rules import Rules
from databeheer.statistics.suppression import ALL, REST, Cell, Line, Published, publish
from databeheer.statistics.tally import Tally

Households = Mapping[Cell, Sequence[int]]
"""What each household of each cell used in one hour, in Wh."""


def published_of(households: Households, rules: Rules) -> Published:
    """What is published of these households."""
    return publish({cell: Tally.of(values) for cell, values in households.items()}, rules)


def cells_of(line: Line, published: Published, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells that a published line is the sum of, as any reader can tell from the lines themselves."""
    apart = {(one.municipality, one.profile_type) for one in published.lines}
    if line.municipality == ALL:
        return list(cells)
    if line.municipality == REST:
        whole = {one.municipality for one in published.lines if one.profile_type == ALL}
        return [cell for cell in cells if cell not in apart and cell[0] not in whole]
    own = [cell for cell in cells if cell[0] == line.municipality]
    if line.profile_type == ALL:
        return own
    if line.profile_type == REST:
        return [cell for cell in own if cell not in apart]
    return [(line.municipality, line.profile_type)]


def household_is_within(
    households: Households, cell: Cell, number: int, published: Published
) -> tuple[int, int]:
    """Return the least and the most that one household may have used, to who knows all others and all that is shown."""
    least, most = 0, 1 << 60
    for line in published.lines:
        members = cells_of(line, published, list(households))
        if cell not in members:
            continue
        others = sum(sum(households[one]) for one in members) - households[cell][number]
        least, most = max(least, line.window.low - others), min(most, line.window.high - 1 - others)
    return least, most


Row = tuple[tuple[Fraction, ...], Fraction]
"""Coefficients and a bound: their sum with the unknowns is at most the bound."""


def cell_is_within(
    cells: Sequence[Cell], wanted: Cell, published: Published
) -> tuple[Fraction, Fraction | None]:
    """Return the least and the most that a whole cell may be, from all published lines; None: no bound.

    Exact, by eliminating every other cell (Fourier and Motzkin). A window's open end counts as closed, which tells the
    attacker no less than he knows up to one Wh.
    """
    order = [wanted, *(cell for cell in cells if cell != wanted)]
    zero, one = Fraction(0), Fraction(1)
    rows: set[Row] = {
        (tuple(-one if k == place else zero for k in range(len(order))), zero) for place in range(len(order))
    }
    for line in published.lines:
        members = cells_of(line, published, list(cells))
        up = tuple(one if cell in members else zero for cell in order)
        rows.add((up, Fraction(line.window.high)))
        rows.add((tuple(-value for value in up), Fraction(-line.window.low)))
    for place in range(len(order) - 1, 0, -1):
        rows = _without(rows, place)
    least = max(-bound for (coefficient,), bound in rows if coefficient < 0)
    above = [bound for (coefficient,), bound in rows if coefficient > 0]
    return least, min(above) if above else None


def _without(rows: set[Row], place: int) -> set[Row]:
    kept = {(row[:place], bound) for row, bound in rows if not row[place]}
    upper = [(row, bound) for row, bound in rows if row[place] > 0]
    lower = [(row, bound) for row, bound in rows if row[place] < 0]
    for high, high_bound in upper:
        for low, low_bound in lower:
            row = tuple(
                a / high[place] - b / low[place] for a, b in zip(high[:place], low[:place], strict=True)
            )
            bound = high_bound / high[place] - low_bound / low[place]
            scale = max((abs(value) for value in row), default=Fraction(0))
            if scale:
                kept.add((tuple(value / scale for value in row), bound / scale))
    return _tightest(kept)


def _tightest(rows: set[Row]) -> set[Row]:
    found: dict[tuple[Fraction, ...], Fraction] = {}
    for row, bound in rows:
        found[row] = min(bound, found.get(row, bound))
    return set(found.items())
