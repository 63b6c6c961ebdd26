"""The journal of ends: every act that narrows access, kept outside the database, durably, before it commits.

A database that is restored from a backup has forgotten the withdrawals since. The ledger still shows that
something happened, and not what; so the door writes each end down in a file of its own, beside the key store.
After a restore it applies them again (`reconcile.finish`), and what was withdrawn does not come back to life.

Layout of `ends.journal` (mode 0600), numbers big-endian:

    "ends/v1\\n" | complete from (8) | complete below (8) | seen (8)
    records of 77 bytes: nonce (24) | sealed: ending (1), id (16), at in µs (8), day (4), entry (8), and its tag (16)

Ids are sealed under a key of the house, each with its place in the file as associated data. The numbers of the
head tell no more than the public checkpoint: `complete` is the stretch of entries of which every end is in here;
an older copy of the file that was put back shows by it. `seen` is the largest ledger that a door saw committed;
a smaller one was set back. Both stretches are written under the ledger's head lock, so doors that share the folder
never write them at once; `seen` may lag behind. Records are appended under a lock of the file's own.
"""

from __future__ import annotations

import enum
import fcntl
import os
import struct
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from databeheer.door.keys.epochs import KeyStoreError
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.sealing import seal
from databeheer.registry.conditions import StaleTrigger

NAME = "ends.journal"
_MAGIC = b"ends/v1\n"
_HEAD = struct.Struct(">8sQQQ")
_STRETCH = struct.Struct(">8sQQ")
_SEEN = struct.Struct(">Q")
_PLAIN = struct.Struct(">B16sqiq")
_RECORD = 24 + _PLAIN.size + 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DAY = 0
NOBODY = UUID(int=0)


class JournalError(KeyStoreError):
    """The journal of ends is damaged, or cannot be opened with this house's key."""


class Ending(enum.IntEnum):
    """What ended, or what stop was set or lifted; the numbers stand in files, so they never change."""

    REVOKED = 1
    TERMINATED = 2
    REJECTED = 3
    INVALIDATED = 4
    OCCUPANCY = 5
    PARTY_SUSPENDED = 6
    STOPPED = 7
    STOP_LIFTED = 8
    LAPSED = 9
    RENEWED = 10
    """A permission that a new one took the place of: whoever withdraws the new one has withdrawn both.

    Where this end got lost, so did the new one, which was granted in the same turn.
    """
    PORT_CLOSED = 11
    """A user port that its customer, or the house, wants closed."""
    MANDATE_REJECTED = 12
    """A permission, with the written mandate that carried it."""
    BLOCKED = 13
    UNBLOCKED = 14
    PAST_PART = 15
    """Of a permission, the data of before it was asked; FUTURE_PART those after."""
    FUTURE_PART = 16
    DIED = 17
    """A person, on a day; DEATH_REFUTED says that it was a mistake."""
    DEATH_REFUTED = 18
    CONTRACT = 19
    """A data access contract: `at` is its end, which may lie ahead."""
    PROCESSOR_AGREEMENT = 20
    TERRITORY = 21
    AUTHORISATION = 22
    USE_CHANGED = 23
    """The DPIAs of a party, by this trigger; so the next three."""
    NEW_CATEGORIES = 24
    UNFORESEEN_BREACH = 25
    ORGANISATION_CHANGED = 26
    OVERVIEW = 27
    """The overview of processing of a party was not found."""
    REPRESENTATION = 28
    SUPPLY = 29
    DYNAMIC_PRICE = 30
    """Of a supply contract."""
    REGIME = 31
    """The choice of values per quarter-hour, of an occupancy."""
    REGISTRATION = 32
    PARTICIPATION = 33
    NECESSITY = 34
    CONCERNED_AT = 35
    """At an occupancy, from a day on, somebody lives there too: the CONCERNED right after names whom."""
    CONCERNED = 36
    HOLDER_DIED = 37
    """A permission, with whoever gave it."""
    DOUBT_OPENED = 38
    """A case of doubt; the two records behind it say which party is blocked, and at which occupancy."""
    DOUBT_PARTY = 39
    DOUBT_HOME = 40
    DOUBT_LIFTED = 41
    DOUBT_UNPROVEN = 42
    """A case in which no proof came in time: the permissions that stood there ended with it."""
    PLACED = 43
    """An access point left the territory in which it was said to lie."""
    DOUBT_PERMISSION = 44
    """Behind the other two: which permission a case is about. Older journals do not say it."""
    DOUBT_SHOWN = 45
    """A case in which something was shown in time: its hours are not to run out in a database that forgot that."""
    PORT_OPENED = 46
    """A user port that its customer wants open: no end, but a database that forgot it takes the port for closed."""
    INTERVAL_READING = 47
    """The reading of quarter-hours and hours, of an occupancy, from a day on."""
    CONCERNED_LEFT = 48
    """At an occupancy, on a day, somebody who lived there too left: the CONCERNED right after names whom."""
    COMMITTED = 49
    """The turn of a lift has committed: `id` is the number of the lift's record. Without it no lift is believed."""
    SUSPENSION = 50
    """A permission whose party was suspended; NOT_PROVEN one that its party did not show in time."""
    NOT_PROVEN = 51
    WEBHOOK = 52
    """Of a party, where its web hooks went, or the secret that signed them, was left; `at` is when it was set."""
    EMAIL = 53
    """Of a person, the address for e-mail was left; `at` is when it was confirmed."""
    CLIENT = 54
    """A program of a party; CLIENT_SECRET the secret that it had."""
    CLIENT_SECRET = 55
    DOUBT_SIGNALLED = 56
    """A case of doubt that somebody joined: who raised it cannot take it back alone. The DOUBT_SIGNAL right behind it
    says which signal it was."""
    DOUBT_SIGNAL = 57
    ERASURE_TAKEN_BACK = 58
    """A request to erase: a database that forgot that it was taken back would have it carried out."""
    MONTH_TOLD = 59
    """A month, by its first day, of which statistics were published: it is never told again."""
    CLIENT_KEY = 60
    """A key with which a program of a party signed: `at` is its end, which may lie ahead."""
    METER = 61
    """A meter that was taken away, on a day: what came of it since is not of who lives there."""
    JOIN_NECESSITY = 62
    """A record of necessity of the join gate; JOIN_SIGNER a key under which such records were signed."""
    JOIN_SIGNER = 63
    OBJECTION = 64
    """A basis that somebody's accepted objection stopped; the three records behind it say at which occupancy, whose
    objection, and which basis."""
    OBJECTION_HOME = 65
    OBJECTION_PERSON = 66
    OBJECTION_BASIS = 67
    STAFF_ACCOUNT = 68
    """Of somebody of the house who left, or whose account was ended; STAFF_ROLE a role that he had or was asked."""
    STAFF_ROLE = 69


