"""Days of every kind for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from databeheer.metering.profile import LARGEST_VALUE, SLOT_COUNTS, DayProfile
from databeheer.metering.states import MARKS


@st.composite
def profiles(draw, largest=LARGEST_VALUE):
    minutes = draw(st.sampled_from([15, 60]))
    count = draw(st.sampled_from(SLOT_COUNTS[minutes]))
    marks = draw(st.lists(st.sampled_from(sorted(MARKS)), min_size=1, max_size=8))
    parts = [MARKS[marks[slot * len(marks) // count]] for slot in range(count)]
    amounts = draw(st.lists(st.integers(0, largest), min_size=count, max_size=count))
    conversions = tuple(part.conversion for part in parts)
    return DayProfile(
        minutes,
        tuple(a if part.state.has_value else None for a, part in zip(amounts, parts, strict=True)),
        tuple(part.state for part in parts),
        tuple(part.register for part in parts),
        conversions if any(conversions) else None,
    )
