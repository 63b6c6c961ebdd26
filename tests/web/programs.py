"""What tests of the programs' interfaces share: the application over a real house, a publisher, HTTP calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from ledger.note import SigningKey
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from tests.browser import Quiet
from tests.house import ORIGIN, Party, TheHouse
from tests.web.compiled import with_compiled_templates
from web import WebSettings, create_app
from web.door import close as close_door


def make_app(house: TheHouse) -> Flask:
    """The web with everything for programs, over the house's own door."""
    settings = WebSettings(
        database_url=house.database.url("web"),
        door_socket=house.socket,
        ledger_directory=house.folder / "public",
        secret_key="a secret of forty characters for tests..",
        base_url="http://127.0.0.1:8000",
    )
    return with_compiled_templates(create_app(settings, areas=("web.api",), clock=house.clock))


def publish(house: TheHouse) -> SigningKey:
    """Let the publisher sign what has committed; returns its key."""
    key = SigningKey(ORIGIN, b"\x07" * 32)
    entries = PostgresEntries(lambda: psycopg.connect(house.database.url("publisher")))
    directory = house.folder / "public"
    try:
        Publisher(entries, directory, [key], ORIGIN, house.folder / "memory").publish()
    finally:
        entries.close()
    (directory / "vkey").write_text(f"{key.vkey}\n")
    return key


@dataclass
class Caller:
    """A party at the HTTP interface, with a token of one interface."""

    http: FlaskClient
    party: Party
    token: str

    def headers(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **(extra or {})}

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> TestResponse:
        return self.http.get(path, query_string=query or None, headers=self.headers(headers))

    def post(self, path: str, body: Any, *, headers: dict[str, str] | None = None) -> TestResponse:
        return self.http.post(path, json=body, headers=self.headers(headers))

    def put(self, path: str, body: Any) -> TestResponse:
        return self.http.put(path, json=body, headers=self.headers())

    def delete(self, path: str, **query: Any) -> TestResponse:
        return self.http.delete(path, headers=self.headers(), query_string=query or None)


def caller(app: Flask, party: Party, profile: str = "own") -> Caller:
    """A party that got its token over HTTP, as its program would."""
    http = app.test_client()
    path = "/oauth2/token" if profile == "own" else "/tenant/oauth2/V2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": party.client_id,
        "client_secret": party.client_secret,
    }
    answer = http.post(path, data=form)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return Caller(http, party, answer.get_json()["access_token"])


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    """Serve the application on a loopback port of its own, for programs outside."""
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)

    def serve() -> None:
        server.serve_forever(poll_interval=0.02)
        close_door(app)  # this thread's connection

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "real" / "fluvius"
EXPORT_2023 = SHARED_DATA / (
    "Consumption_history_electricity_541448899990000039_20231022_20231130_15 minute totals.csv"
)
GAS_2023 = SHARED_DATA / "Consumption_history_gas_541448899990000046_20231022_20231130_hourly totals.csv"
GAS_2022 = SHARED_DATA / "Verbruikshistoriek_gas_541448899990000022_20220110_20220111_uurtotalen.csv"
GAS_2022_EAN = "541448899990000022"
EXPECTED_2023 = SHARED_DATA / "derived_esco_v3_energy_20231029.json"


def shared_file(path: Path) -> Path:
    """Return a file of the shared data, or skip the test, visibly, where the checkout stands alone."""
    if not path.exists():
        pytest.skip(f"the shared data is not beside this checkout: {path.name}")
    return path
