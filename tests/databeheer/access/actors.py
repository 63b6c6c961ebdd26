"""The table of actors (requirements 1.2) as cases: everything in order, then one thing at a time at its edge.

A case is one question with the verdict that the law's wording gives, written here without looking at the catalogue's
file: so a condition that the catalogue loses makes a case fail (see test_mutations.py). Steps beside an edge are a
microsecond where the moment of looking counts, and one slot of the finest granularity where the data's time counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from databeheer.access.bases import Catalogue
from databeheer.access.decide import Wish, decide
from databeheer.access.facts import (
    Assessment,
    Authorisation,
    Block,
    Capacity,
    Death,
    Facts,
    Gap,
    MeteringRegime,
    Necessity,
    Notice,
    Occupancy,
    Participation,
    PartyFacts,
    Permission,
    PermissionState,
    PersonConcerned,
    Regime,
    Registration,
    Representation,
    Signer,
    SupplyContract,
    Territory,
    WrittenMandate,
)
from databeheer.access.intervals import FOREVER, Interval
from databeheer.brussels import midnight
from databeheer.values import PERSON_ROLES, Direction, Granularity, Period, Purpose, Role
from tests.databeheer.access.people import BOTH, JORIS, MARIA, NOW, QUARTER, TICK, days, outline

ASKER, LOTTE, NADIA, THEO = "asker", "lotte", "nadia", "theo"
GHENT = "44021"
EDGE = midnight(date(2024, 1, 1))
"""Where the data's time is cut in two: a beginning of a month, so of every slot."""

PAST = Interval(midnight(date(2022, 1, 1)))
GRANTED_AT = NOW - timedelta(days=30)
MOVED_OUT = midnight(date(2024, 9, 1))
HOME = Occupancy("home-maria", MARIA, Interval(midnight(date(2023, 3, 1)), MOVED_OUT))
STAY = Interval(HOME.period.start)
"""What began with Maria's stay, and has no end of its own."""

NEXT = Occupancy("home-lotte", LOTTE, Interval(MOVED_OUT))
STEP = {
    Granularity.QUARTER_HOUR: QUARTER,
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
}


@dataclass(frozen=True)
class Case:
    """One question to one row, and the only right answer."""

    code: str
    what: str
    wish: Wish
    facts: Facts
    now: datetime
    expected: str
    shows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.what}: {self.expected}"


def check(case: Case, catalogue: Catalogue) -> None:
    """Fail where the catalogue answers this case otherwise, or the outsider anything at all."""
    given = outline(decide(case.wish, case.facts, case.now, catalogue))
    assert given == [(case.wish.period, case.expected)], f"{case}, but it was {given}"
    told = outline(_as_joris(case, catalogue))
    outsider = "role_gets_nothing" if case.expected == "role_gets_nothing" else "no_legal_basis"
    assert told == [(case.wish.period, outsider)], f"Joris, {case}, was told {told}"


def _as_joris(case: Case, catalogue: Catalogue):  # type: ignore[no-untyped-def]
    if case.wish.asker_role in PERSON_ROLES:
        return decide(replace(case.wish, person_id=JORIS), case.facts, case.now, catalogue)
    party = case.facts.party
    joris = replace(party, id=JORIS, territories=()) if party else None
    return decide(replace(case.wish, party_id=JORIS), replace(case.facts, party=joris), case.now, catalogue)


@dataclass(frozen=True)
class Actor:
    """One ground of the table: who asks for what, and which conditions it has, in the table's words."""

    number: int
    code: str
    role: Role
    purpose: Purpose
    categories: tuple[str, ...]
    finest: Granularity
    at_access: tuple[str, ...] = ()
    """Conditions that begin and end when somebody looks."""
    of_data: tuple[str, ...] = ()
    """Conditions that begin and end when the energy flowed."""
    states: str = "READ VAL EST NONE"
    asks: Granularity | None = None
    """The granularity of its plain wish, where that is not the finest."""
    facts: dict[str, object] = field(default_factory=dict)


ALL = ("readings", "technical", "relational")
Q, H, D, M = Granularity.QUARTER_HOUR, Granularity.HOUR, Granularity.DAY, Granularity.MONTH
PARTY = ("not_suspended",)
PAPERS = (*PARTY, "dpia", "overview")
LAW = (*PAPERS, "notice")
SIGNED = ("validity", "not_blocked", "not_dead", "not_moved")
OF_SIGNED = ("data_period", "occupancy", "second_signature", "no_gap")
TASK = ("record",)
OF_TASK = ("record_period",)

