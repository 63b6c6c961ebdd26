"""Puts everything for programs into the application: the market API and the facade."""

from __future__ import annotations

from flask import Flask

from web import answers, facade
from web.api import (  # noqa: F401  # importing registers their operations
    access_register,
    asking_many,
    bulk,
    decisions,
    deliveries,
    deprecation,
    doubt,
    jobs,
    mandate_imports,
    mandates,
    oauth,
    party,
    permissions,
    ports,
    readings,
    receipts,
    rereads,
    supply_quality,
    webhooks,
)
from web.api.handing_over import pack
from web.api.receipts import LedgerIndex
from web.api.wire import blueprint, make_api
from web.security import csrf
from web.tokens import oauth_refusal

DESCRIPTION = """Ask a grid user's permission, read values, end it, and check the record of every read.

Periods are half-open, moments RFC 3339 with an offset or a day (its midnight in Brussels). Answers are in UTC.
Energy is decimal text with three decimals, with its unit; null is no value, not zero.
Every hand-over and refusal is in a tamper-evident log: `Ledger-Promise` is the door's signed promise, the link
`rel="receipt"` the proof. Problems are RFC 9457 documents: `detail` says what failed, `remedy` what to do; `type` is
the same for the same problem, and a page. Long lists come by `next_cursor`. `RateLimit` tells how much is left, an
`ETag` whether anything changed. What is deprecated is announced a year before (`/deprecations`)."""

blueprint.after_request(pack)


def register(app: Flask) -> None:
    """Add `/api/v1`, `/oauth2/token` and the facade, and tell problems to programs in their own form."""
    app.url_map.converters["ledger_index"] = LedgerIndex
    answers.register(app)
    deprecation.register(app)
    answers.register_dialect(app, "/oauth2/", oauth_refusal)
    api = make_api(app, DESCRIPTION)
    api.register_converter(LedgerIndex, lambda _: {"type": "integer", "minimum": 0, "maximum": 10**15 - 1})
    csrf.exempt(blueprint)
    api.register_blueprint(blueprint)
    facade.register(app)
