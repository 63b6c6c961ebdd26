"""A sandbox: a house of its own beside production, of the same code, for clients that are being tried (R48, R134).

What makes a house a sandbox is the name of its log, given when it was made and never changed: every promise, receipt
and checkpoint of it says so. So no setting turns a production house into one, and none turns one into production.
"""

from __future__ import annotations

_PART = "sandbox"
UNFINISHED = "sandbox.unfinished"
"""A file in the home of a served sandbox while its story is told: broken off in it, nothing is worth keeping."""


def is_sandbox(origin: str) -> bool:
    """Say whether the house whose log has this name is a sandbox."""
    return _PART in origin.split("/")


def new_name(token: str) -> str:
    """Return the name of the log of a new sandbox; `token` is used for no other."""
    return f"databeheer.example/{_PART}/{token}"
