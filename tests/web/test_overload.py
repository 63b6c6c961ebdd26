"""What is told where more waits at the door than it holds: when to come back, to programs and to people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

import web
from tests.copies import beside
from tests.doors import HEAD, held, meanwhile
from tests.house import Customer, Party, TheHouse
from tests.web.programs import caller
from tests.web.sites import browser, make_whole_site
from web.errors import BUSY

WISH = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house)
    yield app
    web.close(app)


@pytest.fixture
def full(house: TheHouse, joris: Party, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A door whose queue holds one command, and has it: Joris asks and asks."""
    monkeypatch.setattr(house.house.queue, "_longest", 1)
    with held(house, HEAD) as lock:
        asked = []
        for number in (1, 2):
            asked.append(meanwhile(house.client, joris.ask))
            lock.until_waiting(number)
        yield asked
        lock.release()
        for answer in asked:
            answer.result(60)


def test_a_program_is_told_503_and_when_to_come_back(site: Flask, bram: Party, full: list[Any]) -> None:
    answer = caller(site, bram).post("/api/v1/permission-requests", WISH)
    assert answer.status_code == 503
    assert answer.get_json()["type"] == "/problems/queue-full"
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_token_address_does_not_wait_behind_commands(site: Flask, bram: Party, full: list[Any]) -> None:
    assert caller(site, bram).get("/api/v1/me").status_code == 200  # it took a token, and looks


def test_a_visitor_reads_that_it_is_busy_and_when_to_come_back(
    site: Flask, house: TheHouse, measured: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.service.loop, "_most_of_one", 0)
    answer = browser(site, measured.session).get("/mijn/verbruik")
    assert answer.status_code == 503
    assert str(BUSY.title) in answer.get_data(as_text=True)
    assert int(answer.headers["Retry-After"]) >= 1
