"""Supply contracts, the requests that precede them, and the stretches in which a price follows the market.

A supplier that announces a switch learns nothing by it: the request is written down under the name that it gave, and
whether that access point exists, who supplies it, and what is under way there is looked up only by whoever accepts
it (R72, R77). Nothing that is under way at a point hinders a switch (R78).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.brussels import midnight
from databeheer.errors import ConflictError, NoLegalBasisError, NotFoundError
from databeheer.registry.conditions import require_order
from databeheer.registry.ending import ending
from databeheer.values import Role


def request(
    connection: Connection, party: Any, named_hash: bytes, operator: int, from_day: date, now: datetime
) -> UUID:
    """Write down that a supplier will supply a point from a day on; an earlier request of its own is replaced.

    Raises:
        NoLegalBasisError: the party is no supplier.
    """
    if party.role != Role.SUPPLIER:
        raise NoLegalBasisError("only a supplier announces a supply contract")
    request_id = uuid4()
    members = {
        "id": request_id,
        "operator": operator,
        "party": party.party_id,
        "named": named_hash,
        "day": from_day,
        "now": now,
    }
    connection.execute(_REPLACE, members)
    connection.execute(_REQUEST, members)
    return request_id


def refuse(connection: Connection, request_id: UUID, state: str, party_id: UUID | None, now: datetime) -> Any:
    """End a request that waits, as refused by the operator or withdrawn by its supplier; returns its row.

    Raises:
        NotFoundError: there is none that waits (of this party, where one is named).
    """
    members = {"id": request_id, "state": state, "party": party_id, "now": now}
    row = connection.execute(_DECIDE, members).one_or_none()
    if row is None:
        raise NotFoundError("there is no such request that waits")
    return row


def requests_of(connection: Connection, party_id: UUID | None) -> list[Any]:
    """The requests of one supplier, or all that wait with the point that they name, newest first."""
    if party_id is not None:
        return list(connection.execute(_OF_PARTY, {"party": party_id}))
    return list(connection.execute(_THAT_WAIT))


def accept(
    connection: Connection,
    point: Any,
    party: Any,
    from_day: date,
    until_day: date | None,
    now: datetime,
    *,
    is_switch: bool = False,
) -> list[Any]:
    """Record an accepted contract; only from here on does the supplier see its own period (R72, R73).

    With `is_switch` a contract that runs on that day ends with it, and gets its days back where the switch is
    cancelled. A switch that is told late takes its place before those that came later: it lasts until the next one,
    as if it had been told in time. Returns the contracts that ended so.

    Raises:
        MalformedRequestError: it would end before it begins.
        ConflictError: the party is no supplier, or another contract covers part of these days.
    """
    require_order(from_day, until_day)
    if party.role != Role.SUPPLIER:
        raise ConflictError("only a supplier has supply contracts")
    days = {"id": point.access_point_id, "first": from_day, "until": until_day, "party": party.party_id}
    running = connection.execute(_RUNNING, days).one_or_none() if is_switch else None
    following = connection.execute(_FOLLOWING, days).first() if is_switch else None
    ended = [] if running is None else [end_by_id(connection, running.supply_contract_id, from_day)]
    if following is not None and (until_day is None or until_day > following.from_day):
        days["until"] = following.from_day
    if connection.execute(_OVERLAP, days).first():
        raise ConflictError("another supply contract covers part of these days; end that one first")
    contract_id = uuid4()
    members = {
        "operator": point.operator,
        "no": point.access_point_no,
        "contract": contract_id,
        "now": now,
        "replaces": running.supply_contract_id if running is not None else None,
        "replaced_until": _until_before_switches(running, following),
    }
    connection.execute(_INSERT, days | members)
    if following is not None:
        _take_place_before(connection, following, running, contract_id, until_day)
    connection.execute(
        _ACCEPT, {"party": party.party_id, "named": point.ean_hash, "state": "accepted", "now": now}
    )
    return ended


def _until_before_switches(running: Any | None, following: Any | None) -> date | None:
    """Until when a contract would last without any switch: what the one that ended it has to give back."""
    if running is None:
        return None
    if following is not None and following.replaces == running.supply_contract_id:
        was: date | None = following.replaced_until
        return was
    until: date | None = running.until_day
    return until


def _take_place_before(
    connection: Connection, following: Any, running: Any | None, contract_id: UUID, until_day: date | None
) -> None:
    """Let the switch after a late one be one from that one: cancelled, it gives its days back to it.

    Where the late one would have ended by then, the switch after it took no days of anybody.
    """
    took_days = until_day is None or until_day > following.from_day
    if took_days:
        behind = {"replaces": contract_id, "until": until_day}
    elif running is not None and following.replaces == running.supply_contract_id:
        behind = {"replaces": None, "until": None}
    else:
        return
    connection.execute(_BEHIND, {"contract": following.supply_contract_id} | behind)


def end(connection: Connection, point: Any, until_day: date) -> Any:
    """End the contract that runs on the day before, at the beginning of a day; returns its row.

    Raises:
        ConflictError: none runs then, or it ends on that day already.
    """
    row = connection.execute(_END, {"id": point.access_point_id, "day": until_day}).one_or_none()
    if row is None:
        raise ConflictError("no supply contract runs on the day before and lasts longer")
    return row


def lasting(connection: Connection, point_id: UUID, until_day: date) -> Any | None:
    """Return the contract of a point that an end on this day would take days from: it runs then, or begins then."""
    asked = {"id": point_id, "before": until_day - timedelta(days=1), "day": until_day}
    return connection.execute(_LASTING, asked).one_or_none()


def beginning(connection: Connection, point_id: UUID, day: date) -> Any | None:
    """Return the contract of a point that begins on a day and holds it."""
    return connection.execute(_BEGINNING, {"id": point_id, "day": day}).one_or_none()


def cancel(connection: Connection, point: Any, from_day: date) -> tuple[Any, Any | None]:
    """Cancel the contract that begins on a day: it never ran. Returns it, and which one got its days back.

    Those days end with the stay in which that one began (ADR 0018).

    Raises:
        ConflictError: none begins then, or it is cancelled already.
    """
    days = {"id": point.access_point_id, "day": from_day}
    row = connection.execute(_CANCEL, days).one_or_none()
    if row is None:
        raise ConflictError("no supply contract begins on that day")
    connection.execute(
        _BEHIND_CANCELLED,
        {"contract": row.supply_contract_id, "replaces": row.replaces, "until": row.replaced_until},
    )
    resumed = None
    if row.replaces is not None:
        back = {"contract": row.replaces, "day": from_day, "until": row.replaced_until}
        resumed = connection.execute(_RESUME, back).one_or_none()
    return row, resumed


def end_at_point(
    connection: Connection, point_id: UUID, day: date, *, begun_before: date | None
) -> list[Any]:
    """End every contract of a point at the beginning of a day: with the stay of whoever made it. Returns them.

    `begun_before` leaves those alone that begin then or later; None ends, as never having run, what was planned too.
    """
    stay = {"id": point_id, "day": day, "before": begun_before}
    return list(connection.execute(_END_AT_POINT, stay))


def end_by_id(connection: Connection, contract_id: UUID, until_day: date) -> Any | None:
    """End a contract at the beginning of a day; returns its row, None where it is not there or ends by then."""
    return connection.execute(_END_BY_ID, {"contract": contract_id, "day": until_day}).one_or_none()


def by_id(connection: Connection, contract_id: UUID) -> Any | None:
    """Return a contract, if it exists."""
    return connection.execute(_BY_ID, {"contract": contract_id}).one_or_none()


def page_of(connection: Connection, party_id: UUID, after: UUID | None, limit: int) -> list[Any]:
    """Return contracts of one supplier that hold days, with the sealed EAN code of their points, by their number."""
    asked = {"party": party_id, "after": after, "limit": limit}
    return list(connection.execute(_PAGE_OF, asked))


def supplier_name(connection: Connection, point_id: UUID, day: date) -> str | None:
    """Return the name of who supplies a point on a day; for a letter to that home alone (R80)."""
    found: str | None = connection.execute(_SUPPLIER, {"id": point_id, "day": day}).scalar_one_or_none()
    return found


def on_day(connection: Connection, point: Any, party_id: UUID, day: date) -> Any:
    """Return a party's contract that runs on a day; raises ConflictError where none does."""
    row = connection.execute(
        _ON_DAY, {"id": point.access_point_id, "party": party_id, "day": day}
    ).one_or_none()
    if row is None:
        raise ConflictError("this supplier has no accepted contract there on that day")
    return row


