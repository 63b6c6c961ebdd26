"""Who of the house asks, and in which role; what somebody did stands in the ledger and in his own list (R155, R163)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_bounds, day_of
from databeheer.door.commands.base import asker_of
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import DatabeheerError, MalformedRequestError, NotFoundError
from databeheer.staff import accounts, roles
from databeheer.staff.numbers import one_number

NOT_ONE_OF_US = "a former colleague"


class RoleNeededError(DatabeheerError):
    """Who asks is staff, and has not the role that this takes; nothing was shown or changed."""

    code = "role-needed"


class NotYoursError(NotFoundError):
    """A case that there is not, is over, or is another's: outwardly they are one. `why` is for the inspector's list."""

    def __init__(self, why: str) -> None:
        super().__init__("there is no such case that is open")
        self.why = why


class UnknownPointError(NotFoundError):
    """An EAN code that there is not, or any after too many in vain: outwardly they are one. `why` is for the list."""

    def __init__(self, why: str, words: str = "there is no such access point") -> None:
        super().__init__(words)
        self.why = why


MOST_UNKNOWN = 5
"""After so many EAN codes in vain on a Brussels day none is found that day any more, even if it is right."""


def require_role(asker: Asker, *codes: str, writing: bool = False) -> None:
    """Refuse staff without one of these roles; the operator's key has all of them.

    `writing`: the role must have been given to write, which is given apart (R162). Every command of staff that changes
    something asks with it.

    Raises:
        RoleNeededError: he has none of them; whoever is not staff at all was refused before.
    """
    if asker.kind is AskerKind.OPERATOR:
        return
    held = asker.writes if writing else asker.roles
    if asker.kind is not AskerKind.STAFF or held.isdisjoint(codes):
        mode = "to write" if writing else "to read"
        raise RoleNeededError(f"this takes one of these roles, {mode}: {', '.join(codes) or 'there is none'}")


@dataclass(frozen=True)
class Doer:
    """Who of the house does something. `employee` is the same for one person, whatever account or key he uses.

    `account_id` is None where somebody was named under the operator's key.
    """

    asker: Asker
    employee: bytes
    account_id: UUID | None

    @property
    def said(self) -> dict[str, Any]:
        """What an entry says of him."""
        if self.account_id is None:
            return {"asker": "operator"}
        return {"asker": "staff", "staff": str(self.account_id)}

    def record(self, turn: Turn, statement: Statement, *, case_id: UUID | None = None) -> Record:
        """Record what he did: an entry that names him, and a line in the list of his actions (R163)."""
        stands_at = turn.next_index
        record = turn.record(replace(statement, said=statement.said | self.said))
        self.note(turn, stands_at, statement.event, case_id)
        return record

    def note(self, turn: Turn, index: int, event: str, case_id: UUID | None = None) -> None:
        """Put an entry of this turn, recorded elsewhere, in the list of what he did (R163)."""
        if self.account_id is None:
            return
        deed = {"index": index, "account": self.account_id, "now": turn.now, "event": event, "case": case_id}
        turn.connection.execute(_DEED, deed)


def doer_of(
    turn: Turn, house: House, proof: Proof, *codes: str, writing: bool = False, by: str | None = None
) -> Doer:
    """Return who of the house asks, in one of these roles; or whom the operator's key names (`by`).

    `by`: the employee number of who gives the command under the operator's key, which alone names people.

    Raises:
        RoleNeededError: as `require_role`.
        MalformedRequestError: the operator's key names nobody, or a session names somebody; or `by` is no number.
    """
    asker = asker_of(turn, house, proof, AskerKind.STAFF, AskerKind.OPERATOR)
    require_role(asker, *codes, writing=writing)
    if (asker.kind is AskerKind.OPERATOR) is (by is None):
        raise MalformedRequestError(
            "by: the operator's key names the employee who asks, and a session nobody"
        )
    if by is not None:
        return Doer(asker, employee_hash(house, by), None)
    return Doer(asker, asker.employee, asker.account_id)


@dataclass(frozen=True)
class Switcher:
    """Who closes a public service or opens it again: an administrator, or whoever has the operator's key (R95)."""

    asker: Asker

    def record(self, turn: Turn, statement: Statement) -> Record:
        """Record what he switched; of an administrator it stands in the list of his actions too."""
        if self.asker.kind is AskerKind.OPERATOR:
            return turn.record(statement)
        return Doer(self.asker, self.asker.employee, self.asker.account_id).record(turn, statement)