ACTORS = (
    Actor(1, "data_management", Role.DATA_MANAGER, Purpose.DATA_MANAGEMENT, ALL, Q, LAW, asks=D),
    Actor(2, "dso_grid_management", Role.DSO, Purpose.GRID_MANAGEMENT, ALL, Q, LAW, asks=D),
    Actor(2, "dso_supply_quality", Role.DSO, Purpose.SUPPLY_QUALITY, ("supply_quality",), D, LAW),
    Actor(3, "own", Role.GRID_USER, Purpose.OWN_INSIGHT, ALL, Q, ("not_dead",), ("occupancy",)),
    Actor(3, "own_by_representative", Role.REPRESENTATIVE, Purpose.OWN_INSIGHT, ALL, Q, ("appointed", "not_dead"),
          ("occupancy",)),
    Actor(4, "own_person_concerned", Role.PERSON_CONCERNED, Purpose.OWN_INSIGHT, ("readings",), Q, (), ("residence",)),
    Actor(5, "supplier", Role.SUPPLIER, Purpose.BILLING, ("readings",), M, (*LAW, "accepted"),
          ("contract", "same_stay"), states="READ VAL NONE"),
    Actor(6, "supplier_dynamic_price", Role.SUPPLIER, Purpose.DYNAMIC_PRICE_BILLING, ("readings",), Q,
          (*PAPERS, *SIGNED, "accepted_for_price"), (*OF_SIGNED, "contract", "dynamic_price", "regime"),
          states="READ VAL NONE"),
    Actor(7, "supplier_service", Role.SUPPLIER_SERVICE, Purpose.ENERGY_MONITORING, ALL, Q,
          (*PAPERS, *SIGNED, "access_contract"), OF_SIGNED),
    Actor(8, "supplier_offer", Role.SUPPLIER, Purpose.SUPPLY_OFFER, ("readings",), M, (*PAPERS, *SIGNED, "mandate"),
          (*OF_SIGNED, "history")),
    Actor(9, "energy_service", Role.ENERGY_SERVICE, Purpose.ENERGY_ADVICE, ALL, Q,
          (*PAPERS, *SIGNED, "access_contract"), OF_SIGNED),
    Actor(10, "flexibility_service", Role.AGGREGATOR, Purpose.FLEXIBILITY, ("readings",), Q,
          (*PAPERS, *SIGNED, "access_contract"), OF_SIGNED),
    Actor(11, "balance_responsible", Role.BALANCE_RESPONSIBLE, Purpose.BALANCING, ("readings",), Q, LAW,
          ("registration", "registered_stay")),
    Actor(11, "shipper", Role.SHIPPER, Purpose.BALANCING, ("readings",), H, LAW, ("registration", "registered_stay")),
    Actor(12, "transmission_operator", Role.TRANSMISSION_OPERATOR, Purpose.GRID_MANAGEMENT, ("readings", "technical"),
          Q, (*LAW, *TASK), OF_TASK),
    Actor(13, "other_grid_operator", Role.OTHER_GRID_OPERATOR, Purpose.GRID_MANAGEMENT, ("readings", "technical"), Q,
          (*LAW, *TASK, "territory"), OF_TASK),
    Actor(14, "intermediary", Role.INTERMEDIARY, Purpose.MARKET_FACILITATION, ALL, Q, (*LAW, *TASK), OF_TASK),
    Actor(15, "energy_community", Role.ENERGY_COMMUNITY, Purpose.ENERGY_SHARING, ("readings",), Q, LAW,
          ("participation", "occupancy")),
    Actor(16, "authority", Role.AUTHORITY, Purpose.PUBLIC_TASK, ALL, Q, (*LAW, *TASK, "authorisation"), OF_TASK),
    Actor(17, "public_body", Role.PUBLIC_BODY, Purpose.PUBLIC_TASK, ALL, Q, (*LAW, *TASK, "authorisation"), OF_TASK),
    Actor(18, "welfare_centre", Role.WELFARE_CENTRE, Purpose.SOCIAL_ASSISTANCE, ("readings", "relational"), M,
          (*LAW, "home_territory"), ("present_occupancy",)),
    Actor(19, "regulator", Role.REGULATOR, Purpose.SUPERVISION, ALL, Q, (*LAW, *TASK), OF_TASK),
    Actor(20, "comparison_tool", Role.COMPARISON_TOOL, Purpose.PRICE_COMPARISON, ALL, Q, (*PAPERS, *SIGNED), OF_SIGNED),
    Actor(24, "processor", Role.PROCESSOR, Purpose.PROCESSING, ALL, Q, (*PARTY, *TASK, "agreement"), OF_TASK),
    Actor(25, "staff", Role.STAFF, Purpose.CASE_HANDLING, ALL, D, (*PARTY, *TASK), OF_TASK),
    Actor(27, "dso_fraud_detection", Role.DSO, Purpose.FRAUD_DETECTION, ("readings",), Q, (*LAW, *TASK), OF_TASK),
    Actor(28, "data_protection_authority", Role.DATA_PROTECTION_AUTHORITY, Purpose.DATA_PROTECTION, ("records",), M,
          (*PARTY, *TASK), OF_TASK),
)  # fmt: skip
NOTHING = {
    8: ("prospective_supplier", Role.SUPPLIER),
    21: ("research", Role.RESEARCH),
    22: ("port_app", Role.PORT_APP),
    23: ("landlord", Role.LANDLORD),
    26: ("governance_committee", Role.GOVERNANCE_COMMITTEE),
}
"""Rows that get nothing, with the code of their sentence."""


