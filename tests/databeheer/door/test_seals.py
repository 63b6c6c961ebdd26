"""The seals: a row opens at its own point, channel, day and version, whole, for what was granted, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from databeheer.access import catalogue
from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.door.facts.of_requests import read_facts
from databeheer.door.keys import seals
from databeheer.door.reads import opening
from databeheer.metering.opening import unseal_profile
from databeheer.metering.profile import pack, unpack
from databeheer.metering.sealing import Coordinates, coordinates_of_before, seal, seal_profile
from databeheer.metering.totals import DayTotal, pack_total, unpack_total
from databeheer.values import Period, parse_instant
from tests.conftest import MARIAS_EAN
from tests.databeheer.door.conftest import DAYS
from tests.databeheer.metering.builders import METER, Row, day_rows, english
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

WHOLE = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-30T23:00:00Z"}
INJECTION = Row(register="Injection Day")
MARIA = Row(ean=f'="{MARIAS_EAN}"', meter="2SAG9990000003")


def own(customer: Customer, granularity: str = "quarter_hour", **changes: Any) -> dict[str, Any]:
    wish = {"occupancy_id": customer.occupancy(), "granularity": granularity, **WHOLE}
    return customer.call("readings.read", **(wish | changes))


def values(answer: dict[str, Any], channel: int = 0) -> list[int | None]:
    return [slot["value"] for slot in slots_in(answer["channels"][channel])]


def opens_only(customer: Customer, days: Iterable[date], granularity: str = "quarter_hour") -> None:
    """Values come of these days and of no other; where totals are asked, the others are holes that show."""
    slots = [slot for channel in own(customer, granularity)["channels"] for slot in slots_in(channel)]
    valued = {day_of(parse_instant(slot["start"])) for slot in slots if slot["value"] is not None}
    assert valued == set(days)
    for slot in slots:
        if slot["value"] is None:
            assert granularity in ("day", "month")
            assert slot["missing"] in (92, 96, 100)


def set_part(house: TheHouse, part: str, content: bytes, day: date, version: int = 1) -> None:
    changed = execute(
        house,
        f"UPDATE metering.profile SET {part} = %s WHERE day = %s AND version = %s",
        content,
        day,
        version,
    )
    assert changed == 1


def part_of(house: TheHouse, part: str, day: date, version: int = 1) -> bytes:
    [row] = query(house, f"SELECT {part} FROM metering.profile WHERE day = %s AND version = %s", day, version)
    return bytes(row[0])


@pytest.mark.parametrize("place", ["the nonce", "the middle", "the tag"])
@pytest.mark.parametrize(
    ("part", "granularity"), [("values_sealed", "quarter_hour"), ("total_sealed", "day")]
)
def test_a_flipped_bit_does_not_open(
    house: TheHouse, measured: Customer, part: str, granularity: str, place: str
) -> None:
    assert own(measured, granularity)["channels"]
    sealed = bytearray(part_of(house, part, DAYS[1]))
    sealed[{"the nonce": 0, "the middle": len(sealed) // 2, "the tag": -1}[place]] ^= 1
    set_part(house, part, bytes(sealed), DAYS[1])
    opens_only(measured, (DAYS[0], DAYS[2]), granularity)
    assert house.client.call("ping") == {}


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 23, b"\0" * 24, b"\0" * 40, b"\0" * 264])
def test_garbage_in_the_place_of_a_profile_hinders_no_other_day(
    house: TheHouse, measured: Customer, content: bytes
) -> None:
    for part in ("values_sealed", "total_sealed"):
        set_part(house, part, content, DAYS[1])
    with capture_logs() as lines:
        opens_only(measured, (DAYS[0], DAYS[2]))
        opens_only(measured, (DAYS[0], DAYS[2]), "day")
    told = {"event": "a stored value does not open", "log_level": "error", "error": "SealError"}
    assert lines == [told | {"part": "values"}, told | {"part": "total"}]  # and no word of whose


def test_rows_sealed_before_with_a_nonce_of_their_own_open_too(house: TheHouse, measured: Customer) -> None:
    root = house.house.readings_root(UUID(measured.occupancy()))
    before = [own(measured, finest)["channels"] for finest in ("quarter_hour", "day")]
    for day in DAYS:
        [(pseudonym, channel, mark)] = query(
            house, "SELECT pseudonym, channel, fingerprint FROM metering.profile WHERE day = %s", day
        )
        where = Coordinates(bytes(pseudonym), bytes(channel), day, 1)
        for part, size in (("values", 224), ("total", 96)):
            key = seals.profile_key(root, part, bytes(channel), day, 1)
            plain = unseal_profile(key, part_of(house, f"{part}_sealed", day), bytes(mark), where, part)
            plain = pack(unpack(plain), minimum=size) if part == "values" else as_before(unpack_total(plain))
            set_part(house, f"{part}_sealed", seal(key, plain, coordinates_of_before(where, part)), day)
            assert len(part_of(house, f"{part}_sealed", day)) == size + 40
    assert [own(measured, finest)["channels"] for finest in ("quarter_hour", "day")] == before


def as_before(total: DayTotal) -> bytes:
    """The 96 bytes of totals as they were always written before."""
    short = pack_total(total)
    head, sums = bytes((1,)) + short[1:14], short[14:]
    registers = b"".join(
        sums[at : at + 1] + b"\0\0\0" + sums[at + 1 : at + 6] for at in range(0, short[13] * 6, 6)
    )
    return (head + registers).ljust(96, b"\0")


@pytest.mark.parametrize("plain", [b"", b"\0" * 32, b"\0" * 96, b"\xff" * 96, b"\0" * 188])
def test_nonsense_under_the_right_key_hinders_no_other_day(
    house: TheHouse, measured: Customer, plain: bytes
) -> None:
    """Intake has the keys of the rows it writes: what it seals there need not be a profile."""
    root = house.house.readings_root(UUID(measured.occupancy()))
    [(pseudonym, channel, mark)] = query(
        house, "SELECT pseudonym, channel, fingerprint FROM metering.profile WHERE day = %s", DAYS[1]
    )
    where = Coordinates(bytes(pseudonym), bytes(channel), DAYS[1], 1)
    for part in ("values", "total"):
        key = seals.profile_key(root, part, bytes(channel), DAYS[1], 1)
        set_part(house, f"{part}_sealed", seal_profile(key, plain, bytes(mark), where, part), DAYS[1])
    opens_only(measured, (DAYS[0], DAYS[2]))
    opens_only(measured, (DAYS[0], DAYS[2]), "day")


def test_a_month_with_a_day_that_does_not_open_says_that_it_lacks_it(
    house: TheHouse, measured: Customer
) -> None:
    set_part(house, "total_sealed", b"", DAYS[1])
    october = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"}
    [slot] = slots_in(own(measured, "month", **october)["channels"][0])
    assert (slot["value"], slot["missing"]) == (2 * sum(range(1, 97)), 100)


@pytest.mark.parametrize(
    ("part", "granularity"), [("values_sealed", "quarter_hour"), ("total_sealed", "day")]
)
def test_a_row_copied_to_another_day_does_not_open(
    house: TheHouse, measured: Customer, part: str, granularity: str
) -> None:
    set_part(house, part, part_of(house, part, DAYS[0]), DAYS[2])
    opens_only(measured, DAYS[:2], granularity)


@pytest.mark.parametrize(
    ("part", "granularity"), [("values_sealed", "quarter_hour"), ("total_sealed", "day")]
)
def test_a_row_copied_to_another_version_does_not_open(
    house: TheHouse, measured: Customer, part: str, granularity: str
) -> None:
    """An old version in the place of its correction."""
    house.ingest(english(*day_rows(DAYS[1], row=Row(state="Validated"))))
    set_part(house, part, part_of(house, part, DAYS[1], 1), DAYS[1], version=2)
    opens_only(measured, (DAYS[0], DAYS[2]), granularity)


@pytest.mark.parametrize(
    ("part", "granularity"), [("values_sealed", "quarter_hour"), ("total_sealed", "day")]
)
def test_a_row_copied_to_another_channel_does_not_open(
    house: TheHouse, lotte: Customer, part: str, granularity: str
) -> None:
    house.ingest(english(*day_rows(DAYS[0]), *day_rows(DAYS[0], row=INJECTION)))
    assert len(own(lotte, granularity)["channels"]) == 2
    rows = query(house, f"SELECT channel, {part} FROM metering.profile")
    for (channel, _), (_, content) in zip(rows, rows[::-1], strict=True):
        execute(house, f"UPDATE metering.profile SET {part} = %s WHERE channel = %s", content, channel)
    opens_only(lotte, (), granularity)


@pytest.mark.parametrize(
    ("part", "granularity"), [("values_sealed", "quarter_hour"), ("total_sealed", "day")]
)
def test_a_row_copied_to_another_point_does_not_open(
    house: TheHouse, measured: Customer, maria: Customer, part: str, granularity: str
) -> None:
    house.ingest(english(*day_rows(DAYS[0], row=MARIA)))
    assert own(maria, granularity)["channels"]
    rows = query(house, f"SELECT pseudonym, {part} FROM metering.profile WHERE day = %s", DAYS[0])
    for (pseudonym, _), (_, content) in zip(rows, rows[::-1], strict=True):
        execute(
            house,
            f"UPDATE metering.profile SET {part} = %s WHERE pseudonym = %s AND day = %s",
            content,
            pseudonym,
            DAYS[0],
        )
    opens_only(measured, DAYS[1:], granularity)
    opens_only(maria, (), granularity)


def test_a_whole_row_moved_under_another_points_name_is_never_its_own(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    """With pseudonym and channel of Maria's: who can write the database still cannot show her Lotte's values."""
    house.ingest(english(*day_rows(DAYS[0], row=MARIA)))
    [(pseudonym, channel)] = query(
        house,
        "SELECT pseudonym, channel FROM metering.profile GROUP BY 1, 2 HAVING count(*) = 1",
    )
    execute(
        house,
        "UPDATE metering.profile SET pseudonym = %s, channel = %s WHERE day = %s",
        pseudonym,
        channel,
        DAYS[1],
    )
    opens_only(maria, DAYS[:1])
    opens_only(measured, (DAYS[0], DAYS[2]))


def test_day_totals_open_without_the_quarter_hours_beneath(
    house: TheHouse, measured: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the quarter-hours gone, days read as before; and no key of theirs is so much as derived."""
    before = values(own(measured, "day"))
    assert before == [sum(range(1, 97)), sum(range(1, 101)), sum(range(1, 97))]
    execute(house, "UPDATE metering.profile SET values_sealed = '\\x00'")
    derived: list[str] = []

    def watched(root: bytes, part: str, *rest: Any) -> bytes:
        derived.append(part)
        return profile_key(root, part, *rest)

    profile_key = seals.profile_key
    monkeypatch.setattr(opening.seals, "profile_key", watched)
    assert values(own(measured, "day")) == before
    assert own(measured, "month", **{"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"})[
        "channels"
    ]
    assert set(derived) == {"total"}
    opens_only(measured, ())


