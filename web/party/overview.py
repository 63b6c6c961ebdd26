"""`/partij`: where the party stands and what it lacks; applying, and choosing another party of the enterprise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.clock import Clock
from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, parse_or_refuse, parse_or_tell
from web.party.guard import require_party, standing
from web.party.wording import lacks_words
from web.portal.wording import ROLES

blueprint = Blueprint("party", __name__)

NAME, ROLE = "Vul de naam van uw organisatie in.", "Kies in welke rol uw organisatie gegevens vraagt."
KNOWN = "In deze rol is uw onderneming hier al bekend."
_TOLD = ("naam", "rol", "website", "over")


class ApplyForm(Form):
    """Who applies, in which role."""

    naam = fields.String(
        required=True, validate=validate.Length(1, 100, error=NAME), error_messages={"required": NAME}
    )
    rol = fields.String(
        required=True, validate=validate.OneOf(ROLES, error=ROLE), error_messages={"required": ROLE}
    )
    website = fields.String(
        load_default="",
        validate=validate.Regexp(r"(https://[!-~]{3,190})?\Z", error="Begin het adres met https://."),
    )
    over = fields.String(
        load_default="", validate=validate.Length(max=1000, error="Schrijf ten hoogste 1000 tekens.")
    )


class ChooseForm(Form):
    """Which party."""

    partij = fields.UUID(required=True)


@blueprint.get("/partij")
@require_party
def show() -> ResponseReturnValue:
    """Where the party stands."""
    found = standing()
    handed = found["handed_in"]
    return render_template(
        "party/overview.html",
        found=found,
        party=found["party"],
        lacks=[lacks_words(code) for code in found["lacks"]],
        handed=handed,
        handed_at=parse_instant(handed["at"]) if handed else None,
        coming=_coming(found),
        others=[one for one in found["parties"] if one["id"] != found["party"]["id"]],
    )


@blueprint.get("/partij/aanvraag")
@require_party
def begin() -> ResponseReturnValue:
    """Apply in one role; or go on with a party that is there."""
    return _begin({}, {})


@blueprint.post("/partij/aanvraag")
@require_party
def apply() -> ResponseReturnValue:
    """Become a party that waits for approval."""
    form, errors = parse_or_tell(ApplyForm(), request.form, _TOLD)
    if errors:
        return _begin(errors, form), 400
    given = {
        "name": form["naam"],
        "role": form["rol"],
        "website": form["website"],
        "about": _line(form["over"]),
    }
    try:
        ask("onboarding.apply", **given)
    except DoorRefusedError as refusal:
        if refusal.code not in ("conflict", "malformed-request"):
            raise
        told = (
            {"rol": KNOWN} if refusal.code == "conflict" else {"naam": "Gebruik gewone tekens, op één regel."}
        )
        return _begin(told, form), 409 if refusal.code == "conflict" else 400
    flash("Uw aanvraag is begonnen. Vul nu uw bewijs in.", "good")
    return redirect(url_for("party.show"), 303)


@blueprint.post("/partij/kies")
@require_party
def choose() -> ResponseReturnValue:
    """Act for another party of the enterprise."""
    ask("onboarding.choose", party_id=str(parse_or_refuse(ChooseForm(), request.form)["partij"]))
    return redirect(url_for("party.show"), 303)


def _coming(found: dict[str, Any]) -> list[datetime]:
    """When keys begin to count that do not yet: whoever did not add them ends them first."""
    clock: Clock = current_app.config["WEB_CLOCK"]
    keys = [key for program in found["programs"] for key in program["keys"]]
    begins = [
        parse_instant(key["valid_from"])
        for key in keys
        if not key["valid_until"] or key["valid_until"] > key["valid_from"]
    ]
    return sorted(one for one in begins if one > clock.now())


def _begin(errors: dict[str, str], given: dict[str, object]) -> str:
    found = ask("onboarding.show")
    return render_template("party/begin.html", found=found, party=found["party"], errors=errors, given=given)


def _line(text: str) -> str:
    """What somebody wrote over several lines, on one: it stands on one line in the register."""
    return " ".join(text.split())