def until_day(connection: Connection, point: Any, party_id: UUID, day: date) -> Any:
    """Return a party's contract that runs on the day before, or begins on it; raises ConflictError where none does."""
    asked = {"id": point.access_point_id, "party": party_id, "before": day - timedelta(days=1), "day": day}
    row = connection.execute(_UNTIL_DAY, asked).first()
    if row is None:
        raise ConflictError("this supplier has no accepted contract there until that day")
    return row


def begin_dynamic_price(
    connection: Connection,
    price_id: UUID,
    contract: Any,
    from_day: date,
    until_day: date | None,
    information_sealed: bytes,
) -> None:
    """Record that a contract's price follows the market on these days.

    Raises:
        MalformedRequestError: it would end before it begins.
        ConflictError: it outlasts the contract, or part of these days has such a price already.
    """
    require_order(from_day, until_day)
    if contract.until_day is not None and (until_day is None or until_day > contract.until_day):
        raise ConflictError("until_day: the contract ends before that")
    days = {"contract": contract.supply_contract_id, "first": from_day, "until": until_day}
    if connection.execute(_SAME_PRICE, days).first():
        raise ConflictError("part of these days has a dynamic price already")
    members = {"id": price_id, "operator": contract.operator, "information": information_sealed}
    connection.execute(_PRICE, days | members)


