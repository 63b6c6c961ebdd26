"""Brings the catalogues up to date with what pages and code say: `make translations`.

A sentence that is new has no translation yet; one that nobody says any more goes. A translation is never guessed
from a sentence that looks like it. The test of the catalogues says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import load
from databeheer.access.explain import Language, basis_name
from databeheer.access.sentences import SENTENCES
from databeheer.clocks import lateness
from databeheer.governance.words import TOLD_WORDS
from databeheer.joins import explain as joins
from databeheer.joins import lists
from databeheer.metering.originals import LOOKED_AT
from databeheer.post import credit_words
from databeheer.rights.authorities import AUTHORITIES
from web.language import FOLDER, LANGUAGES, LOCALES, SOURCE

WEB = Path(__file__).parents[1]
TRANSLATED = tuple(code for code in LANGUAGES if code != SOURCE)
KEYWORDS = {"_": None, "lazy": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}
"""The names under which a sentence is said; those of two forms with the places of both."""
_TEMPLATE_OPTIONS = {
    "silent": "false",
    "newstyle_gettext": "true",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}

# No dates and no names: a catalogue changes where a sentence does.
_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def sentences() -> Catalog:
    """Collect every sentence that templates, code and the domain's own lists say, in the order of the files.

    Raises:
        jinja2.TemplateSyntaxError: a template that cannot be read.
    """
    found = Catalog(locale=LOCALES[SOURCE], charset="utf-8")
    for path in sorted((*WEB.rglob("*.html"), *(WEB / "templates").rglob("*.txt"))):
        _collect(found, path, "jinja2.ext:babel_extract", _TEMPLATE_OPTIONS)
    for path in sorted(WEB.rglob("*.py")):
        _collect(found, path, "python", {})
    for sentence in _of_the_domain():
        found.add(sentence, locations=[("databeheer/access", 0)])
    return found


def _of_the_domain() -> Iterator[str]:
    """What the door says in Dutch of reads, refusals and other events, and the laws by name: said through `_` too."""
    for row in load().rows:
        yield row.sentence_nl
        yield from (citation.act for citation in row.citations)
    yield from (in_dutch for in_dutch, _ in SENTENCES.values())
    yield from (*joins.SAID, *(case.title_nl for case in lists.parse(lists.SHIPPED.read_bytes()).cases))
    yield from lateness.said_of_clocks()
    yield from (*credit_words.SAID, LOOKED_AT, TOLD_WORDS)
    yield from (authority.about_nl for authority in AUTHORITIES)
    yield from (basis_name(basis, Language.DUTCH) for basis in BasisKind)


def catalogue_path(language: str) -> Path:
    """Where the catalogue of a language is kept."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """Read the catalogue of a language, as its translators left it.

    Raises:
        OSError: it is not there.
    """
    with catalogue_path(language).open("rb") as text:
        return read_po(text, locale=LOCALES[language])


def update(language: str, said: Catalog) -> Iterator[str]:
    """Write the catalogue of a language anew, with every sentence that is said; yields those not translated yet."""
    known = read(language) if catalogue_path(language).exists() else Catalog(locale=LOCALES[language])
    fresh = Catalog(locale=LOCALES[language], charset="utf-8")
    for message in said:
        if not message.id:
            continue
        old = known.get(message.id)
        translated = old.string if old is not None and not old.fuzzy else None
        fresh.add(message.id, translated, message.locations)
        if not translated or not all((translated,) if isinstance(translated, str) else translated):
            yield message.id if isinstance(message.id, str) else message.id[0]
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as text:
        text.write(_HEADER.format(language=LOCALES[language], plurals=fresh.plural_forms).encode())
        write_po(text, fresh, width=0, omit_header=True, include_lineno=False, sort_by_file=True)


def _collect(found: Catalog, path: Path, method: str, options: dict[str, str]) -> None:
    name = str(path.relative_to(WEB.parent))
    with path.open("rb") as text:
        for line, message, _, _ in extract(method, text, KEYWORDS, options=options):
            found.add(message, locations=[(name, line)])


def main() -> None:
    """Update every catalogue, and say how many sentences each lacks."""
    said = sentences()
    for language in TRANSLATED:
        missing = list(update(language, said))
        print(f"{language}: {len(said)} sentences, {len(missing)} to translate")  # noqa: T201


if __name__ == "__main__":
    main()
