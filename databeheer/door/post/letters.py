"""What leaves with the postman: opened one by one, for a delivery that is on its way, and for nobody else."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.post.telling import open_said
from databeheer.door.turn import Turn
from databeheer.ean_codes import words as ean_words
from databeheer.identity import lives, representations
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import catalogue, contacts, sealed_letters, webhooks, words
from databeheer.post.catalogue import Recipient
from databeheer.post.deliveries import Channel
from databeheer.post.sealed_letters import What
from databeheer.post.webhooks import Scheme, Secret
from databeheer.post.words import Goodbye
from databeheer.values import format_instant

WEBHOOK_CHANGED, WEBHOOK_TEST = "webhook.changed", "webhook.test"
NOBODY = {"to": None}
"""Nobody wants it any more: the postman drops it."""


def letter_of(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    """Return what the postman needs for one attempt: an e-mail's address and words, or a signed web hook."""
    if row.what is not None:
        return _sealed(house, row, now)
    if row.channel == Channel.WEBHOOK:
        return _webhook(house, connection, row, now)
    if row.recipient == Recipient.DATA_MANAGER:
        return _to_data_manager(house, connection, row)
    return _email(house, connection, row, now)


def goodbye_to_person(
    house: House, turn: Turn, person_id: UUID, address: str, language: str, why: Goodbye
) -> None:
    """Tell an address that a person left that it was left: whoever has it may not have done so."""
    letter = json.dumps({"address": address, "language": language, "why": why})
    sealed = seal_own(house, person_id, "letter", letter)
    sealed_letters.to_person(turn.connection, uuid4(), What.GOODBYE, person_id, sealed, turn.now)


def goodbye_to_party(house: House, turn: Turn, hook: Any) -> None:
    """Tell the address of a party's web hook, which it is about to leave, so; signed as it was till now."""
    secrets = [[one.scheme, b64encode(one.raw).decode()] for one in signers_of(house, hook, turn.now)]
    url = open_of_party(house, hook.party_id, "url", hook.url_sealed).decode()
    sealed = seal_of_party(
        house, hook.party_id, "letter", json.dumps({"url": url, "secrets": secrets}).encode()
    )
    sealed_letters.to_party(turn.connection, uuid4(), What.GOODBYE, hook.party_id, sealed, turn.now)


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


def _sealed(house: House, row: Any, now: datetime) -> dict[str, Any]:
    if row.to_party_id is not None:
        plain = open_of_party(house, row.to_party_id, "letter", row.letter_sealed)
        letter = json.loads(plain)
        signers = [Secret(Scheme(scheme), b64decode(raw)) for scheme, raw in letter["secrets"]]
        return _signed(row, letter["url"], {"type": WEBHOOK_CHANGED}, row.told_at, signers, now)
    letter = json.loads(open_own(house, row.to_person_id, "letter", bytes(row.letter_sealed)))
    language = letter["language"]
    if row.what == What.EAN_SMS:
        return {"to": letter["to"], "body": ean_words.sms(letter["ean"], letter["commodity"], language)}
    if row.what == What.CODE:
        composed = words.code_email(letter["code"], language)
    else:
        composed = words.goodbye_email(Goodbye(letter["why"]), language, house.public_url)
    return _as_email(letter["address"], composed, language)


def _email(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    to: UUID = row.to_person_id
    contact = contacts.find(connection, to)
    if not contact.wants_email or contact.email_sealed is None:
        return NOBODY
    if any(lives.is_dead(connection, person_id) for person_id in {to, row.person_id}):
        return NOBODY
    is_own = to == row.person_id
    if not is_own and not _acts_for(connection, to, row.person_id, now):
        return NOBODY
    said, language = open_said(house, row), contact.language
    told = words.words(row.kind, Recipient.CUSTOMER, language, said, party_name(connection, said))
    address = open_own(house, to, "email", bytes(contact.email_sealed))
    if is_own:
        more = told.more if contact.whole_email else ""
        return _as_email(address, words.email(told.title, language, house.public_url, more), language)
    return _as_email(address, words.representatives_email(told.title, language, house.public_url), language)


def _acts_for(connection: Connection, person_id: UUID, represented_id: UUID, now: datetime) -> bool:
    standing = representations.of_represented(connection, represented_id, now)
    return person_id in {one.representative_id for one in standing}


def _to_data_manager(house: House, connection: Connection, row: Any) -> dict[str, Any]:
    if not house.data_manager_email:
        return NOBODY
    said = open_said(house, row)
    title = words.words(row.kind, Recipient.DATA_MANAGER, "en", said, party_name(connection, said)).title
    name = party_name(connection, said)
    return _as_email(house.data_manager_email, words.data_manager_email(title, name), "en")


def _as_email(address: str, composed: words.Email, language: str) -> dict[str, Any]:
    return {"to": address, "subject": composed.subject, "body": composed.body, "language": language}


def _webhook(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    hook = webhooks.find(connection, row.to_party_id)
    if hook is None:
        return NOBODY
    url = open_of_party(house, hook.party_id, "url", hook.url_sealed).decode()
    signers = signers_of(house, hook, now)
    if row.message_id is None:
        return _signed(row, url, {"type": WEBHOOK_TEST}, row.told_at, signers, now)
    return _signed(row, url, {"type": row.kind, "data": _data(house, row)}, row.at, signers, now)


def _signed(
    row: Any, url: str, says: dict[str, Any], at: datetime, signers: list[Secret], now: datetime
) -> dict[str, Any]:
    payload = {"data": {}, "timestamp": format_instant(at)} | says
    body = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    return {
        "to": url,
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


def _data(house: House, row: Any) -> dict[str, Any]:
    """Numbers and days at most: what happened in full the party asks the API, which knows who asks."""
    spec, said = catalogue.kind(row.kind), open_said(house, row)
    data: dict[str, Any] = {}
    if spec.about and row.about is not None:
        data[f"{spec.about}_id"] = str(row.about)
    data |= {name: said[name] for name in ("until", "clock") if name in said}
    if "days" in said:
        data["permissions"] = json.loads(said["days"])
    if row.recipient == Recipient.DATA_MANAGER:
        data["recipient"] = "data_manager"
        if "party" in said:
            data["party_id"] = said["party"]
    return data


def _of_person(person_id: UUID, what: str) -> bytes:
    return f"post/v1|{what}|{person_id}".encode()


def _of_party(party_id: UUID, what: str) -> bytes:
    return f"webhook/v1|{what}|{party_id}".encode()


_NAME = text("SELECT name FROM registry.party WHERE party_id = :id")
