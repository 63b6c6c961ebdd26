"""Written mandates: named by their hash, handed over for the check or when they are drawn in a sample (R34, R35)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas.permissions import MandateIn, MandateOut
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.parsing import read_document
from web.problems import ledger_headers

MEDIA_TYPES = ("application/pdf", "application/octet-stream")
LONGEST = 700_000
"""In bytes; the door takes no longer document either."""
_CHANGING = (*COMMON, "not-found", "conflict", "too-large", "unsupported-media-type")


@operation(
    "/api/v1/permissions/<uuid:permission_id>/mandate",
    "POST",
    summary="Name the written mandate that carries a permission",
    status=201,
    body=MandateIn,
    body_example=examples.MANDATE_IN,
    answer=MandateOut,
    example=examples.MANDATE,
    refusals=_CHANGING,
)
def register_mandate(mandate: dict[str, Any], permission_id: UUID) -> ResponseReturnValue:
    """By its hash: the document stays with you until it is asked for. One a permission, and it is not replaced.

    Of a request for an access point, the grid user's signature counts as granting once it was checked.
    """
    choose_form((JSON,))
    named = {
        "document_sha256": mandate["document_sha256"],
        "signed_on": mandate["signed_on"].isoformat(),
    }
    return _answered("mandate.register", permission_id, 201, **named)


@operation(
    "/api/v1/permissions/<uuid:permission_id>/mandate/document",
    "PUT",
    summary="Hand the document over",
    answer=MandateOut,
    example=examples.MANDATE,
    refusals=_CHANGING,
    documents=MEDIA_TYPES,
    document_example="%PDF-1.7 ...",
)
def hand_over_mandate(permission_id: UUID) -> ResponseReturnValue:
    """For the check of the signature, or because it was drawn (`due_at`). At most 700,000 bytes.

    It must be the one whose hash you named. It is kept sealed, and destroyed once somebody judged it.
    """
    choose_form((JSON,))
    document = b64encode(read_document(request, MEDIA_TYPES, LONGEST)).decode()
    return _answered("mandate.produce", permission_id, 200, document=document)


@operation(
    "/api/v1/permissions/<uuid:permission_id>/mandate",
    "GET",
    summary="Show how a written mandate stands",
    answer=MandateOut,
    example=examples.MANDATE,
    refusals=(*COMMON, "not-found"),
)
def show_mandate(permission_id: UUID) -> ResponseReturnValue:
    """Registered, drawn in a sample until when, handed over, judged."""
    choose_form((JSON,))
    return json_response(_shown(permission_id))


def _answered(command: str, permission_id: UUID, status: int, **arguments: str) -> ResponseReturnValue:
    answer = ask(command, bearer_proof(), permission_id=str(permission_id), **arguments)
    response = json_response(_shown(permission_id), status)
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


def _shown(permission_id: UUID) -> dict[str, Any]:
    shown: dict[str, Any] = ask("mandate.show", bearer_proof(), permission_id=str(permission_id))
    return shown
