"""An article of a law, in the language of the page."""

from __future__ import annotations

import re

from web.language import _, lazy, once_a_language

_CITED = re.compile(
    r"Grond: artikel (?P<article>.+?) van (?P<the>de|het) (?P<act>.+?)(?P<draft> \(ontwerp\))?\."
)
_DRAFT = lazy("(ontwerp)")


@once_a_language
def cited(ground: str) -> str:
    """An article as the domain cites it in Dutch, in the language of the request."""
    found = _CITED.fullmatch(ground)
    if found is None:
        return ground
    article, act, draft = found.group("article", "act", "draft")
    act = f"{_(act)} {_DRAFT}" if draft else _(act)
    if found["the"] == "de":
        return _("Grond: artikel %(article)s van de %(act)s.", article=article, act=act)
    return _("Grond: artikel %(article)s van het %(act)s.", article=article, act=act)
