"""Whole numbers that add up: a sum divided by weights, remainders to the largest."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import Booleans, Integers

_SAFE = 2**62


def apportion(totals: Integers, weights: Integers, chosen: Booleans) -> Integers:
    """Divide each row's total over its chosen slots in proportion to their weights, to the last unit.

    `totals` (n,) and `weights` (n, s) are not below zero; the result (n, s) is zero where not chosen. Each share
    is what is exactly due, rounded down or up; units that are left go to the largest remainders, among equals to
    the earliest slot. Where all weights are zero the slots share alike. A row without chosen slot divides nothing.
    """
    weights = np.where(chosen, weights, 0)
    alike = weights.sum(axis=1) == 0
    weights[alike] = chosen[alike]
    sums = weights.sum(axis=1, dtype=np.int64)
    divisor = np.maximum(sums, 1)[:, None]
    shares: Integers
    largest = int(weights.max(initial=0))
    if int(totals.max(initial=0)) * max(largest, 1) < _SAFE:
        products: Integers = totals[:, None] * weights
        shares, remainders = products // divisor, products % divisor
    else:
        shares, remainders = _exactly(totals, weights, divisor)
    left = np.where(sums > 0, totals - shares.sum(axis=1), 0)
    # Slots that get nothing by weight get no unit either: their remainder is zero, and units left are fewer
    # than remainders above zero.
    order = np.argsort(-remainders, axis=1, kind="stable")
    extra = np.arange(weights.shape[1]) < left[:, None]
    np.put_along_axis(shares, order, np.take_along_axis(shares, order, axis=1) + extra, axis=1)
    return shares


def _exactly(totals: Integers, weights: Integers, divisor: Integers) -> tuple[Integers, Integers]:
    """The same where products do not fit in 63 bits: with Python's own numbers."""
    products = totals.astype(object)[:, None] * weights.astype(object)
    shares, remainders = products // divisor, products % divisor
    return shares.astype(np.int64), remainders.astype(np.int64)
