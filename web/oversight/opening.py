"""Entries of a period, opened through the door for an inspector: all of them, or a screen of lines at a time.

Every page that the door opens is a look of its own, recorded before it is opened. What comes is held against the
signed log here, a screen as well as a whole period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import current_app, json

from databeheer.access import catalogue
from databeheer.oversight.content_audit import VERSION, Report, audit
from databeheer.oversight.told import Line
from ledger.checkpoint import Checkpoint
from ledger.tiles import TileDirectory
from web.door import ask
from web.settings import WebSettings

MOST_PAGES = 20
"""Of 500 entries each; more is asked in shorter periods."""
SCREEN = 50
"""Lines on one screen, unless one entry alone has more."""
NOBODY = "geen"
"""The party of what a customer, staff or an inspector did."""


@dataclass(frozen=True)
class Only:
    """Which lines are shown; empty is all of them. `operator` 0 is what is of no single grid operator."""

    party: str = ""
    event: str = ""
    ground: str = ""
    operator: int | None = None

    def takes(self, line: Line) -> bool:
        return (
            self.party in ("", line.party or NOBODY)
            and self.event in ("", line.event)
            and self.ground in ("", line.ground)
            and (self.operator is None or self.operator in (line.operators or {0}))
        )


@dataclass
class Screen:
    """Some lines in the order of the ledger; `next` is the entry at which the following ones begin."""

    lines: list[Line] = field(default_factory=list)
    next: int | None = None

    @classmethod
    def first(cls, report: Report, only: Only) -> Screen:
        """The first lines of what was opened as a whole."""
        return cls().add(report, only, None)

    def add(self, report: Report, only: Only, following: int | None) -> Screen:
        """Add what an audit found, up to a whole entry; `following` is where the door goes on after it."""
        found = sorted((line for line in report.lines if only.takes(line)), key=lambda line: line.index)
        self.next = following
        for line in found:
            if len(self.lines) >= SCREEN and line.index != self.lines[-1].index:
                self.next = line.index
                break
            self.lines.append(line)
        return self


def collect(wish: dict[str, Any], checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Ask the door for all pages of one audit; None where there are more than MOST_PAGES."""
    document = _empty(wish, checkpoint)
    support: dict[int, Any] = {}
    erasures: dict[str, Any] = {}
    for number, page in enumerate(_pages(wish, checkpoint, 0)):
        if number + 1 == MOST_PAGES and page["next"] is not None:
            return None
        document |= {name: page[name] for name in ("range", "is_whole", "index")}
        document["entries"] += page["entries"]
        support |= {one["index"]: one for one in page["support"]}
        erasures |= {json.dumps(one, sort_keys=True): one for one in page["erasures"]}
    inside = {one["index"] for one in document["entries"]}
    document["erasures"] = list(erasures.values())
    document["support"] = [one for index, one in sorted(support.items()) if index not in inside]
    return document


def check(document: dict[str, Any], checkpoint: Checkpoint) -> Report:
    """Hold what the door opened against the published log."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return audit(document, TileDirectory(settings.ledger_directory), checkpoint, catalogue.load())


def screen_from(
    wish: dict[str, Any], checkpoint: Checkpoint, index: int, only: Only
) -> tuple[Screen, Report, int]:
    """A screen of lines from this entry on, what is wrong with their entries, and the entry of the newest look.

    It claims nothing of the period: only what it opens is checked.
    """
    screen, found, look = Screen(), Report(checkpoint.size), 0
    for number, page in enumerate(_pages(wish, checkpoint, index)):
        part = {name: page[name] for name in ("entries", "support", "erasures", "range", "index")}
        report = check(_empty(wish, checkpoint) | part | {"is_whole": False}, checkpoint)
        look = page["index"]
        found.checked += report.checked
        found.findings += report.findings
        found.lost += report.lost
        screen.add(report, only, page["next"])
        if len(screen.lines) >= SCREEN or number + 1 == MOST_PAGES:
            break
    return screen, found, look


def _empty(wish: dict[str, Any], checkpoint: Checkpoint) -> dict[str, Any]:
    first, last = wish["van"].isoformat(), wish["tot"].isoformat()
    return {
        "v": VERSION,
        "origin": checkpoint.origin,
        "asked": {"first": first, "last": last, "task": wish["taak"]},
        "entries": [],
        "support": [],
        "erasures": [],
    }


def _pages(wish: dict[str, Any], checkpoint: Checkpoint, cursor: int | None) -> Iterator[dict[str, Any]]:
    """The door's pages, each asked when it is wanted."""
    first: date = wish["van"]
    while cursor is not None:
        page = ask(
            "audit.open",
            first=first.isoformat(),
            last=wish["tot"].isoformat(),
            task=wish["taak"],
            party_id=wish["partij"] if wish["partij"] not in ("", NOBODY) else None,
            ean=wish["ean"] or None,
            below=checkpoint.size,
            cursor=cursor,
        )
        yield page
        cursor = page["next"]
