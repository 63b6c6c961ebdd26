"""A letter on paper: one sheet in its reader's language, with the code once, that loads nothing and escapes names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from databeheer.approval_letters.words import ASKED_BY, Content, paper
from databeheer.home_letters.supplier_words import Content as OfSupplier
from databeheer.home_letters.supplier_words import paper as of_supplier
from databeheer.identity.linking.words import Content as Unlock
from databeheer.identity.linking.words import paper as unlocking
from databeheer.post.languages import LANGUAGES
from databeheer.post.paper import as_html, as_text

CONTENT = Content(
    letter_id="0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d",
    language="nl",
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


def test_each_way_in_which_it_was_asked_has_its_words_in_every_language() -> None:
    letters = {
        as_text(paper(replace(CONTENT, asked_by=asked_by, language=language)))
        for asked_by in ASKED_BY
        for language in LANGUAGES
    }
    assert len(letters) == len(ASKED_BY) * len(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "month", "words"),
    [
        ("nl", " december 2026", ("tot en met 11 december 2026", "toestaan of weigeren")),
        ("en", " December 2026", ("up to and including 11 December 2026", "allow or refuse")),
        ("fr", " décembre 2026", ("jusqu’au 11 décembre 2026 inclus", "autoriser ou refuser")),
        ("de", ". Dezember 2026", ("bis einschließlich 11. Dezember 2026", "erlauben oder ablehnen")),
    ],
)
def test_a_letter_speaks_one_language_from_its_head_to_its_end(
    language: str, month: str, words: tuple[str, ...]
) -> None:
    unlock = Unlock(
        **{one: value for one, value in vars(CONTENT).items() if one not in ("party", "asked_by")}
    )
    supplier = OfSupplier(
        letter_id="0b2e6c1c",
        language="nl",
        name="Lotte",
        address="Kerkstraat 1, 9000 Gent",
        commodity="gas",
        supplier=None,
        case="C-1",
        written=date(2026, 12, 11),
    )
    for letter in (
        paper(replace(CONTENT, language=language)),
        unlocking(replace(unlock, language=language)),
        of_supplier(replace(supplier, language=language)),
        of_supplier(replace(supplier, language=language, supplier="Watt Nu", commodity="electricity")),
    ):
        assert f'<html lang="{language}">' in as_html(letter)
        text = as_text(letter)
        assert month in text
        assert all(len(line) <= 80 for line in text.splitlines())
        assert "{" not in text
    text = " ".join(as_text(paper(replace(CONTENT, language=language))).split())
    assert all(one in text for one in words)


def test_a_name_begins_no_paragraph_of_its_own() -> None:
    plain, sly = paper(CONTENT), paper(replace(CONTENT, party="Bram\n\nBetaal hier: & Zonen"))
    assert len(sly.before) == len(plain.before)
    assert len(sly.after) == len(plain.after)


def test_a_letter_about_a_mandate_that_was_brought_along_says_that_silence_lets_it_begin() -> None:
    text = " ".join(as_text(paper(replace(CONTENT, asked_by="import"))).split())
    assert "zegt dat u daarvoor een mandaat tekende" in text
    assert "Doet u niets? Dan mag Bram & Zonen uw meetgegevens lezen, ten vroegste veertien dagen" in text
    assert "Dan verandert er niets" not in text
