"""What the market API is held against: a bare Flask application that gives a month of one point to whoever asks.

No token, no decision, no record, no seal. `/plain` reads the plain table with SQLAlchemy Core and spells what it found
as ours does; `/usual` the same, with an object for each row and the encoder of the library, as most would write it;
`/packed` reads day profiles as we pack them. The members of a reading are those of ours. gunicorn serves it as it
serves ours.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, request

from databeheer.brussels import day_of
from databeheer.metering.day_series import pieces, series_of_pieces
from databeheer.metering.series import Series
from databeheer.metering.unpacking import unpack_rows
from databeheer.values import Period, format_instant, parse_instant
from web.answers import json_response
from web.api import shapes, spelling

DATABASE = "BENCH_DATABASE_URL"
_QUARTER = timedelta(minutes=15)
_PLAIN = sa.table("plain", sa.column("point"), sa.column("start"), sa.column("value"))
_PACKED = sa.table("packed", sa.column("point"), sa.column("day"), sa.column("profile"))


def application() -> Flask:
    """Make the application; the environment says which database."""
    app = Flask(__name__)
    engine = app.extensions["engine"] = sa.create_engine(os.environ[DATABASE], pool_size=16)

    def rows_of(point: int) -> Sequence[sa.Row[Any]]:
        period = _asked()
        month = sa.and_(_PLAIN.c.start >= period.start, _PLAIN.c.start < period.end)
        query = sa.select(_PLAIN.c.start, _PLAIN.c.value).where(_PLAIN.c.point == point, month)
        with engine.connect() as connection:
            return connection.execute(query.order_by(_PLAIN.c.start)).all()

    @app.get("/plain/<int:point>")
    def plain(point: int) -> Response:
        rows = rows_of(point)
        values = [row.value for row in rows]
        return _spelled(
            [Series(rows[0].start, 900, values, [(len(values), "READ", None, None)], [(len(values), 0)])]
        )

    @app.get("/usual/<int:point>")
    def usual(point: int) -> Response:
        readings = [_reading(row.start, row.value) for row in rows_of(point)]
        return json_response({"channels": [{**_WHAT, "meter": None, "readings": readings}]})

    @app.get("/packed/<int:point>")
    def packed(point: int) -> Response:
        period = _asked()
        days = sa.between(_PACKED.c.day, day_of(period.start), day_of(period.end))
        query = sa.select(_PACKED.c.day, _PACKED.c.profile).where(_PACKED.c.point == point, days)
        with engine.connect() as connection:
            rows = connection.execute(query.order_by(_PACKED.c.day)).all()
        found = unpack_rows([bytes(row.profile) for row in rows])
        whole = [(row.day, one) for row, one in zip(rows, found, strict=True) if one is not None]
        return _spelled(series_of_pieces(pieces(whole, period, frozenset({"READ", "VAL", "EST"}))))

    return app


_WHAT = {"direction": "offtake", "commodity": "electricity", "unit": "kWh"}


def _asked() -> Period:
    return Period(parse_instant(request.args["from"]), parse_instant(request.args["until"]))


def _spelled(series: Sequence[Series]) -> Response:
    text = spelling.channel({**_WHAT, "meter": None, "series": [one.view() for one in series]})
    return Response(f'{{"channels":[{text}]}}\n', content_type="application/json")


def _reading(start: datetime, value: int) -> dict[str, Any]:
    return {
        "start": format_instant(start),
        "end": format_instant(start + _QUARTER),
        "value": shapes.decimal(value),
        "state": "READ",
        "register": None,
        "conversion": None,
        "missing": 0,
    }
