"""The facade's words and ours: data services, states, energy types. One table each."""

from __future__ import annotations

import enum
import re
from typing import Any

from databeheer.values import Commodity, Granularity, Purpose

PURPOSE = Purpose.ENERGY_MONITORING
"""The Fluvius API names no purpose; a data access contract for its clients is one for monitoring."""


class DataService(enum.StrEnum):
    """Fluvius' dataServiceType, as far as this facade serves it."""

    QUARTER_HOUR = "VH_kwartier_uur"
    DAY = "VH_dag"


class MandateStatus(enum.StrEnum):
    """Fluvius' mandate status."""

    REQUESTED = "Requested"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    FINISHED = "Finished"


STATUS_OF_STATE = {
    "requested": MandateStatus.REQUESTED,
    "active": MandateStatus.APPROVED,
    "to_be_renewed": MandateStatus.APPROVED,
    "blocked": MandateStatus.APPROVED,  # it stands; a read is refused while it is examined
    "rejected": MandateStatus.REJECTED,
    "timed_out": MandateStatus.REJECTED,
    "revoked": MandateStatus.FINISHED,
    "fulfilled": MandateStatus.FINISHED,
    "expired": MandateStatus.FINISHED,
    "terminated": MandateStatus.FINISHED,
    "invalidated": MandateStatus.FINISHED,
    "lapsed": MandateStatus.FINISHED,
}
GIVES_ACCESS = frozenset({"active", "to_be_renewed"})
"""States in which a mandate is live."""
ENERGY_TYPE = {Commodity.ELECTRICITY.value: "E", Commodity.GAS.value: "G"}
_SERVICE_OF_GRANULARITY = {
    Granularity.QUARTER_HOUR: DataService.QUARTER_HOUR,
    Granularity.HOUR: DataService.QUARTER_HOUR,
    Granularity.DAY: DataService.DAY,
    Granularity.MONTH: DataService.DAY,
}
GRANULARITY_OF_SERVICE = {
    DataService.QUARTER_HOUR: Granularity.QUARTER_HOUR,
    DataService.DAY: Granularity.DAY,
}
_UUID_DIGITS = re.compile(r"[0-9A-Fa-f]{32}")


def services_of(row: dict[str, Any]) -> tuple[DataService, ...]:
    """Return the data services of one of our permissions, also of one that was not asked through the facade.

    Quarter-hours and days of one period are asked, and given, as one permission: the finer gives the coarser.
    """
    asked = [DataService(one) for one in row.get("service", "").split(",") if one in set(DataService)]
    return tuple(asked) or (_SERVICE_OF_GRANULARITY[Granularity(row["granularity"])],)


def spellings(reference: str) -> list[str]:
    """Return the reference as given, without dashes, and as a UUID with dashes: one of them was registered."""
    bare = reference.replace("-", "")
    found = [reference, bare]
    if _UUID_DIGITS.fullmatch(bare):
        found.append(f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}")
    return list(dict.fromkeys(spelling for spelling in found if spelling))


def is_spelled(reference: str | None, given: str) -> bool:
    """Whether this is the reference that was given, whichever of them has dashes."""
    return reference is not None and reference.replace("-", "") == given.replace("-", "")
