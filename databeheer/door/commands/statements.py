"""What the ledger says of somebody's own data, opened for that person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.access.explain import Language, ground_sentence, reason_sentence
from databeheer.access.reasons import ReasonCode
from databeheer.door.attorneys import acting
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.bodies.heads import subject_heads
from databeheer.door.bodies.onlookers import Onlooker
from databeheer.door.bodies.opened import BodyRow, shared_body, subject_body
from databeheer.door.commands import originals
from databeheer.door.commands.base import Command, Day, identifier, looking, one_of, schema, short_text
from databeheer.door.commands.login import open_name, visitor_mark
from databeheer.door.commands.views import occupancies_of, party_person_view, party_view
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.doubt import states as doubt_states
from databeheer.errors import NotFoundError, UnauthenticatedError
from databeheer.identity import representations, sessions
from databeheer.joins import explain as joins_explain
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions.states import Event
from databeheer.post import credit_words, inbox
from databeheer.values import format_instant


def me(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Who is logged in, or whom that one represents now; that person's access points, and how many messages wait.

    `has_representations`: who is logged in may act for somebody now, or somebody for him. `visitor`: his mark, by which
    his browser knows him again. `logged_in_freshly`: so recently that he may give others access.
    `power`: where that one gave him a power of attorney, how far it goes; then of its stays alone.
    """
    every = {"or_suspended": True, "or_party_people": True, "or_attorney": True}
    with looking(house, proof, **every) as (connection, asker, now):
        if asker.kind is AskerKind.INSPECTOR:
            return {"role": "inspector", "name": "", "occupancies": []}
        if asker.kind is AskerKind.PARTY_PERSON:
            return party_person_view(connection, asker.party_id)
        if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
            raise UnauthenticatedError("log in as a customer")
        himself = asker.representative_id or asker.person_id
        sessions.touch(connection, proof.hash, now, house.idle)  # each page asks who is there
        person = connection.execute(
            text("SELECT * FROM identity.person WHERE person_id = :id"), {"id": asker.person_id}
        ).one()
        return {
            "role": "customer",
            "name": open_name(house, person.person_id, bytes(person.name_sealed)),
            "occupancies": [
                place
                for place in occupancies_of(house, connection, asker.person_id, now)
                if asker.reaches(UUID(place["occupancy_id"]))
            ],
            # Her letter box is hers: a power does not open it.
            "unread": 0 if asker.power else inbox.unread(connection, asker.person_id),
            "power": {"decides": asker.power.decides} if asker.power else None,
            "is_represented": asker.representative_id is not None,
            "has_representations": representations.concern(connection, himself, now),
            "visitor": visitor_mark(house, himself),
            "logged_in_freshly": sessions.is_fresh(asker.logged_in_at, now, house.fresh_log_in),
        }


