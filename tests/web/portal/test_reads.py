"""Who read my data: each read and refusal with party, ground, data, period and time; and its proof."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from databeheer.door.client import DoorRefusedError
from ledger import receipt
from ledger.note import VerifierKey
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Visitor
from tests.web.programs import publish

Visit = Callable[[Customer], Visitor]
AUTUMN = {
    "from": "2023-10-28T22:00:00Z",
    "until": "2023-10-29T23:00:00Z",
    "granularity": "quarter_hour",
}


@pytest.mark.requirement("R44", "R46")
def test_reads_and_refusals_show_party_ground_data_period_and_reason(
    visit: Visit, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.read(permission_id)
    lotte.withdraw(permission_id)
    with pytest.raises(DoorRefusedError):
        bram.read(permission_id)
    text = visit(lotte).get("/mijn/gelezen", soort="alles").text
    refusal, _, rest = text.partition("Toestemming ingetrokken")
    read, _, _ = rest.partition("Toestemming gegeven")
    assert "Bram Energieadvies Geweigerd" in refusal
    assert "Vroeg uw verbruik per kwartier, op 29 oktober 2023. Kreeg niets." in refusal
    assert "ingetrokken" in refusal
    assert "Bram Energieadvies Gelezen Met uw toestemming" in read
    assert "Las uw verbruik per kwartier, op 29 oktober 2023: ten hoogste 100 waarden." in read
    assert "artikel 4.1.22/5, 5°" in read


def test_a_read_by_law_is_labelled_so(
    visit: Visit, house: TheHouse, lotte: Customer, erik: Party, measured_autumn: Customer
) -> None:
    ean = "541448899990000039"
    house.operator("registry.supply.accept", ean=ean, party_id=erik.party_id, from_day="2022-01-01")
    erik.read(
        ean=ean, granularity="month", **{"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"}
    )
    text = visit(lotte).get("/mijn/gelezen").text
    assert "Erik Energie Gelezen Volgens de wet" in text
    assert "per maand, van 1 oktober 2023 tot en met 31 oktober 2023" in text


@pytest.mark.requirement("R66")
def test_who_looked_at_the_quality_of_supply_stands_there_with_the_task(
    visit: Visit, house: TheHouse, lotte: Customer, net: Party, joris: Party
) -> None:
    span = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
    net.call("supply_quality.read", ean=LOTTES_EAN, task="complaint", **span)
    with pytest.raises(DoorRefusedError):
        joris.call("supply_quality.read", ean=LOTTES_EAN, task="fault", **span)
    text = visit(lotte).get("/mijn/gelezen").text
    asked = "hoe goed uw stroom geleverd werd, op 29 oktober 2023. Waarvoor: een"
    assert f"Bekeek {asked} klacht over spanning of stroompannes behandelen." in text
    assert f"Vroeg {asked} storing vinden en herstellen. Kreeg niets." in text
    assert "artikel 4.1.22/6, tweede lid" in text


def test_maria_sees_nothing_of_lottes_reads(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party, measured_autumn: Customer
) -> None:
    bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])
    page = visit(maria).get("/mijn/gelezen")
    assert "Nog niemand las uw gegevens." in page.text
    assert "Bram" not in page.html


def test_the_proof_of_a_read_verifies_offline(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    index = bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])["index"]
    key = publish(house)
    visitor = visit(lotte)
    assert f"/mijn/bewijs/{index}.tlog-proof" in visitor.get("/mijn/gelezen").links
    download = visitor.get(f"/mijn/bewijs/{index}.tlog-proof").response
    assert f'filename="bewijs-{index}.tlog-proof"' in download.headers["Content-Disposition"]
    verified = receipt.verify(receipt.parse(download.data), [VerifierKey.parse(key.vkey)])
    assert verified.index == index
    assert verified.opening is not None


def test_a_proof_before_the_next_checkpoint_says_wait(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    publish(house)
    index = lotte.grant(bram.ask())["index"]
    page = visit(lotte).get(f"/mijn/bewijs/{index}.tlog-proof")
    assert page.status == 503
    assert "Het bewijs is bijna klaar" in page.text


def test_nobody_gets_the_proof_of_anothers_entry(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    index = lotte.grant(bram.ask())["index"]
    publish(house)
    visitor = visit(maria)
    answers = [visitor.get(f"/mijn/bewijs/{number}.tlog-proof") for number in (index, 10**9)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


def test_older_lines_are_a_page_further(visit: Visit, lotte: Customer, bram: Party) -> None:
    for _ in range(26):
        lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
    visitor = visit(lotte)
    first = visitor.get("/mijn/gelezen", soort="toestemmingen")
    older = next(link for link in first.links if "verder=" in link)
    second = visitor.get(older)
    numbers = [[link for link in page.links if "/bewijs/" in link] for page in (first, second)]
    assert len(numbers[0]) == 50
    assert len(numbers[1]) == 2
    assert not set(numbers[0]) & set(numbers[1])


def test_a_made_up_query_is_refused(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    for query in (
        "verder=x",
        "verder=-1",
        f"verder={'9' * 40}",
        "adres=x",
        "pagina=2",
        "soort=geheim",
        "soort=lezen&soort=alles",
    ):
        assert visitor.get(f"/mijn/gelezen?{query}").status == 400, query


def test_reads_at_marias_address_cannot_be_chosen(visit: Visit, lotte: Customer, maria: Customer) -> None:
    assert visit(lotte).get("/mijn/gelezen", adres=maria.occupancy()).status == 404


def test_looks_of_others_than_the_holder_are_not_called_yours(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, measured_autumn: Customer
) -> None:
    sam = house.customer("sam", "Sam")
    person = {"person_id": str(sam.person_id), "from_day": "2022-01-01"}
    house.operator("registry.concerned.begin", ean=LOTTES_EAN, **person)
    with pytest.raises(DoorRefusedError):
        maria.call("readings.read", occupancy_id=lotte.occupancy(), **AUTUMN)
    sam.call("readings.read", occupancy_id=lotte.occupancy(), **AUTUMN)
    lotte.call("readings.read", occupancy_id=lotte.occupancy(), **AUTUMN)
    lines = visit(lotte).get("/mijn/gelezen").text
    for line in ("Een andere klant Geweigerd", "Een huisgenoot Gelezen", "U zelf Gelezen"):
        assert lines.count(line) == 1
    assert "U woont hier" not in lines
    recent = visit(lotte).get("/mijn").text
    assert "Een andere klant" in recent
    assert "Een huisgenoot" in recent
    assert "U zelf" not in recent


def test_whose_days_were_read_before_the_move_was_known_is_told_so_among_the_reads(
    visit: Visit, house: TheHouse, lotte: Customer, net: Party, measured_autumn: Customer
) -> None:
    lotte.call("readings.read", occupancy_id=lotte.occupancy(), **AUTUMN)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-29")
    noor = house.customer("noor", "Noor")
    person = {"person_id": str(noor.person_id), "from_day": "2023-10-29"}
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **person)
    page = visit(noor).get("/mijn/gelezen").text
    assert "Nog niemand las uw gegevens." not in page
    assert "Wie hier vroeger woonde Gelezen voor het rechtgezet was" in page


def test_an_operators_look_at_a_decision_is_among_the_reads(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    index = bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])["index"]
    house.operator("decision.explain", index=index)
    assert "Databeheer Uitleg gevraagd" in visit(lotte).get("/mijn/gelezen").text
