"""What the registers say to people, in Dutch; the portal translates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.sentences import Blank, Sentence

TOLD = "breach.told"
"""The entry, and the message, that tell somebody of a breach that concerns him (GDPR 34)."""
TOLD_WORDS = "%(words)s Vragen? %(contact)s"


def told(said: Mapping[str, Any]) -> Sentence:
    """Say to whom a breach concerns what happened with his data, and where to ask more."""
    return Sentence(TOLD_WORDS, {name: (Blank.NAME, str(said[name])) for name in ("words", "contact")})
