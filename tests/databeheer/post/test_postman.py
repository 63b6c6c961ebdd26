"""The postman: everything arrives, once in effect, whoever is killed in between; what cannot arrive is given up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from databeheer.clock import SystemClock
from databeheer.door.client import Proof
from databeheer.post.carrying import CarryError, RefusedForGoodError
from databeheer.post.deliveries import LEASE, MOST_ATTEMPTS, RETRIES, Channel
from databeheer.post.email_carrier import EmailCarrier, EmailSettings, Security
from databeheer.post.lanes import PATIENCE, REST
from databeheer.post.postman import AT_ONCE, AT_ONCE_TO_ONE
from databeheer.post.webhook_carrier import WebhookCarrier
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.doors import CHECKOUT, execute, query
from tests.house import POSTMAN_KEY, Customer, Party, TheHouse, open_house
from tests.letters import Pouch, confirm_email, deliveries, postman
from tests.receivers import Mailbox, mailbox, receiver

ADDRESS = "lotte.janssens@voorbeeld.be"
SENDER = "databeheer <post@databeheer.example>"


def by_email(box: Mailbox) -> EmailCarrier:
    return EmailCarrier(EmailSettings("127.0.0.1", box.port, SENDER, Security.PLAIN))


def fails(error: Exception) -> Any:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def waiting(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, who gets e-mail; one letter waits."""
    confirm_email(house, lotte, ADDRESS)
    return lotte


@pytest.mark.requirement("R27", "R165")
def test_a_grant_arrives_by_email_web_hook_and_in_the_inbox(
    house: TheHouse, waiting: Customer, bram: Party
) -> None:
    with (
        mailbox() as box,
        receiver() as got,
        closing(postman(house, email=by_email(box), webhook=WebhookCarrier(loopback=True))) as carrier,
    ):
        bram.call("webhook.put", url=got.url)
        asked = bram.ask()
        waiting.grant(asked)
        assert carrier.round(Channel.EMAIL) == 2  # the confirmation of the address too
        assert carrier.round(Channel.WEBHOOK) == 2
    assert box.recipients == [[ADDRESS]] * 2
    assert "Bram Energieadvies mag uw meetgegevens lezen" in {email["Subject"] for email in box.emails}
    assert any(asked["permission_id"].encode() in hook.body for hook in got.hooks)
    assert {state for _, state, *_ in deliveries(house)} == {"delivered"}
    # Each e-mail that left of what happened to data is a row that names its entry; nothing was sent without one.
    sent = query(
        house,
        "SELECT d.channel, m.kind, b.event, d.ended_at IS NOT NULL FROM post.delivery d JOIN post.message m"
        " USING (message_id) JOIN ledger.body b ON b.index = m.index WHERE d.channel = 'email'",
    )
    assert [(channel, kind == event, left) for channel, kind, event, left in sent] == [
        ("email", True, True)
    ] * 2


def test_what_failed_waits_longer_each_time_and_is_given_up_in_the_end(
    house: TheHouse, waiting: Customer
) -> None:
    pouch = Pouch(fails(CarryError("smtp-unreachable")))
    with closing(postman(house, email=pouch)) as carrier:
        for attempt, pause in enumerate(RETRIES, start=1):
            assert carrier.round(Channel.EMAIL) == 1
            assert deliveries(house)[-1] == ("email", "waiting", attempt, "smtp-unreachable")
            house.clock.advance(pause - timedelta(milliseconds=1))
            assert carrier.round(Channel.EMAIL) == 0
            house.clock.advance(timedelta(milliseconds=1))
        assert carrier.round(Channel.EMAIL) == 1
        assert deliveries(house)[-1] == ("email", "dead", MOST_ATTEMPTS, "smtp-unreachable")
        house.clock.advance(timedelta(days=30))
        assert carrier.round(Channel.EMAIL) == 0
    assert len({number for number, _ in pouch.letters}) == 1
    assert list(RETRIES) == sorted(RETRIES)


