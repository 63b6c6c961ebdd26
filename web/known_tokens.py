"""What the door said of tokens that came before: their interface, and whose they are. A token keeps both for life.

Whether it is still good, the door looks at with every command. One that it refuses is forgotten here at once, so that
requests with a dead token do not count as its party's.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from flask import current_app

from databeheer.door.client import Proof

_MOST = 4096
_EXTENSION = "web.known_tokens"


@dataclass(frozen=True)
class Known:
    """Of which interface a token is (own or facade), and of which party."""

    profile: str
    party_id: str


def recall(proof: Proof) -> Known | None:
    """Return what the door said of this token; None where it was not asked yet."""
    return _memory().get(_digest(proof))


def remember(proof: Proof, known: Known) -> None:
    """Keep what the door said of a token; the oldest goes where there are too many."""
    memory = _memory()
    if len(memory) >= _MOST:
        memory.pop(next(iter(memory)), None)
    memory[_digest(proof)] = known


def forget(proof: Proof) -> None:
    """Drop a token: the door refused it."""
    _memory().pop(_digest(proof), None)


def _memory() -> dict[bytes, Known]:
    memory: dict[bytes, Known] = current_app.extensions.setdefault(_EXTENSION, {})
    return memory


def _digest(proof: Proof) -> bytes:
    return sha256(proof.value.encode()).digest()
