"""A letter on paper: one sheet in plain Dutch, with the code once, that loads nothing and escapes what it is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from databeheer.approval_letters.words import ASKED_BY, Content, paper
from databeheer.post.paper import as_html, as_text

CONTENT = Content(
    letter_id="0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d",
    name="Lotte <b>Janssens",
    address="Kerkstraat 1, 9000 Gent",
    party="Bram & Zonen",
    asked_by="applicant",
    code="2346-789B-CDFG-HJKM",
    page="https://databeheer.example/brief",
    written=date(2026, 11, 20),
    until=date(2026, 12, 12),
)


@pytest.mark.requirement("R36")
def test_a_letter_says_who_asks_where_to_answer_until_when_and_that_the_holder_decides() -> None:
    text = as_text(paper(CONTENT))
    for words in (
        "Bram & Zonen vraagt uw meetgegevens".upper(),
        "Het contract staat op uw",
        "https://databeheer.example/brief",
        "2346-789B-CDFG-HJKM",
        "tot en met 11 december 2026",  # the day before the first one that is too late
        "toestaan of weigeren",
        "kunt u gerust weigeren",
    ):
        assert words in " ".join(text.split())
    assert text.count(CONTENT.code) == 1
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_address_stands_on_the_right_for_the_window() -> None:
    lines = [line for line in as_text(paper(CONTENT)).splitlines() if line.startswith(" " * 30)]
    assert [line.strip() for line in lines] == ["Lotte <b>Janssens", "Kerkstraat 1", "9000 Gent"]


def test_the_page_loads_nothing_and_escapes_what_it_was_given() -> None:
    page = as_html(paper(CONTENT))
    assert "Lotte &lt;b&gt;Janssens" in page
    assert "Bram &amp; Zonen" in page
    assert "<b>" not in page
    for loads in ("<script", "<link", "<img", "url(", "@import", "src="):
        assert loads not in page


@pytest.mark.parametrize("asked_by", sorted(ASKED_BY))
def test_each_way_in_which_it_was_asked_has_its_words(asked_by: str) -> None:
    assert ASKED_BY[asked_by] in " ".join(as_text(paper(replace(CONTENT, asked_by=asked_by))).split()) + " "


def test_a_letter_about_a_mandate_that_was_brought_along_says_that_silence_lets_it_begin() -> None:
    text = " ".join(as_text(paper(replace(CONTENT, asked_by="import"))).split())
    assert "zegt dat u daarvoor een mandaat tekende" in text
    assert "Doet u niets? Dan mag Bram & Zonen uw meetgegevens lezen, ten vroegste veertien dagen" in text
    assert "Dan verandert er niets" not in text
