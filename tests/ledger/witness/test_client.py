"""The log's side: what a witness may answer, and that no bad answer counts."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cosignature import CosigningKey
from ledger.errors import MalformedError, ProofError, SplitViewError, WitnessError
from ledger.note import SigningKey
from ledger.witness.client import MAX_ANSWER_LENGTH, Shown, WitnessClient
from ledger.witness.core import Witness
from ledger.witness.wire import parse_request
from tests.ledger.logs import PublishedLog, publish_anew, with_tail
from tests.ledger.witnesses import (
    NOW,
    SIZE,
    TEXT,
    Clock,
    Reply,
    Scripted,
    a_key,
    a_witness,
    dripping,
    note_of,
    request_of,
    scripted,
    serving,
)

KEY = a_key("regulator")


def shown(log: PublishedLog, note: bytes | None = None) -> Shown:
    note = note or note_of(log)
    checkpoint = open_checkpoint(note, [log.key.verifier])
    return Shown(note, checkpoint, [log.key.verifier], lambda: log.source.reader(checkpoint.size))


@pytest.fixture
def regulator(tmp_path: Path, log: PublishedLog) -> Witness:
    return a_witness(tmp_path, log, Clock())


@pytest.fixture
def url(regulator: Witness) -> Iterator[str]:
    with serving(regulator) as url:
        yield url


@pytest.fixture
def mallory() -> Iterator[Scripted]:
    """A witness that lies as the test says, under the regulator's key."""
    with scripted(Scripted(KEY)) as witness:
        yield witness


@pytest.fixture
def grown(log: PublishedLog) -> PublishedLog:
    log.grow(5)
    return log


# ---- with an honest witness ---------------------------------------------------------------------------------


def test_a_cosignature_comes_back_as_the_log_grows(grown: PublishedLog, url: str) -> None:
    client = WitnessClient(KEY.verifier, url)
    for step in (0, 1, 300):
        if step:
            grown.grow(step)
        found = client.cosign(shown(grown), NOW)
        assert (found.witness, found.time_unix) == (KEY.verifier, NOW)


def test_a_client_that_starts_again_is_told_where_the_witness_is(
    grown: PublishedLog, url: str, regulator: Witness
) -> None:
    WitnessClient(KEY.verifier, url).cosign(shown(grown), NOW)
    grown.grow(4)
    assert WitnessClient(KEY.verifier, url).cosign(shown(grown), NOW).time_unix == NOW


def test_two_clients_of_one_log_follow_each_other(grown: PublishedLog, url: str) -> None:
    one, other = WitnessClient(KEY.verifier, url), WitnessClient(KEY.verifier, f"{url}/")
    for _ in range(3):
        one.cosign(shown(grown), NOW)
        grown.grow(1)
        other.cosign(shown(grown), NOW)
        grown.grow(1)


def test_the_witness_gets_what_the_specification_says(grown: PublishedLog, mallory: Scripted) -> None:
    sizes = iter([3])

    def answer(body: bytes) -> Reply:
        told = next(sizes, None)
        return (409, SIZE, f"{told}\n".encode()) if told else (200, TEXT, mallory.cosign(body).encode())

    mallory.answer = answer
    WitnessClient(KEY.verifier, mallory.url).cosign(shown(grown), NOW)
    first, second = [parse_request(body) for body in mallory.asked]
    assert (first.old_size, first.proof, first.note) == (0, (), note_of(grown))
    assert mallory.asked[1] == request_of(grown, 3)
    assert (second.old_size, len(second.proof)) == (3, 4)


# ---- answers that do not count ------------------------------------------------------------------------------


def cosignature_of(key: CosigningKey, body: bytes, time_unix: int = NOW) -> bytes:
    return Scripted(key).cosign(body, time_unix).encode()


