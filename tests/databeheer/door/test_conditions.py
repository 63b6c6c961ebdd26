"""What a party must have in order: recorded with its entry, in force from then to its end, refused with a reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from databeheer.access.facts import PartyFacts
from databeheer.access.intervals import Interval
from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError
from databeheer.door.facts.of_parties import KnownParty, ask_parties, parties_of
from databeheer.registry.conditions import OVERVIEW_SEEN_FOR
from databeheer.site.storytelling import file_assessment
from databeheer.storage.look import Look
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.copies import setting_up
from tests.databeheer.door.bulk import read_bulk, values
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.letters import told


def known(house: TheHouse, party: Party) -> KnownParty:
    """The party as the door knows it now."""
    with house.house.engine.connect() as connection:
        look = Look(connection)
        rows = ask_parties(look, [UUID(party.party_id)])
        look.send()
    (found,) = parties_of(rows, house.clock.now()).values()
    return found


def facts(house: TheHouse, party: Party) -> PartyFacts:
    return known(house, party).facts


def events(house: TheHouse) -> list[str]:
    return [row[0] for row in query(house, "SELECT event FROM ledger.body ORDER BY index")]


def refused(house: TheHouse, command: str, **arguments: Any) -> str:
    """Give a command that is refused and changes nothing; returns why."""
    before = events(house)
    with pytest.raises(DoorRefusedError) as error:
        house.operator(command, **arguments)
    assert events(house) == before
    assert error.value.code in ("conflict", "malformed-request", "not-found"), error.value.code
    return str(error.value)


def refusal_of(read: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as error:
        read()
    return error.value


def day(moment: datetime, days: int = 0) -> str:
    return (day_of(moment) + timedelta(days=days)).isoformat()


OCTOBER = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"}


@pytest.fixture
@setting_up
def newcomer(house: TheHouse) -> Party:
    """An energy service that has filed nothing yet."""
    return house.party("Nieuwkomer", "energy_service", papers=False)


# --- role -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R2")
@pytest.mark.parametrize("role", ["insurer", "marketing", "staff", "research", "landlord", "grid_user", ""])
def test_a_party_in_a_role_outside_the_closed_list_is_not_onboarded(house: TheHouse, role: str) -> None:
    assert "role" in refused(house, "registry.party.add", name="Iemand", role=role)


# --- suspension -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R13")
def test_a_suspension_stops_a_party_on_every_point_at_once_and_is_one_entry(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, erik: Party
) -> None:
    asked = bram.ask(), bram.ask()
    measured.grant(asked[0])
    maria.grant(asked[1])
    before = events(house)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    assert events(house)[len(before) :] == ["party.suspended"]
    for one in asked:
        with pytest.raises(DoorRefusedError):
            bram.read(one["permission_id"])
    assert facts(house, bram).suspensions == (Interval(house.clock.now()),)
    assert facts(house, erik).suspensions == ()


@pytest.mark.requirement("R13")
def test_a_suspension_ends_every_permission_at_once_and_each_is_written_down_and_told_after(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, erik: Party
) -> None:
    asked = bram.ask(), bram.ask()
    measured.grant(asked[0])
    maria.grant(asked[1])
    others = erik.ask(purpose="supply_offer", granularity="month", directions=["offtake"])
    measured.grant(others)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    suspended = house.clock.now()
    house.clock.advance(timedelta(minutes=1))  # nobody has written anything down yet
    for customer, one in zip((measured, maria), asked, strict=True):
        seen = customer.permission(one["permission_id"])
        assert (seen["state"], seen["reason"]) == ("invalidated", "party_suspended")
        assert seen["ended_at"] == format_instant(suspended)
    assert house.operator("permission.sweep")["recorded"] == {"invalidated": 2}
    people = {one.to.id for one in told(house, "permission.invalidated") if one.to.recipient == "customer"}
    assert people == {measured.person_id, maria.person_id}
    assert measured.permission(others["permission_id"])["state"] == "active"


@pytest.mark.requirement("R13")
def test_a_party_that_is_taken_back_asks_anew_and_nothing_that_ended_opens_again(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    waiting = bram.ask()
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    began = house.clock.now()
    house.clock.advance(timedelta(minutes=5))
    with pytest.raises(DoorRefusedError, match="suspended"):
        measured.grant(waiting)
    house.operator("registry.party.reinstate", party_id=bram.party_id, reason="filed one")
    with pytest.raises(DoorRefusedError) as old:
        bram.read(granted["permission_id"])
    assert old.value.code == "unauthenticated"
    bram.token = house.token(bram.client_id, bram.client_secret)
    for _ in range(2):  # by the clock, and when it is written down
        with pytest.raises(DoorRefusedError) as ended:
            bram.read(granted["permission_id"])
        assert ended.value.reason == "ended_by_suspension"
        house.operator("permission.sweep")
    measured.grant(waiting)
    assert bram.read(waiting["permission_id"])["channels"]
    assert facts(house, bram).suspensions == (Interval(began, house.clock.now()),)


@pytest.mark.requirement("R13", "R32")
def test_a_suspended_party_meets_its_duties_with_a_new_token_and_can_do_nothing_else(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    waiting = bram.ask()
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    bram.token = house.token(bram.client_id, bram.client_secret)
    listed = {one["permission_id"] for one in bram.call("permission.list")["permissions"]}
    assert listed == {granted["permission_id"], waiting["permission_id"]}
    assert bram.permission(granted["permission_id"])["state"] == "invalidated"
    bram.call("permission.terminate", permission_id=waiting["permission_id"])
    confirmed = bram.call("permission.confirm_deletion", permission_id=granted["permission_id"])
    assert confirmed["permission"]["deletion_confirmed_at"]
    for act in (
        lambda: bram.ask(),
        lambda: bram.call("doubt.contacts"),
        lambda: bram.call("mandate.show", permission_id=granted["permission_id"]),
    ):
        with pytest.raises(DoorRefusedError) as refusal:
            act()
        assert refusal.value.code == "unauthenticated"


@pytest.mark.requirement("R13")
def test_what_a_suspended_party_tries_to_read_is_refused_on_record(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    bram.token = house.token(bram.client_id, bram.client_secret)
    one = refusal_of(lambda: bram.read(granted["permission_id"]))
    assert (one.code, one.reason) == ("permission-ended", "ended_by_suspension")
    told = measured.statements()[0]
    assert (told["index"], told["event"]) == (one.index, "data.refused")
    answer = read_bulk(bram, [granted["permission_id"]])
    assert [item["reason"] for item in answer["items"]] == ["ended_by_suspension"]
    assert values(answer["items"][0]) == []
    told = measured.statements()[0]
    assert (told["index"], told["event"]) == (answer["index"], "data.refused")


@pytest.mark.requirement("R13")
def test_a_suspended_party_with_a_contract_reads_nothing_and_the_customer_sees_that_it_tried(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    house.operator("registry.party.suspend", party_id=erik.party_id, reason="no overview")
    erik.token = house.token(erik.client_id, erik.client_secret)
    one = refusal_of(lambda: erik.read(ean=LOTTES_EAN, purpose="billing", granularity="month", **OCTOBER))
    assert one.reason == "party_suspended"
    assert measured.statements()[0]["index"] == one.index


def test_a_party_that_is_not_suspended_is_not_taken_back_nor_suspended_twice(
    house: TheHouse, bram: Party
) -> None:
    party = {"party_id": bram.party_id, "reason": "x"}
    assert "not suspended" in refused(house, "registry.party.reinstate", **party)
    house.operator("registry.party.suspend", **party)
    assert "suspended already" in refused(house, "registry.party.suspend", **party)


# --- DPIA -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R114", "R115")
def test_a_filed_dpia_counts_from_the_day_it_was_made(house: TheHouse, newcomer: Party) -> None:
    made = day(house.clock.now(), -10)
    assert facts(house, newcomer).assessments == ()
    file_assessment(house.operator, newcomer.party_id, "GEB-1", date.fromisoformat(made))
    (assessment,) = facts(house, newcomer).assessments
    assert day_of(assessment.assessed_at).isoformat() == made
    assert assessment.stale_at is None
    assert events(house)[-1] == "dpia.filed"


@pytest.mark.requirement("R114")
def test_without_a_dpia_nothing_is_read_by_consent_nor_by_law(
    house: TheHouse, measured: Customer, newcomer: Party
) -> None:
    by_law = house.party("Net zonder GEB", "dso", operator=1, papers=False)
    granted = newcomer.ask()
    measured.grant(granted)
    reads = {
        newcomer.party_id: lambda: newcomer.read(granted["permission_id"]),
        by_law.party_id: lambda: by_law.read(ean=LOTTES_EAN, purpose="grid_management", granularity="day"),
    }
    for party_id, read in reads.items():
        url = "https://party.example/privacy"
        house.operator("registry.overview.check", party_id=party_id, url=url, reachable=True)
        with pytest.raises(DoorRefusedError) as without:
            read()
        assert without.value.reason == "no_dpia"
        file_assessment(house.operator, party_id, "GEB-1", day_of(house.clock.now()))
        assert read()["channels"]


@pytest.mark.requirement("R115")
def test_a_dpia_is_good_for_two_years_to_the_day_and_is_announced_before_it_runs_out(
    house: TheHouse, measured: Customer, newcomer: Party
) -> None:
    """Read until the midnight on which it turns two; a week before it stands among what is due."""
    url = "https://party.example/privacy"
    house.operator("registry.overview.check", party_id=newcomer.party_id, url=url, reachable=True)
    granted = newcomer.ask()
    measured.grant(granted)
    ends = midnight(day_of(house.clock.now()) + timedelta(days=6))
    made = day_of(ends).replace(year=day_of(ends).year - 2)
    file_assessment(house.operator, newcomer.party_id, "GEB-1", made)
    coming = house.operator("clocks.report")["coming"]
    assert [(one["kind"], one["due_at"]) for one in coming if one["party"]["id"] == newcomer.party_id] == [
        ("dpia_validity", format_instant(ends))
    ]
    house.clock.set(ends - timedelta(seconds=1))
    newcomer.token = house.token(newcomer.client_id, newcomer.client_secret)
    assert newcomer.read(granted["permission_id"])["channels"]
    house.clock.set(ends)
    with pytest.raises(DoorRefusedError) as expired:
        newcomer.read(granted["permission_id"])
    assert expired.value.reason == "no_dpia"


@pytest.mark.requirement("R116")
@pytest.mark.parametrize(
    "trigger", ["use_changed", "new_categories", "unforeseen_breach", "organisation_changed"]
)
def test_after_each_of_the_four_triggers_nothing_is_read_until_a_newer_dpia_is_filed(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], trigger: str
) -> None:
    party, now = {"party_id": bram.party_id}, house.clock.now()
    assert bram.read(granted["permission_id"])["channels"]
    house.operator("registry.dpia.stale", **party, trigger=trigger)
    assert [one.stale_at for one in facts(house, bram).assessments] == [now]
    with pytest.raises(DoorRefusedError) as stale:
        bram.read(granted["permission_id"])
    assert stale.value.reason == "no_dpia"
    with pytest.raises(DoorRefusedError, match="overtaken by"):
        file_assessment(house.operator, bram.party_id, "GEB-2", day_of(now) - timedelta(days=1))
    house.clock.advance(timedelta(days=1))
    file_assessment(house.operator, bram.party_id, "GEB-3", day_of(house.clock.now()))
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert bram.read(granted["permission_id"])["channels"]
    assert sorted(one.stale_at is None for one in facts(house, bram).assessments) == [False, True]


@pytest.mark.requirement("R116")
@pytest.mark.parametrize("stale_before", [True, False])
def test_a_trigger_counts_also_where_no_dpia_is_good_at_that_time(
    house: TheHouse, newcomer: Party, stale_before: bool
) -> None:
    """Stale since March, a breach in April: an assessment of between them knows nothing of the breach."""
    party, file = {"party_id": newcomer.party_id}, partial(file_assessment, house.operator, newcomer.party_id)
    if stale_before:
        file("GEB-1", day_of(house.clock.now()) - timedelta(days=100))
        house.operator("registry.dpia.stale", **party, trigger="use_changed")
    house.clock.advance(timedelta(days=31))
    breach = house.clock.now()
    house.operator("registry.dpia.stale", **party, trigger="unforeseen_breach")
    assert events(house)[-1] == "dpia.staled"
    house.clock.advance(timedelta(days=9))
    with pytest.raises(DoorRefusedError, match="overtaken by"):
        file("GEB-2", day_of(breach) - timedelta(days=16))
    slipped_in = "INSERT INTO registry.dpia VALUES (gen_random_uuid(), %s, 'slipped in', %s, now())"
    execute(house, slipped_in, newcomer.party_id, day(breach, -16))
    ends = [one.stale_at for one in facts(house, newcomer).assessments]
    assert breach in ends
    assert None not in ends
    file("GEB-3", day_of(house.clock.now()))
    assert [one.stale_at for one in facts(house, newcomer).assessments].count(None) == 1


def test_a_dpia_of_tomorrow_one_filed_twice_and_a_trigger_that_is_none_are_refused(
    house: TheHouse, newcomer: Party
) -> None:
    party, today = {"party_id": newcomer.party_id}, day_of(house.clock.now())
    file = partial(file_assessment, house.operator, newcomer.party_id, "GEB-1")
    with pytest.raises(DoorRefusedError, match="future"):
        file(today + timedelta(days=1))
    file(today)
    with pytest.raises(DoorRefusedError, match="filed already"):
        file(today)
    assert "trigger" in refused(house, "registry.dpia.stale", **party, trigger="a_whim")


# --- the party's own overview -----------------------------------------------------------------------------


@pytest.mark.requirement("R6")
def test_an_overview_counts_while_it_is_found_and_no_longer(house: TheHouse, newcomer: Party) -> None:
    look = {"party_id": newcomer.party_id, "url": "https://bram.example/verwerking"}
    began = house.clock.now()
    house.operator("registry.overview.check", **look, reachable=True)
    house.clock.advance(timedelta(days=30))
    assert house.operator("registry.overview.check", **look, reachable=True) == {"changed": False}
    assert events(house)[-1] == "overview.checked"
    assert facts(house, newcomer).overviews == (Interval(began, house.clock.now() + OVERVIEW_SEEN_FOR),)
    house.clock.advance(timedelta(days=30))
    house.operator("registry.overview.check", **look, reachable=False)
    assert facts(house, newcomer).overviews == (Interval(began, house.clock.now()),)
    assert events(house)[-3:] == ["overview.published", "overview.checked", "overview.missing"]


@pytest.mark.requirement("R6")
@pytest.mark.parametrize(("late", "counts"), [(-1, True), (0, False), (40, False)])
def test_an_overview_that_nobody_looked_for_in_two_years_counts_no_more_until_it_is_found(
    house: TheHouse, newcomer: Party, late: int, counts: bool
) -> None:
    look = {"party_id": newcomer.party_id, "url": "https://bram.example/verwerking", "reachable": True}
    began = house.clock.now()
    house.operator("registry.overview.check", **look)
    house.clock.advance(OVERVIEW_SEEN_FOR + timedelta(days=late))
    now = house.clock.now()
    assert any(now in one for one in facts(house, newcomer).overviews) is counts
    house.operator("registry.overview.check", **look)
    assert any(now in one for one in facts(house, newcomer).overviews)
    stretches = {(one.start, one.end) for one in facts(house, newcomer).overviews}
    until = now + OVERVIEW_SEEN_FOR
    assert stretches == ({(began, until)} if counts else {(began, began + OVERVIEW_SEEN_FOR), (now, until)})


@pytest.mark.requirement("R6")
def test_a_party_whose_overview_is_not_there_gets_nothing_until_it_is(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    look = {"party_id": bram.party_id, "url": "https://party.example/privacy"}
    assert bram.read(granted["permission_id"])["channels"]
    house.operator("registry.overview.check", **look, reachable=False)
    with pytest.raises(DoorRefusedError) as refusal:
        bram.read(granted["permission_id"])
    assert refusal.value.reason == "no_processing_overview"
    house.operator("registry.overview.check", **look, reachable=True)
    assert bram.read(granted["permission_id"])["channels"]


def test_an_overview_at_another_address_is_another_one(house: TheHouse, newcomer: Party) -> None:
    party, began = {"party_id": newcomer.party_id, "reachable": True}, house.clock.now()
    house.operator("registry.overview.check", **party, url="https://bram.example/1")
    house.clock.advance(timedelta(days=1))
    house.operator("registry.overview.check", **party, url="https://bram.example/2")
    moved = house.clock.now()
    assert set(facts(house, newcomer).overviews) == {
        Interval(began, moved),
        Interval(moved, moved + OVERVIEW_SEEN_FOR),
    }
    assert "http" in refused(house, "registry.overview.check", **party, url="javascript:alert(1)")


# --- territory, authorisation  ------------------------------------------------------------------


CENTRE = {"municipality": "44021", "from_day": "2026-01-01"}


def as_role(house: TheHouse, party: Party, role: str) -> None:
    """Give a party a role of the table of actors."""
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql(
            "UPDATE registry.party SET role = %s WHERE party_id = %s", (role, party.party_id)
        )


def conditions_of(house: TheHouse, party: Party, table: str) -> list[tuple[Any, ...]]:
    statement = f"SELECT from_day::text, until_day::text FROM registry.{table} WHERE party_id = %s"
    return query(house, statement, party.party_id)


@pytest.mark.requirement("R39")
def test_a_territory_begins_and_ends_at_a_local_midnight(house: TheHouse, bram: Party) -> None:
    as_role(house, bram, "welfare_centre")
    given = house.operator("registry.territory.add", party_id=bram.party_id, **CENTRE)
    end = {"fact": "territory", "id": given["id"]}
    house.operator("registry.condition.end", **end, until_day="2026-10-25")
    assert conditions_of(house, bram, "territory") == [("2026-01-01", "2026-10-25")]
    assert events(house)[-2:] == ["territory.given", "territory.ended"]
    for until in ("2026-10-25", "2026-12-01"):
        assert "lasts longer" in refused(house, "registry.condition.end", **end, until_day=until)


@pytest.mark.parametrize("until", ["2026-01-01", "2025-12-01"])
def test_a_territory_given_by_mistake_ends_on_its_first_day_and_never_held(
    house: TheHouse, bram: Party, until: str
) -> None:
    as_role(house, bram, "welfare_centre")
    given = house.operator("registry.territory.add", party_id=bram.party_id, **CENTRE)
    end = {"fact": "territory", "id": given["id"], "until_day": until}
    house.operator("registry.condition.end", **end)
    assert conditions_of(house, bram, "territory") == [("2026-01-01", "2026-01-01")]
    assert "lasts longer" in refused(house, "registry.condition.end", **end)
    house.operator("registry.territory.add", party_id=bram.party_id, **CENTRE)


def test_a_territory_twice_one_of_another_role_and_one_that_ends_before_it_begins_are_refused(
    house: TheHouse, bram: Party
) -> None:
    territory = {"party_id": bram.party_id, **CENTRE}
    assert "no territory" in refused(house, "registry.territory.add", **territory)
    as_role(house, bram, "welfare_centre")
    late = territory | {"until_day": "2026-01-01"}
    assert "until_day" in refused(house, "registry.territory.add", **late)
    house.operator("registry.territory.add", **territory)
    assert "already" in refused(house, "registry.territory.add", **territory)
    assert "municipality" in refused(
        house, "registry.territory.add", **(territory | {"municipality": "Gent"})
    )


LAW = {
    "act": "Decreet van 1 januari 2024",
    "version": "geconsolideerd",
    "article": "12, §2",
    "categories": ["readings"],
    "granularity": "month",
    "from_day": "2024-01-01",
}


@pytest.mark.requirement("R14")
def test_an_authority_is_authorised_by_a_law_that_is_cited(house: TheHouse, bram: Party) -> None:
    assert "no such authorisation" in refused(
        house, "registry.authorisation.add", party_id=bram.party_id, **LAW
    )
    as_role(house, bram, "authority")
    for left_out in ("act", "article", "categories"):
        without = {name: value for name, value in LAW.items() if name != left_out}
        assert left_out in refused(house, "registry.authorisation.add", party_id=bram.party_id, **without)
    house.operator("registry.authorisation.add", party_id=bram.party_id, **LAW)
    rows = query(house, "SELECT act, article, granularity FROM registry.authorisation")
    assert rows == [(LAW["act"], LAW["article"], "month")]


# --- contracts --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R12")
def test_a_contract_that_is_ended_gives_nothing_from_that_moment_on(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    (number,) = query(house, "SELECT number FROM registry.contract WHERE party_id = %s", bram.party_id)[0]
    until = house.clock.now() + timedelta(minutes=10)
    house.operator("registry.contract.end", number=number, valid_until=format_instant(until))
    ended = query(house, "SELECT valid_until FROM registry.contract")[0][0]
    house.clock.set(ended - timedelta(milliseconds=1))
    assert bram.read(granted["permission_id"])["channels"]
    house.clock.set(ended)
    with pytest.raises(DoorRefusedError) as after:
        bram.read(granted["permission_id"])
    assert after.value.reason == "no_data_access_contract"
    assert "already" in refused(house, "registry.contract.end", number=number)


@pytest.mark.requirement("R12", "R136")
def test_a_contract_with_another_grid_operator_opens_nothing_here(
    house: TheHouse, measured: Customer
) -> None:
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    away = house.party("Elders Advies", "energy_service", contract=False)
    since = format_instant(house.clock.now() - timedelta(days=1))
    house.operator(
        "registry.contract.add", party_id=away.party_id, number="E-2", valid_from=since, operator=2
    )
    asked = away.ask()
    measured.grant(asked)
    with pytest.raises(DoorRefusedError) as refusal:
        away.read(asked["permission_id"])
    assert refusal.value.reason == "no_data_access_contract"
    house.operator("registry.contract.add", party_id=away.party_id, number="E-1", valid_from=since)
    assert away.read(asked["permission_id"])["channels"]
    assert set(known(house, away).contracts) == {1, 2}


@pytest.mark.requirement("R136")
def test_a_fact_counts_under_the_grid_operator_whose_customer_it_is_about(
    house: TheHouse, lotte: Customer
) -> None:
    """A person with a connection in two areas: each stay has it under its own operator, and nobody under another's."""
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    ean = "541448899990000077"
    house.operator("registry.access_point.register", ean=ean, commodity="gas", operator=2)
    came = {"ean": ean, "person_id": str(lotte.person_id), "from_day": "2024-01-01"}
    house.operator("registry.occupancy.begin", **came)
    party = house.party("Tussenpersoon", "intermediary", contract=False)
    notice = {"purposes": ["market_facilitation"], "channel": "letter", "text_sha256": "11" * 32}
    house.operator("registry.notice.give", party_id=party.party_id, **notice)
    since = format_instant(house.clock.now())
    signed = {"party_id": party.party_id, "number": "C-2", "valid_from": since}
    house.operator("registry.contract.add", **signed, operator=2)
    entries = dict(query(house, "SELECT event, operator FROM ledger.body"))
    assert (entries["customer.notified"], entries["contract.signed"], entries["dpia.filed"]) == (0, 2, 0)
    told = "SELECT operator FROM ledger.statement WHERE event = 'customer.notified' ORDER BY 1"
    assert query(house, told) == [(1,), (2,)]


