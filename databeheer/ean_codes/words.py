"""What tells an EAN code, in the language of who lives there: a letter on one page, or one text message."""

from __future__ import annotations

from dataclasses import dataclass

from databeheer.post.paper import Addressed, Paper, Step
from databeheer.post.phrases import paragraphs, say
from databeheer.values import Commodity

PAGE = "/ean-code"
"""Where somebody asks for his EAN code, without logging in."""


@dataclass(frozen=True)
class Content(Addressed):
    """All that differs from letter to letter."""

    commodity: str
    ean: str


def paper(content: Content) -> Paper:
    """Write a letter out."""
    language = content.language
    energy = say(f"letter.supplier.{Commodity(content.commodity)}", language)
    return Paper.to(
        content,
        subject=say("letter.ean.subject", language),
        before=paragraphs("letter.ean.before", language, name=content.name),
        steps=(Step(say("letter.ean.code", language, energy=energy), content.ean, is_large=True),),
        after=paragraphs("letter.ean.after", language),
    )


def sms(ean: str, commodity: str, language: str) -> str:
    """The text message: no name, no address and no meter number, for whoever finds the telephone."""
    return say("sms.ean", language, energy=say(f"letter.supplier.{Commodity(commodity)}", language), ean=ean)
