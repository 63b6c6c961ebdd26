"""A power of attorney that a customer gives: two must act; it reaches what she named; she ends it at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from databeheer.approval_letters.code import ALPHABET, check_sign
from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.identity.attorneys import INVITED_FOR, LONGEST, MOST
from databeheer.identity.linking.attempts import MOST_WRONG
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_choosing import wish
from tests.house import Customer, Party, TheHouse

PERIOD = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
OTHER_EAN = "541448899990000053"


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def invite(lotte: Customer, *, decides: bool = True, days: int = 30, **changes: Any) -> str:
    """Lotte invites Theo; returns the code."""
    today = day_of(lotte.house.clock.now())
    members = {
        "invitation_id": str(uuid4()),
        "name": "Theo Wouters",
        "stays": [lotte.occupancy()],
        "decides": decides,
        "until_day": (today + timedelta(days=days)).isoformat(),
    }
    return str(lotte.call("attorney.invite", **(members | changes))["code"])


def give(lotte: Customer, theo: Customer, **changes: Any) -> str:
    """Lotte gives Theo a power, and he takes it up; returns its name."""
    taken = theo.call("attorney.take_up", code=invite(lotte, **changes))
    return str(taken["representation_id"])


def act_for(theo: Customer, power: str) -> None:
    theo.call("representation.take_up", representation_id=power)


def messages(customer: Customer) -> list[tuple[str, str]]:
    shown = customer.call("inbox.show")["messages"]
    return [(one["kind"], one.get("more_nl") or one.get("more") or "") for one in shown]


def wrong_code(number: int) -> str:
    body = "".join(ALPHABET[(number >> at) % len(ALPHABET)] for at in range(15))
    return body + check_sign(body)


@pytest.fixture
def theo(house: TheHouse) -> Customer:
    """Whom she names: lives nowhere here."""
    return house.customer("theo", "Theo Wouters")


@pytest.fixture
def second_home(house: TheHouse, measured: Customer) -> str:
    """Another address of Lotte's, which she names in no power."""
    return str(house.point(OTHER_EAN, measured, address="Zeedijk 5, 8400 Oostende"))


# --- giving it --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R81")
def test_whom_she_names_sees_what_she_chose_and_nothing_else_and_she_is_told_each_time_by_name(
    house: TheHouse, measured: Customer, second_home: str, theo: Customer, bram: Party
) -> None:
    home = next(one["occupancy_id"] for one in measured.call("me")["occupancies"] if one["ean"] == LOTTES_EAN)
    asked = bram.ask(ean=OTHER_EAN)
    permission_id = measured.grant(bram.ask(), home)["permission"]["permission_id"]
    elsewhere = measured.grant(bram.ask(), second_home)["permission"]["permission_id"]
    power = give(measured, theo, decides=False, stays=[home])
    assert theo.call("me")["occupancies"] == []  # not before he takes her place
    act_for(theo, power)
    me = theo.call("me")
    assert (me["name"], me["unread"], me["power"]) == ("Lotte Janssens", 0, {"decides": False})
    assert [one["occupancy_id"] for one in me["occupancies"]] == [home]
    assert theo.call("readings.read", occupancy_id=home, **PERIOD)["channels"]
    assert refused(lambda: theo.call("readings.read", occupancy_id=second_home, **PERIOD)) == "no-legal-basis"
    listed = theo.call("permission.list")["permissions"]
    assert [one["permission_id"] for one in listed] == [permission_id]
    for hidden in (elsewhere, asked["permission_id"]):
        assert refused(lambda one=hidden: theo.permission(one)) == "not-found"  # type: ignore[misc]
    assert {one["occupancy_id"] for one in theo.statements()} == {home}
    assert refused(lambda: theo.statements(occupancy_id=second_home)) == "not-found"
    # The page counts what a choice leaves out: of what he sees, and no more.
    counted = theo.call("statements.count", kind="reads")
    assert counted["all"] == theo.call("statements.count", occupancy_id=home)["all"]
    assert refused(lambda: theo.call("statements.count", occupancy_id=second_home)) == "not-found"
    assert {one["occupancy_id"] for one in theo.call("statutory.list")["parties"]} <= {home}
    # He asks why of a line that he sees, in the words that she gets; of none of the other address.
    here, there = (bram.read(one)["index"] for one in (permission_id, elsewhere))
    explained = [who.call("decision.explain", index=here)["parts"] for who in (theo, measured)]
    assert explained[0] == explained[1]
    assert measured.call("decision.explain", index=there)["parts"]
    assert refused(lambda: theo.call("decision.explain", index=there)) == "not-found"
    # To look is not to decide.
    assert refused(lambda: theo.withdraw(permission_id)) == "not-for-representatives"
    chosen = wish(bram, measured, occupancy_id=home)
    assert refused(lambda: theo.call("permission.choose", **chosen)) == "not-for-representatives"
    lines = {one["event"]: one for one in measured.statements(occupancy_id=home)}
    assert lines["data.read"]["attorney"] == "Theo Wouters"
    assert lines["representation.taken_up"]["attorney"] == "Theo Wouters"
    told = [(kind, more) for kind, more in messages(measured) if kind.startswith("attorney")]
    assert [kind for kind, _ in told] == ["attorney.acted", "attorney.begun", "attorney.invited"]
    assert all("Theo Wouters" in more for _, more in told)
    theo.call("representation.lay_down")
    assert [kind for kind, more in messages(theo) if "Lotte Janssens" in more] == ["attorney.held"]
    # The book of the address that she left out says nothing of a power.
    assert not any("attorney" in one["event"] for one in measured.statements(occupancy_id=second_home))


