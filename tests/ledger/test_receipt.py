"""Receipts that explain themselves, and promises that they keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.commitment import Opening, commit, open_for_party, open_for_subject, shared_half, subject_half
from ledger.entry import GENESIS_PREVIOUS, chain
from ledger.errors import MalformedError, NotPublishedError, ProofError, SignatureError
from ledger.note import SigningKey
from ledger.promise import Promise, open_promise, sign_promise
from ledger.receipt import build, from_log, make_extra, parse, verify
from ledger.tree import leaf_hash
from tests.ledger.logs import PublishedLog, Rows, publish_anew, with_tail

SHARED = (bytes(range(32)), b'{"event":"data.read"}')
SUBJECTS = [(bytes([number]) * 32, b'{"subject":%d}' % number) for number in range(3)]
HALVES = [subject_half(*one) for one in SUBJECTS]


@pytest.fixture
def read_log(log: PublishedLog) -> PublishedLog:
    """A log of 20 entries; entry 7 is a read that concerns three subjects."""
    commitments = [bytes([number]) * 32 for number in range(20)]
    commitments[7] = commit(shared_half(*SHARED), HALVES)
    log.rows = Rows([entry for entry, _ in chain(commitments, GENESIS_PREVIOUS)])
    log.publish()
    return log


def receipt_of(log: PublishedLog, index: int, opening: Opening | None = None) -> bytes:
    return from_log(log.source, [log.key.verifier], index, log.rows.entries[index], opening)


@pytest.mark.parametrize("index", [0, 7, 19])
def test_a_receipt_from_the_published_log_holds(read_log: PublishedLog, index: int) -> None:
    verified = verify(parse(receipt_of(read_log, index)), [read_log.key.verifier])
    assert (verified.index, verified.checkpoint.size) == (index, 20)
    assert verified.entry == read_log.rows.entries[index]
    assert verified.leaf == leaf_hash(read_log.rows.entries[index])


def test_a_partys_receipt_opens_the_shared_half_only(read_log: PublishedLog) -> None:
    data = receipt_of(read_log, 7, open_for_party(*SHARED, HALVES))
    opening = verify(parse(data), [read_log.key.verifier]).opening
    assert opening is not None
    assert opening.shared_body == SHARED[1]
    assert opening.subject is None


def test_a_customers_receipt_opens_the_own_half(read_log: PublishedLog) -> None:
    data = receipt_of(read_log, 7, open_for_subject(*SHARED, HALVES, 1, *SUBJECTS[1]))
    opening = verify(parse(data), [read_log.key.verifier]).opening
    assert opening is not None
    assert opening.subject is not None
    assert opening.subject.body == SUBJECTS[1][1]


def test_a_receipt_is_read_back_as_it_was_built(read_log: PublishedLog) -> None:
    data = receipt_of(read_log, 7, open_for_party(*SHARED, HALVES))
    receipt = parse(data)
    assert build(receipt.index, receipt.proof, receipt.checkpoint, receipt.extra) == data
    assert receipt.checkpoint == (read_log.public / "checkpoint").read_bytes()
    with pytest.raises(MalformedError, match=r"this is the PDF to read.*\.tlog-proof"):
        parse(b"%PDF-1.3\n\n" + data)


def test_an_entry_that_is_not_in_the_checkpoint_yet_has_no_receipt(read_log: PublishedLog) -> None:
    read_log.rows.grow(1)
    with pytest.raises(NotPublishedError):
        receipt_of(read_log, 20)
    read_log.publish()
    receipt_of(read_log, 20)


def test_no_receipt_is_made_for_another_entry_than_the_published_one(read_log: PublishedLog) -> None:
    with pytest.raises(ProofError):
        from_log(read_log.source, [read_log.key.verifier], 7, read_log.rows.entries[8])


def test_no_receipt_is_made_with_an_opening_of_something_else(read_log: PublishedLog) -> None:
    with pytest.raises(ProofError):
        receipt_of(read_log, 8, open_for_party(*SHARED, HALVES))


def test_no_receipt_is_made_under_a_foreign_signature(read_log: PublishedLog) -> None:
    other = SigningKey(read_log.key.name, bytes(32))
    with pytest.raises(SignatureError):
        from_log(read_log.source, [other.verifier], 7, read_log.rows.entries[7])


def test_a_receipt_without_extra_holds_for_the_entry_that_is_given(read_log: PublishedLog) -> None:
    receipt = replace(parse(receipt_of(read_log, 7)), extra=None)
    entry = read_log.rows.entries[7]
    keys = [read_log.key.verifier]
    assert verify(receipt, keys, entry=entry).index == 7
    assert verify(receipt, keys, leaf=leaf_hash(entry)).entry is None
    with pytest.raises(MalformedError):
        verify(receipt, keys)
    with pytest.raises(ProofError):
        verify(receipt, keys, entry=read_log.rows.entries[8])
    with pytest.raises(ProofError):
        verify(receipt, keys, entry=entry, leaf=bytes(32))
    with pytest.raises(MalformedError):
        verify(receipt, keys, leaf=b"short")


def test_a_given_entry_counts_more_than_the_one_the_receipt_tells(read_log: PublishedLog) -> None:
    receipt = parse(receipt_of(read_log, 7))
    with pytest.raises(ProofError):
        verify(receipt, [read_log.key.verifier], entry=read_log.rows.entries[8])


def test_an_index_beyond_the_size_doubles_no_receipt(read_log: PublishedLog) -> None:
    receipt = parse(receipt_of(read_log, 7))
    for index in (6, 8, 20, 27, 10**15 - 1):
        with pytest.raises(ProofError):
            verify(replace(receipt, index=index), [read_log.key.verifier])


def test_an_entry_that_is_not_ours_is_proven_but_not_opened(read_log: PublishedLog) -> None:
    with pytest.raises(ProofError):
        verify(
            replace(parse(receipt_of(read_log, 7)), extra=make_extra(b"something")), [read_log.key.verifier]
        )


# ---- promises -----------------------------------------------------------------------------------------------


def test_a_promise_names_the_entry_that_the_receipt_shows(
    read_log: PublishedLog, door_key: SigningKey
) -> None:
    promise = Promise(read_log.key.name, 7, leaf_hash(read_log.rows.entries[7]), 1763683260)
    again = open_promise(sign_promise(promise, door_key), door_key.verifier)
    verified = verify(parse(receipt_of(read_log, 7)), [read_log.key.verifier])
    assert (again.origin, again.index, again.leaf) == (verified.checkpoint.origin, 7, verified.leaf)


def test_a_broken_promise_shows_against_the_receipt(read_log: PublishedLog, tmp_path: object) -> None:
    promised = Promise(read_log.key.name, 7, leaf_hash(read_log.rows.entries[7]), 1763683260)
    forged = publish_anew(read_log.place / "forged", with_tail(read_log.rows.entries, 5, 20), read_log.key)
    verified = verify(parse(receipt_of(forged, 7)), [read_log.key.verifier])
    assert verified.leaf != promised.leaf


def test_a_promise_by_the_log_or_a_stranger_is_not_the_doors(
    door_key: SigningKey, log_key: SigningKey
) -> None:
    promise = Promise("ledger.example/test", 7, bytes(32), 1763683260)
    with pytest.raises(SignatureError):
        open_promise(sign_promise(promise, log_key), door_key.verifier)
    stranger = SigningKey(door_key.name, bytes(32))
    with pytest.raises(SignatureError):
        open_promise(sign_promise(promise, stranger), door_key.verifier)


@pytest.mark.parametrize(
    "change", [{"origin": ""}, {"index": -1}, {"index": 10**15}, {"leaf": bytes(31)}, {"deadline_unix": -1}]
)
def test_a_promise_out_of_range_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        replace(Promise("ledger.example/test", 7, bytes(32), 1763683260), **change)  # type: ignore[arg-type]
