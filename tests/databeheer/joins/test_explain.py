"""What people read of a join: the wish in plain words, never a code that nobody explained."""

from __future__ import annotations

from databeheer.joins.explain import sentence_nl, wish_nl


def test_a_refused_wish_is_named_plainly_to_the_customer() -> None:
    said = {"case": "consumption-with-addresses", "purpose": "marketing", "reason": "not_on_list"}
    assert sentence_nl(said) == (
        "Wilde uw verbruik naast adressen leggen, om reclame te maken. Dat is geweigerd: niemand kreeg iets. "
        "Deze koppeling staat niet op de lijst van de toezichthouder."
    )


def test_a_listed_join_that_was_refused_goes_by_its_title() -> None:
    said = {
        "case": "fraud-month-totals",
        "title_nl": "Energiefraude onderzoeken",
        "reason": "role_not_allowed",
    }
    assert "deze koppeling: energiefraude onderzoeken." in sentence_nl(said)


def test_codes_that_nobody_explained_are_not_shown() -> None:
    said = {"case": "x-ray", "purpose": "world-domination", "reason": "not_on_list"}
    assert "x-ray" not in sentence_nl(said)
    assert "world" not in sentence_nl(said)
    assert wish_nl("x-ray", "world-domination") == "Een koppeling die niet op de lijst staat"
    assert wish_nl("consumption-with-addresses", "world-domination") == "Verbruik naast adressen leggen"
