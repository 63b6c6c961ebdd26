"""How the access points of a sandbox came into their states: commands of operator, parties and invented customers.

Five years are told to the real door by a clock that the teller moves (`databeheer.site.storytelling`): a permission
that is to be renewed was given that long ago. Nothing is written past the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.door.client import Proof
from databeheer.sandbox.access_points import ACCESS_POINTS, AccessPoint, Life, Window
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.filling import Means, fill, name_of, settle, subject_of
from databeheer.site.storytelling import Teller, file_assessment
from databeheer.values import format_instant

YEARS = timedelta(days=1796)
"""How long ago the story begins: what was given then is to be renewed within weeks."""
_GIVEN = timedelta(days=399)
_DATA = timedelta(days=420)
_ENDING = timedelta(days=100)
PARTIES = {
    "ready": ("Proefpartij", "0401722035"),
    "lapsed": ("Proefpartij zonder geldige GEB", "0731044260"),
    "suspended": ("Proefpartij geschorst", "0742055146"),
    "applicant": ("Proefpartij in aanvraag", "0803117735"),
}
"""Who asks: one with everything in order, and three that lack something."""


def tell(
    teller: Teller,
    means: Means,
    today: date,
    wanted: Sequence[SandboxCode],
    days: int,
    public_keys: Mapping[str, str],
) -> dict[str, str]:
    """Tell it all, up to the night before `today`; returns the permission of each key of `ACCESS_POINTS` that has one.

    `wanted` is filled besides, with readings of `days` days, for mandates that are played and customers who log in.
    `public_keys`: of each party, the public half of the key that it may sign with instead of a secret.
    """
    start = today - YEARS
    teller.at(start, 9)
    _begin(teller)
    for code in dict.fromkeys((*wanted, *(point.code for point in ACCESS_POINTS if point.is_registered))):
        settle(means, code)
        teller.people[subject_of(code)] = name_of(code)
    asked: dict[str, dict[str, Any]] = {}
    _ask(teller, asked, _of(Life.TO_BE_RENEWED), start + timedelta(days=1))
    teller.at(today - _DATA, 9)
    for party in ("ready", "suspended"):
        _put_in_order(teller, party)  # a DPIA is good for two years
    later = (Life.NEVER_ASKED, Life.TO_BE_RENEWED, Life.WAITS)
    given = [point for point in ACCESS_POINTS if point.life not in later]
    _ask(teller, asked, given, today - _GIVEN)
    teller.at(today - _ENDING, 9)
    _end(teller, asked, today)
    teller.at(today - timedelta(days=20), 9)
    teller.operator(
        "registry.party.suspend", party_id=_id(teller, "suspended"), reason="gespeeld in de proefomgeving"
    )
    _apply(teller, public_keys["applicant"])
    teller.at(today - timedelta(days=1), 10)
    _put_in_order(teller, "ready")
    for party in ("ready", "lapsed", "suspended"):
        _add_client(teller, party, public_keys[party])
    _ask(teller, asked, _of(Life.WAITS), today - timedelta(days=1))
    _take_in(teller, means, today, wanted, days)
    for point in _of(Life.DOUBTED):
        permission = asked[point.key]["permission_id"]
        teller.customer(subject_of(point.code), "doubt.raise", permission_id=permission, concern="not_given")
    teller.tell_what_time_did()
    return {key: one["permission_id"] for key, one in asked.items()}


def window(point: AccessPoint, last_day: date) -> tuple[datetime, datetime]:
    """Return of which time the table's question about an access point asks, aware UTC."""
    first, days = last_day - timedelta(days=6), 7
    if point.window in (Window.SPRING, Window.AUTUMN):
        first, days = clock_change(last_day, hours=23 if point.window is Window.SPRING else 25), 1
    elif point.window is Window.LAST_YEAR:
        first = last_day - _DATA - timedelta(days=30)
    return midnight(first), midnight(first + timedelta(days=days))


def clock_change(last_day: date, *, hours: int) -> date:
    """Return the last day of so many hours, up to and including `last_day`."""
    day = last_day
    while midnight(day + timedelta(days=1)) - midnight(day) != timedelta(hours=hours):
        day -= timedelta(days=1)
    return day


def _of(life: Life) -> list[AccessPoint]:
    return [point for point in ACCESS_POINTS if point.life is life]


def _begin(teller: Teller) -> None:
    """The three parties that the operator made."""
    for key, (name, enterprise) in PARTIES.items():
        if key == "applicant":
            continue  # it applies itself
        about = "Bestaat alleen in deze proefomgeving."
        added = teller.operator(
            "registry.party.add", name=name, role="energy_service", about=about, enterprise=enterprise
        )
        teller.parties[key] = {"name": name, "party_id": added["party_id"]}
        teller.operator(
            "registry.contract.add",
            party_id=added["party_id"],
            number=f"SBX-{key.upper()}",
            valid_from=format_instant(teller.clock.now() - timedelta(days=1)),
        )
        _put_in_order(teller, key)
        teller.operator(
            "doubt.contact.set",
            party_id=added["party_id"],
            name="Contactpunt twijfel",
            email=f"twijfel@{key}.example",
            phone="+32 9 000 00 00",
        )
        # The story asks by a secret; who tries the sandbox gets clients of his own at its end.
        client = teller.operator(
            "registry.client.add", party_id=added["party_id"], profiles=["own", "facade"]
        )
        teller.parties[key].update(client)


