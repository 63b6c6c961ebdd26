"""`/mijn`: each address of the visitor, who may read there, and one button to end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.access.bases import BasisKind
from web.door import ask
from web.portal.login import require_session, visitor
from web.portal.shown import Permission, Point, Statement, Statutory

blueprint = Blueprint("overview", __name__)

PAGE = 100
READS_LOOKED_AT = 200
RECENT = 6


@dataclass(frozen=True)
class Line:
    """Who may read, and when that party last did; `reads_known` is False where older reads were not looked at."""

    who: Permission | Statutory
    last_read_at: datetime | None
    reads_known: bool


@dataclass(frozen=True)
class Reads:
    """The newest reads of the visitor's data."""

    statements: tuple[Statement, ...]
    are_all: bool

    @classmethod
    def newest(cls) -> Reads:
        answer = ask("statements.list", kind="reads", limit=READS_LOOKED_AT)
        return cls(
            tuple(Statement.of(row) for row in answer["statements"]), are_all=answer["next_cursor"] is None
        )

    def by_others(self) -> tuple[Statement, ...]:
        """Reads and refusals of others than the visitor, newest first."""
        return tuple(each for each in self.statements if not each.is_own)

    def recent(self) -> tuple[Statement, ...]:
        """The newest few reads, refusals and joins by others, newest first."""
        return self.by_others()[:RECENT]

    def line(self, who: Permission | Statutory) -> Line:
        """Find when `who` last read: by permission, or by law at that occupancy."""
        for each in self.statements:
            if each.is_read and _is_by(each, who):
                return Line(who, each.at, reads_known=True)
        return Line(who, None, reads_known=self.are_all)


@dataclass(frozen=True)
class Card:
    """One address and energy, with those who read there: by consent and by law apart (R40)."""

    point: Point
    by_consent: tuple[Line, ...]
    by_law: tuple[Line, ...]
    ended: int


@blueprint.get("/mijn")
@require_session
def show() -> ResponseReturnValue:
    """Show the overview."""
    points = my_points()
    permissions = my_permissions()
    statutory = tuple(Statutory.of(row) for row in ask("statutory.list")["parties"])
    reads = Reads.newest()
    return render_template(
        "portal/overview.html",
        me=visitor(),
        cards=[_card(point, permissions, statutory, reads) for point in points],
        recent=reads.recent(),
        point_names=names_of(points),
        commodities={point.occupancy_id: point.commodity for point in points},
        waiting=[each for each in permissions if each.is_waiting and each.waits_for_you],
        renewable=[each for each in permissions if each.is_renewable],
    )


def my_points() -> tuple[Point, ...]:
    """Return the visitor's occupancies, those of today first."""
    return tuple(
        sorted(
            (Point.of(row) for row in visitor()["occupancies"]),
            key=lambda point: (point.ends is not None, point.address),
        )
    )


def names_of(points: tuple[Point, ...]) -> dict[str, str]:
    """The name of each point by occupancy; none where there is one only, for then it needs no name."""
    return {point.occupancy_id: point.name for point in points} if len(points) > 1 else {}


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
    point: Point, permissions: tuple[Permission, ...], statutory: tuple[Statutory, ...], reads: Reads
) -> Card:
    here = [each for each in permissions if each.occupancy_id == point.occupancy_id]
    return Card(
        point=point,
        by_consent=tuple(reads.line(each) for each in here if each.is_live),
        by_law=tuple(reads.line(each) for each in statutory if each.occupancy_id == point.occupancy_id),
        ended=sum(1 for each in here if not each.is_live and not each.is_waiting),
    )


def _is_by(statement: Statement, who: Permission | Statutory) -> bool:
    if isinstance(who, Permission):
        return statement.permission_id == who.permission_id
    return (
        statement.basis is BasisKind.LAW
        and statement.party is not None
        and statement.party.party_id == who.party.party_id
        and statement.occupancy_id == who.occupancy_id
    )
