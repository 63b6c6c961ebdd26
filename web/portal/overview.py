"""`/mijn`: each address of the visitor, who may read there, and one button to end it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from databeheer.values import parse_day, parse_instant
from web.door import ask
from web.portal.login import remember_visitor, require_session, visitor
from web.portal.shown import Answer, Party, Permission, Point, Statement, Statutory

blueprint = Blueprint("overview", __name__)

_PAGE = 500
FEW = 3
"""Of how many points a business has a card each here; of more it has a list (`businesses.points`)."""


Who = TypeVar("Who", Permission, Statutory)


@dataclass(frozen=True)
class Line(Generic[Who]):
    """Who may read, and when that party last did; `reads_known` is False where older reads were not looked at."""

    who: Who
    last_read_at: datetime | None
    reads_known: bool
    last_joined_at: datetime | None
    """When a join of that party used data here, where it never read any itself."""

    @classmethod
    def of(cls, who: Who, answer: Answer) -> Line[Who]:
        last, joined = answer.get("last_read_at"), answer.get("last_joined_at")
        return cls(
            who,
            parse_instant(last) if last else None,
            bool(answer.get("reads_known")),
            parse_instant(joined) if joined else None,
        )


@dataclass(frozen=True)
class Acting:
    """Somebody who acts in the visitor's name: by his power of attorney, or because a court said so."""

    name: str
    decides: bool
    until: date | None

    @classmethod
    def of(cls, answer: Answer) -> Acting:
        until = answer["until"]
        return cls(str(answer["name"]), bool(answer["decides"]), parse_day(until) if until else None)


@dataclass(frozen=True)
class Seen:
    """Who may read the visitor's data, and who looked last: one question to the door."""

    lines: tuple[Line[Permission], ...]
    by_law: tuple[Line[Statutory], ...]
    recent: tuple[Statement, ...]
    attorneys: tuple[Acting, ...]
    appointed: tuple[Acting, ...]
    open_ports: tuple[tuple[str, str], ...]
    """Stay and name of each."""

    @classmethod
    def now(cls, *, with_ended: bool = False) -> Seen:
        """Ask the door; `with_ended`: when parties last read under what is over, too."""
        answer = ask("overview.show", with_ended=with_ended)
        remember_visitor(answer["me"])
        return cls(
            tuple(Line.of(Permission.of(row), row) for row in answer["permissions"]),
            tuple(Line.of(Statutory.of(row), row) for row in answer["statutory"]),
            tuple(Statement.of(row) for row in answer["recent"]),
            tuple(Acting.of(row) for row in answer["acting"] if row["kind"] == "attorney"),
            tuple(Acting.of(row) for row in answer["acting"] if row["kind"] == "court"),
            tuple((str(row["occupancy_id"]), str(row["port"])) for row in answer["open_ports"]),
        )

    @property
    def permissions(self) -> list[Permission]:
        return [line.who for line in self.lines]


@dataclass(frozen=True)
class ByLaw:
    """A party that the law lets read in one and the same time, with each ground, and when it last did."""

    line: Line[Statutory]
    grounds: tuple[Statutory, ...]

    @property
    def place(self) -> str:
        """What this line is called within its page; a party stands there again for another time."""
        who = self.line.who
        until = f"{who.ends:%Y%m%d%H%M}" if who.ends else ""
        return f"wet-{who.occupancy_id}-{who.party.party_id}-{who.begins:%Y%m%d%H%M}-{until}"

    @classmethod
    def all_of(cls, lines: list[Line[Statutory]]) -> tuple[ByLaw, ...]:
        """Take the grounds of one party together where they run in the same time; in the order of the door."""
        together: dict[tuple[str, datetime, datetime | None], list[Line[Statutory]]] = {}
        for line in lines:
            together.setdefault((line.who.party.party_id, line.who.begins, line.who.ends), []).append(line)
        return tuple(cls(same[0], tuple(line.who for line in same)) for same in together.values())


@dataclass(frozen=True)
class Card:
    """One address and energy, with those who read there: by consent and by law apart (R40)."""

    point: Point
    by_consent: tuple[Line[Permission], ...]
    by_law: tuple[ByLaw, ...]
    ended: int


@dataclass(frozen=True)
class Named:
    """A name in the answer in one look, with the place on this page where it is explained, and ended."""

    name: str
    place: str
    is_of_before: bool = False
    """Whether it may see nothing but the time of a stay that ended."""


@dataclass(frozen=True)
class Brief:
    """The answer to the page's question in one look: each name once, and which consent ends first."""

    by_consent: tuple[Named, ...]
    by_law: tuple[Named, ...]
    ends_next: Permission | None
    attorneys: tuple[Acting, ...]
    appointed: tuple[Acting, ...]
    open_ports: tuple[tuple[Point, str], ...]

    @classmethod
    def of(cls, cards: list[Card], seen: Seen) -> Brief:
        active = [line.who for card in cards for line in card.by_consent if line.who.is_active]
        ending = [(each.ends_at, number, each) for number, each in enumerate(active) if each.ends_at]
        points = {card.point.occupancy_id: card.point for card in cards}
        return cls(
            by_consent=_each_once(
                (each.party, f"toestemming-{each.permission_id}", False) for each in active
            ),
            by_law=_each_once(
                (each.line.who.party, each.place, card.point.ends is not None)
                for card in cards
                for each in card.by_law
            ),
            ends_next=min(ending)[2] if ending else None,
            attorneys=seen.attorneys,
            appointed=seen.appointed,
            open_ports=tuple((points[stay], port) for stay, port in seen.open_ports if stay in points),
        )


def _each_once(found: Iterable[tuple[Party, str, bool]]) -> tuple[Named, ...]:
    """Each name once, with the first place where it stands: stays of today come first."""
    first: dict[str, Named] = {}
    for party, place, is_of_before in found:
        first.setdefault(party.name, Named(party.name, place, is_of_before))
    return tuple(first.values())


@blueprint.get("/mijn")
@require_session
def show() -> ResponseReturnValue:
    """Show the overview."""
    seen = Seen.now()
    points = my_points()
    if visitor()["business"] and len(points) > FEW:
        return redirect(url_for("points.show"), 303)
    cards = [_card(point, seen) for point in points]
    return render_template(
        "portal/overview.html",
        me=visitor(),
        cards=cards,
        brief=Brief.of(cards, seen),
        recent=seen.recent,
        point_names=names_of(points),
        commodities={point.occupancy_id: point.commodity for point in points},
        waiting=sorted(  # what can be answered first
            (each for each in seen.permissions if each.is_waiting and each.waits_for_you),
            key=lambda each: each.party_is_suspended,
        ),
        renewable=[each for each in seen.permissions if each.is_renewable],
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
        answer = ask("permission.list", limit=_PAGE, cursor=cursor)
        found += [Permission.of(row) for row in answer["permissions"]]
        cursor = answer.get("next_cursor")
        if not cursor:
            return tuple(found)


def _card(point: Point, seen: Seen) -> Card:
    here = [line for line in seen.lines if line.who.occupancy_id == point.occupancy_id]
    return Card(
        point=point,
        by_consent=tuple(line for line in here if line.who.is_live),
        by_law=ByLaw.all_of([line for line in seen.by_law if line.who.occupancy_id == point.occupancy_id]),
        ended=sum(1 for line in here if not line.who.is_live and not line.who.is_waiting),
    )
