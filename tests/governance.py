"""What staff write in the registers, for tests: a good version of every register, and two people who write and approve.

`els` and `jan` give their commands under the operator's key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from databeheer.brussels import day_of
from databeheer.governance.registers import FieldKind, Register, shipped
from databeheer.registry.conditions import Clause
from databeheer.values import format_instant
from tests.house import Party, TheHouse

ELS, JAN = "G-0011", "G-0012"
HASH = sha256(b"a file").hexdigest()


def said(register: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """What a good version of a register says today; records that it names are given in `changes`."""
    found = shipped().get(register)
    values = {field.name: _value(found, field.name, now) for field in found.fields}
    given = values | _SPECIAL.get(register, {}) | changes
    return {name: value for name, value in given.items() if value is not None}


def write(house: TheHouse, register: str, *, by: str = ELS, **given: Any) -> dict[str, Any]:
    """Write a record, by one person; `party_id`, `within`, `record_id` say where, the rest what it says."""
    place = {name: given.pop(name) for name in ("party_id", "within", "record_id", "new_id") if name in given}
    return house.operator(
        "governance.write", register=register, said=said(register, house.clock.now(), **given), by=by, **place
    )


def approve(house: TheHouse, written: dict[str, Any], *, by: str = JAN) -> dict[str, Any]:
    """Approve the version that was written, by the other."""
    return house.operator(
        "governance.approve", record_id=written["record_id"], version=written["version"], by=by
    )


def close(house: TheHouse, written: dict[str, Any], outcome: str) -> dict[str, Any]:
    return house.operator(
        "governance.close", record_id=written["record_id"], outcome=outcome, words="It is so.", by=ELS
    )


def agreed(house: TheHouse, register: str, **given: Any) -> str:
    """A record that counts, whether or not a second person is asked; returns its id."""
    written = write(house, register, **given)
    if shipped().get(register).second:
        approve(house, written)
    return str(written["record_id"])


def shown(house: TheHouse, record_id: str) -> dict[str, Any]:
    """A record as the operator sees it."""
    found: dict[str, Any] = house.operator("governance.show", record_id=record_id)["record"]
    return found


def ready(house: TheHouse, party: Party, **agreement: Any) -> dict[str, str]:
    """All that a processor needs to go live, by the fields of `go_live`."""
    whose = {"party_id": party.party_id}
    measure = agreed(house, "measure")
    return {
        "agreement": agreed(house, "agreement", **whose, **agreement),
        "assessment": agreed(house, "assessment", **whose, reference=f"DPIA {party.name}"),
        "process": agreed(house, "process", **whose),
        "penetration_test": agreed(house, "measure_test", **whose, what="penetration", measures=[measure]),
    }


def go_live(house: TheHouse, party: Party, **agreement: Any) -> dict[str, str]:
    """Let a processor go live; returns what it rests on."""
    needs = ready(house, party, **agreement)
    return needs | {"go_live": agreed(house, "go_live", party_id=party.party_id, **needs)}


def _value(register: Register, name: str, now: datetime) -> Any:
    field, today = register.field(name), day_of(now)
    match field.kind:
        case FieldKind.TEXT | FieldKind.LONG:
            return None if field.is_optional else f"{field.name} of {register.code}"[: field.most]
        case FieldKind.DAY:
            ahead = 30 if field.future else 0
            return None if field.is_optional else (today + timedelta(days=ahead)).isoformat()
        case FieldKind.INSTANT:
            return None if field.is_optional else format_instant(now - timedelta(hours=1))
        case FieldKind.NUMBER:
            return None if field.is_optional else field.least
        case FieldKind.FLAG:
            return False
        case FieldKind.YES:
            return True
        case FieldKind.CHOICE:
            return next(iter(field.choices))
        case FieldKind.SHA256:
            return HASH
        case FieldKind.COUNTRY:
            return "BE"
    return None


_SPECIAL: dict[str, dict[str, Any]] = {
    "agreement": {"mode": "specific", "number": "VO-1"} | {clause.value: True for clause in Clause},
}
