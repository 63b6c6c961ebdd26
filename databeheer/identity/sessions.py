"""Log-ins and sessions in the database: a nonce for one log-in, a session for an hour, less where nobody uses it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import DatabeheerError, UnauthenticatedError
from databeheer.identity.tokens import new_token, token_hash

LOGIN_TERM = timedelta(minutes=10)
SESSION_TERM = timedelta(hours=1)
IDLE_TERM = timedelta(minutes=15)
"""After how long without a page a session ends, where the house says nothing else."""
FRESH_TERM = timedelta(minutes=10)
"""How long ago somebody may have shown who he is, for what gives others access, where the house says nothing else."""
USED_TO = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""


class FreshLogInNeededError(DatabeheerError):
    """What gives others access needs somebody who has shown just now who he is: he logs in anew; nothing changed."""

    code = "fresh-login-needed"


def begin_login(connection: Connection, now: datetime, *, is_fresh: bool = False) -> str:
    """Return a secret for one log-in. `is_fresh`: the provider must have the visitor show anew who he is."""
    nonce = new_token()
    connection.execute(text("DELETE FROM identity.login WHERE expires_at < :now"), {"now": now})
    connection.execute(
        text(
            "INSERT INTO identity.login (nonce_hash, created_at, expires_at, is_fresh)"
            " VALUES (:hash, :now, :expires, :fresh)"
        ),
        {"hash": token_hash(nonce), "now": now, "expires": now + LOGIN_TERM, "fresh": is_fresh},
    )
    return nonce


def use_login(connection: Connection, nonce: str, now: datetime) -> Any:
    """Use a log-in up; returns when it was begun (`created_at`) and whether it is to be a fresh one (`is_fresh`).

    Raises:
        UnauthenticatedError: it was never given, was used, or has expired.
    """
    used = connection.execute(
        text(
            "UPDATE identity.login SET used_at = :now WHERE nonce_hash = :hash AND used_at IS NULL"
            " AND expires_at > :now RETURNING created_at, is_fresh"
        ),
        {"hash": token_hash(nonce), "now": now},
    ).one_or_none()
    if used is None:
        raise UnauthenticatedError("this log-in has been used or has expired; log in again")
    return used


def start_session(
    connection: Connection,
    role: str,
    person_id: UUID | None,
    staff_hash: bytes | None,
    now: datetime,
    *,
    enterprise: str | None = None,
    logged_in_at: datetime | None = None,
    representation_id: UUID | None = None,
    idle: timedelta = IDLE_TERM,
) -> tuple[str, datetime]:
    """Start a session of a customer (`person_id`), of staff or of somebody of an enterprise (`staff_hash`).

    Returns its token and its end, unless it is used. Where the enterprise is one party, the session acts for that.
    `logged_in_at`: when the visitor showed who he is, now where it is not given. `representation_id`: under which
    appointment it acts. `idle`: after how long without a page it ends.
    """
    token, expires = new_token(), now + min(idle, SESSION_TERM)
    connection.execute(
        text(
            "INSERT INTO identity.session (token_hash, role, person_id, staff_hash, enterprise, party_id, created_at,"
            " expires_at, logged_in_at, session_id, last_used_at, representation_id)"
            " VALUES (:hash, :role, :person, :staff, :enterprise, :party, :now, :expires, :logged_in, :id, :now,"
            " :representation)"
        ),
        {
            "hash": token_hash(token),
            "role": role,
            "person": person_id,
            "staff": staff_hash,
            "enterprise": enterprise,
            "party": _only_party(connection, enterprise) if enterprise else None,
            "now": now,
            "expires": expires,
            "logged_in": logged_in_at or now,
            "id": uuid4(),
            "representation": representation_id,
        },
    )
    return token, expires


def parties_of(connection: Connection, enterprise: str) -> list[Any]:
    """Return the parties that an enterprise is, one for each role, approved or not."""
    return list(connection.execute(_PARTIES, {"enterprise": enterprise}))


def act_for(connection: Connection, hashed: bytes, enterprise: str, party_id: UUID) -> bool:
    """Let a session act for a party of its enterprise; False where there is no such."""
    chosen = {"hash": hashed, "enterprise": enterprise, "party": party_id}
    return connection.execute(_ACT_FOR, chosen).rowcount == 1


def _only_party(connection: Connection, enterprise: str) -> UUID | None:
    found = parties_of(connection, enterprise)
    return found[0].party_id if len(found) == 1 else None


def touch(connection: Connection, hashed: bytes, now: datetime, idle: timedelta = IDLE_TERM) -> None:
    """Note that a session is used, which puts its end off, never past its hour; written once a minute at most."""
    connection.execute(
        _TOUCH,
        {"hash": hashed, "now": now, "before": now - USED_TO, "idle": now + idle, "term": SESSION_TERM},
    )


def is_fresh(logged_in_at: datetime | None, now: datetime, term: timedelta) -> bool:
    """Whether somebody has shown within `term` who he is; before a session said when, nobody had."""
    return logged_in_at is not None and now - term < logged_in_at <= now


def require_fresh(logged_in_at: datetime | None, now: datetime, term: timedelta) -> None:
    """Refuse who has not shown within `term` who he is; raises FreshLogInNeededError."""
    if not is_fresh(logged_in_at, now, term):
        raise FreshLogInNeededError("show again who you are: log in anew; nothing was changed")


def live_of(connection: Connection, person_id: UUID, now: datetime) -> list[Any]:
    """Return the live sessions of a person, the newest first."""
    return list(connection.execute(_LIVE, {"person": person_id, "now": now}))


def end_of_person(
    connection: Connection, person_id: UUID, now: datetime, *, only: UUID | None, but: bytes
) -> int:
    """End one live session of a person by its `session_id`, or all but the one with this hash; returns how many."""
    ended = connection.execute(_END_OF, {"person": person_id, "now": now, "only": only, "but": but})
    return ended.rowcount


def end_of_staff(connection: Connection, staff_hash: bytes, now: datetime) -> int:
    """End all live sessions of somebody of the house; returns how many."""
    return connection.execute(_END_OF_STAFF, {"staff": staff_hash, "now": now}).rowcount


def end_session(connection: Connection, hashed: bytes, now: datetime) -> None:
    """End a session; one that has ended stays as it was."""
    connection.execute(
        text("UPDATE identity.session SET ended_at = :now WHERE token_hash = :hash AND ended_at IS NULL"),
        {"hash": hashed, "now": now},
    )


_TOUCH = text(
    "UPDATE identity.session SET last_used_at = :now, expires_at = least(created_at + CAST(:term AS interval), :idle)"
    " WHERE token_hash = :hash AND last_used_at <= :before AND ended_at IS NULL AND expires_at > :now"
)
_LIVE = text(
    "SELECT session_id, token_hash, created_at, last_used_at, expires_at FROM identity.session"
    " WHERE person_id = :person AND role = 'customer' AND ended_at IS NULL AND expires_at > :now"
    " ORDER BY created_at DESC, session_id"
)
_END_OF = text(
    "UPDATE identity.session SET ended_at = :now WHERE person_id = :person AND role = 'customer'"
    " AND ended_at IS NULL AND expires_at > :now AND token_hash <> :but"
    " AND (CAST(:only AS uuid) IS NULL OR session_id = CAST(:only AS uuid))"
)
_END_OF_STAFF = text(
    "UPDATE identity.session SET ended_at = :now WHERE staff_hash = :staff AND role = 'staff'"
    " AND ended_at IS NULL AND expires_at > :now"
)
_PARTIES = text("SELECT * FROM registry.party WHERE enterprise = :enterprise ORDER BY created_at, party_id")
_ACT_FOR = text(
    "UPDATE identity.session SET party_id = :party WHERE token_hash = :hash AND enterprise = :enterprise"
    " AND EXISTS (SELECT FROM registry.party p WHERE p.party_id = :party AND p.enterprise = :enterprise)"
)
