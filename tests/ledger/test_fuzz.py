"""A few thousand hostile inputs for the verifier; `make soak` gives it a hundred thousand others."""

from __future__ import annotations

from pathlib import Path

from tests.ledger.fuzz_targets import TARGETS, Real, run


def test_hostile_inputs_are_refused_by_errors_of_ours_or_taken_for_what_they_are(tmp_path: Path) -> None:
    seen = run(Real.make(tmp_path), 0, 300 * len(TARGETS))
    for name in TARGETS:  # inputs near enough to real ones that both happen
        assert seen[f"{name} refused"] > 100, name
        assert seen[f"{name} accepted"] > 0, name
