"""From one root key per occupancy: the pseudonym, and a key per channel, day and version (keyed BLAKE2b).

Source: design.md, Secrets and seals.
"""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID


def derive(key: bytes, purpose: str, *parts: bytes, size: int = 32) -> bytes:
    """Derive bytes for one purpose from a key; each part is length-prefixed, so no two lists collide."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.blake2b(message, key=key, person=purpose.encode(), digest_size=size).digest()


def pseudonym(root: bytes) -> bytes:
    """Return the 16 bytes under which an occupancy's readings are stored."""
    return derive(root, "pseudonym", size=16)


def channel_handle(root: bytes, meter_id: UUID, direction: str, unit: str) -> bytes:
    """Return the 8 bytes that name a channel of an occupancy: meter, direction, unit (and with it commodity)."""
    return derive(root, "channel", meter_id.bytes, direction.encode(), unit.encode(), size=8)


def profile_key(root: bytes, part: str, channel: bytes, day: date, version: int) -> bytes:
    """Return the key that seals one part ("values" or "total") of one channel, day and version."""
    return derive(root, part, channel, day.isoformat().encode(), version.to_bytes(2, "big"))


def sameness_key(root: bytes, channel: bytes, day: date) -> bytes:
    """Return the key of a day's fingerprint: tells that a file brings nothing new without opening what is there."""
    return derive(root, "sameness", channel, day.isoformat().encode())
