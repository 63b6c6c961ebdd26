"""The report that shows that a table is anonymous: the rules it was made by, what is withheld, and a second look.

The second look reads the table as anybody does who downloaded it, and knows nothing of how it was made. It finds what
a reader can find; that households are enough and none dominates is of the numbers behind, and stands in the counts.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from databeheer.statistics.rules import VERSION, Reason, Rules, at_least
from databeheer.statistics.suppression import ALL, Line
from databeheer.statistics.table import COLUMNS, Row, TableError, digest, read
from databeheer.statistics.windows import FINEST, LEAST_WIDTH_PERCENT, SCALE, sum_of, window_of
from databeheer.values import Direction, Period, format_instant

FORMAT = "databeheer anonymisation report 1"


def second_look(parts: Mapping[str, str], rules: Rules, period: Period) -> dict[str, int]:
    """Read a table again and hold it against the rules; return how much was looked at.

    Raises:
        TableError: a line has too few households, a sum that is told more exactly than the scale, an hour outside
            of the period, another part's municipality, a twin, or a total that is not the sum of what is shown.
    """
    looked: Counter[str] = Counter(lines=0, totals=0)
    shown: dict[tuple[datetime, Direction], list[Line]] = defaultdict(list)
    for municipality, text in parts.items():
        for row in read(text):
            if row.line.municipality != municipality:
                raise TableError("a line stands among those of another municipality")
            if not period.start <= row.hour < period.end:
                raise TableError("a line is of an hour outside of the period")
            shown[row.hour, row.direction].append(row.line)
            _look(row, rules)
            looked["lines"] += 1
    for lines in shown.values():
        looked["totals"] += _look_at_totals(lines)
    return dict(looked)


def _look(row: Row, rules: Rules) -> None:
    line = row.line
    if line.households < at_least(rules.min_households):
        raise TableError("a line is of too few households")
    if line.profile_type != ALL and window_of(line.window.low) != line.window:
        raise TableError("a sum is told in another way than the scale has it")


def _look_at_totals(lines: list[Line]) -> int:
    """Hold the totals of one hour against its lines."""
    if len({(line.municipality, line.profile_type) for line in lines}) < len(lines):
        raise TableError("an hour tells the same twice")
    totals = [line for line in lines if line.profile_type == ALL]
    for total in totals:
        parts = [
            line.window
            for line in lines
            if line.profile_type != ALL and total.municipality in (line.municipality, ALL)
        ]
        if sum_of(parts) != total.window:
            raise TableError("a total is not the sum of what is shown")
    return len(totals)


def build(
    *,
    about: Mapping[str, Any],
    rules: Rules,
    cells: int,
    withheld: Mapping[Reason, int],
    parts: Mapping[str, str],
    period: Period,
) -> dict[str, Any]:
    """Return the report of a table; `about` says which one: names, commodity, case, list.

    Raises:
        TableError: the second look finds something; then there is no report, and nothing is published.
    """
    return {
        "format": FORMAT,
        **about,
        "period": [format_instant(period.start), format_instant(period.end)],
        "rules": rules_members(rules),
        "cells": cells,
        "shown": cells - sum(withheld.values()),
        "withheld": {reason.value: withheld.get(reason, 0) for reason in Reason},
        "second_look": second_look(parts, rules, period),
        "table": {"columns": list(COLUMNS), "sha256": digest(parts).hex()},
    }


def rules_members(rules: Rules) -> dict[str, Any]:
    """The rules as a report and the page have them."""
    return {
        "version": VERSION,
        "min_households": rules.min_households,
        "max_share_percent": rules.max_share_percent,
        "leeway_percent": rules.leeway_percent,
        "finest_wh": FINEST,
        "least_width_percent": LEAST_WIDTH_PERCENT,
        "scale": [list(step) for step in SCALE],
    }


def spell(report: Mapping[str, Any]) -> str:
    """Return a report in the one spelling that is hashed."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
