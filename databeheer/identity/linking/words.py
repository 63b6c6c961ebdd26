"""What a letter that unlocks linking says: on one page, in the language of who is registered at that address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.post.languages import spell_day
from databeheer.post.paper import Addressed, Paper, steps_of
from databeheer.post.phrases import paragraphs, say

PAGE = "/mijn/aansluiting/code"
"""Where the code is entered, after logging in."""


@dataclass(frozen=True)
class Content(Addressed):
    """All that differs from letter to letter. `until` is the first Brussels day on which the code works no more."""

    code: str
    page: str
    until: date


def paper(content: Content) -> Paper:
    """Write a letter out. It holds no EAN code and no meter number: whoever finds it has neither."""
    language = content.language
    last = spell_day(content.until - timedelta(days=1), language)
    return Paper.to(
        content,
        subject=say("letter.unlock.subject", language),
        before=paragraphs("letter.unlock.before", language, name=content.name),
        steps=steps_of(paragraphs("letter.unlock.steps", language), page=content.page, code=content.code),
        after=paragraphs("letter.unlock.after", language, last=last),
    )
