"""The table of actors, requirements 1.2: each of the 28 rows at its edges, each also asked by the outsider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from databeheer.access.decide import Wish, decide
from databeheer.access.facts import Capacity, Death, Facts, PartyFacts, PersonConcerned, Signer
from databeheer.access.intervals import Interval
from databeheer.values import PERSON_ROLES, Granularity, Purpose, Role
from tests.databeheer.access.actors import (
    ACTORS,
    ASKER,
    NADIA,
    NOTHING,
    PAST,
    THEO,
    Actor,
    cases_of,
    check,
    house_for,
    party_of,
    slot,
    wish_of,
)
from tests.databeheer.access.people import BOTH, CATALOGUE, MARIA, NOW, TICK, outline, verdict


def marked(actor: Actor) -> object:
    """An actor with all cases of its row, a test each of which would take longer to collect than to run."""
    shown = {number for case in cases_of(actor) for number in case.shows}
    return pytest.param(actor, id=actor.code, marks=pytest.mark.requirement(*sorted(shown)) if shown else ())


@pytest.mark.parametrize("actor", [marked(actor) for actor in ACTORS])
def test_a_row_gives_what_it_says_up_to_its_edges_and_joris_nothing(actor: Actor) -> None:
    """Fails with each case in its words that is answered otherwise."""
    wrong = []
    for case in cases_of(actor):
        try:
            check(case, CATALOGUE)
        except AssertionError as error:
            wrong.append(str(error))
    assert wrong == []


def test_the_table_has_all_28_rows() -> None:
    assert {actor.number for actor in ACTORS} | set(NOTHING) == set(range(1, 29))
    assert [(actor.number, actor.code) for actor in ACTORS] == [
        (row.number, row.code) for row in CATALOGUE.rows
    ]
    assert {number: (one.code, one.actor_role) for number, one in
            ((refusal.number, refusal) for refusal in CATALOGUE.refusals)} == NOTHING  # fmt: skip


@pytest.mark.requirement("R63")
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.code)
def test_a_row_releases_values_in_its_own_validation_states_only(actor: Actor) -> None:
    (granted,) = decide(wish_of(actor), house_for(actor), NOW, CATALOGUE).granted
    assert granted.states == set(actor.states.split())


@pytest.mark.requirement("R11", "R56")
@pytest.mark.parametrize(
    "role", [role for code, role in NOTHING.values() if code != "prospective_supplier"], ids=str
)
def test_who_gets_nothing_gets_nothing_with_every_paper_in_order(role: Role) -> None:
    for actor in ACTORS:
        facts = replace(house_for(actor), party=party_of(role), grid_operator_id=ASKER, data_manager_id=ASKER)
        wish = Wish(
            role, ASKER, None, actor.purpose, "readings", BOTH, Granularity.MONTH, slot(Granularity.MONTH, 0)
        )
        for known in (facts, Facts()):
            (refused,) = decide(wish, known, NOW, CATALOGUE).refused
            assert (refused.interval, refused.reason) == (wish.period, "role_gets_nothing")
            assert CATALOGUE.refusal(refused.rule).actor_role is role


@pytest.mark.requirement("R72", "R77", "R78")
def test_a_supplier_whose_switch_is_pending_hears_exactly_what_an_outsider_hears() -> None:
    supplier = next(actor for actor in ACTORS if actor.code == "supplier")
    facts = house_for(supplier)
    (contract,) = facts.supply_contracts
    pending = replace(facts, supply_contracts=(replace(contract, accepted_at=None),))
    nowhere = Facts(party=facts.party)
    for granularity in Granularity:
        for purpose in (Purpose.BILLING, Purpose.SUPPLY_OFFER, Purpose.DYNAMIC_PRICE_BILLING):
            wish = wish_of(supplier, granularity=granularity, purpose=purpose)
            asked = [decide(wish, known, NOW, CATALOGUE) for known in (pending, nowhere)]
            assert asked[0] == asked[1]
            assert verdict(asked[0]) == "no_legal_basis"


@pytest.mark.requirement("R38")
@pytest.mark.parametrize("has_consent", [True, False])
@pytest.mark.parametrize("has_regime", [True, False])
def test_a_dynamic_price_needs_consent_and_regime_both(has_consent: bool, has_regime: bool) -> None:
    actor = next(actor for actor in ACTORS if actor.code == "supplier_dynamic_price")
    facts = house_for(actor)
    if not has_consent:
        facts = replace(facts, permissions=())
    if not has_regime:
        facts = replace(facts, regimes=())
    given = decide(wish_of(actor), facts, NOW, CATALOGUE).granted
    assert bool(given) is (has_consent and has_regime)


@pytest.mark.requirement("R38")
def test_a_regime_chosen_by_the_next_occupant_opens_nothing_of_the_one_who_consented() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "supplier_dynamic_price")
    facts = house_for(actor)
    (regime,) = facts.regimes
    elsewhere = replace(facts, regimes=(replace(regime, occupancy_id=facts.occupancies[1].id),))
    assert verdict(decide(wish_of(actor), elsewhere, NOW, CATALOGUE)) == "no_metering_regime"


@pytest.mark.requirement("R74")
def test_after_regime_and_contract_end_their_own_days_stay_open_to_the_bill_and_nothing_later() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "supplier_dynamic_price")
    facts, edge = house_for(actor), slot(Granularity.MONTH, 0).start
    (contract,), (regime,) = facts.supply_contracts, facts.regimes
    ended = Interval(contract.period.start, edge)
    facts = replace(
        facts,
        supply_contracts=(replace(contract, period=ended),),
        regimes=(replace(regime, period=ended),),
    )
    both = replace(
        wish_of(actor), period=replace(slot(Granularity.MONTH, 0), start=slot(Granularity.MONTH, -1).start)
    )
    assert [code for _, code in outline(decide(both, facts, NOW, CATALOGUE))] == [actor.code, "no_contract"]


@pytest.mark.requirement("R4")
def test_who_lives_there_too_opens_his_own_time_by_signing_and_can_then_withhold_no_more() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "energy_service")
    facts = house_for(actor)
    (permission,) = facts.permissions
    home = replace(facts.occupancies[0], concerned=(PersonConcerned(NADIA, PAST),))
    facts = replace(facts, occupancies=(home, *facts.occupancies[1:]))
    assert verdict(decide(wish_of(actor), facts, NOW, CATALOGUE)) == "second_signature_missing"
    for capacity, expected in (
        (Capacity.NATURAL_PERSON, "energy_service"),
        (Capacity.GRID_USER, "second_signature_missing"),
    ):
        signed = (*permission.signers, Signer(NADIA, capacity, NOW))
        both = replace(facts, permissions=(replace(permission, signers=signed),))
        assert verdict(decide(wish_of(actor), both, NOW, CATALOGUE)) == expected
    alone = (Signer(NADIA, Capacity.NATURAL_PERSON, NOW),)
    without = replace(facts, permissions=(replace(permission, signers=alone),))
    assert verdict(decide(wish_of(actor), without, NOW, CATALOGUE)) == "not_occupant"


def test_an_administrator_signs_for_the_person_he_was_appointed_for_and_only_while_appointed() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "energy_service")
    facts = house_for(actor)
    (permission,), (appointed,) = facts.permissions, facts.representations
    for period, person, whose, expected in (
        (Interval(NOW), MARIA, MARIA, "energy_service"),
        (Interval(NOW - TICK, NOW), MARIA, MARIA, "not_occupant"),
        (Interval(NOW + TICK), MARIA, MARIA, "not_occupant"),
        (Interval(NOW), "somebody", MARIA, "not_occupant"),
        (Interval(NOW), MARIA, NADIA, "not_occupant"),
        (Interval(NOW), MARIA, None, "not_occupant"),
    ):
        signed = replace(permission, signers=(Signer(THEO, Capacity.REPRESENTATIVE, NOW, whose),))
        office = replace(appointed, period=period, person_id=person)
        known = replace(facts, permissions=(signed,), representations=(office,))
        assert verdict(decide(wish_of(actor), known, NOW, CATALOGUE)) == expected


@pytest.mark.requirement("R4")
def test_what_an_administrator_signs_for_one_counts_for_nobody_else_whom_he_represents() -> None:
    """Theo acts for Maria and for Nadia, who lives there too; he signed in Maria's name alone."""
    actor = next(actor for actor in ACTORS if actor.code == "energy_service")
    facts = house_for(actor)
    (permission,), (for_maria,) = facts.permissions, facts.representations
    home = replace(facts.occupancies[0], concerned=(PersonConcerned(NADIA, PAST),))
    for_maria = replace(for_maria, period=Interval(NOW))
    offices = (for_maria, replace(for_maria, id="for Nadia", person_id=NADIA))
    known = replace(facts, occupancies=(home, *facts.occupancies[1:]), representations=offices)
    signed = tuple(Signer(THEO, Capacity.REPRESENTATIVE, NOW, whose) for whose in (MARIA, NADIA))
    for signers, expected in ((signed[:1], "second_signature_missing"), (signed, "energy_service")):
        given = replace(known, permissions=(replace(permission, signers=signers),))
        assert verdict(decide(wish_of(actor), given, NOW, CATALOGUE)) == expected


