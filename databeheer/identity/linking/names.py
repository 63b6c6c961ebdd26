"""Whether two spellings are one person's name: the identity provider's, and the one that a grid operator reported.

Whoever had the bill before has both elements too: a landlord, the former occupant, a fitter. The name that the
provider vouches for keeps them out (R82, R89).
"""

from __future__ import annotations

import re
import unicodedata


def is_same(one: str, other: str) -> bool:
    """Say whether both hold the same words, whatever their order, capitals and accents; nothing is nobody's name."""
    words = _words(one)
    return bool(words) and words == _words(other)


def _words(name: str) -> list[str]:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return sorted(re.findall(r"\w+", plain.casefold()))