# --- a house in which everything is in order ------------------------------------------------------------------


def party_of(role: Role) -> PartyFacts:
    return PartyFacts(
        ASKER,
        role,
        contract_period=PAST,
        assessments=(Assessment("dpia", NOW - timedelta(days=300)),),
        overviews=(PAST,),
        territories=(Territory(GHENT, PAST),),
        processor_agreements=(PAST,),
    )


def house_for(actor: Actor) -> Facts:
    """Facts under which the actor's plain wish is granted, by its own row only."""
    category = actor.categories[0]
    by_consent = "data_period" in actor.of_data
    has_record = "record" in actor.at_access
    permission = Permission(
        "permission",
        ASKER,
        HOME.id,
        actor.purpose,
        category,
        BOTH,
        Q,
        PAST,
        Interval(GRANTED_AT),
        PermissionState.ACTIVE,
        (Signer(MARIA, Capacity.GRID_USER, GRANTED_AT),),
        WrittenMandate(b"document", GRANTED_AT),
    )
    lives_there = PersonConcerned(NADIA, days("2023-06-01", "2024-08-01"))
    home = replace(HOME, concerned=(lives_there,)) if actor.role is Role.PERSON_CONCERNED else HOME
    return Facts(
        party=None if actor.role in PERSON_ROLES else party_of(actor.role),
        occupancies=(home, NEXT),
        permissions=(permission,) if by_consent else (),
        supply_contracts=(SupplyContract("supply", ASKER, STAY, PAST.start, (PAST,)),)
        if actor.role is Role.SUPPLIER
        else (),
        regimes=(MeteringRegime("regime", HOME.id, Regime.SMR3, PAST),),
        registrations=(Registration("registration", ASKER, STAY),) if "registration" in actor.of_data else (),
        participations=(Participation("taken", ASKER, HOME.id, PAST),)
        if "participation" in actor.of_data
        else (),
        necessities=(Necessity("record", ASKER, actor.purpose, Q, PAST, PAST, "law"),) if has_record else (),
        authorisations=(Authorisation("law", ASKER, "Decreet", "2020", "7", frozenset(ALL), Q, PAST),),
        notices=(
            Notice("notice-1", ASKER, HOME.id, frozenset({actor.purpose}), PAST.start),
            Notice("notice-2", ASKER, NEXT.id, frozenset({actor.purpose}), PAST.start),
        ),
        representations=(Representation("appointed", THEO, MARIA, "21/B/14", PAST),),
        grid_operator_id=ASKER if actor.role is Role.DSO else "grid",
        data_manager_id=ASKER if actor.role is Role.DATA_MANAGER else "manager",
        territory=GHENT,
    )


PERSON = {Role.GRID_USER: MARIA, Role.REPRESENTATIVE: THEO, Role.PERSON_CONCERNED: NADIA}