PERMISSION_ENDINGS = {
    Ending.REVOKED: ("revoked", "withdrawn_by_customer"),
    Ending.TERMINATED: ("terminated", "terminated_by_party"),
    Ending.REJECTED: ("rejected", "rejected_by_customer"),
    Ending.INVALIDATED: ("invalidated", "moved_out"),
    Ending.HOLDER_DIED: ("invalidated", "holder_died"),
    Ending.MANDATE_REJECTED: ("invalidated", "mandate_rejected"),
    Ending.SUSPENSION: ("invalidated", "party_suspended"),
    Ending.NOT_PROVEN: ("invalidated", "doubt_not_answered"),
    Ending.LAPSED: ("lapsed", "lost_in_restore"),
    Ending.RENEWED: ("lapsed", "lost_in_restore"),
}
"""State and reason of a permission that ended so, and of which a restored database does not know it."""


LIFTS = frozenset({Ending.STOP_LIFTED, Ending.UNBLOCKED, Ending.DEATH_REFUTED, Ending.DOUBT_LIFTED})
"""What widens access again. An end is believed though its turn may not have committed: that only narrows. A lift is
believed once its turn is known to have committed, so a second record says that afterwards."""


STALENESS = {trigger: Ending[trigger.name] for trigger in StaleTrigger}


@dataclass(frozen=True)
class End:
    """One end: of what, when (aware UTC).

    `day` is the first one without it: an occupancy without its person, a contract that runs no more. `index` is
    the size of the ledger before the entry that records it.
    """

    ending: Ending
    id: UUID
    at: datetime
    index: int
    day: date | None = None


@dataclass(frozen=True)
class Reach:
    """The numbers of the journal's head: every end among the entries [complete_from, complete_below) is in it."""

    complete_from: int
    complete_below: int
    seen: int

    def covers(self, first: int, until: int) -> bool:
        return self.complete_from <= first and until <= self.complete_below


