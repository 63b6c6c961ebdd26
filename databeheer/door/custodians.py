"""The key store's custody, for the command line: printed shares of the epoch key, and the key back from them.

It works on the folder, not through the door: what custodians do has to go on when there is no door, and no share ever
travels over its socket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from databeheer.door.keys.custody import recover, split
from databeheer.door.keys.place import epoch_keys
from databeheer.door.keys.shares import Share, ShareError, read


def split_key(folder: Path, environment: Mapping[str, str], needed: int, count: int) -> list[str]:
    """Split the epoch key of the store in `folder`; returns the shares as they are printed, first to last.

    Raises:
        KeyStoreError, KeysAwayError: the numbers make no split, or the key is not to be had.
    """
    return [share.text() for share in split(folder, epoch_keys(folder, environment), needed, count)]


def recover_key(folder: Path, environment: Mapping[str, str], texts: Sequence[str]) -> tuple[int, list[int]]:
    """Put the epoch key back from shares as they were printed; returns how many keys it opens, and which shares.

    Raises:
        ShareError: which of them, in the order given, cannot be used and why; nothing changed.
        KeyStoreError, KeysAwayError: the key is there already, or does not fit the store; nothing changed.
    """
    shares: list[Share] = []
    for place, text in enumerate(texts, start=1):
        try:
            shares.append(read(text))
        except ShareError as error:
            raise ShareError(f"the share given as number {place}: {error}") from error
    count = recover(folder, epoch_keys(folder, environment), shares)
    return count, sorted(share.number for share in shares)
