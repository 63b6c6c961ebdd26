"""What the Fluvius clients send, read strictly into values of ours; names in any case.

Raises `MalformedBodyError` throughout; the facade tells it as a 400 with `ValidationErrorMessages`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from databeheer.brussels import QUARTER
from databeheer.errors import MalformedRequestError
from databeheer.values import EAN
from web.facade.energy import ACTIVE, REACTIVE
from web.facade.mandates import MandateFilter
from web.facade.names import DataService, MandateStatus
from web.facade.windows import EPOCH
from web.moments import parse_moment
from web.parsing import fold_names, malformed

_REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
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
_SESSION_NAMES = {
    "dataAccessContractNumber",
    "referenceNumber",
    "flow",
    "dataServices",
    "numberOfEans",
    "returnUrlSuccess",
    "returnUrlFailed",
    "sso",
    "enterpriseNumber",
}
_SERVICES = {service.value: service for service in DataService}
_GRANULARITIES = {"daily": DataService.DAY, "hourly_quarterhourly": DataService.QUARTER_HOUR}
_REGISTERS = {"active": ACTIVE, "reactive": REACTIVE}
_HTTP_URL = re.compile(r"https?://[^\s\"'<>\\]{1,900}")


@dataclass(frozen=True)
class EnergyQuery:
    """One energy call. `services` empty: whatever the mandate gives; a missing end of the window is None."""

    ean: EAN
    reference: str | None
    services: tuple[DataService, ...]
    registers: frozenset[str]
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class SessionRequest:
    """One request for a consent session: one data service of one access point."""

    reference: str
    service: DataService
    data_from: datetime | None
    data_until: datetime | None
    return_url_success: str | None
    return_url_failed: str | None


def parse_energy_query(given: dict[str, str]) -> EnergyQuery:
    """Read the query of `mandate/energy`."""
    fields = fold_names(given, _ENERGY_NAMES, "query")
    period_type = _required(fields, "periodType").lower()
    if period_type != "readtime":
        raise malformed("periodType", "only readTime is served: values are found by when they were metered")
    start, end = _moment(fields, "from"), _moment(fields, "to")
    if start is not None and end is not None and not start < end:
        raise malformed("to", "lies after from")
    services = _listed(fields, "granularity", _GRANULARITIES) or ()
    if "dataServiceType" in fields:
        services = tuple(dict.fromkeys([*services, *(_listed(fields, "dataServiceType", _SERVICES) or ())]))
    chosen = _listed(fields, "complexEnergyTypes", _REGISTERS) or tuple(_REGISTERS.values())
    return EnergyQuery(
        ean=_ean(_required(fields, "ean")),
        reference=_reference(fields),
        services=services,
        registers=frozenset().union(*chosen),
        start=start,
        end=end,
    )


def parse_mandate_query(given: dict[str, str], *, with_undecided: bool) -> tuple[str | None, MandateFilter]:
    """Read the query of `mandate`: the reference, and the filter for the rest."""
    fields = fold_names(given, _MANDATE_NAMES, "query")
    services = _listed(fields, "dataServiceTypes", {**_SERVICES, "VH_onbepaald": None, "IG": None})
    return _reference(fields), MandateFilter(
        ean=_ean(fields["ean"]).digits if "ean" in fields else None,
        services=None if services is None else frozenset(service for service in services if service),
        energy_type=_choice(fields, "energyType", ("E", "G")),
        status=MandateStatus(status) if (status := _choice(fields, "status", tuple(MandateStatus))) else None,
        renewal_status=_choice(fields, "renewalStatus", ("ToBeRenewed", "RenewalRequested", "Expired")),
        expires_by=_moment(fields, "mandateExpirationDate"),
        updated_from=_moment(fields, "lastUpdatedFrom"),
        updated_to=_moment(fields, "lastUpdatedTo"),
        with_undecided=with_undecided,
    )


def parse_session_request(body: dict[str, Any]) -> SessionRequest:
    """Read the body of `shortUrlIdentifier`. EDDIE sends nulls, the Python client leaves them out."""
    fields = _known(body, _SESSION_NAMES, "/")
    _text(fields, "dataAccessContractNumber", required=True)
    reference = _text(fields, "referenceNumber", required=True) or ""
    if _REFERENCE.fullmatch(reference) is None:
        raise malformed("/referenceNumber", "at most 100 letters, digits and . _ : / -")
    if fields.get("flow") not in ("B2C", "B2B"):
        raise malformed("/flow", "B2C or B2B")
    _text(fields, "enterpriseNumber")
    if "sso" in fields and not isinstance(fields["sso"], bool):
        raise malformed("/sso", "true or false")
    number = fields.get("numberOfEans", 1)
    if type(number) is not int or number != 1:
        raise malformed("/numberOfEans", "one access point per request is served; send a request for each")
    service, data_from, data_until = _one_service(fields.get("dataServices"))
    return SessionRequest(
        reference=reference,
        service=service,
        data_from=data_from,
        data_until=data_until,
        return_url_success=_url(fields, "returnUrlSuccess"),
        return_url_failed=_url(fields, "returnUrlFailed"),
    )


def _one_service(value: Any) -> tuple[DataService, datetime | None, datetime | None]:
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise malformed("/dataServices", "exactly one data service per request is served")
    fields = _known(value[0], {"dataServiceType", "dataPeriodFrom", "dataPeriodTo"}, "/dataServices/0/")
    service = fields.get("dataServiceType")
    if not isinstance(service, str) or service not in _SERVICES:
        raise malformed("/dataServices/0/dataServiceType", f"one of {', '.join(_SERVICES)} is served")
    moments: list[datetime | None] = []
    for name in ("dataPeriodFrom", "dataPeriodTo"):
        text = fields.get(name)
        if text is not None and not isinstance(text, str):
            raise malformed(f"/dataServices/0/{name}", "a moment is text")
        moments.append(None if text is None else _parse_moment(text, f"/dataServices/0/{name}"))
    start, end = moments
    if end is not None:
        end += (EPOCH - end) % QUARTER  # 23:59:59 means the whole last quarter-hour
    if start is not None and end is not None and not start < end:
        raise malformed("/dataServices/0/dataPeriodTo", "lies after dataPeriodFrom")
    return _SERVICES[service], start, end


def _known(body: dict[str, Any], names: set[str], where: str) -> dict[str, Any]:
    unknown = set(body) - names
    if unknown:
        raise malformed(where, f"unknown field; known are {', '.join(sorted(names))}")
    return {name: value for name, value in body.items() if value is not None}


def _text(fields: dict[str, Any], name: str, *, required: bool = False) -> str | None:
    value = fields.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 1000:
        raise malformed(f"/{name}", "is missing, or not a text of at most 1000 characters")
    return value


def _url(fields: dict[str, Any], name: str) -> str | None:
    value = _text(fields, name)
    if value is not None and _HTTP_URL.fullmatch(value) is None:
        raise malformed(f"/{name}", "an http or https address")
    return value


def _required(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise malformed(name, "is missing")
    return fields[name]


def _ean(text: str) -> EAN:
    try:
        return EAN(text)
    except MalformedRequestError as error:
        raise malformed("ean", str(error)) from error


def _reference(fields: dict[str, str]) -> str | None:
    reference = fields.get("referenceNumber")
    if reference is not None and _REFERENCE.fullmatch(reference) is None:
        raise malformed("referenceNumber", "at most 100 letters, digits and . _ : / -")
    return reference


def _moment(fields: dict[str, str], name: str) -> datetime | None:
    return _parse_moment(fields[name], name) if name in fields else None


def _parse_moment(text: str, where: str) -> datetime:
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


def ends_after(data_until: datetime | None, now: datetime, grace: timedelta) -> datetime | None:
    """Return until when a mandate is valid: as long after its last data as those may still arrive; None: no end."""
    return None if data_until is None else max(data_until, now) + grace