def wish_of(actor: Actor, **changes: object) -> Wish:
    """The actor's plain wish: the slot that begins at EDGE, in its finest granularity."""
    finest = actor.asks or actor.finest
    person = PERSON.get(actor.role)
    wish = Wish(
        actor.role,
        None if person else ASKER,
        person,
        actor.purpose,
        actor.categories[0],
        BOTH,
        finest,
        slot(finest, 0),
    )
    return replace(wish, **changes)  # type: ignore[arg-type]


def slot(granularity: Granularity, place: int) -> Period:
    """The slot at EDGE, or one before (-1) or after it (+1)."""
    if granularity is Granularity.MONTH:
        months = [midnight(date(2023, 12, 1)), EDGE, midnight(date(2024, 2, 1)), midnight(date(2024, 3, 1))]
        return Period(months[place + 1], months[place + 2])
    start = EDGE + place * STEP[granularity]
    return Period(start, start + STEP[granularity])


# --- conditions at their edges --------------------------------------------------------------------------------

Change = Callable[[Facts, Interval], Facts]


def _party(**changes: object) -> Callable[[Facts], Facts]:
    def change(facts: Facts) -> Facts:
        assert facts.party is not None
        return replace(facts, party=replace(facts.party, **changes))  # type: ignore[arg-type]

    return change


def _first(name: str, **changes: object) -> Callable[[Facts], Facts]:
    """The first fact of a kind with something changed."""

    def change(facts: Facts) -> Facts:
        first, *rest = getattr(facts, name)
        return replace(facts, **{name: (replace(first, **changes), *rest)})

    return change


def _gap(interval: Interval) -> tuple[Interval, ...]:
    """When an obstacle stands, so that all is well in `interval`: before its start, or from its end on."""
    return (Interval(PAST.start, interval.start),) if interval.end is None else (Interval(interval.end),)


def _assessed(facts: Facts, interval: Interval) -> Facts:
    at = interval.start
    if interval.end is not None:  # exactly two years before
        at = interval.end.replace(year=interval.end.year - 2)
    return _party(assessments=(Assessment("dpia", at),))(facts)


def _stale(facts: Facts, interval: Interval) -> Facts:
    end = interval.end
    return _party(assessments=(Assessment("dpia", NOW - timedelta(days=9), end),))(facts)


def _told(facts: Facts, interval: Interval) -> Facts:
    notices = tuple(replace(notice, given_at=interval.start) for notice in facts.notices)
    return replace(facts, notices=notices)


@dataclass(frozen=True)
class Condition:
    """What a fact's interval looks like, and the reason outside it. `edges`: whether it begins, ends, or both."""

    change: Change
    otherwise: str
    shows: tuple[str, ...] = ()
    begins: bool = True
    ends: bool = True


AT_ACCESS: dict[str, Condition] = {
    "not_suspended": Condition(lambda f, i: _party(suspensions=_gap(i))(f), "party_suspended", ("R13",)),
    "dpia": Condition(_assessed, "no_dpia", ("R114", "R115")),
    "dpia_not_stale": Condition(_stale, "no_dpia", ("R116",), begins=False),
    "overview": Condition(lambda f, i: _party(overviews=(i,))(f), "no_processing_overview", ("R6",)),
    "notice": Condition(_told, "no_notice", ("R7",), ends=False),
    "access_contract": Condition(
        lambda f, i: _party(contract_period=i)(f), "no_data_access_contract", ("R12",)
    ),
    "agreement": Condition(lambda f, i: _party(processor_agreements=(i,))(f), "no_processor_agreement"),
    "territory": Condition(lambda f, i: _party(territories=(Territory(GHENT, i),))(f), "outside_territory"),
    "home_territory": Condition(
        lambda f, i: _party(territories=(Territory(GHENT, i),))(f), "no_legal_basis", ("R39",)
    ),
    "accepted": Condition(
        lambda f, i: _first("supply_contracts", accepted_at=i.start)(f),
        "no_legal_basis",
        ("R72",),
        ends=False,
    ),
    "accepted_for_price": Condition(
        lambda f, i: _first("supply_contracts", accepted_at=i.start)(f), "no_contract", ("R72",), ends=False
    ),
    "mandate": Condition(
        lambda f, i: _first("permissions", mandate=WrittenMandate(b"document", i.start))(f),
        "no_written_mandate",
        ("R34",),
        ends=False,
    ),
    "validity": Condition(
        lambda f, i: _first("permissions", valid_period=Interval(max(i.start, GRANTED_AT), i.end))(f),
        "expired",
        ("R24",),
    ),
    "not_blocked": Condition(
        lambda f, i: replace(f, blocks=tuple(Block("block", ASKER, gap) for gap in _gap(i))),
        "blocked",
        ("R100",),
    ),
    "not_dead": Condition(
        lambda f, i: replace(f, deaths=(Death(MARIA, i.end or FOREVER),)), "holder_died", begins=False
    ),
    "not_moved": Condition(
        lambda f, i: _first("occupancies", period=Interval(HOME.period.start, i.end))(f),
        "invalidated_by_move",
        ("R29",),
        begins=False,
    ),
    "appointed": Condition(lambda f, i: _first("representations", period=i)(f), "expired"),
    "record": Condition(lambda f, i: _first("necessities", valid_period=i)(f), "expired", ("R3",)),
    "authorisation": Condition(
        lambda f, i: _first("authorisations", period=i)(f), "no_authorisation", ("R14",)
    ),
}
BEFORE = {"validity": "not_yet_valid", "appointed": "not_yet_valid", "record": "not_yet_valid"}
"""Where the reason before the beginning is another than after the end."""


