"""The command `ledger`: what it prints, its exit status, and that an outsider can run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger.cli import main
from ledger.commitment import commit, open_for_party, shared_half
from ledger.cosignature import CosigningKey
from ledger.entry import GENESIS_PREVIOUS, chain
from ledger.note import SigningKey
from ledger.promise import Promise, sign_promise
from ledger.receipt import from_log, parse
from ledger.tree import leaf_hash
from tests.ledger.logs import PublishedLog, Rows, changed, edit, overwrite, publish_anew, with_tail

SHARED = (bytes(range(32)), b'{"event":"data.read","note":"\\u001b[31m"}')


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def members(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_main(*arguments: object) -> Outcome:
        try:
            status = main([str(one) for one in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run_main


@pytest.fixture
def published(log: PublishedLog) -> PublishedLog:
    commitments = [bytes([number]) * 32 for number in range(20)]
    commitments[7] = commit(shared_half(*SHARED), [])
    log.rows = Rows([entry for entry, _ in chain(commitments, GENESIS_PREVIOUS)])
    log.publish()
    log.source.write_vkeys([log.key.vkey, "ledger.example/test/door+00000000+AAAA"])
    return log


# ---- ledger verify ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--full"], ["--full", "--state", "STATE"], ["--state", "STATE"]])
def test_a_log_that_holds_ends_with_status_0(
    published: PublishedLog, run: Run, tmp_path: Path, options: list[str]
) -> None:
    options = [one.replace("STATE", str(tmp_path / "state")) for one in options]
    for _ in range(2):
        outcome = run("verify", published.public, "--key", published.key.vkey, *options)
        assert outcome.status == 0
        assert outcome.err == ""
        assert "The log holds: 20 entries" in outcome.out


def test_json_is_one_object_with_origin_size_root_and_checks(published: PublishedLog, run: Run) -> None:
    outcome = run("verify", published.public, "--key", published.key.vkey, "--full", "--json")
    assert outcome.status == 0
    members = outcome.members
    assert set(members) == {"ok", "origin", "size", "root", "checks", "error"}
    assert (members["ok"], members["origin"], members["size"]) == (True, published.key.name, 20)
    assert [one["name"] for one in members["checks"]] == ["signature", "entries"]
    assert members["error"] is None


def test_a_quick_look_says_how_many_entries_it_took_at_random(published: PublishedLog, run: Run) -> None:
    for options, count in ((["--sample", "5"], 5), (["--sample", "1"], 1), ([], 20)):
        outcome = run("verify", published.public, "--key", published.key.vkey, *options)
        assert outcome.status == 0
        assert f"{count} of 20 entries, taken at random, are in the signed tree" in outcome.out


@pytest.mark.parametrize("count", ["0", "-1", "-3", "+5", "05", "x", "", "\u0665", "1" * 16])
def test_a_sample_is_a_number_and_not_of_nothing(published: PublishedLog, run: Run, count: str) -> None:
    for options in ([f"--sample={count}"], ["--sample", count]):
        outcome = run("verify", published.public, "--key", published.key.vkey, *options)
        assert outcome.status == 2
        assert "takes a number of entries from 1 on" in outcome.err
        assert outcome.out == ""


def test_a_sample_of_everything_has_a_name_of_its_own(published: PublishedLog, run: Run) -> None:
    assert run("verify", published.public, "--key", published.key.vkey, "--full", "--sample", "5").status == 2


def test_a_mirror_is_made_refreshed_and_verified(published: PublishedLog, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for count in (20, 25, 25):
        published.grow(count - len(published.rows.entries))
        outcome = run("mirror", published.public, copy, "--key", published.key.vkey)
        assert (outcome.status, outcome.err) == (0, "")
        assert f"The copy holds: {count} entries" in outcome.out
    assert run("verify", copy, "--key", published.key.vkey, "--full").status == 0
    outcome = run("mirror", published.public, copy, "--key", published.key.vkey, "--json")
    assert outcome.status == 0
    assert [one["name"] for one in outcome.members["checks"]] == [
        "signature",
        "edge",
        "memory",
        "continuity",
        "copy",
    ]


def test_a_mirror_refuses_by_status(published: PublishedLog, run: Run, tmp_path: Path) -> None:
    copy, key = tmp_path / "copy", published.key
    run("mirror", published.public, copy, "--key", key.vkey)
    forged = publish_anew(tmp_path / "forged", with_tail(published.rows.entries, 11, 25), key)
    outcome = run("mirror", forged.public, copy, "--key", key.vkey, "--json")
    assert (outcome.status, outcome.members["error"]["code"]) == (1, "inconsistent")
    older = publish_anew(tmp_path / "older", published.rows.entries[:5], key)
    assert "First bad entry: 5." in run("mirror", older.public, copy, "--key", key.vkey).out
    assert run("mirror", "http://127.0.0.1:1/ledger", copy, "--key", key.vkey).status == 3
    assert run("mirror", published.public, copy, "--key", "nonsense").status == 2
    assert run("mirror", published.public, published.public / "vkey", "--key", key.vkey).status == 2
    (tmp_path / "empty").mkdir()
    assert run("mirror", tmp_path / "empty", copy, "--key", key.vkey).status == 3
    edit(copy / "checkpoint", lambda note: b"not mine")
    assert run("mirror", published.public, copy, "--key", key.vkey).status == 2


def test_a_bad_entry_is_named_and_ends_with_status_1(published: PublishedLog, run: Run) -> None:
    overwrite(published.public, changed(published.rows.entries, 5), 20, tiles=False)
    outcome = run("verify", published.public, "--key", published.key.vkey, "--full")
    assert outcome.status == 1
    assert "BAD  entries" in outcome.out
    assert "First bad entry: 5." in outcome.out
    outcome = run("verify", published.public, "--key", published.key.vkey, "--full", "--json")
    assert outcome.status == 1
    assert outcome.members["error"]["index"] == 5
    assert outcome.members["checks"][-1]["index"] == 5


def test_a_rewrite_signed_with_the_real_key_is_named_from_the_state_directory(
    published: PublishedLog, run: Run, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    assert (
        run("verify", published.public, "--key", published.key.vkey, "--full", "--state", state).status == 0
    )
    forged = publish_anew(tmp_path / "forged", with_tail(published.rows.entries, 11, 25), published.key)
    assert run("verify", forged.public, "--key", published.key.vkey, "--full").status == 0
    outcome = run("verify", forged.public, "--key", published.key.vkey, "--full", "--state", state)
    assert outcome.status == 1
    assert "First bad entry: 11." in outcome.out


def test_a_key_may_be_a_file_whose_first_line_it_is(published: PublishedLog, run: Run) -> None:
    outcome = run("verify", published.public, "--key", published.public / "vkey")
    assert outcome.status == 0


def test_a_foreign_signature_ends_with_status_1(published: PublishedLog, run: Run) -> None:
    other = SigningKey(published.key.name, bytes(32))
    outcome = run("verify", published.public, "--key", other.vkey)
    assert outcome.status == 1
    assert "The log does not hold." in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["verify"],
        ["verify", "PUBLIC"],
        ["verify", "PUBLIC", "--key", "VKEY", "--unknown"],
        ["verify", "PUBLIC", "--key", ""],
        ["verify", "PUBLIC", "--key", "nonsense"],
        ["verify", "PUBLIC", "--key", "a+b+c"],
        ["verify", "PUBLIC", "--key", "VKEYx"],
        ["verify", "PUBLIC", "--key", "x" * 5000 + "+b+c"],
        ["verify", "PUBLIC", "--key", "a\x00+b+c"],
        ["verify", "PUBLIC", "--key", "PUBLIC"],
        ["verify", "PUBLIC/missing", "--key", "VKEY"],
        ["verify", "ftp://example/ledger", "--key", "VKEY"],
        ["verify", "PUBLIC", "--key", "VKEY", "--state", "PUBLIC/checkpoint"],
        ["receipt"],
        ["receipt", "verify"],
        ["receipt", "verify", "PUBLIC/missing", "--key", "VKEY"],
        ["receipt", "verify", "PUBLIC", "--key", "VKEY"],
        ["receipt", "verify", "PUBLIC/checkpoint", "--key", "VKEY"],
    ],
    ids=lambda arguments: " ".join(arguments)[:50],
)
def test_wrong_use_ends_with_status_2_and_one_line(
    published: PublishedLog, run: Run, arguments: list[str]
) -> None:
    filled = [
        one.replace("PUBLIC", str(published.public)).replace("VKEY", published.key.vkey) for one in arguments
    ]
    outcome = run(*filled)
    assert outcome.status == 2
    assert outcome.err
    assert "Traceback" not in outcome.err


def test_a_damaged_memory_ends_with_status_2(published: PublishedLog, run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run("verify", published.public, "--key", published.key.vkey, "--state", state).status == 0
    (remembered,) = state.glob("*.json")
    remembered.write_bytes(b"{}")
    outcome = run("verify", published.public, "--key", published.key.vkey, "--state", state, "--json")
    assert outcome.status == 2
    assert outcome.members["error"]["code"] == "state"


def test_a_log_that_cannot_be_reached_ends_with_status_3(
    published: PublishedLog, run: Run, tmp_path: Path
) -> None:
    outcome = run("verify", "http://127.0.0.1:1/ledger", "--key", published.key.vkey, "--json")
    assert outcome.status == 3
    assert outcome.members["error"]["code"] == "unreachable"
    assert run("verify", published.public, "--key", "http://127.0.0.1:1/vkey").status == 3
    (tmp_path / "empty").mkdir()
    assert run("verify", tmp_path / "empty", "--key", published.key.vkey).status == 3


def pipe(place: Path) -> None:
    os.mkfifo(place)


def looped(place: Path) -> None:
    place.symlink_to(place.name)


def endless(place: Path) -> None:
    place.symlink_to("/dev/zero")


def unreadable(place: Path) -> None:
    place.symlink_to("/proc/self/mem")


@pytest.mark.parametrize("put", [pipe, looped, endless, unreadable])
@pytest.mark.parametrize("command", [["verify"], ["verify", "--full"], ["mirror"], ["monitor"]])
def test_what_is_no_file_in_a_directory_is_not_waited_for_and_says_nothing_of_the_log(
    published: PublishedLog, run: Run, tmp_path: Path, command: list[str], put: Callable[[Path], None]
) -> None:
    more = [str(tmp_path / "copy")] if command == ["mirror"] else []
    bundle = next((published.public / "tile/entries").glob("000*"))
    paths = [published.public / "checkpoint"]
    paths += [] if command == ["monitor"] else [bundle if bundle.is_file() else next(bundle.iterdir())]
    for path in paths:
        data = path.read_bytes()
        path.unlink()
        put(path)
        outcome = run(*command, published.public, *more, "--key", published.key.vkey)
        assert outcome.status == 3, path
        assert f"{path} cannot be read: " in outcome.err
        assert "memory" not in outcome.err
        path.unlink()
        path.write_bytes(data)
    assert run(*command, published.public, *more, "--key", published.key.vkey).status == 0


def test_a_file_behind_a_link_is_read(published: PublishedLog, run: Run, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    (published.public / "checkpoint").rename(moved)
    (published.public / "checkpoint").symlink_to(moved)
    assert run("verify", published.public, "--key", published.key.vkey, "--full").status == 0


def test_a_pipe_in_a_copy_of_ours_is_not_waited_for(
    published: PublishedLog, run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    assert run("mirror", published.public, copy, "--key", published.key.vkey).status == 0
    tile = next(path for path in (copy / "tile/0").rglob("*") if path.is_file())
    tile.unlink()
    pipe(tile)
    outcome = run("mirror", published.public, copy, "--key", published.key.vkey)
    assert outcome.status == 2
    assert "the copy cannot be used" in outcome.err


def test_a_file_of_ours_that_cannot_be_used_ends_with_status_2_and_one_line(
    published: PublishedLog, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> object:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(Path, "is_dir", refuse)
    for command, words in {"verify": "a file cannot be used", "monitor": "a file cannot be used"}.items():
        outcome = run(command, published.public, "--key", published.key.vkey)
        assert outcome.status == 2, command
        assert words in outcome.err
        assert "/somewhere" in outcome.err


@pytest.mark.parametrize("command", [["verify"], ["verify", "--full"], ["mirror"], ["monitor"]])
def test_who_is_not_there_is_told_once_and_is_not_called_bad(
    run: Run, published: PublishedLog, tmp_path: Path, command: list[str]
) -> None:
    more = [str(tmp_path / "copy")] if command == ["mirror"] else []
    with serving_files(tmp_path) as site:
        for place, words in {
            "http://127.0.0.1:1/ledger": "cannot be reached",
            site: f"there is no log at {site}: it has no {site}/checkpoint.",
            f"{site}/ledger/checkpoint": "give the address without /checkpoint",
            str(tmp_path): f"there is no log in {tmp_path}",
        }.items():
            outcome = run(*command, place, *more, "--key", published.key.vkey)
            assert outcome.status == 3, place
            assert outcome.out == ""
            assert words in outcome.err
            assert outcome.err.count("\n") == 1, outcome.err
            assert "BAD" not in outcome.err
        for_no_log_yet = run(*command, f"{site}/ledger", *more, "--key", published.key.vkey).err
        assert "publisher has not written" in for_no_log_yet
        assert "/ledger/ledger" not in for_no_log_yet
        assert f"try {site}/ledger" in run(*command, site, *more, "--key", published.key.vkey).err


def test_the_key_of_another_log_is_called_that(published: PublishedLog, run: Run) -> None:
    old = SigningKey("old.example/ledger", bytes(32)).vkey
    said = run("verify", str(published.public), "--key", old)
    assert said.status == 1
    assert f"this is another log, {published.key.name} by its own word; the key is of old.example/ledger" in (
        said.out + said.err
    )


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    """A web site that is there, and is no log."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_missing_tile_is_the_logs_fault_and_ends_with_status_1(published: PublishedLog, run: Run) -> None:
    (published.public / "tile/0/000.p/20").unlink()
    assert run("verify", published.public, "--key", published.key.vkey).status == 1
    assert run("verify", published.public, "--key", published.key.vkey, "--full").status == 1


