"""Secrets that stand for somebody: random, given once, known to the database by their hash alone."""

from __future__ import annotations

import secrets
from hashlib import sha256


def new_token() -> str:
    """Return 32 random bytes as text."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what the database keeps of a token, nonce or secret; text of any kind has one."""
    return sha256(token.encode(errors="surrogatepass")).digest()
