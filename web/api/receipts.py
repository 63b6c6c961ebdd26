"""A party's own entries in the ledger: the list of them, and the receipt of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from ledger.tiles import TileDirectory
from web.answers import json_response
from web.api import examples
from web.api.cursors import open_cursor, seal_cursor
from web.api.negotiation import JSON, TEXT, choose_form
from web.api.permissions import COMMON
from web.api.schemas import entries as forms
from web.api.shapes import receipt_path
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.receipts import MEDIA_TYPE, make_receipt
from web.settings import WebSettings


class LedgerIndex(BaseConverter):
    """An index in its one spelling: no sign, no leading zero, no foreign digits, at most 15 digits."""

    regex = "0|[1-9][0-9]{0,14}"

    def to_python(self, value: str) -> int:
        return int(value)


@operation(
    "/api/v1/receipts/<ledger_index:index>",
    "GET",
    summary="Get the receipt of a hand-over or refusal",
    answer=None,
    content={
        TEXT: {
            "schema": {
                "type": "string",
                "description": "A c2sp.org/tlog-proof; `ledger receipt verify` checks it.",
            },
            "example": examples.RECEIPT,
        }
    },
    refusals=(*COMMON, "not-found", "receipt-not-yet"),
)
def show_receipt(index: int) -> ResponseReturnValue:
    """Proves to anyone that the entry is in the log; its `extra` opens the half that concerns you.

    Another party's entry does not exist for you.
    """
    choose_form((TEXT,))
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    answer = ask("receipt.opening", bearer_proof(), index=index)
    data = make_receipt(TileDirectory(settings.ledger_directory), index, answer)
    response = Response(data, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{index}.tlog-proof"'
    return response


@operation(
    "/api/v1/receipts",
    "GET",
    summary="List your reads, refusals and other entries",
    query=forms.EntriesQuery,
    answer=forms.EntryPage,
    example=forms.PAGE,
    refusals=COMMON,
)
def list_entries(query: dict[str, Any]) -> ResponseReturnValue:
    """Every entry of the ledger that names you, newest first: what you read, what you were refused, what you did.

    What came of each in a read of many is not in the list: your answer said it, and each grid user reads the own part.
    """
    choose_form((JSON,))
    days = {name: query[name].isoformat() for name in ("first", "last") if name in query}
    filters = {name: query[name] for name in ("kind",) if name in query} | days
    arguments: dict[str, Any] = {**filters, "limit": query["limit"]}
    secret: str = current_app.config["SECRET_KEY"]
    if "cursor" in query:
        arguments["cursor"] = int(open_cursor(secret, query["cursor"], filters))
    answer = ask("entries.list", bearer_proof(), **arguments)
    position = answer["next_cursor"]
    return json_response(
        {
            "entries": [_entry(row) for row in answer["entries"]],
            "next_cursor": None if position is None else seal_cursor(secret, str(position), filters),
        }
    )


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("index", "event", "day", "at", "ground", "permission")
    asked = row["asked"]
    return {
        **{name: row[name] for name in names},
        "asked": None if asked is None else {"start": asked[0], "end": asked[1]},
        **{name: row[name] for name in ("granularity", "directions", "mode", "slots", "points")},
        "receipt": receipt_path(row["index"]),
        "decision": f"/api/v1/decisions/{row['index']}" if row["is_decision"] else None,
        "is_erased": row["is_erased"],
    }
