"""Sealed rows as PostgreSQL's binary COPY takes them: whole arrays at once, no Python object a row."""

from __future__ import annotations

from datetime import date

import numpy as np

from databeheer.byte_rows import Bytes, whole

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
_EPOCH = date(2000, 1, 1).toordinal()
_COLUMNS = 9


def copied(
    day: date,
    operator: int,
    batch: int,
    *,
    versions: Bytes,
    pseudonyms: Bytes,
    channels: Bytes,
    marks: Bytes,
    totals: Bytes,
    values: Bytes | None,
) -> bytes:
    """Return the bytes of m rows of one day for `storing.COPY`; `versions` (m, 2) big-endian; None: no values.

    The rows are put in the order of their pseudonyms.
    """
    size = 0 if values is None else values.shape[1]
    kind = np.dtype(
        [
            ("columns", ">i2"),
            ("day_length", ">i4"),
            ("day", ">i4"),
            ("version_length", ">i4"),
            ("version", "V2"),
            ("operator_length", ">i4"),
            ("operator", ">i2"),
            ("batch_length", ">i4"),
            ("batch", ">i4"),
            *_bytes("pseudonym", 16),
            *_bytes("channel", 8),
            *_bytes("mark", 16),
            *_bytes("total", totals.shape[1]),
            *_bytes("values", size),
        ]
    )
    rows = np.zeros(len(pseudonyms), kind)
    order = np.argsort(np.ascontiguousarray(pseudonyms[:, :8]).view(">u8").reshape(-1))
    fixed = {
        "columns": _COLUMNS,
        "day_length": 4,
        "version_length": 2,
        "operator_length": 2,
        "batch_length": 4,
    }
    fixed |= {"day": day.toordinal() - _EPOCH, "operator": operator, "batch": batch}
    for name, number in fixed.items():
        rows[name] = number
    rows["version"] = whole(versions)[order]
    given = {"pseudonym": pseudonyms, "channel": channels, "mark": marks, "total": totals}
    for name, data in given.items():
        rows[f"{name}_length"] = data.shape[1]
        rows[name] = whole(data)[order]
    if values is None:
        rows["values_length"] = -1
    else:
        rows["values_length"] = size
        rows["values"] = whole(values)[order]
    return rows.tobytes()


def _bytes(name: str, size: int) -> list[tuple[str, str]]:
    return [(f"{name}_length", ">i4"), *([(name, f"V{size}")] if size else [])]
