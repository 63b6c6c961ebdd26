"""Taking an export in: whole or not at all, twice the same is nothing new, a correction is a new version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from databeheer.brussels import day_of
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.errors import ConflictError, DatabeheerError
from databeheer.metering import intake
from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import read_export
from databeheer.metering.intake import FutureDaysError, IntakeReport, UnknownAccessPointError, take_in
from tests.commands import OPEN_TO_ALL, every_command
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.doors import execute, held, meanwhile, query, until
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

SATURDAY, SUNDAY = date(2023, 10, 28), date(2023, 10, 29)
WHOLE = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
MARIA = Row(ean=f'="{MARIAS_EAN}"', meter="2SAG9990000003")


def two_days() -> bytes:
    return english(*day_rows(SATURDAY), *day_rows(SUNDAY))


def corrected(slot: int = 0, volume: str = "5,000", day: date = SUNDAY) -> bytes:
    rows = day_rows(day)
    rows[slot] = rows[slot].but(volume=volume)
    return english(*rows)


def values(customer: Customer) -> list[int | None]:
    answer = customer.call("readings.read", occupancy_id=customer.occupancy(), **WHOLE)
    return [slot["value"] for channel in answer["channels"] for slot in slots_in(channel)]


def everything(house: TheHouse) -> dict[str, list[Any]]:
    """What an intake could have changed: rows, batches, entries, the registry."""
    return {
        table: query(house, f"SELECT one.* FROM {table} one ORDER BY one")
        for table in (
            "metering.profile",
            "metering.batch",
            "ledger.entry",
            "registry.access_point",
            "registry.meter",
            "registry.channel",
            "registry.occupancy",
        )
    }


def events(house: TheHouse) -> list[str]:
    return [row[0] for row in query(house, "SELECT event FROM ledger.body ORDER BY index")]


def counts(report: IntakeReport) -> tuple[int, int, int, int]:
    return report.new_days, report.corrected_days, report.unchanged_days, report.kept_days


def test_an_intake_is_in_the_ledger_before_and_after(house: TheHouse, lotte: Customer) -> None:
    before = len(events(house))
    report = house.ingest(two_days())
    assert counts(report) == (2, 0, 0, 0)
    assert events(house)[before:] == ["readings.opened", "readings.stored"]
    assert query(house, "SELECT stored_index FROM metering.batch") == [(report.ledger_index,)]
    assert len(values(lotte)) == 196


def test_the_same_file_twice_changes_nothing(house: TheHouse, lotte: Customer) -> None:
    house.ingest(two_days())
    before = everything(house)
    report = house.ingest(two_days())
    assert counts(report) == (0, 0, 2, 0)
    assert not report.changed
    assert report.ledger_index is None
    after = everything(house)
    for table in ("metering.profile", "registry.access_point", "registry.meter", "registry.channel"):
        assert after[table] == before[table]
    assert events(house)[len(before["ledger.entry"]) :] == [
        "readings.opened"
    ]  # keys were handed out: recorded
    assert after["metering.batch"][:-1] == before["metering.batch"]


def test_a_correction_makes_a_new_version_of_its_days_only(house: TheHouse, lotte: Customer) -> None:
    house.ingest(two_days())
    before = values(lotte)
    assert counts(house.ingest(corrected())) == (0, 1, 0, 0)
    assert query(house, "SELECT day, version FROM metering.profile ORDER BY 1, 2") == [
        (SATURDAY, 1),
        (SUNDAY, 1),
        (SUNDAY, 2),
    ]
    after = values(lotte)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_the_original_again_after_a_correction_is_a_correction_too(house: TheHouse, lotte: Customer) -> None:
    house.ingest(two_days())
    before = values(lotte)
    house.ingest(corrected())
    assert counts(house.ingest(two_days())) == (0, 1, 1, 0)
    assert values(lotte) == before


def test_another_validation_state_alone_is_a_correction(house: TheHouse, lotte: Customer) -> None:
    house.ingest(two_days())
    assert counts(house.ingest(english(*day_rows(SUNDAY, row=Row(state="Validated"))))) == (0, 1, 0, 0)


def test_a_channel_more_is_new_beside_the_other(house: TheHouse, lotte: Customer) -> None:
    house.ingest(two_days())
    assert counts(house.ingest(english(*day_rows(SATURDAY, row=Row(register="Injection Day"))))) == (
        1,
        0,
        0,
        0,
    )
    assert len(values(lotte)) == 196 + 96


def totals(day: date) -> bytes:
    """An export of day totals."""
    following = day + timedelta(days=1)
    return english(
        Row(
            begin=f"{day:%d/%m/%Y}",
            begin_time="00:00:00",
            end=f"{following:%d/%m/%Y}",
            end_time="00:00:00",
            volume="9,999",
        )
    )


def test_day_totals_never_take_the_place_of_quarter_hours(house: TheHouse, lotte: Customer) -> None:
    """The customer who downloads both kinds of export loses nothing by the order in which they come."""
    house.ingest(two_days())
    before = values(lotte)
    assert counts(house.ingest(totals(SUNDAY))) == (0, 0, 0, 1)
    assert values(lotte) == before


def test_quarter_hours_take_the_place_of_day_totals(house: TheHouse, lotte: Customer) -> None:
    house.ingest(totals(SUNDAY))
    assert values(lotte) == []
    assert counts(house.ingest(two_days())) == (1, 1, 0, 0)
    assert len(values(lotte)) == 196


# ---- refused ------------------------------------------------------------------------------------------------


def test_an_unknown_access_point_is_refused_and_nothing_stored(house: TheHouse, lotte: Customer) -> None:
    before = everything(house)
    with pytest.raises(UnknownAccessPointError):
        house.ingest(english(*day_rows(SATURDAY), *day_rows(SATURDAY, row=MARIA)))
    assert everything(house) == before


def test_with_register_it_becomes_a_vacancy_of_nobody(house: TheHouse, lotte: Customer) -> None:
    house.ingest(english(*day_rows(SATURDAY, row=MARIA)), register=True)
    [row] = query(
        house,
        "SELECT person_id, until_day FROM registry.occupancy WHERE person_id IS DISTINCT FROM %s",
        lotte.person_id,
    )[-1:]
    assert row == (None, None)
    assert query(house, "SELECT count(*) FROM metering.profile") == [(1,)]


@pytest.mark.requirement("R59")
@pytest.mark.parametrize("minutes", [15, 60])
def test_intervals_are_refused_where_nobody_asked_to_read_them(
    house: TheHouse, maria: Customer, minutes: int
) -> None:
    neighbour = house.customer("neighbour", "Jan Maes")
    house.point(LOTTES_EAN, neighbour, interval_reading=False)
    before = everything(house)
    with pytest.raises(DoorRefusedError) as refused:
        house.ingest(english(*day_rows(SATURDAY, minutes)))
    assert refused.value.code == "intervals-not-read"
    assert everything(house) == before
    assert counts(house.ingest(totals(SATURDAY))) == (1, 0, 0, 0)
    assert query(house, "SELECT values_sealed FROM metering.profile") == [(None,)]
    day = neighbour.call(
        "readings.read", occupancy_id=neighbour.occupancy(), **(WHOLE | {"granularity": "day"})
    )
    assert [slot["value"] for slot in slots_in(day["channels"][0])] == [9999]
    quarters = neighbour.call("readings.read", occupancy_id=neighbour.occupancy(), **WHOLE)
    assert quarters["channels"] == []


def test_a_file_that_says_gas_of_an_electricity_point_is_refused(house: TheHouse) -> None:
    neighbour = house.customer("neighbour", "Jan Maes")
    house.point(LOTTES_EAN, neighbour, commodity="gas")
    before = everything(house)
    with pytest.raises(DoorRefusedError) as refused:
        house.ingest(two_days())
    assert refused.value.code == "conflict"
    assert everything(house) == before


def test_a_file_that_does_not_parse_never_reaches_the_door(house: TheHouse, lotte: Customer) -> None:
    before = everything(house)
    with pytest.raises(IntakeError):
        house.ingest(two_days()[:-30])
    assert everything(house) == before


def test_without_intakes_key_nothing_is_taken_in(house: TheHouse, lotte: Customer) -> None:
    before = everything(house)
    for key in ("", "x", "0" * 43):
        with pytest.raises(DoorRefusedError) as refused:
            take_in(read_export(two_days()), house.client, key, house.engine("intake"))
        assert refused.value.code == "unauthenticated", key
    assert everything(house) == before


def test_the_operators_key_takes_nothing_in(house: TheHouse, lotte: Customer) -> None:
    arguments = every_command(lotte, lotte, house.party("X", "energy_service"), "")
    before = everything(house)
    own = (
        "intake.known",
        "intake.open",
        "intake.stored",
        "batch.begin",
        "batch.keys",
        "batch.stored",
        "batch.give_up",
    )
    for command in own:
        for proof in (
            Proof.operator(house.operator_key),
            Proof.intake(house.operator_key),
            Proof.operator(house.intake_key),
            Proof.session(lotte.session),
            Proof("none", ""),
        ):
            with pytest.raises(DoorRefusedError) as refused:
                house.client.call(command, proof, **arguments[command])
            assert refused.value.code == "unauthenticated"
    assert everything(house) == before


def test_intakes_key_gives_no_other_command(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    """Who steals it can neither make a client, nor look at anything."""
    asked = bram.ask()
    proof = Proof.intake(house.intake_key)
    size = query(house, "SELECT size FROM ledger.head")
    its_own = {"reading_plan.show", "reading_plan.rereads", "credit.take"}  # devices and days: no identities
    allowed = {*OPEN_TO_ALL, *its_own, "subscription.check"}
    for command, arguments in every_command(lotte, maria, bram, asked["permission_id"]).items():
        if command in allowed or command.startswith(("intake.", "batch.")):
            continue
        with pytest.raises(DoorRefusedError) as refused:
            pytest.fail(f"{command} gave {house.client.call(command, proof, **arguments)}")
        assert refused.value.code in {"unauthenticated", "malformed-request", "letter-code-unknown"}, command
    assert query(house, "SELECT size FROM ledger.head") == size


def test_days_that_are_still_to_come_are_refused_and_nothing_stored(house: TheHouse, lotte: Customer) -> None:
    house.clock.set(datetime(2023, 10, 29, 22, 59, 59, tzinfo=UTC))  # a second before midnight in Brussels
    lotte.session = house.log_in(lotte.subject, lotte.name)
    before = everything(house)
    for ahead in (1, 2, 365, 26_000):
        with pytest.raises(FutureDaysError, match="still to come"):
            house.ingest(english(*day_rows(SUNDAY), *day_rows(SUNDAY + timedelta(days=ahead))))
        assert everything(house) == before, ahead
    assert house.ingest(english(*day_rows(SUNDAY))).changed  # today itself is taken in
    house.clock.advance(timedelta(seconds=1))
    assert house.ingest(english(*day_rows(SUNDAY + timedelta(days=1)))).changed


def test_the_ledger_ties_no_occupancy_to_a_batch(house: TheHouse, lotte: Customer) -> None:
    """Handles last, pseudonyms are to be torn off: who holds the whole database must not join the two."""
    before = query(house, "SELECT size FROM ledger.head")[0][0]
    house.ingest(two_days())
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE index >= %s", before) == [(0,)]
    assert query(house, "SELECT DISTINCT key_sealed FROM ledger.body WHERE index >= %s", before) == [(None,)]


def test_the_stop_of_hand_over_does_not_stop_intake(house: TheHouse, lotte: Customer) -> None:
    house.operator("stop.set", reason="a drill")
    assert house.ingest(two_days()).changed


# ---- crashes and races --------------------------------------------------------------------------------------


class CrashError(Exception):
    """The intake's process ends here."""


