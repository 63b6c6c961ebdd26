"""`databeheer ledger publish`: publish what is recorded, once, where no publisher runs.

A house on the embedded database has none outside the demo; its ledger is published, audited and handed over all the
same.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from databeheer.clock import Clock
from databeheer.errors import ConflictError
from databeheer.site.home import Home
from databeheer.site.publisher import log_keys, publish_keys
from databeheer.site.restoring import database_of
from databeheer.site.witnesses import gathering
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.growth import GrowthKeeper
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from ledger.sources import DirectorySource
from ledger.tiles import MAX_CHECKPOINT_LENGTH


def publish_home(home: Home, clock: Clock, environment: Mapping[str, str]) -> Checkpoint:
    """Sign and publish every entry that has committed, as the publisher does; returns the published checkpoint.

    `environment` may name what the publisher's may: a next key, a policy of witnesses.

    Raises:
        ConflictError: witnesses have yet to cosign what was signed.
        ledger.errors.LedgerError: another publisher is at work, or database, memory and published files do not agree;
            nothing was signed.
    """
    with database_of(home, alone=False) as storage:
        url = storage.url("publisher")
        keys = log_keys(home.origin, {"DATABEHEER_LOG_KEY": str(home.log_key)} | dict(environment))
        publish_keys(home.ledger, keys)
        entries = PostgresEntries(lambda: psycopg.connect(url))
        try:
            Publisher(
                entries,
                home.ledger,
                keys,
                home.origin,
                home.publisher_memory,
                GrowthKeeper(home.ledger, clock.now),
                gathering(environment, home.origin, home.ledger, clock),
            ).publish()
            recorded = entries.read_head().size
        finally:
            entries.close()
    note = DirectorySource(home.ledger).fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    published = open_checkpoint(note, home.published_log_keys())
    if published.size < recorded:
        raise ConflictError(
            f"{published.size} of {recorded} entries are published: too few witnesses cosigned the others; try again"
        )
    return published
