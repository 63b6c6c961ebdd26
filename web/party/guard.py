"""Only who acts for an enterprise opens these pages; and most of them only once it is a party here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from web.door import ask
from web.portal.login import require_session

View = Callable[..., ResponseReturnValue]


def require_party(view: View) -> View:
    """Let only somebody of an enterprise see a page; who is not logged in logs in first."""

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
        if ask("me")["role"] != "party":
            return render_template("party/not_for_you.html"), 403
        return view(*args, **kwargs)

    return require_session(guarded)


def standing() -> dict[str, Any]:
    """Return what the door shows of the party, asked once a request; without a party, on to the application."""
    if "standing" not in g:
        g.standing = ask("onboarding.show")
    found: dict[str, Any] = g.standing
    if found["party"] is None:
        abort(redirect(url_for("party.begin"), 303))
    return found
