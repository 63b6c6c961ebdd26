"""Who doubts a mandate, and sees what becomes of it: customer, party, authority. With the signal comes the block."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.access.bases import BasisKind
from databeheer.door.bodies.opened import shared_body, subject_body
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    asker_of,
    found,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.receipts import entitled
from databeheer.door.doubts import doubting
from databeheer.door.doubts.texts import owner_of, seal_words
from databeheer.door.doubts.views import STAFF, case_views
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.repeats import LONGEST_KEY, Repeat
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.doubt import cases, finding
from databeheer.doubt.cases import Signal
from databeheer.doubt.states import Concern, Origin, State
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.permissions import finding as permissions
from databeheer.permissions.finding import Viewer

LONGEST_WORDS = 1000


def raise_doubt(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A customer says that a permission, or a read, looks wrong. Its party is blocked from this turn on (R100)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        permission = _doubted_by_customer(house, turn, asker, arguments)
        signal = _signal(house, Origin.CUSTOMER, permission, arguments, turn.now, person_id=asker.person_id)
        row, record = doubting.doubt(house, turn, permission, signal)
    return case_answer(house, row.case_id, asker) | record.answer()


def retract(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer says that it was a mistake: the block ends, where nobody else doubts (R105).

    Never a representative in that name: whom he acts for may doubt what he did.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        row = finding.visible(turn.connection, arguments["case_id"], person_id=asker.person_id)
        signals = finding.signals_of(turn.connection, [row.case_id]).get(row.case_id, [])
        # A case opens with a signal. Where that one is missing, the journal of ends brought the case back.
        if not any(one.signalled_at <= row.opened_at for one in signals):
            raise ConflictError(
                "a backup was put back, and who raised this doubt was lost with it; the data manager looks into it"
            )
        if any(one.person_id != asker.person_id for one in signals):
            raise ConflictError(
                "somebody else doubts this permission too; only your own doubt is yours to retract"
            )
        row, record = doubting.retracted(house, turn, row)
    return case_answer(house, row.case_id, asker) | record.answer()


def report_own(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A party reports what its customer said of its own permission: its duty, within one working day (R110)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, "doubt.report_own", arguments)
        if (first := repeat.answered()) is not None:
            return first[0]
        viewer = Viewer(None, asker.party_id)
        permission = found(
            permissions.visible(turn.connection, viewer, arguments["permission_id"], turn.now, locked=True),
            "permission",
        )
        customer = arguments["customer"]
        signal = _signal(house, Origin.PARTY, permission, arguments, turn.now, customer=customer)
        index = turn.next_index
        row, _ = doubting.doubt(house, turn, permission, signal)
        answer = {
            "case": case_views(house, turn.connection, [row], asker, turn.now)[0],
            "index": index,
        }
        repeat.keep(answer, index)
    return answer


def signal(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Somebody else doubts: an authority in its own name, or through the operator whoever wrote or rang (R99).

    Given again under its `signal_id`, it is one signal: the answer shows its case as it is now.
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, *STAFF)
        origin = Origin(arguments["origin"])
        if asker.kind is AskerKind.INSPECTOR and origin is not Origin.AUTHORITY:
            raise MalformedRequestError("origin: an inspector doubts as an authority")
        permission = _named(house, turn, arguments)
        before = finding.of_signal(turn.connection, arguments["signal_id"])
        if before is None:
            made = _signal(house, origin, permission, arguments, turn.now)
            row, record = doubting.doubt(house, turn, permission, made)
        elif before.permission_id != permission.permission_id:
            raise ConflictError("signal_id: this signal was given already, about another permission")
    if before is not None:
        return case_answer(house, before.case_id, asker) | {"index": before.index, "promise": None}
    return case_answer(house, row.case_id, asker) | record.answer()


def list_cases(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List cases by pages, those that stand first and then the newest.

    A customer's and a party's own; for the operator and the inspector all.
    """
    state = State(arguments["state"]) if arguments["state"] is not None else None
    with looking(house, proof) as (connection, asker, now):
        rows, cursor = finding.listed(
            connection,
            **_scope(asker),
            now=now,
            is_closed=arguments["closed"],
            state=state,
            cursor=arguments["cursor"],
            limit=arguments["limit"],
        )
        return {"cases": case_views(house, connection, rows, asker, now), "next_cursor": cursor}


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show one case: a customer's or a party's own; the operator and the inspector any."""
    with looking(house, proof) as (connection, asker, now):
        scope = _scope(asker)
        row = (
            finding.visible(connection, arguments["case_id"], **scope)
            if scope
            else cases.get(connection, arguments["case_id"])
        )
        return {"case": case_views(house, connection, [row], asker, now)[0]}


def _scope(asker: Asker) -> dict[str, Any]:
    if asker.kind is AskerKind.CUSTOMER:
        return {"person_id": asker.person_id}
    if asker.kind is AskerKind.PARTY:
        return {"party_id": asker.party_id}
    if asker.kind not in STAFF:
        raise UnauthenticatedError("this proof does not give this command")
    return {}


def _doubted_by_customer(house: House, turn: Turn, asker: Asker, arguments: dict[str, Any]) -> Any:
    """The customer's permission that is doubted, locked: named, or the one that a read rested on."""
    permission_id, index = arguments["permission_id"], arguments["index"]
    if (permission_id is None) == (index is None):
        raise MalformedRequestError("name a permission or a read")
    if index is not None:
        permission_id = _permission_of_read(house, turn, asker, index)
    viewer = Viewer(asker.person_id, None)
    return found(
        permissions.visible(turn.connection, viewer, permission_id, turn.now, locked=True), "permission"
    )


