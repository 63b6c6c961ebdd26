"""What a register asks beyond its shape: when a version is judged, when it counts, and when a record is closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from databeheer.door.commands.conditions import take_dpia
from databeheer.door.governance import breaches, measures, processors, records
from databeheer.door.governance.records import Act
from databeheer.errors import ConflictError
from databeheer.registry import conditions, parties
from databeheer.values import parse_day

Rule = Callable[[Act], None]


def _nothing(_: Act) -> None:
    """Ask nothing."""


def _restart(act: Act) -> None:
    """Start the clock of its register anew, where it has one."""
    if act.register.clock:
        records.restart(act)


@dataclass(frozen=True)
class Rules:
    """`check` refuses a version, when it is written and when it is approved; `starts` moves clocks as it begins to
    count, `counts` does what follows; `closing` refuses to close a record, `closed` does what follows.
    """

    check: Rule = _nothing
    starts: Rule = _restart
    counts: Rule = _nothing
    closing: Rule = _nothing
    closed: Rule = _nothing


def _file_dpia(act: Act) -> None:
    """Put it on file: what needs an assessment is open to the party again (R114, R115)."""
    if act.party_id is None:
        raise ConflictError("party_id: whose assessment it is")
    take_dpia(act.house, act.turn, act.party_id, act.said["reference"], parse_day(act.said["assessed_on"]))


def _check_dpia(act: Act) -> None:
    """An assessment is of one day, and nothing overtook it: a new one is another record (R116).

    Asked when it is written too, so that nobody approves in vain.
    """
    if act.counted_before:
        raise ConflictError("this assessment counts; make a new one")
    if act.party_id is not None:
        conditions.require_current(act.turn.connection, act.party_id, parse_day(act.said["assessed_on"]))
        conditions.require_new_reference(act.turn.connection, act.party_id, act.said["reference"])


def _check_change(act: Act) -> None:
    """A change has a questionnaire of its own, and what that questionnaire asks for (R120, R121)."""
    if any(one.says["questionnaire"] == act.said["questionnaire"] for one in act.alike()):
        raise ConflictError("questionnaire: is of another change; fill in a new one")
    if act.said["what"] == "new_processing" and act.said["process"] is None:
        raise ConflictError("process: a new processing has an analysis of its risks first")
    asked = act.opened(act.said["questionnaire"]).says["needs_assessment"]
    if asked and act.said["assessment"] is None:
        raise ConflictError("assessment: the questionnaire asks one")


def _check_ai(act: Act) -> None:
    """What the AI Act prohibits is not used here (R122; Regulation (EU) 2024/1689, article 5)."""
    if act.said["ai_act_class"] == "prohibited":
        raise ConflictError("ai_act_class: what is prohibited is not put into use")


def _one_of_each(field: str) -> Rule:
    """Of each value of a field one record counts."""

    def check(act: Act) -> None:
        if any(one.says[field] == act.said[field] for one in act.alike()):
            raise ConflictError(f"{field}: there is one already; change it, or close it")

    return check


def _one_of_a_party(act: Act) -> None:
    """Each party has one, and so has the house."""
    if any(one.party_id == act.party_id for one in act.alike()):
        raise ConflictError("party_id: there is one already; write a new version of it")


def _within_window(act: Act) -> None:
    """The time to object to a sub-processor is what the agreement says."""
    agreement = act.parent()
    if agreement.says["mode"] == "general":
        due = processors.objection_ends(act.said["announced_on"], agreement)
        records.restart(act, max(due, act.turn.now))


def _publish(act: Act) -> None:
    """Where a party is reached stands in the public register (R139)."""
    if act.party_id is not None:
        reach = act.said["for_people"], act.said["for_authority"]
        parties.publish_contacts(act.turn.connection, act.party_id, *reach)


RULES: Mapping[str, Rules] = {
    "assessment": Rules(check=_check_dpia, counts=_file_dpia),
    "change": Rules(check=_check_change),
    "ai_system": Rules(check=_check_ai),
    "agreement": Rules(check=processors.check_agreement, counts=processors.shorten, closed=processors.stop),
    "sub_processor_change": Rules(
        check=processors.check_change, starts=_within_window, closed=processors.stop_where_used
    ),
    "sub_processor_consent": Rules(check=processors.check_consent, closed=processors.stop_where_used),
    "sub_processor": Rules(check=processors.check_sub_processor, counts=processors.follow),
    "go_live": Rules(check=processors.check_go_live, counts=processors.go_live),
    "breach": Rules(
        check=breaches.check_breach,
        starts=breaches.start_hours,
        counts=breaches.from_doubt,
        closing=breaches.check_closing,
    ),
    "breach_assessment": Rules(check=breaches.check_assessment, counts=breaches.judged),
    "breach_notice": Rules(check=breaches.check_notice, starts=breaches.notified),
    "breach_exemption": Rules(check=breaches.check_open),
    "breach_told": Rules(check=breaches.find_concerned, counts=breaches.tell_concerned),
    "measure": Rules(starts=measures.measured),
    "measure_test": Rules(check=measures.check_closure),
    "finding": Rules(counts=processors.stop_on_finding, closing=measures.check_solved),
    "recovery_plan": Rules(check=measures.check_drill),
    "appointment": Rules(check=_one_of_each("function")),
    "contact_point": Rules(check=_one_of_a_party, counts=_publish),
}


def of(act: Act) -> Rules:
    """Return what the register of this act asks."""
    return RULES.get(act.register.code, _NONE)


_NONE = Rules()
