"""What "who looked" is held against: a bare Flask page with the same lines, for whoever asks.

No session, no door, no seal, no language: SQLAlchemy Core reads the newest 25 lines of the customer by key from one
plain table, and Jinja writes them with the same words a line. gunicorn serves it as it serves ours.
"""

from __future__ import annotations

import os

import psycopg
import sqlalchemy as sa
from flask import Flask, render_template_string

DATABASE = "BENCH_DATABASE_URL"
_LINE = sa.table(
    "plain_line",
    *(sa.column(name) for name in ("customer", "number", "at", "party", "ground", "first", "last", "slots")),
)
_PAGE = """<!doctype html><html lang="nl"><title>Wie las mijn gegevens?</title><h1>Wie las mijn gegevens?</h1><ol>
{% for line in lines %}<li><time datetime="{{ line.at.isoformat() }}">{{ line.at.strftime("%H.%M uur") }}</time>
<span>nr. {{ line.number }}</span><h3>{{ line.party }}</h3><p>Las uw verbruik, van {{ line.first.strftime("%d/%m/%Y") }}
tot en met {{ line.last.strftime("%d/%m/%Y") }}: ten hoogste {{ line.slots }} waarden.</p><p>{{ line.ground }}</p>
<p><a href="/bewijs/{{ line.number }}">Bewaar het bewijs</a></p></li>{% endfor %}</ol>
<a href="?verder={{ lines[-1].number }}">Oudere regels</a></html>"""


def application() -> Flask:
    """Make the application; the environment says which database."""
    app = Flask(__name__)
    engine = app.extensions["engine"] = sa.create_engine(os.environ[DATABASE], pool_size=16)
    newest = sa.select(_LINE).where(_LINE.c.customer == 1).order_by(_LINE.c.number.desc()).limit(25)

    @app.get("/gelezen")
    def show() -> str:
        with engine.connect() as connection:
            return render_template_string(_PAGE, lines=connection.execute(newest).all())

    return app


def fill(url: str, lines: int) -> None:
    """Make the table, with so many lines of the one customer."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE plain_line (customer int, number bigint, at timestamptz, party text, ground text,"
            " first timestamptz, last timestamptz, slots int, PRIMARY KEY (customer, number))"
        )
        connection.execute(
            "INSERT INTO plain_line SELECT 1, n, now() - n * interval '5 minutes', 'Dienst ' || n %% 20,"
            " repeat('grond ', 20), now() - interval '2 days', now(), 96 FROM generate_series(1, %s) AS n",
            [lines],
        )
        connection.execute("ANALYZE plain_line")
