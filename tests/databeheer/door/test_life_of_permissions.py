"""The life of a permission: asked, granted or refused, withdrawn, terminated, run out, ended by a move."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.values import format_instant
from ledger.commitment import Opening
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.conftest import export
from tests.doors import HEAD, execute, held, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

OCTOBER_29 = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def reason(answer: Any) -> str | None:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return refused.value.reason


def state_of(party: Party, asked: dict[str, Any]) -> tuple[str, str]:
    permission = party.permission(asked["permission_id"])
    return permission["state"], permission["reason"]


# ---- asking and answering -----------------------------------------------------------------------------------


@pytest.mark.requirement("R19")
def test_a_grant_records_who_what_and_the_text_that_was_shown(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    given = lotte.call(
        "permission.grant",
        permission_id=asked["permission_id"],
        link_code=asked["link_code"],
        occupancy_id=lotte.occupancy(),
        notice="what stood on the screen",
        language="nl",
    )
    assert given["permission"]["state"] == "active"
    assert given["permission"]["ean"] == LOTTES_EAN
    [row] = query(
        house,
        "SELECT notice_sha256, language, decided_at FROM permissions.permission WHERE permission_id = %s",
        asked["permission_id"],
    )
    assert bytes(row[0]) == hashlib.sha256(b"what stood on the screen").digest()
    assert row[1:] == ("nl", house.clock.now())
    [kept] = query(house, "SELECT text, language FROM permissions.notice WHERE sha256 = %s", bytes(row[0]))
    assert kept == ("what stood on the screen", "nl")
    shown = lotte.call("permission.show", permission_id=asked["permission_id"])["permission"]["notice"]
    assert (shown["text"], shown["sha256"]) == (kept[0], bytes(row[0]).hex())
    opening = Opening.from_dict(lotte.call("receipt.opening", index=given["index"])["opening"])
    assert (
        json.loads(opening.shared_body)["notice"] == hashlib.sha256(b"what stood on the screen").hexdigest()
    )


@pytest.mark.requirement("R18")
def test_a_permission_opens_its_own_purpose_only(
    measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    assert bram.read(granted["permission_id"], purpose="energy_advice")["channels"]
    assert (
        reason(lambda: bram.read(granted["permission_id"], purpose="energy_monitoring"))
        == "purpose_not_allowed"
    )


def test_a_request_gives_nothing_before_it_is_granted(measured: Customer, bram: Party) -> None:
    asked = bram.ask()
    assert reason(lambda: bram.read(asked["permission_id"])) == "requested"
    measured.call("permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"])
    assert reason(lambda: bram.read(asked["permission_id"])) == "rejected"
    assert state_of(bram, asked) == ("rejected", "rejected_by_customer")


def test_a_refusal_is_final(lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.call("permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"])
    assert code(lambda: lotte.grant(asked)) == "conflict"
    assert code(lambda: lotte.withdraw(asked["permission_id"])) == "conflict"
    assert code(lambda: bram.call("permission.terminate", permission_id=asked["permission_id"])) == "conflict"


def test_a_link_expires_after_thirty_days(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked, occupancy = bram.ask(), lotte.occupancy()
    house.clock.advance(timedelta(days=30))
    lotte.session = house.log_in(lotte.subject, lotte.name)
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert code(lambda: lotte.grant(asked, occupancy)) == "conflict"
    assert state_of(bram, asked) == ("timed_out", "not_answered_in_time")
    assert code(lambda: bram.call("permission.terminate", permission_id=asked["permission_id"])) == "conflict"
    assert code(lambda: bram.read(asked["permission_id"])) == "permission-ended"


def test_a_link_is_good_until_the_last_moment(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked, occupancy = bram.ask(), lotte.occupancy()
    house.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    lotte.session = house.log_in(lotte.subject, lotte.name)
    assert lotte.grant(asked, occupancy)["permission"]["state"] == "active"


def test_a_link_answers_once(lotte: Customer, maria: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    assert code(lambda: lotte.grant(asked)) == "conflict"
    assert code(lambda: maria.grant(asked)) in {"conflict", "not-found"}
    assert code(lambda: maria.call("permission.by_link", link_code=asked["link_code"])) == "not-found"
    assert lotte.call("permission.by_link", link_code=asked["link_code"])["permission"]["state"] == "active"


@pytest.mark.parametrize("change", ["x", "", "{}x", "{}"])
def test_a_wrong_link_answers_nothing(lotte: Customer, maria: Customer, bram: Party, change: str) -> None:
    asked, other = bram.ask(), bram.ask()
    wrong = asked | {"link_code": change.format(other["link_code"]) or None}
    assert code(lambda: lotte.grant(wrong)) == "not-found"
    assert state_of(bram, asked) == ("requested", "")


def test_a_request_addressed_to_maria_is_marias_even_with_the_link(
    lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=MARIAS_EAN)
    answers = {
        "by_link": lambda: lotte.call("permission.by_link", link_code=asked["link_code"]),
        "show": lambda: lotte.call("permission.show", permission_id=asked["permission_id"]),
        "grant": lambda: lotte.grant(asked),
        "grant for hers": lambda: lotte.grant(asked, maria.occupancy()),
        "refuse": lambda: lotte.call(
            "permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"]
        ),
        "withdraw": lambda: lotte.withdraw(asked["permission_id"]),
    }
    assert {name: code(answer) for name, answer in answers.items()} == dict.fromkeys(answers, "not-found")
    assert state_of(bram, asked) == ("requested", "")
    assert lotte.call("permission.list")["permissions"] == []
    [waiting] = maria.call("permission.list")["permissions"]
    assert waiting["permission_id"] == asked["permission_id"]
    assert maria.grant(asked)["permission"]["state"] == "active"


def test_maria_grants_what_is_addressed_to_her_without_any_link(maria: Customer, bram: Party) -> None:
    asked = bram.ask(ean=MARIAS_EAN)
    assert maria.grant(asked | {"link_code": None})["permission"]["ean"] == MARIAS_EAN


def test_nobody_grants_for_anothers_address(lotte: Customer, maria: Customer, bram: Party) -> None:
    assert code(lambda: lotte.grant(bram.ask(), maria.occupancy())) == "not-found"
    assert code(lambda: lotte.grant(bram.ask(), str(uuid4()))) == "not-found"


def test_of_two_tabs_that_grant_at_once_one_wins(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked, occupancy = bram.ask(), lotte.occupancy()
    with held(house, HEAD) as lock:
        tabs = [meanwhile(house.client, lambda: lotte.grant(asked, occupancy)) for _ in range(2)]
        lock.until_waiting(2)
        lock.release()
        outcomes = [tab.exception(60) for tab in tabs]
    assert sorted(getattr(outcome, "code", "granted") for outcome in outcomes) == ["conflict", "granted"]
    events = [one["event"] for one in lotte.statements(kind="permissions")]
    assert events == ["permission.granted"]


def test_of_a_grant_and_a_refusal_at_once_the_first_wins(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked, occupancy = bram.ask(), lotte.occupancy()
    with held(house, HEAD) as lock:
        refusing = meanwhile(
            house.client,
            lambda: lotte.call(
                "permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"]
            ),
        )
        lock.until_waiting(1)
        granting = meanwhile(house.client, lambda: lotte.grant(asked, occupancy))
        lock.until_waiting(2)
        lock.release()
        assert refusing.result(60)["permission"]["state"] == "rejected"
        assert isinstance(granting.exception(60), DoorRefusedError)


def test_a_request_that_would_have_ended_by_now_cannot_be_granted(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    ends = house.clock.now() + timedelta(minutes=10)
    asked, occupancy = bram.ask(valid_until=format_instant(ends)), lotte.occupancy()
    house.clock.set(ends)
    assert code(lambda: lotte.grant(asked, occupancy)) == "conflict"


@pytest.mark.parametrize(
    "changes",
    [
        {"data_from": "2023-10-29T00:00:00Z", "data_until": "2023-10-29T00:00:00Z"},
        {"data_from": "2023-10-30T00:00:00Z", "data_until": "2023-10-29T00:00:00Z"},
        {"valid_until": "2020-01-01T00:00:00Z"},
        {"directions": []},
        {"purpose": None},
        {"purpose": "marketing"},
        {"granularity": "second"},
        {"category": "technical"},
    ],
)
@pytest.mark.requirement("R33")
def test_a_request_that_says_no_possible_thing_is_refused(bram: Party, changes: dict[str, Any]) -> None:
    assert code(lambda: bram.ask(**changes)) == "malformed-request"
    assert bram.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R12")
def test_who_has_no_data_access_contract_asks_nothing(house: TheHouse) -> None:
    newcomer = house.party("Nieuw BV", "energy_service", contract=False)
    assert code(newcomer.ask) == "no-legal-basis"


@pytest.mark.parametrize(
    "purpose", ["billing", "grid_management", "fraud_detection", "own_insight", "supervision"]
)
def test_an_energy_service_asks_for_no_purpose_of_another_role(bram: Party, purpose: str) -> None:
    assert code(lambda: bram.ask(purpose=purpose)) == "no-legal-basis"


@pytest.mark.parametrize("role", ["supplier", "dso", "regulator"])
def test_who_has_data_by_law_asks_no_permission(house: TheHouse, role: str) -> None:
    assert code(house.party("By Law NV", role).ask) == "no-legal-basis"


def test_a_reference_is_used_once_by_a_party_and_says_nothing_of_others(bram: Party, joris: Party) -> None:
    bram.ask(reference="case-7")
    assert code(lambda: bram.ask(reference="case-7")) == "conflict"
    assert joris.ask(reference="case-7")["state"] == "requested"


# ---- ends ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R22", "R25", "R26", "R28")
@pytest.mark.parametrize(
    ("end", "state", "why", "told"),
    [
        ("withdraw", "revoked", "withdrawn_by_customer", "withdrawn"),
        ("terminate", "terminated", "terminated_by_party", "terminated"),
    ],
)
def test_an_end_says_who_and_is_told_to_both(
    measured: Customer, bram: Party, granted: dict[str, Any], end: str, state: str, why: str, told: str
) -> None:
    permission = granted["permission_id"]
    bram.read(permission)
    (measured if end == "withdraw" else bram).call(f"permission.{end}", permission_id=permission)
    assert state_of(bram, granted) == (state, why)
    [shown] = measured.call("permission.list")["permissions"]
    assert (shown["state"], shown["reason"]) == (state, why)
    assert shown["ended_at"] is not None
    assert reason(lambda: bram.read(permission)) == told
    events = [(one["event"], one["permission_id"]) for one in measured.statements(kind="permissions")]
    assert events == [(f"permission.{state}", permission), ("permission.granted", permission)]
    for again in (measured.withdraw, lambda one: bram.call("permission.terminate", permission_id=one)):
        assert code(lambda again=again: again(permission)) == "conflict"


def test_what_ended_does_not_come_back_by_its_link(
    measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    assert code(lambda: measured.grant(granted)) == "conflict"
    assert reason(lambda: bram.read(granted["permission_id"])) == "withdrawn"


def test_nobody_ends_what_is_anothers(
    measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    assert code(lambda: maria.withdraw(permission)) == "not-found"
    assert code(lambda: joris.call("permission.terminate", permission_id=permission)) == "not-found"
    assert code(lambda: bram.call("permission.withdraw", permission_id=permission)) == "unauthenticated"
    assert code(lambda: measured.call("permission.terminate", permission_id=permission)) == "unauthenticated"
    assert bram.read(permission)["channels"]


@pytest.mark.requirement("R24", "R26")
def test_a_permission_runs_out_to_the_moment_and_its_history_says_so(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    ends = house.clock.now() + timedelta(minutes=9)
    asked = bram.ask(valid_until=format_instant(ends))
    measured.grant(asked)
    ends = ends.replace(microsecond=ends.microsecond // 1000 * 1000)  # the wire has milliseconds
    house.clock.set(ends - timedelta(microseconds=1))
    assert bram.read(asked["permission_id"])["channels"]
    house.clock.set(ends)
    assert reason(lambda: bram.read(asked["permission_id"])) == "expired"
    assert state_of(bram, asked) == ("expired", "expired")
    assert code(lambda: measured.withdraw(asked["permission_id"])) == "conflict"
    assert measured.call("permission.list", state="expired")["permissions"][0]["ended_at"] == format_instant(
        ends
    )
    assert measured.call("permission.list", state="active")["permissions"] == []


# ---- moving -------------------------------------------------------------------------------------------------


def move_out(house: TheHouse, ean: str = LOTTES_EAN, until: date | None = None) -> dict[str, Any]:
    day = until or day_of(house.clock.now())
    return house.operator("registry.occupancy.end", ean=ean, until_day=day.isoformat())


def move_in(house: TheHouse, customer: Customer, ean: str = LOTTES_EAN) -> str:
    begun = house.operator(
        "registry.occupancy.begin",
        ean=ean,
        person_id=str(customer.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )
    return str(begun["occupancy_id"])


@pytest.mark.requirement("R29", "R26")
def test_moving_out_ends_all_permissions_of_the_point_in_one_transaction(
    house: TheHouse, measured: Customer, bram: Party, joris: Party
) -> None:
    given = [
        (party, party.ask(purpose=purpose))
        for party, purpose in (
            (bram, "energy_advice"),
            (bram, "energy_monitoring"),
            (joris, "energy_monitoring"),
        )
    ]
    for _, asked in given:
        measured.grant(asked)
    waiting = bram.ask(ean=LOTTES_EAN)
    assert move_out(house)["ended_permissions"] == 3
    for party, asked in given:
        assert state_of(party, asked) == ("invalidated", "moved_out")
    assert state_of(bram, waiting) == ("requested", "")
    assert measured.permission(waiting["permission_id"])["state"] == "invalidated"
    assert reason(lambda: bram.read(given[0][1]["permission_id"])) == "invalidated_by_move"
    assert query(house, "SELECT count(DISTINCT ended_at), count(ended_at) FROM permissions.permission") == [
        (1, 3)
    ]
    assert code(lambda: measured.withdraw(given[0][1]["permission_id"])) == "conflict"


@pytest.mark.requirement("R26")
def test_moving_out_does_not_rewrite_how_earlier_permissions_ended(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    withdrawn, run_out = (
        bram.ask(),
        bram.ask(valid_until=format_instant(house.clock.now() + timedelta(minutes=1))),
    )
    for asked in (withdrawn, run_out):
        measured.grant(asked)
    measured.withdraw(withdrawn["permission_id"])
    house.clock.advance(timedelta(minutes=2))
    assert move_out(house)["ended_permissions"] == 0
    assert state_of(bram, withdrawn) == ("revoked", "withdrawn_by_customer")
    assert state_of(bram, run_out) == ("expired", "expired")


def test_a_move_that_fails_ends_no_permission(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    execute(house, "REVOKE INSERT ON ledger.entry FROM databeheer_door")
    assert code(lambda: move_out(house)) == "internal"
    execute(house, "GRANT INSERT ON ledger.entry TO databeheer_door")
    assert bram.read(granted["permission_id"])["channels"]
    assert measured.call("me")["occupancies"][0]["until"] is None


def test_who_moved_out_yesterday_grants_nothing_for_there(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked, occupancy = bram.ask(), lotte.occupancy()
    move_out(house, until=day_of(house.clock.now()) - timedelta(days=1))
    assert code(lambda: lotte.grant(asked, occupancy)) == "conflict"
    assert lotte.call("permission.by_link", link_code=asked["link_code"])["occupancies"] == []


@pytest.mark.requirement("R29")
def test_the_newcomers_data_never_reach_the_old_parties_nor_the_old_occupant(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    old = measured.occupancy()
    move_out(house, until=day_of(house.clock.now()) - timedelta(days=1))
    noor = house.customer("noor", "Noor Claes")
    new = move_in(house, noor)
    today = day_of(house.clock.now())
    later = {
        "from": format_instant(house.clock.now() - timedelta(days=2)),
        "until": format_instant(house.clock.now() + timedelta(days=2)),
        "granularity": "day",
    }
    assert code(lambda: bram.read(granted["permission_id"], **later)) == "permission-ended"
    now = later | {
        "from": format_instant(midnight(today)),
        "until": format_instant(midnight(today + timedelta(days=1))),
    }
    assert reason(lambda: measured.call("readings.read", occupancy_id=new, **now)) == "not_occupant"
    assert reason(lambda: noor.call("readings.read", occupancy_id=old, **OCTOBER_29)) == "not_occupant"
    assert measured.call("readings.read", occupancy_id=old, **OCTOBER_29)[
        "channels"
    ]  # one's own stays one's own
    assert noor.call("me")["occupancies"][0]["from"] == today.isoformat()
    assert noor.call("permission.list")["permissions"] == []
    seen = {one["index"] for one in noor.statements()} & {one["index"] for one in measured.statements()}
    assert seen == set()


@pytest.mark.requirement("R97")
def test_each_occupants_own_look_ends_at_the_move(house: TheHouse, measured: Customer) -> None:
    """Asked by either occupancy's name, both get only the days of their own."""
    # Noon, and till now: what is not over, or has yet to come, would be refused for that.
    today = day_of(house.clock.now()) + timedelta(days=1)
    house.clock.set(midnight(today) + timedelta(hours=12))
    move_out(house)
    noor = house.customer("noor", "Noor Claes")
    move_in(house, noor)
    whole = {
        "from": format_instant(midnight(today - timedelta(days=900))),
        "until": format_instant(house.clock.now()),
        "granularity": "day",
        "mode": "clip",
    }
    mine = measured.call("readings.read", occupancy_id=measured.occupancy(), **whole)
    hers = noor.call("readings.read", occupancy_id=noor.occupancy(), **whole)
    assert mine["granted"][-1]["until"] == hers["granted"][0]["from"]
    assert {one["reason"] for one in (*mine["refused"], *hers["refused"])} == {"not_occupant"}
    assert hers["granted"][0]["from"] == format_instant(midnight(today))


