"""Whose a proof is, for counting: a party with many tokens is one party, a person with many sessions one person."""

from __future__ import annotations

import threading

from sqlalchemy import Engine, text

from databeheer.door.proofs import LONGEST_PROOF, Proof

MOST_REMEMBERED = 100_000


class Whose:
    """Names who stands behind a proof. Proves nothing: whether it still holds is asked under the head row.

    Whose a token or a session is never changes, so each is looked up once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __call__(self, proof: Proof) -> bytes:
        """The party's or the person's number; of what is neither, the hash of the proof itself."""
        query = _OF.get(proof.kind)
        if query is None or len(proof.value) > LONGEST_PROOF:
            return proof.hash
        known = self._known.get(proof.hash)
        if known is not None:
            return known
        with self._engine.connect() as connection:
            owner = connection.execute(query, {"hash": proof.hash}).scalar_one_or_none()
        if owner is None:
            return proof.hash
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[proof.hash] = owner.bytes
        return bytes(owner.bytes)


_OF = {
    "token": text("SELECT party_id FROM identity.access_token WHERE token_hash = :hash"),
    "session": text("SELECT person_id FROM identity.session WHERE token_hash = :hash"),
}
