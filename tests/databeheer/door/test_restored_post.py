"""A database from an older dump: nothing goes where its owner left, nor under a changed secret."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.door.news.commands import LOOK_EVERY
from databeheer.post.deliveries import Channel
from tests.databeheer.door.conftest import export
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, confirm_email, deliveries, postman
from tests.restores import Backups

OLD, NEW = "https://old.example/hook", "https://new.example/hook"
JOURNAL = "ends.journal"


def dump(backups: Backups) -> None:
    backups.dump()
    backups.house.clock.advance(timedelta(minutes=1))


def restored(backups: Backups, *people: Customer | Party) -> None:
    backups.house.clock.advance(timedelta(minutes=1))
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    backups.house.operator("reconcile.status")  # the door sees what is lost, and ends all sessions
    backups.log_in_again(*people)


def url_of(party: Party) -> str | None:
    """Where a party's web hooks go; None: nowhere."""
    try:
        return str(party.call("webhook.show")["webhook"]["url"])
    except DoorRefusedError as error:
        if error.code != "not-found":
            raise
        return None


def is_told_by_email(customer: Customer) -> bool:
    shown = customer.call("contact.show")
    assert (shown["email"] is not None) is shown["wants_email"]
    return bool(shown["wants_email"])


def _remove(party: Party) -> None:
    party.call("webhook.remove")


def _go_elsewhere(party: Party) -> None:
    party.call("webhook.put", url=NEW)


def _rotate(party: Party) -> None:
    party.call("webhook.put", url=OLD, rotate=True)


def _nothing(party: Party) -> None:
    """It leaves its web hook as it is."""


@pytest.mark.parametrize(
    ("act", "left"), [(_remove, None), (_go_elsewhere, None), (_rotate, None), (_nothing, OLD)]
)
def test_a_web_hook_that_its_party_left_after_the_dump_is_left(
    house: TheHouse,
    backups: Backups,
    bram: Party,
    erik: Party,
    act: Callable[[Party], None],
    left: str | None,
) -> None:
    for party in (bram, erik):
        party.call("webhook.put", url=OLD)
    dump(backups)
    act(bram)
    house.operator("stop.set", reason="so that something is lost")
    restored(backups, bram, erik)
    house.operator("reconcile.finish")
    assert url_of(bram) == left
    assert url_of(erik) == OLD


def test_no_letter_leaves_while_a_gap_stands_and_none_is_lost(
    house: TheHouse, backups: Backups, bram: Party
) -> None:
    bram.call("webhook.put", url=OLD)
    dump(backups)
    house.operator("stop.set", reason="a leak")
    restored(backups, bram)
    pouch = Pouch()
    with closing(postman(house, webhook=pouch)) as carrier:
        carrier.round(Channel.WEBHOOK)
        assert pouch.letters == []
        assert {error for _, _, _, error in deliveries(house)} == {"door-reconciling"}
        house.operator("reconcile.finish")
        house.clock.advance(timedelta(hours=1))
        while carrier.round(Channel.WEBHOOK):
            pass
    assert pouch.letters


def test_no_news_of_readings_are_told_while_a_gap_stands_and_none_are_lost(
    house: TheHouse, backups: Backups, lotte: Customer, bram: Party
) -> None:
    bram.call("webhook.put", url=OLD)
    lotte.grant(bram.ask())
    house.ingest(export())
    dump(backups)
    house.operator("stop.set", reason="so that something is lost")
    restored(backups, bram)
    house.clock.advance(LOOK_EVERY)
    assert house.operator("webhook.sweep")["recorded"] == {}
    house.operator("reconcile.finish")
    house.operator("stop.lift", reason="the stop came back with the rest")
    assert house.operator("webhook.sweep")["recorded"] == {"readings_arrived": 1}


def test_what_a_party_sets_while_a_gap_stands_stays_and_has_a_secret_of_its_own(
    house: TheHouse, backups: Backups, bram: Party
) -> None:
    bram.call("webhook.put", url=OLD)
    dump(backups)
    _rotate(bram)
    restored(backups, bram)
    assert bram.call("webhook.put", url=OLD)["webhook"]["secret"]
    house.operator("reconcile.finish")
    assert url_of(bram) == OLD


def test_an_e_mail_address_that_was_removed_after_the_dump_is_forgotten_again(
    house: TheHouse, backups: Backups, lotte: Customer, maria: Customer
) -> None:
    for person in (lotte, maria):
        confirm_email(house, person, f"{person.subject}@example.org")
        with closing(postman(house, email=Pouch())) as carrier:
            carrier.round(Channel.EMAIL)
    dump(backups)
    lotte.call("contact.remove")
    restored(backups, lotte, maria)
    assert is_told_by_email(lotte)
    house.operator("reconcile.finish")
    assert not is_told_by_email(lotte)
    assert is_told_by_email(maria)
    assert lotte.statements()[0]["event"] == "contact.removed"
    assert query(house, "SELECT email_sealed FROM identity.person WHERE person_id = %s", lotte.person_id) == [
        (None,)
    ]


def test_where_the_journal_does_not_reach_everybody_confirms_anew(
    house: TheHouse, backups: Backups, lotte: Customer, bram: Party
) -> None:
    bram.call("webhook.put", url=OLD)
    confirm_email(house, lotte, "lotte@example.org")
    dump(backups)
    lotte.call("contact.remove")
    (house.house.keys.folder / JOURNAL).unlink()
    restored(backups, lotte, bram)
    told: dict[str, Any] = house.operator("reconcile.finish", lapse=True)
    assert told["journal"] == "does not reach"
    assert not is_told_by_email(lotte)
    assert url_of(bram) is None
    confirm_email(house, lotte, "lotte@example.org")
    assert is_told_by_email(lotte)
