"""How often a property is tried: a few times in `make test`, with its full count in `make soak`."""

from __future__ import annotations

import os

from hypothesis import settings

FULL_COUNTS = "DATABEHEER_FULL_COUNTS"
"""The environment variable with which `tests/soak/test_properties.py` asks for all of them."""


def examples(few: int, *, of: int) -> int:
    """How many of its full count of examples a test takes in this run."""
    return of if os.environ.get(FULL_COUNTS) else few


few = settings(max_examples=examples(25, of=100), deadline=None)
"""For a property with the usual count of Hypothesis."""
