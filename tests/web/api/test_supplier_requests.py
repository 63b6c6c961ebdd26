"""A supplier that calls or writes is sent to the API: staff have nothing to look in, and the recognised one reads."""

from __future__ import annotations

from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import POSTMAN_KEY, Customer, Party, TheHouse

MONTH = {
    "from": "2023-09-30T22:00:00Z",
    "until": "2023-10-31T23:00:00Z",
    "granularity": "month",
    "mode": "clip",
}
READS: dict[str, dict[str, Any]] = {
    "readings.read": {"ean": LOTTES_EAN, "purpose": "billing", **MONTH},
    "readings.bulk": {"eans": [LOTTES_EAN], "purpose": "billing", **MONTH},
    "job.hand_in": {"eans": [LOTTES_EAN], "purpose": "billing", **MONTH},
}


@pytest.fixture
def supplied(house: TheHouse, measured: Customer, erik: Party) -> Customer:
    """Lotte, whom Erik supplies by an accepted contract."""
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    return measured


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("command", READS)
def test_no_staff_of_the_house_can_look_up_for_a_supplier_what_it_reads_itself(
    house: TheHouse, supplied: Customer, erik: Party, command: str
) -> None:
    asked = READS[command]
    assert erik.call(command, **asked)
    before = query(house, "SELECT size FROM ledger.head")
    staff = {
        "the operator": Proof.operator(house.operator_key),
        "intake": Proof.intake(house.intake_key),
        "the clerk": Proof.clerk(house.clerk_key),
        "the postman": Proof.postman(POSTMAN_KEY),
        "the inspector": Proof.session(house.inspector()),
    }
    for who, proof in staff.items():
        with pytest.raises(DoorRefusedError) as refused:
            house.client.call(command, proof, **asked)
        # A session reads by occupancy alone, and an inspector has none.
        code = (
            "malformed-request"
            if who == "the inspector" and command == "readings.read"
            else "unauthenticated"
        )
        assert refused.value.code == code, who
    assert query(house, "SELECT size FROM ledger.head")[0][0] - before[0][0] <= 1  # the inspector's log-in


@pytest.mark.requirement("R72", "R79")
@pytest.mark.parametrize("command", ["readings.read", "readings.bulk"])
def test_another_supplier_hears_what_an_outsider_hears(
    house: TheHouse, supplied: Customer, joris: Party, command: str
) -> None:
    def heard(party: Party) -> Any:
        try:
            [item] = party.call(command, **READS[command])["items"]
        except DoorRefusedError as error:
            return error.code, str(error)
        return {name: item[name] for name in ("code", "detail", "reason", "refused", "channels")}

    other = house.party("Nieuwe Stroom", "supplier")
    unknown = house.party("Onbekende Stroom", "supplier")
    assert heard(other) == heard(unknown)
    told = heard(other)
    assert told[0] == "no-legal-basis" if isinstance(told, tuple) else told["code"] == "no-legal-basis"
