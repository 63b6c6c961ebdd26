"""The tree against the naive recursive definition of RFC 6962."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, ProofError
from ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.ledger.make_vectors import consistency, mth, path

LEAVES = [leaf_hash(str(number).encode()) for number in range(600)]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 511, 512, 513, 600]


class Naive:
    """Hashes of complete subtrees, by definition."""

    def subtree(self, level: int, index: int) -> bytes:
        return mth(LEAVES[index << level : (index + 1) << level])


def test_hashes_are_those_of_rfc_6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(LEAVES[0], LEAVES[1]) == sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()


@pytest.mark.parametrize("size", [0, *SIZES])
def test_root_and_frontier_follow_the_recursive_definition(size: int) -> None:
    assert root_hash(LEAVES[:size]) == mth(LEAVES[:size])
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert frontier.size == size
    again = Frontier.from_bytes(frontier.to_bytes())
    assert again.root() == mth(LEAVES[:size])
    again.append(LEAVES[0])
    assert frontier.size == size
    assert again.root() == mth([*LEAVES[:size], LEAVES[0]])


@given(st.data())
def test_inclusion_proofs_are_the_recursive_ones_and_hold(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(Naive(), index, size)
    assert proof == path(index, LEAVES[:size])
    verify_inclusion(index, size, LEAVES[index], proof, mth(LEAVES[:size]))


@given(st.data())
def test_consistency_proofs_are_the_recursive_ones_and_hold(data: st.DataObject) -> None:
    new = data.draw(st.integers(0, 600))
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(Naive(), old, new)
    assert proof == consistency(old, LEAVES[:new])
    verify_consistency(old, new, mth(LEAVES[:old]), mth(LEAVES[:new]), proof)


@given(st.data())
def test_an_inclusion_proof_shows_its_leaf_at_no_other_index(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index))
    proof = inclusion_proof(Naive(), index, size)
    with pytest.raises(ProofError):
        verify_inclusion(other, size, LEAVES[index], proof, mth(LEAVES[:size]))


@given(st.data())
def test_a_tree_with_a_changed_leaf_is_not_the_beginning_of_the_grown_one(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 300))
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    other = [*LEAVES[:changed], leaf_hash(b"other"), *LEAVES[changed + 1 : old]]
    with pytest.raises(ProofError):
        verify_consistency(old, new, mth(other), mth(LEAVES[:new]), consistency_proof(Naive(), old, new))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 5), (5, 5), (6, 5), (0, -1)])
def test_no_inclusion_proof_is_made_for_an_entry_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        inclusion_proof(Naive(), index, size)


@pytest.mark.parametrize(("old", "new"), [(5, 4), (-1, 4), (1, 0), (0, -1)])
def test_no_consistency_proof_is_made_from_a_larger_to_a_smaller_tree(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        consistency_proof(Naive(), old, new)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(7),
        bytes(9),
        (1).to_bytes(8, "big"),
        (1).to_bytes(8, "big") + bytes(31),
        (1).to_bytes(8, "big") + bytes(64),
        (3).to_bytes(8, "big") + bytes(32),
        (2**63).to_bytes(8, "big") + bytes(32),
    ],
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Frontier.from_bytes(data)


def test_a_complete_subtree_is_added_only_where_one_can_begin() -> None:
    frontier = Frontier()
    frontier.append_subtree(8, mth(LEAVES[:256]))
    frontier.append_subtree(1, mth(LEAVES[256:258]))
    frontier.append(LEAVES[258])
    assert frontier.root() == mth(LEAVES[:259])
    with pytest.raises(MalformedError):
        frontier.append_subtree(1, LEAVES[0])
