"""After a restore: of facts about people, parties and points, what ended in the lost stretch ends again.

Each function returns whether it ended anything: the database may know it, or never have known what ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from databeheer import clocks
from databeheer.access.facts import Regime
from databeheer.brussels import day_of
from databeheer.door.commands.conditions import DPIA_CLOCK
from databeheer.door.commands.erasure_taken_back import take_back
from databeheer.door.commands.links import record_end_of_link
from databeheer.door.commands.market import record_end, record_end_of_price
from databeheer.door.commands.port_orders import take_away
from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of, subjects_of_person
from databeheer.door.reading_plan.commands import record_choice
from databeheer.door.restore import reapplying_joins, reapplying_post, reapplying_rights
from databeheer.door.restore.ends import STALENESS, End, Ending
from databeheer.door.staff import leaving
from databeheer.door.statement import Statement, Subject
from databeheer.door.statistics.restored import told_again
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.identity import client_keys, clients, lives
from databeheer.oversight import erasures
from databeheer.registry import (
    concerned,
    conditions,
    interval_choices,
    links,
    meters,
    occupancies,
    parties,
    points,
    supply,
)
from databeheer.staff import accounts, grants
from databeheer.values import format_instant

_AFTER = {"after": "restore"}


def apply(house: House, turn: Turn, end: End, following: Sequence[End]) -> bool:
    """Apply one end, of what is no permission, occupancy or suspension; `following` are those right after it."""
    try:
        if end.ending in (Ending.CONCERNED_AT, Ending.CONCERNED_LEFT):
            return _concerned(house, turn, end, following)
        if end.ending is Ending.OBJECTION:
            return reapplying_rights.objected_again(house, turn, end, following)
        known = _BY_ENDING.get(end.ending)
        return known is not None and known(house, turn, end)
    except (ConflictError, NotFoundError, MalformedRequestError):
        return False


def _died(house: House, turn: Turn, end: End) -> bool:
    if end.day is None or not lives.exists(turn.connection, end.id):
        return False
    lives.record_death(turn.connection, end.id, end.day, turn.now)
    said = {"on": end.day.isoformat()} | _AFTER
    turn.end(Ending.DIED, end.id, end.day)
    turn.record(Statement("person.died", said, subjects=subjects_of_person(house, turn, end.id)))
    return True


def _alive(house: House, turn: Turn, end: End) -> bool:
    lives.refute_death(turn.connection, end.id, turn.now)
    turn.end(Ending.DEATH_REFUTED, end.id)
    turn.record(
        Statement("person.death_refuted", dict(_AFTER), subjects=subjects_of_person(house, turn, end.id))
    )
    return True


def _represented(house: House, turn: Turn, end: End) -> bool:
    if end.day is None:
        return False
    row = lives.end_representation(turn.connection, end.id, end.day, turn.now)
    turn.end(Ending.REPRESENTATION, end.id, end.day)
    said = {"until": end.day.isoformat()} | _AFTER
    turn.record(
        Statement("representation.ended", said, subjects=subjects_of_person(house, turn, row.person_id))
    )
    return True


def _concerned(house: House, turn: Turn, end: End, following: Sequence[End]) -> bool:
    """Whoever made himself known: no consent opens his time without him (R4). And who left: he reads no further."""
    occupancy = occupancies.find(turn.connection, end.id)
    if not following or following[0].ending is not Ending.CONCERNED or occupancy is None or end.day is None:
        return False
    person_id = following[0].id
    if not lives.exists(turn.connection, person_id):
        return False
    if end.ending is Ending.CONCERNED_AT:
        event, word = "person_concerned.begun", "from"
        concerned.begin(turn.connection, occupancy, person_id, end.day)
    else:
        event, word = "person_concerned.ended", "until"
        concerned.end(turn.connection, occupancy.occupancy_id, person_id, end.day)
        lives.end_of_stay(turn.connection, [person_id], turn.now)
    turn.end(end.ending, end.id, end.day)
    turn.end(Ending.CONCERNED, person_id)
    said = {word: end.day.isoformat()} | _AFTER
    subjects = subjects_of(house, end.id)
    turn.record(Statement(event, said, operator=occupancy.operator, subjects=subjects))
    return True


def _contract(_: House, turn: Turn, end: End) -> bool:
    row = parties.end_contract_again(turn.connection, end.id, end.at)
    if row is None:
        return False
    turn.end(Ending.CONTRACT, end.id, at=end.at)
    said = {"number": row.number, "until": format_instant(end.at)} | _AFTER
    turn.record(Statement("contract.ended", said, party_id=row.party_id, operator=row.operator))
    return True


def _condition(_: House, turn: Turn, end: End) -> bool:
    """An agreement of a processor, a territory, an authorisation."""
    if end.day is None:
        return False
    table = end.ending.name.lower()
    party_id = conditions.end(turn.connection, table, end.id, end.day)
    turn.end(end.ending, end.id, end.day)
    said = {"id": str(end.id), "until": end.day.isoformat()} | _AFTER
    turn.record(Statement(f"{table.partition('_')[0]}.ended", said, party_id=party_id))
    return True


def _stale(_: House, turn: Turn, end: End) -> bool:
    trigger = next(trigger for trigger, ending in STALENESS.items() if ending is end.ending)
    if conditions.was_made_stale(turn.connection, end.id, trigger, end.at):
        return False
    parties.get(turn.connection, end.id)
    conditions.make_stale(turn.connection, end.id, trigger, end.at)
    clocks.drop(turn.connection, DPIA_CLOCK, end.id, turn.now)
    turn.end(end.ending, end.id, at=end.at)
    turn.record(Statement("dpia.staled", {"by": trigger.value} | _AFTER, party_id=end.id))
    return True


def _overview(_: House, turn: Turn, end: End) -> bool:
    if not conditions.overview_checked(turn.connection, end.id, "", reachable=False, now=turn.now):
        return False
    turn.end(Ending.OVERVIEW, end.id)
    turn.record(Statement("overview.missing", dict(_AFTER), party_id=end.id))
    return True


def _supply(house: House, turn: Turn, end: End) -> bool:
    row = supply.end_by_id(turn.connection, end.id, end.day) if end.day is not None else None
    if row is None:
        return False
    record_end(house, turn, row)
    return True


def _price(_: House, turn: Turn, end: End) -> bool:
    contract = supply.by_id(turn.connection, end.id)
    if contract is None or end.day is None:
        return False
    supply.end_dynamic_price(turn.connection, contract, end.day)
    record_end_of_price(turn, contract, end.day)
    return True


def _regime(house: House, turn: Turn, end: End) -> bool:
    occupancy = occupancies.find(turn.connection, end.id)
    if occupancy is None or end.day is None:
        return False
    links.choose_regime(turn.connection, occupancy, Regime.SMR1, end.day)
    turn.end(Ending.REGIME, end.id, end.day)
    said = {"regime": Regime.SMR1.value, "from": end.day.isoformat()} | _AFTER
    subjects = subjects_of(house, end.id)
    turn.record(Statement("regime.chosen", said, operator=occupancy.operator, subjects=subjects))
    return True


def _intervals(house: House, turn: Turn, end: End) -> bool:
    occupancy = occupancies.find(turn.connection, end.id)
    if occupancy is None or end.day is None or occupancy.person_id is None:
        return False
    interval_choices.choose(turn.connection, occupancy, is_on=False, from_day=end.day, now=turn.now)
    record_choice(house, turn, occupancy, end.day, dict(_AFTER), is_on=False)
    return True


def _link(_: House, turn: Turn, end: End) -> bool:
    if end.day is None:
        return False
    fact = end.ending.name.lower()
    record_end_of_link(turn, fact, links.end(turn.connection, fact, end.id, end.day), _AFTER)
    return True


def _necessity(_: House, turn: Turn, end: End) -> bool:
    row = links.end_necessity(turn.connection, end.id, turn.now)
    turn.end(Ending.NECESSITY, end.id)
    said = {"necessity": str(end.id)} | _AFTER
    turn.record(Statement("necessity.ended", said, party_id=row.party_id, operator=row.operator))
    return True


def _displaced(_: House, turn: Turn, end: End) -> bool:
    """In which territory it lies now the journal does not say: in none, until the operator says so again (R39)."""
    point = points.by_id(turn.connection, end.id)
    if point is None or point.municipality is None:
        return False
    points.set_municipality(turn.connection, end.id, None)
    turn.end(Ending.PLACED, end.id)
    living = occupancies.within(turn.connection, end.id, day_of(turn.now), None)
    subjects = [Subject(occupancy_id) for occupancy_id in living]
    said = {"municipality": ""} | _AFTER
    turn.record(Statement("access_point.placed", said, operator=point.operator, subjects=subjects))
    return True


def _meter(house: House, turn: Turn, end: End) -> bool:
    meter = meters.by_id(turn.connection, end.id)
    if meter is None or end.day is None:
        return False
    point = points.by_id(turn.connection, meter.access_point_id)
    take_away(house, turn, point, end.id, end.day, _AFTER)
    return True


def _client(_: House, turn: Turn, end: End) -> bool:
    """A program that ended, or whose secret was renewed: the old one is not to be good again in an older database."""
    client_id = clients.of_number(end.id)
    is_over = end.ending is Ending.CLIENT
    change = clients.end if is_over else clients.forget_secret
    row = change(turn.connection, client_id, turn.now)
    turn.end(end.ending, end.id)
    event = "client.ended" if is_over else "client.renewed"
    turn.record(Statement(event, dict(_AFTER), party_id=row.party_id))
    return True


def _client_key(_: House, turn: Turn, end: End) -> bool:
    """A key of a program that was ended; where its moment lies ahead, it ends then."""
    at = max(end.at, turn.now)
    row = client_keys.end(turn.connection, end.id, at, turn.now)
    turn.end(end.ending, end.id, at=at)
    said = {"key": str(row.key_id), "at": format_instant(at)} | _AFTER
    turn.record(Statement("client.key_ended", said, party_id=row.party_id))
    return True


def _erasure_taken_back(house: House, turn: Turn, end: End) -> bool:
    """A request to erase that was taken back is not to be carried out by a database that forgot it."""
    row = erasures.find(turn.connection, end.id)
    if row is None or not erasures.can_be_taken_back(row):
        return False
    take_back(house, turn, row, dict(_AFTER))
    return True


def _staff_account(_: House, turn: Turn, end: End) -> bool:
    """Somebody of the house who left is not back at work in an older database."""
    account = accounts.by_id(turn.connection, end.id)
    return account is not None and leaving.end_account(turn, account, "left", said=dict(_AFTER))


def _staff_role(_: House, turn: Turn, end: End) -> bool:
    grant = grants.find(turn.connection, end.id)
    return grant is not None and leaving.end_role(turn, grant, "ended", said=dict(_AFTER)) is not None


_BY_ENDING: dict[Ending, Callable[[House, Turn, End], bool]] = {
    Ending.DIED: _died,
    Ending.DEATH_REFUTED: _alive,
    Ending.REPRESENTATION: _represented,
    Ending.CONTRACT: _contract,
    Ending.PROCESSOR_AGREEMENT: _condition,
    Ending.TERRITORY: _condition,
    Ending.AUTHORISATION: _condition,
    **dict.fromkeys(STALENESS.values(), _stale),
    Ending.OVERVIEW: _overview,
    Ending.SUPPLY: _supply,
    Ending.DYNAMIC_PRICE: _price,
    Ending.REGIME: _regime,
    Ending.INTERVAL_READING: _intervals,
    Ending.REGISTRATION: _link,
    Ending.PARTICIPATION: _link,
    Ending.NECESSITY: _necessity,
    Ending.PLACED: _displaced,
    Ending.METER: _meter,
    Ending.WEBHOOK: reapplying_post.leave_webhook,
    Ending.EMAIL: reapplying_post.leave_address,
    Ending.CLIENT: _client,
    Ending.CLIENT_SECRET: _client,
    Ending.CLIENT_KEY: _client_key,
    Ending.ERASURE_TAKEN_BACK: _erasure_taken_back,
    Ending.MONTH_TOLD: told_again,
    Ending.JOIN_NECESSITY: reapplying_joins.end_again,
    Ending.JOIN_SIGNER: reapplying_joins.end_again,
    Ending.STAFF_ACCOUNT: _staff_account,
    Ending.STAFF_ROLE: _staff_role,
}
