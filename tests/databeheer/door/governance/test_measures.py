"""Measures: an owner and a metric each, two tests a calendar year, and a finding that is solved by what was changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import Proof
from tests.databases import Databases
from tests.databeheer.door.governance.test_records import days, refused
from tests.databeheer.door.test_clocks import all_clocks, derived, ends, standing
from tests.governance import ELS, agreed, close, said, write
from tests.house import TheHouse, open_house


@pytest.fixture
def fresh(databases: Databases) -> Iterator[TheHouse]:
    """A house without a measure."""
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.mark.requirement("R144")
@pytest.mark.parametrize("missing", ["owner", "metric", "goal", "aspect"])
def test_a_measure_has_an_owner_and_a_metric(kept: TheHouse, missing: str) -> None:
    lacks = said("measure", kept.clock.now(), **{missing: None})
    assert missing in refused(kept, "governance.write", register="measure", said=lacks, by=ELS)[1]


@pytest.mark.requirement("R146", "R150")
def test_tests_are_held_twice_a_calendar_year_and_a_year_with_fewer_is_red(fresh: TheHouse) -> None:
    assert ends(fresh, "measures_test") == []
    measures = [agreed(fresh, "measure")]
    assert ends(fresh, "measures_test") == [(False, False)]
    fresh.clock.advance(timedelta(days=100))
    agreed(fresh, "measure_test", what="scan", measures=measures)
    assert ends(fresh, "measures_test") == [(True, False), (False, False)]
    running = all_clocks(fresh, "measures_test")[-1]
    agreed(fresh, "measure_test", what="audit", measures=measures, held_on=days(fresh, -50))
    assert all_clocks(fresh, "measures_test")[-1] == running  # an older report moves no term
    inspector = Proof.session(fresh.inspector())
    this_year = day_of(fresh.clock.now()).year
    before = fresh.client.call("governance.tests", inspector)["years"]
    assert not any(one["too_few"] for one in before if one["year"] == this_year)
    fresh.clock.advance(timedelta(days=800))
    years = fresh.client.call("governance.tests", Proof.session(fresh.inspector()))["years"]
    assert {one["year"] for one in years if one["too_few"]} >= {this_year + 1}
    assert all(one["tests"] < 2 for one in years if one["too_few"])
    assert derived(fresh) == standing(fresh)


@pytest.mark.requirement("R146")
@pytest.mark.parametrize(
    "wrong", [{"held_on": "tomorrow"}, {"measures": []}, {"what": "a chat"}, {"file_sha256": None}]
)
def test_a_test_is_dated_says_what_it_tested_and_has_its_report(
    kept: TheHouse, wrong: dict[str, object]
) -> None:
    given = said("measure_test", kept.clock.now(), measures=[agreed(kept, "measure")]) | wrong
    if wrong == {"held_on": "tomorrow"}:
        given["held_on"] = days(kept, 1)
    refused(kept, "governance.write", register="measure_test", said=given, by=ELS)


@pytest.mark.requirement("R149")
def test_a_finding_is_solved_by_an_action_that_is_done_and_by_nothing_else(kept: TheHouse) -> None:
    test = agreed(kept, "measure_test", measures=[agreed(kept, "measure")])
    finding = write(kept, "finding", within=test)
    end = {"record_id": finding["record_id"], "outcome": "solved", "words": "x", "by": ELS}
    assert "action" in refused(kept, "governance.close", **end)[1]
    dropped = write(kept, "action", within=finding["record_id"])
    assert "action" in refused(kept, "governance.close", **end)[1]
    close(kept, dropped, "dropped")
    assert "action" in refused(kept, "governance.close", **end)[1]
    done = write(kept, "action", within=finding["record_id"], changes="policy")
    close(kept, done, "done")
    close(kept, finding, "solved")
    (clock,) = (one for one in all_clocks(kept, "record_due") if str(one.about) == finding["record_id"])
    assert clock.met_at is not None
    late = said("action", kept.clock.now())
    refused(kept, "governance.write", register="action", said=late, by=ELS, within=finding["record_id"])
