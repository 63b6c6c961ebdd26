"""Collects cosignatures for a publisher: all witnesses at once, no longer than it may take, by a policy."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from threading import Thread

from ledger.cosignature import Cosignature, WitnessKey, open_cosignatures
from ledger.errors import MalformedError, QuorumError, SignatureError, WitnessError
from ledger.policy import Policy
from ledger.witness.client import Shown, WitnessClient

REFRESH_SECONDS = 3600
"""A checkpoint that stays the same is cosigned again after this time, so that its freshness can be seen."""
RETRY_SECONDS = 60
"""How long a witness that failed is left alone, where nobody waits for it."""

_log = logging.getLogger(__name__)


class Gathering:
    """The witnesses of one policy. `now` gives seconds since 1970, UTC.

    A beat waits `patience_seconds` for the quorum at most, and once it is met, `grace_seconds` for the others.
    A witness that is still busy with an earlier checkpoint is not asked and not waited for. With `fail_open`
    a checkpoint is published without the quorum: the log goes on while its witnesses are away, and readers
    who ask for the quorum see it stand still.
    """

    def __init__(
        self,
        policy: Policy,
        now: Callable[[], int],
        *,
        fail_open: bool = False,
        patience_seconds: float = 2.0,
        grace_seconds: float = 0.2,
        timeout_seconds: float = 5.0,
    ) -> None:
        self.policy = policy
        self.fail_open = fail_open
        self._now = now
        self._patience = patience_seconds
        self._grace = grace_seconds
        self._clients = [
            WitnessClient(one.key, one.url, timeout_seconds)
            for one in policy.witnesses
            if one.url is not None
        ]
        self._busy: dict[WitnessClient, _Question] = {}
        self._not_before = 0

    def is_met(self, note: bytes) -> bool:
        """Say whether a note of the log's own, with its cosignatures, may be published."""
        return self.fail_open or self._has_quorum(self._known(note))

    def is_due(self, note: bytes) -> bool:
        """Say whether a published note is to be cosigned anew: a cosignature is missing, or an hour old."""
        now = self._now()
        if now < self._not_before:
            return False
        times = {one.witness: one.time_unix for one in self._known(note)}
        return any(times.get(client.key, 0) + REFRESH_SECONDS <= now for client in self._clients)

    def collect(self, shown: Shown, published: bytes | None = None) -> bytes:
        """Return what is shown with the cosignatures that came in time; those `published` under it count too.

        Raises:
            SplitViewError: a witness holds what the log's key signed elsewhere.
        """
        known: dict[WitnessKey, Cosignature] = {}
        if published is not None and published.startswith(shown.note):
            known = {one.witness: one for one in self._known(published)}
        now = self._now()
        self._not_before = now + RETRY_SECONDS
        self._settle()  # what an earlier beat did not wait for
        for client in self._clients:
            if client not in self._busy:
                self._busy[client] = _ask(client, shown, now)
        ends, is_met = time.monotonic() + self._patience, False
        while True:
            known |= {one.witness: one for one in self._settle(shown.note)}
            if not is_met and self._has_quorum(known.values()):
                is_met, ends = True, min(ends, time.monotonic() + self._grace)
            open_ones = [one.answer for one in self._busy.values() if one.note == shown.note]
            left = ends - time.monotonic()
            if not open_ones or left <= 0:
                return shown.note + b"".join(one.line.encode() for one in known.values())
            wait(open_ones, left, FIRST_COMPLETED)

    def _settle(self, note: bytes | None = None) -> list[Cosignature]:
        """Return the cosignatures of `note` that have come, and forget every question that was answered."""
        found: list[Cosignature] = []
        for client, question in list(self._busy.items()):
            if not question.answer.done():
                continue
            del self._busy[client]
            try:
                cosignature = question.answer.result()
            except WitnessError as error:
                _log.warning("%s", error)
                continue
            if question.note == note:
                found.append(cosignature)
        return found

    def _has_quorum(self, cosignatures: Iterable[Cosignature]) -> bool:
        try:
            self.policy.require(self.policy.times(list(cosignatures)).keys())
        except QuorumError:
            return False
        return True

    def _known(self, note: bytes) -> list[Cosignature]:
        """Return the cosignatures under a published note; none where it was damaged."""
        try:
            return open_cosignatures(note, self.policy.witness_keys, self._now())
        except (MalformedError, SignatureError):
            return []


@dataclass(frozen=True, slots=True)
class _Question:
    """What a witness was shown, and its answer to come."""

    note: bytes
    answer: Future[Cosignature]


def _ask(client: WitnessClient, shown: Shown, now: int) -> _Question:
    """Ask in a thread of its own, which keeps nobody from ending the process."""
    answer: Future[Cosignature] = Future()

    def ask() -> None:
        try:
            answer.set_result(client.cosign(shown, now))
        except BaseException as error:
            answer.set_exception(error)

    Thread(target=ask, name=f"witness {client.key.name}", daemon=True).start()
    return _Question(shown.note, answer)
