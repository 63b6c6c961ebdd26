"""The engine on real PostgreSQL: started, met and dropped once, counted once; and what nobody may change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, exc, text

from databeheer import clocks
from databeheer.clocks import Actor, Figures, UnknownClockError
from databeheer.clocks.engine import _UNRECORDED
from databeheer.storage.engine import make_engine
from tests.databases import Database

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = T0 + timedelta(days=3650)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = make_engine(database.url("door"), pool_size=2)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction as the door, undone at the end."""
    with engine.connect() as connection:
        yield connection


def only(found: list[Figures]) -> Figures:
    (one,) = found
    return one


def test_a_clock_that_is_met_in_time_is_kept(connection: Connection) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    assert due == T0 + 24 * HOUR
    outcome = clocks.meet(connection, "port_execution", about, due - timedelta(microseconds=1))
    assert outcome is not None
    assert outcome.is_in_time
    assert not outcome.late
    figures = only(clocks.figures(connection, T0, LONG))
    assert (figures.kept, figures.missed, figures.dropped, figures.open) == (1, 0, 0, 0)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), 30 * HOUR])
def test_one_that_is_met_late_counts_as_missed_with_how_late(connection: Connection, late: timedelta) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    outcome = clocks.meet(connection, "port_execution", about, due + late)
    assert outcome is not None
    assert (outcome.is_in_time, outcome.late) == (False, late)
    figures = only(clocks.figures(connection, T0, LONG))
    assert (figures.kept, figures.missed, figures.met_late, figures.longest_late) == (0, 1, 1, late)


def test_one_that_nobody_meets_is_due_and_missed(connection: Connection) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    assert clocks.due(connection, due - timedelta(microseconds=1)) == []
    (clock,) = clocks.due(connection, due)
    assert (clock.kind, clock.about, clock.due_at) == ("port_execution", about, due)
    figures = only(clocks.figures(connection, T0, due + HOUR))
    assert (figures.missed, figures.met_late, figures.open) == (1, 0, 0)


def test_dropping_it_too_late_hides_no_miss(connection: Connection) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    clocks.drop(connection, "port_execution", about, due)
    assert clocks.due(connection, due) == []
    assert [clock.about for clock in clocks.unrecorded(connection, due)] == [about]
    figures = only(clocks.figures(connection, T0, LONG))
    assert (figures.missed, figures.dropped) == (1, 0)


def test_dropped_in_time_it_counts_neither_way(connection: Connection) -> None:
    about = uuid4()
    clocks.start(connection, "port_execution", about, T0)
    clocks.drop(connection, "port_execution", about, T0 + HOUR)
    assert clocks.unrecorded(connection, LONG) == []
    figures = only(clocks.figures(connection, T0, LONG))
    assert (figures.kept, figures.missed, figures.dropped) == (0, 0, 1)


def test_starting_twice_stretches_no_term(connection: Connection) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    assert clocks.start(connection, "port_execution", about, T0 + 5 * HOUR) == due
    clocks.meet(connection, "port_execution", about, T0 + 6 * HOUR)
    assert clocks.start(connection, "port_execution", about, T0 + 7 * HOUR) == T0 + 31 * HOUR


def test_it_ends_once(connection: Connection) -> None:
    about = uuid4()
    clocks.start(connection, "port_execution", about, T0)
    assert clocks.meet(connection, "port_execution", about, T0 + HOUR) is not None
    assert clocks.meet(connection, "port_execution", about, T0 + 2 * HOUR) is None
    assert clocks.drop(connection, "port_execution", about, T0 + 2 * HOUR) is None
    assert only(clocks.figures(connection, T0, LONG)).kept == 1


def test_what_never_ran_is_met_by_nobody(connection: Connection) -> None:
    assert clocks.meet(connection, "port_execution", uuid4(), T0) is None
    assert clocks.drop(connection, "port_execution", uuid4(), T0) is None


def test_two_kinds_about_the_same_run_apart(connection: Connection) -> None:
    about = uuid4()
    clocks.start(connection, "port_forwarding", about, T0)
    clocks.start(connection, "port_execution", about, T0)
    clocks.meet(connection, "port_forwarding", about, T0 + timedelta(minutes=1))
    assert [clock.kind for clock in clocks.coming(connection, T0, LONG)] == ["port_execution"]


def test_the_due_list_is_by_moment_and_can_be_of_one_kind(connection: Connection) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    clocks.start(connection, "port_execution", second, T0 + HOUR)
    clocks.start(connection, "port_execution", first, T0)
    clocks.start(connection, "breach_notice", third, T0)
    assert [clock.about for clock in clocks.due(connection, LONG)] == [first, second, third]
    assert [clock.about for clock in clocks.due(connection, LONG, kind="breach_notice")] == [third]
    assert [clock.about for clock in clocks.due(connection, LONG, limit=1)] == [first]
    assert [clock.about for clock in clocks.coming(connection, T0, T0 + 25 * HOUR)] == [first]


