"""`/api/v1/jobs`: handed in, seen, fetched piece by piece, cancelled; by its own party."""

from __future__ import annotations

from uuid import uuid4

import pytest

from databeheer.door.jobs import asking
from databeheer.door.jobs.worker import JobWorker
from ledger import receipt
from tests.house import Customer, TheHouse
from tests.web.api.test_bulk import DAY, permissions  # noqa: F401  # a fixture
from tests.web.programs import Caller, publish

PATH = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobWorker, "start", lambda _: None)
    monkeypatch.setattr(asking, "LARGEST_PIECE", 1)


def test_a_job_goes_from_its_ticket_to_values_with_a_receipt_for_each_piece(
    house: TheHouse,
    bram_calls: Caller,
    joris_calls: Caller,
    measured: Customer,
    permissions: list[str],  # noqa: F811
) -> None:
    answer = bram_calls.post(PATH, {"permissions": permissions, **DAY})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    job = answer.get_json()
    own = f"{PATH}/{job['job']}"
    assert answer.headers["Location"] == own
    assert (job["state"], job["pieces"], job["recorded"]) == ("waiting", 2, 0)
    assert bram_calls.get(f"{own}/pieces/0").status_code == 409
    while house.service.jobs.step():
        pass
    assert bram_calls.get(own).get_json()["state"] == "done"
    assert [one["job"] for one in bram_calls.get(PATH).get_json()["jobs"]] == [job["job"]]
    pieces = [bram_calls.get(f"{own}/pieces/{number}") for number in range(2)]
    alone = bram_calls.post("/api/v1/readings", {"permissions": permissions, **DAY}).get_json()["items"]
    for place, (piece, one) in enumerate(zip(pieces, alone, strict=True)):
        [item] = piece.get_json()["items"]
        named = ("problem", "granted", "refused", "coverage", "channels")
        assert item == {"place": place} | {name: one[name] for name in named}
    key = publish(house)
    for piece in pieces:
        shown = piece.get_json()["receipt"]
        assert piece.headers["Ledger-Promise"] == shown["promise"]
        proof = bram_calls.get(shown["link"])
        receipt.verify(receipt.parse(proof.get_data()), [key.verifier])
    for path in (own, f"{own}/pieces/0", f"{PATH}/{uuid4()}", f"{own}/pieces/2"):
        caller = bram_calls if path.endswith("/2") else joris_calls
        assert caller.get(path).status_code == 404, path
    for path in (f"{own}/pieces/00", f"{own}/pieces/-1", f"{PATH}/x"):
        assert bram_calls.get(path).status_code == 404, path
    assert bram_calls.delete(own).get_json() == {"cancelled": True}
    assert bram_calls.get(own).status_code == 404


def test_what_is_no_job_is_refused_by_name(
    bram_calls: Caller,
    permissions: list[str],  # noqa: F811
    house: TheHouse,
) -> None:
    for wrong, status in (
        ({}, 400),
        ({"permissions": []}, 400),
        ({"permissions": permissions * 2}, 400),
        ({"permissions": permissions, "eans": ["541448899990000015"]}, 400),
        ({"permissions": permissions, "at_night": "yes"}, 400),
        ({"permissions": permissions, "idempotency_key": "x"}, 400),
    ):
        answer = bram_calls.post(PATH, {**wrong, **DAY})
        assert answer.status_code == status, (wrong, answer.get_data(as_text=True))
    assert bram_calls.get(PATH).get_json() == {"jobs": []}
