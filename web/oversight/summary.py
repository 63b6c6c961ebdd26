"""`/toezicht`: reads and refusals per ground and party, permissions, the log, the stop; how to check it yourself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from ledger.encoding import encode_base64
from web.door import ask
from web.oversight.guard import require_inspector
from web.oversight.wording import ground_words
from web.public.joins import join_list
from web.public.log import newest_checkpoint, published_keys, verify_lines
from web.settings import WebSettings

blueprint = Blueprint("oversight", __name__)


@dataclass(frozen=True)
class Counted:
    """How often one party read, or was refused, on one ground."""

    party: str
    role: str
    ground: str
    count: int


@blueprint.get("/toezicht")
@require_inspector
def show() -> ResponseReturnValue:
    """The state of the house."""
    found = ask("oversight.summary")
    return render_template(
        "oversight/summary.html",
        found=found,
        reads=_counted(found["rows"], "data.read"),
        refusals=_counted(found["rows"], "data.refused"),
        checkpoint=newest_checkpoint(),
        joins=join_list(),
        latest=ask("joins.latest", limit=2)["joins"],
        overdue=_overdue(),
    )


@blueprint.get("/toezicht/logboek")
@require_inspector
def check() -> ResponseReturnValue:
    """How an inspector checks the log without trusting us."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    checkpoint = newest_checkpoint()
    return render_template(
        "oversight/check.html",
        checkpoint=checkpoint,
        root=encode_base64(checkpoint.root) if checkpoint else "",
        keys=published_keys(),
        lines=verify_lines(settings.base_url),
    )


@dataclass(frozen=True)
class Overdue:
    """How many permissions of one party ended without a confirmation in time that it deleted, and since when."""

    party: str
    count: int
    since: str


def _overdue() -> list[Overdue]:
    """Parties that owe a confirmation, whoever owes it longest first."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in ask("permission.deletions_overdue", limit=500)["overdue"]:
        rows.setdefault(row["party"]["id"], []).append(row)
    return [Overdue(of[0]["party"]["name"], len(of), of[0]["delete_by"]) for of in rows.values()]


def _counted(rows: list[dict[str, Any]], event: str) -> list[Counted]:
    return [
        Counted(row["party"]["name"], row["party"]["role"], ground_words(event, row["ground"]), row["count"])
        for row in rows
        if row["event"] == event and row["party"] is not None
    ]
