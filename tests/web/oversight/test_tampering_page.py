"""The page that harms a copy: in the demo only, by the supervisor only, and it says who found it and where."""

from __future__ import annotations

from typing import Any

from databeheer.demo.copying import Original
from databeheer.demo.tamper import tamper
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from tests.web.supervising import supervising
from web import close
from web.oversight.wording import CHECKS, TAMPERINGS


def test_each_button_shows_which_check_found_it_and_at_which_entry(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    key = publish(house)
    original = Original(house.database.url("superuser"), house.folder / "public", key)

    def fulfil(wish: dict[str, Any]) -> dict[str, Any]:
        return tamper(original, wish["kind"], house.folder / "scratch")

    with supervising(fulfil) as (socket, asked):
        app = make_whole_site(house, demo=True, supervisor_socket=socket)
        client = browser(app, house.inspector())
        page = Page(client.get("/toezicht/knoeien"))
        for tampering in TAMPERINGS:
            form = next(form for form in page.forms if form.fields.get("kind") == tampering.kind)
            shown = Page(client.post("/toezicht/knoeien", data=form.fields))
            begun = int(shown.text.partition("Wij begonnen bij regel ")[2].split()[0])
            assert f"Betrapt, bij regel {begun}" in shown.text, tampering.kind
            assert "Gevonden door ledger verify --full --state" in shown.text
            assert shown.inline == []
            assert "?." not in shown.text
            assert "geheugen" not in shown.text.partition("zonder geheugen")[2].partition("--state")[0]
            both = "De twee wijzen niet naar dezelfde regel" in shown.text
            assert both == (tampering.kind == "change"), tampering.kind
            assert not both or f"merkt het pas bij regel {begun + 1}" in shown.text
        assert [wish["kind"] for wish in asked] == [each.kind for each in TAMPERINGS]
        close(app)


def test_every_check_has_words() -> None:
    assert {"signature", "memory", "entries", "edge", "continuity", "database", "bodies"} <= CHECKS.keys()


def test_only_an_inspector_and_only_a_known_kind(house: TheHouse, lotte: Customer) -> None:
    with supervising(lambda wish: {"error": "never asked"}) as (socket, asked):
        app = make_whole_site(house, demo=True, supervisor_socket=socket)
        customer = browser(app, lotte.session)
        assert customer.get("/toezicht/knoeien").status_code == 403
        client = browser(app, house.inspector())
        fields = next(f for f in Page(client.get("/toezicht/knoeien")).forms if "kind" in f.fields).fields
        for wrong in ({"kind": "head"}, {"kind": "../../"}, {"kind": "change"}, {}):
            guard = {} if wrong == {"kind": "change"} else {"csrf_token": fields["csrf_token"]}
            assert client.post("/toezicht/knoeien", data=guard | wrong).status_code == 400
        assert asked == []
        close(app)


def test_without_a_supervisor_nothing_is_done(house: TheHouse) -> None:
    app = make_whole_site(house, demo=True)
    client = browser(app, house.inspector())
    fields = next(f for f in Page(client.get("/toezicht/knoeien")).forms if "kind" in f.fields).fields
    assert client.post("/toezicht/knoeien", data=fields).status_code == 404
    close(app)
