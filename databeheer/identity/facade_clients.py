"""What a client of the facade is shown of mandates that wait: none, unless its party wishes them.

EDDIE takes an undecided mandate for an accepted one that it cannot fulfil; others wait for it to show.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from databeheer.errors import NotFoundError


def shows_undecided(connection: Connection, access_token_hash: bytes) -> bool:
    """Return whether the client that an access token was minted for is shown undecided mandates."""
    found: bool | None = connection.execute(_SHOWS, {"hash": access_token_hash}).scalar_one_or_none()
    return bool(found)


def show_undecided(connection: Connection, client_id: str, *, shown: bool) -> Any:
    """Show a client undecided mandates, or hide them; returns its row.

    Raises:
        NotFoundError: there is none of the facade that has not ended.
    """
    row = connection.execute(_SET, {"client": client_id, "shown": shown}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such client of the facade, or it has ended")
    return row


_SHOWS = text(
    "SELECT c.shows_undecided FROM identity.access_token t JOIN identity.client c USING (client_id)"
    " WHERE t.token_hash = :hash"
)
_SET = text(
    "UPDATE identity.client SET shows_undecided = :shown WHERE client_id = :client AND ended_at IS NULL"
    " AND 'facade' = ANY(profiles) RETURNING *"
)
