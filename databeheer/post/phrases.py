"""What e-mails and letters say around and beside a message, in four languages: `phrases.toml`, checked whole.

A phrase that lacks a language, or whose blanks differ between languages, stops the start: nobody gets half a letter.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from databeheer.post.catalogue import PostCatalogueError
from databeheer.post.languages import LANGUAGES

SHIPPED = Path(__file__).with_name("phrases.toml")
_BLANK = re.compile(r"\{(\w+)\}")


def say(key: str, language: str, **values: str) -> str:
    """Return a phrase with its blanks filled.

    Raises:
        PostCatalogueError: there is no such phrase or language, or a blank has no value.
    """
    try:
        return load()[key][language].format(**values)
    except KeyError as error:
        raise PostCatalogueError(f"{key}: no such phrase, language or value: {error}") from error


def paragraphs(key: str, language: str, **values: str) -> tuple[str, ...]:
    """Return the paragraphs of a phrase; an empty line stands between two. What fills a blank begins none."""
    plain = {name: " ".join(value.split()) for name, value in values.items()}
    return tuple(" ".join(one.split()) for one in say(key, language, **plain).split("\n\n"))


@cache
def load(path: Path = SHIPPED) -> Mapping[str, Mapping[str, str]]:
    """Read and check the phrases: each by its key, then by language.

    Raises:
        PostCatalogueError: a phrase lacks a language, has one too many, or its blanks differ.
    """
    table: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, words in table.items():
        if set(words) != set(LANGUAGES) or not all(words.values()):
            raise PostCatalogueError(f"{key}: needs words in {', '.join(LANGUAGES)} and in nothing else")
        if len({frozenset(_BLANK.findall(each)) for each in words.values()}) != 1:
            raise PostCatalogueError(f"{key}: its blanks differ between languages")
    return MappingProxyType(table)
