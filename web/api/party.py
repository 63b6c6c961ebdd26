"""Who the caller is: the own profile, the evidence of it, and what is missing."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas.party import ME, Me
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask


@operation("/api/v1/me", "GET", summary="Show who you are", answer=Me, example=ME, refusals=COMMON)
def show_me() -> ResponseReturnValue:
    """The party behind your token: how the public register names it, contracts, DPIA, overview, contact.

    `missing` says beforehand what would be refused for want of evidence, and what to do. Also while you are suspended.
    """
    choose_form((JSON,))
    return json_response(ask("party.standing", bearer_proof()))
