"""Every boundary of every row: just before, at, just after; and each wish asked by Joris as well (see `ask`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from databeheer.access.catalogue import CatalogueError
from databeheer.access.decide import ReasonCode, Wish, decide
from databeheer.access.facts import (
    Block,
    Capacity,
    Facts,
    Gap,
    Invalidation,
    MeteringRegime,
    PermissionState,
    PersonConcerned,
    Regime,
)
from databeheer.access.intervals import Interval
from databeheer.errors import MalformedRequestError
from databeheer.values import PERSON_ROLES, Direction, Granularity, Period, Purpose, Role
from tests.databeheer.access.people import (
    BOTH,
    BRAM,
    CATALOGUE,
    CONSENT,
    HOUSE,
    INCIDENT,
    JORIS,
    LOTTE,
    LOTTES,
    MARIA,
    MARIAS,
    MOVED_IN,
    MOVED_OUT,
    NOW,
    OFFTAKE,
    PARTIES,
    QUARTER,
    REGULATOR,
    SUPPLY,
    TICK,
    WATTS,
    ZUID,
    ask,
    brams_wish,
    days,
    facts_for,
    outline,
    own_wish,
    quarter_at,
    regulators_wish,
    span,
    told,
    verdict,
    watts_wish,
    zuids_wish,
)

EXCLUDED = {refusal.actor_role for refusal in CATALOGUE.refusals if refusal.of_role}


def end_of(interval: Interval) -> datetime:
    assert interval.end is not None
    return interval.end


# --- own data ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R82")
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (MOVED_IN - QUARTER, "not_occupant"),
        (MOVED_IN, "own"),
        (MOVED_IN + QUARTER, "own"),
        (MOVED_OUT - QUARTER, "own"),
        (MOVED_OUT, "not_occupant"),
        (MOVED_OUT + QUARTER, "not_occupant"),
    ],
)
def test_maria_sees_the_quarters_of_her_own_occupancy_only(start: datetime, expected: str) -> None:
    """Asked once all of it is past."""
    assert verdict(ask(own_wish(MARIA, quarter_at(start)), now=MOVED_OUT + 2 * QUARTER)) == expected


@pytest.mark.requirement("R82")
def test_maria_still_sees_her_own_time_after_she_moved_out_and_lotte_never_does() -> None:
    asked, later = span("2024-05-01", "2024-07-01"), MOVED_OUT + 40 * 96 * QUARTER
    marias = ask(own_wish(MARIA, asked), now=later)
    lottes = ask(own_wish(LOTTE, asked), now=later)
    assert outline(marias) == [
        (span("2024-05-01", "2024-06-01"), "own"),
        (span("2024-06-01", "2024-07-01"), "not_occupant"),
    ]
    assert outline(lottes) == [
        (span("2024-05-01", "2024-06-01"), "not_occupant"),
        (span("2024-06-01", "2024-07-01"), "own"),
    ]
    assert [part.occupancy_id for part in (*marias.granted, *lottes.granted)] == [MARIAS.id, LOTTES.id]


def test_a_vacancy_is_nobodys_own() -> None:
    nobody = replace(own_wish(MARIA, span("2022-05-01", "2022-06-01")), person_id="")
    assert verdict(ask(nobody)) == "no_legal_basis"


def test_own_data_are_for_own_insight_and_for_no_other_purpose() -> None:
    wish = replace(own_wish(MARIA, span("2024-01-01", "2024-01-02")), purpose=Purpose.BILLING)
    assert verdict(ask(wish)) == "purpose_not_allowed"


# --- consent: what may be seen ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (CONSENT.data_period.start - QUARTER, "outside_data_period"),
        (CONSENT.data_period.start, "energy_service"),
        (CONSENT.data_period.start + QUARTER, "energy_service"),
        (end_of(CONSENT.data_period) - QUARTER, "energy_service"),
        (end_of(CONSENT.data_period), "outside_data_period"),
        (end_of(CONSENT.data_period) + QUARTER, "outside_data_period"),
    ],
)
def test_bram_sees_the_quarters_of_the_granted_data_period_only(start: datetime, expected: str) -> None:
    assert verdict(ask(brams_wish(quarter_at(start)))) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (MOVED_IN - QUARTER, "not_occupant"),
        (MOVED_IN, "energy_service"),
        (NOW - 2 * QUARTER, "energy_service"),
        (MOVED_OUT - QUARTER, "slot_not_whole"),  # hers, and yet to come
        (MOVED_OUT, "not_occupant"),
    ],
)
def test_marias_consent_reaches_no_data_outside_her_occupancy(start: datetime, expected: str) -> None:
    wide = replace(CONSENT, data_period=days("2020-01-01"))
    facts = replace(facts_for(BRAM), permissions=(wide,))
    assert verdict(ask(brams_wish(quarter_at(start)), facts)) == expected


def test_a_consent_signed_by_somebody_else_opens_nothing() -> None:
    signer = replace(CONSENT.signers[0], person_id=LOTTE)
    for signers in ((signer,), ()):
        facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, signers=signers),))
        assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == "not_occupant"


def test_a_signature_in_another_capacity_is_not_the_grid_users() -> None:
    signer = replace(CONSENT.signers[0], capacity=Capacity.NATURAL_PERSON)
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, signers=(signer,)),))
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == "not_occupant"


def test_every_state_but_active_has_a_reason() -> None:
    for state in set(PermissionState) - {PermissionState.ACTIVE, PermissionState.TO_BE_RENEWED}:
        facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, state=state),))
        assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) != "no_legal_basis"


def test_nobody_can_open_a_vacancy() -> None:
    vacant = replace(MARIAS, person_id=None)
    facts = replace(facts_for(BRAM), occupancies=(vacant, LOTTES))
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == "not_occupant"


# --- consent: when may be looked --------------------------------------------------------------------------


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (CONSENT.valid_period.start - TICK, "not_yet_valid"),
        (CONSENT.valid_period.start, "energy_service"),
        (CONSENT.valid_period.start + TICK, "energy_service"),
        (end_of(CONSENT.valid_period) - TICK, "energy_service"),
        (end_of(CONSENT.valid_period), "expired"),
        (end_of(CONSENT.valid_period) + TICK, "expired"),
    ],
)
def test_a_consent_allows_looking_while_it_is_valid_and_not_a_moment_longer(
    now: datetime, expected: str
) -> None:
    facts = replace(facts_for(BRAM), occupancies=(replace(MARIAS, period=Interval(MOVED_IN)),))
    assert verdict(ask(brams_wish(span("2023-10-01", "2023-11-01")), facts, now)) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PermissionState.REQUESTED, "requested"),
        (PermissionState.REJECTED, "rejected"),
        (PermissionState.TIMED_OUT, "expired"),
        (PermissionState.BLOCKED, "blocked"),
        (PermissionState.FULFILLED, "fulfilled"),
        pytest.param(PermissionState.REVOKED, "withdrawn", marks=pytest.mark.requirement("R22")),
        (PermissionState.EXPIRED, "expired"),
        pytest.param(PermissionState.TERMINATED, "terminated", marks=pytest.mark.requirement("R28")),
        pytest.param(
            PermissionState.INVALIDATED, "invalidated_by_move", marks=pytest.mark.requirement("R29")
        ),
    ],
)
def test_only_an_active_consent_gives_access_and_the_party_hears_why(
    state: PermissionState, expected: str
) -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, state=state),))
    decision = ask(brams_wish(span("2023-01-01", "2025-01-01")), facts)
    assert outline(decision) == [(span("2023-01-01", "2025-01-01"), expected)]


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(
    ("told_at", "expected"),
    [(NOW - TICK, "regulator"), (NOW, "regulator"), (NOW + TICK, "no_notice"), (None, "no_notice")],
)
def test_of_whoever_was_told_too_late_or_not_at_all_nothing_is_given(
    told_at: datetime | None, expected: str
) -> None:
    notices = tuple(replace(one, given_at=told_at) for one in told(REGULATOR)) if told_at else ()
    task = replace(INCIDENT, party_id=REGULATOR, purpose=Purpose.SUPERVISION)
    facts = replace(facts_for(REGULATOR), notices=notices, necessities=(task,))
    assert verdict(ask(regulators_wish(span("2023-10-28", "2023-11-01")), facts)) == expected


@pytest.mark.requirement("R26")
@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (Invalidation.MOVED_OUT, "invalidated_by_move"),
        (Invalidation.HOLDER_DIED, "holder_died"),
        (Invalidation.MANDATE_REJECTED, "mandate_rejected"),
        pytest.param(Invalidation.DOUBT_NOT_ANSWERED, "unproven", marks=pytest.mark.requirement("R104")),
        pytest.param(
            Invalidation.PARTY_SUSPENDED, "ended_by_suspension", marks=pytest.mark.requirement("R13")
        ),
    ],
)
def test_what_a_consent_rested_on_and_lost_is_said(lost: Invalidation, expected: str) -> None:
    ended = replace(CONSENT, state=PermissionState.INVALIDATED, invalidated_by=lost)
    facts = replace(facts_for(BRAM), permissions=(ended,))
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == expected


def test_a_consent_that_is_to_be_renewed_goes_on_until_its_end() -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, state=PermissionState.TO_BE_RENEWED),))
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == "energy_service"


def test_a_request_that_nobody_answered_yet_says_so_without_any_access_point() -> None:
    request = replace(CONSENT, occupancy_id=None, state=PermissionState.REQUESTED, signers=())
    wish = brams_wish(span("2024-01-01", "2024-02-01"))
    seen = [
        decide(wish, replace(facts_for(BRAM), occupancies=homes, permissions=(request,)), NOW, CATALOGUE)
        for homes in ((), HOUSE.occupancies)
    ]
    assert seen[0] == seen[1]
    assert verdict(seen[0]) == "requested"


@pytest.mark.requirement("R29")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (MOVED_OUT - TICK, "energy_service"),
        (MOVED_OUT, "invalidated_by_move"),
        (MOVED_OUT + TICK, "invalidated_by_move"),
    ],
)
def test_a_move_ends_the_consent_on_its_day_even_if_the_row_still_says_active(
    now: datetime, expected: str
) -> None:
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), now=now)) == expected


# --- consent: its terms -----------------------------------------------------------------------------------


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.ENERGY_MONITORING}))
def test_a_consent_for_one_purpose_is_not_one_for_another(purpose: Purpose) -> None:
    wish = brams_wish(span("2024-01-01", "2024-02-01"), purpose=purpose)
    assert verdict(ask(wish)) == "purpose_not_allowed"


def test_a_consent_for_a_purpose_outside_the_catalogue_gives_nothing() -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, purpose=Purpose.BILLING),))
    wish = brams_wish(span("2024-01-01", "2024-02-01"), purpose=Purpose.BILLING)
    assert verdict(ask(wish, facts)) == "purpose_not_allowed"


@pytest.mark.requirement("R3")
@pytest.mark.parametrize("granted", list(Granularity))
@pytest.mark.parametrize("asked", list(Granularity))
def test_a_consent_gives_no_finer_values_than_the_customer_allowed(
    granted: Granularity, asked: Granularity
) -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, granularity=granted),))
    wish = brams_wish(span("2024-01-01", "2024-02-01"), granularity=asked)
    is_finer = asked.rank < granted.rank
    assert verdict(ask(wish, facts)) == ("granularity_too_fine" if is_finer else "energy_service")


def test_a_consent_for_offtake_does_not_open_injection() -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, directions=OFFTAKE),))
    january = span("2024-01-01", "2024-02-01")
    assert verdict(ask(brams_wish(january, directions=OFFTAKE), facts)) == "energy_service"
    for directions in (BOTH, frozenset({Direction.INJECTION})):
        assert verdict(ask(brams_wish(january, directions=directions), facts)) == "direction_not_granted"


@pytest.mark.parametrize("category", ["technical", "relational", "anything"])
def test_a_consent_for_readings_opens_no_other_category(category: str) -> None:
    wish = brams_wish(span("2024-01-01", "2024-02-01"), category=category, directions=frozenset())
    assert verdict(ask(wish)) == "category_not_granted"


def test_granularity_and_direction_say_nothing_of_technical_data() -> None:
    technical = replace(
        CONSENT, category="technical", granularity=Granularity.MONTH, directions=frozenset[Direction]()
    )
    facts = replace(facts_for(BRAM), permissions=(technical,))
    wish = brams_wish(quarter_at(NOW - 30 * 96 * QUARTER), category="technical", directions=frozenset())
    assert verdict(ask(wish, facts)) == "energy_service"


def test_a_wish_that_names_a_permission_rests_on_that_one_only() -> None:
    other = replace(CONSENT, id="permission-2", state=PermissionState.REVOKED)
    facts = replace(facts_for(BRAM), permissions=(CONSENT, other))
    january = span("2024-01-01", "2024-02-01")
    assert verdict(ask(brams_wish(january, permission_id=CONSENT.id), facts)) == "energy_service"
    assert verdict(ask(brams_wish(january, permission_id=other.id), facts)) == "withdrawn"
    assert verdict(ask(brams_wish(january, permission_id="permission-3"), facts)) == "no_legal_basis"


def test_another_partys_permission_is_no_use_to_joris_even_if_he_names_it() -> None:
    wish = brams_wish(span("2024-01-01", "2024-02-01"), permission_id=CONSENT.id)
    ask(wish)  # asks as Joris too, with Bram's permission named


# --- the party --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (None, "no_data_access_contract"),
        (Interval(NOW + TICK), "no_data_access_contract"),
        (Interval(NOW), "energy_service"),
        (Interval(NOW - TICK, NOW + TICK), "energy_service"),
        (Interval(NOW - TICK, NOW), "no_data_access_contract"),
    ],
)
def test_a_service_needs_a_data_access_contract_at_the_moment_of_asking(
    period: Interval | None, expected: str
) -> None:
    facts = replace(facts_for(BRAM), party=replace(PARTIES[BRAM], contract_period=period))
    assert verdict(ask(brams_wish(span("2024-01-01", "2024-02-01")), facts)) == expected


@pytest.mark.requirement("R13")
@pytest.mark.parametrize(
    ("wish", "row"),
    [
        (brams_wish(span("2024-01-01", "2024-02-01")), "energy_service"),
        (watts_wish(span("2024-01-01", "2024-02-01")), "supplier"),
        (zuids_wish(span("2024-01-01", "2024-02-01")), "dso_grid_management"),
    ],
)
def test_a_suspended_party_gets_nothing_from_the_moment_of_its_suspension(wish: Wish, row: str) -> None:
    for at, expected in ((NOW + TICK, row), (NOW, "party_suspended"), (NOW - TICK, "party_suspended")):
        facts = facts_for(wish.party_id)
        assert facts.party is not None
        suspended = replace(facts, party=replace(facts.party, suspensions=(Interval(at),)))
        assert verdict(ask(wish, suspended)) == expected


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in PERSON_ROLES | EXCLUDED and r is not Role.ENERGY_SERVICE]
)
def test_a_party_that_asks_in_a_role_it_does_not_have_is_an_outsider(role: Role) -> None:
    wish = brams_wish(span("2024-01-01", "2024-02-01"), asker_role=role)
    assert verdict(ask(wish)) == "no_legal_basis"


def test_facts_of_another_party_or_of_none_prove_nothing() -> None:
    wish = brams_wish(span("2024-01-01", "2024-02-01"))
    for party in (None, PARTIES[WATTS], replace(PARTIES[BRAM], id="somebody")):
        assert verdict(decide(wish, replace(HOUSE, party=party), NOW, CATALOGUE)) == "no_legal_basis"


@pytest.mark.requirement("R100")
@pytest.mark.requirement("R103")
def test_a_block_stops_consent_at_once_but_not_the_law_and_gives_the_gap_back_when_lifted() -> None:
    january = span("2024-01-01", "2024-02-01")
    for until, expected in ((None, "blocked"), (NOW + TICK, "blocked"), (NOW, "energy_service")):
        block = Block("block-1", BRAM, Interval(NOW - QUARTER, until))
        assert verdict(ask(brams_wish(january), replace(facts_for(BRAM), blocks=(block,)))) == expected
    blocked_supplier = replace(facts_for(WATTS), blocks=(Block("block-2", WATTS, Interval(NOW)),))
    assert verdict(ask(watts_wish(january), blocked_supplier)) == "supplier"


@pytest.mark.requirement("R104")
def test_a_gap_after_a_doubt_is_never_given_by_consent_and_takes_nothing_from_the_law_or_from_others() -> (
    None
):
    january = span("2024-01-01", "2024-02-01")
    gap = Gap("gap-1", BRAM, Interval(january.start + 5 * QUARTER, january.start + 9 * QUARTER))
    decision = ask(brams_wish(january), replace(facts_for(BRAM), gaps=(gap,)))
    assert [(one.interval, one.reason) for one in decision.refused] == [
        (Period(gap.period.start, end_of(gap.period)), "doubt_gap")
    ]
    assert [one.interval for one in decision.granted] == [
        Period(january.start, gap.period.start),
        Period(end_of(gap.period), january.end),
    ]
    of_others = replace(facts_for(BRAM), gaps=(replace(gap, party_id=WATTS),))
    assert verdict(ask(brams_wish(january), of_others)) == "energy_service"
    [proven] = [one.fact_id for one in decision.granted[:1]]
    of_another = replace(facts_for(BRAM), gaps=(replace(gap, spares=frozenset({proven})),))
    assert verdict(ask(brams_wish(january), of_another)) == "energy_service"
    by_law = replace(facts_for(WATTS), gaps=(replace(gap, party_id=WATTS),))
    assert verdict(ask(watts_wish(january), by_law)) == "supplier"
    assert verdict(ask(own_wish(MARIA, january), replace(facts_for(None), gaps=(gap,)))) == "own"


@pytest.mark.parametrize(
    "wish",
    [
        own_wish(MARIA, span("2024-01-01", "2024-02-01")),
        brams_wish(span("2024-01-01", "2024-02-01")),
        watts_wish(span("2024-01-01", "2024-02-01")),
        zuids_wish(span("2024-01-01", "2024-02-01")),
    ],
)
def test_a_stop_holds_for_everybody_at_once_and_outsiders_do_not_notice_it(wish: Wish) -> None:
    for since, stops in ((NOW + TICK, False), (NOW, True)):
        decision = ask(wish, replace(facts_for(wish.party_id), stopped_since=since))
        assert (verdict(decision) == "stopped") is stops


def test_a_restore_that_is_not_reconciled_leaves_the_holders_view_alone_and_outsiders_do_not_notice_it() -> (
    None
):
    january = span("2024-01-01", "2024-02-01")
    for wish, unreconciled in (
        (own_wish(MARIA, january), "own"),
        (brams_wish(january), "unreconciled"),
        (watts_wish(january), "unreconciled"),
        (zuids_wish(january), "unreconciled"),
    ):
        facts = replace(facts_for(wish.party_id), unreconciled_since=NOW)
        assert verdict(ask(wish, facts)) == unreconciled


def test_what_is_known_to_have_ended_is_told_so_during_a_restore_too() -> None:
    facts = facts_for(BRAM)
    for state, reason in ((PermissionState.REVOKED, "withdrawn"), (PermissionState.LAPSED, "lapsed")):
        ended = tuple(replace(one, state=state) for one in facts.permissions)
        decision = ask(
            brams_wish(span("2024-01-01", "2024-02-01")),
            replace(facts, permissions=ended, unreconciled_since=NOW),
        )
        assert verdict(decision) == reason


# --- supplier ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R73")
@pytest.mark.parametrize(
    ("first", "until", "expected"),
    [
        ("2023-06-01", "2023-07-01", "no_contract"),
        ("2023-07-01", "2023-08-01", "supplier"),
        ("2024-01-01", "2024-02-01", "supplier"),
        ("2024-02-01", "2024-03-01", "no_contract"),
    ],
)
def test_a_supplier_sees_the_months_of_its_own_contract_only(first: str, until: str, expected: str) -> None:
    assert verdict(ask(watts_wish(span(first, until)))) == expected


@pytest.mark.requirement("R73")
def test_a_contract_that_begins_within_a_month_opens_the_rest_of_that_month_to_the_quarter() -> None:
    midway = replace(SUPPLY, period=days("2023-07-10", "2023-09-20"))
    facts = replace(facts_for(WATTS), supply_contracts=(midway,))
    decision = ask(watts_wish(span("2023-07-01", "2023-10-01")), facts)
    assert outline(decision) == [
        (span("2023-07-01", "2023-07-10"), "no_contract"),
        (span("2023-07-10", "2023-09-20"), "supplier"),
        (span("2023-09-20", "2023-10-01"), "no_contract"),
    ]


@pytest.mark.requirement("R74")
def test_after_the_contract_its_own_period_stays_open_for_the_bill_and_nothing_later() -> None:
    long_after = end_of(SUPPLY.period) + 90 * 96 * QUARTER
    decision = ask(watts_wish(span("2024-01-01", "2024-03-01")), now=long_after)
    assert outline(decision) == [
        (span("2024-01-01", "2024-02-01"), "supplier"),
        (span("2024-02-01", "2024-03-01"), "no_contract"),
    ]


@pytest.mark.requirement("R72")
@pytest.mark.parametrize(
    ("accepted_at", "expected"),
    [
        (None, "no_legal_basis"),
        (NOW + TICK, "no_legal_basis"),
        (NOW, "supplier"),
        (NOW - TICK, "supplier"),
    ],
)
def test_a_pending_switch_gives_no_more_than_an_outsider_has(
    accepted_at: datetime | None, expected: str
) -> None:
    facts = replace(facts_for(WATTS), supply_contracts=(replace(SUPPLY, accepted_at=accepted_at),))
    assert verdict(ask(watts_wish(span("2024-01-01", "2024-02-01")), facts)) == expected


@pytest.mark.requirement("R75")
def test_a_supplier_sees_nothing_of_another_suppliers_months() -> None:
    rival = replace(SUPPLY, id="contract-2", party_id="rival", period=days("2024-02-01"))
    facts = replace(facts_for(WATTS), supply_contracts=(SUPPLY, rival))
    alone = ask(watts_wish(span("2023-01-01", "2024-05-01")))
    assert ask(watts_wish(span("2023-01-01", "2024-05-01")), facts) == alone
    assert {part.fact_id for part in alone.granted} == {SUPPLY.id}


@pytest.mark.requirement("R3")
@pytest.mark.parametrize("granularity", [g for g in Granularity if g is not Granularity.MONTH])
def test_a_supplier_gets_nothing_finer_than_months_by_law(granularity: Granularity) -> None:
    wish = watts_wish(span("2024-01-01", "2024-02-01"), granularity=granularity)
    assert verdict(ask(wish)) == "granularity_too_fine"


def test_the_bill_is_the_only_purpose_a_supplier_has_by_law() -> None:
    wish = watts_wish(span("2024-01-01", "2024-02-01"), purpose=Purpose.ENERGY_ADVICE)
    assert verdict(ask(wish)) == "purpose_not_allowed"


def test_a_supplier_with_a_consent_may_not_use_it_in_its_role_of_supplier() -> None:
    facts = replace(facts_for(WATTS), permissions=(replace(CONSENT, party_id=WATTS),), supply_contracts=())
    wish = watts_wish(span("2024-01-01", "2024-02-01"), purpose=Purpose.ENERGY_MONITORING)
    assert verdict(ask(wish, facts)) == "purpose_not_allowed"


@pytest.mark.requirement("R73", "R82")
def test_a_contract_that_nobody_ended_gives_nothing_of_who_lives_there_next() -> None:
    facts = replace(facts_for(WATTS), supply_contracts=(replace(SUPPLY, period=days("2024-05-01")),))
    both = watts_wish(span("2024-05-01", "2024-07-01"))
    decision = ask(both, facts, now=end_of(days("2024-01-01", "2024-08-01")))
    assert outline(decision) == [
        (span("2024-05-01", "2024-06-01"), "supplier"),
        (span("2024-06-01", "2024-07-01"), "no_contract"),
    ]
    assert [part.occupancy_id for part in decision.granted] == [MARIAS.id]


@pytest.mark.parametrize(
    ("first", "months"),
    [("2024-05-31", []), ("2024-06-01", ["2024-06-01"]), ("2024-06-02", ["2024-06-02"])],
)
def test_a_contract_is_with_whoever_lived_there_on_its_first_day(first: str, months: list[str]) -> None:
    facts = replace(facts_for(WATTS), supply_contracts=(replace(SUPPLY, period=days(first)),))
    june = watts_wish(span("2024-06-01", "2024-07-01"))
    decision = ask(june, facts, now=end_of(days("2024-01-01", "2024-08-01")))
    assert [part.interval for part in decision.granted] == [span(begin, "2024-07-01") for begin in months]


@pytest.mark.requirement("R38", "R73")
@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (MOVED_IN - QUARTER, "no_contract"),
        (MOVED_IN, "supplier_dynamic_price"),
        (MOVED_IN + 96 * QUARTER, "supplier_dynamic_price"),
    ],
)
def test_a_dynamic_price_rests_on_a_contract_with_who_consented_and_on_no_earlier_one(
    first: datetime, expected: str
) -> None:
    contract = replace(SUPPLY, period=Interval(first), dynamic_price=(Interval(first),))
    consent = replace(CONSENT, party_id=WATTS, purpose=Purpose.DYNAMIC_PRICE_BILLING)
    facts = replace(
        facts_for(WATTS),
        supply_contracts=(contract,),
        permissions=(consent,),
        regimes=(MeteringRegime("regime-1", MARIAS.id, Regime.SMR3, Interval(MOVED_IN)),),
    )
    wish = watts_wish(
        span("2024-01-01", "2024-01-02"),
        purpose=Purpose.DYNAMIC_PRICE_BILLING,
        granularity=Granularity.QUARTER_HOUR,
    )
    assert verdict(ask(wish, facts)) == expected


# --- a ceiling cannot be undermined by subtraction --------------------------------------------------------


@pytest.mark.requirement("R3")
def test_a_month_in_part_is_finer_than_a_month() -> None:
    for until in ("2023-10-09", "2023-10-10"):
        decision = ask(watts_wish(span("2023-09-01", until)))
        assert outline(decision) == [
            (span("2023-09-01", "2023-10-01"), "supplier"),
            (span("2023-10-01", until), "slot_not_whole"),
        ]
    one_day = ask(watts_wish(span("2023-10-09", "2023-10-10")))
    assert verdict(one_day) == "slot_not_whole"


@pytest.mark.requirement("R3")
def test_the_running_month_is_not_given_until_it_is_over() -> None:
    facts = replace(facts_for(WATTS), supply_contracts=(replace(SUPPLY, period=days("2023-07-01")),))
    wish = watts_wish(span("2024-04-01", "2024-06-01"))
    assert outline(ask(wish, facts)) == [
        (span("2024-04-01", "2024-05-01"), "supplier"),
        (span("2024-05-01", "2024-06-01"), "slot_not_whole"),
    ]
    assert verdict(ask(wish, facts, now=MOVED_OUT)) == "supplier"


@pytest.mark.requirement("R3")
@pytest.mark.parametrize("granularity", Granularity)
def test_what_is_yet_to_come_is_given_to_nobody(granularity: Granularity) -> None:
    consent = replace(CONSENT, granularity=granularity, data_period=days("2023-01-01"))
    wish = brams_wish(span("2023-12-01", "2024-03-01"), granularity=granularity)
    facts = replace(facts_for(BRAM), permissions=(consent,))
    for now in (span("2024-01-01", "2024-02-01").start, span("2024-01-01", "2024-02-01").end):
        assert outline(ask(wish, facts, now=now)) == [
            (Period(wish.period.start, now), "energy_service"),
            (Period(now, wish.period.end), "slot_not_whole"),
        ]
    later = brams_wish(span("2024-02-01", "2024-03-01"), granularity=granularity)
    for now in (later.period.start, later.period.start - QUARTER, span("2024-01-01", "2024-02-01").start):
        assert verdict(ask(later, facts, now=now)) == "slot_not_whole"


def test_a_consent_for_days_gives_whole_brussels_days_of_any_length() -> None:
    facts = replace(facts_for(BRAM), permissions=(replace(CONSENT, granularity=Granularity.DAY),))
    october = Period(
        *(
            edge + shift
            for edge, shift in zip(
                (span("2023-10-28", "2023-10-31").start, span("2023-10-28", "2023-10-31").end),
                (QUARTER, -QUARTER),
                strict=True,
            )
        )
    )
    decision = ask(brams_wish(october, granularity=Granularity.DAY), facts)
    assert outline(decision) == [
        (Period(october.start, span("2023-10-29", "2023-10-30").start), "slot_not_whole"),
        (span("2023-10-29", "2023-10-30"), "energy_service"),
        (Period(span("2023-10-30", "2023-10-31").start, october.end), "slot_not_whole"),
    ]


FEBRUARY = span("2024-02-01", "2024-03-01")


@pytest.mark.requirement("R3")
@pytest.mark.parametrize(
    ("data_period", "expected"),
    [
        (days("2024-02-01", "2024-03-01"), "energy_service"),
        (days("2024-02-02"), "outside_data_period slot_not_whole"),
        (days("2023-10-01", "2024-02-29"), "outside_data_period slot_not_whole"),
    ],
)
def test_a_month_of_which_a_consent_leaves_out_a_day_is_not_given_so_that_two_consents_give_no_day(
    data_period: Interval, expected: str
) -> None:
    monthly = replace(CONSENT, granularity=Granularity.MONTH, data_period=data_period)
    facts = replace(facts_for(BRAM), permissions=(monthly,))
    decision = ask(brams_wish(FEBRUARY, granularity=Granularity.MONTH), facts)
    assert " ".join(sorted(code for _, code in outline(decision))) == expected


@pytest.mark.requirement("R3")
def test_an_hour_of_which_a_consent_leaves_out_a_quarter_is_not_given() -> None:
    first = span("2024-02-01", "2024-02-02").start
    late = replace(CONSENT, granularity=Granularity.HOUR, data_period=Interval(first + QUARTER))
    facts = replace(facts_for(BRAM), permissions=(late,))
    hours = brams_wish(Period(first, first + 8 * QUARTER), granularity=Granularity.HOUR)
    assert outline(ask(hours, facts)) == [
        (Period(first, first + QUARTER), "outside_data_period"),
        (Period(first + QUARTER, first + 4 * QUARTER), "slot_not_whole"),
        (Period(first + 4 * QUARTER, first + 8 * QUARTER), "energy_service"),
    ]


@pytest.mark.requirement("R3")
def test_a_month_in_which_somebody_came_who_did_not_sign_is_not_given_in_part() -> None:
    home = replace(MARIAS, concerned=(PersonConcerned(LOTTE, days("2024-02-10")),))
    facts = replace(
        facts_for(BRAM), occupancies=(home,), permissions=(replace(CONSENT, granularity=Granularity.MONTH),)
    )
    decision = ask(brams_wish(FEBRUARY, granularity=Granularity.MONTH), facts)
    assert outline(decision) == [
        (span("2024-02-01", "2024-02-10"), "slot_not_whole"),
        (span("2024-02-10", "2024-03-01"), "second_signature_missing"),
    ]


@pytest.mark.requirement("R3")
def test_a_month_of_which_a_record_leaves_out_a_day_is_not_given() -> None:
    record = replace(INCIDENT, granularity=Granularity.MONTH, data_period=days("2024-02-02"))
    record = replace(record, purpose=Purpose.FRAUD_DETECTION)
    facts = replace(facts_for(ZUID), necessities=(record,))
    wish = zuids_wish(FEBRUARY, purpose=Purpose.FRAUD_DETECTION, granularity=Granularity.MONTH)
    assert [code for _, code in outline(ask(wish, facts))] == ["outside_data_period", "slot_not_whole"]


def test_a_month_that_begins_with_who_lives_there_is_whole_whatever_the_consent_asks_before() -> None:
    home = replace(MARIAS, period=days("2024-02-10"))
    for first in ("2023-06-01", "2024-02-10"):
        monthly = replace(CONSENT, granularity=Granularity.MONTH, data_period=days(first))
        facts = replace(facts_for(BRAM), occupancies=(home,), permissions=(monthly,))
        decision = ask(brams_wish(FEBRUARY, granularity=Granularity.MONTH), facts)
        assert (span("2024-02-10", "2024-03-01"), "energy_service") in outline(decision)


# --- grid operator, regulator -----------------------------------------------------------------------------


def test_the_grid_operator_has_days_without_a_record_and_names_itself_as_the_fact() -> None:
    decision = ask(zuids_wish(span("2024-01-01", "2024-02-01")))
    assert verdict(decision) == "dso_grid_management"
    assert [part.fact_id for part in decision.granted] == [ZUID]


@pytest.mark.requirement("R60")
@pytest.mark.parametrize("granularity", [Granularity.QUARTER_HOUR, Granularity.HOUR])
def test_finer_than_days_needs_a_necessity_record_for_those_very_days(granularity: Granularity) -> None:
    decision = ask(zuids_wish(span("2023-10-27", "2023-11-02"), granularity=granularity))
    assert outline(decision) == [
        (span("2023-10-27", "2023-10-28"), "granularity_too_fine"),
        (span("2023-10-28", "2023-11-01"), "dso_grid_management"),
        (span("2023-11-01", "2023-11-02"), "granularity_too_fine"),
    ]
    assert [part.fact_id for part in decision.granted] == [INCIDENT.id]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (INCIDENT.valid_period.start - TICK, "granularity_too_fine"),
        (INCIDENT.valid_period.start, "dso_grid_management"),
        (end_of(INCIDENT.valid_period) - TICK, "dso_grid_management"),
        (end_of(INCIDENT.valid_period), "granularity_too_fine"),
    ],
)
def test_a_necessity_record_lasts_as_long_as_it_says(now: datetime, expected: str) -> None:
    wish = zuids_wish(span("2023-10-29", "2023-10-30"), granularity=Granularity.QUARTER_HOUR)
    assert verdict(ask(wish, now=now)) == expected


def test_a_record_for_hours_does_not_open_quarter_hours() -> None:
    facts = replace(facts_for(ZUID), necessities=(replace(INCIDENT, granularity=Granularity.HOUR),))
    day = span("2023-10-29", "2023-10-30")
    assert verdict(ask(zuids_wish(day, granularity=Granularity.HOUR), facts)) == "dso_grid_management"
    fine = zuids_wish(day, granularity=Granularity.QUARTER_HOUR)
    assert verdict(ask(fine, facts)) == "granularity_too_fine"


def test_another_grid_operator_is_an_outsider_here() -> None:
    facts = replace(facts_for(ZUID), grid_operator_id="noord", necessities=())
    assert verdict(ask(zuids_wish(span("2024-01-01", "2024-02-01")), facts)) == "no_legal_basis"


@pytest.mark.requirement("R196")
def test_fraud_detection_is_its_own_purpose_with_its_own_record() -> None:
    day = span("2023-10-29", "2023-10-30")
    wish = zuids_wish(day, purpose=Purpose.FRAUD_DETECTION)
    assert verdict(ask(wish)) == "no_legal_basis"  # the grid management record does not serve it
    case = replace(INCIDENT, id="case-1", purpose=Purpose.FRAUD_DETECTION)
    facts = replace(facts_for(ZUID), necessities=(INCIDENT, case))
    decision = ask(wish, facts)
    assert verdict(decision) == "dso_fraud_detection"
    assert [part.fact_id for part in decision.granted] == ["case-1"]
    assert (
        verdict(ask(replace(wish, period=span("2024-01-01", "2024-01-02")), facts)) == "outside_data_period"
    )


@pytest.mark.requirement("R10")
@pytest.mark.parametrize(
    "purpose",
    sorted(set(Purpose) - {Purpose.GRID_MANAGEMENT, Purpose.SUPPLY_QUALITY, Purpose.FRAUD_DETECTION}),
)
def test_the_grid_operator_has_no_commercial_purpose(purpose: Purpose) -> None:
    assert (
        verdict(ask(zuids_wish(span("2024-01-01", "2024-02-01"), purpose=purpose))) == "purpose_not_allowed"
    )


def test_the_regulator_looks_at_one_point_only_with_a_record_of_the_task() -> None:
    day = span("2023-10-29", "2023-10-30")
    assert verdict(ask(regulators_wish(day))) == "no_legal_basis"
    task = replace(INCIDENT, id="task-1", party_id=REGULATOR, purpose=Purpose.SUPERVISION)
    facts = replace(facts_for(REGULATOR), necessities=(task,))
    for now, expected in (
        (NOW, "regulator"),
        (end_of(task.valid_period), "expired"),
        (task.valid_period.start - TICK, "not_yet_valid"),
    ):
        assert verdict(ask(regulators_wish(day), facts, now)) == expected


# --- outsiders --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R98")
@pytest.mark.parametrize(
    "wish",
    [
        own_wish(MARIA, span("2023-01-01", "2025-01-01")),
        brams_wish(span("2023-01-01", "2025-01-01")),
        watts_wish(span("2023-01-01", "2025-01-01")),
        zuids_wish(span("2023-01-01", "2025-01-01")),
        regulators_wish(span("2023-01-01", "2025-01-01")),
    ],
)
def test_what_does_not_exist_looks_exactly_like_what_is_not_permitted(wish: Wish) -> None:
    nowhere = Facts(party=PARTIES.get(wish.party_id or ""))
    elsewhere = replace(
        facts_for(wish.party_id),
        occupancies=(replace(MARIAS, person_id=JORIS),),
        permissions=(replace(CONSENT, party_id=JORIS),),
        supply_contracts=(replace(SUPPLY, party_id=JORIS),),
        necessities=(replace(INCIDENT, party_id=JORIS),),
        grid_operator_id=JORIS,
    )
    seen = decide(wish, nowhere, NOW, CATALOGUE)
    assert seen == decide(wish, elsewhere, NOW, CATALOGUE)
    assert outline(seen) == [(wish.period, ReasonCode.NO_LEGAL_BASIS)]


@pytest.mark.requirement("R98")
def test_facts_without_an_access_point_grant_nothing() -> None:
    for wish in (watts_wish(span("2024-01-01", "2024-02-01")), zuids_wish(span("2024-01-01", "2024-02-01"))):
        nowhere = replace(facts_for(wish.party_id), occupancies=())
        assert verdict(decide(wish, nowhere, NOW, CATALOGUE)) == "no_legal_basis"


# --- choosing between grounds and between reasons ---------------------------------------------------------


@pytest.mark.requirement("R1")
def test_of_two_consents_the_one_that_covers_most_is_recorded_alone() -> None:
    narrow = replace(CONSENT, id="permission-0", data_period=days("2023-08-01", "2023-09-01"))
    for permissions in ((CONSENT, narrow), (narrow, CONSENT)):
        facts = replace(facts_for(BRAM), permissions=permissions)
        decision = ask(brams_wish(span("2023-07-01", "2023-10-01")), facts)
        assert [part.fact_id for part in decision.granted] == [CONSENT.id]


def test_two_consents_side_by_side_each_carry_their_own_part() -> None:
    second = replace(CONSENT, id="permission-2", data_period=days("2024-04-01", "2024-05-10"))
    facts = replace(facts_for(BRAM), permissions=(second, CONSENT))
    decision = ask(brams_wish(span("2024-03-01", "2024-05-10")), facts)
    assert [(part.interval, part.fact_id) for part in decision.granted] == [
        (span("2024-03-01", "2024-05-01"), CONSENT.id),
        (span("2024-05-01", "2024-05-10"), second.id),
    ]
    assert decision.refused == ()


def test_the_reason_comes_from_the_consent_that_speaks_of_those_days() -> None:
    earlier = replace(
        CONSENT,
        id="permission-0",
        data_period=days("2023-04-01", "2023-06-01"),
        state=PermissionState.REVOKED,
    )
    advice = replace(
        CONSENT, id="permission-9", purpose=Purpose.ENERGY_ADVICE, data_period=days("2023-01-01")
    )
    facts = replace(facts_for(BRAM), permissions=(advice, CONSENT, earlier))
    decision = ask(brams_wish(span("2023-03-01", "2023-07-01")), facts)
    assert outline(decision) == [
        (span("2023-03-01", "2023-04-01"), "outside_data_period"),
        (span("2023-04-01", "2023-06-01"), "withdrawn"),
        (span("2023-06-01", "2023-07-01"), "energy_service"),
    ]


# --- malformed wishes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "party_id", "person_id"),
    [
        (Role.GRID_USER, None, None),
        (Role.GRID_USER, BRAM, None),
        (Role.GRID_USER, BRAM, MARIA),
        (Role.SUPPLIER, None, None),
        (Role.SUPPLIER, None, MARIA),
        (Role.SUPPLIER, WATTS, MARIA),
    ],
)
def test_a_wish_is_asked_by_one_person_or_by_one_party(
    role: Role, party_id: str | None, person_id: str | None
) -> None:
    with pytest.raises(MalformedRequestError):
        replace(
            watts_wish(span("2024-01-01", "2024-02-01")),
            asker_role=role,
            party_id=party_id,
            person_id=person_id,
        )


def test_a_wish_for_readings_names_a_direction() -> None:
    with pytest.raises(MalformedRequestError):
        watts_wish(span("2024-01-01", "2024-02-01"), directions=frozenset())


def test_a_row_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(CatalogueError):
        CATALOGUE.row("landlord")
