"""What time does to permissions: it counts at once, a job writes it down, and the customer is asked in time."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.documents import coordinates
from databeheer.door.keys.store import Kind
from databeheer.metering.opening import SealError, unseal
from databeheer.permissions import timing
from databeheer.values import format_instant, parse_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Database
from tests.databeheer.door.conftest import export
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house

MANDATE = b"I, Lotte, allow it. Signed."


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def later(house: TheHouse, days: float, *people: Customer | Party) -> None:
    """Let days pass, and everybody log in again."""
    house.clock.advance(timedelta(days=days))
    for one in people:
        if isinstance(one, Customer):
            one.session = house.log_in(one.subject, one.name)
        else:
            one.token = house.token(one.client_id, one.client_secret)


def events(house: TheHouse, permission: str) -> list[str]:
    rows = query(
        house, "SELECT event FROM permissions.event WHERE permission_id = %s ORDER BY event_no", permission
    )
    return [row[0] for row in rows]


def every_step_is_in_the_ledger(house: TheHouse) -> bool:
    """Each row of the history names an entry, and that entry's body says the same event."""
    return not query(
        house,
        "SELECT e.event FROM permissions.event e LEFT JOIN ledger.body b ON b.index = e.index"
        " WHERE b.event IS DISTINCT FROM e.event",
    )


# ---- terms, and what the clock does -----------------------------------------------------------------------------


@pytest.mark.requirement("R23")
def test_the_operator_sets_the_longest_term_it_is_recorded_and_holds_for_later_grants(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    before = lotte.grant(bram.ask())["permission"]
    new = house.operator("permission.terms.set", longest_days=100, renewal_days=10)
    assert (new["terms"]["longest_days"], new["terms"]["reminder_days"]) == (100, 365)
    after = lotte.grant(bram.ask())["permission"]
    span = [parse_instant(one["ends_at"]) - parse_instant(one["decided_at"]) for one in (before, after)]
    assert [one.days for one in span] == [1826, 100]
    assert query(house, "SELECT event FROM ledger.body WHERE index = %s", new["index"]) == [
        ("permission_terms.set",)
    ]
    for wrong in ({"longest_days": 10}, {}):
        assert (
            code(lambda wrong=wrong: house.operator("permission.terms.set", **wrong)) == "malformed-request"
        )
    assert code(lambda: house.operator("doubt.terms.set")) == "malformed-request"
    assert lotte.call("permission.terms")["terms"]["longest_days"] == 100
    wish = {"longest_days": 36525}
    for proof in (Proof.session(lotte.session), Proof.token(bram.token), Proof.session(house.inspector())):
        assert (
            code(lambda proof=proof: house.client.call("permission.terms.set", proof, **wish))
            == "unauthenticated"
        )


def test_what_time_did_counts_at_once_and_is_written_down_once(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", longest_days=40, renewal_days=5, reminder_days=15)
    unanswered, open_ended, closed = (
        bram.ask(),
        bram.ask(),
        bram.ask(data_until="2023-11-01T00:00:00Z"),
    )
    for asked in (open_ended, closed):
        measured.grant(asked)
    later(house, 31, measured, bram)
    states = [bram.permission(one["permission_id"])["state"] for one in (unanswered, open_ended, closed)]
    assert states == ["timed_out", "active", "fulfilled"]
    assert code(lambda: bram.read(closed["permission_id"])) == "permission-ended"
    with house.engine("door").connect() as connection:
        due = {(str(one.permission_id), one.event.value) for one in timing.due(connection, house.clock.now())}
    assert due == {
        (unanswered["permission_id"], "timed_out"),
        (open_ended["permission_id"], "reminded"),
        (closed["permission_id"], "fulfilled"),
    }
    swept = house.operator("permission.sweep")
    assert swept["recorded"] == {"timed_out": 1, "fulfilled": 1, "reminded": 1}
    assert house.operator("permission.sweep")["recorded"] == {}
    ends_at = parse_instant(bram.permission(open_ended["permission_id"])["ends_at"])
    assert swept["next_at"] == format_instant(ends_at - timedelta(days=5))
    later(house, 4, measured, bram)
    assert bram.permission(open_ended["permission_id"])["state"] == "to_be_renewed"
    assert bram.read(open_ended["permission_id"])["channels"]
    assert house.operator("permission.sweep")["recorded"] == {"renewal_due": 1}
    later(house, 5, measured, bram)
    assert code(lambda: bram.read(open_ended["permission_id"])) == "permission-ended"
    assert house.operator("permission.sweep")["recorded"] == {"expired": 1}
    assert events(house, open_ended["permission_id"]) == [
        "permission.requested",
        "permission.granted",
        "permission.reminded",
        "permission.renewal_due",
        "permission.expired",
    ]
    assert every_step_is_in_the_ledger(house)
    told = [one["event"] for one in measured.statements(kind="permissions")]
    assert {"permission.expired", "permission.fulfilled", "permission.reminded"} <= set(told)


def test_a_sweep_goes_on_where_it_stopped(house: TheHouse, bram: Party) -> None:
    for _ in range(3):
        bram.ask()
    later(house, 31, bram)
    answers = [house.operator("permission.sweep", limit=2) for _ in range(2)]
    assert [one["more"] for one in answers] == [True, False]
    assert [one["recorded"] for one in answers] == [{"timed_out": 2}, {"timed_out": 1}]


def test_only_the_operators_job_sweeps(house: TheHouse, lotte: Customer, bram: Party) -> None:
    for proof in (Proof.session(lotte.session), Proof.token(bram.token), Proof.intake(house.intake_key)):
        assert code(lambda proof=proof: house.client.call("permission.sweep", proof)) == "unauthenticated"


# ---- past and future -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R31")
@pytest.mark.parametrize(
    ("part", "refused"), [("past", "future"), ("future", "past")], ids=["only past", "only to come"]
)
def test_past_and_future_are_granted_apart(
    house: TheHouse, measured: Customer, bram: Party, part: str, refused: str
) -> None:
    today = midnight(day_of(house.clock.now()))
    asked = bram.ask()
    shown = measured.call("permission.by_link", link_code=asked["link_code"])["permission"]
    assert (shown["parts"], shown["split_at"]) == (["past", "future"], format_instant(today))
    given = measured.grant(asked, parts=[part])["permission"]
    assert given["refused_part"] == refused
    assert given["data_until" if part == "past" else "data_from"] == format_instant(today)
    if part == "past":
        assert bram.read(asked["permission_id"])["channels"]
    else:
        assert code(lambda: bram.read(asked["permission_id"])) == "outside-granted-period"


def test_a_part_that_is_not_asked_cannot_be_granted(house: TheHouse, measured: Customer, bram: Party) -> None:
    asked = bram.ask(data_until="2023-11-01T00:00:00Z")
    assert code(lambda: measured.grant(asked, parts=["future"])) == "conflict"
    assert code(lambda: measured.grant(asked, parts=[])) == "malformed-request"
    assert bram.permission(asked["permission_id"])["state"] == "requested"


PAST_DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}


@pytest.mark.requirement("R21", "R31")
@pytest.mark.parametrize("by", ["customer", "party"])
def test_of_both_parts_one_ends_alone_and_the_other_goes_on(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], by: str
) -> None:
    permission, split = granted["permission_id"], midnight(day_of(house.clock.now()))
    assert bram.read(permission, **PAST_DAY)["channels"]
    command = "permission.withdraw" if by == "customer" else "permission.terminate"
    who = measured if by == "customer" else bram
    left = who.call(command, permission_id=permission, part="past")
    assert (left["permission"]["state"], left["permission"]["withdrawn_part"]) == ("active", "past")
    assert left["permission"]["data_from"] == format_instant(split)
    assert code(lambda: bram.read(permission, **PAST_DAY)) == "outside-granted-period"
    step = measured.permission(permission)["history"][-1]
    assert (step["event"], step["reason"]) == ("permission.narrowed", "past")
    assert every_step_is_in_the_ledger(house)
    # The other part is still there: it is all that is left, and it ends as a whole.
    for part in ("past", "future"):
        assert code(lambda part=part: who.call(command, permission_id=permission, part=part)) == "conflict"
    assert who.call(command, permission_id=permission)["permission"]["state"] in ("revoked", "terminated")
    assert code(lambda: who.call(command, permission_id=permission, part="future")) == "conflict"


