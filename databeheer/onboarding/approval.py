"""The operator's approval of what a party handed in: two people sign its hash, each with a registered key of their own.

A C2SP note whose text is

    databeheer-onboarding/v1
    <id of the party>
    <SHA-256 of what was handed in, lower-case hex>

The keys are those under which the house's people sign records of necessity; the first line keeps the two apart.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from databeheer.errors import DatabeheerError, MalformedRequestError
from databeheer.joins.necessity import Signer, as_one_person
from databeheer.onboarding.dossier import FORMAT
from ledger.errors import LedgerError, SignatureError
from ledger.note import SigningKey, VerifierKey, open_note, sign_note, split_note

LARGEST = 64 * 1024
SIGNERS = 2


class ApprovalError(DatabeheerError):
    """What was signed is not what was handed in, or not by two people of the house. It says which."""

    code = MalformedRequestError.code


def party_of(content: bytes) -> UUID:
    """Return whose dossier this is.

    Raises:
        ApprovalError: it is none.
    """
    try:
        said = json.loads(content)
        if said["format"] != FORMAT:
            raise ValueError
        return UUID(said["party"]["party_id"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ApprovalError("this is not what a party handed in") from error


def note_text(content: bytes) -> str:
    """Return what each of the two signs."""
    return f"{FORMAT}\n{party_of(content)}\n{sha256(content).hexdigest()}\n"


def sign(content: bytes, note: bytes | None, key: SigningKey) -> bytes:
    """Sign what a party handed in, beside whoever signed it before; return the note.

    Raises:
        ApprovalError: it is not what was handed in, or the note is of something else; it is not signed.
    """
    text = note_text(content)
    if note is None:
        return sign_note(text, [key])
    try:
        if split_note(note)[0] != text:
            raise ApprovalError("the note beside it is of another one, or what was handed in was changed")
    except LedgerError as error:
        raise ApprovalError(f"what lies beside it is no note: {error}") from error
    return note if _signed(note, key.verifier) else note + key.sign(text).encode()


def verify(content: bytes, note: bytes, signers: Iterable[Signer]) -> list[Signer]:
    """Return who of `signers` signed exactly these bytes, once they are two different people.

    Raises:
        ApprovalError: they are not.
    """
    try:
        told = split_note(note)[0]
        signed = [signer for signer in signers if _signed(note, signer.key)]
    except LedgerError as error:
        raise ApprovalError(f"the note is no note: {error}") from error
    if not hmac.compare_digest(told.encode(), note_text(content).encode()):
        raise ApprovalError("what was signed is not this, to the byte")
    if len({as_one_person(signer.person) for signer in signed}) < SIGNERS:
        raise ApprovalError("approval takes the registered keys of two different people")
    return signed


def _signed(note: bytes, key: VerifierKey) -> bool:
    try:
        open_note(note, [key])
    except SignatureError:
        return False
    return True