class _DiesBefore:
    """A door client whose process dies before one command."""

    def __init__(self, client: DoorClient, command: str) -> None:
        self._client, self._command = client, command

    def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
        if command == self._command:
            raise CrashError
        return self._client.call(command, *rest, **arguments)


def crash(house: TheHouse, export: bytes) -> None:
    """Die between the commit of the rows and the word that they are all there."""
    door: Any = _DiesBefore(house.client, "intake.stored")
    with pytest.raises(CrashError):
        take_in(read_export(export), door, house.intake_key, house.engine("intake"))


def test_rows_of_an_intake_that_broke_off_are_invisible_and_the_next_run_works(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    crash(house, two_days())
    assert query(house, "SELECT count(*) FROM metering.profile") == [(2,)]
    assert values(lotte) == []
    assert counts(house.ingest(two_days())) == (2, 0, 0, 0)  # new: nobody could read the others
    assert len(values(lotte)) == 196
    assert house.ingest(two_days()).changed is False


def test_an_intake_that_broke_off_shows_neither_its_half_nor_its_correction(
    house: TheHouse, lotte: Customer
) -> None:
    house.ingest(two_days())
    before = values(lotte)
    crash(house, corrected())
    assert values(lotte) == before
    assert counts(house.ingest(corrected())) == (0, 1, 0, 0)
    assert 5000 in values(lotte)


def test_an_intake_that_dies_while_it_stores_leaves_no_row(
    house: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        house,
        "CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.day = '{SUNDAY}' THEN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'full'; END IF;"
        " RETURN NEW; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON metering.profile"
        " FOR EACH ROW EXECUTE FUNCTION public.full_disk()",
    )
    with pytest.raises(psycopg.errors.DiskFull):
        house.ingest(two_days())
    assert query(house, "SELECT count(*) FROM metering.profile") == [(0,)]
    execute(house, "DROP FUNCTION public.full_disk CASCADE")
    assert house.ingest(two_days()).changed
    assert len(values(lotte)) == 196


def test_a_batch_is_stored_once(house: TheHouse, lotte: Customer) -> None:
    report = house.ingest(two_days())
    for batch in (report.batch, 10**6, 0, -1):
        with pytest.raises(DoorRefusedError) as refused:
            house.intake("intake.stored", batch=batch, profiles=2)
        assert refused.value.code == "conflict"


_INSERT = (
    "INSERT INTO metering.profile (pseudonym, channel, day, version, operator, batch, fingerprint, total_sealed)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, 'x')"
)


def forged(
    house: TheHouse, connection: psycopg.Connection, batch: int, operator: int = 1, version: int = 2
) -> None:
    """Write a row beside the newest of Lotte's, with intake's login and no word to the door."""
    [(pseudonym, channel)] = query(house, "SELECT DISTINCT pseudonym, channel FROM metering.profile")
    connection.execute(_INSERT, [pseudonym, channel, SUNDAY, version, operator, batch, b"x" * 16])


def test_no_row_joins_a_batch_that_is_stored_or_never_was_opened(house: TheHouse, lotte: Customer) -> None:
    """Such a row would be readable at once, and the ledger would know nothing of it."""
    stored = house.ingest(two_days()).batch
    assert stored is not None
    crash(house, corrected())
    unfinished = query(house, "SELECT max(batch) FROM metering.batch")[0][0]
    assert unfinished > stored
    before = everything(house)
    for batch, operator in ((stored, 1), (10**6, 1), (0, 1), (unfinished, 2)):
        with (
            psycopg.connect(house.database.url("intake")) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match="is not open"),
        ):
            forged(house, connection, batch, operator)
    assert everything(house) == before
    with psycopg.connect(house.database.url("intake")) as connection:
        forged(house, connection, unfinished)
    assert len(values(lotte)) == 196


