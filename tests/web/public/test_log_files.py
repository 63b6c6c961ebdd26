"""The log over HTTP as C2SP wants it, and nothing else of the disk."""

from __future__ import annotations

import gzip

import pytest

from ledger.note import VerifierKey
from ledger.tiles import TileDirectory
from ledger.verifier import HTTPSource, verify
from tests.web.programs import serving
from tests.web.public.conftest import Standing
from tests.web.sites import make_whole_site
from web import close


def test_a_stranger_verifies_the_whole_log_over_http(standing: Standing) -> None:
    app = make_whole_site(standing.house)
    with serving(app) as port:
        report = verify(HTTPSource(f"http://127.0.0.1:{port}/ledger"), [standing.key.verifier], full=True)
    close(app)
    assert report.size == TileDirectory(standing.house.folder / "public").reader(1).size or report.size
    assert all(check.ok for check in report.checks)


def test_the_checkpoint_is_text_and_hardly_cached_and_tiles_are_bytes_for_ever(standing: Standing) -> None:
    checkpoint = standing.browser.get("/ledger/checkpoint")
    size = int(checkpoint.get_data(as_text=True).splitlines()[1])
    assert checkpoint.content_type == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "public, max-age=1"
    for path, unit in ((f"/ledger/tile/0/000.p/{size}", 32), (f"/ledger/tile/entries/000.p/{size}", 111)):
        tile = standing.browser.get(path)
        assert tile.content_type == "application/octet-stream"
        assert tile.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(tile.data) == size * unit
        assert tile.headers["Access-Control-Allow-Origin"] == "*"


def test_the_published_keys_can_be_parsed(standing: Standing) -> None:
    lines = standing.browser.get("/ledger/vkey").get_data(as_text=True).splitlines()
    assert str(VerifierKey.parse(lines[0])) == standing.key.vkey


def test_the_policy_of_witnesses_is_shown_where_there_is_one(standing: Standing) -> None:
    assert standing.browser.get("/ledger/policy").status_code == 404
    log = TileDirectory(standing.house.folder / "public")
    log.write_policy(b"quorum none\n")
    try:
        answer = standing.browser.get("/ledger/policy")
        assert (answer.status_code, answer.data) == (200, b"quorum none\n")
        assert answer.content_type == "text/plain; charset=utf-8"
    finally:
        (log.root / "policy").unlink()


@pytest.mark.parametrize(
    "path",
    [
        "tile/8/0/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/1",
        "tile/-1/000",
        "tile/0/000/..",
        "tile/../checkpoint",
        "tile/%2e%2e/checkpoint",
        "tile/%2e%2e%2fcheckpoint",
        "tile/..%2f..%2fkeys%2fepoch-0001.key",
        "tile/0/%30%30%30%00",
        "tile/٠/000",
        "tile/0/000?x=1/../..",
    ],
)
def test_what_is_no_path_of_the_format_is_refused(standing: Standing, path: str) -> None:
    answer = standing.browser.get(f"/ledger/{path}")
    assert answer.status_code in ((400,) if "?" not in path else (404,))
    assert b"epoch" not in answer.data


@pytest.mark.parametrize(
    "path",
    ["tile/0/000", "tile/5/000", "tile/entries/x001/000", "other", "../web.key", "tile/0/000%0aX-Evil:%201"],
)
def test_what_is_not_published_is_not_there(standing: Standing, path: str) -> None:
    answer = standing.browser.get(f"/ledger/{path}")
    assert answer.status_code == 404
    assert "max-age=31536000" not in answer.headers.get("Cache-Control", "")


def test_head_answers_like_get_without_the_file(standing: Standing) -> None:
    size = int(standing.browser.get("/ledger/checkpoint").get_data(as_text=True).splitlines()[1])
    for path in ("checkpoint", "vkey", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        got, head = standing.browser.get(f"/ledger/{path}"), standing.browser.head(f"/ledger/{path}")
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(got.data))
        for name in ("Content-Type", "Cache-Control", "ETag"):
            assert head.headers[name] == got.headers[name]
    assert standing.browser.head("/ledger/tile/0/0").status_code == 400


