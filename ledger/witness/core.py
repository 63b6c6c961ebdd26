"""A witness: what it remembers, and what it cosigns. Knows nothing of HTTP beyond the statuses it answers.

In the state directory each log has a folder named by SHA-256 of its origin:

    checkpoint              the newest checkpoint that was cosigned, with the cosignature; what is read outside
    evidence/*.json         two histories that the log signed: `split-view-…` checks offline by itself,
                            `suspicion-…` is a signed checkpoint whose proof did not verify
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Self

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.cosignature import CosigningKey, open_cosignatures
from ledger.errors import LedgerError, MalformedError, ProofError, SignatureError, StateError
from ledger.evidence import SplitView, contradiction, write_evidence
from ledger.files import exclusive, make_directory, write_atomically
from ledger.note import VerifierKey, parse_line, split_note
from ledger.tree import EMPTY_ROOT, verify_consistency
from ledger.witness.wire import SIZE_TYPE, TEXT_TYPE, AddCheckpoint, parse_request

MAX_EVIDENCE = 100
MAX_SUSPICIONS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, body and its type."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


@dataclass
class _Log:
    """One log: its keys, where it is remembered, and the newest cosigned note (none at first)."""

    origin: str
    keys: list[VerifierKey]
    folder: Path
    lock: Lock
    note: bytes = b""
    checkpoint: Checkpoint | None = None

    @property
    def size(self) -> int:
        return self.checkpoint.size if self.checkpoint else 0


class Witness:
    """Cosigns the logs whose keys it was given, alone on its state directory. `now` gives seconds since 1970, UTC.

    Of one log several keys may be given, while they change.
    """

    def __init__(
        self, key: CosigningKey, logs: Sequence[VerifierKey], state: Path, now: Callable[[], int]
    ) -> None:
        """Open the state directory, making it where it is missing.

        Raises:
            MalformedError: no log, or a log's key that is the witness's own.
            StateError: another witness uses the directory, or what it holds is not what this witness cosigned.
        """
        if not logs or any(one.public_key == key.verifier.public_key for one in logs):
            raise MalformedError("a witness knows at least one log, and has a key of its own")
        self._key = key
        self._now = now
        self._held = ExitStack()
        make_directory(state)
        try:
            self._held.enter_context(exclusive(state))
        except BlockingIOError as error:
            raise StateError(f"another witness is at work in {state}") from error
        self._logs: dict[str, _Log] = {}
        try:
            for one in logs:
                self._add_log(one, state)
        except BaseException:
            self._held.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    @property
    def vkey(self) -> str:
        return self._key.vkey

    def _add_log(self, key: VerifierKey, state: Path) -> None:
        name = sha256(key.name.encode()).hexdigest()
        log = self._logs.setdefault(name, _Log(key.name, [], state / name, Lock()))
        log.keys.append(key)
        try:
            log.note = (log.folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return
        try:
            # Only the own cosignature counts here: the log's key may have changed since.
            [_] = open_cosignatures(log.note, [self._key.verifier])
            log.checkpoint = parse_checkpoint(split_note(log.note)[0])
        except (LedgerError, ValueError) as error:
            raise StateError(
                f"{log.folder / 'checkpoint'} is not a checkpoint that this witness cosigned. Bring it back from a "
                "copy; without it the witness could cosign a second history"
            ) from error
        if log.checkpoint.origin != key.name:
            raise StateError(f"{log.folder / 'checkpoint'} is another log's")

    def newest(self, name: str) -> bytes | None:
        """Return the newest cosigned note of the log whose origin has this SHA-256 (hex); None before any."""
        log = self._logs.get(name)
        return (log.note or None) if log else None

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer POST add-checkpoint; what is cosigned is durable on return.

        Raises:
            OSError: the disk refused; nothing was cosigned.
        """
        try:
            request = parse_request(body)
            told = parse_checkpoint(split_note(request.note)[0])
        except MalformedError as error:
            return _refusal(400, str(error))
        log = self._logs.get(sha256(told.origin.encode()).hexdigest())
        if log is None:
            return _refusal(404, "this witness does not know this log")
        try:
            checkpoint = open_checkpoint(request.note, log.keys)
        except MalformedError as error:
            return _refusal(400, str(error))
        except SignatureError as error:
            return _refusal(403, str(error))
        if request.old_size > checkpoint.size:
            return _refusal(400, "the old size is larger than the checkpoint's")
        with log.lock:
            return self._decide(log, request, checkpoint)

    def _decide(self, log: _Log, request: AddCheckpoint, checkpoint: Checkpoint) -> Answer:
        if request.old_size != log.size:
            return _size(log)
        known_root = log.checkpoint.root if log.checkpoint else EMPTY_ROOT
        if checkpoint.size == log.size and checkpoint.root != known_root:
            self._keep_evidence(log, request)
            return _size(log)
        try:
            verify_consistency(log.size, checkpoint.size, known_root, checkpoint.root, request.proof)
        except (ProofError, MalformedError) as error:
            self._keep_evidence(log, request)
            return _refusal(422, str(error))
        return self._cosign(log, request.note, checkpoint)

    def _cosign(self, log: _Log, note: bytes, checkpoint: Checkpoint) -> Answer:
        cosignature = self._key.cosign(split_note(note)[0], self._now())
        data = _own_lines(log, note) + cosignature.encode()
        make_directory(log.folder)
        write_atomically(log.folder / "checkpoint", data)  # before anybody sees the cosignature
        log.note, log.checkpoint = data, checkpoint
        return Answer(200, cosignature.encode())

    def _keep_evidence(self, log: _Log, request: AddCheckpoint) -> None:
        """Keep what contradicts the cosigned history. A bound: anybody can send a bad proof any number of times."""
        if log.checkpoint is None:
            return
        try:
            found = contradiction(log.note, request.note, log.keys, request.proof)
        except SignatureError:  # what was cosigned is signed by a key that this witness no longer has
            found = None
        kind, limit = ("split-view", MAX_EVIDENCE) if found else ("suspicion", MAX_SUSPICIONS)
        note = _own_lines(log, request.note)
        evidence = found or SplitView(log.note, note, None, request.proof)
        folder = log.folder / "evidence"
        name = sha256(split_note(log.note)[0].encode() + split_note(note)[0].encode()).hexdigest()[:16]
        make_directory(folder)
        path = folder / f"{kind}-{name}.json"
        if not path.exists() and sum(1 for _ in folder.glob(f"{kind}-*.json")) < limit:
            write_atomically(path, write_evidence(evidence))


def _own_lines(log: _Log, note: bytes) -> bytes:
    """Return a verified note without the lines that others put under it."""
    text, lines = split_note(note)
    own = {(key.name, key.key_id) for key in log.keys}
    kept = [f"{line}\n" for line in lines if parse_line(line)[:2] in own]
    return f"{text}\n{''.join(kept)}".encode()


def _refusal(status: int, words: str) -> Answer:
    return Answer(status, f"{words}\n".encode("utf-8", "replace"))


def _size(log: _Log) -> Answer:
    return Answer(409, f"{log.size}\n".encode(), SIZE_TYPE)
