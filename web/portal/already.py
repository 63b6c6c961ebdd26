"""What a second press, or a second window, is told: that it was done already, when, and where to look on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from web.portal.login import visitor
from web.portal.shown import Permission
from web.portal.wording import PARTS


@dataclass(frozen=True)
class Link:
    """Where to look on."""

    href: str
    words: str


def already(title: str, said: str, at: datetime | None, *links: Link, typed: str = "") -> ResponseReturnValue:
    """Say that what was asked was done before, `at` a moment; nothing more happened.

    `typed` is what the visitor wrote with it and nobody got.
    """
    page = render_template(
        "portal/already.html", me=visitor(), title=title, said=said, at=at, links=links, typed=typed
    )
    return page, 409


def permission_ended(permission: Permission) -> ResponseReturnValue:
    """Say that a permission ended, or a request was answered, before this was asked."""
    links = [_history(permission, "Bekijk wat er met deze toestemming gebeurde")]
    if permission.renewed_by:
        href = url_for("permissions.history", permission_id=permission.renewed_by)
        links.insert(0, Link(href, "Naar de nieuwe toestemming"))
    title = f"Deze toestemming van {permission.party.name} was al gestopt"
    if permission.occupancy_id is None:
        title = f"Deze vraag van {permission.party.name} is niet meer open"
    return already(title, permission.ending, permission.closed_at, *links)


def part_ended(permission: Permission, part: str) -> ResponseReturnValue:
    """Say that one part of the data ended before, or that it is all that is left."""
    link = _history(permission, "Bekijk deze toestemming")
    if part in permission.parts:
        title = "Er is nog maar een deel"
        said = (
            f"{PARTS[part]} is alles wat {permission.party.name} nog krijgt. Trek de toestemming helemaal in."
        )
        return already(title, said, None, link)
    title = f"{PARTS[part]}: dit was al gestopt"
    narrowed = permission.narrowed
    at, said = (narrowed.at, narrowed.words) if narrowed else (None, "Dit deel is nooit toegestaan.")
    return already(title, said, at, link)


def granted_meanwhile(permission: Permission) -> ResponseReturnValue:
    """Say that a request was granted before this answer came, and that this can be withdrawn."""
    title = f"{permission.party.name} heeft al toestemming"
    said = "Deze vraag is al beantwoord. Wilt u dit niet meer? Trek de toestemming dan in."
    link = _history(permission, "Bekijk deze toestemming, of trek ze in")
    return already(title, said, permission.decided_at, link)


def waits_for_others(permission: Permission) -> ResponseReturnValue:
    """Say that the visitor answered before, and that it waits for somebody else."""
    title = f"U antwoordde al op de vraag van {permission.party.name}"
    said = f"Deze vraag wacht nu op iemand anders. Tot dan krijgt {permission.party.name} niets."
    at = next((one.at for one in permission.signers if one.is_you and one.at), None)
    return already(title, said, at, _history(permission, "Bekijk deze vraag, of neem uw antwoord terug"))


def _history(permission: Permission, words: str) -> Link:
    return Link(url_for("permissions.history", permission_id=permission.permission_id), words)