@pytest.mark.parametrize("kind", ["", "coffee_break", "PORT_EXECUTION"])
def test_a_kind_that_is_not_in_the_catalogue_is_refused(connection: Connection, kind: str) -> None:
    with pytest.raises(UnknownClockError):
        clocks.start(connection, kind, uuid4(), T0)
    with pytest.raises(UnknownClockError):
        clocks.meet(connection, kind, uuid4(), T0)
    with pytest.raises(UnknownClockError):
        clocks.drop(connection, kind, uuid4(), T0)


def test_nobody_gives_a_due_moment_to_a_kind_that_has_a_term(connection: Connection) -> None:
    with pytest.raises(ValueError, match="catalogue"):
        clocks.start(connection, "port_execution", uuid4(), T0, due_at=LONG)


def test_a_kind_whose_term_is_set_elsewhere_is_given_its_due_moment(connection: Connection) -> None:
    with pytest.raises(ValueError, match="mandate_days"):
        clocks.start(connection, "mandate_sample", uuid4(), T0)
    with pytest.raises(ValueError, match="before it starts"):
        clocks.start(connection, "mandate_sample", uuid4(), T0, due_at=T0 - HOUR)
    assert clocks.start(connection, "mandate_sample", uuid4(), T0, due_at=LONG) == LONG


def test_a_miss_is_recorded_once(connection: Connection) -> None:
    clocks.start(connection, "port_execution", uuid4(), T0)
    (clock,) = clocks.unrecorded(connection, LONG)
    clocks.was_missed(connection, clock, 7)
    assert clocks.unrecorded(connection, LONG) == []
    with pytest.raises(RuntimeError):
        clocks.was_missed(connection, clock, 8)


def test_a_clock_that_was_met_late_before_anybody_looked_is_recorded_too(connection: Connection) -> None:
    about = uuid4()
    due = clocks.start(connection, "port_execution", about, T0)
    clocks.meet(connection, "port_execution", about, due + HOUR)
    assert [clock.about for clock in clocks.unrecorded(connection, due + 2 * HOUR)] == [about]


def test_looking_for_misses_does_not_pass_what_was_kept(database: Database, engine: Engine) -> None:
    """However many clocks were ever kept: they are not in the index that is looked through."""
    owner = make_engine(database.url("owner"), pool_size=1)
    with owner.begin() as connection:
        connection.execute(_KEPT, {"now": T0, "due": T0 + HOUR})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE clocks.clock"))
    owner.dispose()
    with engine.begin() as connection:
        clocks.start(connection, "port_execution", uuid4(), T0)
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            row[0]
            for row in connection.execute(
                text("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) " + str(_UNRECORDED)),
                {"now": LONG, "limit": 500},
            )
        )
        assert len(clocks.unrecorded(connection, LONG)) == 1
    assert "clock_unrecorded" in plan
    assert "Rows Removed by Filter" not in plan


_KEPT = text(
    "INSERT INTO clocks.clock (kind, about, started_at, started_size, due_at, met_at, ended_size)"
    " SELECT 'port_execution', gen_random_uuid(), :now, 0, :due, :now, 0 FROM generate_series(1, 5000)"
)


@pytest.mark.parametrize("role", ["door", "owner"])
@pytest.mark.parametrize(
    "change",
    [
        "met_at = met_at + interval '1 hour'",
        "met_at = NULL, ended_size = NULL",
        "missed_index = 9",
        "missed_index = NULL",
    ],
)
def test_what_was_said_of_a_clock_cannot_be_unsaid(
    database: Database, engine: Engine, role: str, change: str
) -> None:
    about = uuid4()
    with engine.begin() as connection:
        due = clocks.start(connection, "port_execution", about, T0)
        clocks.meet(connection, "port_execution", about, due + HOUR)
        clocks.was_missed(connection, clocks.unrecorded(connection, LONG)[0], 8)
    other = make_engine(database.url(role), pool_size=1)
    with pytest.raises(exc.IntegrityError), other.begin() as connection:
        connection.execute(text(f"UPDATE clocks.clock SET {change}"))
    other.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM clocks.clock",
        "TRUNCATE clocks.clock",
        "UPDATE clocks.clock SET due_at = due_at",
        "UPDATE clocks.clock SET started_at = started_at",
        "UPDATE clocks.clock SET kind = 'breach_notice'",
    ],
)
def test_the_door_neither_deletes_a_clock_nor_moves_its_moments(engine: Engine, statement: str) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(statement))


def test_what_the_callers_transaction_undoes_never_ran(engine: Engine) -> None:
    with suppress(ZeroDivisionError), engine.begin() as connection:
        clocks.start(connection, "port_execution", uuid4(), T0)
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert clocks.coming(connection, T0, LONG) == []


SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11))


