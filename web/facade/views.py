"""The facade's calls: token, consent session, mandates, energy, and in a sandbox mock mandates."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from databeheer.brussels import day_bounds, day_of
from databeheer.clock import Clock
from databeheer.door.client import Proof
from databeheer.errors import DatabeheerError, NotFoundError
from databeheer.values import Direction, format_instant
from web import answers
from web.answers import json_response
from web.door import ask
from web.facade.bodies import ends_after, parse_mock_mandate, parse_session_request
from web.facade.caller import caller_of_request
from web.facade.caseless import TOKEN_PATH
from web.facade.energy import headpoint
from web.facade.mandates import mandates
from web.facade.names import GRANULARITY_OF_SERVICE, PURPOSE, spellings
from web.facade.parameters import parse_energy_query, parse_mandate_query, shown_ean
from web.facade.reading import pages, read_under_mandates
from web.parsing import parse_json_object, parse_pairs, read_body
from web.problems import ledger_headers
from web.tokens import token_answer

blueprint = Blueprint("facade", __name__)
blueprint.register_error_handler(DatabeheerError, answers.answer_error)

# Electricity follows within a day, gas within three; late corrections within weeks.
GRACE = timedelta(days=30)


@blueprint.post(TOKEN_PATH)
def issue_token() -> ResponseReturnValue:
    """Trade client credentials for a token that is good for `/esco` only."""
    return token_answer("facade")


@blueprint.post("/esco/v3/api/shorturlidentifier")
def create_session() -> ResponseReturnValue:
    """Ask a permission; the customer is sent to the portal with the short URL identifier."""
    proof = caller_of_request().proof
    wanted = parse_session_request(parse_json_object(read_body(request, "application/json")))
    now = _now()
    asked: dict[str, Any] = {
        "reference": wanted.reference,
        "purpose": PURPOSE.value,
        "category": "readings",
        "granularity": GRANULARITY_OF_SERVICE[wanted.services[0]].value,
        "directions": [direction.value for direction in Direction],
        "data_from": format_instant(wanted.data_from or day_bounds(day_of(now))[0]),
        "data_until": _instant(wanted.data_until),
        "valid_until": _instant(ends_after(wanted.data_until, now, GRACE)),
        "service": ",".join(wanted.services),
        "up_to": wanted.most,
        "return_url_success": wanted.return_url_success,
        "return_url_failed": wanted.return_url_failed,
    }
    # The clients send no key of their own, and ask again where the answer was lost: the same request gets the
    # same session, so that EDDIE does not find its own reference in use and gives the permission up.
    key = sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    answer = ask("permission.request", proof, idempotency_key=f"esco-{key}", **asked)
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
    caller = caller_of_request()
    given = parse_pairs(request.query_string, "query")
    reference, wanted = parse_mandate_query(
        given, sandbox=caller.in_sandbox, with_undecided=caller.shows_undecided
    )
    found = mandates(_permissions(caller.proof, reference, wanted.ean), wanted, _now())
    for one in found:
        one["ean"] = one["ean"] and shown_ean(one["ean"], sandbox=caller.in_sandbox)
    return _envelope({"mandates": found})


@blueprint.get("/esco/v3/api/mandate/energy")
def read_energy() -> ResponseReturnValue:
    """Hand over values under the mandates of one access point; each hand-over and refusal is recorded."""
    caller = caller_of_request()
    query = parse_energy_query(parse_pairs(request.query_string, "query"), sandbox=caller.in_sandbox)
    told = read_under_mandates(caller.proof, query, _now())
    ean = shown_ean(query.ean.digits, sandbox=caller.in_sandbox)
    response = _envelope({"headpoint": headpoint(ean, told.handed, query.registers)})
    for index, promise in told.recorded:
        for name, value in ledger_headers(index, promise).items():
            response.headers.add(name, value)
    return response


@blueprint.post("/esco/v3/api/mandate/mock")
def create_mock_mandate() -> ResponseReturnValue:
    """Make a mandate in a sandbox, whose house plays the customer; in production there is no such address."""
    caller = caller_of_request()
    if not caller.in_sandbox:
        raise NotFoundError("mock mandates are made in a sandbox; this house is none")
    mock = parse_mock_mandate(parse_json_object(read_body(request, "application/json")))
    now = _now()
    ask(
        "sandbox.mandate",
        caller.proof,
        reference=mock.reference,
        ean=mock.ean.digits,
        purpose=PURPOSE.value,
        granularity=GRANULARITY_OF_SERVICE[mock.service].value,
        service=mock.service.value,
        data_from=format_instant(mock.data_from or day_bounds(day_of(now))[0]),
        data_until=_instant(mock.data_until),
        valid_until=_instant(mock.valid_until or ends_after(mock.data_until, now, GRACE)),
        outcome=mock.outcome,
    )
    return _envelope({"status": "success"})


def _permissions(proof: Proof, reference: str | None, ean: str | None) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    of_point = {} if ean is None else {"ean": ean}
    for spelling in [None] if reference is None else spellings(reference):
        for row in pages(proof, **of_point, **({} if spelling is None else {"reference": spelling})):
            rows[row["permission_id"]] = row
    return list(rows.values())


def _envelope(data: dict[str, Any]) -> Response:
    return json_response({"_meta": {"fetchTime": format_instant(_now())}, "data": data})


def _now() -> datetime:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return clock.now().replace(microsecond=0)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
