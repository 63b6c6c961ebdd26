"""What tells an EAN code, in the language of who lives there: a letter on one page, or one text message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from databeheer.post.languages import spell_day
from databeheer.post.paper import Paper, Step, lines_of
from databeheer.post.phrases import paragraphs, say
from databeheer.values import Commodity

PAGE = "/ean-code"
"""Where somebody asks for his EAN code, without logging in."""


@dataclass(frozen=True)
class Content:
    """All that differs from letter to letter."""

    letter_id: str
    language: str
    name: str
    address: str
    commodity: str
    ean: str
    written: date


def paper(content: Content) -> Paper:
    """Write a letter out."""
    language = content.language
    energy = say(f"letter.supplier.{Commodity(content.commodity)}", language)
    return Paper(
        language=language,
        address=lines_of(content.name, content.address),
        dated=spell_day(content.written, language),
        subject=say("letter.ean.subject", language),
        before=paragraphs("letter.ean.before", language, name=content.name),
        steps=(Step(say("letter.ean.code", language, energy=energy), content.ean, is_large=True),),
        after=paragraphs("letter.ean.after", language),
    )


def sms(ean: str, commodity: str, language: str) -> str:
    """The text message: no name, no address and no meter number, for whoever finds the telephone."""
    return say("sms.ean", language, energy=say(f"letter.supplier.{Commodity(commodity)}", language), ean=ean)
