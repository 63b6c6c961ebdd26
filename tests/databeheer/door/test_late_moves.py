"""A move that is reported weeks late: the days go to whom they are of, and everybody concerned is told who saw them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError
from databeheer.door.keys.store import Kind
from databeheer.door.moves.new_roots import open_root
from databeheer.door.proofs import Proof
from databeheer.door.reads.admitting import admit
from databeheer.door.reads.handing_over import open_channels
from databeheer.door.reads.request import Admitted, ReadRequest
from databeheer.metering.exports import read_export
from databeheer.metering.intake import take_in
from databeheer.values import Granularity, Period, parse_instant
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.conftest import DAYS
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

WHOLE = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-30T23:00:00Z", "mode": "clip"}
MOVED = date(2023, 10, 29)


def quarters(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(slot["start"], slot["value"]) for channel in answer["channels"] for slot in slots_in(channel)]


def own(who: Customer) -> list[tuple[str, int]]:
    wish = {"occupancy_id": who.occupancy(), "granularity": "quarter_hour", **WHOLE}
    return quarters(who.call("readings.read", **wish))


def move_out(house: TheHouse, until: date = MOVED) -> dict[str, Any]:
    return house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=until.isoformat())


def move_in(house: TheHouse, name: str = "noor", since: date = MOVED, **more: Any) -> Customer:
    newcomer = house.customer(name, name.title())
    person = {"person_id": str(newcomer.person_id), "from_day": since.isoformat()}
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **person, **more)
    return newcomer


def root_of(house: TheHouse, customer: Customer) -> Any:
    return query(house, "SELECT root_id FROM registry.occupancy WHERE person_id = %s", customer.person_id)[0][
        0
    ]


def retired(house: TheHouse) -> list[UUID]:
    rows = query(house, "SELECT root_sealed FROM oversight.retired_root")
    return [open_root(house.house, bytes(row[0])) for row in rows]


@pytest.mark.requirement("R29", "R82")
def test_each_has_the_own_days_and_no_other_whichever_move_is_reported_first(
    house: TheHouse, measured: Customer
) -> None:
    before = own(measured)
    move_out(house)
    noor = move_in(house)
    assert own(measured) == before[:96]
    assert own(noor) == before[96:]
    assert len(before) == 96 + 100 + 96


def test_a_vacancy_in_between_keeps_its_days_from_both(house: TheHouse, measured: Customer) -> None:
    before = own(measured)
    move_out(house)
    noor = move_in(house, since=date(2023, 10, 30))
    assert own(measured) == before[:96]
    assert own(noor) == before[196:]


def test_a_read_that_was_recorded_before_the_move_and_opens_after_it_gives_the_whole_of_what_stayed(
    house: TheHouse, measured: Customer
) -> None:
    before = own(measured)
    request = ReadRequest(
        proof=Proof("session", measured.session),
        period=Period(parse_instant(WHOLE["from"]), parse_instant(WHOLE["until"])),
        granularity=Granularity.QUARTER_HOUR,
        directions=None,
        strict=False,
        occupancy_id=UUID(measured.occupancy()),
    )
    [admitted] = admit(house.house, [request])
    assert isinstance(admitted, Admitted)
    move_out(house)
    [channels] = open_channels(house.house, [admitted.decided], admitted.as_of)
    assert quarters({"channels": channels}) == before[:96]


def test_the_rows_as_they_were_are_gone_and_their_root_opens_nothing(
    house: TheHouse, measured: Customer
) -> None:
    old = query(house, "SELECT DISTINCT pseudonym FROM metering.profile")
    root = root_of(house, measured)
    move_out(house)
    noor = move_in(house)
    assert root_of(house, measured) != root
    now = query(house, "SELECT DISTINCT pseudonym FROM metering.profile")
    assert not set(old) & set(now)
    assert len(now) == 2  # the vacancy has no day, and no row
    assert own(noor)
    assert root in retired(house)
    # In the database itself nothing ties the occupancy to the root that it left.
    assert all(
        root.bytes not in bytes(row[0])
        for row in query(house, "SELECT root_sealed FROM oversight.retired_root")
    )


def test_the_root_that_was_left_is_destroyed_with_the_next_epoch_and_no_other(
    house: TheHouse, measured: Customer
) -> None:
    root = root_of(house, measured)
    move_out(house)
    noor = move_in(house)
    before = own(measured), own(noor)
    keys = house.house.keys
    assert keys.holds(Kind.READINGS, root)
    epoch = keys.epoch
    house.operator("erasure.execute")
    assert keys.epoch == epoch + 1
    assert root in retired(house)
    assert not any(keys.holds(Kind.READINGS, name) for name in retired(house))
    assert query(house, "SELECT count(*) FROM oversight.retired_root WHERE batch IS NULL") == [(0,)]
    assert (own(measured), own(noor)) == before
    with pytest.raises(DoorRefusedError) as nothing_more:
        house.operator("erasure.execute")
    assert nothing_more.value.code == "conflict"


@pytest.mark.requirement("R8", "R44")
def test_both_see_who_looked_at_the_days_and_the_party_is_told_whose_they_were(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    read = bram.read(granted["permission_id"], **WHOLE)
    first = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-28T22:00:00Z"}
    bram.read(granted["permission_id"], **first)  # of a day that was Lotte's: nobody else's business
    own(measured)
    move_out(house)
    noor = move_in(house)
    hers = [one for one in noor.statements() if one["event"] == "data.read_corrected"]
    assert [(one["by"], one["party"] and one["party"]["name"]) for one in hers] == [
        ("customer", None),
        ("party", "Bram Energieadvies"),
    ]
    assert {one["period"]["from"] for one in hers} == {"2023-10-28T22:00:00Z"}
    assert {one["event"] for one in noor.statements()} >= {"readings.resealed", "occupancy.begun"}
    mine = measured.statements()
    assert "readings.resealed" in {one["event"] for one in mine}
    assert read["index"] in {one["index"] for one in mine}  # the look itself stays where it was
    told = next(one for one in hers if one["by"] == "party")
    assert bram.call("receipt.opening", index=told["index"])["index"] == told["index"]


def test_a_newcomer_whose_quarter_hours_nobody_reads_gets_day_totals_only(
    house: TheHouse, measured: Customer
) -> None:
    move_out(house)
    noor = move_in(house, interval_reading=False)
    assert own(noor) == []
    days = {"occupancy_id": noor.occupancy(), "granularity": "day", **WHOLE}
    totals = [
        slot["value"]
        for channel in noor.call("readings.read", **days)["channels"]
        for slot in slots_in(channel)
    ]
    assert totals == [sum(range(1, slots + 1)) for slots in (100, 96)]


def test_a_correction_keeps_its_versions_and_the_newest_counts(house: TheHouse, measured: Customer) -> None:
    house.ingest(english(*(row.but(volume="9,000") for row in day_rows(DAYS[1]))))
    move_out(house)
    noor = move_in(house)
    assert {value for _, value in own(noor)[:100]} == {9000}
    versions = query(house, "SELECT version FROM metering.profile WHERE day = %s ORDER BY version", DAYS[1])
    assert versions == [(1,), (2,)]
    assert house.ingest(english(*(row.but(volume="9,000") for row in day_rows(DAYS[1])))).changed is False


def test_an_intake_that_was_under_way_is_refused_and_stores_nothing(
    house: TheHouse, measured: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = house.client.call

    def move_before_the_end(command: str, *arguments: Any, **more: Any) -> dict[str, Any]:
        if command == "intake.stored":
            move_out(house)
        return call(command, *arguments, **more)

    changed = english(*(row.but(volume="5,000") for row in day_rows(DAYS[2])))
    engine = house.engine("intake")
    monkeypatch.setattr(house.client, "call", move_before_the_end)
    with pytest.raises(DoorRefusedError) as refused:
        take_in(read_export(changed), house.client, house.intake_key, engine)
    assert "move was reported meanwhile" in str(refused.value)
    monkeypatch.undo()
    noor = move_in(house)
    assert 5000 not in {value for _, value in own(noor)}
    house.ingest(changed)
    assert {value for _, value in own(noor)[100:]} == {5000}


def test_a_move_that_fails_at_its_end_leaves_everything_as_it_was(
    house: TheHouse, measured: Customer
) -> None:
    before, root = own(measured), root_of(house, measured)
    execute(house, "REVOKE INSERT ON oversight.retired_root FROM databeheer_door")
    with pytest.raises(DoorRefusedError) as failed:
        move_out(house)
    assert failed.value.code == "internal"
    assert (own(measured), root_of(house, measured)) == (before, root)
    execute(house, "GRANT INSERT ON oversight.retired_root TO databeheer_door")
    move_out(house)
    assert own(measured) == before[:96]


def test_a_move_reported_in_time_changes_no_root(house: TheHouse, measured: Customer) -> None:
    root = root_of(house, measured)
    move_out(house, until=day_of(house.clock.now()))
    assert root_of(house, measured) == root
    assert query(house, "SELECT count(*) FROM oversight.retired_root") == [(0,)]


def test_overlapping_stays_and_one_that_ends_before_it_began_are_refused(
    house: TheHouse, measured: Customer
) -> None:
    noor = house.customer("noor", "Noor")
    size = query(house, "SELECT size FROM ledger.head")
    begin = {"ean": LOTTES_EAN, "person_id": str(noor.person_id)}
    wishes = [
        ("registry.occupancy.begin", begin | {"from_day": "2023-10-29"}),  # somebody lives there
        ("registry.occupancy.end", {"ean": LOTTES_EAN, "until_day": "2021-06-01"}),  # before that
        ("registry.occupancy.end", {"ean": LOTTES_EAN, "until_day": "2099-01-01"}),  # to come
    ]
    for command, arguments in wishes:
        with pytest.raises(DoorRefusedError) as refused:
            house.operator(command, **arguments)
        assert refused.value.code in ("conflict", "malformed-request"), arguments
    assert query(house, "SELECT size FROM ledger.head") == size


@pytest.mark.parametrize("days", [0, 30])
def test_a_move_in_of_the_wrong_person_is_undone_on_its_day_or_before(
    house: TheHouse, measured: Customer, net: Party, days: int
) -> None:
    move_out(house, until=day_of(house.clock.now()))
    day = day_of(house.clock.now()) + timedelta(days=days)
    wrong = move_in(house, "wrong", since=day)
    assert [place["from"] for place in wrong.call("me")["occupancies"]] == [day.isoformat()]
    move_out(house, until=day)
    assert wrong.call("me")["occupancies"] == []
    assert wrong.call("statutory.list")["parties"] == []
    assert [one["event"] for one in wrong.statements()] == ["occupancy.ended", "occupancy.begun"]
    with pytest.raises(DoorRefusedError) as again:
        move_out(house, until=day)
    assert again.value.code == "conflict"
    right = move_in(house, "right", since=day)
    assert [place["until"] for place in right.call("me")["occupancies"]] == [None]
    stays = "SELECT from_day, until_day FROM registry.occupancy WHERE person_id = %s"
    assert query(house, stays, wrong.person_id) == [(day, day)]


def test_a_move_in_that_is_undone_gives_the_days_back_that_were_sealed_for_it(
    house: TheHouse, measured: Customer
) -> None:
    move_out(house)
    wrong = move_in(house, "wrong")
    assert len(own(wrong)) == 100 + 96
    move_out(house)
    right = move_in(house, "right")
    assert len(own(right)) == 100 + 96


def refusal(house: TheHouse, command: str, **arguments: Any) -> str:
    size = query(house, "SELECT size FROM ledger.head")
    with pytest.raises(DoorRefusedError) as refused:
        house.operator(command, ean=LOTTES_EAN, **arguments)
    assert query(house, "SELECT size FROM ledger.head") == size
    assert refused.value.code == "conflict"
    return str(refused.value)


def test_a_refused_move_says_truly_whether_somebody_lives_there(house: TheHouse, measured: Customer) -> None:
    maria = house.customer("maria", "Maria")
    begin = {"person_id": str(maria.person_id)}
    assert "somebody lives there" in refusal(
        house, "registry.occupancy.begin", **begin, from_day="2023-10-29"
    )
    move_out(house)
    move_in(house, since=date(2023, 10, 31))
    words = refusal(house, "registry.occupancy.begin", **begin, from_day="2023-10-30")
    assert "nobody lives there on that day" in words
    assert "call that move-in off first" in words
    assert "known already" in refusal(house, "registry.occupancy.end", until_day=MOVED.isoformat())
    words = refusal(house, "registry.occupancy.end", until_day="2023-10-30")
    assert "nobody lives there on the day before" in words
    assert "known already" not in words


@pytest.mark.requirement("R29", "R82")
def test_a_move_out_that_was_entered_too_late_is_set_to_an_earlier_day(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    before, late = own(measured), date(2023, 10, 30)
    supply = {"ean": LOTTES_EAN, "party_id": erik.party_id}
    house.operator("registry.supply.accept", **supply, from_day="2023-10-01")
    move_out(house, until=late)
    house.operator("registry.supply.accept", **supply, from_day=late.isoformat())
    assert own(measured) == before[:196]
    root = root_of(house, measured)
    move_out(house)
    assert own(measured) == before[:96]
    assert root in retired(house)  # who kept its key reads nothing of the days since
    contracts = "SELECT from_day, until_day FROM registry.supply_contract ORDER BY from_day"
    assert query(house, contracts) == [(date(2023, 10, 1), MOVED), (late, None)]
    assert [one["event"] for one in measured.statements()].count("occupancy.ended") == 2
    assert [place["until"] for place in measured.call("me")["occupancies"]] == [MOVED.isoformat()]
    noor = move_in(house)
    assert own(noor) == before[96:]
    looks = {
        (one["period"]["from"], one["period"]["until"])
        for one in noor.statements()
        if one["event"] == "data.read_corrected"
    }
    assert looks >= {
        ("2023-10-28T22:00:00Z", "2023-10-30T23:00:00Z"),  # before the first move
        ("2023-10-28T22:00:00Z", "2023-10-29T23:00:00Z"),  # between the two
    }


def test_of_a_move_out_that_is_set_to_an_earlier_day_the_successor_keeps_all_that_he_has(
    house: TheHouse, measured: Customer
) -> None:
    before = own(measured)
    move_out(house, until=date(2023, 10, 30))
    noor = move_in(house, since=date(2023, 10, 30))
    move_out(house)
    assert own(measured) == before[:96]
    assert own(noor) == before[196:]
    vacant = (
        "SELECT from_day, until_day FROM registry.occupancy WHERE person_id IS NULL AND until_day > from_day"
    )
    assert (MOVED, date(2023, 10, 30)) in query(house, vacant)
    with pytest.raises(DoorRefusedError) as again:
        move_out(house)
    assert again.value.code == "conflict"


def test_a_move_in_that_was_entered_too_late_is_called_off_and_entered_on_its_day(
    house: TheHouse, measured: Customer
) -> None:
    before = own(measured)
    move_out(house, until=date(2023, 10, 28))
    wrong = move_in(house, "wrong", since=date(2023, 10, 30))
    move_out(house, until=date(2023, 10, 30))
    right = move_in(house, "right")
    assert own(right) == before[96:]
    assert wrong.call("me")["occupancies"] == []
    vacant = "SELECT from_day, until_day FROM registry.occupancy WHERE person_id IS NULL ORDER BY from_day"
    assert query(house, vacant)[1:] == [(date(2023, 10, 28), MOVED)]


def test_who_moved_out_yesterday_grants_nothing(house: TheHouse, measured: Customer, bram: Party) -> None:
    asked, home = bram.ask(), measured.occupancy()
    move_out(house, until=day_of(house.clock.now()))
    with pytest.raises(DoorRefusedError) as refused:
        measured.grant(asked, home)
    assert refused.value.code == "conflict"
    assert bram.permission(asked["permission_id"])["state"] == "requested"


@pytest.mark.requirement("R44")
@pytest.mark.parametrize("order", ["early first", "late first"])
def test_of_a_read_in_bulk_under_two_permissions_the_party_is_told_which_one_showed_another_persons_days(
    house: TheHouse, measured: Customer, bram: Party, order: str
) -> None:
    asks = [
        bram.ask(data_from="2023-10-27T22:00:00Z", data_until="2023-10-28T22:00:00Z"),
        bram.ask(data_from="2023-10-28T22:00:00Z", data_until="2023-10-30T23:00:00Z"),
    ]
    for one in asks:
        measured.grant(one)
    early, late = (one["permission_id"] for one in asks)
    asked = [early, late] if order == "early first" else [late, early]
    read = bram.call("readings.bulk", **WHOLE, granularity="quarter_hour", permission_ids=asked)
    move_out(house)
    noor = move_in(house)
    told = corrections_of(house, read["index"])
    assert {one["item"] for one in told} == {asked.index(late)}
    assert not any("permission" in one for one in told)  # every receipt of it opens this half
    hers = [one for one in noor.statements() if one["event"] == "data.read_corrected"]
    assert {one["period"]["from"] for one in hers} == {"2023-10-28T22:00:00Z"}
    assert {one["permission_id"] for one in hers} == {None}
    mine = [one for one in measured.statements() if one["event"] == "data.read_corrected"]
    assert {one["permission_id"] for one in mine} == {late}


def test_a_read_in_bulk_under_two_permissions_that_both_showed_the_days_is_corrected_for_each(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    days = [
        ("2023-10-28T22:00:00Z", "2023-10-29T23:00:00Z"),
        ("2023-10-29T23:00:00Z", "2023-10-30T23:00:00Z"),
    ]
    asks = [bram.ask(data_from=since, data_until=until) for since, until in days]
    for one in asks:
        measured.grant(one)
    asked = [one["permission_id"] for one in asks]
    read = bram.call("readings.bulk", **WHOLE, granularity="quarter_hour", permission_ids=asked)
    move_out(house)
    noor = move_in(house)
    told = corrections_of(house, read["index"])
    # Each once when she moved out, and once more when it was known who lives there.
    assert [one["item"] for one in told] == [0, 1] * 2
    hers = [one for one in noor.statements() if one["event"] == "data.read_corrected"]
    assert sorted((one["period"]["from"], one["period"]["until"]) for one in hers) == days


def corrections_of(house: TheHouse, index: int) -> list[dict[str, Any]]:
    """What the shared halves of the corrections of one read say: what the party opens."""
    with house.house.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM ledger.body WHERE event = 'data.read_corrected' ORDER BY index")
        ).all()
    said = [shared_body(house.house, row).said for row in rows]
    return [one for one in said if one["read"] == index]


def test_what_a_refused_file_wrote_is_gone_and_takes_no_place_of_what_comes_back(
    house: TheHouse, measured: Customer
) -> None:
    """A move-in while a file comes in; the file again; the move-in called off: the days are all there."""
    move_out(house, DAYS[0])
    wanted = (
        "SELECT count(*) FROM metering.profile p JOIN metering.batch b USING (batch) WHERE stored_index IS {}"
    )
    more = english(*day_rows(date(2023, 10, 27)))
    noor = house.customer("noor", "Noor")
    newcomer = {"person_id": str(noor.person_id), "from_day": "2023-10-27"}

    class Between:
        def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
            if command == "intake.stored":
                house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-27")
                house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **newcomer)
            return house.client.call(command, *rest, **arguments)

    engine = house.engine("intake")
    with pytest.raises(DoorRefusedError, match="a move was reported meanwhile"):
        take_in(read_export(more), Between(), house.intake_key, engine)  # type: ignore[arg-type]
    assert query(house, wanted.format("NULL")) == [(0,)]


def test_rows_that_nobody_can_read_take_no_place_of_days_that_come_back(
    house: TheHouse, lotte: Customer
) -> None:
    move_out(house, DAYS[0])  # vacant, and what comes in is the vacancy's
    engine = house.engine("intake")
    content = english(*(row for day in DAYS for row in day_rows(day)))

    class Dies:
        def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
            if command == "intake.stored":
                raise KeyboardInterrupt
            return house.client.call(command, *rest, **arguments)

    with pytest.raises(KeyboardInterrupt):
        take_in(read_export(content), Dies(), house.intake_key, engine)  # type: ignore[arg-type]
    noor = move_in(house, since=DAYS[0])
    house.ingest(content)
    assert len(own(noor)) == 96 + 100 + 96
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAYS[0].isoformat())
    readable = (
        "SELECT DISTINCT p.day FROM metering.profile p JOIN metering.batch b USING (batch)"
        " WHERE b.stored_index IS NOT NULL ORDER BY p.day"
    )
    assert [day for (day,) in query(house, readable)] == list(DAYS)
    assert len(own(move_in(house, "sam", DAYS[0]))) == 96 + 100 + 96


def test_rows_of_a_file_that_broke_off_go_after_a_day(house: TheHouse, lotte: Customer) -> None:
    engine = house.engine("intake")

    class Dies:
        def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
            if command == "intake.stored":
                raise KeyboardInterrupt
            return house.client.call(command, *rest, **arguments)

    with pytest.raises(KeyboardInterrupt):
        take_in(read_export(english(*day_rows(DAYS[0]))), Dies(), house.intake_key, engine)  # type: ignore[arg-type]
    other = english(*day_rows(DAYS[2]))
    for hours, left in ((23, 1), (2, 0)):
        house.clock.advance(timedelta(hours=hours))
        house.ingest(other)
        days = query(house, "SELECT count(*) FROM metering.profile WHERE day = %s", DAYS[0])
        assert days == [(left,)]


@pytest.mark.parametrize("column", ["channel", "total_sealed"])
def test_a_row_that_does_not_open_holds_no_move_up(house: TheHouse, measured: Customer, column: str) -> None:
    before = own(measured)
    execute(
        house,
        f"UPDATE metering.profile SET {column} = decode(repeat('00', length({column})), 'hex')"
        " WHERE day = '2023-10-28'",
    )
    move_out(house)
    noor = move_in(house)
    assert own(measured) == []
    assert own(noor) == before[96:]