def test_totals_and_values_have_keys_of_their_own(house: TheHouse, measured: Customer) -> None:
    root = house.house.readings_root(UUID(measured.occupancy()))
    keys = {
        seals.profile_key(root, part, channel, day, version)
        for part in ("values", "total")
        for channel in (b"\0" * 8, b"\1" * 8)
        for day in DAYS
        for version in (1, 2, 256)
    }
    assert len(keys) == 2 * 2 * 3 * 3


def test_quarter_hours_open_without_the_totals_beside(house: TheHouse, measured: Customer) -> None:
    execute(house, "UPDATE metering.profile SET total_sealed = '\\x00'")
    assert len(values(own(measured))) == 96 + 100 + 96


@pytest.mark.requirement("R63")
@pytest.mark.parametrize("granularity", ["quarter_hour", "hour", "day", "month"])
def test_values_that_were_not_validated_never_leave(
    house: TheHouse, lotte: Customer, bram: Party, granularity: str
) -> None:
    rows = day_rows(DAYS[0])
    rows[40] = rows[40].but(volume="987,654", state="Not validated")
    house.ingest(english(*rows, *day_rows(DAYS[2])))
    asked = bram.ask(purpose="energy_monitoring")
    lotte.grant(asked)
    whole = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": granularity}
    for answer in (own(lotte, **whole), bram.read(asked["permission_id"], **whole)):
        given = [value for value in values(answer) if value is not None]
        assert max(given, default=0) < 987_654
        slots = slots_in(answer["channels"][0])
        assert sum(slot["missing"] for slot in slots) >= 1  # a hole, not a smaller sum in silence
    if granularity == "quarter_hour":
        [hole] = [slot for slot in slots if slot["value"] is None]
        assert hole["state"] == "NVAL"
    if granularity == "day":
        assert values(answer) == [None, sum(range(1, 97))]


