"""The proof in a case of doubt: shown in time, judged by two people, destroyed; and every clock at its boundary."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError
from databeheer.door.documents import coordinates
from databeheer.door.keys.store import Kind
from databeheer.doubt.evidence import LARGEST_DOCUMENT
from databeheer.metering.opening import SealError, unseal
from databeheer.values import format_instant, parse_instant
from tests.databeheer.doubt.acts import PDF, contact, judge, later, lift, log_in, raise_doubt, show, until
from tests.doors import query
from tests.house import Customer, Party, TheHouse

TICK = timedelta(milliseconds=1)


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


# --- a good proof -----------------------------------------------------------------------------------------


@pytest.mark.requirement("R103")
@pytest.mark.requirement("R105")
def test_after_a_good_proof_in_time_the_party_reads_the_blocked_period_afterwards(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    query(  # the readings taken in are of the time of the block
        house,
        "UPDATE permissions.permission SET decided_at = %s WHERE permission_id = %s RETURNING 1",
        datetime(2023, 1, 1, tzinfo=UTC),
        permission,
    )
    before = bram.read(permission)
    case = raise_doubt(measured, granted)
    query(
        house,
        "UPDATE doubt.doubt_case SET opened_at = %s RETURNING 1",
        datetime(2023, 10, 28, tzinfo=UTC),
    )
    assert refusal(lambda: bram.read(permission)).code == "blocked"
    contact(house, case)
    show(bram, case)
    lifted = lift(house, case)
    assert (lifted["state"], lifted["is_blocked"], lifted["gap"]) == ("lifted", False, None)
    assert bram.permission(permission)["state"] == "active"
    after = bram.read(permission)
    assert after["granted"] == before["granted"]
    assert after["refused"] == []


@pytest.mark.requirement("R104")
def test_after_a_late_proof_the_permission_has_ended_and_no_new_one_opens_the_gap(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    house.clock.set(house.clock.now().replace(microsecond=0) + timedelta(seconds=1))
    case = raise_doubt(measured, granted)
    told = contact(house, case)
    until(house, parse_instant(told["evidence_due_at"]), measured, bram)
    refused = refusal(lambda: show(bram, case))
    assert refused.code == "conflict"
    assert "regular" in str(refused)
    ended = bram.permission(permission)
    assert (ended["state"], ended["reason"]) == ("invalidated", "doubt_not_answered")
    assert ended["ended_at"] == told["evidence_due_at"]
    assert refusal(lambda: bram.read(permission)).reason == "unproven"
    [mine] = measured.call("doubt.list")["cases"]
    assert mine["gap"] == {"from": case["blocked_at"], "until": told["evidence_due_at"]}
    # The regular way: a new permission, for data of before as well. The gap stays shut, to the quarter-hour.
    query(  # the readings taken in are of the time of the gap
        house,
        "UPDATE doubt.doubt_case SET opened_at = %s, closed_at = %s RETURNING 1",
        datetime(2023, 10, 29, 0, 0, tzinfo=UTC),
        datetime(2023, 10, 29, 6, 0, tzinfo=UTC),
    )
    new = bram.ask()
    measured.grant(new)
    read = bram.read(new["permission_id"], mode="clip")
    assert [(one["from"], one["until"], one["reason"]) for one in read["refused"]] == [
        ("2023-10-29T00:00:00Z", "2023-10-29T06:00:00Z", "doubt_gap")
    ]
    assert house.operator("doubt.sweep")["recorded"] == {}


# --- clocks -----------------------------------------------------------------------------------------------

LATE_ON_FRIDAY = datetime(2026, 3, 27, 22, 30, tzinfo=UTC)
"""Friday 23:30 in Brussels; that Sunday the clock goes forward."""
BEFORE_EASTER = datetime(2026, 4, 3, 12, 0, tzinfo=UTC)
"""Good Friday, a working day here; Easter Monday is a holiday."""
IN_OCTOBER = datetime(2026, 10, 23, 20, 0, tzinfo=UTC)
"""Friday; that Sunday the clock goes back."""
BEFORE_NEW_YEAR = datetime(2026, 12, 31, 9, 0, tzinfo=UTC)
"""Thursday; Friday is a holiday."""
WORKING_DAYS = (
    (LATE_ON_FRIDAY, datetime(2026, 3, 30, 22, 0, tzinfo=UTC)),
    (BEFORE_EASTER, datetime(2026, 4, 7, 22, 0, tzinfo=UTC)),
    (IN_OCTOBER, datetime(2026, 10, 26, 23, 0, tzinfo=UTC)),
    (BEFORE_NEW_YEAR, datetime(2027, 1, 4, 23, 0, tzinfo=UTC)),
)
"""A moment, and the end of one working day after it: the first moment that is too late."""


def put(house: TheHouse, moment: datetime, *people: Customer | Party) -> None:
    """Let it be a moment, whatever it was; everybody's papers are in order then."""
    house.clock.set(moment)
    for one in people:
        if isinstance(one, Party):
            house.put_in_order(one.party_id)
    log_in(house, *people)


