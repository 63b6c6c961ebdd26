"""Custody: an epoch key in k of n shares, so that a lost token, disk or machine loses no data, and no one has it alone.

    epoch-0001.custody   which shares were given out: how many, how many are needed, a hash of each

The hashes tell a forged share from a true one, and nothing of the key. A split of the same epoch anew takes the place
of the one before: shares of two splits are never taken together. With its epoch a split ends: shares of an epoch that
was destroyed open the copies of before, so they are destroyed with it (docs/how-to/erase.md).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from databeheer.door.keys import shamir
from databeheer.door.keys.epochs import EpochKeys, HeldKey, KeyStoreError, fingerprint
from databeheer.door.keys.files import sync_folder, write_new
from databeheer.door.keys.layout import custody_file, newest_epoch, wrapped_file
from databeheer.door.keys.shares import Share, ShareError
from databeheer.door.keys.wrapped import read_records, unwrap

_FORMAT = 1


@dataclass(frozen=True)
class Custody:
    """What the store knows of a split: which epoch and key, how many shares, how many are needed, a hash of each."""

    epoch: int
    fingerprint: bytes
    split: bytes
    needed: int
    digests: tuple[bytes, ...]

    @property
    def count(self) -> int:
        return len(self.digests)


def split(folder: Path, places: EpochKeys, needed: int, count: int) -> list[Share]:
    """Split the key of the epoch in force; the shares of an earlier split of it are good for nothing then.

    Raises:
        KeyStoreError: fewer than two would be needed, or more than there are; or the key is not to be had.
    """
    if not 2 <= needed <= count <= 99:
        raise KeyStoreError("shares: at least two are needed, no more than there are, and 99 at most")
    epoch = newest_epoch(folder)
    secret = places.open(epoch).secret()
    split_id, known = secrets.token_bytes(4), fingerprint(secret)
    values = shamir.split(secret, needed, count)
    shares = [Share(known, split_id, epoch, count, needed, number, values[number]) for number in values]
    _keep(folder, Custody(epoch, known, split_id, needed, tuple(share.digest() for share in shares)))
    return shares


def recover(folder: Path, places: EpochKeys, shares: Sequence[Share]) -> int:
    """Put the epoch key back from shares; returns how many keys it opens. Changes nothing before all is seen to fit.

    Raises:
        ShareError: the shares are not enough, not of this store or split, twice, or forged; says which.
        KeyStoreError: the epoch key is there already, or it does not open what is stored.
    """
    known = custody_of(folder)
    if known is None:
        raise KeyStoreError("this copy of the key store does not say that its epoch key was ever split")
    epoch = newest_epoch(folder)
    _refuse_where_it_opens(folder, places, epoch)
    secret = combined(known, shares)
    count = _opens(folder, epoch, HeldKey(secret))
    places.put(epoch, secret)
    return count


def combined(known: Custody, shares: Sequence[Share]) -> bytes:
    """Return the epoch key that these shares give.

    Raises:
        ShareError: says which share is wrong and how, or how many are missing.
    """
    found: dict[int, bytes] = {}
    for share in shares:
        _require_of(known, share)
        if share.number in found:
            raise ShareError(f"share {share.number} is given twice; each counts once")
        found[share.number] = share.value
    if len(found) < known.needed:
        raise ShareError(f"{len(found)} shares are given, and {known.needed} are needed")
    secret = shamir.combine(found)
    if fingerprint(secret) != known.fingerprint:
        raise ShareError("the shares do not give the key back: what the store says of them was changed")
    return secret


def custody_of(folder: Path) -> Custody | None:
    """Return what the store knows of the split of its newest epoch; None where it was not split."""
    path = custody_file(folder, newest_epoch(folder))
    try:
        said = json.loads(path.read_bytes())
        if said["format"] != _FORMAT:
            raise ValueError
        return Custody(
            int(said["epoch"]),
            bytes.fromhex(said["print"]),
            bytes.fromhex(said["split"]),
            int(said["needed"]),
            tuple(bytes.fromhex(one) for one in said["shares"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise KeyStoreError("what the store says of its shares is damaged; restore its backup") from error


def _require_of(known: Custody, share: Share) -> None:
    """See that a share is one that was given out."""
    if share.epoch != known.epoch:
        raise ShareError(
            f"share {share.number} is of epoch {share.epoch}; this store is in epoch {known.epoch}"
        )
    if share.fingerprint != known.fingerprint:
        raise ShareError(f"share {share.number} is of another key store ({share.fingerprint.hex()})")
    if share.split != known.split:
        raise ShareError(
            f"share {share.number} is of another split of this key; shares of two do not go together"
        )
    if share.number > known.count or share.digest() != known.digests[share.number - 1]:
        raise ShareError(f"share {share.number} is forged: it is not the one that was given out")


def _refuse_where_it_opens(folder: Path, places: EpochKeys, epoch: int) -> None:
    try:
        places.open(epoch)
    except KeyStoreError:
        return
    raise KeyStoreError("the epoch key is there already: nothing is to be recovered")


def _opens(folder: Path, epoch: int, key: HeldKey) -> int:
    """Count the keys that an epoch key opens, which must be all."""
    count = 0
    with wrapped_file(folder, epoch).open("rb") as file:
        for _, record in read_records(file):
            unwrap(record, key)
            count += 1
    return count


def _keep(folder: Path, custody: Custody) -> None:
    said = {
        "format": _FORMAT,
        "epoch": custody.epoch,
        "print": custody.fingerprint.hex(),
        "split": custody.split.hex(),
        "needed": custody.needed,
        "shares": [digest.hex() for digest in custody.digests],
    }
    part = folder / f".custody-{os.getpid()}"
    part.unlink(missing_ok=True)
    write_new(part, json.dumps(said, indent=1).encode() + b"\n")
    part.rename(custody_file(folder, custody.epoch))
    sync_folder(folder)
