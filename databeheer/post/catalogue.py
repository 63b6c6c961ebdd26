"""The kinds of messages as data: `catalogue.toml`, read once and checked whole. Every word we send stands there."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from databeheer.errors import DatabeheerError
from databeheer.post.languages import LANGUAGES

SHIPPED = Path(__file__).with_name("catalogue.toml")
CREDIT = frozenset({"credit", "emergency", "limiter", "advice"})
"""What a message on a budget meter says: cents, a code with cents, and two codes."""
FIELDS = frozenset({"party", "reason", "until", "clock", "days", "attorney"}) | CREDIT
"""What a message may say beside its kind: a party's number, a reason code, a Brussels day, a clock's kind; amounts and
codes of credit; which days of which permissions, as JSON; the name of who holds a power of attorney, or gave it, for
those two alone. No other text."""
IN_A_TITLE = frozenset({"party"})
"""All that a title may say: it goes into an e-mail, which anybody on its way can read."""
LAST_DAY = "last_day"
"""The day before `until`, for words that say "up to and including"."""
_FIELD = re.compile(r"\{(\w+)\}")


class PostCatalogueError(DatabeheerError):
    """The catalogue of messages is not whole, or a message is not in it."""

    code = "post-catalogue"


class Recipient(enum.StrEnum):
    """To whom something is told."""

    CUSTOMER = "customer"
    PARTY = "party"
    DATA_MANAGER = "data_manager"


@dataclass(frozen=True)
class Words:
    """One sentence, and for who looks in the portal a second one that may be empty."""

    title: str
    more: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of message; `words` by recipient and language: every language for a customer, else English.

    `about` is what its number is of, as `permission`; empty where it has none.
    """

    code: str
    requirements: tuple[str, ...]
    about: str
    says: frozenset[str]
    words: Mapping[Recipient, Mapping[str, Words]]

    @property
    def recipients(self) -> frozenset[Recipient]:
        return frozenset(self.words)


@cache
def load(path: Path = SHIPPED) -> Mapping[str, Kind]:
    """Read and check the kinds by their code.

    Raises:
        PostCatalogueError: anything is missing, unknown, or says more than it may.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType({code: _kind(code, members) for code, members in table.items()})


def kind(code: str) -> Kind:
    """Return a kind of message; raises PostCatalogueError where there is no such kind."""
    known = load().get(code)
    if known is None:
        raise PostCatalogueError(f"there is no message of kind {code}")
    return known


def _kind(code: str, members: dict[str, Any]) -> Kind:
    unknown = members.keys() - {"requirements", "about", "says", *Recipient}
    if unknown or not members.get("requirements"):
        raise PostCatalogueError(f"{code}: unknown or missing: {sorted(unknown) or 'requirements'}")
    says = frozenset(members.get("says", ()))
    words = {one: _words(code, one, says, members[one]) for one in Recipient if one in members}
    if not words or not says <= FIELDS:
        raise PostCatalogueError(f"{code}: tells nobody, or says what no message may say")
    about = members.get("about", "")
    if not re.fullmatch("[a-z_]*", about):
        raise PostCatalogueError(f"{code}: about is the name of a thing")
    return Kind(code, tuple(members["requirements"]), about, says, MappingProxyType(words))


def _words(code: str, to: Recipient, says: frozenset[str], table: dict[str, str]) -> Mapping[str, Words]:
    languages = LANGUAGES if to is Recipient.CUSTOMER else ("en",)
    if table.keys() - {*languages, *(f"{language}_more" for language in languages)}:
        raise PostCatalogueError(f"{code}: unknown words for {to}")
    found = {}
    blanks = set()
    last_day = {LAST_DAY} if "until" in says else set()
    for language in languages:
        title, more = table.get(language, ""), table.get(f"{language}_more", "")
        if (
            not title
            or set(_FIELD.findall(title)) - (says & IN_A_TITLE)
            or set(_FIELD.findall(more)) - says - last_day
        ):
            raise PostCatalogueError(
                f"{code}: {to} needs a title in {language} that says no more than it may"
            )
        found[language] = Words(title, more)
        blanks.add((frozenset(_FIELD.findall(title)), frozenset(_FIELD.findall(more)), bool(more)))
    if len(blanks) != 1:
        raise PostCatalogueError(f"{code}: what {to} is told differs between languages")
    return MappingProxyType(found)
