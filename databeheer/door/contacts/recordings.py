"""Commands of recordings: keep one for a legal duty, listen on record, and forget what is over (R87, R88)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.contacts import contacts, recordings
from databeheer.contacts.contacts import CASE_KIND
from databeheer.door.commands.base import Command, clerk_or_operator, found, looking, one_of, schema
from databeheer.door.contacts.at_desk import Answer, AtDesk, at_desk
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff import paging
from databeheer.door.staff.asking import doer_of, require_role, staff_name
from databeheer.door.staff.cases import REFERENCE
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.staff import accounts, cases, roles
from databeheer.values import format_instant

MOST = 200
OVER = "there is no such recording, or it is over"


def keep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keep the recording of a contact of one's own longer than a month, for a legal duty (R87).

    Raises:
        ConflictError: the contact has none, it is over, or is kept for a duty already.
    """
    duty = arguments["duty"]

    def act(turn: Turn, desk: AtDesk) -> Answer:
        row = recordings.of_contact(turn.connection, desk.case.case_id)
        if row is None or recordings.is_over(row, turn.now) or row.duty is not None:
            raise ConflictError("no recording that can be kept longer: none, over, or kept already")
        recordings.keep(turn.connection, desk.case.case_id, duty, row.recorded_at + recordings.DUTIES[duty])
        statement = Statement("desk.recording_kept", {"duty": duty}, subjects=desk.subjects(house))
        return {}, desk.record(turn, statement)

    return at_desk(house, proof, arguments["reference"], act)


def listen(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a superior what the exchange calls a recording, to listen to it: recorded, and its customer reads of it.

    Raises:
        ConflictError: there is none, or it is over; or the contact is his own: another person listens (R88).
    """
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, *roles.load().writing("recordings"), writing=True)
        found(doer.account_id, "account")
        case = cases.by_reference(turn.connection, arguments["reference"])
        if case is None or case.kind != CASE_KIND:
            raise ConflictError(OVER)
        row = recordings.of_contact(turn.connection, case.case_id)
        if row is None or recordings.is_over(row, turn.now):
            raise ConflictError(OVER)
        had = accounts.by_id(turn.connection, case.opened_by)
        if had is None or bytes(had.employee_hash) == doer.employee:
            raise ConflictError("somebody else than who had the contact listens (four eyes)")
        said = {"task": case.reference, "why": arguments["why"]}
        statement = Statement("desk.recording_listened", said, subjects=subjects_of(house, case.occupancy_id))
        record = doer.record(turn, statement, case_id=case.case_id)
        called = open_text(house, "recording", case.case_id, bytes(row.reference_sealed))
    return record.answer() | {"recording": called}


def list_kept(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The recordings that are not over, the newest first: until when, for which duty, how often somebody listened.

    `MOST` a page; `before` is the line of the ledger that a page begins before, `next` that of the page that follows.
    """
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind is not AskerKind.STAFF:
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("recordings"))
        found_rows = recordings.listed(
            connection, now, before=paging.beyond(arguments["before"]), limit=MOST + 1
        )
        rows, following = paging.cut(found_rows, MOST, "opened_index")
        return {
            "recordings": [
                {
                    "reference": row.reference,
                    "name": staff_name(house, row),
                    "recorded_at": format_instant(row.recorded_at),
                    "keep_until": format_instant(row.keep_until),
                    "duty": row.duty,
                    "heard": row.heard,
                    "is_yours": bytes(row.employee_hash) == asker.employee,
                }
                for row in rows
            ],
            "next": following,
        }


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close contacts and forget how the exchange calls recordings that are over: the clerk's."""
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip, limit = arguments["skip"], arguments["limit"]
        most = skip + limit
        over = [
            *((row, _close) for row in contacts.over(turn.connection, turn.now, most)),
            *((row, _end) for row in recordings.over(turn.connection, turn.now, most)),
        ]
        return sweep_each(turn, over[skip:most], limit, lambda one: one[1](house, turn, one[0]))


def _close(house: House, turn: Turn, row: Any) -> str:
    """Nobody looks in a contact any more that lasted as long as it may; as though who opened it had closed it."""
    cases.close(turn.connection, row.case_id, row.opened_by, turn.now)
    said = {"task": row.reference}
    turn.record(Statement("desk.contact_over", said, subjects=subjects_of(house, row.occupancy_id)))
    return "contact_over"


def _end(house: House, turn: Turn, row: Any) -> str:
    recordings.end(turn.connection, row.case_id, turn.now)
    said = {"task": row.reference} | ({"duty": row.duty} if row.duty else {})
    turn.record(Statement("desk.recording_ended", said, subjects=subjects_of(house, row.occupancy_id)))
    return "recording_ended"


COMMANDS = (
    Command("desk.keep_recording", schema(reference=REFERENCE, duty=one_of(*recordings.DUTIES)), keep),
    Command("desk.listen", schema(reference=REFERENCE, why=one_of(*recordings.WHY_LISTEN)), listen),
    Command("desk.recordings", schema(before=paging.before()), list_kept),
    Command(
        "desk.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST)),
        ),
        sweep,
    ),
)