STRANGER = CosigningKey(KEY.name, bytes(32))
BAD_ANSWERS: dict[str, Callable[[bytes], Reply]] = {
    "nothing": lambda body: (200, TEXT, b""),
    "an empty line": lambda body: (200, TEXT, b"\n"),
    "no line feed": lambda body: (200, TEXT, cosignature_of(KEY, body)[:-1]),
    "CRLF": lambda body: (200, TEXT, cosignature_of(KEY, body)[:-1] + b"\r\n"),
    "an empty line first": lambda body: (200, TEXT, b"\n" + cosignature_of(KEY, body)),
    "another checkpoint's lines": lambda body: (200, TEXT, b"x\n\n" + cosignature_of(KEY, body)),
    "a hyphen": lambda body: (200, TEXT, cosignature_of(KEY, body).replace("\u2014".encode(), b"-")),
    "HTML": lambda body: (200, "text/html", b"<html>It works!</html>\n"),
    "not UTF-8": lambda body: (200, TEXT, b"\xff\n"),
    "a stranger's cosignature": lambda body: (200, TEXT, cosignature_of(STRANGER, body)),
    "of another text": lambda body: (200, TEXT, cosignature_of(KEY, body.replace(b"\n5\n", b"\n6\n"))),
    "from the future": lambda body: (200, TEXT, cosignature_of(KEY, body, NOW + 301)),
    "from the past": lambda body: (200, TEXT, cosignature_of(KEY, body, NOW - 301)),
    "a good line behind a bad one": lambda body: (
        200,
        TEXT,
        cosignature_of(KEY, body.replace(b"\n5\n", b"\n6\n")) + cosignature_of(KEY, body),
    ),
    "too long": lambda body: (200, TEXT, cosignature_of(KEY, body) * (MAX_ANSWER_LENGTH // 100)),
    "400": lambda body: (400, TEXT, b"what?\n"),
    "403": lambda body: (403, TEXT, b"who?\n"),
    "404": lambda body: (404, TEXT, b"where?\n"),
    "409 without a type": lambda body: (409, TEXT, b"3\n"),
    "409 with +3": lambda body: (409, SIZE, b"+3\n"),
    "409 with 03": lambda body: (409, SIZE, b"03\n"),
    "409 with Arabic digits": lambda body: (409, SIZE, "\u0663\n".encode()),
    "409 without a line feed": lambda body: (409, SIZE, b"3"),
    "409 with two lines": lambda body: (409, SIZE, b"3\n3\n"),
    "409 with nothing": lambda body: (409, SIZE, b""),
    "409 with a size that it does not have": lambda body: (409, SIZE, b"999999999999999\n"),
    "409 with the size that was sent": lambda body: (409, SIZE, f"{parse_request(body).old_size}\n".encode()),
    "409 without end": lambda body: (409, SIZE, b"3\n" if b"old 4" in body else b"4\n"),
    "422": lambda body: (422, TEXT, b"no\n"),
    "500": lambda body: (500, TEXT, b"oh\n"),
    "301": lambda body: (301, TEXT, b""),
    "204": lambda body: (204, TEXT, b""),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_no_cosignature(grown: PublishedLog, mallory: Scripted, name: str) -> None:
    mallory.answer = BAD_ANSWERS[name]
    with pytest.raises(WitnessError, match=r"the witness witness\.example/regulator "):
        WitnessClient(KEY.verifier, mallory.url).cosign(shown(grown), NOW)


def test_lines_by_others_are_left_where_they_are(grown: PublishedLog, mallory: Scripted) -> None:
    mallory.answer = lambda body: (
        200,
        TEXT,
        cosignature_of(STRANGER, body) + cosignature_of(KEY, body) + cosignature_of(a_key("other"), body),
    )
    found = WitnessClient(KEY.verifier, mallory.url).cosign(shown(grown), NOW)
    assert found.line == KEY.cosign(note_of(grown).decode().split("\n\n")[0] + "\n", NOW)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://w.example", "w.example", "http://", "http://a?b"]
)
def test_a_witness_is_asked_over_http_only(address: str) -> None:
    with pytest.raises(MalformedError):
        WitnessClient(KEY.verifier, address)


def test_a_witness_that_is_not_there_is_said_to_be_away(grown: PublishedLog) -> None:
    with pytest.raises(WitnessError, match="cannot be reached"):
        WitnessClient(KEY.verifier, "http://127.0.0.1:1").cosign(shown(grown), NOW)


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc", b"SSH-2.0-x\r\n"]
)
def test_a_witness_that_breaks_off_gives_nothing(grown: PublishedLog, says: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(says)

        thread = Thread(target=answer)
        thread.start()
        with pytest.raises(WitnessError):
            WitnessClient(KEY.verifier, f"http://127.0.0.1:{listener.getsockname()[1]}").cosign(
                shown(grown), NOW
            )
        thread.join()


def test_a_witness_that_says_nothing_is_given_up(grown: PublishedLog) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = WitnessClient(
            KEY.verifier, f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=0.05
        )
        with pytest.raises(WitnessError, match="did not answer in time"):
            client.cosign(shown(grown), NOW)


def test_a_witness_that_drips_its_headers_is_given_up_in_time(grown: PublishedLog) -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x") as served:
        client = WitnessClient(KEY.verifier, served.url, clock=served.clock)
        with pytest.raises(WitnessError, match="did not answer in time"):
            client.cosign(shown(grown), NOW)


def test_a_log_whose_tiles_are_gone_cannot_show_how_it_grew(grown: PublishedLog, url: str) -> None:
    WitnessClient(KEY.verifier, url).cosign(shown(grown), NOW)
    grown.grow(2)
    (grown.public / "tile/0/000.p/7").unlink()
    with pytest.raises(WitnessError, match="cannot be shown how the log grew"):
        WitnessClient(KEY.verifier, url).cosign(shown(grown), NOW)


# ---- a possible split view ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cosigned", "common", "size"), [(9, 3, 9), (9, 3, 12), (8, 3, 12), (9, 3, 5), (256, 9, 600)]
)
def test_another_history_of_this_logs_key_is_brought_back_as_evidence(
    log: PublishedLog, url: str, regulator: Witness, tmp_path: Path, cosigned: int, common: int, size: int
) -> None:
    """A thief of the key showed the witness another history first."""
    log.grow(size)
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, common, cosigned), log.key)
    assert regulator.add_checkpoint(request_of(fork, 0)).status == 200
    with pytest.raises(SplitViewError, match="and shows it") as caught:
        WitnessClient(KEY.verifier, url).cosign(shown(log), NOW)
    evidence = caught.value.evidence
    assert {evidence.first.split(b"\n\n")[0], evidence.second.split(b"\n\n")[0]} == {
        note_of(one).split(b"\n\n")[0] for one in (log, fork)
    }
    if cosigned <= size:
        evidence.verify([log.key.verifier])
    else:  # the tiles behind the larger one are not ours
        with pytest.raises(ProofError):
            evidence.verify([log.key.verifier])


