"""The web's way to the door: one client for the process, and the proof that the visitor or program brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from databeheer.door.client import DoorClient, Proof
from web.client_certificate import print_of_request
from web.settings import WebSettings

SESSION_COOKIE = "session"
"""Holds the door's session token and nothing else; the web cannot make one."""

NO_PROOF = Proof("none", "")
MAX_PROOF_LENGTH = 512
MAX_TOKEN_LENGTH = 2048
_EXTENSION = "web.door"


def register(app: Flask) -> None:
    """Set up the client; it keeps one connection a thread."""
    settings: WebSettings = app.config["WEB_SETTINGS"]
    app.extensions[_EXTENSION] = DoorClient(settings.door_socket)


def close(app: Flask) -> None:
    """Close this thread's connection; a connection otherwise lives as long as its thread."""
    client: DoorClient = app.extensions[_EXTENSION]
    client.close()


def ask(command: str, proof: Proof | Mapping[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """Send one command to the door with the proof of this request, or with the one given.

    Raises:
        DoorRefusedError: the door says no, with a code.
        DoorUnreachableError: the door does not answer; nothing was handed over.
    """
    if proof is None:
        proof = proof_of_request()
    elif not isinstance(proof, Proof):
        proof = Proof(proof["kind"], proof["value"])
    client: DoorClient = current_app.extensions[_EXTENSION]
    return client.call(command, proof, **arguments)


def proof_of_request() -> Proof:
    """Return what the caller brought: a bearer token before a session cookie, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and 0 < len(token.strip()) <= MAX_TOKEN_LENGTH:
        return Proof.token(token.strip(), print_of_request())
    return session_of_request() or (Proof("none", "", print_of_request()) if print_of_request() else NO_PROOF)


def session_of_request() -> Proof | None:
    """Return the session that the browser brought, if any; whether it still lives only the door knows."""
    session = request.cookies.get(SESSION_COOKIE, "")
    return Proof.session(session, print_of_request()) if 0 < len(session) <= MAX_PROOF_LENGTH else None


def set_session(response: Response, token: str) -> None:
    """Give the browser the door's session token; it ends with the browser, and in the door's time."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    response.set_cookie(
        SESSION_COOKIE, token, httponly=True, samesite="Lax", secure=settings.is_secure, path="/"
    )


def clear_session(response: Response) -> None:
    """Take the session token back from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Lax")
