"""How a command is declared: its name, the shape of its arguments, who may give it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import Connection

from databeheer.access.facts import Capacity
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.proofs import Asker, AskerKind, Proof, check, check_clerk
from databeheer.door.turn import Turn
from databeheer.ean_codes.in_words import holds_ean
from databeheer.errors import MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.identity import representations, sessions
from databeheer.identity.representations import NotForRepresentativesError
from databeheer.joins.necessity import as_one_person, in_latin
from databeheer.registry import occupancies
from databeheer.values import EAN, parse_day, parse_instant

# Control characters, and whatever else ends a line.
# What turns the direction of writing is left out too: with it a text reads otherwise than it is.
ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
LINES = r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"
"""The same, with line feeds."""

Handler = Callable[[House, Proof, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One entry of the door's table."""

    name: str
    schema: Schema
    handler: Handler


class Instant(fields.Field[datetime]):
    """An RFC 3339 time with its offset, as aware UTC."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        try:
            return parse_instant(value)
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


class Day(fields.Field[date]):
    """An ISO day."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        try:
            return parse_day(value)
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


class EANCode(fields.Field[EAN]):
    """An EAN-18 with a right check digit."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> EAN:
        if not isinstance(value, str):
            raise ValidationError("an EAN code is a text of 18 digits")
        try:
            return EAN(value)
        except MalformedRequestError as error:
            raise ValidationError(str(error)) from error


@contextmanager
def placed(member: str, place: int) -> Iterator[None]:
    """Say at which place of a list, from 0 on, something is wrong.

    It tells its sender no more than sending each alone would.
    """
    try:
        yield
    except (MalformedRequestError, NotFoundError) as error:
        raise type(error)(f"{member}: {place}: {error}") from error


def short_text(*, required: bool = True, longest: int = 200, missing: Any = None) -> fields.String:
    """A text of at most `longest` characters on one line, without control characters.

    One line, so that what somebody calls himself makes no line of a text that another signs, and no e-mail's head.
    """
    return _text(ONE_LINE, required=required, longest=longest, missing=missing)


def long_text(*, required: bool = True, longest: int, missing: Any = None) -> fields.String:
    """A text of at most `longest` characters that may have lines of its own: nothing signed is made of it."""
    return _text(LINES, required=required, longest=longest, missing=missing)


def without_ean(field: fields.String) -> fields.String:
    """A text that somebody of the house or the regulator writes down, in which no EAN code stands: a case is named."""
    field.validators.append(_no_ean)
    return field


def _no_ean(words: str) -> None:
    if holds_ean(words):
        raise ValidationError("no EAN code in words: name a case, or use the field that is for it")


def person_name(*, longest: int = 200) -> fields.String:
    """The name of who answers for something with four eyes, in Latin letters: by it he is told from a second person."""
    return fields.String(required=True, validate=[*short_text(longest=longest).validators, _is_latin])


def _is_latin(name: str) -> None:
    if not in_latin(name):
        raise ValidationError("a name in Latin letters; letters of another script look like them and differ")


SHA256 = validate.Regexp(r"[0-9a-f]{64}\Z", error="a SHA-256: 64 hexadecimal digits in lower case")
_NO_CONTROL = "a text without control characters; where it is a name or a title, on one line"


def _text(pattern: str, *, required: bool, longest: int, missing: Any) -> fields.String:
    checks = [
        validate.Length(min=1 if required else 0, max=longest),
        validate.Regexp(pattern, error=_NO_CONTROL),
    ]
    if required:
        return fields.String(required=True, validate=checks)
    return fields.String(load_default=missing, allow_none=missing is None, validate=checks)


def flag() -> fields.Boolean:
    """True or false, false where it is not given."""
    return fields.Boolean(load_default=False, truthy={True}, falsy={False})


def identifier(*, required: bool = True) -> fields.UUID:
    """A UUID."""
    return fields.UUID(required=True) if required else fields.UUID(load_default=None, allow_none=True)


def one_of(*choices: str, required: bool = True, missing: str | None = None) -> fields.String:
    """A text from a closed list."""
    check = validate.OneOf(choices)
    if required:
        return fields.String(required=True, validate=check)
    return fields.String(load_default=missing, allow_none=True, validate=check)


def schema(**members: Any) -> Schema:
    """A strict schema: unknown members are refused."""
    return Schema.from_dict(members)(unknown=RAISE)


def parse(command: Command, arguments: object) -> dict[str, Any]:
    """Read a command's arguments into domain values.

    Raises:
        MalformedRequestError: names the members that are wrong.
    """
    return load(command.schema, arguments, "arguments")


def load(one: Schema, given: object, what: str) -> dict[str, Any]:
    """Read a JSON object into domain values.

    Raises:
        MalformedRequestError: names the members that are wrong.
    """
    if not isinstance(given, dict):
        raise MalformedRequestError(f"{what} are a JSON object")
    try:
        return dict(one.load(given))
    except ValidationError as error:
        raise MalformedRequestError(_in_words(error.messages)) from error


def _in_words(messages: Any) -> str:
    if isinstance(messages, dict):
        return "; ".join(f"{name}: {_in_words(value)}" for name, value in sorted(messages.items(), key=str))
    if isinstance(messages, list):
        return ", ".join(_in_words(message) for message in messages)
    return str(messages)


def asker_of(
    turn: Turn,
    house: House,
    proof: Proof,
    *kinds: AskerKind,
    or_representative: bool = False,
    or_attorney: bool = False,
    or_suspended: bool = False,
    freshly: bool = False,
) -> Asker:
    """Return who asks, checked in this turn, if it is one of `kinds`.

    `or_representative`: a command that somebody may give in the name of whom he represents. Then every entry of this
    turn says so, in the half of that person alone, with the appointment and the judgment's reference; or an entry of
    the house, where the person has no half.
    `or_attorney`: one that a customer's power of attorney reaches too, where it lets him decide; the command itself
    keeps to the stays of `Asker.power`.
    `or_suspended`: a command that a suspended party may give, for it gives it nothing.
    `freshly`: a command that gives others access; of a customer the log-in must be recent (`House.fresh_log_in`).
    """
    asker = check(
        turn.connection,
        proof,
        turn.now,
        house.operator_key_hash,
        or_suspended=or_suspended,
        or_party_people=AskerKind.PARTY_PERSON in kinds,
        or_staff=AskerKind.STAFF in kinds,
        or_attorney=or_attorney,
    )
    if asker.kind not in kinds:
        raise UnauthenticatedError("this proof does not give this command")
    if asker.power is not None and not asker.power.decides:
        raise NotForRepresentativesError("this power of attorney lets you look, and not decide")
    if freshly:
        sessions.require_fresh(asker.logged_in_at, turn.now, house.fresh_log_in)
    if not or_representative:
        require_himself(asker)
    if asker.representation_id is not None and asker.person_id is not None:
        turn.speak_for(
            occupancies.of_person(turn.connection, asker.person_id),
            in_whose_name(turn, house, asker.representation_id),
        )
    return asker


def who_gives(turn: Turn, house: House, proof: Proof) -> Asker:
    """Return the customer who gives access to his data, or who may in his name; logged in a moment ago."""
    return asker_of(
        turn, house, proof, AskerKind.CUSTOMER, or_representative=True, or_attorney=True, freshly=True
    )


def clerk_or_operator(turn: Turn, house: House, proof: Proof) -> Asker:
    """Return who asks to write down what time did: the clerk, or the operator in its place."""
    if proof.kind == "clerk":
        return check_clerk(proof, house.clerk_key_hash)
    return asker_of(turn, house, proof, AskerKind.OPERATOR)


def require_himself(asker: Asker) -> None:
    """Raise NotForRepresentativesError where somebody asks in the name of another, who could ask himself."""
    if asker.representation_id is not None and not asker.for_enterprise:
        raise NotForRepresentativesError("only the person himself can do this")


def in_whose_name(turn: Turn, house: House, representation_id: UUID) -> dict[str, Any]:
    """Return what an entry says of an appointment under which somebody acts: which, and the judgment's reference."""
    appointment = representations.by_id(turn.connection, representation_id)
    reference = open_text(house, "judgment", appointment.representation_id, appointment.reference_sealed)
    return {
        "capacity": Capacity.REPRESENTATIVE.value,
        "representation": str(appointment.representation_id),
        "reference": reference,
    }


