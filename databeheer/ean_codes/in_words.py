"""Whether a free text holds an EAN code: in words it would lie unsealed, unfound, and longer than its access point.

What somebody of the house writes down names a case instead; where a text is about an access point, that has a field.
"""

from __future__ import annotations

import re
import unicodedata

from databeheer.errors import MalformedRequestError
from databeheer.values import EAN

_DIGITS = 18
_BEGIN = "54"
"""With which all codes of Belgian access points begin (GS1)."""
_SIGNS = re.compile(r"[^\w]|_")
_UNSEEN = "\u115f\u1160\u17b4\u17b5"
"""Letters by their class, of which nothing shows."""


def holds_ean(words: str) -> bool:
    """Whether a text holds an EAN code, however its digits are written or parted, also with a slip in it.

    Letters part a code; spaces, dots and other signs do not. Of more digits than a code has, as of two telephone
    numbers after one another, only those count whose check digit is right.
    """
    return any(_holds(run) for run in re.split(r"[^0-9]+", _SIGNS.sub("", _plain(words))))


def _plain(words: str) -> str:
    """The text with every digit of whatever script, also one in a circle, as one of ours; without mere marks."""
    seen = (one for one in unicodedata.normalize("NFKC", words) if one not in _UNSEEN)
    return "".join(str(unicodedata.digit(one, one)) for one in seen if unicodedata.category(one) != "Lm")


def _holds(run: str) -> bool:
    if len(run) == _DIGITS and run.startswith(_BEGIN):
        return True
    return any(
        _is_ean(run[start : start + _DIGITS])
        for start in range(len(run) - _DIGITS + 1)
        if run.startswith(_BEGIN, start)
    )


def _is_ean(digits: str) -> bool:
    try:
        EAN(digits)
    except MalformedRequestError:
        return False
    return True
