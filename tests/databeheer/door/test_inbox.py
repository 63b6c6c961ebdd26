"""What a customer is told in the portal, and by e-mail after a code came back; and what nobody else can see of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.post import outbox
from databeheer.post.contacts import CODE_TERM, MOST_CODES_A_DAY, MOST_TRIES
from databeheer.post.deliveries import Channel
from tests.conftest import LOTTES_EAN
from tests.doors import execute, query
from tests.house import POSTMAN_KEY, Customer, Party, TheHouse
from tests.letters import Pouch, confirm_email, deliveries, postman, told

ADDRESS = "lotte.janssens@voorbeeld.be"


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def code_in(letter: dict[str, Any]) -> str:
    found = re.search(r"\b[0-9]{8}\b", letter["body"])
    assert found is not None
    return found.group()


def sent(house: TheHouse) -> Pouch:
    """Everything that was due by e-mail, after one round."""
    pouch = Pouch()
    carrier = postman(house, email=pouch)
    carrier.round(Channel.EMAIL)
    carrier.close()
    return pouch


# ---- the inbox -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R8", "R27")
def test_the_inbox_says_in_plain_words_what_happened(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    given = lotte.grant(asked)
    inbox = lotte.call("inbox.show")
    granted, requested, moved_in = inbox["messages"]
    assert moved_in["title"] == "Er staat een aansluiting op uw naam"
    assert requested["title"] == "Bram Energieadvies vraagt toestemming om uw meetgegevens te lezen"
    assert granted["title"] == "Bram Energieadvies mag uw meetgegevens lezen"
    assert granted["about"] == asked["permission_id"]
    assert granted["index"] == given["index"]
    assert inbox["unread"] == 3
    assert "{" not in "".join(one["title"] + one["more"] for one in inbox["messages"])


def test_reading_marks_a_message_and_all_older_ones(house: TheHouse, lotte: Customer, bram: Party) -> None:
    for _ in range(3):
        lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
        house.clock.advance(timedelta(minutes=1))
    messages = lotte.call("inbox.show")["messages"]
    assert lotte.call("inbox.read", until=messages[2]["message_id"]) == {"marked": 5}
    after = lotte.call("inbox.show")
    assert [one["is_read"] for one in after["messages"]] == [False, False, True, True, True, True, True]
    assert lotte.call("me")["unread"] == after["unread"] == 2
    assert lotte.call("inbox.read", until=messages[2]["message_id"]) == {"marked": 0}


def test_pages_hold_every_message_once(house: TheHouse, lotte: Customer, bram: Party) -> None:
    for _ in range(3):
        lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
    seen: list[str] = []
    cursor = None
    while True:
        page = lotte.call("inbox.show", before=cursor, limit=2)
        seen += [one["message_id"] for one in page["messages"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_another_persons_message_neither_shows_nor_marks(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    granted, _ = lotte.call("inbox.show")["messages"]
    own = maria.call("inbox.show")["messages"]
    assert [one["kind"] for one in own] == ["occupancy.begun"]
    assert maria.call("inbox.read", until=granted["message_id"]) == {"marked": 0}
    assert maria.call("inbox.show", before=granted["message_id"])["messages"] == own
    assert (lotte.call("me")["unread"], maria.call("me")["unread"]) == (2, 1)


@pytest.mark.parametrize("command", ["inbox.show", "contact.show", "contact.remove"])
def test_the_inbox_is_a_customers(house: TheHouse, bram: Party, command: str) -> None:
    for proof in (
        Proof.token(bram.token),
        Proof.operator(house.operator_key),
        Proof.session(house.inspector()),
        Proof.postman(POSTMAN_KEY),
        None,
    ):
        assert code(lambda proof=proof: house.client.call(command, proof)) == "unauthenticated"


# ---- an address ----------------------------------------------------------------------------------------------


def test_an_address_counts_once_its_code_came_back(house: TheHouse, lotte: Customer, bram: Party) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    shown = lotte.call("contact.show")
    assert (shown["wants_email"], shown["email"], shown["waits_for_code"]) == (False, None, ADDRESS)
    lotte.grant(bram.ask())
    [(_, letter)] = sent(house).letters  # the code, and nothing of the grant
    assert letter["to"] == ADDRESS
    lotte.call("contact.confirm", code=code_in(letter))
    shown = lotte.call("contact.show")
    assert (shown["wants_email"], shown["email"], shown["waits_for_code"]) == (True, ADDRESS, None)
    [(_, letter)] = sent(house).letters
    assert letter["subject"] == "U krijgt voortaan ook e-mail van ons"


@pytest.mark.requirement("R27")
def test_an_email_says_little_and_leads_to_the_portal(house: TheHouse, lotte: Customer, bram: Party) -> None:
    confirm_email(house, lotte, ADDRESS)
    sent(house)
    asked = bram.ask(ean=LOTTES_EAN)
    lotte.grant(asked)
    letters = [letter for _, letter in sent(house).letters]
    assert {letter["subject"] for letter in letters} == {
        "Bram Energieadvies vraagt toestemming om uw meetgegevens te lezen",
        "Bram Energieadvies mag uw meetgegevens lezen",
    }
    for letter in letters:
        text = letter["subject"] + letter["body"]
        for secret in (
            "Lotte",
            "Janssens",
            LOTTES_EAN,
            "Kerkstraat",
            asked["permission_id"],
            asked["link_code"],
        ):
            assert secret not in text
        links = re.findall(r"https?://\S+", text)
        assert {link.removeprefix("http://127.0.0.1:8000") for link in links} == {
            "/mijn/berichten",
            "/mijn/berichten/instellingen",
        }


def test_the_customer_chooses_the_language(house: TheHouse, lotte: Customer, bram: Party) -> None:
    confirm_email(house, lotte, ADDRESS)
    lotte.call("contact.speak", language="en")
    sent(house)
    lotte.grant(bram.ask())
    [(_, letter)] = sent(house).letters
    assert letter["subject"] == "Bram Energieadvies may read your meter data"
    assert lotte.call("contact.show")["language"] == "en"


def test_a_wrong_code_does_not_help_and_few_can_be_tried(house: TheHouse, lotte: Customer) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    [(_, letter)] = sent(house).letters
    right = code_in(letter)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for _ in range(MOST_TRIES):
        assert code(lambda: lotte.call("contact.confirm", code=wrong)) == "malformed-request"
    assert code(lambda: lotte.call("contact.confirm", code=right)) == "conflict"
    assert lotte.call("contact.show")["email"] is None


def test_a_code_ends_with_time_and_with_the_next_one(house: TheHouse, lotte: Customer) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    first = code_in(sent(house).letters[0][1])
    lotte.call("contact.ask", email="other@voorbeeld.be", language="nl")
    second = code_in(sent(house).letters[0][1])
    assert code(lambda: lotte.call("contact.confirm", code=first)) == "malformed-request"
    for _ in range(3):  # she goes on looking: a session that nobody uses ends sooner than a code
        house.clock.advance(CODE_TERM / 3)
        lotte.call("me")
    assert code(lambda: lotte.call("contact.confirm", code=second)) == "conflict"


def test_one_persons_code_is_no_good_for_another(house: TheHouse, lotte: Customer, maria: Customer) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    lottes = code_in(sent(house).letters[0][1])
    maria.call("contact.ask", email=ADDRESS, language="nl")
    assert code(lambda: maria.call("contact.confirm", code=lottes)) == "malformed-request"


def test_nobody_fills_another_mailbox_with_codes(house: TheHouse, lotte: Customer) -> None:
    for _ in range(MOST_CODES_A_DAY):
        lotte.call("contact.ask", email=ADDRESS, language="nl")
    assert code(lambda: lotte.call("contact.ask", email=ADDRESS, language="nl")) == "conflict"
    assert len(sent(house).letters) == 1  # an earlier code that was not sent yet is not sent any more
    house.clock.advance(timedelta(days=1))
    lotte.session = house.log_in("lotte", "Lotte Janssens")
    lotte.call("contact.ask", email=ADDRESS, language="nl")


@pytest.mark.parametrize(
    "address",
    ["", "lotte", "lotte@", "@voorbeeld.be", "lotte@voorbeeld.be\r\nBcc: x@y.be", "lotte @voorbeeld.be",
     "lötte@voorbeeld.be", "a@b.be, c@d.be", "Lotte <lotte@voorbeeld.be>", "x" * 250 + "@b.be"],
)  # fmt: skip
def test_what_is_no_single_plain_address_is_refused(house: TheHouse, lotte: Customer, address: str) -> None:
    assert code(lambda: lotte.call("contact.ask", email=address, language="nl")) == "malformed-request"
    assert deliveries(house) == []


def test_a_house_without_email_offers_none(house: TheHouse, lotte: Customer) -> None:
    object.__setattr__(house.house, "sends_email", False)
    assert lotte.call("contact.show")["sends_email"] is False
    assert code(lambda: lotte.call("contact.ask", email=ADDRESS, language="nl")) == "conflict"


def test_turning_email_off_forgets_the_address_and_what_waits(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    confirm_email(house, lotte, ADDRESS)
    lotte.grant(bram.ask())
    lotte.call("contact.remove")
    assert [letter["subject"] for _, letter in sent(house).letters] == [
        "U krijgt op dit adres geen e-mail meer van ons"
    ]
    assert sorted(state for _, state, *_ in deliveries(house)) == ["delivered", "dropped", "dropped"]
    assert query(house, "SELECT email_sealed FROM identity.person WHERE email_sealed IS NOT NULL") == []
    assert len(lotte.call("inbox.show")["messages"]) == 4  # the inbox cannot be turned off
    assert code(lambda: lotte.call("contact.remove")) == "conflict"


OTHER = "dief@voorbeeld.be"


def test_the_address_that_was_is_told_that_it_was_replaced_whoever_did_it(
    house: TheHouse, lotte: Customer
) -> None:
    """A thief with a session sets his own address, and asks for more codes at once: the letter leaves all the same."""
    confirm_email(house, lotte, ADDRESS)
    sent(house)
    lotte.call("contact.ask", email=OTHER, language="en")
    asked_code = re.search(r"\b[0-9]{8}\b", sent(house).letters[-1][1]["body"])
    assert asked_code is not None
    lotte.call("contact.confirm", code=asked_code.group())
    lotte.call("contact.ask", email="derde@voorbeeld.be", language="nl")
    letters = [letter for _, letter in sent(house).letters]
    assert {letter["to"] for letter in letters} == {ADDRESS, OTHER, "derde@voorbeeld.be"}
    [goodbye] = [letter for letter in letters if letter["to"] == ADDRESS]
    # In the language that the owner chose or was spoken to in, whatever page the thief used.
    assert goodbye["subject"] == "Onze berichten gaan voortaan naar een ander e-mailadres"
    assert OTHER not in goodbye["body"]
    assert "Janssens" not in goodbye["body"]


def test_who_confirms_the_same_address_again_has_left_none(house: TheHouse, lotte: Customer) -> None:
    confirm_email(house, lotte, ADDRESS)
    sent(house)
    confirm_email(house, lotte, ADDRESS)
    assert [letter["subject"] for _, letter in sent(house).letters] == [
        "U krijgt voortaan ook e-mail van ons"
    ]


def test_who_never_had_an_address_leaves_none(house: TheHouse, lotte: Customer) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    lotte.call("contact.remove")
    assert sent(house).letters == []


def test_changing_an_address_is_recorded_and_told(house: TheHouse, lotte: Customer) -> None:
    confirm_email(house, lotte, ADDRESS)
    lotte.call("contact.remove")
    events = [one["event"] for one in lotte.statements()]
    assert {"contact.confirmed", "contact.removed"} <= set(events)
    assert [one.kind for one in told(house)] == ["occupancy.begun", "contact.confirmed", "contact.removed"]


def test_a_letter_is_opened_for_the_postman_alone_and_only_on_its_way(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lotte.call("contact.ask", email=ADDRESS, language="nl")
    [(delivery_id,)] = query(house, "SELECT delivery_id FROM post.delivery")
    for proof in (
        Proof.session(lotte.session),
        Proof.token(bram.token),
        Proof.operator(house.operator_key),
        Proof.intake(house.intake_key),
        Proof.postman("wrong"),
        None,
    ):
        refused = code(
            lambda proof=proof: house.client.call("post.open", proof, delivery_id=str(delivery_id))
        )
        assert refused == "unauthenticated"
    mine = Proof.postman(POSTMAN_KEY)
    assert code(lambda: house.client.call("post.open", mine, delivery_id=str(uuid4()))) == "not-found"
    assert code(lambda: house.client.call("post.open", mine, delivery_id=str(delivery_id))) == "not-found"
    assert len(sent(house).letters) == 1
    assert code(lambda: house.client.call("post.open", mine, delivery_id=str(delivery_id))) == "not-found"


def test_the_postmans_key_is_good_for_letters_only(house: TheHouse, lotte: Customer) -> None:
    for command in ("me", "permission.sweep", "post.told", "inbox.show"):
        assert code(lambda command=command: house.client.call(command, Proof.postman(POSTMAN_KEY))) == (
            "unauthenticated"
        )


# ---- erasure -------------------------------------------------------------------------------------------------


def test_with_a_person_go_messages_address_and_what_waits(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    confirm_email(house, lotte, ADDRESS)
    lotte.grant(bram.ask())
    with house.house.engine.begin() as connection:
        outbox.forget_person(connection, lotte.person_id)
    left = query(house, "SELECT count(*) FROM post.message WHERE recipient = 'customer'")
    assert left == [(0,)]
    assert deliveries(house) == []
    assert query(house, "SELECT count(*) FROM post.contact") == [(0,)]


def test_the_dead_get_no_email_that_was_on_its_way(house: TheHouse, lotte: Customer, bram: Party) -> None:
    confirm_email(house, lotte, ADDRESS)
    sent(house)
    lotte.grant(bram.ask())
    execute(
        house,
        "INSERT INTO identity.death (death_id, person_id, died_on, recorded_at) SELECT gen_random_uuid(), %s,"
        " '2024-01-01', now()",
        lotte.person_id,
    )
    assert sent(house).letters == []