def _unsigned(facts: Facts, interval: Interval) -> Facts:
    """Somebody who did not sign lives there too, outside the interval."""
    gaps = tuple(PersonConcerned(NADIA, gap) for gap in _gap(interval))
    return _first("occupancies", concerned=gaps)(facts)


def _given_at_its_end(facts: Facts, interval: Interval) -> Facts:
    """Granted in the course of the first day after the interval."""
    assert interval.end is not None
    return _first("permissions", valid_period=Interval(interval.end + timedelta(hours=9, minutes=7)))(facts)


def _lives(facts: Facts, interval: Interval) -> Facts:
    """Maria lives there from its start, and her contracts are of her stay; before her somebody else."""
    home = replace(facts.occupancies[0], period=Interval(interval.start, MOVED_OUT))
    before = Occupancy("home-before", LOTTE, Interval(PAST.start, interval.start))
    contracts = tuple(replace(one, period=Interval(interval.start)) for one in facts.supply_contracts)
    return replace(facts, occupancies=(before, home, NEXT), supply_contracts=contracts)


def _moves(facts: Facts, interval: Interval) -> Facts:
    """Maria lives there until its end; what began in her stay has no end, and nothing of Lotte's is in it."""
    home, next_home, *rest = facts.occupancies
    moved = interval.end or MOVED_OUT
    stays = (
        replace(home, period=Interval(home.period.start, moved)),
        replace(next_home, period=Interval(moved)),
    )
    return replace(facts, occupancies=(*stays, *rest))


def _of_stay(interval: Interval) -> Interval:
    """The interval as far as it lies in Maria's stay: what begins before it is somebody else's."""
    return Interval(max(interval.start, HOME.period.start), interval.end)


OF_DATA: dict[str, Condition] = {
    "occupancy": Condition(_lives, "not_occupant", ("R82",), ends=False),
    "present_occupancy": Condition(_lives, "not_occupant", ends=False),
    "residence": Condition(
        lambda f, i: _first("occupancies", concerned=(PersonConcerned(NADIA, i),))(f), "not_occupant"
    ),
    "data_period": Condition(
        lambda f, i: _first("permissions", data_period=i)(f), "outside_data_period", ("R23",)
    ),
    "second_signature": Condition(_unsigned, "second_signature_missing", ("R4",)),
    "no_gap": Condition(
        lambda f, i: replace(f, gaps=tuple(Gap("gap", ASKER, gap) for gap in _gap(i))),
        "doubt_gap",
        ("R104",),
    ),
    "contract": Condition(
        lambda f, i: _first("supply_contracts", period=_of_stay(i))(f), "no_contract", ("R73",)
    ),
    "same_stay": Condition(_moves, "no_contract", ("R73", "R82"), begins=False),
    "dynamic_price": Condition(
        lambda f, i: _first("supply_contracts", dynamic_price=(i,))(f), "no_dynamic_price"
    ),
    "regime": Condition(lambda f, i: _first("regimes", period=i)(f), "no_metering_regime", ("R38",)),
    "history": Condition(_given_at_its_end, "outside_data_period", begins=False),
    "registration": Condition(lambda f, i: _first("registrations", period=_of_stay(i))(f), "not_registered"),
    "registered_stay": Condition(_moves, "not_registered", ("R82",), begins=False),
    "participation": Condition(lambda f, i: _first("participations", period=i)(f), "not_participant"),
    "record_period": Condition(
        lambda f, i: _first("necessities", data_period=i)(f), "outside_data_period", ("R3",)
    ),
}


