"""Random lives of permissions against a model: nothing ended comes back, every step stands in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.counts import examples
from tests.databases import Databases
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house

ENDED = {"rejected", "timed_out", "fulfilled", "revoked", "expired", "terminated", "invalidated", "lapsed"}
GIVES = {"active", "to_be_renewed"}
KINDS = ("by link", "named", "nobody's")
EANS = {"by link": None, "named": LOTTES_EAN, "nobody's": "541448899990000060"}
END_EVENTS = {f"permission.{state}" for state in ENDED}


class Lives(RuleBasedStateMachine):
    """Lotte, Sam who lives with her, Maria next door and Bram, who try everything in any order."""

    house: TheHouse
    people: dict[str, Customer]
    bram: Party
    home: str

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, dict[str, Any]] = {}
        self.renewals: set[str] = set()
        self.last: dict[str, str] = {}
        self.waited = 0

    # ---- what people do --------------------------------------------------------------------------------------

    @rule(
        target=asked,
        kind=st.sampled_from(KINDS),
        closed=st.booleans(),
        days=st.one_of(st.none(), st.integers(1, 60)),
    )
    def ask(self, kind: str, closed: bool, days: int | None) -> str:
        wish: dict[str, Any] = {"ean": EANS[kind]}
        if closed:
            wish["data_until"] = "2023-11-01T00:00:00Z"
        if days is not None:
            wish["valid_until"] = (self.house.clock.now() + timedelta(days=days)).isoformat()
        try:
            found = self.bram.ask(**wish)
        except DoorRefusedError as refused:
            if refused.code != "conflict":  # too many wait for this point
                raise
            return ""
        permission = str(found["permission_id"])
        self.known[permission], self.last[permission] = found, "requested"
        return permission

    @rule(
        permission=asked,
        who=st.sampled_from(["lotte", "sam", "maria"]),
        parts=st.sampled_from(["past", "future"]),
    )
    def grant(self, permission: str, who: str, parts: str) -> None:
        if not permission:
            return
        wish = self.known[permission]
        if self.attempt(permission, lambda: self.people[who].grant(wish, self.home, parts=[parts, "past"])):
            assert who != "maria"

    @rule(permission=asked, who=st.sampled_from(["lotte", "sam", "maria"]))
    def replay_an_old_link(self, permission: str, who: str) -> None:
        """Granting what ended, by whatever link: refused, nothing changed."""
        if permission and self.last[permission] in ENDED:
            wish = self.known[permission]
            assert not self.attempt(permission, lambda: self.people[who].grant(wish, self.home))

    @rule(permission=asked, who=st.sampled_from(["lotte", "sam", "maria"]))
    def refuse(self, permission: str, who: str) -> None:
        if permission:
            wish = {"permission_id": permission, "link_code": self.known[permission].get("link_code")}
            self.attempt(permission, lambda: self.people[who].call("permission.refuse", **wish))

    @rule(permission=asked, who=st.sampled_from(["lotte", "sam", "maria"]))
    def withdraw(self, permission: str, who: str) -> None:
        if permission and self.attempt(permission, lambda: self.people[who].withdraw(permission)):
            assert who != "maria"
            assert self.state(permission) == "revoked"

    @rule(permission=asked)
    def terminate(self, permission: str) -> None:
        if permission and self.attempt(
            permission, lambda: self.bram.call("permission.terminate", permission_id=permission)
        ):
            assert self.state(permission) == "terminated"

    @rule(target=asked, permission=asked, who=st.sampled_from(["lotte", "maria"]))
    def renew(self, permission: str, who: str) -> str:
        if not permission:
            return ""
        wish = {"permission_id": permission, "notice": "Again?", "language": "nl"}
        before = self.state(permission)
        answer = self.attempt(permission, lambda: self.people[who].call("permission.renew", **wish))
        if answer:
            assert (before, who) == ("to_be_renewed", "lotte")
            new = str(answer["permission"]["permission_id"])
            self.renewals.add(new)
            self.known[new] = {"permission_id": new, "link_code": None}
            self.last[new] = self.state(new)
            return new
        return ""

    @rule(permission=asked)
    def confirm_deletion(self, permission: str) -> None:
        if permission:
            before = self.state(permission)
            if self.attempt(
                permission, lambda: self.bram.call("permission.confirm_deletion", permission_id=permission)
            ):
                assert before in ENDED

    # ---- what happens to them --------------------------------------------------------------------------------

    @precondition(lambda self: self.waited < 120)
    @rule(days=st.sampled_from([1, 9, 30]))
    def time_passes(self, days: int) -> None:
        self.waited += days
        self.house.clock.advance(timedelta(days=days))
        for person in self.people.values():
            person.session = self.house.log_in(person.subject, person.name)
        self.bram.token = self.house.token(self.bram.client_id, self.bram.client_secret)

    @rule()
    def sweep(self) -> None:
        """A job writes down what time did; nothing that anybody sees changes."""
        before = self.states()
        self.house.operator("permission.sweep")
        assert self.states() == before
        assert self.house.operator("permission.sweep")["recorded"] == {}

    # ---- what always holds -----------------------------------------------------------------------------------

    @invariant()
    def nothing_that_ended_comes_back(self) -> None:
        for permission, state in self.states().items():
            before = self.last.get(permission, "requested")
            assert before not in ENDED or state == before, (permission, before, state)
            self.last[permission] = state

    @invariant()
    def every_step_stands_in_the_ledger_and_an_end_is_the_last_that_changes_the_state(self) -> None:
        rows = query(
            self.house,
            "SELECT e.permission_id, e.event, e.state, b.event FROM permissions.event e"
            " LEFT JOIN ledger.body b ON b.index = e.index ORDER BY e.event_no",
        )
        ended: dict[str, str] = {}
        for permission, event, state, recorded in rows:
            assert event == recorded
            if str(permission) in ended:
                assert (event, state) == ("permission.deletion_confirmed", ended[str(permission)])
            elif event in END_EVENTS:
                ended[str(permission)] = state

    @invariant()
    def only_what_both_granted_gives_access(self) -> None:
        rows = query(
            self.house,
            "SELECT p.state, (SELECT count(*) FROM permissions.signature s WHERE s.permission_id = p.permission_id)"
            " FROM permissions.permission p",
        )
        assert all(signed == 2 for state, signed in rows if state in GIVES)

    @invariant()
    def a_renewal_waits_only_while_what_it_renews_stands(self) -> None:
        found = self.people["lotte"].call("permission.list", limit=500)["permissions"]
        states = {one["permission_id"]: one["state"] for one in found}
        assert all(
            states[one["renews"]] in GIVES for one in found if one["renews"] and one["state"] == "requested"
        )

    def attempt(self, permission: str, act: Any) -> Any:
        """Try something; where it is refused, nothing has changed: no state, no history, no entry."""
        before = self.fingerprint(permission)
        try:
            return act()
        except DoorRefusedError as refused:
            if refused.code not in {"conflict", "not-found"}:
                raise
        assert self.fingerprint(permission) == before
        return None

    def fingerprint(self, permission: str) -> Any:
        return (
            query(self.house, "SELECT * FROM permissions.permission WHERE permission_id = %s", permission),
            query(self.house, "SELECT count(*) FROM permissions.signature"),
            query(self.house, "SELECT size FROM ledger.head"),
        )

    def state(self, permission: str) -> str:
        # A renewal is its party's only once it is granted: Lotte, who asked for it, sees it all along.
        who = self.people["lotte"] if permission in self.renewals else self.bram
        return str(who.permission(permission)["state"])

    def states(self) -> dict[str, str]:
        found = self.bram.call("permission.list", limit=500)["permissions"]
        found += [
            one
            for one in self.people["lotte"].call("permission.list", limit=500)["permissions"]
            if one["permission_id"] in self.renewals
        ]
        return {one["permission_id"]: one["state"] for one in found if one["permission_id"] in self.known}


@pytest.fixture(scope="module")
def people(databases: Databases) -> Iterator[type[Lives]]:
    with databases.clone() as database, open_house(database) as house:
        house.operator("permission.terms.set", longest_days=50, renewal_days=25, reminder_days=20)
        lotte, sam = house.customer("lotte", "Lotte Janssens"), house.customer("sam", "Sam Smets")
        maria = house.customer("maria", "Maria Peeters")
        Lives.home = str(house.point(LOTTES_EAN, lotte))
        house.point(MARIAS_EAN, maria, address="Dorpsplein 3, 9000 Gent")
        house.operator(
            "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
        )
        Lives.house, Lives.bram = house, house.party("Bram Energieadvies", "energy_service")
        Lives.people = {"lotte": lotte, "sam": sam, "maria": maria}
        yield Lives


@pytest.mark.requirement("R22", "R24", "R25")
def test_no_life_of_a_permission_breaks_the_rules(people: type[Lives]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        people,
        settings=settings(
            max_examples=examples(3, of=6),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
