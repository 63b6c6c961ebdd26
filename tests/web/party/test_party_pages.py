"""A party's own pages, as its people use them: from the log-in to approval, and what each page refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from joserfc.jwk import OKPKey

from tests.copies import beside
from tests.databeheer.onboarding.people import (
    MAAN,
    REACH,
    ZON,
    Officer,
    approve,
    assertion,
    content_of,
    officer,
    the_two,
)
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import BASE_URL, Page, Visitor
from tests.web.sites import make_whole_site
from web import close

PAGES = (
    "/partij",
    "/partij/bewijs",
    "/partij/bewijs/indienen",
    "/partij/sleutels",
    "/partij/webhooks",
    "/partij/gebruik",
    "/partij/proef",
    "/partij/aanvraag",
)


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house, base_url=BASE_URL)
    yield app
    close(app)


@pytest.fixture
@beside
def visit(site: Flask, house: TheHouse) -> Callable[[str], Visitor]:
    """A browser in which somebody with this session is logged in."""

    def browser(session: str) -> Visitor:
        visitor = Visitor(site, house)
        visitor.http.set_cookie("session", session, domain="localhost")
        return visitor

    return browser


@pytest.fixture
def nora(house: TheHouse) -> Officer:
    return officer(house)


def public_key() -> tuple[OKPKey, str]:
    key = OKPKey.generate_key("Ed25519")
    return key, json.dumps(key.as_dict(private=False))


def log_in(site: Flask, house: TheHouse, enterprise: str) -> tuple[Visitor, Page]:
    visitor = Visitor(site, house)
    asked = visitor.begin_log_in()
    answer = house.signed_answer("nora", "Nora", asked["nonce"][0], role="party", enterprise=enterprise)
    return visitor, visitor.get("/aanmelden/terug", answer=answer, state=asked["state"][0])


@pytest.mark.requirement("R12", "R114")
def test_from_the_first_log_in_to_approval_with_the_pages_alone(site: Flask, house: TheHouse) -> None:
    the_two(house)
    visitor, landed = log_in(site, house, ZON)
    assert landed.location == "/partij"
    page = visitor.get("/partij")
    assert page.location == "/partij/aanvraag"
    page = visitor.press(
        visitor.get("/partij/aanvraag"), "/aanvraag", naam="Zonneteller", rol="energy_service"
    )
    assert "in aanvraag" in page.text
    assert "Het datatoegangscontract ontbreekt" in page.text
    key, given = public_key()
    page = visitor.press(visitor.get("/partij/sleutels"), "/programma", api="own", sleutel=given)
    client_id = visitor.get("/partij/sleutels").html.split("<code>client-")[1].split("<")[0]
    assert "geldt meteen" in page.text
    tried = visitor.press(
        visitor.get("/partij/proef"),
        "/proef",
        programma=f"client-{client_id}",
        verklaring=assertion(house, f"client-{client_id}", key),
    )
    assert "Met zo'n verklaring krijgt het programma een toegangssleutel" in tried.text
    assert "Hier stopt het" in tried.text
    assert "Breng het in orde bij Bewijs" in tried.text
    for part, fields in (
        ("contract", {"netbeheerder": "1", "nummer": "DTC-1", "vanaf": "2026-01-01", "tot": ""}),
        ("dpia", {"kenmerk": "D-1", "gemaakt": house.clock.now().date().isoformat()}),
        ("overzicht", {"adres": "https://zon.example/overzicht"}),
    ):
        page = visitor.press(visitor.get("/partij/bewijs"), f"/bewijs/{part}", **fields)
        assert "Het telt pas als u alles indient" in page.text
    for kind in ("technical", "privacy", "doubt"):
        reach = {"naam": REACH["name"], "email": REACH["email"], "telefoon": REACH["phone"]}
        page = visitor.press(visitor.get("/partij/bewijs"), "/bewijs/contact", soort=kind, **reach)
    assert "Alles is ingevuld" in page.text
    check = visitor.get("/partij/bewijs/indienen")
    for words in ("DTC-1", "D-1", "zon.example/overzicht", "nora@zon.example"):
        assert words in check.text
    page = visitor.press(check, "/indienen")
    assert "Uw bewijs is ingediend" in page.text
    assert "Twee van onze mensen kijken ernaar" in page.text
    party_id = house.operator("onboarding.waiting")["waiting"][0]["party_id"]
    approve(house, content_of(house, party_id))
    page = visitor.get("/partij")
    assert "Alles is in orde" in page.text
    assert "goedgekeurd" in page.text
    assert "Zonneteller" in visitor.get("/register").text


def test_whom_nobody_approved_is_in_no_register(site: Flask, house: TheHouse, nora: Officer) -> None:
    nora.apply("Zonneteller")
    assert "Zonneteller" not in Visitor(site, house).get("/register").text


def test_the_pages_are_for_nobody_else(
    site: Flask, house: TheHouse, visit: Callable[[str], Visitor], nora: Officer, lotte: Customer
) -> None:
    nora.apply()
    stranger = Visitor(site, house)
    for path in PAGES:
        assert stranger.get(path).location == "/aanmelden"
        assert visit(lotte.session).get(path).status == 403
        assert visit(house.inspector()).get(path).status == 403
    for path in ("/mijn", "/mijn/toestemmingen", "/mijn/gelezen", "/mijn/verbruik"):
        assert visit(nora.session).get(path).location == "/partij"
    assert visit(nora.session).get("/toezicht").status == 403
    other = officer(house, "stijn", MAAN)
    for path in PAGES[:-1]:
        assert visit(other.session).get(path).location == "/partij/aanvraag"


def test_every_page_has_words_when_there_is_nothing_yet_and_says_nothing_inline(
    visit: Callable[[str], Visitor], nora: Officer
) -> None:
    nora.apply()
    visitor = visit(nora.session)
    for path, words in (
        ("/partij", "Wat nog ontbreekt"),
        ("/partij/bewijs", "Nog in te vullen"),
        ("/partij/bewijs/indienen", "Nog niet alles is ingevuld"),
        ("/partij/sleutels", "Er is nog geen programma"),
        ("/partij/webhooks", "U krijgt nog geen webhooks"),
        ("/partij/gebruik", "vroegen de laatste 31 dagen niets"),
        ("/partij/proef", "Er is nog geen programma"),
    ):
        page = visitor.get(path)
        assert (page.status, page.inline) == (200, [])
        assert words in page.text
        assert page.response.headers["Cache-Control"] == "no-store"


def test_a_form_without_its_guard_changes_nothing(visit: Callable[[str], Visitor], nora: Officer) -> None:
    nora.apply()
    visitor = visit(nora.session)
    for path in (
        "/partij/bewijs/overzicht",
        "/partij/sleutels/programma",
        "/partij/webhooks",
        "/partij/proef",
    ):
        refused = visitor.send(
            path, {"adres": "https://zon.example/", "programma": "x", "api": "own", "sleutel": "x"}
        )
        assert refused.status == 400
    assert nora.show()["evidence"] == {}


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    visit: Callable[[str], Visitor], nora: Officer
) -> None:
    nora.apply()
    visitor = visit(nora.session)
    for part, fields, words in (
        (
            "contract",
            {"netbeheerder": "1", "nummer": "DTC-9", "vanaf": "gisteren", "tot": ""},
            "Kies een dag.",
        ),
        (
            "contract",
            {"netbeheerder": "1", "nummer": "DTC-9", "vanaf": "2026-02-01", "tot": "2026-01-01"},
            "een einde ligt na het begin",
        ),
        ("dpia", {"kenmerk": "DPIA-9", "gemaakt": "2199-01-01"}, "een DPIA is al gemaakt"),
        ("overzicht", {"adres": "http://zon.example/"}, "begint met https://"),
        (
            "contact",
            {"soort": "privacy", "naam": "N", "email": "geen", "telefoon": "+32 9 000"},
            "e-mailadres in",
        ),
    ):
        page = visitor.press(visitor.get("/partij/bewijs"), f"/bewijs/{part}", **fields)
        assert page.status == 400, part
        assert words in page.text
        assert 'aria-invalid="true"' in page.html
        assert next(iter(fields.values() if part == "overzicht" else list(fields.values())[1:2])) in page.html
    assert nora.show()["evidence"] == {}


def test_a_private_key_is_refused_in_words_and_not_shown_again(
    visit: Callable[[str], Visitor], nora: Officer
) -> None:
    nora.apply()
    visitor = visit(nora.session)
    key, given = public_key()
    private = json.dumps(key.as_dict(private=True))
    page = visitor.press(visitor.get("/partij/sleutels"), "/programma", api="own", sleutel=private)
    assert (page.status, "U plakte een private sleutel" in page.text) == (400, True)
    assert key.as_dict(private=True)["d"] not in page.html
    page = visitor.press(visitor.get("/partij/sleutels"), "/programma", api="own", sleutel="{}")
    assert (page.status, "publieke JWK" in page.text) == (400, True)
    made = visitor.press(visitor.get("/partij/sleutels"), "/programma", api="facade", sleutel=given)
    shown = made.html.split("Subscription key</dt><dd><code>")[1].split("<")[0]
    assert len(shown) == 32
    assert shown not in visitor.get("/partij/sleutels").html


def test_ending_a_key_asks_first(visit: Callable[[str], Visitor], nora: Officer) -> None:
    nora.apply()
    client_id, _ = nora.program()
    visitor = visit(nora.session)
    asked = visitor.press(visitor.get("/partij/sleutels"), "/einde")
    assert "Deze sleutel beëindigen?" in asked.text
    assert nora.show()["programs"][0]["keys"][0]["valid_until"] is None
    done = visitor.press(asked, "/einde")
    assert "De sleutel is beëindigd" in done.text
    assert nora.show()["programs"][0]["keys"][0]["valid_until"] is not None
    asked = visitor.press(done, "/einde", programma=client_id)
    assert "Dit programma beëindigen?" in asked.text
    assert "Het programma is beëindigd" in visitor.press(asked, "/einde").text
    assert nora.show()["programs"] == []


def test_a_web_hooks_secret_is_shown_once_and_stopping_asks_first(
    visit: Callable[[str], Visitor], nora: Officer
) -> None:
    nora.apply()
    visitor = visit(nora.session)
    page = visitor.press(visitor.get("/partij/webhooks"), "/webhooks", adres="geen adres")
    assert (page.status, "begint met https://" in page.text) == (400, True)
    page = visitor.press(visitor.get("/partij/webhooks"), "/webhooks", adres="https://hooks.example.com/in")
    assert "Uw geheim voor webhooks" in page.text
    again = visitor.get("/partij/webhooks")
    assert "Uw geheim voor webhooks" not in again.text
    assert "proefbericht onderweg" in visitor.press(again, "/webhooks/proef").text
    assert "webhook.test" in visitor.get("/partij/webhooks").text
    asked = visitor.press(visitor.get("/partij/webhooks"), "/weg")
    assert "Geen webhooks meer krijgen?" in asked.text
    assert "U krijgt geen webhooks meer" in visitor.press(asked, "/weg").text


def test_a_key_that_is_still_to_count_is_told_on_the_first_page_until_it_is_ended(
    visit: Callable[[str], Visitor], nora: Officer
) -> None:
    nora.apply()
    nora.program()
    visitor = visit(nora.session)
    assert "Er komt een sleutel bij" not in visitor.get("/partij").text
    nora.hand_in()
    later, _ = nora.program()
    assert "Er komt een sleutel bij" in visitor.get("/partij").text
    (key,) = next(one["keys"] for one in nora.show()["programs"] if one["client_id"] == later)
    nora.call("party.key.end", key_id=key["key_id"])
    assert "Er komt een sleutel bij" not in visitor.get("/partij").text


def test_a_no_is_read_with_its_reason(
    house: TheHouse, visit: Callable[[str], Visitor], nora: Officer
) -> None:
    party_id = nora.apply()
    hashed = nora.hand_in()
    reason = "Het contract is nog niet getekend."
    house.operator("onboarding.decline", party_id=party_id, sha256=hashed, reason=reason, by="Els")
    page = visit(nora.session).get("/partij")
    assert reason in page.text
    assert "niet goedgekeurd" in page.text


def test_usage_shows_numbers_and_nobody(
    house: TheHouse, visit: Callable[[str], Visitor], bram: Party, lotte: Customer
) -> None:
    house.operator("registry.party.enterprise", party_id=bram.party_id, enterprise=ZON)
    asked = bram.ask()
    lotte.grant(asked)
    bram.read(asked["permission_id"])
    page = visit(officer(house).session).get("/partij/gebruik")
    assert "Gegevens gekregen" in page.text
    for secret in ("Lotte", "541448", asked["permission_id"]):
        assert secret not in page.html
