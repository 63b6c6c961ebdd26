"""What an approval letter says: plain Dutch on one page, no more of the request than who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.post.paper import Paper, Step, lines_of, spell

PAGE = "/brief"
"""Where the code is entered: short, for it is typed from paper."""

ASKED_BY = {
    "resident": "Iemand die op uw adres woont, kreeg die vraag en gaf al toestemming. ",
    "applicant": "Iemand anders dan u kreeg die vraag en stuurde ze naar u door. ",
    "party": "",
    "import": "",
}
_ASKED = "{party} wil de meetgegevens van uw energiemeter lezen. {who}"
_BROUGHT = (
    "{party} wil de meetgegevens van uw energiemeter lezen, en zegt dat u daarvoor een mandaat tekende. {who}"
)
_NOTHING_DONE = (
    "Doet u niets? Dan verandert er niets: {party} krijgt uw meetgegevens niet.",
    "Kent u deze vraag niet? Dan kunt u gerust weigeren, of deze brief weggooien.",
)
_NOTHING_DONE_BROUGHT = (
    "Doet u niets? Dan mag {party} uw meetgegevens lezen, ten vroegste veertien dagen na deze brief.",
    "Kent u dit mandaat niet, of wilt u het niet meer? Weiger dan. Later stoppen kan ook altijd, in uw overzicht.",
)
_WHY_YOU = "Het contract staat op uw naam. Daarom beslist u."


@dataclass(frozen=True)
class Content:
    """All that differs from letter to letter. `until` is the first Brussels day on which the code works no more.

    `asked_by` is one of ASKED_BY: who else began to answer in the holder's place.
    """

    letter_id: str
    name: str
    address: str
    party: str
    asked_by: str
    code: str
    page: str
    written: date
    until: date


def paper(content: Content) -> Paper:
    """Write a letter out."""
    party = content.party
    last = spell(content.until - timedelta(days=1))
    is_brought = content.asked_by == "import"
    return Paper(
        address=lines_of(content.name, content.address),
        dated=spell(content.written),
        subject=f"{party} brengt uw mandaat mee: u beslist"
        if is_brought
        else f"{party} vraagt uw meetgegevens: u beslist",
        before=(
            f"Beste {content.name}",
            (_BROUGHT if is_brought else _ASKED).format(party=party, who=ASKED_BY[content.asked_by])
            + _WHY_YOU,
            "Zo antwoordt u:",
        ),
        steps=(
            Step("Ga met een computer of telefoon naar:", content.page),
            Step("Typ daar deze code:", content.code, is_large=True),
            Step("Lees wat er gevraagd wordt. Kies dan: toestaan of weigeren."),
        ),
        after=(
            f"U hebt tijd tot en met {last}. De code werkt één keer, en alleen voor deze vraag.",
            *(one.format(party=party) for one in (_NOTHING_DONE_BROUGHT if is_brought else _NOTHING_DONE)),
            "Geef de code aan niemand. Wij vragen ze u nooit aan de deur of aan de telefoon.",
            "databeheer",
        ),
    )
