"""The languages in which we write to people: as each chose (`contacts`), and Dutch to who chose none (ADR 0048)."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

SOURCE = "nl"
"""Spoken to who chose no language: the language of a Flemish public service."""
LOCALES = {SOURCE: "nl_BE", "en": "en_GB", "fr": "fr_BE", "de": "de_BE"}
"""How each writes days and amounts: as in Belgium, and English the European way."""
LANGUAGES = tuple(LOCALES)
_DAY = {"de": "d. MMMM y"}


def spell_day(day: date, language: str) -> str:
    """Return a day in words: 3 maart 2027, 3 March 2027, 3 mars 2027, 3. März 2027."""
    words = str(format_date(day, _DAY.get(language, "d MMMM y"), locale=LOCALES[language]))
    # French counts the first of a month and numbers the others.
    return f"1er{words[1:]}" if language == "fr" and day.day == 1 else words
