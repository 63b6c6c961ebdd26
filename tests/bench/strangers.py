"""Entries of others in a ledger: rows of the same shape beside somebody's own, made in the database, not by a door.

Their bodies are copies, which open nothing; their entries are no chain. They are there to be passed by: in the same
months and tables, under other handles, and on the disk between the rows of the one who looks.
"""

from __future__ import annotations

import psycopg

FIRST = 1 << 40
"""Their indexes, above those of any ledger here."""
AT_ONCE = 10_000
SUBJECTS = 50_000


def add(url: str, *, own: int, count: int) -> None:
    """Add so many entries, in parts; after each, a part of the first `own` is written anew, so as to lie between."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        newest = "SELECT coalesce(max(index) + 1, %s) FROM ledger.body WHERE index >= %s"
        [(first,)] = connection.execute(newest, [FIRST, FIRST]).fetchall()
        connection.execute(
            "CREATE TEMP TABLE like_body AS SELECT * FROM ledger.body WHERE index < %s"
            " ORDER BY md5(index::text) LIMIT 500",
            [own],
        )
        connection.execute(
            "CREATE TEMP TABLE like_statement AS SELECT s.* FROM ledger.statement s JOIN like_body b USING (index)"
        )
        connection.execute("ALTER TABLE like_body ADD n serial")
        connection.execute("ALTER TABLE like_statement ADD n serial")
        parts = -(-count // AT_ONCE)
        for part in range(parts):
            span = {
                "first": first + part * AT_ONCE,
                "count": min(AT_ONCE, count - part * AT_ONCE),
                "subjects": SUBJECTS,
            }
            for query in (_BODIES, _STATEMENTS, _ENTRIES):
                connection.execute(query, span)
            moved = {"first": own * part // parts, "end": own * (part + 1) // parts}
            for query in _MOVE:
                connection.execute(query, moved)
        connection.execute("VACUUM ANALYZE")


_BODIES = """
    INSERT INTO ledger.body
        (index, month, operator, day, party_id, ground, event, points, house_half, key_sealed, shared_sealed)
    SELECT %(first)s + i, month, operator, day, party_id, ground, event, points, house_half, key_sealed, shared_sealed
    FROM generate_series(0, %(count)s - 1) AS i JOIN like_body ON n = 1 + i %% (SELECT count(*) FROM like_body)
"""
_STATEMENTS = """
    INSERT INTO ledger.statement
        (handle, counter, index, leaf, month, operator, day, party_id, ground, event, half, key_sealed, subject_sealed)
    SELECT decode(md5(((%(first)s + i) %% %(subjects)s)::text), 'hex'), %(first)s + i, %(first)s + i, 0, month,
        operator, day, party_id, ground, event, half, key_sealed, subject_sealed
    FROM generate_series(0, %(count)s - 1) AS i
    JOIN like_statement ON n = 1 + i %% (SELECT count(*) FROM like_statement)
"""
_ENTRIES = r"""
    WITH made AS (
        SELECT %(first)s + i AS place, sha256(int8send(%(first)s + i)) AS noise
        FROM generate_series(0, %(count)s - 1) AS i
    ), spelled AS (
        SELECT place, noise || noise || noise || substring(noise FROM 1 FOR 13) AS entry FROM made
    )
    INSERT INTO ledger.entry (index, entry, leaf) SELECT place, entry, sha256('\x00' || entry) FROM spelled
"""
_MOVE = tuple(
    f"WITH gone AS (DELETE FROM ledger.{table} WHERE index >= %(first)s AND index < %(end)s RETURNING *)"
    f" INSERT INTO ledger.{table} SELECT * FROM gone"
    for table in ("body", "statement")
)
