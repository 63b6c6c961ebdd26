"""Consumption from registers, by the bounds of the catalogue: for meters that give readings only."""

from __future__ import annotations

from databeheer.metering.validation.block import Block
from databeheer.metering.validation.catalogue import Catalogue, shipped
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.registers import Differences
from databeheer.metering.validation.rules.base import differences_of, limits_of


def consumption_of(block: Block, catalogue: Catalogue | None = None) -> Differences | None:
    """Return what each row's register counted, and where it cannot be true; None where the block has no registers.

    What is more than the row's connection carries in the time of the block is impossible. The values of the block are
    not looked at: a block of days of 1440 minutes with nothing in them serves.
    """
    parameters = (catalogue or shipped()).get(Reason.ABOVE_CEILING).parameters
    return differences_of(block, limits_of(block, parameters))
