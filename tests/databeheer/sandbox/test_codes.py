"""The codes of a sandbox: what they say, what they stand for, and what is none of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.errors import MalformedRequestError
from databeheer.metering.street.plan import invented_ean
from databeheer.sandbox import is_sandbox, new_name
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import codes
from databeheer.site.house import new_origin
from databeheer.values import EAN, Commodity
from tests.house import ORIGIN

all_codes = st.builds(
    SandboxCode, st.sampled_from(Commodity), st.booleans(), st.booleans(), st.integers(0, 999)
)


@given(all_codes)
def test_a_code_and_the_ean_that_stands_for_it_name_each_other(code: SandboxCode) -> None:
    assert SandboxCode.parse(code.text) == code
    assert SandboxCode.of(code.ean.digits) == code


@given(all_codes, all_codes)
def test_two_codes_never_stand_for_one_access_point(one: SandboxCode, other: SandboxCode) -> None:
    assert (one.ean == other.ean) == (one == other)


def test_a_code_says_what_is_metered() -> None:
    assert SandboxCode.parse("54144" + "001" + "0" * 7 + "001") == SandboxCode(
        Commodity.ELECTRICITY, False, True, 1
    )
    assert SandboxCode.parse("54144" + "110" + "0" * 7 + "042") == SandboxCode(Commodity.GAS, True, False, 42)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "54144" + "002" + "0" * 7 + "001",
        "54144" + "201" + "0" * 7 + "001",
        "54144" + "021" + "0" * 7 + "001",
        "54144" + "001" + "0" * 6 + "1001",
        "54144" + "001" + "0" * 7 + "01",
        "54144" + "001" + "0" * 7 + "0001",
        "54145" + "001" + "0" * 7 + "001",
        "54144" + "001" + "0" * 7 + "00a",
        "54144" + "001" + "0" * 7 + "00\u0661",
        " 54144" + "001" + "0" * 7 + "001",
        "54144" + "001" + "0" * 7 + "001\n",
    ],
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert SandboxCode.parse(text) is None


@pytest.mark.parametrize(
    "ean",
    [
        "",
        invented_ean(1001).digits,  # of the street
        invented_ean(899_999).digits,
        invented_ean(908_000).digits,
        invented_ean(999_999).digits,
        SandboxCode(Commodity.GAS, False, True, 1).ean.digits[:-1] + "x",
        "541448899990000039",
    ],
)
def test_another_invented_access_point_stands_for_no_code(ean: str) -> None:
    assert SandboxCode.of(ean) is None


def test_a_wrong_check_digit_of_what_stands_for_a_code_is_none() -> None:
    digits = SandboxCode(Commodity.GAS, False, True, 1).ean.digits
    assert SandboxCode.of(digits[:-1] + str((int(digits[-1]) + 1) % 10)) is None


def test_most_codes_are_no_ean_codes_of_the_house() -> None:
    wrong = 0
    for code in codes(20):
        try:
            EAN(code.text)
        except MalformedRequestError:
            wrong += 1
    assert wrong > 100


def test_every_kind_is_filled_and_gas_injects_nothing() -> None:
    filled = codes(2)
    assert len(filled) == len(set(filled)) == 12
    assert {(code.commodity, code.has_injection, code.by_quarter) for code in filled} == {
        (Commodity.ELECTRICITY, injection, quarter)
        for injection in (False, True)
        for quarter in (False, True)
    } | {(Commodity.GAS, False, quarter) for quarter in (False, True)}


@pytest.mark.requirement("R134")
def test_only_the_name_of_its_log_makes_a_house_a_sandbox() -> None:
    assert is_sandbox(new_name("a1"))
    for name in (ORIGIN, new_origin(), "sandbox.example/ledger", "ledger.example/sandboxed", ""):
        assert not is_sandbox(name)


def test_the_how_to_names_a_code_that_is_filled() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "switch-from-fluvius.md"
    named = re.findall(r"[0-9]{18}", page.read_text(encoding="utf-8"))
    assert named
    assert all(SandboxCode.parse(one) in codes(3) for one in named)
