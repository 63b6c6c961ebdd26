"""The demo's post box, as a visitor sees it: what arrived, with the words as words."""

from __future__ import annotations

from typing import Any

from tests.house import TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from tests.web.supervising import supervising
from web import close

PATH = "/demo/postbus"
EMAIL = {
    "at": "2026-11-19T15:05:00Z",
    "to": "maria@voorbeeld.be",
    "subject": "Zonnewijzer vraagt <b>iets</b>",
    "body": "Dag\n\nLees <script>alert(1)</script> meer.\n",
}
HOOK = {
    "at": "2026-11-19T15:05:01Z",
    "id": "msg_1",
    "body": '{"type": "permission.granted"}',
    "is_ours": True,
}


def shown(house: TheHouse, *emails: dict[str, Any], hooks: tuple[dict[str, Any], ...] = ()) -> Page:
    with supervising(lambda wish: {"emails": list(emails), "hooks": list(hooks)}) as (socket, asked):
        app = make_whole_site(house, demo=True, supervisor_socket=socket)
        page = Page(browser(app).get(PATH))
        assert asked == [{"do": "post"}]
        close(app)
    assert page.status == 200
    assert page.inline == []
    return page


def test_what_arrived_is_shown_as_it_was_sent(house: TheHouse) -> None:
    page = shown(house, EMAIL, hooks=(HOOK,))
    assert "Aan maria@voorbeeld.be" in page.text
    assert "Zonnewijzer vraagt <b>iets</b>" in page.text
    assert "Lees <script>alert(1)</script> meer." in page.text
    assert "19 november 2026 om 16.05 uur" in page.text
    assert "permission.granted" in page.text
    assert "De handtekening klopt: dit komt van databeheer." in page.text


def test_a_web_hook_that_is_not_ours_is_called_that_whatever_it_holds(house: TheHouse) -> None:
    for body in ("", "[1]", "{}", "not json", '{"type": 1}'):
        page = shown(house, hooks=(HOOK | {"body": body, "is_ours": False},))
        assert "De handtekening klopt niet." in page.text


def test_an_empty_post_box_says_how_to_fill_it(house: TheHouse) -> None:
    page = shown(house)
    assert "Er kwam nog geen e-mail aan." in page.text
    assert "Er kwam nog geen webhook aan." in page.text
    assert "/mijn/berichten/instellingen" in page.links


def test_without_a_supervisor_there_is_none(house: TheHouse) -> None:
    app = make_whole_site(house, demo=True)
    assert browser(app).get(PATH).status_code == 404
    close(app)