def test_a_refusal_for_good_is_not_tried_again(house: TheHouse, waiting: Customer) -> None:
    with closing(postman(house, email=Pouch(fails(RefusedForGoodError("recipient-refused"))))) as carrier:
        carrier.round(Channel.EMAIL)
    assert deliveries(house)[-1] == ("email", "dead", 1, "recipient-refused")
    waiting.session = house.log_in("lotte", "Lotte Janssens")
    assert waiting.call("contact.show")["failed_at"] is not None


def test_a_fault_that_nobody_foresaw_stops_no_other_letter(
    house: TheHouse, waiting: Customer, bram: Party
) -> None:
    waiting.grant(bram.ask())

    class OneBreaks(Pouch):
        def carry(self, *letter: Any) -> None:
            super().carry(*letter)
            if len(self.letters) == 1:
                raise RuntimeError(ADDRESS)

    with closing(postman(house, email=OneBreaks())) as carrier:
        assert carrier.round(Channel.EMAIL) == 2
    found = deliveries(house)
    assert sorted(state for _, state, *_ in found) == ["delivered", "delivered", "waiting"]
    assert not any(ADDRESS in error for *_, error in found)


def test_killed_between_sending_and_marking_it_sends_again_under_the_same_number(
    databases: Databases,
) -> None:
    """Really killed: the SMTP server kills the postman as it takes the letter over.

    The postman's process has the machine's clock, so the house has it too.
    """
    now = SystemClock().now()
    with databases.clone() as database, open_house(database, now=now) as house, mailbox() as box:
        lotte = house.customer("lotte", "Lotte Janssens")
        house.point(LOTTES_EAN, lotte, since=date(2022, 1, 1))
        confirm_email(house, lotte, ADDRESS)
        environment = {
            "PATH": os.environ["PATH"],
            "DATABEHEER_POSTMAN_DATABASE_URL": house.database.url("postman"),
            "DATABEHEER_POSTMAN_KEY": str(house.folder / "postman.key"),
            "DATABEHEER_DOOR_SOCKET": str(house.socket),
            "DATABEHEER_SMTP_HOST": "127.0.0.1",
            "DATABEHEER_SMTP_PORT": str(box.port),
            "DATABEHEER_SMTP_SECURITY": "plain",
            "DATABEHEER_EMAIL_FROM": SENDER,
        }
        (house.folder / "postman.key").write_text(POSTMAN_KEY)
        started = threading.Event()

        def kill() -> str:
            started.wait(60)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return "250 OK"

        box.answer = kill
        process = subprocess.Popen(
            [sys.executable, "-m", "databeheer.site.postman"], env=environment, cwd=CHECKOUT
        )
        started.set()
        assert process.wait(60) == -signal.SIGKILL
        assert len(box.emails) == 1
        assert deliveries(house)[-1] == ("email", "waiting", 1, "")
        box.answer = lambda: "250 OK"
        with closing(postman(house, email=by_email(box))) as second:
            assert second.round(Channel.EMAIL) == 0  # the lease of the dead one still runs
            house.clock.advance(LEASE + timedelta(hours=1))  # its clock was the machine's
            assert second.round(Channel.EMAIL) == 1
        first, again = box.emails
        assert first["Message-ID"] == again["Message-ID"]
        assert deliveries(house)[-1] == ("email", "delivered", 2, "")


