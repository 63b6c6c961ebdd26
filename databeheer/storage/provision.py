"""Prepare a PostgreSQL cluster: one login role a process, a database that the owner role owns.

Least privilege is in migrations/; here are only the names. Source: design.md, Storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

ROLES = ("owner", "web", "intake", "door", "publisher", "auditor", "postman")

CONNECTIONS = {"owner": 8, "web": 40, "intake": 32, "door": 64, "publisher": 4, "auditor": 4, "postman": 4}
"""How many connections each role may have. Together fewer than the embedded server has: none can lock out others."""

# What PostgreSQL lets everybody do and no process of ours needs: keep bytes outside every table (large objects),
# write into the write-ahead log, and take locks by number, which others may be waiting for.
_NEEDLESS = """
SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
  AND (p.proname LIKE 'lo\\_%' OR p.proname IN ('loread', 'lowrite', 'pg_logical_emit_message')
       OR p.proname LIKE 'pg\\_advisory%' OR p.proname LIKE 'pg\\_try\\_advisory%')
"""


def role_name(role: str) -> str:
    """Return the login name of a process role: `databeheer_door`."""
    return f"databeheer_{role}"


def provision_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Make the process roles with these passwords, or give existing ones these passwords.

    Args:
        superuser_url: libpq URL of a role that may create roles.
        passwords: one password for each name in ROLES; stored as SCRAM-SHA-256 by the server.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            name = role_name(role)
            verb = "ALTER" if name in known else "CREATE"
            connection.execute(
                sql.SQL(
                    verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS CONNECTION LIMIT {} PASSWORD {}"
                ).format(sql.Identifier(name), sql.Literal(CONNECTIONS[role]), sql.Literal(passwords[role]))
            )


def close_other_databases(superuser_url: str) -> None:
    """Keep the process roles out of the databases that a server is made with. For a server of our own only."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for name in ("postgres", "template1"):
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def create_database(superuser_url: str, name: str, template: str | None = None) -> None:
    """Create a database owned by the owner role; only the process roles may connect.

    A template is taken as it is, with what was closed in it.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if template is not None:
            copy_database(connection, name, template)
            return
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER databeheer_owner TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )
        close_functions(
            superuser_url, name
        )  # before PUBLIC is shut out: who is no superuser connects as one of it
        _admit_roles(connection, name)


def copy_database(server: psycopg.Connection[Any], name: str, template: str) -> None:
    """Create a database like another one, to which nobody may be connected meanwhile.

    Its files are copied, which costs half of what the way through the write-ahead log does.
    """
    statement = sql.SQL("CREATE DATABASE {} OWNER databeheer_owner TEMPLATE {} STRATEGY FILE_COPY")
    server.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    _admit_roles(server, name)


def _admit_roles(server: psycopg.Connection[Any], name: str) -> None:
    roles = sql.SQL(", ").join(sql.Identifier(role_name(role)) for role in ROLES)
    database = sql.Identifier(name)
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))


def close_functions(superuser_url: str, name: str) -> None:
    """Take from everybody the functions of PostgreSQL that no process needs; the owner keeps one lock.

    Does what it may: on a server that another operator runs, who is no superuser cannot take them away.
    """
    url = make_url(superuser_url).set(database=name).render_as_string(hide_password=False)
    with (
        suppress(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(url) as connection,
    ):
        for (function,) in connection.execute(_NEEDLESS).fetchall():
            # The name comes from the server's own catalogue, written as it wants to read it.
            connection.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC".encode())
        connection.execute("GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO databeheer_owner")


def database_exists(superuser_url: str, name: str) -> bool:
    """Say whether the cluster has a database of this name."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        return (
            connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
        )


def name_house(owner_url: str, house: str) -> None:
    """Write on a database whose it is: the name of the house's log, which no two houses share."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(house)))


def house_of(superuser_url: str, name: str) -> str | None:
    """Whose a database is, as `name_house` wrote; None where there is no such database, or nothing is on it."""
    question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        found = connection.execute(question, [name]).fetchone()
    return None if found is None else found[0]


def rename_database(superuser_url: str, name: str, new: str) -> None:
    """Give a database another name; whoever is still connected to it is cut off."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new))
        )


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database and whoever is still connected to it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        drop(connection, name)


def drop(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a database and whoever is still connected to it, over a connection to another one."""
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
