"""Put one request before `decide()`: in which role, for which purpose, with which facts. Nothing is recorded here."""

from __future__ import annotations

from dataclasses import replace

from databeheer.access import judged
from databeheer.access.bases import BasisKind, Catalogue
from databeheer.access.decision import Wish
from databeheer.access.facts import Facts, Occupancy, Representation
from databeheer.access.judged import Judged
from databeheer.door.facts.of_requests import FactBook, Point
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.reads.request import ReadRequest
from databeheer.door.turn import Turn
from databeheer.values import Direction, Purpose, Role


def judge(
    house: House, turn: Turn, book: FactBook, point: Point | None, request: ReadRequest, asker: Asker
) -> Judged:
    """Decide one request; nothing is recorded yet."""
    return _judge(house, turn, request, asker, _facts(book, point, request, asker))


def judge_for_customer(
    house: House,
    turn: Turn,
    book: FactBook,
    point: Point,
    home: Occupancy,
    request: ReadRequest,
    asker: Asker,
) -> Judged:
    """Decide what a party would get, as the customer of one occupancy may know it beforehand.

    By facts about that occupancy only; and by no record of necessity: a customer must not find out by asking that
    somebody investigates him, for fraud or otherwise. What such a record gives he sees once it is read.
    """
    facts = judged.about(_facts(book, point, request, asker), home)
    return _judge(house, turn, request, asker, replace(facts, necessities=()))


def _judge(house: House, turn: Turn, request: ReadRequest, asker: Asker, facts: Facts) -> Judged:
    directions = request.directions or _directions_of(request, asker, facts)
    wish = _wish(request, directions, asker, facts, house.catalogue)
    return judged.judge(wish, facts, turn.now, house.catalogue)


def _facts(book: FactBook, point: Point | None, request: ReadRequest, asker: Asker) -> Facts:
    """The facts that the decision rests on: none of the point, where the asker must not learn that it exists."""
    if asker.profile == "facade" and request.ean_hash is not None:
        # A facade's token is good for the mandates it names; an EAN there asks for a refusal on record.
        return book.facts(None, asker.party_id, None)
    named = book.permissions.get(request.permission_id) if request.permission_id else None
    if named is not None and named.occupancy_id is None:  # waits for, or never had, the customer's yes
        point = None
    facts = book.facts(point, asker.party_id, request.permission_id)
    if asker.kind is not AskerKind.CUSTOMER:
        return facts
    return replace(
        facts,
        representations=tuple(
            _as_of_today(asker, one) for one in facts.representations if _acts_under(asker, one)
        ),
    )


def _acts_under(asker: Asker, appointed: Representation) -> bool:
    """Whether a session acts under this appointment: another of the same representative opens nothing in it."""
    return (appointed.id, appointed.person_id) == (str(asker.representation_id), str(asker.person_id))


def _as_of_today(asker: Asker, appointed: Representation) -> Representation:
    """Without what who gave the power lives at no more (R97)."""
    if asker.power is None:
        return appointed
    return replace(appointed, stays=frozenset(map(str, asker.power.stays)))


def _directions_of(request: ReadRequest, asker: Asker, facts: Facts) -> frozenset[Direction]:
    for permission in facts.permissions:
        if permission.id == str(request.permission_id) and permission.party_id == str(asker.party_id):
            return permission.directions
    return frozenset(Direction)


def _wish(
    request: ReadRequest,
    directions: frozenset[Direction],
    asker: Asker,
    facts: Facts,
    catalogue: Catalogue,
) -> Wish:
    if asker.kind is AskerKind.CUSTOMER:
        role, purpose = _capacity(request, asker, facts), Purpose.OWN_INSIGHT
    else:
        role = facts.party.role if facts.party else Role.ENERGY_SERVICE
        purpose = request.purpose or _purpose_of(request, facts, catalogue)
    return Wish(
        asker_role=role,
        party_id=str(asker.party_id) if asker.party_id else None,
        person_id=str(asker.representative_id or asker.person_id) if asker.person_id else None,
        purpose=purpose,
        category=request.category,
        directions=directions,
        granularity=request.granularity,
        period=request.period,
        permission_id=str(request.permission_id) if request.permission_id else None,
    )


def _capacity(request: ReadRequest, asker: Asker, facts: Facts) -> Role:
    """In which quality a person looks at an occupancy: his own, that of who he lives with, or acts for in this session.

    Whoever is none of these asks as its grid user, and is refused as an outsider.
    """
    if asker.representative_id is not None:
        return Role.REPRESENTATIVE
    person = str(asker.person_id)
    home = next((one for one in facts.occupancies if one.id == str(request.occupancy_id)), None)
    if home is None or home.person_id == person:
        return Role.GRID_USER
    is_concerned = any(concerned.person_id == person for concerned in home.concerned)
    return Role.PERSON_CONCERNED if is_concerned else Role.GRID_USER


def _purpose_of(request: ReadRequest, facts: Facts, catalogue: Catalogue) -> Purpose:
    """A request by permission has the permission's purpose; by law, the first task of the role."""
    if request.permission_id and facts.permissions:
        return facts.permissions[0].purpose
    rows = catalogue.rows_of(facts.party.role) if facts.party else ()
    tasks = (min(row.purposes) for row in rows if row.basis is BasisKind.LAW)
    return next(tasks, Purpose.ENERGY_MONITORING)
