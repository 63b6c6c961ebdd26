"""A hundred thousand hostile inputs each for the verifier and for the server (issue: a ledger strangers can verify)."""

from __future__ import annotations

from pathlib import Path

from tests.ledger import fuzz_targets
from tests.web.public import fuzz_server
from tests.web.public.conftest import Standing

INPUTS = 100_000
FIRST = 1_000_000  # others than those of the short form


def test_the_verifier_takes_nothing_for_what_it_is_not(tmp_path: Path) -> None:
    seen = fuzz_targets.run(fuzz_targets.Real.make(tmp_path), FIRST, INPUTS)
    assert seen.total() == INPUTS


def test_the_server_answers_400_or_404(standing: Standing) -> None:
    public = standing.house.folder / "public"
    seen = fuzz_server.run(standing.browser.application, public, FIRST, INPUTS)
    assert seen.total() == INPUTS
