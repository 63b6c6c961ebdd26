"""A sweep writes down, one by one, what is due; what fails is left for the next one and stops nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from marshmallow import fields, validate

from databeheer.door.turn import Turn

SKIP = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 100_000))
"""How many of what is due failed already in this round, the oldest first."""
_Due = TypeVar("_Due")
_log = structlog.get_logger("door")


def sweep_each(turn: Turn, due: Sequence[_Due], limit: int, act: Callable[[_Due], str]) -> dict[str, Any]:
    """Do `act` for each, apart from the others; it returns under which name its one counts.

    The answer says how many of each were recorded and how many failed, and whether there is more to do now. What
    failed is due still, at the front: who asks for more in the same round says how many failed so far (`SKIP`), so
    that even a whole batch that fails keeps nothing behind it from being done.
    """
    recorded: Counter[str] = Counter()
    failed = 0
    for one in due:
        try:
            with turn.apart():
                name = act(one)
        except Exception as error:  # one that nobody foresaw must not stop the others
            if turn.connection.invalidated or turn.connection.closed:
                raise
            _log.error("one of a sweep failed", error=type(error).__name__)
            failed += 1
        else:
            recorded[name] += 1
    return {
        "recorded": dict(recorded),
        "failed": failed,
        "more": len(due) == limit,
    }
