"""A request to answer, an answer confirmed, a permission withdrawn, and the list of all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validate

from databeheer.door.client import DoorRefusedError
from web.door import ask
from web.forms import NO_EAN, EANField, Form, parse, parse_or_refuse, parse_or_tell
from web.language import _, lazy
from web.portal import already, next_page, picture
from web.portal.beside import first_of, open_points
from web.portal.doubting import standing_about
from web.portal.login import require_session, visitor
from web.portal.notice import Notice, notice_of
from web.portal.overview import Seen, my_points
from web.portal.shown import Permission, Point
from web.settings import WebSettings

blueprint = Blueprint("permissions", __name__)

OWN_ADDRESS = lazy("Dit is een aansluiting op uw eigen naam. U kunt hierboven zelf antwoorden.")
LINK_CODE = validate.Regexp(r"[A-Za-z0-9_-]{4,128}\Z")
GRANTS = {"grant": ["past", "future"], "grant_past": ["past"], "grant_future": ["future"]}
"""Which parts of the data each button grants: data of before and data to come each have their own answer (R31)."""
_HOST = re.compile(r"(?!-)[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_RECEIPTS = "receipts"
_RECEIPTS_KEPT = 8
_JUST_NOW = timedelta(minutes=30)
"""So long a confirmation speaks of now; then of the day on which it was answered."""


class LinkQuery(Form):
    """The facade's portal link."""

    id = fields.String(required=True, validate=LINK_CODE)


class AnswerForm(Form):
    """What the visitor answers. Nothing is preselected: granting needs a choice of access point."""

    decision = fields.String(required=True, validate=validate.OneOf([*GRANTS, "refuse", "none"]))
    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    occupancy_id = fields.UUID(load_default=None)
    link_code = fields.String(load_default=None, validate=LINK_CODE)


class SentOnForm(Form):
    """Of which address the contract holder decides, by the EAN code on the bill."""

    ean = EANField(required=True, error_messages={"required": NO_EAN})
    link_code = fields.String(required=True, validate=LINK_CODE)


class RenewalForm(Form):
    """A renewal: the text that was read, and nothing to fill in."""

    notice_sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class WithdrawalForm(Form):
    """A button: all of it, or one part."""

    part = fields.String(load_default=None, validate=validate.OneOf(["past", "future"]))


@blueprint.get("/verbruik/dienstverlener")
@require_session
def by_link() -> ResponseReturnValue:
    """Show the request behind a party's link."""
    try:
        code = parse(LinkQuery(), request.args)["id"]
    except ValidationError:
        abort(404)  # a link that was cut off: the page says that it does not work
    return _show_request(ask("permission.by_link", link_code=code), link_code=code)


@blueprint.get("/mijn/vraag/<uuid:permission_id>")
@require_session
def show(permission_id: UUID) -> ResponseReturnValue:
    """Show a request that waits for the visitor."""
    return _show_request(ask("permission.show", permission_id=str(permission_id)))


@blueprint.post("/mijn/vraag/<uuid:permission_id>")
@require_session
def answer(permission_id: UUID) -> ResponseReturnValue:
    """Grant or refuse a request."""
    form = parse_or_refuse(AnswerForm(), request.form)
    link = {"link_code": form["link_code"]} if form["link_code"] else {}
    asked = (
        ask("permission.by_link", **link)
        if link
        else ask("permission.show", permission_id=str(permission_id))
    )
    shown = Permission.of(asked["permission"])
    if shown.permission_id != str(permission_id):
        abort(404)
    chosen = str(form["occupancy_id"]) if form["occupancy_id"] else None
    if form["decision"] == "none":
        return _show_request(asked, error=_("Kies Toestaan of Weigeren."), chosen=chosen, **link)
    if form["decision"] == "refuse":
        try:
            refused = ask("permission.refuse", permission_id=str(permission_id), **link)
        except DoorRefusedError as refusal:
            return _done_before(permission_id, refusal)
        return answered_with(permission_id, refused)
    if shown.is_waiting and shown.party_is_suspended:
        # The page says why it cannot be granted.
        return _show_request(asked, status=409, chosen=chosen, **link)
    points = [Point.of(row) for row in asked["occupancies"]]
    notice = notice_of(shown, points)
    if form["notice_sha256"] != notice.sha256:
        return _show_request(
            asked, error=_("De vraag is intussen veranderd. Lees ze opnieuw."), status=409, **link
        )
    if chosen not in {point.occupancy_id for point in points}:
        error = _("Kies voor welk adres u gegevens wilt delen.")
        return _show_request(asked, error=error, field="occupancies", status=400, **link)
    said: dict[str, Any] = {
        "parts": GRANTS[form["decision"]],
        "notice": notice.text,
        "language": notice.language,
    }
    try:
        granted = ask(
            "permission.grant", permission_id=str(permission_id), occupancy_id=chosen, **said, **link
        )
    except DoorRefusedError as refusal:
        return _done_before(permission_id, refusal)
    return answered_with(permission_id, granted)


