"""Take the street in: each point's export is generated, written, read and stored, two points side by side."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from databeheer.door.client import DoorClient
from databeheer.metering.exports import read_export
from databeheer.metering.intake import take_in
from databeheer.metering.street.street import Street
from databeheer.metering.street.willow_street import willow_street
from databeheer.storage.engine import make_engine


@dataclass(frozen=True)
class Work:
    """What one worker needs for one access point."""

    last_day: date
    point: str
    folder: Path
    door_socket: Path
    intake_key: str
    intake_url: str


def take_street_in(works: list[Work], done: Callable[[int, int], None]) -> None:
    """Take all points in; `done` hears how many of how many are finished."""
    workers = min(len(works), max(2, os.cpu_count() or 2))
    # Leaving the block ends the workers at once, also in the middle of a point: a broken-off story is told anew.
    with get_context("spawn").Pool(workers, initializer=_leave_ctrl_c) as pool:
        for number, _ in enumerate(pool.imap_unordered(_take_point_in, works), start=1):
            done(number, len(works))


def _leave_ctrl_c() -> None:
    # Ctrl-C is the supervisor's to handle: it ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_streets: dict[date, Street] = {}


def _take_point_in(work: Work) -> None:
    if work.last_day not in _streets:
        _streets[work.last_day] = Street(willow_street(work.last_day))
    street = _streets[work.last_day]
    path = street.write_export(street.plan.point(work.point), work.folder)
    engine = make_engine(work.intake_url, pool_size=1)
    take_in(read_export(path), DoorClient(work.door_socket), work.intake_key, engine)
    engine.dispose()