class EndsJournal:
    """The journal in one folder; safe for several doors under one ledger head.

    `key` gives the house's key that ids are sealed under, asked for at each use.
    """

    def __init__(self, folder: Path, key: Callable[[], bytes]) -> None:
        self._path = folder / NAME
        self._key = key
        self._opened: _Opened | None = None
        self._appending = threading.Lock()

    def reach(self) -> Reach | None:
        """Return how far the journal reaches; None where there is none.

        Raises:
            JournalError: it is damaged.
        """
        opened = self._file()
        return None if opened is None else _reach(opened.file)

    def keep(self, size: int, count: int, ends: Sequence[End]) -> list[int]:
        """Write ends down, durably, before the `count` entries behind the ledger's `size` commit.

        Without ends nothing is forced to the disk: the head then only says how far the file reaches, and a power
        cut makes it say less, never more. Entries that this file did not see make it begin anew there. Returns the
        numbers of the records that are lifts, to `confirm` after the commit.
        """
        opened = self._file_made()  # held, so that it stays open
        file = opened.file
        known = _reach(file)
        if known is None:
            os.pwrite(file, _HEAD.pack(_MAGIC, size, size, 0), 0)
            known = Reach(size, size, 0)
        first = self._append(file, ends) if ends else 0
        begun = known.complete_from if size <= known.complete_below else size
        os.pwrite(file, _STRETCH.pack(_MAGIC, begun, size + count), 0)
        if ends:
            os.fsync(file)
        return [first + place for place, end in enumerate(ends) if end.ending in LIFTS]

    def confirm(self, lifts: Sequence[int], size: int, at: datetime) -> None:
        """Note that the turn of these lifts has committed, `at` a time and behind the ledger's `size`."""
        opened = self._file_made()
        self._append(opened.file, [End(Ending.COMMITTED, UUID(int=number), at, size) for number in lifts])
        os.fsync(opened.file)

    def saw(self, size: int) -> None:
        """Note a ledger that has committed at this size; after the commit, and not forced to the disk."""
        opened = self._file_made()
        os.pwrite(opened.file, _SEEN.pack(size), _STRETCH.size)

    def since(self, index: int) -> list[End]:
        """Return the ends of entries from `index` on, in the order in which they happened; lifts if they committed.

        Raises:
            JournalError: a record does not open.
        """
        if not self._path.exists():
            return []
        data = self._path.read_bytes()[_HEAD.size :]
        records = (data[at : at + _RECORD] for at in range(0, len(data) - len(data) % _RECORD, _RECORD))
        ends = [self._open(number, record) for number, record in enumerate(records)]
        committed = {end.id.int for end in ends if end.ending is Ending.COMMITTED}
        return [
            end
            for number, end in enumerate(ends)
            if end.index >= index
            and end.ending is not Ending.COMMITTED
            and (end.ending not in LIFTS or number in committed)
        ]

    def length(self) -> int:
        """Return how long the file is, in bytes: it only grows, so what was read of it holds while this is the same."""
        opened = self._file()
        return 0 if opened is None else os.fstat(opened.file).st_size

    def _append(self, file: int, ends: Sequence[End]) -> int:
        """Write records behind the last; returns the number of the first. Lifts are confirmed without the head lock."""
        with self._appending:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                written = max(os.fstat(file).st_size - _HEAD.size, 0)
                count = written // _RECORD  # over a record that a crash cut short
                data = b"".join(self._seal(count + place, end) for place, end in enumerate(ends))
                os.pwrite(file, data, _HEAD.size + count * _RECORD)
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        return count

    def _seal(self, number: int, end: End) -> bytes:
        plain = _PLAIN.pack(
            end.ending,
            end.id.bytes,
            (end.at - _EPOCH) // timedelta(microseconds=1),
            end.day.toordinal() if end.day else _NO_DAY,
            end.index,
        )
        return seal(self._key(), plain, _place(number))

    def _open(self, number: int, record: bytes) -> End:
        try:
            plain = unseal(self._key(), record, _place(number))
        except SealError as error:
            raise JournalError(f"record {number} of the journal of ends does not open") from error
        ending, identifier, at, day, index = _PLAIN.unpack(plain)
        return End(
            Ending(ending),
            UUID(bytes=identifier),
            _EPOCH + timedelta(microseconds=at),
            index,
            date.fromordinal(day) if day else None,
        )

    def _file(self) -> _Opened | None:
        """The open file; opened anew where another one stands in its place. None where there is none."""
        try:
            place = os.stat(self._path)
        except FileNotFoundError:
            return None
        opened = self._opened
        if opened is None or opened.inode != (place.st_dev, place.st_ino):
            opened = self._opened = _Opened(self._path)
        return opened

    def _file_made(self) -> _Opened:
        opened = self._file()
        if opened is None:
            opened = self._opened = _Opened(self._path)
            _make_durable(self._path.parent)
        return opened


class _Opened:
    """An open file, closed with its last user."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        weakref.finalize(self, os.close, self.file)
        status = os.fstat(self.file)
        self.inode = (status.st_dev, status.st_ino)


def _reach(file: int) -> Reach | None:
    head = os.pread(file, _HEAD.size, 0)
    if not head:
        return None  # made, and killed before anything was written
    if len(head) != _HEAD.size or not head.startswith(_MAGIC):
        raise JournalError("the journal of ends is damaged; bring its newest copy back")
    return Reach(*_HEAD.unpack(head)[1:])


def _place(number: int) -> bytes:
    return f"ends/v1|{number}".encode()


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