def test_what_ended_in_a_month_and_was_written_down_after_it_changes_that_month_alone(
    connection: Connection,
) -> None:
    """A permission ended in September; the clerk was away until October."""
    about, end, back = uuid4(), SEPTEMBER + 24 * 24 * HOUR, OCTOBER + 100 * HOUR
    clocks.start(connection, "reminder", about, T0, due_at=OCTOBER + 50 * HOUR)

    def told(since: datetime, until: datetime) -> tuple[int, ...]:
        found = only(clocks.figures(connection, since, until))
        return found.missed, found.dropped, found.open, found.written_later

    assert told(SEPTEMBER, OCTOBER) == (0, 0, 1, 0)
    assert told(OCTOBER, back) == (1, 0, 0, 0)  # as far as anybody knew
    clocks.drop(connection, "reminder", about, end, written_at=back)
    assert told(SEPTEMBER, OCTOBER) == (0, 1, 0, 1)
    assert told(OCTOBER, back) == (0, 0, 0, 1)
    assert clocks.figures(connection, OCTOBER, NOVEMBER) == []
    assert told(datetime(2026, 8, 1, tzinfo=UTC), SEPTEMBER) == (0, 0, 1, 0)


def test_what_was_started_too_late_to_be_met_is_missed_in_its_own_month_and_that_says_so(
    connection: Connection,
) -> None:
    about, back = uuid4(), OCTOBER + 100 * HOUR
    clocks.start(connection, "port_execution", about, SEPTEMBER, written_at=back)
    september = only(clocks.figures(connection, SEPTEMBER, OCTOBER))
    assert (september.missed, september.written_later) == (1, 1)
    assert clocks.figures(connection, OCTOBER, NOVEMBER) == []


def test_what_is_written_down_as_it_happens_is_not_later(connection: Connection) -> None:
    about = uuid4()
    clocks.start(connection, "port_execution", about, SEPTEMBER, written_at=SEPTEMBER)
    clocks.meet(connection, "port_execution", about, SEPTEMBER + HOUR, written_at=SEPTEMBER + HOUR)
    assert only(clocks.figures(connection, SEPTEMBER, OCTOBER)).written_later == 0


def test_the_lists_can_be_of_one_actor(connection: Connection) -> None:
    clocks.start(connection, "port_execution", uuid4(), T0)
    clocks.start(connection, "doubt_contact", uuid4(), T0)
    for actor, kinds in (
        (Actor.GRID_OPERATOR, ["port_execution"]),
        (Actor.DATA_MANAGER, ["doubt_contact"]),
        (Actor.PARTY, []),
    ):
        assert [one.kind for one in clocks.due(connection, LONG, actor=actor)] == kinds
        assert [one.kind for one in clocks.coming(connection, T0, LONG, actor=actor)] == kinds


# ---- against a naive model -----------------------------------------------------------------------------------------

KINDS = ("port_execution", "breach_notice", "doubt_contact")
STEP = st.tuples(
    st.sampled_from(["start", "meet", "drop"]), st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 40)
)


@dataclass
class Naive:
    """One clock, and what it says of a period, by looking at every moment of it."""

    kind: str
    about: UUID
    started: datetime
    due: datetime
    met: datetime | None = None
    dropped: datetime | None = None

    def decided(self, until: datetime) -> tuple[str, datetime]:
        """What had become of it before `until`, and when."""
        ended = self.met or self.dropped
        if ended is not None and ended < min(self.due, until):
            return ("kept" if self.met else "dropped"), ended
        return ("missed", self.due) if self.due < until else ("open", until)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=14), st.integers(0, 300), st.integers(0, 300))
def test_every_clock_counts_once_where_it_was_decided(
    engine: Engine, steps: list[tuple[str, str, int, int]], one: int, other: int
) -> None:
    things, model, now = [uuid4() for _ in range(3)], list[Naive](), T0
    with engine.connect() as connection:
        for act, kind, number, pause in steps:
            now += pause * HOUR
            about = things[number]
            running = next(
                (c for c in model if (c.kind, c.about) == (kind, about) and not (c.met or c.dropped)), None
            )
            if act == "start":
                due = clocks.start(connection, kind, about, now)
                if running is None:
                    model.append(Naive(kind, about, now, due))
            elif act == "meet":
                assert (clocks.meet(connection, kind, about, now) is None) is (running is None)
                if running is not None:
                    running.met = now
            else:
                assert (clocks.drop(connection, kind, about, now) is None) is (running is None)
                if running is not None:
                    running.dropped = now
        since, until = sorted((T0 + one * HOUR, T0 + other * HOUR))
        told = {
            (f.kind, name): getattr(f, name)
            for f in clocks.figures(connection, since, until)
            for name in NAMES
        }
        for kind in KINDS:
            for name in NAMES:
                expected = sum(
                    clock.kind == kind
                    and clock.started < until
                    and clock.decided(until)[0] == name
                    and (name == "open" or clock.decided(until)[1] >= since)
                    for clock in model
                )
                assert told.get((kind, name), 0) == expected, (kind, name)
        overdue = sorted(
            clock.due for clock in model if not (clock.met or clock.dropped) and clock.due <= now
        )
        assert [clock.due_at for clock in clocks.due(connection, now)] == overdue


NAMES = ("kept", "missed", "dropped", "open")
