"""What a grid operator reports of who lives where: somebody moved in, moved out, or came in another's place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from databeheer.door.access_register.sender import Effect, Sender, own_point
from databeheer.door.commands.login import known_person, person_of
from databeheer.door.commands.points import begin_stay, end_stay, require_movable, vacant_on
from databeheer.door.house import House
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.identity.provider import Identity
from databeheer.registry import occupancies


def move_in(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """Somebody moved in where nobody lives."""
    point = own_point(house, turn, sender, content["ean"])
    return Effect([_begin(house, turn, point, content, content["from"])])


def move_out(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A customer moved out: all permissions of that stay end in this turn (R29).

    A stay that has its end gets another only where the message names the one it replaces: it may be of a stay of the
    same customer that is not known yet.

    Raises:
        ConflictError: somebody else lived there, or nobody, or the stay has another end than the message takes it to
            have, or that very one.
    """
    point, until = own_point(house, turn, sender, content["ean"]), content["until"]
    stay = _require_living(house, turn, point, content["identity"], until - timedelta(days=1))
    if stay.until_day == until:
        # Ended again, it would be whoever moved in on that day that never lived there.
        raise ConflictError("this move is known already")
    _require_end(stay, content["instead_of"])
    end_stay(house, turn, point.ean_hash, until)
    return Effect([stay.occupancy_id])


def call_off(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A customer's move in on a day was a mistake, or was called off: he never lived there.

    Where a move out of that stay is known, the message names it: it was a mistake too.

    Raises:
        ConflictError: he did not move in there on that day, or the stay has another end than the message takes it to
            have.
    """
    point, day = own_point(house, turn, sender, content["ean"]), content["on"]
    begun = _require_living(house, turn, point, content["identity"], day)
    if begun.from_day != day:
        raise ConflictError("that customer did not move in on that day, but before it")
    _require_end(begun, content["until"])
    stay, _ = end_stay(house, turn, point.ean_hash, day)
    return Effect([stay.occupancy_id])


def change_customer(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """Somebody came in another's place on a day: both together, or neither.

    Where the move out was told apart and came first, this is the move in.

    Raises:
        ConflictError: another lived there than who is said to have left, he left on another day, the same one comes,
            or somebody moved in on that very day.
    """
    point, day = own_point(house, turn, sender, content["ean"]), content["on"]
    leaves = _require_living(house, turn, point, content["left"], day - timedelta(days=1))
    if content["left"] == content["customer"]["identity"]:
        raise ConflictError("the same customer leaves and comes: that is no change")
    _require_end(leaves, day if leaves.until_day == day else None)
    stays = [leaves.occupancy_id]
    begun = occupancies.on_day(turn.connection, point.ean_hash, day)
    if begun.person_id is not None and begun.occupancy_id != leaves.occupancy_id:
        raise ConflictError(
            "somebody moved in there on that very day; was that a mistake, report that it was called off first"
        )
    if begun.person_id is not None:
        end_stay(house, turn, point.ean_hash, day)
    return Effect([*stays, _begin(house, turn, point, content, day)])


def _require_living(house: House, turn: Turn, point: Any, identity: str, day: date) -> Any:
    """Return the stay of who lives there on a day; a message names whom it means, so that it never hits another.

    Raises:
        ConflictError: nobody lives there then, or somebody else.
    """
    stay = occupancies.on_day(turn.connection, point.ean_hash, day)
    if stay.person_id is None:
        raise ConflictError(f"nobody lives there on {day.isoformat()}; report the move in first")
    # Whom the grid operator reported, also where that stay was linked to another log-in since.
    if (stay.reported_person_id or stay.person_id) != known_person(house, turn.connection, identity):
        raise ConflictError(f"another customer lives there on {day.isoformat()} than the one that you name")
    return stay


def _require_end(stay: Any, known: date | None) -> None:
    """Refuse a stay that ends on another day than the sender takes it to end: it may mean another of that customer.

    Raises:
        ConflictError: naming the day on which it does.
    """
    if stay.until_day == known:
        return
    if stay.until_day is None:
        raise ConflictError("no move out of that stay is known")
    raise ConflictError(f"that stay ended on {stay.until_day.isoformat()}; if that was wrong, name that day")


def _begin(house: House, turn: Turn, point: Any, content: dict[str, Any], day: date) -> UUID:
    vacancy = vacant_on(turn, point.ean_hash, day)
    person_id = _customer(house, turn, content)
    is_read = content["interval_reading"]
    stay_id, _ = begin_stay(house, turn, vacancy, person_id, day, interval_reading=is_read)
    return stay_id


def _customer(house: House, turn: Turn, content: dict[str, Any]) -> UUID:
    """Return the person whom a message names, made known where nobody has that identity yet.

    Raises:
        ConflictError: moves in nowhere. Why not is not the grid operator's to know.
    """
    named = content["customer"]
    is_new = known_person(house, turn.connection, named["identity"]) is None
    person_id = person_of(
        house, turn.connection, Identity(named["identity"], named["name"], "customer"), turn.now
    )
    if is_new:
        turn.record(Statement("person.registered", {"person": str(person_id)}))
    try:
        require_movable(turn, person_id)
    except ConflictError as error:
        raise ConflictError("this customer moves in nowhere by a message; ask the data manager") from error
    return person_id
