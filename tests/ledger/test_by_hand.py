"""A shell and openssl accept our logs and refuse others: no verifier of anybody's is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.encoding import encode_base64
from ledger.note import SigningKey, sign_note
from ledger.tiles import TileDirectory, bundle_path
from ledger.tree import leaf_hash
from tests.ledger.foreign import EXAMPLES, Foreign, Said, served
from tests.ledger.logs import ORIGIN, PublishedLog, chained, changed, overwrite, publish_anew, swapped

PLACE = EXAMPLES / "by-hand"


@pytest.fixture(scope="module")
def by_hand() -> Foreign:
    for program in ("openssl", "base64", "curl", "split", "bash"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return Foreign(PLACE / "check.sh")


def check(by_hand: Foreign, log: PublishedLog, vkey: str | None = None) -> Said:
    return by_hand.run(log.public, vkey or log.key.vkey)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 13])
def test_a_log_is_accepted(by_hand: Foreign, tmp_path: Path, log_key: SigningKey, size: int) -> None:
    said = check(by_hand, publish_anew(tmp_path / "log", chained(size), log_key))
    assert said.holds, said.text
    assert f"signs {size} entries" in said.text


def test_a_log_of_two_bundles_is_accepted_over_http_while_its_key_changes(
    by_hand: Foreign, tmp_path: Path, log_key: SigningKey
) -> None:
    log = publish_anew(tmp_path / "log", chained(257), log_key)
    text = (log.public / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    second = SigningKey(ORIGIN, bytes(range(64, 96)))
    (log.public / "checkpoint").write_bytes(sign_note(text, [second, log_key]))
    with served(log.public) as address:
        said = by_hand.run(address, log_key.vkey)
    assert said.holds, said.text


def test_every_tampering_with_an_entry_is_refused(by_hand: Foreign, log: PublishedLog) -> None:
    log.grow(9)
    entries = log.rows.entries
    for forged, words in (
        (changed(entries, 4), "entry 5 does not name the one before it"),
        (changed(entries, 8), "do not lead to the signed root"),  # nothing follows that would name it
        (swapped(entries, 2, 3), "entry 2 does not name the one before it"),
        (entries[:8], "has not 9 entries"),
        (chained(9, name="other"), "do not lead to the signed root"),
        ([*entries[:3], entries[3] + b" ", *entries[4:]], "has another length"),
        ([*entries[:3], entries[3].replace(b'"v":1', b'"v":2'), *entries[4:]], "entry 3 does not name"),
    ):
        overwrite(log.public, forged, 9, tiles=True)
        said = check(by_hand, log)
        assert not said.holds
        assert words in said.text
    (log.public / bundle_path(0, 9)).unlink()
    assert "is missing" in check(by_hand, log).text


def test_a_checkpoint_that_was_changed_or_signed_by_somebody_else_is_refused(
    by_hand: Foreign, log: PublishedLog, tmp_path: Path
) -> None:
    log.grow(3)
    joris = publish_anew(tmp_path / "joris", log.rows.entries, SigningKey(ORIGIN, bytes(range(100, 132))))
    assert "signature does not hold" in check(by_hand, joris, log.key.vkey).text
    path = log.public / "checkpoint"
    note = path.read_bytes()
    for bad in (
        note.replace(b"\n3\n", b"\n2\n"),
        note.replace(b"\n3\n", b"\n3\r\n"),
        note.split(b"\n\n")[0] + b"\n\n",
        b"",
    ):
        path.write_bytes(bad)
        assert "signature does not hold" in check(by_hand, log).text


def test_the_commands_of_the_page_do_what_it_says(
    by_hand: Foreign, log: PublishedLog, tmp_path: Path
) -> None:
    log.grow(5)
    page = (PLACE / "README.md").read_text()
    lines = "\n".join(re.findall(r"^    (.*)$", page, re.MULTILINE))
    with served(log.place) as address:
        lines = lines.replace("http://127.0.0.1:8000/ledger", f"{address}/public")
        done = subprocess.run(
            ["bash", "-euc", lines.replace("./check.sh", str(PLACE / "check.sh"))],
            cwd=tmp_path,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "VKEY": log.key.vkey},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    first, second = TileDirectory(log.public).read_bundle(0, 5)[2:111], log.rows.entries[1]
    assert said[0] == "Signature Verified Successfully"
    assert said[1] == encode_base64(leaf_hash(first))
    assert said[2].startswith(second.decode())
    assert f'"p":"{said[1]}"' in said[2]
    assert "OK: " in done.stdout


def test_the_script_is_as_short_as_its_page_says() -> None:
    assert len((PLACE / "check.sh").read_text().splitlines()) <= 85
    assert "eighty lines of shell" in " ".join((PLACE / "README.md").read_text().split())
