"""Processors: an agreement with all its clauses, a chain of sub-processors, going live; and nothing where one fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.registry.conditions import Clause
from tests.databeheer.door.governance.test_records import days, refused
from tests.databeheer.door.test_clocks import all_clocks, bodies, derived, standing
from tests.databeheer.door.test_conditions import facts
from tests.governance import ELS, agreed, approve, close, go_live, ready, said, write
from tests.house import Party, TheHouse


@pytest.fixture
def processor(kept: TheHouse) -> Party:
    """A processor that nobody let go live."""
    return kept.party(f"Rekencentrum {uuid4().hex[:6]}", "processor", papers=False)


def is_live(house: TheHouse, party: Party) -> bool:
    """Whether an agreement carries the processor's access now: what every decision asks."""
    return any(house.clock.now() in one for one in facts(house, party).processor_agreements)


def number() -> str:
    return f"VO-{uuid4().hex[:8]}"


@pytest.mark.requirement("R123")
@pytest.mark.parametrize("missing", [clause.value for clause in Clause])
def test_an_agreement_without_one_of_the_ten_clauses_is_none(kept: TheHouse, missing: str) -> None:
    party = _one(kept)
    for wrong in (False, None, "yes", 1):
        given = said("agreement", kept.clock.now()) | {missing: wrong}
        words = refused(kept, "governance.write", register="agreement", party_id=party, said=given, by=ELS)[1]
        assert missing in words


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"immediate_breach_notice": False}, "immediate_breach_notice"),
        ({"documents_available": False}, "documents_available"),
        ({"country": "US"}, "safeguard"),
        ({"country": "Belgium"}, "country"),
        ({"safeguard": "standard_clauses"}, "safeguard"),
        ({"mode": "general"}, "objection_days"),
        ({"objection_days": 30}, "objection_days"),
        ({"mode": "general", "objection_days": 1}, "objection_days"),
        ({"until_day": "2020-01-01", "from_day": "2020-01-01"}, "until_day"),
    ],
)
def test_an_agreement_says_what_the_contract_has_to_say_besides(
    kept: TheHouse, wrong: dict[str, Any], why: str
) -> None:
    given = said("agreement", kept.clock.now(), **wrong)
    words = refused(kept, "governance.write", register="agreement", party_id=_one(kept), said=given, by=ELS)[
        1
    ]
    assert why in words


def test_an_agreement_of_article_28_is_a_processors(kept: TheHouse) -> None:
    bram = kept.party("Bram", "energy_service", papers=False)
    given = said("agreement", kept.clock.now())
    assert (
        "processor"
        in refused(
            kept, "governance.write", register="agreement", party_id=bram.party_id, said=given, by=ELS
        )[1]
    )


@pytest.mark.requirement("R123", "R129")
def test_a_processor_has_nothing_before_two_people_let_it_go_live(kept: TheHouse, processor: Party) -> None:
    needs = ready(kept, processor, number=number())
    assert not is_live(kept, processor)
    written = write(kept, "go_live", party_id=processor.party_id, **needs)
    assert not is_live(kept, processor)
    approve(kept, written)
    assert is_live(kept, processor)
    again = said("go_live", kept.clock.now(), **needs)
    assert (
        "already"
        in refused(
            kept, "governance.write", register="go_live", party_id=processor.party_id, said=again, by=ELS
        )[1]
    )


@pytest.mark.requirement("R129")
def test_a_processor_goes_live_with_its_own_papers_that_are_still_good(
    kept: TheHouse, processor: Party
) -> None:
    needs = ready(kept, processor, number=number())
    other = ready(kept, kept.party("Ander Rekencentrum", "processor", papers=False), number=number())
    measures = [agreed(kept, "measure")]

    def refusal(**changes: str) -> str:
        given = said("go_live", kept.clock.now(), **(needs | changes))
        return refused(
            kept, "governance.write", register="go_live", party_id=processor.party_id, said=given, by=ELS
        )[1]

    for name in needs:
        assert name in refusal(**{name: other[name]})
        assert name in refusal(**{name: str(uuid4())})
    audit = agreed(kept, "measure_test", party_id=processor.party_id, what="audit", measures=measures)
    assert "another kind" in refusal(penetration_test=audit)
    finding = write(kept, "finding", within=needs["penetration_test"])
    assert "not solved" in refusal()
    action = write(kept, "action", within=finding["record_id"])
    close(kept, action, "done")
    close(kept, finding, "solved")
    kept.operator("registry.dpia.stale", party_id=processor.party_id, trigger="use_changed")
    assert "out of date" in refusal()
    kept.clock.advance(timedelta(days=1))
    new = agreed(kept, "assessment", party_id=processor.party_id, reference="DPIA 2")
    agreed(kept, "go_live", party_id=processor.party_id, **(needs | {"assessment": new}))
    assert is_live(kept, processor)


