"""The benches and the soak in the small: what they fill and ask still stands, so that only their figures are news.

Nobody runs `make bench` with each change. Each of them that fills a database or agrees with something else does so
here with a handful; speed is measured there alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from databeheer.door.client import Proof
from databeheer.door.jobs import asking
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.validation import Reason
from databeheer.storage.engine import make_engine
from tests.bench import (
    appending,
    bare_api,
    bare_portal,
    bench_access,
    bench_access_stored,
    bench_api,
    bench_append,
    bench_bulk,
    bench_extract,
    bench_month,
    bench_portfolio,
    bench_switch,
    bench_validation,
    flanders,
    portfolio,
)
from tests.bench.granted import make_grants
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Database
from tests.house import TheHouse, open_house
from tests.interleaving import Street
from tests.series import slots_in
from web.portal.reads import LINES_A_PAGE

GRANTS, ASKED = 100, 20


def test_the_stored_grants_of_the_bench_give_what_was_granted(database: Database) -> None:
    bench_access_stored.fill(database.url("superuser"), GRANTS)
    engine = make_engine(database.url("door"), pool_size=1)
    with engine.connect() as connection:
        keys = bench_access_stored.keys_of(connection, GRANTS)
        decisions = bench_access_stored.decide_of(connection, keys)
        assert len(keys) > 1
        assert all(decision.granted and not decision.refused for decision in decisions)
        bench_access_stored.BareQueries(connection, keys)()
    engine.dispose()


def test_the_plain_page_of_the_bench_shows_as_many_lines_as_ours(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.url("superuser")
    bare_portal.fill(url, 60)
    monkeypatch.setenv(bare_portal.DATABASE, url.replace("postgresql:", "postgresql+psycopg:"))
    app = bare_portal.application()
    assert app.test_client().get("/gelezen").text.count("<li>") == LINES_A_PAGE
    app.extensions["engine"].dispose()


def test_two_engines_and_ours_answer_the_benchs_questions_alike() -> None:
    grants = make_grants(GRANTS, questions=ASKED)
    assert {"ours", "casbin", "cedarpy"} == bench_access.agreeing(grants).keys()
    assert set(grants.permitted()) == {True, False}


def test_a_supplier_is_timed_at_a_point_with_a_drop_and_at_one_without(house: TheHouse) -> None:
    times = bench_switch.timed(house, 1, 4)
    assert {ean: len(taken) for ean, taken in times.items()} == {LOTTES_EAN: 4, MARIAS_EAN: 4}
    assert bench_switch.auc([1, 2, 3], [1, 2, 3]) == 0.5


@pytest.mark.parametrize("kind", ["grouped", "locking"])
def test_a_client_of_the_bench_appends(database: Database, kind: str) -> None:
    url = database.url("superuser")
    with psycopg.connect(url) as connection:
        before = bench_append.ledger_size(url)
        connection.execute("CREATE TABLE bare (value bytea NOT NULL)")
    with ExitStack() as stack:
        appending.client_of(kind, stack, url)()
    assert bench_append.ledger_size(url) == before + 1
    assert appending.bare_commit(url, rounds=1) > 0


def test_a_client_of_the_bench_reads_through_the_door(house: TheHouse) -> None:
    token, permission = bench_append.settle(house)
    with ExitStack() as stack:
        read = appending.client_of("reading", stack, str(house.socket), token, permission)
        assert sum(len(slots_in(channel)) for channel in read()["channels"]) >= 96


def test_the_bare_views_that_the_api_is_held_against_give_what_it_gives(
    house: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench_month.settle(house)
    bench_month.fill_plain(house)
    bench_api.fill_packed(house)
    url = house.database.url("superuser").replace("postgresql:", "postgresql+psycopg:")
    monkeypatch.setenv(bare_api.DATABASE, url)
    app = bare_api.application()
    http = app.test_client()
    plain, usual, packed = (
        http.get(f"/{view}/7?{bench_api.WINDOW}").get_json()["channels"][0]["readings"]
        for view in ("plain", "usual", "packed")
    )
    app.extensions["engine"].dispose()
    assert len(plain) == bench_month.VALUES
    assert plain == usual == [{**one, "register": None} for one in packed]


def test_the_benchs_points_are_read_in_one_entry_and_one_by_one(house: TheHouse) -> None:
    token, permissions = bench_bulk.settle(house, 3)
    proof, before = Proof.token(token), bench_append.ledger_size(house.database.url("superuser"))
    bench_bulk.together(house.client, proof, permissions)
    with bench_bulk.several(house.client) as pool:
        bench_bulk.one_by_one(pool, house.client, proof, permissions)
    assert bench_append.ledger_size(house.database.url("superuser")) == before + 1 + 3


def test_the_benchs_portfolio_is_read_with_a_leaf_for_each(house: TheHouse) -> None:
    bram, permissions = portfolio.settle(house, 3)
    for _ in range(2):
        bench_portfolio.read(house.client, Proof.token(bram.token), permissions)
    division = bench_portfolio.divided(house, Proof.token(bram.token), permissions)
    assert {"facts and decisions", "leaves, rows and entry", "opening and text, beside it"} < {
        what for what, _ in division
    }
    bench_portfolio.require_leaves(house, permissions, 4)


def test_the_benchs_extract_comes_whole_as_parquet(house: TheHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGEST_PIECE", 2)
    bram, permissions = portfolio.settle(house, 3, 2)
    with bench_extract.serving(house) as app:
        found = bench_extract.taken(app, bram, permissions, 2)
    assert (found.values, found.pieces) == (3 * 2 * 2 * 96, 2)


def test_the_benchs_days_are_judged_whole_and_agree_with_their_registers() -> None:
    block = bench_validation.street(2 * bench_validation.GAPS)
    outcome = bench_validation.fresh(block)
    assert block.registers is not None
    assert (outcome.values.sum(axis=1) == block.registers.end - block.registers.begin).all()
    assert outcome.summary.values.keys() == {Reason.MISSING, Reason.LIKE_DAYS_TO_REGISTER}
    assert bench_validation.in_a_loop(block) == 0


def test_the_soaks_street_still_lives_when_the_papers_of_its_parties_have_had_their_time(
    database: Database,
) -> None:
    with open_house(database, now=datetime(2019, 3, 24, 9, tzinfo=UTC)) as house:
        street = Street(house, 8, Random(2026))
        house.clock.advance(timedelta(days=800))
        told = [one for _ in range(3) for home in street.round() for one in home.told]
        street.close()
    assert any(one.days for one in told if one.act == "read")


def test_a_part_of_flanders_is_taken_in_by_the_bench(database: Database, tmp_path: Path) -> None:
    part = flanders.Part(64)
    day = flanders.days(1)[0]
    with open_house(database) as house:
        flanders.populate(house, part)
        batch = flanders.write_day(tmp_path, part, day, "one")
        report = take_batch(batch, house.client, house.intake_key, house.engine("intake"), house.clock)
        assert (report.outcome, report.new) == ("stored", part.rows)
        with psycopg.connect(database.url("superuser")) as connection:
            rows = connection.execute("SELECT count(*), count(values_sealed) FROM metering.profile")
            assert rows.fetchone() == (part.rows, part.rows)
