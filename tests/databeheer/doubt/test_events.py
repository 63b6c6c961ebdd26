"""A new thing that happens in a case is told everywhere, or a test says where it is not."""

from __future__ import annotations

from databeheer.clocks import shipped
from databeheer.door.commands.statements import EVENTS as LISTED
from databeheer.doubt.states import NAMES, TRANSITIONS, Event, Step
from databeheer.post import catalogue
from web.doubt_words import STEPS
from web.portal.wording import EVENTS


def test_every_event_is_listed_to_its_customer_in_words_of_its_own() -> None:
    assert set(NAMES) == set(STEPS)
    assert set(NAMES) <= set(LISTED["permissions"])
    assert set(NAMES) == {name for name in EVENTS if name.startswith("doubt.")}


def test_clocks_and_messages_name_no_event_of_a_case_that_there_is_not() -> None:
    of_clocks = {
        name
        for kind in shipped().kinds
        for name in (*kind.started_by, *kind.met_by, *kind.dropped_by, *kind.settled_by)
        if name.startswith("doubt.")
    }
    of_messages = {name for name in catalogue.load() if name.startswith("doubt.")}
    assert of_clocks <= set(NAMES)
    assert of_messages <= set(NAMES)


def test_what_moves_a_case_stands_in_the_machine_and_what_is_only_told_does_not() -> None:
    moving = {event for _, event in TRANSITIONS} | {Event.OPENED}
    assert moving == set(Event)
    assert not {step.value for step in Step} & {event.value for event in Event}
