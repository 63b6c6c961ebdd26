"""What a record says, for a page: each field in words, each version with who wrote it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, render_template

from databeheer import clocks
from databeheer.governance.registers import Field, FieldKind, Register, shipped
from databeheer.values import parse_day, parse_instant
from web import saying
from web.door import ask
from web.doubt_words import CONCERNS_OF_OTHERS
from web.staff.guard import colleague

STATES = {
    "in_force": ("geldt", "active"),
    "lapsed": ("telt niet meer", "refused"),
    "waiting": ("wacht op een tweede persoon", "waiting"),
    "refused": ("niet goedgekeurd", "refused"),
    "closed": ("afgesloten", "ended"),
}
OUTCOMES = {None: "wacht op een tweede persoon", "approved": "geldt", "refused": "niet goedgekeurd"}
ENDED_BY = {
    "use_changed": "een belangrijke wijziging van het gebruik",
    "new_categories": "nieuwe soorten persoonsgegevens",
    "unforeseen_breach": "een inbreuk met verregaande gevolgen",
    "organisation_changed": "een belangrijke wijziging van de technische organisatie",
}
"""What overtakes an impact assessment before its two years are over (R116)."""
HOURS_TOLD = 96
"""From how many hours on a term is told in days."""
ASSESSMENT = "assessment"
BREACH_CLOCK = "breach_notice"
OF_ONE_MOMENT = frozenset({ASSESSMENT, "breach_told"})
"""Registers whose records stay what they are once they count: the door refuses a new version."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Said:
    """One field of a version, in words; `record` is the record that it names."""

    label: str
    words: str
    record: str = ""


@dataclass(frozen=True)
class Term:
    """What must be done about a record, and until when; which record, where a page tells of many."""

    task: str
    due_at: datetime
    left: timedelta
    record: str = ""
    name: str = ""
    register: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any], at: str) -> Term:
        due = parse_instant(told["due_at"])
        task = clocks.shipped().get(told["kind"]).task_nl
        if "record_id" not in told:
            return cls(task, due, due - parse_instant(at))
        return cls(task, due, due - parse_instant(at), told["record_id"], title_of(told), told["register"])

    @property
    def is_late(self) -> bool:
        return self.left <= timedelta(0)

    @property
    def words(self) -> str:
        """How long is left, or how late it is: in whole hours under four days, else in whole days."""
        hours = abs(self.left) // timedelta(hours=1)
        long = f"{hours} uur" if hours < HOURS_TOLD else f"{hours // 24} dagen"
        long = long if hours else "minder dan een uur"
        return f"{long} te laat" if self.is_late else f"nog {long}"


def register(app: Flask) -> None:
    """Give templates the words."""
    app.jinja_env.globals.update(
        registers=shipped().by_code,
        reads_registers=reads_any,
        record_states=STATES,
        version_outcomes=OUTCOMES,
        said_of=said_of,
        title_of=title_of,
        state_of=state_of,
        since_words=since_words,
    )


def overview(area: str) -> str:
    """Every register that the visitor may read, with how much stands in it."""
    answer = ask("governance.list")
    found = answer["registers"]
    terms = [Term.of(one, answer["at"]) for one in answer["terms"]]
    return render_template(
        "registers/overview.html",
        area=area,
        found=found,
        terms=terms,
        tests=_tests(found),
        lapsed=answer["lapsed_assessments"],
        may_assess=area == "dienst"
        and not shipped().get(ASSESSMENT).writers.isdisjoint(colleague()["writes"]),
    )


@dataclass(frozen=True)
class Waiting:
    """What waits in the registers for the colleague who is logged in."""

    to_decide: list[Mapping[str, Any]]
    breaches: list[Term]
    """Breaches of which the hours to notify the authority run, or ran out."""


def waiting() -> Waiting:
    """What waits in the registers for the colleague who is logged in; he reads one at least."""
    answer = ask("governance.list")
    terms = [Term.of(one, answer["at"]) for one in answer["terms"] if one["kind"] == BREACH_CLOCK]
    return Waiting(answer["to_decide"], terms)


def listed(area: str, register: Register, before: int | None) -> str:
    """The records of a register, the newest first."""
    answer = ask("governance.list", register=register.code, before=before)
    return render_template(
        "registers/register.html",
        area=area,
        register=register,
        found=answer["records"],
        next=answer["next"],
        may_write=area == "dienst" and not register.writers.isdisjoint(colleague()["writes"]),
    )


