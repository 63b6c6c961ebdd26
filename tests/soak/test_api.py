"""Fifty thousand calls of the whole API, generated from its own document (issue: an API that parties switch to)."""

from __future__ import annotations

import os

from tests.databases import Databases
from tests.web.api.fuzzing import open_world, run

CALLS = int(os.environ.get("DATABEHEER_SOAK_CALLS", "50000"))
AT_ONCE = 1_000
"""Calls in one house: what was made stays, and lists grow."""


def test_no_call_breaks_it_or_changes_anything_by_being_refused(databases: Databases) -> None:
    made = 0
    first = int(os.environ.get("DATABEHEER_SOAK_SEED", "100"))
    while made < CALLS:
        with open_world(databases) as world:
            for half in range(2):
                run(world, first + half, calls=min(AT_ONCE, CALLS - made) // 2)
            made += world.calls["all"]
            first += 2
            print(f"{made} calls, seed {first}, {dict(world.calls)}", flush=True)
