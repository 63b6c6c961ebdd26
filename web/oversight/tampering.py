"""`/toezicht/knoeien`, in the demo only: harm done to a copy of the log, and which check finds it, at which entry.

The web does no harm itself, and could not: it asks the demo's supervisor, which makes the copy.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from web.forms import Form, parse_or_refuse
from web.oversight.guard import require_inspector
from web.oversight.wording import TAMPERINGS
from web.supervisor import ask_supervisor, has_supervisor

blueprint = Blueprint("tampering", __name__)


class TamperForm(Form):
    """Which harm."""

    kind = fields.String(required=True, validate=validate.OneOf([each.kind for each in TAMPERINGS]))


@blueprint.get("/toezicht/knoeien")
@require_inspector
def show() -> ResponseReturnValue:
    """Show the buttons."""
    return _page(None)


@blueprint.post("/toezicht/knoeien")
@require_inspector
def tamper() -> ResponseReturnValue:
    """Have a copy tampered with, and show who found it."""
    kind = parse_or_refuse(TamperForm(), request.form)["kind"]
    if not has_supervisor():
        abort(404)
    return _page(ask_supervisor("tamper", kind=kind))


def _page(shown: dict[str, Any] | None) -> ResponseReturnValue:
    chosen = next((each for each in TAMPERINGS if shown and each.kind == shown["kind"]), None)
    return render_template("oversight/tampering.html", tamperings=TAMPERINGS, shown=shown, chosen=chosen)
