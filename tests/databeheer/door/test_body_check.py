"""Whoever may write the database changes what stands beside the log: the door's check names the entry."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from databeheer.door.bodies.halves import key_coordinates, shared_coordinates, subject_coordinates
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.keys.store import KeyStoreError, Kind
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.metering.street import invented_ean
from databeheer.site.audit import audit_bodies
from ledger.errors import InconsistentError
from ledger.report import Report
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

UNKNOWN_EAN = "541448899990000060"


@dataclass
class Story:
    """A house in which something happened, and the entries of it."""

    house: TheHouse
    first_read: int
    second_read: int
    refused: int
    unknown: int
    own: int
    lotte: UUID

    def check(self, start: int = 0, limit: int = 2000) -> dict[str, Any]:
        return self.house.operator("ledger.check_bodies", start=start, limit=limit)

    def bad(self) -> list[int]:
        """The indexes that the check names, each once."""
        return sorted({problem["index"] for problem in self.check()["problems"]})

    def what(self, index: int) -> str:
        return "; ".join(one["what"] for one in self.check()["problems"] if one["index"] == index)

    def size(self) -> int:
        return int(query(self.house, "SELECT size FROM ledger.head")[0][0])

    def change(self, statement: str, *parameters: Any, rows: int = 1) -> None:
        assert execute(self.house, statement, *parameters) == rows


@pytest.fixture
@setting_up
def story(house: TheHouse, measured: Customer, granted: dict[str, Any], bram: Party, joris: Party) -> Story:
    """Bram reads twice, Joris is refused at Lotte's point and at one that does not exist, Lotte looks herself."""
    reads = [bram.read(granted["permission_id"])["index"] for _ in range(2)]
    refusals = []
    for ean in (LOTTES_EAN, UNKNOWN_EAN):
        with pytest.raises(DoorRefusedError) as refused:
            joris.read(ean=ean)
        refusals.append(refused.value.index or -1)
    own = measured.call(
        "readings.read",
        occupancy_id=measured.occupancy(),
        granularity="quarter_hour",
        **{"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"},
    )
    return Story(house, *reads, *refusals, own["index"], UUID(measured.occupancy()))


def test_a_house_that_nobody_touched_passes(story: Story) -> None:
    size = story.size()
    assert story.check() == {
        "checked": size,
        "next": None,
        "unopened": [],
        "erased": [],
        "problems": [],
        "lost": [],
    }


def test_entries_about_many_and_a_move_and_a_join_pass_too(
    story: Story, measured: Customer, maria: Customer, erik: Party, net: Party
) -> None:
    house = story.house
    for ean in (LOTTES_EAN, MARIAS_EAN):
        house.operator(
            "registry.supply.accept", ean=ean, party_id=erik.party_id, from_day="2022-01-01", until_day=None
        )
    eans = [LOTTES_EAN, MARIAS_EAN, *(invented_ean(5001 + number).digits for number in range(4))]
    for number, ean in enumerate(eans[2:]):
        house.point(ean, house.customer(f"neighbour-{number}", f"Buur {number}"))
    wish = {"case_id": "fraud-month-totals", "purpose": "fraud_detection", "requester_note": "FR-1"}
    months = {"from": "2023-08-31T22:00:00Z", "until": "2023-09-30T22:00:00Z"}
    with suppress(DoorRefusedError):  # released or refused: an entry about all of them either way
        net.call("joins.run", eans=eans, **wish, **months)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-02-01")
    largest = query(house, "SELECT max(leaf) FROM ledger.statement")[0][0]
    assert largest >= len(eans) - 1
    assert story.check() == {
        "checked": story.size(),
        "next": None,
        "unopened": [],
        "erased": [],
        "problems": [],
        "lost": [],
    }


def test_the_check_goes_on_where_it_stopped_until_the_end_of_the_ledger(story: Story) -> None:
    start, seen = 0, 0
    while start is not None:
        page = story.check(start, 4)
        assert page["problems"] == []
        seen, start = seen + page["checked"], page["next"]
    assert seen == story.size()
    assert story.check(story.size() + 5)["checked"] == 0


def test_a_deleted_statement_is_named_even_where_it_was_the_last(story: Story) -> None:
    for index in (story.own, story.second_read):
        story.change("DELETE FROM ledger.statement WHERE index = %s", index)
        assert "halves do not lead to the entry" in story.what(index)
        assert min(story.bad()) == index


def test_a_statement_deleted_in_the_middle_shows_in_the_count_of_the_next_one_too(story: Story) -> None:
    story.change("DELETE FROM ledger.statement WHERE index = %s", story.first_read)
    assert story.bad() == [story.first_read, story.second_read]
    assert "missing before this one" in story.what(story.second_read)


def test_numbering_the_later_statements_anew_hides_nothing(story: Story) -> None:
    story.change("DELETE FROM ledger.statement WHERE index = %s", story.second_read)
    later = [story.refused, story.own]
    for index in later:
        story.change("UPDATE ledger.statement SET counter = counter - 1 WHERE index = %s", index)
    assert story.bad() == [story.second_read, *later]
    assert "another counter than it says" in story.what(story.own)


