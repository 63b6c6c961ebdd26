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
_WORDS = ("commodity", "direction", "unit", "meter", "register", "state", "conversion")
_NULLABLE = frozenset({"meter", "register", "conversion"})
_DECIMAL = pa.decimal128(18, 3)
_INSTANT = pa.timestamp("ms", tz="UTC")
_WORD = pa.dictionary(pa.int16(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("place", pa.int32(), nullable=False),
        pa.field("start", _INSTANT, nullable=False),
        pa.field("end", _INSTANT, nullable=False),
        *(pa.field(word, _WORD, nullable=word in _NULLABLE) for word in _WORDS[:5]),
        pa.field("value", _DECIMAL),
        *(pa.field(word, _WORD, nullable=word in _NULLABLE) for word in _WORDS[5:]),
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
    """What is gathered of all channels: an array for each channel and column, put together once."""

    def __init__(self) -> None:
        self._parts: dict[str, list[_Integers]] = {name: [] for name in SCHEMA.names}
        self._values: list[pa.Array] = []
        self._known: dict[str, dict[str | None, int]] = {word: {} for word in _WORDS}

    def add(self, place: int, channel: Mapping[str, Any]) -> None:
        """Add one channel: its slots by their starts, and then by their registers."""
        found = [Series.parse(view) for view in channel["series"]]
        # Those of several registers that begin together follow the names of these; a sort by starts keeps that.
        found.sort(key=lambda one: (one.marks[0][2] or "") if one.marks else "")
        columns = {
            "start": np.concatenate([_starts(one) for one in found]) if found else np.zeros(0, np.int64),
            "step": np.repeat([1000 * one.step for one in found], [len(one) for one in found]),
            "missing": _spread((count, number) for one in found for count, number in one.missing),
        }
        marks = [mark for one in found for mark in one.marks]
        columns |= {
            "state": _spread((count, self._code("state", state)) for count, state, _, _ in marks),
            "register": _spread((count, self._code("register", name)) for count, _, name, _ in marks),
            "conversion": _spread((count, self._code("conversion", name)) for count, _, _, name in marks),
        }
        values = pa.array(chain.from_iterable(one.values for one in found), pa.int64())
        count = len(values)
        if len(found) > 1:
            order = np.argsort(columns["start"], kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
            values = values.take(pa.array(order))
        columns["end"] = columns["start"] + columns.pop("step")
        columns["place"] = np.full(count, place, np.int64)
        for word in ("commodity", "direction", "unit", "meter"):
            columns[word] = np.full(count, self._code(word, channel.get(word)), np.int64)
        for name, column in columns.items():
            self._parts[name].append(column)
        self._values.append(values)

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns of the table."""
        made = {name: _together(parts) for name, parts in self._parts.items() if name != "value"}
        found: dict[str, pa.Array] = {
            "place": pa.array(made["place"].astype(np.int32)),
            "start": pa.array(made["start"]).cast(_INSTANT),
            "end": pa.array(made["end"]).cast(_INSTANT),
            "missing": pa.array(made["missing"].astype(np.int32)),
            "value": _decimals(pa.chunked_array(self._values, pa.int64()).combine_chunks()),
        }
        for word in _WORDS:
            found[word] = _words(made[word], self._known[word])
        return found

    def _code(self, word: str, text: str | None) -> int:
        known = self._known[word]
        return known.setdefault(text, len(known))


def _starts(series: Series) -> _Integers:
    first = round(1000 * series.start.timestamp())
    return first + 1000 * series.step * np.arange(len(series), dtype=np.int64)


def _spread(runs: Iterable[tuple[int, int]]) -> _Integers:
    """Return each number as often as its run is long."""
    pairs = np.array(list(runs), np.int64).reshape(-1, 2)
    return np.repeat(pairs[:, 1], pairs[:, 0])


def _together(parts: Sequence[_Integers]) -> _Integers:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _words(codes: _Integers, known: Mapping[str | None, int]) -> pa.Array:
    """Return the text of each code; the code of None is a null."""
    texts = pa.array(["" if text is None else text for text in known], pa.string())
    nothing = codes == known[None] if None in known else None
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int16), mask=nothing), texts)


def _decimals(thousandths: pa.Array) -> pa.Array:
    """Return thousandths as decimals, made as arrays: two's complement of 128 bits, low half first."""
    low = thousandths.fill_null(0).to_numpy(zero_copy_only=False)
    wide = np.empty((len(low), 2), np.int64)
    wide[:, 0], wide[:, 1] = low, low >> 63
    present = pa.array(thousandths.is_valid()).buffers()[1] if thousandths.null_count else None
    return pa.Array.from_buffers(
        _DECIMAL, len(low), [present, pa.py_buffer(wide)], null_count=thousandths.null_count
    )
