"""Breaches: 72 hours from awareness, a notice in phases, the people told, a case of doubt that turns out to be one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.staff.asking import MOST_UNKNOWN
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.governance.test_records import refused, state
from tests.databeheer.door.test_clocks import all_clocks, derived, ends, standing
from tests.databeheer.doubt import acts as doubts
from tests.governance import ELS, agreed, approve, close, said, shown, write
from tests.house import Customer, Party, TheHouse
from tests.linking import NOWHERE


def at(house: TheHouse, hours: float = 0) -> str:
    return format_instant(house.clock.now() + timedelta(hours=hours))


def opened(house: TheHouse, *, aware: bool = True, **changes: Any) -> dict[str, Any]:
    """A breach that was detected an hour ago; of which one is aware since."""
    return write(
        house, "breach", aware_at=at(house, -1) if aware else None, detected_at=at(house, -1), **changes
    )


def clock_of(house: TheHouse, breach: dict[str, Any]) -> list[tuple[bool, bool]]:
    mine = [one for one in all_clocks(house, "breach_notice") if str(one.about) == breach["record_id"]]
    return [(one.met_at is not None, one.dropped_at is not None) for one in mine]


@pytest.mark.requirement("R140")
def test_a_breach_goes_from_detection_to_notice_within_72_hours_and_is_closed(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    breach = opened(house, aware=False)
    inside = {"within": breach["record_id"]}
    assert clock_of(house, breach) == []
    aware = write(
        house, "breach", record_id=breach["record_id"], aware_at=at(house), detected_at=at(house, -1)
    )
    (clock,) = all_clocks(house, "breach_notice")
    assert clock.due_at - clock.started_at == timedelta(hours=72)
    end = {"record_id": breach["record_id"], "outcome": "closed", "words": "x", "by": ELS}
    assert "not assessed" in refused(house, "governance.close", **end)[1]
    agreed(house, "breach_assessment", risk="high", **inside)
    assert "no notice" in refused(house, "governance.close", **end)[1]
    house.clock.advance(timedelta(hours=71))
    agreed(house, "breach_notice", sent_at=at(house), **inside)
    assert clock_of(house, breach) == [(True, False)]
    assert "people" in refused(house, "governance.close", **end)[1]
    house.clock.advance(timedelta(hours=10))
    agreed(house, "breach_notice", sent_at=at(house), phase="further", **inside)
    agreed(house, "breach_notice", sent_at=at(house), phase="last", **inside)
    words = "Iemand zag een lijst met uw verbruik."
    once, letter = str(uuid4()), {"words": words, "contact": "dpo@example", **inside}
    told = agreed(house, "breach_told", new_id=once, eans=[LOTTES_EAN], **letter)
    # Pressed twice she is told once; the same id of anything else is refused.
    again = write(house, "breach_told", new_id=once, eans=[LOTTES_EAN], **letter)
    assert (told, again["record_id"], again["version"]) == (once, once, 1)
    for other in ({"words": "Anders."}, {"contact": "iemand anders"}):
        changed = (
            said("breach_told", house.clock.now(), words=words, contact="dpo@example", eans=[LOTTES_EAN])
            | other
        )
        assert (
            "another record"
            in refused(
                house, "governance.write", register="breach_told", said=changed, new_id=once, by=ELS, **inside
            )[1]
        )
    assert shown(house, told)["says"]["eans"] == 1
    close(house, breach, "closed")
    assert aware["version"] == 2
    assert derived(house) == standing(house)
    lotte.session = house.log_in(lotte.subject, lotte.name)
    maria.session = house.log_in(maria.subject, maria.name)
    line = lotte.statements()[0]
    assert (line["event"], words in line["sentence_nl"]) == ("breach.told", True)
    assert [one["event"] for one in lotte.statements()].count("breach.told") == 1
    assert [one["kind"] for one in lotte.call("inbox.show", limit=50)["messages"]].count("breach.told") == 1
    # Nobody has to look for it: it stands among who read, and so on the first page too.
    assert lotte.statements(kind="reads")[0]["event"] == "breach.told"
    assert lotte.call("overview.show")["recent"][0]["event"] == "breach.told"
    assert not [one for one in maria.statements() if one["event"] == "breach.told"]
    assert not [one for one in maria.call("inbox.show", limit=50)["messages"] if one["kind"] == "breach.told"]


@pytest.mark.requirement("R140")
def test_after_72_hours_the_notice_is_missed_and_says_why_it_is_late(kept: TheHouse) -> None:
    breach = opened(kept)
    kept.clock.advance(timedelta(hours=71))
    late = said("breach_notice", kept.clock.now(), sent_at=at(kept))
    inside = {"within": breach["record_id"]}
    words = refused(kept, "governance.write", register="breach_notice", said=late, by=ELS, **inside)[1]
    assert "delay_reason" in words
    report = kept.client.call("clocks.report", Proof.session(kept.inspector()))
    assert "breach_notice" in {one["kind"] for one in report["overdue"]}
    agreed(kept, "breach_notice", sent_at=at(kept), delay_reason="Het weekend", **inside)
    assert [one.met_at is not None and one.met_at >= one.due_at for one in all_clocks(kept, "breach_notice")][
        -1
    ]


def test_hours_are_not_gained_by_writing_otherwise(kept: TheHouse) -> None:
    breach = opened(kept)
    again = {"register": "breach", "record_id": breach["record_id"], "by": ELS}
    now = kept.clock.now()
    for later in (at(kept), None):
        given = said("breach", now, detected_at=at(kept, -1), aware_at=later)
        assert "72 hours" in refused(kept, "governance.write", **again, said=given)[1]
    for wrong in (
        {"detected_at": at(kept, 1)},
        {"aware_at": at(kept, 1)},
        {"detected_at": at(kept, -1), "aware_at": at(kept, -2)},
    ):
        refused(kept, "governance.write", register="breach", by=ELS, said=said("breach", now, **wrong))


def test_notices_come_in_their_order_and_after_awareness(kept: TheHouse) -> None:
    unaware, breach = opened(kept, aware=False), opened(kept)
    notice = {"register": "breach_notice", "by": ELS}

    def refusal(within: str, **given: Any) -> str:
        values = said("breach_notice", kept.clock.now(), **given)
        return refused(kept, "governance.write", **notice, within=within, said=values)[1]

    assert "aware" in refusal(unaware["record_id"], sent_at=at(kept))
    inside = breach["record_id"]
    assert "phase" in refusal(inside, sent_at=at(kept), phase="further")
    assert "sent_at" in refusal(inside, sent_at=at(kept, 1))
    assert "sent_at" in refusal(inside, sent_at=at(kept, -2))
    agreed(kept, "breach_notice", within=inside, sent_at=at(kept))
    assert "phase" in refusal(inside, sent_at=at(kept))
    agreed(kept, "breach_notice", within=inside, sent_at=at(kept), phase="last")
    assert "last" in refusal(inside, sent_at=at(kept), phase="further")


@pytest.mark.requirement("R140")
def test_no_notice_is_owed_where_two_people_find_a_risk_unlikely_and_the_hours_run_on_where_they_were_wrong(
    kept: TheHouse,
) -> None:
    breach = opened(kept)
    inside = {"within": breach["record_id"]}
    written = write(kept, "breach_assessment", risk="unlikely", **inside)
    assert clock_of(kept, breach) == [(False, False)]
    approve(kept, written)
    assert clock_of(kept, breach) == [(False, True)]
    agreed(kept, "breach_assessment", risk="likely", **inside)
    first, second = (
        one for one in all_clocks(kept, "breach_notice") if str(one.about) == breach["record_id"]
    )
    assert (second.met_at, second.due_at) == (None, first.due_at)
    assert derived(kept) == standing(kept)


@pytest.mark.requirement("R112", "R140")
def test_a_case_of_doubt_turns_out_to_be_a_breach(
    house: TheHouse, granted: dict[str, Any], bram: Party, lotte: Customer
) -> None:
    case = doubts.raise_doubt(lotte, granted)
    case_id = case["case_id"]
    breach = opened(house, doubt_case=case_id)
    shown_case = house.operator("doubt.list")["cases"][0]
    assert shown_case["breach"] == "yes"
    assert shown(house, breach["record_id"])["says"]["doubt_case"] == case_id
    wrong = said("breach", house.clock.now(), doubt_case=breach["record_id"])
    refused(house, "governance.write", register="breach", said=wrong, by=ELS)


@pytest.mark.requirement("R116")
def test_what_reaches_far_names_whose_assessment_falls(kept: TheHouse) -> None:
    breach = opened(kept)
    far = said("breach_assessment", kept.clock.now(), far_reaching=True)
    words = refused(
        kept, "governance.write", register="breach_assessment", said=far, within=breach["record_id"], by=ELS
    )[1]
    assert "far_reaching" in words


def test_an_access_point_that_is_not_there_tells_nobody(kept: TheHouse) -> None:
    breach = opened(kept)
    for eans in ([], ["5"], [LOTTES_EAN] * 1001, "all"):
        given = said("breach_told", kept.clock.now()) | {"eans": eans}
        refused(
            kept, "governance.write", register="breach_told", said=given, within=breach["record_id"], by=ELS
        )


@pytest.mark.requirement("R155")
def test_a_list_with_a_code_that_is_not_there_says_not_which_and_stands_on_record(
    kept: TheHouse, lotte: Customer
) -> None:
    breach, officer = opened(kept), kept.colleague("lists", "privacy_officer")
    inspecting = partial(kept.client.call, "staff.refusals", Proof.session(kept.inspector()))

    def told(eans: list[str]) -> str:
        before = state(kept)
        given = said("breach_told", kept.clock.now()) | {"eans": eans}
        with pytest.raises(DoorRefusedError) as error:
            officer.call("governance.write", register="breach_told", said=given, within=breach["record_id"])
        # One entry more, and nothing else.
        assert (state(kept)[0][0], state(kept)[1:]) == (before[0][0] + 1, before[1:])
        assert error.value.code == "not-found"
        return str(error.value)

    lines = len(lotte.statements(limit=100))
    lists = ([MARIAS_EAN], [LOTTES_EAN, MARIAS_EAN], [MARIAS_EAN, LOTTES_EAN, NOWHERE])
    assert len({told(eans) for eans in lists}) == 1
    for _ in range(MOST_UNKNOWN - len(lists)):
        told([NOWHERE])
    told([LOTTES_EAN])  # too often today: also what is right
    listed = [
        one["reason"] for one in inspecting()["refusals"] if (one["name"], one["what"]) == ("Lists", "ean")
    ]
    assert listed == ["locked"] + ["unknown_point"] * MOST_UNKNOWN
    assert len(lotte.statements(limit=100)) == lines
    # Under the operator's key too it leaves an entry.
    size = state(kept)[0][0]
    given = said("breach_told", kept.clock.now()) | {"eans": [MARIAS_EAN]}
    with pytest.raises(DoorRefusedError):
        kept.operator(
            "governance.write", register="breach_told", said=given, within=breach["record_id"], by=ELS
        )
    assert state(kept)[0][0] == size + 1


@pytest.mark.requirement("R141")
def test_the_register_of_breaches_holds_each_with_all_that_was_done(kept: TheHouse) -> None:
    breach = opened(kept, title="Verloren laptop")
    agreed(kept, "breach_assessment", within=breach["record_id"], risk="unlikely")
    close(kept, breach, "closed")
    exported = kept.client.call("governance.export", Proof.session(kept.inspector()), register="breach")
    assert exported["label"] == "C4"
    (one,) = (one for one in exported["records"] if one["record_id"] == breach["record_id"])
    assert (one["says"]["title"], one["outcome"]) == ("Verloren laptop", "closed")
    assert [each["register"] for each in one["inside"]] == ["breach_assessment"]
    assert ends(kept, "breach_notice")
