"""The verifier trusts nothing that it has not rehashed, and names the first bad entry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.checkpoint import Checkpoint
from ledger.entry import parse
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    NotPublishedError,
    SignatureError,
    StateError,
)
from ledger.note import SigningKey, sign_note
from ledger.report import Report
from ledger.sample import SAMPLE
from ledger.sources import DirectorySource
from ledger.state import Memory
from ledger.tiles import TILE_WIDTH, bundle_path, split_bundle, tile_path, tile_width
from ledger.tree import leaf_hash, root_hash
from ledger.verifier import verify
from tests.counts import some
from tests.ledger.logs import (
    PublishedLog,
    Rows,
    chained,
    changed,
    edit,
    overwrite,
    publish_anew,
    removed,
    swapped,
    with_tail,
    write_log,
)

SIZE = 600
PLACES = [0, 1, 254, 255, 256, 300, 511, 512, 598, 599]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    """A log of 600 entries: two full bundles and a partial one. Not to be changed: copy it."""
    log = PublishedLog(
        tmp_path_factory.mktemp("original"), SigningKey("ledger.example/test", bytes(range(32)))
    )
    log.grow(SIZE)
    return log


@pytest.fixture
def copy(original: PublishedLog, tmp_path: Path) -> PublishedLog:
    """A copy of the log, to be damaged."""
    shutil.copytree(original.place, tmp_path / "copy")
    return PublishedLog(tmp_path / "copy", original.key, Rows(list(original.rows.entries)))


@pytest.fixture
def state(original: PublishedLog, tmp_path: Path) -> Path:
    """What a verifier remembers that read the whole log yesterday."""
    verify(original.source, [original.key.verifier], full=True, state=tmp_path / "state")
    return tmp_path / "state"


def look(log: PublishedLog, *, full: bool = True, state: Path | None = None, sample: int = SAMPLE) -> Report:
    return verify(log.source, [log.key.verifier], full=full, state=state, sample=sample)


def first_bad(log: PublishedLog, *, full: bool = True, state: Path | None = None) -> int | None:
    with pytest.raises(InconsistentError) as caught:
        look(log, full=full, state=state)
    report = caught.value.report
    assert report is not None
    assert [check.ok for check in report.checks] == [True] * (len(report.checks) - 1) + [False]
    assert report.checks[-1].index == caught.value.index
    return caught.value.index


# ---- logs in order ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
@pytest.mark.parametrize("full", [True, False])
def test_a_log_of_any_size_holds(log: PublishedLog, size: int, full: bool) -> None:
    log.publish()
    if size:
        log.grow(size)
    report = look(log, full=full)
    assert report.size == size
    assert all(check.ok for check in report.checks)


def test_a_growing_log_holds_at_every_look_also_across_full_tiles(log: PublishedLog, tmp_path: Path) -> None:
    log.publish()
    for step in [1, 1, 253, 1, 1, 254, 1, 1]:
        log.grow(step)
        look(log, full=bool(step % 2), state=tmp_path / "state")
    look(log, full=True, state=tmp_path / "state")


def test_logs_around_the_first_full_tile_of_level_1_hold(log: PublishedLog, tmp_path: Path) -> None:
    log.grow(65_535)
    look(log, full=False, state=tmp_path / "state")
    log.grow(1)
    look(log, full=True, state=tmp_path / "state")
    assert (log.public / "tile/1/000").is_file()
    assert (log.public / "tile/2/000.p/1").is_file()
    log.grow(1)
    assert look(log, full=False, state=tmp_path / "state").size == 65_537
    look(log, full=True, state=tmp_path / "state")
    edit(log.public / "tile/1/000", lambda data: data[:3200] + bytes(32) + data[3232:])
    assert first_bad(log) == 100 * 256
    first_bad(log, full=False)  # the newest bundle follows one that is under it
    edit(log.public / "tile/2/000.p/1", lambda data: bytes(32))
    first_bad(log, full=False)


def test_progress_is_told_up_to_the_last_entry(original: PublishedLog) -> None:
    seen: list[tuple[int, int]] = []
    verify(
        original.source,
        [original.key.verifier],
        full=True,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(600, 600)]  # 16 bundles are examined at a time


def test_a_log_is_accepted_under_any_of_several_keys(original: PublishedLog, door_key: SigningKey) -> None:
    verify(original.source, [door_key.verifier, original.key.verifier])


# ---- signatures and checkpoints ------------------------------------------------------------------------------


def test_a_log_signed_by_another_key_is_refused(original: PublishedLog) -> None:
    other = SigningKey(original.key.name, bytes(32))
    with pytest.raises(SignatureError):
        verify(original.source, [other.verifier], full=True)


def test_a_log_signed_by_a_trusted_key_of_another_name_is_refused(
    copy: PublishedLog, door_key: SigningKey
) -> None:
    text = (copy.public / "checkpoint").read_text().split("\n\n")[0] + "\n"
    (copy.public / "checkpoint").write_bytes(sign_note(text, [door_key]))
    with pytest.raises(SignatureError):
        verify(copy.source, [copy.key.verifier, door_key.verifier])


@pytest.mark.parametrize(
    "change", [lambda note: note.replace(b"\n600\n", b"\n601\n"), lambda note: note[:-8]]
)
def test_a_checkpoint_changed_after_signing_is_refused(
    copy: PublishedLog, change: Callable[[bytes], bytes]
) -> None:
    edit(copy.public / "checkpoint", change)
    with pytest.raises((SignatureError, MalformedError)):
        look(copy)


def test_a_log_without_checkpoint_is_not_published(copy: PublishedLog) -> None:
    (copy.public / "checkpoint").unlink()
    with pytest.raises(NotPublishedError):
        look(copy)


def test_a_signed_root_over_other_entries_is_seen_at_the_edge_and_in_full(copy: PublishedLog) -> None:
    text = f"{copy.key.name}\n{SIZE}\n{'A' * 43}=\n"
    (copy.public / "checkpoint").write_bytes(sign_note(text, [copy.key]))
    assert first_bad(copy, full=False) is None
    assert first_bad(copy, full=True) is None


# ---- damage to what is published ---------------------------------------------------------------------------


@pytest.mark.parametrize("index", PLACES)
def test_a_changed_entry_is_named(copy: PublishedLog, index: int) -> None:
    overwrite(copy.public, changed(copy.rows.entries, index), SIZE, tiles=False)
    assert first_bad(copy) == index


@pytest.mark.parametrize("index", PLACES[:-1])
def test_a_changed_entry_is_named_also_when_its_hash_was_changed_with_it(
    copy: PublishedLog, index: int
) -> None:
    overwrite(copy.public, changed(copy.rows.entries, index), SIZE, tiles=True)
    assert first_bad(copy) == index


def test_the_last_entry_changed_with_its_hash_is_seen_and_named_from_memory(
    copy: PublishedLog, state: Path
) -> None:
    overwrite(copy.public, changed(copy.rows.entries, SIZE - 1), SIZE, tiles=True)
    assert first_bad(copy) is None
    assert first_bad(copy, state=state) == SIZE - 1


@pytest.mark.parametrize("index", PLACES)
@pytest.mark.parametrize("tiles", [False, True])
def test_a_removed_entry_is_named(copy: PublishedLog, index: int, tiles: bool) -> None:
    overwrite(copy.public, removed(copy.rows.entries, index), SIZE, tiles=tiles)
    assert first_bad(copy) == index


@pytest.mark.parametrize("index", [0, 255, 512, 599])
def test_a_removed_entry_is_named_also_when_another_fills_up_the_end(copy: PublishedLog, index: int) -> None:
    entries = removed(copy.rows.entries, index)
    overwrite(copy.public, with_tail(entries, SIZE - 1, SIZE), SIZE, tiles=False)
    assert first_bad(copy) == index


@pytest.mark.parametrize(("index", "other"), [(0, 1), (10, 20), (255, 256), (0, 599), (598, 599), (300, 550)])
@pytest.mark.parametrize("tiles", [False, True])
def test_of_two_swapped_entries_the_first_is_named(
    copy: PublishedLog, index: int, other: int, tiles: bool
) -> None:
    overwrite(copy.public, swapped(copy.rows.entries, index, other), SIZE, tiles=tiles)
    assert first_bad(copy) == index


@pytest.mark.parametrize("index", [0, 255, 256, 300, 599])
def test_a_rewritten_tail_under_the_old_signature_is_seen(
    copy: PublishedLog, index: int, state: Path
) -> None:
    overwrite(copy.public, with_tail(copy.rows.entries, index, SIZE), SIZE, tiles=True)
    named = first_bad(copy)
    assert named is None or named == index // TILE_WIDTH * TILE_WIDTH
    assert first_bad(copy, state=state) == index


@pytest.mark.parametrize("index", PLACES)
def test_a_damaged_hash_at_level_0_is_named(copy: PublishedLog, index: int) -> None:
    number, at = index // TILE_WIDTH, index % TILE_WIDTH * 32
    path = copy.public / tile_path(0, number, tile_width(SIZE, 0, number))
    edit(path, lambda data: data[:at] + bytes(32) + data[at + 32 :])
    assert first_bad(copy) == index


@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_hash_at_level_1_is_named_by_its_first_entry(copy: PublishedLog, number: int) -> None:
    at = number * 32
    edit(copy.public / tile_path(1, 0, 2), lambda data: data[:at] + bytes(32) + data[at + 32 :])
    assert first_bad(copy) == number * TILE_WIDTH
    first_bad(copy, full=False)


MISSING = [
    (bundle_path(0), 0),
    (bundle_path(1), 256),
    (bundle_path(2, 88), 512),
    (tile_path(0, 0), 0),
    (tile_path(0, 2, 88), 512),
    (tile_path(1, 0, 2), 0),
]


@pytest.mark.parametrize(("path", "index"), MISSING)
def test_a_missing_file_is_named_by_its_first_entry(copy: PublishedLog, path: str, index: int) -> None:
    (copy.public / path).unlink()
    assert first_bad(copy) == index


@pytest.mark.parametrize(("path", "index"), MISSING)
@pytest.mark.parametrize("change", ["empty", "short", "long", "odd"])
def test_a_file_of_another_length_is_named(copy: PublishedLog, path: str, index: int, change: str) -> None:
    changes: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda data: b"",
        "short": lambda data: data[: -(111 if "entries" in path else 32)],
        "long": lambda data: data + data[-111:],
        "odd": lambda data: data[:-1],
    }
    edit(copy.public / path, changes[change])
    named = first_bad(copy)
    assert named is not None
    assert named == index or ("entries" in path and change in ("short", "odd", "long"))


def test_an_entry_cut_off_at_the_end_of_a_bundle_is_named(copy: PublishedLog) -> None:
    edit(copy.public / bundle_path(2, 88), lambda data: data[:-1])
    assert first_bad(copy) == 599


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: entry.replace(b'"v":1', b'"v":2'),
        lambda entry: entry.replace(b"=", b"A", 1),
        lambda entry: entry[:6] + b"-" + entry[7:],
        lambda entry: entry[:-1] + b" ",
        lambda entry: entry[:5] + b"\x00" + entry[6:],
    ],
)
def test_an_entry_that_is_not_canonical_is_named(
    copy: PublishedLog, damage: Callable[[bytes], bytes]
) -> None:
    entries = list(copy.rows.entries)
    entries[300] = damage(entries[300])
    overwrite(copy.public, entries, SIZE, tiles=True)
    assert first_bad(copy) == 300


def test_a_length_prefix_that_lies_is_named(copy: PublishedLog) -> None:
    at = 5 * 111
    edit(copy.public / bundle_path(0), lambda data: data[:at] + b"\x00\x6c" + data[at + 2 :])
    assert first_bad(copy) == 5


def test_an_entry_that_the_log_itself_signed_out_of_the_chain_is_named(
    tmp_path: Path, original: PublishedLog
) -> None:
    """A publisher that does not look: tree, tiles and signature are right, only the chain is not."""
    entries = [*original.rows.entries[:7], *with_tail([], 0, 3, "stray")]
    log = PublishedLog(tmp_path / "forged", original.key)
    hashes = b"".join(leaf_hash(entry) for entry in entries)
    (log.public / "tile/0/000.p").mkdir(parents=True)
    (log.public / "tile/entries/000.p").mkdir(parents=True)
    (log.public / "tile/0/000.p/10").write_bytes(hashes)
    overwrite(log.public, entries, 10, tiles=True)
    root = root_hash([leaf_hash(entry) for entry in entries])
    note = sign_note(Checkpoint(log.key.name, 10, root).text(), [log.key])
    (log.public / "checkpoint").write_bytes(note)
    assert first_bad(log) == 7


def test_light_verification_sees_damage_at_the_right_edge_only(copy: PublishedLog) -> None:
    overwrite(copy.public, changed(copy.rows.entries, 3), SIZE, tiles=False)
    look(copy, full=False, sample=0)
    assert first_bad(copy, full=True) == 3
    overwrite(copy.public, changed(copy.rows.entries, 599), SIZE, tiles=False)
    first_bad(copy, full=False)


# ---- what only a memory can see -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [256, 512, 512 + 7])
def test_light_verification_sees_a_newest_bundle_that_was_changed_with_its_tile(
    tmp_path: Path, log_key: SigningKey, size: int
) -> None:
    """At a multiple of 256 the right edge has the hash over the newest tile only, in the tile above."""
    entries = chained(size)
    log = write_log(tmp_path / "log", entries, log_key)
    overwrite(log.root, changed(entries, size - 1), size, tiles=True)
    with pytest.raises(InconsistentError, match="run with --full"):
        verify(log, [log_key.verifier], sample=0)


def test_light_verification_sees_that_the_newest_bundle_does_not_follow_the_one_before(
    tmp_path: Path, log_key: SigningKey
) -> None:
    entries = [*chained(256), *chained(10, name="stray")]
    log = write_log(tmp_path / "log", entries, log_key)
    stray = entries[256:]
    previous = parse(stray[0]).previous
    edit(
        log.root / tile_path(0, 0), lambda data: data[:-32] + previous
    )  # a tile that fits, and is not the tree's
    with pytest.raises(InconsistentError, match="run with --full"):
        verify(log, [log_key.verifier], sample=0)


@pytest.mark.parametrize(
    ("index", "size", "full"), some(product(PLACES, [600, 601, 700], [True, False]), every=7)
)
def test_a_tail_rewritten_and_signed_with_the_real_key_is_named_from_memory(
    original: PublishedLog, state: Path, tmp_path: Path, index: int, size: int, full: bool
) -> None:
    forged = publish_anew(tmp_path / "forged", with_tail(original.rows.entries, index, size), original.key)
    look(forged, full=True)  # without a memory it is a log like any other
    assert first_bad(forged, full=full, state=state) == index


@pytest.mark.parametrize("size", [0, 1, 256, 599])
@pytest.mark.parametrize("full", [True, False])
def test_a_log_that_was_rolled_back_is_named_by_its_size(
    original: PublishedLog, state: Path, tmp_path: Path, size: int, full: bool
) -> None:
    older = publish_anew(tmp_path / "older", original.rows.entries[:size], original.key)
    assert first_bad(older, full=full, state=state) == size


def test_a_log_that_was_rolled_back_and_rewritten_is_named_by_the_first_change(
    original: PublishedLog, state: Path, tmp_path: Path
) -> None:
    forged = publish_anew(tmp_path / "forged", with_tail(original.rows.entries, 100, 300), original.key)
    assert first_bad(forged, state=state) == 100


def test_a_memory_without_leaf_hashes_still_sees_a_rewrite(original: PublishedLog, tmp_path: Path) -> None:
    state = tmp_path / "light"
    look(original, full=False, state=state)
    forged = publish_anew(tmp_path / "forged", with_tail(original.rows.entries, 100, 700), original.key)
    assert first_bad(forged, full=False, state=state) is None
    assert first_bad(forged, full=True, state=state) is None


def test_both_signed_checkpoints_are_kept_as_evidence(
    original: PublishedLog, state: Path, tmp_path: Path
) -> None:
    forged = publish_anew(tmp_path / "forged", with_tail(original.rows.entries, 100, 700), original.key)
    first_bad(forged, state=state)
    (place,) = state.glob("*.evidence-*")
    assert (place / "remembered").read_bytes() == (original.public / "checkpoint").read_bytes()
    assert (place / "contradicting").read_bytes() == (forged.public / "checkpoint").read_bytes()


def test_a_damaged_copy_is_no_evidence_against_the_log(copy: PublishedLog, state: Path) -> None:
    overwrite(copy.public, changed(copy.rows.entries, 3), SIZE, tiles=True)
    first_bad(copy, state=state)
    assert list(state.glob("*.evidence-*")) == []


def test_a_failed_verification_leaves_the_memory_as_it_was(
    original: PublishedLog, copy: PublishedLog, state: Path, tmp_path: Path
) -> None:
    (remembered,) = state.glob("*.json")
    before = remembered.read_bytes()
    forged = publish_anew(tmp_path / "forged", with_tail(original.rows.entries, 100, 900), original.key)
    first_bad(forged, state=state)
    assert remembered.read_bytes() == before
    look(original, state=state)
    copy.grow(50)
    assert look(copy, state=state).size == SIZE + 50


def test_a_memory_grows_with_light_and_full_looks(copy: PublishedLog, tmp_path: Path) -> None:
    state = tmp_path / "state"
    look(copy, full=True, state=state)
    copy.grow(100)
    look(copy, full=False, state=state)
    forged = publish_anew(tmp_path / "a", with_tail(copy.rows.entries, 650, 800), copy.key)
    assert first_bad(forged, full=False, state=state) is None  # leaf hashes end at 600
    look(copy, full=True, state=state)
    assert first_bad(forged, full=False, state=state) == 650


def test_two_logs_share_a_memory_directory_without_mixing(
    original: PublishedLog, state: Path, tmp_path: Path
) -> None:
    key = SigningKey("ledger.example/other", bytes(32))
    other = publish_anew(tmp_path / "other", with_tail([], 0, 5), key)
    look(other, state=state)
    look(original, state=state)
    assert len(list(state.glob("*.json"))) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-5],
        lambda data: b"[]",
        lambda data: data.replace(b'"count": 600', b'"count": 601'),
        lambda data: data.replace(b'"count": 600', b'"count": -1'),
        lambda data: data.replace(b'"count": 600', b'"count": null'),
        lambda data: data.replace(b"ledger.example/test", b"ledger.example/tesx"),
        lambda data: data.replace(b"\\n600\\n", b"\\n+600\\n"),
    ],
)
def test_a_damaged_memory_is_said_to_be_damaged_not_the_log(
    original: PublishedLog, state: Path, damage: Callable[[bytes], bytes]
) -> None:
    (remembered,) = state.glob("*.json")
    edit(remembered, damage)
    with pytest.raises(StateError):
        look(original, state=state)


def test_damaged_leaf_hashes_in_the_memory_are_not_held_against_the_log(
    original: PublishedLog, state: Path
) -> None:
    (leaves,) = state.glob("*.leaves")
    edit(leaves, lambda data: data[:320] + bytes(32) + data[352:])
    with pytest.raises(StateError):
        look(original, state=state)
    edit(leaves, lambda data: data[:-1])
    with pytest.raises(StateError):
        look(original, state=state)


def test_a_memory_in_use_is_not_used_twice(original: PublishedLog, state: Path) -> None:
    with Memory.open(state, original.key.name), pytest.raises(StateError):
        look(original, state=state)
    look(original, state=state)


def test_the_memory_holds_32_bytes_per_entry_and_one_small_file(original: PublishedLog, state: Path) -> None:
    (leaves,) = state.glob("*.leaves")
    assert leaves.stat().st_size == 32 * SIZE
    (remembered,) = state.glob("*.json")
    members = json.loads(remembered.read_text())
    assert members["leaves"]["count"] == SIZE


# ---- memory use, reports ------------------------------------------------------------------------------------


def test_a_full_look_fetches_each_file_once_and_keeps_none(original: PublishedLog) -> None:
    fetched: list[str] = []

    def fetch(path: str, limit: int) -> bytes:
        fetched.append(path)
        return DirectorySource(original.public).fetch(path, limit)

    verify(SimpleNamespace(fetch=fetch), [original.key.verifier], full=True)
    assert len(fetched) == len(set(fetched))


def test_the_report_of_an_error_says_what_was_checked_before(copy: PublishedLog) -> None:
    overwrite(copy.public, changed(copy.rows.entries, 300), SIZE, tiles=False)
    with pytest.raises(LedgerError) as caught:
        look(copy)
    report = caught.value.report
    assert report is not None
    members = report.to_dict(caught.value)
    assert members["ok"] is False
    assert (members["origin"], members["size"]) == (copy.key.name, SIZE)
    assert [(one["name"], one["ok"]) for one in members["checks"]] == [
        ("signature", True),
        ("entries", False),
    ]
    assert members["error"]["index"] == 300


def test_published_bundles_are_the_entries_of_the_database(original: PublishedLog) -> None:
    entries = [
        entry
        for number in range(3)
        for entry in split_bundle(original.source.read_bundle(number, tile_width(SIZE, 0, number)))
    ]
    assert entries == original.rows.entries
