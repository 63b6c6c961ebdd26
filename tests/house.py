"""A whole house for tests: real PostgreSQL, real key store, the real door on its socket, and people.

`maria` and `lotte` are grid users, `bram` an energy service, `joris` an outsider: a party without any
relation to the access points here. `erik` supplies Maria by law, `net` is the grid operator, `ines` inspects.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.jwk import OKPKey
from nacl.signing import SigningKey as Ed25519Key
from sqlalchemy import Engine

from databeheer.access import catalogue
from databeheer.brussels import day_of, midnight
from databeheer.clock import SettableClock, SystemClock
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.commands.conditions import take_dpia
from databeheer.door.house import House, make_keys
from databeheer.door.keys.store import KeyStore
from databeheer.door.post import notifying
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.identity.provider import IdentityProvider
from databeheer.joins import lists, signature
from databeheer.metering.exports import read_export
from databeheer.metering.intake import IntakeReport, take_in
from databeheer.staff import roles
from databeheer.storage.engine import make_engine
from databeheer.values import Role, format_instant
from ledger.note import SigningKey
from tests.databases import Database, quick_folder

ORIGIN = "ledger.example/test"
ISSUER = "https://identity.example"
AUDIENCE = "databeheer"
NO_PROVIDER_URL = "http://127.0.0.1:1/authorize"
"""Where nobody answers: most people of the tests log in without a browser."""
PUBLIC_URL = "http://127.0.0.1:8000"
REGULATOR = SigningKey("regulator.example/test", secrets.token_bytes(32))
"""Of all houses of a run: no door has its key, and the list that it signs for each of them is the same."""
POSTMAN_KEY = "the postman of the tests"
KEYS = "keys"
"""Where in its folder a house has its key store."""


class Brief:
    """What a failing example of Hypothesis tells by its `repr`, and not by all that is in it."""

    def _repr_pretty_(self, printer: Any, _in_itself: bool) -> None:
        printer.text(repr(self))


@dataclass
class Customer(Brief):
    """A grid user with a live session."""

    house: TheHouse = field(repr=False)
    subject: str
    name: str
    person_id: UUID
    session: str = field(repr=False)

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.house.client.call(command, Proof.session(self.session), **arguments)

    def occupancy(self, number: int = 0) -> str:
        """The id of one of the occupancies, current ones first."""
        return str(self.call("me")["occupancies"][number]["occupancy_id"])

    def grant(self, asked: dict[str, Any], occupancy_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """Grant a request by its link; who logged in too long ago for that does so again."""
        wish = {
            "permission_id": asked["permission_id"],
            "link_code": asked["link_code"],
            "occupancy_id": occupancy_id or self.occupancy(),
            "notice": "What Lotte read",
            "language": "nl",
        } | changes
        try:
            return self.call("permission.grant", **wish)
        except DoorRefusedError as refusal:
            if refusal.code != "fresh-login-needed":
                raise
            self.session = self.house.log_in(self.subject, self.name)
            return self.call("permission.grant", **wish)

    def permission(self, permission_id: str) -> dict[str, Any]:
        """One permission as this person sees it, with its history."""
        found: dict[str, Any] = self.call("permission.show", permission_id=permission_id)["permission"]
        return found

    def withdraw(self, permission_id: str) -> dict[str, Any]:
        return self.call("permission.withdraw", permission_id=permission_id)

    def statements(self, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("statements.list", **arguments)["statements"]
        return found


@dataclass
class Party(Brief):
    """A market party with a client and a live access token for the own API."""

    house: TheHouse = field(repr=False)
    party_id: str
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    subscription_key: str | None = field(repr=False)
    token: str = field(repr=False)

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.house.client.call(command, Proof.token(self.token), **arguments)

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Ask for a permission: quarter-hours of all of 2023 until withdrawn, unless changed."""
        wish: dict[str, Any] = {
            "purpose": "energy_advice",
            "category": "readings",
            "granularity": "quarter_hour",
            "directions": ["offtake", "injection"],
            "data_from": "2022-12-31T23:00:00Z",
            "data_until": None,
            "valid_until": None,
        }
        return self.call("permission.request", **(wish | changes))

    def read(self, permission_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """Read the quarter-hours of 29 October 2023, unless changed."""
        wish: dict[str, Any] = {
            "from": "2023-10-28T22:00:00Z",
            "until": "2023-10-29T23:00:00Z",
            "granularity": "quarter_hour",
        }
        if permission_id is not None:
            wish["permission_id"] = permission_id
        return self.call("readings.read", **(wish | changes))

    def permission(self, permission_id: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.call("permission.list")["permissions"]
        return next(one for one in found if one["permission_id"] == permission_id)


@dataclass
class Colleague(Brief):
    """Somebody of the data manager's own people; `employee` is the number that HR has for the person."""

    house: TheHouse = field(repr=False)
    subject: str
    account_id: str
    employee: str
    session: str = field(default="", repr=False)

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.house.client.call(command, Proof.session(self.session), **arguments)

    def log_in(self) -> None:
        """Log in, anew where a session lives."""
        self.session = self.house.log_in(self.subject, self.subject.capitalize(), "staff")

    def asked(self, role: str, *, writes: bool = False, by: str = "E-1", **changes: Any) -> str:
        """Somebody asks for a role for this one; returns its id."""
        longest = roles.load().by_code[role].longest
        until = format_instant(self.house.clock.now() + longest) if longest else None
        wish = {
            "account_id": self.account_id,
            "role": role,
            "writes": writes,
            "until": until,
            "reason": "work",
        }
        return str(self.house.operator("staff.role.ask", by=by, **(wish | changes))["grant_id"])

    def is_given(self, role: str, *, writes: bool = False) -> str:
        """Two others give this one a role; returns its id."""
        grant_id = self.asked(role, writes=writes)
        self.house.operator("staff.role.approve", by="E-2", grant_id=grant_id)
        return grant_id


@dataclass(repr=False)
class TheHouse(Brief):
    """The running house of one test."""

    database: Database
    folder: Path
    means: Means
    clock: SettableClock
    house: House
    service: DoorService
    server: DoorServer
    client: DoorClient
    operator_key: str
    intake_key: str
    provider_key: Ed25519Key
    socket: Path
    regulator: SigningKey
    join_files: signature.JoinListFiles
    clerk_key: str = ""
    people: list[Customer] = field(default_factory=list)
    set_up: dict[object, Any] = field(default_factory=dict)
    """What fixtures gave that ran before this house was copied (`tests/copies.py`)."""
    _engines: list[Engine] = field(default_factory=list)
    _intake_engine: Engine | None = None

    def operator(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command as the operator at the command line."""
        answer = self.client.call(command, Proof.operator(self.operator_key), **arguments)
        if command in ("registry.occupancy.end", "registry.concerned.end"):
            for person in self.people:  # who moves out is logged out, and comes back for what was his
                person.session = self.log_in(person.subject, person.name)
        return answer

    def intake(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command as intake."""
        return self.client.call(command, Proof.intake(self.intake_key), **arguments)

    def engine(self, role: str) -> Engine:
        """A database login of a process role (or `superuser`)."""
        engine = make_engine(self.database.url(role), pool_size=2)
        self._engines.append(engine)
        return engine

    def signed_answer(self, subject: str, name: str, nonce: str, /, **changes: Any) -> str:
        """What the identity provider answers for a log-in."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "name": name,
            "role": "customer",
            "nonce": nonce,
            "iat": now,
            "exp": now + 120,
        }
        seed = urlsafe_b64encode(bytes(self.provider_key)).decode().rstrip("=")
        public = urlsafe_b64encode(bytes(self.provider_key.verify_key)).decode().rstrip("=")
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": seed, "x": public})
        payload = json.dumps(claims | changes).encode()
        return jws.serialize_compact({"alg": "Ed25519", "typ": "JWT"}, payload, key, algorithms=["Ed25519"])

    def log_in(self, subject: str, name: str, role: str = "customer", **claims: Any) -> str:
        """Log in as the provider's subject; returns the session token."""
        nonce = self.client.call("login.begin")["nonce"]
        answer = self.signed_answer(subject, name, nonce, role=role, **claims)
        return str(self.client.call("login.finish", answer=answer, nonce=nonce)["session"])

    def business(self, enterprise: str, name: str, subject: str, representative: str) -> Customer:
        """An enterprise that is a customer, with a live session of somebody who acts for it."""
        added = self.operator("registry.enterprise.add", enterprise=enterprise, name=name)
        session = self.log_in(
            subject, representative, "business", enterprise=enterprise, enterprise_name=name
        )
        return Customer(self, subject, representative, UUID(added["person_id"]), session)

    def customer(self, subject: str, name: str) -> Customer:
        person = self.operator("registry.person.add", subject=subject, name=name)
        person_id = UUID(person["person_id"])
        self.people.append(Customer(self, subject, name, person_id, self.log_in(subject, name)))
        return self.people[-1]

    def party(
        self,
        name: str,
        role: str,
        *,
        contract: bool = True,
        papers: bool = True,
        operator: int | None = None,
    ) -> Party:
        added = self.operator(
            "registry.party.add", name=name, role=role, about=f"{name} in a test", operator=operator
        )
        party_id = added["party_id"]
        if contract:
            self.operator(
                "registry.contract.add",
                party_id=party_id,
                number=secrets.token_hex(6),
                valid_from=format_instant(self.clock.now() - timedelta(days=3650)),
            )
        if papers:
            self.put_in_order(party_id)
        self.name_contact(party_id)
        if operator is not None:
            self.tell_customers(party_id, role)
        client = self.operator("registry.client.add", party_id=party_id, profiles=["own", "facade"])
        return Party(
            self,
            party_id,
            name,
            client["client_id"],
            client["client_secret"],
            client["subscription_key"],
            self.token(client["client_id"], client["client_secret"]),
        )

    def tell_customers(self, party_id: str, role: str) -> None:
        """Tell who lived here before a grid operator or data manager began, by letter; newcomers the house tells."""
        self.operator(
            "registry.notice.give",
            party_id=party_id,
            purposes=notifying.purposes_by_law(self.house.catalogue, Role(role)),
            channel="letter",
            text_sha256="22" * 32,
        )

    def put_in_order(self, party_id: str) -> None:
        """File a DPIA of today for a party, and find its overview of processing published."""
        today, reference = day_of(self.clock.now()), secrets.token_hex(6)
        with (
            self.house.turn() as turn
        ):  # as the register does once two agreed, for who is not about registers
            take_dpia(self.house, turn, UUID(party_id), reference, today)
        url = "https://party.example/privacy"
        self.operator("registry.overview.check", party_id=party_id, url=url, reachable=True)

    def name_contact(self, party_id: str) -> None:
        """Say whom others reach at a party about doubt about a mandate."""
        reach = {"name": "Contact Person", "email": "doubt@party.example", "phone": "+32 9 000 00 00"}
        self.operator("doubt.contact.set", party_id=party_id, **reach)

    def token(self, client_id: str, secret: str, profile: str = "own") -> str:
        answer = self.client.call("token.mint", client_id=client_id, client_secret=secret, profile=profile)
        return str(answer["access_token"])

    def inspector(self) -> str:
        """The session token of an inspector."""
        return self.log_in("ines", "Ines", role="inspector")

    def colleague(self, subject: str, *codes: str, writes: bool = True, **changes: Any) -> Colleague:
        """Somebody who works here with these roles, given by two others, and with a live session."""
        today = day_of(self.clock.now())
        values = {
            "by": "E-1",
            "employee": f"E-{subject.replace('_', '-')}",
            "subject": subject,
            "name": subject.capitalize(),
            "team": "loket",
            "clause_signed_on": (today - timedelta(days=30)).isoformat(),
            "trained_until": (today + timedelta(days=365)).isoformat(),
        }
        account_id = self.operator("staff.account.add", **(values | changes))["account_id"]
        one = Colleague(self, subject, account_id, str((values | changes)["employee"]))
        for role in codes:
            one.is_given(role)
            if writes:
                one.is_given(role, writes=True)
        one.log_in()
        return one

    def point(
        self,
        ean: str,
        person: Customer | None = None,
        *,
        since: date = date(2022, 1, 1),
        commodity: str = "electricity",
        address: str = "Kerkstraat 1, 9000 Gent",
        interval_reading: bool = True,
    ) -> str | None:
        """Register an access point, and let a person live there; returns the occupancy."""
        self.operator("registry.access_point.register", ean=ean, commodity=commodity, address=address)
        if person is None:
            return None
        begun = self.operator(
            "registry.occupancy.begin",
            ean=ean,
            person_id=str(person.person_id),
            from_day=since.isoformat(),
            interval_reading=interval_reading,
        )
        return str(begun["occupancy_id"])

    def ingest(self, source: Path | bytes, *, register: bool = False) -> IntakeReport:
        """Take an export in through the real intake."""
        if self._intake_engine is None:
            self._intake_engine = self.engine("intake")
        export = read_export(source)
        return take_in(export, self.client, self.intake_key, self._intake_engine, register=register)

    def sign_joins(self, content: bytes) -> None:
        """Put a list of lawful joins before the door, signed by the regulator."""
        self.join_files.content.write_bytes(content)
        self.join_files.note.write_bytes(_signed(content))

    def close(self) -> None:
        self.client.close()
        self.server.close()
        self.house.engine.dispose()
        for engine in self._engines:
            engine.dispose()


@cache
def _signed(joins: bytes) -> bytes:
    return signature.sign(joins, REGULATOR)


def open_house_now(database: Database) -> AbstractContextManager[TheHouse]:
    """A house at the machine's hour: beside it run processes that have no other."""
    return open_house(database, now=SystemClock().now())


def this_morning() -> datetime:
    """Twenty past eleven of today in Brussels: no test may end otherwise for being run near midnight."""
    return midnight(day_of(SystemClock().now())) + timedelta(hours=11, minutes=20)


@dataclass(frozen=True)
class Means:
    """What makes a house the same one wherever it is opened: its hour, the name of its log, and its secrets."""

    now: datetime
    origin: str = ORIGIN
    provider_url: str = NO_PROVIDER_URL
    provider_key: Ed25519Key = field(default_factory=Ed25519Key.generate, repr=False)
    promise_seed: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)
    operator_key: str = field(default_factory=partial(secrets.token_urlsafe, 32), repr=False)
    intake_key: str = field(default_factory=partial(secrets.token_urlsafe, 32), repr=False)
    clerk_key: str = field(default_factory=partial(secrets.token_urlsafe, 32), repr=False)


@contextmanager
def open_house(
    database: Database,
    *,
    now: datetime | None = None,
    origin: str = ORIGIN,
    provider_url: str = NO_PROVIDER_URL,
) -> Iterator[TheHouse]:
    """Set a house up on a migrated database and tear it down again; `origin` is the name of its log.

    It begins at `now`, or this morning; who logs in with a browser is sent to `provider_url`.
    """
    with a_folder() as folder:
        keys = make_keys(folder / KEYS)
        with opened(database, folder, keys, Means(now or this_morning(), origin, provider_url)) as the_house:
            the_house.sign_joins(lists.SHIPPED.read_bytes())
            the_house.operator("registry.operator.add", operator=1, code="net-test", name="Netbeheerder Test")
            yield the_house


OCMW_CHANNEL = "geheim-loket-7431@net.example, 09 999 74 31"
"""How an OCMW reaches this house: no page and no answer but one may hold it (R96)."""


@contextmanager
def a_folder() -> Iterator[Path]:
    """A place for the files of a house, gone with it."""
    with tempfile.TemporaryDirectory(prefix="db-house-", dir=quick_folder()) as name:
        yield Path(name)


@contextmanager
def opened(database: Database, folder: Path, keys: KeyStore, means: Means) -> Iterator[TheHouse]:
    """Run the door of a house over its database, its folder and its keys."""
    clock = SettableClock(means.now)
    join_files = signature.JoinListFiles(folder / "joins.toml", folder / "joins.note", REGULATOR.verifier)
    house = House(
        engine=make_engine(database.url("door"), pool_size=8),
        keys=keys,
        clock=clock,
        catalogue=catalogue.load(),
        origin=means.origin,
        promise_key=SigningKey("door.example/test", means.promise_seed),
        operator_key_hash=sha256(means.operator_key.encode()).digest(),
        intake_key_hash=sha256(means.intake_key.encode()).digest(),
        clerk_key_hash=sha256(means.clerk_key.encode()).digest(),
        provider=IdentityProvider(ISSUER, AUDIENCE, bytes(means.provider_key.verify_key), means.provider_url),
        public_url=PUBLIC_URL,
        joins=join_files,
        postman_key_hash=sha256(POSTMAN_KEY.encode()).digest(),
        sends_sms=True,
        ocmw_channel=OCMW_CHANNEL,
        loopback_webhooks=True,
    )
    service = DoorService(house)
    socket = folder / "door.sock"
    server = DoorServer(socket, service, poll_seconds=0.01)
    server.start()
    the_house = TheHouse(
        database,
        folder,
        means,
        clock,
        house,
        service,
        server,
        DoorClient(socket),
        means.operator_key,
        means.intake_key,
        means.provider_key,
        socket,
        REGULATOR,
        join_files,
        means.clerk_key,
    )
    try:
        yield the_house
    finally:
        the_house.close()
