"""The inspector sees how fast people are told."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from databeheer.post.carrying import RefusedForGoodError
from databeheer.post.deliveries import Channel
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, confirm_email, postman
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close
from web.oversight.messages import duration


@pytest.mark.requirement("R27")
def test_the_page_says_how_long_people_waited_and_names_nobody(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    def gone() -> None:
        raise RefusedForGoodError("http-410")

    confirm_email(house, lotte, "lotte@voorbeeld.be")
    bram.call("webhook.put", url="https://bram.example/hooks")
    lotte.grant(bram.ask())
    house.clock.advance(timedelta(minutes=2))
    with closing(postman(house, email=Pouch(), webhook=Pouch(gone))) as carrier:
        carrier.round(Channel.EMAIL)
        carrier.round(Channel.WEBHOOK)
    app = make_whole_site(house)
    page = Page(browser(app, house.inspector()).get("/toezicht/berichten"))
    assert "In het portaal, aan klanten 3 3 0 0 meteen meteen meteen" in page.text
    assert "Per e-mail, aan klanten 2 2 0 0 2 minuten 2 minuten 2 minuten" in page.text
    assert "Aan partijen en netbeheerders 2 0 0 2 – – –" in page.text
    assert "Lotte" not in page.text
    assert "voorbeeld.be" not in page.text
    close(app)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.0, "meteen"), (1.2, "1 seconde"), (59.0, "59 seconden"), (90.0, "2 minuten"),
     (3600.0, "1 uur"), (86400.0, "1 dag"), (200_000.0, "2 dagen")],
)  # fmt: skip
def test_a_time_is_said_as_people_do(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
