"""A record of necessity: one join that no case of the list is, and that a legal duty makes absolutely necessary (R130).

It is TOML, checked whole, with one case in the form of the list's (`lists.py`). It counts once two people of the
house signed it, each with a key of their own that is registered: a C2SP note beside the file, whose text is

    databeheer-necessity/v1
    <number>
    <SHA-256 of the record's bytes, lower-case hex>
"""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from databeheer.access.bases import Citation, CitationStatus
from databeheer.brussels import midnight
from databeheer.errors import MalformedRequestError
from databeheer.joins.cases import JoinCase, JoinList, JoinListError, JoinsError, Shape
from databeheer.joins.lists import read_case, read_citation, read_day, read_number, read_text, require_keys
from ledger.errors import LedgerError, SignatureError
from ledger.note import SigningKey, VerifierKey, open_note, sign_note, split_note

PREFIX = "necessity/"
HEADER = "databeheer-necessity/v1"
LARGEST = 16 * 1024
LONGEST = timedelta(days=184)
"""How long a record may stand; a need that lasts belongs on the regulator's list."""
SIGNERS = 2
_FORMAT = 1
# No seven digits in a row: the number stands in the ledger and in public, and is to name no access point.
_NUMBER = re.compile(r"necessity/(?!.*[0-9]{7})[a-z0-9]+(-[a-z0-9]+)*")
_MEMBERS = {"format", "number", "why_nl", "valid_from", "valid_until", "duty", "case"}
_WHERE = "the record"
_LATIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "ng"}
)
"""Latin letters that are no other one with an accent."""


class NecessityError(JoinsError):
    """The record cannot be relied on: malformed, out of its term, or not signed by two people. It says which."""

    code = MalformedRequestError.code


@dataclass(frozen=True)
class NecessityRecord:
    """One join that is absolutely necessary. `case.citations[0]` is the duty, so it is what a run's entry says.

    `valid_from`, `valid_until`: days in Brussels, the last one not included.
    """

    number: str
    duty: Citation
    why_nl: str
    valid_from: date
    valid_until: date
    case: JoinCase
    sha256: bytes

    def is_over(self, now: datetime) -> bool:
        return now >= midnight(self.valid_until)

    def runs(self, now: datetime) -> bool:
        """Whether its term has begun, and is not over."""
        return midnight(self.valid_from) <= now and not self.is_over(now)


@dataclass(frozen=True)
class Signer:
    """A key, and whose it is: the name that the operator registered it under."""

    person: str
    key: VerifierKey


def is_number(case_id: str) -> bool:
    """Whether a case's id is a record's number; no case of a list has such an id."""
    return case_id.startswith(PREFIX)


def parse(content: bytes) -> NecessityRecord:
    """Read a record from the bytes of its file.

    Raises:
        NecessityError: anything at all is missing, unknown, of the wrong type, or more than a record may give.
    """
    if len(content) > LARGEST:
        raise NecessityError("the record is too long")
    try:
        return _record(tomllib.loads(content.decode()), content)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise NecessityError("the record is not TOML in UTF-8") from error
    except JoinListError as error:
        raise NecessityError(str(error)) from error


def _record(table: dict[str, object], content: bytes) -> NecessityRecord:
    require_keys(table, _MEMBERS, _WHERE)
    if read_number(table, "format", _WHERE, 1, 1 << 15) != _FORMAT:
        raise NecessityError("the record is of another format than 1")
    number, rows = read_text(table, "number", _WHERE), table["case"]
    if not isinstance(rows, list) or len(rows) != 1:
        raise NecessityError("a record is of exactly one case")
    duty, case = read_citation(table["duty"], "the duty"), read_case(rows[0], _NUMBER)
    record = NecessityRecord(
        number=number,
        duty=duty,
        why_nl=read_text(table, "why_nl", _WHERE),
        valid_from=read_day(table, "valid_from", _WHERE),
        valid_until=read_day(table, "valid_until", _WHERE),
        case=replace(case, citations=(duty, *case.citations)),
        sha256=hashlib.sha256(content).digest(),
    )
    _check_sense(record)
    return record