def _permission_of_read(house: House, turn: Turn, asker: Asker, index: int) -> UUID:
    """The permission that a read of one's own data rested on.

    Raises:
        NotFoundError: there is no such read of this customer.
        ConflictError: it rested on the law, which needs no mandate (NEDU step 2).
    """
    own = entitled(house, turn.connection, asker, index)
    leaf = own[0] if own is not None else 0
    body = turn.connection.execute(_BODY, {"index": index}).one()
    statement = turn.connection.execute(_STATEMENT, {"index": index, "leaf": leaf}).one()
    said, half = shared_body(house, body).said, subject_body(house, statement).said
    own_words = said | half  # of a bulk read, what concerns this subject alone stands in its own half
    if statement.event not in ("data.read", "data.refused") or own_words.get("asker") != "party":
        raise NotFoundError("there is no such read by a party")
    if own_words.get("permission"):
        return UUID(own_words["permission"])
    consents = {one.code for one in house.catalogue.rows if one.basis is BasisKind.CONSENT}
    for basis, fact in _grounds_of(said, half):
        if basis in consents:
            return UUID(fact)
    raise ConflictError(
        "this read rested on the law, not on a permission, so there is no mandate to doubt;"
        " ask us or the regulator if you think that the law does not allow it"
    )


def _grounds_of(said: dict[str, Any], own: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Basis and fact of each stretch that left of one subject: of a bulk read they stand in its own half."""
    if "bases" in own:
        yield from zip(own["bases"], own["facts"], strict=True)
        return
    spans = [tuple(span[:2]) for span in own.get("granted") or []]
    for granted, fact in zip(said.get("granted") or [], said.get("facts") or [], strict=False):
        if tuple(granted[:2]) in spans:
            yield granted[2], fact


def _named(house: House, turn: Turn, arguments: dict[str, Any]) -> Any:
    """The permission that an authority or the operator means, locked."""
    permission_id, ean, party_id = (arguments[name] for name in ("permission_id", "ean", "party_id"))
    given = (permission_id is not None, ean is not None, party_id is not None)
    if given not in ((True, False, False), (False, True, True)):
        raise MalformedRequestError("name a permission, or a party and an access point")
    if permission_id is None:
        asked = {"hash": ean_hash(house, ean), "party": party_id}
        permission_id = turn.connection.execute(_NEWEST_OF, asked).scalar_one_or_none()
    row = permissions.find(turn.connection, permission_id) if permission_id is not None else None
    found(row, "permission" if party_id is None else "permission of this party on this access point")
    return permissions.by_id_locked(turn.connection, permission_id)


def _signal(
    house: House,
    origin: Origin,
    permission: Any,
    arguments: dict[str, Any],
    now: datetime,
    *,
    person_id: UUID | None = None,
    customer: str | None = None,
) -> Signal:
    if permission.occupancy_id is None:
        raise ConflictError("nobody granted this request, so nothing can be read with it: refuse it instead")
    signal_id, owner = arguments.get("signal_id") or uuid4(), owner_of(person_id, permission.occupancy_id)
    return Signal(
        signal_id=signal_id,
        origin=origin,
        concern=Concern(arguments["concern"]),
        received_at=arguments.get("received_at") or now,
        person_id=person_id,
        customer=customer,
        source_sealed=seal_words(house, owner, "source", signal_id, arguments.get("source")),
        words_sealed=seal_words(house, owner, "words", signal_id, arguments["words"]),
    )


def case_answer(house: House, case_id: UUID, asker: Asker) -> dict[str, Any]:
    """A case as it is now, in an answer."""
    with house.engine.connect() as connection, connection.begin():
        row = cases.get(connection, case_id)
        return {"case": case_views(house, connection, [row], asker, house.clock.now())[0]}


_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
_STATEMENT = text("SELECT * FROM ledger.statement WHERE index = :index AND leaf = :leaf")
_NEWEST_OF = text(
    "SELECT p.permission_id FROM permissions.permission p JOIN registry.occupancy o USING (occupancy_id)"
    " JOIN registry.access_point a USING (access_point_id) WHERE a.ean_hash = :hash AND p.party_id = :party"
    " ORDER BY o.from_day DESC, p.decided_at DESC, p.permission_id LIMIT 1"
)
_CONCERN = one_of(*(concern.value for concern in Concern))
WORDS = long_text(required=False, longest=LONGEST_WORDS, missing="")
KEY = fields.String(
    load_default=None,
    validate=validate.Regexp(
        rf"[!-~]{{1,{LONGEST_KEY}}}\Z", error=f"1 to {LONGEST_KEY} visible ASCII characters"
    ),
)

COMMANDS = (
    Command(
        "doubt.raise",
        schema(
            permission_id=identifier(required=False),
            index=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 2**53)
            ),
            concern=_CONCERN,
            words=WORDS,
        ),
        raise_doubt,
    ),
    Command("doubt.retract", schema(case_id=identifier()), retract),
    Command(
        "doubt.report_own",
        schema(
            permission_id=identifier(),
            concern=_CONCERN,
            customer=one_of("unsatisfied", "unknown"),
            received_at=Instant(required=True),
            words=long_text(longest=LONGEST_WORDS),
            idempotency_key=KEY,
        ),
        report_own,
    ),
    Command(
        "doubt.signal",
        schema(
            permission_id=identifier(required=False),
            party_id=identifier(required=False),
            ean=EANCode(load_default=None, allow_none=True),
            origin=one_of("customer", "market_party", "authority", "consumer_body"),
            concern=_CONCERN,
            source=short_text(),
            words=WORDS,
            received_at=Instant(load_default=None, allow_none=True),
            signal_id=identifier(required=False),
        ),
        signal,
    ),
    Command(
        "doubt.list",
        schema(
            closed=fields.Boolean(load_default=None, allow_none=True, truthy={True}, falsy={False}),
            state=one_of(*(state.value for state in State), required=False),
            cursor=short_text(required=False),
            limit=fields.Integer(
                load_default=100, strict=True, validate=validate.Range(1, finding.MOST_LISTED)
            ),
        ),
        list_cases,
    ),
    Command("doubt.show", schema(case_id=identifier()), show),
)
