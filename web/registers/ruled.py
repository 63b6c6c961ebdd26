"""The rules of the registers in plain Dutch (`ruled.toml`): what stands in the way, and what to do about it.

The door refuses in English, for programs and the command line alike.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from web import saying

_FIELD = re.compile(r"[a-z_]+(?:, [a-z_]+)*: ")
"""What the door puts before a rule that is about one field."""
_NOT_READY = "not ready: "
OTHERWISE = "Dit past niet bij wat er al staat. Lees het stuk opnieuw, en vraag raad aan wie het schreef."


def in_dutch(refusal: str) -> str:
    """Say a rule that refused in plain Dutch."""
    if refusal.startswith(_NOT_READY):
        lacks = (_look_up("lacks", one) for one in refusal.removeprefix(_NOT_READY).split(", "))
        return f"Nog niet klaar: {'; '.join(dict.fromkeys(one or OTHERWISE for one in lacks))}."
    return _look_up("rules", _FIELD.sub("", refusal, count=1)) or _look_up("rules", refusal) or OTHERWISE


def _look_up(table: str, said: str) -> str | None:
    for pattern, dutch in _words()[table].items():
        if found := re.fullmatch(pattern, said):
            days = {name: saying.day(day) for name, day in found.groupdict().items()}
            return dutch.format(**days)
    return None


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("ruled.toml").read_text(encoding="utf-8"))
