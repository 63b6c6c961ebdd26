"""What people do in a case of doubt, in one line each."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from tests.house import Customer, Party, TheHouse

PDF = b"%PDF-1.7 a mandate that Lotte signed"


def later(house: TheHouse, term: timedelta, *people: Customer | Party) -> None:
    """Let time pass, and everybody log in again."""
    house.clock.advance(term)
    log_in(house, *people)


def until(house: TheHouse, moment: datetime, *people: Customer | Party) -> None:
    """Let it be a moment, and everybody log in again."""
    later(house, moment - house.clock.now(), *people)


def log_in(house: TheHouse, *people: Customer | Party) -> None:
    """Give everybody a fresh session or token."""
    for one in people:
        if isinstance(one, Customer):
            one.session = house.log_in(one.subject, one.name)
        else:
            one.token = house.token(one.client_id, one.client_secret)


def raise_doubt(customer: Customer, granted: dict[str, Any]) -> dict[str, Any]:
    """The customer says that she never gave this permission."""
    case: dict[str, Any] = customer.call(
        "doubt.raise", permission_id=granted["permission_id"], concern="not_given"
    )["case"]
    return case


def contact(house: TheHouse, case: dict[str, Any]) -> dict[str, Any]:
    """The data manager rings the party: its 72 hours begin."""
    told: dict[str, Any] = house.operator(
        "doubt.contacted", case_id=case["case_id"], by="Nadia", how="phone"
    )["case"]
    return told


def show(party: Party, case: dict[str, Any], content: bytes = PDF, **changes: Any) -> dict[str, Any]:
    """The party shows its mandate."""
    shown = {
        "media_type": "application/pdf",
        "document": b64encode(content).decode(),
        "findings": "Lotte signed on our stand at the fair.",
    }
    return party.call("doubt.show_evidence", case_id=case["case_id"], **(shown | changes))["case"]


def judge(house: TheHouse, case: dict[str, Any], *, accepted: bool, by: str = "Nadia") -> dict[str, Any]:
    """The data manager judges what was shown."""
    judged: dict[str, Any] = house.operator("doubt.judge", case_id=case["case_id"], accepted=accepted, by=by)[
        "case"
    ]
    return judged


def lift(house: TheHouse, case: dict[str, Any]) -> dict[str, Any]:
    """Two people of the data manager find the proof good, and the block ends."""
    judge(house, case, accepted=True)
    lifted: dict[str, Any] = house.operator("doubt.lift", case_id=case["case_id"], agrees=True, by="Omar")[
        "case"
    ]
    return lifted
