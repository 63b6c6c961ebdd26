"""A monitor finds broken promises and second histories, and what it finds can be checked offline by anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import LedgerError, MalformedError, NotPublishedError, SignatureError, StateError
from ledger.evidence import BrokenPromise, SplitView, read_evidence, write_evidence
from ledger.finding import Finding
from ledger.monitor import STALE_SECONDS, Watched, watch
from ledger.note import SigningKey
from ledger.policy import Policy, parse_policy
from ledger.promise import Promise, sign_promise
from ledger.publisher import Publisher
from ledger.tiles import TileDirectory
from ledger.tree import leaf_hash
from ledger.witness.core import Witness
from ledger.witness.gather import Gathering
from ledger.witness.wire import read_path
from tests.ledger.logs import PublishedLog, publish_anew, with_tail
from tests.ledger.test_cli import Run, run  # noqa: F401 - a fixture
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
)


@dataclass
class Watching:
    """A log with a witness, and the person who watches it; `clock` is everybody's."""

    log: PublishedLog
    door: SigningKey
    regulator: Witness
    policy: Policy
    clock: Clock
    place: Path
    publisher: Publisher

    def grow(self, count: int) -> None:
        self.log.rows.grow(count)
        self.publisher.publish()

    def promise(self, index: int, deadline: int = NOW + 60, leaf: bytes | None = None) -> bytes:
        leaf = leaf_hash(self.log.rows.entries[index]) if leaf is None else leaf
        return sign_promise(Promise(self.log.key.name, index, leaf, deadline), self.door)

    def what(self, *promises: bytes) -> Watched:
        return Watched(
            log=self.log.source,
            keys=[self.log.key.verifier],
            now=self.clock.now,
            policy=self.policy,
            promises={f"promise {number}": data for number, data in enumerate(promises)},
            door_keys=[self.door.verifier],
        )

    def kinds(self, *promises: bytes) -> list[str]:
        return [one.kind for one in watch(self.what(*promises))]


@pytest.fixture
def watching(log: PublishedLog, door_key: SigningKey, tmp_path: Path) -> Iterator[Watching]:
    clock = Clock()
    regulator = a_witness(tmp_path, log, clock)
    with serving(regulator) as url:
        policy = parse_policy(policy_text("all", ("regulator", a_key("regulator"), url), log=log.key.vkey))
        publisher = Publisher(
            log.rows, log.public, [log.key], log.key.name, log.memory, witnesses=Gathering(policy, clock)
        )
        watched = Watching(log, door_key, regulator, policy, clock, tmp_path, publisher)
        watched.grow(5)
        yield watched


def only(findings: Sequence[Finding], kind: str) -> Finding:
    [found] = [one for one in findings if one.kind == kind]
    return found


def proven(finding: Finding) -> Any:
    """The finding's evidence, after it went through a file."""
    assert finding.evidence is not None
    return read_evidence(write_evidence(finding.evidence))


# ---- promises -----------------------------------------------------------------------------------------------


def test_a_log_that_keeps_its_word_has_nothing_against_it(watching: Watching) -> None:
    assert watching.kinds(*(watching.promise(index) for index in range(5))) == ["kept"] * 5
    watching.grow(300)
    assert watching.kinds(watching.promise(300), watching.promise(0)) == ["kept"] * 2


def test_another_entry_at_the_promised_index_is_proven(watching: Watching) -> None:
    finding = only(watch(watching.what(watching.promise(3, leaf=bytes(32)))), "broken-promise")
    evidence = proven(finding)
    promise, checkpoint = evidence.verify([watching.log.key.verifier], [watching.door.verifier])
    assert (promise.index, checkpoint.size) == (3, 5)


