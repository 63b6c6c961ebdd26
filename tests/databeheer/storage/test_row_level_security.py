"""The second lock: a forgotten WHERE returns nothing, and no word of the web's opens another's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse, open_house_now

SECURED = ("permissions.permission", "registry.occupancy")


@pytest.fixture(scope="module")
def street(databases: Databases) -> Iterator[TheHouse]:
    """Lotte and Maria, each with a permission given to Bram; Joris has none. No test changes it."""
    with databases.clone() as database, open_house_now(database) as house:
        yield house


@pytest.fixture(scope="module")
def people(street: TheHouse) -> tuple[Customer, Customer, Party, Party]:
    lotte, maria = street.customer("lotte", "Lotte Janssens"), street.customer("maria", "Maria Peeters")
    street.point(LOTTES_EAN, lotte)
    street.point(MARIAS_EAN, maria)
    bram, joris = (
        street.party("Bram Energieadvies", "energy_service"),
        street.party("Joris", "energy_service"),
    )
    for customer in (lotte, maria):
        customer.grant(bram.ask())
    return lotte, maria, bram, joris


@pytest.fixture
def lotte(people: tuple[Customer, Customer, Party, Party]) -> Customer:
    return people[0]


@pytest.fixture
def maria(people: tuple[Customer, Customer, Party, Party]) -> Customer:
    return people[1]


@pytest.fixture
def bram(people: tuple[Customer, Customer, Party, Party]) -> Party:
    return people[2]


@pytest.fixture
def joris(people: tuple[Customer, Customer, Party, Party]) -> Party:
    return people[3]


def seen(
    house: TheHouse, proof: str | None, what: str = "permission_id::text FROM permissions.permission"
) -> list[Any]:
    """What the web's login sees of everything, without a WHERE."""
    with psycopg.connect(house.database.url("web")) as connection:
        if proof is not None:
            connection.execute("SELECT set_config('databeheer.proof', %s, true)", [proof])
        return [row[0] for row in connection.execute(f"SELECT {what}".encode()).fetchall()]


@pytest.mark.parametrize("table", SECURED)
def test_without_a_context_a_forgotten_where_returns_nothing(
    street: TheHouse, lotte: Customer, table: str
) -> None:
    assert seen(street, None, f"operator FROM {table}") == []
    assert query(street, f"SELECT count(*) FROM {table}") != [(0,)]


def test_a_live_session_sees_its_own_permissions_only(
    street: TheHouse, lotte: Customer, maria: Customer
) -> None:
    own = [one["permission_id"] for one in lotte.call("permission.list")["permissions"]]
    assert seen(street, lotte.session) == own
    assert not set(own) & set(seen(street, maria.session))
    assert seen(street, lotte.session, "occupancy_id::text FROM registry.occupancy") == [lotte.occupancy()]


def test_a_live_token_sees_its_own_permissions_only(street: TheHouse, bram: Party, joris: Party) -> None:
    assert len(seen(street, bram.token)) == 2
    assert seen(street, joris.token) == []
    assert seen(street, bram.token, "occupancy_id::text FROM registry.occupancy") == []


def test_no_word_of_the_webs_opens_another_persons_rows(street: TheHouse, maria: Customer) -> None:
    """An id, a hash, another setting, a longer or shorter token: nothing but the live token itself."""
    stored = query(street, "SELECT token_hash FROM identity.session WHERE person_id = %s", maria.person_id)[
        0
    ][0]
    guesses = [
        "",
        str(maria.person_id),
        bytes(stored).hex(),
        "\\x" + bytes(stored).hex(),
        bytes(stored).decode("latin-1").replace("\0", ""),
        maria.session + " ",
        maria.session[:-1],
        maria.session.swapcase(),
        "' OR true --",
        hashlib.sha256(maria.session.encode()).hexdigest(),
    ]
    for guess in guesses:
        for table in SECURED:
            assert seen(street, guess, f"operator FROM {table}") == []


@pytest.mark.parametrize(
    "setting", ["databeheer.person", "databeheer.person_id", "request.jwt.claims", "role.person"]
)
def test_a_setting_with_another_persons_id_proves_nothing(
    street: TheHouse, maria: Customer, setting: str
) -> None:
    with psycopg.connect(street.database.url("web")) as connection:
        connection.execute("SELECT set_config(%s, %s, true)", [setting, str(maria.person_id)])
        assert connection.execute("SELECT count(*) FROM permissions.permission").fetchone() == (0,)


def test_a_session_that_ended_or_expired_sees_nothing(street: TheHouse, lotte: Customer) -> None:
    ended = street.log_in("lotte", "Lotte Janssens")
    assert len(seen(street, ended)) == 1
    execute(
        street,
        "UPDATE identity.session SET ended_at = created_at WHERE token_hash = %s",
        hashlib.sha256(ended.encode()).digest(),
    )
    assert seen(street, ended) == []
    expired = street.log_in("lotte", "Lotte Janssens")
    execute(
        street,
        "UPDATE identity.session SET expires_at = created_at - interval '1 second' WHERE token_hash = %s",
        hashlib.sha256(expired.encode()).digest(),
    )
    assert seen(street, expired) == []


def test_a_revoked_token_sees_nothing(street: TheHouse, bram: Party) -> None:
    token = street.token(bram.client_id, bram.client_secret)
    assert len(seen(street, token)) == 2
    execute(
        street,
        "UPDATE identity.access_token SET revoked_at = issued_at WHERE token_hash = %s",
        hashlib.sha256(token.encode()).digest(),
    )
    assert seen(street, token) == []


def test_an_inspectors_session_sees_no_persons_rows(street: TheHouse, lotte: Customer) -> None:
    inspector = street.inspector()
    for table in SECURED:
        assert seen(street, inspector, f"operator FROM {table}") == []


def test_the_context_ends_with_its_transaction(street: TheHouse, lotte: Customer) -> None:
    engine = street.engine("web")
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT set_config('databeheer.proof', %s, true)", (lotte.session,))
        assert connection.exec_driver_sql("SELECT count(*) FROM permissions.permission").scalar_one() == 1
    with engine.connect() as connection:  # the pool gives the same connection to the next visitor
        assert connection.exec_driver_sql("SELECT count(*) FROM permissions.permission").scalar_one() == 0


def test_what_stands_in_the_secured_tables_cannot_be_seen_by_a_side_way(
    street: TheHouse, maria: Customer
) -> None:
    """No column that names the addressee, the link or the language, and no statistics of what others have."""
    execute(street, "ANALYZE permissions.permission, registry.occupancy")
    with psycopg.connect(street.database.url("web"), autocommit=True) as connection:
        for column in (
            "person_id",
            "addressed_to",
            "named_hash",
            "link_hash",
            "notice_sha256",
            "reference_hash",
            "reference_sealed",
            "return_url_success_sealed",
            "*",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {column} FROM permissions.permission".encode())
        for column in ("access_point_id", "access_point_no", "*"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {column} FROM registry.occupancy".encode())
        rows = connection.execute(
            "SELECT count(*) FROM pg_stats WHERE schemaname IN ('permissions', 'registry') AND tablename <> 'operator'"
        ).fetchone()
        assert rows == (0,)
