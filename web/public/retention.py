"""`/bewaartermijnen`: how long each class of data is kept, from the terms that the door erases by (R137)."""

from __future__ import annotations

import json
from hashlib import sha256

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.ean_codes.homes import TOLD_COUNTED
from databeheer.oversight.retention import (
    ATTEMPTS_YEARS,
    COMPLAINT_YEARS,
    FULL_YEARS,
    LEDGER_YEARS,
    READINGS_YEARS,
)
from web.public.serving import public_json

blueprint = Blueprint("retention", __name__)

TERMS = {
    "readings_years": READINGS_YEARS,
    "full_years": FULL_YEARS,
    "ledger_years": LEDGER_YEARS,
    "attempts_years": ATTEMPTS_YEARS,
    "complaint_years": COMPLAINT_YEARS,
}
"""In years, by the name in the template of the table."""
TABLE = TERMS | {"told_days": TOLD_COUNTED.days}
"""All that the table says."""


@blueprint.get("/bewaartermijnen.json")
def as_json() -> ResponseReturnValue:
    """The terms for programs: years, and days where the name says so."""
    return public_json({"version": version(), "terms": TABLE})


def version() -> str:
    """Name the terms: another release with other ones gets another version."""
    return sha256(json.dumps(TABLE, sort_keys=True).encode()).hexdigest()[:12]


@blueprint.get("/bewaartermijnen")
def page() -> ResponseReturnValue:
    """Show the terms."""
    return render_template("public/retention.html", **TABLE)
