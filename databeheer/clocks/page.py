"""The reference page about clocks, made from the catalogue.

python -m databeheer.clocks.page > docs/reference/clocks.md
"""

from __future__ import annotations

import sys

from databeheer.clocks.catalogue import Actor, ClockKind, Clocks, SourceStatus, shipped
from databeheer.clocks.terms import Term, Unit

_HEAD = """# Clocks

Made from `databeheer/clocks/catalogue.toml` by `python -m databeheer.clocks.page`; change that file, not this page.

A clock says who must do what before when. It is started, met or dropped in the transaction that records the event it
follows from. What is done at the due moment or later counts as missed, with how late; a clock that is dropped too late
is missed too. Nothing is deleted. A miss is an entry of the ledger, `clock.missed`, which the clerk has recorded within
a beat: its party's receipt opens it where the party had to act, and whom it concerns sees it.

Minutes and hours run on through nights, weekends and changes of the clock. Of days, months and years the day of the
event does not count, the last one counts whole, in Brussels, and none is moved because its last day is a Sunday or a
holiday ([why](../adr/0012-one-engine-for-all-clocks.md)). Working days are Monday to Friday without the Belgian legal
holidays.

"""
_RUNNING = """## Clocks that run

`Set by` names what says how long it is in earnest; the term is then what it is unless set otherwise.

"""
_TO_COME = """
## Clocks whose process does not exist yet

They can be started by nothing. The process that comes brings their events.

"""
_FIGURES = """
## Figures

`databeheer clocks`, `/toezicht/termijnen` and `/toezicht/termijnen.json` (format `databeheer clocks 1`; members may be
added, none changes or goes away) count per month and kind, and per party where a party or a grid operator has to act:
`kept` when it was met, `missed` when its due moment passed, `dropped` when nobody waited for it any more, so that each
clock counts once; the hours that stopped while a proof was looked at, and that were kept when it was found good, are
one kept clock. `open` still ran at the end of the month. Of the missed, `met_late` were done since, the last of them
`longest_late_seconds` after it was due. A month that is over changes by those two, and by what happened in it and was
written down after it: a party's late report of an older signal, what time ended while the clerk was away, a proof that
was found good later. `written_later` is how many clocks that were; without any, it reads as it did when it ended.
"""
_ACTORS = {Actor.DATA_MANAGER: "data manager", Actor.GRID_OPERATOR: "grid operator", Actor.PARTY: "party"}
_STATUSES = {
    SourceStatus.ENACTED: "",
    SourceStatus.DRAFT: " (draft)",
    SourceStatus.PRACTICE: " (practice)",
    SourceStatus.DESIGN: " (ours)",
}


def page(catalogue: Clocks) -> str:
    """Return the page as Markdown."""
    running = [kind for kind in catalogue.kinds if kind.has_process]
    to_come = [kind for kind in catalogue.kinds if not kind.has_process]
    parts = [_HEAD, f"Version of the catalogue: `{catalogue.version}`.\n\n", _RUNNING]
    parts += ["\n".join(_section(kind) for kind in running)]
    if to_come:
        parts += [_TO_COME, "\n".join(_section(kind) for kind in to_come)]
    return "".join([*parts, _FIGURES])


def term_words(term: Term) -> str:
    """A term in English: `1 working day`, `72 hours`."""
    name = term.unit.value.replace("_", " ")
    return f"{term.amount} {name}{'' if term.amount == 1 else 's'}"


def term_words_nl(term: Term) -> str:
    """A term in Dutch: `1 werkdag`, `72 uur`."""
    one, more = _DUTCH[term.unit]
    return f"{term.amount} {one if term.amount == 1 else more}"


_DUTCH = {
    Unit.MINUTE: ("minuut", "minuten"),
    Unit.HOUR: ("uur", "uur"),
    Unit.WORKING_DAY: ("werkdag", "werkdagen"),
    Unit.CALENDAR_DAY: ("dag", "dagen"),
    Unit.MONTH: ("maand", "maanden"),
    Unit.YEAR: ("jaar", "jaar"),
}


def _section(kind: ClockKind) -> str:
    rows = [
        ("Who must act", _ACTORS[kind.actor]),
        ("Term", term_words(kind.term) + (f"; set by {kind.given_by}" if kind.given_by else "")),
        ("From", kind.from_en),
        ("When missed", kind.missed_en),
        ("Requirements", ", ".join(kind.requirements)),
        *(
            ("Source", f"{one.act} ({one.version}), {one.article}{_STATUSES[one.status]}")
            for one in kind.sources
        ),
    ]
    for name, events in (
        ("Started by", kind.started_by),
        ("Met by", kind.met_by),
        ("Dropped by", kind.dropped_by),
        ("Started and met at once by", kind.settled_by),
    ):
        if events:
            rows.append((name, ", ".join(f"`{event}`" for event in events)))
    lines = [f"### `{kind.kind}`", "", kind.task_en, "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {said} |" for name, said in rows), ""])


if __name__ == "__main__":
    sys.stdout.write(page(shipped()))