def cases_of(actor: Actor) -> Iterator[Case]:
    """Every edge of every condition of a row: just before, at, just after."""
    facts, wish = house_for(actor), wish_of(actor)

    def case(what: str, expected: str, *shows: str, **changed: object) -> Case:
        parts: dict[str, object] = {"wish": wish, "facts": facts, "now": NOW, **changed}
        return Case(actor.code, what, expected=expected, shows=shows, **parts)  # type: ignore[arg-type]

    yield case("everything in order", actor.code, "R1")
    names = [*actor.at_access, *(["dpia_not_stale"] if "dpia" in actor.at_access else [])]
    for name in names:
        condition = AT_ACCESS[name]
        for place, when in ((-1, "just before"), (0, "at"), (1, "just after")):
            now = NOW + place * TICK
            if condition.begins:
                changed = condition.change(facts, Interval(NOW))
                expected = actor.code if place >= 0 else BEFORE.get(name, condition.otherwise)
                yield case(f"{when} {name} begins", expected, *condition.shows, facts=changed, now=now)
            if condition.ends:
                changed = condition.change(facts, Interval(PAST.start, NOW))
                expected = condition.otherwise if place >= 0 else actor.code
                yield case(f"{when} {name} ends", expected, *condition.shows, facts=changed, now=now)
    for name in actor.of_data:
        condition = OF_DATA[name]
        for place, when in ((-1, "just before"), (0, "at"), (1, "just after")):
            there = replace(wish, period=slot(wish.granularity, place))
            if condition.begins:
                changed = condition.change(facts, Interval(EDGE))
                expected = actor.code if place >= 0 else _outside(actor, name)
                yield case(f"{when} {name} begins", expected, *condition.shows, facts=changed, wish=there)
            if condition.ends:
                changed = condition.change(facts, Interval(PAST.start, EDGE))
                expected = _outside(actor, name) if place >= 0 else actor.code
                yield case(f"{when} {name} ends", expected, *condition.shows, facts=changed, wish=there)
    yield from _terms(actor, case)


def _outside(actor: Actor, name: str) -> str:
    # Where an occupancy is only one limit among others, no home is no data.
    if name == "occupancy" and actor.role is Role.ENERGY_COMMUNITY:
        return "outside_data_period"
    return OF_DATA[name].otherwise


STATES = {
    PermissionState.ACTIVE: "",
    PermissionState.TO_BE_RENEWED: "",
    PermissionState.REQUESTED: "requested",
    PermissionState.REJECTED: "rejected",
    PermissionState.TIMED_OUT: "expired",
    PermissionState.BLOCKED: "blocked",
    PermissionState.FULFILLED: "fulfilled",
    PermissionState.REVOKED: "withdrawn",
    PermissionState.EXPIRED: "expired",
    PermissionState.TERMINATED: "terminated",
    PermissionState.INVALIDATED: "invalidated_by_move",
}
"""What becomes of a consent in each state; nothing where it gives access."""


