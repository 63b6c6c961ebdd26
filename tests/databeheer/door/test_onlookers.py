"""A person's look: each stay is told what the one who looked was to it; only an auditor learns who that was."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.access.facts import Occupancy, PersonConcerned
from databeheer.access.intervals import Interval
from databeheer.brussels import day_of, midnight
from databeheer.door.bodies.halves import open_house_half
from databeheer.door.bodies.onlookers import Onlooker, relation
from databeheer.door.client import DoorRefusedError
from databeheer.metering.opening import SealError
from ledger.encoding import decode_base64, encode_base64
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_content_audit import Regulator
from tests.databeheer.door.test_late_moves import move_in, move_out
from tests.databeheer.door.test_representatives import act_for, appoint
from tests.doors import query
from tests.house import Customer, TheHouse

WINDOW = {
    "from": "2023-10-29T23:00:00Z",
    "until": "2023-10-30T23:00:00Z",
    "granularity": "quarter_hour",
}
LONG_AGO = "2022-01-01"


def look(who: Customer, occupancy_id: str) -> None:
    who.call("readings.read", occupancy_id=occupancy_id, **WINDOW)


def refused(who: Customer, occupancy_id: str) -> None:
    with pytest.raises(DoorRefusedError):
        look(who, occupancy_id)


def housemate(house: TheHouse, name: str = "sam") -> Customer:
    sam = house.customer(name, name.title())
    person = {"person_id": str(sam.person_id), "from_day": LONG_AGO}
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, **person)
    return sam


def told(who: Customer, event: str) -> list[tuple[str, str | None]]:
    return [(one["by"], one["reader"]) for one in who.statements() if one["event"] == event]


def named(house: TheHouse, index: int) -> Any:
    """What the house's half of an entry says to an auditor."""
    half = query(house, "SELECT house_half FROM ledger.body WHERE index = %s", index)[0][0]
    if half is None:
        return None
    return json.loads(open_house_half(house.house.ledger_key, index, half)[1])


def test_lotte_reads_for_herself_and_nobody_else_is_named(house: TheHouse, measured: Customer) -> None:
    look(measured, measured.occupancy())
    assert told(measured, "data.read") == [("customer", "holder")]
    assert named(house, measured.statements()[0]["index"]) is None


def test_marias_attempt_does_not_stand_in_lottes_book_as_hers(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    refused(maria, measured.occupancy())
    assert told(measured, "data.refused") == [("customer", "nobody")]
    line = measured.statements()[0]
    assert named(house, line["index"]) == {"leaves": 2, "person": str(maria.person_id), "v": 1}
    opening = json.dumps(measured.call("receipt.opening", index=line["index"]))
    assert str(maria.person_id) not in opening


def test_a_housemates_look_is_not_lottes_own(house: TheHouse, measured: Customer) -> None:
    sam = housemate(house)
    look(sam, measured.occupancy())
    assert told(measured, "data.read") == [("customer", "resident")]
    assert named(house, measured.statements()[0]["index"])["person"] == str(sam.person_id)


def test_a_housemate_who_left_lived_there_before(house: TheHouse, measured: Customer) -> None:
    sam = housemate(house)
    today = day_of(house.clock.now())
    left = {"person_id": str(sam.person_id), "until_day": today.isoformat()}
    house.operator("registry.concerned.end", ean=LOTTES_EAN, **left)
    look(sam, measured.occupancy())
    assert told(measured, "data.read") == [("customer", "former")]


def test_lottes_looks_at_days_that_were_noors_stand_in_noors_book_as_a_predecessors(
    house: TheHouse, measured: Customer
) -> None:
    look(measured, measured.occupancy())
    move_out(house)
    noor = move_in(house)
    assert told(noor, "data.read_corrected") == [("customer", "former")]
    assert told(measured, "data.read_corrected") == [("customer", "holder")]
    index = noor.statements(kind="reads")[0]["index"]
    assert named(house, index)["person"] == str(measured.person_id)


def test_over_a_vacancy_and_back_to_who_it_was_the_look_is_her_own_again(
    house: TheHouse, measured: Customer
) -> None:
    """The days go from Lotte to nobody, and from nobody to Sam, who had read them as her housemate."""
    sam = housemate(house)
    look(sam, measured.occupancy())
    move_out(house)
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(sam.person_id),
        from_day=date(2023, 10, 29).isoformat(),
    )
    assert told(sam, "data.read_corrected") == [("customer", "holder")]
    assert told(measured, "data.read_corrected") == [("customer", "resident")]


