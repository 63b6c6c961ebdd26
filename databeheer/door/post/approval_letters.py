"""Letters with a code, written, printed and closed in the turn that records it (R36).

The house writes one by itself where somebody else asks in the contract holder's place and no e-mail reaches him; the
operator orders another where one got lost. Each step is an entry in the book of that stay, and none is the party's: it
does not know who lives there (R98).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.access.facts import PermissionState
from databeheer.approval_letters import code as codes
from databeheer.approval_letters import letters
from databeheer.approval_letters.code import LetterCode
from databeheer.approval_letters.letters import EndReason, Letter
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import Kind
from databeheer.door.names import open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.letters import open_own, seal_own
from databeheer.door.post.telling import tell
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, NotFoundError
from databeheer.identity import representations
from databeheer.mandate_imports import rows as imports
from databeheer.permissions import finding, signers, terms, timing
from databeheer.post import contacts, outbox, sealed_letters
from databeheer.post.sealed_letters import What
from databeheer.registry import occupancies, residents

POSTING, CODE = "letter_posting", "letter_code"
"""The clocks of a letter, by its id: until it is in the post, and until its code was made dead after its last day."""
CLOSING_SLACK = timedelta(days=1)


def ask_on_paper(house: House, turn: Turn, permission_id: UUID, *, though_email: bool = False) -> None:
    """Write to the contract holder of a request that somebody else began, where nothing else reaches him.

    Not where e-mail does (`though_email`: it did not), where a court appointed somebody to act for him, where he has
    answered, or where he got MOST_BY_ITSELF letters lately: then the data manager is told, and may order one.
    """
    row = finding.by_id(turn.connection, permission_id)
    holder = _holder(turn, row)
    if holder is None or (_reads_email(house, turn, holder) and not though_email):
        return
    if signers.notice_of(turn.connection, permission_id, holder) is not None:
        return
    if representations.of_represented(turn.connection, holder, turn.now):
        return
    if letters.standing(turn.connection, permission_id, turn.now) is not None:
        return
    if letters.by_itself_lately(turn.connection, row.addressed_to, turn.now) >= letters.MOST_BY_ITSELF:
        to = [outbox.DATA_MANAGER]
        tell(house, turn, "letter.withheld", to=to, operator=row.operator, about=permission_id)
        return
    if _expires_at(turn, row) > turn.now:
        write(house, turn, row, is_asked=False)


def holder_reads_email(house: House, turn: Turn, permission_id: UUID) -> bool:
    """Whether the contract holder of a request that waits is told by e-mail; False where it waits for nobody."""
    holder = _holder(turn, finding.by_id(turn.connection, permission_id))
    return holder is not None and _reads_email(house, turn, holder)


def write(house: House, turn: Turn, row: Any, *, is_asked: bool) -> UUID:
    """Write a letter to the contract holder whom a request is addressed to; one before it is dead from now on.

    Raises:
        ConflictError: the request waits for nobody there, or not long enough; or somebody acts for the holder.
    """
    holder, occupancy_id = _holder(turn, row), row.addressed_to
    if holder is None or not house.keys.holds(Kind.PERSON, holder):
        raise ConflictError("this request waits for no contract holder to whom a letter can go")
    if any(one.for_person_id == holder for one in signers.counting(turn.connection, [row.permission_id])):
        raise ConflictError("the contract holder has granted this request already")
    if representations.of_represented(turn.connection, holder, turn.now):
        raise ConflictError("a court appointed somebody to act for the contract holder; that person answers")
    expires_at = _expires_at(turn, row)
    if expires_at <= turn.now:
        raise ConflictError(
            "this request expires before a letter can be answered; the organisation can ask again"
        )
    before = letters.standing(turn.connection, row.permission_id, turn.now)
    if before is not None:
        close(house, turn, before, EndReason(before.over) if before.over else EndReason.REPLACED)
    occupancy = occupancies.by_id(turn.connection, occupancy_id)
    letter_id, made = uuid4(), codes.new()
    letters.add(
        turn.connection,
        Letter(
            letter_id=letter_id,
            operator=occupancy.operator,
            permission_id=row.permission_id,
            occupancy_id=occupancy_id,
            person_id=holder,
            finder_hash=finder_hash(house, made),
            code_hash=code_hash(house, made),
            is_asked=is_asked,
            written_at=turn.now,
            expires_at=expires_at,
        ),
    )
    sealed = seal_own(house, holder, "letter", made.shown)
    sealed_letters.on_paper(turn.connection, letter_id, What.APPROVAL, holder, sealed, turn.now)
    due = expires_at + CLOSING_SLACK
    clocks.start(turn.connection, POSTING, letter_id, turn.now, occupancy_id=occupancy_id)
    clocks.start(turn.connection, CODE, letter_id, turn.now, occupancy_id=occupancy_id, due_at=due)
    written = letters.by_id(turn.connection, letter_id, turn.now)
    _record(house, turn, written, "letter.written", {"until": day_of(expires_at).isoformat()})
    tell(
        house,
        turn,
        "letter.written",
        to=[outbox.DATA_MANAGER],
        operator=occupancy.operator,
        about=row.permission_id,
    )
    return letter_id


def open_to_print(house: House, turn: Turn, letter_id: UUID) -> dict[str, Any]:
    """Open what a letter says, for the printer; recorded, and its contract holder sees it.

    Raises:
        NotFoundError: there is no such letter.
        ConflictError: it was posted, or its code is dead.
    """
    row = _waiting(turn, letter_id)
    sealed = sealed_letters.content(turn.connection, letter_id)
    if sealed is None:
        raise ConflictError("this letter's text is gone; order a new one")
    person = turn.connection.execute(_PERSON, {"id": row.person_id}).one()
    point = turn.connection.execute(_POINT, {"id": row.occupancy_id}).one()
    address = _address(house, point)
    permission = finding.by_id(turn.connection, row.permission_id)
    letters.opened(turn.connection, letter_id, turn.now)
    _record(house, turn, row, "letter.opened", {})
    return {
        "letter_id": str(letter_id),
        "language": contacts.find(turn.connection, row.person_id).language,
        "name": open_name(house, row.person_id, bytes(person.name_sealed)),
        "address": address,
        "party": turn.connection.execute(_PARTY, {"id": permission.party_id}).scalar_one(),
        "asked_by": asked_by(turn.connection, permission, row.person_id),
        "code": open_own(house, row.person_id, "letter", sealed),
        "written": day_of(row.written_at).isoformat(),
        "until": day_of(row.expires_at).isoformat(),
    }


def post(house: House, turn: Turn, letter_id: UUID) -> None:
    """Write down that a letter is in the post; its sealed text is destroyed.

    Raises:
        NotFoundError: there is no such letter.
        ConflictError: nobody printed it; it was posted before; or its code is dead, and the paper is for the shredder.
    """
    row = _waiting(turn, letter_id)
    if row.opened_at is None:
        raise ConflictError("nobody has printed this letter yet")
    letters.posted(turn.connection, letter_id, turn.now)
    clocks.meet(turn.connection, POSTING, letter_id, turn.now)
    _record(house, turn, row, "letter.posted", {})


def asked_by(connection: Connection, permission: Any, holder: UUID) -> str:
    """Who began to answer in the contract holder's place: a resident, somebody unknown there; or nobody (party).

    Of a mandate that its party brought along (import) nobody did: he is said to have signed it himself.
    """
    if imports.of_permissions(connection, [permission.permission_id]):
        return "import"
    if permission.applicant_id is not None:
        return "applicant"
    signed = {one.for_person_id for one in signers.of(connection, [permission.permission_id])}
    return "resident" if signed - {holder} else "party"


def place(house: House, connection: Connection, letter: Any) -> dict[str, Any]:
    """Where a letter went: all that its reader is told of the access point, which the envelope says too."""
    point = connection.execute(_POINT, {"id": letter.occupancy_id}).one()
    return {"address": _address(house, point), "commodity": point.commodity}


def _address(house: House, point: Any) -> str:
    if point.address_sealed is None:
        raise ConflictError("no address is known for this access point; register it first")
    return open_text(house, "address", point.access_point_id, bytes(point.address_sealed))


def close(house: House, turn: Turn, row: Any, reason: EndReason) -> str:
    """Close a letter for good, on record; returns the name under which a sweep counts it."""
    letters.close(turn.connection, row.letter_id, reason, turn.now)
    clocks.drop(turn.connection, POSTING, row.letter_id, turn.now)
    clocks.meet(turn.connection, CODE, row.letter_id, turn.now)
    _record(house, turn, row, "letter.closed", {"reason": reason.value})
    if reason is EndReason.GUESSED:
        to = [outbox.DATA_MANAGER]
        tell(
            house,
            turn,
            "letter.closed",
            to=to,
            operator=row.operator,
            about=row.permission_id,
            said={"reason": reason},
        )
    return "letter_closed"


def finder_hash(house: House, code: LetterCode) -> bytes:
    """The keyed hash by which the letter of a code is found."""
    return derive(house.registry_key("letter-code"), "finder", code.finder.encode())


def code_hash(house: House, code: LetterCode) -> bytes:
    """The keyed hash of a whole code."""
    return derive(house.registry_key("letter-code"), "code", code.text.encode())


def receipt_hash(house: House, ticket: str) -> bytes:
    """The keyed hash of what fetches the receipt of an answer."""
    return derive(house.registry_key("letter-code"), "receipt", ticket.encode())


def _record(house: House, turn: Turn, row: Any, event: str, said: dict[str, Any]) -> None:
    named = {"letter": str(row.letter_id), "permission": str(row.permission_id)}
    turn.record(
        Statement(event, named | said, operator=row.operator, subjects=subjects_of(house, row.occupancy_id))
    )


def _waiting(turn: Turn, letter_id: UUID) -> Any:
    row = letters.by_id(turn.connection, letter_id, turn.now)
    if row is None:
        raise NotFoundError("there is no such letter")
    if row.over is not None:
        raise ConflictError(
            f"the code in this letter is dead ({row.over}); destroy the paper, if it was printed"
        )
    if row.posted_at is not None:
        raise ConflictError("this letter was posted already; write a new one if it got lost")
    return row


def _holder(turn: Turn, row: Any) -> UUID | None:
    """The contract holder whom a request waits for: the grid user there now, alive; else None."""
    if row.addressed_to is None or timing.state_at(row, turn.now)[0] != PermissionState.REQUESTED:
        return None
    people = residents.at(turn.connection, row.addressed_to, day_of(turn.now))
    return next((one for one, capacity in people.items() if capacity == "grid_user"), None)


def _reads_email(house: House, turn: Turn, person_id: UUID) -> bool:
    return house.sends_email and bool(contacts.find(turn.connection, person_id).wants_email)


def _expires_at(turn: Turn, row: Any) -> datetime:
    """The midnight with which a code ends: whole days, and none that the request does not wait for to its end."""
    by_term = day_of(turn.now) + timedelta(days=terms.in_force(turn.connection).letter + 1)
    return midnight(min(by_term, day_of(row.link_expires_at)))


_PERSON = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
_PARTY = text("SELECT name FROM registry.party WHERE party_id = :id")
_POINT = text(
    "SELECT a.access_point_id, a.address_sealed, a.commodity FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.occupancy_id = :id"
)