def test_a_resident_keeps_his_own_view_when_the_contract_holder_dies() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "own_person_concerned")
    facts = replace(house_for(actor), deaths=(Death(MARIA, NOW - TICK),))
    assert verdict(decide(wish_of(actor), facts, NOW, CATALOGUE)) == "own_person_concerned"


@pytest.mark.requirement("R2")
def test_a_role_that_the_catalogue_does_not_know_gets_nothing() -> None:
    actor = next(actor for actor in ACTORS if actor.code == "regulator")
    unknown = replace(CATALOGUE, rows=tuple(row for row in CATALOGUE.rows if row.code != "regulator"))
    assert verdict(decide(wish_of(actor), house_for(actor), NOW, unknown)) == "no_legal_basis"


@pytest.mark.requirement("R9")
def test_the_operator_itself_is_just_another_actor() -> None:
    for code in ("data_management", "dso_grid_management"):
        actor = next(actor for actor in ACTORS if actor.code == code)
        facts = house_for(actor)
        party = facts.party
        assert isinstance(party, PartyFacts)
        suspended = replace(facts, party=replace(party, suspensions=(Interval(NOW),)))
        assert verdict(decide(wish_of(actor), suspended, NOW, CATALOGUE)) == "party_suspended"
        assert not PERSON_ROLES & {actor.role}