@pytest.mark.requirement("R81")
def test_who_may_decide_grants_and_withdraws_at_her_stays_alone_and_it_stands_after_the_power(
    house: TheHouse, measured: Customer, second_home: str, theo: Customer, bram: Party
) -> None:
    home = next(one["occupancy_id"] for one in measured.call("me")["occupancies"] if one["ean"] == LOTTES_EAN)
    here, there, by_link = bram.ask(ean=LOTTES_EAN), bram.ask(ean=OTHER_EAN), bram.ask()
    power = give(measured, theo, stays=[home])
    act_for(theo, power)
    answered = {"notice": "x", "language": "nl"}

    def grant(asked: dict[str, Any], place: str) -> Any:
        named = {"permission_id": asked["permission_id"], "occupancy_id": place}
        return theo.call("permission.grant", **named, **answered)

    for asked, place in ((there, home), (there, second_home), (here, second_home), (by_link, home)):
        assert refused(lambda a=asked, p=place: grant(a, p)) == "not-found"  # type: ignore[misc]
    assert refused(lambda: theo.call("permission.by_link", link_code=by_link["link_code"])) == (
        "not-for-representatives"
    )
    refuse = {"permission_id": there["permission_id"]}
    assert refused(lambda: theo.call("permission.refuse", **refuse)) == "not-found"
    grant(here, home)
    assert bram.read(here["permission_id"])["channels"]
    assert [kind for kind, _ in messages(measured)].count("attorney.acted") == 2  # the log-in, the grant
    # What nobody asked he chooses too, there alone, and she is told.
    chosen = wish(bram, measured, occupancy_id=home)
    assert refused(lambda: theo.call("permission.choose", **(chosen | {"occupancy_id": second_home}))) == (
        "not-found"
    )
    theo.call("permission.choose", **chosen)
    assert bram.read(chosen["permission_id"])["channels"]
    assert [kind for kind, _ in messages(measured)].count("attorney.acted") == 3
    house.clock.advance(timedelta(minutes=1))
    measured.call("attorney.end", representation_id=power)
    # What he decided while it stood, he decided for her.
    assert bram.read(here["permission_id"])["channels"]
    assert refused(lambda: theo.withdraw(here["permission_id"])) == "representation-ended"
    measured.withdraw(here["permission_id"])


def test_what_is_hers_alone_no_power_reaches_and_nobody_passes_it_on(
    house: TheHouse, measured: Customer, theo: Customer, bram: Party
) -> None:
    permission_id = measured.grant(bram.ask())["permission"]["permission_id"]
    power = give(measured, theo)
    act_for(theo, power)
    home = measured.occupancy()
    today = day_of(house.clock.now())
    for command, arguments in (
        ("erasure.ask", {"data_class": "person"}),
        ("contact.show", {}),
        ("contact.ask", {"email": "theo@voorbeeld.be", "language": "nl"}),
        ("contact.speak", {"language": "en"}),
        ("inbox.show", {}),
        ("rights.show", {}),
        ("port.list", {}),
        ("interval_reading.choose", {"occupancy_id": home, "on": False}),
        ("link.show", {}),
        ("doubt.raise", {"permission_id": permission_id, "concern": "not_given"}),
        (
            "attorney.invite",
            {
                "invitation_id": str(uuid4()),
                "name": "Mia Claes",
                "stays": [home],
                "decides": True,
                "until_day": (today + timedelta(days=2)).isoformat(),
            },
        ),
        ("attorney.take_up", {"code": wrong_code(1)}),
    ):
        if command not in house.service.commands:
            continue
        with pytest.raises(DoorRefusedError) as error:
            theo.call(command, **arguments)
        assert error.value.code == "not-for-representatives", command


