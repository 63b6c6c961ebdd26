"""Who the caller is, and the token with which it shows that."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas import Me, TokenAnswer
from web.api.wire import TOKEN_PATH, blueprint, operation
from web.bearer import bearer_proof
from web.door import ask
from web.tokens import FORM, token_answer

_REFUSED = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/TokenError"}}}}


@operation("/api/v1/me", "GET", summary="Show who you are", answer=Me, example=examples.ME, refusals=COMMON)
def show_me() -> ResponseReturnValue:
    """The party behind your token, as the public register names it."""
    choose_form((JSON,))
    party = ask("party.me", bearer_proof())
    return json_response({"id": party["party_id"], "name": party["name"], "role": party["role"]})


def issue_token() -> ResponseReturnValue:
    """Trade client credentials for an access token (RFC 6749, 4.4)."""
    return token_answer("own")


_documented = blueprint.doc(
    summary="Get an access token",
    operationId="issue_token",
    security=[{"client": []}, {}],
    requestBody={
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "client_assertion_type": {
                            "type": "string",
                            "enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
                        },
                        "client_assertion": {
                            "type": "string",
                            "description": "A JWT signed by your key (RFC 7523).",
                        },
                    },
                    "additionalProperties": False,
                },
                "example": {"grant_type": "client_credentials", "client_id": "bram", "client_secret": "..."},
            }
        },
    },
    responses={
        400: {"description": "The request is wrong (RFC 6749, 5.2)", **_REFUSED},
        401: {"description": "Client authentication failed", **_REFUSED},
        413: {"description": "The body is too large", **_REFUSED},
        415: {"description": "The body is not a form", **_REFUSED},
        429: {"description": "Too many requests", **_REFUSED},
        503: {"description": "The house does not answer", **_REFUSED},
    },
)(blueprint.response(200, TokenAnswer, example=examples.TOKEN)(issue_token))
blueprint.route(TOKEN_PATH, methods=["POST"])(_documented)
