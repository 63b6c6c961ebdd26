"""What party and data manager do in a case of doubt: ask, show, look, judge, lift, and what time does to it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer import documents as store
from databeheer.door import documents
from databeheer.door.commands.base import (
    Command,
    asker_of,
    clerk_or_operator,
    identifier,
    long_text,
    one_of,
    person_name,
    same_name,
    schema,
    short_text,
)
from databeheer.door.commands.doubt import KEY, LONGEST_WORDS, case_answer
from databeheer.door.doubts import doubting
from databeheer.door.doubts.record import note
from databeheer.door.doubts.views import case_views, words_of
from databeheer.door.house import House
from databeheer.door.names import seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.repeats import Repeat
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.doubt import cases, evidence, finding
from databeheer.doubt.evidence import BEGINNINGS, Document
from databeheer.doubt.states import Event, State, Step
from databeheer.errors import ConflictError, DatabeheerError, MalformedRequestError

MOST_SETTLED = 200


class LateEvidenceError(DatabeheerError):
    """The proof came after the 72 hours; the party asks a new permission in the regular way."""

    code = "conflict"


def contacted(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The data manager has asked the party to show its mandate: its 72 hours begin."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        row, record = doubting.contacted(house, turn, row, by=arguments["by"], how=arguments["how"])
    return case_answer(house, row.case_id, asker) | record.answer()


def show_evidence(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party says what it found, and shows the mandate. Late, it is not taken in, and the case is closed."""
    document = Document(arguments["media_type"], documents.decoded(arguments["document"]))
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, "doubt.show_evidence", arguments)
        if (first := repeat.answered()) is not None:
            return first[0]
        before = finding.visible(turn.connection, arguments["case_id"], party_id=asker.party_id)
        row = doubting.settle(house, turn, before)
        is_late = row.closed_at is not None and before.closed_at is None
        answer: dict[str, Any] = {}
        if not is_late:
            index = turn.next_index
            row, _ = doubting.shown(house, turn, row, document.sha256)
            # Under a key of its own, which goes when it is destroyed: out of every backup too.
            shown = documents.take(house, turn, row.operator, document.content, arguments["findings"])
            evidence.keep(turn.connection, row, shown, document, turn.now)
            view = case_views(house, turn.connection, [row], asker, turn.now)[0]
            answer = {"case": view, "index": index}
            repeat.keep(answer, index)
    if is_late:  # what time did is on record by now
        raise LateEvidenceError(
            "the 72 hours have passed: the permission has ended; ask the customer a new one in the regular way"
        )
    return answer


