"""The commands `ledger witness …`: a key, a witness that survives kill -9, evidence that anybody can check."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.cosignature import WitnessKey, open_cosignatures
from ledger.errors import MalformedError
from ledger.note import SigningKey
from ledger.witness.keyfile import read_key_file
from tests.ledger.logs import PublishedLog, publish_anew, with_tail
from tests.ledger.test_cli import Run, run  # noqa: F401 - a fixture
from tests.ledger.witnesses import Clock, a_witness, note_of, request_of

ROOT = Path(__file__).parents[3]


@contextmanager
def witness_process(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "ledger", "witness", "serve", *map(str, arguments)]
    process = subprocess.Popen(
        [*command, "--bind", "127.0.0.1:0"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        process.stderr.readline()
        yield process, process.stderr.readline().strip().removeprefix("listens on http://")
    finally:
        process.kill()
        process.communicate()


def post(place: str, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(place, timeout=10)
    connection.request("POST", "/add-checkpoint", body)
    answer = connection.getresponse()
    result = answer.status, answer.read()
    connection.close()
    return result


def test_a_key_is_made_once_for_its_owner_alone_and_its_vkey_is_printed(
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.key"
    outcome = run("witness", "key", path, "--name", "witness.example/w")
    assert (outcome.status, outcome.err) == (0, "")
    assert WitnessKey.parse(outcome.out.strip()) == read_key_file(path).verifier
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    again = run("witness", "key", path, "--name", "witness.example/w")
    assert again.status == 2
    assert f"{path} exists, and was left as it is" in again.err
    assert "`ledger witness serve --key`" in again.err
    assert path.read_bytes() == before
    nowhere = run("witness", "key", tmp_path / "no" / "w.key", "--name", "witness.example/w")
    assert (nowhere.status, "cannot be made: No such file or directory" in nowhere.err) == (2, True)
    assert run("witness", "key", tmp_path / "x.key", "--name", "a b").status == 2
    assert not (tmp_path / "x.key").exists()


def test_an_address_that_cannot_be_had_is_named_with_the_option(
    run: Run,  # noqa: F811
    log: PublishedLog,
    tmp_path: Path,
) -> None:
    run("witness", "key", tmp_path / "w.key", "--name", "witness.example/w")
    options = ["--key", tmp_path / "w.key", "--state", tmp_path / "state", "--log", log.key.vkey, "--bind"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        outcome = run("witness", "serve", *options, bind)
    assert outcome.status == 2
    assert f"another program listens on {bind} already; name another address with --bind" in outcome.err
    outcome = run("witness", "serve", *options, "192.0.2.1:0")
    assert (outcome.status, "192.0.2.1:0" in outcome.err, "--bind" in outcome.err) == (2, True, True)


def test_a_damaged_key_file_is_refused_and_never_shown(run: Run, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "w.key"
    run("witness", "key", path, "--name", "witness.example/w")
    good = path.read_text()
    secret = good.strip().split("+", 4)[4]  # whose own letters may be a plus
    damages = [
        "",
        good[:-3],
        good.replace("PRIVATE+KEY+", "PRIVATE-KEY-"),
        good.replace("/w+", "/v+"),
        good.replace("+B", "+A"),
        secret,
        good + good,
        "PRIVATE+KEY+witness.example/w",
    ]
    for text in damages:
        path.write_text(text)
        with pytest.raises(MalformedError) as caught:
            read_key_file(path)
        assert secret[:20] not in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MalformedError):
        read_key_file(path)


def test_a_witness_killed_at_once_after_its_answer_has_not_forgotten_it(
    run: Run,  # noqa: F811
    log: PublishedLog,
    tmp_path: Path,
) -> None:
    log.grow(5)
    key, state = tmp_path / "w.key", tmp_path / "state"
    run("witness", "key", key, "--name", "witness.example/w")
    options = ("--key", key, "--state", state, "--log", log.key.vkey)
    with witness_process(*options) as (process, place):
        status, line = post(place, request_of(log, 0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert status == 200
        assert len(open_cosignatures(note_of(log) + line, [read_key_file(key).verifier])) == 1
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    with witness_process(*options) as (process, place):
        assert post(place, request_of(fork, 0)) == (409, b"5\n")
        assert post(place, request_of(fork, 5))[0] == 422
        second = subprocess.run(
            [sys.executable, "-m", "ledger", "witness", "serve", *map(str, options), "--bind", "127.0.0.1:0"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert "another witness is at work" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    [evidence] = state.rglob("split-view-*.json")
    outcome = run("witness", "evidence", "verify", evidence, "--key", log.key.vkey)
    assert outcome.status == 0
    assert "this log signed two histories" in outcome.out
    assert "of 5 entries" in outcome.out
    assert "of 9 entries" in outcome.out


def test_evidence_as_json_and_under_another_key(
    run: Run,  # noqa: F811
    log: PublishedLog,
    tmp_path: Path,
) -> None:
    log.grow(5)
    witness = a_witness(tmp_path, log, Clock())
    witness.add_checkpoint(request_of(log, 0))
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 2, 5), log.key)
    witness.add_checkpoint(request_of(fork, 5))
    folder = tmp_path / "regulator" / sha256(log.key.name.encode()).hexdigest() / "evidence"
    [evidence] = folder.iterdir()
    members = run("witness", "evidence", "verify", evidence, "--key", log.key.vkey, "--json").members
    assert (members["ok"], members["first"]["size"], members["second"]["size"]) == (True, 5, 5)
    assert members["first"]["root"] != members["second"]["root"]
    other = SigningKey(log.key.name, bytes(32)).vkey
    outcome = run("witness", "evidence", "verify", evidence, "--key", other, "--json")
    assert (outcome.status, outcome.members["error"]["code"]) == (1, "signature")
    outcome = run("witness", "evidence", "verify", evidence, "--key", other)
    assert outcome.status == 1
    assert "does not hold" in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["witness"],
        ["witness", "serve"],
        ["witness", "serve", "--key", "KEY", "--state", "STATE"],
        ["witness", "serve", "--key", "MISSING", "--state", "STATE", "--log", "VKEY"],
        ["witness", "serve", "--key", "KEY", "--state", "STATE", "--log", "nonsense"],
        ["witness", "serve", "--key", "KEY", "--state", "KEY", "--log", "VKEY"],
        ["witness", "serve", "--key", "KEY", "--state", "STATE", "--log", "VKEY", "--bind", "8000"],
        [
            "witness",
            "serve",
            "--key",
            "KEY",
            "--state",
            "STATE",
            "--log",
            "VKEY",
            "--bind",
            "127.0.0.1:99999",
        ],
        ["witness", "serve", "--key", "KEY", "--state", "STATE", "--log", "VKEY", "--bind", "192.0.2.1:80"],
        ["witness", "key"],
        ["witness", "key", "STATE"],
        ["witness", "evidence", "verify", "MISSING", "--key", "VKEY"],
        ["witness", "evidence", "verify", "KEY", "--key", "VKEY"],
        ["witness", "evidence", "verify", "KEY"],
    ],
    ids=lambda arguments: " ".join(arguments)[:60],
)
def test_wrong_use_ends_with_status_2(
    run: Run,  # noqa: F811
    log: PublishedLog,
    tmp_path: Path,
    arguments: list[str],
) -> None:
    run("witness", "key", tmp_path / "w.key", "--name", "witness.example/w")
    places = {"KEY": "w.key", "STATE": "state", "MISSING": "missing"}
    filled = [
        log.key.vkey if one == "VKEY" else str(tmp_path / places[one]) if one in places else one
        for one in arguments
    ]
    outcome = run(*filled)
    assert outcome.status == 2
    assert outcome.err
    assert "Traceback" not in outcome.err
