"""What every answer carries so that a browser refuses what we never send: script, frames, other hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf

from web.forms import FORM_GUARD
from web.parsing import MAX_BODY_BYTES
from web.settings import WebSettings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
_MOST_BYTES = "most_bytes"
csrf = CSRFProtect()
"""Guards every form; an area for programs (bearer tokens, no cookies) exempts its blueprint."""


def register(app: Flask) -> None:
    """Install the headers, the cookie rules and the guard on forms."""
    settings: WebSettings = app.config["WEB_SETTINGS"]
    app.config.update(
        # Flask's own signed cookie holds the form guard and messages. `session` is the door's, see web.door.
        SESSION_COOKIE_NAME="form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_secure,
        # The guard lives as long as the browser's session: a page left open overnight still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.before_request(_refuse_another_root)
    app.before_request(_let_files_in)  # before the guard reads the form
    csrf.init_app(app)
    app.jinja_env.globals["csrf_token"] = form_guard
    app.after_request(_harden)


def form_guard() -> str:
    """Return what guards the forms of this request, made once: a page has a button for each of its lines."""
    made: str | None = g.get(FORM_GUARD)
    return made or generate_csrf()


def takes_files(most_bytes: int) -> Callable[[View], View]:
    """Let a view take so many bytes in a form, more than others; goes right below the route."""

    def mark(view: View) -> View:
        setattr(view, _MOST_BYTES, most_bytes)
        return view

    return mark


def _let_files_in() -> None:
    most = getattr(current_app.view_functions.get(request.endpoint or ""), _MOST_BYTES, None)
    if most is not None:
        request.max_content_length = most
        # The parser counts its own buffer, a block and what of the one before may begin a boundary, as text of a form.
        request.max_form_memory_size = 2 * MAX_BODY_BYTES


def _refuse_another_root() -> None:
    """Refuse a request that says this site begins below `/`.

    It never does. A server that takes `SCRIPT_NAME` from a header lets the caller shift every route.
    """
    if request.root_path:
        abort(400)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Personal unless a page says otherwise: a shared computer's back button shows nothing.
    response.headers.setdefault("Cache-Control", "no-store")
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    if settings.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    return response