def missed(house: TheHouse, kind: str) -> list[bool]:
    rows = query(
        house,
        "SELECT due_at <= coalesce(met_at, dropped_at, %s) FROM clocks.clock WHERE kind = %s",
        house.clock.now(),
        kind,
    )
    return [row[0] for row in rows]


@pytest.fixture
def in_march(house: TheHouse, measured: Customer, bram: Party) -> dict[str, Any]:
    """A permission granted on 20 March 2026."""
    put(house, datetime(2026, 3, 20, 9, tzinfo=UTC), measured, bram)
    asked = bram.ask()
    measured.grant(asked)
    return asked


@pytest.mark.requirement("R101")
def test_the_party_is_contacted_within_one_working_day(
    house: TheHouse,
    measured: Customer,
    bram: Party,
    in_march: dict[str, Any],
) -> None:
    for (opened, due), late in product(WORKING_DAYS, (-TICK, timedelta(), TICK)):
        put(house, opened, measured, bram)
        case = raise_doubt(measured, in_march)
        assert parse_instant(case["contact_due_at"]) == due
        put(house, due + late, measured, bram)
        contact(house, case)
        assert missed(house, "doubt_contact")[-1] is (late >= timedelta())
        measured.call("doubt.retract", case_id=case["case_id"])


@pytest.mark.requirement("R102")
@pytest.mark.requirement("R104")
@pytest.mark.parametrize("late", [-TICK, timedelta(), TICK], ids=["before", "at", "after"])
def test_the_72_hours_are_hours_of_the_clock_through_weekends_holidays_and_both_changes(
    house: TheHouse, measured: Customer, bram: Party, in_march: dict[str, Any], late: timedelta
) -> None:
    for asked, _ in WORKING_DAYS:
        put(house, asked, measured, bram)
        wish = bram.ask()
        measured.grant(wish)
        case = raise_doubt(measured, wish)
        due = parse_instant(contact(house, case)["evidence_due_at"])
        assert due - asked == timedelta(hours=72)
        put(house, due + late, measured, bram)
        if late < timedelta():
            assert show(bram, case)["state"] == "shown"
            measured.call("doubt.retract", case_id=case["case_id"])
        else:
            assert refusal(lambda case=case: show(bram, case)).code == "conflict"
            assert bram.call("doubt.show", case_id=case["case_id"])["case"]["state"] == "unproven"
    assert missed(house, "doubt_evidence") == [late >= timedelta()] * len(WORKING_DAYS)


@pytest.mark.requirement("R103")
def test_after_a_good_proof_the_block_is_lifted_within_one_working_day(
    house: TheHouse, measured: Customer, bram: Party, in_march: dict[str, Any]
) -> None:
    for (shown, due), late in product(WORKING_DAYS, (-TICK, timedelta(), TICK)):
        put(house, shown, measured, bram)
        case = raise_doubt(measured, in_march)
        contact(house, case)
        assert parse_instant(show(bram, case)["unblock_due_at"]) == due
        put(house, due + late, measured, bram)
        assert lift(house, case)["state"] == "lifted"  # late or not, it is lifted (R105); the clock tells
        assert missed(house, "doubt_unblock")[-1] is (late >= timedelta())