def _check_sense(record: NecessityRecord) -> None:
    if record.case.id != record.number:
        raise NecessityError("the case's id is the record's number, necessity/ and lower-case words")
    # A draft obliges nobody.
    if record.duty.status is not CitationStatus.ENACTED:
        raise NecessityError("the duty is an article that is in force")
    if record.case.shape is Shape.TABLE:
        raise NecessityError("what is published for everybody is on the regulator's list or nowhere")
    if not timedelta(0) < record.valid_until - record.valid_from <= LONGEST:
        raise NecessityError(f"a record stands for at least a day and at most {LONGEST.days}")


def is_listed(joins: JoinList, case: JoinCase) -> bool:
    """Whether the list has this join already: then its limits hold, and no two people of the house widen them."""
    return any(
        listed.purpose is case.purpose
        and listed.shape is case.shape
        and not listed.roles.isdisjoint(case.roles)
        for listed in joins.cases
    )


def note_text(record: NecessityRecord) -> str:
    """Return what each signer signs."""
    return f"{HEADER}\n{record.number}\n{record.sha256.hex()}\n"


def sign(content: bytes, note: bytes | None, key: SigningKey) -> bytes:
    """Sign a record, beside whoever signed it before; return the note.

    Raises:
        NecessityError: the record is malformed, or the note is no note, or of another record; it is not signed.
    """
    text = note_text(parse(content))
    if note is None:
        return sign_note(text, [key])
    try:
        if split_note(note)[0] != text:
            raise NecessityError("the note beside the record is of another one, or the record was changed")
    except LedgerError as error:
        raise NecessityError(f"what lies beside the record is no note: {error}") from error
    return note if has_signed(note, key.verifier) else note + key.sign(text).encode()


def verify(
    content: bytes, note: bytes, signers: Iterable[Signer]
) -> tuple[NecessityRecord, Sequence[Signer]]:
    """Return the record and who of `signers` signed exactly these bytes, once they are two different people.

    Raises:
        NecessityError: they are not, or the record is malformed.
    """
    if len(note) > LARGEST:
        raise NecessityError("the record's note is too long")
    record = parse(content)
    try:
        told = split_note(note)[0]
        signed = [signer for signer in signers if has_signed(note, signer.key)]
    except LedgerError as error:
        raise NecessityError(f"the record's note is no note: {error}") from error
    if not hmac.compare_digest(told.encode(), note_text(record).encode()):
        raise NecessityError("the record is not the one that was signed: it was changed")
    if len({as_one_person(signer.person) for signer in signed}) < SIGNERS:
        raise NecessityError("a record counts under the registered keys of two different people")
    return record, signed


def as_one_person(name: str) -> str:
    """Return what two spellings of one person's name share: its letters, in no order.

    Case, accents, marks and spaces do not matter, nor how a letter is drawn, or what stands between two and is not
    seen. Two people with the same letters count as one: then a third approves. As far as the house can tell: somebody
    who is registered under another name altogether, or by an initial, is another person.
    """
    # Folded once the letters are plain ones: a capital of mathematics has no small one.
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = "".join(
        one for one in spelled if not unicodedata.combining(one) and unicodedata.category(one) != "Cf"
    )
    spelled = plain.translate(_LATIN)
    return "".join(sorted(one for one in spelled if one.isalnum()))


def in_latin(name: str) -> bool:
    """Whether a name is of Latin letters: one of another script looks the same, and would count for two people."""
    plain = as_one_person(name)
    return bool(plain) and plain.isascii()


def has_signed(note: bytes, key: VerifierKey) -> bool:
    """Whether this key signed the note; raises LedgerError where it is none."""
    try:
        open_note(note, [key])
    except SignatureError:
        return False
    return True
