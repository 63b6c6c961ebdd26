"""What an approval letter says: on one page, in its reader's language, no more of the request than who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.post.languages import spell_day
from databeheer.post.paper import Addressed, Paper, steps_of
from databeheer.post.phrases import paragraphs, say

PAGE = "/brief"
"""Where the code is entered: short, for it is typed from paper."""
ASKED_BY = ("resident", "applicant", "party", "import")
"""Who else began to answer in the holder's place: a resident, somebody unknown there; nobody; nobody, of a mandate."""


@dataclass(frozen=True)
class Content(Addressed):
    """All that differs from letter to letter. `until` is the first Brussels day on which the code works no more.

    `asked_by` is one of ASKED_BY.
    """

    party: str
    asked_by: str
    code: str
    page: str
    until: date


def paper(content: Content) -> Paper:
    """Write a letter out."""
    language, party, name = content.language, content.party, content.name
    last = spell_day(content.until - timedelta(days=1), language)
    if content.asked_by == "import":
        subject = say("letter.approval.subject_brought", language, party=party)
        before = paragraphs("letter.approval.before_brought", language, name=name, party=party)
        after = paragraphs("letter.approval.after_brought", language, last=last, party=party)
    else:
        subject = say("letter.approval.subject", language, party=party)
        before = paragraphs("letter.approval.before", language, name=name, party=party, who=_who(content))
        after = paragraphs("letter.approval.after", language, last=last, party=party)
    return Paper.to(
        content,
        subject=subject,
        before=before,
        steps=steps_of(paragraphs("letter.approval.steps", language), page=content.page, code=content.code),
        after=after,
    )


def _who(content: Content) -> str:
    """Who else got the request; nothing where the party asked the holder alone."""
    if content.asked_by == "party":
        return ""
    return say(f"letter.approval.who.{content.asked_by}", content.language)