@blueprint.get("/mijn/vraag/<uuid:permission_id>/antwoord")
@require_session
def answered(permission_id: UUID) -> ResponseReturnValue:
    """Confirm what the visitor answered, as the door now knows it."""
    permission = Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])
    if permission.is_waiting and permission.waits_for_you:
        return redirect(url_for("permissions.show", permission_id=permission_id), 303)
    return _show_answered(permission)


@blueprint.post("/mijn/vraag/<uuid:permission_id>/doorsturen")
@require_session
def send_on(permission_id: UUID) -> ResponseReturnValue:
    """Send a request on to the contract holder of an address; the page is the same whether there is one (R98)."""
    link, errors = parse_or_tell(SentOnForm(), request.form, ("ean",))
    asked = ask("permission.by_link", link_code=link["link_code"])
    if asked["permission"]["permission_id"] != str(permission_id):
        abort(404)
    if errors:
        return _show_request(asked, error=errors["ean"], field="ean", status=400, link_code=link["link_code"])
    if any(point.ean == link["ean"] for point in my_points() if point.ends is None):
        return _show_request(asked, error=OWN_ADDRESS, field="ean", status=400, link_code=link["link_code"])
    ask("permission.forward", permission_id=str(permission_id), **link)
    return render_template("portal/sent_on.html", me=visitor(), permission=Permission.of(asked["permission"]))


@blueprint.post("/mijn/vraag/<uuid:permission_id>/terugnemen")
@require_session
def take_back(permission_id: UUID) -> ResponseReturnValue:
    """Take an answer back while others have yet to answer: one button, nothing to fill in (R21)."""
    try:
        taken_back = ask("permission.refuse", permission_id=str(permission_id))
    except DoorRefusedError as refusal:
        return _done_before(permission_id, refusal)
    return answered_with(permission_id, taken_back)


@blueprint.get("/mijn/toestemming/<uuid:permission_id>")
@require_session
def history(permission_id: UUID) -> ResponseReturnValue:
    """Show one permission with everything that happened to it, and the text that was read."""
    permission = Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])
    return render_template(
        "portal/history.html",
        me=visitor(),
        permission=permission,
        point=next((each for each in my_points() if each.occupancy_id == permission.occupancy_id), None),
        # What she doubts is hers alone: a power of attorney does not show it.
        doubt=standing_about(permission)
        if permission.state == "blocked" and not visitor()["power"]
        else None,
    )


@blueprint.get("/mijn/toestemming/<uuid:permission_id>/verlengen")
@require_session
def show_renewal(permission_id: UUID) -> ResponseReturnValue:
    """Show what a renewal would be: the same question again."""
    return _show_renewal(permission_id)


def _show_renewal(permission_id: UUID, *, is_resumed: bool = False) -> ResponseReturnValue:
    permission = Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])
    if not permission.is_renewable:
        return redirect(url_for("permissions.history", permission_id=permission_id), 303)
    return render_template(
        "portal/renewal.html",
        me=visitor(),
        permission=permission,
        notice=_renewal_notice(permission),
        is_resumed=is_resumed,
    )


@blueprint.post("/mijn/toestemming/<uuid:permission_id>/verlengen")
@require_session
def renew(permission_id: UUID) -> ResponseReturnValue:
    """Renew: a new permission, and its own line in the ledger."""
    form = parse_or_refuse(RenewalForm(), request.form)
    permission = Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])
    notice = _renewal_notice(permission)
    if form["notice_sha256"] != notice.sha256:
        return redirect(url_for("permissions.show_renewal", permission_id=permission_id), 303)
    try:
        renewed = ask(
            "permission.renew", permission_id=str(permission_id), notice=notice.text, language=notice.language
        )
    except DoorRefusedError as refusal:
        return _done_before(permission_id, refusal)
    return answered_with(UUID(renewed["permission"]["permission_id"]), renewed)


@blueprint.post("/mijn/toestemming/<uuid:permission_id>/intrekken")
@require_session
def withdraw(permission_id: UUID) -> ResponseReturnValue:
    """Withdraw at once, all or one part: one button, nothing to fill in (R21, R22, R31)."""
    form = parse_or_refuse(WithdrawalForm(), request.form)
    part = {"part": form["part"]} if form["part"] else {}
    try:
        withdrawn = ask("permission.withdraw", permission_id=str(permission_id), **part)
    except DoorRefusedError as refusal:
        return _done_before(permission_id, refusal, part=form["part"], is_ending=True)
    party = withdrawn["permission"]["party"]["name"]
    done = {"party": party, "index": withdrawn.get("index"), "part": form["part"]}
    next_page.says("withdrawn", done)
    return redirect(url_for("overview.show"), 303)


@blueprint.get("/mijn/toestemmingen")
@require_session
def everything() -> ResponseReturnValue:
    """List every permission, with those that ended, who ended them and why (R26)."""
    lines = Seen.now(with_ended=True).lines
    return render_template(
        "portal/permissions.html",
        me=visitor(),
        points={point.occupancy_id: point for point in my_points()},
        waiting=[each for each in lines if each.who.is_waiting and each.who.waits_for_you],
        waiting_for_others=[each for each in lines if each.who.waits_for_others],
        active_ones=[each for each in lines if each.who.is_live],
        ended=[each for each in lines if not each.who.is_waiting and not each.who.is_live],
    )


