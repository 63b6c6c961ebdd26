"""The lines behind an audit's counts: what each opened entry says that was read, refused or looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from databeheer.oversight import tallies
from databeheer.oversight.audited import Audited

COUNTED = ("data.read", "data.refused", "join.run", "join.refused", "audit.opened")
BULK = "data.asked"
"""The event of an entry about many: what came of each stands in the house's half, as a tally."""


@dataclass(frozen=True)
class Line:
    """One thing that an entry counts for, `times` times. `ground`: of a refusal, its reason.

    `party` is empty where a customer, staff or an inspector did it. `operators` are the grid operators whose business
    it was, none where the entry names no single one. `at` and `asked` are UTC instants as the entry spells them.
    """

    index: int
    at: str
    event: str
    ground: str
    party: str
    operators: frozenset[int]
    times: int
    granularity: str = ""
    asked: tuple[str, str] | None = None


def lines_of(entry: Audited) -> Iterator[Line]:
    """Say what an entry counts for; of a read in bulk, one line for each event, ground and grid operator.

    Raises:
        MalformedRequestError, ValueError: the entry says it in no form of ours.
    """
    shared = entry.shared or {}

    def line(event: str, ground: str, operators: frozenset[int], times: int) -> Line:
        asked = shared.get("asked")
        return Line(
            entry.index,
            str(shared.get("at", "")),
            event,
            ground,
            str(shared.get("party", "")),
            operators - {0},
            times,
            str(shared.get("granularity", "")),
            (str(asked[0]), str(asked[1])) if isinstance(asked, list) and len(asked) > 1 else None,
        )

    if entry.event == BULK and entry.house is not None:
        for event, ground, operator, times in tallies.rows_of(entry.house):
            yield line(event, ground, frozenset({operator}), times)
    elif entry.event in COUNTED:
        own = {said.get("operator") for said in entry.subjects.values()}
        operators = frozenset(int(one) for one in (own | {shared.get("operator")}) if one is not None)
        yield line(entry.event, str(shared.get("ground", "")), operators, int(shared.get("points", 1)))