def _put_in_order(teller: Teller, key: str) -> None:
    day = day_of(teller.clock.now())
    party_id = _id(teller, key)
    file_assessment(teller.operator, party_id, f"GEB-{day}-{key}", day)
    url = f"https://{key}.example/verwerkingen"
    teller.operator("registry.overview.check", party_id=party_id, url=url, reachable=True)


def _add_client(teller: Teller, key: str, public_key: str) -> None:
    """A client that signs with its own key, beside the one with a secret."""
    made = teller.operator(
        "registry.client.add", party_id=_id(teller, key), profiles=["own", "facade"], public_key=public_key
    )
    teller.parties[key]["signing"] = made


def _apply(teller: Teller, public_key: str) -> None:
    """Somebody of an enterprise that nobody knows applies, and sets a program up; what it lacks it is told."""
    name, enterprise = PARTIES["applicant"]
    session = teller.log_in("sandbox-applicant", "Proefpersoon", enterprise)
    proof = Proof.session(session)
    applied = teller.door.call(
        "onboarding.apply",
        proof,
        name=name,
        role="energy_service",
        about="Bestaat alleen in deze proefomgeving.",
        website="https://applicant.example",
    )
    made = teller.door.call("party.program.add", proof, profiles=["own", "facade"], public_key=public_key)
    teller.parties["applicant"] = {"name": name, "party_id": applied["party_id"], "signing": made}


def _id(teller: Teller, key: str) -> str:
    return str(teller.parties[key]["party_id"])


def _ask(teller: Teller, asked: dict[str, dict[str, Any]], points: Iterable[AccessPoint], day: date) -> None:
    """Ask a permission for each, at noon, and have it answered that evening."""
    for point in points:
        teller.at(day, 12)
        asked[point.key] = teller.ask(
            point.party,
            reference=point.reference,
            purpose="energy_monitoring",
            granularity=point.granted.value,
            ean=point.code.ean.digits,
            data_from=format_instant(midnight(day - timedelta(days=21))),
            **_ends(point, day),
        )
        teller.at(day, 20)
        if point.life is Life.REFUSED:
            permission_id = asked[point.key]["permission_id"]
            teller.customer(subject_of(point.code), "permission.refuse", permission_id=permission_id)
        elif point.life not in (Life.WAITS, Life.NOT_ANSWERED):
            teller.grant(subject_of(point.code), asked[point.key], point.code.ean.digits)


def _ends(point: AccessPoint, day: date) -> dict[str, str]:
    if point.life is Life.EXPIRED:
        return {"valid_until": format_instant(midnight(day + timedelta(days=180)))}
    if point.life is Life.FULFILLED:
        return {"data_until": format_instant(midnight(day + timedelta(days=90)))}
    return {}


def _end(teller: Teller, asked: dict[str, dict[str, Any]], today: date) -> None:
    """What customer, party and a move ended."""
    for point in _of(Life.WITHDRAWN):
        permission_id = asked[point.key]["permission_id"]
        teller.customer(subject_of(point.code), "permission.withdraw", permission_id=permission_id)
    for point in _of(Life.GIVEN_UP):
        teller.party(point.party, "permission.terminate", permission_id=asked[point.key]["permission_id"])
    for point in _of(Life.MOVED_OUT):
        gone = (today - _ENDING).isoformat()
        teller.operator("registry.occupancy.end", ean=point.code.ean.digits, until_day=gone)
        subject, name = f"{subject_of(point.code)}-next", f"{name_of(point.code)} (na de verhuizing)"
        person = teller.operator("registry.person.add", subject=subject, name=name)
        teller.operator(
            "registry.occupancy.begin",
            ean=point.code.ean.digits,
            person_id=person["person_id"],
            from_day=gone,
            interval_reading=point.code.by_quarter,
        )


def _take_in(teller: Teller, means: Means, today: date, wanted: Sequence[SandboxCode], days: int) -> None:
    """Take the readings in, in the night after the last day."""
    teller.clock.set(datetime(today.year, today.month, today.day, 0, 40, tzinfo=BRUSSELS))
    last_day = today - timedelta(days=1)
    points = {point.code: point for point in ACCESS_POINTS if point.is_registered and point.days}
    for code, point in points.items():
        fill(means, [code], last_day, days=point.days, quality=point.quality)
    fill(means, wanted, last_day, days=days)