# --- who takes it up --------------------------------------------------------------------------------------


@pytest.mark.requirement("R81", "R98")
def test_only_whom_she_named_takes_it_up_once_while_it_waits(
    house: TheHouse, lotte: Customer, maria: Customer, theo: Customer, bram: Party
) -> None:
    code = invite(lotte)
    take = {"code": code}
    unknown = "attorney-code-unknown"
    # A stranger with the code, the giver herself, a party, the operator: none of them learns even whose it is.
    for outsider in (maria, lotte):
        for command in ("attorney.look", "attorney.take_up"):
            assert refused(lambda o=outsider, c=command: o.call(c, **take)) == unknown  # type: ignore[misc]
    assert refused(lambda: bram.call("attorney.take_up", **take)) == "unauthenticated"
    assert refused(lambda: house.operator("attorney.take_up", **take)) == "unauthenticated"
    shown = theo.call("attorney.look", code=code.lower().replace("-", " "))
    assert (shown["name"], shown["decides"], shown["count"]) == ("Lotte Janssens", True, 1)
    power = theo.call("attorney.take_up", **take)["representation_id"]
    assert refused(lambda: theo.call("attorney.take_up", **take)) == unknown
    assert [one["representation_id"] for one in theo.call("attorney.show")["held"]] == [power]
    assert [one["name"] for one in lotte.call("attorney.show")["given"]] == ["Theo Wouters"]
    assert lotte.call("attorney.show")["invitations"] == []
    # A power of hers is no appointment, and no other customer sees or takes it.
    assert theo.call("representation.show")["may_act_for"] == []
    assert refused(lambda: maria.call("representation.take_up", representation_id=power)) == "not-found"
    assert refused(lambda: maria.call("attorney.end", representation_id=power)) == "not-found"


def test_an_invitation_lapses_and_is_withdrawn_and_its_code_is_dead_then(
    house: TheHouse, lotte: Customer, maria: Customer, theo: Customer
) -> None:
    code = invite(lotte)
    [waiting] = lotte.call("attorney.show")["invitations"]
    assert (waiting["code"], waiting["name"]) == (code, "Theo Wouters")
    cancel = {"invitation_id": waiting["invitation_id"]}
    assert refused(lambda: maria.call("attorney.cancel", **cancel)) == "not-found"
    lotte.call("attorney.cancel", **cancel)
    assert refused(lambda: lotte.call("attorney.cancel", **cancel)) == "conflict"
    assert refused(lambda: theo.call("attorney.take_up", code=code)) == "attorney-code-unknown"
    late = invite(lotte, days=60)
    house.clock.advance(INVITED_FOR)
    theo.session = house.log_in(theo.subject, theo.name)
    assert refused(lambda: theo.call("attorney.take_up", code=late)) == "attorney-code-unknown"


def test_guesses_are_counted_for_who_guesses_and_lock_nobody_else(
    house: TheHouse, lotte: Customer, maria: Customer, theo: Customer
) -> None:
    code = invite(lotte)
    namesake = house.customer("theo-2", "Theo Wouters")
    for number in range(MOST_WRONG):
        assert refused(lambda n=number: namesake.call("attorney.look", code=wrong_code(n))) == (  # type: ignore[misc]
            "attorney-code-unknown"
        )
    # Right, and too late for today: he cannot tell.
    assert refused(lambda: namesake.call("attorney.take_up", code=code)) == "attorney-code-unknown"
    assert refused(lambda: theo.call("attorney.look", code="K7QX")) == "letter-code-mistyped"
    assert theo.call("attorney.take_up", code=code)["representation_id"]


