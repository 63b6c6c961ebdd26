"""Each step of a request: its entry in the ledger, its row, its clock, its messages, together in one turn."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from sqlalchemy import text

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of, subjects_of_person
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.restore.ends import Ending
from databeheer.door.rights.words import open_words, seal_words
from databeheer.door.staff.asking import Doer
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.post import outbox
from databeheer.registry import occupancies
from databeheer.rights import grounds, requests
from databeheer.rights.requests import Asking, Channel, Fact, Kind, State


def file(
    house: House,
    turn: Turn,
    person_id: UUID,
    given: dict[str, Any],
    *,
    channel: Channel,
    received_at: datetime | None = None,
    document: bytes | None = None,
    entered_by: dict[str, Any] | None = None,
) -> tuple[UUID, Record]:
    """Write a request down: `given` has kind, fact, basis, occupancy_id and words, as they came.

    `entered_by`: who of the house wrote down what came on paper, for the entry.

    Raises:
        MalformedRequestError: something is missing, or does not belong to this kind.
        NoRightToObjectError: the basis is not one to object to.
        NotFoundError: it is about a stay that is not this person's.
        ConflictError: see `requests.ask`.
    """
    kind = Kind(given["kind"])
    fact = Fact(given["fact"]) if given["fact"] is not None else None
    basis, occupancy_id = given["basis"], given["occupancy_id"]
    if (kind is Kind.RECTIFICATION) is not (fact is not None):
        raise MalformedRequestError("fact: what is wrong; of a rectification, and of nothing else")
    if (kind is Kind.OBJECTION) is not (basis is not None):
        raise MalformedRequestError("basis: what is objected to; of an objection, and of nothing else")
    if kind is Kind.OBJECTION and occupancy_id is None:
        raise MalformedRequestError("occupancy_id: an objection is about the data of one stay")
    if basis is not None:
        grounds.require_objectable(basis)
    operator = _operator(turn, person_id, occupancy_id)
    request_id, received = uuid4(), received_at or turn.now
    if received > turn.now:
        raise MalformedRequestError("received_at: not in the future")
    asked = Asking(
        request_id=request_id,
        operator=operator,
        person_id=person_id,
        occupancy_id=occupancy_id,
        kind=kind,
        fact=fact,
        basis=basis,
        channel=channel,
        document_sha256=document,
        words_sealed=seal_words(house, person_id, "asked", request_id, given["words"]),
        received_at=received,
    )
    requests.ask(turn.connection, asked, turn.now, turn.next_index)
    clocks.start(
        turn.connection,
        requests.CLOCK,
        request_id,
        received,
        occupancy_id=_told_at(turn, person_id, occupancy_id),
        written_at=turn.now,
    )
    said = (
        {"channel": channel.value} | ({"document": document.hex()} if document else {}) | (entered_by or {})
    )
    return request_id, _step(house, turn, request_id, "right.asked", said)


def copy(house: House, turn: Turn, person_id: UUID) -> Record:
    """Record that a person takes a copy of everything, and tell that person: who stole a session shows by it."""
    request_id, operator = uuid4(), _operator(turn, person_id, None)
    requests.copy(turn.connection, request_id, person_id, operator, turn.now, turn.next_index)
    return _step(house, turn, request_id, "right.copied", {})


def look(house: House, turn: Turn, row: Any, doer: Doer) -> Record:
    """Record that somebody of the house reads what was written: its person sees it. The request is its own case."""
    return _step(house, turn, row.request_id, "right.opened", {}, doer)


def extend(house: House, turn: Turn, row: Any, words: str, doer: Doer | None = None) -> Record:
    """Give a request two months more, with the reason; `doer` is who logged in to do so."""
    sealed = seal_words(house, row.person_id, "extension", row.request_id, words)
    requests.extend(turn.connection, row, sealed, turn.now, turn.next_index)
    clocks.meet(turn.connection, requests.CLOCK, row.request_id, turn.now)
    clocks.start(
        turn.connection,
        requests.EXTENDED_CLOCK,
        row.request_id,
        row.received_at,
        occupancy_id=_told_at(turn, row.person_id, row.occupancy_id),
        written_at=turn.now,
    )
    return _step(house, turn, row.request_id, "right.extended", {}, doer)


def answer(
    house: House, turn: Turn, row: Any, state: State, words: str, by: str, doer: Doer | None = None
) -> Record:
    """Answer a request. An objection that is accepted stops its basis at its stay from this turn on.

    `by` is a name, given with the operator's key; `doer` who logged in: then the entry names the account alone.
    """
    sealed = seal_words(house, row.person_id, "answer", row.request_id, words)
    requests.answer(
        turn.connection, row, state, words_sealed=sealed, by=by, now=turn.now, index=turn.next_index
    )
    for kind in (requests.CLOCK, requests.EXTENDED_CLOCK):
        clocks.meet(turn.connection, kind, row.request_id, turn.now)
    if row.kind == Kind.OBJECTION and state is State.ACCEPTED:
        stop(turn, row.request_id, row.occupancy_id, row.person_id, row.basis)
    said = {} if doer is not None else {"by": by}
    return _step(house, turn, row.request_id, f"right.{state.value}", said, doer)


def take_back(house: House, turn: Turn, row: Any, by: str) -> Record:
    """Take a request back; of an objection that was accepted, its basis holds again."""
    requests.take_back(turn.connection, row, turn.now, turn.next_index)
    for kind in (requests.CLOCK, requests.EXTENDED_CLOCK):
        clocks.drop(turn.connection, kind, row.request_id, turn.now)
    return _step(house, turn, row.request_id, "right.withdrawn", {"by": by})


def stop(turn: Turn, request_id: UUID, occupancy_id: UUID, person_id: UUID, basis: str) -> None:
    """Put an accepted objection into the journal of ends: four records, for a database may forget all of it."""
    turn.end(Ending.OBJECTION, request_id)
    turn.end(Ending.OBJECTION_HOME, occupancy_id)
    turn.end(Ending.OBJECTION_PERSON, person_id)
    turn.end(Ending.OBJECTION_BASIS, basis_number(basis))


def basis_number(code: str) -> UUID:
    """A basis as the journal of ends names it, which holds numbers only."""
    return uuid5(NAMESPACE_OID, f"databeheer/basis/{code}")


def view(house: House, row: Any) -> dict[str, Any]:
    """One request, with what was written."""
    return requests.view(row) | {
        "words": open_words(house, row, "asked", row.words_sealed),
        "extension": open_words(house, row, "extension", row.extension_sealed),
        "answer": open_words(house, row, "answer", row.answer_sealed),
    }


def _step(
    house: House,
    turn: Turn,
    request_id: UUID,
    event: str,
    said: dict[str, Any],
    doer: Doer | None = None,
) -> Record:
    """Record a step after its row was written, and tell the person and the data manager; of a look, nothing more."""
    row = requests.find(turn.connection, request_id)
    if row is None:
        raise RuntimeError("a step of a request that is not there")
    about = {"request": str(request_id), "kind": row.kind}
    about |= {name: value for name, value in (("fact", row.fact), ("basis", row.basis)) if value}
    statement = Statement(event, about | said, operator=row.operator, subjects=_subjects(house, turn, row))
    record = doer.record(turn, statement) if doer is not None else turn.record(statement)
    if event == "right.opened":
        return record
    until = (
        {"until": day_of(requests.due_at(row)).isoformat()}
        if event in ("right.asked", "right.extended")
        else {}
    )
    tell(
        house,
        turn,
        event,
        to=[outbox.customer(row.person_id), outbox.DATA_MANAGER],
        operator=row.operator,
        said=until,
    )
    return record


def _subjects(house: House, turn: Turn, row: Any) -> list[Subject]:
    """Whose book it stands in: the stay's where it is this person's own, else those of his own stays.

    Never the book of a home of which somebody else is the grid user: that one need not know who asked what.
    """
    own = _own_stay(turn, row.person_id, row.occupancy_id)
    return subjects_of(house, own) if own else subjects_of_person(house, turn, row.person_id)


def _told_at(turn: Turn, person_id: UUID, occupancy_id: UUID | None) -> UUID | None:
    """In whose book a missed clock is told: the stay's, else that of the newest own stay, if any."""
    own = _own_stay(turn, person_id, occupancy_id)
    return own or next(reversed(occupancies.of_person(turn.connection, person_id)), None)


