"""A customer's lines are found by key and index; a page asks as often however many lines and parties there are."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from databeheer.storage.engine import PLAN_BY_KEY
from databeheer.storage.trip import Asked as Question
from databeheer.storage.trip import Trips
from tests.bench import crowded, strangers
from tests.house import TheHouse

SOURCE = Path(__file__).resolve().parents[3]
Asked = list[tuple[str, Any]]


@contextmanager
def asked() -> Iterator[Asked]:
    """Every statement that commands send to the database meanwhile, with the parameters that stand in it."""
    found: Asked = []
    execute, fetch = psycopg.Cursor.execute, Trips.fetch

    def note(statement: str, parameters: Any) -> None:
        if "process_request" in threading.current_thread().name:  # the worker of jobs asks on its own
            found.append((statement, parameters))

    def executed(cursor: Any, query: Any, parameters: Any = None, **how: Any) -> Any:
        statement = query.decode() if isinstance(query, bytes) else str(query)
        note(statement, {name: one for name, one in (parameters or {}).items() if f"%({name})s" in statement})
        return execute(cursor, query, parameters, **how)

    def fetched(trips: Trips, questions: Collection[Question]) -> Any:
        for statement, parameters in questions:
            numbered = statement.query.decode().replace("%", "%%")
            note(numbered, {name: parameters[name] for name in statement.names})
        return fetch(trips, questions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", executed)
        patch.setattr(Trips, "fetch", fetched)
        yield found


def plans(house: TheHouse, statements: Asked) -> list[str]:
    """How the database finds the lines that these statements ask, planned as for a page, and how many it takes up."""
    with psycopg.connect(house.database.url("superuser"), cursor_factory=psycopg.ClientCursor) as connection:
        for setting in PLAN_BY_KEY.items():
            connection.execute("SELECT set_config(%s, %s, false)", setting)
        found = []
        for statement, parameters in statements:
            numbered = statement % {name: f"${place}" for place, name in enumerate(parameters, start=1)}
            connection.execute(f"PREPARE page AS {numbered}".encode())
            given = f"({', '.join('%s' for _ in parameters)})" if parameters else ""
            explain = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE page {given}".encode()
            rows = connection.execute(explain, list(parameters.values())).fetchall()
            found.append("\n".join(row[0] for row in rows))
            connection.execute("DEALLOCATE page")
    return found


def found_by_key(house: TheHouse, statements: Asked) -> None:
    """See that no line is found but by an index that begins with its handle, and no more lines than a page shows."""
    of_lines = [one for one in statements if "ledger.statement" in one[0]]
    assert of_lines
    for plan, (statement, _) in zip(plans(house, of_lines), of_lines, strict=True):
        ways = re.findall(r"->  ([A-Za-z ]+) (statement_\d+\S*) .*?rows=([\d.]+)", plan)
        assert ways, plan
        for how, index, rows in ways:
            assert re.match(r"Index (Only )?Scan (Backward )?using$", how), f"{statement}\n{plan}"
            assert re.match(r"statement_\d+_(handle_|pkey$)", index), f"{statement}\n{plan}"
            assert float(rows) <= LONGEST_PAGE + 2, f"{statement}\n{plan}"  # and two of the next
        assert "Seq Scan on body_" not in plan, plan


LONGEST_PAGE = 50


@pytest.mark.requirement("R44")
def test_lines_are_found_by_key_and_index_and_no_page_asks_more_for_more_lines_or_parties(
    house: TheHouse,
) -> None:
    veerle = (crowd := crowded.settle(house, parties=3)).customer
    crowded.read_all(house, crowd, 60)
    pages: tuple[tuple[str, dict[str, Any]], ...] = (
        ("overview.show", {}),
        ("statements.list", {"kind": "reads", "with_me": True}),
        ("statements.list", {"kind": "reads", "cursor": veerle.statements(kind="reads")[4]["index"]}),
        ("statements.list", {"kind": "reads", "party_id": crowd.by_law[0][0].party_id}),
        ("statements.list", {"kind": "refused"}),
        ("statements.list", {"kind": "permissions"}),
        ("statements.list", {"first": "2026-01-01", "last": "2026-12-31"}),
        ("statements.readers", {}),
    )

    def counts() -> list[int]:
        each = []
        for command, arguments in pages:
            with asked() as statements:
                veerle.call(command, **arguments)
            each.append(len(statements))
        return each

    with asked() as statements:
        for command, arguments in pages:
            veerle.call(command, **arguments)
    strangers.add(house.database.url("superuser"), own=60, count=3000)
    assert len([one for one in statements if "ledger.statement" in one[0]]) >= len(pages)
    found_by_key(house, statements)

    before = counts()
    more = []
    for number in range(4):
        service = house.party(f"Nog een dienst {number}", "energy_service")
        wish = service.ask(granularity="day")
        veerle.grant(wish, veerle.occupancy(number % 3))
        more.append((service, UUID(wish["permission_id"])))
    crowd = replace(crowd, by_consent=(*crowd.by_consent, *more))
    crowded.read_all(house, crowd, 400)
    assert all(now <= then for now, then in zip(counts(), before, strict=True))
    found_by_key(house, statements)  # there are more lines of each address now than a page shows
    grown = veerle.call("overview.show")
    readers = {
        one["party"]["id"] for one in (*grown["permissions"], *grown["statutory"]) if one["last_read_at"]
    }
    assert readers == {one.party_id for one, _ in (*crowd.by_consent, *crowd.by_law)}
    assert len(grown["recent"]) == 6


def test_pages_show_every_line_once_however_long_ago_and_of_two_permissions_each_has_its_own_last_read(
    house: TheHouse,
) -> None:
    veerle = (crowd := crowded.settle(house, parties=2)).customer
    [(service, permission)] = crowd.by_consent
    other = veerle.grant(service.ask(granularity="month"), veerle.occupancy())["permission"]["permission_id"]
    crowded.read_all(house, crowd, 4, step=timedelta(days=1))
    house.clock.advance(timedelta(days=150))
    crowded.read_all(house, crowd, 5, step=timedelta(days=1))
    veerle.session = house.log_in(veerle.subject, veerle.name)
    everything = [(one["index"], one["counter"]) for one in veerle.statements(limit=500)]
    assert sorted(everything, reverse=True) == everything
    found, cursor = [], None
    while True:
        page = veerle.call("statements.list", limit=2, cursor=cursor)
        found += [(one["index"], one["counter"]) for one in page["statements"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == everything
    last = {one["permission_id"]: one for one in veerle.call("overview.show")["permissions"]}
    assert last[str(permission)]["last_read_at"] == veerle.statements(kind="reads")[0]["at"]
    assert (last[other]["last_read_at"], last[other]["reads_known"]) == (None, True)


def test_nothing_is_paged_by_counting_lines_off() -> None:
    for folder in ("databeheer", "ledger", "web"):
        for path in (SOURCE / folder).rglob("*.py"):
            # `OFFSET 0` pages nothing: it only keeps a query as it is written.
            assert not re.search(r"\bOFFSET (?!0\b)|\.offset\(", path.read_text(encoding="utf-8")), path
