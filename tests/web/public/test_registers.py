"""The register of parties, the legal bases and the lawful joins: for people and for programs, from what lives."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.access import catalogue
from databeheer.joins.lists import SHIPPED
from databeheer.joins.signature import verify
from tests.conftest import LOTTES_EAN
from tests.house import OCMW_CHANNEL, Customer, Party, TheHouse
from tests.web.public.conftest import Standing
from tests.web.sites import browser, make_whole_site
from web import close


def members(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return answer.get_json()


@pytest.mark.requirement("R5")
def test_the_register_lists_every_party_with_its_legal_basis(standing: Standing) -> None:
    register = members(standing.browser, "/register.json")
    assert register["catalogue_version"] == catalogue.load().version
    supplier = next(party for party in register["parties"] if party["name"] == "Leiestroom")
    assert supplier["legal_bases"][0]["citations"][0]["article"] == "4.1.22/7"
    page = standing.browser.get("/register").get_data(as_text=True)
    assert "Artikel 4.1.22/7" in page
    assert "datatoegangscontract" in page


def test_a_partys_own_words_are_words_and_nothing_else(standing: Standing) -> None:
    page = standing.browser.get("/register").get_data(as_text=True)
    assert "<b>Energieadvies</b>" not in page
    assert "Bram &lt;b&gt;Energieadvies&lt;/b&gt;" in page


@pytest.mark.requirement("R5", "R13")
def test_a_suspended_party_shows_as_such_at_once_and_a_script_is_no_website(house: TheHouse) -> None:
    added = house.operator(
        "registry.party.add", name="Vlot", role="supplier", about="", website="javascript:alert(1)"
    )
    app = make_whole_site(house)
    client = browser(app)
    assert "geschorst" not in client.get("/register").get_data(as_text=True)
    house.operator("registry.party.suspend", party_id=added["party_id"], reason="test")
    page = client.get("/register").get_data(as_text=True)
    assert "geschorst" in page
    assert "javascript:" not in page
    assert members(client, "/register.json")["parties"][0]["suspended"] is True
    close(app)


@pytest.mark.requirement("R5", "R6")
def test_the_register_says_when_an_overview_was_last_seen_and_each_change_is_a_version(
    house: TheHouse,
) -> None:
    added = house.operator("registry.party.add", name="Vlot", role="supplier", about="")
    app = make_whole_site(house)
    client = browser(app)
    before = members(client, "/register.json")
    assert before == members(client, "/register.json") | {"generated_at": before["generated_at"]}
    assert before["parties"][0]["processing_overview_seen_at"] is None
    assert "Laatst gezien" not in client.get("/register").get_data(as_text=True)
    seen = {"party_id": added["party_id"], "url": "https://vlot.example/verwerkingen"}
    house.operator("registry.overview.check", **seen, reachable=True)
    after = members(client, "/register.json")
    assert after["version"] != before["version"]
    assert after["procedure"]
    assert after["parties"][0]["processing_overview"] == seen["url"]
    assert after["parties"][0]["processing_overview_seen_at"] is not None
    page = client.get("/register").get_data(as_text=True)
    assert "Laatst gezien op" in page
    assert after["version"] in page
    house.operator("registry.overview.check", **seen, reachable=False)
    gone = members(client, "/register.json")["parties"][0]
    assert (gone["processing_overview"], gone["processing_overview_seen_at"]) == (None, None)
    close(app)


@pytest.mark.requirement("R14", "R39")
def test_the_register_shows_by_which_law_an_authority_knows_and_where_a_welfare_centre_has_its_mandate(
    house: TheHouse,
) -> None:
    authority = house.party("Agentschap", "authority", contract=False)
    house.operator(
        "registry.authorisation.add",
        party_id=authority.party_id,
        act="Decreet van 1 januari 2024",
        version="geconsolideerd",
        article="12, §2",
        categories=["readings"],
        granularity="month",
        from_day="2024-01-01",
    )
    centre = house.party("OCMW Gent", "welfare_centre", contract=False)
    here = {"party_id": centre.party_id, "from_day": "2024-01-01"}
    house.operator("registry.territory.add", **here, municipality="44021")
    house.operator("registry.territory.add", **here, municipality="44029", until_day="2025-01-01")
    app = make_whole_site(house)
    client = browser(app)
    page = client.get("/register").get_data(as_text=True)
    assert "artikel 12, §2 van Decreet van 1 januari 2024" in page
    assert "gemeente 44021 (NIS-code)" in page  # the other one is over
    shown = {party["name"]: party for party in members(client, "/register.json")["parties"]}
    assert shown["Agentschap"]["authorised_by"][0]["article"] == "12, §2"
    assert shown["OCMW Gent"]["municipalities"] == ["44021"]
    close(app)


def test_every_legal_basis_is_shown_with_its_articles(standing: Standing) -> None:
    rows = catalogue.load().rows
    shown = members(standing.browser, "/grondslagen.json")["rows"]
    assert [row["code"] for row in shown] == [row.code for row in rows]
    page = standing.browser.get("/grondslagen").get_data(as_text=True)
    for row in rows:
        assert f'id="{row.code}"' in page
        assert row.citation.article in page
    assert "(ontwerp)" in page


@pytest.mark.requirement("R131")
def test_the_list_of_joins_is_published_so_that_anybody_can_check_the_signature(standing: Standing) -> None:
    content = standing.browser.get("/joins/lawful_joins.toml").data
    note = standing.browser.get("/joins/lawful_joins.note").data
    signed = verify(content, note, standing.house.regulator.verifier)
    shown = members(standing.browser, "/joins.json")
    assert (shown["version"], shown["in_force"]) == (signed.joins.version, True)
    assert shown["regulator_vkey"] == standing.house.regulator.vkey
    page = standing.browser.get("/joins").get_data(as_text=True)
    assert "De lijst is geldig" in page
    assert all(case.title_nl in page for case in signed.joins.cases)


@pytest.mark.requirement("R131")
def test_a_changed_list_shows_as_not_in_force(house: TheHouse) -> None:
    app = make_whole_site(house)
    client = browser(app)
    house.join_files.content.write_bytes(SHIPPED.read_bytes() + b"# more\n")
    assert "De lijst is nu niet geldig" in client.get("/joins").get_data(as_text=True)
    assert members(client, "/joins.json")["in_force"] is False
    assert client.get("/joins/lawful_joins.toml").status_code == 404
    close(app)


@pytest.mark.requirement("R80", "R96")
def test_no_page_that_anybody_opens_tells_who_supplies_a_home_or_how_an_ocmw_reaches_us(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    assert "7431" in OCMW_CHANNEL
    house.party("OCMW Gent", "welfare_centre")
    app = make_whole_site(house)
    anybody = browser(app)
    paths = [
        rule.rule for rule in app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())
    ]
    assert len(paths) > 30

    def naming_erik() -> dict[str, str]:
        pages = {}
        for path in paths:
            with anybody.get(path, query_string={"ean": LOTTES_EAN}) as answer:
                pages[path] = answer.get_data(as_text=True)
        assert [path for path, page in pages.items() if "7431" in page or "74 31" in page] == []  # R96
        return {path: page for path, page in pages.items() if erik.name in page or erik.party_id in page}

    before = naming_erik()
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2026-01-01")
    assert naming_erik() == before
    assert before  # the register of parties, which says of nobody whom they supply
    close(app)