@pytest.mark.requirement("R110")
@pytest.mark.parametrize("late", [-TICK, timedelta(), TICK], ids=["before", "at", "after"])
def test_a_party_reports_a_signal_of_its_customer_within_one_working_day_and_is_blocked_all_the_same(
    house: TheHouse, measured: Customer, bram: Party, in_march: dict[str, Any], late: timedelta
) -> None:
    for received, due in WORKING_DAYS:
        put(house, due + late, measured, bram)
        wish = bram.ask()
        measured.grant(wish)
        case = bram.call(
            "doubt.report_own",
            permission_id=wish["permission_id"],
            concern="not_given",
            customer="unsatisfied",
            received_at=format_instant(received),
            words="She says that she never signed. We looked for the form and asked our agent.",
        )["case"]
        assert case["signals"][0]["is_late"] is (late >= timedelta())
        assert refusal(lambda wish=wish: bram.read(wish["permission_id"])).code == "blocked"
        contact(house, case)
        put(house, house.clock.now() + timedelta(hours=72), measured, bram)
        house.operator("doubt.sweep")
    assert missed(house, "doubt_party_report") == [late >= timedelta()] * len(WORKING_DAYS)


def test_a_party_reports_nothing_of_the_future_and_the_same_once(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    report = {
        "permission_id": granted["permission_id"],
        "concern": "other",
        "customer": "unknown",
        "words": "x",
    }
    now = house.clock.now()
    refused = refusal(
        lambda: bram.call(
            "doubt.report_own", received_at=format_instant(now + timedelta(seconds=1)), **report
        )
    )
    assert refused.code == "malformed-request"
    assert bram.read(granted["permission_id"])["granted"]
    first = bram.call("doubt.report_own", received_at=format_instant(now), idempotency_key="k", **report)
    again = bram.call("doubt.report_own", received_at=format_instant(now), idempotency_key="k", **report)
    assert again == first
    refused = refusal(lambda: bram.call("doubt.report_own", received_at=format_instant(now), **report))
    assert refused.code == "conflict"


# --- four eyes --------------------------------------------------------------------------------------------


def test_who_judged_the_proof_does_not_lift_the_block_however_the_name_is_written(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    lifting = {"case_id": case["case_id"], "agrees": True}
    assert refusal(lambda: house.operator("doubt.lift", by="Omar", **lifting)).code == "conflict"
    show(bram, case)
    assert refusal(lambda: house.operator("doubt.lift", by="Omar", **lifting)).code == "conflict"
    judge(house, case, accepted=True, by="Nadia Peeters")
    for same in ("Nadia Peeters", "nadia peeters", " NADIA  PEETERS "):
        refused = refusal(lambda same=same: house.operator("doubt.lift", by=same, **lifting))
        assert "four eyes" in str(refused)
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"
    judged_again = house.operator("doubt.lift", **(lifting | {"agrees": False}), by="Omar")["case"]
    assert judged_again["state"] == "shown"
    judge(house, case, accepted=True, by="Omar")
    assert house.operator("doubt.lift", by="Nadia Peeters", **lifting)["case"]["state"] == "lifted"


# --- what is shown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"document": b64encode(b"MZ this is a program").decode()},
        {"media_type": "image/png"},
        {"media_type": "text/html"},
        {"document": "not base64!"},
        {"document": ""},
        {"document": b64encode(b"%PDF-" + bytes(LARGEST_DOCUMENT - 4)).decode()},
        {"findings": ""},
        {"findings": "x" * 1001},
    ],
    ids=["no pdf", "another type", "html", "no base64", "empty", "too large", "no findings", "long findings"],
)
def test_what_cannot_be_a_proof_is_refused_and_changes_nothing(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], changes: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    assert refusal(lambda: show(bram, case, **changes)).code == "malformed-request"
    assert bram.call("doubt.show", case_id=case["case_id"])["case"]["state"] == "contacted"
    assert query(house, "SELECT count(*) FROM doubt.evidence") == [(0,)]