@pytest.mark.requirement("R129")
def test_a_weak_point_that_is_found_later_stops_the_processor_until_it_is_solved(
    kept: TheHouse, processor: Party
) -> None:
    live = go_live(kept, processor, number=number())
    finding = write(kept, "finding", within=live["penetration_test"], severity="critical")
    assert not is_live(kept, processor)
    action = write(kept, "action", within=finding["record_id"])
    close(kept, action, "done")
    close(kept, finding, "solved")
    assert not is_live(kept, processor)
    agreed(
        kept,
        "go_live",
        party_id=processor.party_id,
        **{name: live[name] for name in live if name != "go_live"},
    )
    assert is_live(kept, processor)


@pytest.mark.requirement("R123")
def test_an_agreement_that_is_closed_or_over_carries_nothing(kept: TheHouse, processor: Party) -> None:
    live = go_live(kept, processor, number=number(), until_day=days(kept, 40))
    close(kept, {"record_id": live["agreement"]}, "ended")
    assert not is_live(kept, processor)
    other = kept.party("Rekencentrum dat afloopt", "processor", papers=False)
    go_live(kept, other, number=number(), until_day=days(kept, 40))
    assert is_live(kept, other)
    (one,) = facts(kept, other).processor_agreements
    assert one.end is not None
    assert day_of(one.end).isoformat() == days(kept, 40)


@pytest.mark.requirement("R124")
def test_under_a_general_consent_a_sub_processor_is_announced_and_nobody_objected_in_time(
    kept: TheHouse, processor: Party
) -> None:
    live = go_live(kept, processor, number=number(), mode="general", objection_days=14)
    inside = {"within": live["agreement"]}
    change = write(kept, "sub_processor_change", name="Wolk bv", **inside)

    def refusal(**given: Any) -> str:
        values = said("sub_processor", kept.clock.now(), name="Wolk bv", **given)
        return refused(kept, "governance.write", register="sub_processor", said=values, by=ELS, **inside)[1]

    assert "change" in refusal()
    assert "still runs" in refusal(change=change["record_id"])
    objected = write(kept, "sub_processor_change", name="Wolk bv", **inside)
    close(kept, objected, "objected")
    assert "objection" in refusal(change=objected["record_id"])
    (clock,) = (
        one for one in all_clocks(kept, "sub_processor_objection") if str(one.about) == change["record_id"]
    )
    assert day_of(clock.due_at).isoformat() == days(kept, 15)
    kept.clock.advance(timedelta(days=15))
    other_name = said("sub_processor", kept.clock.now(), name="Andere nv", change=change["record_id"])
    refused(kept, "governance.write", register="sub_processor", said=other_name, by=ELS, **inside)
    agreed(kept, "sub_processor", name="Wolk bv", change=change["record_id"], **inside)
    assert is_live(kept, processor)
    close(kept, change, "objected")
    assert not is_live(kept, processor)
    needs = {name: live[name] for name in live if name != "go_live"}
    words = refused(
        kept,
        "governance.write",
        register="go_live",
        party_id=processor.party_id,
        said=said("go_live", kept.clock.now(), **needs),
        by=ELS,
    )[1]
    assert "may not work" in words
    assert derived(kept) == standing(kept)


