"""Mandates that a party brings along: announced, sampled, and active only once notice and sample are over."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.mandate_imports import rows as store
from databeheer.mandate_imports.file import MOST_OF_ONE_POINT
from databeheer.mandate_imports.rows import NOTICE_DAYS, earliest
from databeheer.mandate_imports.sampling import ranked, sample_size
from databeheer.permissions.terms import Terms
from databeheer.post.carrying import RefusedForGoodError
from databeheer.post.deliveries import Channel
from databeheer.values import format_instant
from tests.conftest import MARIAS_EAN
from tests.databeheer.mandate_imports.importing import (
    Brought,
    back_in,
    clerk,
    csv_of,
    days,
    line,
    paper,
    post_letters,
    sweep,
    take,
)
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, confirm_email, postman, to_whom, told

NOBODYS_EAN = "541448899990000060"


def refused(party: Party, command: str, **arguments: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refusal:
        party.call(command, **arguments)
    return refusal.value


def state(party: Party, permission_id: str) -> str:
    return str(party.call("permission.show", permission_id=permission_id)["permission"]["state"])


def wait_out(house: TheHouse, *parties: Party) -> None:
    """Let the notice of everything be over."""
    days(house, NOTICE_DAYS + 1)
    for party in parties:
        back_in(house, party)


def carry_email(house: TheHouse, how: Callable[[], None] = lambda: None) -> None:
    """Let the postman carry what waits to be sent by e-mail."""
    with closing(postman(house, email=Pouch(how))) as carrier:
        carrier.round(Channel.EMAIL)


def refuse() -> None:
    """What the server for somebody's e-mail does who has no mailbox there any more."""
    raise RefusedForGoodError("no-such-mailbox")


def held(house: TheHouse, bram: Party, brought: Brought) -> str | None:
    back_in(house, bram)
    reason: str | None = brought.now()["held_reason"]
    return reason