def one(area: str, record_id: str, wrong: Mapping[str, str] | None = None) -> str:
    """One record with its versions and what stands in it; and what went wrong with what was sent."""
    answer = ask("governance.show", record_id=record_id)
    register = shipped().get(answer["record"]["register"])
    waiting = next((each for each in answer["record"]["versions"] if each["outcome"] is None), None)
    told = {
        "wrong": wrong or {},
        "waiting": waiting,
        "terms": [Term.of(each, answer["at"]) for each in answer["terms"]],
    }
    told["is_anew"] = is_anew(answer["record"])
    return render_template("registers/record.html", area=area, register=register, **(answer | told))


def is_anew(record: Mapping[str, Any]) -> bool:
    """Whether a record counts and is of one moment, so that another one is written in place of a new version."""
    return record["register"] in OF_ONE_MOMENT and record["says"] is not None


def title_of(record: Mapping[str, Any]) -> str:
    """What people call a record: its words, whose it is, and its code and day: `Een laptop is weg (breach-1, …)`."""
    whose = f", {record['party']}" if record["party"] else ""
    return f"{record['title']}{whose} ({record['name']}, {saying.day(record['opened_at'])})"


def state_of(record: Mapping[str, Any]) -> str:
    """How a record stands; of an impact assessment also until when it counts, or since when no more and why."""
    end = record["validity"]
    if end is None or record["state"] not in ("in_force", "lapsed"):
        return STATES[record["state"]][0]
    return since_words(end) if record["state"] == "lapsed" else f"telt tot {saying.day(end['until'])}"


def since_words(end: Mapping[str, Any]) -> str:
    """Since when an impact assessment counts no more, and why."""
    since = f"telt niet meer sinds {saying.day(end['until'])}"
    return f"{since}, door {ENDED_BY[end['by']]}" if end["by"] else f"{since}: de twee jaar zijn om"


def doubt_title(case: Mapping[str, Any]) -> str:
    """What people call a case of doubt: the party, what is doubted, and the day."""
    return f"{case['party']}: {CONCERNS_OF_OTHERS[case['concern']]} ({saying.day(case['opened_at'])})"


def said_of(
    register: Register,
    said: Mapping[str, Any],
    named: Mapping[str, Mapping[str, Any]],
    doubts: Iterable[Mapping[str, Any]] = (),
) -> Iterator[Said]:
    """Each field of a version that says something, in words; `named` and `doubts` are what it may name."""
    cases = {one["case_id"]: doubt_title(one) for one in doubts}
    for field in register.fields:
        value = said.get(field.name)
        if value is None:
            continue
        if field.kind in (FieldKind.RECORD, FieldKind.RECORDS):
            for each in value if isinstance(value, list) else [value]:
                words = title_of(named[each]) if each in named else "een stuk dat u niet leest"
                yield Said(field.nl, words, each if each in named else "")
        elif field.kind is FieldKind.UUID:
            yield Said(field.nl, cases.get(value, value))
        else:
            yield _said(field, value)


def _said(field: Field, value: Any) -> Said:
    match field.kind:
        case FieldKind.DAY:
            return Said(field.nl, saying.day(parse_day(value)))
        case FieldKind.INSTANT:
            return Said(field.nl, saying.moment(parse_instant(value)))
        case FieldKind.FLAG | FieldKind.YES:
            return Said(field.nl, "ja" if value else "nee")
        case FieldKind.CHOICE:
            return Said(field.nl, field.choices[value])
    return Said(field.nl, str(value))


def as_csv(register: Register, records: Iterable[Mapping[str, Any]]) -> str:
    """A register as a table: one line a version, newest record first; nothing in it is a formula."""
    out = io.StringIO()
    names = [field.name for field in register.fields]
    table = csv.writer(out)
    known = ("label", "readers", "record", "party", "state", "version", "written_at", "written_by", "counts")
    table.writerow([*known, *names])
    for record in records:
        for version in record["versions"]:
            row = [
                register.label.value,
                register.label_nl,
                record["name"],
                record["party"],
                record["state"],
                version["version"],
            ]
            row += [version["at"], version["by"], version["outcome"]]
            table.writerow([_plain(each) for each in (*row, *(version["said"].get(name) for name in names))])
    return out.getvalue()


def _plain(value: Any) -> str:
    """A cell; what a spreadsheet would take for a formula stands behind an apostrophe."""
    words = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{words}" if words.startswith(_FORMULA) else words


def reads_any() -> bool:
    """Whether the colleague who is logged in reads a register."""
    held = set(colleague()["roles"])
    return any(held & one.readers for one in shipped().by_code.values())


def _tests(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The years of tests, for who reads the register of tests."""
    if "measure_test" not in {one["register"] for one in found}:
        return []
    years: list[dict[str, Any]] = ask("governance.tests")["years"]
    return years
