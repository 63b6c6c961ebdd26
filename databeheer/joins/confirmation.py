"""A list that the regulator publishes without signing it: two people of the house confirm its address and its bytes.

Only where no regulator's key is registered; where one is, its signature alone counts. A C2SP note beside the list:

    databeheer-joins-confirmed/v1
    <version>
    <SHA-256 of the list's bytes, lower-case hex>
    <address where the regulator publishes it, https>

Each signs with a key of his own that is registered, as under a record of necessity.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from databeheer.joins.cases import JoinList, JoinListError
from databeheer.joins.lists import parse
from databeheer.joins.necessity import SIGNERS, Signer, as_one_person, has_signed
from databeheer.joins.signature import SignedJoinList
from ledger.errors import LedgerError
from ledger.note import SigningKey, sign_note, split_note

HEADER = "databeheer-joins-confirmed/v1"
_ADDRESS = re.compile(r"https://[!-~]{4,490}")


def note_text(joins: JoinList, address: str) -> str:
    """Return what each of the two signs."""
    return f"{HEADER}\n{joins.version}\n{joins.sha256.hex()}\n{address}\n"


def confirm(content: bytes, address: str, note: bytes | None, key: SigningKey) -> bytes:
    """Confirm that the regulator publishes this list at this address, beside whoever did before; return the note.

    Raises:
        JoinListError: the list is malformed, the address is none, or the note is of another list or address.
    """
    if not _ADDRESS.fullmatch(address):
        raise JoinListError("the address of the list begins with https:// and has no spaces")
    text = note_text(parse(content), address)
    if note is None:
        return sign_note(text, [key])
    try:
        if split_note(note)[0] != text:
            raise JoinListError("the note beside the list is of another list, or of another address")
        return note if has_signed(note, key.verifier) else note + key.sign(text).encode()
    except LedgerError as error:
        raise JoinListError(f"what lies beside the list is no note: {error}") from error


def verify(content: bytes, note: bytes, signers: Iterable[Signer]) -> SignedJoinList:
    """Return the list, once two different people confirmed exactly these bytes at one address.

    Raises:
        JoinListError: they did not.
    """
    joins = parse(content)
    try:
        told = split_note(note)[0]
        confirmed = tuple(signer for signer in signers if has_signed(note, signer.key))
    except LedgerError as error:
        raise JoinListError(f"the list of lawful joins is not confirmed: {error}") from error
    address = told.removesuffix("\n").rpartition("\n")[2]
    if not _ADDRESS.fullmatch(address) or not hmac.compare_digest(
        told.encode(), note_text(joins, address).encode()
    ):
        raise JoinListError("the list of lawful joins is not the one that was confirmed: it was changed")
    if len({as_one_person(signer.person) for signer in confirmed}) < SIGNERS:
        raise JoinListError(
            "a list counts once two different people, each with a registered key, confirmed it"
        )
    return SignedJoinList(joins, content, note, address, confirmed)
