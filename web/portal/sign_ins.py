"""`/mijn/aanmeldingen`: where the visitor is logged in now; ending one log-in, or all but this one."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.portal.login import require_session, visitor

blueprint = Blueprint("sign_ins", __name__)


class Empty(Form):
    """A button without fields."""


@blueprint.get("/mijn/aanmeldingen")
@require_session
def show() -> ResponseReturnValue:
    """List the live log-ins, this one marked."""
    me = visitor()  # first: it notes that this log-in is used
    found = ask("session.list")["sessions"]
    times = ("begun_at", "last_used_at", "expires_at")
    shown = [one | {name: parse_instant(one[name]) for name in times} for one in found]
    return render_template("portal/sign_ins.html", me=me, sign_ins=shown)


@blueprint.post("/mijn/aanmeldingen/<uuid:session_id>/stoppen")
@require_session
def end_other(session_id: UUID) -> ResponseReturnValue:
    """End one; one that has ended meanwhile is not there, which is what was wanted."""
    parse_or_refuse(Empty(), request.form)
    try:
        ask("session.end_other", session_id=str(session_id))
    except DoorRefusedError as refusal:
        if refusal.code != "not-found":
            raise
    return redirect(url_for("sign_ins.show"), 303)


@blueprint.post("/mijn/aanmeldingen/andere-stoppen")
@require_session
def end_others() -> ResponseReturnValue:
    """End all but this one."""
    parse_or_refuse(Empty(), request.form)
    ask("session.end_others")
    return redirect(url_for("sign_ins.show"), 303)
