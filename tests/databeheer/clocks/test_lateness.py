"""A clock that was missed and met after all says how late, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from databeheer.clocks import missed_nl, shipped
from databeheer.sentences import lasting_nl
from databeheer.values import format_instant

DUE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (timedelta(seconds=59), "minder dan een minuut"),
        (timedelta(minutes=1), "1 minuut"),
        (timedelta(hours=1, minutes=45), "1 uur 45 minuten"),
        (timedelta(days=1), "1 dag"),
        (timedelta(days=2, hours=3, minutes=5), "2 dagen 3 uur"),
        (timedelta(days=2, minutes=5), "2 dagen 5 minuten"),
    ],
)
def test_how_late_in_words(late: timedelta, words: str) -> None:
    assert lasting_nl(late) == words


def test_a_miss_that_was_made_good_since_does_not_say_that_it_waits() -> None:
    said = {"clock": "port_forwarding", "due": format_instant(DUE), "met": ""}
    kind = shipped().get("port_forwarding")
    assert missed_nl(said, None) == f"{kind.task_nl} {kind.missed_nl}"
    late = DUE + timedelta(hours=1, minutes=45)
    done = f"{kind.task_nl} Gedaan, 1 uur 45 minuten te laat."
    assert missed_nl(said, late) == done
    assert missed_nl(said | {"met": format_instant(late)}, None) == done
