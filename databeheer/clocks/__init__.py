"""Clocks: who must do what by when, since when, and whether it was done in time (requirements 2.1).

    due_at = clocks.start(connection, "port_execution", request_id, turn.now, occupancy_id=occupancy_id)
    clocks.meet(connection, "port_execution", request_id, turn.now)     # done; late where it is late
    clocks.drop(connection, "port_execution", request_id, turn.now)     # nobody waits for it any more
    clocks.due(connection, now)                                         # passed, and still to be done
    clocks.figures(connection, first, until)                            # kept, missed, dropped, open per kind

Which kinds there are is data: `catalogue.toml`. Every function works in the caller's transaction, beside the statement
that tells the ledger of it, so that a clock is exactly as true as what started it. Nothing is ever deleted.
"""

from __future__ import annotations

from databeheer.clocks.catalogue import (
    Actor,
    ClockCatalogueError,
    ClockKind,
    Clocks,
    UnknownClockError,
    shipped,
)
from databeheer.clocks.engine import (
    Clock,
    Outcome,
    coming,
    drop,
    due,
    meet,
    running,
    start,
    unrecorded,
    was_missed,
)
from databeheer.clocks.figures import Figures, figures
from databeheer.clocks.lateness import MET_AFTER, missed, missed_nl
from databeheer.clocks.terms import Term, Unit

__all__ = [
    "MET_AFTER",
    "Actor",
    "Clock",
    "ClockCatalogueError",
    "ClockKind",
    "Clocks",
    "Figures",
    "Outcome",
    "Term",
    "Unit",
    "UnknownClockError",
    "coming",
    "drop",
    "due",
    "figures",
    "meet",
    "missed",
    "missed_nl",
    "running",
    "shipped",
    "start",
    "unrecorded",
    "was_missed",
]
