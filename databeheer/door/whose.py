"""Whose a proof is, for counting: a party with many tokens is one party, a person with many sessions one person."""

from __future__ import annotations

import threading

from sqlalchemy import Engine, text

from databeheer.door.proofs import LONGEST_TOKEN, Proof

MOST_REMEMBERED = 100_000


class Whose:
    """Names who stands behind a proof. Proves nothing: whether it still holds is asked under the head row.

    Whose a token or a session is never changes, nor a party's role, so each is looked up once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, tuple[bytes, str | None]] = {}
        self._lock = threading.Lock()

    def __call__(self, proof: Proof) -> bytes:
        """The party's or the person's number; of what is neither, the hash of the proof itself."""
        return self._look_up(proof)[0]

    def role_of(self, proof: Proof) -> str | None:
        """The role of the party; None where it is no party's, or no party is known."""
        return self._look_up(proof)[1]

    def _look_up(self, proof: Proof) -> tuple[bytes, str | None]:
        query = _OF.get(proof.kind)
        if query is None or len(proof.value) > LONGEST_TOKEN:
            return proof.hash, None
        known = self._known.get(proof.hash)
        if known is not None:
            return known
        with self._engine.connect() as connection:
            row = connection.execute(query, {"hash": proof.hash}).one_or_none()
        if row is None or row.owner is None:
            return proof.hash, None
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[proof.hash] = (row.owner.bytes, row.role)
        return row.owner.bytes, row.role


_OF = {
    "token": text(
        "SELECT t.party_id AS owner, p.role FROM identity.access_token t JOIN registry.party p USING (party_id)"
        " WHERE t.token_hash = :hash"
    ),
    "session": text(
        "SELECT person_id AS owner, CAST(NULL AS text) AS role FROM identity.session WHERE token_hash = :hash"
    ),
}
