"""Whether linking is open: a public service that the operator closes at once on an incident, and opens again (R95)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, DatabeheerError


class LinkingClosedError(DatabeheerError):
    """The operator closed linking; nothing was looked up and nothing counted."""

    code = "linking-closed"


def is_open(connection: Connection) -> bool:
    """Say whether people can link now."""
    return not connection.execute(_LAST).scalar_one_or_none()


def require_open(connection: Connection) -> None:
    """Raise LinkingClosedError where the operator closed it."""
    if not is_open(connection):
        raise LinkingClosedError("linking is closed for now; it opens again once it is safe")


def change(connection: Connection, *, closed: bool, reason: str, by: str, now: datetime) -> None:
    """Close it, or open it again.

    Raises:
        ConflictError: it is so already.
    """
    if is_open(connection) is not closed:
        raise ConflictError("linking is closed already" if closed else "linking is open already")
    connection.execute(_CHANGE, {"closed": closed, "reason": reason, "by": by, "now": now})


_LAST = text("SELECT is_closed FROM oversight.link_service ORDER BY change_no DESC LIMIT 1")
_CHANGE = text(
    "INSERT INTO oversight.link_service (is_closed, reason, by, at) VALUES (:closed, :reason, :by, :now)"
)
