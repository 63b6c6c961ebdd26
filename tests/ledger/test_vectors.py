"""The golden vectors of tests/vectors/ledger. Most of them are damaged and must be refused."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle import hash_bundle
from ledger.chain import verify_chains
from ledger.checkpoint import open_checkpoint, parse_checkpoint
from ledger.commitment import Opening, commit, open_for_party, open_for_subject, shared_half, subject_half
from ledger.cosignature import CosigningKey, WitnessKey, open_cosignatures
from ledger.encoding import decode_base64
from ledger.entry import encode, parse
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    MissingStatementError,
    ProofError,
    QuorumError,
    SignatureError,
)
from ledger.fetch import gunzip
from ledger.note import SigningKey, VerifierKey, open_note, sign_note
from ledger.policy import parse_policy
from ledger.promise import Promise, open_promise, parse_promise, sign_promise
from ledger.receipt import parse as parse_receipt
from ledger.receipt import verify as verify_receipt
from ledger.subject_head import SubjectHead, open_subject_head, parse_subject_head, sign_subject_head
from ledger.tiles import encode_bundle, parse_path
from ledger.tree import leaf_hash, root_hash, verify_consistency, verify_inclusion
from ledger.verifier import verify
from tests.ledger.flips import InMemory

FILES = Path(__file__).parents[1] / "vectors" / "ledger"
OUTCOMES: dict[str, type[LedgerError]] = {
    "malformed": MalformedError,
    "signature": SignatureError,
    "proof": ProofError,
    "missing": MissingStatementError,
    "inconsistent": InconsistentError,
    "quorum": QuorumError,
}
Vector = dict[str, Any]


@cache
def vectors(name: str) -> Any:
    return json.loads((FILES / f"{name}.json").read_text(encoding="ascii"))


def each(name: str, title: str = "desc") -> Callable[[Callable[[Vector], None]], Callable[[], None]]:
    """The test with every vector of a file in turn; fails with the title of each that goes wrong."""

    def with_each(test: Callable[[Vector], None]) -> Callable[[], None]:
        def with_all() -> None:
            wrong = {}
            for vector in vectors(name):
                try:
                    test(vector)
                except (Exception, pytest.fail.Exception) as error:
                    wrong[vector[title]] = error
            assert wrong == {}

        with_all.__name__ = test.__name__
        return with_all

    return with_each


def refused(vector: Vector, *errors: type[LedgerError]) -> AbstractContextManager[Any]:
    return pytest.raises(errors) if vector["must_fail"] else nullcontext()


@each("inclusion")
def test_inclusion_vector(vector: Vector) -> None:
    with refused(vector, ProofError, MalformedError):
        verify_inclusion(
            vector["index"],
            vector["size"],
            bytes.fromhex(vector["leaf"]),
            [bytes.fromhex(one) for one in vector["proof"]],
            bytes.fromhex(vector["root"]),
        )


@each("consistency")
def test_consistency_vector(vector: Vector) -> None:
    with refused(vector, ProofError, MalformedError):
        verify_consistency(
            vector["old_size"],
            vector["new_size"],
            bytes.fromhex(vector["old_root"]),
            bytes.fromhex(vector["new_root"]),
            [bytes.fromhex(one) for one in vector["proof"]],
        )


@each("notes")
def test_note_vector(vector: Vector) -> None:
    note = b"x" * vector.get("prefix_of_x", 0) + b64decode(vector["note"])
    keys = [VerifierKey.parse(one) for one in vector["vkeys"]]
    if vector["outcome"] == "ok":
        assert open_note(note, keys).verified == tuple(key.name for key in keys)
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            open_note(note, keys)


@each("vkeys")
def test_vkey_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        assert str(VerifierKey.parse(vector["vkey"])) == vector["vkey"]


@each("checkpoints")
def test_checkpoint_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        assert vector["text"].startswith(parse_checkpoint(vector["text"]).text())


@each("promises")
def test_promise_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        assert parse_promise(vector["text"]).text() == vector["text"]


@each("subject_heads")
def test_subject_head_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        assert parse_subject_head(vector["text"]).text() == vector["text"]


@each("chains")
def test_chain_vector(vector: Vector) -> None:
    example = vectors("worked_example")
    log, door = VerifierKey.parse(example["log_vkey"]), VerifierKey.parse(example["door_vkey"])
    receipts, heads = ([b64decode(one) for one in vector[what]] for what in ("receipts", "heads"))
    if vector["outcome"] == "ok":
        [chain] = verify_chains(receipts, [log], [door], heads=heads, part=vector["part"])
        assert chain.newest == 4
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            verify_chains(receipts, [log], [door], heads=heads, part=vector["part"])


@each("entries")
def test_entry_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        entry = parse(b64decode(vector["entry"]))
        assert (entry.commitment.hex(), entry.previous.hex()) == (vector["c"], vector["p"])


@each("entries")
def test_the_fast_reading_of_bundles_refuses_the_same_entries(vector: Vector) -> None:
    data = b64decode(vector["entry"])
    bundle = len(data).to_bytes(2, "big") + data
    expected = None
    if not vector["must_fail"]:
        expected = leaf_hash(data)
    assert hash_bundle(bundle, bytes.fromhex(vector.get("p", "00" * 32))) == expected


@each("tile_paths", "path")
def test_tile_path_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        found = parse_path(vector["path"])
        assert (found.level, found.index, found.width) == (vector["level"], vector["index"], vector["width"])
        assert str(found) == vector["path"]


@each("receipts")
def test_receipt_vector(vector: Vector) -> None:
    key = VerifierKey.parse(vectors("worked_example")["log_vkey"])
    door = VerifierKey.parse(vectors("worked_example")["door_vkey"])
    data = b64decode(vector["receipt"])
    if vector["outcome"] == "ok":
        assert verify_receipt(parse_receipt(data), [key, door]).index == 1
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            verify_receipt(parse_receipt(data), [key, door])


@each("cosignatures")
def test_cosignature_vector(vector: Vector) -> None:
    keys = [WitnessKey.parse(one) for one in vector["witnesses"]]
    note = b64decode(vector["note"])
    if vector["outcome"] == "ok":
        found = open_cosignatures(note, keys, vector["now"])
        assert {one.witness.name: one.time_unix for one in found} == vector["times"]
        assert all(one.line.encode() in note for one in found)
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            open_cosignatures(note, keys, vector["now"])


@each("policies")
def test_policy_vector(vector: Vector) -> None:
    with refused(vector, MalformedError) as caught:
        parse_policy(b64decode(vector["policy"]))
    if vector["must_fail"] and vector["line"] is not None:
        assert f"line {vector['line']} of the policy" in str(caught.value)


@each("quorums")
def test_quorum_vector(vector: Vector) -> None:
    policy, note = parse_policy(b64decode(vector["policy"])), b64decode(vector["note"])
    if vector["outcome"] == "ok":
        assert policy.check(note, now=1763683200).checkpoint.size == 3
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            policy.check(note, now=1763683200)


@each("logs")
def test_log_vector(vector: Vector) -> None:
    source = InMemory({path: b64decode(data) for path, data in vector["files"].items()})
    keys = [VerifierKey.parse(vector["vkey"])]
    if not vector["must_fail"]:
        verify(source, keys, full=True)
        return
    with pytest.raises(LedgerError) as caught:
        verify(source, keys, full=True)
    if vector["index"] is not None:
        assert getattr(caught.value, "index", None) == vector["index"]


@each("packed")
def test_packed_vector(vector: Vector) -> None:
    with refused(vector, MalformedError):
        data = b64decode(vector["body"])
        found = gunzip(vector["desc"], data, vector["limit"])
        if len(found) > vector["limit"]:  # the caller refuses it by its length
            raise MalformedError("too long")
        assert found == gzip.decompress(data)


# ---- the worked example: every byte, made again by this package ---------------------------------------------


@pytest.fixture(scope="module")
def example() -> Any:
    return vectors("worked_example")


def test_the_example_has_our_verifier_keys(example: Any) -> None:
    log = SigningKey("ledger.example/dm1", bytes.fromhex(example["log_seed"]))
    assert log.vkey == example["log_vkey"]
    assert log.vkey == "ledger.example/dm1+0e968883+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def test_the_example_has_our_commitments_and_entries(example: Any) -> None:
    previous = bytes(32)
    for one in example["entries"]:
        shared = shared_half(decode_base64(one["shared"]["salt"]), one["shared"]["body"].encode())
        halves = [subject_half(decode_base64(sub["salt"]), sub["body"].encode()) for sub in one["subjects"]]
        assert shared.hex() == one["shared"]["half"]
        assert [half.hex() for half in halves] == [sub["half"] for sub in one["subjects"]]
        commitment = commit(shared, halves)
        assert commitment.hex() == one["commitment"]
        entry = encode(commitment, previous)
        assert entry.decode() == one["entry"]
        previous = leaf_hash(entry)
        assert previous.hex() == one["leaf"]


def test_the_examples_openings_open_it(example: Any) -> None:
    for one in example["entries"]:
        commitment = bytes.fromhex(one["commitment"])
        salt, body = decode_base64(one["shared"]["salt"]), one["shared"]["body"].encode()
        halves = [bytes.fromhex(sub["half"]) for sub in one["subjects"]]
        party = open_for_party(salt, body, halves)
        assert party.subject_root is not None
        assert party.subject_root.hex() == one["subject_root"]
        party.verify(commitment)
        for place, sub in enumerate(one["subjects"]):
            own = open_for_subject(
                salt, body, halves, place, decode_base64(sub["salt"]), sub["body"].encode()
            )
            Opening.from_json(own.to_json()).verify(commitment)


def test_the_example_has_our_tree(example: Any) -> None:
    leaves = [bytes.fromhex(one["leaf"]) for one in example["entries"]]
    assert [root_hash(leaves[:size]).hex() for size in range(4)] == example["roots"]
    entries = [one["entry"].encode() for one in example["entries"]]
    assert encode_bundle(entries).hex() == example["bundle"]
    assert hash_bundle(bytes.fromhex(example["bundle"]), bytes(32)) == bytes.fromhex(example["tile"])


def test_the_examples_checkpoint_is_ours_with_a_witness_line_more(example: Any) -> None:
    key = SigningKey("ledger.example/dm1", bytes.fromhex(example["log_seed"]))
    note = example["checkpoint"].encode()
    checkpoint = open_checkpoint(note, [key.verifier])
    assert checkpoint.size == 3
    assert checkpoint.root.hex() == example["roots"][3]
    assert note.startswith(sign_note(checkpoint.text(), [key]))
    with pytest.raises(SignatureError):
        open_checkpoint(note, [VerifierKey.parse(example["door_vkey"])])


def test_the_examples_promise_is_ours(example: Any) -> None:
    key = SigningKey("ledger.example/dm1/door", bytes.fromhex(example["door_seed"]))
    leaf = bytes.fromhex(example["entries"][1]["leaf"])
    promise = Promise("ledger.example/dm1", 1, leaf, 1763683260)
    assert sign_promise(promise, key) == example["promise"].encode()
    assert open_promise(example["promise"].encode(), key.verifier) == promise
    with pytest.raises(SignatureError):
        open_promise(example["promise"].encode(), VerifierKey.parse(example["log_vkey"]))


def test_the_examples_subject_head_is_ours(example: Any) -> None:
    key = SigningKey("ledger.example/dm1/door", bytes.fromhex(example["door_seed"]))
    subject = decode_base64(example["subject"])
    leaf = bytes.fromhex(example["entries"][1]["leaf"])
    head = SubjectHead("ledger.example/dm1", subject, 2, 1, leaf)
    assert sign_subject_head(head, key) == example["subject_head"].encode()
    assert open_subject_head(example["subject_head"].encode(), key.verifier) == head


def test_a_witness_cosignature_key_is_not_taken_for_a_log_key(example: Any) -> None:
    with pytest.raises(MalformedError):
        VerifierKey.parse(example["witness_vkey"])
    with pytest.raises(MalformedError):
        WitnessKey.parse(example["log_vkey"])


def test_the_examples_cosignature_is_ours(example: Any) -> None:
    witness = CosigningKey("witness.example/w1", bytes(range(32, 64)))
    assert witness.vkey == example["witness_vkey"]
    text = example["checkpoint"].split("\n\n")[0] + "\n"
    [found] = open_cosignatures(example["checkpoint"].encode(), [witness.verifier])
    assert (found.time_unix, found.line) == (1763683200, witness.cosign(text, 1763683200))
    assert repr(witness) == f"CosigningKey({witness.vkey})"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("", 1),
        ("hello\n", 1),
        ("ledger.example/x\n+1\n" + "A" * 43 + "=\n", 1),
        ("TEXT", -1),
        ("TEXT", 2**63),
    ],
)
def test_a_witness_cosigns_nothing_but_a_checkpoint_at_a_time(example: Any, text: str, time: int) -> None:
    text = text.replace("TEXT", example["checkpoint"].split("\n\n")[0] + "\n")
    with pytest.raises(MalformedError):
        CosigningKey("witness.example/w1", bytes(32)).cosign(text, time)