def open_words(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The data manager reads what people wrote of a case; recorded before it is opened, and the customer sees it."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        said = {"by": arguments["by"]}
        record = note(
            house, turn, row, Step.WORDS_OPENED, by="data_manager", said=said, for_party=False, tells=False
        )
    with house.engine.connect() as connection, connection.begin():
        return record.answer() | {"signals": words_of(house, connection, row)}


def open_evidence(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The data manager looks at what was shown; recorded before it is opened."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        shown = evidence.newest(turn.connection, row.case_id)
        here = store.find(turn.connection, shown.evidence_id)
        if here is None:
            raise ConflictError("it was destroyed; its hash and the verdict remain")
        said = {"by": arguments["by"], "document": bytes(shown.document_sha256).hex()}
        record = note(house, turn, row, Step.EVIDENCE_OPENED, by="data_manager", said=said)
    document, findings = documents.opened(house, here)
    return {
        **record.answer(),
        "media_type": shown.media_type,
        "document": b64encode(document).decode(),
        "findings": findings,
    }


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Judge what was shown. Good: a second person has to lift the block. Not good: it is destroyed."""
    accepted, by = arguments["accepted"], arguments["by"]
    with house.turn(TurnLane.REST if accepted else TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        if row.state != State.SHOWN:
            raise ConflictError("there is nothing to judge in this case")
        shown = evidence.newest(turn.connection, row.case_id)
        evidence.judge(turn.connection, shown, accepted=accepted, by=by, now=turn.now)
        if accepted:
            row = cases.step(turn.connection, row, Event.EVIDENCE_ACCEPTED, turn.now, accepted_by=by)
            record = note(house, turn, row, Event.EVIDENCE_ACCEPTED, by="data_manager", said={"by": by})
        else:
            row, record = doubting.refused(house, turn, row, by=by)
    return case_answer(house, row.case_id, asker) | record.answer()


def lift(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A second person agrees that the proof is good, and lifts the block; or does not, and it is judged again."""
    by = arguments["by"]
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        if same_name(by, row.accepted_by):
            raise ConflictError("somebody else than who judged the proof lifts the block (four eyes)")
        if arguments["agrees"]:
            row, record = doubting.lifted(house, turn, row, by=by)
        else:
            row = cases.step(turn.connection, row, Event.NOT_AGREED, turn.now)
            record = note(house, turn, row, Event.NOT_AGREED, by="data_manager", said={"by": by})
    return case_answer(house, row.case_id, asker) | record.answer()


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that 72 hours passed without a proof: the clerk's, or the operator's; again while `more`."""
    with house.turn(TurnLane.ENDS) as turn:
        clerk_or_operator(turn, house, proof)
        due = doubting.due(turn, arguments["skip"] + arguments["limit"])[arguments["skip"] :]
        return sweep_each(turn, due, arguments["limit"], lambda case_id: _settle(house, turn, case_id))


def decide_breach(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say whether this is a breach of personal data too: that duty stands beside this process (R112, R140)."""
    is_breach, reference = arguments["breach"], arguments["reference"]
    if is_breach and not reference:
        raise MalformedRequestError(
            "reference: name the case of the breach; its 72 hours run apart (GDPR 33)"
        )
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = cases.get(turn.connection, arguments["case_id"])
        sealed = seal_text(house, "doubt_breach", row.case_id, reference) if reference else None
        row = cases.decide_breach(
            turn.connection,
            row,
            breach=is_breach,
            reference_sealed=sealed,
            by=arguments["by"],
            now=turn.now,
        )
        record = note(
            house,
            turn,
            row,
            Step.BREACH_DECIDED,
            by="data_manager",
            said={"breach": int(is_breach), "by": arguments["by"]},
            for_party=False,
        )
    return case_answer(house, row.case_id, asker) | record.answer()


def _settle(house: House, turn: Turn, case_id: UUID) -> str:
    doubting.settle(house, turn, cases.get(turn.connection, case_id))
    return "doubt_unproven"


_BY = short_text(longest=100)
_JUDGE = person_name(longest=100)
_CASE = {"case_id": identifier()}
_YES_OR_NO = fields.Boolean(required=True, truthy={True}, falsy={False})

COMMANDS = (
    Command(
        "doubt.contacted",
        schema(**_CASE, by=_BY, how=one_of("phone", "email", "letter", "meeting")),
        contacted,
    ),
    Command(
        "doubt.show_evidence",
        schema(
            **_CASE,
            media_type=one_of(*BEGINNINGS),
            document=fields.String(required=True, validate=validate.Length(1, documents.LONGEST_ENCODED)),
            findings=long_text(longest=LONGEST_WORDS),
            idempotency_key=KEY,
        ),
        show_evidence,
    ),
    Command("doubt.open_words", schema(**_CASE, by=_BY), open_words),
    Command("doubt.open_evidence", schema(**_CASE, by=_BY), open_evidence),
    Command("doubt.judge", schema(**_CASE, accepted=_YES_OR_NO, by=_JUDGE), judge),
    Command("doubt.lift", schema(**_CASE, agrees=_YES_OR_NO, by=_JUDGE), lift),
    Command(
        "doubt.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(
                load_default=MOST_SETTLED, strict=True, validate=validate.Range(1, MOST_SETTLED)
            ),
        ),
        sweep,
    ),
    Command(
        "doubt.decide_breach",
        schema(
            **_CASE, breach=_YES_OR_NO, reference=short_text(required=False, longest=100, missing=""), by=_BY
        ),
        decide_breach,
    ),
)
