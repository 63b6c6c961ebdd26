"""A message counts once under its sender's number, for its sender's own points and contracts, and with a record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.registry import messages
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.access_register.sending import announced, contracts, refused, send, stays, who
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

UNKNOWN_EAN = "541448899990000060"
MOVED = "2023-10-29"


def test_the_same_message_again_gets_its_first_answer_and_happens_once(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    message = {"number": "2026-1", "ean": LOTTES_EAN, "identity": "lotte", "until": MOVED}
    first = send(net, "customer.moved_out", **message)
    size = query(house, "SELECT size FROM ledger.head")
    send_later = timedelta(days=400)  # long after any idempotency key
    house.clock.advance(send_later)
    house.put_in_order(net.party_id)
    net.token = house.token(net.client_id, net.client_secret)
    size = query(house, "SELECT size FROM ledger.head")
    assert send(net, "customer.moved_out", **message) == first
    assert query(house, "SELECT size FROM ledger.head") == size
    [taken] = net.call("register.messages")["messages"]
    assert (taken["number"], taken["kind"]) == ("2026-1", "customer.moved_out")
    assert taken["index"] == first["index"]


def test_another_message_under_a_number_that_was_taken_is_refused(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    message = {"number": "2026-1", "ean": LOTTES_EAN, "identity": "lotte"}
    send(net, "customer.moved_out", **message, until=MOVED)
    assert refused(net, "customer.moved_out", **message, until="2023-10-28")[0] == "message-number-reused"
    assert refused(net, "customer.called_off", **message, on="2022-01-01")[0] == "message-number-reused"
    assert stays(house, LOTTES_EAN)[-1][2] == MOVED


def test_one_number_of_two_senders_is_two_numbers(
    house: TheHouse, lotte: Customer, net: Party, erik: Party
) -> None:
    send(net, "customer.moved_out", number="1", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    day = day_of(house.clock.now()).isoformat()
    assert send(erik, "contract.announced", number="1", ean=LOTTES_EAN, **{"from": day})["announcement"]
    assert [one["kind"] for one in erik.call("register.messages")["messages"]] == ["contract.announced"]


def test_what_was_refused_is_judged_anew_under_its_number(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    arrives = {"number": "2", "ean": LOTTES_EAN, "customer": who("noor"), "from": MOVED}
    code, words = refused(net, "customer.moved_in", **arrives)
    assert code == "conflict"
    assert "somebody lives there" in words
    send(net, "customer.moved_out", number="1", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    assert send(net, "customer.moved_in", **arrives)["number"] == "2"
    assert [stay[1:] for stay in stays(house, LOTTES_EAN)] == [("2022-01-01", MOVED), (MOVED, None)]


def test_a_number_is_forgotten_after_two_years(house: TheHouse, lotte: Customer, net: Party) -> None:
    send(net, "customer.moved_out", number="1", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    execute(house, "UPDATE registry.register_message SET taken_at = taken_at - interval '732 days'")
    assert timedelta(days=732) > messages.KEPT_FOR
    send(net, "customer.moved_in", number="2", ean=LOTTES_EAN, customer=who("noor"), **{"from": MOVED})
    assert [one["number"] for one in net.call("register.messages")["messages"]] == ["2"]


@pytest.mark.requirement("R27", "R29")
def test_the_customer_sees_who_reported_the_move_and_is_told(
    house: TheHouse, lotte: Customer, net: Party, bram: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    taken = send(net, "customer.moved_out", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    assert bram.permission(asked["permission_id"])["state"] == "invalidated"
    lotte.session = house.log_in(lotte.subject, lotte.name)
    seen = {one["event"]: one for one in lotte.statements()}
    assert {"register.message_taken", "occupancy.ended", "permission.invalidated"} <= seen.keys()
    assert seen["register.message_taken"]["index"] == taken["index"]
    assert seen["register.message_taken"]["party"]["name"] == net.name
    assert "occupancy.ended" in [one["kind"] for one in lotte.call("inbox.show", limit=50)["messages"]]
    opening = net.call("receipt.opening", index=taken["index"])
    assert opening


@pytest.mark.parametrize(
    "role", ["energy_service", "supplier_service", "data_manager", "other_grid_operator"]
)
def test_who_is_neither_grid_operator_nor_supplier_reports_nothing(
    house: TheHouse, lotte: Customer, role: str
) -> None:
    other = house.party("Een ander", role)
    for kind, said in (
        ("customer.moved_out", {"ean": LOTTES_EAN, "identity": "lotte", "until": MOVED}),
        ("contract.announced", {"ean": LOTTES_EAN, "from": day_of(house.clock.now()).isoformat()}),
    ):
        assert refused(other, kind, **said)[0] == "no-legal-basis"
    for command in ("register.messages", "supply.announcements", "supply.contracts"):
        with pytest.raises(DoorRefusedError) as error:
            other.call(command)
        assert error.value.code == "no-legal-basis"
    with pytest.raises(DoorRefusedError) as error:
        other.call("register.batch", messages=[{"number": "1"}])
    assert error.value.code == "no-legal-basis"


def test_each_role_reports_its_own_kinds_only(
    house: TheHouse, lotte: Customer, net: Party, erik: Party
) -> None:
    moved = {"ean": LOTTES_EAN, "identity": "lotte", "until": MOVED}
    assert refused(erik, "customer.moved_out", **moved)[0] == "no-legal-basis"
    day = {"from": day_of(house.clock.now()).isoformat()}
    assert refused(net, "contract.announced", ean=LOTTES_EAN, **day)[0] == "no-legal-basis"
    name = announced(erik, LOTTES_EAN, day["from"])
    assert refused(erik, "contract.accepted", announcement=name)[0] == "no-legal-basis"
    assert refused(net, "contract.withdrawn", announcement=name)[0] == "no-legal-basis"


OF_A_POINT: list[tuple[str, dict[str, Any]]] = [
    ("customer.moved_in", {"customer": who("noor"), "from": MOVED}),
    ("customer.moved_out", {"identity": "lotte", "until": MOVED}),
    ("customer.called_off", {"identity": "lotte", "on": "2022-01-01"}),
    ("customer.changed", {"left": "lotte", "customer": who("noor"), "on": MOVED}),
    ("meter.installed", {"meter": "1SAG1", "digital": True, "from": MOVED}),
    ("meter.removed", {"meter": "1SAG0", "on": MOVED}),
    ("meter.replaced", {"meter": "1SAG0", "on": MOVED, "by": {"meter": "1SAG1", "digital": True}}),
    ("contract.called_off", {"supplier": "00000000-0000-0000-0000-000000000000", "from": MOVED}),
]


def test_a_point_of_another_grid_is_to_a_grid_operator_as_one_that_is_not_there(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    house.operator("registry.operator.add", operator=2, code="net-two", name="Netbeheerder Twee")
    other = house.party("Netbeheerder Twee", "dso", operator=2)
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG0", digital=True)
    for kind, said in OF_A_POINT:
        there = refused(other, kind, ean=LOTTES_EAN, **said)
        assert there == refused(other, kind, ean=UNKNOWN_EAN, **said)
        assert there[0] == "not-found", kind


def test_an_announcement_at_another_grid_is_not_there_either(
    house: TheHouse, lotte: Customer, net: Party, erik: Party
) -> None:
    house.operator("registry.operator.add", operator=2, code="net-two", name="Netbeheerder Twee")
    other = house.party("Netbeheerder Twee", "dso", operator=2)
    name = announced(erik, LOTTES_EAN, day_of(house.clock.now()).isoformat())
    nowhere = {"announcement": "00000000-0000-0000-0000-000000000000"}
    for kind, said in (("contract.accepted", {}), ("contract.refused", {"reason": "not_accepted"})):
        there = refused(other, kind, announcement=name, **said)
        assert there == refused(other, kind, **nowhere, **said)
        assert there[0] == "not-found"
    assert other.call("supply.announcements")["announcements"] == []
    assert [one["ean"] for one in net.call("supply.announcements")["announcements"]] == [LOTTES_EAN]
    assert contracts(house, LOTTES_EAN) == []


BAD: list[Any] = [
    {},
    {"number": "1"},
    {"number": "", "kind": "customer.moved_out"},
    {"number": "x" * 65, "kind": "customer.moved_out"},
    {"number": "a\nb", "kind": "customer.moved_out"},
    {"number": 1, "kind": "customer.moved_out"},
    {"number": "1", "kind": "customer.died"},
    {"number": "1", "kind": ["customer.moved_out"]},
    {"number": "1", "kind": "customer.moved_out", "ean": LOTTES_EAN, "identity": "lotte"},
    {"number": "1", "kind": "customer.moved_out", "ean": "541448899990000038", "identity": "l", "until": MOVED},
    {"number": "1", "kind": "customer.moved_out", "ean": LOTTES_EAN, "identity": "l", "until": "2023-02-30"},
    {"number": "1", "kind": "customer.moved_out", "ean": LOTTES_EAN, "identity": "l", "until": MOVED, "x": 1},
    {"number": "1", "kind": "customer.moved_in", "ean": LOTTES_EAN, "customer": {"identity": "n"}, "from": MOVED},
    {"number": "1", "kind": "meter.installed", "ean": LOTTES_EAN, "meter": "541448899990000039", "digital": True,
     "from": MOVED},
    {"number": "1", "kind": "meter.installed", "ean": LOTTES_EAN, "meter": "1SAG1", "digital": False,
     "ports": ["P1"], "from": MOVED},
    {"number": "1", "kind": "meter.installed", "ean": LOTTES_EAN, "meter": "1SAG1", "digital": True,
     "ports": ["P1", "P1"], "from": MOVED},
]  # fmt: skip


def test_a_message_that_is_not_whole_is_refused_and_changes_nothing(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    size = query(house, "SELECT size FROM ledger.head")
    for message in BAD:
        with pytest.raises(DoorRefusedError) as error:
            net.call("register.message", message=message)
        assert error.value.code == "malformed-request", message
    assert query(house, "SELECT size FROM ledger.head") == size
    assert query(house, "SELECT count(*) FROM registry.register_message") == [(0,)]


# --- batches ----------------------------------------------------------------------------------------------


def test_of_a_batch_with_a_bad_row_the_others_are_taken(
    house: TheHouse, lotte: Customer, maria: Customer, net: Party
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "number": "1",
            "kind": "customer.moved_out",
            "ean": LOTTES_EAN,
            "identity": "nobody",
            "until": MOVED,
        },
        {"number": "2", "kind": "customer.moved_out", "ean": MARIAS_EAN, "identity": "maria", "until": MOVED},
        {"number": "3", "kind": "no such thing"},
        {
            "number": "4",
            "kind": "customer.moved_in",
            "ean": MARIAS_EAN,
            "customer": who("noor"),
            "from": MOVED,
        },
    ]
    items = net.call("register.batch", messages=rows)["items"]
    assert [one["code"] for one in items] == ["conflict", None, "malformed-request", None]
    assert [one["number"] for one in items] == ["1", "2", "3", "4"]
    assert stays(house, LOTTES_EAN)[-1][2] is None
    assert [stay[1:] for stay in stays(house, MARIAS_EAN)] == [("2022-01-01", MOVED), (MOVED, None)]


def test_about_one_point_a_batch_stops_at_the_first_that_is_refused(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    """Else the new meter would hang beside the one that is still there."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG0", digital=True)
    rows: list[dict[str, Any]] = [
        {"number": "1", "kind": "meter.removed", "ean": LOTTES_EAN, "meter": "1SAG9", "on": MOVED},
        {"number": "2", "kind": "meter.installed", "ean": LOTTES_EAN, "meter": "1SAG1", "digital": True,
         "from": MOVED},
    ]  # fmt: skip
    items = net.call("register.batch", messages=rows)["items"]
    assert [one["code"] for one in items] == ["not-found", "earlier-message-refused"]
    rows[0]["meter"] = "1SAG0"
    items = net.call("register.batch", messages=rows)["items"]
    assert [one["code"] for one in items] == [None, None]


