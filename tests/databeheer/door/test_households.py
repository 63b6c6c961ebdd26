"""Who lives together: what a newcomer sees of before, what a death undoes, whose word counts, whose session ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def today(house: TheHouse) -> str:
    return day_of(house.clock.now()).isoformat()


def move_in(house: TheHouse, who: Customer, since: str = "2022-01-01", ean: str = LOTTES_EAN) -> None:
    house.operator("registry.concerned.begin", ean=ean, person_id=str(who.person_id), from_day=since)


def die(house: TheHouse, who: Customer) -> None:
    house.operator(
        "registry.person.died", person_id=str(who.person_id), died_on=today(house), reference="deed 1"
    )


def later(house: TheHouse, days: int, *people: Customer | Party) -> None:
    house.clock.advance(timedelta(days=days))
    for one in people:
        if isinstance(one, Customer):
            one.session = house.log_in(one.subject, one.name)
        else:
            one.token = house.token(one.client_id, one.client_secret)


def grant(who: Customer, asked: dict[str, Any], home: str) -> dict[str, Any]:
    found: dict[str, Any] = who.grant(asked | {"link_code": None}, home)["permission"]
    return found


@pytest.fixture
def sam(house: TheHouse, measured: Customer) -> Customer:
    """Somebody who has lived with Lotte all along, and has made himself known."""
    sam = house.customer("sam", "Sam Smets")
    move_in(house, sam)
    return sam


# ---- who signed and left, who died --------------------------------------------------------------------------


@pytest.mark.requirement("R21")
def test_who_signed_and_left_takes_it_back_while_others_think(
    house: TheHouse, measured: Customer, sam: Customer, maria: Customer, bram: Party
) -> None:
    tom = house.customer("tom", "Tom Tops")
    move_in(house, tom)
    asked = bram.ask(ean=LOTTES_EAN)
    permission = asked["permission_id"]
    grant(sam, asked, measured.occupancy())
    left = {"person_id": str(sam.person_id), "until_day": today(house)}
    house.operator("registry.concerned.end", ean=LOTTES_EAN, **left)
    sam.session = house.log_in(sam.subject, sam.name)
    assert code(lambda: maria.call("permission.refuse", permission_id=permission)) == "not-found"
    assert code(lambda: grant(sam, asked, measured.occupancy())) == "not-found"
    sam.call("permission.refuse", permission_id=permission)
    assert code(lambda: grant(measured, asked, measured.occupancy())) == "conflict"
    assert bram.permission(permission)["state"] == "rejected"


def test_a_resident_entered_by_mistake_lived_there_no_day_and_can_be_entered_again(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    day = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    of_sam = {"ean": LOTTES_EAN, "person_id": str(sam.person_id)}
    move_in(house, sam, "2023-10-29")
    house.operator("registry.concerned.end", **of_sam, until_day="2023-10-28")
    assert (
        code(lambda: house.operator("registry.concerned.end", **of_sam, until_day="2023-10-28")) == "conflict"
    )
    sam.session = house.log_in(sam.subject, sam.name)
    look = {"occupancy_id": measured.occupancy(), **day}
    assert code(lambda: sam.call("readings.read", **look)) == "no-legal-basis"
    assert measured.statements()[0]["reader"] == "nobody"
    permission = measured.grant(bram.ask())["permission"]["permission_id"]
    assert bram.read(permission, **day)["channels"]
    move_in(house, sam, "2023-10-29")
    assert sam.call("readings.read", **look)["channels"]
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(permission, **day)
    assert refused.value.reason == "second_signature_missing"


def test_a_resident_who_was_to_come_and_does_not_signs_nothing(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    soon = (day_of(house.clock.now()) + timedelta(days=3)).isoformat()
    move_in(house, sam, soon)
    of_sam = {"ean": LOTTES_EAN, "person_id": str(sam.person_id)}
    house.operator("registry.concerned.end", **of_sam, until_day=today(house))
    later(house, 4, measured, bram)
    assert measured.grant(bram.ask())["permission"]["state"] == "active"


def test_the_dead_move_in_nowhere_and_neither_act_nor_are_acted_for(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    vera = house.customer("vera", "Vera Vos")
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    die(house, vera)
    dead, first = str(vera.person_id), {"from_day": today(house)}
    appointed = {"reference": "2026/1", "until_day": None, **first}
    add = "registry.representation.add"
    for act in (
        lambda: house.operator("registry.occupancy.begin", ean=LOTTES_EAN, person_id=dead, **first),
        lambda: house.operator("registry.concerned.begin", ean=MARIAS_EAN, person_id=dead, **first),
        lambda: house.operator(add, person_id=dead, representative_id=str(maria.person_id), **appointed),
        lambda: house.operator(add, person_id=str(maria.person_id), representative_id=dead, **appointed),
    ):
        assert code(act) == "conflict"
    house.operator("registry.person.alive", person_id=dead, reason="another of that name")
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, person_id=dead, **first)


def test_after_the_death_of_a_resident_a_grant_opens_the_days_since_and_none_of_his(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    move_in(house, sam)
    house.operator(
        "registry.person.died", person_id=str(sam.person_id), died_on="2023-10-30", reference="deed 2"
    )
    permission = measured.grant(bram.ask())["permission"]["permission_id"]
    window = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-30T23:00:00Z", "mode": "clip"}
    read = bram.read(permission, **window)
    assert [(one["from"], one["until"]) for one in read["granted"]] == [
        ("2023-10-29T23:00:00Z", "2023-10-30T23:00:00Z")
    ]


# ---- what a newcomer sees ----------------------------------------------------------------------------------


def test_who_moves_in_does_not_see_what_the_household_did_before_he_came(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    home = measured.occupancy()
    ended, refused, stands, waits = (bram.ask(ean=LOTTES_EAN) for _ in range(4))
    grant(measured, ended, home)
    measured.withdraw(ended["permission_id"])
    measured.call("permission.refuse", permission_id=refused["permission_id"])
    grant(measured, stands, home)
    later(house, 2, measured, bram)
    ward = house.customer("ward", "Ward Wouters")
    move_in(house, ward, today(house))
    seen = [one["permission_id"] for one in ward.call("permission.list")["permissions"]]
    assert sorted(seen) == sorted([stands["permission_id"], waits["permission_id"]])
    for gone in (ended, refused):
        assert code(lambda one=gone: ward.permission(one["permission_id"])) == "not-found"
        link = gone["link_code"]
        assert code(lambda link=link: ward.call("permission.by_link", link_code=link)) == "not-found"


@pytest.mark.parametrize("named", [{"ean": LOTTES_EAN}, {}])
def test_a_newcomer_sees_what_runs_there_however_it_was_asked_and_nothing_that_was_over(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, named: dict[str, str]
) -> None:
    asked, over = bram.ask(**named), joris.ask(**named)
    for one in (asked, over):
        measured.grant(one)
    house.operator("registry.party.suspend", party_id=joris.party_id, reason="Datalek")
    later(house, 3, measured)
    sam = house.customer("sam", "Sam")
    move_in(house, sam, today(house))
    seen = [one["permission_id"] for one in sam.call("permission.list")["permissions"]]
    assert seen == [asked["permission_id"]]


def test_of_what_another_answered_a_housemate_reads_neither_the_text_nor_where_to_go_back_to(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    back = {"return_url_success": "https://bram.example/yes", "return_url_failed": "https://bram.example/no"}
    asked = bram.ask(ean=LOTTES_EAN, **back)
    grant(measured, asked, measured.occupancy())
    ward = house.customer("ward", "Ward Wouters")
    move_in(house, ward, today(house))
    own, shown = (one.permission(asked["permission_id"]) for one in (measured, ward))
    assert (own["notice"]["text"], own["return_url_success"]) == (
        "What Lotte read",
        back["return_url_success"],
    )
    assert (shown["notice"], shown["return_url_success"], shown["return_url_failed"]) == (None, None, None)
    waits = bram.ask(ean=LOTTES_EAN, **back)
    assert ward.permission(waits["permission_id"])["return_url_success"] == back["return_url_success"]


def test_who_left_sees_what_he_signed_and_nothing_else(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    signed, waits = bram.ask(ean=LOTTES_EAN), bram.ask(ean=LOTTES_EAN)
    grant(sam, signed, measured.occupancy())
    house.operator(
        "registry.concerned.end", ean=LOTTES_EAN, person_id=str(sam.person_id), until_day=today(house)
    )
    found = sam.call("permission.list")["permissions"]
    assert [one["permission_id"] for one in found] == [signed["permission_id"]]
    assert code(lambda: sam.permission(waits["permission_id"])) == "not-found"


def test_after_the_holder_moves_who_lived_there_too_sees_no_request_that_waited(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    assert sam.permission(asked["permission_id"])["waits_for_you"]
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    assert code(lambda: sam.permission(asked["permission_id"])) == "not-found"


# ---- the dead ----------------------------------------------------------------------------------------------


def test_what_lotte_signed_comes_to_nothing_when_she_dies_before_all_have_signed(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    asked, home = bram.ask(ean=LOTTES_EAN), measured.occupancy()
    grant(measured, asked, home)
    die(house, measured)
    assert code(lambda: grant(sam, asked, home)) == "not-found"
    assert bram.permission(asked["permission_id"])["state"] == "requested"  # a party is not told (R98)
    untouched = bram.ask(ean=LOTTES_EAN)
    assert code(lambda: grant(sam, untouched, home)) == "not-found"
    assert code(lambda: sam.grant(bram.ask(), home)) == "not-found"
    house.operator("registry.person.alive", person_id=str(measured.person_id), reason="another Lotte")
    assert grant(sam, asked, home)["state"] == "active"


def test_a_paper_that_a_dead_grid_user_signed_gives_nothing_any_more(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    from base64 import b64encode
    from hashlib import sha256

    asked, paper = bram.ask(ean=LOTTES_EAN), b"%PDF I, Lotte, allow it."
    permission = {"permission_id": asked["permission_id"]}
    bram.call(
        "mandate.register", document_sha256=sha256(paper).hexdigest(), signed_on="2023-01-01", **permission
    )
    bram.call("mandate.produce", document=b64encode(paper).decode(), **permission)
    die(house, measured)
    judged = {"accepted": True, "checked_by": "desk 1", **permission}
    assert code(lambda: house.operator("mandate.check", **judged)) == "conflict"
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_the_signature_of_a_resident_who_died_meanwhile_opens_nothing_of_his_time(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    ward = house.customer("ward", "Ward Wouters")
    move_in(house, ward)
    asked, home = bram.ask(ean=LOTTES_EAN), measured.occupancy()
    grant(sam, asked, home)
    grant(ward, asked, home)
    die(house, sam)
    later(house, 1, measured, bram)
    assert grant(measured, asked, home)["state"] == "active"
    assert code(lambda: bram.read(asked["permission_id"])) == "no-legal-basis"


def test_a_session_that_began_while_a_death_was_written_down_is_good_for_nothing(
    house: TheHouse, measured: Customer
) -> None:
    """The log-in looks outside the head's lock: what it missed, each command sees."""
    die(house, measured)
    execute(house, "UPDATE identity.session SET ended_at = NULL WHERE person_id = %s", measured.person_id)
    assert code(lambda: measured.call("me")) == "unauthenticated"
    assert code(lambda: measured.call("permission.list")) == "unauthenticated"


