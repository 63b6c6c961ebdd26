"""Messages to the access register: what grid operators and suppliers report, one by one or in batches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import current_app
from flask.typing import ResponseReturnValue

from databeheer.values import EAN
from web.answers import json_response
from web.api import shapes
from web.api.bulk import problem_of
from web.api.cursors import open_cursor, seal_cursor
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.readings import HEADERS
from web.api.schemas import access_register as forms
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers

REFUSALS = (*COMMON, "no-legal-basis")


@operation(
    "/api/v1/register/messages",
    "POST",
    summary="Report a move, a meter or a contract (grid operator, supplier)",
    body=forms.RegisterMessage,
    body_example=forms.MESSAGE,
    answer=forms.RegisterMessageTaken,
    example=forms.TAKEN,
    headers=HEADERS,
    refusals=(*REFUSALS, "not-found", "conflict", "message-number-reused", "unsupported-media-type"),
)
def report_to_register(body: dict[str, Any]) -> ResponseReturnValue:
    """A grid operator of access points of its own grid, a supplier of contracts of its own.

    Under your `number` a message is taken once: sent again, it gets the same answer. One that was refused changed
    nothing and is not kept, so it may come again under its number once what stood in its way is settled; the order in
    which messages arrive does not matter then. The customer concerned sees who reported what, and is told.
    """
    choose_form((JSON,))
    answer = ask("register.message", bearer_proof(), message=_spelled(body))
    response = json_response(_taken(answer))
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


@operation(
    "/api/v1/register/batches",
    "POST",
    summary="Report many at once (grid operator, supplier)",
    body=forms.RegisterBatch,
    body_example=forms.BATCH,
    answer=forms.RegisterBatchOut,
    example=forms.BATCH_OUT,
    refusals=(*REFUSALS, "unsupported-media-type"),
)
def report_batch_to_register(body: dict[str, Any]) -> ResponseReturnValue:
    """Taken one after the other, each with its own outcome, so the answer is 200 also where all were refused.

    After one that is refused, the later ones of the batch about the same access point wait
    (`earlier-message-refused`); those about others are taken. Where the answer was lost, send the batch again: what was
    taken gets its first answer.
    """
    choose_form((JSON,))
    answer = ask("register.batch", bearer_proof(), messages=body["messages"])
    return json_response({"items": [_item(one) for one in answer["items"]]})


@operation(
    "/api/v1/register/messages",
    "GET",
    summary="List your messages that were taken (grid operator, supplier)",
    query=forms.RegisterQuery,
    answer=forms.RegisterMessagePage,
    example=forms.MESSAGE_PAGE,
    refusals=REFUSALS,
)
def list_register_messages(query: dict[str, Any]) -> ResponseReturnValue:
    """Newest first, of two years. What is not here was refused, or never arrived: send it again."""
    answer, next_cursor = _page("register.messages", query)
    rows = [{**_head(row), "receipt": shapes.receipt_path(row["index"])} for row in answer["messages"]]
    return json_response({"messages": rows, "next_cursor": next_cursor})


@operation(
    "/api/v1/register/announcements",
    "GET",
    summary="List announced switches (grid operator: those to decide; supplier: your own)",
    query=forms.RegisterQuery,
    answer=forms.AnnouncementPage,
    example=forms.ANNOUNCEMENT_PAGE,
    refusals=REFUSALS,
)
def list_supply_announcements(query: dict[str, Any]) -> ResponseReturnValue:
    """A grid operator sees those that wait for its own access points, oldest first, and answers each by `due_at` with
    a message, `contract.accepted` or `contract.refused`. A supplier sees its own, newest first, and where they stand.
    """
    answer, next_cursor = _page("supply.announcements", query)
    names = ("state", "from", "received_at", "due_at", "decided_at")
    rows = [
        {
            "id": row["announcement_id"],
            **{name: row[name] for name in names},
            **{name: row.get(name) for name in ("ean", "is_overdue")},
            "supplier": _supplier(row.get("supplier")),
        }
        for row in answer["announcements"]
    ]
    return json_response({"announcements": rows, "next_cursor": next_cursor})


@operation(
    "/api/v1/supply-contracts",
    "GET",
    summary="List your supply contracts (supplier)",
    query=forms.RegisterQuery,
    answer=forms.SupplyContractPage,
    example=forms.CONTRACT_PAGE,
    refusals=REFUSALS,
)
def list_supply_contracts(query: dict[str, Any]) -> ResponseReturnValue:
    """Every contract that holds a day, also those that ended: what you may read by law, and of which days."""
    answer, next_cursor = _page("supply.contracts", query)
    rows = [
        {"id": row["contract_id"], **{name: row[name] for name in ("ean", "from", "until")}}
        for row in answer["contracts"]
    ]
    return json_response({"contracts": rows, "next_cursor": next_cursor})


def _page(command: str, query: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Ask the door for a page of a list; returns it, and the cursor of the next one."""
    choose_form((JSON,))
    secret: str = current_app.config["SECRET_KEY"]
    filters = {"list": command}
    cursor = open_cursor(secret, query["cursor"], filters) if "cursor" in query else None
    answer = ask(command, bearer_proof(), cursor=cursor, limit=query["limit"])
    position = answer["next_cursor"]
    return answer, seal_cursor(secret, position, filters) if position else None


def _spelled(value: Any) -> Any:
    """A message as the door takes it."""
    if isinstance(value, dict):
        return {name: _spelled(one) for name, one in value.items()}
    if isinstance(value, EAN):
        return value.digits
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _supplier(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {"id": row["party_id"], "name": row["name"]}


def _head(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("number", "kind", "taken_at", "announcement")}


def _taken(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**_head(answer), "receipt": shapes.receipt(answer)}


def _item(answer: Mapping[str, Any]) -> dict[str, Any]:
    problem = problem_of(answer)
    return {
        "number": answer["number"],
        "problem": problem,
        "taken": None if problem is not None else _taken(answer),
    }