LIES: dict[str, Callable[[PublishedLog, bytes], Reply]] = {
    "a stranger's checkpoint": lambda log, note: (200, TEXT, note.replace(b"\n9\n", b"\n8\n")),
    "the log's own history": lambda log, note: (200, TEXT, note_of(log)),
    "garbage": lambda log, note: (200, TEXT, b"\x00" * 99),
    "no checkpoint": lambda log, note: (404, TEXT, b""),
    "an error": lambda log, note: (500, TEXT, b""),
    "another log's": lambda log, note: (
        200,
        TEXT,
        note_of(publish_anew(log.place / "b", log.rows.entries, SigningKey("ledger.example/b", bytes(32)))),
    ),
}


@pytest.mark.parametrize("reply", [(422, TEXT, b""), (409, SIZE, b"9\n")], ids=["422", "409 with more"])
@pytest.mark.parametrize("lie", LIES)
def test_a_witness_that_cannot_show_another_history_convinces_nobody(
    grown: PublishedLog, mallory: Scripted, tmp_path: Path, lie: str, reply: Reply
) -> None:
    fork = publish_anew(tmp_path / "fork", with_tail(grown.rows.entries, 3, 9), grown.key)
    note = note_of(fork)
    mallory.answer = lambda _: reply
    mallory.shows = lambda: LIES[lie](grown, note)
    with pytest.raises(WitnessError):
        WitnessClient(KEY.verifier, mallory.url).cosign(shown(grown), NOW)
