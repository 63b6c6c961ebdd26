"""The page on performance shows what was measured: a row per benchmark, and the year of Flanders that follows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.note import SigningKey
from tests.bench import document
from tests.bench.__main__ import find_benchmarks
from tests.ledger.logs import chained, publish_anew
from tests.requirements_register import load_requirements
from web.public.figures import Figure, Figures, Machine, load
from web.public.flanders import Use, estimate, load_assumptions, log_bytes

MACHINE = Machine("a processor", 2, "Linux x86_64", "3.11.2", "18.0", 120, 0.4)
ROW = Figure("ledger-verify-full", 500_000, "entries/s", 1_000_000, 0.5, 0.4, True, 110)
FIGURES = Figures("make bench", "2026-11-20", MACHINE, (ROW,))


def shown() -> str:
    return document.DOCUMENT.read_text(encoding="utf-8")


def test_the_table_has_one_row_per_benchmark() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", shown(), re.MULTILINE)
    assert rows == list(find_benchmarks()), "run: .venv/bin/python -m tests.bench --document"


def test_the_tables_are_those_of_the_checked_in_figures() -> None:
    again = document.rendered(shown(), load(), list(find_benchmarks()))
    assert again == shown(), "run: .venv/bin/python -m tests.bench --document"


def test_every_number_carries_its_command_and_its_machine() -> None:
    text = document.rendered(shown(), FIGURES, ["ledger-verify-full", "another"])
    for words in ("`make bench`, 2026-11-20", "2 cores of a processor", "Python 3.11.2", "PostgreSQL 18.0"):
        assert words in text
    assert (
        "| `ledger-verify-full` | 500,000 entries/s | 1,000,000 entries/s | 0.5 | 0.4 | yes | 110 µs |"
        in text
    )
    assert "| `another` | not measured yet |" in text


def test_a_goal_that_does_not_hold_is_seen() -> None:
    failed = replace(FIGURES, rows=(replace(ROW, ratio=0.3, holds=False),))
    assert "**no**" in document.rendered(shown(), failed, [ROW.name])


def test_figures_are_written_as_they_are_read() -> None:
    assert Figures.from_bytes(FIGURES.to_bytes()) == FIGURES


@pytest.mark.parametrize("members", [b"{}", b"[]", b'{"rows": []}'])
def test_a_file_of_other_figures_is_refused(members: bytes) -> None:
    with pytest.raises((KeyError, TypeError)):
        Figures.from_bytes(members)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600, 65_900])
def test_the_bytes_of_a_log_are_those_of_its_files(tmp_path: Path, size: int) -> None:
    log = publish_anew(tmp_path, chained(size), SigningKey("ledger.example/size", bytes(32)))
    files = [path for path in (log.public / "tile").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) == log_bytes(size)


def test_a_year_is_the_sum_of_its_uses() -> None:
    daily = Use("daily", 10, 365, (1, 100), "aanname")
    batch = Use("batch", 100, 1, (7, 7), "aanname")
    assumptions = replace(load_assumptions(), access_points=1000, uses=(daily, batch))
    year = estimate(assumptions, FIGURES)
    assert year is not None
    assert year.alone.entries == 100 * 365 + 143
    assert year.in_bulk.entries == 365 + 143
    assert year.alone.log_bytes == log_bytes(36_643)
    assert year.alone.verify_seconds == 1
    assert year.alone.database_bytes is None
    database = replace(ROW, name="ledger-bytes-database", figure=200)
    costlier = estimate(assumptions, replace(FIGURES, rows=(ROW, database)))
    assert costlier is not None
    assert costlier.in_bulk.database_bytes == 200 * 508


def test_without_a_measured_verification_there_is_no_estimate() -> None:
    assert estimate(load_assumptions(), replace(FIGURES, rows=())) is None
    assert "not measured yet" in document.rendered(shown(), replace(FIGURES, rows=()), [])


def test_every_assumption_names_a_requirement_or_says_that_it_is_one() -> None:
    known = load_requirements()
    for use in load_assumptions().uses:
        numbers = re.findall(r"\bR[0-9]+\b", use.source)
        assert set(numbers) <= known.keys()
        assert numbers or "aanname" in use.source, use.name
        assert 0 < use.percent <= 100
        assert use.points_per_entry[0] <= use.points_per_entry[1]


def test_a_document_without_its_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match="no markers"):
        document.rendered("# How fast", FIGURES, [])
