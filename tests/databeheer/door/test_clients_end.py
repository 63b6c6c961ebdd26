"""A program of a party can be ended, and its secret replaced: what leaked is good for nothing from that moment on."""

from __future__ import annotations

from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.door.proofs import Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.whose import Whose
from databeheer.identity import clients
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups


def code(call: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return str(refused.value.code)


def test_a_client_that_ended_gets_no_token_and_its_token_is_dead(
    house: TheHouse, bram: Party, joris: Party
) -> None:
    house.operator("registry.client.end", client_id=bram.client_id)
    assert code(lambda: bram.call("party.me")) == "unauthenticated"
    assert code(lambda: house.token(bram.client_id, bram.client_secret)) == "unauthenticated"
    assert joris.call("party.me")["name"]
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'client.ended'") == [(1,)]
    assert [end.ending for end in house.house.ends.since(0)][-1] is Ending.CLIENT


def test_a_renewed_secret_works_and_the_old_one_is_dead_at_once(house: TheHouse, bram: Party) -> None:
    given = house.operator("registry.client.renew", client_id=bram.client_id)
    assert given["client_secret"] != bram.client_secret
    assert code(lambda: bram.call("party.me")) == "unauthenticated"
    assert code(lambda: house.token(bram.client_id, bram.client_secret)) == "unauthenticated"
    bram.token = house.token(bram.client_id, given["client_secret"])
    assert bram.call("party.me")["party_id"] == bram.party_id


def test_what_cannot_be_ended_or_renewed_is_refused_and_changes_nothing(house: TheHouse, bram: Party) -> None:
    house.operator("registry.client.end", client_id=bram.client_id)
    before = query(house, "SELECT size FROM ledger.head")
    for command in ("registry.client.end", "registry.client.renew"):
        for client_id in (bram.client_id, "client-0123456789abcdef"):
            assert code(lambda: house.operator(command, client_id=client_id)) == "not-found"  # noqa: B023
        assert code(lambda: house.operator(command, client_id="client-x")) == "malformed-request"  # noqa: B023
    assert code(lambda: bram.call("registry.client.end", client_id=bram.client_id)) == "unauthenticated"
    assert query(house, "SELECT size FROM ledger.head") == before


def test_a_restored_database_does_not_take_an_old_secret_or_an_ended_client_for_good(
    house: TheHouse, backups: Backups, bram: Party, joris: Party, lotte: Customer
) -> None:
    backups.dump()
    given = house.operator("registry.client.renew", client_id=bram.client_id)
    house.operator("registry.client.end", client_id=joris.client_id)
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")
    backups.log_in_again(lotte)
    house.operator("reconcile.finish")
    for party in (bram, joris):
        assert code(lambda: house.token(party.client_id, party.client_secret)) == "unauthenticated"  # noqa: B023
    assert code(lambda: house.token(bram.client_id, given["client_secret"])) == "unauthenticated"
    anew = house.operator("registry.client.renew", client_id=bram.client_id)
    assert house.token(bram.client_id, anew["client_secret"])


def test_the_journal_names_a_client_by_a_number_and_back() -> None:
    for client_id in ("client-0123456789abcdef", "client-ffffffffffffffff", "client-0000000000000000"):
        assert clients.of_number(clients.number_of(client_id)) == client_id


def test_tokens_of_one_party_count_as_one_asker_and_unknown_ones_for_themselves(
    house: TheHouse, bram: Party, joris: Party
) -> None:
    whose = Whose(house.house.engine)
    first = bram.token
    second = house.token(bram.client_id, bram.client_secret)
    assert first != second
    assert whose(Proof("token", first)) == whose(Proof("token", second))
    assert whose(Proof("token", first)) != whose(Proof("token", joris.token))
    for proof in (Proof("token", "made up"), Proof("operator", first), Proof("token", "x" * 10_000)):
        assert whose(proof) == proof.hash
