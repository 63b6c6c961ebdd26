"""Who runs the demo's data manager: six people, each with the roles that two others gave."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.metering.street.plan import StreetPlan
from databeheer.site.storytelling import APPROVES, WRITES, Teller
from databeheer.values import format_instant

STAFF: tuple[dict[str, Any], ...] = (
    {
        "sub": "nadia",
        "name": "Nadia Claes",
        "age": 36,
        "story": "Helpt klanten aan het loket. Kijkt alleen met een dossier.",
        "roles": ("desk",),
    },
    {
        "sub": "tom",
        "name": "Tom Wouters",
        "age": 48,
        "story": "Geeft leiding aan het loket en kijkt de rollen van zijn mensen na.",
        "roles": ("manager",),
    },
    {
        "sub": "hilde",
        "name": "Hilde Goossens",
        "age": 53,
        "story": "Functionaris voor gegevensbescherming: ziet toe, en krijgt daarover geen bevelen.",
        "roles": ("privacy_officer",),
    },
    {
        "sub": "bert",
        "name": "Bert Lambrecht",
        "age": 41,
        "story": "Tweede functionaris, en coördinator vertrouwelijkheid. Hij en Hilde keuren elkaars stukken goed.",
        "roles": ("privacy_officer", "confidentiality_coordinator"),
    },
    {
        "sub": "femke",
        "name": "Femke De Backer",
        "age": 39,
        "story": "Veiligheidsverantwoordelijke: keurt rollen goed en ziet wie wat deed.",
        "roles": ("security_officer",),
    },
    {
        "sub": "jonas",
        "name": "Jonas Aerts",
        "age": 33,
        "story": "Beheerder, telkens voor een korte tijd.",
        "roles": ("administrator",),
    },
)
"""Team, employee number and papers are made of these."""
FOR_A_TIME = "administrator"
_FIRST_NUMBER = 11

CUSTOMER = "koen"
"""Whom somebody of the desk helps."""
_ASKED_BY, _APPROVED_BY = WRITES, APPROVES
"""Of who gave the first roles at the command line: two people of the house, and none of those above."""


def tell_staff(teller: Teller) -> None:
    """Make their accounts and give their roles, at the story's time; who is administrator gets that at its end."""
    today = day_of(teller.clock.now())
    for number, person in enumerate(STAFF, start=_FIRST_NUMBER):
        added = teller.operator(
            "staff.account.add",
            by=_ASKED_BY,
            employee=f"D-{number:04}",
            subject=person["sub"],
            name=person["name"],
            team="loket" if person["sub"] in ("nadia", "tom") else "huis",
            clause_signed_on=(today - timedelta(days=90)).isoformat(),
            trained_until=(today + timedelta(days=365)).isoformat(),
        )
        for role in person["roles"]:
            if role != FOR_A_TIME:
                _give_both(teller, added["account_id"], role)


def tell_review(teller: Teller) -> None:
    """Tom looks through the roles of all others, as each half year; another manager looks at his."""
    tom = Proof.session(teller.log_in("tom", "Tom Wouters", None, "staff"))
    for account in teller.door.call("staff.account.list", tom)["accounts"]:
        for grant in account["grants"]:
            if grant["is_yours_to_confirm"]:
                teller.door.call("staff.role.confirm", tom, grant_id=grant["grant_id"])
            else:
                teller.operator("staff.role.confirm", by=_APPROVED_BY, grant_id=grant["grant_id"])


def tell_check(teller: Teller) -> None:
    """Each week the accounts are held against who works here by HR: everybody still does."""
    numbers = "\n".join(f"D-{number:04}" for number, _ in enumerate(STAFF, start=_FIRST_NUMBER))
    teller.operator("staff.hr.check", by=_ASKED_BY, ends=0, content=f"employee\n{numbers}\n")


def tell_last_looks(teller: Teller, plan: StreetPlan) -> None:
    """The administrator gets his month; one of the desk looks, once with a case of hers and once without."""
    listed = teller.operator("staff.account.list")["accounts"]
    name = next(one["name"] for one in STAFF if FOR_A_TIME in one["roles"])
    _give_both(teller, next(one["account_id"] for one in listed if one["name"] == name), FOR_A_TIME)
    _look(teller, plan)


def _look(teller: Teller, plan: StreetPlan) -> None:
    """Koen calls Nadia, who first asks who he is; then she tries a case that is not hers: refused, and on the list."""
    home = next(one for one in plan.occupancies if one.person == CUSTOMER)
    point = plan.point(home.point)
    nadia = Proof.session(teller.log_in("nadia", "Nadia Claes", None, "staff"))
    opened = teller.door.call(
        "desk.open",
        nadia,
        contact_id=str(uuid4()),
        channel="call",
        caller="customer",
        what="vraagt wie er naar zijn verbruik kijkt",
        told_recorded=True,
        recording="C-1",
    )
    call = {"reference": opened["reference"]}
    known = {"ean": point.ean.digits, "meter": point.meter_number, "name": plan.person(CUSTOMER).name}
    teller.door.call("desk.identify", nadia, **call, **known)
    teller.door.call("staff.look", nadia, **call)
    later = {"kind": "question", "what": "kent een partij niet: wij bellen terug"}
    teller.door.call("desk.open_case", nadia, case_id=str(uuid4()), **call, **later)
    with suppress(DoorRefusedError):
        teller.door.call("staff.look", nadia, reference="Z2026-1")


def _give_both(teller: Teller, account_id: str, role: str) -> None:
    for writes in (False, True):
        _give(teller, account_id, role, writes=writes)


def _give(teller: Teller, account_id: str, role: str, *, writes: bool) -> None:
    until = format_instant(teller.clock.now() + timedelta(days=30)) if role == FOR_A_TIME else None
    asked = teller.operator(
        "staff.role.ask",
        by=_ASKED_BY,
        account_id=account_id,
        role=role,
        writes=writes,
        until=until,
        reason="voor het werk van elke dag",
    )
    teller.operator("staff.role.approve", by=_APPROVED_BY, grant_id=asked["grant_id"])


def who_logs_in() -> list[dict[str, Any]]:
    """The same people, for the log-in page."""
    return [
        {name: value for name, value in person.items() if name != "roles"} | {"role": "staff"}
        for person in STAFF
    ]
