"""Decisions in words: complete, in both languages, and never naming anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from databeheer.access.bases import BasisKind, Citation, CitationStatus
from databeheer.access.catalogue import CatalogueError
from databeheer.access.decide import Decision, ReasonCode
from databeheer.access.explain import (
    Language,
    basis_name,
    citation_text,
    explain,
    ground_sentence,
    period_text,
    reason_sentence,
)
from databeheer.access.facts import PermissionState
from databeheer.access.reasons import ERRORS, NEAREST_FIRST
from databeheer.errors import (
    DatabeheerError,
    GranularityTooFineError,
    NoLegalBasisError,
    OutsideGrantedPeriodError,
    PermissionEndedError,
)
from databeheer.values import Granularity, Period
from tests.databeheer.access.people import (
    BRAM,
    CATALOGUE,
    CONSENT,
    MARIA,
    WATTS,
    ask,
    brams_wish,
    facts_for,
    own_wish,
    span,
    watts_wish,
)

NL, EN = Language.DUTCH, Language.ENGLISH


@pytest.mark.requirement("R46")
@pytest.mark.parametrize("reason", list(ReasonCode))
def test_every_reason_has_a_sentence_in_both_languages_and_an_error_with_a_code(reason: ReasonCode) -> None:
    dutch, english = reason_sentence(reason, NL), reason_sentence(reason, EN)
    assert dutch.endswith(".")
    assert english.endswith(".")
    assert dutch != english
    assert ERRORS[reason].code != DatabeheerError.code


def test_every_reason_has_its_place_where_reasons_compete() -> None:
    assert sorted(NEAREST_FIRST) == sorted(ReasonCode)
    assert set(ERRORS) == set(ReasonCode)


def test_no_two_reasons_read_alike() -> None:
    for language in Language:
        assert len({reason_sentence(reason, language) for reason in ReasonCode}) == len(ReasonCode)


def test_a_decision_is_told_in_order_with_its_days_its_ground_and_its_reason() -> None:
    decision = ask(watts_wish(span("2024-01-01", "2024-03-01")))
    first, second = explain(decision, CATALOGUE, NL)
    assert first.text == (
        "Van 1 januari 2024 tot en met 31 januari 2024: toegestaan. Uw leverancier krijgt uw verbruik per maand, "
        "om uw factuur te maken. Dat staat in de wet. Hij krijgt alleen gegevens van de periode waarin u een "
        "contract bij hem hebt of had. Grond: artikel 4.1.22/7 van het Energiedecreet van 8 mei 2009."
    )
    assert second.text == (
        "Van 1 februari 2024 tot en met 29 februari 2024: geweigerd. "
        "De leverancier had in deze periode geen contract op dit toegangspunt."
    )
    assert [part.reason for part in (first, second)] == [None, ReasonCode.NO_CONTRACT]
    assert explain(decision, CATALOGUE, EN)[1].text == (
        "From 1 February 2024 up to and including 29 February 2024: refused. "
        "The supplier had no contract on this access point in this period."
    )


def test_an_explanation_covers_the_whole_wish() -> None:
    wish = own_wish(MARIA, span("2022-01-01", "2025-01-01"))
    told = explain(ask(wish), CATALOGUE, EN)
    assert (told[0].interval.start, told[-1].interval.end) == (wish.period.start, wish.period.end)
    for one, following in pairwise(told):
        assert one.interval.end == following.interval.start


def test_a_decision_on_another_catalogue_is_not_explained_away() -> None:
    decision = ask(brams_wish(span("2024-01-01", "2024-02-01")))
    with pytest.raises(CatalogueError):
        explain(decision, replace(CATALOGUE, rows=CATALOGUE.rows[:1]), NL)


def test_each_row_explains_itself_with_its_article() -> None:
    for row in CATALOGUE.rows:
        assert ground_sentence(row.code, CATALOGUE, NL).startswith(row.sentence_nl + " Grond: artikel ")
        assert ground_sentence(row.code, CATALOGUE, EN).startswith(row.sentence_en + " Ground: article ")


def test_a_draft_article_always_says_that_it_is_a_draft() -> None:
    draft = Citation("Energiebesluit", "ontwerp 2018", "3.1.53", CitationStatus.DRAFT)
    assert citation_text(draft, NL) == "Grond: artikel 3.1.53 van het Energiebesluit (ontwerp)."
    assert citation_text(draft, EN) == "Ground: article 3.1.53 of the Energiebesluit (draft)."


def test_consent_and_law_stand_under_different_names() -> None:
    for language in Language:
        assert len({basis_name(basis, language) for basis in BasisKind}) == len(BasisKind)


@pytest.mark.parametrize(
    ("period", "dutch", "english"),
    [
        (span("2023-10-29", "2023-10-30"), "Op 29 oktober 2023", "On 29 October 2023"),
        (
            span("2023-03-26", "2023-03-28"),
            "Van 26 maart 2023 tot en met 27 maart 2023",
            "From 26 March 2023 up to and including 27 March 2023",
        ),
        (
            Period(datetime(2023, 10, 29, 0, 30, tzinfo=UTC), datetime(2023, 10, 29, 1, 30, tzinfo=UTC)),
            "Van 29 oktober 2023 om 02.30 uur (zomertijd) tot 29 oktober 2023 om 02.30 uur (wintertijd)",
            "From 29 October 2023 at 02:30 (summer time) until 29 October 2023 at 02:30 (winter time)",
        ),
        (
            Period(datetime(2023, 3, 26, 0, 45, tzinfo=UTC), datetime(2023, 3, 26, 1, 0, tzinfo=UTC)),
            "Van 26 maart 2023 om 01.45 uur tot 26 maart 2023 om 03.00 uur",
            "From 26 March 2023 at 01:45 until 26 March 2023 at 03:00",
        ),
    ],
)
def test_a_period_reads_as_a_customer_says_it(period: Period, dutch: str, english: str) -> None:
    assert period_text(period, NL) == dutch
    assert period_text(period, EN) == english


# --- all, part, nothing -----------------------------------------------------------------------------------


def test_strict_and_clipped_give_everything_when_nothing_is_refused() -> None:
    decision = ask(brams_wish(span("2024-01-01", "2024-02-01")))
    assert decision.strict() == decision.clipped() == decision.granted != ()


def test_strict_refuses_a_part_and_clipped_gives_it() -> None:
    decision = ask(brams_wish(span("2024-04-01", "2024-06-01")))
    with pytest.raises(OutsideGrantedPeriodError):
        decision.strict()
    assert decision.clipped() == decision.granted != ()


def nothing_granted() -> list[tuple[Decision, type[DatabeheerError]]]:
    january = span("2024-01-01", "2024-02-01")
    revoked = replace(CONSENT, state=PermissionState.REVOKED)
    withdrawn = replace(facts_for(BRAM), permissions=(revoked,))
    return [
        (ask(brams_wish(january), withdrawn), PermissionEndedError),
        (ask(watts_wish(january, granularity=Granularity.DAY)), GranularityTooFineError),
        (ask(brams_wish(january), replace(facts_for(BRAM), permissions=())), NoLegalBasisError),
        (ask(watts_wish(january), replace(facts_for(WATTS), supply_contracts=())), NoLegalBasisError),
    ]


@pytest.mark.parametrize("case", range(4))
def test_a_whole_refusal_is_one_error_of_its_own_kind_either_way(case: int) -> None:
    decision, error = nothing_granted()[case]
    for act in (decision.strict, decision.clipped):
        with pytest.raises(DatabeheerError) as caught:
            act()
        assert type(caught.value) is error
        assert str(caught.value) == reason_sentence(decision.main_reason(), EN)
