"""One question for an EAN code: the meter number is the check, and what it opens goes to no screen (R83, R84).

The same is looked up, and one entry is written, whether the meter exists, the address or the name is another's, or the
meter number is locked; whoever asks gets the same words (R98). The entry is the check event: it says whether the meter
number fits, in the book of who lives there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.commands.login import open_name
from databeheer.door.ean_codes.identifiers import of_meter
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.names import meter_hash, open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post import home_letters
from databeheer.door.post.letters import seal_own
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.ean_codes import homes
from databeheer.home_letters.letters import What
from databeheer.identity.linking import attempts, names
from databeheer.post import contacts, sealed_letters
from databeheer.post.deliveries import Channel


@dataclass(frozen=True)
class Asked:
    """What somebody typed; `mobile` as `+324…`, None where the code is to go by letter."""

    meter: str
    name: str
    street: str
    postcode: str
    mobile: str | None

    @property
    def channel(self) -> Channel:
        return Channel.SMS if self.mobile else Channel.LETTER


def ask(house: House, turn: Turn, asked: Asked, said: dict[str, Any]) -> Record:
    """Send the code where all fits, or count an attempt in vain against the meter number; `said` is recorded too."""
    number = "".join(asked.meter.split())
    hashes = [meter_hash(house, number), meter_hash(house, number.upper())]
    tried = [of_meter(house, number)]
    is_locked = attempts.is_locked(turn.connection, tried)
    rows = homes.at_meter(turn.connection, hashes, day_of(turn.now))
    home = next((row for row in rows if _fits(house, turn, row, asked)), None)
    said = said | {"channel": asked.channel.value}
    if home is None or is_locked:
        attempts.count(turn.connection, tried, turn.now)
        # In the book of the home of that meter, where there is one: whoever lives there sees that somebody tried.
        at_meter = home or (rows[0] if rows else None)
        meter = "fits" if at_meter is not None else "does_not_fit"
        why = "locked" if is_locked else "other_home"
        return withheld(house, turn, at_meter, said | {"meter_number": meter, "reason": why})
    attempts.release(turn.connection, tried)
    return tell(house, turn, home, asked.mobile, said | {"meter_number": "fits"})


def tell(house: House, turn: Turn, home: Any, mobile: str | None, said: dict[str, Any]) -> Record:
    """Send the EAN code of a home of which the meter number was checked; or not, where that would be too often."""
    holder = home_letters.holder_of(house, turn, home)
    if holder is None:
        return withheld(house, turn, home, said | {"reason": "nobody_known"})
    if homes.told_lately(turn.connection, home.occupancy_id, turn.now) >= homes.MOST_TOLD:
        return withheld(house, turn, home, said | {"reason": "told_too_often"})
    if mobile is None:
        if home_letters.waits(house, turn, What.EAN, home.occupancy_id):
            return withheld(house, turn, home, said | {"reason": "one_waits"})
        homes.told(turn.connection, home, Channel.LETTER.value, turn.now)
        return home_letters.write(house, turn, What.EAN, home, holder, "", said)
    homes.told(turn.connection, home, Channel.SMS.value, turn.now)
    message = {
        "to": mobile,
        "ean": open_text(house, "ean", home.access_point_id, bytes(home.ean_sealed)),
        "commodity": home.commodity,
        "language": contacts.find(turn.connection, holder).language,
    }
    sealed = seal_own(house, holder, "letter", json.dumps(message))
    sealed_letters.by_sms(turn.connection, uuid4(), holder, sealed, turn.now)
    subjects = subjects_of(house, home.occupancy_id)
    return turn.record(Statement("ean_sms.written", said, operator=home.operator, subjects=subjects))


def _fits(house: House, turn: Turn, row: Any, asked: Asked) -> bool:
    """Whether this home's address and the name registered there are what was typed."""
    if row.address_sealed is None or not house.keys.holds(Kind.PERSON, row.person_id):
        return False
    address = open_text(house, "address", row.access_point_id, bytes(row.address_sealed))
    is_address = homes.is_address(address, asked.street, asked.postcode)
    return names.is_same(asked.name, _name(house, turn, row.person_id)) and is_address


def _name(house: House, turn: Turn, person_id: UUID) -> str:
    sealed = turn.connection.execute(_NAME, {"id": person_id}).scalar_one()
    return open_name(house, person_id, bytes(sealed))


def withheld(house: House, turn: Turn, home: Any | None, said: dict[str, Any]) -> Record:
    """Record a question to which nothing goes: in the book of who lives there, if anybody does."""
    subjects = subjects_of(house, home.occupancy_id if home is not None else None)
    operator = home.operator if home is not None else None
    return turn.record(Statement("ean.withheld", said, operator=operator, subjects=subjects))


_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
