"""What ties a party, or a choice of the customer, to one access point for a while: regime, registration, participation,
necessity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.registry.conditions import WITH_AUTHORISATION, require_order
from databeheer.registry.ending import ending

REGISTERED = frozenset({"balance_responsible", "shipper"})
COMMUNITIES = frozenset({"energy_community"})
NARROWEST = "SMR1"
"""The regime that gives the supplier least; where nobody chose, it is what holds."""


def choose_regime(connection: Connection, occupancy: Any, regime: str, from_day: date) -> UUID:
    """Record the metering regime that the customer of an occupancy chose, from a day on (R38).

    SMR1 gives the supplier less: it always holds from its day on, and cancels what was chosen for later. A choice that
    is made on the day of another takes its place.

    Raises:
        ConflictError: the day lies outside the occupancy; or, of SMR3, it holds then already, or a later choice does.
    """
    if from_day < occupancy.from_day or (occupancy.until_day is not None and from_day >= occupancy.until_day):
        raise ConflictError("from_day: outside the occupancy")
    day = {"occupancy": occupancy.occupancy_id, "day": from_day}
    last = connection.execute(_LAST_REGIME, day).one_or_none()
    if regime != NARROWEST and last is not None and (last.from_day > from_day or last.regime == regime):
        raise ConflictError("this regime, or a later choice, holds there then already")
    connection.execute(_END_REGIMES, day)
    members = _members(occupancy) | {"id": uuid4(), "regime": regime}
    connection.execute(_REGIME, day | members)
    regime_id: UUID = members["id"]
    return regime_id


def register(connection: Connection, point: Any, party: Any, from_day: date, until_day: date | None) -> UUID:
    """Register a balance responsible party or shipper on a point (4.1.22/9).

    Raises:
        ConflictError: another role, or somebody stands registered in this role on part of these days.
    """
    require_order(from_day, until_day)
    if party.role not in REGISTERED:
        raise ConflictError("only a balance responsible party or a shipper is registered on a point")
    days = {"point": point.access_point_id, "party": party.party_id, "first": from_day, "until": until_day}
    if connection.execute(_SAME_REGISTRATION, days | {"role": party.role}).first():
        raise ConflictError(
            "a party of this role stands registered there on part of these days already; end that first"
        )
    members = {"operator": point.operator, "no": point.access_point_no, "role": party.role}
    registration_id = uuid4()
    connection.execute(_REGISTRATION, days | members | {"id": registration_id})
    return registration_id


def participate(
    connection: Connection, occupancy: Any, party: Any, from_day: date, until_day: date | None
) -> UUID:
    """Record that the customer of an occupancy takes part in an energy community or in sharing.

    Raises:
        ConflictError: another role, outside the occupancy, or it runs on part of these days.
    """
    require_order(from_day, until_day)
    if party.role not in COMMUNITIES:
        raise ConflictError("only an energy community has participants")
    if from_day < occupancy.from_day or (occupancy.until_day is not None and from_day >= occupancy.until_day):
        raise ConflictError("from_day: outside the occupancy")
    days = {"party": party.party_id, "first": from_day, "until": until_day}
    members = _members(occupancy) | days | {"id": uuid4()}
    if connection.execute(_SAME_PARTICIPATION, members).first():
        raise ConflictError("this participation runs on part of these days already")
    connection.execute(_PARTICIPATION, members)
    participation_id: UUID = members["id"]
    return participation_id


def end(connection: Connection, table: str, fact_id: UUID, day: date) -> Any:
    """End a registration or participation at the beginning of a day, or cancel it; returns its row.

    Raises:
        ConflictError: there is none that lasts longer.
    """
    row = connection.execute(_ENDS[table], {"id": fact_id, "day": day}).one_or_none()
    if row is None:
        raise ConflictError(
            "none with this id lasts longer than that: it ended or was cancelled before, or there is no such id"
        )
    return row


def record_necessity(
    connection: Connection,
    necessity_id: UUID,
    point: Any,
    party: Any,
    members: dict[str, Any],
    reason_sealed: bytes,
    now: datetime,
) -> None:
    """Record why a party with a legal task needs these data of this point, before it looks (R60).

    `members`: purpose, granularity, article, data_from and data_until (Brussels days), valid_until; of who rests on an
    authorisation, authorisation_id: the law of that very article.

    Raises:
        MalformedRequestError: periods that can give nothing; a law that is not named, or named where none is rested on.
        NotFoundError: the party has no such authorisation for that article.
    """
    if members["data_until"] <= members["data_from"]:
        raise MalformedRequestError("data_until: lies after data_from")
    if members["valid_until"] <= now:
        raise MalformedRequestError("valid_until: lies in the future")
    _check_law(connection, party, members)
    connection.execute(
        _NECESSITY,
        {
            **members,
            "id": necessity_id,
            "operator": point.operator,
            "point": point.access_point_id,
            "party": party.party_id,
            "reason": reason_sealed,
            "now": now,
        },
    )


def _check_law(connection: Connection, party: Any, members: dict[str, Any]) -> None:
    named = members["authorisation_id"]
    if (named is not None) != (party.role in WITH_AUTHORISATION):
        raise MalformedRequestError(
            "authorisation_id: an authority or a public body names the law that it rests on, nobody else does"
        )
    if named is None:
        return
    law = {"id": named, "party": party.party_id, "article": members["article"]}
    if connection.execute(_LAW, law).first() is None:
        raise NotFoundError("this party has no such authorisation for that article")


def end_necessity(connection: Connection, necessity_id: UUID, now: datetime) -> Any:
    """End a necessity record now; returns its row. Raises NotFoundError where none is valid."""
    row = connection.execute(_END_NECESSITY, {"id": necessity_id, "now": now}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such record that is still valid")
    return row


def end_with_occupancy(connection: Connection, occupancy_id: UUID, day: date) -> list[Any]:
    """End what the customer of an occupancy chose and joined, with his stay; returns the ended participations."""
    stay = {"occupancy": occupancy_id, "day": day}
    connection.execute(_END_REGIMES, stay)
    return list(connection.execute(_PARTICIPATIONS_LEFT, stay))


def end_registrations(
    connection: Connection, point_id: UUID, day: date, *, begun_before: date | None
) -> list[Any]:
    """End every registration of a point at the beginning of a day, as `supply.end_at_point` does contracts."""
    stay = {"point": point_id, "day": day, "before": begun_before}
    return list(connection.execute(_REGISTRATIONS_LEFT, stay))


def _members(occupancy: Any) -> dict[str, Any]:
    return {
        "operator": occupancy.operator,
        "point": occupancy.access_point_id,
        "occupancy": occupancy.occupancy_id,
    }


_LAST_REGIME = text(
    "SELECT * FROM registry.metering_regime WHERE occupancy_id = :occupancy"
    " AND (until_day IS NULL OR from_day < until_day AND until_day > :day) ORDER BY from_day DESC LIMIT 1"
)
_END_REGIMES = ending("registry.metering_regime", "occupancy_id = :occupancy")
_REGIME = text(
    "INSERT INTO registry.metering_regime"
    " (metering_regime_id, operator, access_point_id, occupancy_id, regime, from_day)"
    " VALUES (:id, :operator, :point, :occupancy, :regime, :day)"
)
_SAME_REGISTRATION = text(
    "SELECT 1 FROM registry.registration WHERE access_point_id = :point AND role = :role"
    " AND daterange(from_day, until_day) && daterange(:first, :until)"
)
_REGISTRATION = text(
    "INSERT INTO registry.registration"
    " (registration_id, operator, access_point_id, access_point_no, party_id, role, from_day, until_day)"
    " VALUES (:id, :operator, :point, :no, :party, :role, :first, :until)"
)
_SAME_PARTICIPATION = text(
    "SELECT 1 FROM registry.participation WHERE occupancy_id = :occupancy AND party_id = :party"
    " AND daterange(from_day, until_day) && daterange(:first, :until)"
)
_PARTICIPATION = text(
    "INSERT INTO registry.participation"
    " (participation_id, operator, access_point_id, occupancy_id, party_id, from_day, until_day)"
    " VALUES (:id, :operator, :point, :occupancy, :party, :first, :until)"
)
_ENDS = {
    table: ending(f"registry.{table}", f"{table}_id = :id") for table in ("registration", "participation")
}
_NECESSITY = text(
    "INSERT INTO registry.necessity (necessity_id, operator, access_point_id, party_id, purpose, granularity, article,"
    " authorisation_id, reason_sealed, data_from, data_until, valid_from, valid_until, recorded_at)"
    " VALUES (:id, :operator, :point, :party, :purpose, :granularity, :article, :authorisation_id, :reason,"
    " :data_from, :data_until, :now, :valid_until, :now)"
)
_LAW = text(
    "SELECT 1 FROM registry.authorisation WHERE authorisation_id = :id AND party_id = :party AND article = :article"
)
_END_NECESSITY = text(
    "UPDATE registry.necessity SET valid_until = :now WHERE necessity_id = :id AND valid_until > :now RETURNING *"
)
_PARTICIPATIONS_LEFT = ending("registry.participation", "occupancy_id = :occupancy")
_REGISTRATIONS_LEFT = ending(
    "registry.registration",
    "access_point_id = :point AND (CAST(:before AS date) IS NULL OR from_day < :before)",
)
