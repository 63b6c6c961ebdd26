"""A read in bulk in the ledger: receipts that tell nothing of others, the audit, checks, erasure, restore."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.bodies import auditing
from databeheer.door.bodies.halves import subject_handle, subject_name
from databeheer.door.client import DoorRefusedError
from databeheer.door.erasure import erasing
from databeheer.door.reads import bulk
from databeheer.door.statement import Statement
from ledger import receipt
from ledger.chain import verify_chains
from ledger.cli import main as ledger_main
from ledger.commitment import Opening, subject_half
from ledger.encoding import decode_base64, encode_base64
from ledger.entry import parse
from ledger.note import VerifierKey
from ledger.tiles import TileDirectory
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import beside
from tests.databeheer.door.bulk import UNKNOWN, Neighbours, read_bulk, values
from tests.databeheer.door.test_content_audit import Regulator
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups
from tests.web.programs import publish

Someone = Customer | Party


@pytest.fixture
def read(neighbours: Neighbours) -> int:
    """The index of Bram's read of both, and of one that does not exist."""
    return int(read_bulk(neighbours.bram, [*neighbours.both, UNKNOWN])["index"])


def receipt_of(who: Someone, index: int, key: VerifierKey) -> bytes:
    answer = who.call("receipt.opening", index=index)
    opening, head = Opening.from_dict(answer["opening"]), answer.get("head")
    return receipt.from_log(
        TileDirectory(who.house.folder / "public"),
        [key],
        index,
        b64decode(answer["entry"]),
        opening,
        b64decode(head) if head else None,
    )


def opened(data: bytes) -> Opening:
    parsed = receipt.parse_extra(receipt.parse(data).extra or b"")
    assert parsed.opening is not None
    return parsed.opening


def own_half(opening: Opening) -> dict[str, Any]:
    assert opening.subject is not None
    members: dict[str, Any] = json.loads(opening.subject.body)
    return members


def problems(house: TheHouse) -> list[tuple[int, str]]:
    found = house.operator("ledger.check_bodies", start=0, limit=2000)["problems"]
    return [(one["index"], one["what"]) for one in found]


# --- receipts -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R44")
def test_the_partys_receipt_and_each_customers_verify_with_the_same_tool(
    neighbours: Neighbours, house: TheHouse, read: int, tmp_path: Path
) -> None:
    key = publish(house)
    for number, who in enumerate((neighbours.bram, neighbours.lotte, neighbours.maria)):
        file = tmp_path / f"{number}.tlog-proof"
        file.write_bytes(receipt_of(who, read, key.verifier))
        assert ledger_main(["receipt", "verify", str(file), "--key", key.vkey]) == 0
        damaged = file.read_bytes().replace(f"index {read}".encode(), f"index {read - 1}".encode())
        file.write_bytes(damaged)
        assert ledger_main(["receipt", "verify", str(file), "--key", key.vkey]) == 1


def test_two_receipts_of_one_entry_tell_neither_of_the_other_nor_the_party_of_both(
    neighbours: Neighbours, house: TheHouse, read: int
) -> None:
    key = publish(house).verifier
    lottes, marias = (opened(receipt_of(who, read, key)) for who in (neighbours.lotte, neighbours.maria))
    party = opened(receipt_of(neighbours.bram, read, key))
    assert lottes.shared_body == marias.shared_body == party.shared_body
    assert lottes.subject is not None
    assert marias.subject is not None
    ids = {person.subject: UUID(person.occupancy()) for person in (neighbours.lotte, neighbours.maria)}
    keys = {name: house.house.keys_of_subject(one) for name, one in ids.items()}
    for mine, others, name, permission in (
        (lottes, marias, "maria", neighbours.marias),
        (marias, lottes, "lotte", neighbours.lottes),
        (party, lottes, "lotte", neighbours.lottes),
        (party, marias, "maria", neighbours.marias),
    ):
        told, other = mine.to_json(), others.subject
        assert other is not None
        told += mine.shared_body.decode() + (mine.subject.body.decode() if mine.subject else "")
        for secret in (
            permission,
            str(ids[name]),
            encode_base64(other.salt),
            encode_base64(subject_name(keys[name])),
            subject_handle(keys[name]).hex(),
        ):
            assert secret not in told


