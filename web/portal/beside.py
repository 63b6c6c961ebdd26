"""For another address too: an organisation that asked for several gets each by an answer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.language import _
from web.portal.login import require_session, visitor
from web.portal.notice import notice_of
from web.portal.overview import my_permissions, my_points
from web.portal.shown import Permission, Point

blueprint = Blueprint("beside", __name__)


class BesideForm(Form):
    """The text that was read, and the address."""

    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    occupancy_id = fields.UUID(load_default=None)


def first_of(permission: Permission) -> Permission:
    """Return the permission that was granted first under its request."""
    return permission if permission.beside is None else _permission(UUID(permission.beside))


def open_points(first: Permission) -> tuple[Point, ...]:
    """Return the visitor's own addresses for which he may still grant what he granted first; none where that is all."""
    if first.up_to == 1 or not first.is_active:
        return ()
    of_request = [one for one in my_permissions() if first.permission_id in (one.permission_id, one.beside)]
    taken = {one.occupancy_id or one.addressed_to for one in of_request}
    if len(of_request) >= first.up_to:
        return ()
    return tuple(point for point in my_points() if point.ends is None and point.occupancy_id not in taken)


@blueprint.get("/mijn/toestemming/<uuid:permission_id>/ook")
@require_session
def show(permission_id: UUID) -> ResponseReturnValue:
    """Show the same question for another address."""
    return _show(_permission(permission_id))


@blueprint.post("/mijn/toestemming/<uuid:permission_id>/ook")
@require_session
def grant(permission_id: UUID) -> ResponseReturnValue:
    """Grant it for that address too: a new permission, and its own line in the ledger."""
    form = parse_or_refuse(BesideForm(), request.form)
    permission = _permission(permission_id)
    chosen = str(form["occupancy_id"]) if form["occupancy_id"] else None
    points = [point for point in open_points(permission) if point.occupancy_id == chosen]
    if not points:
        return _show(permission, error=_("Kies voor welk adres u ook gegevens wilt delen."), status=400)
    notice = notice_of(permission, open_points(permission), offers_parts=False)
    if form["notice_sha256"] != notice.sha256:
        return _show(permission, error=_("De vraag is intussen veranderd. Lees ze opnieuw."), status=409)
    try:
        granted = ask(
            "permission.grant_beside",
            permission_id=str(permission_id),
            occupancy_id=chosen,
            notice=notice.text,
            language=notice.language,
        )
    except DoorRefusedError as refusal:
        if refusal.code != "conflict":
            raise
        return _show(permission, error=_("Dit kan niet meer. Kijk in uw overzicht wat nu geldt."), status=409)
    new = granted["permission"]["permission_id"]
    return redirect(url_for("permissions.answered", permission_id=new), 303)


def _permission(permission_id: UUID) -> Permission:
    return Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])


def resume(arguments: Mapping[str, str], fields: Mapping[str, str]) -> ResponseReturnValue:
    """Show the question again as its visitor had answered it, for her to confirm."""
    return _show(_permission(UUID(arguments["permission_id"])), chosen=fields.get("occupancy_id"))


def _show(
    permission: Permission, *, error: str | None = None, chosen: str | None = None, status: int = 200
) -> ResponseReturnValue:
    points = open_points(permission)
    if not points:
        return redirect(url_for("permissions.history", permission_id=permission.permission_id), 303)
    page = render_template(
        "portal/beside.html",
        me=visitor(),
        permission=permission,
        notice=notice_of(permission, points, offers_parts=False),
        points=points,
        error=error,
        chosen=chosen,
    )
    return page, status
