"""The whole site over a real house: public pages, portal, API and the inspector's pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.test import TestResponse

from tests.browser import Quiet
from tests.house import TheHouse
from tests.web.compiled import with_compiled_templates
from web import WebSettings, close, create_app
from web.door import close as close_door

BASE_URL = "http://127.0.0.1:8000"


def make_whole_site(house: TheHouse, **changes: Any) -> Flask:
    """Everything that gunicorn would serve; not a demo, unless changed."""
    settings: dict[str, Any] = {
        "database_url": house.database.url("web"),
        "door_socket": house.socket,
        "ledger_directory": house.folder / "public",
        "secret_key": "a secret of forty characters for tests..",
        "base_url": BASE_URL,
    }
    return with_compiled_templates(create_app(WebSettings(**(settings | changes)), clock=house.clock))


class _Server(ThreadedWSGIServer):
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        close_door(self.app)  # type: ignore[arg-type]  # this thread's connection


@contextmanager
def whole_site_served(house: TheHouse, **changes: Any) -> Iterator[Flask]:
    """Serve the whole site on a loopback port of its own, several requests at once: pages may call our own API."""
    server = _Server("127.0.0.1", 0, None, handler=Quiet)
    app = make_whole_site(house, base_url=f"http://127.0.0.1:{server.server_port}", **changes)
    server.app = app
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)


class Browser(FlaskClient):
    """A browser without script: comes to the address that the site is known by."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", self.application.config["WEB_SETTINGS"].base_url)
        return super().open(*args, **kwargs)


def browser(app: Flask, session: str | None = None) -> Browser:
    """A new browser, logged in where a session is given."""
    client = Browser(app, TestResponse)
    if session:
        client.set_cookie("session", session, domain="127.0.0.1")
    return client
