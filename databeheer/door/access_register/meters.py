"""What a grid operator reports of meters: one was hung up, taken away, or swapped for another.

A meter hangs at a point once at a time, so what comes out of order is refused in words: a message that was taken in
another order would leave another meter there.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from databeheer.brussels import day_of
from databeheer.door.access_register.sender import Effect, Sender, own_point
from databeheer.door.commands.base import found
from databeheer.door.commands.port_orders import hang_up, meter_of, require_number, take_away
from databeheer.door.house import House
from databeheer.door.names import meter_hash
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.registry import meters, occupancies, points
from databeheer.registry.user_ports import UserPort


def install(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A meter hangs there from a day on, with its user ports: all closed (R51)."""
    point = own_point(house, turn, sender, content["ean"])
    _hang(house, turn, point, content, content["from"])
    return _of_who_lives_there(turn, point)


def remove(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A meter was taken away: its ports are gone, and what came of it since is of nobody here."""
    point = own_point(house, turn, sender, content["ean"])
    _take(house, turn, point, content["meter"], content["on"])
    return _of_who_lives_there(turn, point)


def replace(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """Another meter hangs there from a day on: both together, or neither."""
    point = own_point(house, turn, sender, content["ean"])
    if content["by"]["meter"] == content["meter"]:
        raise MalformedRequestError("by: another meter")
    _take(house, turn, point, content["meter"], content["on"])
    _hang(house, turn, point, content["by"], content["on"])
    return _of_who_lives_there(turn, point)


def _hang(house: House, turn: Turn, point: Any, content: dict[str, Any], first: date) -> None:
    require_number(content["meter"])
    known = _find(house, turn, point, content["meter"])
    if known is not None:
        hangs = found(meters.by_id(turn.connection, known), "meter")
        if hangs.removed_on is None and hangs.installed_on is not None:
            raise ConflictError(
                f"this meter hangs there since {hangs.installed_on.isoformat()}; was it taken away, report that first"
            )
        if hangs.removed_on is not None and first < hangs.removed_on:
            raise ConflictError(
                f"this meter was taken away there on {hangs.removed_on.isoformat()}; it hangs there again from that day"
                " on, or later"
            )
    ports = {UserPort(name) for name in content["ports"]}
    meter_id = meter_of(house, turn, point, content["meter"])
    hang_up(house, turn, point, meter_id, ports, first, is_digital=content["digital"])


def _take(house: House, turn: Turn, point: Any, number: str, day: date) -> None:
    if day > day_of(turn.now):
        raise MalformedRequestError("on: lies in the future")
    meter_id = found(_find(house, turn, point, number), "meter at this access point")
    hangs = found(meters.by_id(turn.connection, meter_id), "meter")
    if hangs.installed_on is not None and day < hangs.installed_on:
        raise ConflictError(
            f"this meter hangs there since {hangs.installed_on.isoformat()}: it was not taken away before that"
        )
    take_away(house, turn, point, meter_id, day)


def _find(house: House, turn: Turn, point: Any, number: str) -> UUID | None:
    return points.find_meter(turn.connection, point.access_point_id, meter_hash(house, number))


def _of_who_lives_there(turn: Turn, point: Any) -> Effect:
    return Effect(occupancies.within(turn.connection, point.access_point_id, day_of(turn.now), None)[:1])
