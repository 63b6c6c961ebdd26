"""Commands on credit: which budget functions are active, what a device says, and the message of each customer-day.

The customer is told when the day's first reading comes, and at once when a reading shows that the credit runs out
(R180). Of whom nothing came by the evening is told what was known last. Each message has its entry, in the customer's
half only; the row of the stay and day keeps which one, under the ledger's head: so there is one a day, whoever asks
twice (R179).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import Connection, text

from databeheer.brussels import BRUSSELS, day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    Instant,
    asker_of,
    clerk_or_operator,
    placed,
    schema,
    short_text,
)
from databeheer.door.credit import functions
from databeheer.door.house import House
from databeheer.door.names import ean_hash, meter_hash
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof, check_intake
from databeheer.door.statement import Statement, Subject
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.metering.credit.state import MOST_CENTS, CreditState
from databeheer.metering.credit.telling import LAST_HOUR, AverageDay, Notice, runs_out, said
from databeheer.post import outbox
from databeheer.registry import occupancies
from databeheer.values import Commodity

SETTING = "meter.setting_changed"
TOLD = "meter.told"
"""Names of events stand in clear: neither says what setting, or what was told."""
KEPT = timedelta(days=92)
MOST_AT_ONCE = 1000


class NotBudgetError(NotFoundError):
    """A device that is not there, or has no active budget function: of it no credit is read (R176)."""

    code = "no-budget-function"


def set_average(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Set what an average customer's day costs, in euro cents, for each month: by it is judged when credit runs out."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        AverageDay({commodity: arguments[commodity.value] for commodity in Commodity})
        kept = {"index": turn.next_index, "now": turn.now} | arguments
        turn.connection.execute(_SET_AVERAGE, kept)
        turn.record(Statement("average_day.set", dict(arguments)))
    return {}


def begin(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a budget function is active from a day on; only who lives there can open what the entry says."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        _average(turn.connection)
        stay = _stay(house, turn, arguments)
        functions.begin(house, turn.connection, stay, arguments["day"])
        _record(turn, stay, {"setting": "budget_function", "from": arguments["day"].isoformat()})
    return {}


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that it is not active from a day on."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        stay = _stay(house, turn, arguments | {"day": arguments["day"] - timedelta(days=1)})
        functions.end(house, turn.connection, stay, arguments["day"])
        _record(turn, stay, {"setting": "budget_function", "until": arguments["day"].isoformat()})
    return {}


def _stay(house: House, turn: Turn, arguments: dict[str, Any]) -> Any:
    stay = occupancies.lived_in(turn.connection, ean_hash(house, arguments["ean"]), arguments["day"])
    if stay is None:
        raise ConflictError("nobody lives there on that day")
    return stay


def _record(turn: Turn, stay: Any, own: dict[str, str]) -> None:
    subjects = [Subject(stay.occupancy_id, own)]
    turn.record(Statement(SETTING, {}, operator=stay.operator, subjects=subjects))


def take(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take in what devices say of their credit, all or nothing, and tell each customer what is due to be told now.

    By device; a day's first reading brings the day's message, a later one only the advice to top up, once. Returns how
    many were told.

    Raises:
        NotBudgetError: one of them has no active budget function; nothing was kept.
        MalformedRequestError: one says too little (R181), or is not of today.
    """
    check_intake(proof, house.intake_key_hash)
    told = 0
    with house.turn() as turn:
        average = _average(turn.connection)
        for place, one in enumerate(arguments["states"]):
            with placed("states", place):
                told += _take_one(house, turn, one, average)
    return {"taken": len(arguments["states"]), "told": told}


def _take_one(house: House, turn: Turn, one: dict[str, Any], average: AverageDay) -> int:
    today = day_of(turn.now)
    state = CreditState(**{name: value for name, value in one.items() if name != "device"})
    if state.read_at > turn.now or day_of(state.read_at) != today:
        raise MalformedRequestError("read_at: today, and not in the future")
    stay = _of_device(house, turn, one["device"], today)
    state.require_whole(Commodity(stay.commodity))
    newest = functions.keep_state(house, turn.connection, stay, today, state)
    return int(_tell_if_due(house, turn, stay, today, newest, average))


def _of_device(house: House, turn: Turn, device: str, day: date) -> Any:
    asked = {"hash": meter_hash(house, device), "day": day}
    rows = turn.connection.execute(_BY_DEVICE, asked).all()
    # Another grid operator may hang a meter of that number at a point of its own: that keeps nobody from being told.
    stays = [one for one in rows if functions.is_active(house, turn.connection, one.occupancy_id, day)]
    if len(stays) != 1:
        raise NotBudgetError("a device that is not there, or of which no credit is read")
    return stays[0]


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """In the evening, tell everybody of whom nothing came that day what was known last; the clerk's, once for each."""
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        if turn.now.astimezone(BRUSSELS).time() < LAST_HOUR:
            return {"recorded": {}, "failed": 0, "more": False}
        today = day_of(turn.now)
        functions.forget_before(turn.connection, today - KEPT)
        found = _untold(house, turn, today)[arguments["skip"] :][: arguments["limit"]]
        average = _average(turn.connection) if found else None

        def act(stay: Any) -> str:
            known = functions.last_state(house, turn.connection, stay.occupancy_id, today)
            _tell_if_due(house, turn, stay, today, known, average)
            return TOLD

        return sweep_each(turn, found, arguments["limit"], act)


