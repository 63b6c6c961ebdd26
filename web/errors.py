"""What a visitor reads when something cannot be done: one plain Dutch page per meaning, never a stack trace.

Programs are told in their own form: the area for programs (`web.answers`) leaves a function for that under
`app.extensions["problem_renderer"]`.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, current_app, make_response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from databeheer.errors import DatabeheerError
from web.language import _, lazy
from web.problems import DATABASE_AWAY, problem_of

LOG = logging.getLogger("web")

PROGRAM_PATHS = re.compile(r"/(api|esco|oauth2|\.well-known)(/|$)|/[^/]+/oauth2(/|$)", re.IGNORECASE)
"""Addresses for programs: told by problem documents, also where no route matches."""
PROBLEM_DOCUMENT = "application/problem+json"

ProblemRenderer = Callable[[Exception], ResponseReturnValue]


@dataclass(frozen=True)
class Page:
    """What an error page says: a title, one or two sentences, and what the visitor can do."""

    status: int
    title: str
    text: str
    remedy: str = lazy("U kunt teruggaan naar de vorige pagina of opnieuw beginnen.")


BAD_REQUEST = Page(
    400,
    lazy("Wij begrijpen dit niet"),
    lazy("Iets in het adres of in het formulier klopt niet. Er is niets veranderd."),
)
EXPIRED_FORM = Page(
    400,
    lazy("Dit formulier is niet meer geldig"),
    lazy("Het formulier is te oud, of uw browser stuurde het niet volledig door. Er is niets veranderd."),
    lazy("Ga terug, laad de pagina opnieuw en probeer het nog eens."),
)
FORBIDDEN = Page(
    403, lazy("Deze pagina is niet voor u"), lazy("Met deze aanmelding hebt u geen toegang tot deze pagina.")
)
NOT_FOUND = Page(
    404,
    lazy("Deze pagina bestaat niet"),
    lazy("Het adres klopt niet, of de link is niet meer geldig."),
    lazy("Kijk het adres na, of begin op de startpagina."),
)
METHOD = Page(
    405, lazy("Dit kan hier niet"), lazy("Deze pagina kan dit niet voor u doen. Er is niets veranderd.")
)
CONFLICT = Page(
    409,
    lazy("Dit kan nu niet meer"),
    lazy("Intussen is er iets veranderd. Er is niets extra's gebeurd."),
    lazy("Kijk in uw overzicht hoe het nu staat."),
)
ONLY_HIMSELF = Page(
    403,
    lazy("Dit kan alleen de persoon zelf"),
    lazy("In de naam van iemand anders kan dit niet. Er is niets veranderd."),
    lazy("De persoon zelf kan dit doen, na aanmelden."),
)
LOG_IN_ANEW = Page(
    403,
    lazy("Toon eerst opnieuw wie u bent"),
    lazy(
        "U meldde zich een tijd geleden aan. Voor u iemand toegang geeft, vragen wij dat opnieuw. "
        "Er is niets veranderd."
    ),
    lazy("Meld u af en weer aan, en probeer het dan opnieuw."),
)
NO_PORT = Page(
    409,
    lazy("Deze poort is er niet"),
    lazy("Deze meter heeft die poort niet, of het is geen digitale meter. Er is niets veranderd."),
    lazy("Kijk bij Poorten op de meter wat er wel kan."),
)
TOO_LARGE = Page(
    413, lazy("Dit is te groot"), lazy("U stuurde meer dan wij aannemen. Er is niets veranderd.")
)
TOO_OFTEN = Page(
    429,
    lazy("Even geduld"),
    lazy("U vroeg vlak na elkaar te veel. Er is niets veranderd."),
    lazy("Wacht een minuut en probeer het dan opnieuw."),
)
BROKEN = Page(
    500,
    lazy("Er ging iets mis bij ons"),
    lazy("Dit is onze fout. Wij hebben de fout genoteerd."),
    lazy("Probeer het straks opnieuw."),
)
STOPPED = Page(
    503,
    lazy("Wij delen nu even geen gegevens"),
    lazy("De dienst is stilgezet. Niemand krijgt nu meetgegevens. Een toestemming intrekken kan wel."),
    lazy("Probeer het later opnieuw."),
)
RECONCILING = Page(
    503,
    lazy("Wij delen nu even geen gegevens met toestemming"),
    lazy(
        "Wij hebben een reservekopie teruggezet en verwerken eerst elke intrekking opnieuw. Intrekken kan wel."
    ),
    lazy("Probeer het later opnieuw."),
)
UNREACHABLE = Page(
    503,
    lazy("De dienst antwoordt nu niet"),
    lazy("De deur naar de gegevens is even dicht. Er is niets gedeeld."),
    lazy(
        "Wacht een minuut en laad de pagina opnieuw. Wou u iets veranderen? Kijk dan eerst in uw overzicht."
    ),
)
BUSY = Page(
    503,
    lazy("Het is nu heel druk"),
    lazy(
        "Er wachten meer vragen dan wij tegelijk kunnen behandelen. Er is niets gedeeld en niets veranderd."
    ),
    lazy("Wacht enkele seconden en probeer het dan opnieuw. Een toestemming intrekken kan altijd, ook nu."),
)

NOT_PUBLISHED_YET = Page(
    503,
    lazy("Het bewijs is bijna klaar"),
    lazy("Deze regel wordt nu in het openbare logboek gezet. Dat duurt enkele seconden."),
    lazy("Wacht even en laad de pagina opnieuw."),
)

HANDED_OVER = Page(
    503,
    lazy("Wij hebben een opvolger"),
    lazy(
        "Een andere databeheerder heeft alles overgenomen: uw gegevens, uw toestemmingen en het "
        "logboek. Hier verandert "
        "niets meer."
    ),
    lazy("Ga naar de opvolger. Uw bewijzen blijven geldig."),
)


def not_found_acting_for(name: str) -> Page:
    """Say that there is no such thing of the person in whose name the visitor acts, perhaps since another window."""
    return Page(
        404,
        _("U handelt nu namens %(name)s", name=name),
        _(
            "In die naam bestaat deze pagina niet. Misschien koos u die naam in een ander venster. "
            "Er is niets veranderd."
        ),
        _("Is dit van uzelf? Handel dan eerst weer in uw eigen naam, bij Namens iemand anders."),
    )


HTTP_PAGES = {page.status: page for page in (BAD_REQUEST, FORBIDDEN, NOT_FOUND, METHOD, TOO_LARGE, TOO_OFTEN)}

REFUSAL_PAGES = {
    "malformed-request": BAD_REQUEST,
    # Outsiders cannot tell "does not exist" from "not permitted" (R98): who lived there before, or lives there too, is
    # one of them.
    "no-legal-basis": NOT_FOUND,
    "outside-granted-period": NOT_FOUND,
    "granularity-too-fine": NOT_FOUND,
    "not-found": NOT_FOUND,
    "permission-not-active": CONFLICT,
    "permission-ended": CONFLICT,
    "conflict": CONFLICT,
    "no-user-port": NO_PORT,
    "attorney-code-unknown": NOT_FOUND,
    "not-for-representatives": ONLY_HIMSELF,
    "representation-ended": ONLY_HIMSELF,
    "fresh-login-needed": LOG_IN_ANEW,
    "blocked": FORBIDDEN,
    "role-needed": FORBIDDEN,
    "no-case": FORBIDDEN,
    "scan-used": CONFLICT,
    "not-onboarded": CONFLICT,
    "stopped": STOPPED,
    "reconciling": RECONCILING,
    "handed-over": HANDED_OVER,
    "rate-limited": TOO_OFTEN,
    "receipt-not-yet": NOT_PUBLISHED_YET,
    "queue-full": BUSY,
    "unavailable": UNREACHABLE,
}


def register(app: Flask) -> None:
    """Answer every failure; to be called last, since the last handler of a kind counts."""
    for kind in (HTTPException, DatabeheerError, Exception):
        app.register_error_handler(kind, _answer)


def page_for(error: Exception) -> Page:
    """Choose the page that says what went wrong."""
    if isinstance(error, DatabeheerError):
        return REFUSAL_PAGES.get(error.code, BROKEN)
    if isinstance(error, DATABASE_AWAY):
        return UNREACHABLE
    if isinstance(error, CSRFError):
        return EXPIRED_FORM
    if isinstance(error, HTTPException):
        return HTTP_PAGES.get(error.code or 500, BROKEN if (error.code or 500) >= 500 else BAD_REQUEST)
    return BROKEN


def render(page: Page) -> Response:
    """Return one error page; bare words where the address itself was refused, so that no link can be built."""
    if request_ctx.url_adapter is None:
        return Response(f"{page.title}\n", page.status, content_type="text/plain; charset=utf-8")
    return make_response(render_template("errors/page.html", page=page), page.status)


def _answer(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400):
        return error  # a redirect is not a failure
    if not isinstance(error, (HTTPException, DatabeheerError)):
        # The kind and the place, not the message or the address: those may hold an identifier.
        LOG.error("unexpected %s in %s at %s", type(error).__name__, request.endpoint, _place_of(error))
    renderer: ProblemRenderer | None = current_app.extensions.get("problem_renderer")
    if renderer and _is_for_a_program():
        return renderer(error)
    response = render(page_for(error))
    wait = problem_of(error).http_headers().get("Retry-After")
    if response.status_code in (429, 503) and wait is not None:
        response.headers["Retry-After"] = wait
    return response


def _place_of(error: Exception) -> str:
    """Where it went wrong, innermost first: files and lines, no values."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _is_for_a_program() -> bool:
    if PROGRAM_PATHS.match(request.path):
        return True
    return request.accept_mimetypes.best_match(["text/html", PROBLEM_DOCUMENT]) == PROBLEM_DOCUMENT
