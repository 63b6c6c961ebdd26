"""Written mandates over HTTP: named, handed over, drawn and judged; a stranger's does not exist."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller

PAPER = b"%PDF-1.4 I, Lotte, allow it. Signed." + b"x" * 100_000
NAMED = {"document_sha256": sha256(PAPER).hexdigest(), "signed_on": "2023-01-01"}


def problem(answer: TestResponse) -> tuple[int, str]:
    """The refusal: its status and its type's path."""
    return answer.status_code, urlsplit(answer.get_json()["type"]).path


def path_of(bram: Party) -> str:
    asked = bram.ask(ean=LOTTES_EAN)
    return f"/api/v1/permissions/{asked['permission_id']}/mandate"


def hand_over(
    calls: Caller, path: str, document: bytes = PAPER, media: str = "application/pdf"
) -> TestResponse:
    headers = calls.headers() | {"Content-Type": media}
    return calls.http.put(f"{path}/document", data=document, headers=headers)


@pytest.mark.requirement("R34", "R35")
def test_a_party_names_and_hands_over_a_mandate_and_reads_once_it_was_judged(
    house: TheHouse, measured: Customer, bram: Party, bram_calls: Caller
) -> None:
    path = path_of(bram)
    named = bram_calls.post(path, NAMED)
    assert named.status_code == 201
    assert "Ledger-Promise" in named.headers
    assert named.get_json() | NAMED == named.get_json()
    assert named.get_json()["accepted"] is None
    handed = hand_over(bram_calls, path)
    assert (handed.status_code, handed.get_json()["is_here"]) == (200, True)
    permission_id = path.split("/")[4]
    assert bram_calls.get(f"/api/v1/permissions/{permission_id}").get_json()["state"] == "requested"
    house.operator("mandate.check", permission_id=permission_id, accepted=True, checked_by="desk 3")
    judged = bram_calls.get(path).get_json()
    assert (judged["accepted"], judged["is_here"]) == (True, False)
    assert bram_calls.get(f"/api/v1/permissions/{permission_id}").get_json()["state"] == "active"


@pytest.mark.requirement("R35")
def test_a_party_sees_until_when_a_drawn_mandate_is_to_be_shown(
    house: TheHouse, measured: Customer, bram: Party, bram_calls: Caller
) -> None:
    path = path_of(bram)
    bram_calls.post(path, NAMED)
    measured.grant({"permission_id": path.split("/")[4], "link_code": None})
    (drawn,) = house.operator("mandate.sample")["drawn"]
    shown = bram_calls.get(path).get_json()
    assert shown["due_at"] == drawn["due_at"]
    assert shown["produced_at"] is None
    house.clock.advance(timedelta(minutes=1))
    assert hand_over(bram_calls, path).get_json()["produced_at"] is not None


def test_what_is_no_mandate_is_refused_and_changes_nothing(
    measured: Customer, bram: Party, bram_calls: Caller
) -> None:
    path = path_of(bram)
    assert problem(bram_calls.get(path)) == (404, "/problems/not-found")
    assert problem(hand_over(bram_calls, path)) == (404, "/problems/not-found")
    for wrong in (
        {**NAMED, "document_sha256": "ab"},
        {**NAMED, "signed_on": "2999-01-01"},
        {**NAMED, "signed_on": "yesterday"},
        {**NAMED, "who": "Lotte"},
    ):
        assert problem(bram_calls.post(path, wrong)) == (400, "/problems/malformed-request")
    bram_calls.post(path, NAMED)
    assert problem(bram_calls.post(path, NAMED)) == (409, "/problems/conflict")
    assert problem(hand_over(bram_calls, path, b"another")) == (400, "/problems/malformed-request")
    assert problem(hand_over(bram_calls, path, b"")) == (400, "/problems/malformed-request")
    assert problem(hand_over(bram_calls, path, b"x" * 700_001)) == (413, "/problems/too-large")
    assert problem(hand_over(bram_calls, path, media="text/html")) == (
        415,
        "/problems/unsupported-media-type",
    )
    assert bram_calls.get(path).get_json()["is_here"] is False


def test_a_strangers_mandate_does_not_exist(
    measured: Customer, bram: Party, bram_calls: Caller, joris_calls: Caller
) -> None:
    path = path_of(bram)
    bram_calls.post(path, NAMED)
    assert problem(joris_calls.get(path)) == (404, "/problems/not-found")
    assert problem(joris_calls.post(path, NAMED)) == (404, "/problems/not-found")
    assert problem(hand_over(joris_calls, path)) == (404, "/problems/not-found")
