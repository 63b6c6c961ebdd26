"""User ports: closed by default, opened and closed by who lives there, carried out by the grid operator in 24 hours."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.restore.reapplying import apply_ends
from databeheer.errors import DatabeheerError
from ledger.commitment import Opening
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.databases import Database
from tests.doors import held, meanwhile, query
from tests.house import Customer, Party, TheHouse, open_house

METER = "1SAG0000000001"
READ_TEXT = {"notice": "Wat een poort doet", "language": "nl"}
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def install(house: TheHouse, ean: str = LOTTES_EAN, meter: str = METER, *ports: str, **changes: Any) -> str:
    """Hang a digital meter with both ports at a point, unless others are named."""
    wanted = {"ean": ean, "meter": meter, "digital": True, "ports": list(ports or ("P1", "S1"))}
    return str(house.operator("registry.meter.install", **(wanted | changes))["meter_id"])


def shown(customer: Customer, port: str = "P1") -> dict[str, Any]:
    """One port as its customer sees it."""
    return next(one for one in its_meter(customer)[1]["ports"] if one["port"] == port)


def its_meter(customer: Customer) -> tuple[str, dict[str, Any]]:
    """Where the customer has a meter, and the meter; the one with ports, where there are several."""
    points = customer.call("port.list")["points"]
    found = [(point["occupancy_id"], meter) for point in points for meter in point["meters"]]
    return max(found, key=lambda one: len(one[1]["ports"]))


def which(customer: Customer, port: str = "P1") -> dict[str, Any]:
    occupancy_id, meter = its_meter(customer)
    return {"occupancy_id": occupancy_id, "meter_id": meter["meter_id"], "port": port}


def ask_open(customer: Customer, port: str = "P1", **changes: Any) -> dict[str, Any]:
    wanted = which(customer, port) | {"seen": shown(customer, port)["seen"]} | READ_TEXT
    return customer.call("port.open", **(wanted | changes))


def ask_close(customer: Customer, port: str = "P1") -> dict[str, Any]:
    return customer.call("port.close", **which(customer, port))


def orders(net: Party, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = net.call("port.orders", **filters)["orders"]
    return found


def execute(net: Party, order: dict[str, Any]) -> dict[str, Any]:
    return net.call("port.executed", order_id=order["order_id"])


def opened(customer: Customer, net: Party) -> None:
    """The customer's P1, open."""
    execute(net, ask_open(customer))


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    """What is said where nothing happens."""
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code, str(error.value)


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def told(customer: Customer) -> list[str]:
    return [one["event"] for one in customer.statements()]