def _own_stay(turn: Turn, person_id: UUID, occupancy_id: UUID | None) -> UUID | None:
    """The stay that a request is about, where this person is its grid user."""
    if occupancy_id is None or occupancies.own(turn.connection, occupancy_id, person_id) is None:
        return None
    return occupancy_id


def _operator(turn: Turn, person_id: UUID, occupancy_id: UUID | None) -> int:
    """The grid operator of the stay, or of the person's newest one."""
    rows = turn.connection.execute(_STAYS, {"person": person_id}).all()
    if occupancy_id is None:
        return rows[0].operator if rows else FIRST_OPERATOR
    row = next((one for one in rows if one.occupancy_id == occupancy_id), None)
    if row is None:
        raise NotFoundError("there is no such stay of yours")
    operator: int = row.operator
    return operator


# Where somebody was the grid user, or lived beside him; a stay that was cancelled held no day.
_STAYS = text(
    "SELECT occupancy_id, operator, from_day FROM registry.occupancy WHERE person_id = :person"
    " UNION SELECT c.occupancy_id, c.operator, c.from_day FROM registry.person_concerned c"
    " WHERE c.person_id = :person AND c.from_day < coalesce(c.until_day, 'infinity')"
    " ORDER BY from_day DESC, occupancy_id"
)
