"""Sessions: minted here, against a signed answer, so that no other process can forge one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.door.businesses import enterprises
from databeheer.door.commands.base import Command, flag, schema, short_text
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import Kind
from databeheer.door.proofs import Asker, AskerKind, Proof, check_self
from databeheer.door.staff.asking import Doer, record_refusal, staff_name, why_no_log_in
from databeheer.door.statement import Statement
from databeheer.enterprises import in_groups
from databeheer.errors import UnauthenticatedError, UnavailableError
from databeheer.identity import jose, lives, sessions
from databeheer.identity.provider import Identity, LogIn, Provider
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import contacts
from databeheer.staff import accounts
from databeheer.values import format_instant

CALLBACK = "/aanmelden/terug"
"""Where the provider sends the browser back to, below the house's address."""


def begin(house: House, _: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the secret of one log-in, and where the browser goes with it; only an answer to that is taken, once.

    With `fresh` the provider has the visitor show anew who he is, whatever it still knows of him.
    """
    provider, now = _provider(house), house.clock.now()
    with house.engine.begin() as connection:
        secret = sessions.begin_login(connection, now, is_fresh=arguments["fresh"])
    # Outside the transaction: the provider may have to be asked where its pages are.
    begun = provider.begin(_log_in(house, secret, now, is_fresh=arguments["fresh"]), now)
    answer = {"nonce": secret, "authorize_url": begun.authorize_url}
    return answer if begun.state is None else answer | {"state": begun.state}


def finish(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check the provider's answer and mint a session; the one that the browser had before ends.

    `language` is the one that the customer of this session chose, a person or an enterprise; null where none was.

    Who acted for somebody and logs in freshly goes on acting for him: he was asked to, in the middle of that.

    The log-in is used up even where the answer is then refused: a replayed answer finds nothing. No turn and no
    transaction is held while the provider is asked.
    """
    provider, now = _provider(house), house.clock.now()
    with house.engine.begin() as connection:
        used = sessions.use_login(connection, arguments["nonce"], now)
    log_in = _log_in(house, arguments["nonce"], used.created_at, is_fresh=used.is_fresh)
    identity = provider.finish(arguments["answer"], log_in, now)
    if identity.role == "business" and identity.enterprise is not None:
        return _finish_for_enterprise(house, proof, identity, identity.enterprise)
    if identity.role == "staff":
        return _finish_for_staff(house, proof, identity)
    acts_under = None
    with house.engine.begin() as connection:
        person_id = _living(house, connection, identity, now) if identity.role == "customer" else None
        language = contacts.chosen_language(connection, person_id) if person_id is not None else None
        staff = None if person_id else subject_hash(house, identity.subject)
        if proof.kind == "session":
            acts_under = _appointment(house, connection, proof, person_id, now) if used.is_fresh else None
            sessions.end_session(connection, proof.hash, now)
        token, expires = sessions.start_session(
            connection,
            identity.role,
            person_id,
            staff,
            now,
            enterprise=identity.enterprise,
            logged_in_at=identity.logged_in_at,
            representation_id=acts_under,
            idle=house.idle,
        )
    return {
        "session": token,
        "expires_at": format_instant(expires),
        "role": identity.role,
        "name": identity.name,
        "visitor": visitor_mark(house, person_id) if person_id else None,
        "language": language,
    }


def _finish_for_enterprise(house: House, proof: Proof, identity: Identity, enterprise: str) -> dict[str, Any]:
    """Mint a session in which somebody acts for an enterprise, for the provider says now that he may; it is recorded.

    He is nobody else in it: for himself, or for another enterprise, he logs in anew.
    """
    with house.turn() as turn:
        representative = _living(house, turn.connection, identity, turn.now)
        called = identity.enterprise_name or in_groups(enterprise)
        person_id = enterprise_person(house, turn.connection, enterprise, called, turn.now)
        language = contacts.chosen_language(turn.connection, person_id)
        under = enterprises.act_for(house, turn, enterprise, person_id, representative)
        if proof.kind == "session":
            sessions.end_session(turn.connection, proof.hash, turn.now)
        token, expires = sessions.start_session(
            turn.connection,
            "customer",
            representative,
            None,
            turn.now,
            logged_in_at=identity.logged_in_at,
            representation_id=under,
            idle=house.idle,
        )
    return {
        "session": token,
        "expires_at": format_instant(expires),
        "role": "customer",
        "name": called,
        "visitor": visitor_mark(house, representative, person_id),
        "language": language,
    }


def _finish_for_staff(house: House, proof: Proof, identity: Identity) -> dict[str, Any]:
    """Mint a session of somebody of the house, who has a live account here; it is recorded, refusals too (R162, R198).

    Raises:
        NoStaffAccountError: no account, or it ended or is blocked; or this is no workstation of the house.
    """
    hashed = subject_hash(house, identity.subject)
    with house.turn() as turn:
        if proof.kind == "session":
            sessions.end_session(turn.connection, proof.hash, turn.now)
        account = accounts.live_by_subject(turn.connection, hashed)
        if account is None:
            raise accounts.NoStaffAccountError(
                "there is no account of yours here; ask who is in charge of you"
            )
        refused = why_no_log_in(turn.connection, account, proof)
        if refused is not None:
            record_refusal(turn, account.account_id, "log-in", refused)
        else:
            doer = Doer(Asker(AskerKind.STAFF), bytes(account.employee_hash), account.account_id)
            doer.record(turn, Statement("staff.logged_in", {}))
            accounts.used(turn.connection, account.account_id, turn.now)
            token, expires = sessions.start_session(
                turn.connection,
                "staff",
                None,
                hashed,
                turn.now,
                logged_in_at=identity.logged_in_at,
                idle=house.idle,
            )
    if refused is not None:
        raise accounts.NoStaffAccountError("this account does not log in here; ask who is in charge of you")
    return {
        "session": token,
        "expires_at": format_instant(expires),
        "role": "staff",
        "name": staff_name(house, account),
        "visitor": None,
        "language": None,
    }


def _living(house: House, connection: Connection, identity: Identity, now: datetime) -> UUID:
    person_id = person_of(house, connection, identity, now)
    if lives.is_dead(connection, person_id):
        raise lives.DeathReportedError("nobody logs in under this name any more: a death is on record")
    return person_id


def _appointment(
    house: House, connection: Connection, proof: Proof, person_id: UUID | None, now: datetime
) -> UUID | None:
    """Under which appointment the live session acts that a fresh log-in of the same person takes over from."""
    try:
        before = check_self(connection, proof, now, house.operator_key_hash, or_enterprise=True)
    except UnauthenticatedError:
        return None
    if before.for_enterprise:  # the provider named none this time
        return None
    is_same = before.kind is AskerKind.CUSTOMER and before.person_id == person_id
    return before.representation_id if is_same else None


def end(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """End a session; ending one that has ended changes nothing."""
    with house.engine.begin() as connection:
        sessions.end_session(connection, proof.hash, house.clock.now())
    return {}


def _provider(house: House) -> Provider:
    if house.provider is None:
        raise UnavailableError("no identity provider is set up")
    return house.provider


def _log_in(house: House, secret: str, begun_at: datetime, *, is_fresh: bool) -> LogIn:
    key = house.registry_key("log-in")

    def derived(use: str) -> str:
        return jose.encode(derive(key, "log-in", use.encode(), secret.encode(errors="surrogatepass")))

    return LogIn(secret, begun_at, is_fresh, house.public_url + CALLBACK, derived)


def person_of(house: House, connection: Connection, identity: Identity, now: datetime) -> UUID:
    """Return the person behind a provider's subject; a first log-in makes one."""
    return person_by(house, connection, subject_hash(house, identity.subject), identity.name, now)


def enterprise_person(
    house: House, connection: Connection, enterprise: str, name: str, now: datetime
) -> UUID:
    """Return an enterprise as a customer; a first log-in for it, or its registration, makes it, under this name."""
    person_id = person_by(house, connection, enterprises.found_by(house, enterprise), name, now)
    connection.execute(_IS_ENTERPRISE, {"id": person_id})
    return person_id


def person_by(house: House, connection: Connection, hashed: bytes, name: str, now: datetime) -> UUID:
    """Return who is found by a keyed hash; one of this name is made where there is none."""
    known = connection.execute(_PERSON, {"hash": hashed}).scalar_one_or_none()
    if known is None:
        person_id = uuid4()
        key = house.keys.make(Kind.PERSON, person_id)
        connection.execute(
            text(
                "INSERT INTO identity.person (person_id, subject_hash, name_sealed, created_at)"
                " VALUES (:id, :hash, :name, :now) ON CONFLICT (subject_hash) DO NOTHING"
            ),
            {"id": person_id, "hash": hashed, "name": seal_name(key, person_id, name), "now": now},
        )
        # Of two first log-ins at once one makes the person, and the other finds that one here.
        known = connection.execute(_PERSON, {"hash": hashed}).scalar_one()
    person: UUID = known
    return person


def known_person(house: House, connection: Connection, subject: str) -> UUID | None:
    """Return the person behind a provider's subject, if somebody made that person known."""
    asked = {"hash": subject_hash(house, subject)}
    person: UUID | None = connection.execute(_PERSON, asked).scalar_one_or_none()
    return person


def seal_name(key: bytes, person_id: UUID, name: str) -> bytes:
    """Seal a person's name under that person's key."""
    return seal(key, name.encode(), b"person/v1|name|" + person_id.bytes)


def open_name(house: House, person_id: UUID, sealed: bytes) -> str:
    """Open a person's name."""
    return unseal(
        house.keys.get(Kind.PERSON, person_id), sealed, b"person/v1|name|" + person_id.bytes
    ).decode()


def visitor_mark(house: House, person_id: UUID, enterprise_id: UUID | None = None) -> str:
    """A mark of one person for the browser alone: it knows him again, and tells nobody who he is.

    Who acts for an enterprise has another one there: what he began for himself, he does not finish for it.
    """
    of = (person_id.bytes,) if enterprise_id is None else (person_id.bytes, enterprise_id.bytes)
    return derive(house.registry_key("visitor"), "visitor", *of).hex()


def subject_hash(house: House, subject: str) -> bytes:
    """The keyed hash under which a provider's subject is found."""
    return derive(house.registry_key("subject"), "subject-hash", subject.encode())


_IS_ENTERPRISE = text(
    "UPDATE identity.person SET is_enterprise = true WHERE person_id = :id AND NOT is_enterprise"
)
_PERSON = text("SELECT person_id FROM identity.person WHERE subject_hash = :hash")

COMMANDS = (
    Command("login.begin", schema(fresh=flag()), begin),
    Command("login.finish", schema(answer=short_text(longest=4096), nonce=short_text()), finish),
    Command("session.end", schema(), end),
)
