"""`/bewaartermijnen`: how long each class of data is kept, from the terms that the door erases by (R137)."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.oversight.retention import FULL_YEARS, LEDGER_YEARS, READINGS_YEARS

blueprint = Blueprint("retention", __name__)

TERMS = {"readings_years": READINGS_YEARS, "full_years": FULL_YEARS, "ledger_years": LEDGER_YEARS}
"""In years, by the name in the template of the table."""


@blueprint.get("/bewaartermijnen")
def page() -> ResponseReturnValue:
    """Show the terms."""
    return render_template("public/retention.html", **TERMS)
