"""Only staff open these pages, and most of them only in some roles; the door asks for the same, and alone decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.portal.login import require_session

View = Callable[..., ResponseReturnValue]


def require_staff(view: View) -> View:
    """Let only somebody of the house see a page, whatever his roles; who is not logged in logs in first."""
    return require_role()(view)


def require_role(*codes: str, writing: bool = False) -> Callable[[View], View]:
    """Let only staff in one of these roles see a page; without codes, all staff. `writing`: given to write."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
            if ask("me")["role"] != "staff":
                return render_template("staff/not_for_you.html"), 403
            held = colleague()["writes" if writing else "roles"]
            if codes and not set(codes) & set(held):
                return render_template("staff/other_role.html", codes=codes, writing=writing), 403
            try:
                return view(*args, **kwargs)
            except DoorRefusedError as refusal:
                if refusal.code != "role-needed":
                    raise
                return render_template("staff/other_role.html", codes=(), writing=writing), 403

        return require_session(guarded)

    return guard


def colleague() -> dict[str, Any]:
    """Return what the door shows of who is logged in as staff, asked once a request."""
    if "colleague" not in g:
        g.colleague = ask("staff.me")
    found: dict[str, Any] = g.colleague
    return found
