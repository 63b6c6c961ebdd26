"""The publisher's process: reads committed entries, signs checkpoints, writes tiles. It alone has the log's key."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import psycopg

from databeheer.clock import SystemClock
from databeheer.logs import configure
from databeheer.site.witnesses import gathering
from ledger.errors import LedgerError
from ledger.growth import GrowthKeeper
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from ledger.tiles import TileDirectory


def main() -> int:
    """Publish until SIGTERM. A refusal to sign ends the process with what to do, in plain words."""
    configure()
    environment = os.environ
    try:
        url = environment["DATABEHEER_PUBLISHER_DATABASE_URL"]
        origin = environment["DATABEHEER_LEDGER_ORIGIN"]
        public = Path(environment["DATABEHEER_LEDGER_DIRECTORY"])
        memory = Path(environment["DATABEHEER_PUBLISHER_MEMORY"])
        keys = log_keys(origin, environment)
    except KeyError as error:
        sys.stderr.write(f"the publisher does not start: it needs {error.args[0]}\n")
        return 2
    except (OSError, ValueError, LedgerError) as error:
        sys.stderr.write(f"the publisher does not start: {error}\n")
        return 2
    try:
        witnesses = gathering(environment, origin, public, SystemClock())
        publish_keys(public, keys)
        publisher = Publisher(
            PostgresEntries(lambda: psycopg.connect(url, connect_timeout=5)),
            public,
            keys,
            origin,
            memory,
            GrowthKeeper(public, SystemClock().now),
            witnesses,
        )
    except LedgerError as error:
        sys.stderr.write(f"the publisher cannot start: {error}\n")
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        publisher.run(stop)
    except LedgerError as error:
        sys.stderr.write(f"the publisher refuses to sign: {error}\n")
        return 1
    return 0


def log_keys(origin: str, environment: Mapping[str, str]) -> list[SigningKey]:
    """The log's key, and while keys change the one that is to follow it."""
    files = [environment["DATABEHEER_LOG_KEY"], environment.get("DATABEHEER_LOG_KEY_NEXT", "")]
    return [SigningKey(origin, bytes.fromhex(Path(file).read_text())) for file in files if file]


def publish_keys(public: Path, keys: list[SigningKey]) -> None:
    """Bring the published keys up to date: the log's, the door's, and the log's next one."""
    try:
        lines = (public / "vkey").read_text().splitlines()
    except FileNotFoundError:
        return  # whoever keeps house publishes the door's key with it
    wanted = [keys[0].vkey, *lines[1:2], *(key.vkey for key in keys[1:])]
    if lines != wanted:
        TileDirectory(public).write_vkeys(wanted)


if __name__ == "__main__":
    sys.exit(main())
