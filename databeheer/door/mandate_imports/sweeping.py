"""What becomes of an import step by step: announced, drawn, judged, carried on. Each step is a part of its own turn.

A step that is killed leaves nothing behind, and the next sweep finds it; a step that was taken is found by none. What
gives access is decided here from facts alone: whoever asks for a sweep only says that it is time to look.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.access.facts import Capacity
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.answers import sign
from databeheer.door.commands.mandates import require_own_paper
from databeheer.door.house import House
from databeheer.door.mandate_imports.taking import open_row
from databeheer.door.names import ean_hash, reference_hash, seal_text
from databeheer.door.permission_record import record_step
from databeheer.door.post import approval_letters
from databeheer.door.post.telling import tell
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.identity.tokens import token_hash
from databeheer.mandate_imports import rows as store
from databeheer.mandate_imports import sampling
from databeheer.mandate_imports.file import Row
from databeheer.mandate_imports.rows import HeldReason, Outcome
from databeheer.permissions import answering, asking, finding, mandates, signers, terms
from databeheer.permissions.signers import Signature
from databeheer.permissions.timing import state_at
from databeheer.post import outbox
from databeheer.registry import occupancies
from databeheer.values import Direction, Purpose

SAMPLED, HELD, RELEASED = "mandates.sampled", "mandates.held", "mandates.released"
PURPOSE = Purpose.ENERGY_MONITORING
"""The other hub's mandates name none; a data access contract for its clients is one for monitoring."""


def announce(house: House, turn: Turn, stored: Any) -> str:
    """Make a row a request that waits, and tell whoever lives there: nothing can be read of it yet."""
    row = open_row(house, stored)
    permission_id, party_id = stored.row_id, stored.party_id
    named = ean_hash(house, row.ean)
    home = occupancies.lived_in(turn.connection, named, day_of(turn.now))
    if home is not None and row.signed_on < home.from_day:
        home = None  # whoever lived there before signed it: nobody else is asked
    request = _request(house, row, permission_id, party_id, stored.operator, named, home)
    try:
        with turn.apart():
            asking.ask(
                turn.connection,
                request,
                token_hash(secrets.token_urlsafe(16)),
                turn.now,
                term=store.WAITS,
                is_counted=False,
            )
            asked = finding.by_id(turn.connection, permission_id)
            mandates.register(turn.connection, asked, row.document_sha256, row.signed_on, turn.now)
    except ConflictError:  # the party used the reference meanwhile
        store.announced(turn.connection, permission_id, turn.now, permission=False, by_email=False)
        return "mandate_left_out"
    record_step(
        house,
        turn,
        asked,
        "mandate.imported",
        state=asked.state,
        by="party",
        said={"import": str(stored.import_id), "document": row.document_sha256.hex()},
        with_ground=False,
        until=day_of(store.earliest(turn.now)),
    )
    by_email = approval_letters.holder_reads_email(house, turn, permission_id)
    if not by_email:
        approval_letters.ask_on_paper(house, turn, permission_id)
    store.announced(turn.connection, permission_id, turn.now, permission=True, by_email=by_email)
    return "mandate_announced"


def write_instead(house: House, turn: Turn, permission_id: UUID) -> str:
    """Write on paper to whom no e-mail reached: his notice runs from when that is posted."""
    store.on_paper(turn.connection, permission_id)
    approval_letters.ask_on_paper(house, turn, permission_id, though_email=True)
    return "mandate_on_paper"


def _request(
    house: House,
    row: Row,
    permission_id: UUID,
    party_id: UUID,
    operator: int,
    named: bytes,
    home: Any,
) -> asking.Request:
    return asking.Request(
        permission_id=permission_id,
        party_id=party_id,
        operator=operator,
        reference_hash=reference_hash(house, party_id, row.reference),
        reference_sealed=seal_text(house, "reference", permission_id, row.reference),
        service=row.service,
        purpose=PURPOSE,
        category="readings",
        directions=frozenset(Direction),
        granularity=row.granularity,
        data_from=row.data_from,
        data_until=row.data_until,
        valid_until=row.valid_until,
        named_hash=named,
        addressed_to=home.occupancy_id if home is not None else None,
    )


