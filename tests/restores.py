"""A database that is lost and put back as it was, under a house that goes on: real copies, a real log.

The runbook's own test makes the copy with pg_dump; here the server copies it, which is ten times as fast.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from databeheer.door.client import DoorClient
from databeheer.door.restore.gap_watch import GapWatch
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.storage import provision
from ledger.checkpoint import Checkpoint
from ledger.commitment import Opening
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from ledger.receipt import from_log
from ledger.restore import Restored, restore
from ledger.tiles import TileDirectory
from tests.doors import until
from tests.house import ORIGIN, Customer, Party, TheHouse


@dataclass
class Backups:
    """Yesterday's dump of a house, and what was published since."""

    house: TheHouse
    folder: Path
    key: SigningKey = field(default_factory=lambda: SigningKey(ORIGIN, secrets.token_bytes(32)))

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def dump(self) -> None:
        """Keep the database as it is now; an older copy goes."""
        database = self.house.database
        self._cut_off()
        provision.drop_database(database.superuser_url, self._copy)
        provision.create_database(database.superuser_url, self._copy, database.name)

    @property
    def _copy(self) -> str:
        return f"{self.house.database.name}_copy"

    def _cut_off(self) -> None:
        """End every connection: a database is copied when nobody uses it."""
        pool = self.house.house.engine.pool
        until(lambda: pool.checkedout() == 0, "the door's threads have put back what they used")
        self.house.house.engine.dispose()
        with psycopg.connect(self.house.database.superuser_url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                [self.house.database.name],
            )

    def close(self) -> None:
        provision.drop_database(self.house.database.superuser_url, self._copy)

    def publish(self) -> Checkpoint | None:
        url = self.house.database.url("publisher")
        entries = PostgresEntries(lambda: psycopg.connect(url))
        memory = self.folder / "memory"
        try:
            return Publisher(entries, self.public, [self.key], ORIGIN, memory).publish()
        finally:
            entries.close()

    def put_back(self) -> None:
        """The database is gone; the copy stands in its place. The door knows nothing of it."""
        database = self.house.database
        self._cut_off()
        provision.drop_database(database.superuser_url, database.name)
        provision.create_database(database.superuser_url, database.name, self._copy)

    def refill(self) -> Restored:
        """`ledger restore`, which knows of nothing but the log."""
        with psycopg.connect(self.house.database.url("owner")) as connection:
            return restore(connection, TileDirectory(self.public), [self.key.verifier])

    def restart_door(self) -> None:
        """End the door and start another on the same keys."""
        house = self.house
        house.client.close()
        house.server.close()
        house.house.engine.dispose()
        house.house = replace(house.house, _watch=GapWatch(), _months=set())
        house.service = DoorService(house.house)
        house.server = DoorServer(house.socket, house.service)
        house.server.start()
        house.client = DoorClient(house.socket)

    def log_in_again(self, *people: Customer | Party) -> None:
        """Sessions and tokens that a backup brings back have ended."""
        for one in people:
            if isinstance(one, Customer):
                one.session = self.house.log_in(one.subject, one.name)
            else:
                one.token = self.house.token(one.client_id, one.client_secret)

    def receipt(self, index: int, of: Customer | Party) -> str:
        """The receipt of an entry, as somebody keeps it."""
        opened = of.call("receipt.opening", index=index)
        entry, opening = b64decode(opened["entry"]), Opening.from_dict(opened["opening"])
        return from_log(TileDirectory(self.public), [self.key.verifier], index, entry, opening).decode()
