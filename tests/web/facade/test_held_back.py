"""A mandate that gives nothing now is not a mandate that ended: 503 with a time to come back, and everything after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from databeheer.brussels import day_of
from databeheer.site.storytelling import file_assessment
from tests.databeheer.doubt.acts import contact, lift, raise_doubt, show
from tests.house import Customer, Party, TheHouse
from tests.web.facade.calling import EAN, REFERENCE, ask, energy, get, mandate_of
from tests.web.programs import Caller, caller


def fresh(old: Caller) -> Caller:
    """The same program with a new token, as a client gets one each hour."""
    return caller(old.http.application, old.party, "facade")


def statuses(party: Caller) -> list[str]:
    listed = get(party, "/esco/v3/api/Mandate", {"ReferenceNumber": REFERENCE}).get_json()
    return [one["status"] for one in listed["data"]["mandates"]]


@pytest.mark.requirement("R100")
def test_a_block_is_503_and_after_it_the_days_between_are_read_too(
    house: TheHouse, bram_fluvius: Caller, bram: Party, measured: Customer
) -> None:
    permission = mandate_of(bram_fluvius, measured)
    before = energy(bram_fluvius, granularity="hourly_quarterhourly").get_json()["data"]
    case = raise_doubt(measured, {"permission_id": permission})
    blocked = energy(bram_fluvius)
    assert blocked.status_code == 503
    assert blocked.get_json()["Code"] == "blocked"
    assert int(blocked.headers["Retry-After"]) > 0
    assert blocked.headers["Ledger-Promise"]
    assert statuses(bram_fluvius) == ["Approved"]
    contact(house, case)
    show(bram, case)
    lift(house, case)
    after = energy(fresh(bram_fluvius), granularity="hourly_quarterhourly")
    assert (after.status_code, after.get_json()["data"]) == (200, before)


def test_of_a_mandate_that_ended_and_one_that_is_blocked_the_block_is_told(
    bram_fluvius: Caller, measured: Customer
) -> None:
    standing = mandate_of(bram_fluvius, measured)
    measured.withdraw(mandate_of(bram_fluvius, measured, referenceNumber="a-later-one"))
    raise_doubt(measured, {"permission_id": standing})
    assert energy(bram_fluvius).status_code == 503
    assert energy(bram_fluvius, referenceNumber="a-later-one").status_code == 403


@pytest.mark.requirement("R16")
def test_a_dpia_that_lapsed_is_503_until_there_is_another(
    house: TheHouse, program_app: Flask, measured: Customer
) -> None:
    newcomer = house.party("Nieuwkomer", "energy_service", papers=False)
    made = day_of(house.clock.now()) - timedelta(days=729)
    file_assessment(house.operator, newcomer.party_id, "GEB-1", made)
    url = "https://party.example/privacy"
    house.operator("registry.overview.check", party_id=newcomer.party_id, url=url, reachable=True)
    early = caller(program_app, newcomer, "facade")
    mandate_of(early, measured)
    assert energy(early).status_code == 200
    house.clock.advance(timedelta(days=3))
    party = fresh(early)
    lapsed = energy(party)
    assert lapsed.status_code == 503
    assert lapsed.get_json()["Code"] == "held-back"
    assert int(lapsed.headers["Retry-After"]) > 0
    assert lapsed.headers["Ledger-Promise"]
    assert statuses(party) == ["Approved"]
    file_assessment(house.operator, newcomer.party_id, "GEB-2", day_of(house.clock.now()))
    assert energy(party).status_code == 200


def test_what_is_held_back_is_not_told_to_who_has_no_mandate(
    house: TheHouse, program_app: Flask, measured: Customer
) -> None:
    newcomer = house.party("Nieuwkomer", "energy_service", papers=False)
    assert energy(caller(program_app, newcomer, "facade")).status_code == 403


def test_each_read_of_one_call_has_its_promise(bram_fluvius: Caller, measured: Customer) -> None:
    mandate_of(bram_fluvius, measured)
    both = energy(bram_fluvius, granularity="daily,hourly_quarterhourly")
    assert len(both.headers.getlist("Ledger-Promise")) == 2
    assert len(both.headers.getlist("Link")) == 2


def test_a_party_finds_its_mandates_of_one_access_point_and_no_others(
    bram_fluvius: Caller, joris_calls: Caller, bram: Party, joris: Party, measured: Customer, maria: Customer
) -> None:
    mandate_of(bram_fluvius, measured)
    mandate_of(bram_fluvius, maria, referenceNumber="marias")
    ask(bram_fluvius, referenceNumber="waiting")
    (mandate,) = bram.call("permission.list", ean=EAN)["permissions"]
    assert (mandate["ean"], mandate["reference"]) == (EAN, REFERENCE)
    assert joris.call("permission.list", ean=EAN)["permissions"] == []
    with pytest.raises(Exception, match="a party finds its own"):
        measured.call("permission.list", ean=EAN)
