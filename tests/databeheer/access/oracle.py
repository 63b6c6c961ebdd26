"""The access rule once more, naively: quarter-hour by quarter-hour, without any interval arithmetic.

Written from the table of actors (requirements 1.2) and the law's wording, not from the code or the catalogue's file:
two years and a margin lie on a grid of quarter-hours, each fact marks the quarters that it speaks of, and a slot is
looked at through all quarters that bear its label in the local calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from databeheer.access.facts import Necessity, Occupancy, Permission
from databeheer.access.intervals import Interval
from databeheer.brussels import BRUSSELS, midnight
from databeheer.values import Granularity, Role
from tests.databeheer.access.people import QUARTER
from tests.databeheer.access.worlds import World

Mask = NDArray[np.bool_]

ORIGIN = midnight(date(2022, 11, 1))
SIZE = int((midnight(date(2025, 3, 1)) - ORIGIN) / QUARTER)


def _labels() -> dict[Granularity, NDArray[np.int64]]:
    local = [(ORIGIN + n * QUARTER).astimezone(BRUSSELS) for n in range(SIZE)]
    return {
        Granularity.QUARTER_HOUR: np.arange(SIZE),
        Granularity.HOUR: np.arange(SIZE) // 4,
        Granularity.DAY: np.array([one.toordinal() for one in local]) - local[0].toordinal(),
        Granularity.MONTH: np.array([12 * one.year + one.month for one in local]) - 12 * local[0].year,
    }


LABELS = _labels()
ALL, NONE = np.ones(SIZE, dtype=bool), np.zeros(SIZE, dtype=bool)
SCALE = ["quarter_hour", "hour", "day", "month"]

NEAREST = (
    "stopped", "unreconciled", "slot_not_whole", "granularity_too_fine", "direction_not_granted",
    "category_not_granted",
    "purpose_not_allowed", "no_notice", "second_signature_missing", "no_written_mandate", "no_authorisation",
    "outside_territory", "no_processor_agreement", "no_processing_overview", "no_dpia", "no_data_access_contract",
    "party_suspended", "blocked", "doubt_gap", "objected", "no_metering_regime", "no_dynamic_price", "not_occupant",
    "outside_data_period", "no_contract", "not_registered", "not_participant", "not_yet_valid", "requested", "expired",
    "fulfilled", "withdrawn", "terminated", "invalidated_by_move", "holder_died", "mandate_rejected", "lapsed",
    "unproven", "ended_by_suspension", "rejected",
    "role_gets_nothing", "no_legal_basis",
)  # fmt: skip
ENDED = {"requested": "requested", "blocked": "blocked", "fulfilled": "fulfilled", "rejected": "rejected",
         "timed_out": "expired", "revoked": "withdrawn", "expired": "expired", "terminated": "terminated",
         "lapsed": "lapsed"}  # fmt: skip
LOST = {
    "moved_out": "invalidated_by_move",
    "holder_died": "holder_died",
    "mandate_rejected": "mandate_rejected",
    "doubt_not_answered": "unproven",
    "party_suspended": "ended_by_suspension",
}
TRM, TM, M = ("readings", "technical", "relational"), ("readings", "technical"), ("readings",)


@dataclass(frozen=True)
class Rule:
    """One ground of the table, in the table's own words."""

    role: Role
    kind: str
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    finest: str
    needs: tuple[str, ...] = ()
    freely: str = ""


LAW = ("dpia", "overview", "notice")
PAPERS = ("dpia", "overview")
ADVICE = ("energy_advice", "energy_monitoring")

