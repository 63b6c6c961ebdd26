"""The thread that works jobs: one piece of the job that waited longest, then the next; everybody else goes first."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import exc

from databeheer.door.house import House
from databeheer.door.jobs import rows
from databeheer.door.jobs.rows import End
from databeheer.door.jobs.working import work
from databeheer.door.keys.store import KeyStoreError
from databeheer.errors import HandedOverError, QueueFullError, UnavailableError

_log = structlog.get_logger("door")
_GOES_BY_ITSELF = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    psycopg.OperationalError,
    HandedOverError,
    KeyStoreError,
    QueueFullError,
    UnavailableError,
)
"""What says nothing of the job: it is tried again."""


class JobWorker:
    """Works jobs as long as there are any; then looks from time to time, for another door may have taken one in."""

    def __init__(self, house: House, *, poll_seconds: float = 5.0) -> None:
        self._house = house
        self._poll_seconds = poll_seconds
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="door-jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the piece at hand."""
        self._stopping.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Say that a job was handed in."""
        self._news.set()

    def step(self) -> bool:
        """Work one piece; False where there is none that may be worked now."""
        job_id: UUID | None = None
        try:
            now = self._house.clock.now()
            with self._house.engine.begin() as connection:
                rows.drop_expired(connection, now)
                job_id = rows.following(connection, now)
            return job_id is not None and work(self._house, job_id)
        except _GOES_BY_ITSELF as error:
            _log.warning("a job waits", error=type(error).__name__)
            return False
        except Exception as error:
            # Its piece would fail the next time too, and hold up all others.
            _log.error("a job failed", error=type(error).__name__)
            return job_id is not None and self._give_up(job_id)

    def _give_up(self, job_id: UUID) -> bool:
        try:
            with self._house.engine.begin() as connection:
                rows.end(connection, job_id, End.FAILED, self._house.clock.now())
        except (exc.SQLAlchemyError, psycopg.Error):
            return False
        return True

    def _run(self) -> None:
        while True:
            self._news.wait(self._poll_seconds)
            self._news.clear()
            while not self._stopping.is_set() and self.step():
                pass
            if self._stopping.is_set():
                return
