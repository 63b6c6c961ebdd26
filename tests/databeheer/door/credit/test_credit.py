"""Credit of budget meters: one message a day, advice at once, and nobody else learns that there is such a meter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from databeheer.brussels import BRUSSELS, day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.post.deliveries import Channel
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Database
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse, open_house
from tests.letters import Pouch, postman

LOTTES, MARIAS = "1SAG0000000001", "1SAG0000000002"
MORNING = datetime(2024, 6, 3, 7, tzinfo=BRUSSELS)
MONTH = {"from": "2024-04-30T22:00:00Z", "until": "2024-05-31T22:00:00Z", "granularity": "month"}
VARIABLE = ("index", "promise", "receipt", "request_id", "received_at", "decided_at")


@pytest.fixture
def house(database: Database) -> Iterator[TheHouse]:
    with open_house(database, now=MORNING) as the_house:
        yield the_house


@pytest.fixture
def budget(house: TheHouse, lotte: Customer, maria: Customer) -> TheHouse:
    """Lotte has a budget meter that is active; Maria has a digital meter like anybody."""
    for meter, ean in {LOTTES: LOTTES_EAN, MARIAS: MARIAS_EAN}.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    house.operator("credit.average.set", electricity=[300] * 12, gas=[400] * 12)
    house.operator("registry.budget.begin", ean=LOTTES_EAN, day="2024-06-03")
    return house


def state(house: TheHouse, credit: int = 1_000, device: str = LOTTES, **changes: Any) -> dict[str, Any]:
    one = {"device": device, "read_at": format_instant(house.clock.now()), "credit": credit}
    rest = {"emergency_is_active": False, "emergency_left": 1_000, "ten_ampere": False}
    return one | rest | changes


def take(house: TheHouse, *states: dict[str, Any]) -> int:
    told: int = house.intake("credit.take", states=list(states))["told"]
    return told


def evening(house: TheHouse) -> None:
    local = house.clock.now().astimezone(BRUSSELS)
    house.clock.set(local.replace(hour=18, minute=0))


def sweep(house: TheHouse) -> dict[str, int]:
    answer = house.client.call("credit.sweep", Proof.clerk(house.clerk_key))
    assert answer["failed"] == 0
    recorded: dict[str, int] = answer["recorded"]
    return recorded


def inbox(customer: Customer) -> list[tuple[str, str]]:
    customer.session = customer.house.log_in(customer.subject, customer.name)
    messages = customer.call("inbox.show", limit=50)["messages"]
    return [(one["kind"], one["more"]) for one in messages if one["kind"].startswith("meter.")]


def log_of(customer: Customer) -> list[str]:
    """What the ledger says to the customer of each message, newest first."""
    customer.session = customer.house.log_in(customer.subject, customer.name)
    return [one["sentence_nl"] for one in customer.statements() if one["event"] == "meter.told"]


def of_days(*days: str) -> list[str]:
    return [f"Het bericht van {day} over uw tegoed." for day in days]


# --- one a day --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R179", "R181")
def test_the_days_first_reading_brings_one_message_and_the_log_shows_which(
    budget: TheHouse, lotte: Customer, maria: Customer
) -> None:
    assert take(budget, state(budget, 1_250)) == 1
    for credit in (1_200, 1_100):
        budget.clock.advance(timedelta(hours=1))
        assert take(budget, state(budget, credit)) == 0
    evening(budget)
    assert sweep(budget) == {}
    [(kind, words)] = inbox(lotte)
    assert kind == "meter.daily"
    assert "€ 12,50" in words
    assert "noodkrediet is niet in gebruik" in words
    assert "10 ampère" in words
    assert log_of(lotte) == of_days("3 juni 2024")
    assert (inbox(maria), log_of(maria)) == ([], [])


@pytest.mark.requirement("R179")
def test_every_day_has_its_message_and_of_whom_nothing_came_the_evening_tells_what_was_known(
    budget: TheHouse, lotte: Customer
) -> None:
    take(budget, state(budget, 1_250))
    for _ in range(2):
        budget.clock.advance(timedelta(days=1))
        assert sweep(budget) == {}  # in the morning a reading may still come
        evening(budget)
        assert sweep(budget) == {"meter.told": 1}
        assert sweep(budget) == {}
        budget.clock.set(budget.clock.now().astimezone(BRUSSELS).replace(hour=7))
    assert log_of(lotte) == of_days("5 juni 2024", "4 juni 2024", "3 juni 2024")
    told = inbox(lotte)
    assert len(told) == 3
    assert all("€ 12,50" in words and "3 juni 2024" in words for _, words in told)


def test_who_was_never_read_is_told_so(budget: TheHouse, lotte: Customer) -> None:
    evening(budget)
    assert sweep(budget) == {"meter.told": 1}
    assert "nog niet lezen" in inbox(lotte)[0][1]


@pytest.mark.requirement("R179")
def test_a_day_is_one_of_brussels_on_which_the_clock_changes_too(budget: TheHouse, lotte: Customer) -> None:
    for moment in ("2024-10-26T23:30", "2024-10-27T00:30", "2024-10-27T23:30", "2024-10-28T00:30"):
        budget.clock.set(datetime.fromisoformat(moment).replace(tzinfo=BRUSSELS))
        take(budget, state(budget))
    assert log_of(lotte) == of_days("28 oktober 2024", "27 oktober 2024", "26 oktober 2024")


# --- advice -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R180")
def test_the_reading_that_shows_that_the_credit_runs_out_brings_the_advice_at_once_and_once(
    budget: TheHouse, lotte: Customer
) -> None:
    assert take(budget, state(budget, 301)) == 1
    budget.clock.advance(timedelta(hours=2))
    assert take(budget, state(budget, 300)) == 1
    budget.clock.advance(timedelta(hours=2))
    assert take(budget, state(budget, 120)) == 0
    (kind, words), (first, _) = inbox(lotte)
    assert (kind, first) == ("meter.today", "meter.daily")
    assert "Laad vandaag nog op" in words
    budget.clock.advance(timedelta(days=1))
    assert take(budget, state(budget, 100)) == 1
    assert [kind for kind, _ in inbox(lotte)] == ["meter.today", "meter.today", "meter.daily"]


def test_an_older_reading_that_comes_late_changes_nothing(budget: TheHouse, lotte: Customer) -> None:
    late = state(budget, 100)
    budget.clock.advance(timedelta(hours=2))
    take(budget, state(budget, 2_000))
    assert take(budget, late) == 0
    assert [kind for kind, _ in inbox(lotte)] == ["meter.daily"]


@pytest.mark.requirement("R179")
@pytest.mark.parametrize("is_whole", [False, True])
def test_who_chose_e_mail_gets_the_credit_in_it_where_he_chose_that_too(
    budget: TheHouse, lotte: Customer, is_whole: bool
) -> None:
    lotte.call("contact.ask", email="lotte@voorbeeld.be", language="nl")
    code = re.search(r"\b[0-9]{8}\b", emails(budget)[-1]["body"])
    assert code is not None
    lotte.call("contact.confirm", code=code.group())
    if is_whole:
        lotte.call("contact.whole", on=True)
    emails(budget)
    take(budget, state(budget, 250))
    [letter] = emails(budget)
    assert letter["subject"] == "Lees dit vandaag: een dringend bericht over uw meter"
    for words in ("€ 2,50", "Laad vandaag nog op", "noodkrediet", "10 ampère"):
        assert (words in letter["body"]) is is_whole


def emails(house: TheHouse) -> list[dict[str, str]]:
    pouch = Pouch()
    with closing(postman(house, email=pouch)) as carrier:
        carrier.round(Channel.EMAIL)
    return [letter for _, letter in pouch.letters]


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.requirement("R176", "R181")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device": MARIAS}, "no-budget-function"),
        ({"device": "1SAG0000000009"}, "no-budget-function"),
        ({"ten_ampere": None}, "malformed-request"),
        ({"emergency_left": None}, "malformed-request"),
        ({"emergency_is_active": None}, "malformed-request"),
        ({"read_at": "2024-06-02T10:00:00Z"}, "malformed-request"),
        ({"read_at": "2024-06-03T10:00:00Z"}, "malformed-request"),
        ({"credit": 10**9}, "malformed-request"),
        ({"credit": "12"}, "malformed-request"),
        ({"name": "Lotte"}, "malformed-request"),
    ],
)
def test_what_may_not_be_read_or_says_too_little_is_refused_whole_and_nothing_is_kept(
    budget: TheHouse, lotte: Customer, changes: dict[str, Any], code: str
) -> None:
    size = query(budget, "SELECT size FROM ledger.head")
    with pytest.raises(DoorRefusedError) as refused:
        take(budget, state(budget), state(budget, 1) | changes)
    assert refused.value.code == code
    assert str(refused.value).startswith("states: 1: ")
    assert query(budget, "SELECT size FROM ledger.head") == size
    assert query(budget, "SELECT count(*) FROM metering.credit_day") == [(0,)]
    assert inbox(lotte) == []


def test_a_meter_of_that_number_at_another_point_keeps_nobody_from_being_told(
    budget: TheHouse, lotte: Customer
) -> None:
    """As another grid operator may report it of its own grid, by mistake or not."""
    budget.operator("registry.meter.install", ean=MARIAS_EAN, meter=LOTTES, digital=True)
    assert take(budget, state(budget, 1_250)) == 1
    budget.operator("registry.budget.begin", ean=MARIAS_EAN, day="2024-06-03")
    with pytest.raises(DoorRefusedError) as refusal:  # now nobody can tell whose it is
        take(budget, state(budget, 1_200))
    assert refusal.value.code == "no-budget-function"


def test_a_function_that_ended_is_read_and_told_no_more(budget: TheHouse, lotte: Customer) -> None:
    take(budget, state(budget))
    budget.operator("registry.budget.end", ean=LOTTES_EAN, day="2024-06-04")
    budget.clock.advance(timedelta(days=1))
    with pytest.raises(DoorRefusedError):
        take(budget, state(budget))
    evening(budget)
    assert sweep(budget) == {}
    budget.operator("registry.budget.begin", ean=LOTTES_EAN, day="2024-06-05")
    budget.clock.advance(timedelta(days=1))
    assert take(budget, state(budget)) == 1


def test_it_ends_with_the_stay(budget: TheHouse, lotte: Customer) -> None:
    budget.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-03")
    with pytest.raises(DoorRefusedError):
        take(budget, state(budget))
    evening(budget)
    assert sweep(budget) == {}
    assert inbox(lotte) == []


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("registry.budget.begin", {"ean": LOTTES_EAN, "day": "2024-06-10"}),
        ("registry.budget.end", {"ean": MARIAS_EAN, "day": "2024-06-10"}),
        ("registry.budget.end", {"ean": LOTTES_EAN, "day": "2024-06-03"}),
    ],
)
def test_a_beginning_or_end_that_means_nothing_is_refused(
    budget: TheHouse, command: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        budget.operator(command, **arguments)
    assert refused.value.code == "conflict"


def test_nobody_sets_reads_or_ends_what_is_not_his_to(
    budget: TheHouse, lotte: Customer, erik: Party, joris: Party
) -> None:
    size = query(budget, "SELECT size FROM ledger.head")
    at = {"ean": LOTTES_EAN, "day": "2024-06-10"}
    operators, intakes = (
        (lotte.call, erik.call, joris.call, budget.intake),
        (lotte.call, erik.call, joris.call),
    )
    for calls, command, arguments in (
        (operators, "credit.average.set", {"electricity": [1] * 12, "gas": [1] * 12}),
        (operators, "registry.budget.begin", at | {"ean": MARIAS_EAN}),
        (operators, "registry.budget.end", at),
        (operators, "credit.sweep", {}),
        ((*intakes, budget.operator), "credit.take", {"states": [state(budget)]}),
    ):
        for call in calls:
            with pytest.raises(DoorRefusedError) as refused:
                call(command, **arguments)
            assert refused.value.code == "unauthenticated", command
    assert query(budget, "SELECT size FROM ledger.head") == size
    assert query(budget, "SELECT count(*) FROM metering.credit_day") == [(0,)]


def test_a_function_that_begins_and_ends_without_end_is_refused_before_its_length_tells(
    budget: TheHouse,
) -> None:
    length = "SELECT length(fact_sealed) FROM metering.budget_function"
    [before] = query(budget, length)

    def again(day: date) -> None:
        for command in ("registry.budget.end", "registry.budget.begin"):
            budget.operator(command, ean=LOTTES_EAN, day=day.isoformat())

    def without_end() -> None:
        for number in range(1, 101):
            again(date(2024, 6, 3) + timedelta(days=number))

    with pytest.raises(DoorRefusedError, match="too often") as refused:
        without_end()
    assert refused.value.code == "conflict"
    assert query(budget, length) == [before]


def test_a_function_that_was_put_at_another_stay_in_the_database_is_nobodys(
    budget: TheHouse, lotte: Customer
) -> None:
    budget.operator("registry.budget.begin", ean=MARIAS_EAN, day="2024-06-03")
    exchanged = (
        "UPDATE metering.budget_function b SET fact_sealed = o.fact_sealed FROM metering.budget_function o"
    )
    assert execute(budget, f"{exchanged} WHERE o.handle <> b.handle") == 2
    with pytest.raises(DoorRefusedError):
        take(budget, state(budget))
    assert inbox(lotte) == []


# --- the plan ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R178")
def test_a_check_of_the_day_counts_the_registers_of_active_budget_meters_by_themselves(
    budget: TheHouse,
) -> None:
    budget.clock.advance(timedelta(days=1))
    for day, expected in (("2024-06-02", 0), ("2024-06-03", 2)):
        report = budget.operator("reading_plan.check", day=day)
        found = [row for row in report["rows"] if row["reason"] == "budget_function"]
        assert [(row["expected"], row["missing"]) for row in found] == ([(2, 2)] if expected else [])


# --- nobody else ------------------------------------------------------------------------------------------


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items() if name not in VARIABLE}
    return [_without(one) for one in value] if isinstance(value, list) else value


def answers(party: Party, ean: str) -> str:
    """All that a party can ask of a point, as it goes over the wire."""
    day = day_of(party.house.clock.now()).isoformat()
    asked = (
        ("supply.request", {"ean": ean, "from_day": day}),
        ("supply.list", {}),
        ("readings.read", {"ean": ean, "purpose": "billing", **MONTH}),
        ("readings.read", {"ean": ean, "purpose": "grid_management", **MONTH}),
        ("readings.bulk", {"eans": [ean], "purpose": "billing", **MONTH}),
        ("permission.list", {}),
        ("credit.take", {"states": []}),
        ("credit.sweep", {}),
        ("registry.budget.begin", {"ean": ean, "day": day}),
        ("reading_plan.report", {"first": day, "last": day}),
        ("inbox.show", {}),
    )
    proof = {"kind": "token", "value": party.token}
    said = [
        party.house.client._exchange({"command": command, "proof": proof, "arguments": arguments})
        for command, arguments in asked
    ]
    return json.dumps(_without(said), sort_keys=True).replace(ean, "EAN")


@pytest.mark.requirement("R183")
@pytest.mark.parametrize("kind", ["outsider", "supplier", "switching supplier"])
def test_no_party_can_tell_a_budget_meter_from_any_other(budget: TheHouse, kind: str) -> None:
    role = "energy_service" if kind == "outsider" else "supplier"
    two = [budget.party("Een Partij", role) for _ in range(2)]
    if kind == "supplier":
        for party, ean in zip(two, (LOTTES_EAN, MARIAS_EAN), strict=True):
            budget.operator("registry.supply.accept", ean=ean, party_id=party.party_id, from_day="2024-01-01")
    take(budget, state(budget, 10))
    with_it, without_it = (
        answers(party, ean) for party, ean in zip(two, (LOTTES_EAN, MARIAS_EAN), strict=True)
    )
    assert with_it == without_it
    assert "budget" not in with_it.replace("registry.budget", "")


@pytest.mark.requirement("R183")
def test_the_database_says_in_clear_nowhere_whose_budget_meter_it_is(
    budget: TheHouse, lotte: Customer
) -> None:
    take(budget, state(budget, 10))
    [(stay,)] = query(
        budget, "SELECT occupancy_id FROM registry.occupancy WHERE person_id = %s", lotte.person_id
    )
    own = (str(stay), stay.hex, str(lotte.person_id), lotte.person_id.hex)
    for table in ("metering.budget_function", "metering.credit_day"):
        for (row,) in query(budget, f"SELECT to_jsonb(one)::text FROM {table} one"):
            assert not any(name in row for name in own)
    kinds = query(
        budget, "SELECT DISTINCT kind FROM post.message UNION SELECT DISTINCT event FROM ledger.body"
    )
    assert not any("budget" in kind or "credit" in kind for (kind,) in kinds)
    parties = query(
        budget, "SELECT count(*) FROM ledger.body WHERE event LIKE 'meter.%%' AND party_id IS NOT NULL"
    )
    assert parties == [(0,)]


def test_with_the_readings_of_a_stay_goes_all_that_is_known_of_its_credit(
    budget: TheHouse, lotte: Customer
) -> None:
    stay = lotte.occupancy()
    take(budget, state(budget))
    budget.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-03")
    budget.clock.advance(4 * timedelta(days=366))
    budget.operator(
        "erasure.decide",
        data_class="readings",
        reason="retention_ended",
        decided_by="DPO",
        occupancy_id=stay,
    )
    assert query(budget, "SELECT count(*) FROM metering.budget_function") == [(1,)]
    budget.operator("erasure.execute")
    for table in ("metering.budget_function", "metering.credit_day"):
        assert query(budget, f"SELECT count(*) FROM {table}") == [(0,)]


def test_with_the_readings_go_the_messages_that_said_how_much_credit_there_was(
    budget: TheHouse, lotte: Customer
) -> None:
    stay = lotte.occupancy()
    take(budget, state(budget))
    budget.clock.advance(timedelta(days=1))
    budget.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-04")
    assert [kind for kind, _ in inbox(lotte)] == ["meter.daily"]
    budget.operator(
        "erasure.decide", data_class="readings", reason="wrong_person", decided_by="DPO", occupancy_id=stay
    )
    budget.operator("erasure.execute")
    assert inbox(lotte) == []


@pytest.mark.requirement("R183")
def test_what_was_told_of_days_after_a_stay_that_ended_is_gone_once_the_move_is_reported(
    budget: TheHouse, lotte: Customer
) -> None:
    for credit in (1_000, 4_321):
        take(budget, state(budget, credit))
        budget.clock.advance(timedelta(days=2))
    told = inbox(lotte)
    budget.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-04")
    assert inbox(lotte) == told[1:]
    assert query(budget, "SELECT day FROM metering.credit_day") == [(date(2024, 6, 3),)]


def test_a_day_that_is_long_over_leaves_its_entry_and_no_row(budget: TheHouse, lotte: Customer) -> None:
    take(budget, state(budget))
    budget.clock.advance(timedelta(days=100))
    evening(budget)
    assert sweep(budget) == {"meter.told": 1}
    assert query(budget, "SELECT count(*) FROM metering.credit_day WHERE state_sealed IS NOT NULL") == [(0,)]
    assert log_of(lotte)[-1:] == of_days("3 juni 2024")
