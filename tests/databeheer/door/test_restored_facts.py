"""A database from an older dump: of parties, points and people, nothing that had ended comes back to life."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.door.restore.gap_watch import GapWatch
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.builders import Row
from tests.doors import query
from tests.governance import go_live
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups

SINCE = "2023-01-01"
QUARTERS = {"granularity": "quarter_hour"}
FIRST_DAY = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-28T22:00:00Z", **QUARTERS}
LAST_DAY = {"from": "2023-10-29T23:00:00Z", "until": "2023-10-30T23:00:00Z", **QUARTERS}
REFUSED = "SELECT count(*) FROM ledger.body WHERE event = 'data.refused'"
ENDS = {
    "representation": "SELECT until_day FROM identity.representation",
    "supply": "SELECT party_id, until_day FROM registry.supply_contract ORDER BY 1",
    "price": "SELECT until_day FROM registry.dynamic_price",
    "regime": "SELECT until_day FROM registry.metering_regime WHERE regime = 'SMR3'",
    "meter": "SELECT removed_on FROM registry.meter",
    "intervals": "SELECT occupancy_id, from_day, is_on FROM registry.interval_choice",
    "registration": "SELECT until_day FROM registry.registration",
    "participation": "SELECT until_day FROM registry.participation",
    "agreement": "SELECT until_day FROM registry.processor_agreement",
    "territory": "SELECT until_day FROM registry.territory",
    "authorisation": "SELECT until_day FROM registry.authorisation",
    "stale": "SELECT party_id, trigger, at FROM registry.dpia_trigger",
    "overview": "SELECT party_id FROM registry.processing_overview WHERE unreachable_from IS NOT NULL",
    "necessity": "SELECT valid_until < now() + interval '1 day' FROM registry.necessity",
    "contract": "SELECT valid_until FROM registry.contract WHERE valid_until IS NOT NULL",
    "resident": "SELECT occupancy_id, person_id, from_day FROM registry.person_concerned",
    "housemate": "SELECT until_day FROM registry.person_concerned WHERE from_day = '2022-01-01'",
    "death": "SELECT person_id, died_on, refuted_at IS NULL FROM identity.death ORDER BY 2",
}


def state(house: TheHouse) -> dict[str, Any]:
    return {name: query(house, sql) for name, sql in ENDS.items()}


def people(house: TheHouse) -> dict[str, str]:
    return {
        name: house.operator("registry.person.add", subject=name, name=name.title())["person_id"]
        for name in ("ward", "administrator", "resident", "housemate", "dead", "alive")
    }


def test_every_fact_that_ended_after_the_dump_ends_again_on_its_day(
    house: TheHouse, backups: Backups, lotte: Customer, maria: Customer, erik: Party
) -> None:
    who = people(house)
    today = day_of(house.clock.now())
    day, later = (
        (today + timedelta(days=1)).isoformat(),
        format_instant(house.clock.now() + timedelta(days=9)),
    )
    roles = (
        *(
            "balance_responsible",
            "energy_community",
            "processor",
            "welfare_centre",
            "authority",
            "dso",
            "energy_service",
        ),
    )
    parties = {role: house.party(role, role, operator=1 if role == "dso" else None) for role in roles}
    ids = {role: {"party_id": party.party_id} for role, party in parties.items()}
    here, supplied = {"ean": LOTTES_EAN}, {"ean": LOTTES_EAN, "party_id": erik.party_id}
    since, smr3 = {"from_day": SINCE}, {"regime": "SMR3", "from_day": SINCE}
    house.operator("registry.supply.accept", **supplied, **since)
    house.operator("registry.dynamic_price.begin", **supplied, **since, information="folder")
    house.operator("registry.regime.set", **here, **smr3)
    registration = house.operator("registry.registration.add", **here, **ids["balance_responsible"], **since)
    joined = house.operator("registry.participation.add", **here, **ids["energy_community"], **since)
    go_live(house, parties["processor"])
    [(agreement_id,)] = query(house, "SELECT agreement_id FROM registry.processor_agreement")
    agreed = {"id": str(agreement_id)}
    placed = house.operator("registry.territory.add", **ids["welfare_centre"], **since, municipality="44021")
    law = {
        "act": "Decreet",
        "version": "1",
        "article": "2",
        "categories": ["readings"],
        "granularity": "month",
    }
    lawful = house.operator("registry.authorisation.add", **ids["authority"], **since, **law)
    need = {"purpose": "grid_management", "granularity": "day", "article": "4.1.6", "reason": "storing"}
    span = {"data_from": SINCE, "data_until": "2023-02-01", "valid_until": later}
    needed = house.operator("registry.necessity.add", **here, **ids["dso"], **need, **span)
    ward = {"person_id": who["ward"], "representative_id": who["administrator"]}
    office = house.operator("registry.representation.add", **ward, **since, reference="vonnis")
    [(number,)] = query(
        house, "SELECT number FROM registry.contract WHERE party_id = %s", parties["energy_service"].party_id
    )
    housemate = {"ean": MARIAS_EAN, "person_id": who["housemate"]}
    house.operator("registry.concerned.begin", **housemate, from_day="2022-01-01")
    meter = {"ean": MARIAS_EAN, "meter": "1SAG0000000009"}
    house.operator("registry.meter.install", **meter, digital=True)
    backups.dump()
    before = state(house)

    house.operator("registry.meter.remove", **meter, removed_on=today.isoformat())
    ends = {"until_day": day}
    house.operator("registry.dynamic_price.end", **supplied, **ends)
    house.operator("registry.supply.end", **here, until_day=(today + timedelta(days=2)).isoformat())
    house.operator("registry.regime.set", **here, regime="SMR1", from_day=day)
    house.operator("registry.interval_reading.choose", **here, on=False, from_day=day)
    for fact, made in (("registration", registration), ("participation", joined)):
        house.operator("registry.link.end", fact=fact, id=made["id"], **ends)
    for fact, made in (("processor", agreed), ("territory", placed), ("authorisation", lawful)):
        house.operator("registry.condition.end", fact=fact, id=made["id"], **ends)
    house.operator("registry.necessity.end", id=needed["id"])
    house.operator("registry.representation.end", id=office["id"], **ends)
    house.operator("registry.dpia.stale", **ids["balance_responsible"], trigger="organisation_changed")
    gone = {"url": "https://party.example/privacy", "reachable": False}
    house.operator("registry.overview.check", **ids["authority"], **gone)
    house.operator("registry.contract.end", number=number, valid_until=later)
    resident = {"ean": MARIAS_EAN, "person_id": who["resident"]}
    house.operator("registry.concerned.begin", **resident, from_day="2024-01-01")
    house.operator("registry.concerned.end", **housemate, until_day="2024-01-01")
    for name, on in (("dead", "2023-05-05"), ("alive", "2023-06-06")):
        house.operator("registry.person.died", person_id=who[name], died_on=on, reference="akte")
    house.operator("registry.person.alive", person_id=who["alive"], reason="another of that name")
    after = state(house)
    assert all(after[name] != before[name] for name in ENDS)

    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    told = house.operator("reconcile.finish")
    assert state(house) == after
    assert told["ended_again"] == len(ENDS) + 2  # a death, and one that was none
    assert query(house, "SELECT count(*) FROM ledger.body WHERE event = 'dpia.staled'") == [(1,)]


def restored(house: TheHouse, backups: Backups, *people: Customer | Party) -> None:
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")  # the door sees what is lost, and ends all sessions
    backups.log_in_again(*people)


def reason_of(call: Any) -> str | None:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value.reason


@pytest.mark.requirement("R4")
def test_a_housemate_who_left_after_the_dump_does_not_read_again(
    house: TheHouse, backups: Backups, measured: Customer
) -> None:
    sam = house.customer("sam", "Sam")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    home = measured.occupancy()

    def read() -> Any:
        return sam.call("readings.read", occupancy_id=home, **LAST_DAY)

    assert read()["granted"]
    backups.dump()
    house.operator(
        "registry.concerned.end", ean=LOTTES_EAN, person_id=str(sam.person_id), until_day="2023-10-29"
    )
    restored(house, backups, sam)
    assert reason_of(read) == "unreconciled"
    house.operator("reconcile.finish")
    backups.log_in_again(sam, measured)  # his sessions ended with his stay, once more
    assert reason_of(read) == "not_occupant"
    assert [one["event"] for one in measured.statements()].count("person_concerned.ended") == 1


@pytest.mark.requirement("R22")
def test_who_moved_after_the_dump_reads_his_own_days_meanwhile_and_none_since(
    house: TheHouse, backups: Backups, measured: Customer
) -> None:
    home = measured.occupancy()

    def read(window: dict[str, str]) -> Any:
        return measured.call("readings.read", occupancy_id=home, **window)

    backups.dump()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-29")
    restored(house, backups, measured)
    before = query(house, REFUSED)
    assert reason_of(lambda: read(LAST_DAY)) == "not_occupant"
    assert query(house, REFUSED) == [(before[0][0] + 1,)]
    assert read(FIRST_DAY)["granted"]
    house.operator("reconcile.finish")
    backups.log_in_again(measured)
    assert reason_of(lambda: read(LAST_DAY)) == "not_occupant"
    assert read(FIRST_DAY)["granted"]


def test_what_a_meter_measured_elsewhere_does_not_come_back_with_an_older_database(
    house: TheHouse, backups: Backups, measured: Customer
) -> None:
    home = measured.occupancy()

    def days_read() -> list[str]:
        whole = {"from": FIRST_DAY["from"], "until": LAST_DAY["until"], **QUARTERS}
        answer = measured.call("readings.read", occupancy_id=home, **whole)
        return [one["start"] for channel in answer["channels"] for one in channel["series"]]

    backups.dump()
    removal = {"ean": LOTTES_EAN, "meter": Row().meter, "removed_on": "2023-10-29"}
    assert house.operator("registry.meter.remove", **removal)["withdrawn_days"] == 2
    before = days_read()
    restored(house, backups, measured)
    house.operator("reconcile.finish")
    backups.log_in_again(measured)
    assert days_read() == before
    rows = "SELECT DISTINCT day::text FROM metering.profile"
    assert query(house, rows) == [("2023-10-28",)]


def test_a_stop_whose_lift_never_committed_stands_after_a_restore(
    house: TheHouse,
    backups: Backups,
    measured: Customer,
    bram: Party,
    granted: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut_off(watch: GapWatch, turn: Any) -> None:
        raise ConnectionError("between the journal and the commit")

    backups.dump()
    house.operator("stop.set", reason="a leak")
    with monkeypatch.context() as broken:
        broken.setattr(GapWatch, "passed", cut_off)
        assert reason_of(lambda: house.operator("stop.lift", reason="over")) is None
    assert reason_of(lambda: bram.read(granted["permission_id"])) == "stopped"
    restored(house, backups, bram)
    house.operator("reconcile.finish")
    assert reason_of(lambda: bram.read(granted["permission_id"])) == "stopped"
    house.operator("stop.lift", reason="over, this time")
    assert bram.read(granted["permission_id"])["granted"]
    restored(house, backups, bram)  # the dump of before the stop, once more
    house.operator("reconcile.finish")
    assert bram.read(granted["permission_id"])["granted"]


def test_a_representative_whose_office_ended_after_the_dump_acts_for_nobody_meanwhile(
    house: TheHouse, backups: Backups, lotte: Customer, maria: Customer
) -> None:
    ward = {"person_id": str(lotte.person_id), "representative_id": str(maria.person_id)}
    office = house.operator("registry.representation.add", **ward, from_day=SINCE, reference="vonnis")
    backups.dump()
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.representation.end", id=office["id"], until_day=today)
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")  # the door sees what is lost, and ends all sessions
    backups.log_in_again(maria)
    for reconciled in (False, True):
        with pytest.raises(DoorRefusedError) as refused:
            maria.call("representation.take_up", representation_id=office["id"])
        assert refused.value.code == ("not-found" if reconciled else "conflict")
        if not reconciled:
            assert house.operator("reconcile.finish")["ended_again"] == 1


@pytest.mark.requirement("R39")
def test_a_point_that_left_a_territory_after_the_dump_lies_in_none_until_somebody_says_so(
    house: TheHouse, backups: Backups, lotte: Customer
) -> None:
    place, where = "registry.access_point.place", "SELECT DISTINCT municipality FROM registry.access_point"
    house.operator(place, ean=LOTTES_EAN, municipality="44021")
    backups.dump()
    house.operator(place, ean=LOTTES_EAN, municipality="31005")
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    assert query(house, where) == [("44021",)]
    assert house.operator("reconcile.finish")["ended_again"] == 1
    assert query(house, where) == [(None,)]
    house.operator(place, ean=LOTTES_EAN, municipality="31005")
    assert query(house, where) == [("31005",)]


def test_what_the_operator_ended_again_by_hand_does_not_end_twice(
    house: TheHouse, backups: Backups, lotte: Customer, erik: Party
) -> None:
    def ends() -> None:
        house.operator("registry.dpia.stale", party_id=erik.party_id, trigger="use_changed")
        house.operator("registry.supply.end", ean=LOTTES_EAN, until_day="2024-01-01")

    supplied = {"ean": LOTTES_EAN, "party_id": erik.party_id}
    house.operator("registry.supply.accept", **supplied, from_day=SINCE)
    backups.dump()
    ends()
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")
    ends()
    assert house.operator("reconcile.finish")["ended_again"] == 0
