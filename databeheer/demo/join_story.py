"""The story's joins: statistics, one that is lawful, one that is not. All are recorded, and each customer sees his."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from databeheer.brussels import midnight
from databeheer.values import Commodity, format_instant

if TYPE_CHECKING:
    from databeheer.metering.street.plan import StreetPlan
    from databeheer.site.storytelling import Teller

_SUSPECTED = ("joris", "wouter", "kompas", "corner", "greta", "els", "tom", "hilde")
_CAMPAIGN = ("maria", "lotte", "fatima")


def tell_statistics(teller: Teller, plan: StreetPlan) -> None:
    """Last month's electricity, for everybody. Of a street of twelve hardly any sum may be shown, and the page says so.

    Told once the street was taken in.
    """
    month = _earlier(plan.last_day.replace(day=1), 1)
    teller.at(plan.last_day + timedelta(days=1), 1, 20)
    teller.operator("statistics.run", month=month.isoformat(), commodity=Commodity.ELECTRICITY.value)


def tell_joins(teller: Teller, plan: StreetPlan) -> None:
    """The grid operator looks for fraud, with month totals; the supplier wants addresses beside consumption.

    Told last, after the reads of last night.
    """
    this_month = plan.last_day.replace(day=1)
    night = plan.last_day + timedelta(days=1)
    teller.at(night, 4, 12)
    teller.party(
        "dso",
        "joins.run",
        case_id="fraud-month-totals",
        purpose="fraud_detection",
        eans=[plan.point(point).ean.digits for point in _SUSPECTED],
        requester_note="FR-DOSSIER-118",
        **_months(_earlier(this_month, 12), this_month),
    )
    teller.at(night, 4, 31)
    teller.party(
        "supplier",
        "joins.run",
        case_id="consumption-with-addresses",
        purpose="marketing",
        eans=[plan.point(point).ean.digits for point in _CAMPAIGN],
        requester_note="ACTIE-WARMTEPOMP",
        **_months(_earlier(this_month, 12), this_month),
    )


def _earlier(month: date, number: int) -> date:
    for _ in range(number):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _months(first: date, stop: date) -> dict[str, str]:
    return {"from": format_instant(midnight(first)), "until": format_instant(midnight(stop))}
