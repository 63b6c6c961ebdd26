"""Hold a decision against the oracle: every quarter-hour of the two years the same outcome, and asked ones once."""

from __future__ import annotations

import numpy as np

from databeheer.access.decide import Decision, decide
from tests.databeheer.access.oracle import SIZE, Answers, answers, place
from tests.databeheer.access.people import CATALOGUE
from tests.databeheer.access.worlds import World, world_of


def decided(world: World) -> Decision:
    return decide(world.wish, world.facts, world.now, CATALOGUE)


def painted(decision: Decision, said: Answers) -> np.ndarray:
    """The decision on the oracle's grid, by the oracle's numbers for outcomes; new outcomes get new numbers."""
    numbers = {outcome: number for number, outcome in enumerate(said.outcomes)}
    at = np.full(SIZE, -1)
    parts = [(("granted", g.basis, g.fact_id, g.occupancy_id), g.interval) for g in decision.granted]
    parts += [(("refused", r.reason.value), r.interval) for r in decision.refused]
    for outcome, interval in parts:
        first, stop = place(interval.start), place(interval.end)
        assert (at[first:stop] == -1).all(), "an instant that was both granted and refused, or twice"
        at[first:stop] = numbers.setdefault(outcome, len(numbers))
    return at


def require_agreement(seed: int) -> Decision:
    """Decide the world of a seed both ways; fails with the first quarter-hour on which they differ."""
    world = world_of(seed)
    decision, said = decided(world), answers(world)
    differs = np.flatnonzero(painted(decision, said) != said.at)
    assert not differs.size, f"world {seed}, quarter {differs[0]}: {decision} is not {said.outcomes}"
    return decision
