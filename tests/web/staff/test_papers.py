"""Papers at the desk in a browser without script: a scan is chosen, its hash is entered, and the scan goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from random import Random

import pytest
from flask import Flask

from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Page, Visitor
from tests.web.sites import make_whole_site
from web import close
from web.staff.scans import ANOTHER, MOST_BYTES, SCAN

METER = "1SAG9300000001"
LETTER = {"weg": "letter", "wie": "customer", "waarover": "trekt een toestemming in"}
PAPER = b"%PDF-1.7 a paper that Lotte signed"
HASH = sha256(PAPER).hexdigest()
RIGHT_WITHOUT_WHAT = {"vraag": "rectification", "fout": "", "grond": "", "woorden": "x", "scan": ""}


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def lotte(house: TheHouse) -> Customer:
    customer = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, customer)
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True, ports=["P1"])
    return customer


@pytest.fixture(scope="module")
def bram(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")


@pytest.fixture(scope="module")
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house, base_url=BASE_URL)
    yield app
    close(app)


@pytest.fixture(scope="module")
def desk(app: Flask, house: TheHouse, lotte: Customer) -> Visitor:
    """Nadia, with a letter of Lotte before her."""
    visitor = Visitor(app, house)
    visitor.http.set_cookie("session", house.colleague("nadia", "desk").session, domain="localhost")
    return visitor


@pytest.fixture(scope="module")
def contact(desk: Visitor) -> str:
    return identified_by_letter(desk)


def identified_by_letter(desk: Visitor) -> str:
    opened = desk.press(desk.get("/dienst/loket"), "/dienst/loket", **LETTER)
    who = {"naam": "Lotte Janssens", "meter": METER, "ean": LOTTES_EAN}
    known = desk.press(opened, "/wie", **who)
    assert "geïdentificeerd" in known.text
    return known.form("/sluit").action.removesuffix("/sluit")


def sent(desk: Visitor, path: str, content: bytes | None, name: str = "papier", **fields: str) -> Page:
    """Send a form as a browser does, with a file or with none chosen."""
    token = desk.get("/dienst/loket").form("/dienst/loket").fields["csrf_token"]
    filename = "scan.pdf" if content is not None else ""
    parts = [_part(f'name="{each}"', text.encode()) for each, text in {"csrf_token": token, **fields}.items()]
    parts.append(_part(f'name="{name}"; filename="{filename}"', content or b""))
    body = b"".join(parts) + b"--of-a-form--\r\n"
    kind = "multipart/form-data; boundary=of-a-form"
    return Page(desk.http.post(path, data=body, base_url=BASE_URL, content_type=kind))


def _part(named: str, content: bytes) -> bytes:
    """One field of a form; the test client's own way leaves a temporary file open for a large one."""
    return (
        b"--of-a-form\r\nContent-Disposition: form-data; " + named.encode() + b"\r\n\r\n" + content + b"\r\n"
    )


@pytest.mark.requirement("R43")
def test_the_hash_of_the_file_that_was_chosen_stands_in_the_ledger_and_the_file_is_left_behind(
    desk: Visitor, contact: str, house: TheHouse, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)["permission_id"]
    told = sent(desk, f"{contact}/geven", PAPER, toestemming=asked, scan="")
    assert told.status == 200
    for words in ("Toestemming van de klant ingevoerd, voor Bram Energieadvies", "Ze geldt nu", "Vergist?"):
        assert words in told.text
    assert bram.read(asked)["granted"]
    [(kept,)] = query(
        house, "SELECT document_sha256 FROM permissions.signature WHERE permission_id = %s", asked
    )
    assert kept.hex() == HASH
    larger_than_any_other_form = PAPER * 60_000
    answer = sent(desk, f"{contact}/intrekken", larger_than_any_other_form, toestemming=asked, scan="")
    assert answer.status == 200
    assert (
        "Intrekking van de klant ingevoerd, voor Bram Energieadvies Bram Energieadvies leest niets"
        in answer.text
    )
    assert "Vergist?" not in answer.text  # what was withdrawn is not taken back
    assert bram.permission(asked)["state"] == "revoked"
    refusal = bram.ask(ean=LOTTES_EAN)["permission_id"]
    told = sent(desk, f"{contact}/intrekken", PAPER, toestemming=refusal, scan="")
    assert "Weigering van de klant ingevoerd" in told.text


