"""`/mijn`: each address of the visitor, who may read there, and one button to end it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web.door import ask
from web.portal.login import require_session, visitor
from web.portal.shown import Permission, Point, Statutory

blueprint = Blueprint("overview", __name__)

PAGE = 100


@dataclass(frozen=True)
class Card:
    """One address and energy, with those who read there: by consent and by law apart (R40)."""

    point: Point
    by_consent: tuple[Permission, ...]
    by_law: tuple[Statutory, ...]
    ended: int


@blueprint.get("/mijn")
@require_session
def show() -> ResponseReturnValue:
    """Show the overview."""
    points = my_points()
    permissions = my_permissions()
    statutory = tuple(Statutory.of(row) for row in ask("statutory.list")["parties"])
    return render_template(
        "portal/overview.html",
        me=visitor(),
        cards=[_card(point, permissions, statutory, alone=len(points) == 1) for point in points],
        waiting=[each for each in permissions if each.is_waiting],
    )


def my_points() -> tuple[Point, ...]:
    """Return the visitor's occupancies, those of today first."""
    return tuple(
        sorted(
            (Point.of(row) for row in visitor()["occupancies"]),
            key=lambda point: (point.ends is not None, point.address),
        )
    )


def my_permissions() -> tuple[Permission, ...]:
    """Return every permission of the visitor, as the door lists them."""
    found: list[Permission] = []
    cursor: str | None = None
    while True:
        answer = ask("permission.list", limit=PAGE, cursor=cursor)
        found += [Permission.of(row) for row in answer["permissions"]]
        cursor = answer.get("next_cursor")
        if not cursor:
            return tuple(found)


def _card(
    point: Point, permissions: tuple[Permission, ...], statutory: tuple[Statutory, ...], *, alone: bool
) -> Card:
    here = [each for each in permissions if each.occupancy_id == point.occupancy_id]
    by_law = [each for each in statutory if each.occupancy_id == point.occupancy_id or alone]
    return Card(
        point=point,
        by_consent=tuple(each for each in here if each.is_active),
        by_law=tuple(by_law),
        ended=sum(1 for each in here if not each.is_active and not each.is_waiting),
    )
