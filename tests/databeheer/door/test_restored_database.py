"""A database from an older dump: what was withdrawn since does not come back to life, by whichever road."""

from __future__ import annotations

import shutil
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from databeheer.access.facts import Invalidation
from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.restore.ends import NAME, PERMISSION_ENDINGS
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.conftest import export
from tests.doors import door_environment, execute, launch, query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups

PAPER = b"I, Lotte, allow it."
DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}


@pytest.fixture
def kept(measured: Customer, bram: Party) -> dict[str, Any]:
    """A second permission of Bram's, which Lotte never ends."""
    asked = bram.ask()
    measured.grant(asked)
    return asked


@pytest.fixture
def lost(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any], kept: dict[str, Any]
) -> dict[str, Any]:
    """Lotte withdraws after the dump; the database is lost and the dump put back, nothing else."""
    backups.dump()
    measured.withdraw(granted["permission_id"])
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == "withdrawn"
    backups.publish()
    backups.put_back()
    return granted


@pytest.fixture
def refilled(backups: Backups, lost: dict[str, Any], measured: Customer, bram: Party) -> dict[str, Any]:
    """The ledger is whole again; the door finds by itself that bodies are missing."""
    assert backups.refill().count == 2
    backups.restart_door()
    backups.house.operator("reconcile.status")
    backups.log_in_again(measured, bram)
    return lost


