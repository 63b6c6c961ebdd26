"""The code in a letter: made at random, easy to read and to type, with a check so that a slip is told at once.

Sixteen signs of an alphabet without look-alikes, shown as `K7QX-3MPD-9R2C-VH4T`. The first five find the letter; the
ten after them are the secret, 45 bits: with MOST_WRONG attempts nobody guesses it. The last is a check over the rest,
in a field of 23: each single wrong sign and each two that changed places show by it, before anything is looked up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from databeheer.errors import DatabeheerError

ALPHABET = "2346789BCDFGHJKMPQRTVWX"
"""Without 0 O, 1 I L, 5 S, U and Z, and without vowels, so that no code is a word."""
FINDER, SECRET = 5, 10
LENGTH = FINDER + SECRET + 1
MOST_WRONG = 5
"""How many wrong secrets end a letter; without its finder nobody can even begin."""
_GROUP = 4
_PLACE = {sign: place for place, sign in enumerate(ALPHABET)}
_IGNORED = str.maketrans("", "", " \t\u00a0-\u2010\u2011\u2012\u2013\u2014.")
LONGEST_TYPED = 64


class MistypedCodeError(DatabeheerError):
    """What was typed is no code that any letter can hold; nothing was looked up, and it is no attempt."""

    code = "letter-code-mistyped"


@dataclass(frozen=True)
class LetterCode:
    """A code whose check is right; whether any letter holds it, is another matter."""

    text: str = field(repr=False)

    @property
    def finder(self) -> str:
        """The part by which its letter is found."""
        return self.text[:FINDER]

    @property
    def shown(self) -> str:
        """The code as the letter prints it."""
        return "-".join(self.text[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def new() -> LetterCode:
    """Make a code from the system's randomness."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(FINDER + SECRET))
    return LetterCode(body + check_sign(body))


def parse(typed: str) -> LetterCode:
    """Read what somebody typed: capitals or not, with spaces and hyphens wherever.

    Raises:
        MistypedCodeError: a sign that no code has, too few or too many, or a check that does not fit.
    """
    if len(typed) > LONGEST_TYPED:
        raise MistypedCodeError(f"a code has {LENGTH} signs")
    text = typed.translate(_IGNORED).upper()
    strange = next((sign for sign in text if sign not in _PLACE), None)
    if strange is not None:
        raise MistypedCodeError("a sign in it stands in no code")
    if len(text) != LENGTH:
        raise MistypedCodeError(f"a code has {LENGTH} signs, and this has {len(text)}")
    if text[-1] != check_sign(text[:-1]):
        raise MistypedCodeError(
            "the last sign does not fit the others: a sign is wrong, or two changed places"
        )
    return LetterCode(text)


def check_sign(body: str) -> str:
    """The sign with which the sum of places, each times its rank, comes out at zero in the field of 23.

    23 is a prime and the ranks differ, also from the check's own (-1): so a single wrong sign changes the sum, and
    so do two that changed places.
    """
    total = sum(rank * _PLACE[sign] for rank, sign in enumerate(body, start=1))
    return ALPHABET[total % len(ALPHABET)]