def test_the_shared_half_is_the_same_whatever_came_of_each(
    neighbours: Neighbours, maria: Customer, joris: Party
) -> None:
    """So no receipt tells how many of the others exist, were read or were refused."""

    def shared(who: Party, permissions: list[str]) -> dict[str, Any]:
        index = read_bulk(who, permissions)["index"]
        body = Opening.from_dict(who.call("receipt.opening", index=index)["opening"]).shared_body
        members: dict[str, Any] = json.loads(body)
        return members | {"party": "", "at": ""}

    all_given = shared(neighbours.bram, neighbours.both)
    maria.withdraw(neighbours.marias)
    assert shared(neighbours.bram, neighbours.both) == all_given
    assert shared(neighbours.bram, [neighbours.lottes, UNKNOWN]) == all_given
    assert shared(joris, neighbours.both) == all_given
    assert all_given["points"] == 2


def test_where_a_subject_stands_and_how_many_halves_there_are_tell_nothing(
    neighbours: Neighbours, house: TheHouse, lotte: Customer
) -> None:
    places = set()
    for others in ([UNKNOWN], [neighbours.marias]) * 4:
        index = read_bulk(neighbours.bram, [neighbours.lottes, *others])["index"]
        subject = Opening.from_dict(lotte.call("receipt.opening", index=index)["opening"]).subject
        assert subject is not None
        assert (subject.count, len(subject.path)) == (8, 3)
        places.add(subject.index)
    assert 0 not in places  # the house's half stands there
    assert len(places) > 1


def test_each_chain_goes_through_the_entry_without_a_gap(
    neighbours: Neighbours, house: TheHouse, read: int
) -> None:
    read_bulk(neighbours.bram, neighbours.both)
    key = publish(house).verifier
    for person in (neighbours.lotte, neighbours.maria):
        told = person.statements(limit=100)
        found = [receipt_of(person, one["index"], key) for one in reversed(told)]
        [chain] = verify_chains(found, [key], [house.house.promise_key.verifier])
        assert (chain.first, chain.last) == (1, len(told))
        assert {read, read + 1} <= {one["index"] for one in told}


def test_nobody_else_has_a_receipt(neighbours: Neighbours, house: TheHouse, read: int, joris: Party) -> None:
    for who in (joris, house.customer("els", "Els")):
        with pytest.raises(DoorRefusedError) as refused:
            who.call("receipt.opening", index=read)
        assert refused.value.code == "not-found"


# --- the regulator's audit -----------------------------------------------------------------------------------


@pytest.fixture
@beside
def regulator(house: TheHouse) -> Regulator:
    return Regulator(house)


def test_the_audit_opens_it_leaf_by_leaf_and_counts_each(
    regulator: Regulator, neighbours: Neighbours, read: int, joris: Party
) -> None:
    read_bulk(joris, neighbours.both)
    report = regulator.audit()
    assert report.holds, report
    assert report.reads_by_consent == 2
    bram, stranger = neighbours.bram.party_id, joris.party_id
    assert {key: count for key, count in report.counts.items() if key[0].startswith("data.")} == {
        ("data.read", "energy_service", bram): 2,
        ("data.refused", "no_legal_basis", bram): 1,
        ("data.refused", "no_legal_basis", stranger): 2,
    }
    assert regulator.audit(ean=LOTTES_EAN).reads_by_consent == 2
    assert regulator.audit(party_id=bram).holds


