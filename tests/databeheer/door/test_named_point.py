"""A request that names an access point: its grid user's alone, and no sign to anybody of whether it exists."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.permissions.asking import LINK_TERM, MOST_ASKED, MOST_WAITING
from ledger.commitment import Opening
from ledger.tree import root_hash
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

UNKNOWN_EAN = "541448899990000060"
VACANT_EAN = "541448899990000077"


def told(call: Callable[[], Any]) -> tuple[str, str, str | None]:
    """All that a refusal says."""
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value.code, str(refused.value), refused.value.reason


def refused_at(call: Callable[[], Any]) -> int:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    assert refused.value.index is not None
    return refused.value.index


def receipt(party: Party, index: int) -> Opening:
    return Opening.from_dict(party.call("receipt.opening", index=index)["opening"])


def said(opening: Opening) -> dict[str, Any]:
    """The shared half, without what every entry has of its own."""
    body: dict[str, Any] = json.loads(opening.shared_body)
    return {name: value for name, value in body.items() if name not in {"at", "permission"}}


@pytest.fixture
def named(house: TheHouse, maria: Customer, bram: Party) -> dict[str, dict[str, Any]]:
    """Requests for Maria's point, for one where nobody lives, and for one that does not exist."""
    house.point(VACANT_EAN)
    return {ean: bram.ask(ean=ean) for ean in (MARIAS_EAN, VACANT_EAN, UNKNOWN_EAN)}


# ---- who may answer -----------------------------------------------------------------------------------------


@pytest.mark.requirement("R98")
def test_the_holder_of_a_link_cannot_tell_whether_the_point_it_names_exists(
    lotte: Customer, named: dict[str, dict[str, Any]]
) -> None:
    here = lotte.occupancy()
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        "by_link": lambda asked: lotte.call("permission.by_link", link_code=asked["link_code"]),
        "show": lambda asked: lotte.call("permission.show", permission_id=asked["permission_id"]),
        "grant": lambda asked: lotte.grant(asked, here),
        "refuse": lambda asked: lotte.call(
            "permission.refuse", permission_id=asked["permission_id"], link_code=asked["link_code"]
        ),
    }
    for name, way in ways.items():
        answers = {ean: told(lambda way=way, asked=asked: way(asked)) for ean, asked in named.items()}
        assert len(set(answers.values())) == 1, (name, answers)
        assert {code for code, _, _ in answers.values()} == {"not-found"}
    assert lotte.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R98")
def test_the_link_of_a_request_that_names_a_point_looks_like_no_link_at_all(
    lotte: Customer, named: dict[str, dict[str, Any]]
) -> None:
    no_link = told(lambda: lotte.call("permission.by_link", link_code="x" * 22))
    for asked in named.values():
        assert (
            told(lambda asked=asked: lotte.call("permission.by_link", link_code=asked["link_code"]))
            == no_link
        )


def test_maria_alone_sees_and_grants_what_names_her_point(
    maria: Customer, bram: Party, named: dict[str, dict[str, Any]]
) -> None:
    asked = named[MARIAS_EAN]
    assert (
        maria.call("permission.by_link", link_code=asked["link_code"])["permission"]["state"] == "requested"
    )
    assert maria.grant(asked)["permission"]["state"] == "active"
    assert bram.permission(asked["permission_id"])["ean"] == MARIAS_EAN