def test_data_to_come_stop_and_what_was_there_stays_open(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], joris: Party
) -> None:
    permission, split = granted["permission_id"], midnight(day_of(house.clock.now()))
    assert code(lambda: joris.call("permission.terminate", permission_id=permission, part="future")) == (
        "not-found"
    )
    assert code(lambda: measured.call("permission.withdraw", permission_id=permission, part="now")) == (
        "malformed-request"
    )
    left = measured.call("permission.withdraw", permission_id=permission, part="future")["permission"]
    assert (left["data_until"], left["parts"]) == (format_instant(split), ["past"])
    assert bram.read(permission, **PAST_DAY)["channels"]


def test_what_is_left_when_new_data_are_withdrawn_closes_once_it_could_be_fetched(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", collection_days=20)
    asked = bram.ask()
    measured.grant(asked)
    house.operator("permission.terms.set", collection_days=90)  # for what is granted from now on
    later(house, 100, measured, bram)
    measured.call("permission.withdraw", permission_id=asked["permission_id"], part="future")
    later(house, 20, measured, bram)
    shown = bram.permission(asked["permission_id"])
    assert (shown["state"], shown["reason"]) == ("fulfilled", "data_period_over")
    house.operator("permission.sweep")
    assert events(house, asked["permission_id"])[-2:] == ["permission.narrowed", "permission.fulfilled"]
    agreed = bram.ask(valid_until=(house.clock.now() + timedelta(days=200)).isoformat())
    measured.grant(agreed)
    measured.call("permission.withdraw", permission_id=agreed["permission_id"], part="future")
    later(house, 150, measured, bram)
    assert bram.permission(agreed["permission_id"])["state"] == "active"  # an agreed end is an end


@pytest.mark.requirement("R3")
def test_a_party_that_gives_up_the_past_gets_no_day_as_the_difference_of_two_months(
    database: Database,
) -> None:
    with open_house(database, now=datetime(2023, 10, 29, 10, tzinfo=UTC)) as house:
        lotte = house.customer("lotte", "Lotte Janssens")
        house.point(LOTTES_EAN, lotte)
        bram = house.party("Bram", "energy_service")
        asked = bram.ask(granularity="month", data_from="2023-09-30T22:00:00Z")
        permission = lotte.grant(asked)["permission"]["permission_id"]
        later(house, 5, bram)
        house.ingest(export())
        assert bram.read(permission, **OCTOBER)["channels"]
        bram.call("permission.terminate", permission_id=permission, part="past")
        with pytest.raises(DoorRefusedError) as refused:
            bram.read(permission, **OCTOBER, mode="clip")
        assert refused.value.code == "outside-granted-period"


@pytest.mark.requirement("R23")
def test_the_reminders_of_a_permission_keep_the_term_under_which_it_was_granted(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", reminder_days=15)
    permission = measured.grant(bram.ask())["permission"]["permission_id"]
    assert code(lambda: house.operator("permission.terms.set", reminder_days=366)) == "malformed-request"
    house.operator("permission.terms.set", reminder_days=365)
    for _ in range(2):
        later(house, 15)
        assert house.operator("permission.sweep")["recorded"] == {"reminded": 1}
    assert (
        events(house, permission)
        == ["permission.requested", "permission.granted"] + ["permission.reminded"] * 2
    )


def test_nobody_is_reminded_that_a_blocked_permission_gives_access(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", longest_days=40, renewal_days=5, reminder_days=15, mandate_days=1)
    permission = {"permission_id": measured.grant(bram.ask())["permission"]["permission_id"]}
    bram.call(
        "mandate.register", document_sha256=sha256(MANDATE).hexdigest(), signed_on="2023-01-01", **permission
    )
    house.operator("mandate.sample")
    later(house, 2)
    house.operator("permission.sweep")
    later(house, 35, measured, bram)
    assert house.operator("permission.sweep")["recorded"] == {}
    assert house.operator("clocks.sweep")["recorded"].get("reminder") is None  # nor did anybody miss it
    bram.call("mandate.produce", document=b64encode(MANDATE).decode(), **permission)
    house.operator("mandate.check", accepted=True, checked_by="desk 1", **permission)
    states = {
        one["event"]: one["state"] for one in measured.permission(permission["permission_id"])["history"]
    }
    assert (states["permission.blocked"], states["permission.unblocked"]) == ("blocked", "to_be_renewed")
    house.operator("permission.sweep")
    later(house, 0)
    house.operator("permission.sweep")
    assert sorted(events(house, permission["permission_id"])[-2:]) == [
        "permission.reminded",
        "permission.renewal_due",
    ]


# ---- renewal ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ending(house: TheHouse, measured: Customer, bram: Party) -> dict[str, Any]:
    """A permission that is about to reach its longest term."""
    house.operator("permission.terms.set", longest_days=40, renewal_days=5)
    asked = bram.ask(reference="case-8")
    measured.grant(asked)
    later(house, 36, measured, bram)
    return asked


def renew(customer: Customer, permission: str) -> dict[str, Any]:
    answer = customer.call("permission.renew", permission_id=permission, notice="Again?", language="nl")
    found: dict[str, Any] = answer["permission"]
    return found


def test_a_renewal_is_a_new_permission_linked_to_the_old_which_ends(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    old = ending["permission_id"]
    new = renew(measured, old)
    assert (new["state"], new["renews"], new["reference"]) == ("active", old, "case-8")
    ended = bram.permission(old)
    assert (ended["state"], ended["reason"], ended["renewed_by"]) == (
        "expired",
        "renewed",
        new["permission_id"],
    )
    assert parse_instant(new["ends_at"]) == _ms(house.clock.now() + timedelta(days=40))
    assert code(lambda: bram.read(old)) == "permission-ended"
    assert bram.read(new["permission_id"])["channels"]
    measured.withdraw(new["permission_id"])
    for one in (old, new["permission_id"]):
        assert code(lambda one=one: bram.read(one)) == "permission-ended"
    assert code(lambda: renew(measured, old)) == "conflict"
    assert every_step_is_in_the_ledger(house)


def _ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_nobody_else_renews_and_nothing_before_its_time(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    later(house, 0, maria)
    assert code(lambda: renew(maria, ending["permission_id"])) == "not-found"
    wish = {"permission_id": ending["permission_id"], "notice": "x", "language": "nl"}
    assert code(lambda: bram.call("permission.renew", **wish)) == "unauthenticated"
    fresh = bram.ask()
    measured.grant(fresh)
    assert code(lambda: renew(measured, fresh["permission_id"])) == "conflict"
    later(house, 5, measured, bram)
    assert code(lambda: renew(measured, ending["permission_id"])) == "conflict"  # it let it end


def test_a_renewal_that_another_must_sign_leaves_the_old_one_until_then(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    sam = move_in(house)
    new = renew(measured, ending["permission_id"])
    assert new["state"] == "requested"
    assert bram.permission(ending["permission_id"])["state"] == "to_be_renewed"
    assert code(lambda: renew(measured, ending["permission_id"])) == "conflict"
    sam.grant({"permission_id": new["permission_id"], "link_code": None}, measured.occupancy())
    assert bram.permission(ending["permission_id"])["state"] == "expired"
    assert bram.permission(new["permission_id"])["state"] == "active"


@pytest.mark.requirement("R98")
@pytest.mark.parametrize("end", ["refused", "timed out", "granted"])
def test_a_renewal_that_waits_for_another_is_no_row_of_the_party_and_how_it_ends_is_not_told(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any], end: str
) -> None:
    old = ending["permission_id"]
    sam = house.customer("sam", "Sam Smets")
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day=today)
    before, told = bram.call("permission.list"), sent_to_parties(house)
    new = renew(measured, old)["permission_id"]

    def nothing_shows() -> bool:
        assert bram.call("permission.list") == before
        assert bram.call("permission.list", state="requested") == {"permissions": [], "next_cursor": None}
        assert bram.permission(old)["renewed_by"] is None
        for command in ("permission.show", "permission.terminate", "mandate.show"):
            assert code(lambda command=command: bram.call(command, permission_id=new)) == "not-found"
        assert code(lambda: register(bram, new)) == "not-found"
        return sent_to_parties(house) == told

    assert nothing_shows()
    if end == "granted":
        sam.grant({"permission_id": new, "link_code": None}, measured.occupancy())
        assert bram.permission(new)["renews"] == old
        return
    if end == "refused":
        sam.call("permission.refuse", permission_id=new)
        assert nothing_shows()
    else:
        later(house, 31, measured, bram)
        house.operator("permission.sweep")
        shown = bram.call("permission.list")["permissions"]
        assert [one["permission_id"] for one in shown] == [old]
    assert query(house, "SELECT party_id FROM ledger.body WHERE event = %s", f"permission.{_ended(end)}") == [
        (None,)
    ]


def _ended(end: str) -> str:
    return {"refused": "rejected", "timed out": "timed_out"}[end]


def sent_to_parties(house: TheHouse) -> list[tuple[Any, ...]]:
    return query(house, "SELECT kind, about FROM post.message WHERE party_id IS NOT NULL ORDER BY index")


def move_in(house: TheHouse) -> Customer:
    """Sam, who lives with Lotte from today on, and has to sign what is granted from now on."""
    sam = house.customer("sam", "Sam Smets")
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day=today)
    return sam


@pytest.mark.requirement("R22", "R28")
@pytest.mark.parametrize("how", ["withdrawn", "given up", "narrowed", "moved", "died"])
def test_a_renewal_that_waits_does_not_outlive_what_it_renews(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any], how: str
) -> None:
    """Lotte's word for the renewal was for what stood then: Sam's press on another day makes nothing of it."""
    sam, old, home = move_in(house), ending["permission_id"], measured.occupancy()
    new = renew(measured, old)["permission_id"]
    today = day_of(house.clock.now()).isoformat()
    {
        "withdrawn": lambda: measured.withdraw(old),
        "given up": lambda: bram.call("permission.terminate", permission_id=old),
        "narrowed": lambda: measured.call("permission.withdraw", permission_id=old, part="future"),
        "moved": lambda: house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today),
        "died": lambda: house.operator(
            "registry.person.died", person_id=str(measured.person_id), died_on=today, reference="x"
        ),
    }[how]()
    became = query(house, "SELECT state, reason FROM permissions.permission WHERE permission_id = %s", new)
    assert became == [("timed_out", "renewal_overtaken")]
    wish = {"permission_id": new, "link_code": None}
    assert code(lambda: sam.grant(wish, home)) in {"conflict", "not-found"}
    assert code(lambda: bram.read(new)) in {"permission-ended", "permission-not-active"}
    last = query(house, "SELECT event FROM permissions.event WHERE permission_id = %s ORDER BY event_no", new)
    assert [event for (event,) in last] == ["permission.signed", "permission.timed_out"]
    assert every_step_is_in_the_ledger(house)


def test_a_narrowed_permission_is_renewed_as_it_is_now(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    sam, old = move_in(house), ending["permission_id"]
    first = renew(measured, old)["permission_id"]
    measured.call("permission.withdraw", permission_id=old, part="past")
    second = renew(measured, old)
    assert second["permission_id"] != first
    given = sam.grant({"permission_id": second["permission_id"], "link_code": None}, measured.occupancy())
    assert given["permission"]["data_from"] == bram.permission(old)["data_from"] > "2023"
    assert (bram.permission(old)["state"], bram.permission(old)["reason"]) == ("expired", "renewed")


def test_nobody_renews_what_is_being_examined(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    sam, old, home = move_in(house), ending["permission_id"], measured.occupancy()
    new = renew(measured, old)["permission_id"]
    case = measured.call("doubt.raise", permission_id=old, concern="not_given")["case"]
    assert code(lambda: sam.grant({"permission_id": new, "link_code": None}, home)) == "conflict"
    measured.call("doubt.retract", case_id=case["case_id"])
    given = sam.grant({"permission_id": new, "link_code": None}, home)["permission"]
    assert given["state"] == "active"


def test_a_renewal_waits_no_longer_than_what_it_renews(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    sam, old, home = move_in(house), ending["permission_id"], measured.occupancy()
    new = renew(measured, old)
    assert new["request_expires_at"] == bram.permission(old)["ends_at"]
    later(house, 4, measured, bram, sam)
    states = {one: measured.permission(one)["state"] for one in (old, new["permission_id"])}
    assert states == {old: "expired", new["permission_id"]: "timed_out"}
    assert code(lambda: sam.grant({"permission_id": new["permission_id"], "link_code": None}, home)) == (
        "conflict"
    )
    house.operator("permission.sweep")
    assert {one: measured.permission(one)["state"] for one in states} == states


@pytest.mark.requirement("R32")
def test_a_renewal_leaves_the_party_nothing_to_delete_until_it_ends(
    house: TheHouse, measured: Customer, bram: Party, ending: dict[str, Any]
) -> None:
    old = ending["permission_id"]
    new = renew(measured, old)["permission_id"]
    assert bram.permission(old)["delete_by"] is None
    assert code(lambda: bram.call("permission.confirm_deletion", permission_id=old)) == "conflict"
    later(house, 35, measured, bram)
    house.operator("permission.sweep")
    house.operator("clocks.sweep")
    inspector = Proof.session(house.inspector())
    assert house.client.call("permission.deletions_overdue", inspector)["overdue"] == []
    assert not query(house, "SELECT 1 FROM clocks.clock WHERE kind = 'deletion_confirmation'")
    measured.withdraw(new)
    assert bram.permission(new)["delete_by"] is not None
    later(house, 31, measured, bram)
    overdue = house.client.call("permission.deletions_overdue", Proof.session(house.inspector()))["overdue"]
    assert [one["permission_id"] for one in overdue] == [new]


# ---- deletion --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R32")
def test_a_party_confirms_that_it_deleted_and_who_does_not_is_on_the_inspectors_list(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]

    def confirm(party: Party) -> dict[str, Any]:
        return party.call("permission.confirm_deletion", permission_id=permission)

    def overdue() -> list[dict[str, Any]]:
        inspector = Proof.session(house.inspector())
        found: list[dict[str, Any]] = house.client.call("permission.deletions_overdue", inspector)["overdue"]
        return found

    assert code(lambda: confirm(bram)) == "conflict"  # it has not ended
    measured.withdraw(permission)
    view = bram.permission(permission)
    due = midnight(day_of(parse_instant(view["ended_at"])) + timedelta(days=31))
    assert parse_instant(view["delete_by"]) == due  # thirty whole days after that of the end
    house.clock.set(due - timedelta(seconds=1))
    later(house, 0, measured, bram, joris)
    assert overdue() == []
    house.clock.set(due)
    later(house, 0, measured, bram, joris)
    [late] = overdue()
    assert (late["permission_id"], late["party"]["name"]) == (permission, bram.name)
    assert late["delete_by"] == view["delete_by"]  # the list and the permission say the same moment
    [clock] = query(house, "SELECT due_at FROM clocks.clock WHERE kind = 'deletion_confirmation'")
    assert clock == (due,)
    assert set(late) == {"permission_id", "party", "ended_at", "delete_by"}
    assert code(lambda: confirm(joris)) == "not-found"
    answer = confirm(bram)
    assert answer["permission"]["deletion_confirmed_at"] == format_instant(house.clock.now())
    assert overdue() == []
    assert code(lambda: confirm(bram)) == "conflict"
    assert measured.permission(permission)["history"][-1]["event"] == "permission.deletion_confirmed"
    assert code(lambda: measured.call("permission.deletions_overdue")) == "unauthenticated"


def test_under_what_was_never_granted_there_is_nothing_to_delete(measured: Customer, bram: Party) -> None:
    asked = bram.ask()
    measured.call("permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"])
    confirm = {"permission_id": asked["permission_id"]}
    assert code(lambda: bram.call("permission.confirm_deletion", **confirm)) == "conflict"


# ---- written mandates -------------------------------------------------------------------------------------------


def register(party: Party, permission: str, document: bytes = MANDATE) -> dict[str, Any]:
    return party.call(
        "mandate.register",
        permission_id=permission,
        document_sha256=sha256(document).hexdigest(),
        signed_on="2023-01-01",
    )


def produce(party: Party, permission: str, document: bytes = MANDATE) -> dict[str, Any]:
    return party.call("mandate.produce", permission_id=permission, document=b64encode(document).decode())


def check(house: TheHouse, permission: str, *, accepted: bool = True) -> dict[str, Any]:
    return house.operator("mandate.check", permission_id=permission, accepted=accepted, checked_by="desk 3")


def documents_here(house: TheHouse) -> int:
    [(count,)] = query(house, "SELECT count(content_sealed) FROM documents.document")
    return int(count)


@pytest.mark.requirement("R34")
def test_a_written_mandate_counts_once_somebody_checked_the_signature(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]
    register(bram, permission)
    assert code(lambda: check(house, permission)) == "conflict"  # nobody can have looked at it
    assert code(lambda: produce(bram, permission, b"another")) == "malformed-request"
    produce(bram, permission)
    assert bram.permission(permission)["state"] == "requested"
    opened = house.operator("mandate.open", permission_id=permission)
    assert opened["document"] == b64encode(MANDATE).decode()
    assert check(house, permission)["state"] == "active"
    assert bram.read(permission)["channels"]
    assert measured.permission(permission)["signers"][0]["method"] == "written_mandate"
    assert code(lambda: house.operator("mandate.open", permission_id=permission)) == "conflict"
    assert query(
        house,
        "SELECT content_sealed, document_sha256 FROM permissions.mandate JOIN documents.document USING (document_id)",
    ) == [(None, sha256(MANDATE).digest())]
    measured.withdraw(permission)  # as easily as any other
    assert code(lambda: bram.read(permission)) == "permission-ended"


@pytest.mark.requirement("R34")
def test_a_paper_of_before_the_stay_is_the_predecessors_and_is_good_for_nothing(
    house: TheHouse, maria: Customer, bram: Party
) -> None:
    permission = bram.ask(ean=MARIAS_EAN)["permission_id"]
    [(came,)] = query(house, "SELECT from_day FROM registry.occupancy WHERE person_id = %s", maria.person_id)
    before = {"document_sha256": sha256(MANDATE).hexdigest(), "signed_on": str(came - timedelta(days=1))}
    bram.call("mandate.register", permission_id=permission, **before)
    produce(bram, permission)
    assert code(lambda: check(house, permission)) == "conflict"
    assert bram.permission(permission)["state"] == "requested"
    check(house, permission, accepted=False)
    assert documents_here(house) == 0


def test_a_paper_counts_for_nobody_for_whom_a_court_appointed_another(
    house: TheHouse, maria: Customer, lotte: Customer, bram: Party
) -> None:
    house.operator(
        "registry.representation.add",
        person_id=str(maria.person_id),
        representative_id=str(lotte.person_id),
        reference="2026/17",
        from_day="2023-01-01",
        until_day=None,
    )
    permission = bram.ask(ean=MARIAS_EAN)["permission_id"]
    register(bram, permission)
    produce(bram, permission)
    assert code(lambda: check(house, permission)) == "conflict"
    assert bram.permission(permission)["state"] == "requested"


OCTOBER = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}


@pytest.mark.requirement("R34")
def test_a_supplier_whom_one_does_not_have_gets_history_by_a_checked_signature_and_not_by_a_press(
    house: TheHouse, measured: Customer, maria: Customer, erik: Party
) -> None:
    asked = erik.ask(purpose="supply_offer", granularity="month", directions=["offtake"])
    permission = asked["permission_id"]
    measured.grant(asked)

    def why_not() -> str:
        with pytest.raises(DoorRefusedError) as refused:
            erik.read(permission, **OCTOBER)
        return str(refused.value.reason)

    assert why_not() == "no_written_mandate"
    register(erik, permission)
    assert why_not() == "no_written_mandate"
    produce(erik, permission)
    assert why_not() == "no_written_mandate"  # it lies here, and nobody looked at the signature
    check(house, permission)
    assert erik.read(permission, **OCTOBER)["channels"]
    # Nobody in person gets another's history, whatever was allowed to whom.
    look = {"occupancy_id": measured.occupancy(), **OCTOBER}
    assert code(lambda: maria.call("readings.read", **look)) == "no-legal-basis"


def test_a_document_lies_here_sealed(house: TheHouse, measured: Customer, bram: Party) -> None:
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]
    register(bram, permission)
    produce(bram, permission)
    [(document_id, sealed)] = query(house, "SELECT document_id, content_sealed FROM documents.document")
    assert MANDATE not in bytes(sealed)
    # Under a key of its own: a backup of before its end opens no more once that has gone.
    sealed_for = coordinates("content", document_id)
    assert unseal(house.house.keys.get(Kind.DOCUMENT, document_id), bytes(sealed), sealed_for) == MANDATE
    with pytest.raises(SealError):
        unseal(house.house.ledger_key, bytes(sealed), sealed_for)
    check(house, permission)
    assert house.operator("erasure.execute")["documents"] == 1
    assert not house.house.keys.holds(Kind.DOCUMENT, document_id)


def test_a_mandate_is_nothing_where_nobody_lives_and_after_the_end(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    nowhere = bram.ask(ean="541448899990000060")["permission_id"]
    register(bram, nowhere)
    produce(bram, nowhere)
    assert code(lambda: check(house, nowhere)) == "conflict"
    assert bram.permission(nowhere)["state"] == "requested"
    assert code(lambda: register(joris, granted["permission_id"])) == "not-found"
    register(bram, granted["permission_id"])
    assert code(lambda: register(bram, granted["permission_id"])) == "conflict"
    measured.withdraw(granted["permission_id"])
    assert code(lambda: produce(bram, granted["permission_id"])) == "conflict"
    assert code(lambda: check(house, granted["permission_id"])) == "conflict"


@pytest.mark.requirement("R35")
def test_a_drawn_mandate_that_is_not_shown_in_fourteen_days_blocks_and_is_drawn_more_often(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    [drawn] = house.operator("mandate.sample")["drawn"]
    due = midnight(day_of(house.clock.now()) + timedelta(days=15))
    assert parse_instant(drawn["due_at"]) == due  # fourteen whole days after that of the draw
    assert house.operator("mandate.sample")["drawn"] == []  # it is being sampled
    house.clock.set(due - timedelta(seconds=1))
    later(house, 0, measured, bram)
    assert house.operator("permission.sweep")["recorded"] == {}
    assert bram.read(permission)["channels"]
    house.clock.set(due)
    later(house, 0, measured, bram)
    assert house.operator("permission.sweep")["recorded"] == {"blocked": 1}
    assert code(lambda: bram.read(permission)) == "blocked"
    assert bram.permission(permission)["reason"] == "mandate_not_produced"
    produce(bram, permission)
    assert check(house, permission)["state"] == "active"
    assert bram.read(permission)["channels"]
    others = [bram.ask() for _ in range(2)]
    for one in others:
        measured.grant(one)
        register(bram, one["permission_id"])
    assert len(house.operator("mandate.sample")["drawn"]) == 2  # one, and one for the failed sample
    [sample] = [
        one for one in house.operator("mandate.samples")["samples"] if one["permission_id"] == permission
    ][-1:]
    assert sample["failed_at"] <= sample["passed_at"]
    assert every_step_is_in_the_ledger(house)


@pytest.fixture
def sam(house: TheHouse, measured: Customer) -> Customer:
    """Somebody who has lived with Lotte all along."""
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    return sam


@pytest.mark.requirement("R98")
def test_a_good_mandate_looks_like_one_that_nobody_judged_until_all_have_signed(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    judged, unjudged = (bram.ask(ean=LOTTES_EAN)["permission_id"] for _ in range(2))
    for one in (judged, unjudged):
        register(bram, one)
        produce(bram, one)
    assert check(house, judged)["state"] == "requested"

    def seen(permission: str) -> tuple[Any, ...]:
        mandate = bram.call("mandate.show", permission_id=permission)
        shown = bram.call("permission.show", permission_id=permission)["permission"]
        steps = [(step["event"], step["state"], step["by"]) for step in shown["history"]]
        with pytest.raises(DoorRefusedError) as again:
            produce(bram, permission)
        return mandate | {"permission_id": ""}, shown["state"], steps, str(again.value)

    assert seen(judged) == seen(unjudged)
    assert query(house, "SELECT party_id FROM ledger.body WHERE event = 'mandate.checked'") == [(None,)]
    sam.grant({"permission_id": judged, "link_code": None}, measured.occupancy())
    shown = bram.call("mandate.show", permission_id=judged)
    assert (shown["accepted"], shown["is_here"], bool(shown["checked_at"])) == (True, False, True)
    assert bram.read(judged)["channels"]


def test_a_mandate_of_who_pressed_the_button_already_is_judged_all_the_same(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]
    measured.grant({"permission_id": permission, "link_code": None})
    register(bram, permission)
    produce(bram, permission)
    assert check(house, permission)["state"] == "requested"
    assert query(house, "SELECT accepted FROM permissions.mandate") == [(True,)]
    assert documents_here(house) == 0
    sam.grant({"permission_id": permission, "link_code": None}, measured.occupancy())
    assert [one["method"] for one in measured.permission(permission)["signers"]] == ["portal", "portal"]


@pytest.mark.parametrize(("hour", "signed_on"), [(22, "2026-03-01"), (23, "2026-03-02")])
def test_a_mandate_may_be_of_today_in_brussels_and_not_of_tomorrow(
    house: TheHouse, measured: Customer, bram: Party, hour: int, signed_on: str
) -> None:
    house.clock.set(datetime(2026, 3, 1, hour, 30, tzinfo=UTC))
    later(house, 0, bram)
    house.put_in_order(bram.party_id)
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]

    def signed(day: date) -> dict[str, Any]:
        digest = sha256(MANDATE).hexdigest()
        return bram.call(
            "mandate.register", permission_id=permission, document_sha256=digest, signed_on=day.isoformat()
        )

    today = date.fromisoformat(signed_on)
    assert code(lambda: signed(today + timedelta(days=1))) == "malformed-request"
    assert signed(today)["promise"]


@pytest.mark.requirement("R35")
def test_a_mandate_that_was_not_shown_in_time_blocks_though_nobody_writes_it_down(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    house.operator("mandate.sample")
    later(house, 15, measured, bram)
    assert code(lambda: bram.read(permission)) == "blocked"
    shown = bram.permission(permission)
    assert (shown["state"], shown["reason"]) == ("blocked", "mandate_not_produced")
    assert [one["permission_id"] for one in bram.call("permission.list", state="blocked")["permissions"]] == [
        permission
    ]
    produce(bram, permission)  # late: it stays blocked until somebody judged it
    assert code(lambda: bram.read(permission)) == "blocked"
    assert check(house, permission)["state"] == "active"
    assert bram.read(permission)["channels"]
    assert events(house, permission)[-5:] == [
        "mandate.produced",
        "permission.blocked",
        "mandate.checked",
        "permission.unblocked",
        "mandate.destroyed",
    ]
    [sample] = house.operator("mandate.samples")["samples"]
    assert sample["due_at"] == sample["failed_at"] <= sample["produced_at"] <= sample["passed_at"]
    assert house.operator("permission.sweep")["recorded"] == {}


@pytest.mark.requirement("R35")
def test_a_mandate_whose_document_lies_here_is_not_drawn_and_blocks_nothing(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    produce(bram, permission)
    assert house.operator("mandate.sample")["drawn"] == []
    check(house, permission)
    [drawn] = house.operator("mandate.sample")["drawn"]  # judged and destroyed: it can be asked for again
    produce(bram, permission)
    check(house, permission)
    later(house, 20, measured, bram)
    assert house.operator("permission.sweep")["recorded"] == {}
    assert bram.read(permission)["channels"]
    assert query(house, "SELECT met_at < due_at FROM clocks.clock WHERE kind = 'mandate_sample'") == [(True,)]
    assert drawn["permission_id"] == permission


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("end", ["withdrawn", "moved", "terminated", "refused", "timed out"])
def test_a_document_that_nobody_judged_goes_with_the_end_on_record(
    house: TheHouse, measured: Customer, bram: Party, end: str
) -> None:
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]
    if end in ("withdrawn", "moved", "terminated"):
        measured.grant({"permission_id": permission, "link_code": None})
    register(bram, permission)
    produce(bram, permission)
    assert documents_here(house) == 1
    if end == "withdrawn":
        measured.withdraw(permission)
    elif end == "terminated":
        bram.call("permission.terminate", permission_id=permission)
    elif end == "moved":
        today = day_of(house.clock.now()).isoformat()
        house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    elif end == "refused":
        measured.call("permission.refuse", permission_id=permission)
    else:
        later(house, 31, measured, bram)
        house.operator("permission.sweep")
    assert documents_here(house) == 0
    assert events(house, permission)[-1] == "mandate.destroyed"
    assert every_step_is_in_the_ledger(house)
    was_granted = end in ("withdrawn", "moved", "terminated")
    shown = bram.call("permission.show", permission_id=permission)["permission"]["history"]
    assert (shown[-1]["event"] == "mandate.destroyed") is was_granted
    assert house.operator("erasure.execute")["documents"] == 1


@pytest.mark.requirement("R100")
def test_a_good_mandate_opens_nothing_that_somebody_doubts(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    house.operator("mandate.sample")
    later(house, 15, measured, bram)
    house.operator("permission.sweep")
    doubt = {"permission_id": permission, "concern": "not_given", "words": ""}
    case = measured.call("doubt.raise", **doubt)["case"]["case_id"]
    produce(bram, permission)
    assert check(house, permission)["state"] == "blocked"
    assert bram.permission(permission)["reason"] == "doubt"
    house.operator("doubt.contacted", case_id=case, by="Nadia", how="phone")
    later(house, 3, measured, bram)  # nobody writes down that the 72 hours passed
    with pytest.raises(DoorRefusedError):
        bram.read(permission)
    house.operator("doubt.sweep")
    assert bram.permission(permission)["state"] == "invalidated"


def test_a_mandate_that_was_due_while_somebody_doubted_blocks_from_the_end_of_the_doubt(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    house.operator("mandate.sample")
    doubt = {"permission_id": permission, "concern": "not_given", "words": ""}
    case = measured.call("doubt.raise", **doubt)["case"]["case_id"]
    later(house, 15, measured, bram)
    measured.call("doubt.retract", case_id=case)
    assert bram.permission(permission)["reason"] == "mandate_not_produced"
    assert code(lambda: bram.read(permission)) == "blocked"
    assert events(house, permission)[-2:] == ["permission.unblocked", "permission.blocked"]


@pytest.mark.requirement("R35")
def test_a_mandate_that_is_no_good_ends_the_permission(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    register(bram, permission)
    produce(bram, permission)
    assert check(house, permission, accepted=False)["state"] == "invalidated"
    assert code(lambda: bram.read(permission)) == "permission-ended"
    assert measured.permission(permission)["reason"] == "mandate_rejected"


def test_who_lives_there_too_must_sign_beside_a_written_mandate(
    house: TheHouse, maria: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=MARIAS_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    permission = bram.ask(ean=MARIAS_EAN)["permission_id"]
    register(bram, permission)
    produce(bram, permission)
    assert check(house, permission)["state"] == "requested"
    sam.grant({"permission_id": permission, "link_code": None}, maria.occupancy())
    assert bram.permission(permission)["state"] == "active"
