"""What measures ask: two tests a calendar year, a finding that is solved by an action, a drill with its time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.governance.records import OF_ORGANISATION, ORGANISATION, Act, Opened, listed
from databeheer.door.house import House
from databeheer.errors import ConflictError
from databeheer.oversight import public_services
from databeheer.values import Role, parse_day

TESTS_A_YEAR = 2
_OF_THE_HOUSE = ("measures_test", "measures_file")
_DRILLS = ("restore", "recovery")


def measured(act: Act) -> None:
    """From the first measure on there are tests to hold and a file to keep (R146, R148)."""
    for kind in _OF_THE_HOUSE:
        if clocks.running(act.turn.connection, kind, ORGANISATION) is None:
            clocks.start(act.turn.connection, kind, ORGANISATION, act.turn.now)
            act.extra[OF_ORGANISATION] = str(ORGANISATION)


def check_closure(act: Act) -> None:
    """A drill of closing a public service is one that was held: its minutes are those of the record (R95)."""
    if act.said["what"] != "closure":
        return
    measured = public_services.closures_of(act.turn.connection, parse_day(act.said["held_on"]))
    if not measured:
        raise ConflictError("held_on: no public service was closed and opened again that day")
    if act.said["minutes"] not in measured:
        raise ConflictError(
            f"minutes: as the record has it, closed for {', '.join(map(str, measured))} minutes that day"
        )


def last_closure(house: House, connection: Connection) -> Opened | None:
    """The last drill of closing a public service; None where none was held."""
    held = [
        one
        for one in listed(house, connection, ["measure_test"])
        if one.is_in_force and one.says["what"] == "closure"
    ]
    return max(held, key=lambda one: str(one.says["held_on"]), default=None)


def check_solved(act: Act) -> None:
    """A finding is solved by what was changed for it: an action that is done (R149)."""
    if not any(one.outcome == "done" for one in act.inside(act.record_id, "action")):
        raise ConflictError(
            "a finding is solved once an action in it is done: write the action, and close it"
        )


def check_drill(act: Act) -> None:
    """A plan of recovery rests on an exercise whose time was measured, and that stayed within it (R145, R204)."""
    drill = act.opened(act.said["drill"]).says
    if drill["what"] not in _DRILLS or drill["minutes"] is None:
        raise ConflictError("drill: a test of restoring or recovery, with its measured time")
    if drill["minutes"] > act.said["longest_minutes"]:
        raise ConflictError("drill: took longer than the plan allows; change the plan, or practise again")


def unsolved(act: Act, test_id: UUID) -> list[Opened]:
    """The findings of a test that nobody solved."""
    return [one for one in act.inside(test_id, "finding") if one.closed_at is None]


def tests_by_year(
    house: House, connection: Connection, now: datetime
) -> list[tuple[str, UUID | None, int, int, bool]]:
    """For the house and each grid operator: name, party, year, number of tests, and whether that is too few (R146).

    From the year of the first measure, or of the first test, to this one. A year that lasts is not too few yet.
    """
    this_year = day_of(now).year
    measures = listed(house, connection, ["measure"])
    held = Counter[tuple[UUID | None, int]]()
    for test in listed(house, connection, ["measure_test"]):
        held[test.party_id, parse_day(test.says["held_on"]).year] += 1
    whose = [
        ("", None),
        *((row.name, row.party_id) for row in connection.execute(_GRID_OPERATORS, {"role": Role.DSO})),
    ]
    began = min(
        [day_of(one.opened_at).year for one in measures] + [year for _, year in held], default=this_year
    )
    return [
        (name, party_id, year, held[party_id, year], held[party_id, year] < TESTS_A_YEAR and year < this_year)
        for name, party_id in whose
        for year in range(this_year, began - 1, -1)
    ]


_GRID_OPERATORS = text("SELECT party_id, name FROM registry.party WHERE role = :role ORDER BY name")