def test_a_permission_forged_for_one_of_them_is_found(
    regulator: Regulator, neighbours: Neighbours, house: TheHouse, joris: Party
) -> None:
    forged = str(uuid4())
    columns = query(
        house,
        "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'permissions.permission'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('permission_id', 'party_id', 'link_hash')",
    )[0][0]
    execute(
        house,
        f"INSERT INTO permissions.permission (permission_id, party_id, link_hash, {columns})"
        f" SELECT %s, %s, '\\x00', {columns} FROM permissions.permission WHERE permission_id = %s",
        forged,
        joris.party_id,
        neighbours.marias,
    )
    answer = read_bulk(joris, [forged, UNKNOWN])
    assert len(values(answer["items"][0])) == 100  # the door believes the table
    assert regulator.codes() == {answer["index"]: {"no-permission"}}


def _house_leaf_closed(leaves: list[Any], entry: dict[str, Any]) -> None:
    half = subject_half(decode_base64(leaves[0]["salt"], "salt"), decode_base64(leaves[0]["body"], "body"))
    leaves[0] = {"half": encode_base64(half)}


def _subject_closed(leaves: list[Any], entry: dict[str, Any]) -> None:
    place = next(number for number, one in enumerate(leaves) if number and "body" in one)
    one = leaves[place]
    half = subject_half(decode_base64(one["salt"], "salt"), decode_base64(one["body"], "body"))
    leaves[place] = {"half": encode_base64(half)}


def _subject_moved(leaves: list[Any], entry: dict[str, Any]) -> None:
    place = next(number for number, one in enumerate(leaves) if number and "body" in one)
    free = next(number for number, one in enumerate(leaves) if "half" in one)
    leaves[place], leaves[free] = leaves[free], leaves[place]


def _decoy_dropped(leaves: list[Any], entry: dict[str, Any]) -> None:
    leaves.pop(next(number for number, one in enumerate(leaves) if "half" in one))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_house_leaf_closed, "withheld"),
        (_subject_closed, "withheld"),
        (_subject_moved, "does-not-belong"),
        (_decoy_dropped, "does-not-belong"),
    ],
)
def test_a_leaf_that_is_withheld_moved_or_left_out_is_found(
    regulator: Regulator, read: int, damage: Callable[[list[Any], dict[str, Any]], None], code: str
) -> None:
    document = regulator.open()
    entry = next(one for one in document["entries"] if one["index"] == read)
    damage(entry["leaves"], entry)
    assert {(one.index, one.code) for one in regulator.check(document).findings} == {(read, code)}


