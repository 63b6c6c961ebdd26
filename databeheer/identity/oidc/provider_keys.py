"""A provider's public keys: fetched, kept for a while, and fetched again where a token names one that is not there.

Whoever sends tokens with made-up key numbers must not make us knock at the provider for each: the keys are fetched
again at most once a minute, whatever comes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import import_key

from databeheer.identity import jose
from databeheer.identity.oidc.errors import AnswerRefusedError, ProviderAwayError

KEPT = timedelta(hours=1)
"""A key that the provider withdrew is believed no longer than this."""
REFETCHED_AFTER = timedelta(minutes=1)
_MOST_KEYS = 50
_KTY = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
_LEAST_RSA_BITS = 2048


class ProviderKeys:
    """The keys, by what `fetch` brings (a JWKS); `fetch` is None where the operator pinned them."""

    def __init__(
        self, fetch: Callable[[datetime], dict[str, Any]] | None, pinned: dict[str, Any] | None = None
    ) -> None:
        self._fetch = fetch
        self._keys = parse(pinned) if pinned is not None else []
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = threading.Lock()

    def fitting(self, header: Mapping[str, Any], now: datetime) -> list[Mapping[str, Any]]:
        """Return the keys that may have signed a token with this header.

        Raises:
            AnswerRefusedError: there is none.
            ProviderAwayError: they could not be fetched.
        """
        with self._lock:  # one fetches, and the others wait for what it brings
            if self._is_stale(now):
                self._refetch(now)
            found = self._of(header)
            if not found and self._may_refetch(now):
                self._refetch(now)
                found = self._of(header)
        if not found:
            raise AnswerRefusedError("signed with a key that the identity provider does not publish")
        return found

    def _of(self, header: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        algorithm, named = header["alg"], header.get("kid")
        fitting = [
            key
            for key in self._keys
            if key["kty"] == _KTY.get(algorithm) and key.get("alg", algorithm) == algorithm
        ]
        if named is not None:
            return [key for key in fitting if key.get("kid") == named]
        # Without a number it must be clear which one is meant (OpenID Connect Core, 10.1).
        return fitting if len(fitting) == 1 else []

    def _is_stale(self, now: datetime) -> bool:
        if self._fetch is None:
            return False
        return self._fetched_at is None or not timedelta(0) <= now - self._fetched_at < KEPT

    def _may_refetch(self, now: datetime) -> bool:
        if self._fetch is None:
            return False
        return self._tried_at is None or abs(now - self._tried_at) >= REFETCHED_AFTER

    def _refetch(self, now: datetime) -> None:
        if self._fetch is None:
            return
        if self._fetched_at is None and self._tried_at is not None and not self._may_refetch(now):
            raise ProviderAwayError("keys-away")
        self._tried_at = now
        self._keys = parse(self._fetch(now))
        self._fetched_at = now


def parse(jwks: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the keys of a JWKS that can sign; those of another kind or use are left alone.

    Raises:
        ProviderAwayError: it is no JWKS, or none of its keys can sign.
    """
    listed = jwks.get("keys")
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ProviderAwayError("keys-not-understood")
    keys: list[Mapping[str, Any]] = [key for key in listed if isinstance(key, dict) and _can_sign(key)]
    if not keys:
        raise ProviderAwayError("no-signing-key")
    return keys


def _can_sign(key: dict[str, Any]) -> bool:
    if key.get("use", "sig") != "sig" or key.get("kty") not in ("RSA", "EC") or "d" in key:
        return False
    if key["kty"] == "EC" and key.get("crv") != "P-256":
        return False
    if not isinstance(key.get("kid", ""), str) or not isinstance(key.get("alg", ""), str):
        return False
    try:
        if key["kty"] == "RSA" and len(jose.decode(key["n"])) * 8 < _LEAST_RSA_BITS:
            return False
        import_key(key)
    except (JoseError, jose.UnfitTokenError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return True
