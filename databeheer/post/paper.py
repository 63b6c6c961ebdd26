"""A letter on A4: as a page that any browser prints, or as plain text. Its address shows in a window on the right.

The page loads nothing: no font, no picture, no other host. It is for the operator's own machine and printer.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import date
from html import escape

from databeheer.post.languages import spell_day

_WIDTH = 72
_WINDOW = 38
"""From this column on: the window of an envelope stands on the right (C5/6, Belgium)."""
_STYLE = """
@page { size: A4; margin: 0 }
body { margin: 0; font: 11.5pt/1.5 "Liberation Sans", Arial, sans-serif; color: #000 }
main { box-sizing: border-box; width: 210mm; min-height: 290mm; padding: 20mm 22mm; position: relative }
address { position: absolute; left: 115mm; top: 48mm; width: 80mm; font-style: normal }
.dated { margin-top: 72mm }
h1 { font-size: 14pt; margin: 6mm 0 }
.key { font: bold 17pt/1.3 "Liberation Mono", "Courier New", monospace; letter-spacing: 0.06em; margin: 2mm 0 4mm }
.page { font-size: 13pt; letter-spacing: 0 }
"""


@dataclass(frozen=True)
class Step:
    """What a reader is told to do, and what stands out below it: `large` is a code, else the page of a site."""

    words: str
    shown: str = ""
    is_large: bool = False


@dataclass(frozen=True)
class Addressed:
    """What every letter has: for whom, in which language, and the Brussels day on which it is written."""

    letter_id: str
    language: str
    name: str
    address: str
    written: date


@dataclass(frozen=True)
class Paper:
    """A letter as it is printed: the lines of its address, its heading, what it says, and steps in between."""

    language: str
    address: tuple[str, ...]
    dated: str
    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Step, ...] = ()

    @classmethod
    def to(
        cls,
        reader: Addressed,
        *,
        subject: str,
        before: tuple[str, ...],
        after: tuple[str, ...],
        steps: tuple[Step, ...] = (),
    ) -> Paper:
        """Write a letter to somebody."""
        dated = spell_day(reader.written, reader.language)
        address = lines_of(reader.name, reader.address)
        return cls(reader.language, address, dated, subject, before, after, steps)


def lines_of(name: str, address: str) -> tuple[str, ...]:
    """What stands in the window of an envelope: name, street, town."""
    street, _, town = address.partition(",")
    return tuple(line.strip() for line in (name, street, town) if line.strip())


def steps_of(words: tuple[str, ...], *, page: str, code: str) -> tuple[Step, ...]:
    """The steps of a letter with a code: where to go, what to type there, and what to do then."""
    go, type_it, then = words
    return (Step(go, page), Step(type_it, code, is_large=True), Step(then))


def as_html(paper: Paper) -> str:
    """The letter as one HTML page that prints on one sheet."""
    paragraphs = {
        part: "".join(f"<p>{escape(one)}</p>" for one in getattr(paper, part)) for part in ("before", "after")
    }
    return (
        f'<!doctype html>\n<html lang="{paper.language}"><head><meta charset="utf-8">'
        f"<title>{escape(paper.subject)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<address>{'<br>'.join(escape(line) for line in paper.address)}</address>"
        f'<p class="dated">{escape(paper.dated)}</p><h1>{escape(paper.subject)}</h1>{paragraphs["before"]}'
        f"{_steps_as_html(paper.steps)}{paragraphs['after']}</main></body></html>\n"
    )


def _steps_as_html(steps: tuple[Step, ...]) -> str:
    items = ""
    for step in steps:
        look = "key" if step.is_large else "key page"
        shown = f'<p class="{look}">{escape(step.shown)}</p>' if step.shown else ""
        items += f"<li>{escape(step.words)}{shown}</li>"
    return f"<ol>{items}</ol>" if items else ""


def as_text(paper: Paper) -> str:
    """The letter as plain text, for a printer that takes no more."""
    lines = ["", "", *(" " * _WINDOW + line for line in paper.address), "", "", paper.dated, ""]
    lines += [paper.subject.upper(), ""]
    for one in paper.before:
        lines += [*textwrap.wrap(one, _WIDTH), ""]
    for number, step in enumerate(paper.steps, start=1):
        said = textwrap.wrap(step.words, _WIDTH, initial_indent=f"  {number}. ", subsequent_indent="     ")
        lines += [*said, *([f"        {step.shown}"] if step.shown else []), ""]
    for one in paper.after:
        lines += [*textwrap.wrap(one, _WIDTH), ""]
    return "\n".join(lines).rstrip() + "\n"
