"""A house in a directory of its own, as the commands of the site make and reach it."""

from __future__ import annotations

from typing import Any

import psycopg

from databeheer.door.client import DoorClient, Proof
from databeheer.site.home import Home
from databeheer.site.house import Storage
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher


def operate(home: Home, command: str, **arguments: Any) -> dict[str, Any]:
    """Give its door a command as the operator."""
    with DoorClient(home.door_socket) as door:
        return door.call(command, Proof.operator(home.operator_key.read_text()), **arguments)


def publish(home: Home, storage: Storage) -> None:
    """Sign and publish what has committed, as the publisher does at each beat."""
    entries = PostgresEntries(lambda: psycopg.connect(storage.url("publisher")))
    try:
        Publisher(entries, home.ledger, [home.log_signer()], home.origin, home.publisher_memory).publish()
    finally:
        entries.close()
