"""The list of removals stays true: each requirement of access has one, in its place, and tests to notice it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.removals import (
    ELSEWHERE,
    OF_ACCESS,
    OF_DESK,
    OF_LINKING,
    OF_PROGRAMS,
    OF_READINGS,
    OF_STAFF,
    REMOVALS,
    ROOT,
    Removal,
    marked,
)

NAMES = [f"{one.requirement} {one.rule}" for one in REMOVALS]


def test_a_rule_can_be_taken_out_and_leaves_code_that_compiles(tmp_path: Path) -> None:
    for removal in REMOVALS:
        place = tmp_path / removal.file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / removal.file, place)
        removal.apply(tmp_path)
        left = place.read_text(encoding="utf-8")
        assert left != (ROOT / removal.file).read_text(encoding="utf-8"), removal.rule
        if place.suffix == ".py":
            compile(left, f"{removal.file} without: {removal.rule}", "exec", dont_inherit=True)


def test_each_requirement_of_access_and_readings_has_a_removal_and_a_test_that_may_notice() -> None:
    removed = {removal.requirement for removal in REMOVALS}
    assert removed | ELSEWHERE.keys() == {
        *OF_ACCESS,
        *OF_READINGS,
        *OF_PROGRAMS,
        *OF_LINKING,
        *OF_DESK,
        *OF_STAFF,
    }
    assert all(marked(requirement) for requirement in removed)


def test_a_removal_that_finds_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("twice twice")
    for old in ("never", "twice"):
        with pytest.raises(ValueError):
            Removal("R1", "x", "one.py", old, "").apply(tmp_path)
