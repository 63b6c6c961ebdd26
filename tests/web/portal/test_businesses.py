"""A bakery with 200 access points: found, given and withdrawn by list or by file; one house for all of it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.databases import Databases
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Form, Page, Visitor, make_site
from tests.web.programs import publish
from web import close, limits, saying
from web.portal.businesses import file, withdrawing
from web.portal.businesses.lists import by_number

BAKERY, BUTCHER = "0403170701", "0401722035"
POINTS = 200
TERMS = {"fijn": "day", "periode": "nieuw", "duur": "jaar"}


def ean(number: int) -> str:
    """An invented EAN code with its check digit."""
    digits = f"5414488999{number:07d}"
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


EANS = [ean(9100001 + number) for number in range(POINTS)]
BUTCHERS = ean(9200001)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def bram(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")


@pytest.fixture(scope="module")
def bakery(house: TheHouse) -> Customer:
    """For which Els acts."""
    bakery = house.business(BAKERY, "Bakkerij Van Damme bv", "els", "Els Van Damme")
    house.party("Netbeheerder Test", "dso", operator=1)
    for number, one in enumerate(EANS):
        commodity = "gas" if number % 4 == 3 else "electricity"
        house.point(one, bakery, address=f"Molenstraat {number // 4 + 80}, 9000 Gent", commodity=commodity)
    return bakery


@pytest.fixture(scope="module")
def butcher(house: TheHouse) -> Customer:
    """Another business, and the outsider here."""
    butcher = house.business(BUTCHER, "Slagerij De Wolf bv", "wim", "Wim De Wolf")
    house.point(BUTCHERS, butcher, address="Markt 5, 9000 Gent")
    return butcher


@pytest.fixture(scope="module")
def lotte(house: TheHouse) -> Customer:
    """A household."""
    lotte = house.customer("lotte", "Lotte Janssens")
    house.point(ean(9300001), lotte)
    return lotte


@pytest.fixture(scope="module")
def site(house: TheHouse) -> Iterator[Flask]:
    app = make_site(house)
    yield app
    close(app)


@pytest.fixture
def els(site: Flask, house: TheHouse, bakery: Customer) -> Visitor:
    return enter(site, house, "els", "Els Van Damme", BAKERY)


@pytest.fixture
def wim(site: Flask, house: TheHouse, butcher: Customer) -> Visitor:
    return enter(site, house, "wim", "Wim De Wolf", BUTCHER)


@pytest.fixture
def household(site: Flask, house: TheHouse, lotte: Customer) -> Visitor:
    visitor = Visitor(site, house)
    visitor.log_in("lotte", "Lotte Janssens")
    return visitor


def enter(site: Flask, house: TheHouse, subject: str, name: str, enterprise: str) -> Visitor:
    visitor = Visitor(site, house)
    assert visitor.log_in(subject, name, "business", enterprise=enterprise).location == "/mijn"
    return visitor


def guarded(visitor: Visitor, fields: dict[str, str]) -> dict[str, str]:
    """Fields as a form of the visitor's own browser sends them."""
    page = visitor.get("/mijn")
    page = visitor.get(page.location) if page.location else page
    form = next(form for form in page.forms if "csrf_token" in form.fields)
    return fields | {"csrf_token": form.fields["csrf_token"]}


def pick_path(bram: Party) -> str:
    return f"/mijn/kiezen/{bram.party_id}/energy_advice/aansluitingen"


def begin(visitor: Visitor, bram: Party) -> Page:
    """As far as the page that asks for which points."""
    what = visitor.get(f"/mijn/kiezen/{bram.party_id}/energy_advice")
    terms = TERMS | ({"richting": "afname"} if "richting" in what.form("aansluitingen").choices else {})
    return visitor.press(what, "aansluitingen", **terms)


def listed(page: Page) -> Form:
    return next(form for form in page.forms if "getoond_zoek" in form.fields)


