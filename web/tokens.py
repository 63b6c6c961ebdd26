"""The token address (RFC 6749, client credentials): parses strictly; the door verifies and mints.

Client authentication: `client_secret_basic`, `client_secret_post`, `private_key_jwt` (RFC 7523). Exactly one.
The same for the own API (`profile` own) and the facade (`profile` facade); a token of one is refused by the other.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Response, request
from werkzeug.exceptions import HTTPException

from databeheer.errors import DatabeheerError
from web.answers import json_response
from web.door import NO_PROOF, ask
from web.parsing import parse_pairs, read_body
from web.problems import Problem, problem_of

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
_KNOWN = {"grant_type", "client_id", "client_secret", "client_assertion_type", "client_assertion", "scope"}
_JWT = re.compile(r"[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,2048}")
# RFC 6749 appendix A: what client_id, client_secret and scope may hold.
_VSCHAR = re.compile(r"[\x20-\x7e]{1,512}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
_NOT_DESCRIPTION = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


class TokenRequestError(DatabeheerError):
    """The token request is wrong; `oauth_code` is the error of RFC 6749, 5.2."""

    code = "malformed-request"

    def __init__(self, oauth_code: str, message: str) -> None:
        super().__init__(message)
        self.oauth_code = oauth_code


def token_answer(profile: str) -> Response:
    """Answer one token request, errors included, in the form of RFC 6749."""
    try:
        form = parse_pairs(read_body(request, FORM), "body")
        arguments = _client_proof(form)
        _check_scope(form.get("scope", ""), profile)
        minted = ask("token.mint", NO_PROOF, profile=profile, **arguments)
    except TokenRequestError as error:
        return _refusal(problem_of(error), error.oauth_code)
    except DatabeheerError as error:
        return oauth_refusal(problem_of(error))
    members = {
        "access_token": minted["access_token"],
        "token_type": "Bearer",
        "expires_in": minted["expires_in"],
    }
    if profile == "facade":
        members["ext_expires_in"] = minted["expires_in"]
    response = json_response(members)
    response.headers["Pragma"] = "no-cache"
    return response


def claimed_client() -> str | None:
    """Return the client that this token request says it comes from; None where it does not say so properly.

    Nothing is verified. The body stays readable for who answers the request.
    """
    try:
        return str(_client_proof(parse_pairs(read_body(request, FORM), "body"))["client_id"])
    except (DatabeheerError, HTTPException):
        return None


def oauth_refusal(problem: Problem) -> Response:
    """Tell a problem at the token address: a code of RFC 6749, the status of the problem."""
    codes = {401: "invalid_client", 403: "unauthorized_client", 429: "temporarily_unavailable"}
    default = "server_error" if problem.status == 500 else "invalid_request"
    code = "temporarily_unavailable" if problem.status == 503 else codes.get(problem.status, default)
    return _refusal(problem, code)


def _refusal(problem: Problem, code: str) -> Response:
    status = 401 if code == "invalid_client" else problem.status
    description = _NOT_DESCRIPTION.sub("'", problem.detail or problem.type.meaning)
    response = json_response({"error": code, "error_description": description}, status)
    response.headers.update(problem.http_headers())
    if status == 401:
        # Said in every case, so that the answer does not tell which half was wrong.
        response.headers["WWW-Authenticate"] = 'Basic realm="databeheer"'
    return response


def _client_proof(form: dict[str, str]) -> dict[str, Any]:
    unknown = set(form) - _KNOWN
    if unknown:
        raise TokenRequestError("invalid_request", "the body has a field that is not known here")
    if "grant_type" not in form:
        raise TokenRequestError("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRequestError("unsupported_grant_type", "only client_credentials is served")
    ways = [way for way in ("client_secret", "client_assertion") if way in form]
    has_header = "Authorization" in request.headers
    if not ways and not has_header:
        raise TokenRequestError("invalid_client", "authenticate the client")
    if len(ways) + has_header > 1:
        raise TokenRequestError("invalid_request", "authenticate the client in one way only")
    if has_header:
        return _basic(form)
    return _assertion(form) if ways == ["client_assertion"] else _post(form)


def _check_scope(scope: str, profile: str) -> None:
    # The own API has no scopes: what a party may have is decided per request. Fluvius clients send one that
    # names an application at another company; it says nothing here.
    if scope and (profile != "facade" or _SCOPE.fullmatch(scope) is None or len(scope) > 512):
        raise TokenRequestError("invalid_scope", "this scope is not known here")


def _post(form: dict[str, str]) -> dict[str, Any]:
    client_id, secret = form.get("client_id", ""), form["client_secret"]
    if _VSCHAR.fullmatch(client_id) is None or _VSCHAR.fullmatch(secret) is None:
        raise TokenRequestError("invalid_client", "client authentication failed")
    return {"client_id": client_id, "client_secret": secret}


def _basic(form: dict[str, str]) -> dict[str, Any]:
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError("not basic")
        pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        raw_id, colon, raw_secret = pair.partition(":")
        if not colon:
            raise ValueError("no colon")
        client_id, secret = _form_decoded(raw_id), _form_decoded(raw_secret)
    except (ValueError, binascii.Error) as error:
        raise TokenRequestError("invalid_client", "client authentication failed") from error
    if form.get("client_id", client_id) != client_id:
        raise TokenRequestError("invalid_request", "client_id differs between header and body")
    return _post({"client_id": client_id, "client_secret": secret})


def _form_decoded(text: str) -> str:
    # RFC 6749, 2.3.1: both halves are form-encoded before base64.
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")


def _assertion(form: dict[str, str]) -> dict[str, Any]:
    assertion = form["client_assertion"]
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRequestError("invalid_request", "client_assertion_type is missing or not served")
    if _JWT.fullmatch(assertion) is None:
        raise TokenRequestError("invalid_client", "client authentication failed")
    client_id = form.get("client_id") or _subject(assertion)
    if _VSCHAR.fullmatch(client_id) is None:
        raise TokenRequestError("invalid_client", "client authentication failed")
    return {"client_id": client_id, "client_assertion": assertion}


def _subject(assertion: str) -> str:
    # Only to know whose key the door shall try: it verifies the signature, and that sub is this client.
    payload = assertion.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        subject = claims["sub"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TokenRequestError("invalid_client", "client authentication failed") from error
    if not isinstance(subject, str):
        raise TokenRequestError("invalid_client", "client authentication failed")
    return subject
