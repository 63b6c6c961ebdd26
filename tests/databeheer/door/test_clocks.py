"""Clocks at the door: what starts, meets and drops them, what the ledger says, and what the clerk brings about."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from databeheer import clocks
from databeheer.access.conditions import years_after
from databeheer.brussels import day_of, midnight
from databeheer.clocks import Clock
from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.commands.timekeeping import months_back
from databeheer.site.clerk import Clerk
from databeheer.site.storytelling import file_assessment
from databeheer.values import format_instant, parse_instant
from tests.commands import OPEN_TO_ALL, every_command
from tests.conftest import LOTTES_EAN
from tests.databeheer.door import test_user_ports as user_ports
from tests.databeheer.doubt import acts as doubts
from tests.doors import held, meanwhile, query
from tests.house import Customer, Party, TheHouse

MANDATE = b"I, Lotte, allow it. Signed."


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def later(house: TheHouse, by: timedelta, *people: Customer | Party) -> None:
    """Let time pass, and everybody log in again."""
    house.clock.advance(by)
    for one in people:
        if isinstance(one, Customer):
            one.session = house.log_in(one.subject, one.name)
        else:
            one.token = house.token(one.client_id, one.client_secret)


def all_clocks(house: TheHouse, *kinds: str) -> list[Clock]:
    """The clocks of these kinds, in the order in which they were started."""
    with house.house.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM clocks.clock WHERE kind = ANY(:kinds) ORDER BY clock_no"),
            {"kinds": list(kinds) or [kind.kind for kind in clocks.shipped().kinds]},
        ).all()
    return [Clock(**row._mapping) for row in rows]


def ends(house: TheHouse, kind: str) -> list[tuple[bool, bool]]:
    """Of each clock of a kind: was it met, was it dropped."""
    return [(one.met_at is not None, one.dropped_at is not None) for one in all_clocks(house, kind)]


def clerk(house: TheHouse) -> Clerk:
    return Clerk(house.client, house.clerk_key)


def report(house: TheHouse, **arguments: Any) -> dict[str, Any]:
    return house.client.call("clocks.report", Proof.session(house.inspector()), **arguments)


def inspectors_figures(house: TheHouse, kind: str) -> dict[str, Any]:
    """This month's figures of a kind."""
    [one] = [one for one in report(house)["months"][0]["figures"] if one["kind"] == kind]
    return dict(one)


# ---- permissions -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R32")
def test_the_end_of_a_permission_starts_the_term_for_deleting_and_the_confirmation_meets_it(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    assert all_clocks(house, "deletion_confirmation") == []
    measured.withdraw(permission)
    [clock] = all_clocks(house, "deletion_confirmation")
    view = bram.permission(permission)
    assert (str(clock.about), str(clock.party_id)) == (permission, bram.party_id)
    assert format_instant(clock.due_at) == view["delete_by"]
    assert clock.operator == 1
    later(house, timedelta(days=3), bram)
    bram.call("permission.confirm_deletion", permission_id=permission)
    assert ends(house, "deletion_confirmation") == [(True, False)]
    assert inspectors_figures(house, "deletion_confirmation")["kept"] == 1


def test_what_was_never_granted_starts_no_clock(house: TheHouse, measured: Customer, bram: Party) -> None:
    bram.call("permission.terminate", permission_id=bram.ask()["permission_id"])
    asked = bram.ask()
    measured.call("permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"])
    bram.ask()
    later(house, timedelta(days=31), bram)
    clerk(house).round()
    assert all_clocks(house, "deletion_confirmation", "reminder") == []


