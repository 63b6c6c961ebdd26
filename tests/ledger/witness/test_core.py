"""A witness cosigns one history, remembers it before it answers, and keeps evidence of another."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cosignature import CosigningKey, open_cosignatures
from ledger.errors import MalformedError, ProofError, SignatureError, StateError
from ledger.evidence import SplitView, compare, read_evidence, write_evidence
from ledger.note import SigningKey, sign_note
from ledger.publisher import Publisher
from ledger.tiles import TileReader
from ledger.tree import consistency_proof
from ledger.witness import core as core_module
from ledger.witness.core import Answer, Witness
from ledger.witness.wire import SIZE_TYPE, write_request
from tests.ledger.logs import PublishedLog, publish_anew, with_tail
from tests.ledger.witnesses import NOW, Clock, a_key, a_witness, note_of, request_of

KEY = a_key("regulator")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def regulator(tmp_path: Path, log: PublishedLog, clock: Clock) -> Witness:
    return a_witness(tmp_path, log, clock)


def folder(tmp_path: Path, log: PublishedLog) -> Path:
    return tmp_path / "regulator" / sha256(log.key.name.encode()).hexdigest()


def kept(tmp_path: Path, log: PublishedLog) -> list[Path]:
    return sorted((folder(tmp_path, log) / "evidence").glob("*.json"))


def again(regulator: Witness, tmp_path: Path, log: PublishedLog, clock: Clock) -> Witness:
    regulator.__exit__()
    return a_witness(tmp_path, log, clock)


def cosigned_size(answer: Answer) -> int:
    """The size that a 409 tells."""
    assert (answer.status, answer.content_type) == (409, SIZE_TYPE)
    return int(answer.body)


# ---- what is cosigned ---------------------------------------------------------------------------------------


def test_the_first_checkpoint_is_cosigned_with_the_time(regulator: Witness, log: PublishedLog) -> None:
    log.grow(5)
    answer = regulator.add_checkpoint(request_of(log, 0))
    assert answer.status == 200
    [found] = open_cosignatures(note_of(log) + answer.body, [KEY.verifier], now=NOW)
    assert (found.time_unix, found.line.encode()) == (NOW, answer.body)


def test_a_log_is_cosigned_as_it_grows(regulator: Witness, log: PublishedLog) -> None:
    for old, new in pairwise([0, 1, 4, 256, 300, 300]):
        if new > old:
            log.grow(new - old)
        assert regulator.add_checkpoint(request_of(log, old)).status == 200
    log.grow(1)
    assert cosigned_size(regulator.add_checkpoint(request_of(log, 4))) == 300


def test_an_empty_log_is_cosigned(regulator: Witness, log: PublishedLog) -> None:
    log.publish()
    assert regulator.add_checkpoint(request_of(log, 0)).status == 200
    log.grow(2)
    assert regulator.add_checkpoint(request_of(log, 0)).status == 200


def test_an_unchanged_checkpoint_is_cosigned_anew(
    regulator: Witness, log: PublishedLog, clock: Clock
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    clock.now += 3600
    answer = regulator.add_checkpoint(request_of(log, 5))
    [found] = open_cosignatures(note_of(log) + answer.body, [KEY.verifier])
    assert found.time_unix == NOW + 3600


def test_what_was_cosigned_can_be_read_with_the_cosignature_and_without_what_others_added(
    regulator: Witness, log: PublishedLog
) -> None:
    log.grow(5)
    foreign = SigningKey("mallory.example/m", bytes(32)).sign("anything\n").encode()
    answer = regulator.add_checkpoint(request_of(log, 0, note_of(log) + foreign))
    name = sha256(log.key.name.encode()).hexdigest()
    assert regulator.newest(name) == note_of(log) + answer.body
    assert regulator.newest("0" * 64) is None


def test_nothing_can_be_read_before_anything_was_cosigned(regulator: Witness, log: PublishedLog) -> None:
    assert regulator.newest(sha256(log.key.name.encode()).hexdigest()) is None


# ---- what is remembered -------------------------------------------------------------------------------------


def test_a_witness_that_starts_again_remembers(
    regulator: Witness, log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    regulator = again(regulator, tmp_path, log, clock)
    log.grow(3)
    assert cosigned_size(regulator.add_checkpoint(request_of(log, 0))) == 5
    assert regulator.add_checkpoint(request_of(log, 5)).status == 200


def test_nothing_is_cosigned_that_could_not_be_remembered(
    regulator: Witness, log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object, **options: object) -> None:
        raise OSError("the disk is gone")

    log.grow(5)
    with monkeypatch.context() as patch:
        patch.setattr(core_module, "write_atomically", crash)
        with pytest.raises(OSError, match="disk"):
            regulator.add_checkpoint(request_of(log, 0))
    assert regulator.newest(sha256(log.key.name.encode()).hexdigest()) is None
    assert regulator.add_checkpoint(request_of(log, 0)).status == 200


@pytest.mark.parametrize(
    "damage",
    [
        lambda note: b"",
        lambda note: note[:-20],
        lambda note: note.replace(b"\n5\n", b"\n4\n"),
        lambda note: b"\xff" + note,
        lambda note: note[: note.index(b"\xe2\x80\x94 witness")],
        lambda note: note.replace(b"ledger.example", b"Ledger.example"),
    ],
    ids=["empty", "cut", "set back", "not UTF-8", "not cosigned", "another log"],
)
def test_a_damaged_memory_stops_the_witness(
    regulator: Witness, log: PublishedLog, tmp_path: Path, clock: Clock, damage: Callable[[bytes], bytes]
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    path = folder(tmp_path, log) / "checkpoint"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StateError, match="is not a checkpoint that this witness cosigned"):
        again(regulator, tmp_path, log, clock)


def test_the_memory_of_another_log_stops_the_witness(
    regulator: Witness, log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    other = SigningKey("ledger.example/other", bytes(32))
    regulator.__exit__()
    place = tmp_path / "regulator" / sha256(other.name.encode()).hexdigest()
    place.mkdir()
    (place / "checkpoint").write_bytes((folder(tmp_path, log) / "checkpoint").read_bytes())
    with pytest.raises(StateError, match="another log's"):
        Witness(KEY, [other.verifier], tmp_path / "regulator", clock)


def test_two_witnesses_do_not_share_a_memory(
    regulator: Witness, log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    with pytest.raises(StateError, match="another witness"):
        a_witness(tmp_path, log, clock)
    again(regulator, tmp_path, log, clock)


def test_a_witness_has_a_key_of_its_own_and_knows_a_log(
    tmp_path: Path, log: PublishedLog, clock: Clock
) -> None:
    with pytest.raises(MalformedError):
        Witness(KEY, [], tmp_path / "w", clock)
    with pytest.raises(MalformedError):
        Witness(CosigningKey("w.example/w", bytes(range(32))), [log.key.verifier], tmp_path / "w", clock)


def test_of_two_requests_at_once_one_is_cosigned(
    regulator: Witness, log: PublishedLog, tmp_path: Path
) -> None:
    """Two histories that race each other from the same size: one wins, the other is told the new size."""
    log.grow(3)
    regulator.add_checkpoint(request_of(log, 0))
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    log.grow(4)
    answers: list[Answer] = []
    threads = [
        Thread(target=lambda body=body: answers.append(regulator.add_checkpoint(body)))
        for body in [request_of(log, 3), request_of(fork, 3)] * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status for one in answers) == [200] + [409] * 15


# ---- what is refused ----------------------------------------------------------------------------------------


def test_another_old_size_is_told_the_right_one(regulator: Witness, log: PublishedLog) -> None:
    log.grow(5)
    assert cosigned_size(regulator.add_checkpoint(request_of(log, 3))) == 0
    regulator.add_checkpoint(request_of(log, 0))
    log.grow(3)
    for old in (0, 3, 4, 6, 8):
        assert cosigned_size(regulator.add_checkpoint(request_of(log, old))) == 5


def test_a_smaller_checkpoint_is_not_cosigned(regulator: Witness, log: PublishedLog) -> None:
    log.grow(5)
    older = note_of(log)
    log.grow(3)
    regulator.add_checkpoint(request_of(log, 0))
    assert cosigned_size(regulator.add_checkpoint(request_of(log, 5, older))) == 8
    assert regulator.add_checkpoint(write_request(8, [], older)).status == 400


def test_an_unknown_log_is_not_found(regulator: Witness, log: PublishedLog, tmp_path: Path) -> None:
    other = PublishedLog(tmp_path / "other", SigningKey("ledger.example/other", bytes(32)))
    other.grow(2)
    assert regulator.add_checkpoint(request_of(other, 0)).status == 404


def test_a_stranger_under_the_logs_name_is_forbidden(
    regulator: Witness, log: PublishedLog, tmp_path: Path
) -> None:
    forged = PublishedLog(tmp_path / "forged", SigningKey(log.key.name, bytes(32)))
    forged.grow(2)
    assert regulator.add_checkpoint(request_of(forged, 0)).status == 403
    log.grow(2)
    note = note_of(log).replace(b"\n2\n", b"\n3\n")
    assert regulator.add_checkpoint(write_request(0, [], note)).status == 403
    own_lines = sign_note(
        note_of(log).decode().split("\n\n")[0] + "\n", [SigningKey("a.example/a", bytes(32))]
    )
    assert regulator.add_checkpoint(write_request(0, [], own_lines)).status == 403


MALFORMED: list[Callable[[bytes], bytes]] = [
    lambda body: b"",
    lambda body: body.replace(b"old ", b"Old "),
    lambda body: body.replace(b"old 0", b"old 00"),
    lambda body: body.replace(b"old 0", b"old +0"),
    lambda body: body.replace(b"old 0", b"old -1"),
    lambda body: body.replace(b"old 0", "old \u0660".encode()),
    lambda body: body.replace(b"old 0", b"old  0"),
    lambda body: body.replace(b"old 0", b"old 0 "),
    lambda body: body.replace(b"old 0", b"old"),
    lambda body: body.replace(b"old 0\n", b""),
    lambda body: body.replace(b"old 0\n\n", b"old 0\n"),
    lambda body: body.replace(b"old 0\n\n", b"old 0\n\n\n"),
    lambda body: body.replace(b"\n", b"\r\n"),
    lambda body: body.replace(b"old 0\n", b"old 0\n" + b"A" * 42 + b"==\n"),
    lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
    lambda body: body.replace(b"old 0\n", b"old 0\n" + b"0" * 64 + b"\n"),
    lambda body: body.replace(b"old 0\n", b"old 0\n" + (b"A" * 43 + b"=\n") * 64),
    lambda body: body[:-1],
    lambda body: body[: body.index(b"\xe2\x80\x94")],
    lambda body: body.replace("\u2014".encode(), b"-"),
    lambda body: body.replace(b"\n5\n", b"\n05\n"),
    lambda body: body.replace(b"\n5\n", b"\n+5\n"),
    lambda body: body + b"x" * 100_000,
    lambda body: b"\xff" + body,
    lambda body: body.replace(b"old 0", b"old 6"),
]


def test_a_malformed_request_is_a_bad_request(regulator: Witness, log: PublishedLog) -> None:
    log.grow(5)
    good = request_of(log, 0)
    statuses = [regulator.add_checkpoint(damage(good)).status for damage in MALFORMED]
    assert statuses == [400] * len(MALFORMED)
    assert all(damage(good) != good for damage in MALFORMED)
    assert regulator.add_checkpoint(good).status == 200


@pytest.mark.parametrize(
    "damage",
    [
        lambda proof: [],
        lambda proof: proof[:-1],
        lambda proof: [*proof, bytes(32)],
        lambda proof: [bytes(32), *proof[1:]],
        lambda proof: proof[::-1],
    ],
)
def test_a_bad_proof_is_unprocessable_and_changes_nothing(
    regulator: Witness,
    log: PublishedLog,
    tmp_path: Path,
    damage: Callable[[list[bytes]], list[bytes]],
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    log.grow(6)
    proof = damage(consistency_proof(TileReader(log.source, 11), 5, 11))
    assert regulator.add_checkpoint(write_request(5, proof, note_of(log))).status == 422
    [path] = kept(tmp_path, log)
    assert path.name.startswith("suspicion-")
    with pytest.raises(ProofError, match="no contradiction by itself"):
        read_split_view(path).verify([log.key.verifier])
    assert regulator.add_checkpoint(request_of(log, 5)).status == 200


def test_a_proof_where_none_is_needed_is_unprocessable(regulator: Witness, log: PublishedLog) -> None:
    log.grow(5)
    assert regulator.add_checkpoint(write_request(0, [bytes(32)], note_of(log))).status == 422
    regulator.add_checkpoint(request_of(log, 0))
    assert regulator.add_checkpoint(write_request(5, [bytes(32)], note_of(log))).status == 422


# ---- two histories ------------------------------------------------------------------------------------------


def read_split_view(path: Path) -> SplitView:
    evidence = read_evidence(path.read_bytes())
    assert isinstance(evidence, SplitView)
    return evidence


@pytest.mark.parametrize(
    ("first", "common", "second"),
    [(5, 3, 9), (300, 200, 400), (257, 256, 600), (7, 0, 7), (5, 4, 6), (8, 7, 8), (255, 1, 511)],
)
def test_a_witness_shown_two_histories_cosigns_one_and_the_evidence_of_the_other_verifies_offline(
    regulator: Witness, log: PublishedLog, tmp_path: Path, first: int, common: int, second: int
) -> None:
    log.grow(first)
    assert regulator.add_checkpoint(request_of(log, 0)).status == 200
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, common, second), log.key)
    answer = regulator.add_checkpoint(request_of(fork, first))
    assert answer.status == (422 if second > first else 409)
    assert b"\xe2\x80\x94" not in answer.body
    [path] = kept(tmp_path, log)
    mine, theirs = read_split_view(path).verify([log.key.verifier])
    assert mine == open_checkpoint(note_of(log), [log.key.verifier])
    assert theirs == open_checkpoint(note_of(fork), [log.key.verifier])
    log.grow(1)
    assert regulator.add_checkpoint(request_of(log, first)).status == 200


def test_of_a_size_that_is_a_power_of_two_the_proof_alone_is_a_suspicion_and_the_tiles_show_it(
    regulator: Witness, log: PublishedLog, tmp_path: Path
) -> None:
    """RFC 6962 leaves the old root out of such a proof, so the witness is not told which one the fork has."""
    log.grow(4)
    regulator.add_checkpoint(request_of(log, 0))
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    assert regulator.add_checkpoint(request_of(fork, 4)).status == 422
    [path] = kept(tmp_path, log)
    suspicion = read_split_view(path)
    keys = [log.key.verifier]
    with pytest.raises(ProofError, match="compare the tiles"):
        suspicion.verify(keys)
    found = compare(suspicion.first, suspicion.second, keys, TileReader(fork.source, 9))
    assert found is not None
    assert [one.size for one in found.verify(keys)] == [4, 9]


@pytest.mark.parametrize("change", ["key", "first", "second", "same", "honest", "prefix", "proof", "swapped"])
def test_evidence_that_was_tampered_with_does_not_hold(
    regulator: Witness, log: PublishedLog, tmp_path: Path, change: str
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    regulator.add_checkpoint(request_of(fork, 5))
    found = read_split_view(kept(tmp_path, log)[0])
    log.grow(4)
    changed = {
        "first": SplitView(found.first.replace(b"\n5\n", b"\n4\n"), found.second, found.prefix, found.proof),
        "second": SplitView(found.first, found.second.replace(b"\n9\n", b"\n8\n"), found.prefix, found.proof),
        "same": SplitView(found.first, found.first),
        "honest": SplitView(found.first, note_of(log), found.prefix, found.proof),
        "prefix": SplitView(found.first, found.second, bytes(32), found.proof),
        "proof": SplitView(found.first, found.second, found.prefix, found.proof[:-1]),
        "swapped": SplitView(found.second, found.first, found.prefix, found.proof),
    }.get(change, found)
    key = SigningKey(log.key.name, bytes(32)).verifier if change == "key" else log.key.verifier
    with pytest.raises((ProofError, SignatureError)):
        changed.verify([key])
    found.verify([log.key.verifier])


def test_evidence_against_an_honest_log_cannot_be_made_with_its_own_proof(
    log: PublishedLog,
) -> None:
    log.grow(5)
    first = note_of(log)
    log.grow(4)
    reader = TileReader(log.source, 9)
    honest = SplitView(
        first,
        note_of(log),
        open_checkpoint(first, [log.key.verifier]).root,
        tuple(consistency_proof(reader, 5, 9)),
    )
    with pytest.raises(ProofError, match="no contradiction"):
        honest.verify([log.key.verifier])


def test_the_same_evidence_is_kept_once_and_junk_has_a_bound(
    regulator: Witness, log: PublishedLog, tmp_path: Path
) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    for number in range(12):
        log.grow(1)
        for filler in (bytes(32), bytes([number]) * 32):
            assert regulator.add_checkpoint(write_request(5, [filler], note_of(log))).status == 422
    assert len(kept(tmp_path, log)) == core_module.MAX_SUSPICIONS
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    for _ in range(3):
        regulator.add_checkpoint(request_of(fork, 5))
    assert [path.name.split("-")[0] for path in kept(tmp_path, log)].count("split") == 1


def test_evidence_reads_as_it_was_written(regulator: Witness, log: PublishedLog, tmp_path: Path) -> None:
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    regulator.add_checkpoint(request_of(fork, 5))
    [path] = kept(tmp_path, log)
    assert write_evidence(read_evidence(path.read_bytes())) == path.read_bytes()


# ---- keys ---------------------------------------------------------------------------------------------------


def test_a_log_changes_its_key_and_the_witness_goes_on(
    regulator: Witness, log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    second = SigningKey(log.key.name, bytes(range(100, 132)))
    log.grow(5)
    regulator.add_checkpoint(request_of(log, 0))
    regulator.__exit__()
    both = Witness(KEY, [log.key.verifier, second.verifier], tmp_path / "regulator", clock)
    Publisher(log.rows, log.public, [log.key, second], log.key.name, log.memory).publish()
    assert both.add_checkpoint(request_of(log, 5)).status == 200
    log.rows.grow(2)
    Publisher(log.rows, log.public, [second], log.key.name, log.memory).publish()
    assert both.add_checkpoint(request_of(log, 5)).status == 200
    both.__exit__()
    only_new = Witness(KEY, [second.verifier], tmp_path / "regulator", clock)
    assert only_new.add_checkpoint(request_of(log, 7)).status == 200
