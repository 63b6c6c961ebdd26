"""What the ledger tells whom: each read and refusal to the customer, counted without gap; receipts to those named."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from databeheer.brussels import day_of
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.client import DoorRefusedError
from ledger.commitment import Opening
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import ProofError
from ledger.tree import leaf_hash, root_hash
from tests.conftest import LOTTES_EAN
from tests.doors import HEAD, held, meanwhile, query
from tests.house import Customer, Party, TheHouse

UNKNOWN_EAN = "541448899990000060"
Call = Any


def opened(who: Customer | Party, index: int) -> Opening:
    """Get an opening and hold it against its entry, as a stranger would."""
    answer = who.call("receipt.opening", index=index)
    opening = Opening.from_dict(answer["opening"])
    opening.verify(parse(b64decode(answer["entry"])).commitment)
    return opening


def said(opening: Opening) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(opening.shared_body)
    return members


def entry(house: TheHouse, index: int) -> bytes:
    return bytes(query(house, "SELECT entry FROM ledger.entry WHERE index = %s", index)[0][0])


def refusal(call: Call) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


@pytest.mark.requirement("R30", "R44", "R164")
def test_the_customer_sees_each_read_with_party_ground_data_and_time(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    told = measured.statements()[0]
    assert told | {"sentence_nl": "", "party": told["party"]["name"], "counter": 0} == {
        "index": index,
        "counter": 0,
        "event": "data.read",
        "at": told["at"],
        "occupancy_id": measured.occupancy(),
        "party": "Bram Energieadvies",
        "by": "party",
        "reader": None,
        "ground": "energy_service",
        "sentence_nl": "",
        "category": "readings",
        "granularity": "quarter_hour",
        "directions": told["directions"],
        "period": {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"},
        "slots": 100,
        "reason": None,
        "permission_id": granted["permission_id"],
        "purpose": told["purpose"],
        "task": None,
        "capacity": None,
        "attorney": None,
        "for_enterprise": False,
        "told": [],  # its ground says it
    }


@pytest.mark.requirement("R46", "R44")
def test_the_customer_sees_each_refusal_with_its_reason(measured: Customer, joris: Party) -> None:
    refused = refusal(lambda: joris.read(ean=LOTTES_EAN))
    told = measured.statements()[0]
    assert (told["index"], told["event"], told["reason"]) == (refused.index, "data.refused", "no_legal_basis")
    assert told["party"]["name"] == "Joris Buitenstaander"
    assert told["slots"] == 0


def test_what_a_strict_read_withholds_is_no_read(
    measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """The granted part of an all-or-nothing wish did not leave, so the ledger does not say that it did."""
    half = {"from": "2022-12-30T23:00:00Z", "until": "2023-01-02T23:00:00Z"}
    refused = refusal(lambda: bram.read(granted["permission_id"], **half))
    assert refused.code == "outside-granted-period"
    told = measured.statements()[0]
    assert (told["index"], told["event"], told["slots"]) == (refused.index, "data.refused", 0)
    given = bram.read(granted["permission_id"], mode="clip", **half)
    assert [one["reason"] for one in given["refused"]] == ["outside_data_period"]
    assert measured.statements()[0]["event"] == "data.read"


@pytest.mark.requirement("R44")
def test_the_counter_has_no_gap_and_each_statement_links_to_the_one_before(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    bram.read(granted["permission_id"])
    refusal(lambda: joris.read(ean=LOTTES_EAN))
    measured.withdraw(granted["permission_id"])
    refusal(lambda: bram.read(granted["permission_id"]))
    told = measured.statements(limit=500)[::-1]
    assert [one["counter"] for one in told] == list(range(1, len(told) + 1))
    assert len(told) >= 6
    halves = []
    for one in told:
        subject = opened(measured, one["index"]).subject
        assert subject is not None
        halves.append(json.loads(subject.body))
    leaves = [leaf_hash(entry(house, one["index"])) for one in told]
    links = [b64decode(half["previous"]) for half in halves]
    assert links == [GENESIS_PREVIOUS, *leaves[:-1]]
    assert [half["counter"] for half in halves] == [one["counter"] for one in told]


def test_reads_that_share_a_batch_count_on(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    with held(house, HEAD) as lock:
        first = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        others = [meanwhile(house.client, lambda: bram.read(granted["permission_id"])) for _ in range(5)]
        lock.release()
        indices = sorted(one.result(60)["index"] for one in (first, *others))
    told = measured.statements()[:6][::-1]
    assert [one["index"] for one in told] == indices
    assert all(b["counter"] == a["counter"] + 1 for a, b in pairwise(told))
    for before, after in pairwise(told):
        subject = opened(measured, after["index"]).subject
        assert subject is not None
        assert b64decode(json.loads(subject.body)["previous"]) == leaf_hash(entry(house, before["index"]))


def told_together(house: TheHouse) -> None:
    """Everybody is told of a party by one entry."""
    party = house.party("Tussenpersoon", "intermediary", contract=False)
    notice = {"purposes": ["market_facilitation"], "channel": "letter", "text_sha256": "11" * 32}
    house.operator("registry.notice.give", party_id=party.party_id, **notice)


def test_pages_of_statements_never_split_an_entry_about_two_of_ones_points(
    house: TheHouse, lotte: Customer
) -> None:
    """A notice to a person with two connections is one entry that both are told of."""
    house.point("541448899990000077", lotte)
    told_together(house)
    whole = [(one["index"], one["occupancy_id"]) for one in lotte.statements(limit=500)]
    assert len({index for index, _ in whole}) < len(whole)
    for limit in (1, 2, 3):
        paged: list[tuple[int, str]] = []
        cursor = None
        while True:
            page = lotte.call("statements.list", limit=limit, cursor=cursor)
            paged += [(one["index"], one["occupancy_id"]) for one in page["statements"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(paged) == sorted(whole)


@pytest.mark.requirement("R44")
def test_the_list_is_found_by_party_ground_and_day(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    first_day = day_of(house.clock.now())
    read = bram.read(granted["permission_id"])["index"]
    refused = refusal(lambda: joris.read(ean=LOTTES_EAN)).index
    house.clock.advance(timedelta(days=1))
    measured.session = house.log_in(measured.subject, measured.name)
    own = measured.call(
        "readings.read",
        occupancy_id=measured.occupancy(),
        granularity="day",
        **{"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"},
    )["index"]
    next_day = day_of(house.clock.now())

    def found(**filters: Any) -> list[int]:
        return [one["index"] for one in measured.statements(kind="reads", **filters)]

    assert found() == [own, refused, read]
    assert found(party_id=bram.party_id) == [read]
    assert found(party_id=joris.party_id) == [refused]
    assert found(party_id=str(UUID(int=9))) == []
    assert found(ground="energy_service") == [read]
    assert found(ground="no_legal_basis") == [refused]
    assert found(last=first_day.isoformat()) == [refused, read]
    assert found(first=next_day.isoformat()) == [own]
    assert found(first=next_day.isoformat(), party_id=bram.party_id) == []


def test_the_pages_of_a_filtered_list_follow_each_other(
    measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    reads = []
    for _ in range(3):
        reads.append(bram.read(granted["permission_id"])["index"])
        refusal(lambda: joris.read(ean=LOTTES_EAN))
    paged, cursor = [], None
    while True:
        page = measured.call("statements.list", limit=1, cursor=cursor, party_id=bram.party_id, kind="reads")
        paged += [one["index"] for one in page["statements"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == reads[::-1]


def test_the_readers_are_those_whom_the_own_statements_name(
    measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    def readers(who: Customer) -> list[str]:
        return [one["name"] for one in who.call("statements.readers")["parties"]]

    assert readers(measured) == ["Bram Energieadvies"]
    refusal(lambda: joris.read(ean=LOTTES_EAN))
    assert readers(measured) == ["Bram Energieadvies", "Joris Buitenstaander"]
    assert readers(maria) == []


def test_nobody_lists_the_statements_of_anothers_point(maria: Customer, measured: Customer) -> None:
    assert (
        refusal(lambda: maria.call("statements.list", occupancy_id=measured.occupancy())).code == "not-found"
    )


# ---- receipts -----------------------------------------------------------------------------------------------


def test_the_party_opens_the_shared_half_and_the_customer_both(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    partys, customers = opened(bram, index), opened(measured, index)
    assert partys.subject is None
    assert said(partys) == said(customers)
    assert said(partys)["event"] == "data.read"
    assert said(partys)["party"] == bram.party_id
    assert customers.subject is not None
    assert json.loads(customers.subject.body)["slots"] == 100


def test_an_opening_belongs_to_its_own_entry_alone(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    one, two = (bram.read(granted["permission_id"])["index"] for _ in range(2))
    with pytest.raises(ProofError):
        opened(bram, one).verify(parse(entry(house, two)).commitment)
    changed = json.loads(opened(bram, one).to_json())
    body = json.loads(b64decode(changed["shared"]["body"]))
    body["slots"] = 0
    changed["shared"]["body"] = b64encode(
        json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    ).decode()
    with pytest.raises(ProofError):
        Opening.from_dict(changed).verify(parse(entry(house, one)).commitment)


def test_nobody_else_gets_an_opening(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    size = query(house, "SELECT size FROM ledger.head")[0][0]
    for who in (maria, joris):
        for number in range(size + 2):
            named = {one["index"] for one in maria.statements(limit=500)} if who is maria else set()
            if number in named or said_of(house, number) == getattr(who, "party_id", "nobody"):
                continue
            assert (
                refusal(lambda who=who, number=number: who.call("receipt.opening", index=number)).code
                == "not-found"
            )
    assert opened(bram, index)


def said_of(house: TheHouse, index: int) -> str:
    rows = query(house, "SELECT party_id::text FROM ledger.body WHERE index = %s", index)
    return str(rows[0][0]) if rows else ""


def test_two_subjects_of_one_entry_learn_nothing_of_each_other(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    """A notice to two people: one entry, two subjects."""
    told_together(house)
    index = lotte.statements()[0]["index"]
    assert maria.statements()[0]["index"] == index
    hers, his = opened(maria, index).subject, opened(lotte, index).subject
    assert hers is not None
    assert his is not None
    assert (hers.index, his.index) in ((0, 1), (1, 0))
    assert hers.salt != his.salt
    assert hers.body not in opened(lotte, index).to_json().encode()
    assert b64encode(hers.salt).decode() not in opened(lotte, index).to_json()


# ---- outsiders ----------------------------------------------------------------------------------------------


def _told(refused: DoorRefusedError) -> dict[str, Any]:
    return {
        "code": refused.code,
        "detail": str(refused),
        "reason": refused.reason,
        "refused": refused.refused,
    }


@pytest.mark.requirement("R98")
@pytest.mark.parametrize("role", ["energy_service", "supplier", "dso", "regulator"])
def test_an_outsider_cannot_tell_an_unknown_point_from_a_forbidden_one(
    house: TheHouse, measured: Customer, role: str
) -> None:
    outsider = house.party("Outsider NV", role)
    for wish in (
        {},
        {"granularity": "month", "from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"},
    ):
        known = refusal(lambda wish=wish: outsider.read(ean=LOTTES_EAN, **wish))
        unknown = refusal(lambda wish=wish: outsider.read(ean=UNKNOWN_EAN, **wish))
        assert _told(known) == _told(unknown)
        assert known.code == "no-legal-basis"
        bodies = []
        for refused in (known, unknown):
            assert refused.index is not None
            opening = opened(outsider, refused.index)
            bodies.append({k: v for k, v in said(opening).items() if k != "at"})
            assert opening.subject_root not in (None, root_hash([]))
        assert bodies[0] == bodies[1]


@pytest.mark.requirement("R98")
def test_a_receipt_of_a_request_does_not_tell_whether_it_found_somebody(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    roots = []
    for ean in (LOTTES_EAN, UNKNOWN_EAN):
        bram.ask(ean=ean)
        index = query(house, "SELECT size - 1 FROM ledger.head")[0][0]
        opening = opened(bram, index)
        assert said(opening)["event"] == "permission.requested"
        roots.append(opening.subject_root)
    assert root_hash([]) not in roots
    assert roots[0] != roots[1]


@pytest.mark.requirement("R98")
def test_anothers_permission_looks_like_one_that_does_not_exist(
    measured: Customer, joris: Party, granted: dict[str, Any]
) -> None:
    anothers = refusal(lambda: joris.read(granted["permission_id"]))
    nobodys = refusal(lambda: joris.read(str(UUID(int=7))))
    assert _told(anothers) == _told(nobodys)
    assert measured.statements()[0]["index"] == anothers.index  # Lotte sees who tried


def test_statements_are_found_by_a_handle_that_only_the_key_gives(
    house: TheHouse, measured: Customer
) -> None:
    own = subject_handle(house.house.keys_of_subject(UUID(measured.occupancy())))
    handles = {bytes(row[0]) for row in query(house, "SELECT handle FROM ledger.statement")}
    assert own in handles
    assert all(UUID(measured.occupancy()).bytes not in handle for handle in handles)
