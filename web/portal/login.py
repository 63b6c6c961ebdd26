"""Logging in and off. The door begins and finishes a log-in; the web only carries the answer across.

The nonce of the door and a `state` of our own are bound to this browser by a short-lived signed cookie, so
that nobody can slip somebody else's log-in into it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import (
    Blueprint,
    abort,
    after_this_request,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from databeheer.door.client import DoorRefusedError, DoorUnreachableError
from web import errors
from web.door import SESSION_COOKIE, ask, clear_session, set_session
from web.forms import Form, parse_or_refuse
from web.language import lazy, remember
from web.portal import kept
from web.settings import WebSettings

blueprint = Blueprint("login", __name__)

LOGIN_COOKIE = "login"
LOGIN_PATH = "/aanmelden"
LOGIN_SECONDS = 600
HOME = "/mijn"
OVERSIGHT_HOME = "/toezicht"
PARTY_HOME = "/partij"
STAFF_HOME = "/dienst"
HOMES = {"customer": HOME, "inspector": OVERSIGHT_HOME, "party": PARTY_HOME, "staff": STAFF_HOME}
"""Where the own pages of a role begin: a customer, an inspector, somebody who acts for a party, one of the house."""
REPRESENTATION_ENDED = "representation-ended"
DEATH_REPORTED = "death-reported"
NOT_FOR_REPRESENTATIVES = "not-for-representatives"
FRESH_LOG_IN_NEEDED = "fresh-login-needed"
_NEXT = "next"

View = Callable[..., ResponseReturnValue]

FAILED = errors.Page(
    400,
    lazy("Aanmelden is niet gelukt"),
    lazy("De aanmelding duurde te lang, of begon in een ander venster. Er is niets veranderd."),
    lazy("Meld u opnieuw aan."),
)


REPORTED_DEAD = errors.Page(
    403,
    lazy("Aanmelden kan nu niet: wij kregen een melding van overlijden"),
    lazy(
        "Bij ons staat dat de persoon van deze aanmelding overleden is. Daarom kan niemand zich "
        "onder die naam aanmelden."
    ),
    lazy("Klopt dat niet? Neem dan contact op met databeheer: wij zetten het recht."),
)


REPRESENTATION_OVER = errors.Page(
    403,
    lazy("U mag niet meer in die naam handelen"),
    lazy("De volmacht of de aanstelling is voorbij. Er is niets veranderd. U bent weer als uzelf aangemeld."),
    lazy("Ga naar uw eigen overzicht."),
)


FOR_HIMSELF = errors.Page(
    403,
    lazy("Dit kan niet voor een onderneming"),
    lazy("Bij deze aanmelding handelt u voor een onderneming. Er is niets veranderd."),
    lazy("Wilt u dit voor uzelf doen? Meld u dan af, en opnieuw aan als uzelf."),
)


BUSINESS_OVER = errors.Page(
    403,
    lazy("U mag niet meer voor deze onderneming handelen"),
    lazy("U mag niet langer in naam van deze onderneming handelen. Er is niets veranderd. U bent afgemeld."),
    lazy("Meld u opnieuw aan. Kies daarbij voor wie u handelt."),
)


NO_STAFF_ACCOUNT = errors.Page(
    403,
    lazy("U kunt zich hier niet aanmelden als medewerker"),
    lazy(
        "U hebt hier geen account als medewerker, het is gestopt of geblokkeerd, of u komt niet van een "
        "toestel van het huis. Er is niets veranderd."
    ),
    lazy("Vraag het aan uw leidinggevende."),
)


TOO_WEAK = errors.Page(
    403,
    lazy("Deze manier van aanmelden is niet sterk genoeg"),
    lazy(
        "Voor uw energiegegevens vragen wij een sterkere manier om te tonen wie u bent. Er is niets veranderd."
    ),
    lazy("Meld u opnieuw aan en kies een andere manier, zoals itsme of uw elektronische identiteitskaart."),
)


BROKEN_OFF = errors.Page(
    403,
    lazy("U brak het aanmelden af"),
    lazy("U bent niet aangemeld. Er is niets veranderd."),
    lazy("Meld u opnieuw aan wanneer u wilt."),
)


PROVIDER_AWAY = errors.Page(
    503,
    lazy("Aanmelden kan nu even niet"),
    lazy("De dienst die nagaat wie u bent, antwoordt nu niet. Er is niets veranderd."),
    lazy("Wacht een minuut en meld u dan opnieuw aan."),
)


REFUSALS = {
    DEATH_REPORTED: REPORTED_DEAD,
    "unauthenticated": FAILED,
    "no-staff-account": NO_STAFF_ACCOUNT,
    "level-too-low": TOO_WEAK,
    "login-declined": BROKEN_OFF,
    "unavailable": PROVIDER_AWAY,
}
"""What a visitor reads where the door gives no session, by the door's code."""