def test_an_address_left_and_taken_again_is_another_occupancy(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    move_out(house)
    again = move_in(house, measured)
    assert code(lambda: bram.read(granted["permission_id"])) == "permission-ended"
    assert code(lambda: measured.grant(granted, again)) == "conflict"
    assert measured.grant(bram.ask(), again)["permission"]["state"] == "active"


OLD_DAYS = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-30T23:00:00Z", "mode": "clip"}
"""The three days of the export; a move on the second of them is reported when all three are stored."""


def quarters_of(answer: dict[str, Any]) -> int:
    return sum(len(slots_in(channel)) for channel in answer["channels"])


def own_quarters(who: Customer) -> int:
    wish = {"occupancy_id": who.occupancy(), "granularity": "quarter_hour", **OLD_DAYS}
    return quarters_of(who.call("readings.read", **wish))


@pytest.fixture
def moved_late(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> tuple[Customer, dict[str, Any]]:
    """Lotte left on the second of three days that are stored; Noor came then. Who came, and what moving gave."""
    day = date(2023, 10, 29)
    moved = move_out(house, until=day)
    noor = house.customer("noor", "Noor Claes")
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(noor.person_id),
        from_day=day.isoformat(),
    )
    return noor, moved


@pytest.mark.requirement("R29")
def test_a_move_out_reported_after_its_readings_ends_the_consents_at_once(
    bram: Party, granted: dict[str, Any], moved_late: tuple[Customer, dict[str, Any]]
) -> None:
    assert moved_late[1]["ended_permissions"] == 1
    assert state_of(bram, granted) == ("invalidated", "moved_out")
    assert reason(lambda: bram.read(granted["permission_id"])) == "invalidated_by_move"


def test_what_was_stored_past_a_move_that_was_reported_late_is_the_newcomers(
    house: TheHouse,
    measured: Customer,
    bram: Party,
    erik: Party,
    net: Party,
    moved_late: tuple[Customer, dict[str, Any]],
) -> None:
    noor, _ = moved_late
    assert own_quarters(measured) == 96  # the day before the move; not the 196 after it
    assert own_quarters(noor) == 100 + 96
    asked = bram.ask()
    noor.grant(asked)
    assert quarters_of(bram.read(asked["permission_id"], **OLD_DAYS)) == 100 + 96
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id}
    house.operator("registry.supply.accept", **contract, from_day="2023-01-01")
    by_law = OLD_DAYS | {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "mode": "clip"}

    def total(party: Party, **wish: str) -> int:
        answer = party.read(ean=LOTTES_EAN, **(by_law | wish))
        values = [slot["value"] for channel in answer["channels"] for slot in slots_in(channel)]
        return sum(value or 0 for value in values)

    her_day, his_days = sum(range(1, 97)), sum(range(1, 101)) + sum(range(1, 97))
    assert total(net, granularity="day") == her_day + his_days
    assert total(erik, granularity="month") == her_day  # what he has with her says nothing of who came
    house.operator("registry.supply.accept", **contract, from_day="2023-10-29")
    assert total(erik, granularity="month") == her_day + his_days


