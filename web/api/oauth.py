"""Tokens: how to get one and how to end it, where that is described for programs, and the keys that sign them."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from flask import Response, current_app
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.schemas.oauth import KEY_SET, SERVER_METADATA, KeySet, Revoked, ServerMetadata
from web.api.schemas.tokens import TokenAnswer
from web.api.wire import JWKS_PATH, METADATA_PATH, TOKEN_PATH, blueprint, operation
from web.client_certificate import is_set_up
from web.door import NO_PROOF, ask
from web.settings import WebSettings
from web.tokens import ASSERTION_TYPE, FORM, REVOKE_PATH, revoking_answer, token_answer

SIGNED_WITH = ("PS256", "ES256", "EdDSA", "Ed25519", "RS256")
"""How assertions for the own interface may be signed, as the door takes them."""
_FOR_FIVE_MINUTES = "public, max-age=300"


def _refused(description: str, code: str, said: str) -> dict[str, Any]:
    """An answer of RFC 6749, 5.2, with an example of it."""
    schema = {"$ref": "#/components/schemas/TokenError"}
    example = {"error": code, "error_description": said}
    return {
        "description": description,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


_REFUSALS = {
    400: _refused("The request is wrong", "invalid_request", "grant_type is missing"),
    401: _refused("Client authentication failed", "invalid_client", "the client is not known here"),
    413: _refused("The body is too large", "invalid_request", "the body is larger than is taken here"),
    415: _refused("The body is not a form", "invalid_request", f"send {FORM}"),
    429: _refused("Too many requests", "temporarily_unavailable", "too many requests in one minute"),
    503: _refused("The house does not answer", "temporarily_unavailable", "ask again after Retry-After"),
}
_CLIENT: dict[str, Any] = {
    "client_id": {"type": "string"},
    "client_secret": {"type": "string"},
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
    "client_assertion": {
        "type": "string",
        "description": "A JWT signed by your key (RFC 7523): `iss` and `sub` your client, `aud` the issuer and nothing "
        "else, `exp` at most five minutes ahead, a `jti` of 8 to 200 characters that is used once.",
    },
}


def issue_token() -> ResponseReturnValue:
    """Trade client credentials for an access token (RFC 6749, 4.4; RFC 9068), good for an hour at most.

    Asked over a connection with a client certificate, where the house takes those, the token is good only with it.
    """
    return token_answer("own")


def revoke_token() -> ResponseReturnValue:
    """End a token of yours before its time (RFC 7009). A token that has ended, or never was, is no error.

    One that was issued to another client, of another party or of yours, stays as it is: 400 `invalid_grant`.
    """
    return revoking_answer()


def show_token_keys() -> ResponseReturnValue:
    """A JSON Web Key Set (RFC 7517). A key that signs no more stays here until the last of its tokens has ended."""
    return _public(json_response(ask("token.keys", NO_PROOF)))


@operation(
    METADATA_PATH,
    "GET",
    summary="How tokens are had here",
    answer=ServerMetadata,
    example=SERVER_METADATA,
    security=[],
    refusals=("rate-limited", "unavailable"),
)
def describe_server() -> ResponseReturnValue:
    """The metadata of the authorization server (RFC 8414)."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    issuer = settings.base_url
    methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"]
    if is_set_up():
        methods.append("self_signed_tls_client_auth")
    ways = {
        "endpoint_auth_methods_supported": methods,
        "endpoint_auth_signing_alg_values_supported": list(SIGNED_WITH),
    }
    members = {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        **{f"token_{name}": value for name, value in ways.items()},
        **{f"revocation_{name}": value for name, value in ways.items()},
        "tls_client_certificate_bound_access_tokens": is_set_up(),
        "service_documentation": f"{issuer}/api/v1/openapi.json",
    }
    return _public(json_response(members))


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = _FOR_FIVE_MINUTES
    return response


def _form(required: list[str], properties: dict[str, Any], example: dict[str, str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": required,
        "properties": properties | _CLIENT,
        "additionalProperties": False,
    }
    return {"required": True, "content": {FORM: {"schema": schema, "example": example}}}


_token = blueprint.doc(
    summary="Get an access token",
    description=cleandoc(issue_token.__doc__ or ""),
    operationId="issue_token",
    security=[{"client": []}, {}],
    requestBody=_form(
        ["grant_type"],
        {"grant_type": {"type": "string", "enum": ["client_credentials"]}},
        {"grant_type": "client_credentials", "client_id": "bram", "client_secret": "..."},
    ),
    responses=_REFUSALS,
)(blueprint.response(200, TokenAnswer, example=examples.TOKEN)(issue_token))
blueprint.route(TOKEN_PATH, methods=["POST"])(_token)

_keys = blueprint.doc(
    summary="The keys that sign access tokens",
    description=cleandoc(show_token_keys.__doc__ or ""),
    operationId="show_token_keys",
    security=[],
    responses={status: _REFUSALS[status] for status in (429, 503)},
)(blueprint.response(200, KeySet, example=KEY_SET)(show_token_keys))
blueprint.route(JWKS_PATH, methods=["GET"])(_keys)

_revoke = blueprint.doc(
    summary="End an access token",
    description=cleandoc(revoke_token.__doc__ or ""),
    operationId="revoke_token",
    security=[{"client": []}, {}],
    requestBody=_form(
        ["token"],
        {"token": {"type": "string"}, "token_type_hint": {"type": "string"}},
        {"token": "...", "client_id": "bram", "client_secret": "..."},
    ),
    responses={
        **_REFUSALS,
        400: _refused(
            "The request is wrong, or the token was issued to another client",
            "invalid_grant",
            "this token was not issued to this client",
        ),
    },
)(blueprint.response(200, Revoked, example={}, description="The token is good for nothing")(revoke_token))
blueprint.route(REVOKE_PATH, methods=["POST"])(_revoke)
