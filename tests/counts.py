"""How often a property is tried: a few times in `make test`, with its full count in `make soak`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from hypothesis import settings

_Case = TypeVar("_Case")
FULL_COUNTS = "DATABEHEER_FULL_COUNTS"
"""The environment variable with which `tests/soak/test_properties.py` asks for all of them."""


def examples(few: int, *, of: int) -> int:
    """How many of its full count of examples a test takes in this run."""
    return of if os.environ.get(FULL_COUNTS) else few


def some(cases: Iterable[_Case], *, every: int) -> list[_Case]:
    """One of every so many of a test's cases, from the first on; with full counts all of them."""
    return [*cases][:: examples(every, of=1)]


few = settings(max_examples=examples(25, of=100), deadline=None)
"""For a property with the usual count of Hypothesis."""
