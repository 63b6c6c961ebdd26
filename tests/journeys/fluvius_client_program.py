"""The unmodified PyPI client `fluvius-energy-api` against a server on loopback, as a program of its own.

Run by a Python that has that client (AGPL: this project never imports it). Reads one JSON object from standard
input, writes one to standard output. Only its two addresses are set: the token's and the API's.

    {"port": 8000, "base": "/esco/v3", "credentials": {...}, "calls": [["create_client_session", {...}], ...]}
    -> {"answers": [{"ok": {...}} | {"error": "ForbiddenError", "status": 403, "message": "..."}]}
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import fluvius_energy_api
import fluvius_energy_api.auth
from fluvius_energy_api import (
    ClientSessionDataService,
    DataServiceType,
    EnergyType,
    FluviusAPIError,
    FluviusCredentials,
    FluviusEnergyClient,
    MandateRenewalStatus,
    MandateStatus,
    PeriodType,
)

MOMENTS = ("from_date", "to_date", "last_updated_from", "last_updated_to", "mandate_expiration_date")
WORDS = {
    "period_type": PeriodType,
    "status": MandateStatus,
    "energy_type": EnergyType,
    "renewal_status": MandateRenewalStatus,
    "data_service_type": DataServiceType,
}


def arguments_of(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Turn plain values into those that the client's methods take."""
    arguments: dict[str, Any] = dict(given)
    for name in MOMENTS:
        if name in arguments and method != "create_mock_mandate":  # which takes text
            arguments[name] = datetime.fromisoformat(arguments[name])
    for name, kind in WORDS.items():
        if name in arguments:
            arguments[name] = kind(arguments[name])
    if "data_services" in arguments:
        arguments["data_services"] = [ClientSessionDataService(**one) for one in arguments["data_services"]]
    if "data_service_types" in arguments:
        arguments["data_service_types"] = [DataServiceType(one) for one in arguments["data_service_types"]]
    return arguments


def answer_of(client: FluviusEnergyClient, method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Make one call; the client validates what comes back."""
    try:
        answer = getattr(client, method)(**arguments_of(method, given))
    except FluviusAPIError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "message": error.message,
            "validation_errors": getattr(error, "validation_errors", None),
        }
    return {"ok": answer.model_dump(mode="json", by_alias=True, exclude_none=True)}


def main() -> None:
    """Make the calls of standard input, one client for all."""
    task = json.load(sys.stdin)
    root = f"http://127.0.0.1:{task['port']}"
    fluvius_energy_api.auth.AZURE_AD_TOKEN_URL = root + "/{tenant_id}/oauth2/v2.0/token"
    environment = SimpleNamespace(value=root + task.get("base", "/esco/v3"))
    credentials = FluviusCredentials(**task["credentials"])
    with FluviusEnergyClient(credentials=credentials, environment=environment) as client:
        answers = [answer_of(client, method, given) for method, given in task["calls"]]
    json.dump({"answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
