"""Approval by letter: a code from paper answers one request, once, while nothing stands against it; all is recorded."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from databeheer import clocks
from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import ALPHABET, MOST_WRONG
from databeheer.approval_letters.letters import MOST_BY_ITSELF, RECEIPT_TERM
from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from tests.conftest import LOTTES_EAN
from tests.copies import setting_up
from tests.doors import HEAD, held, meanwhile, query
from tests.house import POSTMAN_KEY, Customer, Party, TheHouse
from tests.letters import confirm_email, to_whom

READ = {"notice": "What Lotte read", "language": "nl"}


def forward(house: TheHouse, applicant: Customer, bram: Party, ean: str = LOTTES_EAN) -> dict[str, Any]:
    """Somebody who is not the contract holder sends Bram's request on to whoever is."""
    asked = bram.ask()
    link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
    applicant.call("permission.forward", **link, ean=ean)
    return asked


def queue(house: TheHouse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.operator("letter.list")["letters"]
    return found


def printed(house: TheHouse) -> dict[str, Any]:
    """The one letter that waits, as the operator prints it."""
    [letter] = queue(house)
    return house.operator("letter.open", letter_id=letter["letter_id"])


def by_code(house: TheHouse, command: str, code: str, **arguments: Any) -> dict[str, Any]:
    return house.client.call(command, Proof.letter(code), **arguments)


def grant(house: TheHouse, code: str, **changes: Any) -> dict[str, Any]:
    return by_code(house, "letter.answer", code, **({"decision": "grant"} | READ | changes))


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code, str(error.value)


def wrong(code: str) -> str:
    """The same letter's code with another secret, and a check that fits."""
    body = codes.parse(code).text[:-1]
    other = next(sign for sign in ALPHABET if sign != body[-1])
    return body[:-1] + other + codes.check_sign(body[:-1] + other)


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def events(house: TheHouse, after: int = 0) -> list[str]:
    rows = query(house, "SELECT event FROM ledger.body WHERE index >= %s ORDER BY index", after)
    return [event for (event,) in rows]


def tries(house: TheHouse) -> int:
    return int(query(house, "SELECT sum(wrong_tries) FROM permissions.approval_letter")[0][0])


@pytest.fixture
@setting_up
def asked(house: TheHouse, measured: Customer, maria: Customer, bram: Party) -> dict[str, Any]:
    """Bram's request, which Maria sent on to Lotte; no e-mail reaches Lotte."""
    return forward(house, maria, bram)


# --- the way through --------------------------------------------------------------------------------------


@pytest.mark.requirement("R36")
def test_a_holder_whom_no_email_reaches_approves_with_the_code_from_a_letter(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    before = size(house)
    asked = forward(house, maria, bram)
    assert events(house, before) == ["permission.requested", "permission.forwarded", "letter.written"]
    assert to_whom(house, "letter.written") == {("data_manager", None)}
    letter = printed(house)
    assert (letter["name"], letter["party"], letter["asked_by"]) == ("Lotte Janssens", bram.name, "applicant")
    assert (letter["address"], letter["page"][-6:]) == ("Kerkstraat 1, 9000 Gent", "/brief")
    house.operator("letter.posted", letter_id=letter["letter_id"])
    shown = by_code(house, "letter.show", letter["code"])
    assert (shown["permission"]["party"]["name"], shown["permission"]["purpose"]) == (
        bram.name,
        "energy_advice",
    )
    assert (shown["asked_by"], shown["place"]["address"]) == ("applicant", letter["address"])
    assert refused(lambda: bram.read(asked["permission_id"]))[0] == "permission-not-active"
    before = size(house)
    answer = grant(house, letter["code"])
    assert answer["index"] == before
    assert events(house, before) == ["permission.granted", "letter.closed"]
    assert bram.read(asked["permission_id"])["channels"]
    [granted] = [one for one in measured.statements() if one["index"] == answer["index"]]
    assert granted["event"] == "permission.granted"
    assert query(house, "SELECT method, capacity FROM permissions.signature") == [("letter", "grid_user")]
    seen = measured.permission(asked["permission_id"])
    assert (seen["state"], seen["notice"]["text"]) == ("active", READ["notice"])


@pytest.mark.requirement("R36")
def test_a_refusal_by_letter_is_as_final_and_says_how_it_came(
    house: TheHouse, asked: dict[str, Any], bram: Party, measured: Customer
) -> None:
    code = printed(house)["code"]
    answer = by_code(house, "letter.answer", code, decision="refuse")
    assert bram.permission(asked["permission_id"])["state"] == "rejected"
    opening = measured.call("receipt.opening", index=answer["index"])["opening"]
    assert json.loads(b64decode(opening["shared"]["body"]))["method"] == "letter"
    assert refused(lambda: grant(house, code))[0] == "letter-code-unknown"


@pytest.mark.requirement("R36")
def test_who_lives_there_begins_and_the_holder_ends_it_by_letter_or_grants_a_part(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    since = {"person_id": str(sam.person_id), "from_day": "2022-01-01"}
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, **since)
    asked = bram.ask()
    place = sam.call("permission.by_link", link_code=asked["link_code"])["occupancies"][0]["occupancy_id"]
    sam.grant(asked, place)
    letter = printed(house)
    assert letter["asked_by"] == "resident"
    given = grant(house, letter["code"], parts=["past"])["permission"]
    assert (given["state"], given["parts"]) == ("active", ["past"])


def test_where_the_holder_begins_nobody_writes_to_him(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    since = {"person_id": str(sam.person_id), "from_day": "2022-01-01"}
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, **since)
    measured.grant(bram.ask())
    assert queue(house) == []


def test_who_reads_e_mail_gets_no_letter_but_may_have_one(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    confirm_email(house, measured, "lotte@voorbeeld.be")
    asked = forward(house, maria, bram)
    assert queue(house) == []
    house.operator("letter.write", permission_id=asked["permission_id"])
    assert grant(house, printed(house)["code"])["permission"]["state"] == "active"


@pytest.mark.requirement("R98")
def test_of_a_point_that_is_not_there_no_letter_is_written_and_the_applicant_hears_the_same(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    unknown = forward(house, maria, bram, "541448899990000060")
    assert queue(house) == []
    code, _ = refused(lambda: house.operator("letter.write", permission_id=unknown["permission_id"]))
    assert code == "conflict"


# --- the code ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R36")
def test_a_code_is_kept_as_keyed_hashes_and_its_text_only_until_the_letter_is_posted(
    house: TheHouse, asked: dict[str, Any]
) -> None:
    letter = printed(house)
    code = codes.parse(letter["code"])
    [(finder, whole)] = query(house, "SELECT finder_hash, code_hash FROM permissions.approval_letter")
    for text in (code.text, code.shown, code.finder):
        assert sha256(text.encode()).digest() not in (bytes(finder), bytes(whole))
    assert len(query(house, "SELECT letter_sealed FROM post.letter")) == 1
    house.operator("letter.posted", letter_id=letter["letter_id"])
    assert query(house, "SELECT letter_sealed FROM post.letter") == []
    assert query(house, "SELECT channel, state FROM post.delivery WHERE channel = 'letter'") == [
        ("letter", "delivered")
    ]


@pytest.mark.requirement("R36")
def test_a_slip_is_told_and_counts_for_nothing(house: TheHouse, asked: dict[str, Any]) -> None:
    code = codes.parse(printed(house)["code"]).text
    other = next(sign for sign in ALPHABET if sign != code[7])
    for slip in (code[:7] + other + code[8:], code[:-1], "", "O" * 16, "x" * 400):
        assert refused(lambda slip=slip: by_code(house, "letter.show", slip))[0] == "letter-code-mistyped"  # type: ignore[misc]
        assert refused(lambda slip=slip: grant(house, slip))[0] == "letter-code-mistyped"  # type: ignore[misc]
    assert tries(house) == 0
    assert grant(house, code.lower())["permission"]["state"] == "active"


@pytest.mark.requirement("R36")
def test_wrong_secrets_kill_a_letter_and_the_data_manager_is_told(
    house: TheHouse, asked: dict[str, Any], bram: Party
) -> None:
    code = printed(house)["code"]
    acts = [lambda: by_code(house, "letter.show", wrong(code)), lambda: grant(house, wrong(code))]
    for number in range(MOST_WRONG - 1):
        assert refused(acts[number % 2])[0] == "letter-code-unknown"
    assert by_code(house, "letter.show", code)["permission"]["state"] == "requested"
    refused(acts[0])
    assert tries(house) == MOST_WRONG
    assert refused(lambda: grant(house, code))[0] == "letter-code-unknown"
    assert house.operator("letter.sweep")["recorded"] == {"letter_closed": 1}
    assert to_whom(house, "letter.closed") == {("data_manager", None)}
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    house.operator("letter.write", permission_id=asked["permission_id"])
    assert grant(house, printed(house)["code"])["permission"]["state"] == "active"


def _used(house: TheHouse, asked: dict[str, Any], code: str, **_: Any) -> None:
    by_code(house, "letter.answer", code, decision="refuse")


def _replaced(house: TheHouse, asked: dict[str, Any], **_: Any) -> None:
    house.operator("letter.write", permission_id=asked["permission_id"])


def _given_up(house: TheHouse, asked: dict[str, Any], bram: Party, **_: Any) -> None:
    bram.call("permission.terminate", permission_id=asked["permission_id"])


def _answered_in_the_portal(house: TheHouse, asked: dict[str, Any], measured: Customer, **_: Any) -> None:
    measured.call("permission.refuse", permission_id=asked["permission_id"])


def _timed_out(house: TheHouse, **_: Any) -> None:
    house.clock.advance(timedelta(days=30))


def _expired(house: TheHouse, **_: Any) -> None:
    house.clock.set(midnight(day_of(house.clock.now()) + timedelta(days=22)))


def _moved(house: TheHouse, **_: Any) -> None:
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())


def _died(house: TheHouse, measured: Customer, **_: Any) -> None:
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.person.died", person_id=str(measured.person_id), died_on=today, reference="R-1")


def _represented(house: TheHouse, measured: Customer, maria: Customer, **_: Any) -> None:
    house.operator(
        "registry.representation.add",
        person_id=str(measured.person_id),
        representative_id=str(maria.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=day_of(house.clock.now()).isoformat(),
    )


def _restored(house: TheHouse, **_: Any) -> None:
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute(
            "INSERT INTO oversight.gap (first, until, found_by, found_at) VALUES (1, 1, 'restore', %s)",
            (house.clock.now(),),
        )


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    "kill",
    [
        _used,
        _replaced,
        _given_up,
        _answered_in_the_portal,
        _timed_out,
        _expired,
        _moved,
        _died,
        _represented,
        _restored,
    ],
    ids=lambda kill: kill.__name__.strip("_"),
)
def test_a_dead_code_cannot_be_told_from_one_that_never_was_and_changes_nothing(
    house: TheHouse,
    measured: Customer,
    maria: Customer,
    bram: Party,
    asked: dict[str, Any],
    kill: Callable[..., None],
) -> None:
    code = printed(house)["code"]
    assert by_code(house, "letter.show", code)["permission"]["state"] == "requested"
    kill(house=house, asked=asked, code=code, measured=measured, maria=maria, bram=bram)
    before = size(house), query(house, "SELECT state FROM permissions.permission")
    never = codes.new().text
    for act in (
        lambda code: by_code(house, "letter.show", code),
        lambda code: grant(house, code),
        lambda code: by_code(house, "letter.answer", code, decision="refuse"),
    ):
        assert refused(lambda act=act: act(code)) == refused(lambda act=act: act(never))  # type: ignore[misc]
    assert (size(house), query(house, "SELECT state FROM permissions.permission")) == before
    house.operator("letter.sweep")
    assert query(house, "SELECT count(*) FROM permissions.approval_letter WHERE ended_at IS NULL") == [
        (1 if kill is _replaced else 0,)
    ]
    assert tries(house) == 0


def test_a_code_that_is_used_in_two_windows_at_once_counts_once(
    house: TheHouse, asked: dict[str, Any], bram: Party
) -> None:
    code = printed(house)["code"]
    with held(house, HEAD) as lock:
        both = []
        for decision in ("grant", "refuse"):
            client = DoorClient(house.socket)
            act = {"decision": decision} | (READ if decision == "grant" else {})
            both.append(
                meanwhile(
                    client,
                    lambda client=client, act=act: client.call("letter.answer", Proof.letter(code), **act),  # type: ignore[misc]
                )
            )
        lock.until_waiting(2)
        lock.release()
    failed = [one.exception(60) for one in both]
    assert sorted(error is None for error in failed) == [False, True]
    assert bram.permission(asked["permission_id"])["state"] in ("active", "rejected")
    assert events(house).count("letter.closed") == 1


def test_a_code_is_a_proof_of_nothing_else_and_nothing_else_is_a_code(
    house: TheHouse, asked: dict[str, Any], measured: Customer, bram: Party, joris: Party
) -> None:
    code = printed(house)["code"]
    for command, arguments in (
        ("me", {}),
        ("permission.list", {}),
        ("permission.show", {"permission_id": asked["permission_id"]}),
        ("letter.list", {}),
        ("letter.receipt", {}),
    ):
        assert refused(
            lambda command=command, arguments=arguments: by_code(house, command, code, **arguments)
        )[0] in (  # type: ignore[misc]
            "unauthenticated",
            "letter-code-unknown",
        )
    for proof in (
        Proof.session(measured.session),
        Proof.token(bram.token),
        Proof.operator(house.operator_key),
    ):
        assert refused(lambda proof=proof: house.client.call("letter.show", proof))[0] == "unauthenticated"  # type: ignore[misc]
    letter_id = queue(house)[0]["letter_id"]
    for party in (bram, joris):
        for command in ("letter.open", "letter.posted"):
            assert refused(lambda party=party, command=command: party.call(command, letter_id=letter_id))[
                0
            ] == (  # type: ignore[misc]
                "unauthenticated"
            )
        assert refused(lambda party=party: party.call("letter.list"))[0] == "unauthenticated"  # type: ignore[misc]


def test_the_postman_neither_opens_nor_ends_a_letter_on_paper(house: TheHouse, asked: dict[str, Any]) -> None:
    [letter] = queue(house)
    code, _ = refused(
        lambda: house.client.call("post.open", Proof.postman(POSTMAN_KEY), delivery_id=letter["letter_id"])
    )
    assert code == "not-found"
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(house.database.url("postman")) as connection,
    ):
        connection.execute(
            "UPDATE post.delivery SET state = 'dropped', ended_at = now() WHERE channel = 'letter'"
        )


# --- the queue --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R36")
def test_printing_and_posting_are_recorded_in_that_order_and_the_holder_reads_of_it(
    house: TheHouse, asked: dict[str, Any], measured: Customer
) -> None:
    [letter] = queue(house)
    named = {"letter_id": letter["letter_id"]}
    assert letter["opened_at"] is None
    code, said = refused(lambda: house.operator("letter.posted", **named))
    assert (code, "printed" in said) == ("conflict", True)
    assert house.operator("letter.open", **named) == house.operator("letter.open", **named)
    assert queue(house)[0]["opened_at"] is not None
    house.operator("letter.posted", **named)
    told = [one["event"] for one in measured.statements() if one["event"].startswith("letter.")]
    assert told == ["letter.posted", "letter.opened", "letter.opened", "letter.written"]
    assert queue(house) == []
    before = size(house)
    for command in ("letter.open", "letter.posted"):
        code, said = refused(lambda command=command: house.operator(command, **named))  # type: ignore[misc]
        assert (code, "posted already" in said) == ("conflict", True)
        code, _ = refused(lambda command=command: house.operator(command, letter_id=str(uuid4())))  # type: ignore[misc]
        assert code == "not-found"
    assert size(house) == before


@pytest.mark.requirement("R36")
def test_a_letter_of_a_request_that_is_over_is_not_printed_and_not_posted(
    house: TheHouse, asked: dict[str, Any], bram: Party
) -> None:
    letter_id = printed(house)["letter_id"]
    bram.call("permission.terminate", permission_id=asked["permission_id"])
    assert queue(house) == []
    for command in ("letter.open", "letter.posted"):
        code, said = refused(lambda command=command: house.operator(command, letter_id=letter_id))  # type: ignore[misc]
        assert (code, "destroy the paper" in said) == ("conflict", True)


@pytest.mark.requirement("R36")
def test_a_second_letter_takes_the_place_of_the_first(house: TheHouse, asked: dict[str, Any]) -> None:
    first = printed(house)
    house.operator("letter.posted", letter_id=first["letter_id"])
    before = size(house)
    house.operator("letter.write", permission_id=asked["permission_id"])
    assert events(house, before) == ["letter.closed", "letter.written"]
    second = printed(house)
    assert second["code"] != first["code"]
    assert refused(lambda: grant(house, first["code"]))[0] == "letter-code-unknown"
    assert grant(house, second["code"])["permission"]["state"] == "active"
    code, _ = refused(lambda: house.operator("letter.write", permission_id=asked["permission_id"]))
    assert code == "conflict"


def test_nobody_floods_a_letter_box(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    for _ in range(MOST_BY_ITSELF):
        forward(house, maria, bram)
    assert len(queue(house)) == MOST_BY_ITSELF
    last = forward(house, maria, bram)
    assert len(queue(house)) == MOST_BY_ITSELF
    assert to_whom(house, "letter.withheld") == {("data_manager", None)}
    house.operator("letter.write", permission_id=last["permission_id"])
    assert len(queue(house)) == MOST_BY_ITSELF + 1


def housemate(house: TheHouse) -> Customer:
    """Sam, who lives with Lotte: her request needs his word too."""
    sam = house.customer("sam", "Sam Smets")
    since = {"person_id": str(sam.person_id), "from_day": "2022-01-01"}
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, **since)
    return sam


@pytest.mark.requirement("R36")
def test_a_code_is_dead_once_the_holder_granted_in_the_portal_though_others_have_yet_to(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    housemate(house)
    asked = forward(house, maria, bram)
    code = printed(house)["code"]
    measured.grant(asked)
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    assert queue(house) == []
    for act in (
        lambda: by_code(house, "letter.show", code),
        lambda: by_code(house, "letter.answer", code, decision="refuse"),
    ):
        assert refused(act)[0] == "letter-code-unknown"
    said = refused(lambda: house.operator("letter.write", permission_id=asked["permission_id"]))
    assert said == ("conflict", "the contract holder has granted this request already")
    house.operator("letter.sweep")
    ended = query(house, "SELECT end_reason FROM permissions.approval_letter")
    assert ended == [("answered_elsewhere",)]


@pytest.mark.requirement("R36")
def test_who_else_answers_in_the_meantime_brings_no_second_letter(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    sam = housemate(house)
    asked = forward(house, maria, bram)
    code = printed(house)["code"]
    place = sam.call("permission.by_link", link_code=asked["link_code"])["occupancies"][0]["occupancy_id"]
    sam.grant(asked, place)
    assert len(queue(house)) == 1
    assert grant(house, code)["permission"]["state"] == "active"


@pytest.mark.requirement("R36")
def test_nobody_writes_to_a_holder_for_whom_a_court_appointed_somebody(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    _represented(house, measured, maria)
    asked = forward(house, house.customer("sam", "Sam Smets"), bram)
    assert queue(house) == []
    code, said = refused(lambda: house.operator("letter.write", permission_id=asked["permission_id"]))
    assert (code, "a court appointed somebody" in said) == ("conflict", True)


@pytest.mark.requirement("R36")
def test_a_request_that_ends_before_a_letter_could_be_answered_gets_none(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    house.clock.set(midnight(day_of(house.clock.now() + timedelta(days=30))))
    maria.session = house.log_in(maria.subject, maria.name)
    link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
    maria.call("permission.forward", **link, ean=LOTTES_EAN)
    assert queue(house) == []
    code, said = refused(lambda: house.operator("letter.write", permission_id=asked["permission_id"]))
    assert (code, "expires before a letter can be answered" in said) == ("conflict", True)


def test_a_grant_without_the_text_that_was_read_is_none_and_the_code_lives_on(
    house: TheHouse, asked: dict[str, Any], bram: Party
) -> None:
    code, before = printed(house)["code"], size(house)
    assert refused(lambda: by_code(house, "letter.answer", code, decision="grant")) == (
        "conflict",
        "a grant says which text was read",
    )
    assert (size(house), bram.permission(asked["permission_id"])["state"]) == (before, "requested")
    assert grant(house, code)["permission"]["state"] == "active"


def test_a_letter_to_a_point_without_an_address_is_not_printed_before_there_is_one(
    house: TheHouse, maria: Customer, bram: Party
) -> None:
    sam, point = house.customer("sam", "Sam Smets"), {"ean": "541448899990000060", "commodity": "electricity"}
    house.operator("registry.access_point.register", **point)
    stay = {"person_id": str(sam.person_id), "from_day": "2022-01-01"}
    house.operator("registry.occupancy.begin", ean=point["ean"], **stay)
    forward(house, maria, bram, point["ean"])
    before = size(house)
    code, said = refused(lambda: printed(house))
    assert (code, "no address is known" in said, size(house)) == ("conflict", True, before)


# --- clocks, receipts -------------------------------------------------------------------------------------


@pytest.mark.requirement("R36")
def test_posting_has_its_working_day_and_a_code_its_term_which_the_operator_sets(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", letter_days=2)
    forward(house, maria, bram)
    code = printed(house)["code"]
    last = midnight(day_of(house.clock.now()) + timedelta(days=3))
    house.clock.set(last - timedelta(seconds=1))
    assert by_code(house, "letter.show", code)["permission"]["state"] == "requested"
    house.clock.set(last)
    assert refused(lambda: by_code(house, "letter.show", code))[0] == "letter-code-unknown"
    assert house.operator("letter.sweep") == {"recorded": {"letter_closed": 1}, "failed": 0, "more": False}
    assert house.operator("letter.sweep")["recorded"] == {}
    rows = query(
        house,
        "SELECT kind, met_at IS NOT NULL, dropped_at IS NOT NULL FROM clocks.clock WHERE kind ~ '^letter' ORDER BY 1",
    )
    assert rows == [("letter_code", True, False), ("letter_posting", False, True)]
    with house.house.engine.connect() as connection:
        found = clocks.figures(connection, last - timedelta(days=5), last + timedelta(seconds=1))
    assert [(one.kept, one.missed) for one in found if one.kind == "letter_code"] == [(1, 0)]


@pytest.mark.requirement("R36")
def test_who_answered_fetches_the_receipt_for_a_day_and_nobody_else(
    house: TheHouse, asked: dict[str, Any], measured: Customer
) -> None:
    answer = grant(house, printed(house)["code"])
    ticket = answer["receipt"]
    opened = by_code(house, "letter.receipt", ticket)
    own = measured.call("receipt.opening", index=answer["index"])
    assert (opened["index"], opened["opening"]) == (answer["index"], own["opening"])
    for other in (b64encode(bytes(18)).decode(), ticket[:-1], "", "x" * 500):
        assert (
            refused(lambda other=other: by_code(house, "letter.receipt", other))[0] == "letter-code-unknown"
        )  # type: ignore[misc]
    house.clock.advance(RECEIPT_TERM)
    assert refused(lambda: by_code(house, "letter.receipt", ticket))[0] == "letter-code-unknown"


def test_a_suspended_party_gets_no_grant_by_letter_and_the_code_lives_on(
    house: TheHouse, asked: dict[str, Any], bram: Party
) -> None:
    code = printed(house)["code"]
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="test")
    before = size(house)
    assert refused(lambda: grant(house, code))[0] == "conflict"
    assert refused(lambda: by_code(house, "letter.answer", code, decision="grant"))[0] == "conflict"
    assert size(house) == before
    assert by_code(house, "letter.answer", code, decision="refuse")["permission"]["state"] == "rejected"
