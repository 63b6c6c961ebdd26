"""Only an inspector's session opens these pages; anybody else is told so plainly."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import render_template
from flask.typing import ResponseReturnValue

from web.door import ask
from web.portal.login import require_session

View = Callable[..., ResponseReturnValue]


def require_inspector(view: View) -> View:
    """Let only an inspector see a page; who is not logged in logs in first."""

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
        if ask("me")["role"] != "inspector":
            return render_template("oversight/not_for_you.html"), 403
        return view(*args, **kwargs)

    return require_session(guarded)
