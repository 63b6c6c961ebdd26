"""A template that is compiled for a language writes what any template does, in that language."""

from __future__ import annotations

import enum
from datetime import UTC, datetime

import pytest
from flask import Flask, render_template
from jinja2 import DictLoader, Environment, Undefined
from markupsafe import Markup, escape

from databeheer.values import Period
from web import language, saying
from web.said_templates import SaidTemplates, writing

MIDNIGHT = datetime(2023, 10, 28, 22, tzinfo=UTC)
TEMPLATES = {
    "frame.html": "<html>{% block head %}{% endblock %}|{% block body %}{% endblock %}</html>",
    "line.html": "[{{ one }}]",
    "list.html": "{% for one in many %}{{ one }}, {% else %}nothing{% endfor %}.",
    "numbered.html": "{% for one in many %}{{ loop.index }} {{ one }}{% if not loop.last %};{% endif %}{% endfor %}",
    "chosen.html": "{% for one in many if one is string %}<b>{{ one }}</b>{% endfor %}{{ one }}",
    "within.html": "{% for a in many %}{% for b in many %}{{ b }}{% endfor %}/{% endfor %}",
    "inner.html": "{% for one in many recursive %}{{ one }}{{ loop([]) }}{% endfor %}",
    "including.html": "{% for one in many %}{% include 'line.html' %}{% endfor %}",
    "kept.html": "{% set all %}{% for one in many %}{{ one }}{% endfor %}{% endset %}{{ all }} {{ all | length }}",
    "filtered.html": "{% filter upper %}{% for one in many %}{{ one }}{% endfor %}{% endfilter %}",
    "called.html": (
        "{% macro row(name) %}<td>{{ name }}{{ caller() }}</td>{% endmacro %}"
        "{% for one in many %}{% call row(one) %}{% for _ in many %}<i>{% endfor %}{% endcall %}{% endfor %}"
    ),
    "extended.html": (
        "{% extends 'frame.html' %}{% for one in many %}never{% endfor %}"
        "{% block head %}{% for one in many %}<i>{{ one }}</i>{% endfor %}{% endblock %}"
        "{% block body %}{% for one in many %}{% block each scoped %}{{ one }}{% endblock %}{% endfor %}{% endblock %}"
    ),
    "either.html": (
        "{% for one in many %}{{ 'a<' if one is string else one }}{{ 'b' if one is string }}"
        "{{ _('Een') if one is string else _('Twee %(x)s', x=one) if one else 'c' ~ one }}"
        "{{ _(one | string) }}{% endfor %}"
    ),
    "filled.html": (
        "{% macro one(a, b='<x>') %}{{ a }}{{ b }}{% endmacro %}"
        "{% macro more(a) %}{{ a }}{{ varargs | length }}{{ kwargs | length }}{{ caller() if caller }}{% endmacro %}"
        "{% macro own(a, caller=none) %}{{ a }}{{ caller() }}{% endmacro %}"
        "{% for each in many %}{{ one(each) }}{{ one(each, 'b') }}{{ one(b=each, a='<') }}{{ more(each) }}"
        "{{ more(each, 1, c=2) }}{% call more(each) %}<i>{% endcall %}{% call own(each) %}<b>{% endcall %}{% endfor %}"
    ),
    "said.html": (
        "{% for one in many %}{% trans one=one %}Een {{ one }}{% endtrans %}{{ _('Twee %(x)s', x=one) }}"
        "{% trans count=loop.index %}{{ count }} dag{% pluralize %}{{ count }} dagen{% endtrans %}{% endfor %}"
    ),
}


class Kind(enum.StrEnum):
    """A text with a type of its own."""

    ODD = "<odd>"


class Drawn:
    """Knows how it looks on a page."""

    def __html__(self) -> str:
        return "<svg>"


PIECES = (
    "<b>",
    "plain",
    Markup("<b>"),
    7,
    None,
    Kind.ODD,
    Drawn(),
    Undefined(),
    language.lazy("Taal & meer"),
)


@pytest.fixture(scope="module")
def site() -> Flask:
    """An application of these templates alone."""
    app = Flask(__name__, static_folder=None)
    app.jinja_environment = SaidTemplates
    app.jinja_options = {"autoescape": True}
    app.jinja_env.loader = DictLoader(TEMPLATES | {"filters.html": FILTERS})
    language.register(app)
    saying.register(app)
    return app


FILTERS = (
    "{{ at | day }}|{{ at | weekday }}|{{ at | last_day }}|{{ at | moment }}|{{ at | clock }}|{{ 35040 | count }}"
    "|{{ 1234567 | thousandths }}|{{ 1500 | thousandths(1) }}|{{ whole | span }}|{{ part | span }}"
)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: type(piece).__name__)
def test_a_piece_is_written_as_escaped(piece: object) -> None:
    assert writing("nl")(piece) == writing(None)(piece) == escape(piece)


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in ("frame.html", "line.html")])
@pytest.mark.parametrize("many", [(), ("<a>",), PIECES], ids=["none", "one", "many"])
def test_a_template_writes_what_any_template_does(site: Flask, name: str, many: tuple[object, ...]) -> None:
    plain = Environment(loader=DictLoader(TEMPLATES), autoescape=True, extensions=["jinja2.ext.i18n"])
    plain.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda said: said, lambda one, more, number: one if number == 1 else more, newstyle=True
    )
    with site.test_request_context():
        assert render_template(name, many=many) == plain.get_template(name).render(many=many)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "nl",
            (
                "29 oktober 2023|zondag 29 oktober 2023|28 oktober 2023|29 oktober 2023 om 0.00\u00a0uur|0.00\u00a0uur"
                "|35.040|1.234,567|1,5|op 29 oktober 2023"
                "|van 29 oktober 2023 om 02.00 uur (zomertijd) tot 29 oktober 2023 om 02.00 uur (wintertijd)"
            ),
        ),
        (
            "en",
            (
                "29 October 2023|Sunday 29 October 2023|28 October 2023|29 October 2023 at 00:00|00:00|35,040"
                "|1,234.567|1.5|on 29 October 2023"
                "|from 29 October 2023 at 02:00 (summer time) until 29 October 2023 at 02:00 (winter time)"
            ),
        ),
    ],
)
def test_filters_speak_the_language_of_the_page(site: Flask, code: str, said: str) -> None:
    hour = Period(datetime(2023, 10, 29, 0, tzinfo=UTC), datetime(2023, 10, 29, 1, tzinfo=UTC))
    day = Period(MIDNIGHT, datetime(2023, 10, 29, 23, tzinfo=UTC))
    for _again in range(2):  # what one language said is not what the next one says
        with site.test_request_context(headers={"Cookie": f"{language.COOKIE}={code}"}):
            assert render_template("filters.html", at=MIDNIGHT, whole=day, part=hour) == said
        with site.test_request_context(headers={"Cookie": f"{language.COOKIE}=fr"}):
            assert "oktober" not in render_template("filters.html", at=MIDNIGHT, whole=day, part=hour)


def test_a_sentence_is_said_anew_in_each_language(site: Flask) -> None:
    sentence = language.lazy("Overzicht")
    heard = []
    for code in ("nl", "fr", "nl", "fr", "en"):
        with site.test_request_context(headers={"Cookie": f"{language.COOKIE}={code}"}):
            heard.append(str(sentence))
    assert heard[:2] == heard[2:4]
    assert len(set(heard)) == 3
