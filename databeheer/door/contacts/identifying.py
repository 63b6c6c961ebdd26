"""Who calls, comes by or writes: the meter number is the check, beside EAN code or address, and the name (R81, R83).

The same is looked up and one entry is written whether the meter exists, the EAN code is another's, the name does not
fit or it was tried too often; whoever is at the desk gets the same words (R98). Counted are tries in the contact, at
the meter number and at the EAN code or the address, apart from those in the portal: who was locked out there comes
here (R92).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.contacts import contacts
from databeheer.contacts.contacts import KNOWN_HERE, Caller
from databeheer.door.commands.login import open_name
from databeheer.door.contacts.at_desk import Answer, AtDesk
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import Kind
from databeheer.door.names import meter_hash, open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.ean_codes import homes
from databeheer.errors import ConflictError
from databeheer.identity import attorneys, representations
from databeheer.identity.linking import attempts, names
from databeheer.identity.representations import ATTORNEY
from databeheer.values import EAN


@dataclass(frozen=True)
class Asked:
    """What somebody says; an EAN code, or street and postcode."""

    meter: str
    name: str
    ean: EAN | None
    street: str | None
    postcode: str | None


def identify(house: House, turn: Turn, desk: AtDesk, asked: Asked) -> Answer:
    """Make the contact about the stay of who is known there; or count one more try in vain.

    Raises:
        ConflictError: who asks is told nothing here (R79, R89), or somebody was identified in this contact already.
    """
    if Caller(desk.contact.caller) not in KNOWN_HERE:
        raise ConflictError("who asks is not the customer: he gets the fixed answer, and no data")
    if desk.contact.identified_at is not None:
        raise ConflictError("somebody was identified in this contact; open another for somebody else")
    number = "".join(asked.meter.split())
    own = of_contact(house, desk.case.case_id)
    tried = [own, of_meter(house, number), _of_home(house, asked)]
    is_locked = attempts.is_locked(turn.connection, tried)
    rows = homes.at_meter(turn.connection, meter_hashes(house, number), day_of(turn.now))
    caller = Caller(desk.contact.caller)
    known = [
        (row, _known_as(house, turn, row, asked.name, caller)) for row in rows if _is_there(house, row, asked)
    ]
    fits = next(((row, known_as) for row, known_as in known if known_as is not None), None)
    said = {"by_what": "ean" if asked.ean else "address"}
    if fits is None or is_locked:
        attempts.count(turn.connection, tried, turn.now)
        # In the book of the home of that meter, where there is one: whoever lives there sees that somebody tried.
        at_meter = rows[0].occupancy_id if rows else None
        said |= {"meter_number": "fits" if rows else "does_not_fit"}
        said |= {"reason": "locked" if is_locked else "other_home"}
        desk.record(turn, Statement("desk.not_identified", said, subjects=subjects_of(house, at_meter)))
        left = max(0, attempts.MOST_WRONG - attempts.wrong_of(turn.connection, own))
        return {"identified": False, "tries_left": left}, None
    home, (representation_id,) = fits
    attempts.release(turn.connection, [*tried, *of_registered(house, home)])
    contacts.identified(turn.connection, desk.case.case_id, home, representation_id, turn.now)
    said |= {"meter_number": "fits"} | (
        {"representation": str(representation_id)} if representation_id else {}
    )
    record = desk.record(
        turn, Statement("desk.identified", said, subjects=subjects_of(house, home.occupancy_id))
    )
    return {"identified": True, "tries_left": attempts.MOST_WRONG}, record


def _is_there(house: House, row: Any, asked: Asked) -> bool:
    """Whether a home behind the meter number is the one of the EAN code, or of the address."""
    if asked.ean is not None:
        ean = open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed))
        return ean == asked.ean.digits
    if row.address_sealed is None:
        return False
    address = open_text(house, "address", row.access_point_id, bytes(row.address_sealed))
    return homes.is_address(address, asked.street or "", asked.postcode or "")


def _known_as(house: House, turn: Turn, row: Any, name: str, caller: Caller) -> tuple[UUID | None] | None:
    """As what a name is known at a home: by which appointment; (None,) the grid user himself; None: not at all."""
    if caller is Caller.CUSTOMER:
        # The name of an enterprise is public, and nobody's own: somebody acts for it, by a name of his own. Where
        # nobody ever did, the answer is the same: it does not tell that this enterprise is known here.
        if representations.is_enterprise(turn.connection, row.person_id):
            return None
        return (None,) if names.is_same(name, _name(house, turn, row.person_id)) else None
    for one in representations.acting_for(turn.connection, row.person_id, turn.now):
        if one.kind == ATTORNEY and row.occupancy_id not in attorneys.stays_of(
            turn.connection, one.representation_id
        ):
            continue
        if names.is_same(name, _name(house, turn, one.representative_id)):
            return (one.representation_id,)
    return None


def _name(house: House, turn: Turn, person_id: UUID) -> str:
    """The name of a person; empty, which is nobody's, where it was erased."""
    if not house.keys.holds(Kind.PERSON, person_id):
        return ""
    sealed = turn.connection.execute(_NAME, {"id": person_id}).scalar_one()
    return open_name(house, person_id, bytes(sealed))


def meter_hashes(house: House, number: str) -> list[bytes]:
    """Under which hashes a meter number without spaces is found, in capitals or not."""
    return [meter_hash(house, number), meter_hash(house, number.upper())]


def of_contact(house: House, case_id: UUID) -> bytes:
    """Under what tries in a contact are counted."""
    return derive(house.registry_key("desk"), "contact", case_id.bytes)


def of_meter(house: House, number: str) -> bytes:
    """Under what tries at a meter number are counted at the desk."""
    return derive(house.registry_key("desk"), "meter", "".join(number.split()).upper().encode())


def as_asked(house: House, case_id: UUID, what: str, key: bytes) -> bytes:
    """Under what a code that was asked in a contact, or where it went, is known again in that contact alone."""
    return derive(house.registry_key("desk"), f"asked-{what}", case_id.bytes + key)


def of_ean(house: House, ean: EAN) -> bytes:
    """Under what tries at an EAN code are counted at the desk."""
    return derive(house.registry_key("desk"), "ean", ean.digits.encode())


def of_address(house: House, street: str, postcode: str) -> bytes:
    """Under what tries at an address are counted at the desk, however it is written."""
    return derive(house.registry_key("desk"), "address", homes.address_words(street, postcode).encode())


def _of_home(house: House, asked: Asked) -> bytes:
    if asked.ean is not None:
        return of_ean(house, asked.ean)
    return of_address(house, asked.street or "", asked.postcode or "")


def of_registered(house: House, home: Any) -> list[bytes]:
    """Under what tries at the registered address of a home are counted: who is known there is not locked out there."""
    if home.address_sealed is None:
        return []
    address = open_text(house, "address", home.access_point_id, bytes(home.address_sealed))
    return [of_address(house, address.partition(",")[0], homes.postcode_of(address))]


_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