def switcher_of(turn: Turn, house: House, proof: Proof) -> Switcher:
    """Return who switches a public service.

    Raises:
        RoleNeededError: he is staff in another role.
    """
    asker = asker_of(turn, house, proof, AskerKind.STAFF, AskerKind.OPERATOR)
    require_role(asker, *roles.load().writing("systems"), writing=True)
    return Switcher(asker)


def why_no_log_in(connection: Connection, account: Any, proof: Proof) -> str | None:
    """Why an account that lives gets no session here; None where it gets one."""
    if account.blocked_at is not None:
        return "blocked"
    return None if accounts.is_known_device(connection, proof.certificate) else "unknown_device"


@contextmanager
def tries_listed(house: House, proof: Proof, what: str) -> Iterator[None]:
    """Put on the inspector's list a try at a contact or case that fails for want of a role, or as it is not his (R155).

    In a turn of its own: of what was begun nothing stays.
    """
    try:
        yield
    except (RoleNeededError, NotYoursError) as error:
        why = error.why if isinstance(error, NotYoursError) else "role_needed"
        with house.turn() as turn:
            asker = asker_of(turn, house, proof, AskerKind.STAFF)
            if asker.account_id is not None:
                record_refusal(turn, asker.account_id, what, why)
        raise


@contextmanager
def unknown_codes_listed(house: House, proof: Proof) -> Iterator[None]:
    """Record an EAN code that there is not, and put it on the inspector's list: nobody learns in silence which are.

    In a turn of its own: of what was begun nothing stays. Of the operator's key there is an entry alone.
    """
    try:
        yield
    except UnknownPointError as error:
        with house.turn() as turn:
            asker = asker_of(turn, house, proof, AskerKind.STAFF, AskerKind.OPERATOR)
            if asker.account_id is not None:
                record_refusal(turn, asker.account_id, "ean", error.why)
            else:
                said = {"asker": "operator", "what": "ean", "reason": error.why}
                turn.record(Statement("staff.refused", said))
        raise


def require_codes_left(turn: Turn, account_id: UUID | None) -> None:
    """Refuse an account for which too many EAN codes were in vain today.

    Raises:
        UnknownPointError: as for a code that there is not; nothing was looked up.
    """
    since = day_bounds(day_of(turn.now))[0]
    tried = turn.connection.execute(_TRIED, {"account": account_id, "since": since}).scalar_one()
    if tried >= MOST_UNKNOWN:
        raise UnknownPointError("locked")


def record_refusal(turn: Turn, account_id: UUID, what: str, reason: str) -> Record:
    """Record what somebody of the house was refused: an entry, and a line in the inspector's list (R155)."""
    refused = {
        "index": turn.next_index,
        "account": account_id,
        "now": turn.now,
        "what": what,
        "reason": reason,
    }
    said = {"asker": "staff", "staff": str(account_id), "what": what, "reason": reason}
    record = turn.record(Statement("staff.refused", said))
    turn.connection.execute(_REFUSAL, refused)
    return record


def employee_hash(house: House, number: str) -> bytes:
    """The keyed hash of an employee number: one for each person, of HR, and never the number itself.

    Raises:
        MalformedRequestError: it is no employee number.
    """
    return derive(house.registry_key("employee"), "employee", one_number(number).encode())


def seal_staff_name(house: House, account_id: UUID, name: str) -> bytes:
    """Seal the name of somebody of the house."""
    return seal_text(house, "staff-name", account_id, name)


def staff_name(house: House, row: Any) -> str:
    """Open the name of an account; of one that was deleted, say so."""
    if row is None or row.name_sealed is None:
        return NOT_ONE_OF_US
    return open_text(house, "staff-name", row.account_id, bytes(row.name_sealed))


_REFUSAL = text(
    "INSERT INTO staff.refusal (entry_index, account_id, at, what, reason)"
    " VALUES (:index, :account, :now, :what, :reason)"
)
_TRIED = text(
    "SELECT count(*) FROM staff.refusal WHERE account_id = :account AND what = 'ean' AND at >= :since"
)
_DEED = text(
    "INSERT INTO staff.deed (entry_index, account_id, at, event, case_id)"
    " VALUES (:index, :account, :now, :event, :case)"
)
