"""What `make bench` measured, as it is checked in beside this module; numbers carry their command and machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("figures.json")


@dataclass(frozen=True)
class Machine:
    """Where was measured; `fsync_us` is the median time of one durable write, before the first benchmark.

    `load` is how many processes wanted a core in the minute before: more than `cores` and it was not quiet.
    """

    processor: str
    cores: int
    system: str
    python: str
    postgresql: str
    fsync_us: int
    load: float


@dataclass(frozen=True)
class Figure:
    """One benchmark: a row of build/bench.json, and how long one fsync took just before it (µs)."""

    name: str
    figure: int
    unit: str
    against: int
    ratio: float
    goal: float
    holds: bool
    fsync_us: int


@dataclass(frozen=True)
class Figures:
    """One run of all benchmarks."""

    command: str
    day: str
    machine: Machine
    rows: tuple[Figure, ...]

    def first(self, names: Sequence[str]) -> Figure | None:
        """Return the first of these benchmarks that was measured."""
        by_name = {row.name: row for row in self.rows}
        return next((by_name[name] for name in names if name in by_name), None)

    def to_bytes(self) -> bytes:
        """Return the file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Figures:
        """Parse the file, as `make bench` writes it."""
        members = json.loads(data)
        rows = tuple(Figure(**row) for row in members["rows"])
        return cls(members["command"], members["day"], Machine(**members["machine"]), rows)


def load(path: Path = FILE) -> Figures:
    """Return the checked-in figures."""
    return Figures.from_bytes(path.read_bytes())
