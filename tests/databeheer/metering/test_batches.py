"""The head-end's batches: whole or not at all, once, and a report that says which rows are wrong and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from databeheer.brussels import slots_in_day
from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.batches.reading import COLUMNS
from databeheer.metering.batches.report import BatchReport, as_text
from databeheer.metering.batches.taking import take_batch
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.counts import examples
from tests.databases import Databases
from tests.databeheer.metering.head_end import TYPES, Sent, profile, write_table
from tests.doors import execute, query
from tests.house import Customer, TheHouse, open_house
from tests.series import slots_in

DAY = date(2024, 6, 3)
LOTTES, MARIAS = "1SAG0000000001", "1SAG0000000002"
METERS = {LOTTES: LOTTES_EAN, MARIAS: MARIAS_EAN}
TABLES = ("metering.profile", "ledger.entry", "registry.channel")


@pytest.fixture
@setting_up
def metered(house: TheHouse, lotte: Customer, maria: Customer) -> TheHouse:
    """Both homes have a digital meter."""
    return with_meters(house)


def with_meters(house: TheHouse) -> TheHouse:
    for meter, ean in METERS.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    return house


Take = Callable[..., BatchReport]


@pytest.fixture
def take(metered: TheHouse, tmp_path: Path) -> Take:
    """Take a batch of these rows in."""
    return taking(metered, tmp_path)


def taking(house: TheHouse, place: Path) -> Take:
    engine = house.engine("intake")

    def taken(*rows: dict[str, Any], door: Any = None, types: Any = None, **changes: Any) -> BatchReport:
        batch = changes.pop("batch", "one")
        folder = Sent(list(rows), batch, changes).write(place / "sent", **(types or {}))
        return take_batch(folder, door or house.client, house.intake_key, engine, house.clock)

    return taken


@pytest.fixture(scope="module")
def refusing(databases: Databases) -> Iterator[TheHouse]:
    """A house like `metered` that many a refusal leaves as it was; nothing is stored there as batch "one"."""
    with databases.clone() as database, open_house(database) as house:
        for name, ean in (("lotte", LOTTES_EAN), ("maria", MARIAS_EAN)):
            house.point(ean, house.customer(name, name.capitalize()))
        yield with_meters(house)


@pytest.fixture(scope="module")
def refuse(refusing: TheHouse, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """Take a batch in where it should be refused."""
    return taking(refusing, tmp_path_factory.mktemp("refused"))


def own(
    customer: Customer, day: date = DAY, granularity: str = "quarter_hour"
) -> list[tuple[int | None, str]]:
    """What a customer reads of a day: values with their states."""
    start = f"{(day - timedelta(days=1)).isoformat()}T22:00:00Z"
    answer = customer.call(
        "readings.read",
        occupancy_id=customer.occupancy(),
        granularity=granularity,
        **{"from": start, "until": f"{day.isoformat()}T22:00:00Z"},
    )
    return [(slot["value"], slot["state"]) for one in answer["channels"] for slot in slots_in(one)]


def rows_of(house: TheHouse, *tables: str) -> dict[str, list[Any]]:
    return {table: query(house, f"SELECT one.* FROM {table} one ORDER BY one") for table in tables or TABLES}


def told(report: BatchReport) -> dict[str, list[int]]:
    """The problems of a report with their rows."""
    return {one["code"]: one["rows"] for one in report.members()["row_problems"]}


@pytest.mark.requirement("R135")
def test_a_batch_of_devices_is_what_their_people_read(take: Take, lotte: Customer, maria: Customer) -> None:
    report = take(profile(LOTTES, DAY), profile(MARIAS, DAY, [7] * 96))
    assert (report.outcome, report.new) == ("stored", 2)
    assert own(lotte) == [(value, "VAL") for value in range(1, 97)]
    assert own(maria) == [(7, "VAL")] * 96
    assert [value for value, _ in own(lotte, granularity="day")] == [sum(range(97))]


def test_its_opening_and_its_storing_are_in_the_ledger_and_tie_it_to_nobody(
    metered: TheHouse, take: Take
) -> None:
    before = query(metered, "SELECT size FROM ledger.head")[0][0]
    report = take(profile(LOTTES, DAY))
    events = query(
        metered, "SELECT event, key_sealed FROM ledger.body WHERE index >= %s ORDER BY index", before
    )
    assert events == [("readings.opened", None), ("readings.stored", None)]
    assert report.ledger_index == before + 1
    assert query(metered, "SELECT count(*) FROM ledger.statement WHERE index >= %s", before) == [(0,)]


@pytest.mark.requirement("R61")
def test_what_is_missing_is_estimated_and_what_is_wrong_is_not_read(take: Take, lotte: Customer) -> None:
    values: list[Any] = [100] * 96
    values[10], values[50] = None, -5
    report = take(profile(LOTTES, DAY, values, register_end=1_000_000 + 9_600))
    assert report.outcome == "stored"
    read = own(lotte)
    assert read[10] == read[50] == (100, "EST")
    assert {one for place, one in enumerate(read) if place not in (10, 50)} == {(100, "READ")}
    assert report.validation is not None
    assert {"missing", "negative"} <= {one.slug for one in report.validation.profiles}


@pytest.mark.requirement("R58")
def test_the_days_use_is_the_difference_of_its_register(take: Take, lotte: Customer) -> None:
    register = {"values": [], "slot_minutes": 1440, "register_digits": 6}
    rolled = register | {"register_begin": 999_995_000, "register_end": 2_500}
    report = take(
        profile(LOTTES, DAY, **register | {"register_begin": 5_000, "register_end": 12_500}),
        profile(LOTTES, DAY + timedelta(days=1), **rolled),
    )
    assert (report.outcome, report.new) == ("stored", 2)
    assert [value for value, _ in own(lotte, granularity="day")] == [7_500]
    assert [value for value, _ in own(lotte, DAY + timedelta(days=1), "day")] == [7_500]
    assert own(lotte) == []


@pytest.mark.parametrize("day", [date(2024, 3, 31), date(2023, 10, 29)], ids=["92", "100"])
def test_days_on_which_the_clock_changes_are_whole(metered: TheHouse, take: Take, day: date) -> None:
    assert take(profile(LOTTES, day)).outcome == "stored"
    assert slots_in_day(day) in (92, 100)
    assert take(profile(LOTTES, day, [1] * 96), batch="two").outcome == "refused"


def test_the_tariff_tells_the_registers_apart(take: Take, lotte: Customer) -> None:
    take(profile(LOTTES, DAY, [1] * 96, tariff="dual"))
    answer = lotte.call(
        "readings.read",
        occupancy_id=lotte.occupancy(),
        granularity="day",
        **{"from": "2024-06-02T22:00:00Z", "until": "2024-06-03T22:00:00Z"},
    )
    [channel] = answer["channels"]
    assert {slot["register"]: slot["value"] for slot in slots_in(channel)} == {"day": 60, "night": 36}


def test_the_example_of_the_page_is_taken_in_as_it_stands(
    metered: TheHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lotte: Customer, maria: Customer
) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "head-end-batch.md"
    example = page.read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "the example", "exec"), {})
    report = take_batch(
        tmp_path / "batch", metered.client, metered.intake_key, metered.engine("intake"), metered.clock
    )
    assert (report.outcome, report.new) == ("stored", 2)
    assert [value for value, _ in own(lotte, granularity="day")] == [7_520, 2_520]
    assert own(maria) == [(120, "VAL")] * 96


# ---- the same once more -------------------------------------------------------------------------------------


def test_the_same_batch_twice_is_no_change(metered: TheHouse, take: Take) -> None:
    first = take(profile(LOTTES, DAY))
    before = rows_of(metered)
    again = take(profile(LOTTES, DAY))
    assert (again.outcome, again.ledger_index) == ("no-change", first.ledger_index)
    assert rows_of(metered) == before


def test_other_content_under_the_number_of_a_stored_batch_is_refused(metered: TheHouse, take: Take) -> None:
    take(profile(LOTTES, DAY))
    before = rows_of(metered)
    report = take(profile(LOTTES, DAY, [5] * 96))
    assert (report.outcome, report.problem) == ("refused", "other-content")
    assert rows_of(metered) == before


def test_a_correction_is_a_new_version_and_the_same_in_another_batch_is_none(
    metered: TheHouse, take: Take, lotte: Customer
) -> None:
    take(profile(LOTTES, DAY), profile(MARIAS, DAY))
    report = take(profile(LOTTES, DAY, [9] * 96), profile(MARIAS, DAY), batch="two")
    assert (report.new, report.corrected, report.unchanged) == (0, 1, 1)
    assert {value for value, _ in own(lotte)} == {9}
    assert query(metered, "SELECT version, count(*) FROM metering.profile GROUP BY 1 ORDER BY 1") == [
        (1, 2),
        (2, 1),
    ]


def test_a_day_total_never_takes_the_place_of_quarter_hours(take: Take, lotte: Customer) -> None:
    take(profile(LOTTES, DAY))
    total = profile(LOTTES, DAY, [], slot_minutes=1440, register_begin=0, register_end=10)
    assert take(total, batch="two").kept == 1
    assert len(own(lotte)) == 96


# ---- refused, with a report ---------------------------------------------------------------------------------

WRONG_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown device": (profile("1SAG0000000099", DAY), "unknown-device"),
    "an EAN for a device": (profile(LOTTES_EAN, DAY), "bad-device"),
    "ten megabytes in one field": (profile("1" * 10_000_000, DAY), "bad-device"),
    "97 values": (profile(LOTTES, DAY, [1] * 97), "wrong-slot-count"),
    "95 values": (profile(LOTTES, DAY, [1] * 95), "wrong-slot-count"),
    "no values": (profile(LOTTES, DAY, []), "wrong-slot-count"),
    "beyond all": (profile(LOTTES, DAY, [10**15 + 1] + [1] * 95), "number-too-large"),
    "least of all": (profile(LOTTES, DAY, [-(2**63)] + [1] * 95), "number-too-large"),
    "thirty minutes": (profile(LOTTES, DAY) | {"slot_minutes": 30}, "bad-slot-minutes"),
    "no direction": (profile(LOTTES, DAY) | {"direction": None}, "nothing-in-field"),
    "another direction": (profile(LOTTES, DAY) | {"direction": "sideways"}, "bad-direction"),
    "another unit": (profile(LOTTES, DAY) | {"unit": "MWh"}, "bad-unit"),
    "gas where there is none": (profile(LOTTES, DAY) | {"unit": "m3"}, "wrong-commodity"),
    "another tariff": (profile(LOTTES, DAY) | {"tariff": "peak"}, "bad-tariff"),
    "an unknown state": (profile(LOTTES, DAY) | {"states": [7] * 96}, "bad-state"),
    "a value though nothing": (profile(LOTTES, DAY) | {"states": [0] * 96}, "bad-state"),
    "a state too few": (profile(LOTTES, DAY) | {"states": [1] * 95}, "bad-state"),
    "a register that goes back": (
        profile(LOTTES, DAY, [], slot_minutes=1440, register_begin=9_000, register_end=5_000),
        "no-consumption",
    ),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_one_wrong_row_refuses_the_batch_and_the_report_says_which(
    refusing: TheHouse, refuse: Take, name: str
) -> None:
    row, code = WRONG_ROWS[name]
    batch, other = name.replace(" ", "-"), [*WRONG_ROWS].index(name) + 1
    before = rows_of(refusing, "metering.profile")
    report = refuse(profile(MARIAS, DAY), row, batch=batch)
    assert (report.outcome, report.problem) == ("refused", "bad-rows")
    assert told(report) == {code: [2]}
    assert rows_of(refusing, "metering.profile") == before
    text = as_text(report.members()) + report.to_json()
    assert "1SAG" not in text
    assert LOTTES_EAN not in text
    assert len(text) < 10_000
    free = refuse(profile(MARIAS, DAY, [other] * 96), batch=batch)  # the number is
    assert free.outcome == "stored"


def test_a_row_twice_and_days_that_go_backwards_are_refused(take: Take) -> None:
    later = profile(LOTTES, DAY + timedelta(days=1))
    report = take(later, profile(LOTTES, DAY), profile(MARIAS, DAY), profile(MARIAS, DAY))
    assert told(report) == {"duplicate": [4], "out-of-order": [2]}


def test_all_rows_that_are_wrong_are_told_at_once(take: Take) -> None:
    unknown = [profile(f"1SAG00000001{n:02}", DAY) for n in range(12)]
    report = take(profile(LOTTES, DAY), *unknown)
    assert told(report) == {"unknown-device": list(range(2, 14))}
    assert "12 rows, the first 2, 3, 4, 5, 6, 7, 8, 9, 10, 11:" in as_text(report.members())


def test_registers_that_are_not_there_are_told_as_such(take: Take) -> None:
    row = profile(LOTTES, DAY, [], slot_minutes=1440, register_begin=None, register_end=None)
    text = as_text(take(row, profile(MARIAS, DAY)).members())
    assert "no-consumption: row 1: registers at both midnights are needed" in text


def test_a_meter_that_was_taken_away_and_one_at_two_points_are_refused(metered: TheHouse, take: Take) -> None:
    metered.operator("registry.meter.remove", ean=LOTTES_EAN, meter=LOTTES, removed_on=DAY.isoformat())
    metered.operator("registry.meter.install", ean=LOTTES_EAN, meter=MARIAS, digital=True)
    report = take(profile(LOTTES, DAY), profile(MARIAS, DAY))
    assert told(report) == {"device-at-two-points": [2], "device-not-there-then": [1]}
    assert take(profile(LOTTES, DAY - timedelta(days=1)), batch="before").outcome == "stored"


@pytest.mark.requirement("R136")
def test_a_meter_of_another_grid_operator_is_unknown_whatever_the_manifest_says(
    metered: TheHouse, take: Take, lotte: Customer
) -> None:
    metered.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    report = take(profile(LOTTES, DAY), operator=2)
    assert told(report) == {"unknown-device": [1]}
    assert rows_of(metered, "metering.profile") == {"metering.profile": []}
    assert take(profile(LOTTES, DAY)).outcome == "stored"


@pytest.mark.requirement("R59")
def test_quarter_hours_where_nobody_asked_for_them_are_refused(take: Take, metered: TheHouse) -> None:
    execute(metered, "UPDATE registry.occupancy SET interval_reading = false")
    assert told(take(profile(LOTTES, DAY))) == {"intervals-not-read": [1]}
    day = profile(LOTTES, DAY, [], slot_minutes=1440, register_begin=0, register_end=10)
    assert take(day, batch="registers").outcome == "stored"


def test_a_billion_kilowatt_hours_are_not_read_as_valid(take: Take, lotte: Customer) -> None:
    report = take(profile(LOTTES, DAY, [10**12] + [1] * 95, register_begin=None, register_end=None))
    assert report.outcome == "stored"
    assert own(lotte)[0][0] is None


def test_days_that_are_not_over_are_refused(take: Take, metered: TheHouse) -> None:
    today = metered.clock.now().date() + timedelta(days=1)
    report = take(profile(LOTTES, today))
    assert (report.problem, report.detail) == ("refused-by-the-door", "a batch is of days that are over")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": "00" * 32}, "wrong-checksum"),
        ({"rows": 2}, "wrong-row-count"),
        ({"rows": 0}, "manifest-wrong"),
        ({"rows": True}, "manifest-wrong"),
        ({"format": 2}, "manifest-wrong"),
        ({"batch": "../etc"}, "manifest-wrong"),
        ({"batch": LOTTES_EAN}, "manifest-wrong"),
        ({"ean": "x"}, "manifest-wrong"),
        ({"data": "../profiles.parquet"}, "manifest-wrong"),
        ({"data": "other.parquet"}, "data-missing"),
        ({"grade": "good"}, "manifest-wrong"),
        ({"first_day": "2024-06-05"}, "manifest-wrong"),
        ({"first_day": "2020-01-01"}, "manifest-wrong"),
        ({"first_day": "2024-06-01", "last_day": "2024-06-02"}, "bad-rows"),
        ({"operator": 77}, "refused-by-the-door"),
    ],
    ids=str,
)
def test_a_manifest_that_is_wrong_is_refused(
    refusing: TheHouse, refuse: Take, changes: dict[str, Any], problem: str
) -> None:
    before = rows_of(refusing, "metering.profile")
    report = refuse(profile(LOTTES, DAY), **changes)
    assert (report.outcome, report.problem) == ("refused", problem)
    assert rows_of(refusing, "metering.profile") == before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"created_at": "2024-06-04 03:12"},
            "created_at is not written as it should be: 2024-06-04T03:12:00Z",
        ),
        ({"first_day": "3/6/2024"}, "first_day is not written as it should be: 2024-06-03"),
        ({"grade": "BILLING"}, "grade is not written as it should be: billing or informative"),
        ({"rows": "1"}, "rows is of another kind: it is a whole number"),
        ({"last_day": "2024-06-01"}, "last_day lies before first_day"),
        ({"last_day": "2025-12-01"}, "it is of more than 366 days: send it in parts"),
        ({"sha256": "ABC"}, "sha256 is not 64 hexadecimal digits in lower case"),
        ({"ean": "x"}, "there are 1 members that this format does not have; it has format, batch, sender,"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_manifest_is_named_with_how_it_is_written(
    refuse: Take, changes: dict[str, Any], told: str
) -> None:
    assert refuse(profile(LOTTES, DAY), **changes).detail.startswith(told)


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ({"register_begin": pa.float64()}, "register_begin is a signed integer; in the data it is double"),
        ({"day": pa.string()}, "day is date32; in the data it is string"),
        (
            {"values": pa.list_(pa.null())},
            "values is a list of signed integers; in the data it is a list of null",
        ),
        ({"tariff": pa.null()}, "tariff is string; in the data it is null: name the type"),
        ({"device": pa.struct([(LOTTES_EAN, pa.string())])}, "device is string; in the data it is nested"),
        (
            {"register_end": pa.list_(pa.int64())},
            "register_end is a signed integer; in the data it is a list of",
        ),
    ],
    ids=str,
)
def test_of_a_column_of_another_type_both_types_are_told(
    refuse: Take, types: dict[str, Any], told: str
) -> None:
    given = {name: None if name != "values" else [] for name in types}
    report = refuse(
        profile(LOTTES, DAY) | given | {"day": None if "day" in types else DAY},
        types=types,
        first_day="2024-06-03",
        last_day="2024-06-03",
    )
    assert report.problem == "wrong-type"
    assert told in report.detail
    assert LOTTES_EAN not in report.detail


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a":1,"a":2}', b"[" * 100_000, b"x" * 10_000_000], ids=len
)
def test_what_is_no_manifest_is_refused(refusing: TheHouse, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    house = refusing
    report = take_batch(tmp_path, house.client, house.intake_key, house.engine("intake"), house.clock)
    assert report.problem in ("manifest-unreadable", "manifest-wrong")


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        ({"values": pa.list_(pa.float64())}, "wrong-type"),
        ({"register_end": pa.float64()}, "wrong-type"),
        ({"device": pa.binary()}, "wrong-type"),
        ({"ean": pa.string()}, "unknown-column"),
        ({LOTTES_EAN: pa.string()}, "unknown-column"),
    ],
    ids=str,
)
def test_columns_and_types_that_the_format_does_not_have_are_refused(
    refuse: Take, types: dict[str, Any], problem: str
) -> None:
    row = profile(LOTTES, DAY, [float("nan")] * 96) if "values" in types else profile(LOTTES, DAY)
    assert refuse(row | {"device": b"1SAG" if "device" in types else LOTTES}, types=types).problem == problem


def test_a_missing_column_and_a_file_that_is_no_parquet_are_refused(
    metered: TheHouse, take: Take, tmp_path: Path
) -> None:
    table = pa.table({"device": [LOTTES], "day": pa.array([DAY], pa.date32())})
    engine = metered.engine("intake")

    def refused(folder: Path) -> str | None:
        report = take_batch(folder, metered.client, metered.intake_key, engine, metered.clock)
        return report.problem

    assert refused(write_table(tmp_path / "short", table)) == "missing-column"
    folder = Sent([profile(LOTTES, DAY)]).write(tmp_path / "cut")
    data = (folder / "profiles.parquet").read_bytes()
    for damaged in (b"", b"PAR1", data[:-20], data[:100] + data[200:]):
        (folder / "profiles.parquet").write_bytes(damaged)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["sha256"] = hashlib.sha256(damaged).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert refused(folder) == "not-parquet"


def test_a_batch_of_ten_gigabytes_is_refused_before_it_is_read(metered: TheHouse, tmp_path: Path) -> None:
    folder = Sent([profile(LOTTES, DAY)]).write(tmp_path)
    with (folder / "profiles.parquet").open("r+b") as file:
        file.truncate(10 * 1024**3)  # a hole: it takes no room
    report = take_batch(tmp_path, metered.client, metered.intake_key, metered.engine("intake"), metered.clock)
    assert report.problem == "too-large"


# ---- broken off, and at once --------------------------------------------------------------------------------


class _DiesBefore:
    """A door client whose process dies before (or right after) one command."""

    def __init__(self, client: DoorClient, command: str, *, after: bool = False) -> None:
        self._client, self._command, self._after = client, command, after

    def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
        if command == self._command and not self._after:
            raise DoorUnreachableError("killed")
        answer = self._client.call(command, *rest, **arguments)
        if command == self._command:
            raise DoorUnreachableError("killed")
        return answer

    def close(self) -> None:
        self._client.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("command", ["batch.begin", "batch.keys", "batch.stored"])
def test_a_batch_that_broke_off_is_taken_in_whole_the_next_time(
    metered: TheHouse, take: Take, lotte: Customer, command: str, after: bool
) -> None:
    rows = profile(LOTTES, DAY), profile(MARIAS, DAY)
    with pytest.raises(DoorUnreachableError):
        take(*rows, door=_DiesBefore(metered.client, command, after=after))
    is_whole = command == "batch.stored" and after
    assert len(own(lotte)) == (96 if is_whole else 0)
    assert take(*rows).outcome == ("no-change" if is_whole else "stored")
    assert len(own(lotte)) == 96
    assert query(metered, "SELECT count(*), count(DISTINCT pseudonym) FROM metering.profile") == [(2, 2)]


def test_a_full_disk_stores_nothing_and_the_next_attempt_all(metered: TheHouse, take: Take) -> None:
    execute(
        metered,
        "CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'full'; END $$;"
        " CREATE TRIGGER full_disk BEFORE INSERT ON metering.profile"
        " FOR EACH ROW EXECUTE FUNCTION public.full_disk()",
    )
    with pytest.raises(Exception, match="full"):
        take(profile(LOTTES, DAY))
    execute(metered, "DROP FUNCTION public.full_disk CASCADE")
    assert query(metered, "SELECT count(*) FROM metering.profile") == [(0,)]
    assert take(profile(LOTTES, DAY)).outcome == "stored"


class _Between:
    """A door client that does something before one command, or right after it."""

    def __init__(
        self, client: DoorClient, command: str, act: Callable[[], object], *, after: bool = False
    ) -> None:
        self._client, self._command, self._act, self._after = client, command, act, after

    def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
        if command == self._command and not self._after:
            self._act()
        answer = self._client.call(command, *rest, **arguments)
        if command == self._command and self._after:
            self._act()
        return answer

    def close(self) -> None:
        self._client.close()


def test_a_batch_that_broke_off_a_day_ago_leaves_no_rows_behind(metered: TheHouse, take: Take) -> None:
    with pytest.raises(DoorUnreachableError):
        take(profile(LOTTES, DAY), door=_DiesBefore(metered.client, "batch.stored"))
    rows = "SELECT count(*) FROM metering.profile"
    for hours, left in ((23, 1), (2, 0)):
        metered.clock.advance(timedelta(hours=hours))
        assert take(profile(MARIAS, DAY), batch=f"after-{hours}").outcome != "refused"
        assert query(metered, rows) == [(left + 1,)]


def test_of_the_same_batch_at_once_one_is_stored(metered: TheHouse, take: Take, lotte: Customer) -> None:
    row, done = profile(LOTTES, DAY), []
    door = _Between(metered.client, "batch.stored", lambda: done.append(take(row)))
    first = take(row, door=door)
    assert done[0].outcome == "stored"
    assert first.outcome == "refused"
    assert query(metered, "SELECT count(*) FROM metering.profile p JOIN metering.batch b USING (batch)") == [
        (1,)
    ]
    assert len(own(lotte)) == 96


def test_of_two_batches_with_the_same_days_at_once_the_second_is_told_to_come_again(
    metered: TheHouse, take: Take, lotte: Customer
) -> None:
    other = profile(LOTTES, DAY, [3] * 96)
    door = _Between(metered.client, "batch.keys", lambda: take(other, batch="two"), after=True)
    report = take(profile(LOTTES, DAY), door=door)
    assert (report.problem, report.detail) == (
        "refused-by-the-door",
        "another intake stored the same days meanwhile; take it in again",
    )
    assert {value for value, _ in own(lotte)} == {3}
    assert take(profile(LOTTES, DAY)).corrected == 1
    assert {value for value, _ in own(lotte)} == set(range(1, 97))


def test_a_move_that_is_reported_meanwhile_refuses_the_batch(
    metered: TheHouse, take: Take, maria: Customer
) -> None:
    rows = profile(LOTTES, DAY), profile(MARIAS, DAY)
    moved = _Between(
        metered.client,
        "batch.stored",
        lambda: metered.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAY.isoformat()),
    )
    report = take(*rows, door=moved)
    assert "move was reported" in report.detail
    assert query(metered, "SELECT count(*) FROM metering.profile") == [(0,)]
    assert told(take(*rows)) == {"intervals-not-read": [1]}  # a vacancy asked for none
    assert take(rows[1], profile(LOTTES, DAY, [], slot_minutes=1440)).outcome == "stored"
    assert query(metered, "SELECT count(*) FROM metering.changed_stay") == [(0,)]
    assert len(own(maria)) == 96


def test_a_move_that_re_seals_stored_days_meanwhile_refuses_the_batch_too(
    metered: TheHouse, take: Take, maria: Customer
) -> None:
    """With the rows that it re-seals, the move must not take those by which the batch would be refused."""
    assert take(profile(LOTTES, DAY), batch="before").outcome == "stored"
    moved = _Between(
        metered.client,
        "batch.stored",
        lambda: metered.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAY.isoformat()),
    )
    report = take(profile(LOTTES, DAY, [3] * 96), profile(MARIAS, DAY), door=moved)
    assert report.outcome == "refused"
    assert "move was reported" in report.detail
    assert own(maria) == []
    unreadable = (
        "SELECT count(*) FROM metering.profile JOIN metering.batch USING (batch) WHERE stored_index IS NULL"
    )
    assert query(metered, unreadable) == [(0,)]


def test_a_batch_that_was_opened_first_and_stored_last_is_the_older_version(
    metered: TheHouse, take: Take, lotte: Customer
) -> None:
    other = profile(LOTTES, DAY, [3] * 96)
    door = _Between(metered.client, "batch.stored", lambda: take(other, batch="two"))
    assert take(profile(LOTTES, DAY), door=door).outcome == "stored"
    assert {value for value, _ in own(lotte)} == {3}


def test_a_move_elsewhere_does_not(metered: TheHouse, take: Take) -> None:
    moved = _Between(
        metered.client,
        "batch.stored",
        lambda: metered.operator("registry.occupancy.end", ean=MARIAS_EAN, until_day=DAY.isoformat()),
    )
    assert take(profile(LOTTES, DAY), door=moved).outcome == "stored"
    assert query(metered, "SELECT count(*) FROM metering.changed_stay") == [(0,)]


@pytest.mark.parametrize("seed", range(examples(1, of=3)))
def test_batches_that_break_off_come_twice_and_correct_each_other_end_as_if_they_had_not(
    metered: TheHouse, take: Take, lotte: Customer, maria: Customer, seed: int
) -> None:
    random = Random(seed)
    people, days = {LOTTES: lotte, MARIAS: maria}, [DAY, DAY + timedelta(days=1)]
    expected: dict[tuple[str, date], int] = {}
    sent: list[tuple[str, list[dict[str, Any]]]] = []
    for number in range(5):
        chosen = random.sample([(meter, day) for meter in people for day in days], random.randint(1, 4))
        chosen.sort()
        values = {place: random.randint(1, 500) for place in chosen}
        rows = [profile(meter, day, [values[meter, day]] * 96) for meter, day in chosen]
        sent.append((f"batch-{number}", rows))
        for _ in range(random.randint(0, 2)):
            command = random.choice(("batch.begin", "batch.keys", "batch.stored"))
            with suppress(DoorUnreachableError):
                take(
                    *rows,
                    batch=sent[-1][0],
                    door=_DiesBefore(metered.client, command, after=random.random() < 0.5),
                )
        assert take(*rows, batch=sent[-1][0]).outcome in ("stored", "no-change")
        name, again = random.choice(sent)
        assert take(*again, batch=name).outcome == "no-change"
        expected |= values
    for (meter, day), value in expected.items():
        assert own(people[meter], day) == [(value, "VAL")] * 96
    unreadable = (
        "SELECT count(*) FROM metering.profile JOIN metering.batch USING (batch) WHERE stored_index IS NULL"
    )
    assert query(metered, unreadable) == [(0,)]


# ---- what intake's key is good for --------------------------------------------------------------------------


def test_keys_leave_for_the_days_and_rows_of_the_opening_only(metered: TheHouse) -> None:
    opened = metered.intake(
        "batch.begin",
        sender="s",
        sent_id="x",
        operator=1,
        grade="billing",
        sha256="00" * 32,
        rows=2,
        first_day=DAY.isoformat(),
        last_day=DAY.isoformat(),
    )["batch"]
    row, two = "AAAAAAE=", "AAAAAAEAAAEAAQ=="
    ask: dict[str, Any] = {"batch": opened, "day": DAY.isoformat(), "devices": LOTTES, "rows": row}
    for wrong in (
        {"day": (DAY + timedelta(days=1)).isoformat()},
        {"batch": opened + 1},
        {"rows": "AAAAAAEAAAAAAQ=="},
        {"rows": "AQAAAAE="},
        {"rows": "AAA="},
        {"devices": ""},
    ):
        with pytest.raises(DoorRefusedError) as refused:
            metered.intake("batch.keys", **ask | wrong)
        assert refused.value.code in {"conflict", "malformed-request"}
    assert metered.intake("batch.keys", **ask | {"rows": two})["problems"] == "AAA="
    with pytest.raises(DoorRefusedError, match="had its keys"):
        metered.intake("batch.keys", **ask)
    metered.intake("batch.give_up", batch=opened)
    with pytest.raises(DoorRefusedError, match="not open"):
        metered.intake("batch.stored", batch=opened, profiles=0)


def test_a_head_ends_batch_is_not_stored_as_a_file_is(metered: TheHouse, take: Take, lotte: Customer) -> None:
    opened: list[int] = []

    def store_as_file() -> None:
        [(batch,)] = query(metered, "SELECT max(batch) FROM metering.batch")
        opened.append(batch)
        metered.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAY.isoformat())
        with pytest.raises(DoorRefusedError, match="not open"):
            metered.intake("intake.stored", batch=batch, profiles=1)

    report = take(profile(LOTTES, DAY), door=_Between(metered.client, "batch.stored", store_as_file))
    assert "move was reported" in report.detail
    with pytest.raises(DoorRefusedError, match="not open"):  # given up now
        metered.intake("intake.stored", batch=opened[0], profiles=1)
    assert query(metered, "SELECT count(*) FROM metering.batch WHERE stored_index IS NOT NULL") == [(0,)]


def test_every_problem_has_a_remedy() -> None:
    assert all(problem.remedy and problem.slug for problem in RowProblem)
    assert set(TYPES) == set(COLUMNS)
