"""What a letter about the supplier says: plain Dutch on one page, who supplies and where the question came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from databeheer.post.paper import Paper, lines_of, spell
from databeheer.values import Commodity

_NAMES = {Commodity.ELECTRICITY: "elektriciteit", Commodity.GAS: "aardgas"}


@dataclass(frozen=True)
class Content:
    """All that differs from letter to letter. `supplier` is None where nobody supplies there on the day `written`."""

    letter_id: str
    name: str
    address: str
    commodity: str
    supplier: str | None
    case: str
    written: date


def paper(content: Content) -> Paper:
    """Write a letter out."""
    energy, day = _NAMES[Commodity(content.commodity)], spell(content.written)
    return Paper(
        address=lines_of(content.name, content.address),
        dated=day,
        subject=f"Wie levert uw {energy}?",
        before=(
            f"Beste {content.name}",
            f"Iemand vroeg ons wie de {energy} levert op dit adres. De vraag heeft het nummer {content.case}.",
            f"Uw leverancier van {energy} op {day}: {content.supplier}."
            if content.supplier
            else f"Op {day} kennen wij op dit adres geen leverancier van {energy}.",
        ),
        after=(
            "Wij vertellen dit alleen met een brief naar het adres van de meter. Zo weet niemand anders het.",
            "Vroeg u dit niet zelf? Dan hoeft u niets te doen. Wie het vroeg, kreeg van ons geen antwoord.",
            "databeheer",
        ),
    )