def test_an_entry_that_is_not_there_after_the_deadline_is_proven_by_the_cosignature(
    watching: Watching,
) -> None:
    promise = watching.promise(5, leaf=bytes(32))
    assert watching.kinds(promise) == ["waiting"]
    watching.clock.now = NOW + 61
    assert watching.kinds(promise) == ["overdue"]  # the cosignature is older than the deadline
    watching.clock.now = NOW + 3601
    watching.publisher.publish()  # cosigned anew, the hour is over
    finding = only(watch(watching.what(promise)), "broken-promise")
    keys, door = [watching.log.key.verifier], [watching.door.verifier]
    shown, checkpoint = proven(finding).verify(keys, door, watching.policy)
    assert (shown.index, checkpoint.size) == (5, 5)
    with pytest.raises(MalformedError):  # the file is not the promise's note
        BrokenPromise(b"", finding.evidence.checkpoint).verify(keys, door, watching.policy)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("deadline", "kind"), [(NOW, "overdue"), (NOW - 1, "broken-promise"), (NOW + 60, "waiting")]
)
def test_the_cosignature_counts_only_after_the_deadline(watching: Watching, deadline: int, kind: str) -> None:
    watching.clock.now = NOW + (1 if kind == "overdue" else 0)
    assert watching.kinds(watching.promise(5, deadline, bytes(32))) == [kind]


def test_without_a_policy_no_time_is_proven(watching: Watching) -> None:
    what = replace(watching.what(watching.promise(5, NOW - 1, bytes(32))), policy=None)
    assert [one.kind for one in watch(what)] == ["overdue"]


def test_a_promise_by_another_door_or_about_another_log_is_none(watching: Watching) -> None:
    mallory = SigningKey(watching.door.name, bytes(32))
    leaf = leaf_hash(watching.log.rows.entries[0])
    forged = sign_promise(Promise(watching.log.key.name, 0, leaf, NOW), mallory)
    foreign = sign_promise(Promise("ledger.example/other", 0, leaf, NOW), watching.door)
    damaged = watching.promise(0).replace(b"\n0\n", b"\n1\n")
    assert (
        watching.kinds(forged, foreign, damaged, b"", b"hello", note_of(watching.log)) == ["bad-promise"] * 6
    )


def test_a_log_whose_tile_is_gone_does_not_say_whether_it_kept_its_word(watching: Watching) -> None:
    promise = watching.promise(3)
    (watching.log.public / "tile/0/000.p/5").unlink()
    assert "unreadable" in watching.kinds(promise)


def test_a_deadline_beyond_the_calendar_is_waited_for(watching: Watching) -> None:
    assert watching.kinds(watching.promise(7, 999_999_999_999_999, bytes(32))) == ["waiting"]


