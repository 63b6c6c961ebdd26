"""The homes behind a meter number, and whether what somebody typed of the address is theirs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

MOST_TOLD = 3
"""How often an EAN code is told of one home within TOLD_COUNTED, whoever asks."""
TOLD_COUNTED = timedelta(days=30)
_BOX = re.compile(r"\b(?:bus|bte|boite|box)\b")


def at_meter(connection: Connection, meter_hashes: Sequence[bytes], today: date) -> Sequence[Any]:
    """Return the stays where somebody lives now behind a meter of this number, with their sealed EAN and address."""
    asked = {"meters": list(meter_hashes), "today": today}
    return connection.execute(_AT_METER, asked).all()


def is_address(registered: str, street: str, postcode: str) -> bool:
    """Say whether a street with its number, and a postcode, are those of a registered address.

    Capitals, accents, signs between and the word for a box do not matter; the number does.
    """
    of_street, _, of_town = registered.partition(",")
    words = _words(street)
    return bool(words) and words == _words(of_street) and postcode in _words(of_town)


def address_words(street: str, postcode: str) -> str:
    """Return street, number and postcode in the words by which addresses are held against each other."""
    return " ".join([*_words(street), postcode])


def postcode_of(registered: str) -> str:
    """Return the postcode of a registered address; empty where it has none."""
    return next((word for word in _words(registered.partition(",")[2]) if re.fullmatch(r"\d{4}", word)), "")


def told_lately(connection: Connection, occupancy_id: UUID, now: datetime) -> int:
    """Return how often the EAN code of a home was told within TOLD_COUNTED."""
    count: int = connection.execute(
        _TOLD_LATELY, {"occupancy": occupancy_id, "since": now - TOLD_COUNTED}
    ).scalar_one()
    return count


def told(connection: Connection, home: Any, channel: str, now: datetime) -> None:
    """Note that the EAN code of a home goes out."""
    members = {"operator": home.operator, "occupancy": home.occupancy_id, "channel": channel, "now": now}
    connection.execute(_TOLD, members | {"id": uuid4()})


def forget_told(connection: Connection, now: datetime) -> None:
    """Delete what counts no more."""
    connection.execute(_FORGET_TOLD, {"before": now - TOLD_COUNTED})


def _words(typed: str) -> list[str]:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", typed) if not unicodedata.combining(sign))
    return re.findall(r"\d+|[^\W\d_]+", _BOX.sub(" ", plain.casefold()))


_AT_METER = text(
    """
    SELECT o.occupancy_id, o.operator, o.access_point_id, o.person_id, a.ean_sealed, a.address_sealed, a.commodity
    FROM registry.meter m JOIN registry.access_point a USING (access_point_id)
    JOIN registry.occupancy o USING (access_point_id)
    WHERE m.number_hash = ANY(:meters) AND m.removed_on IS NULL AND o.person_id IS NOT NULL
        AND o.from_day <= :today AND (o.until_day IS NULL OR o.until_day > :today)
    ORDER BY o.occupancy_id
    """
)
_TOLD_LATELY = text("SELECT count(*) FROM identity.ean_told WHERE occupancy_id = :occupancy AND at > :since")
_FORGET_TOLD = text("DELETE FROM identity.ean_told WHERE at <= :before")
_TOLD = text(
    "INSERT INTO identity.ean_told (told_id, operator, occupancy_id, channel, at)"
    " VALUES (:id, :operator, :occupancy, :channel, :now)"
)
