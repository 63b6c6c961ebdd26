"""Whether the readings of a contract's last day here came: seen from the rows there are; nothing is opened for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.metering.plan.wanted import DIRECTIONS, UNITS
from databeheer.registry import deliveries
from databeheer.values import Commodity

_DAY = timedelta(days=1)
_FIRST = UUID(int=0)


def count(house: House, connection: Connection, delivery: Any) -> tuple[int, int]:
    """Return of how many contracts with a digital meter a delivery is, and of how many something has not come yet.

    A contract has come where each direction of each of its meters, as the reading plan has them, has a billing-grade
    row of the last day or of the day after: either tells what the register showed at the midnight between them.
    """
    contracts = lacking = 0
    after = _FIRST
    while True:
        page = deliveries.contracts_in(connection, delivery, after)
        wanted = [(row.until_day, _channels(house, row)) for row in page]
        stored = _stored(connection, wanted)
        contracts += len(page)
        lacking += sum(not _has_come(day, groups, stored) for day, groups in wanted)
        if len(page) < deliveries.PAGE:
            return contracts, lacking
        after = page[-1].supply_contract_id


_Channel = tuple[bytes, bytes]
"""Pseudonym and handle."""
_Groups = list[list[_Channel]]
"""Of each direction of each meter its channels: one of them is enough, for gas comes in either of two units."""


def _channels(house: House, row: Any) -> _Groups:
    """What is to come of a contract; nothing where its readings were erased."""
    root = house.roots_held([row.root_id.bytes]).get(row.root_id.bytes)
    if root is None:
        return []
    pseudonym, commodity = seals.pseudonym(root), Commodity(row.commodity)
    return [
        [(pseudonym, seals.channel_handle(root, meter, direction, unit)) for unit in UNITS[commodity]]
        for meter in row.meters
        for direction in DIRECTIONS[commodity]
    ]


def _has_come(day: date, groups: _Groups, stored: set[tuple[date, bytes, bytes]]) -> bool:
    return all(
        any((one, *channel) in stored for channel in channels for one in (day, day - _DAY))
        for channels in groups
    )


def _stored(connection: Connection, wanted: Sequence[tuple[date, _Groups]]) -> set[tuple[date, bytes, bytes]]:
    names = {channel[0] for _, groups in wanted for channels in groups for channel in channels}
    asked = {"pseudonyms": list(names), "days": sorted({day - n * _DAY for day, _ in wanted for n in (0, 1)})}
    return {(row.day, bytes(row.pseudonym), bytes(row.channel)) for row in connection.execute(_ROWS, asked)}


_ROWS = text(
    "SELECT DISTINCT p.day, p.pseudonym, p.channel FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = ANY(:pseudonyms) AND p.day = ANY(:days) AND b.stored_index IS NOT NULL"
    " AND NOT b.is_informative"
)