class CallbackQuery(Schema):
    """What the identity provider sends back: `answer` the demo's, the others OpenID Connect's (RFC 6749, RFC 9207).

    A provider may add what it likes, as `session_state`; that is left alone (RFC 6749, 4.1.2).
    """

    class Meta:
        unknown = EXCLUDE

    answer = fields.String(validate=validate.Length(min=1, max=4096))
    state = fields.String(required=True, validate=validate.Length(min=1, max=256))
    code = fields.String(validate=validate.Length(min=1, max=2048))
    iss = fields.String(validate=validate.Length(min=1, max=500))
    error = fields.String(validate=validate.Length(min=1, max=100))


class BeginQuery(Form):
    """`opnieuw`: show anew who you are. `eerst`: a form was sent by who is not logged in."""

    opnieuw = fields.String(load_default=None, validate=validate.Equal("1"))
    eerst = fields.String(load_default=None, validate=validate.Equal("1"))


def require_session(view: View) -> View:
    """Let only who is logged in see a page; anybody else logs in first and then comes back.

    A form that was sent meanwhile is kept, and so is one for which the visitor must show anew who she is (`kept`).
    """

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
        if not request.cookies.get(SESSION_COOKIE):
            return _log_in_first()
        try:
            answer = view(*args, **kwargs)
            if request.method == "POST":
                after_this_request(kept.forget)
            return answer
        except DoorRefusedError as refusal:
            if refusal.code == FRESH_LOG_IN_NEEDED:
                return _show_anew()
            if refusal.code == REPRESENTATION_ENDED:
                return _himself_again()
            if refusal.code == NOT_FOR_REPRESENTATIVES:
                return _only_himself()
            if refusal.code == "not-found" and (me := ask("me")).get("is_represented"):
                return errors.render(errors.not_found_acting_for(str(me["name"])))
            if refusal.code not in ("unauthenticated", "not-found"):
                raise
            home = _other_home()
            if home and not request.path.startswith(home):
                return redirect(home, 303)
            if refusal.code == "not-found":
                raise
            return _log_in_first()

    return guarded


def visitor() -> dict[str, Any]:
    """Return the door's `me` of this customer, asked once a request; who is none is sent to his own pages."""
    if "visitor" not in g:
        g.visitor = ask("me")
    me: dict[str, Any] = g.visitor
    if me["role"] != "customer":
        abort(redirect(HOMES[me["role"]], 303))
    if session.get(kept.VISITOR) != me["visitor"]:
        session[kept.VISITOR] = me["visitor"]
    return me


def remember_visitor(me: dict[str, Any]) -> None:
    """Keep the door's `me` that came with another answer of this request: then `visitor` asks no more."""
    g.visitor = me


def _only_himself() -> ResponseReturnValue:
    """What acting for another does not give; the page keeps his menu, and in whose name he is."""
    me = visitor()
    page = FOR_HIMSELF if me["business"] else errors.ONLY_HIMSELF
    return render_template("portal/only_himself.html", me=me, page=page), page.status


def _himself_again() -> Response:
    """The appointment under which somebody acted has ended: nothing was done, and he is himself again."""
    if not ask("representation.lay_down")["is_over"]:
        return errors.render(REPRESENTATION_OVER)
    response = errors.render(BUSINESS_OVER)
    clear_session(response)
    return response


def _other_home() -> str | None:
    """Where the pages are of whom the door refused here: an inspector, staff, or somebody who acts for a party."""
    try:
        role = str(ask("me")["role"])
    except DoorRefusedError:
        return None
    return HOMES[role] if role != "customer" else None


@blueprint.get(LOGIN_PATH)
def begin() -> ResponseReturnValue:
    """Send the visitor to the identity provider."""
    settings = _settings()
    if request.host != urlsplit(settings.base_url).netloc:
        # Cookies are tied to the host: a log-in begun at another name for us could never be finished.
        return redirect(settings.base_url + request.full_path.rstrip("?"), 303)
    query = parse_or_refuse(BeginQuery(), request.args)
    is_fresh = query["opnieuw"] is not None
    if query["eerst"] is not None:
        # A browser lets no form of ours lead to another site (`form-action`), not by way of us either: a link does.
        return render_template("portal/log_in_first.html", is_kept=session.get(_NEXT) == kept.PAGE)
    try:
        begun = ask("login.begin", fresh=is_fresh)
    except DoorRefusedError as refusal:
        if refusal.code != "unavailable":
            raise
        return errors.render(PROVIDER_AWAY)
    state, address = begun.get("state"), str(begun["authorize_url"])
    if state is None:  # the demo's stand-in: a real provider's address comes whole from the door
        state = secrets.token_urlsafe(32)
        asked = {"nonce": begun["nonce"], "redirect_uri": callback_url(settings), "state": state}
        address = _with_query(address, asked)
    response = redirect(address, 303)
    response.set_cookie(
        LOGIN_COOKIE,
        _serializer().dumps({"nonce": begun["nonce"], "state": state}),
        max_age=LOGIN_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.is_secure,
        path=LOGIN_PATH,
    )
    return response