def test_no_row_is_of_a_version_that_nobody_was_given(house: TheHouse, lotte: Customer) -> None:
    """After the highest there is no version: it would end the corrections of that day."""
    house.ingest(two_days())
    crash(house, corrected())
    [(batch,)] = query(house, "SELECT max(batch) FROM metering.batch")
    for version in (3, 32767):
        with (
            psycopg.connect(house.database.url("intake")) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match="versions"),
        ):
            forged(house, connection, batch, version=version)
    assert counts(house.ingest(corrected())) == (0, 1, 0, 0)


def test_no_row_joins_a_batch_that_is_of_other_days(house: TheHouse, lotte: Customer) -> None:
    """The ledger says for which days keys left; a row of another one would be readable by an entry that hides it."""
    house.ingest(two_days())
    crash(house, corrected())
    [(batch, first, last)] = query(
        house, "SELECT batch, first_day, last_day FROM metering.batch ORDER BY batch DESC LIMIT 1"
    )
    [(pseudonym, channel)] = query(house, "SELECT DISTINCT pseudonym, channel FROM metering.profile")
    for beside in (first - timedelta(days=1), last + timedelta(days=1)):
        with (
            psycopg.connect(house.database.url("intake")) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match="not for these days"),
        ):
            connection.execute(_INSERT, [pseudonym, channel, beside, 2, 1, batch, b"x" * 16])


