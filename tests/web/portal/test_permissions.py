"""One permission in the portal: past and future apart, who must sign, renewal, its history, why it ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from web import saying

Visit = Callable[[Customer], Visitor]


def open_link(visitor: Visitor, asked: dict[str, str]) -> Page:
    return visitor.get("/verbruik/dienstverlener", id=asked["link_code"])


@pytest.mark.requirement("R31")
@pytest.mark.parametrize(
    ("button", "words"),
    [
        ("grant_past", "Nieuwe gegevens niet toegestaan"),
        ("grant_future", "Gegevens van vroeger niet toegestaan"),
    ],
)
def test_data_of_before_and_data_to_come_are_granted_by_their_own_button(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, button: str, words: str
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    page = open_link(visitor, asked)
    assert "U kunt apart toestaan" in page.text
    page = visitor.press(page, asked["permission_id"], button)
    assert "Dit geldt vanaf nu" in page.text
    refused = bram.permission(asked["permission_id"])["refused_part"]
    assert refused == ("future" if button == "grant_past" else "past")
    house.clock.advance(timedelta(days=2))
    later = visit(lotte).get(f"/mijn/vraag/{asked['permission_id']}/antwoord")
    assert "Dit geldt sinds" in later.text
    for shown in (page, later):
        assert "U kunt apart toestaan" not in shown.text
        assert "En als u weigert?" not in shown.text
        assert ("Alleen nieuwe gegevens, vanaf" in shown.text) is (button == "grant_future")
        assert "Ook nieuwe gegevens" not in shown.text
    visitor = visit(lotte)
    for page in ("/mijn", "/mijn/toestemmingen", f"/mijn/toestemming/{asked['permission_id']}"):
        assert words in visitor.get(page).text


@pytest.mark.requirement("R21", "R31")
@pytest.mark.parametrize(
    ("part", "words", "left"),
    [
        ("past", "Gegevens van vroeger gestopt op {}, door u", "Nieuwe gegevens vanaf"),
        ("future", "Nieuwe gegevens gestopt op {}, door u", "Gegevens van vroeger vanaf"),
    ],
)
def test_one_part_is_withdrawn_by_its_own_button_and_the_other_goes_on(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, part: str, words: str, left: str
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    for page in ("/mijn", "/mijn/toestemmingen", f"/mijn/toestemming/{asked['permission_id']}"):
        assert "Een deel intrekken" in visitor.get(page).text
    form = next(form for form in visitor.get("/mijn").forms if form.fields.get("part") == part)
    told = visitor.get(visitor.send(form.action, form.fields).location)
    assert "een deel van de toestemming van Bram Energieadvies ingetrokken" in told.text
    shown = bram.permission(asked["permission_id"])
    assert (shown["state"], shown["withdrawn_part"]) == ("active", part)
    for page in ("/mijn", "/mijn/toestemmingen", f"/mijn/toestemming/{asked['permission_id']}"):
        text = visitor.get(page).text
        assert words.format(saying.moment(house.clock.now())) in text
        assert "Actief voor een deel" in text or page == "/mijn"
        assert left in text
        assert "Een deel intrekken" not in text


@pytest.mark.requirement("R26", "R31")
@pytest.mark.parametrize(
    ("part", "name", "other"),
    [
        ("past", "Gegevens van vroeger", "nieuwe gegevens"),
        ("future", "Nieuwe gegevens", "gegevens van vroeger"),
    ],
)
def test_the_history_says_which_part_stopped_when_by_whom_and_then_how_the_rest_ended(
    visit: Visit,
    house: TheHouse,
    lotte: Customer,
    maria: Customer,
    bram: Party,
    part: str,
    name: str,
    other: str,
) -> None:
    by_lotte, by_bram = (lotte.grant(bram.ask())["permission"]["permission_id"] for _ in range(2))
    narrowed_at = saying.moment(house.clock.now())
    lotte.call("permission.withdraw", permission_id=by_lotte, part=part)
    bram.call("permission.terminate", permission_id=by_bram, part=part)
    house.clock.advance(timedelta(minutes=9))
    visitor = visit(lotte)
    for permission, whom in ((by_lotte, "u"), (by_bram, "de dienst")):
        text = visitor.get(f"/mijn/toestemming/{permission}").text
        assert f"{name}: gestopt op {narrowed_at}, door {whom}." in text
        assert f"{name} gestopt; {other} lopen door , door {whom}" in text
        assert "Een deel gestopt; het andere loopt door" not in text
    ended_at = saying.moment(house.clock.now())
    for permission in (by_lotte, by_bram):
        lotte.withdraw(permission)
        text = visitor.get(f"/mijn/toestemming/{permission}").text
        assert f"{name}: gestopt op {narrowed_at}" in text
        assert "U hebt de toestemming zelf ingetrokken." in text
        assert f"{ended_at} nr." in text
    whole = lotte.grant(bram.ask())["permission"]["permission_id"]
    assert "gestopt op" not in visitor.get(f"/mijn/toestemming/{whole}").text


def test_a_part_that_ended_cannot_be_ended_again_and_the_page_says_when_it_was(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(lotte)
    forms = {form.fields["part"]: form for form in visitor.get("/mijn").forms if "part" in form.fields}
    visitor.send(forms["past"].action, forms["past"].fields)
    ended_at = saying.moment(house.clock.now())
    house.clock.advance(timedelta(minutes=5))
    again, last = (visitor.send(forms[part].action, forms[part].fields) for part in ("past", "future"))
    assert (again.status, last.status) == (409, 409)
    assert "Gegevens van vroeger: dit was al gestopt" in again.text
    assert f"Dat was op {ended_at}." in again.text
    assert "Trek de toestemming helemaal in." in last.text
    for page in (again, last):
        assert f"/mijn/toestemming/{permission}" in page.links
    assert (lotte.permission(permission)["state"], lotte.permission(permission)["parts"]) == (
        "active",
        ["future"],
    )


@pytest.mark.parametrize(
    ("first", "words"), [("grant", "heeft al toestemming"), ("refuse", "is niet meer open")]
)
def test_two_windows_that_answer_get_one_answer_and_the_second_says_what_it_was_and_when(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, first: str, words: str
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    permission, visitor = asked["permission_id"], visit(lotte)
    windows = [visitor.get(f"/mijn/vraag/{permission}") for _ in range(3)]
    visitor.press(windows[0], permission, first)
    answered_at = saying.moment(house.clock.now())
    house.clock.advance(timedelta(minutes=5))
    entries = len(lotte.statements())
    for window, button in zip(windows[1:], ("grant", "refuse"), strict=True):
        again = visitor.press(window, permission, button)
        assert again.status == 409
        assert f"van Bram Energieadvies {words}" in again.text or f"Bram Energieadvies {words}" in again.text
        assert f"Dat was op {answered_at}." in again.text
        assert f"/mijn/toestemming/{permission}" in again.links
    assert len(lotte.statements()) == entries


def test_a_request_for_one_of_both_has_one_button_to_allow(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(data_until="2023-11-01T00:00:00Z")
    form = open_link(visit(lotte), asked).form(asked["permission_id"])
    assert [value for _, value, _ in form.buttons] == ["none", "grant", "refuse"]


@pytest.mark.requirement("R19", "R25", "R26")
def test_the_history_shows_each_step_with_its_number_and_the_text_that_was_read(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    visitor.press(visitor.get("/mijn"), "/intrekken")
    page = visitor.get(f"/mijn/toestemming/{asked['permission_id']}")
    steps = lotte.permission(asked["permission_id"])["history"]
    for words, step in zip(
        ("Gevraagd", "Toegestaan, en van toen af geldig", "Ingetrokken"), steps, strict=True
    ):
        assert words in page.text
        assert f"nr. {step['index']}" in page.text
    read = page.text.split("Wat u las toen u dit toestond")[1]
    assert "Tot u het intrekt. Na 5 jaar stopt het vanzelf" in read
    assert "In het Nederlands" in read
    assert "U hebt de toestemming zelf ingetrokken." in page.text
    assert "ten laatste op" in page.text
    assert visit(maria).get(f"/mijn/toestemming/{asked['permission_id']}").status == 404


def test_a_suspension_is_told_as_one_and_who_did_what_stands_in_the_book(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="onderzoek")
    house.operator("permission.sweep")
    text = visitor.get(f"/mijn/toestemming/{asked['permission_id']}").text
    assert "Gestopt: de dienst werd geschorst" in text
    assert "door databeheer" in text
    assert "door de tijd" not in text
    told = visitor.get("/mijn/berichten").text
    assert "Op de bladzijde van de toestemming leest u waarom." in told
    assert "De toestemming loopt tot en met" in told
    book = visitor.get("/mijn/gelezen", soort="toestemmingen").text
    assert "Databeheer Toestemming gestopt" in book
    assert "U, of iemand die er ook woont Toestemming gegeven" in book


def test_a_permission_for_past_data_says_when_it_ends_by_itself(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(data_until="2023-11-01T00:00:00Z")
    visitor = visit(lotte)
    visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    text = visitor.get("/mijn").text
    assert "Ze stopt vanzelf na" in text
    assert "hoogstens tot en met" not in text


def test_who_still_has_to_sign_is_said_to_both(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    asked = bram.ask(ean=LOTTES_EAN)
    lottes, sams = visit(lotte), visit(sam)
    page = lottes.get(f"/mijn/vraag/{asked['permission_id']}")
    assert "U: heeft nog niet geantwoord" in page.text
    assert "Een medebewoner: heeft nog niet geantwoord" in page.text
    answered = lottes.press(page, asked["permission_id"], "grant")
    assert "Er moet nog iemand anders toestaan" in answered.text
    assert "Wacht op iemand anders" in lottes.get("/mijn/toestemmingen").text
    assert "Er wacht een vraag op u" not in lottes.get("/mijn").text
    page = sams.get(f"/mijn/vraag/{asked['permission_id']}")
    assert "De netgebruiker: stond toe op" in page.text
    sams.press(page, asked["permission_id"], "grant")
    assert bram.permission(asked["permission_id"])["state"] == "active"
    assert "Een medebewoner, op" in lottes.get("/mijn").text


@pytest.mark.requirement("R21")
@pytest.mark.parametrize("place", ["/mijn/toestemmingen", "/mijn/vraag/{}/antwoord", "/mijn/toestemming/{}"])
def test_who_granted_first_takes_it_back_by_one_press_while_the_other_thinks(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party, place: str
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    asked = bram.ask(ean=LOTTES_EAN)
    permission, lottes, sams = asked["permission_id"], visit(lotte), visit(sam)
    lottes.press(lottes.get(f"/mijn/vraag/{permission}"), permission, "grant")
    question = sams.get(f"/mijn/vraag/{permission}")
    assert "Antwoord terugnemen" not in sams.get("/mijn/toestemmingen").text  # Sam has nothing to take back
    page = lottes.get(place.format(permission))
    marias = visit(maria)
    token = marias.get("/mijn").forms[0].fields
    assert marias.send(f"/mijn/vraag/{permission}/terugnemen", token).status == 404
    pressed = lottes.pressed
    lottes.press(page, "/terugnemen")
    assert lottes.pressed == pressed + 1
    assert bram.permission(permission)["state"] == "rejected"
    too_late = sams.press(question, permission, "grant")
    assert (too_late.status, "is niet meer open" in too_late.text) == (409, True)
    again = lottes.press(page, "/terugnemen")
    assert (again.status, "U hebt de vraag geweigerd." in again.text) == (409, True)
    assert bram.permission(permission)["state"] == "rejected"


def test_who_granted_first_hears_that_an_answer_cannot_be_taken_back_once_the_other_granted_too(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    permission = bram.ask(ean=LOTTES_EAN)["permission_id"]
    lottes, sams = visit(lotte), visit(sam)
    first = lottes.get(f"/mijn/vraag/{permission}")
    page = lottes.press(first, permission, "grant")
    twice = lottes.press(first, permission, "grant")
    assert (twice.status, "U antwoordde al op de vraag van Bram Energieadvies" in twice.text) == (409, True)
    sams.press(sams.get(f"/mijn/vraag/{permission}"), permission, "grant")
    late = lottes.press(page, "/terugnemen")
    assert late.status == 409
    assert "Bram Energieadvies heeft al toestemming" in late.text
    assert "Trek de toestemming dan in." in late.text
    assert bram.permission(permission)["state"] == "active"


def test_each_page_says_who_of_the_household_did_it(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    standing = lotte.grant(bram.ask(ean=LOTTES_EAN) | {"link_code": None})["permission"]["permission_id"]
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    refused, waits = (bram.ask(ean=LOTTES_EAN)["permission_id"] for _ in range(2))
    sam.call("permission.refuse", permission_id=refused)
    lottes, sams = visit(lotte), visit(sam)
    for visitor, words in ((lottes, "Een medebewoner heeft de vraag geweigerd"), (sams, "U hebt geweigerd")):
        page = visitor.get(f"/mijn/vraag/{refused}").text
        assert words in page
        assert ("U hebt geweigerd" in page) == (visitor is sams)
    page = sams.get(f"/mijn/vraag/{standing}").text
    assert "U gaf Bram Energieadvies toestemming" not in page
    assert "Bram Energieadvies heeft toestemming" in page
    assert "U gaf Bram Energieadvies toestemming" in lottes.get(f"/mijn/vraag/{standing}").text
    # What she granted is hers to withdraw: his page says why he has no button, and what he can do.
    history = f"/mijn/toestemming/{standing}"
    assert lottes.get(history).has_form("/intrekken")
    assert not sams.get(history).has_form("/intrekken")
    assert "Iemand anders op dit adres gaf deze toestemming" in sams.get(history).text
    assert f"{history}/twijfel" in sams.get(history).links
    lottes.press(lottes.get(f"/mijn/vraag/{waits}"), waits, "grant")
    lottes_list, sams_list = (who.get("/mijn/toestemmingen").text for who in (lottes, sams))
    assert "Wacht op u" not in lottes_list
    assert "Wacht op iemand anders" in lottes_list
    assert "Wacht op u" in sams_list
    assert "Geweigerd , door u" in sams.get(f"/mijn/toestemming/{refused}").text
    assert "Geweigerd , door een medebewoner" in lottes.get(f"/mijn/toestemming/{refused}").text


@pytest.mark.requirement("R36")
@pytest.mark.parametrize("ean", [LOTTES_EAN, "541448899990000060"])
def test_who_is_not_the_contract_holder_sends_the_request_on(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party, ean: str
) -> None:
    asked = bram.ask()
    visitor = visit(maria)
    page = visitor.press(open_link(visitor, asked), "/doorsturen", ean="12345")
    assert (page.status, "Dit is geen EAN-code" in page.text) == (400, True)
    page = visitor.press(open_link(visitor, asked), "/doorsturen", ean=MARIAS_EAN)
    assert (page.status, "aansluiting op uw eigen naam" in page.text) == (400, True)
    with pytest.raises(DoorRefusedError, match="your own"):
        maria.call(
            "permission.forward",
            permission_id=asked["permission_id"],
            link_code=asked["link_code"],
            ean=MARIAS_EAN,
        )
    as_printed = " ".join(ean[at : at + 6] for at in range(0, len(ean), 6))
    sent = visitor.press(open_link(visitor, asked), "/doorsturen", ean=as_printed)
    assert (sent.status, "Wij hebben de vraag doorgestuurd" in sent.text) == (200, True)
    shown = visit(lotte).get("/mijn").text
    assert ("Er wacht een vraag op u" in shown) == (ean == LOTTES_EAN)
    if ean == LOTTES_EAN:
        page = visit(lotte).get(f"/mijn/vraag/{asked['permission_id']}")
        assert "stuurde ze naar u door" in page.text


def test_renewing_is_one_press_on_a_page_that_asks_again(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", longest_days=40, renewal_days=30)
    old = lotte.grant(bram.ask())["permission"]["permission_id"]
    fresh = f"/mijn/toestemming/{old}/verlengen"
    assert visit(lotte).get(fresh).status == 303  # not yet
    house.clock.advance(timedelta(days=11))
    lotte.session, maria.session = (house.log_in(one.subject, one.name) for one in (lotte, maria))
    bram.token = house.token(bram.client_id, bram.client_secret)
    visitor = visit(lotte)
    assert "Een toestemming loopt bijna af" in visitor.get("/mijn").text
    page = visitor.get(fresh)
    assert "Om u energieadvies te geven." in page.text
    done = visitor.press(page, "/verlengen")
    assert visitor.pressed == 1
    assert "U gaf Bram Energieadvies toestemming" in done.text
    new = bram.permission(old)["renewed_by"]
    assert bram.permission(new)["state"] == "active"
    history = visitor.get(f"/mijn/toestemming/{old}")
    assert f"/mijn/toestemming/{new}" in history.links
    assert "De toestemming is verlengd." in history.text
    again = visitor.press(page, "/verlengen")  # an old page, pressed again
    assert (again.status, "De toestemming is verlengd." in again.text) == (409, True)
    assert f"/mijn/toestemming/{new}" in again.links
    assert visit(maria).get(fresh).status == 404


def test_a_renewal_that_its_party_asks_arrives_as_one_and_is_answered_as_any_request(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", longest_days=40, renewal_days=30)
    old = lotte.grant(bram.ask())["permission"]["permission_id"]
    house.clock.advance(timedelta(days=11))
    lotte.session, maria.session = (house.log_in(one.subject, one.name) for one in (lotte, maria))
    bram.token = house.token(bram.client_id, bram.client_secret)
    asked = bram.call("permission.ask_renewal", renews=old)
    visitor = visit(lotte)
    assert "vraagt of uw toestemming langer mag gelden" in visitor.get("/mijn/berichten").text
    page = visitor.get(f"/mijn/vraag/{asked['permission_id']}")
    assert "Mag Bram Energieadvies uw meetgegevens blijven zien?" in page.text
    assert "zonder onderbreking" in page.text
    assert f"/mijn/toestemming/{old}" in page.links
    assert visit(maria).get(f"/mijn/vraag/{asked['permission_id']}").status == 404
    visitor.press(page, asked["permission_id"], "grant")
    assert (bram.permission(old)["state"], bram.permission(old)["reason"]) == ("expired", "renewed")
    assert bram.permission(asked["permission_id"])["state"] == "active"


def test_a_blocked_permission_says_why_and_can_be_withdrawn(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.operator("permission.terms.set", mandate_days=1)
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.call("mandate.register", permission_id=permission, document_sha256="00" * 32, signed_on="2023-01-01")
    house.operator("mandate.sample")
    house.clock.advance(timedelta(days=2))
    house.operator("permission.sweep")
    lotte.session = house.log_in(lotte.subject, lotte.name)
    visitor = visit(lotte)
    assert "Geblokkeerd tijdens onderzoek" in visitor.get("/mijn").text
    assert "toonde het papier met uw handtekening niet op tijd" in visitor.get("/mijn/toestemmingen").text
    visitor.press(visitor.get("/mijn"), "/intrekken")
    assert lotte.permission(permission)["state"] == "revoked"


@pytest.mark.requirement("R32")
def test_marias_permission_says_when_its_data_are_deleted(visit: Visit, maria: Customer, bram: Party) -> None:
    asked = bram.ask(ean=MARIAS_EAN)
    maria.grant(asked | {"link_code": None})
    maria.withdraw(asked["permission_id"])
    bram.call("permission.confirm_deletion", permission_id=asked["permission_id"])
    page = visit(maria).get(f"/mijn/toestemming/{asked['permission_id']}").text
    assert "De dienst bevestigt dat ze uw gegevens heeft gewist" in page
    assert "bevestigd op" in page


def test_a_request_of_a_suspended_party_says_so_and_cannot_be_granted(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked, waiting = bram.ask(), bram.ask(ean=LOTTES_EAN)
    visitor = visit(lotte)
    page = open_link(visitor, asked)
    assert "geschorst" not in page.text + visitor.get("/mijn").text
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="onderzoek")
    late = visitor.press(page, asked["permission_id"], "grant")
    assert late.status == 409
    for shown in (late, visitor.get(f"/mijn/vraag/{waiting['permission_id']}")):
        assert "Deze dienst is geschorst" in shown.text
        assert "Intussen is er iets veranderd" not in shown.text
        decisions = {value for form in shown.forms for name, value, _ in form.buttons if name == "decision"}
        assert decisions == {"none", "refuse"}
    for path in ("/mijn", "/mijn/toestemmingen"):
        assert "u kunt dit nu niet toestaan" in visitor.get(path).text
    assert f"{bram.name} Geschorste dienst" in visitor.get("/mijn/toestemmingen").text
    assert "Er wacht een vraag op u" not in visitor.get("/mijn").text
    visitor.press(visitor.get(f"/mijn/vraag/{waiting['permission_id']}"), waiting["permission_id"], "refuse")
    assert lotte.permission(waiting["permission_id"])["state"] == "rejected"


def test_who_forwarded_a_request_is_not_taken_for_the_household(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    link = {name: asked[name] for name in ("permission_id", "link_code")}
    maria.call("permission.forward", **link, ean=LOTTES_EAN)
    book = visit(lotte).get("/mijn/gelezen", soort="toestemmingen").text
    assert "Wie de vraag eerst kreeg Doorgestuurd aan u" in book
    assert "iemand die er ook woont" not in book
