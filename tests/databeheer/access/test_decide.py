"""The decision against the naive oracle, and the properties that hold in every world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databeheer.access.decide import Decision, ReasonCode
from databeheer.access.facts import Facts, PermissionState
from databeheer.access.intervals import IntervalSet
from databeheer.brussels import slots_in_day
from databeheer.values import Period
from tests.counts import examples
from tests.databases import Database
from tests.databeheer.access.agreeing import decided, require_agreement
from tests.databeheer.access.in_sql import require_agreement_in_sql
from tests.databeheer.access.people import CATALOGUE, QUARTER, outline
from tests.databeheer.access.worlds import CHANGES, OTHER, World, world_of, worlds

many = settings(
    max_examples=examples(50, of=300), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
some = settings(
    max_examples=examples(30, of=200), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


EXCLUDED = {refusal.actor_role for refusal in CATALOGUE.refusals if refusal.of_role}
OF_PARTIES = [
    name
    for name, kind in get_type_hints(Facts).items()
    if any("party_id" in getattr(one, "__dataclass_fields__", ()) for one in get_args(kind))
]
"""The names of the facts that belong to one party."""


def facts_of(world: World) -> dict[str, object]:
    return {name: getattr(world.facts, name) for name in Facts.__dataclass_fields__}


def granted_by(decision: Decision) -> IntervalSet:
    return IntervalSet.of(*(part.interval for part in decision.granted))


WORLDS = examples(200, of=1000)
FOUND = (2147,)
"""Worlds of the full count in which the rule was wrong once: stays at the same time, one of which was given notice."""


def test_the_decision_is_the_oracles_quarter_by_quarter_in_world_after_world() -> None:
    for seed in (*range(WORLDS), *FOUND):
        require_agreement(seed)


def test_the_same_rule_in_sql_gives_the_same_in_world_after_world(database: Database) -> None:
    granted = require_agreement_in_sql(database.url("superuser"), (*range(WORLDS), *FOUND))
    assert granted > WORLDS // 10


def test_the_worlds_are_not_all_alike() -> None:
    """An oracle that is only ever asked for refusals, or for the same ones, shows nothing."""
    seen = Counter(code for seed in range(10 * WORLDS) for _, code in outline(decided(world_of(seed))))
    assert {row.code for row in CATALOGUE.rows} | set(ReasonCode) == set(seen)
    assert min(seen[row.code] for row in CATALOGUE.rows) >= WORLDS // 100


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
    own |= {r.id for r in facts.registrations if r.party_id == world.wish.party_id}
    own |= {p.id for p in facts.participations if p.party_id == world.wish.party_id}
    own |= {r.id for r in facts.representations if r.representative_id == world.wish.person_id}
    own |= {o.id for o in facts.occupancies for c in o.concerned if c.person_id == world.wish.person_id}
    own |= {str(world.wish.party_id)}  # a grid operator, data manager or welfare centre is its own fact
    homes = {o.id: o.period for o in facts.occupancies}
    for part in decided(world).granted:
        row = CATALOGUE.row(part.basis)
        assert row.actor_role is world.wish.asker_role
        assert world.wish.purpose in row.purposes
        assert part.states == row.states
        laws = {law.article for law in facts.authorisations if law.party_id == world.wish.party_id}
        assert part.citation == row.citation or (
            "authorisation" in row.requires and part.citation.article in laws
        )
        assert part.catalogue_version == CATALOGUE.version
        assert part.fact_id in own
        assert IntervalSet.of(part.interval) - IntervalSet.of(homes[part.occupancy_id]) == IntervalSet()


@some
@given(worlds(), st.randoms())
def test_the_order_in_which_facts_come_changes_nothing(world: World, random: object) -> None:
    def shuffled(many_: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(sorted(many_, key=lambda _: random.random()))  # type: ignore[attr-defined]

    names = [name for name, many_ in facts_of(world).items() if isinstance(many_, tuple)]
    facts = replace(world.facts, **{name: shuffled(facts_of(world)[name]) for name in names})
    assert decided(replace(world, facts=facts)) == decided(world)


@pytest.mark.requirement("R75")
@some
@given(worlds())
def test_what_belongs_to_others_changes_nothing(world: World) -> None:
    facts = world.facts
    kept = {name: tuple(f for f in getattr(facts, name) if f.party_id != OTHER) for name in OF_PARTIES}
    assert decided(replace(world, facts=replace(facts, **kept))) == decided(world)


@pytest.mark.requirement("R98")
@some
@given(worlds())
def test_an_outsider_cannot_tell_one_world_from_another(world: World) -> None:
    def handed_over(facts: Facts) -> Facts:
        others = {
            name: tuple(replace(fact, party_id=OTHER) for fact in getattr(facts, name)) for name in OF_PARTIES
        }
        occupancies = tuple(replace(o, person_id="somebody", concerned=()) for o in facts.occupancies)
        elsewhere = {"grid_operator_id": OTHER, "data_manager_id": OTHER, "territory": "elsewhere"}
        return replace(facts, **others, **elsewhere, occupancies=occupancies, representations=())

    stranger = decided(replace(world, facts=handed_over(world.facts)))
    nowhere = decided(replace(world, facts=Facts(party=world.facts.party)))
    assert stranger == nowhere
    told = "role_gets_nothing" if world.wish.asker_role in EXCLUDED else "no_legal_basis"
    assert [part.reason for part in stranger.refused] == [told]
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
    asked = world.wish.period
    starts = [asked.start + n * QUARTER for n in range(int((asked.end - asked.start) / QUARTER))]
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(starts) - 1)] * 2)))
    narrow = replace(world.wish, period=Period(starts[first], starts[last] + QUARTER))
    less, more = decided(replace(world, wish=narrow)), decided(world)
    assert granted_by(less) - granted_by(more) == IntervalSet()


def test_the_two_years_have_both_changes_of_the_clock_twice() -> None:
    assert [slots_in_day(change) for change in CHANGES] == [92, 100, 92, 100]
