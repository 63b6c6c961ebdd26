"""What registers showed at the midnights of a day: its bytes, one by one and many at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.profile import DayProfile, ProfileError
from databeheer.metering.register_readings import (
    SIZE,
    RegisterReading,
    RegisterReadings,
    pack_reading_rows,
    pack_readings,
    unpack_readings,
)
from databeheer.metering.states import Register, State
from databeheer.metering.totals import SIZE as TOTAL_SIZE
from databeheer.metering.totals import DayTotal, pack_total, total_of, unpack_total
from tests.counts import few
from tests.databeheer.metering.strategies import profiles

NUMBERS = st.integers(0, 10**15)
ONE = RegisterReadings((RegisterReading(Register.TOTAL, 4_310_000, 4_321_520),), 6)
TWO = RegisterReadings((RegisterReading(Register.DAY, 1, None), RegisterReading(Register.NIGHT, None, 0)))


def one_of(register: Register) -> st.SearchStrategy[RegisterReading]:
    pairs = st.tuples(st.none() | NUMBERS, st.none() | NUMBERS).filter(lambda pair: pair != (None, None))
    return pairs.map(lambda pair: RegisterReading(register, *pair))


ANY = st.builds(
    RegisterReadings,
    st.one_of(
        st.tuples(one_of(Register.TOTAL)),
        st.tuples(one_of(Register.REACTIVE)),
        st.tuples(one_of(Register.DAY), one_of(Register.NIGHT)),
        st.tuples(one_of(Register.NIGHT)),
    ),
    st.none() | st.integers(1, 12),
)


@few
@given(ANY)
def test_readings_come_back_as_they_were(readings: RegisterReadings) -> None:
    data = pack_readings(readings)
    assert len(data) == SIZE
    assert unpack_readings(data) == readings


@few
@given(st.lists(ANY, min_size=1, max_size=8))
def test_many_at_once_are_the_same_bytes(many: list[RegisterReadings]) -> None:
    columns: dict[Register, tuple[list[int], list[int]]] = {register: ([], []) for register in Register}
    for readings in many:
        known = {one.register: one for one in readings.registers}
        for register, (begins, ends) in columns.items():
            one = known.get(register)
            begins.append(-1 if one is None or one.begin is None else one.begin)
            ends.append(-1 if one is None or one.end is None else one.end)
    digits = np.array([readings.digits or 0 for readings in many])
    data, has = pack_reading_rows(
        digits, {register: (np.array(b), np.array(e)) for register, (b, e) in columns.items()}
    )
    assert has.all()
    assert [row.tobytes() for row in data] == [pack_readings(readings) for readings in many]


def test_a_row_without_any_is_empty() -> None:
    nothing = np.array([-1])
    data, has = pack_reading_rows(np.array([6]), {Register.TOTAL: (nothing, nothing)})
    assert not has.any()
    assert not data.any()


@pytest.mark.parametrize(
    "readings",
    [
        RegisterReadings(()),
        RegisterReadings((RegisterReading(Register.TOTAL, None, None),)),
        RegisterReadings((RegisterReading(Register.TOTAL, -1, 1),)),
        RegisterReadings((RegisterReading(Register.TOTAL, 2**56 - 1, 1),)),
        RegisterReadings((RegisterReading(Register.NIGHT, 1, 1), RegisterReading(Register.DAY, 1, 1))),
        RegisterReadings((RegisterReading(Register.DAY, 1, 1),) * 2),
        RegisterReadings(ONE.registers, 0),
        RegisterReadings(ONE.registers, 13),
        RegisterReadings((*TWO.registers, RegisterReading(Register.REACTIVE, 1, 1))),
    ],
)
def test_what_no_meter_shows_is_not_written(readings: RegisterReadings) -> None:
    with pytest.raises(ProfileError):
        pack_readings(readings)


@pytest.mark.parametrize("readings", [ONE, TWO])
def test_other_bytes_are_refused(readings: RegisterReadings) -> None:
    data = pack_readings(readings)
    wrong = [data[:-1], data + b"\0", b"", bytes(SIZE), b"\3" + data[1:], bytes((3 - data[0],)) + data[1:]]
    wrong += [data[:1] + b"\x0d" + data[2:], data[:2] + b"\0" + data[3:], data[:2] + b"\7" + data[3:]]
    for one in wrong:
        with pytest.raises(ProfileError):
            unpack_readings(one)


@few
@given(profiles(largest=10**9), ANY)
def test_they_stand_behind_the_totals_of_their_day_and_change_nothing_of_those(
    day: DayProfile, readings: RegisterReadings
) -> None:
    total = total_of(day)
    both = replace(total, readings=readings)
    data = pack_total(both)
    assert data == pack_total(total) + pack_readings(readings)
    assert unpack_total(data) == both
    assert unpack_total(data[:-SIZE]) == total


def test_totals_are_one_size_longer_with_them_whatever_was_read() -> None:
    total = DayTotal(1440, 1, 1, ((Register.TOTAL, 5),), ((State.READ, 1),))
    sizes = {len(pack_total(replace(total, readings=readings))) for readings in (ONE, TWO)}
    assert sizes == {TOTAL_SIZE + SIZE}
