"""What is untranslated is found: words that stand outside a sentence, and sentences that a language lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import web
from web.translations import catalogues
from web.translations.catalogues import TRANSLATED

WEB = Path(web.__file__).parent
TEMPLATES = WEB / "templates"
# These speak Dutch alone: staff, parties, programs, and public pages made of lists that are in Dutch.
DUTCH_ALONE = re.compile(
    r"(oversight|party|problems|registers|staff)/|public/(bases|demo_\w+|join\w*|ledger|statistics\w*|validation|reset)\.html"
)
WRAPPED = [
    path
    for path in sorted((*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")))
    if not DUTCH_ALONE.match(str(path.relative_to(TEMPLATES)))
]
SPOKEN_CODE = [*sorted((WEB / "portal").glob("*.py")), *sorted(WEB.glob("*_words.py")), WEB / "errors.py"]

_TRANS = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*[-+]?%\}", re.DOTALL)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SPOKEN_ATTRIBUTES = ("alt", "title", "aria-label", "placeholder", "data-label")
# Names, units and what a reader types into a terminal: the same in every language.
NOBODYS = {"databeheer", "Demo", "Demo.", "EAN", "venv", "bin", "ledger"}
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_TAG = re.compile(r"</?[a-z]+|href=\"[^\"]*\"")
DUTCH = re.compile(
    r"\b(de|het|een|niet|geen|wij|uw|voor|wordt|werd|deze|dit|zijn|naar|mag|kan|krijgt|bij)\b", re.IGNORECASE
)


class _Bare(HTMLParser):
    """Collects words that a reader of a template sees, in text and in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in ("pre", "code")
        self.found += [
            value for name, value in attrs if value and name in _SPOKEN_ATTRIBUTES and _words(value)
        ]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("pre", "code")

    def handle_data(self, data: str) -> None:
        # A macro that gives attributes is no text.
        if not self._quiet and '="' not in data and _words(data):
            self.found.append(" ".join(data.split()))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text)) - NOBODYS


def bare_words(source: str) -> list[str]:
    """Find the words of a template that stand outside `trans` and `_()`."""
    source = re.sub(r"\{% block (area|home) %\}.*?\{% endblock %\}", "", source)
    reader = _Bare()
    reader.feed(_JINJA.sub("", _TRANS.sub("", source)))
    return reader.found


def bare_strings(source: str) -> Iterator[str]:
    """Find the Dutch strings of a module that stand outside `_()`, `lazy()` and `plural()`."""
    tree = ast.parse(source)
    said = {"_", "lazy", "plural"}
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_said = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said
        if is_said or isinstance(node, ast.Expr):
            skipped.update(ast.walk(node) if is_said else [node.value])
    for node in ast.walk(tree):
        if node in skipped or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if "(?P<" in node.value:  # reads words, says none
            continue
        if " " in node.value.strip() and len(DUTCH.findall(node.value)) > 1:
            yield node.value


def test_the_reader_of_templates_sees_what_a_visitor_would() -> None:
    assert bare_words('<p title="Uw naam">{% trans %}Dag{% endtrans %} {{ x }} nog iets<br></p>') == [
        "Uw naam",
        "nog iets",
    ]
    assert bare_words("{# een noot #}<p>{% if a %}{{ _('Ja') }}{% endif %}</p><code>ledger x</code>") == []
    assert list(bare_strings('"""De een en het ander."""\nA = "Dit is voor u"\nB = _("Dit is voor u")')) == [
        "Dit is voor u"
    ]


@pytest.mark.parametrize("path", WRAPPED, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_says_nothing_outside_a_sentence(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SPOKEN_CODE, ids=lambda path: path.name)
def test_code_says_nothing_outside_a_sentence(path: Path) -> None:
    assert list(bare_strings(path.read_text(encoding="utf-8"))) == []


def test_every_catalogue_says_every_sentence_with_its_names_and_tags() -> None:
    said = catalogues.sentences()
    for language in TRANSLATED:
        catalogue = catalogues.read(language)
        known = {message.id: message for message in catalogue if message.id}
        wanted = {message.id for message in said if message.id}
        assert wanted - known.keys() == set(), f"{language}: run `make translations` and translate these"
        assert known.keys() - wanted == set(), f"{language}: nobody says these; run `make translations`"
        wrong = []
        for message in known.values():
            forms = [message.id] if isinstance(message.id, str) else list(message.id)
            given = [message.string] if isinstance(message.string, str) else list(message.string)
            is_whole = len(given) == len(forms) and all(given) and not message.fuzzy
            if not is_whole or [_shape(one) for one in given] != [_shape(one) for one in forms]:
                wrong.append(message.id)
        assert wrong == [], f"{language}: not translated, not for certain, or with other names or tags"


def _shape(sentence: str) -> tuple[list[str], list[str]]:
    return sorted(_PLACEHOLDER.findall(sentence)), sorted(_TAG.findall(sentence))
