"""What the Fluvius clients send, read strictly into values of ours; names in any case.

Raises `MalformedBodyError` throughout; the facade tells it as a 400 with `ValidationErrorMessages`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from databeheer.errors import MalformedRequestError
from databeheer.sandbox.codes import SandboxCode
from databeheer.values import EAN
from web.facade.energy import ACTIVE, REACTIVE
from web.facade.mandates import MandateFilter
from web.facade.names import DataService, MandateStatus
from web.moments import parse_moment
from web.parsing import fold_names, malformed

REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_ENERGY_NAMES = (
    "ean",
    "periodType",
    "referenceNumber",
    "granularity",
    "dataServiceType",
    "complexEnergyTypes",
    "from",
    "to",
)
_MANDATE_NAMES = (
    "referenceNumber",
    "ean",
    "dataServiceTypes",
    "energyType",
    "status",
    "mandateExpirationDate",
    "renewalStatus",
    "lastUpdatedFrom",
    "lastUpdatedTo",
)
SERVICES = {service.value: service for service in DataService}
_GRANULARITIES = {"daily": DataService.DAY, "hourly_quarterhourly": DataService.QUARTER_HOUR}
_PERIOD_TYPES = {"readtime": False, "inserttime": True}
_REGISTERS = {"active": ACTIVE, "reactive": REACTIVE}


@dataclass(frozen=True)
class EnergyQuery:
    """One energy call. `services` empty: whatever the mandate gives; a missing end of the window is None.

    `by_insertion`: the window is about when values came in, not about when they were metered.
    """

    ean: EAN
    reference: str | None
    services: tuple[DataService, ...]
    registers: frozenset[str]
    start: datetime | None
    end: datetime | None
    by_insertion: bool = False


def parse_energy_query(given: dict[str, str], *, sandbox: bool) -> EnergyQuery:
    """Read the query of `mandate/energy`."""
    fields = fold_names(given, _ENERGY_NAMES, "query")
    period_type = _required(fields, "periodType").lower()
    if period_type not in _PERIOD_TYPES:
        raise malformed("periodType", "readTime or insertTime")
    start, end = _moment(fields, "from"), _moment(fields, "to")
    if start is not None and end is not None and not start < end:
        raise malformed("to", "lies after from")
    services = _listed(fields, "granularity", _GRANULARITIES) or ()
    if "dataServiceType" in fields:
        services = tuple(dict.fromkeys([*services, *(_listed(fields, "dataServiceType", SERVICES) or ())]))
    chosen = _listed(fields, "complexEnergyTypes", _REGISTERS) or tuple(_REGISTERS.values())
    return EnergyQuery(
        ean=ean_of(_required(fields, "ean"), sandbox=sandbox),
        reference=_reference(fields),
        services=services,
        registers=frozenset().union(*chosen),
        start=start,
        end=end,
        by_insertion=_PERIOD_TYPES[period_type],
    )


def parse_mandate_query(
    given: dict[str, str], *, sandbox: bool, with_undecided: bool
) -> tuple[str | None, MandateFilter]:
    """Read the query of `mandate`: the reference, and the filter for the rest."""
    fields = fold_names(given, _MANDATE_NAMES, "query")
    services = _listed(fields, "dataServiceTypes", {**SERVICES, "VH_onbepaald": None, "IG": None})
    return _reference(fields), MandateFilter(
        ean=ean_of(fields["ean"], sandbox=sandbox).digits if "ean" in fields else None,
        services=None if services is None else frozenset(service for service in services if service),
        energy_type=_choice(fields, "energyType", ("E", "G")),
        status=MandateStatus(status) if (status := _choice(fields, "status", tuple(MandateStatus))) else None,
        renewal_status=_choice(fields, "renewalStatus", ("ToBeRenewed", "RenewalRequested", "Expired")),
        expires_by=_moment(fields, "mandateExpirationDate"),
        updated_from=_moment(fields, "lastUpdatedFrom"),
        updated_to=_moment(fields, "lastUpdatedTo"),
        with_undecided=with_undecided,
    )


def _required(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise malformed(name, "is missing")
    return fields[name]


def ean_of(text: str, *, sandbox: bool, where: str = "ean") -> EAN:
    """Read an EAN code; in a sandbox its own codes too, whose check digits are wrong."""
    code = SandboxCode.parse(text) if sandbox else None
    try:
        return code.ean if code is not None else EAN(text)
    except MalformedRequestError as error:
        raise malformed(where, str(error)) from error


def shown_ean(digits: str, *, sandbox: bool) -> str:
    """Return an EAN code as the client knows it: in a sandbox the code that was meant."""
    code = SandboxCode.of(digits) if sandbox else None
    return digits if code is None else code.text


def _reference(fields: dict[str, str]) -> str | None:
    reference = fields.get("referenceNumber")
    if reference is not None and REFERENCE.fullmatch(reference) is None:
        raise malformed("referenceNumber", "at most 100 letters, digits and . _ : / -")
    return reference


def _moment(fields: dict[str, str], name: str) -> datetime | None:
    return moment_of(fields[name], name) if name in fields else None


def moment_of(text: str, where: str) -> datetime:
    """Read a moment, or a day as its midnight in Brussels; `where` is named if it is none."""
    try:
        return parse_moment(text)
    except MalformedRequestError as error:
        raise malformed(where, str(error)) from error


def _listed(fields: dict[str, str], name: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    if name not in fields:
        return None
    found = []
    for word in fields[name].split(","):
        if word not in values:
            raise malformed(name, f"a comma list of {', '.join(values)}")
        found.append(values[word])
    return tuple(dict.fromkeys(found))


def _choice(fields: dict[str, str], name: str, values: tuple[str, ...]) -> str | None:
    value = fields.get(name)
    if value is not None and value not in values:
        raise malformed(name, f"one of {', '.join(values)}")
    return value