def send_list(visitor: Visitor, page: Page, button: str, **ticked: Any) -> Page:
    form = listed(page)
    return visitor.send(form.action, form.fields | {"doe": button} | ticked)


def upload(visitor: Visitor, page: Page, content: bytes, name: str = "punten.csv") -> Page:
    form = next(form for form in page.forms if any(value == "bestand" for _, value, _ in form.buttons))
    fields: dict[str, Any] = {name: value for name, value in form.fields.items() if name != "bestand"}
    fields |= {"doe": "bestand", "bestand": (io.BytesIO(content), name)}
    return Page(visitor.http.post(form.action, data=fields, base_url=BASE_URL))


def csv(*eans: str, header: str = "EAN", end: str = "\n") -> bytes:
    return end.join([header, *eans, ""]).encode()


def standing(house: TheHouse) -> int:
    found = query(house, "SELECT count(*) FROM permissions.permission WHERE state = 'active'")
    return int(found[0][0])


# ---- the list --------------------------------------------------------------------------------------------------------


def test_all_points_are_listed_by_address_page_by_page_and_found_by_what_people_know(els: Visitor) -> None:
    page = els.get(els.get("/mijn").location)
    assert "Uw 200 aansluitingen" in page.text
    seen: list[str] = []
    while True:
        found = re.findall(r'class="ean figures">([0-9 \u00a0]+)<', page.html)
        seen += ["".join(one.split()) for one in found]
        following = [link for link in page.links if "na=" in link]
        if not following:
            break
        page = els.get(following[0].replace("&amp;", "&"))
    assert seen == EANS  # house number 99 comes before 100
    assert sorted(["Molen 10", "Molen 2 bus 11", "molen 2", "Molen 2 bus 3", "10", ""], key=by_number) == [
        "",
        "10",
        "molen 2",
        "Molen 2 bus 3",
        "Molen 2 bus 11",
        "Molen 10",
    ]

    for search, number in (("molenstraat 12", 40), ("Molenstraat 129,", 4), (EANS[7][-6:], 1), ("Markt", 0)):
        found_page = els.get("/mijn/punten", zoek=search)
        assert found_page.html.count('class="ean figures"') == number, search
        assert f"{number} van uw 200" in found_page.text
    assert "Netbeheerder Test" in page.text  # by law, at each
    assert els.get("/mijn/punten", na="no point of hers").status == 200
    assert els.get("/mijn/punten", zoek="x" * 101).status == 400


def test_a_business_gets_its_copy_of_everything_and_has_no_powers_of_attorney_to_give(
    butcher: Customer, wim: Visitor
) -> None:
    page = wim.get("/mijn/rechten/alles")
    copy = wim.press(page, "/mijn/rechten/alles")
    assert copy.status == 200, copy.text
    with zipfile.ZipFile(io.BytesIO(copy.response.data)) as archive:
        told = json.loads(archive.read("wie-u-bent.json"))
    assert told["me"]["name"] == butcher.call("me")["name"]
    # For whom else Wim may act is his own affair.
    assert "representations" not in told
    assert wim.get("/mijn/volmacht/geven").location == "/mijn/volmacht"
    assert wim.get("/mijn/volmacht").status == 403


