"""`/mijn/bewijzen`: all proofs of one's own address in one file, with what they show and how to check them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields
from werkzeug.datastructures import MultiDict

from databeheer.clock import Clock
from web.days import TURNED_AROUND, PastDay, today
from web.door import ask
from web.forms import Form, parse_or_tell
from web.portal.login import require_session, visitor
from web.portal.overview import my_points
from web.portal.shown import Point
from web.proofs import MOST_PROOFS, OneMoment, make_archive
from web.settings import WebSettings

blueprint = Blueprint("proofs", __name__)


class ProofsQuery(Form):
    """Of which address, and of which days (Brussels, both included; left out: all)."""

    adres = fields.UUID(load_default=None)
    van = PastDay(load_default=None)
    tot = PastDay(load_default=None)


@blueprint.get("/mijn/bewijzen")
@require_session
def show() -> ResponseReturnValue:
    """Say what the proofs show and what not, and offer them."""
    query, errors = _asked()
    return _page(query, errors), 400 if errors else 200


@blueprint.get("/mijn/bewijzen.zip")
@require_session
def download() -> ResponseReturnValue:
    """Hand out the proofs of one address as one zip."""
    query, errors = _asked()
    if errors:
        return _page(query, errors), 400
    point = _point(query)
    if point is None:
        abort(404)
    days = {
        name: query[day].isoformat() if query[day] else None
        for name, day in (("first", "van"), ("last", "tot"))
    }
    # The head first: what is told meanwhile is newer than it, and is not missed.
    log = ask("chain.show", occupancy_id=point.occupancy_id, **days)
    if log["head"] is None:
        return _page(query, wrong="nothing"), 404
    if log["last"] - log["first"] >= MOST_PROOFS:
        return _page(query, wrong="too-many"), 413
    return Response(
        archive_of(point, log),
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="bewijzen.zip"'},
    )


def newest(point: Point) -> Mapping[str, Any] | None:
    """Where the newest proofs of one address stand now, as many as one file may hold; None where there is none."""
    log = ask("chain.show", occupancy_id=point.occupancy_id)
    if log["head"] is None:
        return None
    return log | {"first": max(log["first"], log["last"] - MOST_PROOFS + 1)}


def archive_of(point: Point, log: Mapping[str, Any]) -> bytes:
    """Return proofs of one address as a zip; `log` says which, and is the door's or `newest`'s.

    Raises:
        ReceiptNotYetError: what is newest is not published yet.
    """
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    clock: Clock = current_app.config["WEB_CLOCK"]
    words = render_template(
        "portal/proofs.txt",
        point_name=point.name,
        first=log["first"],
        last=log["last"],
        is_part=log["last"] < log["head"]["counter"],
        base_url=settings.base_url,
    )
    return make_archive(
        OneMoment(settings.ledger_directory),
        log["head"],
        _opened(point, log["first"], log["last"]),
        now=clock.now(),
        words=words,
    )


def _opened(point: Point, counter: int, last: int) -> Iterator[dict[str, Any]]:
    """Ask for the openings, page by page; one that is gone is left out, which the check then shows."""
    while counter <= last:
        page = ask("chain.open", occupancy_id=point.occupancy_id, first=counter, last=last)["receipts"]
        if not page:
            return
        yield from page
        counter = page[-1]["counter"] + 1


def _asked() -> tuple[dict[str, Any], dict[str, str]]:
    """What was asked, and what is wrong with its days."""
    # A day left open arrives as an empty field.
    given = MultiDict((name, value) for name, value in request.args.items(multi=True) if value)
    query, errors = parse_or_tell(ProofsQuery(), given, ("van", "tot"))
    if query["van"] and query["tot"] and query["van"] > query["tot"]:
        errors = {"tot": TURNED_AROUND}
    return query, errors


def _point(query: dict[str, Any]) -> Point | None:
    chosen = str(query["adres"])
    return next((each for each in _points() if each.occupancy_id == chosen), None)


def _points() -> list[Point]:
    """The addresses of which there are lines: not those of which they were erased."""
    return [point for point in my_points() if "ledger" not in point.erased]


def _page(query: dict[str, Any], errors: dict[str, str] | None = None, wrong: str | None = None) -> str:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    points = _points()
    return render_template(
        "portal/proofs.html",
        me=visitor(),
        points=points,
        chosen=_point(query) or (points[0] if points else None),
        query=query,
        errors=errors or {},
        wrong=wrong,
        last=today(),
        most=MOST_PROOFS,
        base_url=settings.base_url,
    )
