"""The customer sees where he is logged in, and ends what he does not know; nobody else's is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask

from databeheer.door.client import DoorRefusedError
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Visitor


def log_in(site: Flask, house: TheHouse, who: Customer) -> Visitor:
    visitor = Visitor(site, house)
    assert visitor.log_in(who.subject, who.name).location == "/mijn"
    return visitor


def listed(who: Customer, session: str) -> list[dict[str, object]]:
    who.session = session
    found: list[dict[str, object]] = who.call("session.list")["sessions"]
    return found


def test_a_customer_ends_another_log_in_and_then_all_others_and_this_one_goes_on(
    site: Flask, house: TheHouse, lotte: Customer, maria: Customer, joris: Party
) -> None:
    house.clock.advance(
        timedelta(minutes=1)
    )  # after the log-in that the house began with: the newest is told first
    here, there, marias = (log_in(site, house, one) for one in (lotte, lotte, maria))
    house.clock.advance(timedelta(minutes=5))
    page = here.get("/mijn/aanmeldingen")
    assert page.text.count("Deze aanmelding stoppen") == 2  # of the house's own log-in too
    assert "Deze aanmelding" in page.text
    mine = listed(lotte, here.cookie("session").value)
    assert [one["is_this"] for one in mine].count(True) == 1
    this = next(one for one in mine if one["is_this"])
    assert str(this["last_used_at"]) > str(this["begun_at"])
    others = [one for one in mine if not one["is_this"]]
    assert all(one["last_used_at"] == one["begun_at"] for one in others)

    # By nobody else, and not by guessing: the answer is the same for Maria's as for one that does not exist.
    of_maria = next(one for one in listed(maria, marias.cookie("session").value) if one["is_this"])
    for wrong in (str(of_maria["session_id"]), str(uuid4()), str(this["session_id"])):
        assert refusal(lotte, wrong) == "not-found"
    assert marias.get("/mijn").status == 200
    with pytest.raises(DoorRefusedError) as refused:
        joris.call("session.list")
    assert refused.value.code == "unauthenticated"

    newest = str(others[0]["session_id"])
    assert newest not in here.press(page, f"{newest}/stoppen").html
    assert there.get("/mijn").location == "/aanmelden"
    page = here.press(here.get("/mijn/aanmeldingen"), "/andere-stoppen")
    assert "nergens anders aangemeld" in page.text
    assert here.get("/mijn").status == 200
    assert marias.get("/mijn").status == 200


def refusal(who: Customer, session_id: str) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        who.call("session.end_other", session_id=session_id)
    return refused.value.code


def test_the_list_is_for_who_is_logged_in_and_ending_is_a_guarded_button(
    stranger: Visitor, visit: Callable[[Customer], Visitor], lotte: Customer
) -> None:
    assert stranger.get("/mijn/aanmeldingen").location == "/aanmelden"
    visitor = visit(lotte)
    for path in (f"/mijn/aanmeldingen/{uuid4()}/stoppen", "/mijn/aanmeldingen/andere-stoppen"):
        assert visitor.get(path).status == 405
        assert visitor.send(path, {}).status == 400