def test_what_cannot_be_given_is_refused_and_changes_nothing(
    house: TheHouse, lotte: Customer, maria: Customer, theo: Customer
) -> None:
    today = day_of(house.clock.now())
    maria_home = maria.occupancy()
    same = str(uuid4())
    invite(lotte, invitation_id=same)
    for changes, code in (
        ({"invitation_id": same}, "conflict"),  # a form that was sent twice
        ({"stays": [maria_home]}, "not-found"),
        ({"stays": [lotte.occupancy(), maria_home]}, "not-found"),
        ({"stays": []}, "malformed-request"),
        ({"days": 0}, "malformed-request"),
        ({"days": LONGEST.days + 1}, "malformed-request"),
        ({"name": ""}, "malformed-request"),
        ({"name": "x" * 101}, "malformed-request"),
        ({"name": "Theo\nWouters"}, "malformed-request"),
        ({"decides": "yes"}, "malformed-request"),
    ):
        assert refused(lambda c=changes: invite(lotte, **c)) == code, changes  # type: ignore[misc]
    assert len(lotte.call("attorney.show")["invitations"]) == 1
    for _ in range(MOST - 1):
        invite(lotte)
    assert refused(lambda: invite(lotte)) == "conflict"
    # Under administration the administrator decides, not the protected person.
    house.operator(
        "registry.representation.add",
        person_id=str(maria.person_id),
        representative_id=str(theo.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=today.isoformat(),
    )
    assert refused(lambda: invite(maria)) == "conflict"


# --- its end ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R81")
def test_from_the_moment_she_ends_it_he_sees_nothing_and_he_can_lay_it_down_himself(
    house: TheHouse, measured: Customer, theo: Customer
) -> None:
    home = measured.occupancy()
    for ender in (measured, theo):
        power = give(measured, theo)
        act_for(theo, power)
        assert theo.call("readings.read", occupancy_id=home, **PERIOD)["channels"]
        ender.call("attorney.end", representation_id=power)
        for command in ("me", "permission.list", "statements.list", "attorney.show"):
            if command == "attorney.show":
                assert theo.call(command)["held"] == []
            else:
                assert refused(lambda c=command: theo.call(c)) == "representation-ended"  # type: ignore[misc]
        assert refused(lambda: theo.call("readings.read", occupancy_id=home, **PERIOD)) == (
            "representation-ended"
        )
        theo.call("representation.lay_down")
        assert refused(lambda p=power: act_for(theo, p)) == "not-found"  # type: ignore[misc]
        assert refused(partial(ender.call, "attorney.end", representation_id=power)) == "conflict"
        assert messages(measured)[0][0] == "attorney.ended"
        assert messages(theo)[0][0] == "attorney.over"
    # The desk ends it for her: no court did, and nothing says so.
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.representation.end", id=give(measured, theo), until_day=today)
    assert (messages(measured)[0][0], messages(theo)[0][0]) == ("attorney.ended", "attorney.over")
    events = [one["event"] for one in measured.statements()]
    assert (events.count("attorney.ended"), events.count("representation.ended")) == (3, 0)


@pytest.mark.requirement("R97")
def test_it_ends_with_its_days_her_move_and_her_death(
    house: TheHouse, measured: Customer, second_home: str, maria: Customer, theo: Customer
) -> None:
    today = day_of(house.clock.now())
    of_home, of_both = (
        [one["occupancy_id"] for one in measured.call("me")["occupancies"] if one["ean"] == LOTTES_EAN],
        [one["occupancy_id"] for one in measured.call("me")["occupancies"]],
    )
    at_home, at_both = give(measured, theo, stays=of_home), give(measured, theo, stays=of_both)
    act_for(theo, at_home)
    session = theo.session
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today.isoformat())
    theo.session = session  # the house of a test logs everybody in anew
    assert refused(lambda: theo.call("me")) == "representation-ended"
    theo.call("representation.lay_down")
    assert refused(lambda: act_for(theo, at_home)) == "not-found"
    act_for(theo, at_both)  # she lives at the sea still
    assert [one["occupancy_id"] for one in theo.call("me")["occupancies"]] == [second_home]
    assert refused(lambda: theo.call("readings.read", occupancy_id=of_home[0], **PERIOD)) == "no-legal-basis"
    theo.call("representation.lay_down")
    of_maria = give(maria, theo, stays=[maria.occupancy()], days=2)
    act_for(theo, of_maria)
    house.operator(
        "registry.person.died", person_id=str(maria.person_id), died_on=today.isoformat(), reference="r"
    )
    assert refused(lambda: theo.call("me")) == "representation-ended"
    theo.call("representation.lay_down")
    house.clock.advance(timedelta(days=30))
    theo.session = house.log_in(theo.subject, theo.name)
    assert theo.call("attorney.show")["held"] == []
    assert refused(lambda: act_for(theo, at_both)) == "not-found"
