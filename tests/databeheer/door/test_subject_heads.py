"""The door's signed word on how many statements there are of one's own point, and the proof that none is missing."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from ledger import receipt
from ledger.chain import Chain, verify_chains
from ledger.commitment import Opening
from ledger.errors import InconsistentError, MissingStatementError
from ledger.note import VerifierKey
from ledger.subject_head import SubjectHead, open_subject_head
from ledger.tiles import TileDirectory
from tests.conftest import LOTTES_EAN
from tests.doors import execute, query
from tests.house import ORIGIN, Customer, Party, TheHouse
from tests.web.programs import publish


def heads(who: Customer, **arguments: Any) -> list[SubjectHead]:
    key = who.house.house.promise_key.verifier
    found = who.call("statements.list", **arguments)["heads"]
    return [open_subject_head(b64decode(one["note"]), key) for one in found]


def head(who: Customer) -> SubjectHead:
    [only] = heads(who)
    return only


def made(house: TheHouse, key: VerifierKey, answer: dict[str, Any], note: str) -> bytes:
    """A receipt as the web makes it, from published tiles and what the door gave."""
    opening = Opening.from_dict(answer["opening"])
    source = TileDirectory(house.folder / "public")
    entry = b64decode(answer["entry"])
    return receipt.from_log(source, [key], answer["index"], entry, opening, b64decode(note))


def receipts(who: Customer, **period: str | None) -> tuple[list[bytes], VerifierKey]:
    """What a download holds: the statements of a period, each as a receipt with the head."""
    key = publish(who.house).verifier
    point = who.occupancy()
    shown = who.call("chain.show", occupancy_id=point, **period)
    found: list[bytes] = []
    counter = shown["first"]
    while counter <= shown["last"]:
        page = who.call("chain.open", occupancy_id=point, first=counter, last=shown["last"])["receipts"]
        found += [made(who.house, key, one, shown["head"]["note"]) for one in page]
        counter = page[-1]["counter"] + 1
    return found, key


def verified(who: Customer, found: list[bytes], key: VerifierKey, **options: Any) -> Chain:
    [chain] = verify_chains(found, [key], [who.house.house.promise_key.verifier], **options)
    return chain


def index_of(found: bytes) -> int:
    return receipt.parse(found).index


@pytest.mark.requirement("R44")
def test_each_page_has_a_signed_head_that_names_the_newest_statement(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    before = head(measured)
    index = bram.read(granted["permission_id"])["index"]
    after = head(measured)
    assert (after.origin, after.index, after.counter) == (ORIGIN, index, before.counter + 1)
    assert after.leaf == bytes(query(house, "SELECT leaf FROM ledger.entry WHERE index = %s", index)[0][0])
    assert after.subject == before.subject
    filtered = measured.call("statements.list", party_id=bram.party_id, limit=1)
    assert (
        open_subject_head(b64decode(filtered["heads"][0]["note"]), house.house.promise_key.verifier) == after
    )


def test_a_head_names_its_subject_by_nothing_that_stands_elsewhere(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    name = head(measured).subject
    assert name != head(maria).subject
    handles = [bytes(row[0]) for row in query(house, "SELECT handle FROM ledger.statement")]
    assert all(handle not in name and name[:16] != handle for handle in handles)
    assert LOTTES_EAN.encode() not in name


@pytest.mark.requirement("R44")
def test_all_receipts_prove_that_nothing_is_missing(
    measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    bram.read(granted["permission_id"])
    with pytest.raises(DoorRefusedError):
        joris.read(ean=LOTTES_EAN)
    measured.withdraw(granted["permission_id"])
    found, key = receipts(measured)
    chain = verified(measured, found, key)
    assert (chain.first, chain.last) == (1, len(measured.statements(limit=500)))
    for missing in range(1, len(found) - 1):
        with pytest.raises(MissingStatementError):
            verified(measured, found[:missing] + found[missing + 1 :], key)
    with pytest.raises(MissingStatementError):
        verified(measured, found[:-1], key)


def test_a_single_receipt_brings_the_head_too(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    answer = measured.call("receipt.opening", index=index)
    assert open_subject_head(b64decode(answer["head"]), house.house.promise_key.verifier) == head(measured)
    assert "head" not in bram.call("receipt.opening", index=index)
    key = publish(house).verifier
    kept = made(house, key, answer, answer["head"])
    chain = verified(measured, [kept], key)
    assert chain.first == chain.last == chain.newest


def test_a_period_comes_with_one_statement_on_either_side(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    days, reads = [], []
    for _ in range(4):
        house.clock.advance(timedelta(days=1))
        bram.token = house.token(bram.client_id, bram.client_secret)
        days.append(day_of(house.clock.now()).isoformat())
        reads.append([bram.read(granted["permission_id"])["index"] for _ in range(2)])
    measured.session = house.log_in(measured.subject, measured.name)
    found, key = receipts(measured, first=days[1], last=days[2])
    assert [index_of(one) for one in found] == [reads[0][1], *reads[1], *reads[2], reads[3][0]]
    assert verified(measured, found, key, part=True).newest > verified(measured, found, key, part=True).last
    to_the_end, _ = receipts(measured, first=days[3], last="2090-01-01")
    assert [index_of(one) for one in to_the_end] == [reads[2][1], *reads[3]]
    assert verified(measured, to_the_end, key).newest == verified(measured, to_the_end, key).last
    from_the_start, _ = receipts(measured, first="2020-01-01", last="2020-12-31")
    assert verified(measured, from_the_start, key, part=True).first == 1
    assert len(from_the_start) == 1


def test_a_statement_taken_out_of_the_database_contradicts_a_head_that_was_kept(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """Whoever owns the database removes the newest read: the door then counts on from the one before."""
    bram.read(granted["permission_id"])
    kept = measured.call("statements.list")["heads"][0]["note"]
    hidden = head(measured)
    assert execute(house, "DELETE FROM ledger.statement WHERE index = %s", hidden.index) == 1
    assert head(measured).counter == hidden.counter - 1
    found, key = receipts(measured)
    assert verified(measured, found, key).last == hidden.counter - 1  # without the kept head it looks whole
    with pytest.raises(MissingStatementError):
        verified(measured, found, key, heads=[b64decode(kept)])
    bram.read(granted["permission_id"])
    found, key = receipts(measured)
    with pytest.raises(InconsistentError):
        verified(measured, found, key, heads=[b64decode(kept)])


def test_a_statement_taken_out_of_the_middle_is_missed_at_once(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    bram.read(granted["permission_id"])
    assert execute(house, "DELETE FROM ledger.statement WHERE index = %s", index) == 1
    found, key = receipts(measured)
    with pytest.raises(MissingStatementError):
        verified(measured, found, key)


def test_nobody_opens_the_chain_of_anothers_point(measured: Customer, maria: Customer, bram: Party) -> None:
    point = measured.occupancy()
    for command, arguments in (("chain.show", {}), ("chain.open", {"first": 1, "last": 9})):
        with pytest.raises(DoorRefusedError) as refused:
            maria.call(command, occupancy_id=point, **arguments)
        assert refused.value.code == "not-found"
        with pytest.raises(DoorRefusedError) as refused:
            bram.call(command, occupancy_id=point, **arguments)
        assert refused.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError) as refused:
        maria.call("receipt.opening", index=head(measured).index, occupancy_id=point)
    assert refused.value.code == "not-found"


def test_of_an_entry_about_two_own_points_each_has_its_own_half(house: TheHouse, lotte: Customer) -> None:
    house.point("541448899990000077", lotte)
    party = house.party("Tussenpersoon", "intermediary", contract=False)
    notice = {"purposes": ["market_facilitation"], "channel": "letter", "text_sha256": "11" * 32}
    house.operator("registry.notice.give", party_id=party.party_id, **notice)
    index = lotte.statements()[0]["index"]
    subjects = set()
    for number in range(2):
        answer = lotte.call("receipt.opening", index=index, occupancy_id=lotte.occupancy(number))
        opening = Opening.from_dict(answer["opening"])
        assert opening.subject is not None
        subjects.add(json.loads(opening.subject.body)["subject"])
    assert len(subjects) == 2
    assert len(heads(lotte)) == 2
