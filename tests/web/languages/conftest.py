"""A site without a house behind it: what it says by itself, it says in every language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

import web
from tests.web.compiled import with_compiled_templates
from tests.web.portal.visiting import BASE_URL
from web import WebSettings, create_app


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The public pages, portal and inspector's pages of a house whose door is not there: nobody is logged in."""
    settings = WebSettings(
        database_url="postgresql://nobody@127.0.0.1:9/none",
        door_socket=tmp_path_factory.mktemp("house") / "nobody",
        ledger_directory=tmp_path_factory.getbasetemp(),
        secret_key="a secret of forty characters for tests..",
        base_url=BASE_URL,
    )
    app = with_compiled_templates(create_app(settings))
    yield app
    web.close(app)
