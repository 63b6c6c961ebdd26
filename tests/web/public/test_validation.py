"""How readings are checked is published: every rule, every method, for people and for programs."""

from __future__ import annotations

import pytest

from databeheer.metering.validation import shipped
from tests.house import TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close


@pytest.mark.requirement("R61")
def test_the_method_is_published_for_anybody(house: TheHouse) -> None:
    app = make_whole_site(house)
    anybody = browser(app)
    page = Page(anybody.get("/meetwaarden"))
    assert page.status == 200
    assert shipped().version in page.text
    for rule in shipped().rules:
        assert rule.title_nl in page.text
        assert f"{rule.reason.value} {rule.reason.slug}" in page.text
        assert rule.sentence("nl") in page.text
    for method in shipped().methods:
        assert shipped().method_sentence(method, "nl") in page.text
    assert "Wij zetten ze niet met de hand recht" in page.text
    assert "/meetwaarden" in Page(anybody.get("/register")).links
    close(app)


@pytest.mark.requirement("R61")
def test_programs_get_the_same_with_numbers_and_parameters(house: TheHouse) -> None:
    app = make_whole_site(house)
    answer = browser(app).get("/meetwaarden.json").get_json()
    assert answer["version"] == shipped().version
    assert [rule["code"] for rule in answer["rules"]] == [rule.reason.value for rule in shipped().rules]
    spike = next(rule for rule in answer["rules"] if rule["name"] == "spike")
    assert spike["parameters"] == {"days": 2, "times": 4, "per_hour": 5000}
    assert spike["sentence"]["nl"].startswith("Een waarde van meer dan 4 keer")
    assert {method["name"] for method in answer["methods"]} >= {"interpolated", "like_days", "no_estimate"}
    close(app)