@pytest.mark.requirement("R43")
def test_without_a_scan_with_an_empty_one_or_with_another_than_the_hash_says_nothing_is_entered(
    desk: Visitor, contact: str, house: TheHouse, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)["permission_id"]
    for content, scan, message in (
        (None, "", SCAN),
        (b"", "", SCAN),
        (None, "9f", SCAN),
        (None, HASH.upper(), SCAN),
        (PAPER, "9f" * 32, ANOTHER),
    ):
        wrong = sent(desk, f"{contact}/geven", content, toestemming=asked, scan=scan)
        assert (wrong.status, message in wrong.text) == (400, True), (content, scan)
        assert scan == "" or f'"{scan}"' not in wrong.html
    assert sent(desk, f"{contact}/geven", PAPER, name="iets", toestemming=asked, scan=HASH).status == 400
    assert bram.permission(asked)["state"] == "requested"


@pytest.mark.requirement("R43")
def test_after_each_paper_the_page_says_what_was_entered_and_a_scan_of_another_contact_is_named(
    desk: Visitor, contact: str, bram: Party
) -> None:
    right = {"vraag": "rectification", "fout": "name", "grond": "", "woorden": "Met een c.", "scan": ""}
    told = sent(desk, f"{contact}/recht", PAPER, **right)
    assert (
        told.status,
        "Vraag van de klant ingevoerd: iets verbeteren De klant krijgt antwoord voor" in told.text,
    ) == (
        200,
        True,
    )
    lock = {"ean": LOTTES_EAN, "meter": "", "scan": ""}
    assert "Ontgrendeling ingevoerd" in sent(desk, f"{contact}/ontgrendel", PAPER, **lock).text
    # Another contact of the same customer, and the same file once more.
    asked = bram.ask(ean=LOTTES_EAN)["permission_id"]
    other = identified_by_letter(desk)
    for path, fields in (
        ("geven", {"toestemming": asked, "scan": ""}),
        ("intrekken", {"toestemming": asked, "scan": HASH}),
        ("recht", right | {"fout": "address"}),
        ("ontgrendel", lock),
    ):
        again = sent(desk, f"{other}/{path}", PAPER, **fields)
        named = f"Deze scan hoort al bij contact {contact.rpartition('/')[2]}. Er is niets veranderd."
        assert (again.status, named in again.text, HASH in again.html) == (409, True, False), path
    assert bram.permission(asked)["state"] == "requested"


@pytest.mark.requirement("R81")
def test_a_case_out_of_a_contact_is_opened_once_and_what_is_missing_is_said(
    desk: Visitor, contact: str, house: TheHouse
) -> None:
    page = desk.get(contact)
    for wrong, message in (({"waarvoor": "x"}, "in 3 tot 300 tekens"), ({"soort": "x"}, "Kies een soort")):
        told = desk.press(page, "/dossier", **({"soort": "complaint", "waarvoor": "belt terug"} | wrong))
        assert (told.status, message in told.text) == (400, True)
    for _ in range(2):  # the button pressed twice
        opened = desk.press(page, "/dossier", soort="complaint", waarvoor="belt terug")
        assert "is open" in opened.text
    assert query(house, "SELECT count(*) FROM staff.case_file WHERE kind = 'complaint'") == [(1,)]
    assert desk.get("/dienst").text.count("belt terug") == 1


def test_a_file_larger_than_a_scan_is_refused_and_no_other_form_takes_one(
    desk: Visitor, contact: str
) -> None:
    assert sent(desk, f"{contact}/geven", b"x" * (MOST_BYTES + 1), scan="").status == 413
    assert sent(desk, f"{contact}/wie", b"x" * (1024 * 1024 + 1), naam="x").status == 413


@pytest.mark.parametrize("content", [Random(7).randbytes(300_000), b"\n" * 300_000], ids=["random", "lines"])
def test_a_scan_of_ordinary_size_is_taken_whatever_its_bytes(
    desk: Visitor, contact: str, content: bytes
) -> None:
    told = sent(desk, f"{contact}/recht", content, **RIGHT_WITHOUT_WHAT)
    assert (told.status, sha256(content).hexdigest() in told.html) == (400, True)


def test_what_was_typed_beside_a_wrong_form_stays_with_the_hash_of_its_scan(
    desk: Visitor, contact: str
) -> None:
    wrong = sent(desk, f"{contact}/recht", PAPER, **RIGHT_WITHOUT_WHAT)
    assert wrong.status == 400
    assert wrong.form("/recht").fields["scan"] == HASH