@pytest.mark.requirement("R62")
def test_the_validation_state_travels_with_each_value(house: TheHouse, lotte: Customer) -> None:
    states = ["Read", "Estimated", "Validated"] * 32
    rows = [row.but(state=state) for row, state in zip(day_rows(DAYS[0]), states, strict=True)]
    house.ingest(english(*rows))
    found = slots_in(own(lotte)["channels"][0])
    assert {slot["state"] for slot in found} == {"READ", "EST", "VAL"}


def test_an_estimate_never_reaches_the_supplier(house: TheHouse, lotte: Customer, erik: Party) -> None:
    rows = day_rows(DAYS[0])
    rows[5] = rows[5].but(state="Estimated")
    house.ingest(english(*rows))
    house.operator(
        "registry.supply.accept", ean="541448899990000039", party_id=erik.party_id, from_day="2023-01-01"
    )
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    [slot] = slots_in(erik.read(ean="541448899990000039", **month)["channels"][0])
    assert slot["value"] is None
    assert slot["missing"] >= 1


def test_only_the_asked_period_and_direction_leave(house: TheHouse, lotte: Customer, bram: Party) -> None:
    house.ingest(english(*day_rows(DAYS[0]), *day_rows(DAYS[0], row=INJECTION)))
    asked = bram.ask(directions=["offtake"])
    lotte.grant(asked)
    hour = {"from": "2023-10-28T10:00:00Z", "until": "2023-10-28T11:00:00Z"}
    answer = bram.read(asked["permission_id"], directions=["offtake"], **hour)
    [channel] = answer["channels"]
    assert channel["direction"] == "offtake"
    assert [slot["start"][11:16] for slot in slots_in(channel)] == ["10:00", "10:15", "10:30", "10:45"]
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(asked["permission_id"], directions=["offtake", "injection"], **hour)
    assert refused.value.reason == "direction_not_granted"


