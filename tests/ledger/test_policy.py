"""Quorums of any shape, compared with their definition read out loud."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import QuorumError
from ledger.policy import Policy, parse_policy
from tests.ledger.witnesses import a_key

WITNESSES = "abcdef"


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of six witnesses in groups, and groups of groups; its quorum is one of them."""
    lines = [f"witness {name} {a_key(name).vkey}" for name in WITNESSES]
    turned = draw(st.integers(0, len(WITNESSES) - 1))
    free = [*WITNESSES[turned:], *WITNESSES[:turned]]
    for number in range(draw(st.integers(0, 4))):
        width = min(len(free), draw(st.integers(1, 4)))
        rule = draw(st.sampled_from(["any", "all", *(str(k + 1) for k in range(width))]))
        lines.append(f"group g{number} {rule} {' '.join(free[:width])}")
        free = [*free[width:], f"g{number}"]
    return parse_policy("\n".join([*lines, f"quorum {free[-1]}", ""]).encode())


def holds(policy: Policy, name: str, cosigned: set[str]) -> bool:
    """The definition: a witness holds if it cosigned, a group if enough of its members hold."""
    for group in policy.groups:
        if group.name == name:
            return len([one for one in group.members if holds(policy, one, cosigned)]) >= group.threshold
    return name in cosigned


def is_met(policy: Policy, cosigned: set[str]) -> bool:
    try:
        policy.require(cosigned)
    except QuorumError:
        return False
    return True


@given(policies(), st.sets(st.sampled_from(WITNESSES)), st.sampled_from(WITNESSES))
def test_a_quorum_is_met_as_its_definition_says_and_one_more_cosigner_never_spoils_it(
    policy: Policy, cosigned: set[str], another: str
) -> None:
    assert policy.quorum is not None
    assert is_met(policy, cosigned) == holds(policy, policy.quorum, cosigned)
    if is_met(policy, cosigned):
        assert is_met(policy, cosigned | {another})


@given(policies(), st.dictionaries(st.sampled_from(WITNESSES), st.integers(0, 9)))
def test_the_time_of_a_quorum_is_the_last_at_which_it_is_met_by_who_cosigned_since(
    policy: Policy, times: dict[str, int]
) -> None:
    met = [at for at in range(10) if is_met(policy, {name for name, own in times.items() if own >= at})]
    assert policy.time_of_quorum(times) == (max(met) if met else None)