def _untold(house: House, turn: Turn, day: date) -> list[Any]:
    active = functions.active_on(house, turn.connection, day)
    stays = turn.connection.execute(_STAYS, {"ids": list(active), "day": day}).all()
    return [one for one in stays if functions.credit_day(house, turn.connection, one, day).told_index is None]


def _tell_if_due(
    house: House, turn: Turn, stay: Any, day: date, state: CreditState | None, average: AverageDay | None
) -> bool:
    """Tell the customer of a stay what is due: the day's message, or the advice that it did not give yet."""
    row = functions.credit_day(house, turn.connection, stay, day)
    is_low = (
        state is not None and average is not None and runs_out(state, Commodity(stay.commodity), day, average)
    )
    if row.advised_index is not None or (row.told_index is not None and not is_low):
        return False
    kind = Notice.TOP_UP if is_low else Notice.DAILY
    functions.was_told(house, turn.connection, stay.occupancy_id, day, turn.next_index, advised=is_low)
    own = {"day": day.isoformat(), "message": kind.value}
    turn.record(Statement(TOLD, {}, operator=stay.operator, subjects=[Subject(stay.occupancy_id, own)]))
    tell(
        house,
        turn,
        kind,
        to=[outbox.customer(stay.person_id)],
        operator=stay.operator,
        said=said(state, is_low=is_low),
        key=f"{stay.occupancy_id}|{day.isoformat()}",
        occupancy_id=stay.occupancy_id,
    )
    return True


def _average(connection: Connection) -> AverageDay:
    row = connection.execute(_AVERAGE).one_or_none()
    if row is None:
        raise ConflictError("say first what an average customer's day costs (credit.average.set)")
    return AverageDay({Commodity.ELECTRICITY: row.electricity, Commodity.GAS: row.gas})


_SET_AVERAGE = text(
    "INSERT INTO metering.average_day (set_index, set_at, electricity, gas) VALUES (:index, :now, :electricity, :gas)"
)
_AVERAGE = text("SELECT * FROM metering.average_day ORDER BY set_index DESC LIMIT 1")
_BY_DEVICE = text(
    "SELECT o.*, a.commodity FROM registry.meter m JOIN registry.access_point a USING (access_point_id)"
    " JOIN registry.occupancy o ON o.access_point_id = m.access_point_id AND o.person_id IS NOT NULL"
    "  AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
    " WHERE m.number_hash = :hash AND m.is_digital AND (m.removed_on IS NULL OR m.removed_on > :day)"
)
_STAYS = text(
    "SELECT o.*, a.commodity FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
    " WHERE o.occupancy_id = ANY(:ids) AND o.person_id IS NOT NULL"
    " AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day) ORDER BY o.occupancy_id"
)
_MONTHS = fields.List(
    fields.Integer(strict=True, validate=validate.Range(1, MOST_CENTS)),
    required=True,
    validate=validate.Length(equal=12),
)
_CENTS = validate.Range(-MOST_CENTS, MOST_CENTS)


def _flag() -> fields.Boolean:
    return fields.Boolean(load_default=None, allow_none=True, truthy={True}, falsy={False})


_STATE: Schema = schema(
    device=short_text(longest=40),
    read_at=Instant(required=True),
    credit=fields.Integer(required=True, strict=True, validate=_CENTS),
    emergency_is_active=_flag(),
    emergency_left=fields.Integer(load_default=None, allow_none=True, strict=True, validate=_CENTS),
    ten_ampere=_flag(),
)
_DAY_AT = {"ean": EANCode(required=True), "day": Day(required=True)}

COMMANDS = (
    Command("credit.average.set", schema(electricity=_MONTHS, gas=_MONTHS), set_average),
    Command("registry.budget.begin", schema(**_DAY_AT), begin),
    Command("registry.budget.end", schema(**_DAY_AT), end),
    Command(
        "credit.take",
        schema(
            states=fields.List(
                fields.Nested(_STATE), required=True, validate=validate.Length(1, MOST_AT_ONCE)
            )
        ),
        take,
    ),
    Command(
        "credit.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(
                load_default=MOST_AT_ONCE, strict=True, validate=validate.Range(1, MOST_AT_ONCE)
            ),
        ),
        sweep,
    ),
)
