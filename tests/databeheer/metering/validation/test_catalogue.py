"""The catalogue is whole, or it is none; what is published is what is judged by."""

from __future__ import annotations

from pathlib import Path

import pytest

from databeheer.metering.validation import Reason, Severity, shipped
from databeheer.metering.validation.catalogue import SHIPPED, ValidationCatalogueError, parse
from databeheer.metering.validation.judging import judge
from databeheer.metering.validation.page import page
from databeheer.metering.validation.rules import RULES
from tests.databeheer.metering.validation.days import ordinary, put

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "validation.md"
TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_page_is_made_from_the_catalogue_of_now():
    assert PAGE.read_text(encoding="utf-8") == page(shipped()), (
        "python -m databeheer.metering.validation.page > docs/…/validation.md"
    )


@pytest.mark.requirement("R61", "R68")
def test_every_rule_and_method_is_published_with_its_number_and_parameters():
    told = PAGE.read_text(encoding="utf-8")
    for rule in RULES:
        entry = shipped().get(rule.reason)
        _, _, section = told.partition(f"### `{rule.reason.slug}`")
        section = section.partition("###")[0]
        assert entry.sentence("en") in section
        assert f"| Number | {rule.reason.value} |" in section
        assert all(f"`{name}` {value}" in section for name, value in entry.parameters.items())
    for method in shipped().methods:
        assert f"| {method.reason.value} | `{method.reason.slug}` |" in told


def test_reasons_have_the_numbers_that_were_published():
    assert {reason.slug: reason.value for reason in Reason} == {
        "missing": 1,
        "negative": 2,
        "above_ceiling": 3,
        "spike": 4,
        "zero_run": 5,
        "register_mismatch": 6,
        "register_impossible": 7,
        "register_rolled_over": 8,
        "meter_changed": 9,
        "clock_drift": 10,
        "clock_wrong": 11,
        "duplicate": 12,
        "conflict": 13,
        "not_yet_measured": 14,
        "stale": 15,
        "gas_factor": 16,
        "gas_mismatch": 17,
        "history": 18,
        "weather": 19,
        "statistics": 20,
        "interpolated": 32,
        "like_days": 33,
        "interpolated_to_register": 34,
        "like_days_to_register": 35,
        "given_to_register": 36,
        "no_estimate": 37,
        "rectified": 38,
    }


def test_a_rule_that_is_taken_out_finds_nothing():
    block = put(ordinary(), {7: -1})
    assert judge(block, shipped()).invalid.any()
    without = tuple(rule for rule in RULES if rule.reason is not Reason.NEGATIVE)
    assert not judge(block, shipped(), without).invalid.any()


def test_severities_have_rules_and_numbers_are_spelled_in_the_language():
    assert all(shipped().of_severity(severity) for severity in Severity)
    ceiling = shipped().get(Reason.ABOVE_CEILING)
    assert "400.000 kW" in ceiling.sentence("nl")
    assert "400,000 kW" in ceiling.sentence("en")


def test_a_changed_parameter_is_another_version():
    other = parse(TEXT.replace("hours = 12", "hours = 13").encode())
    assert other.get(Reason.ZERO_RUN).parameters["hours"] == 13
    assert other.version != shipped().version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "1"', ""),
        ('version = "1"', "version = 1"),
        ("gap_hours = 2 ", "gap_hours = 0 "),
        ("gap_hours = 2 ", "gap_hours = 2.5 "),
        ("gap_hours = 2 ", "# "),
        ("like_weeks = 4 ", "like_weeks = 4\nlonely_weeks = 4 "),
        ('reason = "spike"', 'reason = "peak"'),
        ('reason = "spike"', 'reason = "negative"'),
        ('reason = "spike"', 'reason = "interpolated"'),
        ('reason = "interpolated"', 'reason = "spike"'),
        ('reason = "interpolated"', 'reason = "like_days"'),
        ('severity = "refused"', 'severity = "fatal"'),
        ("settled_by_register = true", 'settled_by_register = "yes"'),
        ('severity = "doubtful"\nsettled_by_register = true', 'severity = "invalid"\nsettled_by_register = true'),
        ('judges = "value"', 'judges = "month"'),
        ('requirements = ["R58"]', "requirements = []"),
        ('requirements = ["R58"]', 'requirements = ["58"]'),
        ("times = 4\n", ""),
        ("times = 4\n", "times = 4\ntimes_more = 4\n"),
        ("times = 4\n", "times = -4\n"),
        ("times = 4\n", "times = true\n"),
        ("times = 4\n", "times = 1000001\n"),
        ("{times} keer de hoogste van", "{keer} keer de hoogste van"),
        ("{times} keer de hoogste van", "{times keer de hoogste van"),
        ("hooguit {gap_hours} uur", "hooguit {gap} uur"),
        ('title_nl = "Plotse piek"', 'title_nl = ""'),
        ('title_nl = "Plotse piek"', 'title_fr = "Pic"'),
        ("[[rule]]", "[[rule"),
    ],
)  # fmt: skip
def test_a_catalogue_with_a_mistake_is_none(old, new):
    assert old in TEXT
    with pytest.raises(ValidationCatalogueError):
        parse(TEXT.replace(old, new, 1).encode())


def test_a_catalogue_that_is_no_text_is_none():
    with pytest.raises(ValidationCatalogueError):
        parse(b"\xff")
