"""Our own load generator: a street of invented people, whose meters write the export format.

Nothing in it is anyone's: names, addresses and numbers are invented, the EAN codes come from a block of their
own with right check digits, and the loads are computed from a seed.
"""

from databeheer.metering.street.plan import (
    Load,
    PlannedAddress,
    PlannedContract,
    PlannedOccupancy,
    PlannedPerson,
    PlannedPoint,
    Rhythm,
    StreetPlan,
    Style,
    invented_ean,
)
from databeheer.metering.street.street import Street
from databeheer.metering.street.willow_street import willow_street

__all__ = [
    "Load",
    "PlannedAddress",
    "PlannedContract",
    "PlannedOccupancy",
    "PlannedPerson",
    "PlannedPoint",
    "Rhythm",
    "Street",
    "StreetPlan",
    "Style",
    "invented_ean",
    "willow_street",
]
