"""In which language a page speaks: Dutch, unless the reader chose English, French or German.

A visitor's choice is a cookie. A customer's is kept by the door, for letters and e-mail too, and the cookie follows it
at each log-in; the switch on the pages changes the cookie alone, for a link must not change what is kept (ADR 0048).

Dutch is the source: a sentence stands in the templates and the code in plain Dutch, and is its own key in the
catalogues `web/translations/<language>/LC_MESSAGES/messages.po`. A sentence that a catalogue lacks stays Dutch.
A browser's own wish only makes the page offer a language (the language of a Flemish public service is Dutch).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlencode

import flask_babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, abort, current_app, g, has_request_context, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from web.settings import WebSettings

SOURCE = "nl"
LANGUAGES = {"nl": "Nederlands", "en": "English", "fr": "Français", "de": "Deutsch"}
"""Each language by its code, as its own speakers call it."""
LOCALES = {"nl": "nl", "en": "en_GB", "fr": "fr_BE", "de": "de_BE"}
"""How each writes dates and numbers: as in Belgium, and English the European way."""
FOLDER = Path(__file__).parent / "translations"

COOKIE = "taal"
PARAMETER = "paginataal"
"""Not `taal`, which forms ask for: that is the language of a file or an e-mail."""
_NEVER_REPEATED = frozenset({PARAMETER, "code", "answer", "state"})
"""Names in an address whose values a page must not hold."""
COOKIE_SECONDS = 365 * 24 * 3600
# Pages for staff and for parties speak Dutch alone, and so do those made of lists that are in Dutch.
_DUTCH_ONLY = re.compile(
    r"/(toezicht|partij|dienst|demo|ledger|joins|grondslagen|meetwaarden|statistieken|privacy|register)(/|$)"
)
_OFFERS = {
    "en": "This site also speaks English.",
    "fr": "Ce site existe aussi en français.",
    "de": "Diese Website gibt es auch auf Deutsch.",
}


_ONLY_DUTCH = {
    "en": ("This page is in Dutch only.", "The beginning of this site in English"),
    "fr": ("Cette page existe seulement en néerlandais.", "Le début de ce site en français"),
    "de": ("Diese Seite gibt es nur auf Niederländisch.", "Der Anfang dieser Website auf Deutsch"),
}
# Of the pages that speak Dutch alone, those that anybody reads.
_FOR_ALL = re.compile(r"/(ledger|joins|grondslagen|meetwaarden|statistieken|privacy|register)(/|$)")


class Catalogues(flask_babel.Domain):  # type: ignore[misc]  # untyped library
    """The translations, read from their text as they are first asked for: no compiled file to make or to forget."""

    def get_translations(self) -> NullTranslations:
        """Return the translations of the request's language; those of Dutch say each sentence as it is."""
        return catalogue(spoken())


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> NullTranslations:
    """Read one catalogue; a sentence that is not translated, or not for certain, is left out.

    Raises:
        OSError: the catalogue is not there.
    """
    if language == SOURCE:
        return NullTranslations()
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as text:
        read = read_po(text, locale=LOCALES[language])
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


def register(app: Flask) -> None:
    """Give templates `_` and `trans`, and the layout its switch; answer a link that chooses a language."""
    babel = flask_babel.Babel(app, default_locale=SOURCE, locale_selector=lambda: LOCALES[spoken()])
    babel.domain_instance = Catalogues()
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(
        language=spoken,
        languages_offered=languages_offered,
        language_wished=language_wished,
        only_dutch=only_dutch,
    )
    app.before_request(_choose)
    app.after_request(_tell)


def spoken() -> str:
    """Return the code of the language that the answer speaks: Dutch outside a request and on pages for staff."""
    if not has_request_context():
        return SOURCE
    known: str | None = g.get("language")
    if known is None:
        chosen = request.cookies.get(COOKIE, SOURCE)
        known = chosen if chosen in LANGUAGES and not _DUTCH_ONLY.match(request.path) else SOURCE
        g.language = known
    return known


def locale() -> str:
    """Return how the language of the answer writes dates and numbers."""
    return LOCALES[spoken()]


def languages_offered() -> list[tuple[str, str, str]]:
    """Return code, name and address of the same page in every language; none where a page speaks Dutch alone."""
    if _DUTCH_ONLY.match(request.path):
        return []
    return [(code, name, _here(code)) for code, name in LANGUAGES.items()]