RULES = {
    "data_management": Rule(Role.DATA_MANAGER, "manager", ("data_management",), TRM, "quarter_hour", LAW, "day"),
    "dso_grid_management": Rule(Role.DSO, "operator", ("grid_management",), TRM, "quarter_hour", LAW, "day"),
    "dso_supply_quality": Rule(Role.DSO, "operator", ("supply_quality",), ("supply_quality",), "day", LAW),
    "own": Rule(Role.GRID_USER, "own", ("own_insight",), TRM, "quarter_hour"),
    "own_by_representative": Rule(Role.REPRESENTATIVE, "appointed", ("own_insight",), TRM, "quarter_hour"),
    "own_person_concerned": Rule(Role.PERSON_CONCERNED, "resident", ("own_insight",), M, "quarter_hour"),
    "supplier": Rule(Role.SUPPLIER, "supply", ("billing",), M, "month", LAW),
    "supplier_dynamic_price": Rule(Role.SUPPLIER, "consent", ("dynamic_price_billing",), M, "quarter_hour",
                                   (*PAPERS, "dynamic")),
    "supplier_service": Rule(Role.SUPPLIER_SERVICE, "consent", ADVICE, TRM, "quarter_hour", (*PAPERS, "contract")),
    "supplier_offer": Rule(Role.SUPPLIER, "consent", ("supply_offer",), M, "month", (*PAPERS, "written", "past")),
    "energy_service": Rule(Role.ENERGY_SERVICE, "consent", ADVICE, TRM, "quarter_hour", (*PAPERS, "contract")),
    "flexibility_service": Rule(Role.AGGREGATOR, "consent", ("flexibility",), M, "quarter_hour",
                                (*PAPERS, "contract")),
    "balance_responsible": Rule(Role.BALANCE_RESPONSIBLE, "registered", ("balancing",), M, "quarter_hour", LAW),
    "shipper": Rule(Role.SHIPPER, "registered", ("balancing",), M, "hour", LAW),
    "transmission_operator": Rule(Role.TRANSMISSION_OPERATOR, "task", ("grid_management",), TM, "quarter_hour", LAW),
    "other_grid_operator": Rule(Role.OTHER_GRID_OPERATOR, "task", ("grid_management",), TM, "quarter_hour",
                                (*LAW, "territory")),
    "intermediary": Rule(Role.INTERMEDIARY, "task", ("market_facilitation",), TRM, "quarter_hour", LAW),
    "energy_community": Rule(Role.ENERGY_COMMUNITY, "community", ("energy_sharing",), M, "quarter_hour", LAW),
    "authority": Rule(Role.AUTHORITY, "task", ("public_task",), TRM, "quarter_hour", (*LAW, "authorised")),
    "public_body": Rule(Role.PUBLIC_BODY, "task", ("public_task",), TRM, "quarter_hour", (*LAW, "authorised")),
    "welfare_centre": Rule(Role.WELFARE_CENTRE, "local", ("social_assistance",), ("readings", "relational"), "month",
                           LAW),
    "regulator": Rule(Role.REGULATOR, "task", ("supervision",), TRM, "quarter_hour", LAW),
    "comparison_tool": Rule(Role.COMPARISON_TOOL, "consent", ("price_comparison",), TRM, "quarter_hour", PAPERS),
    "processor": Rule(Role.PROCESSOR, "task", ("processing",), TRM, "quarter_hour", ("agreement",)),
    "staff": Rule(Role.STAFF, "task", ("case_handling",), TRM, "day"),
    "dso_fraud_detection": Rule(Role.DSO, "fraud", ("fraud_detection",), M, "quarter_hour", LAW),
    "data_protection_authority": Rule(Role.DATA_PROTECTION_AUTHORITY, "task", ("data_protection",), ("records",),
                                      "month"),
}  # fmt: skip
ORDER = list(RULES)
NOTHING_FOR = (Role.RESEARCH, Role.PORT_APP, Role.LANDLORD, Role.GOVERNANCE_COMMITTEE)
PEOPLE = (Role.GRID_USER, Role.PERSON_CONCERNED, Role.REPRESENTATIVE)


