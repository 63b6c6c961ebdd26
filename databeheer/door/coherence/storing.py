"""New versions of what was judged anew: in one turn with the entry that makes them readable, or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import text

from databeheer.door.coherence.opened import Opened
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.metering.revising import Revised
from databeheer.metering.sealing import Coordinates, fingerprint, seal_profile
from databeheer.metering.totals import pack_total
from databeheer.metering.validation import Grade


@dataclass(frozen=True)
class Revision:
    """What is to be stored in the place of the newest version of a day."""

    opened: Opened
    revised: Revised

    def sealed(self, day: date) -> dict[str, Any]:
        """Return it as a row of the version after the one that was judged."""
        channel, version = self.opened.channel, self.opened.version + 1
        where = Coordinates(channel.pseudonym, channel.handle, day, version)
        values, total = self.revised.values, pack_total(self.revised.total)
        mark = fingerprint(seals.sameness_key(channel.root, channel.handle, day), (values or b"") + total)

        def closed(part: str, plain: bytes) -> bytes:
            key = seals.profile_key(channel.root, part, channel.handle, day, version)
            return seal_profile(key, plain, mark, where, part)

        return {
            "pseudonym": channel.pseudonym,
            "channel": channel.handle,
            "day": day,
            "version": version,
            "fingerprint": mark,
            "values": None if values is None else closed("values", values),
            "total": closed("total", total),
        }


def store(house: House, operator: int, day: date, compared: int, revisions: Sequence[Revision]) -> int:
    """Store the revisions of days that are as they were when they were judged; returns how many those are.

    Each stays of the class that it was of (R61), by a batch and an entry of its own.
    """
    classes = ([one for one in revisions if one.opened.is_informative is kind] for kind in (False, True))
    return sum(_store(house, operator, day, compared, some) for some in classes if some)


def _store(house: House, operator: int, day: date, compared: int, revisions: Sequence[Revision]) -> int:
    is_informative = revisions[0].opened.is_informative
    with house.turn() as turn:
        standing = _standing(turn, day, revisions)
        rows = [one.sealed(day) for one in standing]
        if not rows:
            return 0
        secrets.SystemRandom().shuffle(rows)
        digest = sha256(b"".join(sorted(row["fingerprint"] for row in rows))).digest()
        about = {"operator": operator, "sha256": digest, "count": len(rows), "day": day}
        about |= {"now": turn.now, "size": turn.size, "informative": is_informative}
        batch = turn.connection.execute(_BATCH, about).scalar_one()
        turn.connection.execute(_INSERT, [row | {"operator": operator, "batch": batch} for row in rows])
        said = {
            "batch": batch,
            "sha256": digest.hex(),
            "profiles": len(rows),
            "grade": (Grade.INFORMATIVE if is_informative else Grade.BILLING).value,
            "why": "coherence",
            "compared": compared,
        }
        turn.connection.execute(_STORED, {"batch": batch, "index": turn.next_index})
        turn.record(Statement("readings.stored", said, operator=operator))
    return len(rows)


def _standing(turn: Turn, day: date, revisions: Sequence[Revision]) -> list[Revision]:
    """Those of which no other version came, a batch's that is under way included, and whose stay has its root still."""
    channels = [one.opened.channel for one in revisions]
    asked = {"pseudonyms": list({one.pseudonym for one in channels}), "day": day}
    newest = {
        (bytes(row.pseudonym), bytes(row.channel)): row.version
        for row in turn.connection.execute(_NEWEST, asked)
    }
    roots = set(turn.connection.execute(_ROOTS, {"roots": [one.root_id for one in channels]}).scalars())
    return [
        one
        for one, channel in zip(revisions, channels, strict=True)
        if newest.get((channel.pseudonym, channel.handle)) == one.opened.version and channel.root_id in roots
    ]


_NEWEST = text(
    "SELECT pseudonym, channel, max(version) AS version FROM metering.profile"
    " WHERE pseudonym = ANY(:pseudonyms) AND day = :day GROUP BY pseudonym, channel"
)
_ROOTS = text("SELECT root_id FROM registry.occupancy WHERE root_id = ANY(:roots)")
_BATCH = text(
    "INSERT INTO metering.batch"
    " (operator, sha256, profiles, opened_at, opened_size, first_day, last_day, is_informative)"
    " VALUES (:operator, :sha256, :count, :now, :size, :day, :day, :informative) RETURNING batch"
)
_INSERT = text(
    "INSERT INTO metering.profile"
    " (pseudonym, channel, day, version, operator, batch, fingerprint, values_sealed, total_sealed)"
    " VALUES (:pseudonym, :channel, :day, :version, :operator, :batch, :fingerprint, :values, :total)"
)
_STORED = text("UPDATE metering.batch SET stored_index = :index WHERE batch = :batch")
