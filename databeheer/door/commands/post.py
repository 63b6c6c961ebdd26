"""Commands on messages: the customer's inbox and e-mail, the postman's look at one letter, what the operator sees."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer.door.commands.base import (
    Command,
    Instant,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    require_himself,
    schema,
)
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.post import addresses
from databeheer.door.post.letters import goodbye_to_person, letter_of, open_own, party_name, seal_own
from databeheer.door.post.telling import open_said
from databeheer.door.proofs import Asker, AskerKind, Proof, check, check_postman
from databeheer.door.restore.ends import Ending
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import (
    ConflictError,
    MalformedRequestError,
    NotFoundError,
    ReconcilingError,
    UnauthenticatedError,
)
from databeheer.oversight import gaps
from databeheer.post import contacts, deliveries, figures, inbox, words
from databeheer.post.catalogue import Recipient
from databeheer.post.languages import LANGUAGES, SOURCE
from databeheer.post.words import Goodbye
from databeheer.values import format_instant

CODE_DIGITS = 8
LONGEST_ADDRESS = 254


def show_inbox(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer's messages, newest first, by pages; all of them, whatever the customer chose for e-mail.

    In the language of the page that shows them, `language`.
    `only_unread` leaves out what was read, `areas` all kinds but those that begin so.
    """
    with looking(house, proof) as (connection, asker, _now):
        person_id, language = _customer(asker), arguments["language"]
        rows, following = inbox.page(
            connection,
            person_id,
            arguments["before"],
            arguments["limit"],
            only_unread=arguments["only_unread"],
            areas=arguments["areas"],
        )
        messages = []
        for row in rows:
            said = open_said(house, row)
            spoken = words.words(row.kind, Recipient.CUSTOMER, language, said, party_name(connection, said))
            messages.append(
                {
                    "message_id": str(row.message_id),
                    "kind": row.kind,
                    "title": spoken.title,
                    "more": spoken.more,
                    "about": str(row.about) if row.about else None,
                    "index": row.index,
                    "at": format_instant(row.at),
                    "is_read": row.read_at is not None,
                }
            )
        unread = inbox.unread(connection, person_id)
    return {"messages": messages, "next": str(following) if following else None, "unread": unread}


