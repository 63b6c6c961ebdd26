"""Where the published log stands, as a visitor may see it: newest checkpoint, key, growth, and whether it keeps up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import open_cosignatures
from ledger.encoding import encode_base64
from ledger.errors import LedgerError, MalformedError, NotPublishedError
from ledger.growth import Growth, State, read_growth
from ledger.note import VerifierKey
from ledger.policy import MAX_POLICY_LENGTH, parse_policy
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TileDirectory
from ledger.vkeys import MAX_VKEYS_LENGTH, keys_of_log, parse_vkeys

LATE_AFTER = timedelta(seconds=60)
"""Sixty beats of the publisher; also what the door promises an entry by."""

_SHOWN = 8


@dataclass(frozen=True)
class Cosigned:
    """A witness of the published policy that cosigned the newest checkpoint, and when it says that it did."""

    name: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """The published files at one moment.

    `seen_at` is when the newest checkpoint was published; `late_by` how long ago the publisher looked last, where
    that is too long ago; `is_wrong` means that there is a checkpoint, but none that the published key signed.
    """

    checkpoint: Checkpoint | None
    seen_at: datetime | None
    keys: tuple[VerifierKey, ...]
    growth: Growth | None
    witnesses: tuple[Cosigned, ...] = ()
    late_by: timedelta | None = None
    is_wrong: bool = False

    @property
    def is_refused(self) -> bool:
        """True while the publisher refuses to sign."""
        return self.growth is not None and self.growth.state is State.REFUSED

    @property
    def is_waiting(self) -> bool:
        """True while witnesses have yet to cosign what is new."""
        return self.growth is not None and self.growth.state is State.WAITING

    @property
    def late_minutes(self) -> int:
        """How many whole minutes the publisher did not look, at least one."""
        return 0 if self.late_by is None else max(1, self.late_by // timedelta(minutes=1))

    @property
    def short_root(self) -> str:
        """Both ends of the root, enough to compare two by eye."""
        root = encode_base64(self.checkpoint.root) if self.checkpoint else ""
        return f"{root[:_SHOWN]} … {root[-_SHOWN:]}"

    @property
    def log_vkeys(self) -> tuple[str, ...]:
        """The log's keys: one, and while it changes the one that is to follow."""
        return tuple(str(key) for key in keys_of_log(self.keys))

    @property
    def door_vkeys(self) -> tuple[str, ...]:
        """The keys that promises are signed with."""
        return tuple(str(key) for key in self.keys if key.name != self.keys[0].name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the log's public key in groups of four, to be read to each other; empty without a key."""
        if not self.keys:
            return ""
        digits = sha256(self.keys[0].public_key).hexdigest()
        return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def look_at(directory: Path, now: datetime) -> Standing:
    """Read the published files of `directory` at `now`."""
    keys = read_keys(directory)
    checkpoint, is_wrong = read_checkpoint(directory, keys)
    growth = _growth(directory)
    late = None
    if checkpoint and growth and growth.looked and now - growth.looked > LATE_AFTER:
        late = now - growth.looked
    witnesses = _cosigned(directory, now) if checkpoint else ()
    return Standing(checkpoint, _seen_at(directory), keys, growth, witnesses, late, is_wrong)


def read_keys(directory: Path) -> tuple[VerifierKey, ...]:
    """Return the published verifier keys: the log's, the door's, and while it changes the log's next."""
    try:
        return tuple(parse_vkeys(TileDirectory(directory).fetch("vkey", MAX_VKEYS_LENGTH).decode("utf-8")))
    except (LedgerError, UnicodeDecodeError):
        return ()


def read_checkpoint(directory: Path, keys: tuple[VerifierKey, ...]) -> tuple[Checkpoint | None, bool]:
    """Return the newest checkpoint if a key of the log signed it; and whether there is one that none did."""
    try:
        note = TileDirectory(directory).fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
        return open_checkpoint(note, keys_of_log(keys)), False
    except NotPublishedError:
        return None, False
    except LedgerError:
        return None, True


def _cosigned(directory: Path, now: datetime) -> tuple[Cosigned, ...]:
    log = TileDirectory(directory)
    try:
        policy = parse_policy(log.fetch("policy", MAX_POLICY_LENGTH))
        note = log.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
        found = open_cosignatures(note, policy.witness_keys, int(now.timestamp()))
    except LedgerError:  # no policy, or a line that does not verify: nobody is named
        return ()
    cosigned = [Cosigned(one.witness.name, datetime.fromtimestamp(one.time_unix, UTC)) for one in found]
    return tuple(sorted(cosigned, key=lambda one: one.name))


def _growth(directory: Path) -> Growth | None:
    try:
        return read_growth(directory)
    except MalformedError:
        return None


def _seen_at(directory: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp((directory / "checkpoint").stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