def test_who_has_a_file_is_not_sent_it_again(standing: Standing) -> None:
    size = int(standing.browser.get("/ledger/checkpoint").get_data(as_text=True).splitlines()[1])
    for path in ("/ledger/checkpoint", f"/ledger/tile/entries/000.p/{size}"):
        tag = standing.browser.get(path).headers["ETag"]
        again = standing.browser.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == standing.browser.get(path).headers["Cache-Control"]
        assert standing.browser.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepts", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("br", False),
        ("gzip;q=x", False),
    ],
)
def test_bundles_come_as_gzip_to_those_who_take_it(standing: Standing, accepts: str, packed: bool) -> None:
    size = int(standing.browser.get("/ledger/checkpoint").get_data(as_text=True).splitlines()[1])
    path = f"/ledger/tile/entries/000.p/{size}"
    plain = standing.browser.get(path)
    answer = standing.browser.get(path, headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.content_type == "application/octet-stream"
    assert (gzip.decompress(answer.data) if packed else answer.data) == plain.data
    assert (answer.headers["ETag"] != plain.headers["ETag"]) == packed
    for other in ("checkpoint", f"tile/0/000.p/{size}"):
        assert (
            "Content-Encoding"
            not in standing.browser.get(f"/ledger/{other}", headers={"Accept-Encoding": accepts}).headers
        )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tile/0/000.p/0", "a partial tile is never empty"),
        ("tile/0/000.p/07", "a tile's width has a leading zero"),
        ("tile/0/000.p/256", "a partial tile has at most 255 hashes; the path of a full one has no width"),
        ("tile/0/000.p/300", "a partial tile has at most 255 hashes; the path of a full one has no width"),
        ("tile/8/0/000", "a tile's path has no height in it"),
        ("tile/data/000", "entry bundles are at tile/entries"),
        ("tile/07/000", "a tile's level has a leading zero"),
        ("tile/64/000", "a tile's level is 0 to 63"),
        ("tile/+5/000", "a number in a tile's path has a sign"),
        ("tile/0/x000/005", "a tile's index has a leading zero"),
        ("tile/0/٠٠٠", "a tile's path has characters other than ASCII"),
        ("tile/0/00", "not the path of a tile"),
        ("tile/%ff/000", "a tile's path has characters other than ASCII"),
        ("tile/0/" + "x999/" * 7 + "999", "not the path of a tile"),
        ("tile/0/" + "9" * 5000, "not the path of a tile"),
    ],
)
def test_a_malformed_path_is_answered_400_with_its_reason(standing: Standing, path: str, reason: str) -> None:
    answer = standing.browser.get(f"/ledger/{path}")
    assert (answer.status_code, answer.get_data(as_text=True)) == (400, f"{reason}\n")
    assert "max-age=31536000" not in answer.headers.get("Cache-Control", "")


def test_a_file_of_ours_that_is_longer_than_it_may_be_is_not_served(standing: Standing) -> None:
    place = standing.house.folder / "public" / "tile" / "0" / "998"
    place.write_bytes(bytes(8193))
    assert standing.browser.get("/ledger/tile/0/998").status_code == 404
    place.unlink()
    place.mkdir()
    assert standing.browser.get("/ledger/tile/0/998").status_code == 404
    place.rmdir()


def test_files_are_read_only(standing: Standing) -> None:
    for path in ("/ledger/checkpoint", "/ledger/tile/0/000"):
        assert standing.browser.put(path, data=b"x").status_code in (400, 405)
        assert standing.browser.delete(path).status_code in (400, 405)


def test_the_page_shows_lines_to_copy_with_the_real_key(standing: Standing) -> None:
    page = standing.browser.get("/ledger").get_data(as_text=True)
    assert standing.key.vkey in page.replace("&#39;", "'").replace("&#43;", "+")
    assert "ledger verify http://127.0.0.1:8000/ledger --key log.vkey --full --state" in page
