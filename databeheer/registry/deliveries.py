"""Deliveries to suppliers: of each month and year together, of each contract that ended by itself (R69, R71).

A row says that a delivery is due and whether it is ready, and holds no reading: what is delivered the supplier reads
through the door. Source: Energiebesluit 3.2.18, 1/1°, 2/1° and 10/1° (draft 2018).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import MalformedRequestError
from databeheer.metering.midnights import REACH
from databeheer.values import Role, parse_day

LONGEST_WAIT = timedelta(days=REACH)
"""After the last day: what was not read by then is no longer read again, and is estimated or left out."""
LOOKS_BACK = timedelta(days=92)
"""How old the end of a contract may be at which a delivery still begins."""
PAGE = 1000


class DeliveryKind(enum.StrEnum):
    """What is delivered: actual consumption of a month, of a calendar year; all up to the end of one contract."""

    MONTH = "month"
    YEAR = "year"
    FINAL = "final"


def spans(today: date) -> list[tuple[DeliveryKind, date, date]]:
    """Return the month and the year that were over last: first day, first day after."""
    month = today.replace(day=1)
    year = today.replace(month=1, day=1)
    return [
        (DeliveryKind.MONTH, (month - timedelta(days=1)).replace(day=1), month),
        (DeliveryKind.YEAR, year.replace(year=year.year - 1), year),
    ]


def to_begin(connection: Connection, today: date, limit: int) -> list[dict[str, Any]]:
    """Return the deliveries that are due and have not begun: what `begin` takes, oldest end first."""
    wanted: list[dict[str, Any]] = []
    for kind, first, until in spans(today):
        rows = connection.execute(
            _OF_SUPPLIERS, {"role": Role.SUPPLIER.value, "kind": kind.value, "first": first, "until": until}
        )
        wanted += [
            {"kind": kind, "party": one, "contract": None, "first": first, "until": until}
            for one in rows.scalars()
        ]
    ended = connection.execute(_ENDED, {"today": today, "since": today - LOOKS_BACK, "limit": limit})
    wanted += [
        {
            "kind": DeliveryKind.FINAL,
            "party": row.party_id,
            "contract": row.supply_contract_id,
            "first": row.from_day,
            "until": row.until_day,
        }
        for row in ended
    ]
    return sorted(wanted, key=lambda one: one["until"])[:limit]


def begin(connection: Connection, wanted: dict[str, Any], now: datetime) -> UUID:
    """Write down that a delivery is due; returns its number."""
    delivery_id = uuid4()
    connection.execute(_BEGIN, wanted | {"id": delivery_id, "kind": wanted["kind"].value, "now": now})
    return delivery_id


def overtaken(connection: Connection, limit: int) -> list[Any]:
    """Return the final deliveries, not ready, whose contract does not end on that day any more."""
    return list(connection.execute(_OVERTAKEN, {"limit": limit}))


def remove(connection: Connection, delivery_id: UUID) -> None:
    """Take a delivery back that was not ready."""
    connection.execute(_REMOVE, {"id": delivery_id})


def to_look_at(connection: Connection, now: datetime, every: timedelta, limit: int) -> list[Any]:
    """Return the deliveries that are not ready and were not looked at lately, oldest end first."""
    return list(connection.execute(_OPEN, {"before": now - every, "limit": limit}))


def looked_at(connection: Connection, delivery_id: UUID, contracts: int, lacking: int, now: datetime) -> None:
    """Note what there was."""
    members = {"id": delivery_id, "contracts": contracts, "lacking": lacking, "now": now}
    connection.execute(_LOOKED, members)


def is_ready(connection: Connection, delivery_id: UUID, index: int, now: datetime) -> None:
    """Note that it can be read, by which entry the supplier was told."""
    connection.execute(_READY, {"id": delivery_id, "index": index, "now": now})


def contracts_in(connection: Connection, delivery: Any, after: UUID) -> list[Any]:
    """Return a page of the contracts of a delivery, each with its stay, its end here and its digital meters."""
    asked = {
        "party": delivery.party_id,
        "contract": delivery.supply_contract_id,
        "first": delivery.first_day,
        "until": delivery.until_day,
        "after": after,
        "limit": PAGE,
    }
    return list(connection.execute(_CONTRACTS, asked))


@dataclass(frozen=True)
class Place:
    """A place in the list of deliveries: that of the last one of a page, by its end and its number."""

    until: date
    delivery_id: UUID

    def to_text(self) -> str:
        return f"{self.until.isoformat()}|{self.delivery_id}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote; raises MalformedRequestError otherwise."""
        until, _, delivery_id = text.partition("|")
        try:
            return cls(parse_day(until), UUID(delivery_id))
        except ValueError as error:
            raise MalformedRequestError("this is not a cursor of this list") from error


def of(
    connection: Connection,
    party_id: UUID | None,
    since: date,
    *,
    kind: DeliveryKind | None = None,
    after: Place | None = None,
    limit: int,
) -> list[Any]:
    """Return a page of the deliveries of a supplier, or of all, that end on a day or later: newest end first."""
    asked = {
        "party": party_id,
        "since": since,
        "kind": kind and kind.value,
        "until": after and after.until,
        "id": after and after.delivery_id,
        "limit": limit,
    }
    return list(connection.execute(_LIST, asked))


