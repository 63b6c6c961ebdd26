"""The facade's calls as its clients make them."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.house import Customer
from tests.web.programs import Caller

EAN = "541448899990000039"
UNKNOWN_EAN = "541448899990000060"
REFERENCE = "7d1f6f0e3f2b4a599a530d6f8f1f3a01"
WINDOW = {"from": "2023-10-28T22:00:00Z", "to": "2023-10-29T23:00:00Z"}


def key(caller: Caller) -> dict[str, str]:
    return {"Ocp-Apim-Subscription-Key": caller.party.subscription_key or ""}


def get(caller: Caller, path: str, query: dict[str, str]) -> TestResponse:
    return caller.http.get(path, query_string=query, headers=caller.headers(key(caller)))


def energy(caller: Caller, **query: str) -> TestResponse:
    return get(
        caller, "/esco/v3/api/mandate/energy", {"ean": EAN, "periodType": "readTime", **WINDOW, **query}
    )


def session_body(**changes: Any) -> dict[str, Any]:
    """What EDDIE sends: one service, one EAN, nulls where it has nothing."""
    return {
        "dataAccessContractNumber": "3599900040",
        "referenceNumber": REFERENCE,
        "flow": "B2C",
        "dataServices": [
            {
                "dataServiceType": "VH_kwartier_uur",
                "dataPeriodFrom": "2023-10-01T00:00:00Z",
                "dataPeriodTo": "2026-12-31T23:59:59Z",
            }
        ],
        "numberOfEans": 1,
        "returnUrlSuccess": "https://eddie.example/accepted",
        "returnUrlFailed": "https://eddie.example/rejected",
        "sso": True,
        "enterpriseNumber": None,
    } | changes


def ask(caller: Caller, **changes: Any) -> TestResponse:
    return caller.post("/esco/v3/api/shortUrlIdentifier", session_body(**changes), headers=key(caller))


def mandate_of(caller: Caller, customer: Customer, **changes: Any) -> str:
    answer = ask(caller, **changes).get_json()
    code = answer["data"]["shortUrlIdentifier"]
    asked = customer.call("permission.by_link", link_code=code)["permission"]
    customer.grant({"permission_id": asked["permission_id"], "link_code": code})
    return str(asked["permission_id"])
