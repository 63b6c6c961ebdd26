"""After a restore: what was lost, the evidence of it, and the end of the block on reads. The operator's."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.door.commands.base import Command, asker_of, schema
from databeheer.door.doubts.restored import stop_all_hours
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore import evidence
from databeheer.door.restore.reapplying import apply_ends, lapse
from databeheer.door.restore.reapplying_post import leave_all
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.oversight import gaps
from databeheer.oversight.gaps import Gap
from databeheer.permissions import closing
from databeheer.values import format_instant
from ledger.receipt import MAX_RECEIPT_LENGTH


def status(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """What is lost, whether the journal of ends reaches over it, and what `reconcile.finish` would do."""
    with house.turn() as turn:  # it looks for a gap itself, so that the answer is true
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        connection, now = turn.connection, turn.now
        standing = gaps.standing(connection)
        if not standing:
            nothing = {"ends_in_journal": 0, "would_lapse": 0, "bodies_put_back": 0}
            return {"gaps": [], "journal_reaches": True} | nothing
        put_back = connection.execute(_PUT_BACK, {"first": standing[0].first}).scalar_one()
        reaches = all(gap.journal_reaches for gap in standing)
        lapsing = 0 if reaches else closing.count_lapsing(connection, _found(standing), now)
    return {
        "gaps": [_view(gap) for gap in standing],
        "journal_reaches": reaches,
        "ends_in_journal": len(house.ends.since(min(gap.first for gap in standing))),
        "would_lapse": lapsing,
        "bodies_put_back": put_back,
    }


def take_evidence(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a receipt that somebody kept: its entry is opened again, and what it ended ends."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        told = evidence.take(house, turn, arguments["receipt"].encode("utf-8"))
    return {"index": told.index, "event": told.event, "ended": told.ended}


def finish(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Apply every end in the journal; where it does not reach, end the consents; then let reads go on.

    `lapse` agrees that consents end of which nobody knows whether they were withdrawn. `journal_is_newest` says
    that this journal is the one that was in use when the database was lost, and no copy of it: for a power cut,
    after which its head says less than it holds. Each is in the ledger.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        standing = gaps.standing(turn.connection)
        if not standing:
            raise ConflictError("there is nothing to reconcile")
        reaches = all(gap.journal_reaches for gap in standing)
        if not (reaches or arguments["journal_is_newest"] or arguments["lapse"]):
            raise ConflictError(
                "the journal of ends does not reach over all that was lost: withdrawals may be missing. Bring its "
                "newest copy back; or finish with journal_is_newest=true if this is the one that was in use, never "
                "a copy; or with lapse=true, which ends every consent of before the restore"
            )
        ended = apply_ends(house, turn, house.ends.since(min(gap.first for gap in standing)))
        is_known = reaches or arguments["journal_is_newest"]
        lapsed = 0 if is_known else lapse(house, turn, _found(standing))
        ended += 0 if is_known else stop_all_hours(house, turn)
        ended += 0 if is_known else leave_all(house, turn, _found(standing))
        word = "reaches" if reaches else "declared" if is_known else "does not reach"
        for gap in standing:
            _close(turn, gap, {"ended": ended, "lapsed": lapsed, "journal": word})
    return {"ended_again": ended, "lapsed": lapsed, "journal": word}


def _close(turn: Turn, gap: Gap, said: dict[str, Any]) -> None:
    gaps.close(turn.connection, gap, turn.next_index)
    turn.record(Statement("restore.reconciled", {"first": gap.first, "until": gap.until} | said))


def _found(standing: list[Gap]) -> Any:
    return max(gap.found_at for gap in standing)


def _view(gap: Gap) -> dict[str, Any]:
    return {
        "first": gap.first,
        "until": gap.until,
        "found_by": gap.found_by,
        "found_at": format_instant(gap.found_at),
        "journal_reaches": gap.journal_reaches,
    }


_PUT_BACK = text("SELECT count(*) FROM oversight.evidence WHERE index >= :first")

COMMANDS = (
    Command("reconcile.status", schema(), status),
    Command(
        "reconcile.evidence",
        schema(
            receipt=fields.String(required=True, validate=validate.Length(min=1, max=MAX_RECEIPT_LENGTH)),
        ),
        take_evidence,
    ),
    Command(
        "reconcile.finish",
        schema(
            lapse=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
            journal_is_newest=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
        ),
        finish,
    ),
)
