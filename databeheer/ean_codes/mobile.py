"""A Belgian mobile number, as people type it: the only telephones to which an EAN code goes.

Others cost the caller's choice of money, and no text message reaches a line at home.
"""

from __future__ import annotations

import re

from databeheer.errors import MalformedRequestError

LONGEST_TYPED = 24
_MOBILE = re.compile(r"(?:\+32|0032|0)(4[5-9][0-9]{7})")


def parse(typed: str) -> str:
    """Return a number as `+324…`; signs between the digits do not matter.

    Raises:
        MalformedRequestError: not a mobile number of Belgium.
    """
    found = _MOBILE.fullmatch(re.sub(r"[\s./()-]", "", typed)) if len(typed) <= LONGEST_TYPED else None
    if found is None:
        raise MalformedRequestError("mobile: a Belgian mobile number, such as 0470 12 34 56")
    return f"+32{found.group(1)}"
