"""The bodies that the Fluvius clients send, read strictly into values of ours.

Raises `MalformedBodyError` throughout; the facade tells it as a 400 with `ValidationErrorMessages`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from databeheer.brussels import QUARTER
from databeheer.values import EAN
from web.facade.names import DataService, MandateStatus
from web.facade.parameters import REFERENCE, SERVICES, ean_of, moment_of
from web.facade.windows import EPOCH
from web.parsing import malformed

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
_MOCK_NAMES = {
    "referenceNumber",
    "ean",
    "dataServiceType",
    "dataPeriodFrom",
    "dataPeriodTo",
    "status",
    "mandateExpirationDate",
    "renewalStatus",
}
MOST_EANS = 100
_RENEWALS = {"ToBeRenewed": "to_be_renewed", "Expired": "expired"}
_STATUS_OF = {"to_be_renewed": "Approved", "expired": "Finished"}
_HTTP_URL = re.compile(r"https?://[^\s\"'<>\\]{1,900}")


@dataclass(frozen=True)
class SessionRequest:
    """One request for a consent session: data services of one period, the finest first; `most` access points."""

    reference: str
    services: tuple[DataService, ...]
    most: int
    data_from: datetime | None
    data_until: datetime | None
    return_url_success: str | None
    return_url_failed: str | None


@dataclass(frozen=True)
class MockMandate:
    """A mandate that a sandbox plays; `outcome` in the words of the door's command."""

    reference: str
    ean: EAN
    service: DataService
    data_from: datetime | None
    data_until: datetime | None
    valid_until: datetime | None
    outcome: str


def parse_session_request(body: dict[str, Any]) -> SessionRequest:
    """Read the body of `shortUrlIdentifier`. EDDIE sends nulls, the Python client leaves them out."""
    fields = _known(body, _SESSION_NAMES, "/")
    _text(fields, "dataAccessContractNumber", required=True)
    reference = _reference(fields)
    if fields.get("flow") not in ("B2C", "B2B"):
        raise malformed("/flow", "B2C or B2B")
    _text(fields, "enterpriseNumber")
    if "sso" in fields and not isinstance(fields["sso"], bool):
        raise malformed("/sso", "true or false")
    number = fields.get("numberOfEans", 1)
    if type(number) is not int or not 1 <= number <= MOST_EANS:
        raise malformed("/numberOfEans", f"a number from 1 to {MOST_EANS}")
    services, data_from, data_until = _services(fields.get("dataServices"))
    return SessionRequest(
        reference=reference,
        services=services,
        most=number,
        data_from=data_from,
        data_until=data_until,
        return_url_success=_url(fields, "returnUrlSuccess"),
        return_url_failed=_url(fields, "returnUrlFailed"),
    )


def _services(value: Any) -> tuple[tuple[DataService, ...], datetime | None, datetime | None]:
    if not isinstance(value, list) or not 0 < len(value) <= len(SERVICES):
        raise malformed("/dataServices", "a list of one data service, or of both")
    found: dict[DataService, tuple[datetime | None, datetime | None]] = {}
    for number, one in enumerate(value):
        where = f"/dataServices/{number}"
        if not isinstance(one, dict):
            raise malformed(where, "is an object")
        fields = _known(one, {"dataServiceType", "dataPeriodFrom", "dataPeriodTo"}, f"{where}/")
        service = fields.get("dataServiceType")
        if not isinstance(service, str) or service not in SERVICES:
            raise malformed(f"{where}/dataServiceType", f"one of {', '.join(SERVICES)} is served")
        if SERVICES[service] in found:
            raise malformed(f"{where}/dataServiceType", "is asked already")
        found[SERVICES[service]] = _period(fields, f"{where}/")
    first, *others = found.values()
    if any(other != first for other in others):
        raise malformed(
            "/dataServices", "both of one period; send a request for each, with a reference of its own"
        )
    return tuple(service for service in DataService if service in found), *first


def parse_mock_mandate(body: dict[str, Any]) -> MockMandate:
    """Read the body of `mandate/mock`, which a sandbox alone takes."""
    fields = _known(body, _MOCK_NAMES, "/")
    reference = _reference(fields)
    service = fields.get("dataServiceType")
    if not isinstance(service, str) or service not in SERVICES:
        raise malformed("/dataServiceType", f"one of {', '.join(SERVICES)} is served")
    data_from, data_until = _period(fields, "/")
    return MockMandate(
        reference=reference,
        ean=ean_of(_text(fields, "ean", required=True) or "", sandbox=True, where="/ean"),
        service=SERVICES[service],
        data_from=data_from,
        data_until=data_until,
        valid_until=_moment(fields, "mandateExpirationDate", "/"),
        outcome=_outcome(fields),
    )


def _outcome(fields: dict[str, Any]) -> str:
    status, renewal = fields.get("status", "Approved"), fields.get("renewalStatus")
    if not isinstance(status, str) or status not in set(MandateStatus):
        raise malformed("/status", f"one of {', '.join(MandateStatus)}")
    if renewal is None:
        return status.lower()
    outcome = _RENEWALS.get(renewal) if isinstance(renewal, str) else None
    if outcome is None:
        raise malformed(
            "/renewalStatus", "ToBeRenewed or Expired is played; a renewal is the customer's to ask"
        )
    if status != _STATUS_OF[outcome]:
        raise malformed("/renewalStatus", f"goes with the status {_STATUS_OF[outcome]}")
    return outcome


def _reference(fields: dict[str, Any]) -> str:
    reference = _text(fields, "referenceNumber", required=True) or ""
    if REFERENCE.fullmatch(reference) is None:
        raise malformed("/referenceNumber", "at most 100 letters, digits and . _ : / -")
    return reference


def _period(fields: dict[str, Any], where: str) -> tuple[datetime | None, datetime | None]:
    start, end = _moment(fields, "dataPeriodFrom", where), _moment(fields, "dataPeriodTo", where)
    if end is not None:
        end += (EPOCH - end) % QUARTER  # 23:59:59 means the whole last quarter-hour
    if start is not None and end is not None and not start < end:
        raise malformed(f"{where}dataPeriodTo", "lies after dataPeriodFrom")
    return start, end


def _moment(fields: dict[str, Any], name: str, where: str) -> datetime | None:
    text = fields.get(name)
    if text is not None and not isinstance(text, str):
        raise malformed(f"{where}{name}", "a moment is text")
    return None if text is None else moment_of(text, f"{where}{name}")


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


def ends_after(data_until: datetime | None, now: datetime, grace: timedelta) -> datetime | None:
    """Return until when a mandate is valid: as long after its last data as those may still arrive; None: no end."""
    return None if data_until is None else max(data_until, now) + grace
