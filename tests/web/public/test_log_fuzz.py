"""A few hundred hostile requests for the log's files; `make soak` sends a hundred thousand others."""

from __future__ import annotations

from tests.web.public.conftest import Standing
from tests.web.public.fuzz_server import run


def test_hostile_requests_are_answered_400_or_404(standing: Standing) -> None:
    public = standing.house.folder / "public"
    seen = run(standing.browser.application, public, 0, 600)
    assert seen[400] > 100
    assert seen[404] > 50
    assert seen[200] > 5
