"""A representative: for whom, since when, by which judgment; what he does in that name, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.commands.post import CODE_DIGITS
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse

JUDGMENT = "vrederechter Gent 2026/17"
PERIOD = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}


def appoint(
    house: TheHouse, person: Customer, representative: Customer, days: int | None = None, since: int = 0
) -> str:
    """A court appoints somebody, from today on, for so many days."""
    today = day_of(house.clock.now())
    until = (today + timedelta(days=days)).isoformat() if days is not None else None
    added = house.operator(
        "registry.representation.add",
        person_id=str(person.person_id),
        representative_id=str(representative.person_id),
        reference=JUDGMENT,
        from_day=(today + timedelta(days=since)).isoformat(),
        until_day=until,
    )
    return str(added["id"])


def act_for(representative: Customer, appointment: str) -> None:
    representative.call("representation.take_up", representation_id=appointment)


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def own_halves(house: TheHouse, customer: Customer, event: str) -> list[dict[str, Any]]:
    """What the entries of this kind say in the half that this customer alone opens."""
    import json
    from base64 import b64decode

    found = []
    for one in customer.statements():
        if one["event"] == event:
            opening = customer.call("receipt.opening", index=one["index"])["opening"]
            found.append(json.loads(b64decode(opening["subject"]["body"])))
    return found


@pytest.fixture
def theo(house: TheHouse) -> Customer:
    """Who is appointed: lives nowhere here."""
    return house.customer("theo", "Theo Wouters")


# --- for whom ---------------------------------------------------------------------------------------------


def test_a_representative_sees_for_whom_he_may_act_and_the_represented_sees_who_may(
    house: TheHouse, lotte: Customer, theo: Customer, maria: Customer
) -> None:
    appointment = appoint(house, lotte, theo, days=10)
    today = day_of(house.clock.now())
    said = {
        "representation_id": appointment,
        "reference": JUDGMENT,
        "from": today.isoformat(),
        "until": (today + timedelta(days=10)).isoformat(),
    }
    shown = theo.call("representation.show")
    assert shown == {
        "acting": None,
        "may_act_for": [said | {"name": "Lotte Janssens"}],
        "represented_by": [],
    }
    assert lotte.call("representation.show")["represented_by"] == [said | {"name": "Theo Wouters"}]
    assert maria.call("representation.show") == {"acting": None, "may_act_for": [], "represented_by": []}
    assert [customer.call("me")["has_representations"] for customer in (theo, lotte, maria)] == [
        True,
        True,
        False,
    ]


def test_he_takes_the_persons_place_by_choice_and_is_himself_again_and_both_stand_in_that_persons_list(
    house: TheHouse, lotte: Customer, theo: Customer
) -> None:
    appointment = appoint(house, lotte, theo)
    assert theo.call("me")["occupancies"] == []
    act_for(theo, appointment)
    me = theo.call("me")
    assert (me["name"], me["is_represented"]) == ("Lotte Janssens", True)
    assert [one["ean"] for one in me["occupancies"]] == [LOTTES_EAN]
    assert theo.call("representation.show")["acting"] == appointment
    theo.call("representation.lay_down")
    assert theo.call("me")["name"] == "Theo Wouters"
    events = [one["event"] for one in lotte.statements()]
    assert events[:3] == ["representation.laid_down", "representation.taken_up", "representation.begun"]
    before = size(house)
    theo.call("representation.lay_down")  # nothing to lay down
    assert size(house) == before


@pytest.mark.requirement("R1")
def test_who_acts_for_one_person_reads_nothing_of_another_for_whom_he_is_appointed_too(
    house: TheHouse, measured: Customer, maria: Customer, theo: Customer
) -> None:
    for_lotte, for_maria = appoint(house, measured, theo), appoint(house, maria, theo)
    lottes = measured.occupancy()
    act_for(theo, for_maria)
    code = refused(lambda: theo.call("readings.read", occupancy_id=lottes, **PERIOD))
    assert code == "no-legal-basis"
    looks = [one for one in measured.statements() if one["event"].startswith("data.")]
    assert [(one["event"], one["reader"]) for one in looks] == [("data.refused", "nobody")]
    act_for(theo, for_lotte)
    assert theo.call("readings.read", occupancy_id=lottes, **PERIOD)["channels"]
    looks = [one for one in measured.statements() if one["event"].startswith("data.")]
    assert (looks[0]["event"], looks[0]["reader"]) == ("data.read", "representative")


@pytest.mark.requirement("R29")
def test_who_acts_for_the_newcomer_gets_nothing_of_a_predecessor_for_whom_he_is_appointed_too(
    house: TheHouse, measured: Customer, maria: Customer, theo: Customer
) -> None:
    """At one access point, in one wish over both stays."""
    appoint(house, measured, theo)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-29")
    begun = house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(maria.person_id), from_day="2023-10-29"
    )
    act_for(theo, appoint(house, maria, theo))
    both = PERIOD | {"from": "2023-10-27T22:00:00Z", "mode": "clip"}
    read = theo.call("readings.read", occupancy_id=begun["occupancy_id"], **both)
    assert [one["from"] for one in read["granted"]] == ["2023-10-28T22:00:00Z"]


def test_nobody_takes_a_place_that_is_not_given_to_him(
    house: TheHouse, lotte: Customer, theo: Customer, maria: Customer, bram: Party, joris: Party
) -> None:
    appointment = appoint(house, lotte, theo)
    before = size(house)
    take = {"representation_id": appointment}
    unknown = {"representation_id": "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d"}
    for outsider in (maria, lotte):
        assert refused(lambda one=outsider: one.call("representation.take_up", **take)) == "not-found"  # type: ignore[misc]
    assert refused(lambda: theo.call("representation.take_up", **unknown)) == "not-found"
    for party in (bram, joris):
        assert refused(lambda one=party: one.call("representation.take_up", **take)) == "unauthenticated"  # type: ignore[misc]
    assert refused(lambda: house.operator("representation.take_up", **take)) == "unauthenticated"
    inspector = Proof.session(house.inspector())
    assert (
        refused(lambda: house.client.call("representation.take_up", inspector, **take)) == "unauthenticated"
    )
    assert size(house) == before
    assert refused(lambda: theo.call("permission.withdraw", permission_id=appointment)) == "not-found"


# --- what he does in that name ----------------------------------------------------------------------------


def test_he_grants_and_withdraws_in_that_name_with_the_judgments_reference_in_the_persons_half_alone(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    appointment = appoint(house, measured, theo)
    act_for(theo, appointment)
    permission_id = theo.grant(bram.ask())["permission"]["permission_id"]
    assert bram.read(permission_id)["channels"]
    shown = measured.permission(permission_id)
    assert [(one["capacity"], one["is_you"]) for one in shown["signers"]] == [("representative", True)]
    theo.withdraw(permission_id)
    assert refused(lambda: bram.read(permission_id)) == "permission-ended"
    steps = measured.permission(permission_id)["history"]
    assert [(step["event"], step["by"]) for step in steps] == [
        ("permission.requested", "party"),
        ("permission.granted", "representative"),
        ("permission.revoked", "representative"),
    ]
    for event in ("permission.granted", "permission.revoked"):
        [half] = own_halves(house, measured, event)
        assert (half["capacity"], half["representation"], half["reference"]) == (
            "representative",
            appointment,
            JUDGMENT,
        )
    # Not the party's to know: neither its view, its history nor its receipts tell of an administrator.
    theirs = bram.call("permission.show", permission_id=permission_id)
    assert "representative" not in str(theirs)
    for step in theirs["permission"]["history"]:
        opening = bram.call("receipt.opening", index=step["index"])
        assert JUDGMENT not in str(opening)
        assert "subject" not in opening["opening"]


def test_the_represented_goes_on_seeing_all_and_deciding(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    appointment = appoint(house, measured, theo)
    act_for(theo, appointment)
    permission_id = theo.grant(bram.ask())["permission"]["permission_id"]
    assert measured.permission(permission_id)["state"] == "active"
    measured.withdraw(permission_id)
    assert refused(lambda: theo.withdraw(permission_id)) == "conflict"
    theo.call("representation.lay_down")
    assert refused(lambda: theo.permission(permission_id)) == "not-found"  # it never was his own


def test_what_he_reads_stands_in_the_persons_list_as_his(
    house: TheHouse, measured: Customer, theo: Customer
) -> None:
    occupancy = measured.occupancy()
    appointment = appoint(house, measured, theo)
    look = {"occupancy_id": occupancy, **PERIOD}
    assert (
        refused(lambda: theo.call("readings.read", **look)) == "no-legal-basis"
    )  # as himself he is nobody here
    act_for(theo, appointment)
    assert theo.call("readings.read", **look)["channels"]
    line = next(one for one in measured.statements() if one["event"] == "data.read")
    assert (line["by"], line["ground"]) == ("representative", "own_by_representative")


def test_he_opens_and_closes_ports_and_chooses_a_regime_in_that_name(
    house: TheHouse, lotte: Customer, theo: Customer, net: Party
) -> None:
    meter_id = house.operator(
        "registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1"]
    )["meter_id"]
    act_for(theo, appoint(house, lotte, theo))
    port = {"occupancy_id": theo.occupancy(), "meter_id": meter_id, "port": "P1"}
    theo.call("port.open", **port, seen=0, notice="x", language="nl")
    theo.call("port.close", **port)
    today = day_of(house.clock.now()).isoformat()
    theo.call("regime.choose", occupancy_id=theo.occupancy(), regime="SMR3", from_day=today)
    for event in ("port.opening_asked", "port.closing_asked", "regime.chosen"):
        [half] = own_halves(house, lotte, event)
        assert (half["capacity"], half["reference"]) == ("representative", JUDGMENT)
    assert len(net.call("port.orders")["orders"]) == 1


def test_what_is_the_persons_own_he_cannot_do(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    measured.grant(bram.ask())  # of which she is told
    act_for(theo, appoint(house, measured, theo))
    before = size(house)
    for command, arguments in (
        ("erasure.ask", {"data_class": "person"}),
        ("contact.show", {}),
        ("contact.ask", {"email": "theo@voorbeeld.be", "language": "nl"}),
        ("contact.whole", {"on": True}),
        ("contact.confirm", {"code": "0" * CODE_DIGITS}),
        ("contact.remove", {}),
        ("contact.speak", {"language": "en"}),
    ):
        with pytest.raises(DoorRefusedError) as error:
            theo.call(command, **arguments)
        assert error.value.code == "not-for-representatives", command
    assert size(house) == before
    # Nor does he read a message away from her: it stays new until she has seen it.
    newest = theo.call("inbox.show")["messages"][0]["message_id"]
    unread = measured.call("me")["unread"]
    assert unread > 0
    assert theo.call("inbox.read", until=newest) == {"marked": 0}
    assert measured.call("me")["unread"] == unread


def test_he_may_doubt_in_that_name_and_never_takes_a_doubt_back(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    act_for(theo, appoint(house, measured, theo))
    permission_id = theo.grant(bram.ask())["permission"]["permission_id"]
    doubted = {"permission_id": permission_id, "concern": "not_given"}
    case = theo.call("doubt.raise", **doubted)["case"]
    assert measured.permission(permission_id)["state"] == "blocked"
    assert case["can_retract"] is False
    assert refused(lambda: theo.call("doubt.retract", case_id=case["case_id"])) == "not-for-representatives"
    measured.call("doubt.retract", case_id=case["case_id"])
    assert measured.permission(permission_id)["state"] == "active"


def test_a_resident_can_be_represented_and_a_representative_can_sign_for_himself_too(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    today = day_of(house.clock.now()).isoformat()
    ward = house.customer("ward", "Ward Janssens")
    for resident in (ward, theo):
        house.operator(
            "registry.concerned.begin",
            ean=LOTTES_EAN,
            person_id=str(resident.person_id),
            from_day="2022-06-01",
        )
    for_lotte, for_ward = appoint(house, measured, theo), appoint(house, ward, theo)
    asked = bram.ask(ean=LOTTES_EAN)
    occupancy = measured.occupancy()
    theo.grant(asked, occupancy)
    assert refused(lambda: theo.grant(asked, occupancy)) == "conflict"
    act_for(theo, for_lotte)
    theo.grant(asked, occupancy)
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    act_for(theo, for_ward)  # from one straight to the other
    theo.grant(asked, occupancy)
    assert bram.read(asked["permission_id"])["channels"]
    signed = measured.permission(asked["permission_id"])["signers"]
    assert [(one["capacity"], one["is_you"]) for one in signed] == [
        ("natural_person", False),
        ("representative", True),
        ("natural_person", False),  # that Ward has an administrator is not hers to know
    ]
    assert today


def test_what_is_done_for_a_resident_who_is_grid_user_nowhere_stands_in_the_houses_own_book(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    """Not in Lotte's half: that Ward has an administrator is not hers to know, and not Bram's."""
    ward = house.customer("ward", "Ward Janssens")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(ward.person_id), from_day="2022-06-01"
    )
    appointment = appoint(house, ward, theo)
    act_for(theo, appointment)
    asked, other = bram.ask(ean=LOTTES_EAN), bram.ask(ean=LOTTES_EAN)
    first = theo.grant(asked, measured.occupancy())["index"]
    second = theo.call("permission.refuse", permission_id=other["permission_id"])["index"]
    with house.engine("door").connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM ledger.body WHERE event = 'representation.acted' ORDER BY index")
        ).all()
    said = [shared_body(house.house, row).said for row in rows]
    letter = first + 1  # to the contract holder, whom no e-mail reaches
    assert [one["entries"] for one in said] == [[first, letter], [second]]
    for one in said:
        assert (one["capacity"], one["representation"], one["reference"], one["party"]) == (
            "representative",
            appointment,
            JUDGMENT,
            "",
        )
    for event in ("permission.signed", "permission.rejected"):
        assert [half for half in own_halves(house, measured, event) if "representation" in half] == []
    shown = measured.permission(other["permission_id"])
    assert (shown["ended_by"]["by"], "representative" in str(shown)) == ("person_concerned", False)
    assert ward.permission(other["permission_id"])["ended_by"] == {
        "by": "representative",
        "is_you": True,
        "task": None,
    }


def test_two_representatives_act_for_one_person_and_one_undoes_what_the_other_did(
    house: TheHouse, measured: Customer, theo: Customer, maria: Customer, bram: Party
) -> None:
    act_for(theo, appoint(house, measured, theo))
    act_for(maria, appoint(house, measured, maria))
    permission_id = theo.grant(bram.ask(), measured.occupancy())["permission"]["permission_id"]
    maria.withdraw(permission_id)
    assert refused(lambda: theo.withdraw(permission_id)) == "conflict"
    theo_half, maria_half = (
        own_halves(house, measured, event)[0] for event in ("permission.granted", "permission.revoked")
    )
    assert theo_half["representation"] != maria_half["representation"]
    maria.call("representation.lay_down")
    assert [one["ean"] for one in maria.call("me")["occupancies"]] == [MARIAS_EAN]


# --- when it ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "is_over"),
    [(-timedelta(microseconds=1), False), (timedelta(), True), (timedelta(microseconds=1), True)],
    ids=["t-1", "t", "t+1"],
)
def test_it_ends_at_local_midnight_of_its_last_day_also_in_a_session_that_goes_on(
    house: TheHouse, lotte: Customer, theo: Customer, bram: Party, offset: timedelta, is_over: bool
) -> None:
    evening = datetime.combine(day_of(house.clock.now()), datetime.min.time(), BRUSSELS) + timedelta(
        days=2, hours=23, minutes=50
    )
    house.clock.set(evening)
    for one in (lotte, theo):
        one.session = house.log_in(one.subject, one.name)
    bram.token = house.token(bram.client_id, bram.client_secret)
    occupancy, asked = lotte.occupancy(), bram.ask()
    appointment = appoint(house, lotte, theo, days=1)
    act_for(theo, appointment)
    house.clock.set(midnight(day_of(evening) + timedelta(days=1)) + offset)
    if not is_over:
        assert theo.grant(asked, occupancy)["permission"]["state"] == "active"
        return
    before = size(house)
    for act in (
        lambda: theo.grant(asked, occupancy),
        lambda: theo.call("me"),
        lambda: theo.call("statements.list"),
        lambda: theo.call("readings.read", occupancy_id=occupancy, **PERIOD),
    ):
        assert refused(act) == "representation-ended"
    assert size(house) == before
    assert refused(lambda: act_for(theo, appointment)) == "not-found"
    theo.call("representation.lay_down")
    assert theo.call("me")["occupancies"] == []


def test_one_that_has_not_begun_gives_nothing_yet(house: TheHouse, lotte: Customer, theo: Customer) -> None:
    appointment = appoint(house, lotte, theo, since=1)
    assert theo.call("representation.show")["may_act_for"] == []
    assert refused(lambda: act_for(theo, appointment)) == "not-found"


def test_one_that_a_court_ended_or_that_death_ended_gives_nothing_from_then_on(
    house: TheHouse, lotte: Customer, maria: Customer, theo: Customer
) -> None:
    house.clock.advance(-timedelta(days=3))
    first, second = appoint(house, lotte, theo), appoint(house, maria, theo)
    house.clock.advance(timedelta(days=3))
    theo.session = house.log_in("theo", "Theo Wouters")
    act_for(theo, first)
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.representation.end", id=first, until_day=today)
    assert refused(lambda: theo.call("me")) == "representation-ended"
    act_for(theo, second)
    house.operator("registry.person.died", person_id=str(maria.person_id), died_on=today, reference="x")
    assert refused(lambda: theo.call("me")) == "representation-ended"
    theo.call("representation.lay_down")
    assert theo.call("representation.show")["may_act_for"] == []


def test_a_consent_given_under_an_appointment_that_a_court_ended_earlier_opens_nothing(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    house.clock.advance(-timedelta(days=3))
    appointment = appoint(house, measured, theo)
    house.clock.advance(timedelta(days=3))
    for one in (measured, theo):
        one.session = house.log_in(one.subject, one.name)
    bram.token = house.token(bram.client_id, bram.client_secret)
    act_for(theo, appointment)
    permission_id = theo.grant(bram.ask())["permission"]["permission_id"]
    assert bram.read(permission_id)["channels"]
    yesterday = (day_of(house.clock.now()) - timedelta(days=1)).isoformat()
    house.operator("registry.representation.end", id=appointment, until_day=yesterday)
    assert refused(lambda: bram.read(permission_id)) == "outside-granted-period"
