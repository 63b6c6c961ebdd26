"""One energy call: which mandates answer it, what the door gives under them, which refusals a client may see as such.

Always clipped. 403 ends a permission at EDDIE, so it is told only where no mandate of the caller's lives or waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from databeheer.door.client import DoorRefused, Proof
from databeheer.errors import DatabeheerError
from databeheer.values import Direction, Granularity, format_instant, parse_instant
from web.door import ask
from web.facade.names import (
    GIVES_ACCESS,
    GRANULARITY_OF_SERVICE,
    PURPOSE,
    DataService,
    is_spelled,
    services_of,
    spellings,
)
from web.facade.parameters import EnergyQuery
from web.facade.refusals import HELD_BACK, NOTHING_THERE, HeldBackError, NotNowError
from web.facade.windows import EPOCH, whole_slots

PAGE = 500
LONGEST = timedelta(days=3 * 365)
"""What one read asks at most; the door takes a day of each year more."""
_LEAST = timedelta(minutes=1)
_BLOCKED = "blocked"
_WAITING = "requested"


@dataclass
class Told:
    """What one call gave: the door's hand-overs, and where each of them, or each refusal, is recorded."""

    handed: list[dict[str, Any]] = field(default_factory=list)
    recorded: list[tuple[int | None, str | None]] = field(default_factory=list)


def read_under_mandates(proof: Proof, query: EnergyQuery, now: datetime) -> Told:
    """Read what the caller's mandates for this access point give in the window; empty where they give nothing there.

    Raises:
        DoorRefused: `permission-ended`, or no mandate at all: 403. `blocked`, `stopped` and the like: 503.
        NotNowError: no mandate for this access point, while one waits, or lives under another reference.
        HeldBackError: a mandate lives, but something of the party's is not in order.
    """
    of_point = list(pages(proof, ean=query.ean.digits))
    rows = [
        row for row in of_point if query.reference is None or is_spelled(row["reference"], query.reference)
    ]
    if not rows:
        return _refused_by_point(proof, query, now, of_point)
    told, refusal = Told(), None
    reads = [
        (row, granularity, window)
        for row, granularity in _reads(query, rows)
        for window in _windows(query, granularity, now, row)
    ]
    for row, granularity, window in reads:
        try:
            answer = _read(proof, granularity, window, row, permission_id=row["permission_id"])
        except DoorRefused as error:
            if error.code not in NOTHING_THERE:
                refusal = error
            told.recorded.append((error.index, error.promise))
        else:
            told.handed.append(answer)
            told.recorded.append((answer["index"], answer["promise"]))
    if refusal is not None and not told.handed:
        is_live = any(row["state"] in GIVES_ACCESS for row in rows)
        raise HeldBackError(refusal) if is_live and refusal.code in HELD_BACK else refusal
    return told


def pages(proof: Proof, **filters: str) -> Iterator[dict[str, Any]]:
    """Yield the permissions of the caller that these filters let through, newest first."""
    cursor: dict[str, str] = {}
    while True:
        page = ask("permission.list", proof, limit=PAGE, **filters, **cursor)
        yield from page["permissions"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def _reads(query: EnergyQuery, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Granularity]]:
    """Choose what to read: per wanted data service the newest live mandate that is fine enough.

    A service that no mandate covers is left out while another is covered, so that it makes no refusal; where
    nothing fits, one mandate is asked all the same, and the door's refusal is recorded: the newest live one, else
    one that is blocked, for it may live again, else the newest of those that ended.
    """
    live = [row for row in rows if row["state"] in GIVES_ACCESS]
    asked = (service for row in live or rows[:1] for service in services_of(row))
    services = query.services or tuple(dict.fromkeys(asked))
    chosen = []
    for service in services:
        granularity = _granularity(service, rows[0])
        fitting = [row for row in live if not granularity.is_finer_than(Granularity(row["granularity"]))]
        if fitting:
            chosen.append((fitting[0], granularity))
    if not chosen:
        row = (live or [row for row in rows if row["state"] == _BLOCKED] or rows)[0]
        chosen.append((row, _granularity(services[0], row)))
    return chosen


def _granularity(service: DataService, row: dict[str, Any]) -> Granularity:
    if service is DataService.QUARTER_HOUR and row["commodity"] == "gas":
        return Granularity.HOUR
    return GRANULARITY_OF_SERVICE[service]


def _windows(
    query: EnergyQuery, granularity: Granularity, now: datetime, row: dict[str, Any]
) -> Iterator[dict[str, str]]:
    """Yield what is asked of the door: the window on whole slots, in parts of the three years that one read has.

    By time of insertion it is all that the mandate is about; what came in outside of the window stays out.
    """
    first = parse_instant(row["data_from"])
    last = min(parse_instant(row["data_until"]) if row["data_until"] else now, now)
    inserted: dict[str, str] = {}
    if query.by_insertion:
        since, before = query.start or EPOCH, query.end or now + _LEAST
        inserted = {
            "inserted_from": format_instant(since),
            "inserted_until": format_instant(max(before, since + _LEAST)),
        }
    else:
        first, last = query.start or first, query.end or last
    start, end = whole_slots(first, max(last, first + _LEAST), granularity)
    while start < end:
        part = min(end, whole_slots(start, start + LONGEST, granularity)[1])
        yield {"from": format_instant(start), "until": format_instant(part), **inserted}
        start = part


def _read(
    proof: Proof, granularity: Granularity, window: dict[str, str], row: dict[str, Any], **target: str
) -> dict[str, Any]:
    return ask(
        "readings.read",
        proof,
        granularity=granularity.value,
        directions=list(row["directions"]),
        mode="clip",
        parts=True,
        **window,
        **target,
    )


def _refused_by_point(
    proof: Proof, query: EnergyQuery, now: datetime, of_point: list[dict[str, Any]]
) -> Told:
    """No mandate fits: ask the door by the access point all the same, which refuses and records that.

    The same for a point that does not exist; whether a mandate waits or lives elsewhere is the caller's own knowledge.
    """
    service = query.services[0] if query.services else DataService.DAY
    row = {
        "data_from": format_instant(now - timedelta(days=1)),
        "data_until": None,
        "directions": [direction.value for direction in Direction],
    }
    target = {"ean": query.ean.digits, "purpose": PURPOSE.value}
    granularity = GRANULARITY_OF_SERVICE[service]
    window = next(_windows(query, granularity, now, row))
    try:
        answer = _read(proof, granularity, window, row, **target)
    except DoorRefused as error:
        raise _softened(proof, query, error, of_point) from error
    return Told([answer], [(answer["index"], answer["promise"])])


def _softened(
    proof: Proof, query: EnergyQuery, error: DoorRefused, of_point: list[dict[str, Any]]
) -> DatabeheerError:
    if error.code not in HELD_BACK:
        return error
    alive = GIVES_ACCESS | {_BLOCKED, _WAITING}
    known = of_point
    if query.reference is not None:
        known = known + [
            row for spelled in spellings(query.reference) for row in pages(proof, reference=spelled)
        ]
    return NotNowError(error) if any(row["state"] in alive for row in known) else error
