"""What a record is called in words, beside its code: the first that its register asks to name or to choose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databeheer.governance.registers import FieldKind, Register

LONGEST = 80
"""Signs of a title: of longer words the beginning."""


def words_of(register: Register, said: Mapping[str, Any]) -> str:
    """The words of a version by which people know its record; of one that says none, the name of its register."""
    for field in register.fields:
        value = said.get(field.name)
        if field.kind is FieldKind.CHOICE and value is not None:
            return field.choices[value]
        if field.kind is FieldKind.TEXT and value:
            words = str(value)
            return words if len(words) <= LONGEST else f"{words[: LONGEST - 1].rstrip()}…"
    return register.nl
