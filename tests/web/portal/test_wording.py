"""Every code of the domain that a customer can meet has Dutch words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from databeheer.access.facts import PermissionState
from databeheer.metering.states import State, Unit
from databeheer.values import Commodity, Direction, Granularity, Purpose, Role
from web.portal import wording

TEMPLATES = Path(wording.__file__).parents[1] / "templates"


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (Commodity, wording.COMMODITIES),
        (Role, wording.ROLES),
        (Purpose, wording.PURPOSES),
        (Granularity, wording.GRANULARITIES),
        (Granularity, wording.REVEALS),
        ([*PermissionState, "timed_out"], wording.STATES),
        (State, wording.QUALITIES),
        (Unit, wording.UNITS),
    ],
    ids=["commodity", "role", "purpose", "granularity", "what it reveals", "state", "quality", "unit"],
)
def test_every_code_has_words_and_no_words_lack_a_code(
    codes: Iterable[str], words: Mapping[str, object]
) -> None:
    assert {str(code) for code in codes} == set(words)
    assert all(words.values())


def test_every_state_that_ended_says_who_and_why() -> None:
    assert set(wording.STATES) - set(wording.ENDINGS) == {"requested", "active", "to_be_renewed"}


@pytest.mark.parametrize(
    ("directions", "words"),
    [
        ([Direction.OFFTAKE], "wat u van het net afneemt, per uur"),
        ([Direction.INJECTION], "wat u op het net zet, per uur"),
        ([*Direction], "wat u van het net afneemt en wat u op het net zet, per uur"),
    ],
)
def test_what_is_asked_is_said_by_direction_and_step(directions: list[str], words: str) -> None:
    assert wording.data_words("readings", directions, "hour") == words


@pytest.mark.parametrize(
    "template", sorted((TEMPLATES / "portal").glob("*.html")), ids=lambda path: path.stem
)
def test_pages_address_the_reader_as_u(template: Path) -> None:
    words = template.read_text(encoding="utf-8").lower().replace("<", " ").replace(">", " ").split()
    assert not {"je", "jij", "jouw", "gij", "men"} & set(words)