@dataclass
class Title:
    """What one fact comes to."""

    code: str
    fact_id: str
    speaks_of: Mask
    homes: list[Occupancy]
    finest: str | None
    problem: str | None
    suits: bool
    elsewhere: str
    homeless: str
    limits: list[tuple[str, Mask]] = field(default_factory=list)
    untold: list[Occupancy] = field(default_factory=list)
    is_asked_for: bool = False
    """A permission or a record: what it speaks of is what somebody wrote in it."""

    @property
    def reaches(self) -> Mask:
        reached = self.speaks_of.copy()
        for _, allowed in self.limits:
            reached &= allowed
        return reached

    @property
    def could_reach(self) -> Mask:
        """What only living there and contracts would leave: what else is not reached breaks a slot."""
        could = ALL.copy() if self.is_asked_for else self.speaks_of.copy()
        for name, allowed in self.limits:
            if name not in ("second_signature_missing", "doubt_gap", "objected"):
                could &= allowed
        return could


Outcome = tuple[str, ...]


@dataclass
class Answers:
    """For every quarter of the grid an index into `outcomes`; -1 where nothing was asked."""

    at: NDArray[np.int64]
    outcomes: list[Outcome]


def quarters_of(stretch: Interval | Any) -> Mask:
    """The quarters of the grid that begin within a stretch."""
    marked = NONE.copy()
    first = place(stretch.start)
    stop = SIZE if getattr(stretch, "end", None) is None else place(stretch.end)
    marked[first : max(first, stop)] = True
    return marked


