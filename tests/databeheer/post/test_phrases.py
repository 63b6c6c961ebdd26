"""What e-mails and letters say around a message: in every language, with the same blanks, and all of it is used."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import databeheer
from databeheer.post import phrases
from databeheer.post.catalogue import PostCatalogueError
from databeheer.post.languages import LANGUAGES, spell_day
from web import language

PHRASES = phrases.load()
WHOLE = """["a.phrase"]
nl = "Tot {day}."
en = "Until {day}."
fr = "Jusqu’au {day}."
de = "Bis {day}."
"""
# Each call of `say` or `paragraphs` in the code; a part that is filled in stands for any word.
SPEAKER = re.compile(r"from databeheer\.post(\.phrases)? import .*\b(say|phrases)\b")
SAID = re.compile(r"\b(?:say|paragraphs)\(\s*f?\"([^\"]+)\"")


def test_the_house_writes_in_the_languages_that_the_portal_speaks() -> None:
    assert tuple(language.LANGUAGES) == LANGUAGES


@pytest.mark.parametrize("key", PHRASES)
def test_no_phrase_is_left_in_the_language_it_was_written_in(key: str) -> None:
    assert len(set(PHRASES[key].values())) == len(LANGUAGES)


def test_every_phrase_is_said_and_every_phrase_that_is_said_is_there() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(databeheer.__file__).parent.rglob("*.py")]
    speakers = [source for source in sources if SPEAKER.search(source)]
    said = {re.sub(r"\{[^}]*\}", "ANY", key) for source in speakers for key in SAID.findall(source)}
    patterns = {one: re.compile(re.escape(one).replace("ANY", r"\w+")) for one in said}
    used = {one: {key for key in PHRASES if pattern.fullmatch(key)} for one, pattern in patterns.items()}
    assert [one for one, keys in used.items() if not keys] == []
    assert set(PHRASES) - set().union(*used.values()) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('de = "Bis {day}."\n', ""),
        ('de = "Bis {day}."\n', 'de = ""\n'),
        ('de = "Bis {day}."\n', 'de = "Bis {tag}."\n'),
        ('de = "Bis {day}."\n', 'de = "Bis dann."\n'),
        ('de = "Bis {day}."\n', 'de = "Bis {day}."\nes = "Hasta {day}."\n'),
        ("nl =", "NL ="),
    ],
)
def test_a_phrase_that_is_not_whole_in_every_language_stops_the_start(
    tmp_path: Path, old: str, new: str
) -> None:
    file = tmp_path / "phrases.toml"
    file.write_text(WHOLE, encoding="utf-8")
    assert set(phrases.load(file)) == {"a.phrase"}
    broken = tmp_path / "broken.toml"
    assert old in WHOLE
    broken.write_text(WHOLE.replace(old, new), encoding="utf-8")
    with pytest.raises(PostCatalogueError):
        phrases.load(broken)


@pytest.mark.parametrize(
    ("key", "language", "values"),
    [
        ("nobody", "nl", {}),
        ("somebody", "es", {}),
        ("email.code", "fr", {}),
        ("email.code", "fr", {"x": "1"}),
    ],
)
def test_what_cannot_be_said_whole_is_not_said(key: str, language: str, values: dict[str, str]) -> None:
    with pytest.raises(PostCatalogueError):
        phrases.say(key, language, **values)


@pytest.mark.parametrize(
    ("code", "first", "third"),
    [
        ("nl", "1 maart 2027", "3 maart 2027"),
        ("en", "1 March 2027", "3 March 2027"),
        ("fr", "1er mars 2027", "3 mars 2027"),
        ("de", "1. März 2027", "3. März 2027"),
    ],
)
def test_a_day_is_spelled_as_the_language_has_it(code: str, first: str, third: str) -> None:
    assert (spell_day(date(2027, 3, 1), code), spell_day(date(2027, 3, 3), code)) == (first, third)
