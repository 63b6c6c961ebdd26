"""`/mijn/punten`: all access points of a business, by address, and who may read at each."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate

from databeheer.permissions.choosing import MOST_POINTS
from web.door import ask
from web.forms import Form, parse_or_refuse
from web.portal.businesses.lists import Shown, points_of_business, searched, shown_after
from web.portal.login import require_session, visitor
from web.portal.shown import Party, Permission, Statutory
from web.proofs import OneMoment
from web.receipts import make_receipt
from web.settings import WebSettings

blueprint = Blueprint("points", __name__)

_ENTRY = validate.Range(0, 2**53)


class PointsQuery(Form):
    """What is searched, and behind which point the page begins."""

    zoek = searched()
    na = shown_after()


class ReceiptsQuery(Form):
    """From which entry to which."""

    van = fields.Integer(required=True, validate=_ENTRY)
    tot = fields.Integer(required=True, validate=_ENTRY)


@dataclass(frozen=True)
class Readers:
    """Who may read at one access point."""

    by_consent: tuple[Permission, ...]
    by_law: tuple[str, ...]


@blueprint.get("/mijn/punten")
@require_session
def show() -> ResponseReturnValue:
    """Show a page of them."""
    query = parse_or_refuse(PointsQuery(), request.args)
    points = points_of_business()
    shown = Shown.of(points, query["zoek"], query["na"])
    answer = ask("business.readers", occupancy_ids=[one.occupancy_id for one in shown.points])
    permissions = [Permission.of(row) for row in answer["permissions"]]
    lawful = [Statutory.of(row) for row in answer["statutory"]]
    readers = {
        one.occupancy_id: Readers(
            tuple(each for each in permissions if each.occupancy_id == one.occupancy_id),
            tuple(dict.fromkeys(each.party.name for each in lawful if each.occupancy_id == one.occupancy_id)),
        )
        for one in shown.points
    }
    return render_template(
        "portal/business_points.html",
        me=visitor(),
        shown=shown,
        total=len(points),
        readers=readers,
        given=[(Party.of(row["party"]), int(row["points"])) for row in answer["given"]],
    )


@blueprint.get("/mijn/punten/bewijzen.zip")
@require_session
def receipts() -> ResponseReturnValue:
    """Hand out the receipts of what was given or withdrawn for many: each as it is for one."""
    query = parse_or_refuse(ReceiptsQuery(), request.args)
    points_of_business()
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    first, last = query["van"], query["tot"]
    if not first <= last < first + 2 * MOST_POINTS:
        abort(404)
    file, log = io.BytesIO(), OneMoment(settings.ledger_directory)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(first, last + 1):
            archive.writestr(
                f"bewijs-{index}.tlog-proof", make_receipt(log, index, ask("receipt.opening", index=index))
            )
    return Response(
        file.getvalue(),
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="bewijzen.zip"'},
    )
