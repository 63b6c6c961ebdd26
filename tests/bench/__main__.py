"""Measure the speed goals: `make bench`, or `make bench ONLY=name`, or `ONLY=portal` for all of a group.

Every `bench_*.py` beside this file has a table `BENCHMARKS` of functions that measure one figure and what it is
held against, in turns on the same machine, so that the ratio means something where the figures do not. Beside
each stands what one fsync took just before: the disk is slower when others use it. Writes
`build/bench.json`: a list of {"name", "figure", "unit", "against", "ratio", "goal", "holds"}; and, when all of them
ran, web/public/figures.json and the tables of docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench import document
from tests.bench.measure import Benchmark, fsync_latency
from web.public.figures import Figure, load

HERE = Path(__file__).resolve().parent
RESULT = HERE.parents[1] / "build" / "bench.json"


def find_benchmarks() -> dict[str, Benchmark]:
    """Return every benchmark by name."""
    found: dict[str, Benchmark] = {}
    for path in sorted(HERE.glob("bench_*.py")):
        found |= importlib.import_module(f"tests.bench.{path.stem}").BENCHMARKS
    return found


def main() -> int:
    """Run the benchmarks; exit status 1 where a goal does not hold, 2 for an unknown name."""
    benchmarks = find_benchmarks()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    groups = {name.partition("-")[0] for name in benchmarks}
    parser.add_argument(
        "--only",
        choices=sorted(groups | benchmarks.keys()),
        help="run one, or all whose names begin so (portal); what is checked in stays",
    )
    parser.add_argument("--document", action="store_true", help="measure nothing, write the document anew")
    options = parser.parse_args()
    if options.document:
        document.rewrite(load(), list(benchmarks))
        return 0
    machine = document.this_machine()
    rows, kept = [], []
    for name, measure in benchmarks.items():
        if options.only in (None, name, name.partition("-")[0]):
            disk = fsync_latency()
            row = measure(name)
            print(
                f"{name}: {row.figure:,} {row.unit}, {row.ratio:.2f} of {row.against:,} (goal {row.goal}); "
                f"one fsync took {disk:,.0f} µs",
                flush=True,
            )
            rows.append(row)
            kept.append(Figure(**asdict(row), fsync_us=round(disk)))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if not options.only:
        document.keep(kept, machine)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
