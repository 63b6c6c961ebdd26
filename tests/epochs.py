"""An epoch of a key store from its beginning to its end, with nothing in between."""

from __future__ import annotations

from collections.abc import Collection

from databeheer.door.keys.new_epoch import Epochs
from databeheer.door.keys.store import KeyStore, Name


def begin_epoch(store: KeyStore, without: Collection[Name]) -> Epochs:
    """Rewrap every key but these under a new epoch key, as an erasure does."""
    with store.new_epoch(without) as new:
        return new.begin()
