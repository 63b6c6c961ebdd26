"""The publisher's process: reads committed entries, signs checkpoints, writes tiles. It alone has the log's key."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import psycopg

from databeheer.clock import SystemClock
from databeheer.logs import configure
from ledger.errors import LedgerError
from ledger.growth import GrowthKeeper
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher


def main() -> int:
    """Publish until SIGTERM. A refusal to sign ends the process with what to do, in plain words."""
    configure()
    environment = os.environ
    url = environment["DATABEHEER_PUBLISHER_DATABASE_URL"]
    origin = environment["DATABEHEER_LEDGER_ORIGIN"]
    seed = bytes.fromhex(Path(environment["DATABEHEER_LOG_KEY"]).read_text())
    public = Path(environment["DATABEHEER_LEDGER_DIRECTORY"])
    publisher = Publisher(
        PostgresEntries(lambda: psycopg.connect(url, connect_timeout=5)),
        public,
        [SigningKey(origin, seed)],
        origin,
        Path(environment["DATABEHEER_PUBLISHER_MEMORY"]),
        GrowthKeeper(public, SystemClock().now),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        publisher.run(stop)
    except LedgerError as error:
        sys.stderr.write(f"the publisher refuses to sign: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