# ---- whose word counts -------------------------------------------------------------------------------------


@pytest.mark.requirement("R4")
def test_a_signature_given_for_one_person_counts_for_no_other_whom_the_signer_represents(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    theo, ward = house.customer("theo", "Theo Wouters"), house.customer("ward", "Ward Wouters")
    for person in (measured, ward):
        appointed = house.operator(
            "registry.representation.add",
            person_id=str(person.person_id),
            representative_id=str(theo.person_id),
            reference="vrederechter Gent 2026/17",
            from_day=today(house),
            until_day=None,
        )["id"]
        if person is measured:
            theo.call("representation.take_up", representation_id=appointed)
    # Sam's signature makes the door read all signatures, Theo's among them.
    sam = house.customer("sam", "Sam Smets")
    move_in(house, sam)
    asked = bram.ask(ean=LOTTES_EAN)
    grant(theo, asked, measured.occupancy())
    grant(sam, asked, measured.occupancy())
    assert bram.read(asked["permission_id"])["channels"]
    move_in(house, ward)
    assert code(lambda: bram.read(asked["permission_id"])) == "no-legal-basis"


# ---- who acted ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["measured", "sam"])
def test_each_is_told_who_ended_it_himself_or_the_other(
    request: pytest.FixtureRequest, measured: Customer, sam: Customer, bram: Party, who: str
) -> None:
    asked, other = bram.ask(ean=LOTTES_EAN), bram.ask(ean=LOTTES_EAN)
    home, actor = measured.occupancy(), request.getfixturevalue(who)
    actor.call("permission.refuse", permission_id=asked["permission_id"])
    grant(measured, other, home)
    grant(sam, other, home)
    actor.withdraw(other["permission_id"])
    capacity = "grid_user" if who == "measured" else "person_concerned"
    for permission in (asked, other):
        for viewer in (measured, sam):
            shown = viewer.permission(permission["permission_id"])
            assert shown["ended_by"] == {"by": capacity, "is_you": viewer is actor, "task": None}
            assert [step["is_you"] for step in shown["history"]][-1] is (viewer is actor)
        seen = bram.call("permission.show", permission_id=permission["permission_id"])["permission"]
        assert "ended_by" not in seen
        assert all(set(step) == {"event", "state", "reason", "by", "at", "index"} for step in seen["history"])


# ---- sessions ----------------------------------------------------------------------------------------------


def live(house: TheHouse, *people: Customer) -> list[bool]:
    found = []
    for one in people:
        (ended,) = query(
            house,
            "SELECT count(*) FROM identity.session WHERE person_id = %s AND ended_at IS NULL",
            one.person_id,
        )[0]
        found.append(bool(ended))
    return found


@pytest.mark.requirement("R97")
def test_a_resident_who_leaves_is_logged_out_unless_he_lives_elsewhere_here(
    house: TheHouse, measured: Customer, maria: Customer, sam: Customer
) -> None:
    move_in(house, maria)
    house.people.clear()  # nobody logs in again by itself
    for one in (sam, maria):
        house.operator(
            "registry.concerned.end", ean=LOTTES_EAN, person_id=str(one.person_id), until_day=today(house)
        )
    assert live(house, sam, maria, measured) == [False, True, True]
    assert code(lambda: sam.call("me")) == "unauthenticated"


@pytest.mark.requirement("R97")
def test_with_the_holder_everybody_of_the_household_is_logged_out_and_who_acts_in_their_names(
    house: TheHouse, measured: Customer, maria: Customer, sam: Customer
) -> None:
    theo, zoe = house.customer("theo", "Theo Wouters"), house.customer("zoe", "Zoë Zwart")
    move_in(house, zoe)
    move_in(house, zoe, ean=MARIAS_EAN)
    appointed = house.operator(
        "registry.representation.add",
        person_id=str(measured.person_id),
        representative_id=str(theo.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=today(house),
        until_day=None,
    )["id"]
    theo.call("representation.take_up", representation_id=appointed)
    house.people.clear()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    assert live(house, measured, sam, theo) == [False, False, False]
    assert live(house, maria, zoe) == [True, True]  # who lives elsewhere goes on
    assert code(lambda: theo.call("me")) == "unauthenticated"
