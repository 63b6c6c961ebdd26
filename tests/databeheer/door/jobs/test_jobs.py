"""Jobs: each piece is decided when it is worked, recorded once whatever is killed, fetched as far as it holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.jobs import asking, rows
from databeheer.door.jobs.worker import JobWorker
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.bulk import UNKNOWN, WINDOW, Neighbours, read_bulk, values
from tests.databeheer.door.conftest import neighbours as neighbours  # a fixture
from tests.doors import door_process, execute, query, until
from tests.house import Customer, Party, TheHouse


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job is worked but where a test says so, and a piece is of one item."""
    monkeypatch.setattr(JobWorker, "start", lambda _: None)
    monkeypatch.setattr(asking, "LARGEST_PIECE", 1)


def hand_in(party: Party, permissions: list[str], **changes: Any) -> dict[str, Any]:
    return party.call("job.hand_in", **{**WINDOW, "permission_ids": permissions} | changes)


def show(party: Party, job: dict[str, Any]) -> tuple[str, int]:
    told = party.call("job.show", job_id=job["job_id"])
    return told["state"], told["recorded"]


def fetch(party: Party, job: dict[str, Any], piece: int = 0) -> dict[str, Any]:
    return party.call("job.fetch", job_id=job["job_id"], piece=piece)


