"""`/mijn/punten/intrekken`: a business withdraws what one party has, for some of its access points or for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from databeheer.permissions.choosing import MOST_POINTS
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _
from web.portal import next_page, wording
from web.portal.businesses.lists import by_number, points_of_business
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.shown import Point

blueprint = Blueprint("withdrawing", __name__)


class WithdrawalForm(Form):
    """`wat`: what was ticked, or all of it."""

    wat = fields.String(required=True, validate=validate.OneOf(["lijst", "alles"]))


@dataclass(frozen=True)
class Given:
    """One permission, and where it is for."""

    permission_id: str
    point: Point
    purpose: str
    granularity: str

    @classmethod
    def all_of(cls, rows: Sequence[Mapping[str, Any]]) -> list[Given]:
        points = {one.occupancy_id: one for one in my_points()}
        given = [
            cls(
                str(row["permission_id"]),
                points[row["occupancy_id"]],
                wording.PURPOSES[str(row["purpose"])],
                wording.GRANULARITIES[str(row["granularity"])],
            )
            for row in rows
            if row["occupancy_id"] in points
        ]
        return sorted(given, key=lambda one: (by_number(one.point.address), one.point.ean, one.permission_id))


@blueprint.get("/mijn/punten/intrekken/<uuid:party_id>")
@require_session
def show(party_id: UUID) -> ResponseReturnValue:
    """Show what this party has now, each with a box to tick."""
    points_of_business()
    return _page(ask("business.given", party_id=str(party_id))["permissions"])


@blueprint.post("/mijn/punten/intrekken/<uuid:party_id>")
@require_session
def withdraw(party_id: UUID) -> ResponseReturnValue:
    """Withdraw at once: what was ticked, or all (R21)."""
    points_of_business()
    ticked = request.form.getlist("toestemming")
    rest = MultiDict((name, value) for name, value in request.form.items(multi=True) if name != "toestemming")
    form = parse_or_refuse(WithdrawalForm(), rest)
    given = ask("business.given", party_id=str(party_id))["permissions"]
    standing = [str(row["permission_id"]) for row in given]
    try:
        chosen = standing if form["wat"] == "alles" else [str(UUID(one)) for one in dict.fromkeys(ticked)]
    except ValueError as error:
        raise BadRequest from error
    if not chosen and given:
        return _page(given, error=_("Kies bij welke aansluitingen u de toestemming intrekt."))
    done: list[Mapping[str, Any]] = []
    for start in range(0, len(chosen), MOST_POINTS):
        some = chosen[start : start + MOST_POINTS]
        done.append(ask("permission.withdraw_many", permission_ids=some))
    count = sum(int(one["count"]) for one in done)
    said = {
        "party": given[0]["party"]["name"] if given else "",
        "count": count,
        # A file of receipts for each turn: between two of them others may write.
        "turns": [(one["first"], one["last"]) for one in done if one["count"]],
    }
    next_page.says("withdrawn-many", said)
    return redirect(url_for("points.show"), 303)


def _page(rows: Sequence[Mapping[str, Any]], error: str | None = None) -> ResponseReturnValue:
    if not rows:
        return redirect(url_for("points.show"), 303)
    page = render_template(
        "portal/business_withdraw.html",
        me=visitor(),
        party=rows[0]["party"],
        given=Given.all_of(rows),
        error=error,
    )
    return page, 400 if error else 200
