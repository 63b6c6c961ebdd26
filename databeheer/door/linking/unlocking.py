"""A letter with a code to the address of the installation, printed by the operator, and what its code unlocks (R92)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer import clocks
from databeheer.approval_letters import code as codes
from databeheer.approval_letters.letters import UnknownCodeError
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import asker_of, found
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.linking import identifiers
from databeheer.door.linking.attempting import require_ready
from databeheer.door.names import ean_hash, open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.approval_letters import CLOSING_SLACK, CODE, POSTING
from databeheer.door.post.letters import open_own, seal_own
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.identity.linking import attempts, letters, stays
from databeheer.identity.linking.letters import EndReason, Letter, TooManyLettersError
from databeheer.permissions import terms
from databeheer.post import contacts, outbox, sealed_letters
from databeheer.post.sealed_letters import What


def ask(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have a letter written to whom is registered at an EAN code, at the address of the installation.

    The answer is the same where no letter can go: no such EAN code, nobody there, a stay that somebody reads already,
    no address, or as many letters as go to one stay.

    Raises:
        TooManyLettersError: this log-in asked for its letters.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        person_id = found(asker.person_id, "person")
        require_ready(turn)
        own = identifiers.of_login(house, person_id)
        if letters.asked_lately(turn.connection, own, turn.now) >= letters.MOST:
            raise TooManyLettersError(
                "you asked for as many letters as we send in a month; contact the data manager"
            )
        before = letters.standing(turn.connection, own, turn.now)
        if before is not None:
            close(house, turn, before, EndReason(before.over) if before.over else EndReason.REPLACED)
        until = _write(house, turn, arguments["ean"], person_id, own)
    return {"until": day_of(until).isoformat()}


def unlock(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take the code of the letter that this log-in asked for: its EAN code and this log-in begin anew.

    Raises:
        MistypedCodeError: no code at all; nothing was looked up.
        UnknownCodeError: another's, a dead one, or none.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        person_id = found(asker.person_id, "person")
        require_ready(turn)
        code = codes.parse(arguments["code"])
        own = identifiers.of_login(house, person_id)
        row = letters.standing(turn.connection, own, turn.now)
        is_right = letters.is_right(row, identifiers.of_code(house, code))
        if row is not None and is_right:
            attempts.release(turn.connection, [own, bytes(row.ean_hash)])
            close(house, turn, row, EndReason.USED)
        else:
            letters.count_wrong(turn.connection, own)
    if not is_right:  # after the turn, so that the try counts
        raise UnknownCodeError
    return {}


def find(turn: Turn, letter_id: UUID) -> Any | None:
    """Return a letter that unlocks, if one that goes to a home has this number."""
    row = letters.by_id(turn.connection, letter_id, turn.now)
    return row if row is not None and row.occupancy_id is not None else None


def open_to_print(house: House, turn: Turn, row: Any) -> dict[str, Any]:
    """Open what a letter says, for the printer; recorded.

    Raises:
        ConflictError: it was posted, or its code is dead.
    """
    _require_waiting(row)
    letter_id = row.letter_id
    sealed = sealed_letters.content(turn.connection, letter_id)
    if sealed is None:
        raise ConflictError("this letter's text is gone; whoever asked for it can ask for a new one")
    person = turn.connection.execute(_PERSON, {"id": row.person_id}).one()
    letters.opened(turn.connection, letter_id, turn.now)
    _record(house, turn, row, "letter.opened", {})
    return {
        "letter_id": str(letter_id),
        "language": contacts.find(turn.connection, row.person_id).language,
        "name": open_name(house, row.person_id, bytes(person.name_sealed)),
        "address": _address(house, turn, row.occupancy_id),
        "code": open_own(house, row.person_id, "letter", sealed),
        "written": day_of(row.written_at).isoformat(),
        "until": day_of(row.expires_at).isoformat(),
    }


def post(house: House, turn: Turn, row: Any) -> None:
    """Write down that a letter is in the post; its text is destroyed.

    Raises:
        ConflictError: nobody printed it, it was posted before, or its code is dead.
    """
    _require_waiting(row)
    if row.opened_at is None:
        raise ConflictError("nobody has printed this letter yet")
    letters.posted(turn.connection, row.letter_id, turn.now)
    clocks.meet(turn.connection, POSTING, row.letter_id, turn.now)
    _record(house, turn, row, "letter.posted", {})


def close(house: House, turn: Turn, row: Any, reason: EndReason) -> str:
    """Close a letter for good, on record; returns the name under which a sweep counts it."""
    letters.close(turn.connection, row.letter_id, reason, turn.now)
    if row.occupancy_id is not None:
        clocks.drop(turn.connection, POSTING, row.letter_id, turn.now)
        clocks.meet(turn.connection, CODE, row.letter_id, turn.now)
    _record(house, turn, row, "letter.closed", {"reason": reason.value})
    return "letter_closed"


def _write(house: House, turn: Turn, ean: Any, person_id: UUID, own: bytes) -> datetime:
    """Write a letter, or a row without a home where none can go; returns when its code dies."""
    stay = stays.pointed_to(turn.connection, ean_hash(house, ean), [], person_id, day_of(turn.now))
    sent = letters.sent_lately(turn.connection, stay.occupancy_id if stay is not None else None, turn.now)
    home = stay
    if stay is not None and not (
        stay.is_free
        and sent < letters.MOST
        and house.keys.holds(Kind.PERSON, stay.person_id)
        and _address(house, turn, stay.occupancy_id)
    ):
        home = None
    days = terms.in_force(turn.connection).letter + 1
    letter_id, made = uuid4(), codes.new()
    letter = Letter(
        letter_id=letter_id,
        operator=home.operator if home is not None else None,
        occupancy_id=home.occupancy_id if home is not None else None,
        person_id=home.person_id if home is not None else None,
        login_hash=own,
        ean_hash=identifiers.of_ean(house, ean),
        code_hash=identifiers.of_code(house, made),
        written_at=turn.now,
        expires_at=midnight(day_of(turn.now) + timedelta(days=days)),
    )
    letters.add(turn.connection, letter)
    if home is not None:
        sealed = seal_own(house, home.person_id, "letter", made.shown)
        sealed_letters.on_paper(turn.connection, letter_id, What.LINK, home.person_id, sealed, turn.now)
        clocks.start(turn.connection, POSTING, letter_id, turn.now, occupancy_id=home.occupancy_id)
        due = letter.expires_at + CLOSING_SLACK
        clocks.start(turn.connection, CODE, letter_id, turn.now, occupancy_id=home.occupancy_id, due_at=due)
    until = {"until": day_of(letter.expires_at).isoformat()}
    _record(house, turn, letter, "letter.written", until)
    if home is not None:
        tell(house, turn, "link.letter_written", to=[outbox.DATA_MANAGER], operator=home.operator)
    return letter.expires_at


def _record(house: House, turn: Turn, row: Any, event: str, said: dict[str, Any]) -> None:
    subjects = subjects_of(house, row.occupancy_id)
    named = {"letter": str(row.letter_id), "for": "link"}
    turn.record(Statement(event, named | said, operator=row.operator, subjects=subjects))


def _require_waiting(row: Any) -> None:
    if row.over is not None:
        raise ConflictError(
            f"the code in this letter is dead ({row.over}); destroy the paper, if it was printed"
        )
    if row.posted_at is not None:
        raise ConflictError("this letter was posted already")


def _address(house: House, turn: Turn, occupancy_id: UUID) -> str:
    """The address of the installation; empty where none is known."""
    point = turn.connection.execute(_POINT, {"id": occupancy_id}).one()
    if point.address_sealed is None:
        return ""
    return open_text(house, "address", point.access_point_id, bytes(point.address_sealed))


_PERSON = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
_POINT = text(
    "SELECT a.access_point_id, a.address_sealed FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.occupancy_id = :id"
)