FORGED = (
    ("ground", "supplier"),
    ("ground", ""),
    ("party_id", uuid4()),
    ("party_id", None),
    ("event", "data.refused"),
    ("day", "2020-02-29"),
    ("operator", 9),
)


def test_a_changed_column_of_the_figures_is_named_with_its_entry(story: Story) -> None:
    index = story.first_read
    for column, value in FORGED:
        before = query(story.house, f"SELECT {column} FROM ledger.body WHERE index = %s", index)[0][0]
        update = f"UPDATE ledger.body SET {column} = %s WHERE index = %s"
        story.change(update, value, index)
        assert story.bad() == [index], column
        assert f"its {column} is not what its body says" in story.what(index)
        story.change(update, before, index)
        assert story.bad() == []


FORGED_LINES = (
    ("ground", "supplier"),
    ("event", "data.refused"),
    ("day", "2020-02-29"),
    ("party_id", uuid4()),
    ("party_id", None),
    ("operator", 9),
)


def test_a_changed_column_of_a_customers_list_is_named_with_its_entry(story: Story) -> None:
    """The list is found and filtered by these: a line could be hidden from a customer who looks at one party."""
    index = story.first_read
    for column, value in FORGED_LINES:
        before = query(story.house, f"SELECT {column} FROM ledger.statement WHERE index = %s", index)[0][0]
        update = f"UPDATE ledger.statement SET {column} = %s WHERE index = %s"
        story.change(update, value, index)
        assert story.bad() == [index], column
        story.change(update, before, index)
        assert story.bad() == []


def test_a_changed_half_or_number_of_points_is_named(story: Story) -> None:
    index = story.second_read
    before = query(story.house, "SELECT half FROM ledger.statement WHERE index = %s", index)[0][0]
    story.change("UPDATE ledger.statement SET half = %s WHERE index = %s", bytes(32), index)
    assert story.what(index) == "a statement's half is not that of its body"
    story.change("UPDATE ledger.statement SET half = %s WHERE index = %s", before, index)
    story.change("UPDATE ledger.body SET points = 7 WHERE index = %s", index)
    assert story.what(index) == "its points is not what its body says"


def test_a_statement_without_its_half_is_checked_by_its_body(story: Story) -> None:
    """As those from before halves were kept."""
    story.change("UPDATE ledger.statement SET half = NULL WHERE index = %s", story.first_read)
    assert story.bad() == []


def test_a_party_put_on_a_customers_own_look_is_named(story: Story, bram: Party) -> None:
    story.change("UPDATE ledger.body SET party_id = %s WHERE index = %s", bram.party_id, story.own)
    assert story.bad() == [story.own]


def test_a_party_taken_from_an_entry_that_concerns_nobody_is_named(story: Story) -> None:
    story.change("UPDATE ledger.body SET party_id = NULL WHERE index = %s", story.unknown)
    assert story.what(story.unknown) == "its party_id is not what its body says"


HALVES = {"body": "shared_sealed, key_sealed", "statement": "subject_sealed, key_sealed"}


@pytest.mark.parametrize("table", HALVES)
def test_halves_swapped_between_two_entries_are_named(story: Story, table: str) -> None:
    pair = (story.first_read, story.second_read)
    story.change(
        f"UPDATE ledger.{table} one SET ({HALVES[table]}) = (SELECT {HALVES[table]} FROM ledger.{table} other"
        " WHERE other.index = %s - one.index) WHERE one.index IN (%s, %s)",
        sum(pair),
        *pair,
        rows=2,
    )
    assert story.bad() == sorted(pair)
    assert "does not open" in story.what(pair[0])