def test_taken_in_again_the_days_past_a_late_move_are_what_they_were(
    house: TheHouse, measured: Customer, moved_late: tuple[Customer, dict[str, Any]]
) -> None:
    noor, _ = moved_late
    assert house.ingest(export()).changed is False
    assert (own_quarters(noor), own_quarters(measured)) == (100 + 96, 96)
    assert query(
        house,
        "SELECT day, count(*), max(version) FROM metering.profile GROUP BY day ORDER BY day",
    ) == [(date(2023, 10, 28), 1, 1), (date(2023, 10, 29), 1, 1), (date(2023, 10, 30), 1, 1)]


# ---- by law -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R3", "R72", "R73", "R74")
def test_a_supplier_sees_the_months_of_its_own_contract_and_nothing_beside(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    def read(first: str, until: str, granularity: str = "month") -> Any:
        return erik.read(ean=LOTTES_EAN, **{"from": first, "until": until, "granularity": granularity})

    october = ("2023-09-30T22:00:00Z", "2023-10-31T23:00:00Z")
    assert code(lambda: read(*october)) == "no-legal-basis"
    house.operator(
        "registry.supply.accept",
        ean=LOTTES_EAN,
        party_id=erik.party_id,
        from_day="2023-10-01",
        until_day="2023-11-01",
    )
    answer = read(*october)
    assert [one["ground"] for one in answer["granted"]] == ["supplier"]
    assert [slot["value"] for slot in slots_in(answer["channels"][0])] == [
        sum(range(1, 97)) * 2 + sum(range(1, 101))
    ]
    for fine in ("quarter_hour", "hour", "day"):
        assert code(lambda fine=fine: read(*october, fine)) == "granularity-too-fine"
    before, after = ("2023-08-31T22:00:00Z", october[0]), (october[1], "2023-11-30T23:00:00Z")
    for stretch in (before, after):
        assert reason(lambda stretch=stretch: read(*stretch)) == "no_contract"


@pytest.mark.requirement("R75")
def test_a_supplier_sees_no_customer_of_another(
    house: TheHouse, measured: Customer, maria: Customer, erik: Party
) -> None:
    other = house.party("Andere Energie", "supplier")
    for party, ean in ((erik, LOTTES_EAN), (other, MARIAS_EAN)):
        house.operator("registry.supply.accept", ean=ean, party_id=party.party_id, from_day="2023-01-01")
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    assert erik.read(ean=LOTTES_EAN, **month)["granted"]
    for party, ean in ((erik, MARIAS_EAN), (other, LOTTES_EAN)):
        assert code(lambda party=party, ean=ean: party.read(ean=ean, **month)) == "no-legal-basis"


@pytest.mark.requirement("R72")
def test_one_point_has_one_supplier_at_a_time(house: TheHouse, lotte: Customer, erik: Party) -> None:
    def accept(first: str, until: str | None) -> None:
        house.operator(
            "registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=first, until_day=until
        )

    accept("2023-01-01", "2023-07-01")
    accept("2023-07-01", None)
    assert code(lambda: accept("2023-06-30", "2023-07-01")) == "conflict"
    assert code(lambda: accept("2030-01-01", None)) == "conflict"


def test_only_a_supplier_has_supply_contracts(house: TheHouse, lotte: Customer, bram: Party) -> None:
    wish = {"ean": LOTTES_EAN, "party_id": bram.party_id, "from_day": "2023-01-01"}
    assert code(lambda: house.operator("registry.supply.accept", **wish)) == "conflict"


@pytest.mark.requirement("R29")
def test_moving_out_leaves_the_law_as_it_is(house: TheHouse, measured: Customer, erik: Party) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    move_out(house)
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    assert erik.read(ean=LOTTES_EAN, **month)["granted"]


def test_a_contract_renewed_in_time_does_not_interrupt_the_party(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    house.operator(
        "registry.contract.add",
        party_id=bram.party_id,
        number="next-year",
        valid_from=format_instant(house.clock.now() + timedelta(days=30)),
    )
    assert bram.read(granted["permission_id"])["channels"]


# ---- who sees what ------------------------------------------------------------------------------------------


def test_a_party_sees_its_own_permissions_and_no_other(lotte: Customer, bram: Party, joris: Party) -> None:
    mine, his = bram.ask(), joris.ask()
    lotte.grant(mine)
    assert [one["permission_id"] for one in bram.call("permission.list")["permissions"]] == [
        mine["permission_id"]
    ]
    assert code(lambda: bram.call("permission.show", permission_id=his["permission_id"])) == "not-found"
    assert code(lambda: bram.call("permission.by_link", link_code=his["link_code"])) == "not-found"


@pytest.mark.requirement("R98")
def test_a_party_does_not_learn_whether_its_request_found_somebody(
    lotte: Customer, maria: Customer, bram: Party
) -> None:
    """The same answer, the same view, for a point that exists and one that does not."""
    eans = (MARIAS_EAN, "541448899990000060")
    answers = [bram.ask(ean=ean) for ean in eans]
    assert {frozenset(answer) for answer in answers} == {frozenset(answers[0])}
    views = [bram.permission(answer["permission_id"]) for answer in answers]
    hidden = {"permission_id", "reference", "requested_at", "request_expires_at"}
    assert [{k: v for k, v in view.items() if k not in hidden} for view in views] == [
        {k: v for k, v in views[0].items() if k not in hidden}
    ] * 2
    assert views[0]["ean"] is None


def test_the_two_pages_of_a_list_follow_without_gap(bram: Party) -> None:
    asked = [bram.ask()["permission_id"] for _ in range(5)]
    found: list[str] = []
    cursor = None
    while True:
        page = bram.call("permission.list", limit=2, cursor=cursor)
        found += [one["permission_id"] for one in page["permissions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted(asked)
    assert len(found) == 5


def test_an_inspector_and_a_stranger_see_no_permission(
    house: TheHouse, lotte: Customer, granted: dict[str, Any]
) -> None:
    inspector = Proof.session(house.inspector())
    assert house.client.call("permission.list", inspector)["permissions"] == []
    assert code(
        lambda: house.client.call("permission.show", inspector, permission_id=granted["permission_id"])
    ) == ("not-found")
    assert code(lambda: house.client.call("permission.list")) == "unauthenticated"
