"""What `databeheer clocks` prints of the door's report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from databeheer.brussels import BRUSSELS
from databeheer.clocks.catalogue import shipped
from databeheer.values import parse_instant

FORMAT = "databeheer clocks 1"


def lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that a person reads: overdue, coming, and a table a month."""
    yield from _due("Overdue", report["overdue"], report["lists_end_at"])
    yield from _due("Due in the coming days", report["coming"], report["lists_end_at"])
    width = max([20, *(len(_who(one)) for month in report["months"] for one in month["figures"])])
    for month in report["months"]:
        yield (
            f"{month['month']}{'':<{19 + width}}{'kept':>7}{'missed':>8}{'late':>6}{'dropped':>9}{'open':>7}"
            f"{'written later':>15}"
        )
        for one in month["figures"]:
            yield (
                f"  {one['kind']:<22} {_who(one):<{width}} {one['kept']:>7}{one['missed']:>8}{one['met_late']:>6}"
                f"{one['dropped']:>9}{one['open']:>7}{one['written_later']:>15}"
            )
        if not month["figures"]:
            yield "  no clock ran"
    yield f"catalogue {report['catalogue']}; missed ones that were done since are under late"


def _due(title: str, rows: list[dict[str, Any]], most: int) -> Iterator[str]:
    yield f"{title}: {'none' if not rows else f'the first {most}' if len(rows) >= most else len(rows)}"
    for one in rows:
        due = parse_instant(one["due_at"]).astimezone(BRUSSELS)
        task = shipped().get(one["kind"]).task_en
        yield f"  {due:%Y-%m-%d %H:%M}  {one['kind']}  {_who(one)}  {one['about']}  {task}"


def _who(one: dict[str, Any]) -> str:
    """Who must act: the party by its name, else the role."""
    if one["party"] is not None and one["actor"] != "data_manager":
        return str(one["party"]["name"])
    return str(one["actor"]).replace("_", " ")
