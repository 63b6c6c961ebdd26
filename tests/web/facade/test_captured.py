"""What the unmodified `fluvius-energy-api` really sent, replayed with this house's own secrets in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.house import Party
from tests.web.facade.calling import key
from tests.web.programs import Caller, shared_file

CAPTURED = (
    Path(__file__).resolve().parents[4]
    / "shared"
    / "fluvius-api"
    / "captured-requests.fluvius-energy-api-0.2.2.jsonl"
)


def captured(method: str, part: str) -> dict[str, Any]:
    """The first captured request of that method whose address has this part."""
    lines = shared_file(CAPTURED).read_text().splitlines()
    found: dict[str, Any] = next(
        one for line in lines if (one := json.loads(line))["method"] == method and part in one["path"]
    )
    return found


def send(party: Caller, sent: dict[str, Any], environment: str = "esco-live") -> TestResponse:
    """Send a captured request to this house, which is production: its environment is the address's only change."""
    path = sent["path"].replace("esco-sbx", environment).replace("esco-live", environment)
    headers = {name: value for name, value in sent["headers"].items() if name != "Authorization"}
    return party.http.open(
        path,
        method=sent["method"],
        data=sent["body"] or None,
        headers=headers | party.headers(key(party)),
    )


def test_the_captured_token_request_gets_a_token(standing_app: Flask) -> None:
    sent, party = captured("POST", "/oauth2/"), standing_app.extensions["standing_party"]
    assert isinstance(party, Party)
    body = sent["body"].replace("client_id=cid", f"client_id={party.client_id}")
    body = body.replace("client_secret=sec", f"client_secret={party.client_secret}")
    answer = standing_app.test_client().post(sent["path"], data=body, headers=sent["headers"])
    assert answer.status_code == 200
    token = answer.get_json()
    assert {"token_type", "expires_in", "ext_expires_in", "access_token"} <= token.keys()
    refused = standing_app.test_client().post(sent["path"], data=sent["body"], headers=sent["headers"])
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ("/mandate?status=Approved", 200),
        ("/mandate?referenceNumber=bad&", 200),
        ("/mandate/energy?ean=5414", 403),  # nobody gave that one
        ("ean=999", 400),
    ],
)
def test_a_captured_request_gets_its_answer(standing_fluvius: Caller, part: str, status: int) -> None:
    answer = send(standing_fluvius, captured("GET", part))
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    body = answer.get_json()
    if status == 200:
        assert body["data"] == {"mandates": []}
        assert body["_meta"]["fetchTime"].endswith("Z")
    else:
        messages = {"ValidationErrorMessages"} if status == 400 else set()
        assert body.keys() == {"Type", "Code", "Message"} | messages


def test_what_was_captured_for_the_sandbox_is_not_answered_by_production(standing_fluvius: Caller) -> None:
    sent = captured("GET", "/mandate?status=Approved")
    assert "/esco-sbx/" in sent["path"]
    assert send(standing_fluvius, sent, "esco-sbx").status_code == 404


def test_a_captured_session_request_is_answered(standing_fluvius: Caller) -> None:
    sent = captured("POST", "/shortUrlIdentifier")
    assert json.loads(sent["body"])["numberOfEans"] == 5
    answer = send(standing_fluvius, sent)
    assert answer.status_code == 200
    assert answer.get_json()["data"]["status"] == "success"
    assert answer.get_json()["data"]["shortUrlIdentifier"]


@pytest.mark.parametrize("lacking", ["Authorization", "Ocp-Apim-Subscription-Key"])
def test_a_captured_request_without_a_credential_is_401(standing_fluvius: Caller, lacking: str) -> None:
    sent = captured("GET", "/mandate?status=Approved")
    headers = standing_fluvius.headers(key(standing_fluvius))
    del headers[lacking]
    path = urlsplit(sent["path"].replace("esco-sbx", "esco-live"))
    answer = standing_fluvius.http.get(f"{path.path}?{path.query}", headers=headers)
    assert answer.status_code == 401