def test_an_audit_gives_large_entries_page_by_page(
    regulator: Regulator, neighbours: Neighbours, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        read_bulk(neighbours.bram, neighbours.both)
    monkeypatch.setattr(auditing, "MOST_HALVES", 12)
    document = regulator.open()
    assert [one["index"] for one in document["entries"]] == list(range(*document["range"]))
    assert regulator.check(document).holds


# --- the body check -------------------------------------------------------------------------------------------


def test_an_honest_house_passes(house: TheHouse, read: int) -> None:
    assert problems(house) == []


CHANGES = (
    "UPDATE ledger.body SET house_half = NULL WHERE index = %s",
    "UPDATE ledger.body SET house_half = '[]' WHERE index = %s",
    "UPDATE ledger.body SET house_half = '7' WHERE index = %s",
    """UPDATE ledger.body SET house_half = house_half || '{"leaves": 16}' WHERE index = %s""",
    """UPDATE ledger.body SET house_half = house_half || '{"leaves": -1}' WHERE index = %s""",
    """UPDATE ledger.body SET house_half = house_half || '{"leaves": 1e9}' WHERE index = %s""",
    """UPDATE ledger.body SET house_half = house_half || '{"leaves": "8"}' WHERE index = %s""",
    """UPDATE ledger.body SET house_half = house_half || '{"subjects": 1}' WHERE index = %s""",
    """UPDATE ledger.body SET house_half = house_half || '{"tally": []}' WHERE index = %s""",
    "UPDATE ledger.body SET points = points + 1 WHERE index = %s",
    "UPDATE ledger.body SET event = 'data.read' WHERE index = %s",
    (
        "UPDATE ledger.statement s SET leaf = 0 WHERE index = %s AND leaf = (SELECT max(leaf) FROM ledger.statement"
        " t WHERE t.index = s.index)"
    ),
    "UPDATE ledger.statement SET ground = 'supplier' WHERE index = %s",
    "UPDATE ledger.statement SET event = 'data.refused' WHERE index = %s",
    "UPDATE ledger.statement SET operator = 2 WHERE index = %s",
    "DELETE FROM ledger.statement WHERE index = %s",
)


def test_whatever_is_changed_of_it_in_the_database_is_named(house: TheHouse, read: int) -> None:
    """One change after the other, each taken back before the next."""
    tables = ("ledger.body", "ledger.statement")
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as server:
        server.execute("SET session_replication_role = replica")
        for table in tables:
            server.execute(
                f"CREATE TABLE kept_{table[7:]} AS SELECT * FROM {table} WHERE index = {read}".encode()
            )
        for change in CHANGES:
            assert server.execute(change.encode(), [read]).rowcount >= 1, change
            assert {index for index, _ in problems(house)} == {read}, change
            for table in tables:
                server.execute(f"DELETE FROM {table} WHERE index = {read}".encode())
                server.execute(f"INSERT INTO {table} SELECT * FROM kept_{table[7:]}".encode())
    assert problems(house) == []


# --- erasure ---------------------------------------------------------------------------------------------------


def test_erasing_one_subject_leaves_the_entry_the_receipts_and_the_others(
    neighbours: Neighbours, house: TheHouse, read: int, tmp_path: Path
) -> None:
    lotte, maria, bram = neighbours.lotte, neighbours.maria, neighbours.bram
    key = publish(house)
    saved = {number: receipt_of(who, read, key.verifier) for number, who in enumerate((bram, lotte, maria))}
    stay = lotte.occupancy()
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    house.clock.advance(timedelta(days=13 * 366))
    for data_class in ("readings", "ledger"):
        house.operator(
            "erasure.decide",
            data_class=data_class,
            reason="retention_ended",
            decided_by="DPO",
            occupancy_id=stay,
        )
    house.operator("erasure.execute")
    maria.session = house.log_in(maria.subject, maria.name)
    lotte.session = house.log_in(lotte.subject, lotte.name)
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert problems(house) == []
    publish(house)
    for number, who in ((0, bram), (2, maria)):
        again = receipt_of(who, read, key.verifier)
        assert opened(again) == opened(saved[number])
    with pytest.raises(DoorRefusedError) as refused:
        lotte.call("receipt.opening", index=read)
    assert refused.value.code == "not-found"
    for number, data in saved.items():
        file = tmp_path / str(number)
        file.write_bytes(data)
        assert ledger_main(["receipt", "verify", str(file), "--key", key.vkey]) == 0
    assert read in {one["index"] for one in maria.statements(limit=100)}
    handles = query(house, "SELECT leaf, half FROM ledger.erased WHERE index = %s", read)
    assert len(handles) == 1
    regulator = Regulator(house)
    start = (day_of(house.clock.now()) - timedelta(days=14 * 366)).isoformat()
    report = regulator.audit(first=start)
    assert report.holds, report
    assert read in [gone.index for gone in report.erased]


# --- an audit that is not told the truth --------------------------------------------------------------------


def grow_old(house: TheHouse, neighbours: Neighbours) -> str:
    """Lotte moves out, and thirteen years pass; returns the occupancy that ended."""
    stay = neighbours.lotte.occupancy()
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    house.clock.advance(timedelta(days=13 * 366))
    neighbours.maria.session = house.log_in(neighbours.maria.subject, neighbours.maria.name)
    neighbours.bram.token = house.token(neighbours.bram.client_id, neighbours.bram.client_secret)
    return stay


def erase(house: TheHouse, stay: str, *classes: str) -> None:
    for data_class in classes:
        wish = {"data_class": data_class, "occupancy_id": stay, "reason": "retention_ended"}
        house.operator("erasure.decide", decided_by="DPO", **wish)
    house.operator("erasure.execute")


def long_ago(house: TheHouse) -> str:
    return (day_of(house.clock.now()) - timedelta(days=14 * 366)).isoformat()


@pytest.mark.parametrize("by_law", [False, True])
def test_a_bulk_read_over_a_stay_whose_ledger_is_erased_is_whole_without_it(
    regulator: Regulator, neighbours: Neighbours, house: TheHouse, erik: Party, by_law: bool
) -> None:
    """What nobody can be told is not counted as told, and is no leaf that the door withholds."""
    if by_law:
        for ean in (LOTTES_EAN, MARIAS_EAN):
            supply = {"ean": ean, "party_id": erik.party_id, "from_day": "2022-01-01"}
            house.operator("registry.supply.accept", **supply)
    stay = grow_old(house, neighbours)
    erase(house, stay, "readings", "ledger")
    erik.token = house.token(erik.client_id, erik.client_secret)
    house.put_in_order(erik.party_id)
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    wish = {"eans": [LOTTES_EAN, MARIAS_EAN], "purpose": "billing", "mode": "clip"}
    answer = erik.call("readings.bulk", **month, **wish)
    [(said,)] = query(house, "SELECT house_half FROM ledger.body WHERE index = %s", answer["index"])
    assert (said["subjects"], said["untold"]) == (1, 1 if by_law else 0)
    assert problems(house) == []
    report = regulator.audit()
    assert report.holds, report
    assert report.untold == said["untold"]


def test_a_removed_leaf_does_not_pass_for_one_that_an_erasure_of_readings_took(
    regulator: Regulator, neighbours: Neighbours, house: TheHouse, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write the database removes Maria's statement while the batch runs: its digest covers her half."""
    handle = subject_handle(house.house.keys_of_subject(UUID(neighbours.maria.occupancy())))
    stay = grow_old(house, neighbours)
    destroy = erasing._destroy_keys

    def removes(opened: Any, rows: Any, *gone: Any) -> None:
        destroy(opened, rows, *gone)
        with psycopg.connect(house.database.url("superuser"), autocommit=True) as server:
            server.execute("SET session_replication_role = replica")
            server.execute(
                "INSERT INTO ledger.erased (index, leaf, half, operator, batch, reason) SELECT index, leaf, half,"
                " operator, %s, 'retention_ended' FROM ledger.statement WHERE index = %s AND handle = %s",
                [rows[0].batch, read, handle],
            )
            server.execute("DELETE FROM ledger.statement WHERE index = %s AND handle = %s", [read, handle])

    monkeypatch.setattr(erasing, "_destroy_keys", removes)
    erase(house, stay, "readings")
    [(done,)] = query(house, "SELECT executed_index FROM oversight.erasure_batch")
    assert problems(house) == [(done, "halves are given as erased whose erasure was not decided")]
    document = regulator.open(first=long_ago(house))
    entry = next(one for one in document["entries"] if one["index"] == read)
    named = entry["erased"]
    for erased in (named, None):
        entry["erased"] = erased
        assert {(one.index, one.code) for one in regulator.check(document).findings} == {
            (read, "erased-without-entry"),
            (read, "withheld"),
            (done, "erased-undecided"),
        }


def test_an_erased_leaf_that_is_not_named_as_erased_is_found(
    regulator: Regulator, neighbours: Neighbours, house: TheHouse, read: int
) -> None:
    erase(house, grow_old(house, neighbours), "readings", "ledger")
    document = regulator.open(first=long_ago(house))
    assert regulator.check(document).holds
    next(one for one in document["entries"] if one["index"] == read)["erased"] = None
    assert [(one.index, one.code) for one in regulator.check(document).findings] == [
        (read, "erased-without-entry")
    ]


LIES: tuple[dict[str, Any], ...] = (
    {"subjects": 0},  # of values that left nobody is told, and the tally counts them
    {"subjects": 0, "tally": []},
    {"subjects": 0, "tally": [["data.refused", "no_legal_basis", 1, 1]]},
    {"subjects": 2, "tally": [["data.refused", "no_legal_basis", 1, 3]]},
    {"subjects": 2, "tally": [["data.read", "supplier", 1, 2], ["data.refused", "no_legal_basis", 1, 1]]},
    {"subjects": 2, "tally": [["data.read", "energy_service", 1, 3]]},
    {"untold": 3},
)


@pytest.mark.parametrize("lie", LIES)
def test_a_tally_that_is_not_what_was_asked_or_what_the_leaves_tell_is_found(
    regulator: Regulator, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    """The entry commits to the lie, so every half belongs to it; the numbers alone give it away."""
    honest = bulk.bulk_statement

    def lies(*arguments: Any) -> Statement:
        told = honest(*arguments)
        nobody: dict[str, Any] = {"subjects": (), "alike": ()} if lie.get("subjects") == 0 else {}
        return replace(told, **nobody, house_said=(told.house_said or {}) | lie)

    monkeypatch.setattr(bulk, "bulk_statement", lies)
    index = read_bulk(neighbours.bram, [*neighbours.both, UNKNOWN])["index"]
    assert regulator.codes() == {index: {"tally-differs"}}


@pytest.mark.parametrize(
    "lie",
    [
        {"tally": [["data.read", "energy_service", 1, 0], ["data.refused", "no_legal_basis", 1, 3]]},
        {"tally": [["data.read", "energy_service", 1, True]]},
        {"tally": [["data.seen", "energy_service", 1, 3]]},
        {"tally": [["data.read", "energy_service", 3]]},
        {"tally": 3},
        {"untold": "0"},
        {"untold": -1},
    ],
)
def test_a_tally_in_no_form_of_ours_is_found(
    regulator: Regulator, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    honest = bulk.bulk_statement
    monkeypatch.setattr(
        bulk,
        "bulk_statement",
        lambda *given: (told := honest(*given)) and replace(told, house_said=(told.house_said or {}) | lie),
    )
    index = read_bulk(neighbours.bram, [*neighbours.both, UNKNOWN])["index"]
    assert "unreadable" in regulator.codes()[index]


# --- restore ---------------------------------------------------------------------------------------------------


def test_a_bulk_read_that_a_restore_lost_is_told_again_by_one_receipt(
    neighbours: Neighbours, house: TheHouse, tmp_path: Path
) -> None:
    backups = Backups(house, tmp_path)
    backups.dump()
    try:
        read = read_bulk(neighbours.bram, neighbours.both)["index"]
        backups.publish()
        kept = {
            name: backups.receipt(read, who)
            for name, who in (("maria", neighbours.maria), ("bram", neighbours.bram))
        }
        backups.put_back()
        backups.refill()
        backups.restart_door()
        house.operator("reconcile.status")
        backups.log_in_again(neighbours.lotte, neighbours.maria, neighbours.bram)
        told = house.operator("reconcile.evidence", receipt=kept["maria"])
        assert (told["index"], told["event"], told["ended"]) == (read, "data.asked", False)
        house.operator("reconcile.finish")
        assert problems(house) == []
        again = neighbours.bram.call("receipt.opening", index=read)
        assert Opening.from_dict(again["opening"]) == opened(kept["bram"].encode())
        fresh = read_bulk(neighbours.bram, neighbours.both)
        assert fresh["index"] > read
        assert problems(house) == []
    finally:
        backups.close()


def test_what_an_entry_commits_to_is_what_its_openings_give(
    neighbours: Neighbours, house: TheHouse, read: int
) -> None:
    entry = bytes(query(house, "SELECT entry FROM ledger.entry WHERE index = %s", read)[0][0])
    for who in (neighbours.bram, neighbours.lotte, neighbours.maria):
        opening = Opening.from_dict(who.call("receipt.opening", index=read)["opening"])
        opening.verify(parse(entry).commitment)
    assert own_half(opening)["permission"] == neighbours.marias
