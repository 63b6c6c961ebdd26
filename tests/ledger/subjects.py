"""A log with statements about subjects in it, and what each of them would keep: receipts and heads."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ledger.commitment import commit, open_for_party, open_for_subject, shared_half, subject_half
from ledger.entry import GENESIS_PREVIOUS, encode
from ledger.note import SigningKey
from ledger.receipt import from_log
from ledger.subject_head import SubjectHead, sign_subject_head
from ledger.tree import leaf_hash
from tests.ledger.logs import PublishedLog

SHARED = (b"\x01" * 32, b'{"event":"data.read"}')


def name_of(subject: str) -> bytes:
    return sha256(subject.encode()).digest()


@dataclass
class Told:
    """One statement to one subject: where it stands and what opens it."""

    index: int
    counter: int
    halves: list[bytes]
    place: int
    salt: bytes
    body: bytes


@dataclass
class SubjectLog:
    """A published log whose author also keeps chains of subjects; it can be made to lie."""

    log: PublishedLog
    door: SigningKey
    told: dict[str, list[Told]] = field(default_factory=dict)

    def tell(self, *subjects: str, **lies: Any) -> int:
        """Append one entry about these subjects; `lies` replace members of every half."""
        index, rows = len(self.log.rows.entries), self.log.rows
        bodies = []
        for subject in subjects:
            before = self.told.get(subject, [])
            previous = leaf_hash(rows.entries[before[-1].index]) if before else GENESIS_PREVIOUS
            said = {
                "subject": b64encode(name_of(subject)).decode(),
                "counter": len(before) + 1,
                "previous": b64encode(previous).decode(),
                "v": 1,
            }
            bodies.append(json.dumps(said | lies, sort_keys=True, separators=(",", ":")).encode())
        salts = [sha256(f"{index} {number}".encode()).digest() for number in range(len(subjects))]
        halves = [subject_half(salt, body) for salt, body in zip(salts, bodies, strict=True)]
        link = leaf_hash(rows.entries[-1]) if rows.entries else GENESIS_PREVIOUS
        rows.entries.append(encode(commit(shared_half(*SHARED), halves), link))
        for place, subject in enumerate(subjects):
            chain = self.told.setdefault(subject, [])
            chain.append(Told(index, len(chain) + 1, halves, place, salts[place], bodies[place]))
        return index

    def head(self, subject: str, counter: int | None = None, **lies: Any) -> bytes:
        """The door's signed head after statement `counter` (the newest, unless another is asked)."""
        told = self.told[subject][(counter or len(self.told[subject])) - 1]
        leaf = leaf_hash(self.log.rows.entries[told.index])
        said = {
            "origin": self.log.key.name,
            "subject": name_of(subject),
            "counter": told.counter,
            "index": told.index,
            "leaf": leaf,
        }
        return sign_subject_head(SubjectHead(**(said | lies)), self.door)

    def receipt(self, subject: str, counter: int, head: bytes | None = None) -> bytes:
        """The receipt of one statement, under what is published now."""
        told = self.told[subject][counter - 1]
        opening = open_for_subject(*SHARED, told.halves, told.place, told.salt, told.body)
        entry = self.log.rows.entries[told.index]
        return from_log(self.log.source, [self.log.key.verifier], told.index, entry, opening, head)

    def receipts(self, subject: str) -> list[bytes]:
        """All receipts of a subject, each with the newest head, as a download gives them."""
        head = self.head(subject)
        return [self.receipt(subject, told.counter, head) for told in self.told[subject]]

    def partys_receipt(self, subject: str, counter: int) -> bytes:
        told = self.told[subject][counter - 1]
        entry = self.log.rows.entries[told.index]
        opening = open_for_party(*SHARED, told.halves)
        return from_log(self.log.source, [self.log.key.verifier], told.index, entry, opening)
