"""A publisher with witnesses shows nothing that its policy's quorum has not cosigned."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import QuorumError, RefusedError, SignatureError
from ledger.evidence import SplitView, read_evidence
from ledger.growth import Growth, GrowthKeeper, Hour, State, read_growth
from ledger.note import SigningKey
from ledger.policy import Policy, parse_policy
from ledger.publisher import Publisher
from ledger.tiles import TileDirectory
from ledger.verifier import verify
from ledger.witness.core import Witness
from ledger.witness.gather import Gathering
from tests.ledger.logs import PublishedLog, publish_anew, with_tail
from tests.ledger.witnesses import (
    NOW,
    TEXT,
    Clock,
    Scripted,
    a_key,
    a_witness,
    note_of,
    policy_text,
    request_of,
    scripted,
    serving,
    size_of,
)

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def regulator(tmp_path: Path, log: PublishedLog, clock: Clock) -> Witness:
    return a_witness(tmp_path, log, clock)


@pytest.fixture
def url(regulator: Witness) -> Iterator[str]:
    with serving(regulator) as url:
        yield url


def policy_of(log: PublishedLog, quorum: str, **urls: str) -> Policy:
    witnesses = [(name, a_key(name), url) for name, url in urls.items()]
    return parse_policy(policy_text(quorum, *witnesses, log=log.key.vkey))


def publisher_of(
    log: PublishedLog,
    policy: Policy,
    clock: Clock,
    *,
    fail_open: bool = False,
    growth: GrowthKeeper | None = None,
) -> Publisher:
    gathering = Gathering(
        policy, clock, fail_open=fail_open, patience_seconds=2, grace_seconds=0.5, timeout_seconds=10
    )
    return Publisher(log.rows, log.public, [log.key], log.key.name, log.memory, growth, witnesses=gathering)


def remembered(log: PublishedLog) -> bytes:
    note: str = json.loads(log.memory.read_text())["note"]
    return note.encode()


def test_what_is_published_bears_the_cosignatures_and_meets_the_policy(
    log: PublishedLog, url: str, clock: Clock
) -> None:
    policy = policy_of(log, "all", regulator=url)
    publisher = publisher_of(log, policy, clock)
    for step in (0, 3, 300):
        log.rows.grow(step)
        checkpoint = publisher.publish()
        assert policy.check(note_of(log), now=NOW).checkpoint == checkpoint
        assert dict(policy.check(note_of(log), now=NOW).times) == {"regulator": NOW}
        assert publisher.publish() is None
    assert verify(log.source, [log.key.verifier], full=True).size == 303


def test_a_publisher_that_waits_for_its_witness_says_so_in_public(
    log: PublishedLog, regulator: Witness, clock: Clock
) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def look(url: str) -> Growth | None:
        class OneLook(Event):
            def wait(self, timeout: float | None = None) -> bool:
                return True

        keeper = GrowthKeeper(log.public, lambda: noon)
        publisher_of(log, policy_of(log, "all", regulator=url), clock, growth=keeper).run(OneLook())
        return read_growth(log.public)

    log.rows.grow(3)
    assert look(NOWHERE) == Growth((Hour(noon, 0),), State.WAITING, noon)
    with serving(regulator) as url:
        assert look(url) == Growth((Hour(noon, 0),), State.PUBLISHING, noon)
    log.rows.grow(3)
    assert look(NOWHERE) == Growth((Hour(noon, 0),), State.WAITING, noon)


def test_a_checkpoint_waits_for_its_witness_while_the_one_before_stays(
    log: PublishedLog, regulator: Witness, clock: Clock
) -> None:
    with serving(regulator) as url:
        log.rows.grow(3)
        publisher_of(log, policy_of(log, "all", regulator=url), clock).publish()
    before = note_of(log)
    away = publisher_of(log, policy_of(log, "all", regulator=NOWHERE), clock)
    for _ in range(3):
        log.rows.grow(2)
        assert away.publish() is None
        assert note_of(log) == before
    assert size_of(remembered(log)) == 9
    with serving(regulator) as url:
        back = publisher_of(log, policy_of(log, "all", regulator=url), clock)
        published = back.publish()  # nothing has committed since: what was signed is shown
        assert published is not None
        assert published.size == 9
    assert note_of(log).startswith(remembered(log))
    assert verify(log.source, [log.key.verifier], full=True).size == 9


def test_a_publisher_that_keeps_running_takes_up_a_witness_that_comes_back(
    log: PublishedLog, clock: Clock
) -> None:
    with scripted(Scripted(a_key("regulator"))) as witness:
        publisher = publisher_of(log, policy_of(log, "all", regulator=witness.url), clock)
        log.rows.grow(3)
        assert publisher.publish() is None
        assert not (log.public / "checkpoint").exists()
        witness.answer = lambda body: (200, TEXT, witness.cosign(body).encode())
        assert publisher.publish() is not None
        assert size_of(note_of(log)) == 3


def test_failing_open_publishes_without_the_quorum_and_readers_see_that(
    log: PublishedLog, clock: Clock
) -> None:
    policy = policy_of(log, "all", regulator=NOWHERE)
    log.rows.grow(3)
    assert publisher_of(log, policy, clock, fail_open=True).publish() is not None
    assert open_checkpoint(note_of(log), [log.key.verifier]).size == 3
    with pytest.raises(QuorumError):
        policy.check(note_of(log), now=NOW)


def test_two_of_three_are_enough_and_a_silent_one_is_not_waited_for_twice(
    log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    with (
        serving(a_witness(tmp_path, log, clock, "a")) as a,
        serving(a_witness(tmp_path, log, clock, "b")) as b,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        policy = policy_of(log, "2", a=a, b=b, c=f"http://127.0.0.1:{silent.getsockname()[1]}")
        publisher = publisher_of(log, policy, clock)
        for _ in range(3):
            log.rows.grow(1)
            publisher.publish()
            assert dict(policy.check(note_of(log), now=NOW).times) == {"a": NOW, "b": NOW}
        silent.settimeout(5)
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # asked once, and still busy with that
            silent.accept()


def test_one_of_two_is_too_few(log: PublishedLog, url: str, clock: Clock) -> None:
    log.rows.grow(1)
    publisher = publisher_of(log, policy_of(log, "2", regulator=url, other=NOWHERE), clock)
    assert publisher.publish() is None
    assert not (log.public / "checkpoint").exists()


def test_the_memory_is_written_before_a_witness_sees_anything(log: PublishedLog, clock: Clock) -> None:
    seen: list[bytes] = []
    with scripted(Scripted(a_key("regulator"))) as witness:

        def answer(body: bytes) -> tuple[int, str, bytes]:
            seen.append(remembered(log))
            assert body.endswith(b"\n\n" + seen[-1])
            return 200, TEXT, witness.cosign(body).encode()

        witness.answer = answer
        publisher = publisher_of(log, policy_of(log, "all", regulator=witness.url), clock)
        for _ in range(3):
            log.rows.grow(2)
            assert publisher.publish() is not None
    assert [size_of(note) for note in seen] == [2, 4, 6]


def test_a_bad_answer_is_not_appended(log: PublishedLog, url: str, clock: Clock) -> None:
    with scripted(Scripted(a_key("other"))) as witness:
        witness.answer = lambda body: (200, TEXT, witness.cosign(body.replace(b"\n1\n", b"\n2\n")).encode())
        log.rows.grow(1)
        publisher_of(log, policy_of(log, "any", regulator=url, other=witness.url), clock).publish()
    assert b"witness.example/regulator" in note_of(log)
    assert b"witness.example/other" not in note_of(log)


def test_an_unchanged_checkpoint_is_cosigned_anew_after_an_hour(
    log: PublishedLog, url: str, clock: Clock
) -> None:
    policy = policy_of(log, "all", regulator=url)
    publisher = publisher_of(log, policy, clock)
    log.rows.grow(3)
    publisher.publish()
    clock.now += 3599
    assert publisher.publish() is None
    assert policy.check(note_of(log), now=None).times["regulator"] == NOW
    clock.now += 1
    assert publisher.publish() is not None
    assert policy.check(note_of(log), now=None).times["regulator"] == NOW + 3600
    assert note_of(log).count(b"\xe2\x80\x94") == 2


def test_a_witness_that_comes_later_is_added_to_the_same_checkpoint(
    log: PublishedLog, url: str, clock: Clock
) -> None:
    with scripted(Scripted(a_key("late"))) as late:
        policy = policy_of(log, "any", regulator=url, late=late.url)
        publisher = publisher_of(log, policy, clock)
        log.rows.grow(3)
        publisher.publish()
        late.answer = lambda body: (200, TEXT, late.cosign(body, clock.now).encode())
        publisher.publish()
        assert len(late.asked) == 1  # it failed, and is left alone for a minute
        clock.now += 60
        publisher.publish()
        assert dict(policy.check(note_of(log), now=None).times) == {"regulator": NOW + 60, "late": NOW + 60}


def test_a_witness_that_goes_away_keeps_its_older_cosignature(
    log: PublishedLog, regulator: Witness, clock: Clock
) -> None:
    with serving(regulator) as url, scripted(Scripted(a_key("other"))) as other:
        policy = policy_of(log, "2", regulator=url, other=other.url)
        other.answer = lambda body: (200, TEXT, other.cosign(body, clock.now).encode())
        publisher = publisher_of(log, policy, clock)
        log.rows.grow(3)
        publisher.publish()
        other.answer = lambda body: (500, TEXT, b"")
        clock.now += 3600
        publisher.publish()
        assert dict(policy.check(note_of(log), now=None).times) == {"regulator": NOW + 3600, "other": NOW}


def test_nothing_is_asked_where_there_is_no_news(log: PublishedLog, clock: Clock) -> None:
    with scripted(Scripted(a_key("regulator"))) as witness:
        witness.answer = lambda body: (200, TEXT, witness.cosign(body).encode())
        policy = policy_of(log, "all", regulator=witness.url)
        log.rows.grow(3)
        publisher_of(log, policy, clock).publish()
        note = note_of(log)
        for _ in range(3):
            assert publisher_of(log, policy, clock).publish() is None
        assert len(witness.asked) == 1
        assert note_of(log) == note


def test_a_damaged_cosignature_under_the_published_checkpoint_is_mended(
    log: PublishedLog, url: str, clock: Clock
) -> None:
    policy = policy_of(log, "all", regulator=url)
    log.rows.grow(3)
    publisher_of(log, policy, clock).publish()
    note = note_of(log)
    (log.public / "checkpoint").write_bytes(note[: note.rindex(b"\xe2\x80\x94")])
    publisher_of(log, policy, clock).publish()
    assert note_of(log) == note


def test_after_a_crash_between_cosigning_and_publishing_the_same_checkpoint_is_shown(
    log: PublishedLog, url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object) -> None:
        raise OSError("the disk is gone")

    policy = policy_of(log, "all", regulator=url)
    log.rows.grow(3)
    with monkeypatch.context() as patch:
        patch.setattr(TileDirectory, "write_checkpoint", crash)
        with pytest.raises(OSError, match="disk"):
            publisher_of(log, policy, clock).publish()
    assert publisher_of(log, policy, clock).publish() is not None
    assert policy.check(note_of(log), now=NOW).checkpoint.size == 3


# ---- a split view -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "cosigned"), [(9, 9), (12, 9), (5, 9)], ids=["as large", "larger", "smaller"]
)
def test_a_witness_that_shows_another_history_of_this_key_stops_the_publisher_with_evidence(
    log: PublishedLog, regulator: Witness, url: str, clock: Clock, tmp_path: Path, size: int, cosigned: int
) -> None:
    log.rows.grow(size)
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, cosigned), log.key)
    regulator.add_checkpoint(request_of(fork, 0))
    publisher = publisher_of(log, policy_of(log, "all", regulator=url), clock)
    with pytest.raises(RefusedError, match="this publisher did not") as caught:
        publisher.run(Event(), beat=0)
    assert not (log.public / "checkpoint").exists()
    [path] = log.memory.parent.glob("*.split-view-*.json")
    assert str(path) in str(caught.value)
    evidence = read_evidence(path.read_bytes())
    assert isinstance(evidence, SplitView)
    texts = {evidence.first.split(b"\n\n")[0], evidence.second.split(b"\n\n")[0]}
    assert texts == {remembered(log).split(b"\n\n")[0], note_of(fork).split(b"\n\n")[0]}
    if cosigned <= size:
        evidence.verify([log.key.verifier])


def test_failing_open_does_not_publish_beside_a_split_view(
    log: PublishedLog, regulator: Witness, url: str, clock: Clock, tmp_path: Path
) -> None:
    log.rows.grow(12)
    fork = publish_anew(tmp_path / "fork", with_tail(log.rows.entries, 3, 9), log.key)
    regulator.add_checkpoint(request_of(fork, 0))
    with pytest.raises(RefusedError):
        publisher_of(log, policy_of(log, "all", regulator=url), clock, fail_open=True).publish()
    assert not (log.public / "checkpoint").exists()


def test_a_lying_witness_alone_stops_nothing(log: PublishedLog, url: str, clock: Clock) -> None:
    with scripted(Scripted(a_key("liar"))) as liar:
        liar.answer = lambda _: (409, "text/x.tlog.size", b"999\n")
        log.rows.grow(3)
        publisher = publisher_of(log, policy_of(log, "any", regulator=url, liar=liar.url), clock)
        assert publisher.publish() is not None


# ---- keys ---------------------------------------------------------------------------------------------------


def test_the_log_changes_its_key_under_the_eyes_of_its_witness_and_of_old_and_new_verifiers(
    log: PublishedLog, tmp_path: Path, clock: Clock
) -> None:
    old, new = log.key, SigningKey(log.key.name, bytes(range(100, 132)))
    state = tmp_path / "state"

    def beat(url: str, *keys: SigningKey) -> None:
        log.rows.grow(2)
        policy = parse_policy(policy_text("all", ("r", a_key("r"), url)))
        gathering = Gathering(policy, clock)
        assert (
            Publisher(log.rows, log.public, keys, old.name, log.memory, witnesses=gathering).publish()
            is not None
        )
        for key in keys:
            assert policy.check(note_of(log), NOW, [key.verifier]).checkpoint.size == len(log.rows.entries)

    with (
        Witness(a_key("r"), [old.verifier, new.verifier], tmp_path / "w", clock) as witness,
        serving(witness) as url,
    ):
        beat(url, old)
        verify(log.source, [old.verifier], full=True, state=state)
        beat(url, old, new)  # the overlap: each verifier finds its key
        verify(log.source, [old.verifier], full=True, state=state)
        verify(log.source, [new.verifier], full=True, state=state)
        verify(log.source, [old.verifier, new.verifier], full=True, state=state)
        beat(url, new)  # the old key is gone
        verify(log.source, [new.verifier], full=True, state=state)
        verify(log.source, [old.verifier, new.verifier], full=True, state=state)
        with pytest.raises(SignatureError):
            verify(log.source, [old.verifier])
    with Witness(a_key("r"), [old.verifier], tmp_path / "w", clock) as witness, serving(witness) as url:
        log.rows.grow(2)  # a witness that was not told of the new key does not cosign
        gathering = Gathering(parse_policy(policy_text("all", ("r", a_key("r"), url))), clock)
        assert (
            Publisher(log.rows, log.public, [new], old.name, log.memory, witnesses=gathering).publish()
            is None
        )