def test_the_largest_document_is_taken(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    assert show(bram, case, b"%PDF-" + bytes(LARGEST_DOCUMENT - 5))["state"] == "shown"


def test_another_party_shows_nothing_in_this_case(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    assert refusal(lambda: show(joris, case)).code == "not-found"
    assert refusal(lambda: joris.call("doubt.show", case_id=case["case_id"])).code == "not-found"


def test_a_refused_proof_can_be_followed_by_a_better_one_while_the_72_hours_run(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    due = contact(house, case)["evidence_due_at"]
    show(bram, case)
    assert refusal(lambda: show(bram, case)).code == "conflict"
    refused = judge(house, case, accepted=False)
    assert (refused["state"], refused["evidence_due_at"]) == ("contacted", due)
    later(house, timedelta(hours=71), measured, bram)
    show(bram, case, PDF + b", the right one")
    later(house, timedelta(hours=2), measured, bram)
    closed = judge(house, case, accepted=False)
    assert closed["state"] == "unproven"
    assert [one["accepted"] for one in closed["evidence"]] == [False, False]


def hours(house: TheHouse) -> list[tuple[Any, ...]]:
    """Of each clock of the 72 hours, in order: when it is due, and how it ended."""
    rows = query(
        house,
        "SELECT due_at, met_at < due_at, dropped_at < due_at FROM clocks.clock WHERE kind = 'doubt_evidence'"
        " ORDER BY clock_no",
    )
    return [
        (
            format_instant(due),
            "kept"
            if kept
            else "dropped"
            if dropped
            else "missed"
            if None in (kept, dropped) and (kept is False or dropped is False)
            else "runs",
        )
        for due, kept, dropped in rows
    ]


@pytest.mark.requirement("R102")
def test_a_blank_page_is_no_mandate_shown_and_the_same_hours_run_on_until_they_are_missed(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    due = contact(house, case)["evidence_due_at"]
    later(house, timedelta(hours=1), measured, bram)
    show(bram, case, b"%PDF-1.7 blank")
    assert hours(house) == [(due, "dropped")]
    later(house, timedelta(hours=1), measured, bram)
    judge(house, case, accepted=False)
    assert hours(house) == [(due, "dropped"), (due, "runs")]
    later(house, timedelta(hours=70), measured, bram)
    assert house.operator("doubt.sweep")["recorded"] == {"doubt_unproven": 1}
    assert hours(house) == [(due, "dropped"), (due, "missed")]
    assert house.operator("clocks.sweep")["recorded"] == {"doubt_evidence": 1}


@pytest.mark.requirement("R102")
def test_hours_that_ended_while_a_blank_page_was_judged_are_missed_and_nobody_is_asked_for_a_better_one(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    due = contact(house, case)["evidence_due_at"]
    show(bram, case, b"%PDF-1.7 blank")
    later(house, timedelta(hours=80), measured, bram)
    assert judge(house, case, accepted=False)["state"] == "unproven"
    assert hours(house) == [(due, "dropped"), (due, "missed")]
    told = [
        row[0] for row in query(house, "SELECT kind FROM post.message WHERE party_id IS NOT NULL ORDER BY at")
    ]
    assert "doubt.evidence_refused" not in told
    assert "doubt.unproven" in told


@pytest.mark.requirement("R102", "R103")
def test_a_good_proof_keeps_the_hours_at_the_moment_when_it_was_shown_however_late_it_is_judged(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    due = contact(house, case)["evidence_due_at"]
    later(house, timedelta(hours=71), measured, bram)
    show(bram, case)
    shown_at = house.clock.now()
    later(house, timedelta(hours=48), measured, bram)
    lift(house, case)
    assert hours(house) == [(due, "dropped"), (due, "kept")]
    assert query(
        house, "SELECT met_at FROM clocks.clock WHERE met_at IS NOT NULL AND kind = 'doubt_evidence'"
    ) == [(shown_at,)]
    assert house.operator("clocks.sweep")["recorded"] == {"doubt_unblock": 1}


def test_who_shows_before_it_is_asked_keeps_its_hours_too(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    show(bram, case)
    judge(house, case, accepted=False)
    [(due, how)] = hours(house)
    assert (due, how) == (format_instant(house.clock.now() + timedelta(hours=72)), "runs")
    assert bram.call("doubt.show", case_id=case["case_id"])["case"]["evidence_due_at"] == due
    show(bram, case)
    lift(house, case)
    assert [how for _, how in hours(house)] == ["dropped", "kept"]


# --- destroyed --------------------------------------------------------------------------------------------


def sealed_copies(house: TheHouse) -> list[tuple[Any, ...]]:
    return query(
        house,
        "SELECT evidence_id, content_sealed, words_sealed, document_sha256 FROM doubt.evidence e"
        " JOIN documents.document d ON d.document_id = e.evidence_id",
    )


@pytest.mark.requirement("R106")
@pytest.mark.parametrize("end", ["lifted", "refused", "retracted"])
def test_the_copy_is_sealed_while_it_is_kept_and_destroyed_when_it_is_not_needed_its_hash_stays(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], end: str
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    show(bram, case)
    [(evidence_id, document, findings, digest)] = sealed_copies(house)
    assert bytes(digest) == sha256(PDF).digest()
    assert PDF not in bytes(document)
    assert b"fair" not in bytes(findings)
    seen = house.operator("doubt.open_evidence", case_id=case["case_id"], by="Nadia")
    assert seen["document"] == b64encode(PDF).decode()
    assert measured.statements()[0]["event"] == "doubt.evidence_opened"
    if end == "lifted":
        lift(house, case)
    elif end == "refused":
        judge(house, case, accepted=False)
    else:
        measured.call("doubt.retract", case_id=case["case_id"])
    [(_, document_now, findings_now, digest_now)] = sealed_copies(house)
    assert (document_now, findings_now, bytes(digest_now)) == (None, None, sha256(PDF).digest())
    assert "doubt.evidence_destroyed" in [one["event"] for one in measured.statements()]
    shown = bram.call("doubt.show", case_id=case["case_id"])["case"]["evidence"][0]
    assert shown["sha256"] == sha256(PDF).hexdigest()
    assert shown["destroyed_at"]
    refused = refusal(lambda: house.operator("doubt.open_evidence", case_id=case["case_id"], by="Nadia"))
    assert refused.code == "conflict"
    # What a backup of before still has opens until the next change of epoch, and never after.
    sealed_for = coordinates("content", evidence_id)
    key = house.house.keys.get(Kind.DOCUMENT, evidence_id)
    assert unseal(key, bytes(document), sealed_for) == PDF
    with pytest.raises(SealError):
        unseal(house.house.ledger_key, bytes(document), sealed_for)


@pytest.mark.requirement("R106")
def test_with_the_next_change_of_epoch_the_key_of_a_destroyed_copy_goes_and_those_of_others_stay(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    at_maria = bram.ask()
    maria.grant(at_maria)
    first, second = raise_doubt(measured, granted), raise_doubt(maria, at_maria)
    show(bram, first)
    show(bram, second)
    lift(house, first)
    ids = {row[1]: row[0] for row in query(house, "SELECT evidence_id, case_id::text FROM doubt.evidence")}
    assert house.operator("erasure.list")["documents"] == 1
    done = house.operator("erasure.execute")  # for this alone: nobody's erasure was decided
    assert (done["erased"], done["documents"]) == ({}, 1)
    assert not house.house.keys.holds(Kind.DOCUMENT, ids[first["case_id"]])
    assert house.house.keys.holds(Kind.DOCUMENT, ids[second["case_id"]])
    assert house.operator("doubt.open_evidence", case_id=second["case_id"], by="Nadia")["document"]
    with house.house.engine.connect() as connection:
        of_entry = text("SELECT * FROM ledger.body WHERE index = :index")
        body = connection.execute(of_entry, {"index": done["index"]}).one()
    said = shared_body(house.house, body).said
    assert said["documents"] == [str(ids[first["case_id"]])]
    assert house.operator("erasure.list")["documents"] == 0
    assert refusal(lambda: house.operator("erasure.execute")).code == "conflict"  # they go once
