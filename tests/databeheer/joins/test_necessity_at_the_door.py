"""Records of necessity at the door: who may sign, what is taken, what runs by it, what ends it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError
from databeheer.joins.lists import SHIPPED
from ledger.note import SigningKey
from tests.databeheer.joins.necessities import ELS, NUMBER, TOM, record, register, signed
from tests.databeheer.joins.street import SEPTEMBER, Neighbour
from tests.house import Party, TheHouse
from tests.restores import Backups

WISH = {"case_id": NUMBER, "purpose": "fraud_detection", "requester_note": "FR-2023/118"}


def fresh(house: TheHouse, *, begins: int = 0, days: int = 60, number: str = NUMBER) -> bytes:
    first = day_of(house.clock.now()) + timedelta(days=begins)
    return record(first, first + timedelta(days=days), number=number)


def take(house: TheHouse, content: bytes, note: bytes | None = None) -> dict[str, Any]:
    note = signed(content) if note is None else note
    return house.operator("joins.necessity.take", content=content.decode(), note=note.decode(), by="Nadia")


def run(net: Party, neighbours: list[Neighbour], **changes: Any) -> dict[str, Any]:
    return net.call(
        "joins.run", **(WISH | SEPTEMBER | {"eans": [one.ean.digits for one in neighbours]} | changes)
    )


def refused(call: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refusal:
        call()
    return refusal.value


def mirror(house: TheHouse) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = house.client.call("joins.necessities")["records"]
    return records


def events(house: TheHouse) -> list[str]:
    with house.engine("superuser").connect() as connection:
        rows = connection.execute(
            text("SELECT event FROM ledger.body WHERE event LIKE 'join%' ORDER BY index")
        )
        return [row.event for row in rows]


@pytest.mark.requirement("R130")
def test_a_join_that_is_not_listed_runs_by_a_record_that_two_people_signed(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    taken = take(house, fresh(house))
    answer = run(net, neighbours)
    assert sorted(row["value"] for row in answer["rows"]) == [n * 30_000 for n in range(1, 6)]
    assert events(house)[-3:] == ["join_necessity.taken", "join.run", "join.released"]
    seen = neighbours[0].person.statements(kind="reads")[0]
    assert "5.1.2" in seen["sentence_nl"]
    assert "Verklaring van noodzaak fraud-2023-7" in seen["sentence_nl"]
    (shown,) = mirror(house)
    assert (shown["number"], shown["in_force"], shown["taken_index"]) == (NUMBER, True, taken["index"])
    assert shown["keys"] == sorted([ELS.vkey, TOM.vkey])


@pytest.mark.requirement("R130", "R132")
def test_the_limits_of_the_case_hold_as_they_do_for_one_of_the_list(
    house: TheHouse, net: Party, erik: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house))
    assert refused(lambda: run(erik, neighbours)).reason == "role_not_allowed"
    assert refused(lambda: run(net, neighbours, purpose="statistics")).reason == "purpose_not_allowed"
    assert refused(lambda: run(net, neighbours[:4])).reason == "too_few_points"
    assert refused(lambda: run(net, neighbours, eans=None)).reason == "scope_not_allowed"
    assert refused(lambda: run(net, neighbours, case_id="fraud-2023-7")).reason == "not_on_list"
    house.join_files.note.unlink()
    assert refused(lambda: run(net, neighbours)).reason == "list_not_in_force"


@pytest.mark.requirement("R130")
def test_it_runs_in_its_term_only(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house, begins=1, days=1))
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    begins = midnight(day_of(house.clock.now()) + timedelta(days=1))
    house.clock.advance(begins - house.clock.now())
    net.token = house.token(net.client_id, net.client_secret)
    run(net, neighbours)
    house.clock.advance(timedelta(days=1))
    net.token = house.token(net.client_id, net.client_secret)
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    assert mirror(house)[0]["problem"] == "the record's term is over"


@pytest.mark.requirement("R130")
def test_what_two_people_of_the_house_did_not_sign_is_not_taken(
    house: TheHouse, people: dict[str, str]
) -> None:
    content = fresh(house)
    second = SigningKey("house.example/signer-11", secrets.token_bytes(32))
    register(house, "els", second)
    unknown = SigningKey("house.example/signer-3", secrets.token_bytes(32))
    asked = house.operator("joins.signer.ask", person="New", key=unknown.vkey, by="Nadia")
    for note in (
        signed(content, ELS),
        signed(content, ELS, second),
        signed(content, ELS, unknown),
        signed(content, ELS, house.regulator),
        signed(content.replace(b"5.1.2", b"5.1.3")),
        b"x",
    ):
        assert refused(lambda note=note: take(house, content, note)).code == "malformed-request"
    house.operator("joins.signer.approve", id=asked["id"], by="Omar")
    house.operator("joins.signer.end", id=asked["id"], by="Omar")
    assert refused(lambda: take(house, content, signed(content, ELS, unknown))).code == "malformed-request"
    for wrong in (
        content.replace(b"5.1.2", b" "),
        content.replace(b"dso_fraud_detection", b"no_such_basis"),
        record(day_of(house.clock.now()) - timedelta(days=9), day_of(house.clock.now())),
    ):
        with pytest.raises(DoorRefusedError):
            take(house, wrong, signed(wrong) if b'article = " "' not in wrong else signed(content))
    assert mirror(house) == []
    assert "join_necessity.taken" not in events(house)


@pytest.mark.requirement("R130")
def test_a_number_is_given_once_and_a_case_of_the_list_never(house: TheHouse, people: dict[str, str]) -> None:
    content = fresh(house)
    take(house, content)
    for again in (content, content.replace(b"5.1.2", b"5.1.3")):
        assert refused(lambda again=again: take(house, again)).code == "conflict"
    house.sign_joins(SHIPPED.read_bytes().replace(b"version = 2\n", b"version = 4\n"))
    listed = fresh(house, number="necessity/fraud-2023-8")
    assert refused(lambda: take(house, listed)).code == "conflict"
    assert len(mirror(house)) == 1


@pytest.mark.requirement("R130")
def test_once_the_list_has_the_join_only_its_limits_hold(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house))
    run(net, neighbours)
    house.sign_joins(SHIPPED.read_bytes().replace(b"version = 2\n", b"version = 4\n"))
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    run(net, neighbours, case_id="fraud-month-totals")


@pytest.mark.requirement("R130")
def test_one_person_ends_a_record_and_one_ends_a_key_under_it(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house))
    other = "necessity/fraud-2023-8"
    take(house, fresh(house, number=other))
    house.operator("joins.necessity.end", number=NUMBER, by="Nadia")
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    assert (
        refused(lambda: house.operator("joins.necessity.end", number=NUMBER, by="Nadia")).code == "conflict"
    )
    run(net, neighbours, case_id=other)
    house.operator("joins.signer.end", id=people["Tom"], by="Nadia")
    assert refused(lambda: run(net, neighbours, case_id=other)).reason == "necessity_not_in_force"
    assert [one["in_force"] for one in mirror(house)] == [False, False]


@pytest.mark.requirement("R130")
def test_what_was_changed_in_the_database_counts_for_nothing(
    house: TheHouse, net: Party, people: dict[str, str], neighbours: list[Neighbour]
) -> None:
    take(house, fresh(house))
    with house.engine("superuser").begin() as connection:
        connection.execute(
            text(
                "UPDATE joins.necessity SET content = replace(encode(content, 'escape'), '5.1.2', '5.1.3')::bytea"
            )
        )
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    (shown,) = mirror(house)
    assert (shown["in_force"], shown["number"]) == (False, None)


@pytest.mark.requirement("R130")
def test_a_key_that_was_approved_in_the_database_only_does_not_count(
    house: TheHouse, people: dict[str, str]
) -> None:
    asked = SigningKey("house.example/signer-4", secrets.token_bytes(32))
    house.operator("joins.signer.ask", person="Asked", key=asked.vkey, by="Nadia")
    with house.engine("superuser").begin() as connection:
        connection.execute(
            text(
                "UPDATE joins.signer SET approved_sealed = asked_sealed, approved_at = now(), approved_index = 10000"
                " WHERE approved_at IS NULL"
            )
        )
    content = fresh(house)
    assert refused(lambda: take(house, content, signed(content, ELS, asked))).code == "malformed-request"


def test_a_key_is_registered_by_two_neither_of_whom_holds_it(house: TheHouse) -> None:
    asked = house.operator("joins.signer.ask", person="Els", key=ELS.vkey, by="Nadia")["id"]
    for by in ("nadia", " NADIA ", "Els", "Nadia.", "Na\u0301dia", "Nad\u00adia", "\uff25ls"):
        assert (
            refused(lambda by=by: house.operator("joins.signer.approve", id=asked, by=by)).code == "conflict"
        )
    other = {"person": "Tom", "key": TOM.vkey, "by": "Nadia"}
    for command, arguments, wrong in (  # of another script: they look the same and are not
        ("joins.signer.approve", {"id": asked, "by": "Nadia"}, {"by": "N\u0430dia"}),
        ("joins.signer.approve", {"id": asked, "by": "Nadia"}, {"by": "..."}),
        ("joins.signer.ask", other, {"person": "\u0422om"}),
        ("joins.signer.ask", other, {"by": "N\u0430dia"}),
    ):
        what = refused(lambda c=command, a=arguments | wrong: house.operator(c, **a))
        assert what.code == "malformed-request"
        assert "Latin letters" in str(what)
    # Everybody reads the name of a key: it is a number, and nobody's name.
    for name in (
        "house.example/tom",
        "house.example/signer-tom",
        "house.example/signer-0",
        "tom",
        "signer-2",
    ):
        named = SigningKey(name, b"\7" * 32).vkey
        what = refused(lambda k=named: house.operator("joins.signer.ask", **(other | {"key": k})))
        assert (what.code, "house.example/signer-1" in str(what)) == ("malformed-request", True), name
    assert len(house.operator("joins.signers")["signers"]) == 1
    house.operator("joins.signer.approve", id=asked, by="Omar")
    assert refused(lambda: house.operator("joins.signer.approve", id=asked, by="Omar")).code == "conflict"
    for key in (ELS.vkey, house.regulator.vkey, SigningKey("other.name/regulator", b"\1" * 32).vkey[:-4]):
        with pytest.raises(DoorRefusedError):
            house.operator("joins.signer.ask", person="Tom", key=key, by="Nadia")
    house.operator("joins.signer.end", id=asked, by="Els")
    assert refused(lambda: house.operator("joins.signer.end", id=asked, by="Els")).code == "conflict"
    assert refused(lambda: register(house, "Els", ELS)).code == "conflict"
    (shown,) = house.operator("joins.signers")["signers"]
    assert (shown["person"], shown["asked_by"], shown["ended_at"] is None) == ("Els", "Nadia", False)


def test_nobody_without_the_operators_key_registers_takes_or_ends(
    house: TheHouse, net: Party, people: dict[str, str]
) -> None:
    content = fresh(house)
    for command, arguments in (
        ("joins.signers", {}),
        ("joins.signer.end", {"id": people["Els"], "by": "Net"}),
        ("joins.necessity.end", {"number": NUMBER, "by": "Net"}),
        (
            "joins.necessity.take",
            {"content": content.decode(), "note": signed(content).decode(), "by": "Net"},
        ),
    ):
        refusal = refused(lambda command=command, arguments=arguments: net.call(command, **arguments))
        assert refusal.code == "unauthenticated"


def test_a_database_that_forgot_them_takes_no_ended_record_and_no_ended_key(
    house: TheHouse,
    backups: Backups,
    net: Party,
    people: dict[str, str],
    neighbours: list[Neighbour],
) -> None:
    known, forgotten = fresh(house), fresh(house, number="necessity/fraud-2023-8")
    take(house, known)
    backups.dump()
    take(house, forgotten)
    for number in (NUMBER, "necessity/fraud-2023-8"):
        house.operator("joins.necessity.end", number=number, by="Nadia")
    lost = SigningKey("house.example/signer-5", secrets.token_bytes(32))
    house.operator("joins.signer.end", id=register(house, "Lost", lost), by="Nadia")
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    assert house.operator("reconcile.finish")["ended_again"] == 3
    backups.log_in_again(net)
    assert refused(lambda: run(net, neighbours)).reason == "necessity_not_in_force"
    assert refused(lambda: take(house, forgotten)).code == "conflict"
    assert refused(lambda: register(house, "Lost", lost)).code == "conflict"
