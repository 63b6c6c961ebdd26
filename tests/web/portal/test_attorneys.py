"""A power of attorney in the portal: given in three steps, taken up with a code, used, ended in one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from databeheer.identity.sessions import FRESH_TERM
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from tests.web.programs import publish
from web.portal.attorneys import first_day_without

Visit = Callable[[Customer], Visitor]
CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}")


@pytest.fixture
def theo(house: TheHouse) -> Customer:
    return house.customer("theo", "Theo Wouters")


def fill_in(visitor: Visitor, **changes: str) -> Page:
    """The form, answered and sent on to be checked."""
    page = visitor.get("/mijn/volmacht/geven")
    assert page.form("/nakijken").preselected == []
    home = page.form("/nakijken").choices["adres"][0]
    answers = {"naam": "Theo Wouters", "adres": home, "wat": "beslissen", "duur": "3-maanden"} | changes
    return visitor.press(page, "/nakijken", **answers)


@pytest.mark.parametrize(
    ("today", "term", "last"),
    [
        ("2026-11-22", "30-dagen", "2026-12-22"),
        ("2026-11-22", "3-maanden", "2027-02-22"),
        ("2026-11-30", "3-maanden", "2027-02-28"),
        ("2026-08-31", "6-maanden", "2027-02-28"),
        ("2026-11-22", "1-jaar", "2027-11-22"),
        ("2028-02-29", "1-jaar", "2029-02-28"),
        ("2027-11-22", "1-jaar", "2028-11-21"),  # a leap year: the door allows no 367 days
    ],
)
def test_a_month_ends_on_the_same_day_of_another_month(today: str, term: str, last: str) -> None:
    first_without = first_day_without(date.fromisoformat(today), term)
    assert first_without - timedelta(days=1) == date.fromisoformat(last)


def code_of(page: Page) -> str:
    found = CODE.search(page.text)
    assert found is not None
    return found.group()


@pytest.mark.requirement("R81", "R97")
def test_it_is_given_taken_up_used_and_ended_and_ending_takes_no_more_steps_than_giving(
    visit: Visit, stranger: Visitor, measured_autumn: Customer, theo: Customer, maria: Customer, bram: Party
) -> None:
    bram.ask(ean=measured_autumn.call("me")["occupancies"][0]["ean"])
    hers, his = visit(measured_autumn), visit(theo)
    for path in ("/mijn/volmacht", "/mijn/volmacht/geven", "/mijn/volmacht/code"):
        assert stranger.get(path).location == "/aanmelden"
    checked = fill_in(hers)
    for words in ("Theo Wouters", "Kijken en beslissen", "Er gebeurt niets"):
        assert words in checked.text
    given = hers.press(checked, "/volmacht/geven")
    steps = hers.pressed
    code = code_of(given)
    again = hers.send("/mijn/volmacht/geven", checked.form("/volmacht/geven").fields)  # a double click
    assert again.location == "/mijn/volmacht"
    assert CODE.findall(hers.get("/mijn/volmacht").text) == [code]
    # A stranger with the code learns nothing of whose it is.
    other = visit(maria)
    for typed, status in ((code, 404), ("K7QX", 400), ('"><script>', 400)):
        shown = other.press(other.get("/mijn/volmacht/code"), "/volmacht/code", code=typed)
        assert shown.status == status
        assert "Lotte" not in shown.text
        assert "<script" not in shown.html
    offer = his.press(his.get("/mijn/volmacht/code"), "/volmacht/code", code=code.lower())
    assert "Wilt u handelen namens Lotte Janssens?" in offer.text
    assert "Aansluitingen Kerkstraat 1, 9000 Gent (elektriciteit)" in offer.text
    taken = his.press(offer, "/aannemen")
    assert "U hebt de volmacht aangenomen" in taken.text
    assert "Voor Kerkstraat 1, 9000 Gent (elektriciteit)" in taken.text.split("Voor wie mag u handelen?")[1]
    assert his.send("/mijn/volmacht/aannemen", offer.form("/aannemen").fields).status == 404
    acting = his.press(taken, his_power(taken))
    assert "U handelt namens Lotte Janssens" in acting.text
    assert "U mag kijken en beslissen" in acting.text
    for path, status in (
        ("/mijn", 200),
        ("/mijn/gelezen", 200),
        ("/mijn/toestemmingen", 200),
        ("/mijn/verbruik", 200),
        ("/mijn/volmacht", 200),
        ("/mijn/kiezen", 200),
        ("/mijn/berichten", 403),
        ("/mijn/poorten", 403),
        ("/mijn/rechten", 403),
    ):
        page = his.get(path)
        assert page.status == status, path
        assert "U handelt namens Lotte Janssens" in page.text, path
        assert {"/mijn/gelezen", "/mijn/volmacht"} <= set(page.links), path  # the menu stays
        assert not {"/mijn/uitlezing", "/mijn/historiek", "/mijn/twijfel"} & set(page.links), path
    assert his.get("/mijn/volmacht/geven").location == "/mijn/volmacht"  # it is not passed on
    top = hers.get("/mijn")
    assert "Theo Wouters kijkt met uw volmacht" in top.text
    assert "Theo Wouters mag ook beslissen" in top.text
    assert "/mijn/volmacht" in top.links
    assert "met uw volmacht, tot en met" not in his.get("/mijn").text  # of others' powers he hears nothing
    overview = his.get("/mijn").text
    assert "Wie mag de meetgegevens van Lotte Janssens zien?" in overview
    assert "Met toestemming" in overview
    assert not [said for said in ("Omdat u het toestaat", "Met uw toestemming") if said in overview]
    book = hers.get("/mijn/gelezen", soort="alles").text
    assert "Theo Wouters, met uw volmacht" in book
    assert "Uzelf Volmacht aangeboden" in book
    assert "artikel 1984" in book
    assert "artikel 492/1" not in book  # of whom a court appoints
    assert "Theo Wouters handelde in uw naam" in hers.get("/mijn/berichten").text
    hers.pressed = 0
    ended = hers.press(hers.get("/mijn/volmacht"), "/stoppen")
    assert "Gestopt" in ended.text
    assert "Theo Wouters kijkt" not in hers.get("/mijn").text
    assert hers.pressed <= steps
    gone = his.get("/mijn")
    assert gone.status == 403
    assert "De volmacht of de aanstelling is voorbij" in gone.text
    assert "Lotte" not in his.get("/mijn").text


def test_after_a_fresh_log_in_she_reads_once_more_to_whom_she_gives_what_before_she_does(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    """Somebody else may have filled it in, at a session that she left open."""
    visitor = visit(lotte)
    checked = fill_in(visitor)
    house.clock.advance(FRESH_TERM)
    assert "Toon opnieuw wie u bent" in visitor.press(checked, "/volmacht/geven").text
    back = visitor.get(visitor.log_in(lotte.subject, lotte.name).location)
    assert back.response.request.path == "/mijn/verder"
    for words in ("Theo Wouters", "Kijken en beslissen", LOTTES_EAN[-6:], "U bent weer aangemeld"):
        assert words in back.text, words
    assert CODE.search(visitor.get("/mijn/volmacht").text) is None
    assert code_of(visitor.press(back, "/volmacht/geven"))


def test_what_lacks_is_said_beside_it_and_what_was_answered_stays(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    page = fill_in(visitor, naam="", duur="")
    assert page.status == 400
    for words in ("Vul de voornaam en de naam in", "Kies tot wanneer"):
        assert words in page.text
    assert set(page.form("/nakijken").preselected) == {"adres", "wat"}
    nasty = '<script>alert("x")</script>'
    shown = fill_in(visitor, naam=nasty)
    assert nasty not in shown.html
    for changes in (
        {"adres": "x"},
        {"wat": "alles"},
        {"duur": "4000"},
        {"naam": "x" * 101},
        {"naam": "\x00"},
    ):
        assert fill_in(visitor, **changes).status == 400
    checked = fill_in(visitor).form("/volmacht/geven").fields
    for changes in ({"adressen": "x"}, {"adressen": ""}, {"duur": "4000"}, {"wat": ""}, {"more": "x"}):
        assert visitor.send("/mijn/volmacht/geven", checked | changes).status == 400
    assert visitor.send("/mijn/volmacht/geven", checked | {"csrf_token": "x"}).status == 400
    assert CODE.search(visitor.get("/mijn/volmacht").text) is None


def his_power(page: Page) -> str:
    return next(
        form.action for form in page.forms if "/mijn/namens/" in form.action and "uzelf" not in form.action
    )


@pytest.mark.requirement("R81")
def test_who_may_only_look_sees_why_there_is_no_button_and_has_the_proof_of_what_he_sees(
    visit: Visit, house: TheHouse, lotte: Customer, theo: Customer, maria: Customer, bram: Party
) -> None:
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    read = bram.read(permission)["index"]
    line = next(one["index"] for one in lotte.statements(kind="permissions"))
    hers, his, other = visit(lotte), visit(theo), visit(maria)
    code = code_of(hers.press(fill_in(hers, wat="kijken"), "/volmacht/geven"))
    taken = his.press(his.press(his.get("/mijn/volmacht/code"), "/code", code=code), "/aannemen")
    [end] = [form.action for form in taken.forms if form.action.endswith("/stoppen")]
    his.press(taken, his_power(taken))
    publish(house)
    for path in ("/mijn", "/mijn/toestemmingen", f"/mijn/toestemming/{permission}"):
        page = his.get(path)
        assert "intrekken doet Lotte Janssens zelf" in page.text, path
        assert not page.has_form("/intrekken"), path
        assert hers.get(path).has_form("/intrekken"), path
    withdraw = f"/mijn/toestemming/{permission}/intrekken"
    guard = {"csrf_token": page.form("/uzelf").fields["csrf_token"]}
    assert his.send(withdraw, guard).status == 403
    proof = f"/mijn/bewijs/{line}.tlog-proof"
    assert his.get(proof).response.data == hers.get(proof).response.data
    assert his.get("/mijn/bewijzen.zip", adres=lotte.occupancy()).status == 200
    # He asks why, as she does; doubting it is hers alone.
    why = f"/mijn/gelezen/{read}/waarom"
    for path in ("/mijn/gelezen", why):
        assert any("/twijfel" in link for link in hers.get(path).links), path
        assert not any("/twijfel" in link for link in his.get(path).links), path
    assert "Zo werd beslist" in his.get(why).text
    assert other.get(why).status == 404
    lotte.call("doubt.raise", permission_id=permission, concern="other")
    assert "Geblokkeerd" in his.get(f"/mijn/toestemming/{permission}").text
    # Of what is not his to end there is nothing; what is over, is over.
    assert other.get(proof).status == 404
    mine = {"csrf_token": other.get("/mijn/volmacht/code").form("/code").fields["csrf_token"]}
    assert other.send(end, mine).status == 404
    assert "Deze volmacht was al gestopt" not in hers.press(hers.get("/mijn/volmacht"), "/stoppen").text
    again = hers.send(end, {"csrf_token": hers.get("/mijn/volmacht").form("/afmelden").fields["csrf_token"]})
    assert again.status == 409
    assert "Deze volmacht was al gestopt" in again.text
    assert [his.get(one).status for one in (proof, why)] == [403, 404]  # told once; then he is himself again
