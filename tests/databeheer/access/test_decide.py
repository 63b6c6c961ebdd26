"""The decision against the naive oracle, and the properties that hold in every world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databeheer.access.decide import Decision, ReasonCode, decide
from databeheer.access.facts import Facts, PermissionState
from databeheer.access.intervals import IntervalSet
from databeheer.brussels import slots_in_day
from databeheer.values import Period
from tests.databeheer.access.oracle import answers, quarters
from tests.databeheer.access.people import CATALOGUE, QUARTER, outline
from tests.databeheer.access.worlds import CHANGES, OTHER, World, world_of, worlds

many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decided(world: World) -> Decision:
    return decide(world.wish, world.facts, world.now, CATALOGUE)


def by_quarter(decision: Decision) -> dict[datetime, tuple[str, ...]]:
    """The decision written out in quarter-hours; every boundary of a world lies on one."""
    found: dict[datetime, tuple[str, ...]] = {}
    for part in decision.granted:
        for quarter in _walk(part.interval):
            found[quarter] = ("granted", part.basis, part.fact_id, part.occupancy_id)
    for gap in decision.refused:
        for quarter in _walk(gap.interval):
            assert quarter not in found
            found[quarter] = ("refused", gap.reason.value)
    return found


def _walk(period: Period) -> list[datetime]:
    return [period.start + n * QUARTER for n in range(int((period.end - period.start) / QUARTER))]


def granted_by(decision: Decision) -> IntervalSet:
    return IntervalSet.of(*(part.interval for part in decision.granted))


@many
@given(worlds())
def test_the_decision_is_the_oracles_quarter_by_quarter(world: World) -> None:
    assert by_quarter(decided(world)) == answers(world)


@pytest.mark.requirement("R1")
@many
@given(worlds())
def test_every_instant_of_the_wish_is_granted_or_refused_exactly_once(world: World) -> None:
    decision = decided(world)
    parts = sorted(part.interval for part in (*decision.granted, *decision.refused))
    assert parts[0].start == world.wish.period.start
    assert parts[-1].end == world.wish.period.end
    assert all(one.end == following.start for one, following in pairwise(parts))


@pytest.mark.requirement("R1")
@many
@given(worlds())
def test_whatever_is_granted_rests_on_one_row_one_article_and_one_fact_of_the_asker(world: World) -> None:
    facts = world.facts
    own = {p.id for p in facts.permissions if p.party_id == world.wish.party_id}
    own |= {c.id for c in facts.supply_contracts if c.party_id == world.wish.party_id}
    own |= {n.id for n in facts.necessities if n.party_id == world.wish.party_id}
    own |= {o.id for o in facts.occupancies if o.person_id == world.wish.person_id is not None}
    own |= {str(facts.grid_operator_id)} if facts.grid_operator_id == world.wish.party_id else set()
    homes = {o.id: o.period for o in facts.occupancies}
    for part in decided(world).granted:
        row = CATALOGUE.row(part.basis)
        assert row.actor_role is world.wish.asker_role
        assert world.wish.purpose in row.purposes
        assert (part.citation, part.states) == (row.citation, row.states)
        assert part.catalogue_version == CATALOGUE.version
        assert part.fact_id in own
        assert IntervalSet.of(part.interval) - IntervalSet.of(homes[part.occupancy_id]) == IntervalSet()


@some
@given(worlds(), st.randoms())
def test_the_order_in_which_facts_come_changes_nothing(world: World, random: object) -> None:
    def shuffled(many_: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(sorted(many_, key=lambda _: random.random()))  # type: ignore[attr-defined]

    names = ("occupancies", "permissions", "supply_contracts", "necessities", "blocks")
    facts = replace(world.facts, **{name: shuffled(getattr(world.facts, name)) for name in names})
    assert decided(replace(world, facts=facts)) == decided(world)


@pytest.mark.requirement("R75")
@some
@given(worlds())
def test_what_belongs_to_others_changes_nothing(world: World) -> None:
    facts = world.facts
    names = ("permissions", "supply_contracts", "necessities", "blocks")
    kept = {name: tuple(f for f in getattr(facts, name) if f.party_id != OTHER) for name in names}
    assert decided(replace(world, facts=replace(facts, **kept))) == decided(world)


@pytest.mark.requirement("R98")
@some
@given(worlds())
def test_an_outsider_cannot_tell_one_world_from_another(world: World) -> None:
    def handed_over(facts: Facts) -> Facts:
        names = ("permissions", "supply_contracts", "necessities")
        others = {
            name: tuple(replace(fact, party_id=OTHER) for fact in getattr(facts, name)) for name in names
        }
        occupancies = tuple(replace(o, person_id="somebody") for o in facts.occupancies)
        return replace(facts, **others, occupancies=occupancies, grid_operator_id=OTHER)

    stranger = decided(replace(world, facts=handed_over(world.facts)))
    nowhere = decided(replace(world, facts=Facts(party=world.facts.party)))
    assert stranger == nowhere
    assert [part.reason for part in stranger.refused] == ["no_legal_basis"]
    assert stranger.refused[0].interval == world.wish.period


@pytest.mark.requirement("R22")
@some
@given(worlds())
def test_withdrawing_a_consent_takes_away_exactly_what_rested_on_it_alone(world: World) -> None:
    before = decided(world)
    for permission in world.facts.permissions:
        rest = tuple(p for p in world.facts.permissions if p is not permission)
        revoked = (*rest, replace(permission, state=PermissionState.REVOKED))
        after = decided(replace(world, facts=replace(world.facts, permissions=revoked)))
        without = decided(replace(world, facts=replace(world.facts, permissions=rest)))
        assert after.granted == without.granted
        assert all(part.fact_id != permission.id for part in after.granted)
        assert granted_by(after) - granted_by(before) == IntervalSet()


@some
@given(worlds(), st.data())
def test_asking_less_never_gives_more(world: World, data: st.DataObject) -> None:
    starts = list(quarters(world))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(starts) - 1)] * 2)))
    narrow = replace(world.wish, period=Period(starts[first], starts[last] + QUARTER))
    less, more = decided(replace(world, wish=narrow)), decided(world)
    assert granted_by(less) - granted_by(more) == IntervalSet()


def test_the_worlds_are_not_all_alike() -> None:
    """An oracle that is only ever asked for refusals, or for the same ones, shows nothing."""
    seen: Counter[str] = Counter()
    for seed in range(2000):
        seen.update({code for _, code in outline(decided(world_of(seed)))})
    rows = {row.code for row in CATALOGUE.rows}
    assert rows | set(ReasonCode) == set(seen)
    assert min(seen[code] for code in rows) >= 10
    assert [slots_in_day(change) for change in CHANGES] == [92, 100]
