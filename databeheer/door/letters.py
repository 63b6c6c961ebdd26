"""What leaves with the postman: opened one by one, for a delivery that is on its way, and for nobody else."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keystore import Kind
from databeheer.door.telling import open_said
from databeheer.identity import lives
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import catalogue, contacts, webhooks, words
from databeheer.post.catalogue import Recipient
from databeheer.post.webhooks import Scheme, Secret
from databeheer.values import format_instant

NOBODY = {"to": None}
"""Nobody wants it any more: the postman drops it."""


def letter_of(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    """Return what the postman needs for one attempt: an e-mail's address and words, or a signed web hook."""
    if row.code_of is not None:
        return _code(house, row)
    if row.channel == "email":
        return _email(house, connection, row)
    return _webhook(house, connection, row, now)


def seal_own(house: House, person_id: UUID, what: str, value: str) -> bytes:
    """Seal something of a person under the person's own key."""
    return seal(house.keys.get(Kind.PERSON, person_id), value.encode(), _of_person(person_id, what))


def open_own(house: House, person_id: UUID, what: str, sealed: bytes) -> str:
    """Open what `seal_own` closed."""
    return unseal(house.keys.get(Kind.PERSON, person_id), sealed, _of_person(person_id, what)).decode()


def seal_of_party(house: House, party_id: UUID, what: str, value: bytes) -> bytes:
    """Seal something of a party's web hook."""
    return seal(house.registry_key("webhook"), value, _of_party(party_id, what))


def open_of_party(house: House, party_id: UUID, what: str, sealed: bytes) -> bytes:
    """Open what `seal_of_party` closed."""
    return unseal(house.registry_key("webhook"), bytes(sealed), _of_party(party_id, what))


def party_name(connection: Connection, said: dict[str, str]) -> str | None:
    """The name of the party that a message speaks of."""
    if "party" not in said:
        return None
    name: str | None = connection.execute(_NAME, {"id": UUID(said["party"])}).scalar_one_or_none()
    return name


def _code(house: House, row: Any) -> dict[str, Any]:
    letter = json.loads(open_own(house, row.code_of, "letter", bytes(row.letter_sealed)))
    composed = words.code_email(letter["code"], letter["language"])
    return _as_email(letter["address"], composed, letter["language"])


def _email(house: House, connection: Connection, row: Any) -> dict[str, Any]:
    contact = contacts.find(connection, row.person_id)
    if not contact.wants_email or contact.email_sealed is None or lives.is_dead(connection, row.person_id):
        return NOBODY
    said, language = open_said(house, row), contact.language
    title = words.words(row.kind, Recipient.CUSTOMER, language, said, party_name(connection, said)).title
    address = open_own(house, row.person_id, "email", bytes(contact.email_sealed))
    return _as_email(address, words.email(title, language, house.public_url), language)


def _as_email(address: str, composed: words.Email, language: str) -> dict[str, Any]:
    return {"to": address, "subject": composed.subject, "body": composed.body, "language": language}


def _webhook(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    party_id = row.test_of or row.party_id
    hook = (
        webhooks.find(connection, party_id)
        if party_id is not None
        else webhooks.of_operator(connection, row.operator)
    )
    if hook is None:
        return NOBODY
    body = json.dumps(_payload(house, row), sort_keys=True, separators=(",", ":")).encode()
    signers = signers_of(house, hook, now)
    return {
        "to": open_of_party(house, hook.party_id, "url", hook.url_sealed).decode(),
        "headers": webhooks.headers(row.delivery_id, body, now, signers),
        "body": body.decode(),
    }


def signers_of(house: House, hook: Any, now: datetime) -> list[Secret]:
    """What a party's web hooks are signed with now: its secret, and while it changes over the one before."""
    signers = [Secret(Scheme(hook.scheme), open_of_party(house, hook.party_id, "secret", hook.secret_sealed))]
    if hook.old_until is not None and now < hook.old_until:
        raw = open_of_party(house, hook.party_id, "secret", hook.old_secret_sealed)
        signers.append(Secret(Scheme(hook.old_scheme), raw))
    return signers


def _payload(house: House, row: Any) -> dict[str, Any]:
    """A number and a day at most: what happened in full the party asks the API, which knows who asks."""
    if row.test_of is not None:
        return {"type": "webhook.test", "timestamp": format_instant(row.told_at), "data": {}}
    spec, said = catalogue.kind(row.kind), open_said(house, row)
    data: dict[str, str] = {}
    if spec.about and row.about is not None:
        data[f"{spec.about}_id"] = str(row.about)
    data |= {name: said[name] for name in ("until", "clock") if name in said}
    if row.recipient == Recipient.DATA_MANAGER:
        data["recipient"] = "data_manager"
        if "party" in said:
            data["party_id"] = said["party"]
    return {"type": row.kind, "timestamp": format_instant(row.at), "data": data}


def _of_person(person_id: UUID, what: str) -> bytes:
    return f"post/v1|{what}|{person_id}".encode()


def _of_party(party_id: UUID, what: str) -> bytes:
    return f"webhook/v1|{what}|{party_id}".encode()


_NAME = text("SELECT name FROM registry.party WHERE party_id = :id")