def test_a_batch_is_not_stored_while_rows_of_it_are_being_written(house: TheHouse, lotte: Customer) -> None:
    """Else they would slip in behind the entry; and the door does not wait for whoever writes them."""
    house.ingest(two_days())
    crash(house, corrected())
    batch = query(house, "SELECT max(batch) FROM metering.batch")[0][0]
    with psycopg.connect(house.database.url("intake")) as connection:
        forged(house, connection, batch)
        with pytest.raises(DoorRefusedError) as refused:
            house.intake("intake.stored", batch=batch, profiles=1)
        assert refused.value.code == "conflict"
        connection.rollback()
    house.intake("intake.stored", batch=batch, profiles=1)
    assert 5000 in values(lotte)


def test_two_intakes_of_the_same_file_at_once_store_it_once(
    house: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were given the same versions; whoever comes second is told to run again, and then has nothing to do."""
    engines = house.engine("intake"), house.engine("intake")
    export, opened = read_export(two_days()), []
    store = intake.store_rows

    def after_both_opened(engine: Engine, rows: list[Any], batch: int, operator: int) -> None:
        opened.append(batch)
        until(lambda: len(opened) == 2, "both intakes have their keys")
        store(engine, rows, batch, operator)

    monkeypatch.setattr(intake, "store_rows", after_both_opened)
    runs = [
        meanwhile(house.client, lambda engine=engine: take_in(export, house.client, house.intake_key, engine))
        for engine in engines
    ]
    failures = [run.exception(60) for run in runs]
    monkeypatch.undo()
    assert sorted(type(failure).__name__ for failure in failures) == ["ConflictError", "NoneType"]
    assert query(house, "SELECT day, version, count(*) FROM metering.profile GROUP BY 1, 2 ORDER BY 1") == [
        (SATURDAY, 1, 1),
        (SUNDAY, 1, 1),
    ]
    assert len(values(lotte)) == 196
    assert house.ingest(two_days()).changed is False


def test_two_different_corrections_at_once_do_not_mix(
    house: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ingest(two_days())
    first, second = read_export(corrected(0)), read_export(corrected(1))
    engine, store, done = house.engine("intake"), intake.store_rows, []

    def second_comes_between(*arguments: Any) -> None:
        if not done:
            done.append(True)
            take_in(second, house.client, house.intake_key, engine)
        store(*arguments)

    monkeypatch.setattr(intake, "store_rows", second_comes_between)
    with pytest.raises(ConflictError):
        take_in(first, house.client, house.intake_key, engine)
    monkeypatch.undo()
    assert values(lotte).count(5000) == 1


def test_a_reader_does_not_wait_for_an_intake_that_stores(house: TheHouse, lotte: Customer) -> None:
    """Making a month locks the whole table of profiles; that lock is gone before the rows come."""
    house.ingest(two_days())
    execute(
        house,
        "CREATE FUNCTION public.pause() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$;"
        "CREATE TRIGGER pause BEFORE INSERT ON metering.profile FOR EACH ROW EXECUTE FUNCTION public.pause()",
    )
    with held(house, "SELECT pg_advisory_xact_lock(42)") as lock:
        storing = meanwhile(house.client, lambda: house.ingest(english(*day_rows(date(2023, 7, 4)))))
        until(lambda: _waits(house), "the intake is in the midst of its rows")
        assert len(values(lotte)) == 196
        lock.release()
        assert storing.result(60).changed


def _waits(house: TheHouse) -> bool:
    return query(
        house,
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'databeheer_intake' AND wait_event_type = 'Lock'"
        " AND datname = current_database()",
    ) == [(1,)]


# ---- what the rows tell -------------------------------------------------------------------------------------


def test_two_occupants_readings_have_no_name_in_common(house: TheHouse, lotte: Customer) -> None:
    """A pseudonym belongs to an occupancy: the next occupant's readings are strangers to the last one's."""
    today = day_of(house.clock.now())
    house.ingest(two_days())
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today.isoformat())
    noor = house.customer("noor", "Noor Claes")
    house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(noor.person_id), from_day=today.isoformat()
    )
    house.ingest(english(*day_rows(today)))
    rows = query(house, "SELECT pseudonym, channel, day FROM metering.profile")
    names = {(bytes(pseudonym), bytes(channel)) for pseudonym, channel, _ in rows}
    assert len(names) == 2
    assert len({pseudonym for pseudonym, _ in names}) == len({channel for _, channel in names}) == 2


def test_rows_are_stored_in_no_order_and_in_one_size(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    days = [date(2023, 6, 1) + timedelta(days=offset) for offset in range(28)]
    still = [row.but(volume="0,000") for day in days for row in day_rows(day)]
    busy = [row for day in days for row in day_rows(day, row=MARIA)]
    house.ingest(english(*still, *busy))
    stored = query(
        house, "SELECT day, length(values_sealed), length(total_sealed) FROM metering.profile ORDER BY ctid"
    )
    assert [row[0] for row in stored] != sorted(row[0] for row in stored)
    assert len({row[1:] for row in stored}) == 1


def test_intake_writes_rows_that_it_cannot_read_and_nobody_else_writes_any(
    house: TheHouse, lotte: Customer
) -> None:
    house.ingest(two_days())
    for role in ("intake", "door", "auditor", "publisher", "web"):
        with psycopg.connect(house.database.url(role)) as connection:
            if role == "door":
                assert connection.execute("SELECT count(*) FROM metering.profile").fetchone() == (2,)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    pytest.fail(f"{role} reads {connection.execute('SELECT count(*) FROM metering.profile')}")
        with (
            psycopg.connect(house.database.url(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            pytest.fail(
                f"{role} writes {connection.execute('UPDATE metering.profile SET version = version')}"
            )


def test_an_error_of_an_intake_names_no_meter_and_no_access_point(house: TheHouse, lotte: Customer) -> None:
    with pytest.raises(DatabeheerError) as refused:
        house.ingest(english(*day_rows(SATURDAY, row=MARIA)))
    assert MARIAS_EAN not in str(refused.value)
    assert "SAG" not in str(refused.value)