def end_dynamic_price(connection: Connection, contract: Any, until_day: date) -> None:
    """End the dynamic prices of a contract at the beginning of a day; raises ConflictError where none lasts longer."""
    days = {"contract": contract.supply_contract_id, "day": until_day}
    if not connection.execute(_END_PRICE, days).all():
        raise ConflictError("no dynamic price lasts longer than that")


def begin_process(
    connection: Connection, process_id: UUID, point: Any, kind_sealed: bytes, now: datetime
) -> None:
    """Write down that something is under way at a point; nothing that leaves the house depends on it (R77, R183)."""
    connection.execute(
        _PROCESS,
        {
            "id": process_id,
            "operator": point.operator,
            "point": point.access_point_id,
            "kind": kind_sealed,
            "now": now,
        },
    )


def processes_of(connection: Connection, point_id: UUID, since: date, until: date | None) -> list[Any]:
    """Return the market processes of a point that ran within the days [since, until), the newest first."""
    asked = {"point": point_id, "since": midnight(since), "until": until and midnight(until)}
    return list(connection.execute(_PROCESSES, asked))


def end_process(connection: Connection, process_id: UUID, now: datetime) -> Any:
    """Write down that it is over; returns its row. Raises NotFoundError where none is under way."""
    row = connection.execute(_END_PROCESS, {"id": process_id, "now": now}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such process under way")
    return row


_REPLACE = text(
    "UPDATE registry.supply_request SET state = 'replaced', decided_at = :now"
    " WHERE party_id = :party AND named_hash = :named AND state = 'received'"
)
_REQUEST = text(
    "INSERT INTO registry.supply_request"
    " (supply_request_id, operator, party_id, named_hash, from_day, state, received_at)"
    " VALUES (:id, :operator, :party, :named, :day, 'received', :now)"
)
_DECIDE = text(
    "UPDATE registry.supply_request SET state = :state, decided_at = :now WHERE supply_request_id = :id"
    " AND state = 'received' AND (CAST(:party AS uuid) IS NULL OR party_id = :party) RETURNING *"
)
_ACCEPT = text(
    "UPDATE registry.supply_request SET state = :state, decided_at = :now"
    " WHERE party_id = :party AND named_hash = :named AND state = 'received'"
)
_OF_PARTY = text(
    "SELECT * FROM registry.supply_request WHERE party_id = :party ORDER BY received_at DESC LIMIT 500"
)
_THAT_WAIT = text(
    "SELECT r.*, a.access_point_id, a.ean_sealed FROM registry.supply_request r"
    " LEFT JOIN registry.access_point a ON a.ean_hash = r.named_hash WHERE r.state = 'received'"
    " ORDER BY r.received_at DESC LIMIT 500"
)
_RUNNING = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND from_day < :first"
    " AND (until_day IS NULL OR until_day > :first)"
)
# The next switch: one that holds days. Who begins on the same day is in the way, and no switch after it.
_FOLLOWING = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND from_day > :first"
    " AND (until_day IS NULL OR from_day < until_day) ORDER BY from_day LIMIT 1"
)
_BEHIND = text(
    "UPDATE registry.supply_contract SET replaces = :replaces, replaced_until = :until"
    " WHERE supply_contract_id = :contract"
)
_BEHIND_CANCELLED = text(
    "UPDATE registry.supply_contract SET replaces = :replaces, replaced_until = :until WHERE replaces = :contract"
)
_OVERLAP = text(
    "SELECT 1 FROM registry.supply_contract WHERE access_point_id = :id"
    " AND daterange(from_day, until_day) && daterange(:first, :until)"
)
_INSERT = text(
    "INSERT INTO registry.supply_contract (supply_contract_id, operator, access_point_id, access_point_no,"
    " party_id, from_day, until_day, accepted_at, replaces, replaced_until)"
    " VALUES (:contract, :operator, :id, :no, :party, :first, :until, :now, :replaces, :replaced_until)"
)
_END = ending("registry.supply_contract", "access_point_id = :id AND from_day < :day")
# Of a switch on that day the contract before ends then already: the one that begins on it is meant.
_LASTING = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND (until_day IS NULL OR from_day < until_day)"
    " AND ((from_day <= :before AND (until_day IS NULL OR until_day > :day)) OR from_day = :day)"
)
_BEGINNING = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND from_day = :day"
    " AND (until_day IS NULL OR from_day < until_day)"
)
_END_BY_ID = ending("registry.supply_contract", "supply_contract_id = :contract")
_CANCEL = ending("registry.supply_contract", "access_point_id = :id AND from_day = :day")
_END_AT_POINT = ending(
    "registry.supply_contract",
    "access_point_id = :id AND (CAST(:before AS date) IS NULL OR from_day < :before)",
)
# Only what the switch took: where it ended otherwise since, that end stays. And never beyond the stay in which the
# contract began: a move ended what ran on the day of the move, and this one did not run then.
_RESUME = text(
    "UPDATE registry.supply_contract c SET until_day = least(CAST(:until AS date), (SELECT min(n.from_day)"
    "  FROM registry.supply_contract n WHERE n.access_point_id = c.access_point_id AND n.from_day >= :day"
    "  AND (n.until_day IS NULL OR n.from_day < n.until_day)), o.until_day)"
    " FROM registry.occupancy o WHERE c.supply_contract_id = :contract AND c.until_day = :day"
    " AND o.access_point_id = c.access_point_id AND o.from_day <= c.from_day"
    " AND (o.until_day IS NULL OR o.until_day > :day AND o.until_day > c.from_day) RETURNING c.*"
)
_BY_ID = text("SELECT * FROM registry.supply_contract WHERE supply_contract_id = :contract")
_PAGE_OF = text(
    "SELECT c.*, a.ean_sealed FROM registry.supply_contract c JOIN registry.access_point a USING (access_point_id)"
    " WHERE c.party_id = :party AND (c.until_day IS NULL OR c.from_day < c.until_day)"
    " AND (CAST(:after AS uuid) IS NULL OR c.supply_contract_id > :after) ORDER BY c.supply_contract_id LIMIT :limit"
)
_ON_DAY = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND party_id = :party"
    " AND from_day <= :day AND (until_day IS NULL OR until_day > :day)"
)
_SUPPLIER = text(
    "SELECT p.name FROM registry.supply_contract c JOIN registry.party p USING (party_id)"
    " WHERE c.access_point_id = :id AND c.from_day <= :day AND (c.until_day IS NULL OR c.until_day > :day)"
)
_UNTIL_DAY = text(
    "SELECT * FROM registry.supply_contract WHERE access_point_id = :id AND party_id = :party"
    " AND from_day <= :day AND (until_day IS NULL OR until_day > :before AND from_day < until_day) ORDER BY from_day"
)
_SAME_PRICE = text(
    "SELECT 1 FROM registry.dynamic_price WHERE supply_contract_id = :contract"
    " AND daterange(from_day, until_day) && daterange(:first, :until)"
)
_PRICE = text(
    "INSERT INTO registry.dynamic_price"
    " (dynamic_price_id, operator, supply_contract_id, information_sealed, from_day, until_day)"
    " VALUES (:id, :operator, :contract, :information, :first, :until)"
)
_END_PRICE = ending("registry.dynamic_price", "supply_contract_id = :contract")
_PROCESS = text(
    "INSERT INTO registry.market_process (market_process_id, operator, access_point_id, kind_sealed, begun_at)"
    " VALUES (:id, :operator, :point, :kind, :now)"
)
_PROCESSES = text(
    "SELECT * FROM registry.market_process WHERE access_point_id = :point"
    " AND (ended_at IS NULL OR ended_at > :since)"
    " AND (CAST(:until AS timestamptz) IS NULL OR begun_at < :until) ORDER BY begun_at DESC, market_process_id"
)
_END_PROCESS = text(
    "UPDATE registry.market_process SET ended_at = :now WHERE market_process_id = :id AND ended_at IS NULL RETURNING *"
)