def party_me(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The party that a token belongs to, with its data access contract; a suspended one too."""
    with looking(house, proof, or_suspended=True, or_applicant=True) as (connection, asker, now):
        if asker.kind is not AskerKind.PARTY:
            raise UnauthenticatedError("use a party's access token")
        row = connection.execute(
            text("SELECT * FROM registry.party WHERE party_id = :id"), {"id": asker.party_id}
        ).one()
        contract = connection.execute(
            text(
                "SELECT number, valid_from, valid_until FROM registry.contract WHERE party_id = :id"
                " AND valid_from <= :now AND (valid_until IS NULL OR valid_until > :now) ORDER BY valid_from LIMIT 1"
            ),
            {"id": asker.party_id, "now": now},
        ).one_or_none()
        return {
            **party_view(row),
            "party_id": str(row.party_id),
            "profile": asker.profile,
            "contract": {
                "number": contract.number,
                "valid_from": format_instant(contract.valid_from),
                "valid_until": format_instant(contract.valid_until) if contract.valid_until else None,
            }
            if contract
            else None,
        }


def list_statements(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List what the ledger says of the person's own access points, newest first, by pages.

    Found by the index rows; only what is shown is opened. `heads` are the door's signed words on how many
    statements there are of each access point. `reader` is what a person who looked was to this stay
    (`onlookers.Onlooker`); None where nobody did, or the entry is from before that was said.
    """
    limit = arguments["limit"]
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        wanted = {
            "handles": list(handles),
            "events": _EVENTS[arguments["kind"]] if arguments["kind"] else None,
            **{name: arguments[name] for name in ("party_id", "ground", "first", "last")},
        }
        rows = connection.execute(
            _STATEMENTS, {**wanted, "before": arguments["cursor"], "limit": limit}
        ).all()
        parties = _parties(connection, {row.party_id for row in rows if row.party_id})
        met = clocks.met_after(
            connection, [row._mapping["index"] for row in rows if row.event == "clock.missed"]
        )
        statements = [view for row in rows for view in _statements_of(house, row, handles, parties, met)]
        names = acting.names(house, connection, {one["attorney"] for one in statements if one["attorney"]})
        statements = [one | {"attorney": names.get(one["attorney"])} for one in statements]
        last = statements[-1]["index"] if statements else 0
        more = connection.execute(_STATEMENTS, {**wanted, "before": last, "limit": 1}).first()
        heads = subject_heads(house, connection, handles.values())
    return {
        "statements": statements,
        "next_cursor": last if more else None,
        "heads": [head.view() for head in heads.values()],
    }


def list_readers(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List every party that a statement about the person names: what the list can be filtered by."""
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        ids = set(connection.execute(_READERS, {"handles": list(handles)}).scalars())
        parties = _parties(connection, ids)
    views = [party_view(row) for row in parties.values()]
    return {"parties": sorted(views, key=lambda view: (view["name"].casefold(), view["id"]))}


def last_reads(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """When each party last read, by permission: what the overview shows beside it."""
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        found = last_reads_of(house, connection, own_handles(house, connection, asker, None))
    return {
        "last_reads": [
            {"party_id": str(party), "ground": ground, "at": at} for (party, ground), at in found.items()
        ]
    }


def require_customer(asker: Asker) -> None:
    """Raise UnauthenticatedError unless a customer asks."""
    if asker.kind is not AskerKind.CUSTOMER:
        raise UnauthenticatedError("log in as a customer")


def own_handles(
    house: House, connection: Connection, asker: Asker, occupancy_id: UUID | None
) -> dict[bytes, UUID]:
    """The handles of the person's own occupancies; of one of them, where it is named."""
    rows = connection.execute(
        text("SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person"),
        {"person": asker.person_id},
    )
    reached = [row.occupancy_id for row in rows if asker.reaches(row.occupancy_id)]
    own = [one for one in reached if occupancy_id in (None, one)]
    if occupancy_id is not None and not own:
        raise NotFoundError("there is no such access point of yours")
    gone = erasures.begun_of(connection, DataClass.LEDGER, own)
    living = [occupancy for occupancy in own if occupancy not in gone]
    return {subject_handle(house.keys_of_subject(occupancy)): occupancy for occupancy in living}


def last_reads_of(
    house: House, connection: Connection, handles: dict[bytes, UUID]
) -> dict[tuple[UUID, str], str]:
    """When each party last read under each ground, of these subjects."""
    rows = connection.execute(_LAST_READS, {"handles": list(handles)}).all()
    return {(row.party_id, row.ground): shared_body(house, BodyRow.beside(row)).said["at"] for row in rows}


def _statements_of(
    house: House,
    row: Any,
    handles: dict[bytes, UUID],
    parties: dict[UUID, Any],
    met: Mapping[int, datetime],
) -> Iterator[dict[str, Any]]:
    """Yield what one index row tells; of a bulk read that asked under several permissions, one by one."""
    shared, own = shared_body(house, BodyRow.beside(row)).said, subject_body(house, row).said
    yield _statement(house, row, shared, own, handles, parties, met)
    for also in own.get("also", ()):
        yield _statement(house, row, shared, own | also, handles, parties, met)


def _statement(
    house: House,
    row: Any,
    shared: dict[str, Any],
    own: dict[str, Any],
    handles: dict[bytes, UUID],
    parties: dict[UUID, Any],
    met: Mapping[int, datetime],
) -> dict[str, Any]:
    # Of a bulk read, what concerns this subject alone stands in its own half.
    said = shared | own
    event, ground = own.get("event", row.event), own.get("ground", row.ground)
    granted = own.get("granted") or []
    asked = said.get("asked") or ["", ""]
    reason, reader = _reason(event, said), said.get("reader")
    return {
        "index": row.index,
        "counter": row.counter,
        "event": event,
        "at": said["at"],
        "occupancy_id": str(handles[bytes(row.handle)]),
        "party": party_view(parties[row.party_id]) if row.party_id in parties else None,
        "by": "representative" if reader == _REPRESENTATIVE else said.get("asker", ""),
        "reader": reader,
        "capacity": said.get("capacity"),
        "attorney": said.get("representation"),
        "ground": ground if reason is None else None,
        "sentence_nl": _sentence(house, event, ground, reason, said, met.get(row.index)),
        "category": said.get("category"),
        "granularity": said.get("granularity"),
        "directions": said.get("directions", []),
        "period": {
            "from": granted[0][0] if granted else asked[0],
            "until": granted[-1][1] if granted else asked[1],
        },
        "slots": own.get("slots", 0),
        "reason": reason,
        "permission_id": said.get("permission") or None,
        "purpose": said.get("purpose"),
        "task": said.get("task"),
    }


def _reason(event: str, said: dict[str, Any]) -> str | None:
    if event == "join.refused":
        return str(said["reason"])
    refused: list[list[str]] = said.get("refused") or []
    return refused[0][2] if event == "data.refused" and refused else None


def _sentence(
    house: House, event: str, ground: str, reason: str | None, said: dict[str, Any], met_at: datetime | None
) -> str:
    if event in ("join.run", "join.refused"):
        return joins_explain.sentence_nl(said)
    if reason is not None:
        return reason_sentence(ReasonCode(reason), Language.DUTCH)
    if event == "data.read":
        return ground_sentence(ground, house.catalogue, Language.DUTCH)
    if event == "clock.missed":
        return clocks.missed_nl(said, met_at)
    if event in ("meter.told", "meter.setting_changed"):
        return credit_words.of_entry(said)
    if event == originals.SHOWN:
        return originals.sentence_nl(said)
    return ""


def _parties(connection: Connection, ids: set[UUID]) -> dict[UUID, Any]:
    rows = connection.execute(
        text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)"), {"ids": list(ids)}
    )
    return {row.party_id: row for row in rows}


_REPRESENTATIVE = Onlooker.REPRESENTATIVE.value
_PORT_STEPS = ("opening_asked", "closing_asked", "forwarded", "opened", "closed", "replaced", "impossible")
_EVENTS = {
    # A join is a read by law; it shows where the reads show (R8).
    "reads": [
        "data.read",
        "data.refused",
        "data.read_corrected",
        "decision.explained",
        "join.run",
        "join.refused",
        "audit.opened",
        "readings.original_shown",
    ],
    "permissions": [
        "permission.requested",
        "permission.renewal_requested",
        *(f"permission.{event}" for event in Event),
        "permission.deletion_confirmed",
        *(
            f"mandate.{step}"
            for step in ("registered", "produced", "opened", "checked", "sampled", "destroyed")
        ),
        # To open a user port is a consent too (R53).
        *(f"port.{step}" for step in _PORT_STEPS),
        *doubt_states.NAMES,
    ],
}
# With ties: an entry may speak of two occupancies of one person, and a page never ends between the two.
_STATEMENTS = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed FROM ("
    " SELECT * FROM ledger.statement WHERE handle = ANY(:handles)"
    " AND (CAST(:before AS bigint) IS NULL OR index < :before)"
    " AND (CAST(:events AS text[]) IS NULL OR event = ANY(:events))"
    " AND (CAST(:party_id AS uuid) IS NULL OR party_id = :party_id)"
    " AND (CAST(:ground AS text) IS NULL OR ground = :ground)"
    " AND (CAST(:first AS date) IS NULL OR day >= :first) AND (CAST(:last AS date) IS NULL OR day <= :last)"
    " ORDER BY index DESC FETCH FIRST :limit ROWS WITH TIES"
    ") s JOIN ledger.body b ON b.index = s.index AND b.month = s.month ORDER BY s.index DESC, s.leaf"
)
_READERS = text(
    "SELECT DISTINCT party_id FROM ledger.statement WHERE handle = ANY(:handles) AND party_id IS NOT NULL"
)
_LAST_READS = text(
    "SELECT s.party_id, s.ground, s.index, b.key_sealed AS body_key_sealed, b.shared_sealed FROM ("
    " SELECT party_id, ground, max(index) AS index FROM ledger.statement WHERE handle = ANY(:handles)"
    " AND event IN ('data.read', 'join.run') AND party_id IS NOT NULL GROUP BY party_id, ground"
    ") s JOIN ledger.body b ON b.index = s.index"
)

COMMANDS = (
    Command("me", schema(), me),
    Command("party.me", schema(), party_me),
    Command(
        "statements.list",
        schema(
            cursor=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 2**53)
            ),
            limit=fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 500)),
            occupancy_id=identifier(required=False),
            kind=one_of("reads", "permissions", required=False),
            party_id=identifier(required=False),
            ground=short_text(required=False, longest=64),
            first=Day(load_default=None, allow_none=True),
            last=Day(load_default=None, allow_none=True),
        ),
        list_statements,
    ),
    Command("statements.readers", schema(occupancy_id=identifier(required=False)), list_readers),
    Command("reads.last", schema(), last_reads),
)
