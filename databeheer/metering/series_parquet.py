"""Readings of one or many as a Parquet file, straight from their series: a row a slot, and no Python for each of them.

The columns are those of the market API's CSV. Where there are many, `place` says of which one a row is: its place in
the list that was asked.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from databeheer.metering.series import Series

_Integers = npt.NDArray[np.int64]
_OF_CHANNEL = ("commodity", "direction", "unit", "meter")
_OF_MARK = ("state", "register", "conversion")
_NULLABLE = frozenset({"meter", "register", "conversion"})
_DECIMAL = pa.decimal128(18, 3)
_INSTANT = pa.timestamp("ms", tz="UTC")
_WORD = pa.dictionary(pa.int16(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("place", pa.int32(), nullable=False),
        pa.field("start", _INSTANT, nullable=False),
        pa.field("end", _INSTANT, nullable=False),
        *(pa.field(word, _WORD, nullable=word in _NULLABLE) for word in (*_OF_CHANNEL, "register")),
        pa.field("value", _DECIMAL),
        *(pa.field(word, _WORD, nullable=word in _NULLABLE) for word in ("state", "conversion")),
        pa.field("missing", pa.int32(), nullable=False),
    ]
)
"""Instants in UTC; `value` in the channel's unit, exact, null where there is no value."""
_GROWING = ["start", "end"]


def series_parquet(
    items: Iterable[tuple[int, Sequence[Mapping[str, Any]]]], said: Mapping[str, str], *, is_one: bool = False
) -> bytes:
    """Return the file of these channels, as the door hands them over, each under the place of its item.

    `said` goes into the file's own metadata. `is_one`: all are of one item, and there is no column `place`. The same
    readings are the same bytes.

    Raises:
        SeriesError: something else stands in the place of a series.
    """
    columns = _Columns()
    for place, channels in items:
        for channel in channels:
            columns.add(place, channel)
    schema = SCHEMA.remove(0) if is_one else SCHEMA
    made = columns.arrays()
    table = pa.table({name: made[name] for name in schema.names}, schema=schema)
    sink = io.BytesIO()
    # Words come out as plain text for whoever reads: without Arrow's own schema nobody hears of dictionaries.
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        use_dictionary=[name for name in schema.names if name not in _GROWING],
        column_encoding=dict.fromkeys(_GROWING, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(dict(said))
    return sink.getvalue()


class _Columns:
    """What is gathered of all channels: arrays for each, put together once."""

    def __init__(self) -> None:
        self._slots: dict[str, list[_Integers]] = {name: [] for name in ("start", "end", "missing", "mark")}
        self._values: list[pa.Array] = []
        self._marks: dict[tuple[str | None, ...], int] = {}
        self._channels: list[tuple[int, tuple[str | None, ...]]] = []
        self._lengths: list[int] = []

    def add(self, place: int, channel: Mapping[str, Any]) -> None:
        """Add one channel: its slots by their starts, and then by their registers."""
        found = [Series.parse(view) for view in channel["series"]]
        # Those of several registers that begin together follow the names of these; a sort by starts keeps that.
        found.sort(key=lambda one: (one.marks[0][2] or "") if one.marks else "")
        starts = np.concatenate([_starts(one) for one in found]) if found else np.zeros(0, np.int64)
        known = self._marks
        columns = {
            "start": starts,
            "end": starts + np.repeat([1000 * one.step for one in found], [len(one) for one in found]),
            "missing": _spread([run for one in found for run in one.missing]),
            "mark": _spread(
                [
                    (count, known.setdefault(tuple(mark), len(known)))
                    for one in found
                    for count, *mark in one.marks
                ]
            ),
        }
        values = pa.array(chain.from_iterable(one.values for one in found), pa.int64())
        if len(found) > 1:
            order = np.argsort(starts, kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
            values = values.take(pa.array(order))
        for name, column in columns.items():
            self._slots[name].append(column)
        self._values.append(values)
        self._channels.append((place, tuple(channel.get(word) for word in _OF_CHANNEL)))
        self._lengths.append(len(values))

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns of the table."""
        slots = {name: _together(parts) for name, parts in self._slots.items()}
        places = np.array([place for place, _ in self._channels], np.int32)
        found: dict[str, pa.Array] = {
            "place": pa.array(np.repeat(places, self._lengths) if self._lengths else places),
            "start": pa.array(slots["start"]).cast(_INSTANT),
            "end": pa.array(slots["end"]).cast(_INSTANT),
            "missing": pa.array(slots["missing"].astype(np.int32)),
            "value": _decimals(pa.chunked_array(self._values, pa.int64()).combine_chunks()),
        }
        which = np.repeat(np.arange(len(self._lengths)), self._lengths) if self._lengths else slots["mark"]
        for number, word in enumerate(_OF_CHANNEL):
            found[word] = _words([words[number] for _, words in self._channels], which)
        for number, word in enumerate(_OF_MARK):
            found[word] = _words([mark[number] for mark in self._marks], slots["mark"])
        return found


def _starts(series: Series) -> _Integers:
    first = round(1000 * series.start.timestamp())
    return first + 1000 * series.step * np.arange(len(series), dtype=np.int64)


def _spread(runs: Sequence[tuple[int, int]]) -> _Integers:
    """Return each number as often as its run is long."""
    pairs = np.array(runs, np.int64).reshape(-1, 2)
    return np.repeat(pairs[:, 1], pairs[:, 0])


def _together(parts: Sequence[_Integers]) -> _Integers:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _words(texts: Sequence[str | None], which: _Integers) -> pa.Array:
    """Return for each slot the text of which it has the number; null where that is None."""
    known: dict[str | None, int] = {}
    codes = np.array([known.setdefault(text, len(known)) for text in texts], np.int16)[which]
    nothing = codes == known[None] if None in known else None
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=nothing), pa.array([text or "" for text in known], pa.string())
    )


def _decimals(thousandths: pa.Array) -> pa.Array:
    """Return thousandths as decimals, made as arrays: two's complement of 128 bits, low half first."""
    low = thousandths.fill_null(0).to_numpy(zero_copy_only=False)
    wide = np.empty((len(low), 2), np.int64)
    wide[:, 0], wide[:, 1] = low, low >> 63
    present = pa.array(thousandths.is_valid()).buffers()[1] if thousandths.null_count else None
    return pa.Array.from_buffers(
        _DECIMAL, len(low), [present, pa.py_buffer(wide)], null_count=thousandths.null_count
    )
