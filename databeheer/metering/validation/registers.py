"""Consumption from readings of a cumulative register: the difference, through roll-over and change of meter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from databeheer.metering.validation.arrays import UNKNOWN, Booleans, Integers

MOST_DIGITS = 12


class Differences(NamedTuple):
    """What registers say was used, per row, thousandths; `UNKNOWN` where they say nothing that can be true.

    `rolled`: the register passed its last digit. `changed`: two meters have a part in it. `impossible`: the
    readings are there, and go back, show more digits than the register has, or leap further than `most`.
    """

    used: Integers
    rolled: Booleans
    changed: Booleans
    impossible: Booleans


def difference(
    begin: Integers,
    end: Integers,
    most: Integers,
    *,
    digits: Integers | None = None,
    final: Integers | None = None,
    initial: Integers | None = None,
) -> Differences:
    """Return consumption between readings, all (n,) thousandths with `UNKNOWN` for what is not known.

    `most` is what can flow in that time at all. Where `final` and `initial` are known the meter was changed:
    what the old one counted up to `final`, and the new one from `initial` on, together. Where only one of
    them is, the consumption cannot be known.
    """
    modulus = _modulus(begin, digits)
    if final is None or initial is None:
        used, rolled, wrong = _step(begin, end, modulus, most)
        return Differences(used, rolled, np.zeros(begin.shape, np.bool_), wrong)
    changed = (final != UNKNOWN) | (initial != UNKNOWN)
    first, first_rolled, first_wrong = _step(begin, np.where(changed, final, end), modulus, most)
    # The new meter may have another number of digits; one that rolls over within its first day is none.
    second, _, second_wrong = _step(initial, end, np.full(begin.shape, UNKNOWN), most)
    known = (first != UNKNOWN) & (~changed | (second != UNKNOWN))
    used = np.where(known, first + np.where(changed & known, second, 0), UNKNOWN)
    impossible = first_wrong | (changed & second_wrong) | (known & (used > most))
    return Differences(np.where(impossible, UNKNOWN, used), first_rolled & ~impossible, changed, impossible)


def _modulus(like: Integers, digits: Integers | None) -> Integers:
    """Return after how many thousandths each register begins again."""
    if digits is None:
        return np.full(like.shape, UNKNOWN)
    known = (digits > 0) & (digits <= MOST_DIGITS)
    return np.where(known, 10 ** (np.where(known, digits, 0) + 3), UNKNOWN)


def _step(
    begin: Integers, end: Integers, modulus: Integers, most: Integers
) -> tuple[Integers, Booleans, Booleans]:
    """Return the difference of one register, whether it rolled over, and whether it is impossible."""
    known = (begin != UNKNOWN) & (end != UNKNOWN)
    first, last = np.where(known, begin, 0), np.where(known, end, 0)
    rolls = modulus != UNKNOWN
    around = last - first + np.where(rolls, modulus, 0)
    rolled = known & (last < first) & rolls & (around <= most)
    used = np.where(rolled, around, last - first)
    too_wide = rolls & ((first >= modulus) | (last >= modulus))
    wrong = known & ((used < 0) | (used > most) | (first < 0) | (last < 0) | too_wide)
    return np.where(known & ~wrong, used, UNKNOWN), rolled & ~wrong, wrong
