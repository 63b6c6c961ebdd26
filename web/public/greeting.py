"""Who is logged in, for the header of public pages: these show the same to everybody else."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, g

from databeheer.door.client import DoorRefusedError, DoorUnreachableError
from web.door import ask, session_of_request
from web.language import _

INSPECTOR, PARTY, STAFF = "inspector", "party", "staff"


@dataclass(frozen=True)
class LoggedIn:
    """A name to greet (an inspector has none here, only a role), and where this person's own pages begin."""

    name: str
    home: str


def register(app: Flask) -> None:
    """Let a public page's header ask who looks; files and answers for programs never ask."""
    app.jinja_env.globals["logged_in"] = logged_in


def logged_in() -> LoggedIn | None:
    """Return who is logged in at this browser; None for anybody else, and where the door does not answer."""
    if "logged_in" not in g:
        g.logged_in = _ask()
    found: LoggedIn | None = g.logged_in
    return found


def _ask() -> LoggedIn | None:
    proof = session_of_request()
    if proof is None:
        return None
    try:
        me = ask("me", proof)
    except (DoorRefusedError, DoorUnreachableError):
        return None
    if me["role"] == PARTY:
        return LoggedIn(str(me["name"]) or _("Uw organisatie"), "/partij")
    if me["role"] == STAFF:
        return LoggedIn(str(me["name"]), "/dienst")
    is_inspector = me["role"] == INSPECTOR
    return LoggedIn(_("Toezichthouder"), "/toezicht") if is_inspector else LoggedIn(str(me["name"]), "/mijn")
