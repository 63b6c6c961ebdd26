"""The tables of the reference page about the sandbox, as its access points are declared.

python -m databeheer.sandbox.page docs/reference/sandbox.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from databeheer.sandbox.access_points import ACCESS_POINTS, AccessPoint, Answer, Window

BEGIN, END = "<!-- access points -->\n", "<!-- end of access points -->\n"
_COLUMNS = ("key", "what it is", "code", "EAN code", "own API", "facade")
_SECTIONS = (
    ("What there is to read", range(100, 120)),
    ("What the permission allows", range(120, 140)),
    ("What the party lacks", range(140, 150)),
)


def page(text: str) -> str:
    """Return the page with the tables as they are declared."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{_tables()}{END}{after}"


def _tables() -> str:
    heads = f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|\n"
    return "\n".join(
        f"### {title}\n\n{heads}" + "".join(_line(point) for point in ACCESS_POINTS if _is_in(point, numbers))
        for title, numbers in _SECTIONS
    )


def _is_in(point: AccessPoint, numbers: range) -> bool:
    # The one that does not exist stands beside the one that was never asked for: nobody can tell them apart.
    return point.code.number in numbers or (not point.is_registered and 120 in numbers)


def _line(point: AccessPoint) -> str:
    about = point.about
    if point.window is not Window.LAST_WEEK:
        about += f"; of {point.window.value}"
    if point.party != "ready":
        about += f" (as `{point.party}`)"
    cells = (f"`{point.key}`", about, f"`{point.code.text}`", f"`{point.code.ean.digits}`")
    return f"| {' | '.join((*cells, _said(point.own), _said(point.facade)))} |\n"


def _said(answer: Answer) -> str:
    return f"{answer.status} `{answer.says}`"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
