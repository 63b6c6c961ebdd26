"""The web's way to the door: one client a request, and the proof that the visitor or program brought."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, request

from databeheer.door.client import DoorClient
from web.settings import WebSettings

SESSION_COOKIE = "session"
"""Holds the door's session token and nothing else; the web cannot make one."""

NO_PROOF = {"kind": "none", "value": ""}
MAX_PROOF_LENGTH = 8192


def register(app: Flask) -> None:
    """Close the request's client when the request ends."""
    app.teardown_appcontext(_close)


def ask(command: str, proof: dict[str, str] | None = None, **arguments: Any) -> dict[str, Any]:
    """Send one command to the door with the proof of this request, or with the one given.

    Raises:
        DoorRefused: the door says no, with a code.
        DoorUnreachable: the door does not answer; nothing was handed over.
    """
    answer: dict[str, Any] = client().call(command, proof or proof_of_request(), **arguments)
    return answer


def client() -> DoorClient:
    """Return this request's client, made at first use."""
    if "door" not in g:
        settings: WebSettings = current_app.config["WEB_SETTINGS"]
        g.door = DoorClient(settings.door_socket)
    door: DoorClient = g.door
    return door


def proof_of_request() -> dict[str, str]:
    """Return what the caller brought: a bearer token before a session cookie, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and 0 < len(token) <= MAX_PROOF_LENGTH:
        return {"kind": "token", "value": token.strip()}
    session = request.cookies.get(SESSION_COOKIE, "")
    if 0 < len(session) <= MAX_PROOF_LENGTH:
        return {"kind": "session", "value": session}
    return dict(NO_PROOF)


def set_session(response: Response, token: str, max_age: int) -> None:
    """Give the browser the door's session token."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=max_age,
        httponly=True,
        samesite="Lax",
        secure=settings.is_secure,
        path="/",
    )


def clear_session(response: Response) -> None:
    """Take the session token back from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Lax")


def _close(_: BaseException | None) -> None:
    door = g.pop("door", None)
    close = getattr(door, "close", None)
    if close is not None:
        close()
