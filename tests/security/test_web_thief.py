"""Who breaks into the web has its environment, its database login and the door's socket: what that is worth.

Nothing but what live sessions and tokens are permitted, each time with a record (design.md, The one idea).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.service import DoorService
from tests.commands import OPEN_TO_ALL, every_command
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.door.conftest import export
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house
from web.settings import WebSettings

TABLES = (
    "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    """A house in use: Lotte's readings, Maria, Bram with a permission."""
    with databases.clone() as database, open_house(database) as house:
        yield house


class Loot:
    """What lies in the web's process: its settings, and nothing else."""

    def __init__(self, house: TheHouse) -> None:
        self.environment = {
            "DATABEHEER_WEB_DATABASE_URL": house.database.url("web"),
            "DATABEHEER_DOOR_SOCKET": str(house.socket),
            "DATABEHEER_LEDGER_DIRECTORY": str(house.folder / "ledger"),
            "DATABEHEER_WEB_SECRET_KEY": secrets.token_urlsafe(48),
            "DATABEHEER_BASE_URL": "http://127.0.0.1:8000",
            "DATABEHEER_CONTACT": "privacy@house.example",
        }
        self.settings = WebSettings.from_environment(self.environment)
        self.door = DoorClient(self.settings.door_socket)

    def database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.settings.database_url)


@pytest.fixture(scope="module")
def people(house: TheHouse) -> tuple[Customer, Customer, Party, str]:
    lotte, maria = house.customer("lotte", "Lotte Janssens"), house.customer("maria", "Maria Peeters")
    house.point(LOTTES_EAN, lotte)
    house.point(MARIAS_EAN, maria)
    house.ingest(export())
    bram = house.party("Bram Energieadvies", "energy_service")
    asked = bram.ask()
    lotte.grant(asked)
    bram.read(asked["permission_id"])
    return lotte, maria, bram, asked["permission_id"]


@pytest.fixture(scope="module")
def loot(house: TheHouse, people: Any) -> Iterator[Loot]:
    loot = Loot(house)
    yield loot
    loot.door.close()


def everything(house: TheHouse) -> dict[str, int]:
    """How many rows each table has, without the web's own bookkeeping and where the door last looked for a gap."""
    asked_by_nobody = ("web.", "oversight.looked_at")
    names = [row[0] for row in query(house, TABLES) if not row[0].startswith(asked_by_nobody)]
    return {name: query(house, f"SELECT count(*) FROM {name}")[0][0] for name in names}


def test_the_webs_environment_names_no_key_and_no_other_login(loot: Loot, house: TheHouse) -> None:
    values = " ".join(loot.environment.values())
    assert house.operator_key not in values
    assert house.intake_key not in values
    assert house.clerk_key not in values
    assert str(house.folder / "keys") not in values
    for role in ("owner", "door", "intake", "publisher", "auditor"):
        assert house.database.passwords[role] not in values


def test_it_writes_no_table_but_its_own_bookkeeping(house: TheHouse, loot: Loot) -> None:
    before = everything(house)
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)
    columns: dict[str, list[str]] = {name: [] for name in before}
    for name, column in query(
        house,
        "SELECT n.nspname || '.' || c.relname, a.attname FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = ANY(%s::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped",
        list(before),
    ):
        columns[name].append(column)
    with loot.database() as connection:
        for name in before:
            for statement in (
                f"INSERT INTO {name} DEFAULT VALUES",
                f"DELETE FROM {name}",
                f"TRUNCATE {name}",
                f"DROP TABLE {name}",
                f"ALTER TABLE {name} DISABLE TRIGGER ALL",
                f"COPY {name} FROM STDIN",
                f"CREATE TABLE web.copy AS SELECT * FROM {name}",
                f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
                *(f"UPDATE {name} SET {column} = NULL" for column in columns[name]),
            ):
                with pytest.raises(refused):
                    connection.execute(statement.encode())
                connection.rollback()
    assert all(columns.values())
    assert everything(house) == before
    with loot.database() as connection:
        connection.execute("INSERT INTO web.rate VALUES ('\\x00', now(), 1)")
        connection.execute("UPDATE web.rate SET used = 2")
        connection.execute("DELETE FROM web.rate")


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE databeheer_door",
        "SET SESSION AUTHORIZATION databeheer_owner",
        "SET row_security = off; SELECT service FROM permissions.permission",
        "CREATE TEMP TABLE mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER ROLE databeheer_web BYPASSRLS",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT ledger.ensure_month('2030-01-01')",
        "SELECT metering.ensure_month('2030-01-01')",
        "SELECT * FROM ledger.head FOR UPDATE",
    ],
)
def test_it_climbs_no_higher_in_the_database(loot: Loot, statement: str) -> None:
    with loot.database() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_it_opens_no_profile_and_sees_none(loot: Loot) -> None:
    for table in (
        "metering.profile",
        "ledger.body",
        "ledger.statement",
        "registry.access_point",
        "identity.session",
    ):
        with loot.database() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT count(*) FROM {table}".encode())


