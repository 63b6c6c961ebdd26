"""The addresses for tokens (RFC 6749, client credentials; RFC 7009): parse strictly; the door verifies and mints.

Client authentication: `private_key_jwt` (RFC 7523), `client_secret_basic`, `client_secret_post`; exactly one. Where a
proxy tells certificates, none of these and the client's own one (`self_signed_tls_client_auth`, RFC 8705).
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

from databeheer.door.client import DoorRefusedError
from databeheer.errors import DatabeheerError
from web.answers import json_response
from web.client_certificate import print_of_request, proxy_proof
from web.door import MAX_TOKEN_LENGTH, NO_PROOF, ask
from web.parsing import parse_pairs, read_body
from web.problems import Problem, problem_of

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
REVOKE_PATH = "/oauth2/revoke"
_SHOWN = {"client_id", "client_secret", "client_assertion_type", "client_assertion"}
_OF_TOKEN = _SHOWN | {"grant_type", "scope"}
_OF_REVOKING = _SHOWN | {"token", "token_type_hint"}
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
        form = _form(_OF_TOKEN)
        _check_grant(form)
        arguments = _client_proof(form)
        _check_scope(form.get("scope", ""), profile)
        minted = ask("token.mint", proxy_proof() or NO_PROOF, profile=profile, **arguments)
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


def revoking_answer() -> Response:
    """Answer one request to end a token (RFC 7009), of either interface; the client shows itself as for a token."""
    try:
        form = _form(_OF_REVOKING)
        arguments = _client_proof(form)
        token = form.get("token", "")
        if not 0 < len(token) <= MAX_TOKEN_LENGTH or not token.isascii():
            raise TokenRequestError("invalid_request", "token is missing, or no token")
        _revoke(token, arguments)
    except TokenRequestError as error:
        return _refusal(problem_of(error), error.oauth_code)
    except DatabeheerError as error:
        return oauth_refusal(problem_of(error))
    return json_response({})


def _revoke(token: str, arguments: dict[str, Any]) -> None:
    """End a token of the client that shows itself.

    Another's is refused (RFC 7009, 2.1), or who took a wrong client would believe a leaked token ended that is not; in
    the words of RFC 6749, 5.2 for what "was issued to another client", and nothing is said of whose it is.
    """
    try:
        ask("token.revoke", proxy_proof() or NO_PROOF, token=token, **arguments)
    except DoorRefusedError as error:
        if error.code != "forbidden":
            raise
        raise TokenRequestError("invalid_grant", "this token was not issued to this client") from error


def claimed_client() -> str | None:
    """Return the client that this token request says it comes from; None where it does not say so properly.

    Nothing is verified. The body stays readable for who answers the request.
    """
    try:
        return str(_client_proof(_form(_OF_TOKEN | _OF_REVOKING))["client_id"])
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


def _form(known: set[str]) -> dict[str, str]:
    form = parse_pairs(read_body(request, FORM), "body")
    if set(form) - known:
        raise TokenRequestError("invalid_request", "the body has a field that is not known here")
    return form


def _check_grant(form: dict[str, str]) -> None:
    if "grant_type" not in form:
        raise TokenRequestError("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRequestError("unsupported_grant_type", "only client_credentials is served")


def _client_proof(form: dict[str, str]) -> dict[str, Any]:
    """Return how the client shows itself, in one way; with the certificate that it came with, if it is believed."""
    certificate = print_of_request()
    bound = {"certificate": certificate} if certificate else {}
    ways = [way for way in ("client_secret", "client_assertion") if way in form]
    has_header = "Authorization" in request.headers
    if bound and not ways and not has_header:
        return {"client_id": _checked(form.get("client_id", "")), **bound}
    if not ways and not has_header:
        raise TokenRequestError(
            "invalid_client", "send client_id and client_secret, or client_assertion and its type"
        )
    if len(ways) + has_header > 1:
        raise TokenRequestError("invalid_request", "authenticate the client in one way only")
    if has_header:
        return _basic(form) | bound
    return (_assertion(form) if ways == ["client_assertion"] else _post(form)) | bound


def _check_scope(scope: str, profile: str) -> None:
    # The own API has no scopes: what a party may have is decided per request. Fluvius clients send one that
    # names an application at another company; it says nothing here.
    if scope and (profile != "facade" or _SCOPE.fullmatch(scope) is None or len(scope) > 512):
        raise TokenRequestError("invalid_scope", "this scope is not known here")


def _post(form: dict[str, str]) -> dict[str, Any]:
    return {
        "client_id": _checked(form.get("client_id", "")),
        "client_secret": _checked(form["client_secret"]),
    }


def _checked(text: str) -> str:
    if _VSCHAR.fullmatch(text) is None:
        raise TokenRequestError("invalid_client", "client authentication failed")
    return text


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
    return {"client_id": _checked(client_id), "client_assertion": assertion}


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