@pytest.mark.requirement("R81")
def test_households_and_other_businesses_see_nothing_of_it(
    household: Visitor, wim: Visitor, bram: Party, bakery: Customer, lotte: Customer
) -> None:
    for path in (
        "/mijn/punten",
        "/mijn/punten/bewijzen.zip?van=1&tot=2",
        f"/mijn/punten/intrekken/{bram.party_id}",
    ):
        assert household.get(path).status == 404, path
    assert "Voor welk adres?" in household.get(f"/mijn/kiezen/{bram.party_id}/energy_advice").text
    for path in (pick_path(bram), f"{pick_path(bram)}/toestaan"):
        fields = (
            TERMS | {"notice_sha256": "0" * 64, "nummer": str(uuid4()), "al": "0"}
            if "toestaan" in path
            else TERMS
        )
        assert household.send(path, guarded(household, fields)).status == 404
    withdrawal = guarded(household, {"wat": "alles"})
    assert household.send(f"/mijn/punten/intrekken/{bram.party_id}", withdrawal).status == 404
    # One with a single point has it on the overview, as anybody; and finds nothing of the bakery's.
    assert "Markt 5" in wim.get("/mijn").text
    assert "Molenstraat" not in wim.get("/mijn/punten").text
    for command, arguments in (
        ("business.readers", {"occupancy_ids": [bakery.occupancy()]}),
        ("business.given", {"party_id": bram.party_id}),
        ("permission.withdraw_many", {"permission_ids": [str(uuid4())]}),
    ):
        with pytest.raises(Exception, match="this is for businesses"):
            lotte.call(command, **arguments)


# ---- the file --------------------------------------------------------------------------------------------------------

