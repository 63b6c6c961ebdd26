"""The facade's four calls: token, consent session, mandates, energy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from databeheer.brussels import day_bounds, day_of
from databeheer.clock import Clock
from databeheer.door.client import DoorRefused, Proof
from databeheer.errors import DatabeheerError, UnauthenticatedError
from databeheer.values import Direction, Granularity, Purpose, format_instant, parse_instant
from web import answers
from web.answers import json_response
from web.bearer import bearer_proof
from web.door import ask
from web.facade.caseless import TOKEN_PATH
from web.facade.energy import headpoint
from web.facade.mandates import mandates
from web.facade.names import GIVES_ACCESS, GRANULARITY_OF_SERVICE, DataService, service_of, spellings
from web.facade.parameters import (
    EnergyQuery,
    ends_after,
    parse_energy_query,
    parse_mandate_query,
    parse_session_request,
)
from web.facade.refusals import NOT_NOW, NOTHING_THERE, NotNowError
from web.facade.windows import whole_slots
from web.parsing import parse_json_object, parse_pairs, read_body
from web.problems import ledger_headers
from web.tokens import token_answer

blueprint = Blueprint("facade", __name__)
blueprint.register_error_handler(DatabeheerError, answers.answer_error)

# The Fluvius API names no purpose; a data access contract for its clients is one for monitoring.
PURPOSE = Purpose.ENERGY_MONITORING
# Electricity follows within a day, gas within three; late corrections within weeks.
GRACE = timedelta(days=30)
PAGE = 500
SUBSCRIPTION_HEADER = "Ocp-Apim-Subscription-Key"


@blueprint.post(TOKEN_PATH)
def issue_token() -> ResponseReturnValue:
    """Trade client credentials for a token that is good for `/esco` only."""
    return token_answer("facade")


@blueprint.post("/esco/v3/api/shorturlidentifier")
def create_session() -> ResponseReturnValue:
    """Ask a permission; the customer is sent to the portal with the short URL identifier."""
    proof = _proof()
    wanted = parse_session_request(parse_json_object(read_body(request, "application/json")))
    now = _now()
    answer = ask(
        "permission.request",
        proof,
        reference=wanted.reference,
        purpose=PURPOSE.value,
        category="readings",
        granularity=GRANULARITY_OF_SERVICE[wanted.service].value,
        directions=[direction.value for direction in Direction],
        data_from=format_instant(wanted.data_from or day_bounds(day_of(now))[0]),
        data_until=_instant(wanted.data_until),
        valid_until=_instant(ends_after(wanted.data_until, now, GRACE)),
        service=wanted.service.value,
        return_url_success=wanted.return_url_success,
        return_url_failed=wanted.return_url_failed,
    )
    return _envelope(
        {
            "status": "success",
            "shortUrlIdentifier": answer["link_code"],
            "validTo": answer["link_expires_at"],
        }
    )


@blueprint.get("/esco/v3/api/mandate")
def list_mandates() -> ResponseReturnValue:
    """List mandates: one row per data service; undecided ones only where asked for."""
    proof = _proof()
    given = parse_pairs(request.query_string, "query")
    undecided = bool(current_app.config.get("FACADE_SHOWS_UNDECIDED", False))
    reference, wanted = parse_mandate_query(given, with_undecided=undecided)
    return _envelope({"mandates": mandates(_permissions(proof, reference), wanted, _now())})


@blueprint.get("/esco/v3/api/mandate/energy")
def read_energy() -> ResponseReturnValue:
    """Hand over values under the mandates of one access point; each hand-over and refusal is recorded."""
    proof = _proof()
    query = parse_energy_query(parse_pairs(request.query_string, "query"))
    known = _permissions(proof, query.reference)
    rows = [row for row in known if row["ean"] == query.ean.digits]
    if not rows:
        return _refused_by_point(proof, query, [row for row in known if row["ean"] is None])
    handed: list[dict[str, Any]] = []
    refusal: DoorRefused | None = None
    for row, granularity in _reads(query, rows):
        try:
            handed.append(_read(proof, query, granularity, permission_id=row["permission_id"], row=row))
        except DoorRefused as error:
            if error.code not in NOTHING_THERE:
                raise _softened(error, rows) from error
            refusal = error
    response = _envelope({"headpoint": headpoint(query.ean.digits, handed, query.registers)})
    for answer in handed:
        response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    if not handed and refusal is not None:
        response.headers.update(ledger_headers(refusal.index, refusal.promise))
    return response


def _proof() -> Proof:
    """Return the token, checked with its subscription key; a token of the own API is refused here."""
    proof = bearer_proof()
    key = request.headers.get(SUBSCRIPTION_HEADER, "")
    if not 0 < len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise UnauthenticatedError("send your subscription key: Ocp-Apim-Subscription-Key")
    if ask("subscription.check", proof, subscription_key=key)["profile"] != "facade":
        raise UnauthenticatedError("this token was issued for another interface")
    return proof


def _permissions(proof: Proof, reference: str | None) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for spelling in [None] if reference is None else spellings(reference):
        for row in _pages(proof, {} if spelling is None else {"reference": spelling}):
            rows[row["permission_id"]] = row
    return list(rows.values())


def _pages(proof: Proof, filters: dict[str, str]) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = ask("permission.list", proof, limit=PAGE, **filters, **cursor)
        yield from page["permissions"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def _reads(query: EnergyQuery, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Granularity]]:
    """Choose what to read: per wanted data service the newest live mandate that is fine enough.

    A service that no mandate covers is left out while another is covered, so that it makes no refusal; where
    nothing fits, the newest mandate is asked all the same, and the door's refusal is recorded.
    """
    live = [row for row in rows if row["state"] in GIVES_ACCESS]
    services = query.services or tuple(dict.fromkeys(service_of(row) for row in live or rows[:1]))
    chosen = []
    for service in services:
        granularity = _granularity(service, rows[0])
        fitting = [row for row in live if not granularity.is_finer_than(Granularity(row["granularity"]))]
        if fitting:
            chosen.append((fitting[0], granularity))
    if not chosen:
        row = (live or rows)[0]
        chosen.append((row, _granularity(services[0], row)))
    return chosen


def _granularity(service: DataService, row: dict[str, Any]) -> Granularity:
    if service is DataService.QUARTER_HOUR and row["commodity"] == "gas":
        return Granularity.HOUR
    return GRANULARITY_OF_SERVICE[service]


def _read(
    proof: Proof, query: EnergyQuery, granularity: Granularity, *, row: dict[str, Any], **target: str
) -> dict[str, Any]:
    start = query.start or parse_instant(row["data_from"])
    end = query.end or min(parse_instant(row["data_until"]) if row["data_until"] else _now(), _now())
    start, end = whole_slots(start, max(end, start + timedelta(minutes=1)), granularity)
    window = {"from": format_instant(start), "until": format_instant(end)}
    return ask(
        "readings.read",
        proof,
        granularity=granularity.value,
        directions=list(row["directions"]),
        mode="clip",
        **window,
        **target,
    )


def _refused_by_point(proof: Proof, query: EnergyQuery, waiting: list[dict[str, Any]]) -> ResponseReturnValue:
    """No mandate names this access point: ask the door all the same, which refuses and records that."""
    service = query.services[0] if query.services else DataService.DAY
    row = {
        "data_from": format_instant(_now() - timedelta(days=1)),
        "data_until": None,
        "directions": [direction.value for direction in Direction],
    }
    target = {"ean": query.ean.digits, "purpose": PURPOSE.value}
    try:
        answer = _read(proof, query, GRANULARITY_OF_SERVICE[service], row=row, **target)
    except DoorRefused as error:
        # The same for a point that does not exist; whether a reference waits is the caller's own knowledge.
        undecided = [row for row in waiting if row["state"] == "requested"]
        raise _softened(error, undecided if query.reference else []) from error
    return _envelope({"headpoint": headpoint(query.ean.digits, [answer], query.registers)})


def _softened(error: DoorRefused, rows: list[dict[str, Any]]) -> DatabeheerError:
    alive = any(row["state"] in GIVES_ACCESS | {"requested", "blocked"} for row in rows)
    return NotNowError(error) if alive and error.code in NOT_NOW else error


def _envelope(data: dict[str, Any]) -> Response:
    return json_response({"_meta": {"fetchTime": format_instant(_now())}, "data": data})


def _now() -> datetime:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return clock.now().replace(microsecond=0)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
