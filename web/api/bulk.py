"""Reading in bulk: up to a thousand permissions or access points, one period, one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask.typing import ResponseReturnValue

from web.api import examples, shapes
from web.api.changes import known_by, make_cursor
from web.api.coverage import coverage
from web.api.fields import BadRow
from web.api.handing_over import FORMS, many_handed_over
from web.api.negotiation import choose_form
from web.api.permissions import COMMON
from web.api.readings import CONTENT_OF_MANY, HEADERS, window_of
from web.api.schemas.bulk import BulkQuery, BulkReadings
from web.api.schemas.readings import FormatQuery
from web.api.wire import idempotency_key, operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import INTERNAL, PROBLEMS


@operation(
    "/api/v1/readings",
    "POST",
    summary="Read values of many permissions or access points at once",
    query=FormatQuery,
    body=BulkQuery,
    body_example=examples.BULK_QUERY,
    answer=BulkReadings,
    example=examples.BULK_READINGS,
    content=CONTENT_OF_MANY,
    headers=HEADERS,
    refusals=(*COMMON, "too-large", "unsupported-media-type", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def read_in_bulk(query: dict[str, Any], body: dict[str, Any]) -> ResponseReturnValue:
    """One entry of the ledger, one promise and one receipt for all; each grid user sees a read of the own point.

    Each item has its own outcome: `mode` holds for each by itself, and a refusal of one takes nothing from the
    others. So the answer is 200 also where all were refused, and where a row is malformed or comes twice; only where
    no row is good it is 400. An access point or permission that does not exist is refused as one on which you have no
    ground. What one answer may hold is bounded: a thousand of them for a day of quarter-hours. Sent again with its
    key, the request gets the same values from the same entry, as long as all that was granted still is; else the
    answer is 409.
    """
    form = choose_form(FORMS, query.get("format"))
    target, names = targets_of(body)
    question = {"granularity": body["granularity"], **target}
    changes = known_by(body.get("since"), question, len(names))
    answer = ask(
        "readings.bulk",
        bearer_proof(),
        **window_of(body),
        **changes,
        **target,
        registers=body["registers"],
        **idempotency_key(),
    )
    shown = iter(
        {**name, **item_shown(item, is_of_changes=bool(changes))}
        for name, item in zip(names, answer["items"], strict=True)
    )
    rows = _rows(body)
    items = [
        {"place": place, **(_bad(row) if isinstance(row, BadRow) else next(shown))}
        for place, row in enumerate(rows)
    ]
    opened = iter(answer["items"])
    handed = [{"channels": []} if isinstance(row, BadRow) else next(opened) for row in rows]
    seen = min(answer["index"], body.get("as_of", answer["index"]))
    members = {"granularity": body["granularity"], "cursor": make_cursor(seen, question, answer["items"])}
    return many_handed_over(form, {**answer, "items": handed}, items, members)


def targets_of(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return of whom is asked as arguments for the door, and how each was named; without the rows that are bad."""
    chosen: dict[str, Any] = {"directions": sorted(body["directions"])} if "directions" in body else {}
    good = [row for row in _rows(body) if not isinstance(row, BadRow)]
    if "permissions" in body:
        permissions = [str(one) for one in good]
        return chosen | {"permission_ids": permissions}, [
            {"permission": one, "ean": None} for one in permissions
        ]
    eans = [one.digits for one in good]
    return (
        chosen | {"eans": eans, "purpose": body["purpose"]},
        [{"permission": None, "ean": one} for one in eans],
    )


def _rows(body: Mapping[str, Any]) -> Sequence[Any]:
    rows: Sequence[Any] = body["permissions" if "permissions" in body else "eans"]
    return rows


def _bad(row: BadRow) -> dict[str, Any]:
    """What is said of a row that nothing was asked of; what it said is not told back."""
    problem = problem_of({"code": "malformed-request", "detail": row.detail})
    empty: dict[str, Any] = {"granted": [], "refused": [], "coverage": None}
    return {"permission": None, "ean": None, "problem": problem, **empty}


def item_shown(item: Mapping[str, Any], *, is_of_changes: bool = False) -> dict[str, Any]:
    """What is said of an item beside its channels."""
    return {
        "problem": problem_of(item),
        **shapes.stretches(item),
        "coverage": coverage(item, is_of_changes=is_of_changes),
    }


def problem_of(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why nothing of an item was handed over, from the one table of problems."""
    if item["code"] is None:
        return None
    row = PROBLEMS.get(item["code"], INTERNAL)
    return {
        "type": row.uri,
        "title": row.title,
        "status": row.status,
        "detail": item["detail"] or row.meaning,
        "remedy": row.remedy,
    }