TAMPERINGS: dict[str, Callable[[Watching, BrokenPromise], tuple[BrokenPromise, Policy | None]]] = {
    "kept after all": lambda w, e: (
        replace(e, promise=w.promise(3), leaf=leaf_hash(w.log.rows.entries[3])),
        None,
    ),
    "another leaf": lambda w, e: (replace(e, leaf=bytes([1]) * 32), None),
    "proof cut short": lambda w, e: (replace(e, proof=e.proof[:-1]), None),
    "proof of nothing": lambda w, e: (replace(e, proof=()), None),
    "checkpoint changed": lambda w, e: (
        replace(e, checkpoint=e.checkpoint.replace(b"\n5\n", b"\n6\n")),
        None,
    ),
    "promise changed": lambda w, e: (replace(e, promise=e.promise.replace(b"\n3\n", b"\n2\n")), None),
    "promise of another door": lambda w, e: (
        replace(e, promise=sign_promise(Promise(w.log.key.name, 3, bytes(32), NOW), w.log.key)),
        None,
    ),
    "promise about another log": lambda w, e: (
        replace(e, promise=sign_promise(Promise("ledger.example/other", 3, bytes(32), NOW), w.door)),
        None,
    ),
    "index beyond the checkpoint, with a proof": lambda w, e: (
        replace(e, promise=w.promise(7, leaf=bytes(32))),
        None,
    ),
    "too short, without a policy": lambda w, e: (
        BrokenPromise(w.promise(7, NOW - 1, bytes(32)), e.checkpoint),
        None,
    ),
    "too short, before the deadline": lambda w, e: (
        BrokenPromise(w.promise(7, NOW, bytes(32)), e.checkpoint),
        w.policy,
    ),
    "too short, without the cosignature": lambda w, e: (
        BrokenPromise(w.promise(7, NOW - 1, bytes(32)), e.checkpoint[: e.checkpoint.rindex(b"\xe2\x80\x94")]),
        w.policy,
    ),
    "too short, by a policy that asks for nobody": lambda w, e: (
        BrokenPromise(w.promise(7, NOW - 1, bytes(32)), e.checkpoint),
        replace(w.policy, quorum=None),
    ),
    "not too short": lambda w, e: (BrokenPromise(w.promise(3, NOW - 1, bytes(32)), e.checkpoint), w.policy),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_evidence_of_a_broken_promise_cannot_be_made_up(watching: Watching, name: str) -> None:
    found = only(watch(watching.what(watching.promise(3, leaf=bytes(32)))), "broken-promise").evidence
    assert isinstance(found, BrokenPromise)
    found.verify([watching.log.key.verifier], [watching.door.verifier])
    forged, policy = TAMPERINGS[name](watching, found)
    with pytest.raises(LedgerError):
        forged.verify([watching.log.key.verifier], [watching.door.verifier], policy)


def test_of_two_of_three_witnesses_two_must_have_cosigned_after_the_deadline(
    log: PublishedLog, door_key: SigningKey, tmp_path: Path
) -> None:
    clock = Clock()
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serving(a_witness(tmp_path, log, clock, name))) for name in "abc"}
        policy = parse_policy(policy_text("2", *((name, a_key(name), url) for name, url in urls.items())))
        log.rows.grow(5)
        publisher = Publisher(
            log.rows, log.public, [log.key], log.key.name, log.memory, witnesses=Gathering(policy, clock)
        )
        publisher.publish()
    promise = sign_promise(Promise(log.key.name, 5, bytes(32), NOW + 60), door_key)
    note, text = note_of(log), note_of(log).decode().split("\n\n")[0] + "\n"
    evidence = BrokenPromise(promise, note + a_key("a").cosign(text, NOW + 61).encode())
    with pytest.raises(LedgerError):
        evidence.verify([log.key.verifier], [door_key.verifier], policy)
    both = BrokenPromise(promise, evidence.checkpoint + a_key("c").cosign(text, NOW + 62).encode())
    both.verify([log.key.verifier], [door_key.verifier], policy)
    times = policy.check(both.checkpoint, NOW + 100, [log.key.verifier]).times
    assert policy.time_of_quorum(times) == NOW + 61


# ---- several views ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "common"), [(5, 2), (9, 3), (4, 2), (300, 1)])
def test_a_mirror_that_was_shown_another_history_is_proven(
    watching: Watching, size: int, common: int
) -> None:
    other = publish_anew(
        watching.place / "o", with_tail(watching.log.rows.entries, common, size), watching.log.key
    )
    findings = watch(replace(watching.what(), others={"the mirror": other.source}))
    finding = only(findings, "split-view")
    assert "the mirror" in finding.about
    first, second = proven(finding).verify([watching.log.key.verifier])
    assert sorted([first.size, second.size]) == sorted([5, size])


@pytest.mark.parametrize("size", [5, 9, 4, 8])
def test_a_witness_that_was_shown_another_history_is_proven_for_any_size(
    watching: Watching, tmp_path: Path, size: int
) -> None:
    """The witness that cosigned the log's history, seen from someone who was shown the fork."""
    fork = publish_anew(tmp_path / "fork", with_tail(watching.log.rows.entries, 3, size), watching.log.key)
    findings = watch(replace(watching.what(), log=fork.source, others={"mirror": watching.log.source}))
    evidence = proven(only(findings, "split-view"))
    evidence.verify([watching.log.key.verifier])
    assert "no-quorum" in [one.kind for one in findings]  # nobody cosigned what is shown here


def test_a_fork_whose_tiles_nobody_shows_is_said_to_be_not_compared(
    watching: Watching, tmp_path: Path
) -> None:
    fork = publish_anew(tmp_path / "fork", with_tail(watching.log.rows.entries, 3, 9), watching.log.key)
    (fork.public / "tile/0/000.p/9").unlink()
    findings = watch(replace(watching.what(), others={"the mirror": fork.source}))
    assert [one.kind for one in findings] == ["not-compared"]


