"""Rules about gas in kWh: the volume it was made of, and the factor by which."""

from __future__ import annotations

import numpy as np

from databeheer.metering.states import Unit
from databeheer.metering.validation.arrays import (
    COMMODITY_CODES,
    UNIT_CODES,
    UNKNOWN,
    Booleans,
    Integers,
    any_of,
)
from databeheer.metering.validation.block import Gas
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Glance, Parameters, Phase, Rule
from databeheer.values import Commodity

# A litre and a watt-hour are the last digits: what is shown lies within one of what was counted.
_LAST_DIGIT = 1


def gas_factor(case: Case, parameters: Parameters) -> Finding:
    """kWh per m3, as published or as it follows from the values, lies outside what gas in Flanders can have.

    The factor differs by hour, and follows from small volumes only roughly: a litre or a watt-hour of rounding
    is allowed for.
    """
    gas, lowest, highest = case.block.gas, parameters["lowest"], parameters["highest"]
    if gas is None:
        return case.nothing()
    found = np.zeros(case.block.values.shape, np.bool_)
    judged = np.zeros(case.block.values.shape, np.bool_)
    energy = _energy(case)
    if gas.volume is not None:
        known = energy & (gas.volume != UNKNOWN)
        judged |= known
        watt_hours, litres = _pair(case, gas, known)
        found |= known & (watt_hours * 1000 > highest * (litres + _LAST_DIGIT) + 1000 * _LAST_DIGIT)
        found |= known & (watt_hours * 1000 < lowest * (litres - _LAST_DIGIT) - 1000 * _LAST_DIGIT)
    if gas.factor is not None:
        known = energy & (gas.factor != UNKNOWN)
        judged |= known
        found |= known & ((gas.factor < lowest) | (gas.factor > highest))
    return Finding(found, any_of(judged))


def gas_mismatch(case: Case, parameters: Parameters) -> Finding:
    """kWh is not the volume times that hour's published factor; not asked while the caloric value is provisional."""
    gas = case.block.gas
    if gas is None or gas.volume is None or gas.factor is None:
        return case.nothing()
    known = _energy(case) & (gas.volume != UNKNOWN) & (gas.factor != UNKNOWN)
    if gas.provisional is not None:
        known &= ~gas.provisional
    watt_hours, litres = _pair(case, gas, known)
    factor = np.where(known, gas.factor, 0)
    apart = np.abs(watt_hours * 1000 - litres * factor)
    allowed = factor * _LAST_DIGIT + 1000 * _LAST_DIGIT + litres * factor // 1000 * parameters["permille"]
    return Finding(known & (apart > allowed), any_of(known))


def _energy(case: Case) -> Booleans:
    rows = (case.block.units == UNIT_CODES[Unit.KWH]) & (
        case.block.commodities == COMMODITY_CODES[Commodity.GAS]
    )
    found: Booleans = case.measured & rows[:, None]
    return found


def _pair(case: Case, gas: Gas, known: Booleans) -> tuple[Integers, Integers]:
    """Return watt-hours and litres; no more litres than any connection carries, lest products overflow."""
    volume = np.zeros_like(case.block.values) if gas.volume is None else gas.volume
    return np.where(known, case.block.values, 0), np.where(known, np.clip(volume, 0, _MOST_LITRES), 0)


_MOST_LITRES = 10**12


def _without_gas(glance: Glance, parameters: Parameters) -> Booleans:
    return glance.unless_given(glance.block.gas)


RULES = (
    Rule(Reason.GAS_FACTOR, Phase.BESIDE, frozenset({"lowest", "highest"}), gas_factor, _without_gas),
    Rule(Reason.GAS_MISMATCH, Phase.BESIDE, frozenset({"permille"}), gas_mismatch, _without_gas),
)
