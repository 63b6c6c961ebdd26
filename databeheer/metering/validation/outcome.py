"""What validation says of a block: values, states and reasons, and the counts for the batch's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from databeheer.metering.states import STATE_CODES, State
from databeheer.metering.validation.arrays import Booleans, Codes, Integers
from databeheer.metering.validation.reasons import Reason, ReasonSets


@dataclass(frozen=True)
class Summary:
    """Counts for a batch's report; summaries of blocks add up.

    `states`: slots per state, afterwards. `values` and `profiles`: how many slots and how many rows each reason
    was found in. Nothing in it names a point or a value.
    """

    catalogue: str
    rows: int
    refused: int
    states: Mapping[State, int]
    values: Mapping[Reason, int] = field(default_factory=dict)
    profiles: Mapping[Reason, int] = field(default_factory=dict)

    def __add__(self, other: Self) -> Summary:
        if self.catalogue != other.catalogue:
            raise ValueError("summaries of two catalogues do not add up")
        return Summary(
            self.catalogue,
            self.rows + other.rows,
            self.refused + other.refused,
            Counter(self.states) + Counter(other.states),
            Counter(self.values) + Counter(other.values),
            Counter(self.profiles) + Counter(other.profiles),
        )

    def members(self) -> dict[str, object]:
        """Return it for programs: names instead of numbers."""
        return {
            "catalogue": self.catalogue,
            "profiles": self.rows,
            "refused": self.refused,
            "states": {state.value: count for state, count in self.states.items()},
            "reasons": {
                reason.slug: {
                    "code": reason.value,
                    "values": self.values.get(reason, 0),
                    "profiles": self.profiles.get(reason, 0),
                }
                for reason in Reason
                if reason in self.profiles
            },
        }


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is to be stored of a block, slot by slot (n, s), and what was found.

    `accepted` (n,): whether the profile is taken in; where not, a reason of severity "refused" says why.
    `values`, `states`: as to be stored, after substitution. NVAL never leaves the house.
    `main_reasons`: the one reason to keep beside each value, 0 for none: the method of an estimate, the rule that
    an invalid or doubtful value broke, `MISSING` of a slot that is not there.
    `reasons`: all reasons of each slot. `profile_reasons` (n,): all reasons of each row, slots' included.
    `as_read`: the states before substitution; with `Block.values`, what the meter said and how it was judged.
    `replaced`: slots where an estimate took the place of a measured value. `originals`: these, and slots where a
    measured value is not kept and nothing stands in its place; `rules`: the rule that each value broke. R67 asks that
    the original is kept: it is stored behind the values, with its rule and the method (`metering.originals`).
    `changed` (n,): rows of which values, states or main reasons differ from the block's: a stored day that is
    judged anew becomes a new version only then.
    """

    accepted: Booleans
    values: Integers
    states: Codes
    main_reasons: Codes
    reasons: ReasonSets
    profile_reasons: ReasonSets
    as_read: Codes
    replaced: Booleans
    originals: Booleans
    rules: Codes
    changed: Booleans
    catalogue: str

    @property
    def summary(self) -> Summary:
        """Return the counts."""
        states = np.bincount(self.states.ravel(), minlength=len(STATE_CODES))
        return Summary(
            self.catalogue,
            int(self.accepted.size),
            int((~self.accepted).sum()),
            {state: int(states[code]) for state, code in STATE_CODES.items() if states[code]},
            _counts(self.reasons),
            _counts(self.profile_reasons),
        )


def _counts(sets: ReasonSets) -> dict[Reason, int]:
    there = int(np.bitwise_or.reduce(sets, axis=None)) if sets.size else 0
    return {
        reason: int(np.count_nonzero(sets & reason.bit)) for reason in Reason if there >> reason.value & 1
    }
