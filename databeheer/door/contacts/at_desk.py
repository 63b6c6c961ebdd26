"""Who of the house is at the desk, in which contact; a try at another's contact is refused on record (R81, R155)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.contacts import contacts
from databeheer.contacts.contacts import CASE_KIND, Channel
from databeheer.door.commands.base import asker_of, found
from databeheer.door.house import House
from databeheer.door.names import seal_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post import home_letters
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff.asking import Doer, record_refusal, require_role, tries_listed
from databeheer.door.staff.lookups import NoCaseError
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.identity import attorneys, representations
from databeheer.identity.representations import ATTORNEY, Appointment
from databeheer.registry import occupancies
from databeheer.staff import cases, roles

NOT_YOURS = "there is no such contact of yours that is open"
Answer = tuple[dict[str, Any], Record | None]
"""What an act answers beside where it is recorded; without a record, nothing is said of one."""


@dataclass(frozen=True)
class AtDesk:
    """Somebody of the house in a contact of his own or of his team that is not over."""

    doer: Doer
    case: Any
    contact: Any

    @property
    def said(self) -> dict[str, Any]:
        """What an entry says of who did it, and in which contact; its customer reads both."""
        return self.doer.said | {"task": self.case.reference}

    @property
    def channel(self) -> Channel:
        return Channel(self.contact.channel)

    def subjects(self, house: House) -> list[Subject]:
        """In whose book it stands: of who was identified, once somebody was."""
        return subjects_of(house, self.case.occupancy_id)

    def record(self, turn: Turn, statement: Statement) -> Record:
        """Record an act in the contact: an entry, and a line in its log (R86)."""
        index = turn.next_index
        said = statement.said | self.said
        record = turn.record(Statement(statement.event, said, subjects=statement.subjects))
        self.note(turn, index, statement.event)
        return record

    def note(self, turn: Turn, index: int, event: str) -> None:
        """Put an entry that was recorded elsewhere in the log of the contact."""
        self.doer.note(turn, index, event, self.case.case_id)

    def open_case(
        self, house: House, turn: Turn, case_id: UUID, *, kind: str, what: str, for_team: bool
    ) -> str:
        """Open a case about who was identified, one's own or one's team's; returns its reference."""
        reference = cases.reference_of(turn.next_index, turn.now)
        case = {
            "case": case_id,
            "operator": self.case.operator,
            "reference": reference,
            "kind": kind,
            "what": seal_text(house, "staff-case", case_id, what),
            "point": self.case.access_point_id,
            "occupancy": self.case.occupancy_id,
            "by": self.doer.account_id,
            "now": turn.now,
            "index": turn.next_index,
            "account": None if for_team else self.doer.account_id,
            "team": self.doer.asker.team if for_team else None,
            "contact": self.case.case_id,
        }
        cases.open_case(turn.connection, case)
        return reference

    def stay(self, house: House, turn: Turn) -> tuple[Any, UUID]:
        """Return the stay of who was identified, and its grid user; of nobody else is anything told (R81, R82).

        Raises:
            ConflictError: nobody was identified yet, or he lives there no more.
            NoCaseError: the appointment or power of who was identified has ended since.
        """
        if self.contact.identified_at is None or self.case.occupancy_id is None:
            raise ConflictError("identify who asks first: EAN code or address, meter number and name")
        self.power(turn)
        stay = occupancies.by_id(turn.connection, self.case.occupancy_id)
        holder = home_letters.holder_of(house, turn, stay)
        if holder is None or holder != stay.person_id:
            raise ConflictError("who was identified does not live there any more")
        return stay, holder

    def power(self, turn: Turn) -> Appointment | None:
        """Return under what who was identified acts for the customer, looked at anew; None: he is that himself.

        Raises:
            NoCaseError: it has ended since, and this contact opens nothing any more.
        """
        under = self.contact.representation_id
        if under is None:
            return None
        power = representations.standing(turn.connection, under, turn.now)
        if power is None:
            raise NoCaseError("who was identified may not act for this customer any more")
        return power

    def reach(self, turn: Turn) -> frozenset[UUID] | None:
        """Return the stays that a power of attorney gives who was identified; None: no such power keeps him to some.

        Raises:
            NoCaseError: as `power`.
        """
        power = self.power(turn)
        if power is None or power.kind != ATTORNEY:
            return None
        return frozenset(attorneys.stays_of(turn.connection, power.representation_id))


def at_desk(
    house: House,
    proof: Proof,
    reference: str,
    act: Callable[[Turn, AtDesk], Answer],
    *,
    lane: TurnLane = TurnLane.REST,
) -> dict[str, Any]:
    """Do something in a contact, in one turn.

    Raises:
        NoCaseError: there is no such contact, it is over, or another's; recorded, and on the inspector's list.
        RoleNeededError: who asks does not work at the desk; recorded too.
    """
    answer: dict[str, Any] | None = None
    record: Record | None = None
    with tries_listed(house, proof, "contact"), house.turn(lane) as turn:
        doer = doer_at_desk(turn, house, proof)
        case = cases.by_reference(turn.connection, reference)
        why = why_not(case, doer.asker, turn.now)
        if case is None or why is not None:
            record_refusal(turn, found(doer.account_id, "account"), "contact", why or "no_such_case")
        else:
            contact = contacts.of_case(turn.connection, case.case_id)
            answer, record = act(turn, AtDesk(doer, case, contact))
    if answer is None:
        raise NoCaseError(NOT_YOURS)
    return answer | (record.answer() if record is not None else {})


def doer_at_desk(turn: Turn, house: House, proof: Proof) -> Doer:
    """Return who of the house asks, with the role to write down contacts."""
    asker = asker_of(turn, house, proof, AskerKind.STAFF)
    require_role(asker, *roles.load().writing("contacts"), writing=True)
    return Doer(asker, asker.employee, asker.account_id)


def why_not(case: Any, asker: Asker, now: datetime) -> str | None:
    """Why a reference opens no contact to somebody; None where it does."""
    if case is None or case.kind != CASE_KIND:
        return "no_such_case"
    if not cases.is_open(case, now):
        return "closed"
    if asker.account_id is None or not cases.is_handled_by(case, asker.account_id, asker.team, now):
        return "not_yours"
    return None


def refused_look(house: House, proof: Proof, reference: str) -> NoCaseError:
    """Record that a contact was not shown, and return what to raise: a look leaves its trace as a try in it does."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *roles.load().reading("contacts"))
        why = why_not(cases.by_reference(turn.connection, reference), asker, turn.now)
        record_refusal(turn, found(asker.account_id, "account"), "contact", why or "no_such_case")
    return NoCaseError(NOT_YOURS)
