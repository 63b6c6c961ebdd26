"""The door gives nothing without a valid proof, to another party, beyond what was granted, after a withdrawal in the
same second, with its ledger away, or with a full disk; alone, in bulk, or as a job.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.jobs.worker import JobWorker
from tests.databeheer.door.bulk import WINDOW, Neighbours
from tests.databeheer.door.conftest import neighbours as neighbours  # a fixture
from tests.databeheer.door.test_record_before_data import _AT_COMMIT, _DURING, _refuse_at
from tests.doors import execute
from tests.house import Customer, Party, TheHouse


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobWorker, "start", lambda _: None)


def alone(house: TheHouse, proof: Proof, permission: str, **changes: Any) -> dict[str, Any]:
    return house.client.call("readings.read", proof, permission_id=permission, **WINDOW | changes)


def in_bulk(house: TheHouse, proof: Proof, permission: str, **changes: Any) -> dict[str, Any]:
    return house.client.call("readings.bulk", proof, permission_ids=[permission], **WINDOW | changes)


def as_job(house: TheHouse, proof: Proof, permission: str, **changes: Any) -> dict[str, Any]:
    job = house.client.call("job.hand_in", proof, permission_ids=[permission], **WINDOW | changes)
    house.service.jobs.step()
    return house.client.call("job.fetch", proof, job_id=job["job_id"], piece=0)


Ask = Callable[..., dict[str, Any]]
WAYS = pytest.mark.parametrize("ask", [alone, in_bulk, as_job])


def given(ask: Ask, *arguments: Any, **changes: Any) -> str:
    """All that came of asking, as text: the answer, or the refusal."""
    try:
        return repr(ask(*arguments, **changes))
    except DoorRefusedError as error:
        return repr(vars(error))


def has_values(said: str) -> bool:
    return "'values'" in said or "'series'" in said


@WAYS
def test_what_is_granted_is_given(neighbours: Neighbours, bram: Party, ask: Ask) -> None:
    """The others rest on this: they would see values."""
    assert has_values(given(ask, neighbours.house, Proof.token(bram.token), neighbours.lottes))


@WAYS
def test_nothing_without_a_valid_proof(
    neighbours: Neighbours, bram: Party, lotte: Customer, ask: Ask
) -> None:
    house, expired = neighbours.house, bram.token
    proofs = [
        Proof("none", ""),
        Proof.token(""),
        Proof.token(bram.token[:-1]),
        Proof.token(bram.client_secret),
    ]
    proofs += [Proof.session(bram.token), Proof.operator(house.operator_key), Proof.intake(house.intake_key)]
    for proof in proofs:
        assert not has_values(given(ask, house, proof, neighbours.lottes)), proof.kind
    house.clock.advance(timedelta(hours=2))
    assert not has_values(given(ask, house, Proof.token(expired), neighbours.lottes))


@WAYS
def test_nothing_with_another_partys_token(
    neighbours: Neighbours, joris: Party, erik: Party, ask: Ask
) -> None:
    for other in (joris, erik):
        said = given(ask, neighbours.house, Proof.token(other.token), neighbours.lottes)
        assert not has_values(said)


@WAYS
def test_nothing_for_a_wider_period_nor_finer(neighbours: Neighbours, bram: Party, ask: Ask) -> None:
    """Granted are days from 2023 on; a strict read that begins a slot before gets not even the rest."""
    wider = {"from": "2022-12-31T22:45:00Z", "until": "2023-01-02T23:00:00Z", "granularity": "hour"}
    said = given(ask, neighbours.house, Proof.token(bram.token), neighbours.lottes, **wider)
    assert not has_values(said)


@WAYS
def test_nothing_after_a_withdrawal_in_the_same_second(
    neighbours: Neighbours, bram: Party, lotte: Customer, ask: Ask
) -> None:
    """The clock of the house stands still: read, withdrawal and read are of one moment."""
    proof = Proof.token(bram.token)
    assert has_values(given(alone, neighbours.house, proof, neighbours.lottes))
    lotte.withdraw(neighbours.lottes)
    assert not has_values(given(ask, neighbours.house, proof, neighbours.lottes))


@WAYS
@pytest.mark.parametrize("timing", [_DURING, _AT_COMMIT], ids=["at the append", "at the commit"])
def test_nothing_where_the_ledgers_disk_is_full(
    neighbours: Neighbours, bram: Party, ask: Ask, timing: str
) -> None:
    execute(neighbours.house, _refuse_at(timing))
    assert not has_values(given(ask, neighbours.house, Proof.token(bram.token), neighbours.lottes))


@WAYS
def test_nothing_where_the_ledger_is_away(neighbours: Neighbours, bram: Party, ask: Ask) -> None:
    house = neighbours.house
    name, server = house.database.name, house.database.superuser_url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'.encode())
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            said = given(ask, house, Proof.token(bram.token), neighbours.lottes)
        finally:
            connection.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'.encode())
    assert "unavailable" in said
    assert not has_values(said)
    assert has_values(given(ask, house, Proof.token(bram.token), neighbours.lottes))  # it comes back
