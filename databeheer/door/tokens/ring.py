"""The keys that sign access tokens: one in force for each algorithm, older ones published until their tokens end.

The private halves lie sealed in the database, under a key of the key store: who has the database alone signs nothing,
and doors that share it sign alike. A token is good because its hash stands in the database, signed or not; so who has
a signing key alone mints nothing either.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import Connection, text

from databeheer.identity.jose import decode
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal

OWN, FACADE = "ES256", "RS256"
ALGORITHM = {"own": OWN, "facade": FACADE}
"""By interface: the facade's clients know tokens of RS256 from where they come from."""
_RSA_BITS = 2048


@dataclass(frozen=True)
class TokenKey:
    """A key that signs now."""

    kid: str
    algorithm: str
    private: RSAKey | ECKey = field(repr=False)


class TokenRing:
    """The signing keys of a house; safe for several threads, and for several doors over one database."""

    def __init__(self, sealing_key: Callable[[], bytes]) -> None:
        self._sealing_key = sealing_key
        self._opened: dict[str, TokenKey] = {}
        self._lock = threading.Lock()

    def in_force(self, connection: Connection, algorithm: str, now: datetime) -> TokenKey:
        """Return the key that signs with this algorithm; the first one is made when it is first asked for."""
        row: Any = connection.execute(_IN_FORCE, {"algorithm": algorithm}).one_or_none()
        if row is None:
            self._make(connection, algorithm, now)
            row = connection.execute(_IN_FORCE, {"algorithm": algorithm}).one()
        return self._open(row)

    def rotate(
        self, connection: Connection, now: datetime, term: timedelta, *, withdraw: bool
    ) -> tuple[list[str], list[str]]:
        """Put new keys in force for every algorithm in use; return the names of the old ones and of the new ones.

        The old ones stay published until the last of their tokens, which live for `term`, has ended; with `withdraw`
        they go at once, and so do their tokens.
        """
        until = now if withdraw else now + term
        old = connection.execute(_RETIRE, {"now": now, "until": until}).all()
        if withdraw:
            connection.execute(_UNPUBLISH, {"now": now})
            connection.execute(_END_TOKENS, {"now": now})
        for algorithm in sorted({row.algorithm for row in old} or {OWN}):
            self._make(connection, algorithm, now)
        fresh = connection.execute(_ALL_IN_FORCE).all()
        return sorted(row.kid for row in old), sorted(row.kid for row in fresh)

    def published(self, connection: Connection, now: datetime) -> list[dict[str, Any]]:
        """Return the public halves that a token of now may be signed with, as members of a JWKS (RFC 7517)."""
        self.in_force(connection, OWN, now)
        return [json.loads(row.public_key) for row in connection.execute(_PUBLISHED, {"now": now})]

    def _make(self, connection: Connection, algorithm: str, now: datetime) -> None:
        key = ECKey.generate_key("P-256") if algorithm == OWN else RSAKey.generate_key(_RSA_BITS)
        kid = key.thumbprint()
        public = {**key.as_dict(private=False), "kid": kid, "alg": algorithm, "use": "sig"}
        private = json.dumps(key.as_dict(private=True)).encode()
        made = {
            "kid": kid,
            "algorithm": algorithm,
            "public": json.dumps(public, sort_keys=True),
            "private": seal(self._sealing_key(), private, _coordinates(kid, algorithm)),
            "now": now,
        }
        connection.execute(_ADD, made)  # of two doors at once one makes it, and the other finds that one

    def _open(self, row: Any) -> TokenKey:
        with self._lock:
            known = self._opened.get(row.kid)
        if known is not None:
            return known
        sealed = bytes(row.private_half)
        members: Mapping[str, Any] = json.loads(
            unseal(self._sealing_key(), sealed, _coordinates(row.kid, row.algorithm))
        )
        private = ECKey.import_key(dict(members)) if row.algorithm == OWN else _rsa_key(members)
        opened = TokenKey(row.kid, row.algorithm, private)
        with self._lock:
            self._opened[row.kid] = opened
        return opened


def _rsa_key(members: Mapping[str, str]) -> RSAKey:
    """The key as it was made: its seal shows that it is, so its primes are not tried a second time."""
    number = {
        name: int.from_bytes(decode(members[name])) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    }
    numbers = rsa.RSAPrivateNumbers(
        p=number["p"],
        q=number["q"],
        d=number["d"],
        dmp1=number["dp"],
        dmq1=number["dq"],
        iqmp=number["qi"],
        public_numbers=rsa.RSAPublicNumbers(number["e"], number["n"]),
    )
    return RSAKey.import_key(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def _coordinates(kid: str, algorithm: str) -> bytes:
    return f"token-key/v1|{algorithm}|{kid}".encode()


# Locked: a rotation that withdraws tokens waits for one that is being minted, and ends it too.
_IN_FORCE = text(
    "SELECT * FROM identity.token_key WHERE algorithm = :algorithm AND retired_at IS NULL FOR SHARE"
)
_ALL_IN_FORCE = text("SELECT kid FROM identity.token_key WHERE retired_at IS NULL")
_ADD = text(
    "INSERT INTO identity.token_key (kid, algorithm, public_key, private_half, made_at)"
    " VALUES (:kid, :algorithm, :public, :private, :now) ON CONFLICT DO NOTHING"
)
_RETIRE = text(
    "UPDATE identity.token_key SET retired_at = :now, published_until = :until WHERE retired_at IS NULL"
    " RETURNING kid, algorithm"
)
_UNPUBLISH = text("UPDATE identity.token_key SET published_until = :now WHERE published_until > :now")
_END_TOKENS = text("UPDATE identity.access_token SET revoked_at = :now WHERE revoked_at IS NULL")
_PUBLISHED = text(
    "SELECT public_key FROM identity.token_key WHERE retired_at IS NULL OR published_until > :now"
    " ORDER BY made_at DESC, kid"
)
