"""What a submitter waits with until its entries are durable."""

from __future__ import annotations

from concurrent.futures import CancelledError
from threading import Lock

from ledger.postgres import Appended


class Ticket:
    """The outcome of one submission, for any number of threads to wait for.

    Does what a `concurrent.futures.Future` would, with two bare locks: where many threads each wait for one entry,
    waking them is most of what the log costs, and a future's condition doubles that.
    """

    __slots__ = ("_claim", "_entries", "_error", "_open")

    def __init__(self) -> None:
        self._claim = Lock()  # whoever takes it first has the submission: the log, or who takes it back
        self._open = Lock()  # held until there is an outcome
        self._open.acquire()
        self._entries: list[Appended] | None = None
        self._error: BaseException | None = None

    def result(self, timeout_seconds: float | None = None) -> list[Appended]:
        """Wait for the entries, in the order in which their commitments were submitted.

        Raises:
            TimeoutError: there is no outcome after so long; they may still be appended.
            CancelledError: they were taken back.
            Exception: why they were not appended; see `Sequencer.submit`.
        """
        error = self.exception(timeout_seconds)
        if error is not None:
            raise error
        return self._entries or []

    def exception(self, timeout_seconds: float | None = None) -> BaseException | None:
        """Wait for the outcome; return why nothing was appended, None where it was."""
        if not self._open.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            raise TimeoutError("the log has not answered yet")
        self._open.release()
        return self._error

    def done(self) -> bool:
        """Whether there is an outcome; whoever collects it holds the lock for a moment, so the lock does not tell."""
        return self._entries is not None or self._error is not None

    def cancel(self) -> bool:
        """Take the submission back; False where the log has begun with it."""
        if not self._claim.acquire(blocking=False):
            return False
        self.fail(CancelledError("the submission was taken back"))
        return True

    # ---- for the log -------------------------------------------------------------------------------------

    def claim(self) -> bool:
        """Begin with the submission; False where it was taken back."""
        return self._claim.acquire(blocking=False)

    def fulfil(self, entries: list[Appended]) -> None:
        """Give the outcome; once, and by whoever claimed it."""
        self._entries = entries
        self._open.release()

    def fail(self, error: BaseException) -> None:
        """Say why there are no entries; once, and by whoever claimed it."""
        self._error = error
        self._open.release()
