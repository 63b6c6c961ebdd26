"""Employee numbers of HR: one for each person, however it is written down."""

from __future__ import annotations

import re

from databeheer.errors import MalformedRequestError

LONGEST = 40
NUMBER = re.compile(rf"(?=[^-])[A-Za-z0-9-]{{1,{LONGEST}}}")
"""Letters and digits of ASCII alone: what looks like one of them, or is not seen, would make a second person."""


def one_number(written: str) -> str:
    """Return an employee number as it is the same for one person: in small letters, without hyphens or space around it.

    Raises:
        MalformedRequestError: it has anything but letters from a to z, digits and hyphens; or begins with a hyphen.
    """
    number = written.strip()
    if not NUMBER.fullmatch(number):
        raise MalformedRequestError(
            f"an employee number: letters from a to z, digits and hyphens, at most {LONGEST}, no hyphen first"
        )
    return number.casefold().replace("-", "")
