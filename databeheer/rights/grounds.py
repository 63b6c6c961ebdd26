"""Per legal basis of the catalogue: on which ground of GDPR article 6 it rests, and whether somebody may object.

Data: `grounds.toml`, read once and checked whole.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from databeheer.errors import DatabeheerError

SHIPPED = Path(__file__).with_name("grounds.toml")


class GroundsError(DatabeheerError):
    """The list of grounds cannot be relied on; the message names the row and what is wrong."""

    code = "malformed-catalogue"


class NoRightToObjectError(DatabeheerError):
    """Nobody can object to processing on this basis; the message is why (GDPR 21(1)). Nothing was recorded."""

    code = "no-right-to-object"


class Objection(enum.StrEnum):
    """What follows for somebody who objects to a basis."""

    POSSIBLE = "possible"
    WITHDRAW = "withdraw"
    OWN = "own"
    OBLIGATION = "obligation"
    CONTRACT = "contract"
    INSTRUCTION = "instruction"


@dataclass(frozen=True)
class GDPRGround:
    """One row; `code` is the catalogue's, `article` of Regulation (EU) 2016/679."""

    code: str
    article: str
    objection: Objection


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, GDPRGround]:
    """Return this release's list by the catalogue's codes; raises GroundsError."""
    return parse(SHIPPED.read_bytes())


def parse(content: bytes) -> Mapping[str, GDPRGround]:
    """Read a list from the bytes of its file; raises GroundsError."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GroundsError("the list of grounds is not TOML in UTF-8") from error
    rows = table.get("ground")
    if set(table) != {"version", "ground"} or not isinstance(rows, list):
        raise GroundsError("the list of grounds has a version and rows called ground")
    found = [_ground(row) for row in rows]
    if len({one.code for one in found}) < len(found):
        raise GroundsError("two rows of the list of grounds have the same code")
    return {one.code: one for one in found}


def require_objectable(code: str) -> GDPRGround:
    """Return the ground behind a code of the catalogue, where somebody may object to it.

    Raises:
        NoRightToObjectError: there is no such basis, or it is not one to object to.
    """
    ground = shipped().get(code)
    if ground is None:
        raise NoRightToObjectError("there is no such legal basis")
    if ground.objection is not Objection.POSSIBLE:
        raise NoRightToObjectError(_SENTENCES[ground.objection])
    return ground


def _ground(row: object) -> GDPRGround:
    if not isinstance(row, dict) or set(row) != {"code", "article", "objection"}:
        raise GroundsError("a ground has a code, an article and whether somebody may object")
    code, article = row["code"], row["article"]
    if not isinstance(code, str) or not isinstance(article, str) or not code or not article:
        raise GroundsError(f"ground {code!r}: code and article are texts")
    if row["objection"] not in set(Objection):
        raise GroundsError(f"ground {code}: {row['objection']!r} is no kind of objection")
    return GDPRGround(code, article, Objection(row["objection"]))


_SENTENCES = {
    Objection.WITHDRAW: "this rests on a consent: withdraw the consent instead, no reason is needed",
    Objection.OWN: "this is the person's own view of the own data",
    Objection.OBLIGATION: "a law orders this processing, so there is no right to object (GDPR 21(1))",
    Objection.CONTRACT: "a contract of the person's own needs this processing: it ends with the contract",
    Objection.INSTRUCTION: "this is done on the house's behalf, within another ground: object to that one",
}
