"""Writes what was measured where people read it: the checked-in figures, and the tables of performance.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sysconfig
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from databeheer.storage.system_account import PROGRAMS
from tests.bench.measure import fsync_latency
from web.public.figures import FILE, Figure, Figures, Machine
from web.public.flanders import Cost, Estimate, estimate, load_assumptions

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "explanation" / "performance.md"


def this_machine() -> Machine:
    """Describe the machine as far as figures depend on it; nothing that names it."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        postgresql=_postgresql(),
        fsync_us=round(fsync_latency()),
        load=round(os.getloadavg()[0], 1),
    )


def keep(rows: Sequence[Figure], machine: Machine) -> None:
    """Write the figures of a whole run, and the document's tables from them."""
    figures = Figures("make bench", datetime.now(UTC).date().isoformat(), machine, tuple(rows))
    FILE.write_bytes(figures.to_bytes())
    rewrite(figures, [row.name for row in rows])


def rewrite(figures: Figures, names: Sequence[str]) -> None:
    """Put the tables of these figures between the document's markers."""
    DOCUMENT.write_text(rendered(DOCUMENT.read_text(encoding="utf-8"), figures, names), encoding="utf-8")


def rendered(document: str, figures: Figures, names: Sequence[str]) -> str:
    """Return the document with the tables of these figures between its markers."""
    year = estimate(load_assumptions(), figures)
    document = _between(document, "figures", _machine(figures) + _table(figures, names))
    return _between(document, "flanders", _flanders(year))


def _between(document: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name}: written by make bench -->\n", f"<!-- end of {name} -->"
    before, found, rest = document.partition(begin)
    _, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"{DOCUMENT.name} has no markers for {name}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def _machine(figures: Figures) -> str:
    machine = figures.machine
    return (
        f"`{figures.command}`, {figures.day}: {machine.cores} cores of {machine.processor}, {machine.system}, "
        f"Python {machine.python}, PostgreSQL {machine.postgresql}.\nBefore the first benchmark one fsync took "
        f"{machine.fsync_us:,} µs, and {machine.load:g} processes wanted a core.\n\n"
    )


def _table(figures: Figures, names: Sequence[str]) -> str:
    rows = {row.name: row for row in figures.rows}
    lines = [
        "| Benchmark | Figure | Against | Ratio | Goal | Holds | One fsync |",
        "|---|--:|--:|--:|--:|---|--:|",
    ]
    for name in names:
        row = rows.get(name)
        if row is None:
            lines.append(f"| `{name}` | not measured yet | | | | | |")
            continue
        lines.append(
            f"| `{name}` | {row.figure:,} {row.unit} | {row.against:,} {row.unit} | {row.ratio:g} | {row.goal:g} "
            f"| {'yes' if row.holds else '**no**'} | {row.fsync_us:,} µs |"
        )
    return "\n".join(lines) + "\n"


def _flanders(year: Estimate | None) -> str:
    if year is None:
        return "Verification was not measured yet.\n"
    lines = [
        "| A year of all of Flanders | every read a call of its own | lists read in bulk |",
        "|---|--:|--:|",
    ]
    for words, show in (
        ("entries", lambda cost: f"{cost.entries:,}"),
        ("on average, per second", lambda cost: f"{cost.entries_per_second:,.1f}"),
        ("published log: bundles and tiles", lambda cost: f"{cost.log_bytes / 1e9:,.1f} GB"),
        ("database", _database),
        ("`ledger verify --full` over all of it", lambda cost: f"{cost.verify_seconds / 3600:,.2f} h"),
    ):
        lines.append(f"| {words} | {show(year.alone)} | {show(year.in_bulk)} |")
    lines.append(f"\nVerification at {year.verified.figure:,} {year.verified.unit} (`{year.verified.name}`).")
    return "\n".join(lines) + "\n"


def _database(cost: Cost) -> str:
    return "not measured yet" if cost.database_bytes is None else f"{cost.database_bytes / 1e9:,.1f} GB"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def _postgresql() -> str:
    program = Path(sysconfig.get_path("purelib")) / PROGRAMS / "postgres"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]
