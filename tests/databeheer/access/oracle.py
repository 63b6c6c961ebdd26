"""The access rule once more, naively: quarter-hour by quarter-hour, without any interval arithmetic.

Written from the rule and the catalogue's wording, not from the code: it asks of one quarter-hour at a time who
may have it, walks the quarters of a whole slot one by one, and knows days and months from the local calendar
only. Slow on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from databeheer.access.facts import Facts, Necessity, Occupancy, Permission
from databeheer.access.intervals import Interval
from databeheer.brussels import BRUSSELS
from databeheer.values import Granularity, Purpose, Role
from tests.databeheer.access.people import QUARTER
from tests.databeheer.access.worlds import World

ORDER = ("own", "supplier", "energy_service", "flexibility_service", "dso_grid_management",
         "dso_fraud_detection", "regulator")  # fmt: skip
NEAREST = (
    "stopped", "slot_not_whole", "granularity_too_fine", "direction_not_granted", "category_not_granted",
    "purpose_not_allowed", "no_data_access_contract", "party_suspended", "blocked", "not_occupant",
    "outside_data_period", "no_contract", "not_yet_valid", "requested", "expired", "fulfilled", "withdrawn",
    "terminated", "invalidated_by_move", "rejected", "no_legal_basis",
)  # fmt: skip
ENDED = {"requested": "requested", "blocked": "blocked", "fulfilled": "fulfilled",
         "rejected": "rejected", "timed_out": "expired", "revoked": "withdrawn",
         "expired": "expired", "terminated": "terminated", "invalidated": "invalidated_by_move"}  # fmt: skip
ALL = ("readings", "technical", "relational")


def within(instant: datetime, stretch: Interval) -> bool:
    return instant >= stretch.start and (stretch.end is None or instant < stretch.end)


def over(stretch: Interval, now: datetime) -> bool:
    return stretch.end is not None and now >= stretch.end


@dataclass(frozen=True)
class Title:
    """What one fact comes to."""

    code: str
    fact_id: str
    speaks_of: Callable[[datetime], bool]
    homes: tuple[Occupancy, ...]
    finest: Granularity | None
    problem: str | None
    suits: bool
    elsewhere: str
    homeless: str


def quarters(world: World) -> Iterator[datetime]:
    instant = world.wish.period.start
    while instant < world.wish.period.end:
        yield instant
        instant += QUARTER


def answers(world: World) -> dict[datetime, tuple[str, ...]]:
    """For every quarter of the wish: ("granted", row, fact, occupancy) or ("refused", reason)."""
    titles = list(titles_of(world))
    wanted = list(quarters(world))
    by_choice = sorted(
        (title for title in titles if title.problem is None),
        key=lambda t: (ORDER.index(t.code), -sum(t.speaks_of(q) for q in wanted), t.fact_id),
    )
    whole: dict[tuple[int, str, object], bool] = {}
    return {q: one(world, q, titles, by_choice, whole) for q in wanted}


def one(
    world: World,
    quarter: datetime,
    titles: list[Title],
    by_choice: list[Title],
    whole: dict[tuple[int, str, object], bool],
) -> tuple[str, ...]:
    for title in by_choice:
        for home in sorted(title.homes, key=lambda o: (o.period.start, o.id)):
            if title.speaks_of(quarter) and within(quarter, home.period):
                key = (id(title), home.id, label(quarter, title.finest))
                if key not in whole:
                    whole[key] = is_whole(world, title, home, quarter)
                if whole[key]:
                    return ("granted", title.code, title.fact_id, home.id)
    reasons = [why_not(title, quarter) for title in titles]
    if not reasons:
        return ("refused", "no_legal_basis")
    return ("refused", min(reasons)[-1])


def why_not(title: Title, quarter: datetime) -> tuple[bool, bool, int, str]:
    speaks = title.speaks_of(quarter)
    if title.problem is not None:
        reason = title.problem
    elif not speaks:
        reason = title.elsewhere
    elif any(within(quarter, home.period) for home in title.homes):
        reason = "slot_not_whole"
    else:
        reason = title.homeless
    return (not title.suits, not speaks, NEAREST.index(reason), reason)


def label(quarter: datetime, finest: Granularity | None) -> object:
    local = quarter.astimezone(BRUSSELS)
    if finest is Granularity.MONTH:
        return local.year, local.month
    if finest is Granularity.DAY:
        return local.date()
    if finest is Granularity.HOUR:
        return quarter.replace(minute=0)
    return quarter


def is_whole(world: World, title: Title, home: Occupancy, quarter: datetime) -> bool:
    """Walk the slot both ways from one of its quarters: is all that may be had of it asked for, and over?"""
    if title.finest is None:
        return True
    own = label(quarter, title.finest)
    slot = [quarter]
    for step in (-QUARTER, QUARTER):
        walker = quarter + step
        while label(walker, title.finest) == own:
            slot.append(walker)
            walker += step
    has_begun = min(slot) < world.now
    for q in slot:
        if title.speaks_of(q) and within(q, home.period):
            if not world.wish.period.start <= q < world.wish.period.end:
                return False
            if has_begun and q + QUARTER > world.now:
                return False
    return True


# --- what each fact comes to ------------------------------------------------------------------------------


def titles_of(world: World) -> Iterator[Title]:
    wish, facts = world.wish, world.facts
    party = facts.party
    is_person = wish.asker_role is Role.GRID_USER
    if not is_person and (party is None or (party.id, party.role) != (wish.party_id, wish.asker_role)):
        return
    if wish.asker_role is Role.ENERGY_SERVICE:
        for permission in facts.permissions:
            if permission.party_id == wish.party_id and wish.permission_id in (None, permission.id):
                yield consent(world, permission)
    elif wish.permission_id is None and facts.occupancies:
        yield from {
            Role.GRID_USER: own,
            Role.SUPPLIER: supply,
            Role.DSO: grid,
            Role.REGULATOR: regulator,
        }[wish.asker_role](world)


def own(world: World) -> Iterator[Title]:
    for home in world.facts.occupancies:
        if home.person_id == world.wish.person_id:
            yield by_law(world, "own", home.id, home.period, (Purpose.OWN_INSIGHT,), ALL,
                         Granularity.QUARTER_HOUR, "not_occupant", homes=(home,))  # fmt: skip


def supply(world: World) -> Iterator[Title]:
    for contract in world.facts.supply_contracts:
        if (
            contract.party_id == world.wish.party_id
            and contract.accepted_at
            and contract.accepted_at <= world.now
        ):
            yield by_law(world, "supplier", contract.id, contract.period, (Purpose.BILLING,), ("readings",),
                         Granularity.MONTH, "no_contract")  # fmt: skip


def grid(world: World) -> Iterator[Title]:
    wish = world.wish
    if world.facts.grid_operator_id != wish.party_id:
        return
    if wish.purpose is not Purpose.FRAUD_DETECTION:
        yield by_law(world, "dso_grid_management", str(wish.party_id), None, (Purpose.GRID_MANAGEMENT,), ALL,
                     Granularity.DAY, "")  # fmt: skip
        if wish.granularity in (Granularity.QUARTER_HOUR, Granularity.HOUR):
            yield from recorded(world, "dso_grid_management", Purpose.GRID_MANAGEMENT, ALL)
    if wish.purpose is not Purpose.GRID_MANAGEMENT:
        yield from recorded(world, "dso_fraud_detection", Purpose.FRAUD_DETECTION, ("readings",))


def regulator(world: World) -> Iterator[Title]:
    return recorded(world, "regulator", Purpose.SUPERVISION, ALL)


def recorded(world: World, code: str, purpose: Purpose, categories: tuple[str, ...]) -> Iterator[Title]:
    for record in world.facts.necessities:
        if record.party_id == world.wish.party_id and record.purpose is purpose:
            yield by_law(world, code, record.id, record.data_period, (purpose,), categories,
                         record.granularity, "outside_data_period", record=record)  # fmt: skip


def by_law(
    world: World,
    code: str,
    fact_id: str,
    stretch: Interval | None,
    purposes: tuple[Purpose, ...],
    categories: tuple[str, ...],
    finest: Granularity,
    elsewhere: str,
    *,
    homes: tuple[Occupancy, ...] | None = None,
    record: Necessity | None = None,
) -> Title:
    wish, now = world.wish, world.now
    problem = None
    if world.wish.asker_role is not Role.GRID_USER and is_suspended(world):
        problem = "party_suspended"
    elif wish.purpose not in purposes:
        problem = "purpose_not_allowed"
    elif wish.category not in categories:
        problem = "category_not_granted"
    elif record is not None and now < record.valid_period.start:
        problem = "not_yet_valid"
    elif record is not None and over(record.valid_period, now):
        problem = "expired"
    elif wish.category == "readings" and finer(wish.granularity, finest):
        problem = "granularity_too_fine"
    elif is_stopped(world):
        problem = "stopped"
    return Title(
        code=code,
        fact_id=fact_id,
        speaks_of=lambda q: stretch is None or within(q, stretch),
        homes=world.facts.occupancies if homes is None else homes,
        finest=finest if wish.category == "readings" else None,
        problem=problem,
        suits=wish.purpose in purposes and wish.category in categories,
        elsewhere=elsewhere,
        homeless="outside_data_period",
    )


def consent(world: World, permission: Permission) -> Title:
    wish = world.wish
    code = "flexibility_service" if permission.purpose is Purpose.FLEXIBILITY else "energy_service"
    home = [o for o in world.facts.occupancies if o.id == permission.occupancy_id]
    signed = [
        o
        for o in home
        for s in permission.signers
        if s.person_id == o.person_id and s.capacity == "grid_user"
    ]
    return Title(
        code=code,
        fact_id=permission.id,
        speaks_of=lambda q: within(q, permission.data_period),
        homes=tuple(signed),
        finest=permission.granularity if wish.category == "readings" else None,
        problem=consent_problem(world, permission, home),
        suits=permission.purpose is wish.purpose and permission.category == wish.category,
        elsewhere="outside_data_period",
        homeless="not_occupant",
    )


def consent_problem(world: World, permission: Permission, home: list[Occupancy]) -> str | None:
    wish, facts, now = world.wish, world.facts, world.now
    assert facts.party is not None
    contract = facts.party.contract_period
    services = {
        Purpose.ENERGY_ADVICE: ALL,
        Purpose.ENERGY_MONITORING: ALL,
        Purpose.FLEXIBILITY: ("readings",),
    }
    is_known = permission.category in services.get(permission.purpose, ())
    checks = (
        (permission.state not in ("active", "to_be_renewed"), ENDED.get(permission.state, "")),
        (any(over(o.period, now) for o in home), "invalidated_by_move"),
        (now < permission.valid_period.start, "not_yet_valid"),
        (over(permission.valid_period, now), "expired"),
        (any(b.party_id == wish.party_id and within(now, b.period) for b in facts.blocks), "blocked"),
        (is_suspended(world), "party_suspended"),
        (contract is None or not within(now, contract), "no_data_access_contract"),
        (not is_known or permission.purpose is not wish.purpose, "purpose_not_allowed"),
        (permission.category != wish.category, "category_not_granted"),
        (
            wish.category == "readings" and not wish.directions <= permission.directions,
            "direction_not_granted",
        ),
        (
            wish.category == "readings" and finer(wish.granularity, permission.granularity),
            "granularity_too_fine",
        ),
        (is_stopped(world), "stopped"),
    )
    return next((reason for holds, reason in checks if holds), None)


def is_suspended(world: World) -> bool:
    party = world.facts.party
    return party is not None and any(within(world.now, stretch) for stretch in party.suspensions)


def is_stopped(world: World) -> bool:
    return world.facts.stopped_since is not None and world.now >= world.facts.stopped_since


def finer(one: Granularity, other: Granularity) -> bool:
    scale = ["quarter_hour", "hour", "day", "month"]
    return scale.index(one) < scale.index(other)


__all__ = ["Facts", "answers", "quarters"]
