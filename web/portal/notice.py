"""The text that a customer agrees to: built from the request, shown as it is, and hashed for the record (R19).

The page shows exactly these rows, so the hash in the grant says what was on the screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from web import saying
from web.language import _, spoken
from web.portal.shown import Party, Permission, Point

VERSION = "2"


@dataclass(frozen=True)
class Notice:
    """Rows of a question and its answer, in the order shown."""

    rows: tuple[tuple[str, str], ...]
    language: str = field(default_factory=spoken)
    """Of the rows: that of the page that shows them."""

    @property
    def text(self) -> str:
        """The canonical text: version and language, then a line a row."""
        return (
            "\n".join([f"notice {VERSION} {self.language}", *(f"{name}: {said}" for name, said in self.rows)])
            + "\n"
        )

    @property
    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()


class Terms(Protocol):
    """Whom it is for, over which days, and how long: of a request, or of what its customer chose himself."""

    @property
    def party(self) -> Party: ...
    @property
    def purpose(self) -> str: ...
    @property
    def reveals(self) -> str: ...
    @property
    def data_from(self) -> datetime: ...
    @property
    def data_until(self) -> datetime | None: ...
    @property
    def split_at(self) -> datetime | None: ...
    @property
    def has_both_parts(self) -> bool: ...
    @property
    def is_only_new(self) -> bool: ...
    @property
    def valid_until(self) -> datetime | None: ...
    @property
    def longest_days(self) -> int: ...


def notice_of_choice(choice: Terms, data: str, point: Point) -> Notice:
    """Write the notice of what a customer chose himself, for one of his access points; `data` as words."""
    return _notice_of_choice(
        choice, data, _("Voor welk adres?"), f"{point.name}, EAN {saying.ean(point.ean)}"
    )


def notice_of_many(choice: Terms, data: str, points: Collection[Point]) -> Notice:
    """Write the notice of what a business chose itself, for many of its access points; it names each."""
    count = _("%(count)s aansluitingen", count=len(points)) if len(points) != 1 else _("1 aansluiting")
    named = ", ".join(saying.ean(ean) for ean in sorted(point.ean for point in points))
    return _notice_of_choice(choice, data, _("Voor welke aansluitingen?"), f"{count}: EAN {named}.")


def _notice_of_choice(choice: Terms, data: str, where: str, places: str) -> Notice:
    party = choice.party
    rows = [
        (_("Wie krijgt het?"), _sentence(f"{party.name}, {party.role_words}") + _after(party.about)),
        (where, places),
        (_("Welke gegevens?"), _sentence(data)),
        (_("Wat is daaruit te zien?"), choice.reveals),
        (_("Waarom?"), _sentence(choice.purpose)),
        (_("Over welke periode?"), period_of(choice)),
        (_("Hoelang mag dit?"), term_of(choice)),
        (_("Kunt u zich bedenken?"), withdrawal_of(choice)),
    ]
    return Notice(tuple((name, said) for name, said in rows if said))


def notice_of(
    permission: Permission,
    points: Iterable[Point] = (),
    *,
    commodity: str = "",
    offers_parts: bool = True,
    is_answered: bool = False,
) -> Notice:
    """Write the notice of one request, to somebody who can grant it for these points, or for this energy.

    `offers_parts`: whether its page lets data of before and data to come be granted apart.
    `is_answered`: what was granted, with nothing left to choose or to refuse.
    """
    commodities = {point.commodity for point in points}
    if len(commodities) == 1:
        commodity = commodities.pop()
    party = permission.party
    rows = [
        (
            _("Wie krijgt het?") if permission.is_chosen else _("Wie vraagt het?"),
            _sentence(f"{party.name}, {party.role_words}") + _after(party.about),
        ),
        (_("Welke gegevens?"), _sentence(permission.data_of(commodity))),
        (_("Wat is daaruit te zien?"), permission.reveals),
        (_("Waarom?"), _sentence(permission.purpose)),
        (_("Over welke periode?"), period_of(permission, offers_parts=offers_parts and not is_answered)),
        (_("Hoelang mag dit?"), term_of(permission)),
        (_("Kunt u zich bedenken?"), withdrawal_of(permission)),
    ]
    if not is_answered:
        refused = _(
            "Dan krijgt %(party)s niets. Uw energie en uw contract veranderen niet.", party=party.name
        )
        rows.append((_("En als u weigert?"), refused))
    return Notice(tuple((name, said) for name, said in rows if said))


def period_of(permission: Terms, *, offers_parts: bool = True) -> str:
    """From when to when the data may be; `offers_parts`: and that its parts can be granted apart, where it has two."""
    if permission.is_only_new and permission.data_until is None:
        first = max(permission.data_from, permission.split_at or permission.data_from)
        return _(
            "Alleen nieuwe gegevens, vanaf %(begin)s, zolang de toestemming loopt.", begin=saying.day(first)
        )
    begin = saying.day(permission.data_from)
    apart = ""
    if permission.split_at is not None and permission.has_both_parts and offers_parts:
        split = saying.day(permission.split_at)
        apart = " " + _(
            "U kunt apart toestaan: wat er was vóór %(split)s, en wat er vanaf die dag komt.", split=split
        )
    if permission.data_until is None:
        return (
            _("Gegevens vanaf %(begin)s. Ook nieuwe gegevens, zolang de toestemming loopt.", begin=begin)
            + apart
        )
    last = saying.last_day(permission.data_until)
    return _("Gegevens vanaf %(begin)s tot en met %(last)s.", begin=begin, last=last) + apart


def term_of(permission: Terms) -> str:
    """How long the party may look; never without end."""
    if permission.valid_until is None:
        return _(
            "Tot u het intrekt. Na %(longest_days)s stopt het vanzelf, tenzij u het dan verlengt. "
            "Wij vragen u dat op tijd.",
            longest_days=_years(permission.longest_days),
        )
    return _(
        "Tot en met %(valid_until)s, of tot u het vroeger intrekt.",
        valid_until=saying.last_day(permission.valid_until),
    )


def withdrawal_of(permission: Terms) -> str:
    """How to withdraw and what that does; said before the grant, with no threat in it (GDPR 7(3))."""
    name = permission.party.name
    return _(
        "Ja, altijd. U trekt de toestemming in met één knop in uw overzicht. %(name)s krijgt dan "
        "meteen niets meer. Wat al gelezen is, blijft gelezen; u kunt %(name)s vragen om het te wissen.",
        name=name,
    )


def _years(days: int) -> str:
    """A number of days as people count it: in years, or in days where it is less than two."""
    return _("%(years)s jaar", years=round(days / 365.25)) if days >= 730 else _("%(days)s dagen", days=days)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _after(words: str) -> str:
    return f" {_sentence(words)}" if words.strip() else ""