@pytest.mark.requirement("R35")
def test_a_mandate_is_active_once_its_customer_was_told_and_its_sample_was_good(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    permission_id = brought.permission()
    assert brought.now()["state"] == "sampled"
    assert bram.permission(permission_id)["reference"] == "ref-1"
    post_letters(house)
    brought.hand_all_in()
    assert brought.now()["state"] == "passed"
    days(house, NOTICE_DAYS)
    back_in(house, bram)
    assert sweep(house) == {}
    assert state(bram, permission_id) == "requested"
    assert refused(bram, "readings.read", **READ, permission_id=permission_id).code == "permission-not-active"
    days(house, 1)
    back_in(house, bram)
    assert clerk(house)["mandate_carried_on"] == 1
    assert state(bram, permission_id) == "active"
    [signature] = lotte.permission(permission_id)["signers"]
    assert signature["method"] == "written_mandate"
    lotte.withdraw(permission_id)
    assert state(bram, permission_id) == "revoked"


READ = {
    "from": "2023-10-28T22:00:00Z",
    "until": "2023-10-29T23:00:00Z",
    "granularity": "quarter_hour",
}


def test_before_the_notice_is_over_nothing_is_read_though_the_paper_is_good(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    brought.hand_all_in()
    house.clock.advance(earliest(house.clock.now()) - house.clock.now() - timedelta(seconds=1))
    back_in(house, bram)
    assert sweep(house) == {}
    assert state(bram, brought.permission()) == "requested"


def test_a_customer_without_email_is_told_by_letter_and_the_notice_runs_from_the_post(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    brought.hand_all_in()
    wait_out(house, bram)
    assert sweep(house) == {}  # nobody has posted the letter yet
    [letter] = post_letters(house)
    assert letter["asked_by"] == "import"
    days(house, NOTICE_DAYS)
    assert sweep(house) == {}
    days(house, 1)
    assert sweep(house) == {"mandate_carried_on": 1}


def test_a_customer_with_email_is_told_by_email_and_gets_no_letter(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    brought = Brought.of(house, bram)
    assert house.operator("letter.list")["letters"] == []
    assert to_whom(house, "mandate.imported") == {("customer", lotte.person_id)}
    [message] = told(house, "mandate.imported")
    assert message.said["until"] == (day_of(house.clock.now()) + timedelta(days=15)).isoformat()
    brought.hand_all_in()
    carry_email(house)
    wait_out(house, bram)
    assert sweep(house) == {"mandate_carried_on": 1}


def test_the_notice_by_email_runs_from_when_it_came_through(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    brought = Brought.of(house, bram)
    brought.hand_all_in()
    wait_out(house, bram)
    assert sweep(house) == {}  # nobody has carried it yet
    carry_email(house)
    days(house, NOTICE_DAYS)
    assert sweep(house) == {}
    days(house, 1)
    assert sweep(house) == {"mandate_carried_on": 1}
    back_in(house, bram)
    assert state(bram, brought.permission()) == "active"


@pytest.mark.parametrize("ends", ["dead", "dropped"])
def test_to_whom_no_email_comes_through_a_letter_goes_and_the_notice_runs_from_the_post(
    house: TheHouse, lotte: Customer, bram: Party, ends: str
) -> None:
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    brought = Brought.of(house, bram)
    brought.hand_all_in()
    if ends == "dropped":
        lotte.call("contact.remove")
        carry_email(house)
    else:
        carry_email(house, refuse)
    assert sweep(house) == {"mandate_on_paper": 1}
    wait_out(house, bram)
    assert sweep(house) == {}
    assert len(post_letters(house)) == 1
    days(house, NOTICE_DAYS + 1)
    assert sweep(house) == {"mandate_carried_on": 1}


def test_a_customer_refuses_before_it_begins_and_nothing_comes_of_it(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    lotte.call("permission.refuse", permission_id=brought.permission())
    assert state(bram, brought.permission()) == "rejected"
    post_letters(house)
    wait_out(house, bram)
    sweep(house)
    assert state(bram, brought.permission()) == "rejected"


def test_a_customer_who_grants_it_himself_needs_no_paper(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    lotte.grant({"permission_id": brought.permission(), "link_code": None})
    assert state(bram, brought.permission()) == "active"
    assert sweep(house)["mandates_passed"] == 1
    days(house, Terms().mandate + 1)
    assert "mandate_sample" not in clerk(house)  # nobody waits for the paper any more
    assert held(house, bram, brought) is None


def test_who_hands_nothing_in_within_fourteen_days_gets_nothing_and_is_told_why(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    due = midnight(day_of(house.clock.now()) + timedelta(days=Terms().mandate + 1))
    assert brought.now()["sample"]["due_at"] == format_instant(due)
    house.clock.advance(due - house.clock.now() - timedelta(seconds=1))
    assert sweep(house) == {}
    house.clock.advance(timedelta(seconds=1))
    assert sweep(house) == {"mandates_held": 1}
    assert held(house, bram, brought) == "not_handed_in"
    assert [message.said["reason"] for message in told(house, "mandates.held")] == ["not_handed_in"] * 2
    wait_out(house, bram)
    assert sweep(house) == {}
    assert state(bram, brought.permission()) == "requested"


def test_a_paper_that_is_no_good_holds_the_whole_file(house: TheHouse, lotte: Customer, bram: Party) -> None:
    lines = [line(), *(line(f"r{number}", ean=ean_of(number)) for number in range(8))]
    brought = Brought.of(house, bram, *lines)
    post_letters(house)
    first, *others = brought.drawn()
    assert len(others) == 4
    for row in others:
        brought.hand_in(row)
        brought.judge(row, accepted=True)
    brought.hand_in(first)
    brought.judge(first, accepted=False)
    assert sweep(house) == {"mandates_held": 1}
    assert held(house, bram, brought) == "does_not_fit"
    wait_out(house, bram)
    assert sweep(house) == {}
    assert {row["state"] for row in brought.rows()} == {"requested"}


def ean_of(number: int) -> str:
    """An access point that does not exist; its name is a good one."""
    from stdnum import ean

    digits = f"54144888888{number:06d}"
    return digits + str(ean.calc_check_digit(digits))


@pytest.mark.requirement("R35")
def test_after_a_failure_the_operator_lets_a_larger_sample_be_drawn_of_the_rest(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lines = [line(), *(line(f"r{number}", ean=ean_of(number)) for number in range(19))]
    brought = Brought.of(house, bram, *lines)
    post_letters(house)
    first = brought.now()["sample"]["lines"]
    assert len(first) == sample_size(20, 0)
    days(house, Terms().mandate + 1)
    sweep(house)
    assert held(house, bram, brought) == "not_handed_in"
    who = {"by": "desk 3", "reason": "they were on paper in another town"}
    house.operator("mandate_import.release", import_id=brought.import_id, **who)
    assert sweep(house)["mandates_sampled"] == 1
    again = brought.now()
    assert (again["state"], again["round"]) == ("sampled", 2)
    assert len(again["sample"]["lines"]) == sample_size(15, 1)
    assert set(first).isdisjoint(again["sample"]["lines"])
    brought.hand_all_in()
    assert brought.now()["state"] == "passed"
    wait_out(house, bram)
    sweep(house)
    on = [row["line"] for row in brought.rows() if row["state"] == "active"]
    assert on == ([] if 2 in first else [2])


def test_what_failed_stays_out_whatever_passes_after(house: TheHouse, lotte: Customer, bram: Party) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    wait_out(house, bram)
    assert sweep(house) == {"mandates_held": 1}
    who = {"by": "desk 3", "reason": "x"}
    house.operator("mandate_import.release", import_id=brought.import_id, **who)
    assert sweep(house) == {"mandates_passed": 1}  # nothing is left to draw from
    assert sweep(house) == {}
    back_in(house, bram)
    assert state(bram, brought.permission()) == "requested"


def test_only_what_is_held_can_be_released_and_only_by_the_operator(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    who = {"import_id": brought.import_id, "by": "desk 3", "reason": "x"}
    with pytest.raises(DoorRefusedError, match="not held"):
        house.operator("mandate_import.release", **who)
    with pytest.raises(DoorRefusedError, match="no such import"):
        house.operator("mandate_import.release", **{**who, "import_id": str(uuid4())})
    assert refused(bram, "mandate_import.release", **who).code == "unauthenticated"
    with pytest.raises(DoorRefusedError):
        house.client.call("mandate_import.release", Proof.clerk(house.clerk_key), **who)


def test_the_sample_is_the_ledgers_and_anybody_finds_it(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lines = [line(), *(line(f"r{number}", ean=ean_of(number)) for number in range(30))]
    brought = Brought.of(house, bram, *lines)
    now = brought.now()
    sample, index = now["sample"], now["index"]
    assert sample["seed_index"] == index + 1
    [(leaf,)] = query(house, f"SELECT leaf FROM ledger.entry WHERE index = {index + 1}")
    assert sample["seed"] == bytes(leaf).hex()
    file = bytes.fromhex(now["file_sha256"])
    chosen = ranked(bytes(leaf), file, 1, range(2, 33))[: sample_size(31, 0)]
    assert sample["lines"] == sorted(chosen)
    assert [row["line"] for row in brought.drawn()] == sorted(chosen)


def test_what_its_party_gives_up_after_the_draw_counts_as_not_shown(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    bram.call("permission.terminate", permission_id=brought.permission())
    days(house, Terms().mandate + 1)
    assert sweep(house) == {"mandates_held": 1}
    assert held(house, bram, brought) == "not_handed_in"


def test_what_its_party_gives_up_before_the_draw_is_drawn_all_the_same(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lines = [line(), *(line(f"r{number}", ean=ean_of(number)) for number in range(9))]
    taken = take(bram, csv_of(lines))["import"]
    brought = Brought(house, bram, taken["import_id"])
    house.client.call("mandate_import.sweep", Proof.clerk(house.clerk_key), limit=10)  # announced, not drawn
    assert brought.now()["state"] == "announced"
    [(leaf,)] = query(house, f"SELECT leaf FROM ledger.entry WHERE index = {taken['index'] + 1}")
    foreseen = ranked(bytes(leaf), bytes.fromhex(taken["file_sha256"]), 1, range(2, 12))[:5]
    for row in brought.rows():
        if row["line"] in foreseen:
            bram.call("permission.terminate", permission_id=row["permission_id"])
    sweep(house)
    assert brought.now()["sample"]["lines"] == sorted(foreseen)
    days(house, Terms().mandate + 1)
    assert sweep(house) == {"mandates_held": 1}


def test_its_party_takes_no_line_out_of_the_draw_by_asking_with_its_reference(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    taken = take(bram, csv_of([line("ref-1"), line("ref-2")]))
    brought = Brought(house, bram, taken["import"]["import_id"])
    with pytest.raises(DoorRefusedError, match="you have used this reference"):
        bram.ask(reference="ref-1", service="VH_kwartier_uur")
    sweep(house)
    assert [row["line"] for row in brought.drawn()] == [2, 3]


def test_a_paper_with_another_hash_is_not_the_one(house: TheHouse, lotte: Customer, bram: Party) -> None:
    brought = Brought.of(house, bram)
    [row] = brought.drawn()
    with pytest.raises(DoorRefusedError, match="hash"):
        brought.hand_in(row, b"another")
    assert brought.drawn()[0]["handed_in_at"] is None


def test_a_paper_that_nobody_judged_by_the_due_day_is_not_the_partys_fault(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    [row] = brought.drawn()
    brought.hand_in(row)
    wait_out(house, bram)
    assert sweep(house) == {}
    brought.judge(row, accepted=True)
    assert sweep(house) == {"mandates_passed": 1, "mandate_carried_on": 1}


def test_whoever_lives_there_since_is_not_asked_about_a_paper_of_before(
    house: TheHouse, bram: Party, maria: Customer
) -> None:
    brought = Brought.of(house, bram, line(ean=MARIAS_EAN, signedOn="2021-12-31"))
    assert told(house, "mandate.imported") == []
    assert maria.call("permission.list")["permissions"] == []
    brought.hand_all_in()
    wait_out(house, bram)
    assert sweep(house) == {}
    assert state(bram, brought.permission()) == "requested"


def test_who_moves_in_before_the_notice_is_over_gives_nothing(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    today = day_of(house.clock.now())
    house.operator("registry.occupancy.end", ean=line()["ean"], until_day=today.isoformat())
    home = {"person_id": str(maria.person_id), "from_day": today.isoformat()}
    house.operator("registry.occupancy.begin", ean=line()["ean"], **home)
    wait_out(house, bram)
    assert sweep(house) == {"mandate_left_out": 1}
    assert state(bram, brought.permission()) == "requested"


def test_a_mandate_that_ended_before_its_notice_was_over_never_begins(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    ends = day_of(house.clock.now()) + timedelta(days=NOTICE_DAYS)
    brought = Brought.of(house, bram, line(mandateExpirationDate=ends.isoformat()))
    post_letters(house)
    brought.hand_all_in()
    wait_out(house, bram)
    assert sweep(house) == {"mandate_left_out": 1}
    assert state(bram, brought.permission()) == "requested"


def test_who_lives_there_too_must_grant_it_as_well(house: TheHouse, lotte: Customer, bram: Party) -> None:
    partner = house.customer("partner", "Piet Janssens")
    house.operator(
        "registry.concerned.begin",
        ean=line()["ean"],
        person_id=str(partner.person_id),
        from_day=date(2022, 1, 1).isoformat(),
    )
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    wait_out(house, bram)
    assert sweep(house) == {"mandate_carried_on": 1}
    assert state(bram, brought.permission()) == "requested"
    partner.grant({"permission_id": brought.permission(), "link_code": None}, lotte.occupancy())
    assert state(bram, brought.permission()) == "active"


def test_silence_is_no_word_of_somebody_for_whom_a_court_appointed_another(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    brought = Brought.of(house, bram)
    brought.hand_all_in()
    house.operator(
        "registry.representation.add",
        person_id=str(lotte.person_id),
        representative_id=str(maria.person_id),
        reference="2026/123",
        from_day=day_of(house.clock.now()).isoformat(),
    )
    carry_email(house)
    wait_out(house, bram)
    assert sweep(house) == {"mandate_left_out": 1}
    assert state(bram, brought.permission()) == "requested"


def test_a_token_of_the_facade_brings_nothing(house: TheHouse, lotte: Customer, bram: Party) -> None:
    bram.token = house.token(bram.client_id, bram.client_secret, "facade")
    for command, arguments in (("take", {"content": "eA=="}), ("list", {})):
        assert refused(bram, f"mandate_import.{command}", **arguments).code == "unauthenticated"


def test_customers_inspectors_and_the_clerk_bring_nothing(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    content = b64encode(csv_of([line()])).decode()
    for proof in (
        Proof.session(lotte.session),
        Proof.session(house.inspector()),
        Proof.operator(house.operator_key),
        Proof.clerk(house.clerk_key),
        Proof.token("x" * 43),
    ):
        with pytest.raises(DoorRefusedError) as refusal:
            house.client.call("mandate_import.take", proof, content=content)
        assert refusal.value.code == "unauthenticated"
    assert query(house, "SELECT count(*) FROM permissions.mandate_import") == [(0,)]


def test_so_many_files_may_wait_to_be_announced(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_OPEN", 1)
    take(bram, csv_of([line("a")]))
    with pytest.raises(DoorRefusedError, match="wait to be announced"):
        take(bram, csv_of([line("b")]))
    sweep(house)
    assert take(bram, csv_of([line("b")]))["rows"] == 1


def test_a_suspended_party_gets_nothing_carried_on(house: TheHouse, lotte: Customer, bram: Party) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="x")
    days(house, NOTICE_DAYS + 1)
    assert sweep(house) == {}


def test_a_party_cannot_tell_a_point_that_does_not_exist_from_one_that_waits(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram, line(), line("nobody", ean=NOBODYS_EAN))
    brought.hand_all_in()
    one, other = brought.rows()
    for row in (one, other):
        for own in ("line", "reference", "permission_id"):
            del row[own]
    assert one == other
    known, unknown = (
        bram.call("permission.show", permission_id=brought.permission(number))["permission"]
        for number in (0, 1)
    )
    for shown in (known, unknown):
        shown["history"] = [
            (one["event"], one["by"], one["reason"], one["state"]) for one in shown["history"]
        ]
    assert {name for name in known if known[name] != unknown[name]} == {"permission_id", "reference"}


def test_another_partys_import_does_not_exist(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    brought = Brought.of(house, bram)
    for command in ("mandate_import.show", "mandate_import.rows"):
        refusal = refused(joris, command, import_id=brought.import_id)
        unknown = refused(joris, command, import_id=str(uuid4()))
        assert (
            (refusal.code, str(refusal))
            == (unknown.code, str(unknown))
            == ("not-found", "there is no such import")
        )
    assert joris.call("mandate_import.list")["imports"] == []
    assert [one["import_id"] for one in house.operator("mandate_import.list")["imports"]] == [
        brought.import_id
    ]


def test_who_has_no_contract_or_supplies_brings_nothing(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    without = house.party("Zonder", "energy_service", contract=False)
    size = query(house, "SELECT size FROM ledger.head")
    for party in (erik, without):
        with pytest.raises(DoorRefusedError) as refusal:
            take(party, csv_of([line()]))
        assert refusal.value.code == "no-legal-basis"
    assert query(house, "SELECT size FROM ledger.head") == size


def test_what_is_here_already_is_refused_with_its_line(house: TheHouse, lotte: Customer, bram: Party) -> None:
    bram.ask(reference="asked", service="VH_dag")
    Brought.of(house, bram, line("brought"))
    size = query(house, "SELECT size FROM ledger.head")
    wrong = [line("new"), line("asked", dataServiceType="VH_dag"), line("brought")]
    with pytest.raises(DoorRefusedError) as refusal:
        take(bram, csv_of(wrong))
    assert refusal.value.code == "mandates-refused"
    assert refusal.value.problems == [
        {"line": number, "column": "referenceNumber", "code": "used_before"} for number in (3, 4)
    ]
    assert query(house, "SELECT size FROM ledger.head") == size
    assert query(house, "SELECT count(*) FROM permissions.mandate_import_row") == [(1,)]


def test_what_waits_for_one_point_is_counted_with_what_was_asked_before(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    for _ in range(MOST_OF_ONE_POINT - 1):
        bram.ask(ean=line()["ean"])
    with pytest.raises(DoorRefusedError) as refusal:
        take(bram, csv_of([line("a"), line("b")]))
    assert refusal.value.problems == [{"line": 3, "column": "ean", "code": "too_many_for_one_point"}]


def test_a_dry_run_takes_nothing_and_finds_what_taking_would(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    size = query(house, "SELECT size FROM ledger.head")
    assert take(bram, csv_of([line()]), dry_run=True) == {"import": None, "rows": 1}
    with pytest.raises(DoorRefusedError) as refusal:
        take(bram, csv_of([line(ean="1")]), dry_run=True)
    assert refusal.value.code == "mandates-refused"
    assert query(house, "SELECT size FROM ledger.head") == size
    assert query(house, "SELECT count(*) FROM permissions.mandate_import") == [(0,)]


def test_what_was_sampled_is_shown_as_evidence_and_destroyed_after(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    [row] = brought.drawn()
    brought.hand_in(row)
    opened = house.operator("mandate.open", permission_id=row["permission_id"])
    assert opened["document"]
    brought.judge(row, accepted=True)
    with pytest.raises(DoorRefusedError, match="not here"):
        house.operator("mandate.open", permission_id=row["permission_id"])
    assert paper("ref-1")