def _terms(actor: Actor, case: Callable[..., Case]) -> Iterator[Case]:
    """What may be asked for: purposes, categories, directions, granularity; and who else's data."""
    wish, facts = wish_of(actor), house_for(actor)
    if actor.code not in ("own", "own_by_representative", "own_person_concerned"):
        wrong = replace(wish, purpose=Purpose.OWN_INSIGHT)
        yield case("for another purpose", "purpose_not_allowed", "R18", "R10", wish=wrong)
    if facts.permissions:
        other = _first("permissions", purpose=Purpose.OWN_INSIGHT)(facts)
        yield case(
            "on a consent for a purpose it does not have",
            "purpose_not_allowed",
            "R18",
            wish=wrong,
            facts=other,
        )
        yield case("on that consent, for its own", "purpose_not_allowed", "R18", facts=other)
        for state, expected in STATES.items():
            ended = _first("permissions", state=state)(facts)
            shows = ("R22",) if state is PermissionState.REVOKED else ("R28",) if "term" in state else ()
            yield case(f"once {state}", expected or actor.code, *shows, facts=ended)
        for person, capacity in ((LOTTE, Capacity.GRID_USER), (MARIA, Capacity.NATURAL_PERSON)):
            signed = _first("permissions", signers=(Signer(person, capacity, NOW),))(facts)
            yield case(f"signed by {person} as {capacity}", "not_occupant", "R4", facts=signed)
    if "record" in actor.at_access:
        yield case("without a record of why", "no_legal_basis", "R3", facts=replace(facts, necessities=()))
    for category in sorted({*ALL, "records", "supply_quality"} - set(actor.categories)):
        there = replace(wish, category=category)
        asked = replace(facts, permissions=tuple(replace(p, category=category) for p in facts.permissions))
        expected = "purpose_not_allowed" if facts.permissions else "category_not_granted"
        yield case(f"{category} data", expected, "R3", wish=there, facts=asked)
    for category in actor.categories:
        there = replace(wish, category=category)
        asked = replace(facts, permissions=tuple(replace(p, category=category) for p in facts.permissions))
        yield case(f"{category} data", actor.code, wish=there, facts=asked)
    if "readings" in actor.categories:
        yield from _ceiling(actor, case)
    finest = wish.granularity
    if "readings" in actor.categories and finest is not Q:
        part = Period(wish.period.start, wish.period.end - QUARTER)
        yield case("a slot in part", "slot_not_whole", "R3", wish=replace(wish, period=part))
    if facts.party is not None:
        for stranger in (replace(facts.party, id="somebody"), replace(facts.party, role=Role.LANDLORD), None):
            yield case(
                "with papers of somebody else", "no_legal_basis", "R1", facts=replace(facts, party=stranger)
            )
    for other in (Direction.OFFTAKE, Direction.INJECTION):
        yield case(f"{other} only", actor.code, wish=replace(wish, directions=frozenset({other})))
    restored = actor.code if actor.code == "own" else "unreconciled"
    yield case("after a restore", restored, facts=replace(facts, unreconciled_since=NOW))
    yield case("while the house is stopped", "stopped", facts=replace(facts, stopped_since=NOW))


def _ceiling(actor: Actor, case: Callable[..., Case]) -> Iterator[Case]:
    wish, facts = wish_of(actor), house_for(actor)
    for granularity in Granularity:
        there = replace(wish, granularity=granularity, period=slot(Granularity.MONTH, 0))
        is_fine = granularity.rank < (actor.asks or actor.finest).rank
        expected = "granularity_too_fine" if is_fine else actor.code
        yield case(f"per {granularity}", expected, "R3", wish=there)
    if actor.asks is not None:  # finer only with a record of why (R60)
        record = Necessity("record", ASKER, actor.purpose, Q, PAST, Interval(NOW))
        needed = replace(facts, necessities=(record,))
        fine = replace(wish, granularity=Q, period=slot(Q, 0))
        for place, expected in ((-1, "granularity_too_fine"), (0, actor.code), (1, actor.code)):
            now = NOW + place * TICK
            yield case("finer, with a record", expected, "R60", wish=fine, facts=needed, now=now)
    if "authorisation" in actor.at_access:
        coarse = _first("authorisations", granularity=M)(facts)
        yield case("finer than the authorising law", "granularity_too_fine", "R14", "R3", facts=coarse)
        finer = replace(facts.authorisations[0], id="law of another task")
        both = replace(coarse, authorisations=(*coarse.authorisations, finer))
        yield case("finer, under the law of another task", "granularity_too_fine", "R14", facts=both)
        for named in (None, "law of another task"):
            unnamed = _first("necessities", authorisation_id=named)(facts)
            yield case(f"on a record that names {named}", "no_authorisation", "R14", facts=unnamed)
        other = _first("authorisations", categories=frozenset({"technical"}))(facts)
        yield case("readings under a law for technical data", "no_authorisation", "R14", facts=other)


def all_cases() -> list[Case]:
    return [case for actor in ACTORS for case in cases_of(actor)]
