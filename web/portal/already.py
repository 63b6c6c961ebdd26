"""What a second press, or a second window, is told: that it was done already, when, and where to look on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from web.language import _
from web.portal.login import visitor
from web.portal.shown import Permission
from web.portal.wording import PARTS


@dataclass(frozen=True)
class Link:
    """Where to look on."""

    href: str
    words: str


def already(
    title: str,
    said: str,
    at: datetime | None,
    *links: Link,
    typed: str = "",
    active: str = "permissions",
) -> ResponseReturnValue:
    """Say that what was asked was done before, `at` a moment; nothing more happened.

    `typed` is what the visitor wrote with it and nobody got; `active` the part of the portal that it is of.
    """
    page = render_template(
        "portal/already.html",
        me=visitor(),
        title=title,
        said=said,
        at=at,
        links=links,
        typed=typed,
        active=active,
    )
    return page, 409


def permission_ended(permission: Permission) -> ResponseReturnValue:
    """Say that a permission ended, or a request was answered, before this was asked."""
    links = [_history(permission, _("Bekijk wat er met deze toestemming gebeurde"))]
    if permission.renewed_by:
        href = url_for("permissions.history", permission_id=permission.renewed_by)
        links.insert(0, Link(href, _("Naar de nieuwe toestemming")))
    title = _("Deze toestemming van %(party)s was al gestopt", party=permission.party.name)
    if permission.occupancy_id is None:
        title = _("Deze vraag van %(party)s is niet meer open", party=permission.party.name)
    return already(title, permission.ending, permission.closed_at, *links)


def part_ended(permission: Permission, part: str) -> ResponseReturnValue:
    """Say that one part of the data ended before, or that it is all that is left."""
    link = _history(permission, _("Bekijk deze toestemming"))
    if part in permission.parts:
        title = _("Er is nog maar een deel")
        said = _(
            "%(parts)s is alles wat %(party)s nog krijgt. Trek de toestemming helemaal in.",
            parts=PARTS[part],
            party=permission.party.name,
        )
        return already(title, said, None, link)
    title = _("%(parts)s: dit was al gestopt", parts=PARTS[part])
    narrowed = permission.narrowed
    at, said = (narrowed.at, narrowed.words) if narrowed else (None, _("Dit deel is nooit toegestaan."))
    return already(title, said, at, link)


def granted_meanwhile(permission: Permission) -> ResponseReturnValue:
    """Say that a request was granted before this answer came, and that this can be withdrawn."""
    title = _("%(party)s heeft al toestemming", party=permission.party.name)
    said = _("Deze vraag is al beantwoord. Wilt u dit niet meer? Trek de toestemming dan in.")
    link = _history(permission, _("Bekijk deze toestemming, of trek ze in"))
    return already(title, said, permission.decided_at, link)


def waits_for_others(permission: Permission) -> ResponseReturnValue:
    """Say that the visitor answered before, and that it waits for somebody else."""
    title = _("U antwoordde al op de vraag van %(party)s", party=permission.party.name)
    said = _(
        "Deze vraag wacht nu op iemand anders. Tot dan krijgt %(party)s niets.", party=permission.party.name
    )
    at = next((one.at for one in permission.signers if one.is_you and one.at), None)
    return already(title, said, at, _history(permission, _("Bekijk deze vraag, of neem uw antwoord terug")))


def _history(permission: Permission, words: str) -> Link:
    return Link(url_for("permissions.history", permission_id=permission.permission_id), words)
