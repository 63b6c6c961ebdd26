"""A letter on A4: as a page that any browser prints, or as plain text. Its address shows in a window on the right.

The page loads nothing: no font, no picture, no other host. It is for the operator's own machine and printer.
"""

from __future__ import annotations

import textwrap
from html import escape

from databeheer.approval_letters.words import Paper

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


def as_html(paper: Paper) -> str:
    """The letter as one HTML page that prints on one sheet."""
    first, second, third = (f"<li>{escape(step)}" for step in paper.steps)
    paragraphs = {
        part: "".join(f"<p>{escape(one)}</p>" for one in getattr(paper, part)) for part in ("before", "after")
    }
    return (
        '<!doctype html>\n<html lang="nl"><head><meta charset="utf-8">'
        f"<title>{escape(paper.subject)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<address>{'<br>'.join(escape(line) for line in paper.address)}</address>"
        f'<p class="dated">{escape(paper.dated)}</p><h1>{escape(paper.subject)}</h1>{paragraphs["before"]}'
        f'<ol>{first}<p class="key page">{escape(paper.page)}</p></li>'
        f'{second}<p class="key">{escape(paper.code)}</p></li>{third}</li></ol>{paragraphs["after"]}'
        "</main></body></html>\n"
    )


def as_text(paper: Paper) -> str:
    """The letter as plain text, for a printer that takes no more."""
    lines = ["", "", *(" " * _WINDOW + line for line in paper.address), "", "", paper.dated, ""]
    lines += [paper.subject.upper(), ""]
    for one in paper.before:
        lines += [*textwrap.wrap(one, _WIDTH), ""]
    for number, (step, shown) in enumerate(
        zip(paper.steps, (paper.page, paper.code, ""), strict=True), start=1
    ):
        lines += [f"  {number}. {step}", *([f"        {shown}"] if shown else []), ""]
    for one in paper.after:
        lines += [*textwrap.wrap(one, _WIDTH), ""]
    return "\n".join(lines).rstrip() + "\n"
