"""What a year of Flanders would cost, from assumptions (flanders.toml) and measured figures (figures.json)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ledger.encoding import HASH_LENGTH
from ledger.tiles import RECORD_LENGTH, TILE_WIDTH
from web.public.figures import Figure, Figures, load

FILE = Path(__file__).with_name("flanders.toml")
YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class Use:
    """One reason for entries. `points_per_entry`: where each read stands alone, and where lists are read in bulk."""

    name: str
    percent: int
    times_a_year: int
    points_per_entry: tuple[int, int]
    source: str

    def entries(self, access_points: int, *, in_bulk: bool) -> int:
        """Return how many entries a year this makes for that many access points."""
        together = self.points_per_entry[in_bulk]
        return -(-access_points * self.percent * self.times_a_year // (100 * together))


@dataclass(frozen=True)
class Assumptions:
    """What flanders.toml says."""

    access_points: int
    access_points_source: str
    uses: tuple[Use, ...]
    verified_per_second: tuple[str, ...]
    database_bytes: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """A year: entries, bytes, and how long one core-bound `ledger verify --full` over all of it takes."""

    entries: int
    log_bytes: int
    database_bytes: int | None
    verify_seconds: int

    @property
    def entries_per_second(self) -> float:
        """Spread evenly over the year."""
        return self.entries / YEAR_SECONDS


@dataclass(frozen=True)
class Estimate:
    """The cost of a year, and what it follows from."""

    assumptions: Assumptions
    figures: Figures
    verified: Figure
    alone: Cost
    in_bulk: Cost


def log_bytes(entries: int) -> int:
    """Return how many bytes so many entries take as published: their bundles, and the tiles of all levels."""
    total, hashes = entries * RECORD_LENGTH, entries
    while hashes:
        total += hashes * HASH_LENGTH
        hashes //= TILE_WIDTH
    return total


def load_assumptions(path: Path = FILE) -> Assumptions:
    """Return the assumptions, as checked in."""
    members = tomllib.loads(path.read_text(encoding="utf-8"))
    uses = tuple(
        Use(
            one["name"],
            one["percent"],
            one["times_a_year"],
            (one["points_per_entry"][0], one["points_per_entry"][1]),
            one["source"],
        )
        for one in members["use"]
    )
    measured = members["measured"]
    return Assumptions(
        members["access_points"],
        members["access_points_source"],
        uses,
        tuple(measured["verified_per_second"]),
        tuple(measured["database_bytes"]),
    )


def estimate(assumptions: Assumptions, figures: Figures) -> Estimate | None:
    """Return what a year costs; None where verification was not measured."""
    verified = figures.first(assumptions.verified_per_second)
    if verified is None:
        return None
    alone, in_bulk = (_cost(assumptions, figures, verified, in_bulk=bulk) for bulk in (False, True))
    return Estimate(assumptions, figures, verified, alone, in_bulk)


@lru_cache(maxsize=1)
def checked_in() -> Estimate | None:
    """Return the estimate from the files as they were when this process started."""
    return estimate(load_assumptions(), load())


def _cost(assumptions: Assumptions, figures: Figures, verified: Figure, *, in_bulk: bool) -> Cost:
    entries = sum(use.entries(assumptions.access_points, in_bulk=in_bulk) for use in assumptions.uses)
    row = figures.first(assumptions.database_bytes)
    database = None if row is None else entries * row.figure
    return Cost(entries, log_bytes(entries), database, -(-entries // verified.figure))