@blueprint.get(f"{LOGIN_PATH}/terug")
def finish() -> ResponseReturnValue:
    """Take the provider's answer to the door; the door gives the session."""
    query = parse_or_refuse(CallbackQuery(), request.args)
    try:
        begun = _serializer().loads(request.cookies.get(LOGIN_COOKIE, ""), max_age=LOGIN_SECONDS)
    except BadSignature:
        return errors.render(FAILED)
    if not hmac.compare_digest(str(begun["state"]).encode(), query["state"].encode()):
        return errors.render(FAILED)
    # The door judges all of it; where it is no answer of the provider's, it says so.
    answer = query.pop("answer", None) or urlencode(query)
    try:
        finished = ask("login.finish", answer=answer, nonce=begun["nonce"])
    except DoorRefusedError as refusal:
        if refusal.code not in REFUSALS:
            raise
        return errors.render(REFUSALS[refusal.code])
    target = session.pop(_NEXT, None)
    if session.get(kept.VISITOR) not in (None, finished["visitor"]):
        session.clear()  # somebody else's
    session[kept.VISITOR] = finished["visitor"]
    response = redirect(_landing(str(finished["role"]), target), 303)
    response.delete_cookie(LOGIN_COOKIE, path=LOGIN_PATH)
    set_session(response, str(finished["session"]))
    if finished["language"] is not None:
        remember(response, str(finished["language"]))
    return response


@blueprint.errorhandler(CSRFError)
def _logged_off_before(error: CSRFError) -> ResponseReturnValue:
    """A second press of the button: the first took the form's guard along with the session."""
    is_done = request.endpoint == "login.log_off" and not request.cookies.get(SESSION_COOKIE)
    return redirect("/", 303) if is_done else errors.render(errors.page_for(error))


@blueprint.post("/afmelden")
def log_off() -> ResponseReturnValue:
    """End the session at the door, then forget it here; forget it here also where the door does not answer.

    Whatever the form holds: somebody who wants to log off is logged off.
    """
    try:
        ask("session.end")
    except (DoorRefusedError, DoorUnreachableError):
        current_app.logger.warning("a log-off did not reach the door; the session ends at its hour")
    session.clear()
    response = kept.forget(redirect("/", 303))
    clear_session(response)
    return response


def callback_url(settings: WebSettings) -> str:
    """The one address that the provider sends answers to."""
    return f"{settings.base_url}{LOGIN_PATH}/terug"


def is_local(target: object) -> bool:
    """Say whether `target` is a path on this site: not another host in disguise, no control characters."""
    return (
        isinstance(target, str)
        and target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and target.isprintable()
        and "\\" not in target
    )


def _log_in_first() -> Response:
    is_form = request.method != "GET"
    response = redirect(f"{LOGIN_PATH}?eerst=1" if is_form else LOGIN_PATH, 303)
    clear_session(response)
    if is_form:
        session[_NEXT] = kept.PAGE if kept.keep(response) else HOME
    else:
        session[_NEXT] = request.full_path.rstrip("?")
    return response


def _show_anew() -> Response:
    """Keep what the visitor sent, and ask her to show anew who she is."""
    session[_NEXT] = kept.PAGE
    response = redirect(kept.PAGE, 303)
    kept.keep(response, freshly=True)
    return response


def _landing(role: str, target: object) -> str:
    """Where to go after the log-in: where the visitor was heading, if that is a page for this role."""
    home = HOMES[role]
    if not isinstance(target, str) or not is_local(target):
        return home
    path = target.split("?")[0]
    area = next((one for one in (OVERSIGHT_HOME, PARTY_HOME, STAFF_HOME) if path.startswith(one)), HOME)
    return target if area == home else home


def _with_query(address: str, added: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query)) | added
    return urlunsplit(parts._replace(query=urlencode(query)))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_settings().secret_key, salt="web.portal.login")


def _settings() -> WebSettings:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings
