"""`/dienst/wie-keek`: what each of the house's people did and was refused, for who sees trails (R155, R163)."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from databeheer.staff import roles
from web.oversight.staff import trails
from web.staff.guard import require_role

blueprint = Blueprint("staff_trail", __name__)


@blueprint.get("/dienst/wie-keek")
@require_role(*sorted(roles.load().reading("trail")))
def show() -> ResponseReturnValue:
    """Who of the staff looked, under which case, and what was refused."""
    return trails("dienst")