def test_a_garbage_checkpoint_is_the_logs_fault_and_steers_no_terminal(
    published: PublishedLog, run: Run
) -> None:
    (published.public / "checkpoint").write_bytes(b"\x1b[31mred\x1b[0m\n\n\x1b[2J\n")
    outcome = run("verify", published.public, "--key", published.key.vkey)
    assert outcome.status == 1
    assert "\x1b" not in outcome.out + outcome.err


# ---- ledger receipt verify ----------------------------------------------------------------------------------


@pytest.fixture
def receipt(published: PublishedLog, tmp_path: Path) -> Path:
    opening = open_for_party(*SHARED, [])
    path = tmp_path / "7.tlog-proof"
    keys = [published.key.verifier]
    path.write_bytes(from_log(published.source, keys, 7, published.rows.entries[7], opening))
    return path


def test_a_receipt_that_holds_shows_what_was_recorded(
    published: PublishedLog, run: Run, receipt: Path
) -> None:
    outcome = run("receipt", "verify", receipt, "--key", published.key.vkey)
    assert outcome.status == 0
    assert "entry 7 of ledger.example/test, in its log of 20" in outcome.out
    assert '"event": "data.read"' in outcome.out
    assert "\x1b" not in outcome.out


def test_a_receipt_as_json_holds_the_opening(published: PublishedLog, run: Run, receipt: Path) -> None:
    members = run("receipt", "verify", receipt, "--key", published.key.vkey, "--json").members
    assert (members["ok"], members["index"], members["size"]) == (True, 7, 20)
    assert members["opening"]["shared"]["body"] == b64encode(SHARED[1]).decode()