def refusal(call: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


# --- before the ledger is whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True], ids=["the door that ran", "a door started anew"])
def test_a_door_over_an_older_database_appends_nothing_and_hands_nothing_over(
    house: TheHouse,
    backups: Backups,
    measured: Customer,
    bram: Party,
    lost: dict[str, Any],
    kept: dict[str, Any],
    restarted: bool,
) -> None:
    if restarted:
        backups.restart_door()
    before = size(house)
    for attempt in (
        lambda: bram.read(lost["permission_id"]),
        lambda: bram.read(kept["permission_id"]),
        lambda: measured.withdraw(kept["permission_id"]),
        lambda: house.operator("reconcile.finish", lapse=True),
    ):
        assert refusal(attempt).code == "unavailable"
    assert size(house) == before


def test_a_door_started_anew_says_what_to_do(house: TheHouse, lost: Any, tmp_path: Path) -> None:
    log = tmp_path / "door.log"
    assert launch(door_environment(house), log).wait(60) == 2
    assert "databeheer ledger restore" in log.read_text()


def test_the_published_log_tells_it_too_where_the_journal_was_put_back_as_well(
    house: TheHouse, backups: Backups, lost: Any, tmp_path: Path
) -> None:
    (house.house.keys.folder / NAME).unlink()
    log = tmp_path / "door.log"
    environment = door_environment(house) | {"DATABEHEER_LEDGER_DIRECTORY": str(backups.public)}
    assert launch(environment, log).wait(60) == 2
    assert "are published: an older backup was put back" in log.read_text()


# --- while a gap stands -------------------------------------------------------------------------------------


@pytest.mark.requirement("R22")
def test_nobody_reads_but_the_customer_himself_and_withdrawing_works(
    house: TheHouse,
    backups: Backups,
    measured: Customer,
    bram: Party,
    erik: Party,
    refilled: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    backups.log_in_again(erik)
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    for permission in (refilled, kept):
        refused = refusal(lambda permission=permission: bram.read(permission["permission_id"]))
        assert (refused.code, refused.reason) == ("reconciling", "unreconciled")
        told = measured.statements()[0]
        assert (told["index"], told["event"], told["reason"]) == (
            refused.index,
            "data.refused",
            "unreconciled",
        )
    assert refusal(lambda: erik.read(ean=LOTTES_EAN, **MONTH)).reason == "unreconciled"
    own = measured.call("readings.read", occupancy_id=measured.occupancy(), granularity="quarter_hour", **DAY)
    assert own["granted"]
    measured.withdraw(kept["permission_id"])
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "withdrawn"


def test_every_session_and_token_of_the_backup_has_ended(
    backups: Backups, measured: Customer, bram: Party, lost: dict[str, Any], kept: dict[str, Any]
) -> None:
    backups.refill()
    backups.house.operator("reconcile.status")
    assert refusal(lambda: measured.call("me")).code == "unauthenticated"
    assert refusal(lambda: bram.read(kept["permission_id"])).code == "unauthenticated"


def test_a_running_door_finds_the_gap_at_its_next_turn(
    house: TheHouse, backups: Backups, bram: Party, lost: dict[str, Any], kept: dict[str, Any]
) -> None:
    restored = backups.refill()
    # Its first turn is this read, and already knows: the token that the backup brought back counts no more.
    assert refusal(lambda: bram.read(kept["permission_id"])).code == "unauthenticated"
    backups.log_in_again(bram)
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "unreconciled"
    (gap,) = house.operator("reconcile.status")["gaps"]
    assert (gap["first"], gap["until"], gap["found_by"]) == (restored.first, restored.until, "door")


def test_a_gap_is_found_once_and_outlives_a_restart(
    house: TheHouse, backups: Backups, bram: Party, refilled: Any, kept: dict[str, Any]
) -> None:
    backups.restart_door()
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "unreconciled"
    assert len(house.operator("reconcile.status")["gaps"]) == 1


def test_no_file_is_taken_in(house: TheHouse, refilled: Any) -> None:
    with pytest.raises(DoorRefusedError, match="taking files in waits"):
        house.ingest(export())


@pytest.mark.parametrize("command", ["reconcile.status", "reconcile.evidence", "reconcile.finish"])
def test_nobody_but_the_operator_reconciles(
    house: TheHouse, measured: Customer, bram: Party, refilled: Any, kept: dict[str, Any], command: str
) -> None:
    arguments = {"receipt": "x"} if command == "reconcile.evidence" else {}
    for who in (measured, bram):
        assert refusal(lambda who=who: who.call(command, **arguments)).code == "unauthenticated"
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "unreconciled"


# --- reconciled by the journal ------------------------------------------------------------------------------


@pytest.mark.requirement("R22")
def test_a_withdrawal_that_the_database_lost_holds_and_the_rest_flows_again(
    house: TheHouse, measured: Customer, bram: Party, refilled: dict[str, Any], kept: dict[str, Any]
) -> None:
    status = house.operator("reconcile.status")
    assert (status["journal_reaches"], status["gaps"][0]["journal_reaches"]) == (True, True)
    assert (status["ends_in_journal"], status["would_lapse"]) == (1, 0)
    assert house.operator("reconcile.finish") == {"ended_again": 1, "lapsed": 0, "journal": "reaches"}
    assert refusal(lambda: bram.read(refilled["permission_id"])).reason == "withdrawn"
    assert bram.permission(refilled["permission_id"])["reason"] == "withdrawn_by_customer"
    assert bram.read(kept["permission_id"])["granted"]
    told = [one["event"] for one in measured.statements(kind="permissions")]
    assert told[0] == "permission.revoked"


def _terminate(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    bram.call("permission.terminate", permission_id=permission)


def _move(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=house.clock.now().date().isoformat())


def _suspend(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="fraud")


def _past(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    lotte.call("permission.withdraw", permission_id=permission, part="past")


def _die(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    died = {"person_id": str(lotte.person_id), "died_on": day_of(house.clock.now()).isoformat()}
    house.operator("registry.person.died", **died, reference="akte 1")


def _end_contract(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    [(number,)] = query(house, "SELECT number FROM registry.contract WHERE party_id = %s", bram.party_id)
    house.operator("registry.contract.end", number=number)


def _stale(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    house.operator("registry.dpia.stale", party_id=bram.party_id, trigger="new_categories")


def _no_overview(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    where = {"party_id": bram.party_id, "url": "https://party.example/privacy"}
    house.operator("registry.overview.check", **where, reachable=False)


def _bad_paper(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    _register(bram, permission)
    bram.call("mandate.produce", permission_id=permission, document=b64encode(PAPER).decode())
    verdict = {"permission_id": permission, "accepted": False, "checked_by": "desk"}
    house.operator("mandate.check", **verdict)


def _register(bram: Party, permission: str) -> None:
    digest = sha256(PAPER).hexdigest()
    bram.call("mandate.register", permission_id=permission, document_sha256=digest, signed_on="2023-01-01")


def _no_paper(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    _register(bram, permission)
    house.operator("mandate.sample")
    house.clock.advance(timedelta(days=15))
    house.operator("permission.sweep")


def _stop(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    house.operator("stop.set", reason="a leak")


def _stop_and_lift(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> None:
    _stop(house, lotte, bram, permission)
    house.operator("stop.lift", reason="none")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (_terminate, "terminated"),
        (_move, "invalidated_by_move"),
        (_past, "outside_data_period"),
        (_die, "holder_died"),
        (_bad_paper, "mandate_rejected"),
        (_no_paper, "blocked"),
        (_end_contract, "no_data_access_contract"),
        (_stale, "no_dpia"),
        (_no_overview, "no_processing_overview"),
        (_suspend, "ended_by_suspension"),
        (_stop, "stopped"),
        (_stop_and_lift, None),
    ],
    ids=[
        *("terminated", "moved", "past", "died", "bad paper", "no paper", "contract", "stale", "no overview"),
        *("suspended", "stopped", "stopped and lifted"),
    ],
)
def test_whatever_narrowed_access_narrows_it_again(
    house: TheHouse,
    backups: Backups,
    measured: Customer,
    bram: Party,
    granted: dict[str, Any],
    act: Any,
    reason: str | None,
) -> None:
    backups.dump()
    act(house, measured, bram, granted["permission_id"])
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.finish")
    backups.log_in_again(bram)
    if reason is None:
        assert bram.read(granted["permission_id"])["granted"]
        return
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == reason


def test_a_move_out_that_was_set_to_an_earlier_day_ends_on_that_day_again(
    house: TheHouse, backups: Backups, measured: Customer
) -> None:
    backups.dump()
    for day in ("2023-10-30", "2023-10-29"):
        house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day)
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.finish")
    stays = query(house, "SELECT until_day FROM registry.occupancy WHERE person_id = %s", measured.person_id)
    assert [until.isoformat() for (until,) in stays] == ["2023-10-29"]


def test_a_refused_request_does_not_wait_again(
    house: TheHouse, backups: Backups, measured: Customer, bram: Party
) -> None:
    asked = bram.ask()
    backups.dump()
    measured.call("permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"])
    backups.publish()
    backups.put_back()
    backups.refill()
    house.operator("reconcile.finish")
    backups.log_in_again(bram)
    assert bram.permission(asked["permission_id"])["state"] == "rejected"


def test_a_grant_given_anew_after_the_restore_stays(
    house: TheHouse, backups: Backups, measured: Customer, bram: Party
) -> None:
    asked = bram.ask()
    backups.dump()
    measured.grant(asked)
    measured.withdraw(asked["permission_id"])
    backups.publish()
    backups.put_back()
    backups.refill()
    house.operator("reconcile.status")
    backups.log_in_again(measured, bram)
    house.clock.advance(timedelta(seconds=1))
    measured.grant(asked)
    assert house.operator("reconcile.finish")["ended_again"] == 0
    assert bram.read(asked["permission_id"])["granted"]


def test_ends_that_were_never_published_hold_too(
    house: TheHouse, backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    backups.dump()
    house.operator("registry.person.add", subject="somebody", name="Somebody")
    bram.ask()
    backups.publish()
    measured.withdraw(granted["permission_id"])
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.finish")
    backups.log_in_again(bram)
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == "withdrawn"


def test_a_second_restore_of_the_same_dump_reconciles_again(
    house: TheHouse, backups: Backups, bram: Party, measured: Customer, refilled: dict[str, Any], kept: Any
) -> None:
    house.operator("reconcile.finish")
    measured.withdraw(kept["permission_id"])
    backups.publish()
    backups.put_back()
    backups.refill()
    house.operator("reconcile.finish")
    backups.log_in_again(bram)
    for permission in (refilled, kept):
        assert (
            refusal(lambda permission=permission: bram.read(permission["permission_id"])).reason
            == "withdrawn"
        )


def test_a_withdrawal_that_the_journal_cannot_take_does_not_happen(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "no space left on device")

    before = size(house)
    with monkeypatch.context() as patch:
        patch.setattr("databeheer.door.restore.ends.os.fsync", full)
        assert refusal(lambda: measured.withdraw(granted["permission_id"])).code == "internal"
    assert size(house) == before
    assert bram.permission(granted["permission_id"])["state"] == "active"


def test_finishing_twice_or_without_a_gap_is_refused(house: TheHouse, refilled: Any) -> None:
    house.operator("reconcile.finish")
    assert refusal(lambda: house.operator("reconcile.finish")).code == "conflict"
    assert house.operator("reconcile.status")["gaps"] == []


# --- without a journal that reaches -------------------------------------------------------------------------


@pytest.fixture
def short_journal(
    backups: Backups,
    measured: Customer,
    bram: Party,
    granted: dict[str, Any],
    kept: dict[str, Any],
) -> dict[str, Any]:
    """The key store was put back from the same night as the database."""
    journal = backups.house.house.keys.folder / NAME
    backups.dump()
    copy = shutil.copy(journal, backups.folder / "journal")
    measured.withdraw(granted["permission_id"])
    backups.publish()
    backups.put_back()
    backups.refill()
    shutil.copy(copy, journal)
    backups.restart_door()
    backups.house.operator("reconcile.status")
    backups.log_in_again(measured, bram)
    return granted


def test_where_nobody_knows_what_was_withdrawn_every_consent_lapses_and_can_be_asked_again(
    house: TheHouse, measured: Customer, bram: Party, short_journal: dict[str, Any], kept: dict[str, Any]
) -> None:
    status = house.operator("reconcile.status")
    assert status["gaps"][0]["journal_reaches"] is False
    assert (status["journal_reaches"], status["would_lapse"]) == (False, 2)
    refused = refusal(lambda: house.operator("reconcile.finish"))
    assert refused.code == "conflict"
    assert "lapse=true" in str(refused)
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "unreconciled"
    assert house.operator("reconcile.finish", lapse=True) == {
        "ended_again": 0,
        "lapsed": 2,
        "journal": "does not reach",
    }
    for permission in (short_journal, kept):
        refused = refusal(lambda permission=permission: bram.read(permission["permission_id"]))
        assert (refused.code, refused.reason) == ("permission-ended", "lapsed")
    told = measured.call("permission.show", permission_id=kept["permission_id"])["permission"]
    assert (told["state"], told["reason"]) == ("lapsed", "lost_in_restore")
    assert [one["event"] for one in measured.statements(kind="permissions")][:2] == ["permission.lapsed"] * 2
    again = bram.ask()
    measured.grant(again)
    assert bram.read(again["permission_id"])["granted"]


def test_a_consent_given_after_the_restore_was_found_does_not_lapse(
    house: TheHouse, measured: Customer, bram: Party, short_journal: Any
) -> None:
    house.clock.advance(timedelta(seconds=1))
    fresh = bram.ask()
    measured.grant(fresh)
    assert house.operator("reconcile.finish", lapse=True)["lapsed"] == 2
    assert bram.read(fresh["permission_id"])["granted"]


def test_the_operator_may_declare_the_journal_the_newest_and_the_ledger_says_so(
    house: TheHouse, bram: Party, short_journal: Any, kept: dict[str, Any]
) -> None:
    done = house.operator("reconcile.finish", journal_is_newest=True)
    assert (done["lapsed"], done["journal"]) == (0, "declared")
    assert bram.read(kept["permission_id"])["granted"]
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'restore.reconciled'") == [(1,)]


# --- evidence -----------------------------------------------------------------------------------------------


@pytest.fixture
def receipts(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any], kept: dict[str, Any]
) -> dict[str, str]:
    """What Lotte and Bram kept of entries that were then lost, and of one that was not; no journal is left."""
    backups.publish()
    old = int(query(backups.house, "SELECT index FROM ledger.body WHERE event = 'permission.granted'")[0][0])
    told = {"not lost": backups.receipt(old, bram)}
    backups.dump()
    index = measured.withdraw(granted["permission_id"])["index"]
    asked = bram.ask()
    grant = measured.grant(asked)["index"]
    backups.publish()
    told |= {
        "lotte": backups.receipt(index, measured),
        "bram": backups.receipt(index, bram),
        "grant": backups.receipt(grant, bram),
    }
    backups.put_back()
    backups.refill()
    (backups.house.house.keys.folder / NAME).unlink()
    backups.restart_door()
    backups.house.operator("reconcile.status")
    backups.log_in_again(measured, bram)
    return told


@pytest.mark.parametrize("whose", ["lotte", "bram"])
def test_a_receipt_that_somebody_kept_ends_again_what_it_ended(
    house: TheHouse,
    bram: Party,
    receipts: dict[str, str],
    granted: dict[str, Any],
    kept: dict[str, Any],
    whose: str,
) -> None:
    told = house.operator("reconcile.evidence", receipt=receipts[whose])
    assert (told["event"], told["ended"]) == ("permission.revoked", True)
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == "withdrawn"
    assert house.operator("reconcile.status")["would_lapse"] == 1
    assert bram.call("receipt.opening", index=told["index"])["opening"]["shared"]
    assert house.operator("reconcile.finish", lapse=True)["lapsed"] == 1
    assert refusal(lambda: bram.read(kept["permission_id"])).reason == "lapsed"
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == "withdrawn"


def test_a_receipt_says_again_that_a_suspension_ended_it(
    house: TheHouse, backups: Backups, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    backups.dump()
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="geen verwerkersovereenkomst")
    house.client.call("permission.sweep", Proof.clerk(house.clerk_key))
    row = next(one for one in measured.statements() if one["event"] == "permission.invalidated")
    backups.publish()
    receipt = backups.receipt(row["index"], measured)
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")
    backups.log_in_again(measured, bram)
    assert house.operator("reconcile.evidence", receipt=receipt)["ended"] is True
    ended = query(house, "SELECT state, reason FROM permissions.permission")
    assert ended == [("invalidated", "party_suspended")]


def test_every_reason_why_a_permission_lost_what_it_rested_on_has_an_end_of_its_own() -> None:
    reasons = {reason for state, reason in PERMISSION_ENDINGS.values() if state == "invalidated"}
    assert reasons == {one.value for one in Invalidation}


def test_a_receipt_of_a_grant_widens_nothing(house: TheHouse, bram: Party, receipts: dict[str, str]) -> None:
    before = len(bram.call("permission.list", state="active")["permissions"])
    told = house.operator("reconcile.evidence", receipt=receipts["grant"])
    assert (told["event"], told["ended"]) == ("permission.granted", False)
    assert len(bram.call("permission.list", state="active")["permissions"]) == before


def test_what_is_no_evidence_of_a_lost_entry_is_refused_and_changes_nothing(
    house: TheHouse, receipts: dict[str, str]
) -> None:
    before = size(house)
    index = receipts["lotte"].split("index ")[1].split("\n")[0]
    elsewhere = receipts["lotte"].replace(f"index {index}\n", f"index {int(index) + 1}\n")
    bare = "\n".join(line for line in receipts["lotte"].split("\n") if not line.startswith("extra"))
    for receipt, code in (
        (receipts["not lost"], "not-found"),
        (elsewhere, "malformed-request"),
        (bare, "malformed-request"),
        (receipts["lotte"][:200], "malformed-request"),
        ("a letter", "malformed-request"),
    ):
        assert refusal(
            lambda receipt=receipt: house.operator("reconcile.evidence", receipt=receipt)
        ).code == (code)
    assert size(house) == before
    house.operator("reconcile.evidence", receipt=receipts["lotte"])
    assert refusal(lambda: house.operator("reconcile.evidence", receipt=receipts["bram"])).code == "conflict"


# --- what an audit says -------------------------------------------------------------------------------------


def checked(house: TheHouse) -> dict[str, Any]:
    return house.operator("ledger.check_bodies", start=0, limit=2000)


def test_an_audit_names_what_is_lost_as_a_fault_until_it_is_reconciled_and_as_lost_after(
    house: TheHouse, refilled: Any
) -> None:
    (gap,) = house.operator("reconcile.status")["gaps"]
    assert {one["index"] for one in checked(house)["problems"]} == {gap["first"], gap["first"] + 1}
    house.operator("reconcile.finish")
    found = checked(house)
    assert found["problems"] == []
    assert found["lost"] == [[gap["first"], gap["until"] - 1]]


def test_a_body_that_was_put_back_is_checked_against_its_entry(
    house: TheHouse, receipts: dict[str, str]
) -> None:
    told = house.operator("reconcile.evidence", receipt=receipts["lotte"])
    (gap,) = house.operator("reconcile.status")["gaps"]
    house.operator("reconcile.finish", lapse=True)
    found = checked(house)
    assert found["problems"] == []
    lost = {index for first, last in found["lost"] for index in range(first, last + 1)}
    assert lost == set(range(gap["first"], gap["until"])) - {told["index"]}
    execute(house, "UPDATE ledger.body SET ground = 'supplier' WHERE index = %s", told["index"])
    assert [one["index"] for one in checked(house)["problems"]] == [told["index"]]


def test_a_row_that_calls_a_removed_body_lost_hides_nothing(house: TheHouse, refilled: Any) -> None:
    house.operator("reconcile.finish")
    execute(house, "DELETE FROM ledger.statement WHERE index = 4")
    execute(house, "DELETE FROM ledger.body WHERE index = 4")
    execute(
        house,
        "INSERT INTO oversight.gap (first, until, found_by, found_at, reconciled_index)"
        " VALUES (4, 5, 'door', now(), 5)",
    )
    execute(house, "UPDATE oversight.gap SET first = 4 WHERE found_by = 'door' AND first > 5")
    assert 4 in {one["index"] for one in checked(house)["problems"]}
