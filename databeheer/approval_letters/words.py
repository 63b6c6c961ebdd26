"""What an approval letter says: plain Dutch on one page, no more of the request than who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date

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


@dataclass(frozen=True)
class Paper:
    """A letter as it is printed: the lines of its address, its heading, and its parts; `code` and `page` stand out."""

    address: tuple[str, ...]
    dated: str
    subject: str
    before: tuple[str, ...]
    steps: tuple[str, ...]
    page: str
    code: str
    after: tuple[str, ...]


def paper(content: Content) -> Paper:
    """Write a letter out."""
    party = content.party
    last = spell(content.until - timedelta(days=1))
    is_brought = content.asked_by == "import"
    street, _, town = content.address.partition(",")
    return Paper(
        address=tuple(line.strip() for line in (content.name, street, town) if line.strip()),
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
            "Ga met een computer of telefoon naar:",
            "Typ daar deze code:",
            "Lees wat er gevraagd wordt. Kies dan: toestaan of weigeren.",
        ),
        page=content.page,
        code=content.code,
        after=(
            f"U hebt tijd tot en met {last}. De code werkt één keer, en alleen voor deze vraag.",
            *(one.format(party=party) for one in (_NOTHING_DONE_BROUGHT if is_brought else _NOTHING_DONE)),
            "Geef de code aan niemand. Wij vragen ze u nooit aan de deur of aan de telefoon.",
            "databeheer",
        ),
    )


def spell(day: date) -> str:
    """A day in words: 3 maart 2027."""
    return format_date(day, "d MMMM y", locale="nl")