@pytest.mark.requirement("R125")
def test_else_each_sub_processor_has_a_consent_of_its_own_and_stops_with_it(
    kept: TheHouse, processor: Party
) -> None:
    live = go_live(kept, processor, number=number())
    inside = {"within": live["agreement"]}
    announcement = said("sub_processor_change", kept.clock.now())
    assert (
        "general"
        in refused(
            kept, "governance.write", register="sub_processor_change", said=announcement, by=ELS, **inside
        )[1]
    )
    waiting = write(kept, "sub_processor_consent", name="Wolk bv", **inside)
    values = said("sub_processor", kept.clock.now(), name="Wolk bv", consent=waiting["record_id"])
    assert (
        "does not count"
        in refused(kept, "governance.write", register="sub_processor", said=values, by=ELS, **inside)[1]
    )
    none = said("sub_processor", kept.clock.now(), name="Wolk bv")
    assert (
        "consent"
        in refused(kept, "governance.write", register="sub_processor", said=none, by=ELS, **inside)[1]
    )
    approve(kept, waiting)
    agreed(kept, "sub_processor", name="Wolk bv", consent=waiting["record_id"], **inside)
    assert is_live(kept, processor)
    close(kept, waiting, "taken_back")
    assert not is_live(kept, processor)


@pytest.mark.requirement("R126")
def test_each_in_the_chain_has_its_own_agreement_and_the_shortest_one_ends_the_access(
    kept: TheHouse, processor: Party
) -> None:
    live = go_live(kept, processor, number=number())
    inside = {"within": live["agreement"]}

    def sub(name: str, **given: Any) -> dict[str, Any]:
        consent = agreed(kept, "sub_processor_consent", name=name, **inside)
        return said("sub_processor", kept.clock.now(), name=name, consent=consent, **given)

    for missing in ("agreement_number", "agreement_sha256", "same_duties"):
        given = sub("Wolk bv") | {missing: None}
        assert (
            missing
            in refused(kept, "governance.write", register="sub_processor", said=given, by=ELS, **inside)[1]
        )
    first = agreed(kept, "sub_processor", **sub("Wolk bv"), **inside)
    second = agreed(
        kept, "sub_processor", **sub("Kelder nv", under=first, until_day=days(kept, 20)), **inside
    )
    (one,) = (one for one in facts(kept, processor).processor_agreements if kept.clock.now() in one)
    assert one.end is not None
    assert day_of(one.end).isoformat() == days(kept, 20)
    circle = sub("Wolk bv", under=second)
    words = refused(kept, "governance.write", register="sub_processor", record_id=first, said=circle, by=ELS)[
        1
    ]
    assert "not of itself" in words


@pytest.mark.requirement("R127")
@pytest.mark.parametrize("what", ["rights", "breach", "assessment", "audit"])
def test_a_processor_is_asked_to_assist_in_each_of_four_cases_and_a_late_one_counts_against_it(
    kept: TheHouse, processor: Party, what: str
) -> None:
    agreement = agreed(kept, "agreement", party_id=processor.party_id, number=number())
    ticket = write(kept, "assistance", within=agreement, what=what, due_on=days(kept, 2))
    (clock,) = (one for one in all_clocks(kept, "processor_task") if str(one.about) == ticket["record_id"])
    assert str(clock.party_id) == processor.party_id
    kept.clock.advance(timedelta(days=1))
    close(kept, ticket, "done")
    late = write(kept, "assistance", within=agreement, what=what, due_on=days(kept, 1))
    kept.clock.advance(timedelta(days=3))
    kept.operator("clocks.sweep")
    (missed,) = (
        one for one in bodies(kept) if one["event"] == "clock.missed" and one.get("task") == late["record_id"]
    )
    assert missed["party"] == processor.party_id


def test_a_ticket_of_another_kind_or_without_an_agreement_in_force_is_refused(
    kept: TheHouse, processor: Party
) -> None:
    waiting = write(kept, "agreement", party_id=processor.party_id, number=number())["record_id"]
    ticket = said("assistance", kept.clock.now())
    refused(kept, "governance.write", register="assistance", said=ticket, within=waiting, by=ELS)
    agreement = agreed(kept, "agreement", party_id=processor.party_id, number=number())
    wrong = ticket | {"what": "coffee"}
    refused(kept, "governance.write", register="assistance", said=wrong, within=agreement, by=ELS)


_ONE: dict[int, str] = {}


def _one(house: TheHouse) -> str:
    if id(house) not in _ONE:
        _ONE[id(house)] = house.party("Rekencentrum Een", "processor", papers=False).party_id
    return _ONE[id(house)]
