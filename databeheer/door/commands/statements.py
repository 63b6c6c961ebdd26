"""What the ledger says of somebody's own data, opened for that person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.access.explain import Language, ground_sentence, reason_sentence
from databeheer.access.reasons import ReasonCode
from databeheer.door.attorneys import acting
from databeheer.door.bodies import own_lines
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.bodies.heads import heads_of
from databeheer.door.bodies.onlookers import Onlooker
from databeheer.door.bodies.opened import BodyRow, half_under, shared_body
from databeheer.door.bodies.own_lines import READ, REFUSALS, REFUSED, Narrowing
from databeheer.door.commands import originals
from databeheer.door.commands.base import (
    Command,
    Day,
    flag,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.login import open_name, visitor_mark
from databeheer.door.commands.views import own_places, party_person_view, party_view
from databeheer.door.house import House
from databeheer.door.keys.at_hand import AtHand, Keys
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff import devices
from databeheer.door.staff.asking import staff_name
from databeheer.doubt import states as doubt_states
from databeheer.errors import NotFoundError, UnauthenticatedError
from databeheer.governance import words as breach_words
from databeheer.identity import representations, sessions
from databeheer.joins import explain as joins_explain
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions.states import Event
from databeheer.post import credit_words, inbox
from databeheer.sentences import Sentence, in_dutch
from databeheer.staff import accounts
from databeheer.staff.accounts import UnknownDeviceError
from databeheer.storage.look import Look, Work, together, uuids
from databeheer.values import format_instant


def me(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Who is logged in, or whom that one represents now; that person's access points, and how many messages wait.

    `has_representations`: who is logged in may act for somebody now, or somebody for him. `visitor`: his mark, by which
    his browser knows him again. `logged_in_freshly`: so recently that he may give others access.
    `power`: where that one gave him a power of attorney, how far it goes; then of its stays alone.

    A session of staff that comes from no workstation of the house ends with this, and that is recorded (R198).
    """
    try:
        return _me(house, proof)
    except UnknownDeviceError:
        devices.cut_off(house, proof)
        raise


def _me(house: House, proof: Proof) -> dict[str, Any]:
    every = {"or_suspended": True, "or_party_people": True, "or_attorney": True, "or_staff": True}
    with looking(house, proof, **every) as (connection, asker, now):
        if asker.kind is AskerKind.INSPECTOR:
            return {"role": "inspector", "name": "", "occupancies": []}
        if asker.kind is AskerKind.PARTY_PERSON:
            return party_person_view(connection, asker.party_id)
        if asker.kind is AskerKind.STAFF and asker.account_id is not None:
            name = staff_name(house, accounts.by_id(connection, asker.account_id))
            return {"role": "staff", "name": name, "occupancies": []}
        look = Look(connection)
        return look.do(me_view(house, look, proof, asker, now))


