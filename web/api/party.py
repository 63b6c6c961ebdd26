"""Who the caller is."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas import Me
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask


@operation("/api/v1/me", "GET", summary="Show who you are", answer=Me, example=examples.ME, refusals=COMMON)
def show_me() -> ResponseReturnValue:
    """The party behind your token, as the public register names it."""
    choose_form((JSON,))
    party = ask("party.me", bearer_proof())
    return json_response({"id": party["party_id"], "name": party["name"], "role": party["role"]})