def resealed(sealed: bytes, key: bytes, coordinates: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return seal(key, change(unseal(key, sealed, coordinates)), coordinates)


def other_salt(plain: bytes) -> bytes:
    return secrets.token_bytes(32) + plain[32:]


def other_ground(plain: bytes) -> bytes:
    assert b'"ground":"energy_service"' in plain
    return plain.replace(b'"ground":"energy_service"', b'"ground":"supplier"')


@pytest.mark.parametrize("change", [other_salt, other_ground])
def test_a_half_sealed_anew_with_the_right_key_does_not_lead_to_the_entry(
    story: Story, change: Callable[[bytes], bytes]
) -> None:
    key, index = story.house.house.keys_of_subject(story.lotte), story.first_read
    row = query(story.house, "SELECT shared_sealed FROM ledger.body WHERE index = %s", index)[0]
    forged = resealed(bytes(row[0]), key, shared_coordinates(index), change)
    story.change("UPDATE ledger.body SET shared_sealed = %s WHERE index = %s", forged, index)
    assert story.bad() == [index]
    assert "do not lead to the entry" in story.what(index)


def test_a_subjects_half_with_another_salt_does_not_lead_to_the_entry(story: Story) -> None:
    key, index = story.house.house.keys_of_subject(story.lotte), story.own
    row = query(story.house, "SELECT subject_sealed FROM ledger.statement WHERE index = %s", index)[0]
    forged = resealed(bytes(row[0]), key, subject_coordinates(index, 0), other_salt)
    story.change("UPDATE ledger.statement SET subject_sealed = %s WHERE index = %s", forged, index)
    assert story.bad() == [index]


def test_a_statement_hidden_under_another_handle_is_named(story: Story) -> None:
    story.change("UPDATE ledger.statement SET handle = %s WHERE index = %s", bytes(16), story.own)
    assert story.bad() == [story.own]
    assert "another handle" in story.what(story.own)


def test_a_body_that_is_gone_doubled_or_in_another_month_is_named(story: Story) -> None:
    columns = "index, operator, day, party_id, ground, event, key_sealed, shared_sealed"
    execute(story.house, "SELECT ledger.ensure_month('2021-03-01')")
    story.change(
        f"INSERT INTO ledger.body ({columns}, month) SELECT {columns}, '2021-03-01' FROM ledger.body WHERE index = %s",
        story.first_read,
    )
    assert story.what(story.first_read) == "there are two bodies"
    story.change("DELETE FROM ledger.body WHERE index = %s AND month > '2021-03-01'", story.first_read)
    assert "its month is not what its body says" in story.what(story.first_read)
    story.change("DELETE FROM ledger.body WHERE index = %s", story.first_read)
    assert story.what(story.first_read) == "the body is missing"


@pytest.mark.parametrize("index", [-3, 1000])
def test_a_body_that_no_entry_stands_for_is_named(story: Story, index: int) -> None:
    columns = "month, operator, day, party_id, ground, event, key_sealed, shared_sealed"
    story.change(
        f"INSERT INTO ledger.body (index, {columns}) SELECT %s, {columns} FROM ledger.body WHERE index = %s",
        index,
        story.first_read,
    )
    assert story.bad() == [index]
    assert story.check(0, 2)["problems"] == []  # the last page says so


def test_a_key_that_was_erased_is_no_error_but_is_said(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, get = story.house.house.keys, story.house.house.keys.get

    def erased(kind: Kind, name: UUID) -> bytes:
        if (kind, name) == (Kind.OCCUPANCY_LEDGER, story.lotte):
            raise KeyStoreError("the key is not there: erased, or never made")
        return get(kind, name)

    monkeypatch.setattr(keys, "get", erased)
    found = story.check()
    assert found["problems"] == []
    assert {story.first_read, story.second_read, story.refused, story.own} <= set(found["unopened"])
    assert story.unknown not in found["unopened"]
    assert found["checked"] == story.size()


def test_a_key_that_is_merely_named_wrongly_does_not_count_as_erased(story: Story) -> None:
    name = seal(story.house.house.ledger_key, uuid4().bytes, key_coordinates(story.own + 1, 0))
    story.change("UPDATE ledger.body SET key_sealed = %s WHERE index = %s", name, story.own)
    found = story.check()
    assert (found["unopened"], story.bad()) == ([], [story.own])
    story.change("UPDATE ledger.body SET key_sealed = NULL WHERE index = %s", story.own)
    assert (story.check()["unopened"], story.bad()) == ([], [story.own])


def test_the_audit_names_the_first_entry_and_keeps_it_in_its_report(story: Story) -> None:
    proof = Proof.operator(story.house.operator_key)
    clean = Report()
    audit_bodies(story.house.client, proof, clean)
    assert [(one.name, one.ok) for one in clean.checks] == [("bodies", True)]
    assert str(story.size()) in clean.checks[0].detail
    story.change("DELETE FROM ledger.statement WHERE index = %s", story.first_read)
    story.change("UPDATE ledger.body SET ground = 'supplier' WHERE index = %s", story.own)
    with pytest.raises(InconsistentError) as caught:
        audit_bodies(story.house.client, proof, Report())
    assert caught.value.index == story.first_read
    assert caught.value.report is not None
    assert [(one.name, one.ok, one.index) for one in caught.value.report.checks] == [
        ("bodies", False, story.first_read)
    ]


def test_nobody_but_the_operator_may_let_it_be_checked(story: Story, measured: Customer, bram: Party) -> None:
    inspector = Proof.session(story.house.inspector())
    for call in (measured.call, bram.call):
        with pytest.raises(DoorRefusedError) as refused:
            call("ledger.check_bodies", start=0, limit=1)
        assert refused.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError):
        story.house.client.call("ledger.check_bodies", inspector, start=0, limit=1)


@pytest.mark.parametrize(
    "arguments", [{"start": -1}, {"start": 2**60}, {"limit": 0}, {"limit": 2001}, {"limit": "9"}, {"more": 1}]
)
def test_a_stretch_that_is_none_is_refused(standing: TheHouse, arguments: dict[str, Any]) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        standing.operator("ledger.check_bodies", **({"start": 0, "limit": 1} | arguments))
    assert refused.value.code == "malformed-request"