def me_view(house: House, look: Look, proof: Proof, asker: Asker, now: datetime) -> Work[dict[str, Any]]:
    """What `me` answers a customer; each page asks it, so it notes that the session is used.

    Raises:
        UnauthenticatedError: it is none.
    """
    require_customer(asker)
    himself = asker.representative_id or found(asker.person_id, "person")
    if asker.used_at is None or asker.used_at <= now - sessions.USED_TO:
        sessions.touch(look.connection, proof.hash, now, house.idle)
    people = look.ask(_PERSON, {"id": asker.person_id})
    concern = [] if asker.for_enterprise else representations.ask_concern(look, himself, now)
    places = yield from own_places(house, look, asker.person_id, now)
    [person] = people
    return {
        "role": "customer",
        "name": open_name(house, person.person_id, bytes(person.name_sealed)),
        "occupancies": [place for place in places if asker.reaches(UUID(place["occupancy_id"]))],
        # Her letter box is hers: a power does not open it.
        "unread": 0 if asker.power else person.unread,
        "power": {"decides": asker.power.decides} if asker.power else None,
        # An enterprise has no other self than whoever acts for it.
        "is_represented": asker.representative_id is not None and not asker.for_enterprise,
        "has_representations": bool(concern),
        "business": asker.for_enterprise,
        "visitor": visitor_mark(house, himself, asker.person_id if asker.for_enterprise else None),
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
    (`onlookers.Onlooker`); None where nobody did, or the entry is from before that was said. `with_me`: with what `me`
    answers, `with_readers`: with the parties that `statements.readers` lists, so that a page is one question.
    `told` says what happened, in sentences with blanks (`databeheer.sentences`), and `sentence_nl` in Dutch; of a read,
    why it was allowed stands in `sentence_nl` alone, for its `ground` says it.
    """
    with looking(house, proof, or_attorney=True, by_key=True) as (connection, asker, now):
        require_customer(asker)
        look = Look(connection)
        page = _page(house, look, asker, arguments, now)
        if not arguments["with_me"]:
            return look.do(page)
        answer, me = look.do(together(page, me_view(house, look, proof, asker, now)))
        return {**answer, "me": me}


def _page(
    house: House, look: Look, asker: Asker, arguments: dict[str, Any], now: datetime
) -> Work[dict[str, Any]]:
    handles = yield from handles_of(house, look, asker, arguments["occupancy_id"])
    narrowed = Narrowing(
        EVENTS.get(arguments["kind"]),
        *(arguments[one] for one in ("party_id", "ground", "first", "last")),
    )
    asked = {"before": arguments["cursor"], "limit": arguments["limit"], "now": now}
    readers = own_lines.parties(look, handles) if arguments["with_readers"] else None
    page, heads = yield from together(
        own_lines.page(look, handles, narrowed, **asked), heads_of(house, look, handles.values())
    )
    parties = {row.party_id: party_view(row) for row in readers or ()}
    around = yield from around_lines(look, page.rows, parties)
    answer = {
        "statements": list(opened(house, look.connection, page.rows, handles, around)),
        "next_cursor": page.rows[-1].index if page.is_more else None,
        "heads": [head.view() for head in heads.values()],
    }
    return answer if readers is None else answer | {"parties": _by_name(parties.values())}


def list_readers(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List every party that a statement about the person names: what the list can be filtered by."""
    with looking(house, proof, or_attorney=True, by_key=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        look = Look(connection)
        readers = own_lines.parties(look, handles)
        look.send()
        return {"parties": _by_name(map(party_view, readers))}


def _by_name(views: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(views, key=lambda view: (view["name"].casefold(), view["id"]))


def require_customer(asker: Asker) -> None:
    """Raise UnauthenticatedError unless a customer asks."""
    if asker.kind is not AskerKind.CUSTOMER:
        raise UnauthenticatedError("log in as a customer")


def own_handles(
    house: House, connection: Connection, asker: Asker, occupancy_id: UUID | None
) -> dict[bytes, UUID]:
    """The handles of the person's own occupancies; of one of them, where it is named."""
    look = Look(connection)
    return look.do(handles_of(house, look, asker, occupancy_id))


def handles_of(house: House, look: Look, asker: Asker, occupancy_id: UUID | None) -> Work[dict[bytes, UUID]]:
    """The same, beside other work."""
    rows = look.ask(_STAYS, {"person": asker.person_id})
    yield
    reached = [row.occupancy_id for row in rows if asker.reaches(row.occupancy_id)]
    own = [one for one in reached if occupancy_id in (None, one)]
    if occupancy_id is not None and not own:
        raise NotFoundError("there is no such access point of yours")
    gone = yield from erasures.begun(look, [DataClass.LEDGER], own)
    living = [occupancy for occupancy in own if occupancy not in gone[DataClass.LEDGER]]
    return {subject_handle(house.keys_of_subject(occupancy)): occupancy for occupancy in living}


@dataclass(frozen=True)
class Around:
    """What stands around index rows: the parties that they name, and when missed clocks were met."""

    parties: Mapping[UUID, dict[str, Any]]
    met: Mapping[int, datetime]


def around_lines(
    look: Look, rows: Sequence[Any], known: Mapping[UUID, dict[str, Any]] | None = None
) -> Work[Around]:
    """Read what stands around index rows; `known` are parties that are to be shown already."""
    views = dict(known or {})
    unknown = {row.party_id for row in rows if row.party_id} - views.keys()
    parties = look.ask(_PARTIES, {"ids": uuids(unknown)}) if unknown else []
    missed = [row.index for row in rows if row.event == "clock.missed"]
    met = look.ask(clocks.MET_AFTER, {"missed": missed}) if missed else []
    if unknown or missed:
        yield
    views |= {row.party_id: party_view(row) for row in parties}
    return Around(views, {row.missed_index: row.met_at for row in met})


def opened(
    house: House,
    connection: Connection,
    rows: Sequence[Any],
    handles: Mapping[bytes, UUID],
    around: Around,
) -> Iterator[dict[str, Any]]:
    """Yield what index rows tell, opening each when it is its turn: whoever has seen enough stops."""
    keys = AtHand(house)
    names: dict[str, tuple[str | None, str]] = {}
    for row in rows:
        occupancy_id = handles[bytes(row.handle)]
        for line in lines(keys, row, occupancy_id):
            who = line.said.get("representation")
            if who and who not in names:
                names[who] = acting.names(house, connection, {who}).get(who, (None, ""))
            yield _statement(house, line, occupancy_id, around, names[who] if who else (None, ""))


@dataclass(frozen=True)
class Line:
    """What an index row tells, opened: `said` is what its two halves say, `own` the one of this subject alone.

    Of a bulk read, what concerns this subject alone stands in its own half.
    """

    row: Any
    said: Mapping[str, Any]
    own: Mapping[str, Any]
    event: str
    reason: str | None
    """Why nothing was given; None where something was."""

    @classmethod
    def of(cls, row: Any, shared: dict[str, Any], own: dict[str, Any]) -> Line:
        said, event = shared | own, str(own.get("event", row.event))
        return cls(row, said, own, event, _reason(event, said))

    @property
    def ground(self) -> str | None:
        return None if self.reason is not None else self.own.get("ground", self.row.ground)

    @property
    def permission_id(self) -> str | None:
        return self.said.get("permission") or None


def lines(keys: Keys, row: Any, occupancy_id: UUID) -> Iterator[Line]:
    """Open an index row of one subject; of a bulk read that asked under several permissions, one by one."""
    shared = shared_body(keys, BodyRow.beside(row)).said
    own = half_under(keys.keys_of_subject(occupancy_id), row).said
    yield Line.of(row, shared, own)
    for also in own.get("also", ()):
        yield Line.of(row, shared, own | also)


def _statement(
    house: House, line: Line, occupancy_id: UUID, around: Around, attorney: tuple[str | None, str]
) -> dict[str, Any]:
    row, said, event, reason, ground = line.row, line.said, line.event, line.reason, line.ground
    granted = line.own.get("granted") or []
    asked = said.get("asked") or ["", ""]
    reader = said.get("reader")
    told = _told(event, reason, said, around.met.get(row.index))
    name, kind = attorney
    return {
        "index": row.index,
        "counter": row.counter,
        "event": event,
        "at": said["at"],
        "occupancy_id": str(occupancy_id),
        "party": around.parties.get(row.party_id),
        "by": "representative" if reader == _REPRESENTATIVE else said.get("asker", ""),
        "reader": reader,
        "capacity": said.get("capacity"),
        "attorney": name,
        "for_enterprise": kind == representations.ENTERPRISE,
        "ground": ground,
        "sentence_nl": ground_sentence(str(ground), house.catalogue, Language.DUTCH)
        if event == READ
        else in_dutch(told),
        "told": [one.view() for one in told],
        "category": said.get("category"),
        "granularity": said.get("granularity"),
        "directions": said.get("directions", []),
        "period": {
            "from": granted[0][0] if granted else asked[0],
            "until": granted[-1][1] if granted else asked[1],
        },
        "slots": line.own.get("slots", 0),
        "reason": reason,
        "permission_id": line.permission_id,
        "purpose": said.get("purpose"),
        "task": said.get("task"),
    }


def _reason(event: str, said: dict[str, Any]) -> str | None:
    if event == "join.refused":
        return str(said["reason"])
    refused: list[list[str]] = said.get("refused") or []
    return refused[0][2] if event == REFUSED and refused else None


def _told(
    event: str, reason: str | None, said: Mapping[str, Any], met_at: datetime | None
) -> tuple[Sentence, ...]:
    if event in ("join.run", "join.refused"):
        return joins_explain.sentences(said)
    if reason is not None:
        return (Sentence(reason_sentence(ReasonCode(reason), Language.DUTCH)),)
    if event == "clock.missed":
        return clocks.missed(said, met_at)
    if event in ("meter.told", "meter.setting_changed"):
        return credit_words.of_entry(said)
    if event == breach_words.TOLD:
        return (breach_words.told(said),)
    return (originals.sentence(said),) if event == originals.SHOWN else ()


_PERSON = text(
    f"SELECT person_id, name_sealed, ({inbox.UNREAD}) AS unread"  # noqa: S608  parts of our own
    " FROM identity.person p WHERE person_id = :id"
)
_STAYS = text("SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person")
_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")
_REPRESENTATIVE = Onlooker.REPRESENTATIVE.value
_PORT_STEPS = ("opening_asked", "closing_asked", "forwarded", "opened", "closed", "replaced", "impossible")
EVENTS: dict[str | None, tuple[str, ...]] = {
    # A join is a read by law; it shows where the reads show (R8).
    "reads": (
        "data.read",
        "data.refused",
        "data.read_corrected",
        "decision.explained",
        "join.run",
        "join.refused",
        "audit.opened",
        "readings.original_shown",
        # Who of the house read a request is a look too; and of a breach nobody knows that nobody looked.
        "right.opened",
        breach_words.TOLD,
    ),
    "permissions": (
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
    ),
    # What of the reads gave something, what gave nothing, and what tied data together.
    "given": ("data.read", "data.read_corrected", "readings.original_shown"),
    "refused": REFUSALS,
    "joins": ("join.run", "join.refused"),
}
KINDS = tuple(str(kind) for kind in EVENTS)

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
            kind=one_of(*KINDS, required=False),
            party_id=identifier(required=False),
            ground=short_text(required=False, longest=64),
            first=Day(load_default=None, allow_none=True),
            last=Day(load_default=None, allow_none=True),
            with_me=flag(),
            with_readers=flag(),
        ),
        list_statements,
    ),
    Command("statements.readers", schema(occupancy_id=identifier(required=False)), list_readers),
)
