"""The paths of tiles and entry bundles: one spelling each (c2sp.org/tlog-tiles).

tile/<L>/<N>[.p/<W>]        W hashes of level 8·L, 256 where no width is given
tile/entries/<N>[.p/<W>]    W entries, each behind its length in two bytes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.errors import MalformedError

TILE_WIDTH = 256
MAX_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path names: a tile of `level`, or an entry bundle where `level` is None."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __str__(self) -> str:
        if self.level is None:
            return bundle_path(self.index, self.width)
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of `width` hashes; raises MalformedError for one that cannot be."""
    if not 0 <= level <= MAX_LEVEL:
        raise MalformedError("a tile's level is 0 to 63")
    return f"tile/{level}/{_place(index, width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle of `width` entries; raises MalformedError for one that cannot be."""
    return f"tile/entries/{_place(index, width)}"


def parse_path(path: str) -> TilePath:
    """Parse the path of a tile or bundle.

    Raises:
        MalformedError: any other path: a height element, `data` for `entries`, leading zeros, an empty tile;
            says which.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedError(_why_no_path(path))
    level = None if match["level"] == "entries" else int(match["level"])
    width = int(match["width"] or TILE_WIDTH)
    if match["width"] and width >= TILE_WIDTH:
        raise MalformedError("a partial tile has at most 255 hashes; the path of a full one has no width")
    found = TilePath(level, int(match["index"].replace("x", "").replace("/", "")), width)
    if str(found) != path:  # x000/ in front is a second spelling
        raise MalformedError("a tile's index has a leading zero")
    return found


_WRONG_PATHS = (
    (r".*\.p/0+", "a partial tile is never empty"),
    (r".*\.p/0.*", "a tile's width has a leading zero"),
    (r".*\.p/[0-9]{4,}", "a partial tile has at most 255 hashes; the path of a full one has no width"),
    (r"tile/8/[0-9]+/.*", "a tile's path has no height in it"),
    (r"tile/data/.*", "entry bundles are at tile/entries"),
    (r"tile/0[0-9]+/.*", "a tile's level has a leading zero"),
    (r"tile/[0-9]{2,}/.*", "a tile's level is 0 to 63"),
    (r"tile/[^/]*[+-].*", "a number in a tile's path has a sign"),
    (r".*[^\x00-\x7f].*", "a tile's path has characters other than ASCII"),
)


def _why_no_path(path: str) -> str:
    """Return why a text is not the path of a tile, as far as it can be told."""
    for pattern, reason in _WRONG_PATHS:
        if re.fullmatch(pattern, path, re.DOTALL):
            return reason
    return "not the path of a tile"


def _place(index: int, width: int) -> str:
    if index < 0 or not 0 < width <= TILE_WIDTH:
        raise MalformedError("a tile has an index from 0 and a width of 1 to 256")
    digits = f"{index % 1000:03}"
    while index := index // 1000:
        digits = f"x{index % 1000:03}/{digits}"
    return digits if width == TILE_WIDTH else f"{digits}.p/{width}"
