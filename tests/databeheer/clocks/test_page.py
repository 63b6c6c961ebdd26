"""The reference page about clocks is what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from databeheer.clocks import Term, Unit, shipped
from databeheer.clocks.page import page, term_words, term_words_nl

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "clocks.md"


def test_the_page_is_made_from_the_catalogue_of_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(shipped()), (
        "python -m databeheer.clocks.page > docs/…/clocks.md"
    )


def test_every_kind_its_term_and_who_must_act_are_on_it() -> None:
    told = PAGE.read_text(encoding="utf-8")
    for kind in shipped().kinds:
        _, _, section = told.partition(f"### `{kind.kind}`")
        section = section.partition("###")[0]
        assert kind.task_en in section
        assert term_words(kind.term) in section
        assert all(requirement in section for requirement in kind.requirements)
        assert all(event in section for event in (*kind.started_by, *kind.met_by, *kind.dropped_by))


def test_terms_have_words_in_both_languages() -> None:
    assert (term_words(Term(1, Unit.WORKING_DAY)), term_words(Term(72, Unit.HOUR))) == (
        "1 working day",
        "72 hours",
    )
    assert [term_words_nl(Term(amount, unit)) for amount in (1, 2) for unit in Unit] == [
        *("1 minuut", "1 uur", "1 werkdag", "1 dag", "1 maand", "1 jaar"),
        *("2 minuten", "2 uur", "2 werkdagen", "2 dagen", "2 maanden", "2 jaar"),
    ]