def test_two_postmen_never_carry_the_same_letter(house: TheHouse, waiting: Customer, bram: Party) -> None:
    for _ in range(10):
        waiting.withdraw(waiting.grant(bram.ask())["permission"]["permission_id"])
    pouch = Pouch()
    postmen = [postman(house, email=pouch) for _ in range(2)]
    gate = threading.Barrier(2)

    def run(one: Any) -> None:
        with closing(one):
            gate.wait(60)
            while one.round(Channel.EMAIL, limit=3):
                pass

    threads = [threading.Thread(target=run, args=(one,)) for one in postmen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [number for number, _ in pouch.letters]
    assert len(numbers) == len(set(numbers)) == 21
    assert {state for _, state, *_ in deliveries(house)} == {"delivered"}


def test_who_comes_back_after_the_lease_changes_nothing(house: TheHouse, waiting: Customer) -> None:
    def late() -> None:
        """While this one carries, its lease runs out and another postman delivers."""
        pouch.fails = lambda: None
        house.clock.advance(LEASE)
        with closing(postman(house, email=pouch)) as other:
            assert other.round(Channel.EMAIL) == 1
        raise CarryError("smtp-unreachable")

    pouch = Pouch(late)
    with closing(postman(house, email=pouch)) as slow:
        slow.round(Channel.EMAIL)
    assert deliveries(house)[-1] == ("email", "delivered", 2, "")


def test_while_the_door_is_away_letters_wait(house: TheHouse, waiting: Customer) -> None:
    house.server.close()
    with closing(postman(house, email=Pouch())) as carrier:
        carrier.round(Channel.EMAIL)
    assert deliveries(house)[-1] == ("email", "waiting", 1, "door-away")


def test_a_channel_without_a_carrier_waits(house: TheHouse, waiting: Customer) -> None:
    with closing(postman(house, webhook=Pouch())) as carrier:
        assert carrier.round(Channel.WEBHOOK) == 0
    assert deliveries(house)[-1] == ("email", "waiting", 0, "")


def test_on_its_beat_the_postman_delivers_until_it_is_stopped(house: TheHouse, waiting: Customer) -> None:
    stop = threading.Event()
    postman(house, email=Pouch(stop.set)).run(stop)
    assert deliveries(house)[-1] == ("email", "delivered", 1, "")


# ---- nobody holds others back ---------------------------------------------------------------------------------


class Slow(Pouch):
    """A carrier to whom one party's address is as good as dead: it takes an attempt's whole time."""

    def __init__(self, house: TheHouse, url: str) -> None:
        super().__init__()
        self._house, self._url = house, url

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        super().carry(delivery_id, letter, now)
        if letter["to"] == self._url:
            self._house.clock.advance(timedelta(seconds=15))
            raise CarryError("timeout")

    def to(self, url: str) -> int:
        return sum(letter["to"] == url for _, letter in self.letters)


DEAD, ALIVE = "https://bram.example/dead", "https://joris.example/hooks"


def put(house: TheHouse, party: Party, url: str, waiting: int) -> None:
    """Let a party's web hooks go to this address, with so many that wait."""
    party.call("webhook.put", url=url)
    execute(
        house,
        "INSERT INTO post.delivery (delivery_id, operator, channel, party_id, told_at, next_at)"
        " SELECT gen_random_uuid(), 1, 'webhook', %s, d.told_at, d.next_at FROM post.delivery d, generate_series(2, %s)"
        " WHERE d.party_id = %s",
        party.party_id,
        waiting,
        party.party_id,
    )


def test_a_party_with_a_dead_address_keeps_nobody_waiting(house: TheHouse, bram: Party, joris: Party) -> None:
    put(house, bram, DEAD, waiting=200)
    house.clock.advance(timedelta(seconds=1))
    put(house, joris, ALIVE, waiting=5)
    carrier = Slow(house, DEAD)
    with closing(postman(house, webhook=carrier)) as one:
        for _ in range(3):
            one.round(Channel.WEBHOOK)
        assert (carrier.to(DEAD), carrier.to(ALIVE)) == (AT_ONCE_TO_ONE, 5)
        assert one.round(Channel.WEBHOOK) == 0
        house.clock.advance(REST * timedelta(seconds=30))
        assert one.round(Channel.WEBHOOK) == AT_ONCE_TO_ONE
    assert carrier.to(DEAD) == 2 * AT_ONCE_TO_ONE


def test_who_answers_in_time_does_not_rest(house: TheHouse, joris: Party) -> None:
    put(house, joris, ALIVE, waiting=6)
    pouch = Pouch(lambda: house.clock.advance(PATIENCE / 2))
    with closing(postman(house, webhook=pouch)) as one:
        assert [one.round(Channel.WEBHOOK) for _ in range(4)] == [2, 2, 2, 0]


def test_a_letter_that_is_under_way_holds_no_other_back(house: TheHouse, bram: Party, joris: Party) -> None:
    """Bram's address answers only when all of Joris's have arrived, which are more than fit at once."""
    put(house, bram, DEAD, waiting=3)
    put(house, joris, ALIVE, waiting=3 * AT_ONCE)
    stop, all_there = threading.Event(), threading.Event()
    in_time: list[bool] = []

    class Waiting(Slow):
        def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
            self.letters.append((delivery_id, letter))
            if letter["to"] == DEAD:
                in_time.append(all_there.wait(60))
                stop.set()
            elif self.to(ALIVE) == 3 * AT_ONCE:
                all_there.set()

    postman(house, webhook=Waiting(house, DEAD)).run(stop)
    assert set(in_time) == {True}


# ---- least privilege -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM post.message",
        "SELECT * FROM post.contact",
        "SELECT * FROM post.webhook",
        "SELECT * FROM post.letter",
        "SELECT person_id FROM post.delivery",
        "SELECT * FROM identity.person",
        "SELECT * FROM registry.party",
        "DELETE FROM post.delivery",
        "INSERT INTO post.delivery DEFAULT VALUES",
        "UPDATE post.delivery SET message_id = NULL",
        "UPDATE post.delivery SET told_at = told_at",
        "UPDATE post.delivery SET state = 'waiting', ended_at = NULL WHERE state = 'delivered'",
    ],
)
def test_the_postmans_role_sees_no_word_and_opens_nothing_again(
    house: TheHouse, waiting: Customer, statement: str
) -> None:
    with closing(postman(house, email=Pouch())) as carrier:
        carrier.round(Channel.EMAIL)
    with (
        psycopg.connect(house.database.url("postman")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_what_a_postman_needs_is_asked_by_name_at_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "databeheer.site.postman"],
        env={"PATH": os.environ["PATH"]},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "DATABEHEER_POSTMAN_DATABASE_URL" in done.stderr


def test_settings_that_would_send_in_clear_stop_the_start(house: TheHouse) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "databeheer.site.postman"],
        env={
            "PATH": os.environ["PATH"],
            "DATABEHEER_POSTMAN_DATABASE_URL": house.database.url("postman"),
            "DATABEHEER_SMTP_HOST": "mail.example",
            "DATABEHEER_SMTP_SECURITY": "plain",
            "DATABEHEER_EMAIL_FROM": SENDER,
        },
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "DATABEHEER_SMTP_SECURITY" in done.stderr


