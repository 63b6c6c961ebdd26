"""Files of verifier keys, one a line: the log's, the door's, and while a key changes a second one of either.

The published `vkey` has the log's key on the first line and the door's on the second; a key of the log that is to
follow stands behind them. All keys of one name count alike: whoever kept such a file through a change of keys goes on
verifying.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ledger.errors import MalformedError
from ledger.note import VerifierKey

MAX_VKEYS_LENGTH = 4096


def parse_vkeys(text: str) -> list[VerifierKey]:
    """Return the keys of a file, in its order.

    Behind the first line, lines that are no Ed25519 key are passed over: a log may come to sign in other ways too.

    Raises:
        MalformedError: the first line is no verifier key.
    """
    first, *further = text.split("\n")
    keys = [VerifierKey.parse(first)]
    for line in further:
        with suppress(MalformedError):
            keys.append(VerifierKey.parse(line))
    return keys


def keys_of_log(keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Return those of the log: the first one, and those that bear its name."""
    return [key for key in keys if key.name == keys[0].name]


def keys_of_door(keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Return those of the door: those of another name than the first one, or all where there is one name only."""
    return [key for key in keys if key.name != keys[0].name] or list(keys)
