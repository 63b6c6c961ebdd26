"""The keyed hashes under which attempts are counted: none follows from another, nor from the register's own (R94)."""

from __future__ import annotations

from uuid import UUID

from databeheer.approval_letters.code import LetterCode
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.values import EAN


def of_ean(house: House, ean: EAN) -> bytes:
    """An EAN code, whether it exists or not."""
    return derive(house.registry_key("link"), "ean", ean.digits.encode())


def of_login(house: House, person_id: UUID) -> bytes:
    """A log-in, by the person that it stands for."""
    return derive(house.registry_key("link"), "login", person_id.bytes)


def of_code(house: House, code: LetterCode) -> bytes:
    """The whole code of a letter."""
    return derive(house.registry_key("link"), "code", code.text.encode())
