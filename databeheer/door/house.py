"""What the door works with: its database login, its keys, its clock, its signing key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import Engine, event

from databeheer.access.catalogue import Catalogue
from databeheer.byte_rows import Bytes
from databeheer.clock import Clock
from databeheer.door.keys.place import epoch_keys
from databeheer.door.keys.rotation import Rotation
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import KeyStore, Kind
from databeheer.door.reads.told_reads import ToldReads
from databeheer.door.restore.ends import EndsJournal
from databeheer.door.restore.gap_watch import GapWatch
from databeheer.door.restore.known_moves import KnownMoves
from databeheer.door.tokens.ring import TokenRing
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane, TurnQueue
from databeheer.errors import HandedOverError
from databeheer.identity import sessions
from databeheer.identity.provider import Provider
from databeheer.joins.signature import JoinListFiles
from databeheer.oversight import handover
from databeheer.oversight.waits import Waits
from databeheer.storage.engine import looking_engine
from ledger.note import SigningKey

# House keys have fixed names: there is one of each.
LEDGER_HOUSE = UUID(int=1)
REGISTRY_HOUSE = UUID(int=2)
JOINS_HOUSE = UUID(int=3)


def make_keys(folder: Path, environment: Mapping[str, str] | None = None) -> KeyStore:
    """Make a new key store, with the house's own keys; refuses a folder that holds one.

    `environment` may name a token for its epoch keys.
    """
    keys = KeyStore.create(folder, epoch_keys(folder, environment or {}))
    for name in (LEDGER_HOUSE, REGISTRY_HOUSE, JOINS_HOUSE):
        keys.make(Kind.HOUSE, name)
    return keys


@dataclass(frozen=True)
class House:
    """The means of one door process. Everything that decides or records takes one of these."""

    engine: Engine
    keys: KeyStore
    clock: Clock
    catalogue: Catalogue
    origin: str
    promise_key: SigningKey
    operator_key_hash: bytes
    intake_key_hash: bytes
    # Empty: no clerk is believed.
    clerk_key_hash: bytes = b""
    provider: Provider | None = None
    public_url: str = ""
    facade_audience: str = ""
    # None: no list of lawful joins is registered, so every join is refused.
    joins: JoinListFiles | None = None
    postman_key_hash: bytes | None = None
    """None: nobody takes messages further than the inbox."""
    proxy_key_hash: bytes | None = None
    """None: no certificate shows who a client is."""
    sends_email: bool = True
    sends_sms: bool = False
    """Text messages leave: a postman here has a spool for them."""
    ocmw_channel: str = field(default="", repr=False)
    """How an OCMW reaches the data manager; secret (R96)."""
    data_manager_email: str = ""
    """Where the data manager is told by e-mail; empty: nowhere, only in its list."""
    loopback_webhooks: bool = False
    """Web hooks may go to this machine, without TLS: in the demo."""
    fresh_log_in: timedelta = sessions.FRESH_TERM
    """How long ago a customer may have shown who he is, to give others access."""
    idle: timedelta = sessions.IDLE_TERM
    """After how long without a page a session ends."""
    longest_queue: int = 128
    """How many commands may wait for a turn."""
    lookers: Engine = field(init=False)
    """For looks of which each query finds a few rows by a key; it ends with `engine`."""
    queue: TurnQueue = field(init=False)
    rotation: Rotation = field(init=False)
    """The steps of this door towards the next epoch of its keys."""
    ends: EndsJournal = field(init=False)
    """The journal of ends, beside the key store."""
    moves: KnownMoves = field(init=False)
    """What it knows of stays that ended, for as long as a restored database does not."""
    token_ring: TokenRing = field(init=False)
    """The keys that sign access tokens."""
    told_reads: ToldReads = field(default_factory=ToldReads)
    waits: Waits = field(default_factory=Waits)
    """How long each party waited for this door's answers (R9)."""
    _months: set[str] = field(default_factory=set)
    _watch: GapWatch = field(default_factory=GapWatch)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookers", looking_engine(self.engine))
        event.listen(self.engine, "engine_disposed", lambda _: self.lookers.dispose())
        object.__setattr__(self, "queue", TurnQueue(self.engine, longest=self.longest_queue))
        object.__setattr__(self, "rotation", Rotation(self.keys))
        ends = EndsJournal(self.keys.folder, lambda: derive(self.ledger_key, "ends"))
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "moves", KnownMoves(ends))
        object.__setattr__(self, "token_ring", TokenRing(lambda: self.registry_key("token-signing")))
        event.listen(self.engine, "connect", lambda *_: self._watch.forget())

    @contextmanager
    def turn(self, lane: TurnLane = TurnLane.REST) -> Iterator[Turn]:
        """Take a turn: lock the ledger's head, read the clock, then do what the block does; commit at its end.

        What the block records is appended last and all at once; what it ends is in the journal of ends before it
        commits, and what it lifts is confirmed there afterwards. An error undoes all that the block did. Blocks that
        wait at the same time share a transaction, one after the other (`turn_queue`).

        Raises:
            QueueFullError: too many wait; the block did not run.
            HandedOverError: the house has a successor; all that the block did is undone.
            LedgerSetBackError: the database is older than what a door recorded; the block did not run.
        """
        with self.queue.part(lane) as (connection, head):
            turn = Turn(connection, head, self.clock, self.ledger_key, self.keys_of_subject, self._months)
            self._watch.look(turn, self.ends)
            yield turn
            try:
                turn.close()
            except psycopg.errors.InsufficientPrivilege as error:
                if not self._is_handed_over():
                    raise
                raise HandedOverError(
                    "this house was handed over to a successor: nothing is recorded here any more, so nothing is"
                    " given or changed"
                ) from error
            lifts: list[int] = []
            if turn.count or turn.ends:
                lifts = self.ends.keep(turn.size, turn.count, turn.ends)
            self._watch.passed(turn)
        self._watch.committed(turn)
        if lifts:
            self.ends.confirm(lifts, turn.size, turn.now)
        if turn.count:
            self.ends.saw(turn.size + turn.count)
        turn.committed(self.origin, self.promise_key)

    def _is_handed_over(self) -> bool:
        """Whether that is why the right to append is gone; over another connection, this one's turn is undone."""
        with self.engine.connect() as connection:
            return handover.standing(connection) is not None

    # A key that was made with its row is never made again: a lost or erased one is an error, not a fresh start
    # under which everything stored before is silently a stranger.

    @property
    def ledger_key(self) -> bytes:
        """Key of the house's own ledger bodies."""
        return self.keys.get(Kind.HOUSE, LEDGER_HOUSE)

    def keys_of_subject(self, occupancy_id: UUID) -> bytes:
        """Key of the ledger bodies of one occupancy; kept to the limitation period."""
        return self.keys.get(Kind.OCCUPANCY_LEDGER, occupancy_id)

    def registry_key(self, purpose: str) -> bytes:
        """Key for one use in the registry: sealing or finding EANs, meter numbers, addresses."""
        return derive(self.keys.get(Kind.HOUSE, REGISTRY_HOUSE), purpose)

    def release_key(self, party_id: UUID, release_id: UUID) -> bytes:
        """Key of the pseudonyms of one release to one recipient: never used again, never stored."""
        key = self.keys.get_or_make(Kind.HOUSE, JOINS_HOUSE)
        return derive(key, "join-release", party_id.bytes, release_id.bytes)

    def join_wish(self, *parts: bytes) -> bytes:
        """The keyed hash under which a join waits for more people: which points it names, no dump tells."""
        return derive(self.keys.get_or_make(Kind.HOUSE, JOINS_HOUSE), "join-wish", *parts)

    def readings_root(self, root_id: UUID) -> bytes:
        """Root key of the readings of one occupancy, by the name that its `root_id` says."""
        return self.keys.get(Kind.READINGS, root_id)

    def readings_roots(self, root_ids: Collection[bytes]) -> dict[bytes, bytes]:
        """Root keys of the readings of many occupancies, by the bytes of their `root_id`."""
        return self.keys.get_many(Kind.READINGS, root_ids)

    def readings_root_rows(self, root_ids: Sequence[bytes]) -> Bytes:
        """Root keys of the readings of many occupancies as rows, in the order of the bytes of their `root_id`."""
        return self.keys.get_rows(Kind.READINGS, root_ids)

    def roots_held(self, root_ids: Collection[bytes]) -> dict[bytes, bytes]:
        """Those root keys of the readings of many occupancies that there are: an erased one is not."""
        return self.keys.find_many(Kind.READINGS, root_ids)

    def keys_of_subjects(self, occupancy_ids: Collection[bytes]) -> dict[bytes, bytes]:
        """Keys of the ledger bodies of many occupancies, by their bytes; of an erased one there is none."""
        return self.keys.find_many(Kind.OCCUPANCY_LEDGER, occupancy_ids)
