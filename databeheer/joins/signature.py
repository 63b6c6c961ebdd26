"""The regulator's signature under a list: a C2SP note beside the file, over version and SHA-256 of the list.

The text of the note is three lines:

    databeheer-joins/v1
    <version>
    <SHA-256 of the list's bytes, lower-case hex>
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from databeheer.joins.cases import JoinList, JoinListError
from databeheer.joins.lists import LARGEST, SHIPPED, parse
from databeheer.joins.necessity import Signer
from ledger.errors import LedgerError
from ledger.note import SigningKey, VerifierKey, open_note, sign_note

HEADER = "databeheer-joins/v1"
_LARGEST_NOTE = 16 * 1024


@dataclass(frozen=True)
class SignedJoinList:
    """A list that the regulator signed, as bytes too, so that anybody can check it again.

    `address`, `confirmed_by`: of one that the regulator publishes unsigned, where, and who of the house confirmed that.
    """

    joins: JoinList
    content: bytes
    note: bytes
    address: str = ""
    confirmed_by: tuple[Signer, ...] = ()


@dataclass(frozen=True)
class JoinListFiles:
    """Where the door finds the list and its note, and whose signature counts."""

    content: Path
    note: Path
    regulator: VerifierKey | None
    """None: two people of the house confirm what the regulator publishes (`databeheer.joins.confirmation`)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> JoinListFiles | None:
        """Read where the files are; None where neither a regulator's key nor a note is named: then no join runs.

        `DATABEHEER_REGULATOR_VKEY` names the file with the regulator's verifier key, `DATABEHEER_JOIN_LIST` the
        list (the shipped one where it is not set), `DATABEHEER_JOIN_LIST_NOTE` the note.

        Raises:
            JoinListError: the key is named, but cannot be used.
        """
        named = environment.get("DATABEHEER_REGULATOR_VKEY")
        note = environment.get("DATABEHEER_JOIN_LIST_NOTE")
        content = Path(environment.get("DATABEHEER_JOIN_LIST") or SHIPPED)
        if not named:
            return cls(content, Path(note), None) if note else None
        vkey = _bytes(Path(named), _LARGEST_NOTE)
        try:
            regulator = VerifierKey.parse(vkey.decode().strip())
        except (LedgerError, UnicodeDecodeError) as error:
            raise JoinListError(f"the regulator's verifier key cannot be used: {error}") from error
        return cls(content, Path(note) if note else content.with_suffix(".note"), regulator)

    def read(self) -> SignedJoinList:
        """Read and verify what is there now; read anew for each join, so that a change stops the next one.

        Raises:
            JoinListError: missing, unsigned, signed by somebody else, changed since, or malformed.
        """
        if self.regulator is None:
            raise JoinListError("no regulator's key is registered here")
        return verify(*self.read_files(), self.regulator)

    def read_files(self) -> tuple[bytes, bytes]:
        """Return the bytes of the list and of its note, not verified; raises JoinListError where one is missing."""
        return _bytes(self.content, LARGEST), _bytes(self.note, _LARGEST_NOTE)


def note_text(joins: JoinList) -> str:
    """Return what the regulator signs."""
    return f"{HEADER}\n{joins.version}\n{joins.sha256.hex()}\n"


def sign(content: bytes, key: SigningKey) -> bytes:
    """Sign a list as the regulator; return the note to put beside it.

    Raises:
        JoinListError: the list is malformed; it is not signed.
    """
    return sign_note(note_text(parse(content)), [key])


def verify(content: bytes, note: bytes, regulator: VerifierKey) -> SignedJoinList:
    """Return the list, once the regulator's signature covers exactly these bytes.

    Raises:
        JoinListError: it does not.
    """
    try:
        signed = open_note(note, [regulator])
    except LedgerError as error:
        raise JoinListError(f"the list of lawful joins is not signed by the regulator: {error}") from error
    joins = parse(content)
    # The version is in the list's own bytes as well; the note repeats it for a reader.
    if not hmac.compare_digest(signed.text.encode(), note_text(joins).encode()):
        raise JoinListError(
            "the list of lawful joins is not the one that the regulator signed: it was changed"
        )
    return SignedJoinList(joins, content, note)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise JoinListError(f"the list of lawful joins is not complete: {path.name} is not there") from error
    if len(content) > most:
        raise JoinListError(f"the list of lawful joins is too long: {path.name}")
    return content