def test_a_rewritten_log_is_not_forgotten_because_it_hid_its_tiles_for_one_look(
    watching: Watching, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    watch(replace(watching.what(), state=state))
    fork = publish_anew(tmp_path / "fork", with_tail(watching.log.rows.entries, 3, 9), watching.log.key)
    shown = replace(watching.what(), log=fork.source, policy=None, state=state)
    edge = fork.public / "tile/0/000.p/9"
    hidden = edge.rename(tmp_path / "hidden")
    [finding] = watch(shown)
    assert (finding.kind, finding.is_harmless) == ("unreadable", False)
    hidden.rename(edge)
    proven(only(watch(shown), "split-view")).verify([watching.log.key.verifier])


def test_a_place_ahead_that_cannot_be_compared_is_not_remembered(watching: Watching, tmp_path: Path) -> None:
    state = tmp_path / "state"
    fork = publish_anew(tmp_path / "fork", with_tail(watching.log.rows.entries, 3, 9), watching.log.key)
    edge = fork.public / "tile/0/000.p/9"
    hidden = edge.rename(tmp_path / "hidden")
    assert [one.kind for one in watch(replace(watching.what(), others={"m": fork.source}, state=state))] == [
        "not-compared"
    ]
    hidden.rename(edge)
    shown = replace(watching.what(), log=fork.source, policy=None, state=state)
    assert [one.kind for one in watch(shown)] == ["split-view"]


def test_a_mirror_and_a_witness_that_are_behind_or_ahead_are_no_contradiction(
    watching: Watching, tmp_path: Path
) -> None:
    older = PublishedLog(tmp_path / "older", watching.log.key)
    older.rows.entries = watching.log.rows.entries[:3]
    older.publish()
    watching.log.rows.grow(4)
    ahead = PublishedLog(tmp_path / "ahead", watching.log.key, watching.log.rows)
    ahead.publish()
    assert watch(replace(watching.what(), others={"a": older.source, "b": ahead.source})) == []


def test_a_witness_that_was_shown_more_than_the_log_shows_is_compared_with_its_tiles(
    watching: Watching, tmp_path: Path
) -> None:
    before = note_of(watching.log)
    watching.grow(4)
    (watching.log.public / "checkpoint").write_bytes(before)
    assert watch(watching.what()) == []


def test_places_that_are_away_or_show_something_else_are_named(watching: Watching, tmp_path: Path) -> None:
    stranger = publish_anew(tmp_path / "s", [], SigningKey(watching.log.key.name, bytes(32)))
    another = publish_anew(tmp_path / "a", [], SigningKey("ledger.example/other", bytes(32)))
    garbage = tmp_path / "garbage"
    garbage.mkdir()
    (garbage / "checkpoint").write_bytes(b"\x00\xff" * 100)
    empty = tmp_path / "empty"
    empty.mkdir()
    others = {
        "s": stranger.source,
        "a": another.source,
        "g": TileDirectory(garbage),
        "e": TileDirectory(empty),
    }
    what = replace(watching.what(), others=others, keys=[watching.log.key.verifier, another.key.verifier])
    found = {one.about: one.kind for one in watch(what)}
    assert found == {"s": "bad-checkpoint", "a": "bad-checkpoint", "g": "bad-checkpoint", "e": "away"}


def test_a_lying_witness_proves_nothing(watching: Watching) -> None:
    with scripted(Scripted(a_key("liar"))) as liar:
        liar.shows = lambda: (200, TEXT, note_of(watching.log).replace(b"\n5\n", b"\n9\n"))
        text = policy_text("any", ("liar", a_key("liar"), liar.url), ("r", a_key("regulator"), None))
        what = replace(watching.what(), policy=parse_policy(text))
        assert [one.kind for one in watch(what)] == ["bad-checkpoint"]


def test_a_log_that_shows_nothing_or_something_else_raises(watching: Watching, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(NotPublishedError):
        watch(replace(watching.what(), log=TileDirectory(tmp_path / "nothing")))
    with pytest.raises(SignatureError):
        watch(replace(watching.what(), keys=[watching.door.verifier]))


# ---- witnesses ----------------------------------------------------------------------------------------------


def test_a_log_without_its_quorum_and_an_old_view_are_findings(watching: Watching) -> None:
    note = note_of(watching.log)
    watching.clock.now = NOW + STALE_SECONDS
    assert watching.kinds() == []
    watching.clock.now = NOW + STALE_SECONDS + 1
    assert watching.kinds() == ["stale"]
    watching.clock.now = NOW - 301
    assert watching.kinds() == ["no-quorum"]  # a cosignature from the future
    watching.clock.now = NOW
    (watching.log.public / "checkpoint").write_bytes(note[: note.rindex(b"\xe2\x80\x94")])
    assert watching.kinds() == ["no-quorum"]


# ---- memory -------------------------------------------------------------------------------------------------


def test_one_who_comes_back_sees_a_rewritten_and_a_rolled_back_log(
    watching: Watching, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    what = replace(watching.what(), state=state, policy=None)
    assert watch(what) == []
    older = publish_anew(tmp_path / "older", watching.log.rows.entries[:3], watching.log.key)
    assert "rolled-back" in [one.kind for one in watch(replace(what, log=older.source))]
    rewritten = publish_anew(
        tmp_path / "rewritten", with_tail(watching.log.rows.entries, 2, 11), watching.log.key
    )
    finding = only(watch(replace(what, log=rewritten.source)), "split-view")
    assert finding.kept_in is not None
    kept = read_evidence(finding.kept_in.read_bytes())
    assert isinstance(kept, SplitView)
    assert [one.size for one in kept.verify([watching.log.key.verifier])] == [5, 11]
    watching.grow(3)
    assert watch(replace(what)) == []  # the forked history did not take the place of what was seen first


def test_a_damaged_memory_and_a_key_that_is_gone_are_said(watching: Watching, tmp_path: Path) -> None:
    state = tmp_path / "state"
    what = replace(watching.what(), state=state)
    watch(what)
    [memory] = state.glob("*.monitor")
    good = memory.read_bytes()
    memory.write_bytes(good[:40])
    with pytest.raises(StateError, match="damaged"):
        watch(what)
    memory.write_bytes(good.replace(b"\n5\n", b"\n6\n"))
    with pytest.raises(StateError, match="older key"):
        watch(what)


def test_the_same_evidence_is_kept_once(watching: Watching, tmp_path: Path) -> None:
    what = replace(watching.what(watching.promise(3, leaf=bytes(32))), state=tmp_path / "state")
    for _ in range(3):
        watch(what)
        watching.grow(1)
    assert len(list((tmp_path / "state" / "evidence").iterdir())) == 1


# ---- evidence as a file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"v":1}',
        b'{"v":true,"kind":"split-view","first":"","second":"","prefix":null,"proof":[]}',
        b'{"v":2,"kind":"split-view","first":"","second":"","prefix":null,"proof":[]}',
        b'{"v":1,"kind":"other","first":"","second":"","prefix":null,"proof":[]}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":null}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":null,"proof":[],"x":1}',
        b'{"v":1,"kind":"split-view","first":5,"second":"","prefix":null,"proof":[]}',
        b'{"v":1,"kind":"split-view","first":"\\ud800","second":"","prefix":null,"proof":[]}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":5,"proof":[]}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":"AAAA","proof":[]}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":null,"proof":{}}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":null,"proof":[null]}',
        b'{"v":1,"kind":"split-view","first":"","second":"","prefix":null,"proof":["AAAA"]}',
        b'{"v":1,"kind":"broken-promise","promise":"","checkpoint":"","leaf":null}',
        b'{"v":1,"kind":"broken-promise","promise":null,"checkpoint":"","leaf":null,"proof":[]}',
        b'{"v":1,"kind":"broken-promise","first":"","second":"","prefix":null,"proof":[]}',
        b" " * 4_000_001,
    ],
    ids=lambda data: str(data[:70]),
)
def test_malformed_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_evidence(data)


# ---- the command --------------------------------------------------------------------------------------------


@dataclass
class Files:
    """What a person who monitors has on disk."""

    promises: Path
    policy: Path
    state: Path


@pytest.fixture
def files(watching: Watching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files(tmp_path / "promises", tmp_path / "policy", tmp_path / "monitor-state")
    made.promises.mkdir()
    (made.promises / "one").write_bytes(watching.promise(1))
    witness = watching.policy.witnesses[0]
    made.policy.write_bytes(
        policy_text("all", ("r", a_key("regulator"), witness.url), log=watching.log.key.vkey)
    )
    monkeypatch.setattr("ledger.commands.monitor.time.time", lambda: float(watching.clock.now))
    return made


def test_the_command_watches_and_its_evidence_verifies_offline(
    run: Run,  # noqa: F811
    watching: Watching,
    files: Files,
) -> None:
    key, door = watching.log.key.vkey, watching.door.vkey
    options = ["--key", key, "--policy", files.policy, "--promises", files.promises, "--door-key", door]
    options += ["--state", files.state]
    outcome = run("monitor", watching.log.public, *options)
    assert outcome.status == 0
    assert "Nothing is wrong." in outcome.out
    (files.promises / "two").write_bytes(watching.promise(2, leaf=bytes(32)))
    (files.promises / "late").write_bytes(watching.promise(9, NOW - 1, bytes(32)))
    outcome = run("monitor", watching.log.public, *options, "--json")
    assert outcome.status == 1
    by_name = {one["about"]: one for one in outcome.members["findings"]}
    assert {name: one["kind"] for name, one in by_name.items()} == {
        "one": "kept",
        "two": "broken-promise",
        "late": "broken-promise",
    }
    for name in ("two", "late"):
        kept = by_name[name]["kept_in"]
        verify = ["monitor", "verify", kept, "--key", key, "--door-key", door]
        assert run(*verify, "--policy", files.policy).status == 0
        assert run(*verify).status == (1 if name == "late" else 0)  # a time needs a policy
        assert run("monitor", "verify", kept, "--key", key).status == 2
        other = SigningKey(watching.door.name, bytes(32)).vkey
        assert run("monitor", "verify", kept, "--key", key, "--door-key", other).status == 1
    assert "evidence:" in run("monitor", watching.log.public, *options).out
    assert json.loads(Path(by_name["two"]["kept_in"]).read_text())["kind"] == "broken-promise"


def test_nothing_is_wrong_comes_with_what_was_looked_at_and_what_was_not(
    run: Run,  # noqa: F811
    watching: Watching,
    files: Files,
    tmp_path: Path,
) -> None:
    place = [watching.log.public, "--key", watching.log.key.vkey]
    bare = run("monitor", *place)
    assert "Nothing is wrong." in bare.out
    assert f"Looked at: {watching.log.key.name}, 5 entries" in bare.out
    for missing in ("no --promises", "no --policy", "no mirror", "no --state"):
        assert missing in bare.out
    mirrored = tmp_path / "mirror"
    assert run("mirror", watching.log.public, mirrored, "--key", watching.log.key.vkey).status == 0
    options = ["--policy", files.policy, "--promises", files.promises, "--state", files.state]
    options += ["--door-key", watching.door.vkey]
    full = run("monitor", watching.log.public, mirrored, *place[1:], *options)
    assert f"compared with 2 other places: {mirrored}, witness witness.example/regulator" in full.out
    assert "1 promise: 1 kept" in full.out
    assert "cosigned by 1 of 1 witness" in full.out
    assert "this is the first in that --state" in full.out
    again = run("monitor", watching.log.public, *place[1:], *options, "--json").members["looked_at"]
    assert again == {
        "origin": watching.log.key.name,
        "size": 5,
        "places": ["witness witness.example/regulator"],
        "cosigned": ["witness.example/regulator"],
        "promises": 1,
        "remembers": True,
    }
    last = run("monitor", watching.log.public, *place[1:], *options)
    assert "--state" not in last.out


def test_a_file_of_keys_counts_with_all_its_keys_while_they_change(
    run: Run,  # noqa: F811
    watching: Watching,
    files: Files,
    tmp_path: Path,
) -> None:
    """The published file: the log's key first, then the door's, then the next of either."""
    log, door = watching.log.key, watching.door
    newer_door = SigningKey(door.name, b"d" * 32)
    promise = Promise(log.name, 2, leaf_hash(watching.log.rows.entries[2]), NOW + 60)
    (files.promises / "newer").write_bytes(sign_promise(promise, newer_door))
    old_log = SigningKey(log.name, b"o" * 32)
    keys = tmp_path / "vkey"
    for order in ([old_log, door, newer_door, log], [log, newer_door, door, old_log]):
        keys.write_text("".join(f"{key.vkey}\n" for key in order))
        options = ["--key", keys, "--promises", files.promises, "--door-key", keys]
        outcome = run("monitor", watching.log.public, *options)
        assert "2 promises: 2 kept" in outcome.out, outcome
    keys.write_text(f"{newer_door.vkey}\n{door.vkey}\n")  # the door's alone
    options = ["--key", log.vkey, "--promises", files.promises, "--door-key", keys]
    assert "2 promises: 2 kept" in run("monitor", watching.log.public, *options).out
    keys.write_text(f"{log.vkey}\n{newer_door.vkey}\n")
    outcome = run("monitor", watching.log.public, *options)
    assert outcome.status == 1
    assert "1 bad-promise, 1 kept" in outcome.out


def test_the_command_compares_with_a_mirror(
    run: Run,  # noqa: F811
    watching: Watching,
    files: Files,
    tmp_path: Path,
) -> None:
    fork = publish_anew(tmp_path / "fork", with_tail(watching.log.rows.entries, 3, 9), watching.log.key)
    command = ["monitor", watching.log.public, fork.public, "--key", watching.log.key.vkey]
    outcome = run(*command)
    assert outcome.status == 1
    assert "there is evidence" in outcome.out
    outcome = run(*command, "--state", files.state, "--json")
    [finding] = outcome.members["findings"]
    assert finding["kind"] == "split-view"
    assert run("monitor", "verify", finding["kept_in"], "--key", watching.log.key.vkey, "--json").members[
        "ok"
    ]


def test_wrong_use_of_the_command(
    run: Run,  # noqa: F811
    watching: Watching,
    files: Files,
    tmp_path: Path,
) -> None:
    key, public = watching.log.key.vkey, watching.log.public
    for arguments in [
        ["monitor"],
        ["monitor", public],
        ["monitor", public, "--key", key, "--promises", files.promises],
        ["monitor", public, "--key", key, "--promises", tmp_path / "x", "--door-key", key],
        ["monitor", public, "--key", key, "--policy", tmp_path / "x"],
        ["monitor", public, "--key", key, "--policy", public / "checkpoint"],
        ["monitor", public, tmp_path / "x", "--key", key],
        ["monitor", public, "--key", key, "--state", files.policy],
        ["monitor", "verify", "--key", key],
        ["monitor", "verify", tmp_path / "x", "--key", key],
        ["monitor", "verify", files.policy, "--key", key],
    ]:
        outcome = run(*arguments)
        assert (outcome.status, bool(outcome.err)) == (2, True), arguments
        assert "Traceback" not in outcome.err
    assert run("monitor", "http://127.0.0.1:1", "--key", key).status == 3
    assert run("monitor", public, "--key", SigningKey(watching.log.key.name, bytes(32)).vkey).status == 1


def test_a_witness_shows_its_log_under_the_origins_hash(watching: Watching) -> None:
    note = watching.regulator.newest(read_path(watching.log.key.name).partition("/")[0])
    assert note == note_of(watching.log)
    watching.regulator.add_checkpoint(request_of(watching.log, 5))
    assert open_checkpoint(note or b"", [watching.log.key.verifier]).size == 5
