"""The Parquet file of a batch as arrays: strict about columns and types, silent about what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from databeheer.metering.batches.manifest import MOST_ROWS, Manifest
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.validation import UNKNOWN

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MOST_VALUES = 128
"""A row's, on average: what is beyond it is not unpacked at all. A day has 100 at most."""
COLUMNS: dict[str, str] = {
    "device": "text",
    "direction": "text",
    "unit": "text",
    "day": "day",
    "slot_minutes": "number",
    "values": "numbers",
    "states": "numbers",
    "tariff": "text",
    "register_begin": "number",
    "register_end": "number",
    "register_digits": "number",
    "register_low_begin": "number",
    "register_low_end": "number",
    "clock_offset_s": "number",
}
REQUIRED = ("device", "direction", "unit", "day", "slot_minutes", "values")


@dataclass(frozen=True)
class Texts:
    """A column of texts: the different ones, and which of them each row has; -1 where there is none."""

    names: tuple[str, ...]
    codes: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Lists:
    """A column of lists: row i has `flat[offsets[i]:offsets[i + 1]]`; `known` is False where an item is null."""

    offsets: Integers
    flat: Integers
    known: Booleans

    @property
    def lengths(self) -> Integers:
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Table:
    """All rows of a batch in the order of the file; integers are `UNKNOWN` where there is none."""

    device: Texts
    direction: Texts
    unit: Texts
    tariff: Texts | None
    day: Integers
    """Proleptic ordinals of Brussels days."""
    slot_minutes: Integers
    values: Lists
    states: Integers | None
    """One for each of `values.flat`; 1 (read) where a row says nothing and there is a value."""
    misfit_states: Booleans
    """Rows with another number of states than of values."""
    register_begin: Integers | None
    register_end: Integers | None
    register_digits: Integers | None
    register_low_begin: Integers | None
    register_low_end: Integers | None
    clock_offset_s: Integers | None

    @property
    def rows(self) -> int:
        return len(self.day)


def read_table(content: bytes, manifest: Manifest) -> Table:
    """Read the rows of a batch.

    Raises:
        BatchRefusedError: it is no Parquet, has other columns, types or another number of rows than it should.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        _check_columns(file.schema_arrow)
        rows = file.metadata.num_rows
        if rows != manifest.rows or rows > MOST_ROWS:
            raise BatchRefusedError(
                BatchProblem.WRONG_ROW_COUNT, f"the data have {rows} rows, the manifest says {manifest.rows}"
            )
        _check_room(file, rows)
        columns = file.read(use_threads=False).combine_chunks()
        return _table(columns)
    except BatchRefusedError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, TypeError) as error:
        raise BatchRefusedError(BatchProblem.NOT_PARQUET, "the data cannot be read as Parquet") from error


def _check_columns(schema: Any) -> None:
    names = list(schema.names)
    if len(set(names)) != len(names):
        raise BatchRefusedError(BatchProblem.UNKNOWN_COLUMN, "a column comes twice")
    if unknown := set(names) - COLUMNS.keys():
        # Their names stay untold: one could be a person's.
        raise BatchRefusedError(
            BatchProblem.UNKNOWN_COLUMN,
            f"there are {len(unknown)} columns that the format does not have; it has {', '.join(COLUMNS)}. "
            "A device is all that a head-end may know of whose a profile is",
        )
    if missing := [name for name in REQUIRED if name not in names]:
        raise BatchRefusedError(BatchProblem.MISSING_COLUMN, f"there is no column {', '.join(missing)}")
    for name in names:
        if not _KINDS[COLUMNS[name]](schema.field(name).type):
            raise BatchRefusedError(
                BatchProblem.WRONG_TYPE,
                f"the column {name} is {_FORMS[COLUMNS[name]]}; in the data it is {_named(schema.field(name).type)}",
            )


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind))


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_signed_integer(kind))


def _is_numbers(kind: Any) -> bool:
    return bool(pa.types.is_list(kind)) and _is_number(kind.value_type)


_KINDS = {"text": _is_text, "day": pa.types.is_date32, "number": _is_number, "numbers": _is_numbers}
_FORMS = {
    "text": "string",
    "day": "date32",
    "number": "a signed integer",
    "numbers": "a list of signed integers",
}


def _named(kind: Any) -> str:
    """Arrow's word for a type, without the names of fields that a type can hold: they are the sender's own words."""
    if pa.types.is_nested(kind):
        return f"a list of {_named(kind.value_type)}" if pa.types.is_list(kind) else "nested"
    return (
        "null: name the type, it cannot be told from rows that are empty"
        if pa.types.is_null(kind)
        else str(kind)
    )


def _check_room(file: Any, rows: int) -> None:
    """Refuse a small file that unpacks to a large one: each list's items are counted in the file's own notes."""
    for group in range(file.metadata.num_row_groups):
        meta = file.metadata.row_group(group)
        for column in range(meta.num_columns):
            chunk = meta.column(column)
            if chunk.num_values > MOST_VALUES * max(rows, 1) or chunk.total_uncompressed_size > 2**30:
                raise BatchRefusedError(
                    BatchProblem.TOO_LARGE, "the data unpack to more than a batch may hold"
                )


def _table(table: Any) -> Table:
    columns = {name: _single(table.column(name)) for name in table.column_names}

    def numbers(name: str) -> Integers | None:
        return _numbers(columns[name]) if name in columns else None

    minutes, days = _numbers(columns["slot_minutes"]), _numbers(columns["day"].cast(pa.int32()))
    values = _lists(columns["values"])
    states, misfit = None, np.zeros(len(days), np.bool_)
    if "states" in columns:
        states, misfit = _beside(values, _lists(columns["states"]))
    return Table(
        device=_texts(columns["device"]),
        direction=_texts(columns["direction"]),
        unit=_texts(columns["unit"]),
        tariff=_texts(columns["tariff"]) if "tariff" in columns else None,
        day=np.where(days == UNKNOWN, UNKNOWN, days + _EPOCH),
        slot_minutes=minutes,
        values=values,
        states=states,
        misfit_states=misfit,
        register_begin=numbers("register_begin"),
        register_end=numbers("register_end"),
        register_digits=numbers("register_digits"),
        register_low_begin=numbers("register_low_begin"),
        register_low_end=numbers("register_low_end"),
        clock_offset_s=numbers("clock_offset_s"),
    )


def _beside(values: Lists, states: Lists) -> tuple[Integers, Booleans]:
    """Lay the states beside the values; returns them, and which rows have another number of them."""
    lengths = states.lengths
    misfit = (lengths != 0) & (lengths != values.lengths)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    fits = ~misfit[rows]
    places = (np.arange(states.flat.size) - states.offsets[rows] + values.offsets[rows])[fits]
    beside = values.known.astype(np.int64)
    beside[places] = np.where(states.known, states.flat, UNKNOWN)[fits]
    return beside, misfit


_EPOCH = date(1970, 1, 1).toordinal()


def _single(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _texts(column: Any) -> Texts:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Texts(tuple(name if name is not None else "" for name in column.dictionary.to_pylist()), codes)


def _numbers(column: Any) -> Integers:
    wide = column.cast(pa.int64())
    found: Integers = wide.fill_null(UNKNOWN).to_numpy(zero_copy_only=False)
    return found


def _lists(column: Any) -> Lists:
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = column.flatten().cast(pa.int64())
    known = (
        flat.is_valid().to_numpy(zero_copy_only=False) if flat.null_count else np.ones(len(flat), np.bool_)
    )
    return Lists(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        flat.fill_null(0).to_numpy(zero_copy_only=False),
        known,
    )
