"""What a read hands over in each form: JSON, CSV, Parquet; with its record, and a tag by which it is known again.

The tag (`ETag`) is of what is handed over, not of the record: a read of the same values has the same tag and a record
of its own. Who sends it with `If-None-Match` is told 304 where nothing changed, and learns just that; so it is a read
like any other, which the door decides and records before the answer, and refuses where nothing may be read any more.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from flask import Response, request

from databeheer.metering.series import slots_of_channel
from databeheer.metering.series_parquet import series_parquet
from databeheer.values import format_instant
from web.api import shapes, spelling
from web.api.negotiation import CSV, JSON, PARQUET
from web.api.spelling import spelled
from web.problems import ledger_headers

FORMS = (JSON, CSV, PARQUET)
CURSOR = "Readings-Cursor"
CSV_COLUMNS = (
    *("start", "end", "commodity", "direction", "unit", "meter", "register", "value"),
    *("state", "conversion", "missing"),
)
MANY_COLUMNS = ("place", "problem", *CSV_COLUMNS)
_CONTENT_TYPES = {JSON: JSON, CSV: "text/csv; charset=utf-8; header=present", PARQUET: PARQUET}
_WORTH_PACKING = 1024
_SAID = "databeheer"
"""Under this name a Parquet file says, as JSON, what has no rows: grounds, refusals, problems, the receipt."""


def one_handed_over(
    form: str, answer: Mapping[str, Any], members: Mapping[str, Any], cursor: str
) -> Response:
    """Return one read in a form; `members` are those of its JSON beside the channels, the cursor and the receipt."""
    if form == CSV:
        body = _csv(CSV_COLUMNS, _rows(answer["channels"])).encode()
    elif form == PARQUET:
        body = series_parquet([(0, answer["channels"])], {_SAID: spelled(members)}, is_one=True)
    else:
        body = _with_channels(members, answer["channels"]).encode()
    tag = _tag(form, body)
    if form == JSON:
        record = spelled({"cursor": cursor, "receipt": shapes.receipt(answer)})
        body = body[:-1] + f",{record[1:]}\n".encode()
    response = _response(form, body, answer)
    response.headers[CURSOR] = cursor
    if request.method in ("GET", "HEAD"):
        response.set_etag(tag, weak=True)
        response.make_conditional(request)
    return response


def many_handed_over(
    form: str, answer: Mapping[str, Any], items: Sequence[Mapping[str, Any]], members: Mapping[str, Any]
) -> Response:
    """Return many reads of one record in a form.

    `items` are those of the JSON without channels, each with its `place` in what was asked, beside the door's own in
    `answer`; `members` what is said of all.
    """
    channels = [item["channels"] for item in answer["items"]]
    members = {**members, "receipt": shapes.receipt(answer)}
    if form == CSV:
        body = _csv(MANY_COLUMNS, _rows_of_many(items, channels)).encode()
    elif form == PARQUET:
        places = (item["place"] for item in items)
        said = {_SAID: spelled({**members, "items": items})}
        body = series_parquet(zip(places, channels, strict=True), said)
    else:
        shown = map(_with_channels, items, channels)
        body = f'{spelled(members)[:-1]},"items":[{",".join(shown)}]}}\n'.encode()
    return _response(form, body, answer)


def made_conditional(response: Response, form: str) -> Response:
    """Let an answer that is the same whenever it is asked be known by its tag and, as Parquet, be fetched in parts."""
    data = response.get_data()
    response.set_etag(_tag(form, data), weak=form != PARQUET)
    if form == PARQUET:
        response.make_conditional(request, accept_ranges=True, complete_length=len(data))
    else:
        response.make_conditional(request)
    return response


def pack(response: Response) -> Response:
    """Pack an answer with gzip for who takes that; Parquet is packed by itself."""
    if response.mimetype == PARQUET or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    if (
        request.accept_encodings["gzip"] <= 0
        or response.status_code in (204, 206, 304)
        or "Content-Encoding" in response.headers
        or (response.content_length or 0) < _WORTH_PACKING
    ):
        return response
    response.set_data(gzip.compress(response.get_data(), compresslevel=1, mtime=0))
    response.content_encoding = "gzip"
    return response


def _response(form: str, body: bytes, answer: Mapping[str, Any]) -> Response:
    response = Response(body, content_type=_CONTENT_TYPES[form])
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


def _tag(form: str, body: bytes) -> str:
    return sha256(form.encode() + b"\0" + body).hexdigest()[:32]


def _with_channels(members: Mapping[str, Any], channels: Sequence[Mapping[str, Any]]) -> str:
    return f'{spelled(members)[:-1]},"channels":[{",".join(map(spelling.channel, channels))}]}}'


# --- CSV ------------------------------------------------------------------------------------------------------


def _csv(columns: Sequence[str], rows: Iterator[tuple[object, ...]]) -> str:
    """RFC 4180: comma, point as decimal mark."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return table.getvalue()


def _rows_of_many(
    items: Sequence[Mapping[str, Any]], channels: Sequence[Sequence[Mapping[str, Any]]]
) -> Iterator[tuple[object, ...]]:
    """A line per slot and channel; of an item with a problem one line, which names it."""
    for item, own in zip(items, channels, strict=True):
        problem = item["problem"]
        if problem is not None:
            yield (item["place"], problem["type"].rpartition("/")[2], *("" for _ in CSV_COLUMNS))
        for row in _rows(own):
            yield (item["place"], "", *row)


def _rows(channels: Sequence[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
    for channel in channels:
        constant = (channel["commodity"], channel["direction"], channel["unit"], channel.get("meter") or "")
        for slot in slots_of_channel(channel):
            value = shapes.decimal(slot.value)
            yield (
                format_instant(slot.start),
                format_instant(slot.end),
                *constant,
                slot.register.value if slot.register else "",
                "" if value is None else value,
                slot.state.value,
                slot.conversion.value if slot.conversion else "",
                slot.missing,
            )
