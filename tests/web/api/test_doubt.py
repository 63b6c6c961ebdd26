"""Doubt in the market API: a party reports, shows, and sees its own cases; nobody else sees them."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from databeheer.doubt.evidence import LARGEST_DOCUMENT
from databeheer.values import format_instant
from tests.databeheer.doubt.acts import PDF, contact, later, lift, raise_doubt
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller


@pytest.fixture
def granted(lotte: Customer, bram: Party) -> dict[str, Any]:
    asked = bram.ask()
    lotte.grant(asked)
    return asked


def evidence(content: bytes = PDF) -> dict[str, str]:
    return {
        "media_type": "application/pdf",
        "document": b64encode(content).decode(),
        "findings": "Signed at the fair.",
    }


@pytest.mark.requirement("R110")
def test_a_party_reports_shows_and_follows_its_case(
    house: TheHouse, lotte: Customer, granted: dict[str, Any], bram_calls: Caller, joris_calls: Caller
) -> None:
    reported = bram_calls.post(
        "/api/v1/doubts",
        {
            "permission_id": granted["permission_id"],
            "concern": "not_given",
            "customer": "unsatisfied",
            "received_at": format_instant(house.clock.now()),
            "findings": "She says that she never signed.",
        },
        headers={"Idempotency-Key": "report-1"},
    )
    assert reported.status_code == 201
    case = reported.get_json()
    assert (case["state"], case["is_blocked"]) == ("open", True)
    place = reported.headers["Location"]
    assert bram_calls.get(place).get_json() == case
    assert joris_calls.get(place).status_code == 404
    assert joris_calls.get("/api/v1/doubts").get_json() == {"doubts": [], "next_cursor": None}
    assert joris_calls.post(f"{place}/evidence", evidence()).status_code == 404
    contact(house, {"case_id": case["id"]})
    shown = bram_calls.post(f"{place}/evidence", evidence(b"%PDF-" + bytes(LARGEST_DOCUMENT - 5)))
    assert (shown.status_code, shown.get_json()["state"]) == (200, "shown")
    assert bram_calls.post(f"{place}/evidence", evidence()).status_code == 409
    lift(house, {"case_id": case["id"]})
    [told] = bram_calls.get("/api/v1/doubts").get_json()["doubts"]
    assert (told["state"], told["is_blocked"], told["gap"]) == ("lifted", False, None)
    assert told["documents"][0]["destroyed_at"]


def test_a_party_finds_all_its_cases_those_that_stand_first_by_pages_and_by_state(
    house: TheHouse, lotte: Customer, bram: Party, bram_calls: Caller
) -> None:
    made = []
    for purpose in ("energy_advice", "energy_monitoring", "energy_advice"):
        asked = bram.ask(purpose=purpose)
        lotte.grant(asked)
        house.clock.advance(timedelta(minutes=1))
        made.append(raise_doubt(lotte, asked)["case_id"])
    lotte.call("doubt.retract", case_id=made[2])
    found, query = [], {"limit": "1"}
    for _ in made:
        page = bram_calls.get("/api/v1/doubts", **query).get_json()
        found += [one["id"] for one in page["doubts"]]
        query = {"limit": "1", "cursor": page["next_cursor"]}
    assert found == [made[1], made[0], made[2]]
    assert page["next_cursor"] is None

    def in_state(state: str) -> list[str]:
        answer = bram_calls.get("/api/v1/doubts", state=state).get_json()
        return [one["id"] for one in answer["doubts"]]

    assert (in_state("open"), in_state("retracted")) == ([made[1], made[0]], [made[2]])
    contact(house, {"case_id": made[0]})
    later(house, timedelta(hours=72), bram)
    bram_calls.token = bram.token
    # Nobody wrote it down yet, and it is so.
    assert (in_state("contacted"), in_state("unproven")) == ([], [made[0]])
    for wrong in ({"state": "gone"}, {"cursor": "x"}, {"limit": "0"}):
        assert bram_calls.get("/api/v1/doubts", **wrong).status_code == 400
    assert "200" in bram_calls.get("/api/v1/doubts", limit="0").get_data(as_text=True)
    first = bram_calls.get("/api/v1/doubts", limit="1").get_json()["next_cursor"]
    other_list = {"state": "open", "cursor": first}
    assert bram_calls.get("/api/v1/doubts", **other_list).status_code == 400


def test_what_a_party_must_not_know_is_not_in_the_answer(
    lotte: Customer, granted: dict[str, Any], bram_calls: Caller
) -> None:
    lotte.call(
        "doubt.raise",
        permission_id=granted["permission_id"],
        concern="other",
        words="Mijn ex zit hierachter.",
    )
    answer = bram_calls.get("/api/v1/doubts")
    assert "ex zit" not in answer.get_data(as_text=True)
    assert lotte.occupancy() not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"document": b64encode(b"MZ program").decode()}, 400),
        ({"media_type": "text/html"}, 400),
        ({"document": "@@@@"}, 400),
        ({"document": b64encode(b"%PDF-" + bytes(LARGEST_DOCUMENT)).decode()}, 400),
        ({"document": "A" * 1_000_000}, 413),
        ({"more": "x"}, 400),
    ],
    ids=["no pdf", "html", "no base64", "a byte too large", "far too large", "unknown field"],
)
def test_what_cannot_be_a_proof_is_refused_at_the_edge(
    house: TheHouse,
    lotte: Customer,
    granted: dict[str, Any],
    bram_calls: Caller,
    changes: dict[str, str],
    status: int,
) -> None:
    case = raise_doubt(lotte, granted)
    answer = bram_calls.post(f"/api/v1/doubts/{case['case_id']}/evidence", evidence() | changes)
    assert answer.status_code == status
    assert bram_calls.get(f"/api/v1/doubts/{case['case_id']}").get_json()["state"] == "open"


@pytest.mark.requirement("R111")
def test_parties_reach_each_other_by_the_contact_group_and_each_names_its_own(
    bram_calls: Caller, joris_calls: Caller
) -> None:
    named = {"name": "Desk for mandates", "email": "mandates@bram.example", "phone": "+32 9 111 11 11"}
    assert bram_calls.post("/api/v1/doubt-contact", named).status_code == 200
    found = joris_calls.get("/api/v1/doubt-contacts").get_json()["contacts"]
    assert {
        name: one[name] for one in found if one["party"] == "Bram Energieadvies" for name in named
    } == named
    for wrong in ({"email": "nobody"}, {"phone": "ring me"}, {"name": ""}):
        assert bram_calls.post("/api/v1/doubt-contact", named | wrong).status_code == 400
