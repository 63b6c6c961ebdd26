"""No EAN code in words of the house or the regulator: however it is written, and wherever it would be stored."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError, fields

from databeheer.door.governance import parsing
from databeheer.ean_codes.in_words import holds_ean
from databeheer.governance.registers import FieldKind, shipped
from tests.conftest import LOTTES_EAN
from tests.desk import refused, size
from tests.house import TheHouse

WORDS_OF_THE_HOUSE = {
    "what",
    "reason",
    "why",
    "task",
    "outcome",
    "words",
    "refusal",
    "label",
    "recording",
    "requester_note",
}
FROM_OTHERS = {
    "doubt.raise words": "a party's or a customer's own, of a case of doubt",
    "doubt.report words": "to the authority, about a party",
    "doubt.report_own words": "a customer's own",
    "doubt.signal words": "a party's own",
    "doubt.improvement.ask words": "to a party, about how it works",
    "rights.ask words": "a customer's own",
}
SLIP = LOTTES_EAN[:-1] + str((int(LOTTES_EAN[-1]) + 1) % 10)


@pytest.mark.requirement("R133")
@pytest.mark.parametrize(
    "written",
    [
        LOTTES_EAN,
        f"gaat over {LOTTES_EAN}.",
        " ".join(LOTTES_EAN),
        ".".join(LOTTES_EAN),
        f"{LOTTES_EAN[:4]} {LOTTES_EAN[4:8]}-{LOTTES_EAN[8:12]}/{LOTTES_EAN[12:]}",
        "\u200b".join(LOTTES_EAN),
        "\u00a0".join(LOTTES_EAN),
        "_".join(LOTTES_EAN),
        f"{LOTTES_EAN[:9]}\n{LOTTES_EAN[9:]}",
        "".join(chr(0xFF10 + int(digit)) for digit in LOTTES_EAN),
        "".join(chr(0x660 + int(digit)) for digit in LOTTES_EAN),
        "".join("⓿❶❷❸❹❺❻❼❽❾"[int(digit)] for digit in LOTTES_EAN),
        *(mark.join(LOTTES_EAN) for mark in ("\u115f", "\u3164", "\u02bc", "\u02d0", "\u30fc", "\u0640")),
        f"1{LOTTES_EAN}9",
        f"0470 12 34 56, {LOTTES_EAN}",
        SLIP,
    ],
)
def test_an_ean_code_is_found_however_it_is_written(written: str) -> None:
    assert holds_ean(written)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "belt over haar factuur van 22-11-2026, om 10.15 uur",
        "0470 12 34 56, 0471 23 45 67",
        "054 12 34 56 / 09 765 43 21 / 02 123 45 67",
        "meter 1SAG9300000001 en 1SAG9300000002",
        "BE 0403.448.140",
        LOTTES_EAN[:-1],
        f"{LOTTES_EAN[:9]}x{LOTTES_EAN[9:]}",
        "5" * 18,
        "9" * 200,
    ],
)
def test_other_numbers_are_none(words: str) -> None:
    assert not holds_ean(words)


def takes(field: Any, words: str) -> bool:
    try:
        field.deserialize(words)
    except ValidationError:
        return False
    return True


@pytest.mark.requirement("R133")
def test_no_command_takes_one_in_words_of_the_house(house: TheHouse) -> None:
    plain, with_code = ("geen", "M-1", "zie 22-11"), ("zie " + LOTTES_EAN, LOTTES_EAN, ".".join(LOTTES_EAN))
    words = {
        f"{name} {member}": field
        for name, command in house.service.commands.items()
        for member, field in command.schema.fields.items()
        if member in WORDS_OF_THE_HOUSE and isinstance(field, fields.String)
        if any(takes(field, one) for one in plain)
    }
    taking = {name for name, field in words.items() if any(takes(field, one) for one in with_code)}
    assert taking == FROM_OTHERS.keys()
    assert words.keys() > {"audit.open task", "desk.open what", "staff.case.open what", "stop.set reason"}


@pytest.mark.requirement("R133")
def test_no_register_takes_one_in_its_texts() -> None:
    texts = {
        f"{code} {field.name}": parsing._schema(code).fields[field.name]
        for code, register in shipped().by_code.items()
        for field in register.fields
        if field.kind in (FieldKind.TEXT, FieldKind.LONG)
    }
    assert texts
    for name, field in texts.items():
        assert takes(field, "abc"), name
        assert not takes(field, LOTTES_EAN), name


@pytest.mark.requirement("R133")
def test_what_is_refused_so_says_what_to_do_and_writes_nothing(house: TheHouse) -> None:
    clerk = house.colleague("nadia", "desk")
    before = size(house)
    assert (
        refused(clerk.call, "staff.case.open", kind="question", what=f"zie {LOTTES_EAN}")
        == "malformed-request"
    )
    with pytest.raises(Exception, match="what: no EAN code in words: name a case") as told:
        clerk.call("staff.case.open", kind="question", what=" ".join(LOTTES_EAN))
    assert LOTTES_EAN[:6] not in str(told.value)
    assert size(house) == before
