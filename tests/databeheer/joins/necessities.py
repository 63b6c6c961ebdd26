"""A record of necessity for the fraud case, a list that lacks that case, and the people of the house who sign."""

from __future__ import annotations

import secrets
from datetime import date

from databeheer.joins.lists import SHIPPED
from databeheer.joins.necessity import sign
from ledger.note import SigningKey
from tests.house import TheHouse

NUMBER = "necessity/fraud-2023-7"
HEAD, FRAUD_CASE, *_OTHERS = SHIPPED.read_text().split("\n[[case]]\n")
WITHOUT = "\n[[case]]\n".join([HEAD.replace("version = 2\n", "version = 3\n"), *_OTHERS]).encode()
"""The next list, on which the fraud case is not."""

ELS, TOM = (SigningKey(f"house.example/signer-{number}", secrets.token_bytes(32)) for number in (1, 2))


def record(first: date, until: date, *, number: str = NUMBER) -> bytes:
    """Write a record for the fraud case, for these days."""
    case = FRAUD_CASE.replace('id = "fraud-month-totals"', f'id = "{number}"')
    return f"""format = 1
number = "{number}"
why_nl = "Zonder deze totalen kan de netbeheerder de vastgestelde fraude niet melden."
valid_from = "{first}"
valid_until = "{until}"

[duty]
act = "Energiedecreet van 8 mei 2009"
version = "geldend"
article = "5.1.2"
status = "enacted"

[[case]]
{case}
""".encode()


def signed(content: bytes, *keys: SigningKey) -> bytes:
    """Let each sign, one beside the other."""
    note: bytes | None = None
    for key in keys or (ELS, TOM):
        note = sign(content, note, key)
    assert note is not None
    return note


def register(house: TheHouse, person: str, key: SigningKey) -> str:
    """Register a key of somebody of the house, asked by one and approved by another; returns its id."""
    asked = house.operator("joins.signer.ask", person=person, key=key.vkey, by="Nadia")
    house.operator("joins.signer.approve", id=asked["id"], by="Omar")
    return str(asked["id"])
