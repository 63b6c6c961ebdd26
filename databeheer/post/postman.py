"""The postman: takes what is due, has it opened, carries it, marks it.

Killed anywhere, nothing is lost: what was not marked comes again when its lease has run out, under the same number.
Letters are under way side by side, few of one party, and none waits for another's: a party that lets us wait rests.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from databeheer.clock import Clock
from databeheer.post import deliveries
from databeheer.post.carrying import Carrier, CarryError, Letters, RefusedForGoodError
from databeheer.post.deliveries import Channel, Claim, End
from databeheer.post.lanes import Lanes

BATCH = 20
AT_ONCE = 8
AT_ONCE_TO_ONE = 2
"""How many web hooks of one party are under way at once."""
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
        self._lanes = Lanes()

    def round(self, channel: Channel, limit: int = BATCH) -> int:
        """Try what is due on one channel, once each, and wait for all; returns how many letters that was."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"post-{channel}") as pool:
            under_way = self._begin(channel, pool, limit)
            for one in under_way:
                one.result()
        return len(under_way)

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
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"post-{channel}") as pool:
            while not stop.is_set():
                begun: list[Future[None]] = []
                try:
                    if len(under_way) < AT_ONCE:
                        begun = self._begin(channel, pool, AT_ONCE - len(under_way))
                except SQLAlchemyError as error:
                    _log.error("the database does not answer", channel=channel, error=type(error).__name__)
                under_way |= set(begun)
                if not begun and under_way:
                    _, under_way = wait(under_way, BEAT_SECONDS, FIRST_COMPLETED)
                elif not begun:
                    stop.wait(BEAT_SECONDS)

    def _begin(self, channel: Channel, pool: ThreadPoolExecutor, room: int) -> list[Future[None]]:
        """Claim what is due, as far as there is room, and send it on its way."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            claims = deliveries.claim(
                connection, channel, now, room, each=AT_ONCE_TO_ONE, without=self._lanes.closed(now)
            )
        for claimed in claims:
            self._lanes.enter(claimed.party_id)
        return [pool.submit(self._deliver_and_mark, claimed) for claimed in claims]

    def _deliver_and_mark(self, claimed: Claim) -> None:
        try:
            self._mark(claimed, self._deliver(claimed))
        except SQLAlchemyError as error:  # its lease runs out, and it comes again
            _log.error("the database does not answer", channel=claimed.channel, error=type(error).__name__)
        finally:
            self._lanes.leave(claimed.party_id)
            self._letters.close()  # a connection is its thread's

    def _deliver(self, claimed: Claim) -> _Outcome:
        try:
            letter = self._letters.open(claimed.delivery_id)
            if letter["to"] is None:
                return End.DROPPED, ""
            began = self._clock.now()
            try:
                self._carriers[claimed.channel].carry(claimed.delivery_id, letter, began)
            finally:
                self._lanes.took(claimed.party_id, began, self._clock.now())
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
