"""A judged chunk as sealed rows: which of them are new, and their bytes for the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from databeheer.metering.batches.chunks import Chunk, ChunkKeys, Judged
from databeheer.metering.batches.copying import copied
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.packing import Bytes, Integers, Packed, pack_rows, pack_totals
from databeheer.metering.profile import with_originals
from databeheer.metering.sealing_rows import coordinates, fingerprints, seal_rows
from databeheer.metering.states import STATE_CODES, State

_ABSENT = STATE_CODES[State.ABSENT]
_IS_STORED, _HAS_VALUES = 1, 2
Rows = npt.NDArray[np.intp]


@dataclass
class Taken:
    """How many rows are new, correct what was stored, say the same, or say less than what is stored."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    kept: int = 0

    @property
    def rows(self) -> int:
        """How many are stored."""
        return self.new + self.corrected


def sealed_rows(
    chunk: Chunk,
    keys: ChunkKeys,
    judged: Judged,
    part: tuple[Rows, Integers, Bytes],
    batch: int,
    operator: int,
    taken: Taken,
) -> Iterator[bytes]:
    """Yield rows of a chunk, with their values and marks, as the database takes them, and count them in `taken`."""
    chosen, values, marks = part
    profiles: list[Packed | None] = [None]
    if chunk.slot_minutes != DAY_MINUTES:
        profiles = [*_with_originals(pack_rows(chunk.slot_minutes, values, marks), judged, chosen)]
    has_holes = (marks == 0).any(axis=1)
    for profile in profiles:
        for total in _with_readings(pack_totals(chunk.slot_minutes, values, marks), judged, chosen):
            places, packed, totals = _both(profile, total)
            if not places.size:
                continue
            rows = chosen[places]
            content = totals if packed is None else np.hstack((packed, totals))
            same = fingerprints(keys.sameness[rows], content)
            wanted = _wanted(keys, rows, same, has_holes[places], taken, is_total=packed is None)
            if wanted.any():
                kept = None if packed is None else packed[wanted]
                yield _sealed(chunk, keys, rows[wanted], same[wanted], kept, totals[wanted], batch, operator)


def _with_originals(packed: Iterable[Packed], judged: Judged, chosen: Rows) -> Iterator[Packed]:
    """Yield the profiles, those of rows of which measured values were not kept with these behind them (R67)."""
    if not judged.originals:
        yield from packed
        return
    for profile in packed:
        has = np.isin(chosen[profile.rows], list(judged.originals))
        if not has.all():
            yield Packed(profile.rows[~has], profile.data[~has])
        longer: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for row, data in zip(profile.rows[has].tolist(), profile.data[has], strict=True):
            whole = with_originals(data.tobytes(), judged.originals[int(chosen[row])])
            longer[len(whole)].append((row, whole))
        for size, some in longer.items():
            data = np.frombuffer(b"".join(whole for _, whole in some), np.uint8)
            yield Packed(np.array([row for row, _ in some], np.intp), data.reshape(-1, size))


def _with_readings(totals: Iterable[Packed], judged: Judged, chosen: Rows) -> Iterator[Packed]:
    """Yield the totals, those of rows whose registers were read apart, with the readings behind them."""
    for total in totals:
        has = judged.have_readings[chosen[total.rows]]
        if not has.all():
            yield Packed(total.rows[~has], total.data[~has])
        if has.any():
            readings = judged.readings[chosen[total.rows[has]]]
            yield Packed(total.rows[has], np.hstack((total.data[has], readings)))


def _both(profile: Packed | None, total: Packed) -> tuple[Rows, Bytes | None, Bytes]:
    """Return the rows that are in both, with their bytes in both."""
    if profile is None:
        return total.rows, None, total.data
    if profile.rows.size == total.rows.size and np.array_equal(profile.rows, total.rows):
        return total.rows, profile.data, total.data
    places, in_profile, in_total = np.intersect1d(
        profile.rows, total.rows, assume_unique=True, return_indices=True
    )
    return places, profile.data[in_profile], total.data[in_total]


def _wanted(
    keys: ChunkKeys,
    rows: Rows,
    same: Bytes,
    has_holes: npt.NDArray[np.bool_],
    taken: Taken,
    *,
    is_total: bool,
) -> npt.NDArray[np.bool_]:
    """Say of each row whether it is stored: not where it says nothing new, or less than what is stored."""
    flags = keys.stored[rows]
    is_stored = (flags & _IS_STORED) != 0
    unchanged = is_stored & (keys.fingerprints[rows] == same).all(axis=1)
    less = (flags & _HAS_VALUES) != 0 if is_total else is_stored & has_holes
    kept = less & ~unchanged
    wanted: npt.NDArray[np.bool_] = ~unchanged & ~kept
    taken.unchanged += int(unchanged.sum())
    taken.kept += int(kept.sum())
    taken.corrected += int((wanted & is_stored).sum())
    taken.new += int((wanted & ~is_stored).sum())
    return wanted


def _sealed(
    chunk: Chunk,
    keys: ChunkKeys,
    rows: Rows,
    marks: Bytes,
    packed: Bytes | None,
    totals: Bytes,
    batch: int,
    operator: int,
) -> bytes:
    pseudonyms, channels, versions = keys.pseudonyms[rows], keys.channels[rows], keys.versions[rows]

    def closed(part: str, part_keys: Bytes, plain: Bytes) -> Bytes:
        where = coordinates(pseudonyms, channels, chunk.day, versions, part)
        return seal_rows(part_keys[rows], plain, marks, where)

    return copied(
        chunk.day,
        operator,
        batch,
        versions=versions,
        pseudonyms=pseudonyms,
        channels=channels,
        marks=marks,
        totals=closed("total", keys.totals, totals),
        values=None if packed is None else closed("values", keys.values, packed),
    )
