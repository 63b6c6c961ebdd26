"""What a drill notes before an erasure lies nowhere after it, and opens in no older copy of the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from databeheer.brussels import day_of
from databeheer.door.drill.opening import Tried, of_erased, of_others
from databeheer.door.drill.searching import Searched, search
from databeheer.door.drill.traces import Going, Sort, Trace, done, going
from databeheer.door.house import House
from databeheer.site.drill.report import FORBIDDEN, DrillReport
from databeheer.storage.engine import make_engine
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.conftest import DAYS, export
from tests.databeheer.door.test_erasure import later
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups
from tests.security.test_dump import dump

CLASSES = ("readings", "ledger", "person")


@pytest.fixture
def moved_out(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> Customer:
    """Lotte, whose readings Bram read and who moved out ten years ago; Maria lives on."""
    house.ingest(export())
    house.ingest(english(*day_rows(DAYS[0], row=Row(ean=f'="{MARIAS_EAN}"', meter="2SAG9990000003"))))
    asked = bram.ask()
    lotte.grant(asked)
    bram.read(asked["permission_id"])
    stay = lotte.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    later(house, 11)
    for data_class in CLASSES:
        whom = {"person_id": str(lotte.person_id)} if data_class == "person" else {"occupancy_id": stay}
        wish = {"data_class": data_class, "reason": "retention_ended", "decided_by": "DPO"}
        house.operator("erasure.decide", **wish, **whom)
    return lotte


def noted(house: TheHouse) -> list[Going]:
    with house.house.engine.connect() as connection:
        return going(house.house, connection)


@pytest.fixture
def older(house: TheHouse, moved_out: Customer, tmp_path: Path) -> Iterator[House]:
    """The house as a backup of before the erasure has it, with the key store of today."""
    backups = Backups(house, tmp_path)
    backups.dump()
    url = make_url(house.database.url("door")).set(database=backups._copy)
    engine = make_engine(url.render_as_string(hide_password=False))
    yield replace(house.house, engine=engine)
    engine.dispose()
    backups.close()


def tried(house: House, erased: list[Going]) -> dict[str, Tried]:
    with house.engine.connect() as connection:
        found = of_erased(house, connection, erased)
    return {one.data_class.value: found[one.erasure_id] for one in erased}


@pytest.mark.requirement("R137")
def test_nothing_of_the_erased_opens_in_an_older_backup_with_todays_keys_and_what_is_others_does(
    house: TheHouse, older: House, maria: Customer
) -> None:
    going_ = noted(house)
    before = tried(older, going_)
    assert {name: one.count > 0 for name, one in before.items()} == dict.fromkeys(CLASSES, True)
    assert all(one.opened == one.count for one in before.values())
    house.operator("erasure.execute")
    with house.house.engine.connect() as connection:
        assert done(connection, going_) == going_
    assert tried(older, going_) == {name: Tried(one.count, 0) for name, one in before.items()}
    with older.engine.connect() as connection:
        others = of_others(older, connection, going_)
    assert others.count == others.opened > 0


@pytest.mark.requirement("R137")
def test_what_was_noted_is_in_the_dump_of_before_and_not_in_that_of_after(
    house: TheHouse, moved_out: Customer, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.sql", tmp_path / "after.sql"
    traces = [trace for one in noted(house) for trace in one.traces]
    sorts = {sort: len({one for one in traces if one.sort is sort}) for sort in Sort}
    assert all(sorts.values()), sorts
    before.write_bytes(dump(house))
    house.operator("erasure.execute")
    after.write_bytes(dump(house))
    there, gone = (search("", [file], list(dict.fromkeys(traces))).found for file in (before, after))
    assert (there[Sort.DERIVED], there[Sort.SEALED]) == (sorts[Sort.DERIVED], sorts[Sort.SEALED])
    assert there[Sort.PLAIN] == there[Sort.KEY] == 0
    assert {sort for sort in FORBIDDEN["dump of after"] if gone[sort]} == set()
    stored = search("", (house.folder / "keys").iterdir(), traces).found
    assert {sort for sort in FORBIDDEN["key store"] if stored[sort]} == set()


def test_names_values_and_words_are_among_what_is_looked_for(house: TheHouse, moved_out: Customer) -> None:
    plain = {trace.data for one in noted(house) for trace in one.traces if trace.sort is Sort.PLAIN}
    assert {moved_out.name.encode(), LOTTES_EAN.encode()} <= plain
    assert b"1,2,3,4,5,6,7,8" in plain  # the thousandths of her first quarter-hours
    assert any(b'"counter":' in one for one in plain)  # what the ledger's halves say
    [(occupancy, root)] = query(
        house,
        "SELECT occupancy_id, root_id FROM registry.occupancy WHERE person_id = %s",
        moved_out.person_id,
    )
    keys = {trace.data for one in noted(house) for trace in one.traces if trace.sort is Sort.KEY}
    assert house.house.readings_root(root) in keys
    assert house.house.keys_of_subject(UUID(str(occupancy))) in keys


@pytest.mark.parametrize("at", [0, 32 * 1024**2 - 7])
def test_the_search_sees_what_lies_across_two_pieces_of_a_file(tmp_path: Path, at: int) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(at) + b"lotte janssens".hex().upper().encode() + b" ")
    name, other = Trace(Sort.PLAIN, b"lotte janssens", True), Trace(Sort.PLAIN, b"maria peeters", True)
    found = search("logs", [file, tmp_path / "gone"], [name, other])
    assert (found.files, found.size, found.found) == (1, at + 29, {Sort.PLAIN: 1})
    assert search("logs", [file], [other]).found == {}


def report(**changes: Any) -> DrillReport:
    """A drill that holds, but for these changes."""
    searched = [Searched(place) for place in FORBIDDEN]
    searched[0].found.update({Sort.DERIVED: 3, Sort.SEALED: 2})
    noted = {"derived": 3, "sealed": 2, "plain": 5}
    whole: dict[str, Any] = {"noted": noted, "searched": searched, "before": Tried(4, 4)}
    return DrillReport(**(whole | {"restored": Tried(4, 0), "others": Tried(2, 2)} | changes))


def test_a_drill_holds_where_nothing_is_found() -> None:
    assert report().findings == []
    assert report().view()["holds"] is True


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"before": Tried(4, 3)}, "before the erasure not all of it opened"),
        ({"before": Tried(0, 0), "restored": Tried(0, 0)}, "nothing was stored of what was erased"),
        ({"restored": Tried(3, 0)}, "less of the erased than there was"),
        ({"restored": Tried(4, 1)}, "1 of 4 erased things open"),
        ({"others": Tried(2, 1)}, "1 rows of others do not open"),
        ({"others": Tried(0, 0)}, "nobody else"),
        ({"noted": {"derived": 4, "sealed": 2}}, "the search is blind"),
        ({"broken": ["the ledger does not verify"]}, "the ledger does not verify"),
    ],
)
def test_a_drill_that_shows_less_does_not_hold(changes: dict[str, Any], said: str) -> None:
    [finding] = report(**changes).findings
    assert said in finding


@pytest.mark.parametrize(
    ("place", "sort"), [(place, sort) for place, some in FORBIDDEN.items() for sort in sorted(some)]
)
def test_a_trace_where_it_may_not_stand_is_a_finding(place: str, sort: Sort) -> None:
    found = report()
    next(one for one in found.searched if one.place == place).found[sort] += 1
    assert found.findings == [f"1 {sort.value} traces stand in the {place}"]


def test_a_stay_of_which_nothing_is_stored_has_no_name_to_be_found(house: TheHouse, lotte: Customer) -> None:
    stay = lotte.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    later(house, 4)
    house.operator(
        "erasure.decide",
        data_class="readings",
        reason="retention_ended",
        decided_by="DPO",
        occupancy_id=stay,
    )
    [one] = noted(house)
    assert one.pseudonym is not None
    assert not {trace.sort for trace in one.traces} & {Sort.DERIVED, Sort.SEALED}
    assert tried(house.house, [one]) == {"readings": Tried(0, 0)}
