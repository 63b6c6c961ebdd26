"""Code that is not ours (Go's golang.org/x/mod/sumdb) accepts our logs and refuses every tampering with them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from databeheer.demo.tamper import KINDS
from ledger.checkpoint import Checkpoint
from ledger.encoding import encode_base64
from ledger.note import SigningKey, sign_note
from ledger.publisher import Publisher
from ledger.receipt import build, from_log, parse
from ledger.tiles import (
    TILE_WIDTH,
    Edge,
    TileDirectory,
    TilePath,
    bundle_path,
    encode_bundle,
    tile_path,
)
from ledger.tree import leaf_hash
from tests.ledger.foreign import EXAMPLES, Foreign, Said, build_go_verifier, served
from tests.ledger.logs import (
    ORIGIN,
    PublishedLog,
    Rows,
    chained,
    edit,
    overwrite,
    publish_anew,
    with_tail,
)

SIZE = 300
HARMLESS = {"rewrite", "rollback"}  # to whoever kept nothing


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    return build_go_verifier(tmp_path_factory.mktemp("go"))


@pytest.fixture
def full_log(log: PublishedLog) -> PublishedLog:
    """A log of 300 entries: one full tile and a partial one."""
    log.grow(SIZE)
    return log


def check(go: Foreign, log: PublishedLog, *more: str | Path, vkey: str | None = None) -> Said:
    return go.run("-key", vkey or log.key.vkey, *more, log.public)


def receipt(log: PublishedLog, index: int) -> bytes:
    return from_log(log.source, [log.key.verifier], index, log.rows.entries[index])


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 600])
def test_a_log_of_any_size_is_accepted(go: Foreign, tmp_path: Path, log_key: SigningKey, size: int) -> None:
    said = check(go, publish_anew(tmp_path / "log", chained(size), log_key))
    assert said.holds, said.text
    assert f"signs {size} entries" in said.text


def test_a_log_that_reaches_the_third_level_of_tiles_is_accepted(go: Foreign, log: PublishedLog) -> None:
    log.grow(TILE_WIDTH**2 + 1)
    said = check(go, log)
    assert said.holds, said.text
    edit(log.public / tile_path(1, 0), lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:])
    said = check(go, log)
    assert "tile/1/000 is not the one that the level above names (it covers entries from 0 on)" in said.text


def test_a_log_is_accepted_over_http_and_by_a_key_that_a_witness_stands_beside(
    go: Foreign, full_log: PublishedLog
) -> None:
    line = f"— witness.example/w1 {encode_base64(b'four' + bytes(72))}\n"
    edit(full_log.public / "checkpoint", lambda data: data + line.encode())
    with served(full_log.public) as address:
        said = go.run("-key", full_log.key.vkey, address)
    assert said.holds, said.text


def test_both_keys_are_accepted_while_the_log_changes_its_key(go: Foreign, full_log: PublishedLog) -> None:
    second = SigningKey(ORIGIN, bytes(range(64, 96)))
    keys = [full_log.key, second]
    Publisher(full_log.rows, full_log.public, keys, ORIGIN, full_log.memory).publish()
    assert check(go, full_log).holds
    assert check(go, full_log, vkey=second.vkey).holds


def test_an_older_checkpoint_is_checked_with_the_full_tiles_once_its_partial_ones_are_gone(
    go: Foreign, full_log: PublishedLog
) -> None:
    note = (full_log.public / "checkpoint").read_bytes()
    full_log.grow(SIZE)
    assert not (full_log.public / tile_path(0, 1, SIZE - TILE_WIDTH)).exists()
    (full_log.public / "checkpoint").write_bytes(note)
    said = check(go, full_log)
    assert "signs 300 entries" in said.text, said.text


@pytest.mark.parametrize("index", [0, 1, 150, 254, 255, 256, 257, 298])
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - HARMLESS))
def test_what_the_demo_does_to_a_copy_without_the_key_is_refused_at_that_entry(
    go: Foreign, full_log: PublishedLog, kind: str, index: int
) -> None:
    overwrite(full_log.public, KINDS[kind].forge(list(full_log.rows.entries), index), SIZE, tiles=False)
    said = check(go, full_log)
    assert not said.holds
    assert re.search(rf"entry {index}\b", said.text), said.text


@pytest.mark.parametrize("kind", sorted(HARMLESS))
def test_what_the_demo_does_with_the_real_key_is_refused_by_whoever_kept_a_checkpoint(
    go: Foreign, full_log: PublishedLog, tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes((full_log.public / "checkpoint").read_bytes())
    forged = KINDS[kind].forge(list(full_log.rows.entries), 280)
    anew = publish_anew(tmp_path / "anew", forged, full_log.key)
    assert check(go, anew).holds
    said = check(go, anew, "-old", kept)
    assert not said.holds
    assert said.status == (3 if kind == "rollback" else 1)
    words = "rolled back to entry 280" if kind == "rollback" else "one of the first 300 entries is not"
    assert words in said.text
    assert not check(go, anew, "-old", kept, "-receipt", write(tmp_path, receipt(full_log, 290))).holds


def test_an_old_mirror_is_told_from_a_rollback_by_fetching_it_anew(
    go: Foreign, full_log: PublishedLog, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(full_log.public, mirror)
    full_log.grow(5)
    newer = write(tmp_path, receipt(full_log, SIZE + 2))
    said = go.run("-key", full_log.key.vkey, "-receipt", newer, mirror)
    assert said.status == 3
    assert "Either this is a mirror from before then (fetch it anew" in said.text
    assert check(go, full_log, "-receipt", newer).holds


def test_an_honest_log_begins_with_every_checkpoint_that_was_kept(
    go: Foreign, log: PublishedLog, tmp_path: Path
) -> None:
    kept = []
    for more in (0, 1, 254, 1, 1, 300):
        log.grow(more)
        kept.append(write(tmp_path, (log.public / "checkpoint").read_bytes(), f"after {len(kept)}"))
    for one in kept:
        said = check(go, log, "-old", one)
        assert said.holds, said.text


@pytest.mark.parametrize("size", [257, 600, 768, 769, 1792])
def test_a_forged_full_tile_is_refused_also_where_the_foreign_reader_lets_it_pass(
    go: Foreign, tmp_path: Path, log_key: SigningKey, size: int
) -> None:
    # tlog.TileHashReader 0.7.0 skips this tile where one tile holds several roots of the tree (CVE-2026-56865).
    log = publish_anew(tmp_path / "log", chained(size), log_key)
    forged = chained(TILE_WIDTH, name="forged")
    (log.public / tile_path(0, 0)).write_bytes(b"".join(map(leaf_hash, forged)))
    (log.public / bundle_path(0)).write_bytes(encode_bundle(forged))
    said = check(go, log)
    assert "tile/0/000 is not the one that the level above names (it covers entries from 0 on)" in said.text


def test_tiles_and_entries_that_agree_but_were_never_signed_are_refused(
    go: Foreign, full_log: PublishedLog, tmp_path: Path
) -> None:
    other = publish_anew(tmp_path / "other", with_tail(full_log.rows.entries, 200, SIZE), full_log.key)
    signed = (full_log.public / "checkpoint").read_bytes()
    (other.public / "checkpoint").write_bytes(signed)
    said = check(go, other)
    assert "do not lead to the signed root" in said.text


def test_one_flipped_bit_in_any_byte_of_the_checkpoint_is_refused(
    go: Foreign, full_log: PublishedLog
) -> None:
    path = full_log.public / "checkpoint"
    note = path.read_bytes()
    for at in range(len(note)):
        path.write_bytes(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :])
        assert not check(go, full_log).holds, at


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_damaged_tile_is_refused(go: Foreign, full_log: PublishedLog, name: str) -> None:
    path = full_log.public / name
    whole = path.read_bytes()
    for data in (whole[:-1], whole[:-32], whole + b"\0", whole + bytes(32), b"", b"\xff" + whole[1:]):
        path.write_bytes(data)
        said = check(go, full_log)
        assert not said.holds, len(data)
        assert re.search(r"entry \d+|entries from (0|256) on|the signed root", said.text), said.text
    path.unlink()
    assert f"{name} is missing" in check(go, full_log).text


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/entries/001.p/44"])
def test_a_damaged_bundle_is_refused(go: Foreign, full_log: PublishedLog, name: str) -> None:
    path = full_log.public / name
    whole = path.read_bytes()
    longer = b"\x00\x6e" + whole[2:111] + b" " + whole[111:]
    for data in (whole[:-1], whole[:-111], whole + b"\0", b"", longer, b"\xff" + whole[1:], whole[1:]):
        path.write_bytes(data)
        said = check(go, full_log)
        assert not said.holds, len(data)
        assert re.search(r"entry \d+|tile/entries/", said.text), said.text
    path.unlink()
    assert f"{name} is missing" in check(go, full_log).text


def test_entries_that_were_signed_in_another_form_or_out_of_the_chain_are_refused(
    go: Foreign, full_log: PublishedLog, tmp_path: Path
) -> None:
    # The publisher refuses to sign these; somebody with the key and other software would not.
    for name, entry in (
        ("spaced", full_log.rows.entries[7].replace(b'"v":1', b'"v": ')),
        ("version", full_log.rows.entries[7].replace(b'"v":1', b'"v":2')),
        ("chain", chained(1, b"\x01" * 32)[0]),
    ):
        entries = [*full_log.rows.entries[:7], entry]
        said = check(go, signed_unseen(tmp_path / name, entries, full_log.key))
        assert not said.holds, name
        assert "entry 7 " in said.text


@pytest.mark.parametrize("index", [0, 7, 255, 256, 299])
def test_a_receipt_is_accepted_with_the_log_and_after_it_has_grown(
    go: Foreign, full_log: PublishedLog, tmp_path: Path, index: int
) -> None:
    path = write(tmp_path, receipt(full_log, index))
    full_log.grow(300)
    said = check(go, full_log, "-receipt", path)
    assert said.holds, said.text
    assert f"the receipt's entry {index} is in it" in said.text


def test_a_damaged_receipt_is_refused(go: Foreign, full_log: PublishedLog, tmp_path: Path) -> None:
    good = receipt(full_log, 7)
    proof = parse(good).proof
    other = publish_anew(tmp_path / "other", chained(300, name="other"), full_log.key)
    for bad in (
        good.replace(b"index 7", b"index 8"),
        good.replace(b"index 7", b"index 07"),
        good.replace(b"index 7", b"index -7"),
        good.replace(b"index 7", b"index 700"),
        good.replace(b"tlog-proof@v1", b"tlog-proof@v2"),
        good.replace(b"\n", b"\r\n"),
        good.replace(b"extra ", b"extra e"),
        build(7, proof[:-1], parse(good).checkpoint, parse(good).extra),
        build(7, [*proof, bytes(32)], parse(good).checkpoint, parse(good).extra),
        build(7, proof[::-1], parse(good).checkpoint, parse(good).extra),
        build(7, proof, parse(good).checkpoint, parse(receipt(full_log, 8)).extra),
        receipt(other, 7),
        good[:-2],
        good.split(b"\n\n")[0],
        b"",
    ):
        said = check(go, full_log, "-receipt", write(tmp_path, bad))
        assert not said.holds, bad
        assert "the receipt" in said.text


def test_a_stranger_who_signs_with_another_key_is_refused(
    go: Foreign, full_log: PublishedLog, tmp_path: Path
) -> None:
    joris = SigningKey(ORIGIN, bytes(range(100, 132)))
    log = publish_anew(tmp_path / "joris", full_log.rows.entries, joris)
    said = check(go, log, vkey=full_log.key.vkey)
    assert "signature does not hold" in said.text
    elsewhere = SigningKey("ledger.example/other", bytes(range(32)))
    assert not check(go, publish_anew(tmp_path / "other", [], elsewhere), vkey=full_log.key.vkey).holds


def test_the_readme_builds_it_as_the_tests_do() -> None:
    readme = (EXAMPLES / "go-verifier" / "README.md").read_text()
    assert "GO111MODULE=off GOPATH=/usr/share/gocode go build -o verify ." in readme


def write(folder: Path, data: bytes, name: str = "receipt.tlog-proof") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def signed_unseen(place: Path, entries: list[bytes], key: SigningKey) -> PublishedLog:
    """A log of up to 256 entries, signed without a look at them."""
    log = PublishedLog(place, key, Rows(entries))
    edge, public = Edge(), TileDirectory(log.public)
    edge.extend(b"".join(map(leaf_hash, entries)))
    for path, hashes in edge.partial_tiles():
        public.write_tile(path, hashes)
    public.write_tile(TilePath(None, 0, len(entries)), encode_bundle(entries))
    public.write_checkpoint(sign_note(Checkpoint(key.name, edge.size, edge.root()).text(), [key]))
    return log


def test_a_mistyped_key_and_an_address_where_nobody_answers_say_nothing_of_the_log(
    go: Foreign, full_log: PublishedLog
) -> None:
    key = full_log.key.vkey
    assert check(go, full_log, vkey=key[:-2] + ("A" if key[-2] != "A" else "B") + key[-1]) == Said(2, "")
    assert go.run("-key", key, "http://127.0.0.1:1/ledger") == Said(2, "")
