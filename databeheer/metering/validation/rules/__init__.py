"""The rules, in the order in which they look."""

from __future__ import annotations

from databeheer.metering.validation.rules import alone, device, gas, own_past, register, surroundings
from databeheer.metering.validation.rules.base import Case, Finding, Glance, Phase, Rule

__all__ = ["RULES", "Case", "Finding", "Glance", "Phase", "Rule"]

RULES: tuple[Rule, ...] = (
    *alone.RULES,
    *device.RULES,
    *gas.RULES,
    *own_past.RULES,
    *surroundings.RULES,
    *register.RULES,
)
