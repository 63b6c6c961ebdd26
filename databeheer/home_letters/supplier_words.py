"""What a letter about the supplier says: on one page, who supplies and where the question came from."""

from __future__ import annotations

from dataclasses import dataclass

from databeheer.post.languages import spell_day
from databeheer.post.paper import Addressed, Paper
from databeheer.post.phrases import paragraphs, say
from databeheer.values import Commodity


@dataclass(frozen=True)
class Content(Addressed):
    """All that differs from letter to letter. `supplier` is None where nobody supplies there on the day `written`."""

    commodity: str
    supplier: str | None
    case: str


def paper(content: Content) -> Paper:
    """Write a letter out, in the language of who lives there."""
    language, supplier = content.language, content.supplier
    day = spell_day(content.written, language)
    energy = say(f"letter.supplier.{Commodity(content.commodity)}", language)
    answer = (
        say("letter.supplier.known", language, energy=energy, day=day, supplier=supplier)
        if supplier
        else say("letter.supplier.nobody", language, energy=energy, day=day)
    )
    asked = {"name": content.name, "energy": energy, "case": content.case}
    return Paper.to(
        content,
        subject=say("letter.supplier.subject", language, energy=energy),
        before=(*paragraphs("letter.supplier.before", language, **asked), answer),
        after=paragraphs("letter.supplier.after", language),
    )
