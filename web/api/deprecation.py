"""What of the API goes away: announced a year before, told on every answer (RFC 9745, RFC 8594), then refused.

`DEPRECATED` is the whole list; who announces something adds a line. The page `/deprecations` says the policy and shows
the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.http import http_date

from databeheer.clock import Clock
from databeheer.errors import DatabeheerError

NOTICE = timedelta(days=365)
"""How long, at the least, what was announced as deprecated is still served."""
PAGE = "/deprecations"
_EXTENSION = "web.api.deprecation"
_TAKEN = re.compile("<(?:[^:>]+:)?([^>]+)>")

blueprint = Blueprint("deprecations", __name__)


class RetiredError(DatabeheerError):
    """This address is served no more."""

    code = "retired"


@dataclass(frozen=True)
class Deprecated:
    """One operation that goes away: since when that is said, until when it is served (aware UTC), what to use then.

    Raises:
        ValueError: it would be served for less than NOTICE, or the moments have no time zone.
    """

    method: str
    rule: str
    since: datetime
    sunset: datetime
    instead: str

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.sunset.tzinfo is None:
            raise ValueError("a deprecation is told with its time zone")
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"what is deprecated is served for {NOTICE.days} days more, at the least")

    def headers(self) -> list[tuple[str, str]]:
        """Return what travels with every answer of the operation."""
        return [
            ("Deprecation", f"@{int(self.since.timestamp())}"),
            ("Sunset", http_date(self.sunset.astimezone(UTC))),
            ("Link", f'<{PAGE}>; rel="deprecation"; type="text/html"'),
            ("Link", f'<{PAGE}>; rel="sunset"; type="text/html"'),
        ]


DEPRECATED: tuple[Deprecated, ...] = ()
"""Nothing so far."""


def register(app: Flask) -> None:
    """Add the page, and what the list asks."""
    announce(app, DEPRECATED)
    app.register_blueprint(blueprint)


def announce(app: Flask, listed: Iterable[Deprecated]) -> None:
    """Let the application follow this list."""
    app.extensions[_EXTENSION] = {(one.method, one.rule): one for one in listed}


def refuse_retired() -> None:
    """Refuse an operation whose sunset has passed.

    Raises:
        RetiredError: so it has.
    """
    clock: Clock = current_app.config["WEB_CLOCK"]
    found = _of_request()
    if found is not None and found.sunset <= clock.now():
        raise RetiredError(f"served no more since {found.sunset.date().isoformat()}: {found.instead}")


def tell(response: Response) -> Response:
    """Say on an answer that its operation goes away, where it does."""
    found = _of_request()
    for name, value in found.headers() if found is not None else ():
        response.headers.add(name, value)
    return response


def listed() -> Mapping[tuple[str, str], Deprecated]:
    """Return what is announced, by method and rule."""
    found: Mapping[tuple[str, str], Deprecated] = current_app.extensions[_EXTENSION]
    return found


def listed_by_path() -> set[tuple[str, str]]:
    """Return what is announced by method and path as OpenAPI spells it: `{name}` for what a path takes."""
    return {(method, _TAKEN.sub(r"{\1}", rule)) for method, rule in listed()}


def _of_request() -> Deprecated | None:
    rule = request.url_rule
    return None if rule is None else listed().get((request.method, rule.rule))


@blueprint.get(PAGE)
def show() -> ResponseReturnValue:
    """Say how the API changes, and what goes away when."""
    return render_template("problems/deprecations.html", listed=listed().values(), notice_days=NOTICE.days)
