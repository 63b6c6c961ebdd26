"""`/toezicht`: reads and refusals per ground and party, permissions, the log, the stop; how to check it yourself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, json, render_template, request, url_for
from flask.typing import ResponseReturnValue

from databeheer.clock import Clock
from ledger.encoding import encode_base64
from web.days import PastDay, usual_spans
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.oversight.guard import require_inspector
from web.oversight.wording import ground_words
from web.public.joins import join_list
from web.public.log import newest_checkpoint, published_keys, verify_lines
from web.public.standing import Standing, look_at
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
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    clock: Clock = current_app.config["WEB_CLOCK"]
    standing = look_at(settings.ledger_directory, clock.now())
    found = ask("oversight.summary")
    return render_template(
        "oversight/summary.html",
        found=found,
        reads=_counted(found["rows"], "data.read"),
        refusals=_counted(found["rows"], "data.refused"),
        standing=standing,
        checkpoint=standing.checkpoint,
        lines=_lines(found["state"], standing),
        joins=join_list(),
        latest=ask("joins.latest", limit=2)["joins"],
        overdue=_overdue(),
        spans=usual_spans(),
    )


class SpanQuery(Form):
    """Days up to and including the last; without one, from or up to wherever the ledger goes."""

    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)


@blueprint.get("/toezicht/cijfers.json")
@require_inspector
def figures() -> ResponseReturnValue:
    """Reads and refusals of some days per ground, party and grid operator, and how each party is served (R9)."""
    days = parse_or_refuse(SpanQuery(), request.args)
    first, last = (days[name].isoformat() if days[name] else None for name in ("van", "tot"))
    found = ask("oversight.summary", first=first, last=last)
    name = "-".join(["cijfers", *([f"van-{first}"] if first else []), *([f"tot-{last}"] if last else [])])
    return Response(
        json.dumps({"first": first, "last": last} | found, sort_keys=True),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.json"',
            "Cache-Control": "no-store",
        },
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
class Line:
    """One thing of the state of the house: how it is, whether it is well, and the page that it rests on."""

    name: str
    words: str
    place: str
    is_well: bool = True


def _lines(state: dict[str, int], standing: Standing) -> list[Line]:
    """What an inspector wants to know first; each leads to what it rests on."""
    joins, unjudged = state["joins_waiting"], state["unjudged"]
    return [
        Line("Logboek", *_of_log(standing)),
        Line("Getuigen", *_of_witnesses(standing)),
        _counted_line(
            "Termijnen",
            state["overdue"],
            "termijn is",
            "termijnen zijn",
            f"voorbij, {state['overdue_of_house']} daarvan van de databeheerder zelf"
            if state["overdue"]
            else "voorbij",
            "clocks",
        ),
        _counted_line("Klachten", state["complaints"], "klacht is", "klachten zijn", "open", "complaints"),
        _counted_line("Twijfel", state["doubts"], "geval is", "gevallen zijn", "niet afgesloten", "doubt"),
        Line(
            "Koppelingen",
            f"{joins} {'wacht' if joins == 1 else 'wachten'} op een tweede persoon, {unjudged}"
            f" {'verklaring wacht' if unjudged == 1 else 'verklaringen wachten'} op uw oordeel",
            url_for("oversight_joins.show"),
            not unjudged,
        ),
        _counted_line(
            "Medewerkers",
            state["refused_looks"],
            "keer is",
            "keer is",
            "kijken geweigerd in 30 dagen",
            "staff",
        ),
        _counted_line(
            "Effectbeoordelingen",
            state["lapsed_assessments"],
            "partij heeft",
            "partijen hebben",
            "er geen die nog telt",
            "assessments",
        ),
        _counted_line("Inbreuken", state["breaches"], "inbreuk is", "inbreuken zijn", "open", "breaches"),
        _counted_line(
            "Herstel", state["gaps"], "herstelactie is", "herstelacties zijn", "niet afgewerkt", "log"
        ),
    ]


def _of_witnesses(standing: Standing) -> tuple[str, str, bool]:
    """Who outside the house signs its newest checkpoint with it; the demo's one witness is its own."""
    names = ", ".join(one.name for one in standing.witnesses)
    if names and current_app.config["WEB_SETTINGS"].demo:
        return "alleen een getuige van het huis zelf ondertekent mee, zoals in elke demo", LOG, False
    return f"het nieuwste punt is mee ondertekend door {names}" if names else NO_WITNESS, LOG, bool(names)


LOG = "/toezicht/logboek"
NO_WITNESS = "niemand van buiten ondertekent mee"
_PLACES = {
    "clocks": "/toezicht/termijnen",
    "complaints": "/toezicht/klachten",
    "doubt": "/toezicht/twijfel",
    "staff": "/toezicht/medewerkers",
    "breaches": "/toezicht/registers/breach",
    "assessments": "/toezicht/registers",
    "log": LOG,
}


def _counted_line(name: str, count: int, one: str, many: str, words: str, place: str) -> Line:
    said = f"{count} {one if count == 1 else many} {words}" if count else f"0 {many} {words}"
    return Line(name, said, _PLACES[place], not count)


def _of_log(standing: Standing) -> tuple[str, str, bool]:
    """Whether the newest checkpoint holds: its signature was checked just now."""
    if standing.is_wrong:
        return "de handtekening klopt niet", LOG, False
    if standing.checkpoint is None:
        return "er is nog niets gepubliceerd", LOG, False
    if standing.is_refused:
        return "de uitgever weigert te ondertekenen: er klopt iets niet", LOG, False
    said = f"handtekening net nagerekend, over {standing.checkpoint.size} regels"
    if standing.late_by is not None:
        return f"{said}; al {standing.late_minutes} minuten niet bijgewerkt", LOG, False
    return said, LOG, True


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