def test_a_grid_operator_has_one_party_in_each_of_its_roles(house: TheHouse, net: Party) -> None:
    again = {"name": "Nog een net", "operator": 1}
    assert "in this role already" in refused(house, "registry.party.add", **again, role="dso")
    house.operator("registry.party.add", **again, role="data_manager")
    assert "in this role already" in refused(house, "registry.party.add", **again, role="data_manager")


def test_of_several_contracts_the_one_in_force_counts_else_the_newest(house: TheHouse) -> None:
    party = house.party("Bram", "energy_service", contract=False)
    now = house.clock.now()
    spans = [(-90, -60), (-10, 10), (5, 30)]
    for number, (first, until) in enumerate(spans):
        house.operator(
            "registry.contract.add",
            party_id=party.party_id,
            number=f"C-{number}",
            valid_from=format_instant(now + timedelta(days=first)),
            valid_until=format_instant(now + timedelta(days=until)),
        )

    def start() -> int:
        period = facts(house, party).contract_period
        assert period is not None
        return round((period.start - now) / timedelta(days=1))

    assert start() == -10
    house.clock.advance(timedelta(days=20))
    assert start() == 5
    house.clock.advance(timedelta(days=20))
    assert start() == 5


def test_a_party_that_does_not_exist_gets_no_condition(house: TheHouse) -> None:
    nobody = {"party_id": "00000000-0000-0000-0000-000000000000"}
    for command, arguments in {
        "registry.overview.check": {"url": "https://x.example", "reachable": True},
        "registry.territory.add": CENTRE,
        "registry.authorisation.add": LAW,
    }.items():
        assert "no such party" in refused(house, command, **nobody, **arguments)


def test_the_outsider_gives_no_such_command(house: TheHouse, joris: Party, lotte: Customer) -> None:
    for asker in (joris, lotte):
        with pytest.raises(DoorRefusedError) as refusal:
            asker.call("registry.party.reinstate", party_id=joris.party_id, reason="please")
        assert refusal.value.code == "unauthenticated"


def test_a_day_of_a_condition_is_a_brussels_day(house: TheHouse, newcomer: Party) -> None:
    file_assessment(house.operator, newcomer.party_id, "D", date(2026, 3, 29))
    (assessment,) = facts(house, newcomer).assessments
    assert assessment.assessed_at == midnight(day_of(assessment.assessed_at))
    assert format_instant(assessment.assessed_at) == "2026-03-28T23:00:00Z"