def test_a_batch_that_is_sent_again_takes_what_was_left_and_answers_the_rest_as_before(
    house: TheHouse, lotte: Customer, maria: Customer, net: Party
) -> None:
    rows = [
        {"number": str(place), "kind": "customer.moved_out", "ean": ean, "identity": name, "until": MOVED}
        for place, (ean, name) in enumerate(((LOTTES_EAN, "lotte"), (MARIAS_EAN, "maria")))
    ]
    first = net.call("register.message", message=rows[0])
    items = net.call("register.batch", messages=rows)["items"]
    assert items[0] == {"code": None, "detail": None} | first
    size = query(house, "SELECT size FROM ledger.head")
    assert net.call("register.batch", messages=rows)["items"] == items
    assert query(house, "SELECT size FROM ledger.head") == size


def test_a_batch_that_is_too_long_or_empty_is_refused_whole(house: TheHouse, net: Party) -> None:
    for rows in ([], [{"number": "1"}] * 101, ["x"], "x"):
        with pytest.raises(DoorRefusedError) as error:
            net.call("register.batch", messages=rows)
        assert error.value.code == "malformed-request"


def test_own_messages_come_in_pages(house: TheHouse, lotte: Customer, maria: Customer, net: Party) -> None:
    for ean, name in ((LOTTES_EAN, "lotte"), (MARIAS_EAN, "maria")):
        send(net, "customer.moved_out", number=name, ean=ean, identity=name, until=MOVED)
    first = net.call("register.messages", limit=1)
    assert [one["number"] for one in first["messages"]] == ["maria"]
    after = net.call("register.messages", limit=1, cursor=first["next_cursor"])
    assert ([one["number"] for one in after["messages"]], after["next_cursor"]) == (["lotte"], None)
    with pytest.raises(DoorRefusedError) as error:
        net.call("register.messages", cursor="x")
    assert error.value.code == "malformed-request"


def test_the_store_names_neither_number_nor_customer(house: TheHouse, lotte: Customer, net: Party) -> None:
    send(net, "customer.moved_out", number="LOTTE-77", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    [row] = query(house, "SELECT t::text FROM registry.register_message t")
    plain = row[0].lower()
    for word in ("lotte-77", b"LOTTE-77".hex(), LOTTES_EAN, b"lotte".hex()):
        assert word not in plain