def refusal(attempt: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        attempt()
    return refused.value.code


def asked_entries(house: TheHouse) -> list[int]:
    return [
        row[0] for row in query(house, "SELECT index FROM ledger.body WHERE event = 'data.asked' ORDER BY 1")
    ]


def work(house: TheHouse, pieces: int = 2) -> None:
    for _ in range(pieces):
        assert house.service.jobs.step()
    assert not house.service.jobs.step()


def test_a_job_is_worked_in_pieces_and_gives_what_a_read_in_bulk_gives(
    neighbours: Neighbours, bram: Party, maria: Customer
) -> None:
    house = neighbours.house
    job = hand_in(bram, neighbours.both)
    assert (job["items"], job["pieces"], job["recorded"], job["fetched"]) == (2, 2, 0, 0)
    assert (show(bram, job), asked_entries(house)) == (("waiting", 0), [])
    assert house.service.jobs.step()
    assert show(bram, job) == ("working", 1)
    assert refusal(lambda: fetch(bram, job, 1)) == "conflict"
    assert maria.statements()[0]["event"] != "data.read"
    work(house, 1)
    assert show(bram, job) == ("done", 2)
    pieces = [fetch(bram, job, number) for number in range(2)]
    assert [one["index"] for one in pieces] == asked_entries(house)
    assert [one["first"] for one in pieces] == [0, 1]
    at_once = read_bulk(bram, neighbours.both)["items"]
    assert [one["items"] for one in pieces] == [[item] for item in at_once]
    assert all(values(item) for item in at_once)
    assert [one["event"] for one in maria.statements()[:2]] == ["data.read", "data.read"]
    told = bram.call("job.list")["jobs"]
    assert [(one["job_id"], one["fetched"]) for one in told] == [(job["job_id"], 2)]
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_fetched_again_it_is_the_same_values_under_the_same_promise_and_nothing_is_recorded(
    neighbours: Neighbours, bram: Party
) -> None:
    job = hand_in(bram, neighbours.both)
    work(neighbours.house)
    first, before = fetch(bram, job), asked_entries(neighbours.house)
    neighbours.house.clock.advance(timedelta(minutes=30))
    assert fetch(bram, job) == first
    assert asked_entries(neighbours.house) == before


@pytest.mark.parametrize("broken", ["before it is written down", "at the commit"])
def test_a_piece_that_breaks_off_is_recorded_once_by_whoever_goes_on(
    neighbours: Neighbours, bram: Party, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    house = neighbours.house
    job = hand_in(bram, neighbours.both)
    assert house.service.jobs.step()
    with monkeypatch.context() as patch:
        write = rows.add_piece

        def breaks(*arguments: Any) -> None:
            if broken == "at the commit":
                write(*arguments)
            raise OperationalError("", {}, Exception("the server is gone"))

        patch.setattr(rows, "add_piece", breaks)
        assert not house.service.jobs.step()
    assert (show(bram, job), len(asked_entries(house))) == (("working", 1), 1)
    after_restart = JobWorker(house.house)
    assert after_restart.step()
    assert not after_restart.step()
    assert (show(bram, job), len(asked_entries(house))) == (("done", 2), 2)
    assert len({row[0] for row in query(house, "SELECT index FROM jobs.piece")}) == 2


def test_two_doors_at_once_work_each_piece_once(neighbours: Neighbours, bram: Party) -> None:
    house = neighbours.house
    for granularity in ("quarter_hour", "hour", "day"):
        hand_in(bram, neighbours.both, granularity=granularity)

    def go_on(worker: JobWorker) -> int:
        done = 0
        while worker.step():
            done += 1
        return done

    with ThreadPoolExecutor(2) as doors:
        list(doors.map(go_on, [JobWorker(house.house), JobWorker(house.house)]))
    assert len(asked_entries(house)) == 6
    assert {one["state"] for one in bram.call("job.list")["jobs"]} == {"done"}


@pytest.mark.requirement("R22")
def test_what_is_withdrawn_before_its_piece_is_refused_in_it_and_what_is_withdrawn_after_is_not_opened(
    neighbours: Neighbours, bram: Party, lotte: Customer, maria: Customer
) -> None:
    job = hand_in(bram, neighbours.both)
    assert neighbours.house.service.jobs.step()
    maria.withdraw(neighbours.marias)
    work(neighbours.house, 1)
    assert maria.statements()[0]["event"] == "data.refused"
    assert [values(item) != [] for item in fetch(bram, job, 0)["items"]] == [True]
    lotte.withdraw(neighbours.lottes)
    for piece in range(2):
        [item] = fetch(bram, job, piece)["items"]
        assert (item["code"], item["reason"], item["channels"]) == ("permission-ended", "withdrawn", [])


def test_what_was_granted_only_since_is_not_opened_by_an_entry_that_refused_it(
    neighbours: Neighbours, bram: Party, maria: Customer
) -> None:
    asked = bram.ask()
    job = hand_in(bram, [asked["permission_id"], neighbours.lottes])
    work(neighbours.house)
    maria.grant(asked)
    assert read_bulk(bram, [asked["permission_id"]])["items"][0]["channels"]
    [item] = fetch(bram, job)["items"]
    assert (item["code"], item["channels"], item["granted"]) == ("conflict", [], [])
    assert fetch(bram, job, 1)["items"][0]["channels"]


@pytest.mark.parametrize("command", ["job.show", "job.fetch", "job.cancel"])
def test_another_partys_job_does_not_exist(
    neighbours: Neighbours, bram: Party, joris: Party, lotte: Customer, command: str
) -> None:
    house = neighbours.house
    job = hand_in(bram, neighbours.both)
    work(house)
    wish = {"job_id": job["job_id"]} | ({"piece": 0} if command == "job.fetch" else {})
    assert refusal(lambda: joris.call(command, **wish)) == "not-found"
    assert joris.call("job.list") == {"jobs": []}
    facade = house.token(bram.client_id, bram.client_secret, "facade")
    others = [Proof.session(lotte.session), Proof.token(facade), Proof.token("x"), None]
    for proof in [*others, Proof.operator(house.operator_key)]:
        assert refusal(lambda proof=proof: house.client.call(command, proof, **wish)) == "unauthenticated"
    wish["job_id"] = UNKNOWN
    assert refusal(lambda: bram.call(command, **wish)) == "not-found"
    assert show(bram, job) == ("done", 2)


@pytest.mark.parametrize("why", ["suspended", "client_ended"])
def test_no_piece_more_is_worked_for_a_party_that_is_suspended_or_a_client_that_is_ended(
    neighbours: Neighbours, bram: Party, why: str
) -> None:
    house = neighbours.house
    job = hand_in(bram, neighbours.both)
    assert house.service.jobs.step()
    if why == "suspended":
        house.operator("registry.party.suspend", party_id=bram.party_id, reason="a breach")
    else:
        house.operator("registry.client.end", client_id=bram.client_id)
    before = len(asked_entries(house))
    assert refusal(lambda: fetch(bram, job)) == "unauthenticated"
    work(house, 1)
    assert len(asked_entries(house)) == before
    assert query(house, "SELECT end_reason, done FROM jobs.job") == [(why, 1)]


def test_an_emergency_stop_halts_a_job_and_it_goes_on_when_it_is_lifted(
    neighbours: Neighbours, bram: Party
) -> None:
    house = neighbours.house
    job = hand_in(bram, neighbours.both)
    assert house.service.jobs.step()
    house.operator("stop.set", reason="a drill")
    before = len(asked_entries(house))
    assert not house.service.jobs.step()
    assert show(bram, job) == ("halted", 1)
    assert refusal(lambda: fetch(bram, job)) == "stopped"
    assert len(asked_entries(house)) == before
    house.operator("stop.lift", reason="the drill is over")
    work(house, 1)
    assert fetch(bram, job)["items"][0]["channels"]


def test_a_job_is_gone_two_days_after_it_is_through_and_a_week_after_it_was_handed_in(
    neighbours: Neighbours, bram: Party
) -> None:
    house = neighbours.house
    done = hand_in(bram, neighbours.both)
    work(house)
    for late, left in ((timedelta(hours=47), True), (timedelta(hours=1), False)):
        house.clock.advance(late)
        bram.token = house.token(bram.client_id, bram.client_secret)
        if left:
            assert fetch(bram, done)["items"][0]["channels"]
    assert refusal(lambda: fetch(bram, done)) == refusal(lambda: show(bram, done)) == "not-found"
    assert not house.service.jobs.step()
    assert query(house, "SELECT (SELECT count(*) FROM jobs.job) + (SELECT count(*) FROM jobs.piece)") == [
        (0,)
    ]
    left_alone = hand_in(bram, neighbours.both)
    house.clock.advance(timedelta(days=7))
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert not house.service.jobs.step()
    assert refusal(lambda: show(bram, left_alone)) == "not-found"


def test_the_same_request_is_the_same_job_until_it_is_cancelled(neighbours: Neighbours, bram: Party) -> None:
    first = hand_in(bram, neighbours.both)
    assert hand_in(bram, neighbours.both)["job_id"] == first["job_id"]
    assert hand_in(bram, neighbours.both[::-1])["job_id"] != first["job_id"]
    bram.call("job.cancel", job_id=first["job_id"])
    assert hand_in(bram, neighbours.both)["job_id"] != first["job_id"]
    work(neighbours.house, 4)


def test_four_jobs_of_one_party_are_under_way_at_most(
    neighbours: Neighbours, bram: Party, joris: Party
) -> None:
    for granularity in ("quarter_hour", "hour", "day"):
        hand_in(bram, neighbours.both, granularity=granularity)
    hand_in(bram, [neighbours.lottes])
    assert refusal(lambda: hand_in(bram, [neighbours.marias])) == "conflict"
    hand_in(joris, [neighbours.marias])  # another party has places of its own


def test_what_has_too_many_pieces_or_too_much_in_one_is_refused(
    neighbours: Neighbours, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_PIECES", 1)
    assert refusal(lambda: hand_in(bram, neighbours.both)) == "too-large"
    monkeypatch.setattr(asking, "MOST_VALUES", 10)
    assert refusal(lambda: hand_in(bram, [neighbours.lottes], until="2023-10-30T23:00:00Z")) == "too-large"
    for wrong in ({"eans": [LOTTES_EAN]}, {"purpose": "energy_advice"}, {"at_night": "yes"}, {"x": 1}):
        assert refusal(lambda wrong=wrong: hand_in(bram, neighbours.both, **wrong)) == "malformed-request"
    assert query(neighbours.house, "SELECT count(*) FROM jobs.job") == [(0,)]


def test_a_long_period_makes_small_pieces(monkeypatch: pytest.MonkeyPatch, neighbours: Neighbours) -> None:
    monkeypatch.setattr(asking, "LARGEST_PIECE", 1000)
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"}
    assert hand_in(neighbours.bram, neighbours.both, **month)["pieces"] == 1
    monkeypatch.setattr(asking, "MOST_VALUES", 2 * 2980)  # a month of quarter-hours, both directions
    assert hand_in(neighbours.bram, neighbours.both, **month | {"mode": "clip"})["pieces"] == 2


def test_a_job_for_the_night_waits_for_ten_in_the_evening(neighbours: Neighbours, bram: Party) -> None:
    house = neighbours.house
    tomorrow = (house.clock.now() + timedelta(days=1)).date()
    house.clock.set(datetime(tomorrow.year, tomorrow.month, tomorrow.day, 10, tzinfo=UTC))
    bram.token = house.token(bram.client_id, bram.client_secret)
    job = hand_in(bram, neighbours.both, at_night=True)
    assert not house.service.jobs.step()
    assert show(bram, job) == ("waiting", 0)
    house.clock.advance(timedelta(hours=12))  # 22:00 UTC is 23:00 or 24:00 in Brussels
    work(house)


def test_a_job_that_fails_ends_and_holds_up_no_other(
    neighbours: Neighbours, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = hand_in(bram, neighbours.both), hand_in(bram, [neighbours.lottes])
    execute(
        neighbours.house, "UPDATE jobs.job SET asked_sealed = '\\x00' WHERE job_id = %s", UUID(bad["job_id"])
    )
    work(neighbours.house, 2)
    assert (show(bram, bad), show(bram, good)) == (("failed", 0), ("done", 1))


def test_what_is_kept_of_a_job_names_no_permission_no_point_and_holds_no_value(
    neighbours: Neighbours, bram: Party, erik: Party
) -> None:
    job = hand_in(bram, neighbours.both)
    law = {"permission_ids": None, "eans": [MARIAS_EAN], "purpose": "billing", "granularity": "month"}
    erik.call("job.hand_in", **{**WINDOW, "mode": "clip", **law})
    work(neighbours.house, 3)
    assert fetch(bram, job)["items"][0]["channels"]
    kept = repr(query(neighbours.house, "SELECT j, p FROM jobs.job j JOIN jobs.piece p USING (job_id)"))
    for secret in (*neighbours.both, MARIAS_EAN, LOTTES_EAN):
        for spelled in (secret, secret.replace("-", ""), secret.encode().hex()):
            assert spelled not in kept
    lengths = query(neighbours.house, "SELECT max(length(outcome_sealed)) FROM jobs.piece")
    assert lengths[0][0] < 100  # a digest an item, and no value


@pytest.mark.machine_time
def test_a_killed_door_goes_on_with_its_jobs_and_each_piece_is_one_entry(
    neighbours: Neighbours, bram: Party
) -> None:
    """Doors of their own, with the worker in its thread; the first is killed with the job before it."""
    house = neighbours.house
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "mode": "clip"}
    many = [
        *neighbours.both,
        *(str(uuid4()) for _ in range(300)),
    ]  # of most there is nothing: pieces all the same
    with door_process(house) as door:
        job = hand_in(bram, many, **month)
        until(lambda: query(house, "SELECT done FROM jobs.job") != [(0,)], "a piece is recorded")
        door.client.close()
        door.process.kill()
        door.process.wait()
    with door_process(house):
        until(lambda: show(bram, job)[0] == "done", "the next door goes on")
        assert values(fetch(bram, job)["items"][0])
    assert query(house, "SELECT count(*), count(DISTINCT index) FROM jobs.piece") == [(job["pieces"],) * 2]
    assert len(asked_entries(house)) == job["pieces"] > 3
