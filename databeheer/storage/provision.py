"""Prepare a PostgreSQL cluster: one login role a process, a database that the owner role owns.

Least privilege is in migrations/; here are only the names. Source: design.md, Storage.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

ROLES = ("owner", "web", "intake", "door", "publisher", "auditor")


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
                sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {}").format(
                    sql.Identifier(name), sql.Literal(passwords[role])
                )
            )


def create_database(superuser_url: str, name: str, template: str | None = None) -> None:
    """Create a database owned by the owner role; only the process roles may connect."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} OWNER databeheer_owner TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        connection.execute(statement)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        for role in ROLES:
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(role_name(role))
                )
            )


def database_exists(superuser_url: str, name: str) -> bool:
    """Say whether the cluster has a database of this name."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        return (
            connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
        )


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database and whoever is still connected to it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