def mark_read(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer has read a message, and all older ones; who acts in that name reads nothing away from him."""
    with house.engine.begin() as connection:
        asker = check(connection, proof, house.clock.now(), house.operator_key_hash)
        if asker.representation_id is not None and not asker.for_enterprise:
            return {"marked": 0}
        marked = inbox.mark_read(connection, _customer(asker), arguments["until"], house.clock.now())
    return {"marked": marked}


def show_contact(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """How the customer wants to be told beside the inbox; whoever acts in that name does not see the address."""
    with looking(house, proof) as (connection, asker, now):
        require_himself(asker)
        person_id = _customer(asker)
        row = contacts.find(connection, person_id)
        waits = row.asked_sealed is not None and row.code_expires_at > now
        failed = row.failed_at is not None and (row.delivered_at is None or row.failed_at > row.delivered_at)
        return {
            "sends_email": house.sends_email,
            "wants_email": row.wants_email,
            "whole_email": row.whole_email,
            "language": row.chosen_language,
            "email": _address(house, person_id, row) if row.email_sealed else None,
            "waits_for_code": open_own(house, person_id, "asked", bytes(row.asked_sealed)) if waits else None,
            "failed_at": format_instant(row.failed_at) if failed else None,
        }


def ask_code(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Send a code to an address that the customer gives; the address counts once the code came back.

    `language` is the page's: it becomes the customer's where none was chosen yet.
    """
    if not house.sends_email:
        raise ConflictError("this house sends no e-mail")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    address = arguments["email"]
    with house.engine.begin() as connection:
        person_id = _customer(_known(house, connection, proof))
        language = contacts.chosen_language(connection, person_id) or arguments["language"]
        letter = json.dumps({"address": address, "code": code, "language": language})
        asked = contacts.Asked(
            address_sealed=seal_own(house, person_id, "asked", address),
            code_hash=_code_hash(house, person_id, code),
            letter_sealed=seal_own(house, person_id, "letter", letter),
            language=language,
        )
        contacts.ask(connection, person_id, asked, contacts.new_delivery(), house.clock.now())
    return {"expires_in": int(contacts.CODE_TERM.total_seconds())}


def confirm(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take the code back: from now on messages go to that address too; recorded, and told."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        person_id = _customer(asker)
        row = contacts.find(turn.connection, person_id)
        code_hash = _code_hash(house, person_id, arguments["code"])
        by = asker.representative_id or person_id
        is_right = contacts.confirm(turn.connection, person_id, code_hash, by, turn.now)
        if is_right:
            address = open_own(house, person_id, "asked", bytes(row.asked_sealed))
            if row.email_sealed and (old := _address(house, person_id, row)) != address:
                goodbye_to_person(house, turn, person_id, old, row.language, Goodbye.REPLACED)
                turn.end(Ending.EMAIL, person_id, at=row.confirmed_at)
            contacts.take(turn.connection, person_id, seal_own(house, person_id, "email", address))
            record = addresses.record(house, turn, person_id, "contact.confirmed")
    if not is_right:  # after the turn, so that the try counts
        raise MalformedRequestError("code: this is not the code that was sent")
    return {"index": record.index}


def want_whole(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Choose whether e-mails hold the whole message: quicker, and readable by whoever sees the e-mail on its way."""
    with house.engine.begin() as connection:
        person_id = _customer(_known(house, connection, proof))
        contacts.want_whole(connection, person_id, is_on=arguments["on"])
    return {}


def remove(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Send no more e-mail and forget the address; the inbox goes on."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        person_id = _customer(asker_of(turn, house, proof, AskerKind.CUSTOMER))
        record = addresses.leave(house, turn, person_id)
        if record is None:
            raise ConflictError("no e-mail is sent to you")
    return {"index": record.index}


def speak(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Choose the language in which we write to the customer, and in which the portal speaks from the next log-in on."""
    with house.engine.begin() as connection:
        person_id = _customer(_known(house, connection, proof))
        contacts.speak(connection, person_id, arguments["language"])
    return {}


def open_letter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the postman needs to deliver one letter now; `to` is null where nobody wants it any more.

    Raises:
        ReconcilingError: where it goes may have been left since the backup; the postman comes again.
    """
    check_postman(proof, house.postman_key_hash)
    with house.engine.connect() as connection, connection.begin():
        if gaps.unreconciled_since(connection) is not None:
            raise ReconcilingError("letters wait until what a restored backup forgot is reconciled")
        row = deliveries.content(connection, arguments["delivery_id"])
        if row is None:
            raise NotFoundError("no such letter is on its way")
        return letter_of(house, connection, row, house.clock.now())


def list_told(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the data manager was told, newest first; the operator's and the inspector's."""
    with looking(house, proof) as (connection, asker, _now):
        _require_oversight(asker)
        messages = []
        for row in inbox.for_data_manager(connection, arguments["limit"]):
            said = open_said(house, row)
            name = party_name(connection, said)
            messages.append(
                {
                    "kind": row.kind,
                    "title": words.words(row.kind, Recipient.DATA_MANAGER, "en", said, name).title,
                    "party": name,
                    "about": str(row.about) if row.about else None,
                    "index": row.index,
                    "at": format_instant(row.at),
                }
            )
    return {"messages": messages}


def show_figures(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """How fast people were told in a period, by default the last thirty days."""
    with looking(house, proof) as (connection, asker, now):
        _require_oversight(asker)
        first = arguments["from"] or now - timedelta(days=30)
        rows = figures.figures(connection, first, arguments["until"] or now + timedelta(microseconds=1))
    return {
        "figures": [
            asdict(row)
            | {"oldest_waiting_at": format_instant(row.oldest_waiting_at) if row.oldest_waiting_at else None}
            for row in rows
        ]
    }


def _address(house: House, person_id: UUID, contact: Any) -> str:
    return open_own(house, person_id, "email", bytes(contact.email_sealed))


def _known(house: House, connection: Any, proof: Proof) -> Asker:
    """Who asks; of how a person is reached, only that person disposes."""
    asker = check(connection, proof, house.clock.now(), house.operator_key_hash)
    require_himself(asker)
    return asker


def _customer(asker: Asker) -> UUID:
    if asker.kind is not AskerKind.CUSTOMER:
        raise UnauthenticatedError("log in as a customer")
    person_id: UUID = found(asker.person_id, "person")
    return person_id


def _require_oversight(asker: Asker) -> None:
    if asker.kind not in (AskerKind.INSPECTOR, AskerKind.OPERATOR):
        raise UnauthenticatedError("log in as an inspector")


def _code_hash(house: House, person_id: UUID, code: str) -> bytes:
    return derive(house.registry_key("email-code"), "code", person_id.bytes, code.encode())


_EMAIL = fields.String(
    required=True,
    validate=[
        validate.Length(3, LONGEST_ADDRESS),
        validate.Regexp(r"[!-~]+\Z", error="visible ASCII characters"),
        validate.Email(),
    ],
)
_CODE = fields.String(
    required=True,
    validate=validate.Regexp(rf"[0-9]{{{CODE_DIGITS}}}\Z", error=f"a code of {CODE_DIGITS} digits"),
)

COMMANDS = (
    Command(
        "inbox.show",
        schema(
            before=identifier(required=False),
            limit=fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 200)),
            only_unread=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
            areas=fields.List(
                fields.String(validate=validate.Length(1, 40)),
                load_default=None,
                validate=validate.Length(1, 40),
            ),
            language=fields.String(load_default=SOURCE, validate=validate.OneOf(LANGUAGES)),
        ),
        show_inbox,
    ),
    Command("inbox.read", schema(until=identifier()), mark_read),
    Command("contact.show", schema(), show_contact),
    Command("contact.ask", schema(email=_EMAIL, language=one_of(*LANGUAGES)), ask_code),
    Command("contact.confirm", schema(code=_CODE), confirm),
    Command(
        "contact.whole",
        schema(on=fields.Boolean(required=True, truthy={True}, falsy={False})),
        want_whole,
    ),
    Command("contact.remove", schema(), remove),
    Command("contact.speak", schema(language=one_of(*LANGUAGES)), speak),
    Command("post.open", schema(delivery_id=identifier()), open_letter),
    Command(
        "post.told",
        schema(limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500))),
        list_told,
    ),
    Command(
        "post.figures",
        schema(**{"from": Instant(load_default=None), "until": Instant(load_default=None)}),
        show_figures,
    ),
)