def draw(house: House, turn: Turn, import_id: UUID) -> str:
    """Draw the sample that the ledger chooses; its party has the terms' days to hand the papers in (R35)."""
    row = store.locked(turn.connection, import_id)
    if row.drawn_at is not None or row.held_at is not None or row.passed_at is not None:
        return "mandates_unchanged"
    lines = store.drawable(turn.connection, import_id)
    if not lines:
        store.passed(turn.connection, import_id, turn.now)
        return "mandates_passed"
    seed = bytes(turn.connection.execute(_LEAF, {"index": row.seed_after + 1}).scalar_one())
    failed = store.failed_lately(turn.connection, row.party_id, turn.now)
    count = sampling.sample_size(len(lines), failed)
    chosen = sampling.ranked(seed, bytes(row.file_sha256), row.round + 1, lines)[:count]
    days = terms.in_force(turn.connection).mandate
    due_at = midnight(day_of(turn.now) + timedelta(days=days + 1))
    drawn = store.draw(turn.connection, row, chosen, seed, due_at, turn.now)
    said = {
        "import": str(import_id),
        "round": row.round + 1,
        "seed_index": row.seed_after + 1,
        "seed": seed.hex(),
        "lines": sorted(chosen),
        "until": day_of(due_at).isoformat(),
    }
    turn.record(Statement(SAMPLED, said, party_id=row.party_id, operator=row.operator))
    for permission_id in drawn:
        mandates.sample(turn.connection, permission_id, row.party_id, due_at, turn.now)
        asked = finding.by_id(turn.connection, permission_id)
        digest = bytes(mandates.get(turn.connection, permission_id).document_sha256)
        record_step(
            house,
            turn,
            asked,
            "mandate.sampled",
            state=state_at(asked, turn.now)[0],
            by="operator",
            said={"document": digest.hex()},
            until=day_of(due_at),
        )
    return "mandates_sampled"


def judge(house: House, turn: Turn, import_id: UUID) -> str:
    """Say what the papers of a sample tell of the whole file: all good, or it goes no further."""
    row = store.locked(turn.connection, import_id)
    sample = store.sample_now(turn.connection, row)
    for permission_id in store.excuse(turn.connection, sample.answered, turn.now):
        answered = finding.by_id(turn.connection, permission_id)
        state = state_at(answered, turn.now)[0]
        record_step(house, turn, answered, "mandate.excused", state=state, by="operator")
    if sample.rejected:
        return _hold(house, turn, row, HeldReason.DOES_NOT_FIT)
    if sample.missing and row.due_at <= turn.now:
        return _hold(house, turn, row, HeldReason.NOT_HANDED_IN)
    if sample.missing or sample.unjudged:
        return "mandates_unchanged"
    if not sample.accepted and store.drawable(turn.connection, import_id):
        # No paper was looked at, for all their customers answered: others are drawn.
        store.draw_anew(turn.connection, import_id, turn.next_index)
        said = {"import": str(import_id), "round": row.round}
        turn.record(Statement(RELEASED, said, party_id=row.party_id, operator=row.operator))
        return "mandates_drawn_anew"
    store.passed(turn.connection, import_id, turn.now)
    said = {"import": str(import_id), "round": row.round, "accepted": sample.accepted}
    turn.record(Statement("mandates.passed", said, party_id=row.party_id, operator=row.operator))
    return "mandates_passed"


def _hold(house: House, turn: Turn, row: Any, reason: HeldReason) -> str:
    store.drop_failed(turn.connection, row)
    store.held(turn.connection, row.import_id, reason, turn.now)
    said = {"import": str(row.import_id), "round": row.round, "reason": reason.value}
    turn.record(Statement(HELD, said, party_id=row.party_id, operator=row.operator))
    tell(
        house,
        turn,
        HELD,
        to=[outbox.party(row.party_id), outbox.DATA_MANAGER],
        operator=row.operator,
        about=row.import_id,
        said={"party": str(row.party_id), "reason": reason.value},
    )
    return "mandates_held"


def carry_on(house: House, turn: Turn, due: Any) -> str:
    """Let the grid user's word on paper count, where his notice is over and he did not refuse.

    Where it cannot be his, or others act for him, the row is left out: he can still grant it himself.
    """
    row = finding.by_id_locked(turn.connection, due.row_id)
    try:
        with turn.apart():
            require_own_paper(turn, row, due.signed_on)
            occupancy = occupancies.by_id(turn.connection, row.addressed_to)
            answering.grantable(row, occupancy, turn.now)
            if occupancy.person_id is None:
                raise ConflictError("nobody lives there")
            if all(
                one.for_person_id != occupancy.person_id
                for one in signers.of(turn.connection, [row.permission_id])
            ):
                digest = bytes(due.document_sha256)
                word = Signature(
                    occupancy.person_id, Capacity.GRID_USER, "written_mandate", document_sha256=digest
                )
                sign(house, turn, row, occupancy, word)
    except ConflictError:
        store.settle(turn.connection, due.row_id, Outcome.LEFT_OUT)
        return "mandate_left_out"
    store.settle(turn.connection, due.row_id, Outcome.CARRIED_ON)
    return "mandate_carried_on"


_LEAF = text("SELECT leaf FROM ledger.entry WHERE index = :index")
