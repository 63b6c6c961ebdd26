"""The database against the published log: the first entry that differs is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ledger.audit import audit, compare
from ledger.checkpoint import open_checkpoint
from ledger.errors import InconsistentError, NotPublishedError, SignatureError
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries, append, lock_head
from ledger.publisher import Publisher
from ledger.storage import Head
from ledger.tiles import bundle_path
from ledger.tree import leaf_hash
from tests.ledger.conftest import Connect
from tests.ledger.logs import PublishedLog, Rows, changed, overwrite, removed, swapped, with_tail

SIZE = 600
CHANGE_4 = (
    "UPDATE ledger.entry SET entry = set_byte(entry, 10, 67), "
    "leaf = sha256('\\x00' || set_byte(entry, 10, 67)) WHERE index = 4"
)


@pytest.fixture
def published(log: PublishedLog) -> PublishedLog:
    log.grow(SIZE)
    return log


def first_bad(log: PublishedLog) -> int | None:
    with pytest.raises(InconsistentError) as caught:
        audit(log.rows, log.source, [log.key.verifier])
    assert caught.value.report is not None
    assert caught.value.report.checks[-1].index == caught.value.index
    return caught.value.index


def test_a_database_as_published_holds(published: PublishedLog) -> None:
    seen: list[tuple[int, int]] = []
    report = audit(
        published.rows,
        published.source,
        [published.key.verifier],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [check.ok for check in report.checks] == [True, True]
    assert seen[-1] == (SIZE, SIZE)


@pytest.mark.parametrize("more", [1, 100, 700])
def test_entries_that_are_not_published_yet_are_in_order(published: PublishedLog, more: int) -> None:
    published.rows.grow(more)
    audit(published.rows, published.source, [published.key.verifier])


@pytest.mark.parametrize("size", [0, 1, 256])
def test_a_database_of_any_size_holds(log: PublishedLog, size: int) -> None:
    log.publish()
    if size:
        log.grow(size)
    audit(log.rows, log.source, [log.key.verifier])


@pytest.mark.parametrize("index", [0, 255, 256, 511, 512, 599])
@pytest.mark.parametrize(
    "damage",
    [changed, removed, lambda entries, index: with_tail(entries, index, SIZE)],
    ids=["changed", "removed", "tail rewritten"],
)
def test_the_first_entry_that_differs_is_named(
    published: PublishedLog, index: int, damage: Callable[[list[bytes], int], list[bytes]]
) -> None:
    published.rows.entries = damage(published.rows.entries, index)
    assert first_bad(published) == index


@pytest.mark.parametrize(("index", "other"), [(0, 1), (100, 599), (255, 256)])
def test_of_two_swapped_entries_the_first_is_named(published: PublishedLog, index: int, other: int) -> None:
    published.rows.entries = swapped(published.rows.entries, index, other)
    assert first_bad(published) == index


@pytest.mark.parametrize("size", [0, 1, 256, 599])
def test_a_rolled_back_database_is_named_by_its_size(published: PublishedLog, size: int) -> None:
    published.rows.entries = published.rows.entries[:size]
    assert first_bad(published) == size


@pytest.mark.parametrize("size", [0, 1, 256, 599])
def test_a_rolled_back_head_row_is_named_by_its_size(published: PublishedLog, size: int) -> None:
    last = leaf_hash(published.rows.entries[size - 1]) if size else bytes(32)
    published.rows.head = Head(size, last)
    assert first_bad(published) == size


def test_a_head_row_ahead_of_the_entries_is_named_by_the_first_missing_one(published: PublishedLog) -> None:
    published.rows.head = Head(SIZE + 2, bytes(32))
    assert first_bad(published) == SIZE


def test_a_head_row_with_a_foreign_last_leaf_is_named(published: PublishedLog) -> None:
    published.rows.head = Head(SIZE, bytes(32))
    assert first_bad(published) == SIZE - 1


def test_an_entry_out_of_the_chain_is_named_before_it_is_published(published: PublishedLog) -> None:
    published.rows.entries += with_tail([], 0, 3, "stray")
    assert first_bad(published) == SIZE


def test_a_damaged_entry_that_is_not_published_yet_is_named(published: PublishedLog) -> None:
    published.rows.grow(3)
    published.rows.entries[SIZE + 1] = b"{}"
    assert first_bad(published) == SIZE + 1


def test_a_published_bundle_that_was_changed_differs_from_the_database_too(published: PublishedLog) -> None:
    overwrite(published.public, changed(published.rows.entries, 300), SIZE, tiles=False)
    assert first_bad(published) == 300


def test_a_missing_bundle_is_named_by_its_first_entry(published: PublishedLog) -> None:
    (published.public / bundle_path(1)).unlink()
    assert first_bad(published) == 256


def test_database_and_bundles_changed_alike_do_not_lead_to_the_signed_root(published: PublishedLog) -> None:
    published.rows.entries = with_tail(published.rows.entries, 300, SIZE)
    overwrite(published.public, published.rows.entries, SIZE, tiles=True)
    assert first_bad(published) is None


def test_a_log_signed_by_another_key_is_not_audited(published: PublishedLog) -> None:
    with pytest.raises(SignatureError):
        audit(published.rows, published.source, [SigningKey(published.key.name, bytes(32)).verifier])


def test_a_log_that_is_not_published_is_not_audited(log: PublishedLog) -> None:
    with pytest.raises(NotPublishedError):
        audit(log.rows, log.source, [log.key.verifier])


def test_entries_that_commit_meanwhile_are_not_reported(published: PublishedLog) -> None:
    """The checkpoint is read before the head: what is published is always committed."""

    class Growing(Rows):
        def read_entries(self, start: int, limit: int) -> list[bytes]:
            published.grow(10)
            return super().read_entries(start, limit)

    growing = Growing(published.rows.entries)
    audit(growing, published.source, [published.key.verifier])


def test_an_iterator_of_entries_can_be_compared_alone(published: PublishedLog) -> None:
    checkpoint = open_checkpoint((published.public / "checkpoint").read_bytes(), [published.key.verifier])
    compare(iter(published.rows.entries), published.source, checkpoint=checkpoint)
    with pytest.raises(InconsistentError) as caught:
        compare(iter(published.rows.entries[:-1]), published.source, checkpoint=checkpoint)
    assert caught.value.index == SIZE - 1


# ---- with the real database ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "index"),
    [
        (["DELETE FROM ledger.entry WHERE index = 3"], 3),
        (["DELETE FROM ledger.entry WHERE index >= 6"], 6),
        (
            [CHANGE_4],
            4,
        ),
        (["UPDATE ledger.entry SET index = -index + 1000 WHERE index IN (2, 5)"], 2),
        (
            [
                "UPDATE ledger.entry SET index = index + 100 WHERE index IN (2, 5)",
                "UPDATE ledger.entry SET index = 107 - index WHERE index > 100",
                "UPDATE ledger.entry SET index = 7 - (index + 0) WHERE index < 0",
            ],
            2,
        ),
        (["UPDATE ledger.head SET size = 7, last_leaf = (SELECT leaf FROM ledger.entry WHERE index = 6)"], 7),
        (
            [
                "DELETE FROM ledger.entry WHERE index = 7",
                CHANGE_4,
            ],
            4,
        ),
    ],
    ids=[
        "removed",
        "end removed",
        "changed",
        "moved away",
        "swapped",
        "head rolled back",
        "changed and removed",
    ],
)
def test_what_the_owner_did_to_the_rows_is_named(
    connect: Connect, log: PublishedLog, statements: list[str], index: int
) -> None:
    owner: psycopg.Connection[Any] = connect()
    append(owner, lock_head(owner), [bytes([number]) * 32 for number in range(9)])
    owner.commit()
    source = PostgresEntries(connect)
    Publisher(source, log.public, [log.key], log.key.name, log.memory).publish()
    audit(source, log.source, [log.key.verifier])
    owner.execute("ALTER TABLE ledger.entry DISABLE TRIGGER ALL; ALTER TABLE ledger.head DISABLE TRIGGER ALL")
    owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT entry_index_check")
    for statement in statements:
        owner.execute(statement.encode())
    owner.commit()
    with pytest.raises(InconsistentError) as caught:
        audit(source, log.source, [log.key.verifier])
    assert caught.value.index == index
    source.close()