def place(instant: datetime) -> int:
    """The first quarter that begins at or after an instant, kept on the grid."""
    return min(max(-((ORIGIN - instant) // QUARTER), 0), SIZE)


def answers(world: World) -> Answers:
    """For every quarter of the wish: ("granted", row, fact, occupancy) or ("refused", reason)."""
    asked = quarters_of(world.wish.period)
    at = np.full(SIZE, -1)
    if world.wish.asker_role in NOTHING_FOR:
        at[asked] = 0
        return Answers(at, [("refused", "role_gets_nothing")])
    titles = list(titles_of(world))
    numbers: dict[Outcome, int] = {}
    open_ = asked.copy()
    able = [title for title in titles if title.problem is None]
    able.sort(key=lambda t: (ORDER.index(t.code), -int((t.speaks_of & asked).sum()), t.fact_id))
    for title in able:
        reaches = title.reaches
        for home in sorted(
            (o for o in title.homes if o not in title.untold), key=lambda o: (o.period.start, o.id)
        ):
            lived = quarters_of(home.period)
            given = whole(world, title.finest, reaches & lived, asked, title.could_reach & lived) & open_
            if given.any():
                at[given] = numbers.setdefault(("granted", title.code, title.fact_id, home.id), len(numbers))
                open_ &= ~given
    why = np.full(SIZE, 10_000)
    for title in titles:
        np.minimum(why, why_not(title), out=why)
    for key in np.unique(why[open_]):
        reason = "no_legal_basis" if key == 10_000 else NEAREST[key % 100]
        at[open_ & (why == key)] = numbers.setdefault(("refused", reason), len(numbers))
    return Answers(at, list(numbers))


def why_not(title: Title) -> NDArray[np.int64]:
    """For each quarter how good an explanation this is, the reason in its last two digits."""
    speaks = title.speaks_of
    if title.problem is not None:
        reason = np.full(SIZE, NEAREST.index(title.problem))
    else:
        reason = np.full(SIZE, NEAREST.index("slot_not_whole"))
        for name, allowed in reversed(title.limits):
            reason[~allowed] = NEAREST.index(name)
        housed = NONE.copy()
        for home in title.homes:
            housed |= quarters_of(home.period)
        reason[~housed] = NEAREST.index(title.homeless)
        reason[~speaks] = NEAREST.index(title.elsewhere)
    return reason + np.where(speaks, 0, 100) + (0 if title.suits else 200)


def whole(world: World, finest: str | None, reaches: Mask, asked: Mask, could_reach: Mask) -> Mask:
    """What may be had of the wish, without the slots of which a part is missing, left out, not over or to come."""
    if finest is None:
        return reaches & asked
    labels = LABELS[Granularity(finest)]
    over = np.arange(SIZE) < (world.now - ORIGIN) // QUARTER
    begun = np.zeros(labels[-1] + 1, dtype=bool)
    begins = np.arange(SIZE) < place(world.now)
    begun[labels[begins]] = True
    missing = reaches & (~asked | (begun[labels] & ~over)) | could_reach & ~reaches
    broken = np.zeros(labels[-1] + 1, dtype=bool)
    broken[labels[missing]] = True
    return reaches & asked & ~broken[labels] & begins


# --- what each fact comes to ------------------------------------------------------------------------------


def within(instant: datetime, stretch: Interval) -> bool:
    return instant >= stretch.start and (stretch.end is None or instant < stretch.end)


def titles_of(world: World) -> Iterator[Title]:
    wish, facts = world.wish, world.facts
    if wish.asker_role not in PEOPLE:
        party = facts.party
        if party is None or (party.id, party.role) != (wish.party_id, wish.asker_role):
            return
    rules = {code: rule for code, rule in RULES.items() if rule.role is wish.asker_role}
    consents = {code: rule for code, rule in rules.items() if rule.kind == "consent"}
    if consents:
        for permission in facts.permissions:
            if permission.party_id == wish.party_id and wish.permission_id in (None, permission.id):
                yield consent(world, permission, consents)
    if wish.permission_id is not None or not facts.occupancies:
        return
    others = {code: rule for code, rule in rules.items() if rule.kind != "consent"}
    fitting = {code: rule for code, rule in others.items() if wish.purpose in rule.purposes}
    for code, rule in (fitting or others).items():
        yield from by_law(world, code, rule)


def by_law(world: World, code: str, rule: Rule) -> Iterator[Title]:
    wish, facts, now = world.wish, world.facts, world.now
    me = wish.party_id or wish.person_id
    if rule.kind == "own":
        for home in facts.occupancies:
            if home.person_id == me:
                yield title(world, code, home.id, quarters_of(home.period), "not_occupant", homes=[home],
                            problem=died(world, home.person_id))  # fmt: skip
    elif rule.kind == "resident":
        for home in facts.occupancies:
            for resident in home.concerned:
                if resident.person_id == me:
                    yield title(
                        world, code, home.id, quarters_of(resident.period), "not_occupant", homes=[home]
                    )
    elif rule.kind == "appointed":
        for office in facts.representations:
            for home in facts.occupancies:
                if office.representative_id == me and home.person_id == office.person_id:
                    problem = validity(office.period, now) or died(world, office.person_id)
                    yield title(world, code, office.id, quarters_of(home.period), "not_occupant", homes=[home],
                                problem=problem)  # fmt: skip
    elif rule.kind == "supply":
        for contract in facts.supply_contracts:
            if contract.party_id == me and contract.accepted_at is not None and contract.accepted_at <= now:
                yield made_there(world, code, contract.id, contract.period, "no_contract")
    elif rule.kind == "registered":
        for registration in facts.registrations:
            if registration.party_id == me:
                yield made_there(world, code, registration.id, registration.period, "not_registered")
    elif rule.kind == "community":
        for taken in facts.participations:
            homes = [home for home in facts.occupancies if home.id == taken.occupancy_id]
            if taken.party_id == me and homes:
                yield title(world, code, taken.id, quarters_of(taken.period), "not_participant", homes=homes)
    elif rule.kind == "local":
        assert facts.party is not None
        homes = [home for home in facts.occupancies if home.person_id and within(now, home.period)]
        if in_territory(world) and homes:
            lived = NONE.copy()
            for home in homes:
                lived |= quarters_of(home.period)
            yield title(world, code, facts.party.id, lived, "not_occupant", homes=homes)
    elif rule.kind in ("operator", "manager"):
        if me == (facts.grid_operator_id if rule.kind == "operator" else facts.data_manager_id):
            yield title(world, code, str(me), ALL, "no_legal_basis", finest=rule.freely or rule.finest)
            if rule.freely and finer(wish.granularity, rule.freely):
                yield from recorded(world, code, rule)
    elif rule.kind == "fraud":
        if me == facts.grid_operator_id:
            yield from recorded(world, code, rule)
    else:
        yield from recorded(world, code, rule)


def made_there(world: World, code: str, fact_id: str, period: Interval, elsewhere: str) -> Title:
    """A tie with whoever lived there on its first day, and with nobody who lives there later."""
    then = [home for home in world.facts.occupancies if within(period.start, home.period)]
    found = title(world, code, fact_id, quarters_of(period), elsewhere, homes=then)
    found.homeless = elsewhere
    return found


def recorded(world: World, code: str, rule: Rule) -> Iterator[Title]:
    for record in world.facts.necessities:
        if record.party_id == world.wish.party_id and record.purpose in rule.purposes:
            yield by_record(world, code, rule, record)


def by_record(world: World, code: str, rule: Rule, record: Necessity) -> Title:
    finest = coarser(record.granularity, rule.finest)
    problem = validity(record.valid_period, world.now)
    if "authorised" in rule.needs:
        # R14: the grant cites the law that authorises it, so the file says which one that is.
        laws = [
            law.granularity
            for law in world.facts.authorisations
            if law.id == record.authorisation_id
            and law.party_id == world.wish.party_id
            and within(world.now, law.period)
            and world.wish.category in law.categories
        ]
        problem = problem or (None if laws else "no_authorisation")
        finest = coarser(finest, min(laws, key=SCALE.index)) if laws else finest
    speaks_of = quarters_of(record.data_period)
    found = title(world, code, record.id, speaks_of, "outside_data_period", finest=finest, problem=problem)
    found.is_asked_for = True
    return found


def title(
    world: World,
    code: str,
    fact_id: str,
    speaks_of: Mask,
    elsewhere: str,
    *,
    homes: list[Occupancy] | None = None,
    finest: str | None = None,
    problem: str | None = None,
) -> Title:
    wish, rule = world.wish, RULES[code]
    finest = finest or rule.finest
    if homes is None:
        homes = list(world.facts.occupancies)
    if not_in_order(world, rule):
        problem = not_in_order(world, rule)
    elif wish.purpose not in rule.purposes:
        problem = "purpose_not_allowed"
    elif wish.category not in rule.categories:
        problem = "category_not_granted"
    elif problem is None and wish.category == "readings" and finer(wish.granularity, finest):
        problem = "granularity_too_fine"
    elif problem is None and world.facts.unreconciled_since and rule.kind != "own":
        problem = "unreconciled"
    elif problem is None and is_stopped(world):
        problem = "stopped"
    silent = untold(world, rule, homes) if "notice" in rule.needs else []
    return Title(
        code=code,
        fact_id=fact_id,
        speaks_of=speaks_of,
        homes=homes,
        finest=finest if wish.category == "readings" else None,
        problem=problem,
        suits=wish.purpose in rule.purposes and wish.category in rule.categories,
        elsewhere=elsewhere,
        homeless="outside_data_period",
        limits=([("no_notice", told(homes, silent))] if "notice" in rule.needs else [])
        + [("objected", ~objected(world, code))],
        untold=silent,
    )


def objected(world: World, code: str) -> Mask:
    """Quarters of whoever objected to this basis and was right by now."""
    marked = NONE.copy()
    for one in world.facts.objections:
        if one.basis == code and one.since <= world.now:
            marked |= quarters_of(one.period)
    return marked


def told(homes: list[Occupancy], silent: list[Occupancy]) -> Mask:
    """Quarters of whoever was told in time, and of nobody."""
    marked = NONE.copy()
    for home in homes:
        if home not in silent:
            marked |= quarters_of(home.period)
    return marked


def untold(world: World, rule: Rule, homes: list[Occupancy]) -> list[Occupancy]:
    """Those of whom somebody was not told in time."""
    silent = []
    for home in homes:
        notices = [
            n
            for n in world.facts.notices
            if n.occupancy_id == home.id and n.party_id == world.wish.party_id and n.given_at <= world.now
        ]
        is_told = any(purpose in n.purposes for n in notices for purpose in rule.purposes)
        if home.person_id is not None and not is_told:
            silent.append(home)
    return silent


# --- consent ----------------------------------------------------------------------------------------------


def consent(world: World, permission: Permission, rules: dict[str, Rule]) -> Title:
    wish, facts = world.wish, world.facts
    fitting = [
        c
        for c, r in rules.items()
        if permission.purpose in r.purposes and permission.category in r.categories
    ]
    code = (fitting or list(rules))[0]
    rule = RULES[code]
    home = next((o for o in facts.occupancies if o.id == permission.occupancy_id), None)
    finest = coarser(permission.granularity, rule.finest)
    speaks_of = quarters_of(permission.data_period)
    if "past" in rule.needs:  # history only: the days before the one of the grant
        given = permission.valid_period.start.astimezone(BRUSSELS).date()
        speaks_of &= np.arange(SIZE) < place(midnight(given))
    suits = permission.purpose is wish.purpose and permission.category == wish.category
    return Title(
        code=code,
        fact_id=permission.id,
        speaks_of=speaks_of,
        homes=[home] if home is not None and grid_user_signed(world, permission, home) else [],
        finest=finest if wish.category == "readings" else None,
        problem=consent_problem(world, permission, home, rule, finest, is_known=bool(fitting)),
        suits=suits,
        elsewhere="outside_data_period",
        homeless="not_occupant",
        limits=consent_limits(world, permission, home, rule),
        is_asked_for=True,
    )


def consent_problem(
    world: World, permission: Permission, home: Occupancy | None, rule: Rule, finest: str, *, is_known: bool
) -> str | None:
    wish, facts, now = world.wish, world.facts, world.now
    mandate = permission.mandate
    is_checked = mandate is not None and mandate.checked_at is not None and mandate.checked_at <= now
    of_readings = wish.category == "readings"
    lost = permission.invalidated_by if permission.state == "invalidated" else ""
    checks = (
        (lost != "", LOST.get(lost, "")),
        (permission.state not in ("active", "to_be_renewed"), ENDED.get(permission.state, "")),
        (home is not None and home.period.end is not None and home.period.end <= now, "invalidated_by_move"),
        (now < permission.valid_period.start, "not_yet_valid"),
        (permission.valid_period.end is not None and now >= permission.valid_period.end, "expired"),
        (home is not None and died(world, home.person_id) is not None, "holder_died"),
        (any(b.party_id == wish.party_id and within(now, b.period) for b in facts.blocks), "blocked"),
        (not_in_order(world, rule) is not None, not_in_order(world, rule) or ""),
        ("written" in rule.needs and not is_checked, "no_written_mandate"),
        (not is_known or permission.purpose is not wish.purpose, "purpose_not_allowed"),
        (permission.category != wish.category, "category_not_granted"),
        (of_readings and not wish.directions <= permission.directions, "direction_not_granted"),
        (of_readings and finer(wish.granularity, finest), "granularity_too_fine"),
        (facts.unreconciled_since is not None, "unreconciled"),
        (is_stopped(world), "stopped"),
    )
    return next((reason for holds, reason in checks if holds), None)


def grid_user_signed(world: World, permission: Permission, home: Occupancy) -> bool:
    if home.person_id is None:
        return False
    for signer in permission.signers:
        if signer.capacity == "grid_user" and signer.person_id == home.person_id:
            return True
        if signer.capacity == "representative" and home.person_id == signer.for_person_id:
            for office in world.facts.representations:
                acts_for_him = (office.representative_id, office.person_id) == (
                    signer.person_id,
                    home.person_id,
                )
                if acts_for_him and within(signer.signed_at, office.period):
                    return True
    return False


def consent_limits(
    world: World, permission: Permission, home: Occupancy | None, rule: Rule
) -> list[tuple[str, Mask]]:
    limits: list[tuple[str, Mask]] = []
    if home is not None:
        unsigned = NONE.copy()
        for resident in home.concerned:
            signed = [s.person_id for s in permission.signers if s.capacity == "natural_person"]
            for signer in permission.signers:
                for office in world.facts.representations:
                    is_of_signer = office.representative_id == signer.person_id
                    if (
                        signer.capacity == "representative"
                        and is_of_signer
                        and office.person_id == signer.for_person_id
                        and within(signer.signed_at, office.period)
                    ):
                        signed.append(office.person_id)
            if resident.person_id not in signed and resident.person_id != home.person_id:
                unsigned |= quarters_of(resident.period)
        limits.append(("second_signature_missing", ~unsigned))
    if "dynamic" in rule.needs:
        supplied, dynamic, regime = NONE.copy(), NONE.copy(), NONE.copy()
        for contract in world.facts.supply_contracts:
            is_accepted = contract.accepted_at is not None and contract.accepted_at <= world.now
            is_granters = home is not None and within(contract.period.start, home.period)
            if contract.party_id == world.wish.party_id and is_accepted and is_granters:
                supplied |= quarters_of(contract.period)
                for product in contract.dynamic_price:
                    dynamic |= quarters_of(contract.period) & quarters_of(product)
        for chosen in world.facts.regimes:
            if home is not None and chosen.occupancy_id == home.id and chosen.regime == "SMR3":
                regime |= quarters_of(chosen.period)
        limits += [("no_contract", supplied), ("no_dynamic_price", dynamic), ("no_metering_regime", regime)]
    lost = NONE.copy()
    for gap in world.facts.gaps:
        if gap.party_id == world.wish.party_id and permission.id not in gap.spares:
            lost |= quarters_of(gap.period)
    limits.append(("doubt_gap", ~lost))
    return limits


# --- the party --------------------------------------------------------------------------------------------


def not_in_order(world: World, rule: Rule) -> str | None:
    if world.wish.asker_role in PEOPLE:
        return None
    party, now = world.facts.party, world.now
    assert party is not None
    if any(within(now, stretch) for stretch in party.suspensions):
        return "party_suspended"
    if "contract" in rule.needs and (party.contract_period is None or not within(now, party.contract_period)):
        return "no_data_access_contract"
    if "dpia" in rule.needs and not any(is_fresh(a.assessed_at, a.stale_at, now) for a in party.assessments):
        return "no_dpia"
    if "overview" in rule.needs and not any(within(now, stretch) for stretch in party.overviews):
        return "no_processing_overview"
    if "agreement" in rule.needs and not any(within(now, stretch) for stretch in party.processor_agreements):
        return "no_processor_agreement"
    return "outside_territory" if "territory" in rule.needs and not in_territory(world) else None


def is_fresh(assessed_at: datetime, stale_at: datetime | None, now: datetime) -> bool:
    """Less than two years old by the local clock; one of 29 February lasts until 28 February."""
    if now < assessed_at or (stale_at is not None and now >= stale_at):
        return False
    begin, then = assessed_at.astimezone(BRUSSELS).replace(tzinfo=None), now.astimezone(BRUSSELS)
    leap = (begin.month, begin.day) == (2, 29)
    end = (begin - timedelta(days=1) if leap else begin).replace(year=begin.year + 2)
    return then < end.replace(tzinfo=BRUSSELS, fold=then.fold)


def in_territory(world: World) -> bool:
    party, here = world.facts.party, world.facts.territory
    assert party is not None
    return any(here is not None and t.code == here and within(world.now, t.period) for t in party.territories)


def validity(stretch: Interval, now: datetime) -> str | None:
    if now < stretch.start:
        return "not_yet_valid"
    return "expired" if stretch.end is not None and now >= stretch.end else None


def died(world: World, person_id: str | None) -> str | None:
    is_dead = any(death.person_id == person_id and death.at <= world.now for death in world.facts.deaths)
    return "holder_died" if is_dead else None


def is_stopped(world: World) -> bool:
    return world.facts.stopped_since is not None and world.now >= world.facts.stopped_since


def finer(one: str, other: str) -> bool:
    return SCALE.index(one) < SCALE.index(other)


def coarser(one: str, other: str) -> str:
    return other if finer(one, other) else str(one)
