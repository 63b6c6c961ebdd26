"""Who read my data: each read and refusal with party, ground, data, period and time; and its proof."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from pypdf import PdfReader

from databeheer.brussels import day_of
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


def test_one_entry_about_several_addresses_is_one_line_that_names_them(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    house.point("541448899990000046", lotte, address="Zeedijk 1, 8400 Oostende")
    stays = [one["occupancy_id"] for one in lotte.call("me")["occupancies"]]
    until = (day_of(house.clock.now()) + timedelta(days=30)).isoformat()
    invited = {"invitation_id": str(uuid4()), "name": "Theo Wouters", "decides": False, "until_day": until}
    lotte.call("attorney.invite", stays=stays, **invited)
    told = [one["index"] for one in lotte.statements() if one["event"] == "attorney.invited"]
    assert len(told) == 2
    page = visit(lotte).get("/mijn/gelezen", soort="alles")
    line = page.html.partition(f">nr. {told[0]}<")[2].partition("<li class")[0]
    assert page.html.count(f">nr. {told[0]}<") == 1
    assert "Kerkstraat 1" in line
    assert "Zeedijk 1" in line
    # Another entry, of one of them alone, is a line of its own.
    lotte.call("interval_reading.choose", occupancy_id=stays[0], on=False)
    assert visit(lotte).get("/mijn/gelezen", soort="alles").html.count('class="number-plate"') == (
        page.html.count('class="number-plate"') + 1
    )


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


def test_older_lines_are_a_page_further_by_key_whatever_comes_in_between(
    visit: Visit, lotte: Customer, bram: Party, erik: Party
) -> None:
    for _ in range(13):
        lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
    visitor = visit(lotte)
    chosen = {"soort": "toestemmingen", "partij": bram.party_id, "van": "2024-01-01"}
    first = visitor.get("/mijn/gelezen", **chosen)
    assert "Regels die passen bij uw keuze: 26 . Regels die u nu niet ziet: " in first.text
    older = next(link for link in first.links if "verder=" in link)
    assert all(f"{name}={value}" in older for name, value in chosen.items())
    lotte.grant(bram.ask())  # what is new meanwhile shifts nothing
    pages = [first, visitor.get(older)]
    numbers = [[link for link in page.links if link.endswith(".tlog-proof")] for page in pages]
    assert [len(each) for each in numbers] == [25, 1]
    assert not set(numbers[0]) & set(numbers[1])
    newest = next(link for link in pages[1].links if "partij=" in link and "verder=" not in link)
    assert len([link for link in visitor.get(newest).links if link.endswith(".tlog-proof")]) == 25
    assert "Geen regel past bij wat u koos." in visitor.get("/mijn/gelezen", partij=erik.party_id).text


def test_lines_are_chosen_by_kind_party_days_and_address_and_what_is_left_out_is_counted(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, maria: Customer, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    index = bram.read(permission_id)["index"]
    lotte.withdraw(permission_id)
    with pytest.raises(DoorRefusedError):
        bram.read(permission_id)
    visitor = visit(lotte)
    visitor.get("/mijn/verbruik", dag="2023-10-29")
    day = day_of(house.clock.now()).isoformat()

    def look(**query: str) -> str:
        page = visitor.get("/mijn/gelezen", **query)
        assert page.status == 200, query
        return page.text

    given, refused = look(soort="gegeven", partij=bram.party_id), look(soort="geweigerd", zoek="bram")
    assert "Bram Energieadvies Gelezen" in given
    assert "Bram Energieadvies Geweigerd" not in given
    assert "Uzelf Gelezen" not in given
    assert "Regels die passen bij uw keuze: 1 ." in given
    assert "Bram Energieadvies Geweigerd" in refused
    assert "Bram Energieadvies Gelezen" not in refused
    assert "Bram" in look(van=day, tot=day)
    for nothing in (
        {"tot": "2024-01-01"},
        {"soort": "koppelingen"},
        {"van": "2023-01-01", "tot": "2023-02-01"},
    ):
        text = look(**nothing)
        assert "Bram Energieadvies Ge" not in text
        assert ("Geen regel past bij wat u koos." in text) == ("tot" in nothing)
    assert f"nr. {index} Bram Energieadvies Gelezen" in look(zoek=f"nr. {index}")
    assert "Geweigerd Met" not in look(zoek=str(index))
    for nobody in ("Zwarte Piet", "<b>", "%", "' OR 1=1"):
        assert f"In uw boek staat niemand met “{nobody}” in de naam." in look(zoek=nobody)
    assert "Zoek op ten hoogste 80 letters" in visitor.get("/mijn/gelezen", zoek="x" * 81).text
    for wrong in ({"van": "gisteren"}, {"tot": "2999-01-01"}, {"van": "2024-02-01", "tot": "2024-01-01"}):
        page = visitor.get("/mijn/gelezen", **wrong)
        assert page.status == 400
        assert "Wij konden niet zoeken" in page.text
        assert "Bram Energieadvies Ge" not in page.text
    hers = visit(maria)
    theirs = hers.get("/mijn/gelezen", soort="alles", partij=bram.party_id)
    assert "Bram" not in theirs.html
    assert hers.get("/mijn/gelezen", zoek=str(index)).links.count(f"/mijn/bewijs/{index}.tlog-proof") == 0


def test_each_line_says_why_and_leads_to_doubt(
    visit: Visit, lotte: Customer, bram: Party, maria: Customer, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    index = bram.read(permission_id)["index"]
    lotte.withdraw(permission_id)
    with pytest.raises(DoorRefusedError):
        bram.read(permission_id)
    visitor = visit(lotte)
    refused = lotte.statements(kind="reads")[0]["index"]
    links = visitor.get("/mijn/gelezen", soort="alles").links
    for number in (index, refused):
        assert f"/mijn/gelezen/{number}/waarom" in links
        assert f"/mijn/gelezen/{number}/twijfel" in links
    assert f"/mijn/toestemming/{permission_id}/twijfel" in links
    why = visitor.get(f"/mijn/gelezen/{index}/waarom").text
    assert "Waarom mocht dit?" in why
    assert "artikel 4.1.22/5, 5°" in why
    assert "Beslist met versie" in why
    why_not = visitor.get(f"/mijn/gelezen/{refused}/waarom").text
    assert "Waarom werd dit geweigerd?" in why_not
    assert "ingetrokken" in why_not
    others = visit(maria)
    for path in (f"/mijn/gelezen/{index}/waarom", f"/mijn/bewijs/{index}.pdf", "/mijn/gelezen/999999/waarom"):
        assert others.get(path).status == 404


def test_a_receipt_can_be_read_as_a_pdf_that_has_nothing_more_and_is_the_same_each_time(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    index = bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])["index"]
    publish(house)
    visitor = visit(lotte)
    answer = visitor.get(f"/mijn/bewijs/{index}.pdf").response
    assert answer.mimetype == "application/pdf"
    assert f'filename="bewijs-{index}.pdf"' in answer.headers["Content-Disposition"]
    read = PdfReader(BytesIO(answer.data))
    assert read.metadata is not None
    assert read.metadata.title == f"Bewijs van regel nr. {index}"
    assert read.trailer["/Root"]["/Lang"] == "nl"
    text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    for said in (
        "Bram Energieadvies",
        "Uw verbruik per kwartier",
        "op 29 oktober 2023",
        "Ten hoogste zoveel waarden 100",
        "artikel 4.1.22/5, 5°",
        f"bewijs-{index}.tlog-proof",
        "ledger receipt verify",
    ):
        assert said in text
    for secret in (LOTTES_EAN, lotte.name, "Lotte", "Kerkstraat", lotte.occupancy(), str(lotte.person_id)):
        assert secret not in text
        assert secret.encode() not in answer.data
    house.clock.advance(timedelta(minutes=1))
    assert visitor.get(f"/mijn/bewijs/{index}.pdf").response.data == answer.data
    # Of her own grant it says to whom and what, which is no read.
    [given] = [one["index"] for one in lotte.statements() if one["event"] == "permission.granted"]
    read = PdfReader(BytesIO(visitor.get(f"/mijn/bewijs/{given}.pdf").response.data))
    text = " ".join(" ".join(page.extract_text() for page in read.pages).split())
    for said in ("Over wie Bram Energieadvies", "Welke gegevens", "per kwartier", "Waarvoor"):
        assert said in text
    assert "Kerkstraat" not in text


def test_a_made_up_query_is_refused(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    for query in (
        "verder=x",
        "verder=-1",
        f"verder={'9' * 40}",
        "adres=x",
        "partij=x",
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
    for line in ("Een andere klant Geweigerd", "Een huisgenoot Gelezen", "Uzelf Gelezen"):
        assert lines.count(line) == 1
    assert "U woont hier" not in lines
    recent = visit(lotte).get("/mijn").text
    assert "Een andere klant" in recent
    assert "Een huisgenoot" in recent
    assert "Uzelf" not in recent


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