def test_who_moves_in_later_is_not_whom_the_request_asked(
    house: TheHouse, lotte: Customer, named: dict[str, dict[str, Any]]
) -> None:
    asked = named[VACANT_EAN]
    house.operator(
        "registry.occupancy.begin",
        ean=VACANT_EAN,
        person_id=str(lotte.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )
    assert told(lambda: lotte.call("permission.by_link", link_code=asked["link_code"]))[0] == "not-found"
    assert told(lambda: lotte.grant(asked, lotte.occupancy()))[0] == "not-found"


def test_a_link_still_answers_a_request_that_names_nobody(lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    assert lotte.call("permission.by_link", link_code=asked["link_code"])["occupancies"]
    assert lotte.grant(asked)["permission"]["state"] == "active"


# ---- how many may wait --------------------------------------------------------------------------------------


@pytest.mark.requirement("R98")
def test_requests_for_one_point_pile_up_no_higher_than_the_cap_whether_or_not_it_exists(
    maria: Customer, bram: Party, joris: Party
) -> None:
    refusals = set()
    for ean in (MARIAS_EAN, UNKNOWN_EAN):
        asked = [bram.ask(ean=ean) for _ in range(MOST_WAITING)]
        refusals.add(told(lambda ean=ean: bram.ask(ean=ean)))
        assert joris.ask(ean=ean)["state"] == "requested"  # another party's requests are counted apart
        bram.call("permission.terminate", permission_id=asked[0]["permission_id"])
        assert bram.ask(ean=ean)["state"] == "requested"
        assert told(lambda ean=ean: bram.ask(ean=ean))[0] == "conflict"
    [(code, detail, _)] = refusals
    assert code == "conflict"
    assert "terminate" in detail
    assert len(maria.call("permission.list")["permissions"]) == MOST_WAITING + 2
    for _ in range(MOST_WAITING + 1):
        bram.ask()  # what names nobody stands in nobody's portal


@pytest.mark.requirement("R98")
def test_asking_and_giving_up_again_and_again_ends_whether_or_not_the_point_exists(
    house: TheHouse, maria: Customer, bram: Party, joris: Party
) -> None:
    """Each request is a message to who lives there: a party that took its own back has asked all the same."""

    def ask_until_refused(ean: str) -> tuple[int, str]:
        for number in range(100):
            try:
                asked = bram.ask(ean=ean)
            except DoorRefusedError as refused:
                return number, f"{refused.code}: {refused}"
            bram.call("permission.terminate", permission_id=asked["permission_id"])
        raise AssertionError("it goes on for ever")

    (day, most_a_day), (_, most_a_month) = MOST_ASKED
    for expected in (most_a_day, most_a_month - most_a_day, 0):
        refusals = [ask_until_refused(ean) for ean in (MARIAS_EAN, UNKNOWN_EAN)]
        assert refusals[0] == refusals[1]
        assert refusals[0][0] == expected
        assert joris.ask(ean=MARIAS_EAN)["state"] == "requested"
        house.clock.advance(day)
        for party in (bram, joris):
            party.token = house.token(party.client_id, party.client_secret)
    maria.session = house.log_in(maria.subject, maria.name)
    assert len(maria.call("permission.list")["permissions"]) == most_a_month + 3
    assert bram.ask()["state"] == "requested"  # what names nobody is no message to anybody


def test_what_waited_too_long_counts_no_more(house: TheHouse, maria: Customer, bram: Party) -> None:
    for _ in range(MOST_WAITING):
        bram.ask(ean=MARIAS_EAN)
    house.clock.advance(LINK_TERM - timedelta(microseconds=1))
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert told(lambda: bram.ask(ean=MARIAS_EAN))[0] == "conflict"
    house.clock.advance(timedelta(microseconds=1))
    assert bram.ask(ean=MARIAS_EAN)["state"] == "requested"


# ---- what a party writes freely ------------------------------------------------------------------------------


def test_a_party_finds_its_request_by_its_own_reference_and_no_other_party_does(
    maria: Customer, bram: Party, joris: Party
) -> None:
    asked = bram.ask(reference="dossier 7")
    bram.ask(reference="dossier 8")
    [found] = bram.call("permission.list", reference="dossier 7")["permissions"]
    assert (found["permission_id"], found["reference"]) == (asked["permission_id"], "dossier 7")
    assert joris.call("permission.list", reference="dossier 7")["permissions"] == []
    assert bram.call("permission.list", reference="dossier")["permissions"] == []
    assert told(lambda: maria.call("permission.list", reference="dossier 7"))[0] == "malformed-request"


def test_the_same_reference_of_two_parties_is_not_the_same_in_the_database(
    house: TheHouse, bram: Party, joris: Party
) -> None:
    for party in (bram, joris):
        party.ask(reference="Maria Peeters", return_url_success="https://example.be/?m=maria@voorbeeld.be")
    rows = query(
        house,
        "SELECT reference_hash, reference_sealed, return_url_success_sealed FROM permissions.permission",
    )
    for column in zip(*rows, strict=True):
        assert len(set(map(bytes, column))) == 2


def test_a_sealed_reference_belongs_to_its_own_request(house: TheHouse, bram: Party) -> None:
    """Moved to another row it does not open: a party cannot be shown another's words."""
    one, two = bram.ask(reference="one"), bram.ask(reference="two")
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql(
            "UPDATE permissions.permission SET reference_sealed = (SELECT reference_sealed FROM"
            " permissions.permission WHERE permission_id = %s) WHERE permission_id = %s",
            (one["permission_id"], two["permission_id"]),
        )
    assert told(lambda: bram.call("permission.show", permission_id=two["permission_id"]))[0] == "unavailable"
    assert (
        bram.call("permission.show", permission_id=one["permission_id"])["permission"]["reference"] == "one"
    )


@pytest.mark.parametrize("state", ["requested", "active", "revoked"])
def test_a_party_gets_no_name_of_an_occupancy(maria: Customer, bram: Party, state: str) -> None:
    asked = bram.ask(ean=MARIAS_EAN)
    if state != "requested":
        maria.grant(asked)
    if state == "revoked":
        maria.withdraw(asked["permission_id"])
    shown = bram.call("permission.show", permission_id=asked["permission_id"])
    assert shown["permission"]["state"] == state
    [listed] = bram.call("permission.list")["permissions"]
    for view in (shown["permission"], listed):
        assert {"occupancy_id", "addressed_to"} & view.keys() == set()
        assert maria.occupancy() not in json.dumps(view)
    [hers] = maria.call("permission.list")["permissions"]
    assert maria.occupancy() in (hers["occupancy_id"], hers["addressed_to"])


# ---- reading what waits -------------------------------------------------------------------------------------


@pytest.mark.requirement("R46", "R98")
def test_maria_sees_a_read_that_was_refused_while_the_request_waits_and_the_party_learns_nothing(
    maria: Customer, bram: Party, named: dict[str, dict[str, Any]]
) -> None:
    answers, receipts = set(), []
    indices = {}
    for ean, asked in named.items():
        read = partial(bram.read, asked["permission_id"])
        answers.add(told(read))
        indices[ean] = refused_at(read)
        receipts.append(receipt(bram, indices[ean]))
    [(code, _, reason)] = answers
    assert (code, reason) == ("permission-not-active", "requested")
    assert [said(one) for one in receipts] == [said(receipts[0])] * 3
    assert root_hash([]) not in [one.subject_root for one in receipts]
    first, *_ = maria.statements(kind="reads")
    assert (first["index"], first["event"], first["reason"]) == (
        indices[MARIAS_EAN],
        "data.refused",
        "requested",
    )
    assert first["permission_id"] == named[MARIAS_EAN]["permission_id"]
    seen = {one["index"] for one in maria.statements(limit=500)}
    assert {indices[VACANT_EAN], indices[UNKNOWN_EAN]} & seen == set()


def test_maria_sees_a_read_of_what_she_refused(maria: Customer, bram: Party) -> None:
    asked = bram.ask(ean=MARIAS_EAN)
    maria.call("permission.refuse", permission_id=asked["permission_id"])
    index = refused_at(lambda: bram.read(asked["permission_id"]))
    assert maria.statements()[0]["index"] == index
    assert maria.statements()[0]["reason"] == "rejected"


def test_the_newcomer_is_not_told_of_the_leavers_dealings(
    house: TheHouse, maria: Customer, bram: Party
) -> None:
    """Whose request it was sees it tried after the move; who lives there in the asked period does not."""
    asked = bram.ask(ean=MARIAS_EAN)
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=MARIAS_EAN, until_day=today)
    noor = house.customer("noor", "Noor Claes")
    house.operator("registry.occupancy.begin", ean=MARIAS_EAN, person_id=str(noor.person_id), from_day=today)
    index = refused_at(lambda: bram.read(asked["permission_id"]))
    assert maria.statements()[0]["index"] == index
    assert index not in {one["index"] for one in noor.statements()}


@pytest.mark.requirement("R98")
def test_in_the_area_of_another_grid_operator_a_refusal_looks_the_same(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    """The receipt names the operator under which it is counted: not that of a point the party may not see."""
    house.operator("registry.operator.add", operator=2, code="net-two", name="Tweede Net")
    house.operator(
        "registry.access_point.register", ean=VACANT_EAN, commodity="electricity", address="", operator=2
    )
    house.operator(
        "registry.occupancy.begin",
        ean=VACANT_EAN,
        person_id=str(lotte.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )
    bodies: list[dict[str, Any]] = []
    for ean in (VACANT_EAN, UNKNOWN_EAN):
        asked = bram.ask(ean=ean)
        at = query(house, "SELECT size - 1 FROM ledger.head")[0][0]
        waiting = refused_at(lambda asked=asked: bram.read(asked["permission_id"]))
        by_ean = refused_at(lambda ean=ean: bram.read(ean=ean))
        bram.call("permission.terminate", permission_id=asked["permission_id"])
        ended = query(house, "SELECT size - 1 FROM ledger.head")[0][0]
        bodies.append({str(n): said(receipt(bram, i)) for n, i in enumerate((at, waiting, by_ean, ended))})
    assert bodies[0] == bodies[1]
    operators = query(house, "SELECT DISTINCT operator FROM permissions.permission")
    assert operators == [(1,)]


# ---- a facade's token ---------------------------------------------------------------------------------------


@pytest.mark.requirement("R98")
def test_a_facades_token_reads_by_its_mandates_and_never_by_ean(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    facade = Proof.token(house.token(bram.client_id, bram.client_secret, "facade"))
    wish = {
        "from": "2023-10-28T22:00:00Z",
        "until": "2023-10-29T23:00:00Z",
        "granularity": "quarter_hour",
        "purpose": "energy_advice",
    }
    by_ean = {
        ean: told(lambda ean=ean: house.client.call("readings.read", facade, ean=ean, **wish))
        for ean in (LOTTES_EAN, UNKNOWN_EAN)
    }
    assert {code for code, _, _ in by_ean.values()} == {"no-legal-basis"}
    assert len(set(by_ean.values())) == 1
    told_of = [one for one in measured.statements() if one["event"] == "data.refused"]
    assert len(told_of) == 1  # on record with whom it concerns, all the same
    permission = {"permission_id": granted["permission_id"]}
    assert house.client.call("readings.read", facade, **permission, **wish)["channels"]
    assert bram.read(ean=LOTTES_EAN, purpose="energy_advice")["channels"]


def test_a_suppliers_facade_token_gives_nothing_by_law(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    facade = Proof.token(house.token(erik.client_id, erik.client_secret, "facade"))
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    assert (
        told(lambda: house.client.call("readings.read", facade, ean=LOTTES_EAN, **month))[0]
        == "no-legal-basis"
    )
    assert erik.read(ean=LOTTES_EAN, **month)["channels"]


# ---- how many values at most --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granularity", "registers"), [("quarter_hour", 1), ("hour", 1), ("day", 2), ("month", 2)]
)
def test_totals_by_tariff_are_counted_apart(
    house: TheHouse,
    measured: Customer,
    bram: Party,
    granted: dict[str, Any],
    granularity: str,
    registers: int,
) -> None:
    """'At most N values': never fewer than what was handed over."""
    window = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z"}
    answer = bram.read(granted["permission_id"], granularity=granularity, **window)
    slots = {"quarter_hour": 31 * 96 + 4, "hour": 31 * 24 + 1, "day": 31, "month": 1}[granularity]
    stated = measured.statements()[0]["slots"]
    assert stated == slots * registers
    assert said(receipt(bram, answer["index"]))["slots"] == stated
    assert sum(len(slots_in(channel)) for channel in answer["channels"]) <= stated


@pytest.mark.parametrize(
    "change", [{"data_until": "2020-01-01T00:00:00Z"}, {"valid_until": "2020-01-01T00:00:00Z"}]
)
def test_a_period_that_gives_nothing_is_told_what_it_must_be(bram: Party, change: dict[str, str]) -> None:
    [name] = change
    detail = told(lambda: bram.ask(**change))[1]
    assert f"{name}: must lie" in detail