def _proofs(house: TheHouse, people: tuple[Customer, Customer, Party, str]) -> list[Proof]:
    """What a thief could hold up who holds no live session or token."""
    lotte, maria, bram, _ = people
    sessions = query(house, "SELECT token_hash FROM identity.session")
    return [
        Proof("none", ""),
        Proof("session", ""),
        Proof("token", ""),
        Proof("operator", ""),
        Proof("session", str(maria.person_id)),
        Proof("session", maria.session[:-1]),
        Proof("session", bytes(sessions[0][0]).hex()),
        Proof("session", bram.token),
        Proof("token", lotte.session),
        Proof("token", bram.client_id),
        Proof("token", bram.client_secret),
        Proof("operator", lotte.session),
        Proof("operator", bram.token),
        Proof("operator", bytes(house.house.operator_key_hash).hex()),
        Proof("intake", bytes(house.house.intake_key_hash).hex()),
        Proof("intake", ""),
        Proof("clerk", bytes(house.house.clerk_key_hash).hex()),
        Proof("clerk", ""),
        Proof("clerk", house.operator_key),
        Proof("Operator", house.operator_key),
        Proof("customer", lotte.session),
        Proof("door", house.operator_key),
        Proof("session", "x" * 10_000),
    ]


def test_without_a_live_proof_the_door_gives_nothing_and_records_nobody(
    house: TheHouse, people: tuple[Customer, Customer, Party, str], loot: Loot
) -> None:
    before = everything(house)
    for proof in _proofs(house, people):
        for command, arguments in every_command(*people).items():
            if command in OPEN_TO_ALL:
                continue
            with pytest.raises(DoorRefusedError) as refused:
                pytest.fail(f"{command} gave {loot.door.call(command, proof, **arguments)} for {proof}")
            # malformed: a kind of proof and a target that do not fit
            expected = (
                {"unauthenticated", "malformed-request"}
                if command in ("readings.read", "decision.wish")
                else {"unauthenticated"}
            )
            assert refused.value.code in expected, (command, proof.kind)
    assert everything(house) == before


def test_every_command_of_the_door_was_tried(
    house: TheHouse, people: tuple[Customer, Customer, Party, str]
) -> None:
    service: DoorService = house.service
    assert set(every_command(*people)) == set(service.commands)


OPERATORS = ("registry.", "intake.", "stop.", "statistics.run", "research.")


def test_a_live_session_or_token_gives_no_operators_command(
    house: TheHouse, people: tuple[Customer, Customer, Party, str], loot: Loot
) -> None:
    lotte, _, bram, _ = people
    before = everything(house)
    inspector = house.inspector()
    after_login = everything(house)
    proofs = (Proof.session(lotte.session), Proof.token(bram.token), Proof.session(inspector))
    tried = 0
    for command, arguments in every_command(*people).items():
        if not command.startswith(OPERATORS):
            continue
        for proof in proofs:
            with pytest.raises(DoorRefusedError) as refused:
                loot.door.call(command, proof, **arguments)
            assert refused.value.code == "unauthenticated", command
            tried += 1
    assert tried >= 39
    assert everything(house) == after_login
    assert set(after_login) == set(before)


def test_it_mints_no_session_and_no_token(
    house: TheHouse, people: tuple[Customer, Customer, Party, str], loot: Loot
) -> None:
    _, _, bram, _ = people
    nonce = loot.door.call("login.begin")["nonce"]
    for answer in ("", "x", "e30.e30.e30", f"eyJhbGciOiJub25lIn0.e30.{'A' * 86}"):
        with pytest.raises(DoorRefusedError) as refused:
            loot.door.call("login.finish", answer=answer, nonce=nonce)
        assert refused.value.code in {"unauthenticated", "malformed-request"}
    for secret in ("", "x", bram.client_id, bram.token, "0" * 43):
        with pytest.raises(DoorRefusedError) as refused:
            loot.door.call("token.mint", client_id=bram.client_id, client_secret=secret, profile="own")
        assert refused.value.code in {"unauthenticated", "malformed-request"}


def test_with_lottes_live_session_it_sees_lottes_data_leaves_a_record_and_sees_nothing_of_marias(
    house: TheHouse, people: tuple[Customer, Customer, Party, str], loot: Loot
) -> None:
    lotte, maria, _, _ = people
    proof = Proof.session(lotte.session)
    wish = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    stolen = loot.door.call("readings.read", proof, occupancy_id=lotte.occupancy(), **wish)
    assert stolen["channels"]
    assert lotte.statements()[0]["index"] == stolen["index"]  # a record each time
    with pytest.raises(DoorRefusedError) as refused:
        loot.door.call("readings.read", proof, occupancy_id=maria.occupancy(), **wish)
    assert refused.value.code == "no-legal-basis"
    for command, arguments in {
        "statements.list": {"occupancy_id": maria.occupancy()},
        "receipt.opening": {"index": maria.statements()[0]["index"]},
    }.items():
        with pytest.raises(DoorRefusedError) as refused:
            loot.door.call(command, proof, **arguments)
        assert refused.value.code == "not-found"
    assert [one["ean"] for one in loot.door.call("me", proof)["occupancies"]] == [LOTTES_EAN]


def test_only_the_houses_own_user_reaches_the_socket(house: TheHouse) -> None:
    assert house.socket.stat().st_mode & 0o777 == 0o600
