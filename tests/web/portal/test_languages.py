"""The whole portal in each language: no page mixes in Dutch, and what people wrote stays and stays harmless."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from web.language import LANGUAGES

Visit = Callable[[Customer], Visitor]
# Words of Dutch that no English, French or German sentence holds.
DUTCH = re.compile(
    r"\b(het|een|niet|geen|wij|uw|wordt|werd|deze|zijn|krijgt|naar|toestemming|gegevens|bij)\b", re.IGNORECASE
)
PAGES = (
    "/mijn",
    "/mijn/berichten",
    "/mijn/berichten/instellingen",
    "/mijn/gelezen",
    "/mijn/gelezen?soort=alles",
    "/mijn/toestemmingen",
    "/mijn/verbruik?dag=2023-10-29",
    "/mijn/verbruik/bestand",
    "/mijn/poorten",
    "/mijn/rechten",
    "/mijn/rechten/bezwaar",
    "/mijn/rechten/verbeteren",
    "/mijn/rechten/alles",
    "/mijn/wissen",
    "/mijn/twijfel",
    "/mijn/bewijzen",
    "/mijn/namens",
    "/mijn/aanmeldingen",
    "/mijn/aansluiting",
    "/mijn/aansluiting/brief",
    "/brief",
    "/mijn/bestaat-niet",
    "/mijn/verbruik?dag=1900-01-01",
)
LINK = "/verbruik/dienstverlener"
_VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "path", "rect", "use"})


class _Heard(HTMLParser):
    """What a page says in its own language: text and spoken attributes, without parts in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_foreign = tag != "html" and "lang" in given
        if tag not in _VOID:
            self._inside.append(is_foreign)
        if not is_foreign and not any(self._inside):
            self.said += [value for name, value in attrs if value and name in ("alt", "title", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._inside):
            self.said.append(data)


def dutch_of(page: Page) -> list[str]:
    """The texts of a page that hold a Dutch word."""
    reader = _Heard()
    reader.feed(page.html)
    return [" ".join(said.split()) for said in reader.said if DUTCH.search(said)]


def test_every_page_speaks_the_chosen_language_alone(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party
) -> None:
    granted, waiting = bram.ask(), bram.ask()
    measured_autumn.grant(granted)
    visitor = visit(measured_autumn)
    own = [f"/mijn/toestemming/{granted['permission_id']}", f"{LINK}?id={waiting['link_code']}"]
    own.append(f"{own[0]}/twijfel")
    found = {}
    for code in [one for one in LANGUAGES if one != "nl"]:
        visitor.get("/mijn", paginataal=code)
        for path in (*PAGES, *own):
            page = visitor.get(path)
            assert page.status in (200, 400, 404), (code, path, page.status)
            assert f'<html lang="{code}">' in page.html, (code, path)
            if dutch_of(page):
                found[code, path] = dutch_of(page)
    assert found == {}


@pytest.mark.requirement("R19")
def test_what_is_agreed_to_is_kept_in_the_language_in_which_it_was_read(
    visit: Visit, measured_autumn: Customer, bram: Party
) -> None:
    asked = bram.ask()
    visitor = visit(measured_autumn)
    visitor.get("/mijn", paginataal="fr")
    place = f"/mijn/vraag/{asked['permission_id']}"
    page = visitor.get(LINK, id=asked["link_code"])
    visitor.get("/mijn", paginataal="de")  # in another window, before the button is pressed
    answer = visitor.send(place, page.form(asked["permission_id"]).fields | {"decision": "grant"})
    assert answer.status == 409
    assert "geändert" in answer.text
    visitor.press(answer, asked["permission_id"], "grant")
    shown = measured_autumn.call("permission.show", permission_id=asked["permission_id"])
    kept = shown["permission"]["notice"]
    assert kept["language"] == "de"
    assert kept["text"].startswith("notice 2 de\n")
    assert kept["sha256"] == sha256(kept["text"].encode()).hexdigest()


def test_a_name_with_markup_stays_text_in_every_language(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    mallory = house.party('<b onclick="x">%(party)s & co</b>', "energy_service")
    asked = mallory.ask()
    visitor = visit(lotte)
    for code in LANGUAGES:
        visitor.get("/mijn", paginataal=code)
        page = visitor.get(LINK, id=asked["link_code"])
        assert "&lt;b onclick=&#34;x&#34;&gt;%(party)s &amp; co&lt;/b&gt;" in page.html
        assert page.inline == []
