"""What of one hour is shown: cells that have no household in common, each of which may be shown by itself.

A cell is one municipality and one profile type. Where some cells of a municipality may not be shown, they are put
together, with the smallest of the others as long as need be, and shown as one: the rest. So every total is a sum of
cells that are shown, and tells nothing that they do not. Where even all of them together may not be shown, the
municipality has no total: those that may be shown are, and what is left goes to the rest of the area. The area has a
total where its rest may be shown, or is nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from databeheer.statistics.rules import Reason, Rules, at_least
from databeheer.statistics.tally import Tally, together
from databeheer.statistics.windows import Window, sum_of, window_of

ALL = "all"
REST = "rest"

Cell = tuple[str, str]
"""A municipality, by its NIS code, and a profile type."""


@dataclass(frozen=True, slots=True)
class Line:
    """One published figure. `municipality` and `profile_type` may be ALL (a total) or REST (what is not apart).

    `households` is how many there are at least.
    """

    municipality: str
    profile_type: str
    households: int
    window: Window


@dataclass(frozen=True)
class Published:
    """What is shown of one hour, totals after what they are of; how many cells are withheld for which reason."""

    lines: tuple[Line, ...]
    cells: int
    withheld: Counter[Reason]


def publish(cells: Mapping[Cell, Tally], rules: Rules) -> Published:
    """Return what may be shown of the cells of one hour and direction. Total and deterministic."""
    lines: list[Line] = []
    withheld: Counter[Reason] = Counter()
    left_over: list[Tally] = []
    for municipality, by_type in sorted(_by_municipality(cells).items()):
        own, left, reasons = _of_municipality(municipality, by_type, rules)
        lines += own
        left_over += left
        withheld.update(reasons)
    rest = together(left_over)
    if left_over and rules.objection(rest) is None:
        lines.append(_line(REST, REST, rest))
    if lines and (not left_over or lines[-1].municipality == REST):
        lines.append(_total(ALL, (line for line in lines if line.profile_type != ALL)))
    return Published(tuple(lines), len(cells), withheld)


def _by_municipality(cells: Mapping[Cell, Tally]) -> dict[str, dict[str, Tally]]:
    found: dict[str, dict[str, Tally]] = defaultdict(dict)
    for (municipality, profile_type), tally in cells.items():
        found[municipality][profile_type] = tally
    return found


def _of_municipality(
    municipality: str, by_type: Mapping[str, Tally], rules: Rules
) -> tuple[list[Line], list[Tally], list[Reason]]:
    """Return the lines of a municipality, the cells that are left over, and why cells are not shown."""
    objections = {name: rules.objection(tally) for name, tally in by_type.items()}
    unsafe = {name for name, reason in objections.items() if reason is not None}
    gathered = _gather(by_type, unsafe, rules)
    hidden = unsafe if gathered is None else gathered
    reasons = [objections[name] or Reason.COMPLEMENTARY for name in hidden]
    lines = [_line(municipality, name, by_type[name]) for name in sorted(by_type.keys() - hidden)]
    if gathered is None:
        return lines, [by_type[name] for name in hidden], reasons
    if hidden:
        lines.append(_line(municipality, REST, together(by_type[name] for name in hidden)))
    return [*lines, _total(municipality, lines)], [], reasons


def _gather(tallies: Mapping[str, Tally], unsafe: set[str], rules: Rules) -> set[str] | None:
    """Return which cells are put together so that they may be shown as one; None where not even all may be.

    Those that follow are chosen by how many households they have, never by what those used.
    """
    hidden = set(unsafe)
    others = sorted(tallies.keys() - hidden, key=lambda name: (tallies[name].households, name), reverse=True)
    while hidden and rules.objection(together(tallies[name] for name in hidden)) is not None:
        if not others:
            return None
        hidden.add(others.pop())
    return hidden


def _line(municipality: str, profile_type: str, tally: Tally) -> Line:
    return Line(municipality, profile_type, at_least(tally.households), window_of(tally.total))


def _total(municipality: str, parts: Iterable[Line]) -> Line:
    """A total, from nothing but what is shown of its parts."""
    found = list(parts)
    households = at_least(sum(line.households for line in found))
    return Line(municipality, ALL, households, sum_of(line.window for line in found))