@pytest.fixture
@setting_up
def fitted(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with a digital meter."""
    install(house)
    return lotte


# --- what there is ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R135")
@pytest.mark.parametrize(
    "number", [LOTTES_EAN, f"1SAG{LOTTES_EAN}", "1SAG 0000000001", "-1SAG1", "1SAG_1", "é1"]
)
def test_what_is_no_meters_number_hangs_nowhere(house: TheHouse, lotte: Customer, number: str) -> None:
    with pytest.raises(DoorRefusedError) as refusal:
        house.operator("registry.meter.install", ean=LOTTES_EAN, meter=number, digital=True)
    assert refusal.value.code == "malformed-request"
    assert query(house, "SELECT count(*) FROM registry.meter WHERE is_digital") == [(0,)]


@pytest.mark.requirement("R51", "R52")
def test_a_new_meter_has_all_its_ports_closed_and_its_customer_is_told(
    house: TheHouse, fitted: Customer
) -> None:
    assert [(shown(fitted, port)["is_open"], shown(fitted, port)["waiting"]) for port in ("P1", "S1")] == [
        (False, None),
        (False, None),
    ]
    assert told(fitted)[0] == "meter.installed"
    [(kept,)] = query(house, "SELECT text FROM permissions.notice")
    assert "dicht" in kept
    assert "gratis" in kept


@pytest.mark.requirement("R51")
def test_nobody_can_write_down_a_port_that_is_open(house: TheHouse, fitted: Customer) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(house.database.url("door")) as connection,
    ):
        connection.execute(
            "INSERT INTO registry.user_port (user_port_id, operator, meter_id, port, is_open)"
            " SELECT gen_random_uuid(), 1, meter_id, 'P1', true FROM registry.meter"
        )
    with (  # the house opens nothing by itself
        pytest.raises(psycopg.errors.CheckViolation),
        psycopg.connect(house.database.url("superuser")) as connection,
    ):
        connection.execute(
            "INSERT INTO registry.port_order (port_order_id, operator, user_port_id, occupancy_id, wanted,"
            " because, state, asked_at, due_at, asked_index) SELECT gen_random_uuid(), 1, user_port_id,"
            " occupancy_id, 'open', 'moved_out', 'waiting', now(), now(), 0"
            " FROM registry.user_port, registry.occupancy"
        )


@pytest.mark.parametrize(
    ("kind", "obstacle", "words"),
    [
        ({"digital": False, "ports": []}, "not_digital", "not digital"),
        ({"ports": []}, "no_such_port", "no such port"),
        ({"ports": ["S1"]}, None, "no such port"),
        (None, "unknown_meter", "not known"),
    ],
    ids=["not digital", "digital, no ports", "another port", "nobody said what it is"],
)
def test_a_port_that_the_meter_does_not_have_is_refused_with_the_reason(
    house: TheHouse, lotte: Customer, kind: dict[str, Any] | None, obstacle: str | None, words: str
) -> None:
    install(house, **(kind or {}))
    if kind is None:
        with psycopg.connect(house.database.url("superuser")) as connection:
            connection.execute("UPDATE registry.meter SET is_digital = NULL")
    [point] = lotte.call("port.list")["points"]
    assert point["meters"][0]["obstacle"] == obstacle
    before = size(house)
    code, said = refused(lambda: lotte.call("port.open", **which(lotte), seen=0, **READ_TEXT))
    assert code == "no-user-port"
    assert words in said
    assert refused(lambda: ask_close(lotte))[0] == "no-user-port"
    assert size(house) == before


def test_what_a_meter_is_can_be_set_right_but_not_under_an_open_port(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    before = size(house)
    for change in ({"ports": ["S1"]}, {"digital": False, "ports": []}):
        assert refused(lambda change=change: install(house, **change))[0] == "conflict"  # type: ignore[misc]
    assert refused(lambda: install(house, digital=False))[0] == "malformed-request"
    assert size(house) == before
    install(house, LOTTES_EAN, METER, "P1")  # S1 was a mistake
    assert shown(fitted)["is_open"]
    assert refused(lambda: ask_close(fitted, "S1"))[0] == "no-user-port"
    install(house)
    assert not shown(fitted, "S1")["is_open"]


def test_a_meter_that_is_taken_away_takes_its_ports_and_their_orders(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    ask_open(fitted, "S1")
    removal = {"ean": LOTTES_EAN, "meter": METER, "removed_on": day_of(house.clock.now()).isoformat()}
    later = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    assert refused(lambda: house.operator("registry.meter.remove", **(removal | {"removed_on": later})))
    assert house.operator("registry.meter.remove", **removal) == {"orders_ended": 1, "withdrawn_days": 0}
    assert fitted.call("port.list")["points"][0]["meters"] == []
    assert orders(net) == []
    assert told(fitted)[:2] == ["port.impossible", "meter.removed"]
    assert refused(lambda: house.operator("registry.meter.remove", **removal))[0] == "conflict"
    install(house)  # hung back
    assert not shown(fitted)["is_open"]


# --- open and close ---------------------------------------------------------------------------------------


@pytest.mark.requirement("R53", "R54", "R55")
def test_a_customer_opens_and_closes_and_each_step_is_recorded_and_reaches_the_grid_operator_at_once(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    asked = ask_open(fitted)
    assert asked["is_new"]
    [order] = orders(net)
    assert order == {
        "order_id": asked["order_id"],
        "state": "waiting",
        "port": "P1",
        "wanted": "open",
        "ean": LOTTES_EAN,
        "meter": METER,
        "asked_at": order["asked_at"],
        "due_at": asked["due_at"],
        "ended_at": None,
        "is_overdue": False,
    }
    assert datetime.fromisoformat(order["asked_at"]) == house.clock.now().replace(
        microsecond=house.clock.now().microsecond // 1000 * 1000
    )
    assert not shown(fitted)["is_open"]  # not before the grid operator says so
    execute(net, order)
    assert shown(fitted)["is_open"]
    assert not shown(fitted, "S1")["is_open"]
    closing = ask_close(fitted)
    assert [one["wanted"] for one in orders(net)] == ["closed"]
    execute(net, closing)
    assert not shown(fitted)["is_open"]
    assert told(fitted)[:6] == [
        "port.closed",
        "port.forwarded",
        "port.closing_asked",
        "port.opened",
        "port.forwarded",
        "port.opening_asked",
    ]
    assert [one["state"] for one in orders(net, state="executed")] == ["executed", "executed"]


@pytest.mark.requirement("R53")
def test_what_was_read_is_kept_with_the_opening(house: TheHouse, fitted: Customer) -> None:
    ask_open(fitted, notice="Dit las ik")
    assert ("Dit las ik",) in query(house, "SELECT text FROM permissions.notice")
    without = {name: value for name, value in READ_TEXT.items() if name != "notice"}
    wanted = which(fitted, "S1") | {"seen": 0} | without
    assert refused(lambda: fitted.call("port.open", **wanted))[0] == "malformed-request"


@pytest.mark.requirement("R53")
def test_both_sides_keep_a_receipt_of_each_step(house: TheHouse, fitted: Customer, net: Party) -> None:
    asked = ask_open(fitted)
    done = execute(net, asked)
    for index in (asked["index"], done["index"]):
        own = fitted.call("receipt.opening", index=index)
        theirs = net.call("receipt.opening", index=index)
        assert "subject" in own["opening"]
        assert "subject" not in theirs["opening"]


@pytest.mark.requirement("R52", "R54")
def test_customer_and_grid_operator_are_told_of_each_step_that_is_theirs_and_nobody_else(
    house: TheHouse, fitted: Customer, net: Party, joris: Party
) -> None:
    opened(fitted, net)
    ask_close(fitted)
    rows = query(
        house,
        "SELECT kind, person_id::text, party_id::text FROM post.message WHERE kind ~ '^(port|meter)' ORDER BY at",
    )
    mine, theirs = (str(fitted.person_id), None), (None, net.party_id)
    assert sorted(rows, key=str) == sorted(
        [
            ("meter.installed", *mine),
            *((f"port.{step}", *mine) for step in ("opening_asked", "opened", "closing_asked")),
            *((f"port.{step}", *theirs) for step in ("opening_asked", "closing_asked")),
        ],
        key=str,
    )


def test_clicking_twice_gives_one_order_and_one_entry(house: TheHouse, fitted: Customer, net: Party) -> None:
    first = ask_open(fitted)
    before = size(house)
    second = ask_open(fitted, seen=0)  # a second window, that does not know of the first
    assert second == first | {"is_new": False, "promise": None}
    assert size(house) == before
    assert len(orders(net)) == 1
    execute(net, first)
    assert refused(lambda: ask_open(fitted))[0] == "conflict"
    assert refused(lambda: ask_close(fitted, "S1"))[0] == "conflict"


def test_a_close_takes_the_place_of_an_open_that_still_waits(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    asked = ask_open(fitted)
    closing = ask_close(fitted)
    assert [one["order_id"] for one in orders(net)] == [closing["order_id"]]
    # It is sent although the port counts as closed: the grid operator may have opened it and not yet said so.
    code, said = refused(lambda: execute(net, asked))
    assert (code, "a later order" in said) == ("conflict", True)
    execute(net, closing)
    assert not shown(fitted)["is_open"]
    assert {one["order_id"] for one in orders(net, state="replaced")} == {asked["order_id"]}
    assert closing["order_id"] in of_the_replaced(fitted)


def of_the_replaced(customer: Customer) -> str:
    """What a customer gets to read of the order that a later one took the place of."""
    [over] = [one for one in customer.statements() if one["event"] == "port.replaced"]
    opening = customer.call("receipt.opening", index=over["index"])["opening"]
    return Opening.from_dict(opening).shared_body.decode()


def test_who_left_hears_that_the_close_is_over_and_not_what_the_newcomer_ordered(
    house: TheHouse, fitted: Customer, maria: Customer, net: Party
) -> None:
    execute(net, ask_open(fitted))
    day = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day)
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(maria.person_id), from_day=day)
    here = next(one for one in maria.call("port.list")["points"] if one["meters"])
    meter = next(one for one in here["meters"] if one["ports"])
    opening = maria.call(
        "port.open",
        occupancy_id=here["occupancy_id"],
        meter_id=meter["meter_id"],
        port=meter["ports"][0]["port"],
        seen=meter["ports"][0]["seen"],
        notice="What was read",
        language="nl",
    )
    assert opening["order_id"] not in of_the_replaced(fitted)


def test_an_open_after_a_close_that_waits_needs_a_page_that_knew_of_it(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    stale = shown(fitted)["seen"]
    ask_close(fitted)
    before = size(house)
    code, said = refused(lambda: ask_open(fitted, seen=stale))
    assert (code, "look again" in said) == ("conflict", True)
    assert size(house) == before
    again = ask_open(fitted)
    assert [one["order_id"] for one in orders(net)] == [again["order_id"]]


def test_closing_never_depends_on_how_old_the_page_is(fitted: Customer, net: Party) -> None:
    wanted = which(fitted)
    opened(fitted, net)
    assert fitted.call("port.close", **wanted)["is_new"]


def test_one_port_says_nothing_of_the_other(fitted: Customer, net: Party) -> None:
    ask_open(fitted)
    assert shown(fitted, "S1")["waiting"] is None
    ask_open(fitted, "S1")
    assert [one["port"] for one in orders(net)] == ["P1", "S1"]


@pytest.mark.requirement("R53")
def test_nobody_but_who_lives_there_orders_or_sees_a_port(
    house: TheHouse, fitted: Customer, maria: Customer, net: Party, joris: Party
) -> None:
    wanted = which(fitted)
    resident = house.customer("ward", "Ward Janssens")
    house.operator(
        "registry.concerned.begin",
        ean=LOTTES_EAN,
        person_id=str(resident.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )
    before = size(house)
    for other in (maria, resident):
        assert refused(lambda other=other: other.call("port.close", **wanted)) == refused(  # type: ignore[misc]
            lambda other=other: other.call(  # type: ignore[misc]
                "port.close", **(wanted | {"occupancy_id": "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d"})
            )
        )
        assert refused(lambda other=other: other.call("port.open", **wanted, seen=0, **READ_TEXT))[0] == (  # type: ignore[misc]
            "not-found"
        )
    for party in (joris, net):
        assert refused(lambda party=party: party.call("port.open", **wanted, seen=0, **READ_TEXT))[0] == (  # type: ignore[misc]
            "unauthenticated"
        )
        assert refused(lambda party=party: party.call("port.list"))[0] == "unauthenticated"  # type: ignore[misc]
    assert refused(lambda: house.operator("port.open", **wanted, seen=0, **READ_TEXT))[0] == "unauthenticated"
    assert size(house) == before
    # Her own address with a meter of another one.
    mine = {"occupancy_id": maria.occupancy()}
    assert refused(lambda: maria.call("port.close", **(wanted | mine)))[0] == "not-found"


def test_only_the_grid_operator_of_that_grid_sees_and_answers_orders(
    house: TheHouse, fitted: Customer, net: Party, joris: Party, erik: Party
) -> None:
    with pytest.raises(DatabeheerError, match="grid operator 1 is registered already"):
        house.operator("registry.operator.add", code="net-ander", name="Ander Net")
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    other = house.party("Ander Net", "dso", operator=2)
    order = ask_open(fitted)
    before = size(house)
    assert orders(other) == []
    assert refused(lambda: execute(other, order))[0] == "not-found"
    for party in (joris, erik):
        assert refused(lambda party=party: party.call("port.orders"))[0] == "no-legal-basis"  # type: ignore[misc]
        for unknown in (order["order_id"], "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d"):
            for command, more in (("port.executed", {}), ("port.impossible", {"reason": "no_such_port"})):
                code, _ = refused(
                    lambda party=party, unknown=unknown, command=command, more=more: party.call(  # type: ignore[misc]
                        command, order_id=unknown, **more
                    )
                )
                assert code == "no-legal-basis"
    assert refused(lambda: fitted.call("port.orders"))[0] == "unauthenticated"
    assert refused(lambda: fitted.call("port.executed", order_id=order["order_id"]))[0] == "unauthenticated"
    assert size(house) == before
    assert [one["order_id"] for one in house.operator("port.orders")["orders"]] == [order["order_id"]]
    house.operator("port.executed", order_id=order["order_id"])
    assert shown(fitted)["is_open"]


def test_an_order_is_answered_once_and_a_repeat_under_its_key_gets_the_same_answer(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    order = ask_open(fitted)
    first = net.call("port.executed", order_id=order["order_id"], idempotency_key="k-1")
    before = size(house)
    assert net.call("port.executed", order_id=order["order_id"], idempotency_key="k-1") == first
    assert refused(lambda: execute(net, order))[0] == "conflict"
    assert (
        refused(lambda: net.call("port.impossible", order_id=order["order_id"], reason="no_such_port"))[0]
        == "conflict"
    )
    assert size(house) == before


def test_a_port_that_the_grid_operator_does_not_find_is_gone_for_the_customer(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    order = ask_open(fitted, "S1")
    net.call("port.impossible", order_id=order["order_id"], reason="no_such_port")
    assert told(fitted)[0] == "port.impossible"
    assert refused(lambda: fitted.call("port.open", **which(fitted, "S1"), seen=1, **READ_TEXT))[0] == (
        "no-user-port"
    )
    assert not shown(fitted)["is_open"]


def test_orders_come_in_pages_oldest_first(house: TheHouse, fitted: Customer, net: Party) -> None:
    placed = [ask_open(fitted)["order_id"], ask_open(fitted, "S1")["order_id"]]
    first = net.call("port.orders", limit=1)
    second = net.call("port.orders", limit=1, cursor=first["next_cursor"])
    assert [page["orders"][0]["order_id"] for page in (first, second)] == placed
    assert second["next_cursor"] is None


# --- a day of 24 hours ------------------------------------------------------------------------------------


@pytest.mark.requirement("R55")
@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["23-hour day", "25-hour day"])
@pytest.mark.parametrize(
    ("late", "is_overdue"),
    [(-timedelta(microseconds=1), False), (timedelta(), True), (timedelta(microseconds=1), True)],
    ids=["t-1", "t", "t+1"],
)
def test_the_grid_operator_has_24_hours_by_the_clock_also_where_the_day_has_23_or_25(
    database: Database, change: datetime, late: timedelta, is_overdue: bool
) -> None:
    with open_house(database, now=change - timedelta(hours=10)) as house:
        lotte = house.customer("lotte", "Lotte Janssens")
        house.point(LOTTES_EAN, lotte)
        net = house.party("Net", "dso", operator=1)
        install(house)
        asked = ask_open(lotte)
        due = house.clock.now() + timedelta(hours=24)
        assert datetime.fromisoformat(asked["due_at"]) == due
        house.clock.set(due + late)
        lotte.session = house.log_in("lotte", "Lotte Janssens")
        net.token = house.token(net.client_id, net.client_secret)
        assert orders(net)[0]["is_overdue"] is is_overdue
        assert shown(lotte)["waiting"]["is_overdue"] is is_overdue
        done = execute(net, asked)["order"]
        assert (done["state"], done["is_overdue"]) == ("executed", is_overdue)  # late, but done
        with house.house.engine.connect() as connection:
            [counted] = [
                one
                for one in clocks.figures(
                    connection, due - timedelta(days=2), house.clock.now() + timedelta(seconds=1)
                )
                if one.kind == "port_execution"
            ]
        assert (counted.kept, counted.missed) == (int(not is_overdue), int(is_overdue))


@pytest.mark.requirement("R55")
def test_an_order_that_nobody_carries_out_is_on_the_breach_list_until_it_is_done(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    asked = ask_open(fitted)
    house.clock.advance(timedelta(hours=24))
    fitted.session = house.log_in(fitted.subject, fitted.name)
    net.token = house.token(net.client_id, net.client_secret)

    def breaches() -> list[tuple[str, str]]:
        with house.house.engine.connect() as connection:
            found = clocks.due(connection, house.clock.now(), kind="port_execution")
        return [(str(one.about), str(one.party_id)) for one in found]

    assert breaches() == [(asked["order_id"], net.party_id)]
    closing = ask_close(
        fitted
    )  # a change of mind takes it off the list of what waits, not out of the figures
    assert breaches() == []
    execute(net, closing)
    with house.house.engine.connect() as connection:
        now = house.clock.now()
        found = clocks.figures(connection, now - timedelta(days=2), now + timedelta(seconds=1))
    counted = next(one for one in found if one.kind == "port_execution")
    assert (counted.kept, counted.missed) == (1, 1)


@pytest.mark.requirement("R54")
def test_when_the_grid_operator_first_has_an_order_is_recorded_once_and_measured(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    ask_open(fitted)
    house.operator("port.orders")  # the operator's own look is not the grid operator's
    assert shown(fitted)["waiting"]["forwarded_at"] is None
    house.clock.advance(timedelta(minutes=3))
    orders(net)
    seen = shown(fitted)["waiting"]["forwarded_at"]
    assert seen is not None
    before = size(house)
    orders(net)
    assert size(house) == before
    assert shown(fitted)["waiting"]["forwarded_at"] == seen
    assert told(fitted)[:2] == ["port.forwarded", "port.opening_asked"]
    with house.house.engine.connect() as connection:
        now = house.clock.now()
        found = clocks.figures(connection, now - timedelta(days=1), now + timedelta(seconds=1))
    assert [(one.kept, one.missed) for one in found if one.kind == "port_forwarding"] == [(1, 0)]


# --- who leaves -------------------------------------------------------------------------------------------


def move_out(house: TheHouse, until: str | None = None) -> None:
    day = until or day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day)


def move_in(house: TheHouse, person: Customer) -> None:
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(person.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )


@pytest.mark.requirement("R57")
@pytest.mark.parametrize("days_late", [0, 21], ids=["reported in time", "reported three weeks late"])
def test_a_move_closes_the_ports_in_the_same_turn_and_the_next_occupant_begins_closed(
    house: TheHouse, fitted: Customer, maria: Customer, net: Party, days_late: int
) -> None:
    opened(fitted, net)
    ask_open(fitted, "S1")
    move_out(house, (day_of(house.clock.now()) - timedelta(days=days_late)).isoformat())
    assert told(fitted)[:4] == [
        "port.replaced",
        "port.closing_asked",
        "port.closing_asked",
        "occupancy.ended",
    ]
    assert sorted((one["port"], one["wanted"]) for one in orders(net)) == [("P1", "closed"), ("S1", "closed")]
    move_in(house, maria)
    for order in orders(net):
        execute(net, order)
    [point] = [one for one in maria.call("port.list")["points"] if one["meters"]]
    assert [(port["is_open"], port["waiting"], port["since"]) for port in point["meters"][0]["ports"]] == [
        (False, None, None),
        (False, None, None),
    ]
    assert not [event for event in told(maria) if event.startswith("port.")]  # it was not her port


@pytest.mark.requirement("R57")
def test_the_next_occupant_sees_that_a_port_is_still_being_closed_but_not_for_whom(
    house: TheHouse, fitted: Customer, maria: Customer, net: Party
) -> None:
    opened(fitted, net)
    move_out(house)
    move_in(house, maria)
    [point] = [one for one in maria.call("port.list")["points"] if one["meters"]]
    port = point["meters"][0]["ports"][0]
    assert port["waiting"]["wanted"] == "closed"
    assert (port["waiting"]["is_own"], port["waiting"]["index"]) == (False, None)
    wanted = {"occupancy_id": point["occupancy_id"], "meter_id": point["meters"][0]["meter_id"], "port": "P1"}
    asked = maria.call("port.open", **wanted, seen=port["seen"], **READ_TEXT)  # her own choice, at once
    assert [one["order_id"] for one in orders(net)] == [asked["order_id"]]


def test_a_move_of_somebody_whose_ports_are_closed_or_closing_orders_nothing_more(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    closing = ask_close(fitted)
    move_out(house)
    assert [one["order_id"] for one in orders(net)] == [closing["order_id"]]
    assert "port.closing_asked" not in told(fitted)[:1]


def test_who_moved_out_yesterday_orders_nothing_any_more(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    wanted = which(fitted)
    house.point(MARIAS_EAN, fitted)  # she lives elsewhere too, so her session goes on
    move_out(house, (day_of(house.clock.now()) - timedelta(days=1)).isoformat())
    before = size(house)
    for act in (
        lambda: fitted.call("port.open", **wanted, seen=0, **READ_TEXT),
        lambda: fitted.call("port.close", **wanted),
    ):
        code, said = refused(act)
        assert code == "conflict"
        assert "any more" in said
    assert size(house) == before
    assert orders(net) == []


def test_who_comes_tomorrow_orders_nothing_yet(house: TheHouse, net: Party) -> None:
    maria = house.customer("maria", "Maria Peeters")
    tomorrow = day_of(house.clock.now()) + timedelta(days=1)
    house.point(LOTTES_EAN, maria, since=tomorrow)
    meter_id = install(house)
    assert maria.call("port.list")["points"] == []
    wanted = {"occupancy_id": maria.occupancy(), "meter_id": meter_id, "port": "P1"}
    code, said = refused(lambda: maria.call("port.open", **wanted, seen=0, **READ_TEXT))
    assert (code, "yet" in said) == ("conflict", True)


@pytest.mark.requirement("R57")
def test_a_death_closes_what_the_dead_had_opened_and_heirs_get_nothing(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    ask_open(fitted, "S1")
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.person.died", person_id=str(fitted.person_id), died_on=today, reference="R-1")
    assert sorted((one["port"], one["wanted"]) for one in orders(net)) == [("P1", "closed"), ("S1", "closed")]


# --- what it opens: nothing -------------------------------------------------------------------------------


@pytest.mark.requirement("R56")
def test_an_open_port_gives_nobody_remote_access(
    house: TheHouse, measured: Customer, net: Party, bram: Party, joris: Party, erik: Party
) -> None:
    install(house)
    mine = measured.grant(bram.ask(granularity="day"))["permission"]["permission_id"]
    period = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}

    def decided(party: Party, **wish: Any) -> tuple[str, Any]:
        try:
            answer = party.call("readings.read", **period, mode="clip", **wish)
        except DoorRefusedError as error:
            return error.code, error.reason
        return "granted", (answer["granted"], answer["refused"], answer["channels"])

    def all_decisions() -> list[tuple[str, Any]]:
        quarter = {"ean": LOTTES_EAN, "granularity": "quarter_hour"}
        return [
            *(decided(party, **quarter) for party in (joris, bram, erik, net)),
            decided(bram, permission_id=mine, granularity="day"),
            decided(bram, permission_id=mine, granularity="quarter_hour"),
        ]

    before = all_decisions()
    assert {code for code, _ in before} > {"granted"}
    opened(measured, net)
    execute(net, ask_open(measured, "S1"))
    assert all_decisions() == before


# --- races, restores, tampering ---------------------------------------------------------------------------


def test_two_windows_at_once_leave_one_order_and_a_move_at_the_same_time_leaves_it_closed(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    wanted = which(fitted)
    with held(house) as lock:
        clicks: list[Future[Any]] = []
        for _ in range(2):
            client = DoorClient(house.socket)
            proof = Proof.session(fitted.session)
            clicks.append(
                meanwhile(
                    client,
                    lambda client=client, proof=proof: client.call(  # type: ignore[misc]
                        "port.open", proof, **wanted, seen=0, **READ_TEXT
                    ),
                )
            )
        lock.until_waiting(2)
        lock.release()
    answers = [click.result(60) for click in clicks]
    assert sorted(answer["is_new"] for answer in answers) == [False, True]
    assert len({answer["order_id"] for answer in answers}) == 1
    house.point(MARIAS_EAN, fitted)
    with held(house) as lock:
        mover, clicker = DoorClient(house.socket), DoorClient(house.socket)
        day = day_of(house.clock.now()).isoformat()
        moving = meanwhile(
            mover,
            lambda: mover.call(
                "registry.occupancy.end", Proof.operator(house.operator_key), ean=LOTTES_EAN, until_day=day
            ),
        )
        proof = Proof.session(fitted.session)
        clicking = meanwhile(clicker, lambda: clicker.call("port.open", proof, **wanted, seen=1, **READ_TEXT))
        lock.until_waiting(2)
        lock.release()
    moving.result(60)
    if (error := clicking.exception(60)) is not None:
        assert isinstance(error, DoorRefusedError)
    assert [one["wanted"] for one in orders(net)] == ["closed"]


def test_a_close_that_a_restored_database_forgot_is_given_again(
    house: TheHouse, fitted: Customer, net: Party
) -> None:
    opened(fitted, net)
    ask_close(fitted)
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute("DELETE FROM registry.port_order WHERE wanted = 'closed'")
    assert shown(fitted)["is_open"]
    with house.house.turn() as turn:
        assert apply_ends(house.house, turn, house.house.ends.since(0)) == 1
    assert [one["wanted"] for one in orders(net)] == ["closed"]
    with house.house.turn() as turn:
        assert apply_ends(house.house, turn, house.house.ends.since(0)) == 0


@pytest.mark.requirement("R57")
def test_an_opening_that_a_restored_database_forgot_is_closed_before_somebody_else_lives_there(
    house: TheHouse, fitted: Customer, maria: Customer, net: Party
) -> None:
    opened(fitted, net)
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute("DELETE FROM registry.port_order")
        connection.execute("UPDATE registry.user_port SET is_open = false")
    assert not shown(fitted)["is_open"]  # so the database says; the grid operator has opened it
    with house.house.turn() as turn:
        assert apply_ends(house.house, turn, house.house.ends.since(0)) == 1
    [order] = orders(net)
    assert (order["port"], order["wanted"]) == ("P1", "closed")
    move_out(house)
    assert [one["order_id"] for one in orders(net)] == [order["order_id"]]
    execute(net, order)
    move_in(house, maria)
    [point] = [one for one in maria.call("port.list")["points"] if one["meters"]]
    assert not any(port["is_open"] for port in point["meters"][0]["ports"])


def test_an_order_that_somebody_changed_in_the_database_is_told_by_the_check_of_bodies(
    house: TheHouse, fitted: Customer
) -> None:
    asked = ask_open(fitted)
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute(
            "UPDATE ledger.statement SET event = 'port.closing_asked' WHERE index = %s", (asked["index"],)
        )
    checked = house.operator("ledger.check_bodies", start=0, limit=1000)
    assert [problem["index"] for problem in checked["problems"]] == [asked["index"]]


def test_a_stop_of_all_hand_over_stops_no_port(house: TheHouse, fitted: Customer, net: Party) -> None:
    opened(fitted, net)
    house.operator("stop.set", reason="test")
    assert ask_close(fitted)["is_new"]