def test_a_receipt_that_holds_says_what_was_not_checked(
    published: PublishedLog, run: Run, receipt: Path
) -> None:
    arguments = ["receipt", "verify", receipt, "--key", published.key.vkey]
    outcome = run(*arguments)
    assert "receipt: the log's signature and the proof hold" in outcome.out
    assert "witnesses: not checked, no --policy was given" in outcome.out
    assert "promise: not checked, no --promise was given" in outcome.out
    members = run(*arguments, "--json").members
    assert (members["cosigned"], members["promise"]) == (None, None)


def test_a_receipt_of_another_index_ends_with_status_1(
    published: PublishedLog, run: Run, receipt: Path
) -> None:
    edit(receipt, lambda data: data.replace(b"index 7\n", b"index 6\n"))
    outcome = run("receipt", "verify", receipt, "--key", published.key.vkey)
    assert outcome.status == 1
    assert "The receipt does not hold." in outcome.out
    outcome = run("receipt", "verify", receipt, "--key", published.key.vkey, "--json")
    assert (outcome.status, outcome.members["ok"], outcome.members["error"]["code"]) == (1, False, "proof")


def test_a_receipt_is_held_against_a_policy_of_witnesses(
    published: PublishedLog, run: Run, receipt: Path, tmp_path: Path
) -> None:
    witness = CosigningKey("witness.example/w", bytes(range(64, 96)))
    (tmp_path / "policy").write_text(f"witness w {witness.vkey}\nquorum w\n")
    arguments = ["receipt", "verify", receipt, "--key", published.key.vkey, "--policy", tmp_path / "policy"]
    refused = run(*arguments)
    assert refused.status == 1
    assert "cosigned by none of its witnesses" in refused.err
    text = (published.public / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    good = receipt.read_bytes()
    receipt.write_bytes(good + witness.cosign(text, 1_900_000_000_000).encode())  # from a far future
    assert run(*arguments, "--json").members["error"]["code"] == "signature"
    receipt.write_bytes(good + witness.cosign(text, 1_763_683_200).encode())
    outcome = run(*arguments)
    assert outcome.status == 0
    assert "witnesses: cosigned by 1 of the policy's 1 (w); its quorum is met" in outcome.out
    assert run(*arguments, "--json").members["cosigned"] == {"w": 1_763_683_200}
    (tmp_path / "policy").write_text("quorum none\n")
    assert "witnesses: the policy asks for none" in run(*arguments).out
    (tmp_path / "policy").write_text("quorum nobody\n")
    assert run(*arguments).status == 2


def test_a_receipt_under_another_key_ends_with_status_1(
    published: PublishedLog, run: Run, receipt: Path
) -> None:
    other = SigningKey(published.key.name, bytes(32))
    assert run("receipt", "verify", receipt, "--key", other.vkey).status == 1


def test_a_receipt_without_entry_asks_for_it(
    published: PublishedLog, run: Run, receipt: Path, tmp_path: Path
) -> None:
    line = b"\n".join(receipt.read_bytes().split(b"\n")[1:2]) + b"\n"
    edit(receipt, lambda data: data.replace(line, b""))
    assert run("receipt", "verify", receipt, "--key", published.key.vkey).status == 2
    (tmp_path / "entry").write_bytes(published.rows.entries[7])
    arguments = ["receipt", "verify", receipt, "--key", published.key.vkey, "--entry", tmp_path / "entry"]
    assert run(*arguments).status == 0
    (tmp_path / "entry").write_bytes(published.rows.entries[8])
    assert run(*arguments).status == 1
    (tmp_path / "entry").write_bytes(published.rows.entries[8] + b"\n")
    assert run(*arguments).status == 2


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("index", "status"), [(7, 0), (8, 1)])
def test_a_promise_is_held_against_its_receipt(
    published: PublishedLog, run: Run, receipt: Path, tmp_path: Path, door_key: SigningKey,
    encoded: bool, index: int, status: int,
) -> None:  # fmt: skip
    leaf = leaf_hash(published.rows.entries[index])
    note = sign_promise(Promise(published.key.name, index, leaf, 1763683260), door_key)
    (tmp_path / "promise").write_bytes(b64encode(note) + b"\n" if encoded else note)
    arguments = ["receipt", "verify", receipt, "--key", published.key.vkey, "--promise", tmp_path / "promise"]
    outcome = run(*arguments, "--door-key", door_key.vkey)
    assert outcome.status == status
    assert ("promise: kept by this entry" in outcome.out) == (status == 0)
    kept = run(*arguments, "--door-key", door_key.vkey, "--json").members.get("promise")
    assert kept == ({"kept": True, "deadline": 1763683260} if status == 0 else None)
    assert run(*arguments).status == 2
    assert run(*arguments, "--door-key", published.key.vkey).status == 1


def test_the_receipt_in_the_file_is_the_published_format(receipt: Path) -> None:
    assert receipt.read_bytes().startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    assert parse(receipt.read_bytes()).index == 7


# ---- what it needs ------------------------------------------------------------------------------------------


def test_verifier_and_command_import_only_the_standard_library_and_pynacl() -> None:
    code = (
        "import sys; before = set(sys.modules); import ledger.verifier, ledger.cli, ledger.audit, ledger.publisher\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert set(json.loads(run.stdout.replace("'", '"'))) <= {
        "ledger",
        "nacl",
        "_cffi_backend",
        "cffi",
        "_sodium",
    }


def test_who_reads_no_further_is_no_error_of_ours(published: PublishedLog) -> None:
    command = [sys.executable, "-m", "ledger", "verify", str(published.public), "--key", published.key.vkey]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()  # `| head` that has read enough
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")


def test_the_command_runs_as_a_module(published: PublishedLog) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "ledger", "verify", str(published.public), "--key", published.key.vkey]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