FIRST, SECOND = EANS[0], EANS[1]
OWN = {one: f"id-{one}" for one in EANS}
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 0, "leeg"),
    "blanks": (b"\n \n", 0, "leeg"),
    "a byte order mark alone": (b"\xef\xbb\xbf", 0, "leeg"),
    "a header alone": (b"EAN\n", 0, "geen enkele"),
    "no header": (csv(FIRST, header=SECOND), 1, "EAN"),
    "two columns of codes": (b"EAN;EAN\n", 1, "EAN"),
    "another encoding": (("EAN\n" + FIRST).encode("utf-16"), 0, "UTF-8"),
    "bytes of no text": (b"EAN\n\xff\xfe", 0, "UTF-8"),
    "a NUL": (f"EAN\n{FIRST}\0".encode(), 0, "UTF-8"),
    "an open quotation": (f'EAN\n"{FIRST}'.encode(), 0, "CSV"),
    "too many rows": (csv(*["x"] * 10_001), 0, "te veel regels"),
    "too many bytes": (b"EAN\n" + b" " * 70_000, 0, "te groot"),
    "a wrong check digit": (csv(FIRST[:-1] + str((int(FIRST[-1]) + 1) % 10)), 2, "controlecijfer"),
    "too few digits": (csv(FIRST, SECOND[:-1]), 3, "18 cijfers"),
    "other digits": (csv("٥٤١٤٤٨٨٩٩٩٩١٠٠٠٠١٢"), 2, "18 cijfers"),
    "the same twice": (csv(FIRST, SECOND, FIRST), 4, "al op regel 2"),
    "the same with blanks": (csv(FIRST, f"{FIRST[:4]} {FIRST[4:]}"), 3, "al op regel 2"),
    "a formula": (csv(f'="{FIRST}"'), 2, "CSV"),
    "a formula of a cell": (csv("=A1"), 2, "formule"),
    "a plus": (csv(f"+{FIRST}"), 2, "formule"),
    "a command": (csv("@SUM(A1)"), 2, "formule"),
    "a rounded number": (csv("5.41449E+17"), 2, "afgerond"),
    "one cell more": (b"EAN;adres\n" + FIRST.encode() + b"\n", 2, "kolommen"),
    "no code": (b"EAN;adres\n;Markt\n", 2, "ontbreekt"),
    "somebody else's point": (csv(FIRST, BUTCHERS), 3, "niet van een aansluiting van uw onderneming"),
    "a point that does not exist": (
        csv(FIRST, ean(9999999)),
        3,
        "niet van een aansluiting van uw onderneming",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_with_a_fault_is_refused_whole_and_says_in_which_line(site: Flask, case: str) -> None:
    content, line, words = REFUSED[case]
    with site.test_request_context("/"):
        taken = file.take(content, OWN)
        said = [(fault.line, str(fault.words)) for fault in taken.faults]
    assert taken.chosen == frozenset()
    if case == "a formula":  # a quotation mark in the middle of a cell is a matter of the reader's
        assert said
        return
    assert [one for one, _ in said] == [line], said
    assert words in said[0][1]


@pytest.mark.parametrize(
    "content",
    [
        csv(FIRST, SECOND),
        csv(FIRST, SECOND, end="\r\n"),
        b"\xef\xbb\xbf" + csv(FIRST, SECOND),
        f"Adres;EAN;Nota\nMarkt;{FIRST};\n\nMolen;{SECOND};x\n".encode(),
        f"ean,adres\n{FIRST},'Markt'\n{SECOND},\"a, b\"".encode(),
        csv(f"{FIRST[:2]} {FIRST[2:]}", f'"{SECOND}"', header=" Ean "),
    ],
)
def test_a_file_is_read_as_programs_write_it(site: Flask, content: bytes) -> None:
    with site.test_request_context("/"):
        assert file.take(content, OWN) == file.Taken(frozenset({OWN[FIRST], OWN[SECOND]}))


# ---- giving and withdrawing ------------------------------------------------------------------------------------------


@pytest.mark.requirement("R21")
def test_some_are_chosen_in_the_list_given_once_and_withdrawn(
    els: Visitor,
    wim: Visitor,
    bram: Party,
    house: TheHouse,
    bakery: Customer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = begin(els, bram)
    assert "U koos 0 van uw 200" in page.text
    assert listed(page).preselected == []
    nothing = send_list(els, page, "na")
    assert (nothing.status, "Kies voor welke aansluitingen" in nothing.text) == (400, True)

    # Where all of an address is chosen, there is nothing left to tick for it.
    assert "adres" in listed(page).choices
    assert "adres" not in listed(send_list(els, page, "alles")).choices
    # Two of the first address, all of the second, the search's only one; the choice goes along from page to page.
    here = listed(page).choices["punt"]
    page = send_list(els, page, "volgende", punt=here[:2], adres=listed(page).choices["adres"][1])
    assert "U koos 6 van uw 200" in page.text
    page = send_list(els, page, "zoek", zoek=EANS[-1][-6:])
    assert "U koos 6 van uw 200" in page.text
    assert len(listed(page).choices["punt"]) == 1
    check = send_list(els, page, "na", punt=listed(page).choices["punt"])
    assert "toegang tot 7 van uw 200 aansluitingen" in check.text
    assert saying.ean(EANS[0]) in check.text
    assert standing(house) == 0

    # Her own page, sent by somebody of another business, is no answer of hers: the points are not hers.
    form = check.form("toestaan")
    stolen = wim.send(form.action, guarded(wim, form.fields))
    assert (stolen.status, standing(house)) == (400, 0)
    # What was not on the page is not given by it.
    for changed in (
        {"gekozen": form.fields["gekozen"].split(".")[0] + ".AQ=="},
        {"duur": "zelf"},
        {"gekozen": "x"},
    ):
        assert els.send(form.action, form.fields | changed).status in (200, 400)
        assert standing(house) == 0

    size = int(query(house, "SELECT size FROM ledger.head")[0][0])
    given = els.press(check, "toestaan")
    assert "Bram Energieadvies mag nu gegevens van 7 aansluitingen zien" in given.text
    assert standing(house) == 7
    assert int(query(house, "SELECT size FROM ledger.head")[0][0]) == size + 7  # each has its own entry
    # A second press, or a second window that showed the same, gives nothing more: it says that it stands.
    for fields in (form.fields, form.fields | {"nummer": str(uuid4())}):
        again = els.send(form.action, fields)
        assert (again.status, "al toestemming voor 7" in again.text, standing(house)) == (200, True, 7)
    # Where two presses come at once, the door takes the first.
    raced = els.send(form.action, form.fields | {"al": "7"})
    assert ("heeft al toestemming" in raced.text, standing(house)) == (True, 7)

    # The receipts of all, in one file; of another business's, nothing.
    publish(house)
    [zip_link] = [link for link in given.links if "bewijzen.zip" in link]
    archive = zipfile.ZipFile(io.BytesIO(els.get(zip_link.replace("&amp;", "&")).response.data))
    assert len(archive.namelist()) == 7
    assert wim.get(zip_link.replace("&amp;", "&")).status == 404
    assert els.get("/mijn/punten/bewijzen.zip?van=1&tot=1000").status == 404

    # Withdrawn: some, then the rest; in fewer presses than given.
    pressed = els.pressed
    withdraw = els.get(f"/mijn/punten/intrekken/{bram.party_id}")
    one = withdraw.form(str(bram.party_id)).choices["toestemming"][0]
    assert wim.get(f"/mijn/punten/intrekken/{bram.party_id}").location == "/mijn/punten"
    stolen = wim.send(
        f"/mijn/punten/intrekken/{bram.party_id}", guarded(wim, {"wat": "lijst", "toestemming": one})
    )
    assert stolen.status == 404
    assert standing(house) == 7
    empty = els.press(withdraw, str(bram.party_id), "lijst")
    assert (empty.status, standing(house)) == (400, 7)
    done = els.press(withdraw, str(bram.party_id), "lijst", toestemming=one)
    assert ("U trok 1 toestemming" in done.text, standing(house)) == (True, 6)
    # More than go in one turn have a file of receipts for each: none of them is of somebody else's line.
    monkeypatch.setattr(withdrawing, "MOST_POINTS", 4)
    done = els.press(els.get(f"/mijn/punten/intrekken/{bram.party_id}"), str(bram.party_id), "alles")
    assert ("U trok 6 toestemmingen" in done.text, standing(house)) == (True, 0)
    publish(house)
    house.clock.advance(limits.WINDOW)
    files = [link.replace("&amp;", "&") for link in done.links if "bewijzen.zip" in link]
    archives = [zipfile.ZipFile(io.BytesIO(els.get(link).response.data)) for link in files]
    assert [len(one.namelist()) for one in archives] == [4, 2]
    assert "Bewaar bestand 2 van 2" in done.text
    assert els.pressed - pressed == 3
    assert [one["for_enterprise"] for one in bakery.statements(limit=1)] == [True]


@pytest.mark.requirement("R98")
def test_no_page_gives_what_its_visitor_may_not(
    els: Visitor, bram: Party, house: TheHouse, butcher: Customer
) -> None:
    before = standing(house)
    page = begin(els, bram)
    foreign = send_list(els, page, "na", punt=butcher.occupancy())
    assert foreign.status == 400
    assert send_list(els, page, "na", punt="no id").status == 400
    for fields in ({"doe": "geef"}, {"more": "x"}, {"gekozen": "x" * 401}, {"zoek": "x" * 101}):
        assert els.send(pick_path(bram), guarded(els, TERMS | fields)).status == 400, fields
    refused = upload(els, page, csv(FIRST, BUTCHERS))
    unknown = upload(els, page, csv(FIRST, ean(9999999)))
    assert (refused.status, "Regel 3:" in refused.text) == (400, True)
    assert [one.text for one in (refused, unknown)].count(refused.text) == 2  # nothing tells them apart
    assert "Kies eerst een bestand." in upload(els, page, b"", name="").text
    large = upload(els, page, b"EAN\n" + b"x" * 70_000)
    assert (large.status, "te groot" in large.text) == (400, True)
    # More than goes at once: chosen, and told so before anything happens.
    with pytest.raises(Exception, match="permission_ids"):
        butcher.call("permission.withdraw_many", permission_ids=[str(uuid4())] * 251)
    assert standing(house) == before


@pytest.mark.requirement("R81")
def test_all_or_none_where_one_of_them_moved_out_meanwhile(
    els: Visitor, bram: Party, house: TheHouse, bakery: Customer
) -> None:
    own = [one["occupancy_id"] for one in bakery.call("me")["occupancies"]]
    wish = {
        "batch_id": str(uuid4()),
        "party_id": bram.party_id,
        "purpose": "energy_advice",
        "granularity": "day",
        "directions": ["offtake"],
        "data_from": "2026-01-01T00:00:00Z",
        "notice": "x",
        "language": "nl",
    }
    before = standing(house)
    for wrong in ([own[0], str(uuid4())], [own[0], own[0]], []):
        with pytest.raises(Exception, match="occupancy_ids"):
            bakery.call("permission.choose_many", occupancy_ids=wrong, **wish)
    house.clock.advance(house.house.fresh_log_in)
    with pytest.raises(Exception, match="show again who you are"):
        bakery.call("permission.choose_many", occupancy_ids=own[:2], **wish)
    assert standing(house) == before
    bakery.session = house.log_in("els", "Els Van Damme", "business", enterprise=BAKERY)


def test_what_was_chosen_is_kept_while_she_shows_anew_who_she_is(
    els: Visitor, bram: Party, house: TheHouse
) -> None:
    check = upload(els, begin(els, bram), csv(*EANS))
    assert "toegang tot 200 van uw 200" in check.text
    house.clock.advance(house.house.fresh_log_in)
    asked = els.press(check, "toestaan")
    assert "/aanmelden" in " ".join(asked.links)
    assert standing(house) == 0
    # As herself she finds nothing of it: it was begun for the bakery.
    begun = els.get("/aanmelden", opnieuw="1").location
    assert begun
    to_provider = els.begin_log_in()
    answer = house.signed_answer(
        "els", "Els Van Damme", to_provider["nonce"][0], role="business", enterprise=BAKERY
    )
    back = els.get("/aanmelden/terug", answer=answer, state=to_provider["state"][0])
    again = els.get(back.location)
    assert "toegang tot 200 van uw 200" in again.text
    # What no page of ours sends was kept before anybody read it: it is asked anew.
    for wrong in ({"fijn": "x"}, {"gekozen": "x"}, dict.fromkeys((*TERMS, "gekozen", "anders"), "\x00")):
        sent = guarded(els, again.form("toestaan").fields | wrong)
        els.lose_session()
        assert els.send(f"{pick_path(bram)}/toestaan", sent).location == "/aanmelden?eerst=1"
        assert els.log_in("els", "Els Van Damme", "business", enterprise=BAKERY).location == "/mijn/verder"
        assert els.get("/mijn/verder").status == 400, wrong
    assert standing(house) == 0


def test_who_gives_or_withdraws_for_many_again_and_again_waits_a_minute_and_the_others_do_not(
    els: Visitor, wim: Visitor, bram: Party, house: TheHouse
) -> None:
    house.clock.advance(limits.WINDOW)
    given, ended = f"{pick_path(bram)}/toestaan", f"/mijn/punten/intrekken/{bram.party_id}"
    fields = guarded(els, {})
    answers = [els.send(given, fields).status for _ in range(limits.GIVING.per_identity + 1)]
    assert answers == [400] * limits.GIVING.per_identity + [429]
    refused = els.send(given, fields)
    assert "Even geduld" in refused.text
    assert "Wacht een minuut" in refused.text
    assert 0 < int(refused.response.headers["Retry-After"]) <= 60
    assert els.get("/mijn/punten/bewijzen.zip?van=1&tot=1").status == 429
    # What she gave keeps no withdrawal waiting, and no other business.
    answers = [els.send(ended, fields).status for _ in range(limits.ENDING.per_identity + 1)]
    assert answers == [400] * limits.ENDING.per_identity + [429]
    assert wim.send(given, guarded(wim, {})).status == 400
    house.clock.advance(limits.WINDOW)
    assert els.send(given, guarded(els, {})).status == 400
