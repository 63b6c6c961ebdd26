"""Tiles, bundles and where they are read from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, NotPublishedError, ProofError, UnreachableError
from ledger.note import SigningKey
from ledger.sources import HTTPSource, fetch_url, open_source
from ledger.tiles import (
    Edge,
    TileDirectory,
    TilePath,
    TileReader,
    bundle_path,
    encode_bundle,
    fold,
    parse_path,
    split_bundle,
    tile_path,
    tile_width,
)
from ledger.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from ledger.verifier import verify
from tests.ledger.logs import PublishedLog
from tests.ledger.make_vectors import mth

LEAVES = [leaf_hash(str(number).encode()) for number in range(600)]


def test_size_70000_has_the_tiles_of_the_specification() -> None:
    edge = Edge()
    full = edge.extend(bytes(32 * 70_000))
    assert [str(path) for path, _ in full if path.level != 0] == ["tile/1/000"]
    assert len([path for path, _ in full if path.level == 0]) == 273
    assert [str(path) for path, _ in edge.partial_tiles()] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile_width(70_000, level, index) for level, index in [(0, 273), (1, 1), (2, 0), (0, 274)]] == [
        112,
        17,
        1,
        0,
    ]


@given(st.lists(st.integers(0, 300), max_size=5))
def test_an_edge_has_the_same_root_however_it_grew(steps: list[int]) -> None:
    edge, size = Edge(), 0
    for step in steps:
        step = min(step, len(LEAVES) - size)
        edge.extend(b"".join(LEAVES[size : size + step]))
        size += step
        assert edge.size == size
        again = Edge(edge.size, edge.levels)
        assert again.root() == edge.root() == root_hash(LEAVES[:size])


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        (1, []),
        (0, [bytes(32)]),
        (1, [bytes(31)]),
        (2, [bytes(32)]),
        (256, [bytes(32)]),
        (256, [b""]),
        (257, [bytes(32)]),
    ],
)
def test_partial_tiles_that_do_not_fit_the_size_are_refused(size: int, levels: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        Edge(size, levels)


@given(st.integers(0, 8), st.data())
def test_fold_is_the_root_of_a_complete_subtree(depth: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 300))
    leaves = LEAVES[start : start + (1 << depth)]
    assert fold(b"".join(leaves)) == mth(leaves)


@given(st.integers(0, 10**15), st.integers(1, 256), st.one_of(st.none(), st.integers(0, 63)))
def test_a_path_is_read_back_as_it_was_written(index: int, width: int, level: int | None) -> None:
    path = TilePath(level, index, width)
    assert parse_path(str(path)) == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_no_path_is_made_for_a_tile_that_cannot_be(level: int, index: int, width: int) -> None:
    with pytest.raises(MalformedError):
        tile_path(level, index, width)
    if 0 <= level <= 63:
        with pytest.raises(MalformedError):
            bundle_path(index, width)


def test_bundles_are_read_back_as_they_were_written() -> None:
    entries = [b"", b"a", b"b" * 65_535]
    assert split_bundle(encode_bundle(entries)) == entries


@pytest.mark.parametrize("entries", [[], [b"x"] * 257, [b"x" * 65_536]])
def test_no_bundle_is_made_of_no_too_many_or_too_long_entries(entries: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        encode_bundle(entries)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01a\x00", b"\x00\x00" * 257]
)
def test_a_bundle_cut_short_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        split_bundle(data)


# ---- directories --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    log = PublishedLog(tmp_path_factory.mktemp("tiles"), SigningKey("ledger.example/test", bytes(range(32))))
    log.grow(400)
    log.grow(200)
    return log


@pytest.mark.parametrize("index", [0, 255, 256, 511, 512, 599])
def test_proofs_made_from_published_tiles_hold(published: PublishedLog, index: int) -> None:
    leaves = [leaf_hash(entry) for entry in published.rows.entries]
    reader = published.source.reader(600)
    verify_inclusion(index, 600, leaves[index], inclusion_proof(reader, index, 600), root_hash(leaves))
    proof = consistency_proof(reader, index + 1, 600)
    verify_consistency(index + 1, 600, root_hash(leaves[: index + 1]), root_hash(leaves), proof)


def test_proofs_in_an_older_published_tree_hold_from_the_full_tiles(published: PublishedLog) -> None:
    leaves = [leaf_hash(entry) for entry in published.rows.entries[:400]]
    assert not (published.public / "tile/0/001.p").exists()
    reader = published.source.reader(400)
    verify_inclusion(399, 400, leaves[399], inclusion_proof(reader, 399, 400), root_hash(leaves))


@pytest.mark.parametrize(("level", "index"), [(0, 10), (8, 2), (9, 1), (60, 0)])
def test_no_hash_is_read_beyond_the_size_of_the_tree(published: PublishedLog, level: int, index: int) -> None:
    with pytest.raises(ProofError):
        TileReader(published.source, 10).subtree(level, index)


@pytest.mark.parametrize(
    "path",
    [
        "../memory/publisher.json",
        "/etc/passwd",
        "tile/0/../../../memory",
        "tile/0",
        "",
        ".",
        "tile/0/000\x00",
    ],
)
def test_nothing_outside_the_log_can_be_asked_for(published: PublishedLog, path: str) -> None:
    with pytest.raises((MalformedError, NotPublishedError)):
        published.source.fetch(path, 1000)


def test_a_file_that_is_too_long_is_refused(published: PublishedLog) -> None:
    with pytest.raises(MalformedError):
        published.source.fetch("checkpoint", 10)


def test_verifier_keys_are_published_one_per_line(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path / "new")
    directory.write_vkeys(["a+00000000+AAAA", "b+00000000+AAAA"])
    assert directory.fetch("vkey", 100) == b"a+00000000+AAAA\nb+00000000+AAAA\n"


# ---- HTTP ---------------------------------------------------------------------------------------------------


@pytest.fixture
def address(published: PublishedLog) -> Iterator[str]:
    """The log behind HTTP; under /broken it answers 500, under /gone nothing is there, /long never ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            area, _, path = self.path.lstrip("/").partition("/")
            try:
                status, body = 200, published.source.fetch(path, 10**6)
            except (NotPublishedError, MalformedError):
                status, body = 404, b""
            if area == "broken":
                status = 500
            if area == "long":
                body = bytes(2_000_000)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) + (area == "cut")))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_log_behind_http_is_verified_like_a_directory(published: PublishedLog, address: str) -> None:
    for url in (f"{address}/ledger", f"{address}/ledger/"):
        report = verify(open_source(url), [published.key.verifier], full=True)
        assert report.size == 600


def test_http_answers_are_told_apart(published: PublishedLog, address: str) -> None:
    with pytest.raises(NotPublishedError):
        HTTPSource(f"{address}/ledger").fetch("tile/0/999", 8192)
    with pytest.raises(UnreachableError):
        HTTPSource(f"{address}/broken").fetch("checkpoint", 1000)
    with pytest.raises(MalformedError):
        HTTPSource(f"{address}/long").fetch("checkpoint", 1000)
    with pytest.raises(UnreachableError):
        HTTPSource(f"{address}/cut").fetch("checkpoint", 1000)


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        HTTPSource("http://127.0.0.1:1/ledger").fetch("checkpoint", 1000)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example/log",
        "file:///etc/passwd",
        "http://",
        "http:/x",
        "https://example/log?x=1",
        "http://[",
        "://",
    ],
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(MalformedError):
        open_source(url)
    with pytest.raises((MalformedError, UnreachableError)):
        fetch_url(url, 10)


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedError):
        open_source(str(tmp_path / "missing"))