def test_a_look_by_who_represents_lotte_is_hers_by_him_and_at_noors_an_outsiders(
    house: TheHouse, measured: Customer
) -> None:
    occupancy, theo = measured.occupancy(), house.customer("theo", "Theo")
    move_out(house)
    noor = move_in(house)
    act_for(theo, appoint(house, measured, theo))
    past = WINDOW | {"from": "2023-10-28T00:00:00Z", "until": "2023-10-28T01:00:00Z"}
    theo.call("readings.read", occupancy_id=occupancy, **past)
    assert told(measured, "data.read") == [("representative", "representative")]
    refused(theo, noor.occupancy())
    # That Lotte has an administrator is no business of who lives there after her.
    assert told(noor, "data.refused") == [("customer", "former")]
    assert "representative" not in json.dumps(noor.statements())


def test_an_attempt_at_a_time_of_which_nobody_can_be_told_says_who_it_was_all_the_same(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    ancient = {"from": "2001-01-01T00:00:00Z", "until": "2001-01-02T00:00:00Z"}
    with pytest.raises(DoorRefusedError):
        maria.call("readings.read", occupancy_id=measured.occupancy(), **WINDOW | ancient)
    [(index,)] = query(house, "SELECT index FROM ledger.body WHERE event = 'data.refused'")
    assert named(house, index)["person"] == str(maria.person_id)


@pytest.mark.requirement("R44")
def test_the_regulator_opens_who_it_was_and_checks_it_against_the_signed_log(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    refused(maria, measured.occupancy())
    regulator = Regulator(house)
    document = regulator.open()
    assert regulator.check(document).findings == []
    index = measured.statements(kind="reads")[-1]["index"]
    entry = next(one for one in document["entries"] if one["index"] == index)
    body = json.loads(decode_base64(entry["leaves"][0]["body"], "body"))
    assert body["person"] == str(maria.person_id)
    other = json.dumps(body | {"person": str(measured.person_id)}, sort_keys=True, separators=(",", ":"))
    entry["leaves"][0]["body"] = encode_base64(other.encode())
    assert [(one.index, one.code) for one in regulator.check(document).findings] == [
        (index, "does-not-belong")
    ]


def test_a_name_moved_from_another_entry_does_not_open(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    refused(maria, measured.occupancy())
    index = measured.statements()[0]["index"]
    half = query(house, "SELECT house_half FROM ledger.body WHERE index = %s", index)[0][0]
    assert str(maria.person_id) not in json.dumps(half)
    for wrong in (half, half | {"person_sealed": "no base64"}):
        with pytest.raises(SealError):
            open_house_half(house.house.ledger_key, index + 1, wrong)


def test_lottes_own_question_is_her_own_look(house: TheHouse, measured: Customer, maria: Customer) -> None:
    mira = house.party("Mira Energie", "supplier")
    wish = WINDOW | {"purpose": "billing", "party_id": mira.party_id}
    measured.call("decision.wish", occupancy_id=measured.occupancy(), **wish)
    assert told(measured, "decision.explained") == [("customer", "holder")]


DAY = timedelta(days=1)
PEOPLE = st.sampled_from(["lotte", "noor", "sam", None])
STAYS = st.lists(
    st.tuples(PEOPLE, st.sampled_from(["lotte", "noor", "sam"]), st.integers(1, 3)), min_size=1, max_size=4
)


def stays_of(rows: list[tuple[str | None, str, int]]) -> list[Occupancy]:
    """Stays of ten days, one after the other, each with somebody who lived there for the first few."""
    found = []
    for place, (holder, beside, days) in enumerate(rows):
        start = midnight(date(2023, 1, 1)) + place * 10 * DAY
        concerned = (PersonConcerned(beside, Interval(start, start + days * DAY)),)
        found.append(Occupancy(str(place), holder, Interval(start, start + 10 * DAY), concerned))
    return found


@given(STAYS, st.integers(0, 3), st.integers(0, 40))
def test_only_the_holder_is_told_that_it_was_himself(
    rows: list[tuple[str | None, str, int]], chosen: int, day: int
) -> None:
    stays = stays_of(rows)
    stay = stays[chosen % len(stays)]
    now = midnight(date(2023, 1, 1)) + day * DAY
    for person in ("lotte", "noor", "sam", "joris"):
        seen = relation(person, stay, stays, now)
        assert (seen is Onlooker.HOLDER) == (stay.person_id == person)
        if seen is Onlooker.RESIDENT:
            assert any(now in one.period for one in stay.concerned if one.person_id == person)
        lived_until_then = {one.person_id for one in stays[: chosen % len(stays) + 1]}
        lived_until_then |= {one[1] for one in rows[: chosen % len(stays) + 1]}
        assert (seen is Onlooker.NOBODY) == (person not in lived_until_then)
