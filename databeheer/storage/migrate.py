"""Bring a database to the newest schema, with Alembic."""

from __future__ import annotations

from pathlib import Path

from databeheer.storage.engine import make_engine

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(owner_url: str) -> None:
    """Run every migration that the database has not seen, as the owner role.

    Args:
        owner_url: `postgresql://` URL of the owner role.
    """
    # Here, not above: a command that finds its house running migrates nothing.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = make_engine(owner_url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()
