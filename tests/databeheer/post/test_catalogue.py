"""The catalogue of messages: words for every recipient of every kind, and never more of them than may be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from databeheer.post import catalogue
from databeheer.post.catalogue import IN_A_TITLE, LAST_DAY, PostCatalogueError, Recipient
from databeheer.post.languages import LANGUAGES
from tests.requirements_register import load_requirements

KINDS = catalogue.load()
WHOLE = """["a.kind"]
requirements = ["R27"]
says = ["party", "until"]
customer.nl = "{party} deed iets"
customer.nl_more = "Tot {until}."
customer.en = "{party} did something"
customer.en_more = "Until {until}."
customer.fr = "{party} a fait quelque chose"
customer.fr_more = "Jusqu’au {until}."
customer.de = "{party} tat etwas"
customer.de_more = "Bis {until}."
party.en = "Something was done."
"""


def parsed(tmp_path: Path, content: str) -> object:
    file = tmp_path / "catalogue.toml"
    file.write_text(content, encoding="utf-8")
    return catalogue.load(file)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_has_words_for_each_of_its_recipients(kind: catalogue.Kind) -> None:
    assert kind.words
    for recipient, by_language in kind.words.items():
        assert set(by_language) == (set(LANGUAGES) if recipient is Recipient.CUSTOMER else {"en"})
        for words in by_language.values():
            title = words.title.format(**dict.fromkeys(kind.says & IN_A_TITLE, "Partij"))
            more = words.more.format(
                **dict.fromkeys(kind.says | ({LAST_DAY} if "until" in kind.says else set()), "woord")
            )
            assert "{" not in title + more
            assert 0 < len(title) <= 120  # fits a subject line


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_says_which_requirement_asks_for_it(kind: catalogue.Kind) -> None:
    assert set(kind.requirements) <= load_requirements().keys()


@pytest.mark.parametrize(
    "kind", [one for one in KINDS.values() if Recipient.PARTY in one.recipients], ids=lambda kind: kind.code
)
def test_a_party_can_ask_after_what_it_is_told_of(kind: catalogue.Kind) -> None:
    """A web hook holds no more than numbers, and its name says of what; else it is of the party itself."""
    assert bool(kind.about or "days" in kind.says) != kind.code.startswith(("party.", "webhook."))


def test_the_shape_that_the_others_are_broken_from_is_whole(tmp_path: Path) -> None:
    assert set(parsed(tmp_path, WHOLE)) == {"a.kind"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('requirements = ["R27"]\n', ""),
        ('says = ["party", "until"]', 'says = ["party", "until", "name"]'),
        ('customer.en = "{party} did something"\n', ""),
        ('"{party} deed iets"', '"{party} deed iets tot {until}"'),  # a day is too much for an e-mail
        ('"{party} deed iets"', '"{name} deed iets"'),
        ('"Tot {until}."', '"Omdat {reason}."'),
        ('party.en = "Something was done."', 'party.nl = "Er gebeurde iets."'),
        ('party.en = "Something was done."', 'neighbour.en = "Something was done."'),
        ('customer.fr = "{party} a fait quelque chose"\n', ""),
        ('customer.de_more = "Bis {until}."\n', ""),
        ('"Jusqu’au {until}."', '"Jusqu’à un jour."'),  # a day that only some readers are told
        ('"Jusqu’au {until}."', '"Jusqu’au {last_day}."'),
        ('customer.de = "{party} tat etwas"', 'customer.de = "Etwas geschah"'),
        ('customer.de = "{party} tat etwas"', 'customer.es = "{party} hizo algo"'),
    ],
)
def test_a_kind_that_is_not_whole_or_says_too_much_stops_the_start(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in WHOLE
    with pytest.raises(PostCatalogueError):
        parsed(tmp_path, WHOLE.replace(old, new))


def test_a_kind_for_nobody_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PostCatalogueError):
        parsed(tmp_path, '["a.kind"]\nrequirements = ["R27"]\n')


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(PostCatalogueError):
        catalogue.kind("nothing.known")
