"""Doubt about a party's permission: its duty to report, to show the permission, and whom to reach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import doubt_examples as examples
from web.api.cursors import open_cursor, seal_cursor
from web.api.fields import wire_instant
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas.doubt import (
    DoubtContact,
    DoubtContacts,
    DoubtEvidence,
    DoubtList,
    DoubtOut,
    DoubtReport,
    DoubtsQuery,
)
from web.api.wire import idempotency_key, operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers

CHANGES = (*COMMON, "too-large", "unsupported-media-type")
_SHOWN = ("concern", "state", "is_blocked", "gap", "allocation", "permission_id", "history")
_MOMENTS = ("blocked_at", "contacted_at", "evidence_due_at", "unblock_due_at", "closed_at")


@operation(
    "/api/v1/doubts",
    "GET",
    summary="List doubts about your permissions",
    query=DoubtsQuery,
    answer=DoubtList,
    example=examples.DOUBTS,
    refusals=COMMON,
)
def list_doubts(query: dict[str, Any]) -> ResponseReturnValue:
    """Those that stand first, then the newest.

    While a case stands you get nothing on that access point that rests on a permission; by law you do.
    """
    choose_form((JSON,))
    filters = {name: query[name] for name in ("state",) if name in query}
    arguments: dict[str, Any] = {**filters, "limit": query["limit"]}
    secret: str = current_app.config["SECRET_KEY"]
    if "cursor" in query:
        arguments["cursor"] = open_cursor(secret, query["cursor"], filters)
    answer = ask("doubt.list", bearer_proof(), **arguments)
    position = answer["next_cursor"]
    return json_response(
        {
            "doubts": [_doubt(case) for case in answer["cases"]],
            "next_cursor": seal_cursor(secret, position, filters) if position else None,
        }
    )


@operation(
    "/api/v1/doubts/<uuid:case_id>",
    "GET",
    summary="Show one doubt",
    answer=DoubtOut,
    example=examples.DOUBT,
    refusals=(*COMMON, "not-found"),
)
def show_doubt(case_id: UUID) -> ResponseReturnValue:
    """State, deadlines and history of one case; another party's does not exist for you."""
    choose_form((JSON,))
    return json_response(_doubt(ask("doubt.show", bearer_proof(), case_id=str(case_id))["case"]))


@operation(
    "/api/v1/doubts",
    "POST",
    summary="Report what your customer said of your permission",
    status=201,
    body=DoubtReport,
    body_example=examples.REPORT,
    answer=DoubtOut,
    example=examples.DOUBT,
    refusals=(*CHANGES, "not-found", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def report_doubt(report: dict[str, Any]) -> ResponseReturnValue:
    """Where the customer stays unsatisfied, or that is not known: within one working day.

    You are blocked on that access point from then on, as after a doubt that reaches us directly.
    """
    choose_form((JSON,))
    answer = ask(
        "doubt.report_own",
        bearer_proof(),
        permission_id=str(report["permission_id"]),
        concern=report["concern"],
        customer=report["customer"],
        received_at=wire_instant(report["received_at"]),
        words=report["findings"],
        **idempotency_key(),
    )
    return _answered(answer, 201)


@operation(
    "/api/v1/doubts/<uuid:case_id>/evidence",
    "POST",
    summary="Show the permission that is doubted",
    status=200,
    body=DoubtEvidence,
    body_example=examples.EVIDENCE,
    answer=DoubtOut,
    example=examples.DOUBT,
    refusals=(*CHANGES, "not-found", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def show_evidence(shown: dict[str, Any], case_id: UUID) -> ResponseReturnValue:
    """Within 72 hours after you were asked, weekends and holidays included. Late, it is refused (409).

    In time and good, the block ends and you may fetch what you missed. Else your permissions there have ended; ask
    the customer anew.
    """
    choose_form((JSON,))
    answer = ask("doubt.show_evidence", bearer_proof(), case_id=str(case_id), **shown, **idempotency_key())
    return _answered(answer, 200)


@operation(
    "/api/v1/doubt-contacts",
    "GET",
    summary="List whom to reach about doubt about a mandate",
    answer=DoubtContacts,
    example=examples.CONTACTS,
    refusals=COMMON,
)
def list_doubt_contacts() -> ResponseReturnValue:
    """The contact group, of suppliers, service providers and grid operators. Not public."""
    choose_form((JSON,))
    found = ask("doubt.contacts", bearer_proof())["contacts"]
    return json_response(
        {
            "contacts": [
                {"party_id": one["party"]["id"], "party": one["party"]["name"]}
                | {name: one[name] for name in ("name", "email", "phone")}
                for one in found
            ]
        }
    )


@operation(
    "/api/v1/doubt-contact",
    "POST",
    summary="Say whom others reach at yours",
    status=200,
    body=DoubtContact,
    body_example=examples.CONTACT,
    answer=DoubtContact,
    example=examples.CONTACT,
    refusals=CHANGES,
)
def set_doubt_contact(contact: dict[str, Any]) -> ResponseReturnValue:
    """Takes the place of whom you named before. Without one you cannot ask for a permission."""
    choose_form((JSON,))
    answer = ask("doubt.contact.set", bearer_proof(), **contact)
    response = json_response(contact)
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


def _answered(answer: dict[str, Any], status: int) -> ResponseReturnValue:
    response = json_response(_doubt(answer["case"]), status)
    response.headers.update(ledger_headers(answer["index"], None))
    if status == 201:
        response.headers["Location"] = f"/api/v1/doubts/{answer['case']['case_id']}"
    return response


def _doubt(case: dict[str, Any]) -> dict[str, Any]:
    signal = ("origin", "concern", "received_at", "at", "is_late")
    return (
        {"id": case["case_id"]}
        | {name: case[name] for name in (*_SHOWN, *_MOMENTS)}
        | {
            "signals": [{name: one[name] for name in signal} for one in case["signals"]],
            "documents": list(case["evidence"]),
        }
    )
