"""The gate: is this wish a case of the list, within its limits? A pure function; nothing is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.brussels import day_of, midnight
from databeheer.joins.cases import JoinCase, JoinList, Scope
from databeheer.joins.necessity import is_number
from databeheer.joins.reasons import JoinReason
from databeheer.values import Period, Role


@dataclass(frozen=True)
class JoinWish:
    """What somebody wants to combine.

    `purpose` and `case_id` are as asked, on the list or not. `listed` is how many different points are named,
    None for the whole grid area. `approvals` counts the people who agree, the requester included.
    """

    case_id: str
    role: Role
    purpose: str
    listed: int | None
    period: Period
    approvals: int = 1


@dataclass(frozen=True)
class JoinRefusal:
    """The wish is refused, for one reason."""

    reason: JoinReason


def check(joins: JoinList, wish: JoinWish) -> JoinCase | JoinRefusal:
    """Return the case that the wish is, or why there is none.

    Total and deterministic. That a case fits does not mean that each point may be given: that is decided
    point by point on the case's legal basis, under the ledger's lock.
    """
    case = joins.case(wish.case_id)
    if case is None:
        is_record = is_number(wish.case_id)
        return JoinRefusal(JoinReason.NECESSITY_NOT_IN_FORCE if is_record else JoinReason.NOT_ON_LIST)
    reason = _objection(case, wish)
    return case if reason is None else JoinRefusal(reason)


def reach(case: JoinCase, points: int) -> JoinRefusal | None:
    """Say whether so many points, named or in the area, are within the limits of the case."""
    if points < case.min_points:
        return JoinRefusal(JoinReason.TOO_FEW_POINTS)
    return JoinRefusal(JoinReason.TOO_MANY_POINTS) if points > case.max_points else None


def months_of(period: Period) -> list[date] | None:
    """Return the first days of the Brussels months that make up the period; None where it cuts one."""
    first, stop = day_of(period.start), day_of(period.end)
    if first.day != 1 or stop.day != 1 or (midnight(first), midnight(stop)) != (period.start, period.end):
        return None
    months = []
    while first < stop:
        months.append(first)
        first = (first + timedelta(days=32)).replace(day=1)
    return months


def _objection(case: JoinCase, wish: JoinWish) -> JoinReason | None:
    if wish.role not in case.roles:
        return JoinReason.ROLE_NOT_ALLOWED
    if wish.purpose != case.purpose:
        return JoinReason.PURPOSE_NOT_ALLOWED
    if (wish.listed is None) is not (case.scope is Scope.AREA):
        return JoinReason.SCOPE_NOT_ALLOWED
    limits = reach(case, wish.listed) if wish.listed is not None else None
    if limits is not None:
        return limits.reason
    months = months_of(wish.period)
    if months is None:
        return JoinReason.NOT_WHOLE_MONTHS
    if len(months) > case.max_months:
        return JoinReason.PERIOD_TOO_LONG
    return JoinReason.APPROVAL_MISSING if wish.approvals < case.approvals else None
