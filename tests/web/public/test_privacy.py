"""The privacy notice: made of what the house decides by, so that it leaves nothing out."""

from __future__ import annotations

import importlib.util
import json
from html import unescape

import pytest

from databeheer.access import catalogue
from databeheer.rights import grounds, models
from databeheer.rights.authorities import AUTHORITIES
from tests.web.public.conftest import Standing


def page(standing: Standing) -> str:
    answer = standing.browser.get("/privacy")
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


@pytest.mark.requirement("R47")
def test_it_tells_every_purpose_its_ground_every_model_and_every_term(standing: Standing) -> None:
    shown = page(standing)
    for row in catalogue.load().rows:
        assert row.sentence_nl in shown, row.code
        assert f"AVG, artikel {grounds.shipped()[row.code].article}" in shown
    for model in models.shipped().models:
        for words in (model.name_nl, model.sentence_nl, model.method_nl, model.effect_nl, model.review_nl):
            assert words in shown, model.code
    assert "3 jaar nadat hij daar weg is" in shown
    assert "10 jaar nadat hij daar weg is" in shown
    assert "geen profiel" in shown
    assert all(one.name in shown and one.href in shown for one in AUTHORITIES)


@pytest.mark.requirement("R41")
def test_it_names_the_four_items_of_the_portal_and_that_it_is_free(standing: Standing) -> None:
    shown = page(standing)
    items = shown[shown.index("<ol>") : shown.index("</ol>")]
    assert items.count("<li>") == 4
    assert [link in items for link in ("/mijn/poorten", "/mijn/toestemmingen", "/register")] == [True] * 3
    assert "Het portaal is gratis" in shown
    assert "style=" not in shown
    assert "<script" not in shown


def test_programs_get_the_same_under_a_version_that_names_what_it_is_made_of(standing: Standing) -> None:
    told = json.loads(standing.browser.get("/privacy.json").data)
    assert told["version"] in page(standing)
    assert {one["code"] for one in told["purposes"]} == {row.code for row in catalogue.load().rows}
    assert [one["code"] for one in told["models"]] == [one.code for one in models.shipped().models]
    assert told["retention_years"] == {
        "readings_years": 3,
        "full_years": 3,
        "ledger_years": 10,
        "attempts_years": 1,
        "complaint_years": 5,
    }


@pytest.mark.requirement("R47")
def test_the_register_of_models_names_modules_that_are_there_and_none_that_reckons_is_missing() -> None:
    named = [module for model in models.shipped().models for module in model.modules]
    assert all(importlib.util.find_spec(module) for module in named)
    for package in (
        "databeheer.access.",
        "databeheer.metering.validation.",
        "databeheer.statistics.",
        "databeheer.joins.",
        "databeheer.metering.credit.",
        "databeheer.permissions.",
    ):
        assert any(module.startswith(package) for module in named), package


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'kind = "estimation"', b'kind = "guess"'),
        (b"is_profiling = false", b'is_profiling = "no"'),
        (b'code = "validation"', b'code = "access_decision"'),
        (b'more = "/grondslagen"', b'more = "https://elders.example"'),
        (b'version = "1"', b'edition = "1"'),
        (b'name_nl = "Statistieken maken"', b'name_nl = " "'),
        (b'modules = ["databeheer.access.decide"]', b"modules = []"),
        (b"[[model]]", b"[[model"),
    ],
)
def test_a_register_of_models_that_is_wrong_is_refused(old: bytes, new: bytes) -> None:
    content = models.SHIPPED.read_bytes()
    assert old in content
    with pytest.raises(models.ModelsError):
        models.parse(content.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'code = "dso_supply_quality"', b'code = "supplier"'),
        (b'objection = "own"', b'objection = "never"'),
        (b'article = "28"', b'article = ""'),
        (b'article = "28"', b'page = "28"'),
        (b'version = "1"', b""),
        (b"[[ground]]", b"[[ground"),
    ],
)
def test_a_list_of_grounds_that_is_wrong_is_refused(old: bytes, new: bytes) -> None:
    content = grounds.SHIPPED.read_bytes()
    assert old in content
    with pytest.raises(grounds.GroundsError):
        grounds.parse(content.replace(old, new))
