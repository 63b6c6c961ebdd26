"""The bar: for a person at a terminal, and for nobody else."""

from __future__ import annotations

import io

from ledger.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    moment = 100.0

    def __call__(self) -> float:
        return self.moment


def test_a_terminal_shows_how_far_it_is_and_how_long_it_takes_yet() -> None:
    terminal, clock = Terminal(), Clock()
    with progress_bar(True, terminal, clock) as tell:
        assert tell is not None
        tell(0, 1_000_000)
        clock.moment += 1
        tell(10_000, 1_000_000)
        clock.moment += 0.01
        tell(20_000, 1_000_000)  # too soon to draw again
        clock.moment += 10
        tell(1_000_000, 1_000_000)
    lines = terminal.getvalue().split("\r")
    assert [line.replace("\x1b[K", "") for line in lines[1:]] == [
        "[..............................]   0 %  0 of 1,000,000 entries",
        "[..............................]   1 %  10,000 of 1,000,000 entries, 1 min 39 s left",
        "[##############################] 100 %  1,000,000 of 1,000,000 entries\n",
    ]


def test_time_counts_from_where_a_verification_goes_on() -> None:
    terminal, clock = Terminal(), Clock()
    with progress_bar(True, terminal, clock) as tell:
        assert tell is not None
        tell(500_000, 1_000_000)
        clock.moment += 1
        tell(500_100, 1_000_000)
    assert "1 h 23 min left" in terminal.getvalue()


def test_a_file_a_pipe_and_json_show_nothing() -> None:
    for shown, stream in ((True, io.StringIO()), (False, Terminal())):
        with progress_bar(shown, stream) as tell:
            assert tell is None
        assert stream.getvalue() == ""


def test_a_bar_that_was_never_drawn_leaves_no_empty_line() -> None:
    terminal = Terminal()
    with progress_bar(True, terminal):
        pass
    assert terminal.getvalue() == ""
