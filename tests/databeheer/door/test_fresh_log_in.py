"""What gives others access needs somebody who has just shown who he is; ending it never does (issue 7, point 9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.main import SettingsError, _minutes_in
from databeheer.identity.sessions import FRESH_TERM
from tests.doors import query
from tests.house import Customer, Party, TheHouse

NEEDED = "fresh-login-needed"
READ = {"notice": "What Lotte read", "language": "nl"}


def code(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value.code


def later(house: TheHouse) -> None:
    """Time in which the session lives and the log-in grows old."""
    house.clock.advance(FRESH_TERM)


@pytest.mark.requirement("R18")
def test_an_old_log_in_grants_nothing_changes_nothing_and_still_refuses_and_withdraws(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party, joris: Party
) -> None:
    granted = lotte.grant(bram.ask(up_to=2))["permission"]["permission_id"]
    asked, other = bram.ask(), bram.ask()
    wish = {"occupancy_id": lotte.occupancy(), **READ}
    house.clock.advance(FRESH_TERM - timedelta(microseconds=1))
    assert house.client.call("me", Proof.session(lotte.session))["logged_in_freshly"]
    house.clock.advance(timedelta(microseconds=1))
    assert not house.client.call("me", Proof.session(lotte.session))["logged_in_freshly"]
    entries = query(house, "SELECT count(*) FROM ledger.entry")
    link = {name: asked[name] for name in ("permission_id", "link_code")}
    assert code(lambda: lotte.call("permission.grant", **link, **wish)) == NEEDED
    assert code(lambda: lotte.call("permission.renew", permission_id=granted, **READ)) == NEEDED
    assert code(lambda: lotte.call("permission.grant_beside", permission_id=granted, **wish)) == NEEDED
    assert query(house, "SELECT count(*) FROM ledger.entry") == entries
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    # Of others it says nothing: no log-in at all, and a party's token, are not asked to be fresher.
    for proof in (Proof("none", ""), Proof.token(joris.token)):
        refused = code(lambda proof=proof: house.client.call("permission.grant", proof, **link, **wish))  # type: ignore[misc]
        assert refused == "unauthenticated"
    # Ending goes by an old log-in.
    lotte.call("permission.refuse", **{name: other[name] for name in ("permission_id", "link_code")})
    lotte.withdraw(granted)
    # Anew, and by herself alone.
    maria.session = house.log_in(maria.subject, maria.name)
    assert code(lambda: lotte.call("permission.grant", **link, **wish)) == NEEDED
    lotte.session = house.log_in(lotte.subject, lotte.name)
    assert lotte.call("permission.grant", **link, **wish)["permission"]["state"] == "active"


def test_an_old_log_in_cannot_be_replayed_as_a_fresh_one(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    """All that a broken-in web process has: the answer and the nonce of before, and the live session."""
    asked = bram.ask()
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer(lotte.subject, lotte.name, nonce)
    session = Proof.session(house.client.call("login.finish", answer=answer, nonce=nonce)["session"])
    later(house)
    anew = house.client.call("login.begin", fresh=True)["nonce"]
    for one in (nonce, anew):
        assert (
            code(lambda one=one: house.client.call("login.finish", session, answer=answer, nonce=one))  # type: ignore[misc]
            == "unauthenticated"
        )
    wish = {"occupancy_id": lotte.occupancy(), **READ}
    link = {name: asked[name] for name in ("permission_id", "link_code")}
    assert code(lambda: house.client.call("permission.grant", session, **link, **wish)) == NEEDED


def test_who_acts_for_somebody_goes_on_doing_so_after_a_fresh_log_in_and_nobody_else_does(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    theo = house.customer("theo", "Theo Wouters")
    appointed = house.operator(
        "registry.representation.add",
        person_id=str(lotte.person_id),
        representative_id=str(theo.person_id),
        reference="vrederechter Gent 2026/17",
        from_day="2024-01-01",
    )["id"]
    theo.call("representation.take_up", representation_id=appointed)
    asked, wish = bram.ask(), {"occupancy_id": lotte.occupancy(), **READ}
    link = {name: asked[name] for name in ("permission_id", "link_code")}
    later(house)
    assert code(lambda: theo.call("permission.grant", **link, **wish)) == NEEDED

    def log_in_over(old: str, who: Customer, *, fresh: bool) -> str:
        nonce = house.client.call("login.begin", fresh=fresh)["nonce"]
        answer = house.signed_answer(who.subject, who.name, nonce)
        return str(
            house.client.call("login.finish", Proof.session(old), answer=answer, nonce=nonce)["session"]
        )

    before = theo.session
    theo.session = log_in_over(before, theo, fresh=True)
    assert theo.call("me")["name"] == lotte.name
    assert theo.call("permission.grant", **link, **wish)["permission"]["state"] == "active"
    assert code(lambda: house.client.call("me", Proof.session(before))) == "unauthenticated"
    # Another person over his session, and he himself over one that has ended or by a plain log-in, are themselves.
    assert house.client.call("me", Proof.session(log_in_over(before, theo, fresh=True)))["name"] == theo.name
    marias = log_in_over(theo.session, maria, fresh=True)
    assert house.client.call("me", Proof.session(marias))["name"] == maria.name


@pytest.mark.parametrize("given", ["0", "61", "ten", "-1", "1.5", "9 ", "٣"])
def test_a_setting_in_minutes_is_read_strictly(given: str) -> None:
    with pytest.raises(SettingsError, match="DATABEHEER_IDLE_MINUTES"):
        _minutes_in({"DATABEHEER_IDLE_MINUTES": given}, "DATABEHEER_IDLE_MINUTES", FRESH_TERM)
    assert _minutes_in({}, "DATABEHEER_IDLE_MINUTES", FRESH_TERM) == FRESH_TERM
    assert _minutes_in({"X": "7"}, "X", FRESH_TERM) == timedelta(minutes=7)
