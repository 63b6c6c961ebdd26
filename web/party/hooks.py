"""`/partij/webhooks`: where the party is told by web hook, what arrived and what was given up; sending one again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate
from werkzeug.exceptions import BadRequest

from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, parse, parse_or_refuse
from web.party.guard import require_party, standing

blueprint = Blueprint("party_hooks", __name__)

NO_ADDRESS = "Dit adres kunnen wij niet gebruiken. Geef een adres op het internet dat begint met https://."
SHOWN = 30


class AddressForm(Form):
    """Where web hooks go, and whether they are to be signed by a new secret."""

    adres = fields.String(required=True, validate=validate.Length(0, 2000, error=NO_ADDRESS))
    nieuw = fields.String(load_default="nee", validate=validate.OneOf(("ja", "nee")))


class ReplayForm(Form):
    """Which one is sent again."""

    bericht = fields.UUID(required=True)


class SureForm(Form):
    """Whether that was asked before."""

    zeker = fields.String(load_default="", validate=validate.OneOf(("", "ja")))


class Empty(Form):
    """A button without fields."""


@blueprint.get("/partij/webhooks")
@require_party
def show() -> ResponseReturnValue:
    """Where they go, and the newest of them."""
    return _page()


@blueprint.post("/partij/webhooks")
@require_party
def put() -> ResponseReturnValue:
    """Set where they go; a new secret is on this page, once."""
    try:
        form = parse(AddressForm(), request.form)
    except ValidationError as error:
        if error.messages_dict.keys() != {"adres"} or "adres" not in request.form:
            raise BadRequest from error
        return _page(error=NO_ADDRESS, given=request.form["adres"]), 400
    try:
        hook = ask("webhook.put", url=form["adres"].strip() or "x", rotate=form["nieuw"] == "ja")["webhook"]
    except DoorRefusedError as refusal:
        if refusal.code != "malformed-request":
            raise
        return _page(error=NO_ADDRESS, given=form["adres"]), 400
    if "secret" in hook:
        return _page(secret=hook["secret"])
    flash("Het adres is bewaard.", "good")
    return redirect(url_for("party_hooks.show"), 303)


@blueprint.post("/partij/webhooks/weg")
@require_party
def remove() -> ResponseReturnValue:
    """Send no more of them; asks first."""
    if not parse_or_refuse(SureForm(), request.form)["zeker"]:
        return render_template("party/end_hook.html", party=standing()["party"])
    ask("webhook.remove")
    flash("U krijgt geen webhooks meer.", "good")
    return redirect(url_for("party_hooks.show"), 303)


@blueprint.post("/partij/webhooks/proef")
@require_party
def test() -> ResponseReturnValue:
    """Send one to try."""
    parse_or_refuse(Empty(), request.form)
    ask("webhook.test")
    flash("Er is een proefbericht onderweg. Laad deze pagina zo dadelijk opnieuw.", "good")
    return redirect(url_for("party_hooks.show"), 303)


@blueprint.post("/partij/webhooks/opnieuw")
@require_party
def replay() -> ResponseReturnValue:
    """Send one again."""
    ask("webhook.replay", delivery_id=str(parse_or_refuse(ReplayForm(), request.form)["bericht"]))
    flash("Het bericht wordt opnieuw gestuurd.", "good")
    return redirect(url_for("party_hooks.show"), 303)


def _page(*, error: str = "", given: str = "", secret: str = "") -> str:
    party = standing()["party"]
    hook: Mapping[str, Any] | None = None
    deliveries: list[dict[str, Any]] = []
    try:
        hook = ask("webhook.show")["webhook"]
        deliveries = [
            {**one, "told_at": parse_instant(one["told_at"])}
            for one in ask("webhook.deliveries", limit=SHOWN)["deliveries"]
        ]
    except DoorRefusedError as refusal:
        if refusal.code != "not-found":
            raise
    return render_template(
        "party/hooks.html",
        party=party,
        hook=hook,
        deliveries=deliveries,
        error=error,
        given=given or (hook["url"] if hook else ""),
        secret=secret,
    )