def language_wished() -> tuple[str, str, str] | None:
    """Return code, offer and address of the language that the browser asks for, where nobody chose one yet."""
    if COOKIE in request.cookies or not request.accept_languages or _DUTCH_ONLY.match(request.path):
        return None
    wished = request.accept_languages.best_match(LANGUAGES, default=SOURCE) or SOURCE
    return None if wished == SOURCE else (wished, _OFFERS[wished], _here(wished))


def only_dutch() -> tuple[str, str, str, str] | None:
    """On a page for everybody that speaks Dutch alone, whose reader chose or wishes another language.

    Returns its code, the sentence that says so, and words and address of a link to where this site speaks it.
    """
    if not _FOR_ALL.match(request.path):
        return None
    wished = request.accept_languages.best_match(LANGUAGES, default=SOURCE) or SOURCE
    code = request.cookies.get(COOKIE, wished)
    return (code, *_ONLY_DUTCH[code], f"/?{PARAMETER}={code}") if code in _ONLY_DUTCH else None


def _(message: str, **values: object) -> str:
    """Say a Dutch sentence in the language of the request; `%(name)s` in it is filled with `values`."""
    if not message:  # to gettext that is the head of a catalogue
        return ""
    said = catalogue(spoken()).gettext(message)
    return said % values if values else said


def plural(one: str, many: str, num: int, **values: object) -> str:
    """Say one of two Dutch sentences, for one and for any other number; `%(num)s` is the number."""
    return cast(str, flask_babel.ngettext(one, many, num, **values))


class Sentence(flask_babel.LazyString):  # type: ignore[misc]  # untyped library
    """A Dutch sentence that is said in the language of the request; once in each language, for it does not change."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(_, message, **values)
        self._said: dict[str, str] = {}

    def said_in(self, language: str | None) -> str:
        """Return it in a language, which is that of the request or None."""
        language = language or spoken()
        if language not in self._said:
            message, values = self._args[0], self._kwargs
            said = catalogue(language).gettext(message) if message else ""
            self._said[language] = said % values if values else said
        return self._said[language]

    def __str__(self) -> str:
        return self.said_in(None)

    def __bool__(self) -> bool:
        return bool(self._args[0])


def lazy(message: str, **values: object) -> str:
    """Mark a Dutch sentence that stands outside a request; it is said in a request's language as it is shown."""
    return cast(str, Sentence(message, **values))


def once_a_language(make: Callable[[str], str]) -> Callable[[str], str]:
    """Say what `make` says of a code or an article, once in each language: for words that do not change."""
    said = lru_cache(maxsize=1024)(lambda language, of: make(of))

    @wraps(make)
    def say(of: str) -> str:
        return said(spoken(), of)

    return say


def remember(response: Answer, code: str) -> Answer:
    """Let this browser speak a language from the next page on."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    response.set_cookie(
        COOKIE,
        code,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.is_secure,
    )
    return response


def _choose() -> ResponseReturnValue | None:
    """Follow a link of the switch: keep the choice, and show the same page again without it in the address."""
    given = request.args.getlist(PARAMETER)
    if not given or request.method not in ("GET", "HEAD") or _is_for_programs():
        return None
    if len(given) != 1 or given[0] not in LANGUAGES:
        abort(400)
    return remember(redirect(_here(None), 303), given[0])


def _tell(response: Response) -> Response:
    """Say in which language a page is, and that it depends on the reader's choice and on the browser's wish."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", spoken())
        response.vary.update(("Cookie", "Accept-Language"))
    return response


def _is_for_programs() -> bool:
    return bool(re.match(r"/(api|esco|oauth2|health|metrics|static)(/|$)", request.path))


def _here(code: str | None) -> str:
    """This page's path and query, with `code` for its language, or with none; the start page's where a form answers.

    Only ever a path of this site: an address of two slashes would be another host's.
    """
    path, query = "/", []
    if _can_be_read():
        path += request.path.lstrip("/\\")
        query = [
            (name, value) for name, value in request.args.items(multi=True) if name not in _NEVER_REPEATED
        ]
    if code is not None:
        query.append((PARAMETER, code))
    return quote(path, safe="/:@!$&'()*+,;=~") + (f"?{urlencode(query)}" if query else "")


def _can_be_read() -> bool:
    """Whether this page answers a GET: a form's own address may not."""
    if request.method in ("GET", "HEAD"):
        return True
    try:
        current_app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True
