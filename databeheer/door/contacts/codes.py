"""EAN codes that are asked in a contact: two at most, each once, by text message or letter; a third in writing (R85).

Counted towards those two, and answered in writing, is the asker's own alone, each access point once. A number that is
not his is a try in vain, once however often it is pressed: unknown or a stranger's, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from databeheer.brussels import day_of
from databeheer.contacts import contacts
from databeheer.contacts.contacts import IN_WRITING, MOST_EANS
from databeheer.door.contacts.at_desk import Answer, AtDesk
from databeheer.door.contacts.identifying import as_asked, meter_hashes, of_contact, of_meter
from databeheer.door.ean_codes import asking as ean_codes
from databeheer.door.house import House
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.ean_codes import homes
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.identity.linking import attempts
from databeheer.staff import cases


@dataclass(frozen=True)
class _Asked:
    """A meter number: the homes behind it, the asker's own among them, and as what its code counts."""

    number: str
    rows: Sequence[Any]
    home: Any | None
    code: bytes


def send(house: House, turn: Turn, desk: AtDesk, numbers: list[str], mobile: str | None) -> Answer:
    """Send the codes of these meters where they are of who was identified, or register them for the team's answer.

    Raises:
        MalformedRequestError: a mobile number of who asked in writing.
        ConflictError: nobody was identified; this house sends no text messages.
    """
    _, holder = desk.stay(house, turn)
    if mobile is not None and desk.channel in IN_WRITING:
        raise MalformedRequestError("mobile: who asks in writing is answered by letter")
    if mobile is not None and not house.sends_sms:
        raise ConflictError("this house sends no text messages; send a letter")
    reach = desk.reach(turn)
    asked: dict[bytes, _Asked] = {}
    for number in numbers:
        one = _asked(house, turn, desk, number, holder, reach)
        asked.setdefault(one.code, one)
    before = contacts.eans_asked(turn.connection, desk.case.case_id)
    way = as_asked(house, desk.case.case_id, "way", (mobile or "").encode())
    went = {code for code, row in before.items() if way in [bytes(one) for one in row.way_hashes]}
    to_send = [one for one in asked.values() if one.code not in went]
    fresh = [one for code, one in asked.items() if code not in before]
    own = [one for one in fresh if one.home is not None]
    in_writing = [row for row in before.values() if row.answered_in is not None]
    answer: Answer = {"registered": None, "channel": "letter" if mobile is None else "sms"}, None
    if own and desk.contact.eans_told + len(in_writing) + len(own) > MOST_EANS:
        answer = _register(house, turn, desk, own)
    elif any(bytes(row.code_hash) in asked for row in in_writing):
        reference = next(row.reference for row in in_writing if bytes(row.code_hash) in asked)
        answer = {"registered": reference, "channel": None}, None
    else:
        for one in own:
            contacts.asked_ean(turn.connection, desk.case.case_id, one.code)
    is_sent = answer[0]["registered"] is None
    for one in fresh:
        if one.home is None:
            contacts.tried_ean(turn.connection, desk.case.case_id, one.code)
    for one in to_send:
        if is_sent or one.home is None:
            _send(house, turn, desk, one, mobile, way)
    return answer


def _asked(
    house: House, turn: Turn, desk: AtDesk, number: str, holder: UUID, reach: frozenset[UUID] | None
) -> _Asked:
    rows = homes.at_meter(turn.connection, meter_hashes(house, number), day_of(turn.now))
    own = [row for row in rows if row.person_id == holder and (reach is None or row.occupancy_id in reach)]
    home = next(iter(own), None)
    what, key = ("meter", number.encode()) if home is None else ("point", home.access_point_id.bytes)
    return _Asked(number, rows, home, as_asked(house, desk.case.case_id, what, key))


def _send(house: House, turn: Turn, desk: AtDesk, asked: _Asked, mobile: str | None, way: bytes) -> None:
    tried = [of_contact(house, desk.case.case_id), of_meter(house, asked.number)]
    is_locked = attempts.is_locked(turn.connection, tried)
    index, said = turn.next_index, desk.said | {"channel": "letter" if mobile is None else "sms"}
    if not is_locked:  # what was locked is asked again once a paper unlocked it
        contacts.answered_ean(turn.connection, desk.case.case_id, asked.code, way)
    if asked.home is None or is_locked:
        attempts.count(turn.connection, tried, turn.now)
        at_meter = asked.home or (asked.rows[0] if asked.rows else None)
        said |= {"meter_number": "fits" if at_meter is not None else "does_not_fit"}
        said |= {"reason": "locked" if is_locked else "other_home"}
        record = ean_codes.withheld(house, turn, at_meter, said)
    else:
        record = ean_codes.tell(house, turn, asked.home, mobile, said | {"meter_number": "fits"})
    desk.note(turn, index, record.statement.event)


def _register(house: House, turn: Turn, desk: AtDesk, asked: list[_Asked]) -> Answer:
    """A case of the team, about the stay of who was identified, with the numbers that he gave."""
    case_id, numbers = uuid4(), " ".join(one.number for one in asked)
    what = f"{len(asked)} EAN-codes, schriftelijk te antwoorden ({desk.case.reference}): {numbers}"
    reference = desk.open_case(house, turn, case_id, kind=cases.IN_WRITING, what=what, for_team=True)
    for one in asked:
        contacts.asked_ean(turn.connection, desk.case.case_id, one.code, answered_in=case_id)
    said = {"case": reference, "codes": len(asked)}
    statement = Statement("desk.ean_codes_registered", said, subjects=desk.subjects(house))
    return {"registered": reference, "channel": None}, desk.record(turn, statement)
