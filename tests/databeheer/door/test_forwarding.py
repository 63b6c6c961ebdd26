"""A request that somebody sends on to whoever is the contract holder: nobody learns by it what others asked."""

from __future__ import annotations

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.permissions.asking import MOST_WAITING
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse

UNKNOWN_EAN = "541448899990000060"


def send_on(who: Customer, party: Party, ean: str) -> dict[str, object]:
    asked = party.ask()
    link = {name: asked[name] for name in ("permission_id", "link_code")}
    return who.call("permission.forward", **link, ean=ean)


def ask_until_refused(party: Party, ean: str) -> int:
    for count in range(3 * MOST_WAITING):
        try:
            party.ask(ean=ean)
        except DoorRefusedError:
            return count
    pytest.fail("a party may ask without end")


@pytest.mark.requirement("R98")
def test_bram_does_not_learn_from_his_count_that_maria_sent_his_request_on_to_lotte(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    send_on(maria, bram, LOTTES_EAN)
    assert ask_until_refused(bram, LOTTES_EAN) == MOST_WAITING


@pytest.mark.requirement("R98")
def test_maria_does_not_learn_from_the_answer_that_bram_asks_lotte(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    ask_until_refused(bram, LOTTES_EAN)
    assert send_on(maria, bram, LOTTES_EAN) == send_on(maria, bram, UNKNOWN_EAN)


def test_what_is_sent_on_too_often_gets_the_same_answer_and_reaches_nobody_on_record(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    answers = [send_on(maria, bram, LOTTES_EAN) for _ in range(MOST_WAITING + 1)]
    assert all(answer == answers[0] for answer in answers)
    sent = "SELECT count(addressed_to), count(*) FROM permissions.permission WHERE applicant_id IS NOT NULL"
    assert query(house, sent) == [(MOST_WAITING, MOST_WAITING + 1)]
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'permission.forwarded'") == [
        (MOST_WAITING + 1,)
    ]
    told = [one["event"] for one in lotte.statements()]
    assert told.count("permission.forwarded") == MOST_WAITING
