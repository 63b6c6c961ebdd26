"""What a letter that unlocks linking says: plain Dutch on one page, to who is registered at that address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.post.paper import Paper, Step, lines_of, spell

PAGE = "/mijn/aansluiting/code"
"""Where the code is entered, after logging in."""


@dataclass(frozen=True)
class Content:
    """All that differs from letter to letter. `until` is the first Brussels day on which the code works no more."""

    letter_id: str
    name: str
    address: str
    code: str
    page: str
    written: date
    until: date


def paper(content: Content) -> Paper:
    """Write a letter out. It holds no EAN code and no meter number: whoever finds it has neither."""
    last = spell(content.until - timedelta(days=1))
    return Paper(
        address=lines_of(content.name, content.address),
        dated=spell(content.written),
        subject="Uw code om uw aansluiting te koppelen",
        before=(
            f"Beste {content.name}",
            "Iemand wil de energiemeter op dit adres koppelen aan een aanmelding bij databeheer, en vroeg deze brief.",
            "Was u dat? Zo gaat u verder:",
        ),
        steps=(
            Step("Meld u aan zoals u dat deed toen u de brief vroeg, en ga naar:", content.page),
            Step("Typ daar deze code:", content.code, is_large=True),
            Step("Koppel dan uw aansluiting, met de EAN-code en het meternummer van uw factuur."),
        ),
        after=(
            f"U hebt tijd tot en met {last}. De code werkt één keer, en alleen voor wie de brief vroeg.",
            "Was u het niet? Dan hoeft u niets te doen: zonder deze code verandert er niets. Gooi de brief weg.",
            "Geef de code aan niemand. Wij vragen ze u nooit aan de deur of aan de telefoon.",
            "databeheer",
        ),
    )
