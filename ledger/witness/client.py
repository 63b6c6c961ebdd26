"""The log's side of the witness protocol: shows one witness a checkpoint and brings its cosignature back.

Nothing that a witness answers is believed: a cosignature is verified before it counts, a size only says where
the next proof starts, and a split view counts only with a checkpoint that the log's own key signed.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.answers import Clock, OverdueError, answers_within
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import TOLERANCE_SECONDS, Cosignature, WitnessKey, open_cosignatures
from ledger.errors import (
    LedgerError,
    MalformedError,
    NotPublishedError,
    ProofError,
    SignatureError,
    SplitViewError,
    WitnessError,
)
from ledger.evidence import SplitView, compare
from ledger.fetch import check_address
from ledger.note import VerifierKey, split_note
from ledger.tiles import MAX_CHECKPOINT_LENGTH
from ledger.tree import HashReader, consistency_proof
from ledger.witness.wire import SIZE_TYPE, parse_size_answer, read_path, write_request

MAX_ANSWER_LENGTH = 16_384
_TRIES = 3
_CHUNK = 65_536


@dataclass(frozen=True)
class Shown:
    """What a witness is shown: the log's note, and the tree to prove from.

    `open_tree` gives a reader of the hashes of the tree of that size; each call another one, for a thread of its
    own.
    """

    note: bytes
    checkpoint: Checkpoint
    keys: Sequence[VerifierKey]
    open_tree: Callable[[], HashReader]


class WitnessClient:
    """One witness, asked by one thread at a time. `url` is the prefix of its add-checkpoint."""

    def __init__(
        self, key: WitnessKey, url: str, timeout_seconds: float = 5.0, clock: Clock = time.monotonic
    ) -> None:
        check_address(url)
        self.key = key
        self.url = url.rstrip("/")
        self._timeout = timeout_seconds
        self._clock = clock
        self._size = 0  # what the witness said last; it corrects us

    def cosign(self, shown: Shown, now: int) -> Cosignature:
        """Return the witness's verified cosignature of what it is shown, made about `now`.

        Raises:
            WitnessError: it refused, gave a bad answer or none in time.
            SplitViewError: it holds a checkpoint that the log's key signed and that what is shown does not
                continue.
        """
        old_size = min(self._size, shown.checkpoint.size)
        for _ in range(_TRIES):
            proof = self._proof(shown, old_size)
            answer = self._call("POST", "/add-checkpoint", write_request(old_size, proof, shown.note))
            if answer.status == 200:
                found = self._cosignature(shown, answer.body, now)
                self._size = shown.checkpoint.size
                return found
            if answer.status == 422:
                self._contradicted(
                    shown, f"says that the checkpoint does not continue its {old_size} entries"
                )
            if answer.status != 409 or answer.content_type != SIZE_TYPE:
                raise self._failure(_MEANINGS.get(answer.status, f"answers {answer.status}"))
            old_size = self._corrected(shown, old_size, answer.body)
        raise self._failure("corrects the size again and again")

    def newest(self, shown: Shown) -> bytes:
        """Return the newest note that the witness shows of this log; raises WitnessError where it shows none."""
        answer = self._call("GET", f"/{read_path(shown.checkpoint.origin)}", None)
        if answer.status != 200:
            raise self._failure("shows no checkpoint of this log")
        return answer.body

    def _proof(self, shown: Shown, old_size: int) -> list[bytes]:
        try:
            return consistency_proof(shown.open_tree(), old_size, shown.checkpoint.size)
        except (ProofError, MalformedError, NotPublishedError) as error:
            raise self._failure(f"cannot be shown how the log grew: {error}") from error

    def _corrected(self, shown: Shown, old_size: int, body: bytes) -> int:
        try:
            size = parse_size_answer(body)
        except MalformedError as error:
            raise self._failure(f"tells no size: {error}") from error
        if size > shown.checkpoint.size:
            self._contradicted(shown, f"says that it cosigned {size} entries of this log already")
        if size == old_size == shown.checkpoint.size:
            self._contradicted(shown, f"says that it cosigned another root of {size} entries")
        if size == old_size:
            raise self._failure("contradicts its own size")
        self._size = size
        return size

    def _cosignature(self, shown: Shown, body: bytes, now: int) -> Cosignature:
        """Return the one line that counts of an answer; lines by others are left where they are."""
        text = split_note(shown.note)[0]
        note = f"{text}\n".encode() + body
        try:
            if split_note(note)[0] != text:
                raise MalformedError("the answer begins with an empty line")
            found = open_cosignatures(note, [self.key], now)
        except (MalformedError, SignatureError) as error:
            raise self._failure(f"gave a bad cosignature: {error}") from error
        if not found or found[0].time_unix < now - TOLERANCE_SECONDS:
            raise self._failure("gave no cosignature of its own of this moment")
        return found[0]

    def _contradicted(self, shown: Shown, claim: str) -> None:
        """Raise SplitViewError where the witness shows what the log's key signed elsewhere, else WitnessError."""
        try:
            note = self.newest(shown)
            other = open_checkpoint(note, shown.keys)
        except LedgerError as error:
            raise self._failure(f"{claim}, and shows nothing that this log signed ({error})") from error
        if other.origin != shown.checkpoint.origin:
            raise self._failure(f"{claim}, and shows another log's checkpoint")
        if other.size > shown.checkpoint.size:
            raise SplitViewError(f"{self.key.name} {claim}, and shows it", SplitView(shown.note, note))
        try:
            evidence = compare(note, shown.note, shown.keys, shown.open_tree())
        except (ProofError, MalformedError, NotPublishedError) as error:
            raise self._failure(f"{claim}; its checkpoint cannot be compared now: {error}") from error
        if evidence is not None:
            raise SplitViewError(f"{self.key.name} {claim}, and shows it", evidence)
        raise self._failure(f"{claim}, but shows a checkpoint that it does continue")

    def _failure(self, words: str) -> WitnessError:
        return WitnessError(f"the witness {self.key.name} {words}")

    def _call(self, method: str, path: str, body: bytes | None) -> _Answer:
        """Ask once. No redirect is followed; the whole answer must come within the time."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        limit = MAX_CHECKPOINT_LENGTH if method == "GET" else MAX_ANSWER_LENGTH
        connection = kind(parts.netloc, timeout=self._timeout)
        connection.response_class = answers_within(self._timeout, self._clock)
        try:
            headers = {"Connection": "close", "Content-Type": "text/plain; charset=utf-8"}
            connection.request(method, f"{parts.path}{path}", body, headers)
            answer = connection.getresponse()
            data = b""
            while chunk := answer.read1(_CHUNK):
                data += chunk
                if len(data) > limit:
                    raise self._failure("gave too long an answer")
            if answer.length:  # what it announced and did not send
                raise self._failure("broke off in the middle of its answer")
            return _Answer(answer.status, answer.headers.get_content_type(), data)
        except OverdueError as error:
            raise self._failure("did not answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._failure(f"cannot be reached: {error!r}") from error
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes


_MEANINGS = {
    400: "does not understand what it is shown (400)",
    403: "does not know the key that signed the checkpoint (403)",
    404: "does not know this log (404)",
    409: "says that sizes differ, but not how (409)",
}
