"""The outbox: messages, written in the caller's transaction, and what is still to be delivered of them.

Once in effect: a message has a key, and a second one under the same key is none. It names the ledger's entry of
what it tells; the database refuses a commit without that entry.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight
from databeheer.post.catalogue import Recipient


@dataclass(frozen=True)
class Addressee:
    """To whom a message goes: a person, a party, or the data manager, who is one for each grid operator."""

    recipient: Recipient
    id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.id is None) != (self.recipient is Recipient.DATA_MANAGER):
            raise ValueError("a customer and a party have a number, the data manager has none")


DATA_MANAGER = Addressee(Recipient.DATA_MANAGER)


def customer(person_id: UUID) -> Addressee:
    """A person."""
    return Addressee(Recipient.CUSTOMER, person_id)


def party(party_id: UUID) -> Addressee:
    """A market party."""
    return Addressee(Recipient.PARTY, party_id)


@dataclass(frozen=True)
class Message:
    """One message to one addressee.

    `about` is what it is about (a permission, a port, a case). `said` comes sealed, with `message_id` among its
    coordinates. `index` is the ledger's entry, of the same transaction. `at` is when what it tells happened
    (aware UTC). `key` is what makes it one: of two with the same kind, addressee and key the second is none.
    """

    message_id: UUID
    kind: str
    to: Addressee
    operator: int
    about: UUID | None
    occupancy_id: UUID | None
    said_sealed: bytes
    key: str
    index: int
    at: datetime

    @property
    def key_hash(self) -> bytes:
        return sha256("|".join((self.kind, self.to.recipient, str(self.to.id), self.key)).encode()).digest()


def new_id() -> UUID:
    """A number for a message: random, so that one tells nothing of others."""
    return uuid4()


def write(connection: Connection, messages: Sequence[Message], *, desk_reads_email: bool) -> None:
    """Write messages, with a delivery for each way on which the addressee wants to be told now.

    Whom a court appointed to act for somebody is told what that person is told, by e-mail; the inbox stays the
    person's. Here alone is worked out who gets a delivery. `desk_reads_email`: the data manager has an address.

    One statement, however many they are. Nobody writes to the dead: their people have another way.
    """
    if messages:
        columns = zip(*(_row(one) for one in messages), strict=True)
        members: dict[str, object] = dict(zip(_COLUMNS, map(list, columns), strict=True))
        connection.execute(_WRITE, members | {"desk": desk_reads_email})


def _row(one: Message) -> tuple[object, ...]:
    to = one.to.recipient
    return (
        one.message_id,
        one.kind,
        to.value,
        one.to.id if to is Recipient.CUSTOMER else None,
        one.to.id if to is Recipient.PARTY else None,
        one.operator,
        one.about,
        one.occupancy_id,
        one.said_sealed,
        one.key_hash,
        one.index,
        one.at,
        day_of(one.at),
    )


def forget_person(connection: Connection, person_id: UUID) -> None:
    """Delete what a person was told, and how the person wanted to be told; what waits to be delivered too."""
    for statement in _FORGET_PERSON:
        connection.execute(statement, {"person": person_id})


def forget_occupancy(connection: Connection, occupancy_id: UUID) -> None:
    """Delete what anybody was told about an occupancy, with what waits to be delivered of it."""
    connection.execute(_FORGET_OCCUPANCY, {"occupancy": occupancy_id})


def forget_kinds(
    connection: Connection, occupancy_id: UUID, kinds: Collection[str], since: date | None = None
) -> None:
    """Delete the messages of some kinds about an occupancy, of the Brussels day `since` and later; None: all."""
    start = None if since is None else midnight(since)
    wanted = {"occupancy": occupancy_id, "kinds": list(kinds), "since": start}
    connection.execute(_FORGET_KINDS, wanted)


_COLUMNS = (
    *("ids", "kinds", "recipients", "persons", "parties", "operators", "abouts", "occupancies"),
    *("saids", "keys", "indices", "moments", "days"),
)
_WRITE = text(
    """
    WITH given AS (
        SELECT m.* FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:recipients AS text[]),
            CAST(:persons AS uuid[]), CAST(:parties AS uuid[]), CAST(:operators AS smallint[]),
            CAST(:abouts AS uuid[]), CAST(:occupancies AS uuid[]), CAST(:saids AS bytea[]), CAST(:keys AS bytea[]),
            CAST(:indices AS bigint[]), CAST(:moments AS timestamptz[]), CAST(:days AS date[]))
            AS m (message_id, kind, recipient, person_id, party_id, operator, about, occupancy_id, said, key, index,
                at, day)
        WHERE NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = m.person_id AND d.refuted_at IS NULL)
    ), new AS (
        INSERT INTO post.message (message_id, kind, recipient, person_id, party_id, operator, about, occupancy_id,
            said_sealed, key_hash, index, at)
        SELECT message_id, kind, recipient, person_id, party_id, operator, about, occupancy_id, said, key, index, at
        FROM given ON CONFLICT (key_hash) DO NOTHING RETURNING message_id
    ), told AS (
        SELECT given.* FROM given JOIN new USING (message_id)
    ), reader AS (
        SELECT message_id, person_id FROM told
        UNION SELECT t.message_id, r.representative_id FROM told t JOIN identity.representation r USING (person_id)
            WHERE r.kind = 'court' AND r.from_day <= t.day AND (r.until_day IS NULL OR r.until_day > t.day)
    ), sent AS (
        SELECT r.message_id, 'email' AS channel, r.person_id, CAST(NULL AS uuid) AS party_id
            FROM reader r JOIN post.contact c USING (person_id) WHERE c.wants_email
        UNION ALL SELECT message_id, 'email', NULL, NULL FROM told WHERE recipient = 'data_manager' AND :desk
        UNION ALL SELECT t.message_id, 'webhook', NULL, t.party_id FROM told t JOIN post.webhook USING (party_id)
        UNION ALL SELECT t.message_id, 'webhook', NULL, p.party_id
            FROM told t JOIN registry.party p USING (operator) JOIN post.webhook w ON w.party_id = p.party_id
            WHERE t.recipient = 'data_manager' AND p.role IN ('dso', 'data_manager')
    )
    INSERT INTO post.delivery (delivery_id, message_id, operator, channel, person_id, party_id, told_at, next_at)
    SELECT gen_random_uuid(), t.message_id, t.operator, s.channel, s.person_id, s.party_id, t.at, t.at
    FROM sent s JOIN told t USING (message_id)
    """
)
_FORGET_PERSON = (
    text("DELETE FROM post.message WHERE person_id = :person"),
    text("DELETE FROM post.delivery WHERE person_id = :person"),
    text("DELETE FROM post.contact WHERE person_id = :person"),
)
_FORGET_KINDS = text(
    "DELETE FROM post.message WHERE occupancy_id = :occupancy AND kind = ANY(:kinds)"
    " AND at >= coalesce(CAST(:since AS timestamptz), '-infinity')"
)
_FORGET_OCCUPANCY = text("DELETE FROM post.message WHERE occupancy_id = :occupancy")