# ---- figures -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R27")
def test_the_figures_say_how_long_people_waited(house: TheHouse, waiting: Customer, bram: Party) -> None:
    with closing(postman(house, email=Pouch())) as carrier:
        carrier.round(Channel.EMAIL)
        bram.call("webhook.put", url="http://127.0.0.1:9/")
        waiting.grant(bram.ask())
        house.clock.advance(timedelta(seconds=90))
        carrier.round(Channel.EMAIL)
    answer = house.client.call("post.figures", Proof.session(house.inspector()))
    inbox, email, webhook = answer["figures"]
    assert (inbox["channel"], inbox["told"], inbox["slowest_seconds"]) == ("inbox", 3, 0.0)
    assert (email["told"], email["delivered"], email["slowest_seconds"]) == (2, 2, 90.0)
    assert email["median_seconds"] == 45.0
    assert (webhook["told"], webhook["waiting"], webhook["median_seconds"]) == (2, 2, None)
    assert webhook["oldest_waiting_at"] is not None


def test_figures_are_not_for_parties_or_customers(house: TheHouse, lotte: Customer, bram: Party) -> None:
    for command in ("post.figures", "post.told"):
        for asker in (lotte, bram):
            with pytest.raises(Exception, match="inspector"):
                asker.call(command)


def test_the_data_manager_finds_what_it_was_told(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    newest = house.operator("post.told")["messages"][0]
    assert (newest["kind"], newest["party"], newest["about"]) == (
        "permission.granted",
        "Bram Energieadvies",
        asked["permission_id"],
    )
    assert query(house, "SELECT count(*) FROM post.message WHERE recipient = 'data_manager'")[0][0] == 2
