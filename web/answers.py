"""How programs are told of a problem: as a problem document, or in the form that OAuth or the facade's clients know.

The form follows from the path, because an error that no route owns (404, 405, 413 ...) must be told in the form
of the interface it was meant for. People get pages instead (`web.errors`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Blueprint, Flask, Response, abort, current_app, json, render_template, request
from flask.typing import ResponseReturnValue

from web.problems import MEDIA_TYPE, PROBLEMS, Problem, problem_of

blueprint = Blueprint("problems", __name__)

Dialect = Callable[[Problem], Response]
_EXTENSION = "web.answers"
_TENANT = re.compile(r"^/[^/]+(?=/oauth2/)")  # what the facade's clients put before the token address


def register(app: Flask) -> None:
    """Answer programs (`web.errors` asks for it), and give every type its page at `/problems/<slug>`."""
    app.extensions["problem_renderer"] = answer_error
    app.register_blueprint(blueprint)


def register_dialect(app: Flask, prefix: str, dialect: Dialect) -> None:
    """Let problems of every path that begins with `prefix` (lower case) be told in this form."""
    app.extensions.setdefault(_EXTENSION, {})[prefix] = dialect


def answer(problem: Problem) -> Response:
    """Tell the problem in the form of the interface that the path belongs to; problem documents elsewhere."""
    path = _TENANT.sub("", request.path.lower())
    for prefix, dialect in current_app.extensions.get(_EXTENSION, {}).items():
        if path.startswith(prefix):
            told: Response = dialect(problem)
            return told
    return problem_document(problem)


def answer_error(error: Exception) -> Response:
    """Tell what an error means; also the handler of every blueprint for programs."""
    return answer(problem_of(error))


def json_response(members: object, status: int = 200, media_type: str = "application/json") -> Response:
    """Return `members` as JSON: ASCII only, in the order given, never cached."""
    text = json.dumps(members, ensure_ascii=True, sort_keys=False, separators=(",", ":"))
    response = Response(text + "\n", status=status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def problem_document(problem: Problem) -> Response:
    """Answer a program: RFC 9457."""
    response = json_response(problem.document(), problem.status, MEDIA_TYPE)
    response.headers.update(problem.http_headers())
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = bearer_challenge()
    return response


def bearer_challenge() -> str:
    """Return the challenge of RFC 6750: with an error code only where a token was sent."""
    realm = 'Bearer realm="databeheer"'
    return f'{realm}, error="invalid_token"' if "Authorization" in request.headers else realm


@blueprint.get("/problems")
def index() -> ResponseReturnValue:
    """List every problem type."""
    return render_template("problems/index.html", problems=list(PROBLEMS.values()))


@blueprint.get("/problems/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """Say of one problem type what it means and what to do."""
    row = PROBLEMS.get(slug)
    if row is None:
        abort(404)
    return render_template("problems/problem.html", problem=row)