def test_the_meter_number_is_opened_for_who_may_read_it(measured: Customer) -> None:
    assert own(measured)["channels"][0]["meter"] == METER


# ---- versions -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R67")
def test_a_correction_is_a_new_version_and_the_original_is_kept(house: TheHouse, measured: Customer) -> None:
    before = values(own(measured))
    rows = day_rows(DAYS[1])
    rows[0] = rows[0].but(volume="5,000")
    report = house.ingest(english(*rows))
    assert (report.new_days, report.corrected_days, report.unchanged_days) == (0, 1, 0)
    after = values(own(measured))
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert 5000 in after
    assert query(house, "SELECT version FROM metering.profile WHERE day = %s ORDER BY 1", DAYS[1]) == [
        (1,),
        (2,),
    ]


def test_what_was_handed_over_is_found_again_from_the_entry_alone(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """A read as of an entry sees the versions stored before it, whatever came since."""
    given = bram.read(granted["permission_id"])
    rows = day_rows(DAYS[1])
    rows[0] = rows[0].but(volume="5,000")
    house.ingest(english(*rows))
    root = house.house.readings_root(UUID(measured.occupancy()))
    [handle] = {bytes(row[0]) for row in query(house, "SELECT DISTINCT channel FROM metering.profile")}
    assert handle in _handles(house, root)
    then = _as_of(house, measured, given["index"])
    now = _as_of(house, measured, query(house, "SELECT size FROM ledger.head")[0][0])
    assert then == values(given)
    assert now != then
    assert 5000 in now


def _handles(house: TheHouse, root: bytes) -> set[bytes]:
    meters = query(house, "SELECT meter_id, direction, unit FROM registry.channel")
    return {seals.channel_handle(root, meter, direction, unit) for meter, direction, unit in meters}


def _as_of(house: TheHouse, customer: Customer, index: int) -> list[int]:
    states = catalogue.load().row("own").states
    period = Period(parse_instant("2023-10-28T22:00:00Z"), parse_instant("2023-10-29T23:00:00Z"))
    [point_id] = [row[0] for row in query(house, "SELECT access_point_id FROM registry.access_point")]
    with house.house.engine.connect() as connection:
        book = read_facts(connection, house.clock.now(), points=[point_id], permissions=[], parties=[])
    home = UUID(customer.occupancy())
    stretch = opening.Stretch(home, home, period, states, book.points[point_id].channels)
    [(_, _, pieces)] = opening.open_pieces(house.house, [stretch], index)
    return [value for piece in pieces for value in piece.values.tolist()]