def same_name(one: str, other: str) -> bool:
    """Whether two names are of one person: four eyes go by the names that are given under the operator's key."""
    return as_one_person(one) == as_one_person(other)


@contextmanager
def looking(
    house: House,
    proof: Proof,
    *,
    or_suspended: bool = False,
    or_applicant: bool = False,
    or_party_people: bool = False,
    or_attorney: bool = False,
    or_staff: bool = False,
    by_key: bool = False,
) -> Iterator[tuple[Connection, Asker, datetime]]:
    """Open a transaction for looking only: the connection, who asks, and the time. Nothing is recorded.

    For what is the asker's own and no reading: own permissions, own access points, own statements. `or_suspended`: a
    suspended party's too. `or_applicant`: also of a party that is not onboarded yet. `or_party_people`: also for who
    acts for a party at its pages. `or_attorney`: also by a customer's power of attorney; the command keeps
    to its stays. `or_staff`: also for the house's own people, whose roles the command then asks for. `by_key`: each
    of its queries finds what it needs by a key, and is a transaction of its own (`looking_engine`).
    """
    now = house.clock.now()
    engine = house.lookers if by_key else house.engine
    with engine.connect() as connection, connection.begin():
        asker = check(
            connection,
            proof,
            now,
            house.operator_key_hash,
            or_suspended=or_suspended,
            or_applicant=or_applicant,
            or_party_people=or_party_people,
            or_attorney=or_attorney,
            or_staff=or_staff,
        )
        yield connection, asker, now


def found(row: Any, what: str) -> Any:
    """Return `row`; raise NotFoundError where there is none. Says nothing of what may exist for others."""
    if row is None:
        raise NotFoundError(f"there is no such {what}")
    return row


def uuid_text(value: UUID | None) -> str | None:
    return str(value) if value else None
