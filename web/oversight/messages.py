"""`/toezicht/berichten`: how fast people are told of what happens to their data (R27)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.values import parse_instant
from web.door import ask
from web.oversight.guard import require_inspector

blueprint = Blueprint("oversight_messages", __name__)

CHANNELS = {
    "inbox": "In het portaal, aan klanten",
    "email": "Per e-mail, aan klanten",
    "webhook": "Aan partijen en netbeheerders",
}


@dataclass(frozen=True)
class Line:
    """One way of telling, in words."""

    name: str
    told: int
    delivered: int
    waiting: int
    dead: int
    dropped: int
    median: str
    p95: str
    slowest: str
    oldest_waiting_at: datetime | None

    @classmethod
    def of(cls, figures: dict[str, Any]) -> Line:
        oldest = figures["oldest_waiting_at"]
        counts = {name: int(figures[name]) for name in ("told", "delivered", "waiting", "dead", "dropped")}
        return cls(
            name=CHANNELS[figures["channel"]],
            **counts,
            median=duration(figures["median_seconds"]),
            p95=duration(figures["p95_seconds"]),
            slowest=duration(figures["slowest_seconds"]),
            oldest_waiting_at=parse_instant(oldest) if oldest else None,
        )


@blueprint.get("/toezicht/berichten")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the figures of the last thirty days."""
    return render_template(
        "oversight/messages.html", lines=[Line.of(figures) for figures in ask("post.figures")["figures"]]
    )


def duration(seconds: float | None) -> str:
    """Say a number of seconds as people do; empty for none."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "meteen"
    for size, one, many in ((86400, "dag", "dagen"), (3600, "uur", "uur"), (60, "minuut", "minuten")):
        if seconds >= size:
            number = round(seconds / size)
            return f"{number} {one if number == 1 else many}"
    number = round(seconds)
    return f"{number} {'seconde' if number == 1 else 'seconden'}"
