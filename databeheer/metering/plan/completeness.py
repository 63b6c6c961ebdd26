"""What came of what had to be read on a day: one finding for each thing wanted, and the counts that a report shows."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.plan.tariff_periods import periods_on
from databeheer.metering.plan.wanted import Kind, Meter, Wanted
from databeheer.metering.states import Register, State
from databeheer.metering.totals import DayTotal


class Finding(enum.StrEnum):
    """What came; permanent codes. Everything but `received` and `estimated` is to be read again."""

    RECEIVED = "received"
    ESTIMATED = "estimated"
    """All of it is there, and some of it an estimate."""
    INCOMPLETE = "incomplete"
    """Slots of the day are missing."""
    UNDIVIDED = "undivided"
    """The register came in one sum, not per tariff period."""
    MISSING = "missing"


LACKING = {
    (Kind.REGISTERS, Finding.MISSING): "registers",
    (Kind.REGISTERS, Finding.INCOMPLETE): "registers",
    (Kind.REGISTERS, Finding.UNDIVIDED): "periods",
    (Kind.INTERVALS, Finding.MISSING): "intervals",
    (Kind.INTERVALS, Finding.INCOMPLETE): "slots",
}
"""What a head-end has to send, in the words of the list to re-read."""


def find(wanted: Wanted, stored: DayTotal | None, day: date) -> Finding:
    """Say what came of one thing wanted; `stored` is the newest total of its channel and day, None where none is.

    Intervals of a whole day give its registers too: the total of each tariff period is their sum. Slots that are longer
    than was wanted are no intervals.
    """
    if stored is None or not stored.values:
        return Finding.MISSING
    if wanted.kind is Kind.INTERVALS and not stored.slot_minutes <= wanted.minutes:
        return Finding.MISSING
    if stored.missing:
        return Finding.INCOMPLETE
    if wanted.kind is Kind.REGISTERS and not _are_apart(wanted, stored, day):
        return Finding.UNDIVIDED
    states = {state for state, _ in stored.states}
    return Finding.ESTIMATED if State.EST in states else Finding.RECEIVED


def _are_apart(wanted: Wanted, stored: DayTotal, day: date) -> bool:
    """Whether each tariff period has its own sum; of slots those that run on that day at all."""
    if Register.TOTAL in wanted.periods:
        return True
    needed = wanted.periods if stored.slot_minutes == DAY_MINUTES else periods_on(day)
    return {register for register, _ in stored.registers} >= set(needed)


Row = tuple[str, str, str]
"""Commodity, kind, reason."""


@dataclass
class Tally:
    """The counts of one day: per energy, kind and reason how many things were expected and what came of them.

    Something that is read for two reasons counts under both, and once in `meters`.
    """

    meters: Counter[str] = field(default_factory=Counter)
    found: dict[Row, Counter[str]] = field(default_factory=dict)

    def add(self, meter: Meter, findings: Iterable[tuple[Wanted, Finding]]) -> None:
        """Count one meter."""
        self.meters[meter.commodity.value] += 1
        for one, finding in findings:
            for reason in one.reasons:
                row = meter.commodity.value, one.kind.value, reason.value
                self.found.setdefault(row, Counter())[finding.value] += 1

    def members(self) -> dict[str, Any]:
        """Return it for programs; it names no device and no person."""
        return {
            "meters": dict(sorted(self.meters.items())),
            "rows": [
                {"energy": energy, "what": kind, "reason": reason, "expected": counts.total()}
                | {finding.value: counts[finding.value] for finding in Finding}
                for (energy, kind, reason), counts in sorted(self.found.items())
            ],
        }


def as_text(report: Mapping[str, Any]) -> list[str]:
    """Return a report's members as lines for a person."""
    meters = ", ".join(f"{count} of {energy}" for energy, count in report["meters"].items()) or "none"
    lines = [f"{report['day']}: digital meters: {meters}"]
    for row in report["rows"]:
        counts = ", ".join(
            f"{row[finding.value]} {finding.value}" for finding in Finding if row[finding.value]
        )
        head = f"  {row['energy']}, {row['what']}, {row['reason']}"
        lines.append(f"{head}: {row['expected']} expected: {counts}")
    lines.append(f"  to be read again: {report['to_read_again']}; ledger entry {report['index']}")
    wanting = {finding.value for _, finding in LACKING}
    lacking = sum(row[name] for row in report["rows"] for name in wanting)
    if lacking and not report["to_read_again"]:
        lines.append("  what lacks is not read again: ten days after its day that is given up")
    return lines
