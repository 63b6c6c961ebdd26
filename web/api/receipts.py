"""The receipt of a hand-over or a recorded refusal."""

from __future__ import annotations

from flask import Response, current_app
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from ledger.tiles import TileDirectory
from web.api import examples
from web.api.negotiation import TEXT, choose_form
from web.api.permissions import COMMON
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