def test_a_permission_that_time_ended_long_before_anybody_wrote_it_down_is_due_from_its_end(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    until = format_instant(house.clock.now() + timedelta(days=10))
    measured.grant(bram.ask(valid_until=until))
    later(house, timedelta(days=100), measured, bram)
    done = clerk(house).round()
    assert done == {"expired": 1, "deletion_confirmation": 1}
    [clock] = all_clocks(house, "deletion_confirmation")
    assert clock.started_at == parse_instant(until)
    assert clock.due_at == midnight(day_of(parse_instant(until)) + timedelta(days=31))
    assert ends(house, "reminder") == [(False, True)]


@pytest.mark.requirement("R23")
def test_reminders_are_kept_while_the_clerk_works_and_missed_while_it_does_not(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    later(house, timedelta(days=365, hours=1), measured, bram)
    assert clerk(house).round() == {"reminded": 1}
    later(house, timedelta(days=367), measured, bram)
    assert clerk(house).round() == {"reminded": 1, "reminder": 1, "dpia_validity": 1}
    first, second, third = all_clocks(house, "reminder")
    assert first.met_at is not None
    assert first.met_at < first.due_at
    assert second.met_at is not None
    assert second.met_at > second.due_at
    assert (third.met_at, third.dropped_at) == (None, None)
    assert [one["event"] for one in measured.statements()].count("clock.missed") == 1


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("late", [False, True], ids=["in time", "too late"])
def test_a_drawn_mandate_is_handed_over_in_time_or_counts_as_missed_with_how_late(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], late: bool
) -> None:
    permission = granted["permission_id"]
    digest = sha256(MANDATE).hexdigest()
    bram.call("mandate.register", permission_id=permission, document_sha256=digest, signed_on="2023-01-01")
    drawn = house.operator("mandate.sample")["drawn"]
    [clock] = all_clocks(house, "mandate_sample")
    assert [format_instant(clock.due_at)] == [one["due_at"] for one in drawn]
    later(house, clock.due_at - house.clock.now() + timedelta(hours=5 if late else -5), measured, bram)
    assert clerk(house).round() == ({"blocked": 1, "mandate_sample": 1} if late else {})
    document = b64encode(MANDATE).decode()
    bram.call("mandate.produce", permission_id=permission, document=document)
    figures = inspectors_figures(house, "mandate_sample")
    assert (figures["kept"], figures["missed"], figures["met_late"]) == ((0, 1, 1) if late else (1, 0, 0))
    assert figures["longest_late_seconds"] == (5 * 3600 if late else 0)
    assert figures["party"]["name"] == bram.name


def test_a_drawn_mandate_of_a_permission_that_ends_is_waited_for_no_more(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    digest = sha256(MANDATE).hexdigest()
    bram.call("mandate.register", permission_id=permission, document_sha256=digest, signed_on="2023-01-01")
    house.operator("mandate.sample")
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    assert ends(house, "mandate_sample") == [(False, True)]
    assert ends(house, "reminder") == [(False, True)]


# ---- parties ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R115")
def test_a_dpia_runs_out_when_the_decision_says_so_and_a_new_one_meets_it(
    house: TheHouse, bram: Party
) -> None:
    [clock] = all_clocks(house, "dpia_validity")
    today = day_of(house.clock.now())
    assert (str(clock.about), clock.started_at) == (bram.party_id, midnight(today))
    assert clock.due_at == years_after(midnight(today), house.house.catalogue.dpia_years)
    later(house, timedelta(days=400), bram)
    house.put_in_order(bram.party_id)
    assert ends(house, "dpia_validity") == [(True, False), (False, False)]
    later(house, timedelta(days=731), bram)
    assert clerk(house).round() == {"dpia_validity": 1}
    [missed] = [one for one in report(house)["overdue"] if one["kind"] == "dpia_validity"]
    assert (missed["party"]["name"], missed["actor"]) == (bram.name, "party")
    house.put_in_order(bram.party_id)
    assert report(house)["overdue"] == []


def test_an_older_assessment_that_is_filed_later_moves_no_clock(house: TheHouse, bram: Party) -> None:
    [before] = all_clocks(house, "dpia_validity")
    file_assessment(house.operator, bram.party_id, "older", date(2020, 1, 1))
    assert all_clocks(house, "dpia_validity") == [before]


def test_an_assessment_that_is_out_of_date_runs_no_more(house: TheHouse, bram: Party) -> None:
    house.operator("registry.dpia.stale", party_id=bram.party_id, trigger="use_changed")
    assert ends(house, "dpia_validity") == [(False, True)]


# ---- rights ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(house: TheHouse, measured: Customer) -> UUID:
    """Lotte's stay ended more than three years ago; she asks to erase her readings."""
    stay = measured.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    later(house, timedelta(days=1500), measured)
    measured.call("erasure.ask", data_class="readings", occupancy_id=stay)
    return UUID(stay)


@pytest.mark.parametrize("refusal", [None, "it is disputed"])
def test_a_request_to_erase_is_answered_within_a_month(
    house: TheHouse, asked: UUID, refusal: str | None
) -> None:
    [clock] = all_clocks(house, "erasure_request")
    assert clock.occupancy_id == asked
    assert clock.due_at == clocks.shipped().get("erasure_request").term.due_at(house.clock.now())
    house.operator(
        "erasure.decide",
        data_class="readings",
        occupancy_id=str(asked),
        reason="data_subject_request",
        decided_by="An Operator",
        refusal=refusal,
    )
    assert ends(house, "erasure_request") == [(True, False)]
    assert derived(house) == standing(house)


def test_one_that_nobody_answers_is_missed_and_the_customer_sees_it(
    house: TheHouse, measured: Customer, asked: UUID
) -> None:
    later(house, timedelta(days=32), measured)
    clerk(house).round()
    assert measured.statements()[0]["event"] == "clock.missed"


# ---- the ledger ------------------------------------------------------------------------------------------------------


def bodies(house: TheHouse) -> list[dict[str, Any]]:
    """What each entry says in its shared half, in order."""
    with house.house.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM ledger.body ORDER BY index")).all()
    return [shared_body(house.house, row).said | {"index": row.index} for row in rows]


Told = tuple[str, str, int, str, int]


def derived(house: TheHouse) -> list[Told]:
    """Every clock, from the ledger alone: kind, about, entry of its start, how it ended, entry of its end."""
    running: dict[tuple[str, str], int] = {}
    found: list[Told] = []
    granted: set[str] = set()
    for said in bodies(house):
        if said["event"] == "permission.granted":
            granted.add(said["permission"])
        for kind in clocks.shipped().kinds:
            name = (kind.kind, str(said.get(kind.about) or ""))
            if not name[1] or (kind.about == "permission" and name[1] not in granted):
                continue
            for how, events in (("met", kind.met_by), ("dropped", kind.dropped_by)):
                if said["event"] in events and name in running:
                    found.append((*name, running.pop(name), how, said["index"]))
            if said["event"] in kind.started_by and name not in running:
                running[name] = said["index"]
            if said["event"] in kind.settled_by:
                found.append((*name, said["index"], "met", said["index"]))
    return sorted([*found, *((*name, index, "runs", -1) for name, index in running.items())])


def standing(house: TheHouse) -> list[Told]:
    """The same from the table: the size that a clock knows leads to the first entry from there that names it."""
    told = bodies(house)

    def entry(one: Clock, size: int | None, names: tuple[str, ...]) -> int:
        about = clocks.shipped().get(one.kind).about
        return next(
            (
                said["index"]
                for said in (told[size:] if size is not None else ())
                if said["event"] in names and said.get(about) == str(one.about)
            ),
            -1,
        )

    found: list[Told] = []
    for one in all_clocks(house):
        kind = clocks.shipped().get(one.kind)
        how = "met" if one.met_at else "dropped" if one.dropped_at else "runs"
        ended = entry(
            one, one.ended_size, (*kind.met_by, *kind.settled_by) if one.met_at else kind.dropped_by
        )
        started = entry(one, one.started_size, (*kind.started_by, *kind.settled_by))
        found.append((one.kind, str(one.about), started, how, ended))
    return sorted(found)


def test_start_and_outcome_of_every_clock_are_derivable_from_the_ledger(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    permission, digest = granted["permission_id"], sha256(MANDATE).hexdigest()
    bram.call("mandate.register", permission_id=permission, document_sha256=digest, signed_on="2023-01-01")
    house.operator("mandate.sample")
    other = joris.ask()
    measured.grant(other)
    bram.call("permission.terminate", permission_id=bram.ask()["permission_id"])
    joris.call("permission.terminate", permission_id=other["permission_id"])
    later(house, timedelta(days=10), measured, bram, joris)
    joris.call("permission.confirm_deletion", permission_id=other["permission_id"])
    bram.call("mandate.produce", permission_id=permission, document=b64encode(MANDATE).decode())
    later(house, timedelta(days=370), measured, bram, joris)
    clerk(house).round()
    house.put_in_order(joris.party_id)
    house.operator("registry.dpia.stale", party_id=bram.party_id, trigger="new_categories")
    measured.withdraw(permission)
    found = derived(house)
    assert found == standing(house)
    assert {(kind, how) for kind, _, _, how, _ in found} >= {
        ("reminder", "met"),
        ("reminder", "dropped"),
        ("mandate_sample", "met"),
        ("deletion_confirmation", "met"),
        ("deletion_confirmation", "runs"),
        ("dpia_validity", "met"),
        ("dpia_validity", "dropped"),
    }


@pytest.mark.requirement("R55")
def test_so_are_those_of_user_ports_and_a_grid_operator_that_is_late_is_named(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    user_ports.install(house)
    user_ports.opened(lotte, net)
    user_ports.ask_close(lotte)
    user_ports.ask_open(lotte, "S1")
    later(house, timedelta(hours=24), lotte, net)
    assert clerk(house).round() == {"port_execution": 2, "port_forwarding": 2}
    for order in user_ports.orders(net):
        user_ports.execute(net, order)
    found = derived(house)
    assert found == standing(house)
    assert {kind for kind, _, _, how, _ in found if how == "met"} >= {"port_forwarding", "port_execution"}
    figures = inspectors_figures(house, "port_execution")
    assert (figures["kept"], figures["missed"], figures["met_late"]) == (1, 2, 2)
    assert (figures["actor"], figures["party"]["name"]) == ("grid_operator", net.name)


@pytest.mark.requirement("R101", "R102", "R103")
def test_so_are_those_of_a_doubt_shown_refused_lifted_and_unproven(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = doubts.raise_doubt(measured, granted)
    doubts.contact(house, case)
    doubts.show(bram, case)
    doubts.judge(house, case, accepted=False)
    later(house, timedelta(hours=1), measured, bram)
    doubts.show(bram, case)
    doubts.lift(house, case)
    again = bram.call(
        "doubt.report_own",
        permission_id=granted["permission_id"],
        concern="other",
        customer="unknown",
        received_at=format_instant(house.clock.now()),
        words="x",
    )["case"]
    doubts.contact(house, again)
    later(house, timedelta(hours=73), measured, bram)
    clerk(house).round()
    found = derived(house)
    assert found == standing(house)
    of_hours = [how for kind, _, _, how, _ in found if kind == "doubt_evidence"]
    assert sorted(of_hours) == ["dropped", "dropped", "dropped", "met"]


@pytest.mark.parametrize("is_good", [True, False])
def test_hours_that_stopped_for_a_proof_count_once_also_after_it_was_judged(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], is_good: bool
) -> None:
    case = doubts.raise_doubt(measured, granted)
    doubts.contact(house, case)
    later(house, timedelta(hours=1), measured, bram)
    doubts.show(bram, case)
    later(house, timedelta(hours=1), measured, bram)
    shown = inspectors_figures(house, "doubt_evidence")
    assert (shown["kept"], shown["dropped"], shown["open"]) == (0, 1, 0)
    if is_good:
        doubts.lift(house, case)
    else:
        doubts.judge(house, case, accepted=False)
    judged = inspectors_figures(house, "doubt_evidence")
    assert (judged["kept"], judged["dropped"], judged["open"]) == ((1, 0, 0) if is_good else (0, 1, 1))
    for actor, kinds in (("party", {"doubt_evidence"}), ("data_manager", {"doubt_contact", "doubt_unblock"})):
        [month] = report(house, months=1, actor=actor)["months"]
        assert {one["kind"] for one in month["figures"]} >= kinds
        assert {one["actor"] for one in month["figures"]} == {actor}


def test_a_miss_is_an_entry_that_says_who_had_to_act_and_names_nobody(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    measured.withdraw(permission)
    later(house, timedelta(days=31), measured, bram)
    assert clerk(house).round() == {"deletion_confirmation": 1}
    [clock] = all_clocks(house, "deletion_confirmation")
    [said] = [said for said in bodies(house) if said["event"] == "clock.missed"]
    assert said["index"] == clock.missed_index
    assert said | {"at": ""} == {
        "v": 1,
        "index": clock.missed_index,
        "event": "clock.missed",
        "at": "",
        "clock": "deletion_confirmation",
        "actor": "party",
        "permission": permission,
        "party": bram.party_id,
        "ground": "",
        "operator": 1,
        "started": format_instant(clock.started_at),
        "due": format_instant(clock.due_at),
        "met": "",
    }
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def told(house: TheHouse) -> set[str]:
    rows = query(house, "SELECT recipient FROM post.message WHERE kind = 'clock.missed'")
    return {row[0] for row in rows}


def test_a_miss_is_told_to_who_had_to_act_whom_it_concerns_and_the_data_manager(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    later(house, timedelta(days=31))
    clerk(house).round()
    assert told(house) == {"customer", "party", "data_manager"}
    clerk(house).round()
    assert query(house, "SELECT count(*) FROM post.message WHERE kind = 'clock.missed'") == [(3,)]


def test_whoever_had_not_to_act_is_not_told_of_a_miss(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    later(house, timedelta(days=367), measured, bram)
    clerk(house).round()
    assert query(house, "SELECT party_id FROM ledger.body WHERE event = 'clock.missed'") == [(None,)]
    assert told(house) == {"customer", "data_manager"}


# ---- the clerk -------------------------------------------------------------------------------------------------------


def test_a_round_with_nothing_due_leaves_no_entry(house: TheHouse, granted: dict[str, Any]) -> None:
    before = query(house, "SELECT size FROM ledger.head")
    assert clerk(house).round() == {}
    assert query(house, "SELECT size FROM ledger.head") == before


def test_two_clerks_at_once_record_everything_once(
    house: TheHouse, measured: Customer, bram: Party, joris: Party
) -> None:
    for party in (bram, joris):
        for _ in range(3):
            asked = party.ask()
            measured.grant(asked)
            measured.withdraw(asked["permission_id"])
        party.ask()
    later(house, timedelta(days=31), measured)
    with held(house) as lock:
        answers = []
        for _ in range(2):
            client = DoorClient(house.socket)
            answers.append(meanwhile(client, Clerk(client, house.clerk_key).round))
        lock.until_waiting(2)
        lock.release()
        first, second = (answer.result() for answer in answers)
    assert first + second == {"timed_out": 2, "deletion_confirmation": 6}
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'clock.missed'") == [(6,)]
    assert clerk(house).round() == {}


def test_a_round_goes_on_until_nothing_is_left(house: TheHouse, measured: Customer, bram: Party) -> None:
    for _ in range(3):
        asked = bram.ask()
        measured.grant(asked)
        measured.withdraw(asked["permission_id"])
    later(house, timedelta(days=31))
    answers = [house.operator("clocks.sweep", limit=2) for _ in range(2)]
    assert [(one["recorded"], one["more"]) for one in answers] == [
        ({"deletion_confirmation": 2}, True),
        ({"deletion_confirmation": 1}, False),
    ]


def test_what_a_failing_turn_recorded_is_recorded_at_the_next_beat(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured.withdraw(granted["permission_id"])
    later(house, timedelta(days=31))
    with monkeypatch.context() as broken:
        broken.setattr(house.house.ends, "keep", _crash)
        assert clerk(house).round() == {}
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'clock.missed'") == [(0,)]
    assert clerk(house).round() == {"deletion_confirmation": 1}


def _crash(*_: object) -> None:
    raise RuntimeError("the power went")


@pytest.mark.parametrize("command", ["permission.sweep", "doubt.sweep", "letter.sweep", "clocks.sweep"])
def test_nobody_else_has_time_written_down(
    house: TheHouse, lotte: Customer, bram: Party, command: str
) -> None:
    for proof in (
        Proof.session(lotte.session),
        Proof.token(bram.token),
        Proof.intake(house.intake_key),
        Proof.session(house.inspector()),
        Proof.clerk(""),
        Proof.clerk(house.operator_key),
        Proof.clerk(house.intake_key),
        Proof.operator(house.clerk_key),
        Proof.intake(house.clerk_key),
        Proof.session(house.clerk_key),
        Proof.clerk("x" * 1000),
    ):
        assert code(lambda proof=proof: house.client.call(command, proof)) == "unauthenticated"


WITHOUT_PROOF = {*OPEN_TO_ALL, "subscription.check"}


def test_the_clerks_key_is_good_for_nothing_else(house: TheHouse, lotte: Customer, bram: Party) -> None:
    commands = every_command(lotte, lotte, bram, bram.ask()["permission_id"])
    proof = Proof.clerk(house.clerk_key)
    found = {command: code_of(house, command, proof, given) for command, given in commands.items()}
    allowed = {
        "permission.sweep",
        "doubt.sweep",
        "letter.sweep",
        "credit.sweep",
        "delivery.sweep",
        "clocks.sweep",
        "mandate_import.sweep",
        "staff.sweep",
        "desk.sweep",
        "complaint.sweep",
        "webhook.sweep",
    }
    assert {found[command] for command in allowed} == {None}
    others = {
        command: refused for command, refused in found.items() if command not in allowed | WITHOUT_PROOF
    }
    assert others == dict.fromkeys(others, "unauthenticated")


def code_of(house: TheHouse, command: str, proof: Proof, arguments: dict[str, Any]) -> str | None:
    try:
        house.client.call(command, proof, **arguments)
    except DoorRefusedError as error:
        return error.code
    return None


# ---- the report ------------------------------------------------------------------------------------------------------


def test_the_report_is_the_inspectors_and_the_operators(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    assert report(house)["months"] == house.operator("clocks.report")["months"]
    for proof in (Proof.session(lotte.session), Proof.token(bram.token), Proof.clerk(house.clerk_key)):
        assert code(lambda proof=proof: house.client.call("clocks.report", proof)) == "unauthenticated"


def test_the_report_lists_what_is_due_soon_and_months_by_brussels_days(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    later(house, timedelta(days=24), measured, bram)
    found = report(house, months=3)
    assert [one["kind"] for one in found["coming"]] == ["deletion_confirmation"]
    assert found["overdue"] == []
    months = [datetime.fromisoformat(f"{one['month']}-01").date() for one in found["months"]]
    assert months[0] == day_of(house.clock.now()).replace(day=1)
    assert [(a.year * 12 + a.month) - (b.year * 12 + b.month) for a, b in pairwise(months)] == [1, 1]


def test_the_lists_can_be_of_one_actor_so_that_nobodys_own_work_is_lost_among_others(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    other = bram.ask()
    measured.grant(other)
    measured.withdraw(other["permission_id"])
    doubts.raise_doubt(measured, granted)
    later(house, timedelta(days=31), measured, bram)
    lists = {
        actor: [one["kind"] for one in report(house, actor=actor)["overdue"]]
        for actor in (None, "data_manager", "party", "grid_operator")
    }
    assert lists == {
        None: ["doubt_contact", "deletion_confirmation"],
        "data_manager": ["doubt_contact"],
        "party": ["deletion_confirmation"],
        "grid_operator": [],
    }
    assert code(lambda: report(house, actor="nobody")) == "malformed-request"


@pytest.mark.requirement("R110")
def test_a_late_report_of_an_older_signal_changes_its_month_and_the_month_says_so(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    later(house, timedelta(days=62), measured, bram)

    def of_the_month_before(number: int) -> dict[str, int]:
        month = report(house, months=3)["months"][number]
        [one] = [one for one in month["figures"] if one["kind"] == "doubt_party_report"] or [{}]
        return {name: one.get(name, 0) for name in ("kept", "missed", "met_late", "written_later")}

    assert of_the_month_before(2) == {"kept": 0, "missed": 0, "met_late": 0, "written_later": 0}
    bram.call(
        "doubt.report_own",
        permission_id=granted["permission_id"],
        concern="other",
        customer="unknown",
        received_at=format_instant(midnight(months_back(house.clock.now(), 3)[2][0]) + timedelta(days=3)),
        words="x",
    )
    house.clock.advance(timedelta(minutes=1))
    assert of_the_month_before(2) == {"kept": 0, "missed": 1, "met_late": 1, "written_later": 1}
    assert of_the_month_before(0) == {"kept": 0, "missed": 0, "met_late": 0, "written_later": 0}


def test_figures_of_a_month_that_is_over_stay_as_they_are(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    later(house, timedelta(days=70), measured, bram)
    clerk(house).round()

    def decided(month: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [
            (one["kind"], one["kept"], one["missed"], one["dropped"], one["open"]) for one in month["figures"]
        ]

    before = {month["month"]: decided(month) for month in report(house)["months"][1:]}
    bram.call("permission.confirm_deletion", permission_id=granted["permission_id"])
    house.put_in_order(bram.party_id)
    later(house, timedelta(days=200), measured, bram)
    after = {month["month"]: decided(month) for month in report(house, months=24)["months"]}
    assert {name: after[name] for name in before} == before
    assert any(missed for rows in before.values() for _, _, missed, _, _ in rows)
