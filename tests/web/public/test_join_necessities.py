"""`/joins` shows every record of necessity to everybody, with what it takes to check it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from databeheer.joins.necessity import Signer, verify
from ledger.note import VerifierKey
from tests.databeheer.joins.necessities import ELS, NUMBER, TOM, WITHOUT, record, register, signed
from tests.house import TheHouse
from tests.web.sites import browser, make_whole_site
from web import close


@pytest.mark.requirement("R130")
def test_a_record_is_public_with_its_bytes_and_signatures_and_without_names(house: TheHouse) -> None:
    house.sign_joins(WITHOUT)
    for person, key in (("Els Peeters", ELS), ("Tom Maes", TOM)):
        register(house, person, key)
    today = day_of(house.clock.now())
    content = record(today, today + timedelta(days=9))
    note = signed(content).decode()
    house.operator("joins.necessity.take", content=content.decode(), note=note, by="Nadia")
    app = make_whole_site(house)
    try:
        client = browser(app)
        (shown,) = client.get("/joins/necessities.json").get_json()["records"]
        signers = [Signer(key, VerifierKey.parse(key)) for key in shown["keys"]]
        found, _ = verify(shown["content"].encode(), shown["note"].encode(), signers)
        assert (found.number, shown["in_force"]) == (NUMBER, True)
        page = client.get("/joins").get_data(as_text=True)
        assert NUMBER in page
        assert "5.1.2" in page
        assert "Deze verklaring geldt nu." in page
        assert "Peeters" not in page + str(shown)
        house.operator("joins.necessity.end", number=NUMBER, by="Nadia")
        assert "Deze verklaring geldt nu niet." in client.get("/joins").get_data(as_text=True)
    finally:
        close(app)