def resume(arguments: Mapping[str, str], fields: Mapping[str, str]) -> ResponseReturnValue:
    """Show a request again as its visitor had answered it, for her to confirm."""
    link: dict[str, Any] = {"link_code": fields["link_code"]} if fields.get("link_code") else {}
    asked = (
        ask("permission.by_link", **link)
        if link
        else ask("permission.show", permission_id=arguments["permission_id"])
    )
    return _show_request(asked, chosen=fields.get("occupancy_id"), is_resumed=True, **link)


def resume_renewal(arguments: Mapping[str, str], _: Mapping[str, str]) -> ResponseReturnValue:
    """Show the question of a renewal again."""
    return _show_renewal(UUID(arguments["permission_id"]), is_resumed=True)


def _done_before(
    permission_id: UUID, refusal: DoorRefusedError, *, part: str | None = None, is_ending: bool = False
) -> ResponseReturnValue:
    """Answer a second press or a second window: what was done before, and when. Any other refusal goes on."""
    if refusal.code != "conflict":
        raise refusal
    permission = Permission.of(ask("permission.show", permission_id=str(permission_id))["permission"])
    if not permission.is_waiting and not permission.is_live:
        return already.permission_ended(permission)
    if is_ending and permission.is_live and part is not None:
        return already.part_ended(permission, part)
    if not is_ending and permission.is_live:
        return already.granted_meanwhile(permission)
    if not is_ending and permission.waits_for_others:
        return already.waits_for_others(permission)
    raise refusal


def _renewal_notice(permission: Permission) -> Notice:
    points = [each for each in my_points() if each.occupancy_id == permission.occupancy_id]
    return notice_of(permission, points, offers_parts=False)


def return_address(address: str | None) -> tuple[str, str] | None:
    """Return where the party asked to go back to, and its host as the network knows it.

    None for what is not a plain web address: another scheme, a log-in in it, a port that is no number, a host that
    browsers may take for another one than is written. Letters of other scripts are shown, and followed, in their
    ASCII form (xn--...): a host cannot look like another one's.
    """
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    if not address:
        return None
    try:
        parts = urlsplit(address)
        host, port = _network_name(parts.hostname or ""), parts.port
    except ValueError:
        return None
    is_demo_address = settings.demo and parts.scheme == "http" and host in ("127.0.0.1", "localhost")
    if parts.username is not None or not (parts.scheme == "https" or is_demo_address):
        return None
    return urlunsplit(parts._replace(netloc=host if port is None else f"{host}:{port}")), host


def _network_name(host: str) -> str:
    name = host.encode("idna").decode()  # raises a UnicodeError, which is a ValueError
    if _HOST.fullmatch(name) is None or host not in (name, name.encode().decode("idna")):
        raise ValueError("not a name of a host, or one that browsers may read in another way")
    return name


def _show_request(
    asked: dict[str, Any],
    *,
    link_code: str | None = None,
    error: str | None = None,
    field: str = "decision",
    chosen: str | None = None,
    is_resumed: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    permission = Permission.of(asked["permission"])
    if not (permission.is_waiting and permission.waits_for_you):
        return _show_answered(permission)
    candidates = [Point.of(row) for row in asked["occupancies"]]
    page = render_template(
        "portal/request.html",
        me=visitor(),
        permission=permission,
        notice=notice_of(permission, candidates),
        candidates=candidates,
        link_code=link_code,
        can_send_on=link_code is not None and permission.addressed_to is None,
        chosen=chosen,
        is_resumed=is_resumed,
        picture=picture.of_points(candidates) if candidates and permission.category == "readings" else None,
        error=error,
        error_field=field,
    )
    return page, status


def _show_answered(permission: Permission) -> ResponseReturnValue:
    point = next((each for each in my_points() if each.occupancy_id == permission.occupancy_id), None)
    first, now = first_of(permission), current_app.config["WEB_CLOCK"].now()
    return render_template(
        "portal/answered.html",
        me=visitor(),
        permission=permission,
        notice=notice_of(permission, [point] if point else [], is_answered=True),
        is_new=permission.decided_at is not None and now - permission.decided_at < _JUST_NOW,
        point=point,
        index=session.get(_RECEIPTS, {}).get(permission.permission_id),
        has_receipt=permission.occupancy_id is not None or permission.addressed_to is not None,
        return_url=return_address(permission.return_url),
        beside=first.permission_id if open_points(first) else None,
    )


def answered_with(permission_id: UUID, answer: dict[str, Any]) -> ResponseReturnValue:
    """Go to the page that confirms an answer, which shows the number of its entry."""
    if isinstance(answer.get("index"), int):
        # For the confirmation page; the ledger itself is the record.
        receipts = dict(list(session.get(_RECEIPTS, {}).items())[-_RECEIPTS_KEPT:])
        session[_RECEIPTS] = receipts | {str(permission_id): answer["index"]}
    return redirect(url_for("permissions.answered", permission_id=permission_id), 303)
