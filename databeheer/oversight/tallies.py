"""The tally of a read in bulk, held against how many were asked and against what its opened leaves tell.

The house's half says how often which event came, on which ground, at whose points: one for each that was asked
(docs/reference/ledger.md, 2.1). Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from databeheer.errors import MalformedRequestError
from databeheer.oversight.audited import Audited

READ, REFUSED = "data.read", "data.refused"

Row = tuple[str, str, int, int]
"""Event, ground, grid operator, how often."""


def rows_of(house: Mapping[str, Any]) -> list[Row]:
    """The tally of a house's half.

    Raises:
        MalformedRequestError: it is in no form of ours.
    """
    tally = house.get("tally")
    if not isinstance(tally, list):
        raise MalformedRequestError("a tally is a list")
    for row in tally:
        if (
            not isinstance(row, list)
            or [type(member) for member in row] != [str, str, int, int]
            or row[0] not in (READ, REFUSED)
            or row[3] < 1
        ):
            raise MalformedRequestError("a tally counts reads and refusals, each once at least")
    return [(event, ground, operator, times) for event, ground, operator, times in tally]


def untold_of(house: Mapping[str, Any]) -> int:
    """How many it counts that no leaf tells of, because the ledger of whom they concern was erased before.

    Raises:
        MalformedRequestError: it says so in no form of ours.
    """
    untold = house.get("untold", 0)
    if type(untold) is not int or untold < 0:
        raise MalformedRequestError("how many are told to nobody is a count")
    return untold


def each(entry: Audited) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What an entry says to each subject; where it tells one of several reads, each of them."""
    for subject, own in entry.subjects.items():
        yield subject, own
        for also in own.get("also", ()):
            yield subject, {**own, **also}


def contradicts(entry: Audited, gone: int) -> bool:
    """Whether the tally of a read in bulk is not of what was asked, or not what the leaves tell.

    `gone` is how many of its leaves were erased since: of how many reads those told nobody knows any more, so
    then only what the others tell is held against it.

    Raises:
        MalformedRequestError: the house's half is in no form of ours.
    """
    house, shared = entry.house or {}, entry.shared or {}
    rows, untold = rows_of(house), untold_of(house)
    points = shared.get("points", 1)
    reads = Counter({(row[1], row[2]): 0 for row in rows})
    for event, ground, operator, times in rows:
        reads[ground, operator] += times if event == READ else 0
    if sum(row[3] for row in rows) != points or untold > reads.total():
        return True
    told = Counter[tuple[str, int]]()
    reads_of, all_of = Counter[str](), Counter[str]()
    for subject, own in each(entry):
        all_of[subject] += 1
        if own["event"] == READ:
            reads_of[subject] += 1
            told[own["ground"], own["operator"]] += 1
    # One read tells each stay once at most: what one of them was told is no more than there was.
    if _most(reads_of) > reads.total() or _most(all_of) > points:
        return True
    return not gone and (reads - told).total() > untold


def _most(counted: Counter[str]) -> int:
    return max(counted.values(), default=0)
