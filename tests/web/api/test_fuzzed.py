"""A few hundred calls of what `make soak` makes fifty thousand of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.web.api.fuzzing import World, open_world, run


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[World]:
    with open_world(databases) as world:
        yield world


@pytest.mark.parametrize("seed", [1, 2], ids=["grid operator", "energy service"])
def test_whatever_is_called_in_whatever_order_is_answered_as_the_document_says(
    world: World, seed: int
) -> None:
    run(world, seed, calls=30)


def test_the_calls_above_were_taken_and_refused(world: World) -> None:
    """Else all of them could have been refused at the door, and nothing would have been seen."""
    if not world.calls["all"]:
        run(world, seed=4, calls=30)
    assert world.calls["2xx"] > 3
    assert world.calls["4xx"] > 3
