"""The postman: takes what is due, has it opened, carries it, marks it.

Killed anywhere, nothing is lost: what was not marked comes again when its lease has run out, under the same number.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from databeheer.clock import Clock
from databeheer.post import deliveries
from databeheer.post.carrying import Carrier, CarryError, Letters, RefusedForGoodError
from databeheer.post.deliveries import Channel, Claim, End

BATCH = 20
AT_ONCE = 4
BEAT_SECONDS = 1.0
_Outcome = tuple[End | None, str]
"""How a delivery ended and why; without an end it is tried again."""
_log = structlog.get_logger("postman")


class Postman:
    """Delivers on the channels that it has a carrier for; what has none waits."""

    def __init__(
        self, engine: Engine, letters: Letters, carriers: Mapping[Channel, Carrier], clock: Clock
    ) -> None:
        self._engine, self._letters, self._carriers, self._clock = engine, letters, carriers, clock

    def round(self, channel: Channel, limit: int = BATCH) -> int:
        """Try what is due on one channel, once each; returns how many letters that was."""
        with self._engine.begin() as connection:
            claims = deliveries.claim(connection, [channel], self._clock.now(), limit)
        if len(claims) == 1:
            self._mark(claims[0], self._deliver(claims[0]))
        elif claims:  # side by side: one receiver that does not answer keeps the others waiting less
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"post-{channel}") as pool:
                under_way = {pool.submit(self._deliver_and_close, claimed): claimed for claimed in claims}
                for done in as_completed(under_way):
                    self._mark(under_way[done], done.result())
        return len(claims)

    def run(self, stop: threading.Event) -> None:
        """Deliver on a steady beat until `stop`; a channel each thread, so that none waits for another."""
        threads = [
            threading.Thread(target=self._run, args=(channel, stop), name=f"post-{channel}")
            for channel in self._carriers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        """Close this thread's connection to where letters are opened, and those to the database."""
        self._letters.close()
        self._engine.dispose()

    def _run(self, channel: Channel, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                tried = self.round(channel)
            except SQLAlchemyError as error:
                _log.error("the database does not answer", channel=channel, error=type(error).__name__)
                tried = 0
            if not tried:
                stop.wait(BEAT_SECONDS)
        self._letters.close()

    def _deliver_and_close(self, claimed: Claim) -> _Outcome:
        try:
            return self._deliver(claimed)
        finally:
            self._letters.close()  # a connection is its thread's

    def _deliver(self, claimed: Claim) -> _Outcome:
        try:
            letter = self._letters.open(claimed.delivery_id)
            if letter["to"] is None:
                return End.DROPPED, ""
            self._carriers[claimed.channel].carry(claimed.delivery_id, letter, self._clock.now())
        except RefusedForGoodError as error:
            return End.DEAD, error.slug
        except CarryError as error:
            return None, error.slug
        except Exception as error:
            # Its words may hold an address. One letter that nobody foresaw must not stop the others.
            _log.error("a letter failed", channel=claimed.channel, error=type(error).__name__)
            return None, "internal"
        return End.DELIVERED, ""

    def _mark(self, claimed: Claim, outcome: _Outcome) -> None:
        how, error = outcome
        with self._engine.begin() as connection:
            if how is None:
                deliveries.try_later(connection, claimed, error, self._clock.now())
            else:
                deliveries.end(connection, claimed, how, error, self._clock.now())
        if error:
            _log.warning(
                "a letter did not arrive", channel=claimed.channel, error=error, attempts=claimed.attempt
            )
