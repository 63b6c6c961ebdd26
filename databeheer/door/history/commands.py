"""Commands on the history of one's own consumption: which way each home's goes, and the letter.

What a letter says is read as any own look is: decided, recorded and opened by the one loop (`readings.read`). It waits
sealed under the key of who asked for it, for the printer.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.brussels import day_of, midnight
from databeheer.door.commands import readings
from databeheer.door.commands.base import Command, asker_of, identifier, looking, require_himself, schema
from databeheer.door.commands.views import occupancies_of
from databeheer.door.house import House
from databeheer.door.post import home_letters
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.reads.loop import ReadLoop
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, NotFoundError, UnauthenticatedError
from databeheer.home_letters import letters
from databeheer.home_letters.history_words import from_first_value
from databeheer.home_letters.letters import What
from databeheer.metering.series import slots_of_channel
from databeheer.registry import history_routes, occupancies
from databeheer.registry.history_routes import Route
from databeheer.values import Granularity, Purpose, format_instant, parse_day


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The homes where the customer lives now: on which way each one's history goes, and whether a letter waits."""
    with looking(house, proof) as (connection, asker, now):
        return {"homes": _homes(house, connection, asker, now)}


def ask_letter(house: House, proof: Proof, arguments: dict[str, Any], loop: ReadLoop) -> dict[str, Any]:
    """Have the history of a home sent there by letter: totals of whole months, three years back at most.

    Raises:
        NotFoundError: the customer does not live there now.
        ConflictError: its history goes another way, a letter waits already, or its address is not known.
        RefusedReadError: nothing may leave; recorded.
    """
    occupancy_id: UUID = arguments["occupancy_id"]
    with looking(house, proof) as (connection, asker, now):
        homes = _homes(house, connection, asker, now)
    home = next((one for one in homes if one["occupancy_id"] == str(occupancy_id)), None)
    if home is None:
        raise NotFoundError("you do not live there now")
    if home["route"] != Route.LETTER:
        raise ConflictError("the history of this meter does not go by letter: you can see it yourself")
    if home["letter_waits"]:
        raise ConflictError("a letter with this history is on its way already")
    if not home["address"]:
        raise ConflictError("no address is known for this access point")
    first, end = parse_day(home["first_day"]), day_of(now).replace(day=1)
    if first >= end:
        raise ConflictError("no whole month has passed since you came to live there")
    asked = {
        "occupancy_id": str(occupancy_id),
        "purpose": Purpose.OWN_INSIGHT.value,
        "from": format_instant(midnight(first)),
        "until": format_instant(midnight(end)),
        "granularity": Granularity.MONTH.value,
        "mode": "clip",
    }
    answer = readings.read(house, proof, readings.SCHEMA.load(asked), loop)
    rows, begin = from_first_value(_rows(answer["channels"]), first)
    said = {"from": begin.isoformat(), "until": end.isoformat()}
    with house.turn(TurnLane.CUSTOMER) as turn:
        person_id = _customer(asker_of(turn, house, proof, AskerKind.CUSTOMER))
        if home_letters.waits(house, turn, What.HISTORY, occupancy_id):
            raise ConflictError("a letter with this history is on its way already")
        stay = occupancies.by_id(turn.connection, occupancy_id)
        sealed = json.dumps(said | {"rows": rows})
        record = home_letters.write(house, turn, What.HISTORY, stay, person_id, sealed, said)
    return record.answer()


def _homes(house: House, connection: Connection, asker: Asker, now: datetime) -> list[dict[str, Any]]:
    require_himself(asker)
    today = day_of(now).isoformat()
    stays = [
        one
        for one in occupancies_of(house, connection, _customer(asker), now)
        if one["from"] <= today and (one["until"] is None or one["until"] > today)
    ]
    ways = history_routes.routes(
        connection,
        [UUID(one["occupancy_id"]) for one in stays],
        {UUID(one["occupancy_id"]) for one in stays if one["interval_reading"]},
    )
    first = history_routes.first_day(day_of(now)).isoformat()
    return [
        {name: one[name] for name in ("occupancy_id", "address", "commodity")}
        | {
            "route": ways[UUID(one["occupancy_id"])].value,
            "first_day": max(first, one["from"]),
            "letter_waits": _waits(connection, UUID(one["occupancy_id"]), now),
        }
        for one in stays
    ]


def _waits(connection: Connection, occupancy_id: UUID, now: datetime) -> bool:
    waiting = letters.waiting(connection, What.HISTORY, occupancy_id)
    row = letters.by_id(connection, waiting, now) if waiting is not None else None
    return row is not None and row.over is None


def _rows(channels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Month by month, each direction and tariff register by itself; no value is a gap."""
    return [
        {
            "direction": channel["direction"],
            "unit": channel["unit"],
            "register": slot.register,
            "month": day_of(slot.start).replace(day=1).isoformat(),
            "thousandths": slot.value,
        }
        for channel in channels
        for slot in slots_of_channel(channel)
    ]


def _customer(asker: Asker) -> UUID:
    if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
        raise UnauthenticatedError("log in as a customer")
    return asker.person_id


def commands(loop: ReadLoop) -> tuple[Command, ...]:
    """The commands, bound to the door's one loop."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return ask_letter(house, proof, arguments, loop)

    return (
        Command("history.show", schema(), show),
        Command("history.ask_letter", schema(occupancy_id=identifier()), handler),
    )