def stay_of(connection: Connection, contract_id: UUID) -> UUID | None:
    """Return the stay in which a contract began: whose readings are delivered."""
    return connection.execute(_STAY, {"contract": contract_id}).scalar_one_or_none()


_STAY = text(
    "SELECT o.occupancy_id FROM registry.supply_contract c JOIN registry.occupancy o"
    " ON o.access_point_id = c.access_point_id AND o.from_day <= c.from_day"
    " AND (o.until_day IS NULL OR o.until_day > c.from_day) WHERE c.supply_contract_id = :contract"
)
_OF_SUPPLIERS = text(
    "SELECT p.party_id FROM registry.party p WHERE p.role = :role AND EXISTS (SELECT FROM registry.supply_contract c"
    "  WHERE c.party_id = p.party_id AND c.from_day < :until AND (c.until_day IS NULL OR c.until_day > :first)"
    "  AND (c.until_day IS NULL OR c.until_day > c.from_day))"
    " AND NOT EXISTS (SELECT FROM registry.supply_delivery d WHERE d.party_id = p.party_id AND d.kind = :kind"
    "  AND d.first_day = :first)"
)
_ENDED = text(
    "SELECT c.* FROM registry.supply_contract c WHERE c.until_day <= :today AND c.until_day > :since"
    " AND c.from_day < c.until_day AND NOT EXISTS (SELECT FROM registry.supply_delivery d"
    "  WHERE d.supply_contract_id = c.supply_contract_id AND d.until_day = c.until_day)"
    " ORDER BY c.until_day, c.supply_contract_id LIMIT :limit"
)
_BEGIN = text(
    "INSERT INTO registry.supply_delivery"
    " (delivery_id, operator, party_id, supply_contract_id, kind, first_day, until_day, begun_at)"
    " SELECT :id, c.operator, :party, :contract, :kind, :first, :until, :now FROM"
    " (SELECT coalesce((SELECT operator FROM registry.supply_contract"
    "  WHERE supply_contract_id = CAST(:contract AS uuid)),"
    "  (SELECT min(operator) FROM registry.operator)) AS operator) c"
)
_OVERTAKEN = text(
    "SELECT d.* FROM registry.supply_delivery d JOIN registry.supply_contract c USING (supply_contract_id)"
    " WHERE d.ready_at IS NULL AND c.until_day IS DISTINCT FROM d.until_day ORDER BY d.delivery_id LIMIT :limit"
)
_REMOVE = text("DELETE FROM registry.supply_delivery WHERE delivery_id = :id AND ready_at IS NULL")
_OPEN = text(
    "SELECT * FROM registry.supply_delivery WHERE ready_at IS NULL AND (looked_at IS NULL OR looked_at <= :before)"
    " ORDER BY until_day, delivery_id LIMIT :limit"
)
_LOOKED = text(
    "UPDATE registry.supply_delivery SET contracts = :contracts, lacking = :lacking, looked_at = :now"
    " WHERE delivery_id = :id AND ready_at IS NULL"
)
_READY = text(
    "UPDATE registry.supply_delivery SET ready_at = :now, ready_index = :index WHERE delivery_id = :id"
    " AND ready_at IS NULL"
)
# The stay is that in which the contract began (ADR 0018); a meter counts that hangs there on the last day.
_CONTRACTS = text(
    "SELECT c.supply_contract_id, o.occupancy_id, o.root_id, e.until_day,"
    " a.commodity, array_agg(m.meter_id) AS meters"
    " FROM registry.supply_contract c"
    " CROSS JOIN LATERAL (SELECT least(coalesce(c.until_day, :until), :until) AS until_day) e"
    " JOIN registry.occupancy o ON o.access_point_id = c.access_point_id AND o.from_day <= c.from_day"
    "  AND (o.until_day IS NULL OR o.until_day > c.from_day)"
    " JOIN registry.meter m ON m.access_point_id = c.access_point_id AND m.is_digital"
    "  AND (m.installed_on IS NULL OR m.installed_on < e.until_day)"
    "  AND (m.removed_on IS NULL OR m.removed_on >= e.until_day)"
    " JOIN registry.access_point a ON a.access_point_id = c.access_point_id"
    " WHERE c.party_id = :party AND c.from_day < :until AND (c.until_day IS NULL OR c.until_day > :first)"
    " AND (c.until_day IS NULL OR c.until_day > c.from_day) AND c.supply_contract_id > :after"
    " AND (CAST(:contract AS uuid) IS NULL OR c.supply_contract_id = :contract)"
    " GROUP BY c.supply_contract_id, o.occupancy_id, o.root_id, e.until_day, a.commodity"
    " ORDER BY c.supply_contract_id LIMIT :limit"
)
_LIST = text(
    "SELECT d.*, a.access_point_id, a.ean_sealed FROM registry.supply_delivery d"
    " LEFT JOIN registry.supply_contract c USING (supply_contract_id)"
    " LEFT JOIN registry.access_point a ON a.access_point_id = c.access_point_id"
    " WHERE (CAST(:party AS uuid) IS NULL OR d.party_id = :party) AND d.until_day >= :since"
    " AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)"
    " AND (CAST(:until AS date) IS NULL OR d.until_day < :until OR d.until_day = :until AND d.delivery_id > :id)"
    " ORDER BY d.until_day DESC, d.delivery_id LIMIT :limit"
)
