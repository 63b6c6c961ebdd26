"""What the log says of an event is said in the reader's language: every sentence of the door has its translations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from databeheer import clocks
from databeheer.access.sentences import SENTENCES
from databeheer.door.commands import originals
from databeheer.joins import explain
from databeheer.joins.reasons import JoinReason
from databeheer.post import credit_words
from databeheer.sentences import Blank, Sentence, in_dutch
from databeheer.values import format_instant
from web.language import COOKIE, LANGUAGES
from web.portal.told import told
from web.translations import catalogues
from web.translations.catalogues import TRANSLATED

DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
TITLE, CITED = (
    "Statistiek: verbruik per maand van een heel netgebied",
    "Grond: artikel 4.1.8/2, 9° van het Energiedecreet.",
)


def everything_told() -> Iterator[tuple[Sentence, ...]]:
    """One of each kind of line that is composed of sentences."""
    for kind in clocks.shipped().kinds:
        said = {"clock": kind.kind, "due": format_instant(DUE), "met": ""}
        yield clocks.missed(said, None)
        yield clocks.missed(said, DUE + timedelta(days=2, hours=1, minutes=5))
    for shape in ("aggregate", "table", "rows"):
        ran = {"shape": shape, "title_nl": TITLE, "citation": CITED, "list": "3"}
        yield explain.sentences(ran | {"case": "month-totals"})
        yield explain.sentences(ran | {"case": "necessity:fraud-2023-7"})
    for reason in JoinReason:
        yield explain.sentences({"case": "month-totals", "title_nl": TITLE, "reason": reason})
        yield explain.sentences({"case": "x-ray", "reason": reason})
    for purpose in ("marketing", "fraud_detection", "grid_management", "research", "statistics", "other"):
        case = {"case": "consumption-with-addresses", "purpose": purpose}
        yield explain.sentences(case | {"reason": JoinReason.NOT_ON_LIST})
    for message in ("meter.daily", "meter.today"):
        yield credit_words.of_entry({"message": message, "day": "2027-03-01"})
    yield credit_words.of_entry({"from": "2027-03-01"})
    yield credit_words.of_entry({"from": "2027-01-01", "until": "2027-03-01"})
    yield (originals.sentence({"day": "2027-03-01", "task": "vraag 17"}),)
    for dutch, _ in SENTENCES.values():
        yield (Sentence(dutch),)


def test_every_sentence_of_the_log_is_in_every_catalogue() -> None:
    said = [sentence for line in everything_told() for sentence in line]
    texts = {one.dutch for one in said}
    for one in said:
        texts |= {words for kind, words in one.blanks.values() if kind in (Blank.WORDS, Blank.WITHIN)}
    for language in TRANSLATED:
        catalogue = catalogues.read(language)
        assert [one for one in sorted(texts) if one not in catalogue] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_of_the_log_has_no_blank_left_and_in_dutch_it_is_what_the_door_says(
    site: Flask,
    language: str,
) -> None:
    lines = list(everything_told())
    with site.test_request_context("/mijn/gelezen", headers={"Cookie": f"{COOKIE}={language}"}):
        spoken = [told([one.view() for one in line]) for line in lines]
    assert not [one for one in spoken if "%(" in one or "None" in one]
    in_dutch_ = [in_dutch(line) for line in lines]
    assert (spoken == in_dutch_) is (language == "nl")
    if language != "nl":
        assert [one for one in spoken if one in in_dutch_] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "Wilde uw gegevens gebruiken voor deze koppeling: statistiek: verbruik"),
        ("en", "Wanted to use your data for this join: statistics: consumption"),
        ("fr", "Voulait utiliser vos données pour ce croisement : statistique : consommation"),
        ("de", "Wollte Ihre Daten für diese Verknüpfung verwenden: Statistik: Verbrauch"),
    ],
)
def test_what_somebody_wrote_stays_and_a_title_is_translated_within_a_sentence(
    site: Flask,
    language: str,
    words: str,
) -> None:
    asked = explain.sentences({"case": "c", "title_nl": TITLE, "reason": JoinReason.NOT_ON_LIST})
    why = (originals.sentence({"day": "2027-03-01", "task": "de %(klant)s vroeg <b>het</b>"}),)
    with site.test_request_context("/mijn/gelezen", headers={"Cookie": f"{COOKIE}={language}"}):
        assert words in told([one.view() for one in asked])
        assert "de %(klant)s vroeg <b>het</b>" in told([one.view() for one in why])
