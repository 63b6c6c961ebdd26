"""Problems as the Fluvius clients read them: PascalCase keys, and 403 only where a permission has really ended.

EDDIE makes a permission REVOKED on the first 403, so whatever may come right by itself is told otherwise.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from databeheer.errors import DatabeheerError
from web.answers import bearer_challenge, json_response
from web.problems import PROBLEMS, Problem, ProblemType

# While the mandate lives: nothing in this window, or not so fine. The clients take null for "no data".
NOTHING_THERE = frozenset({"outside-granted-period", "granularity-too-fine"})
# Not now, but the mandate is not gone: both clients leave it alone after a 404.
NOT_NOW = frozenset({"permission-not-active", "blocked", "no-legal-basis"})


class NotNowError(DatabeheerError):
    """Refused although a mandate lives or is waiting; `index` and `promise` say where that was recorded."""

    code = "not-found"

    def __init__(self, error: DatabeheerError) -> None:
        super().__init__(str(error))
        self.index: int | None = getattr(error, "index", None)
        self.promise: str | None = getattr(error, "promise", None)


def fluvius_error(problem: Problem) -> Response:
    """Tell a problem in the form of the Fluvius API."""
    row: ProblemType = PROBLEMS[problem.type.slug]
    members: dict[str, Any] = {"Type": row.uri, "Code": row.slug, "Message": problem.detail or row.meaning}
    if problem.status == 400:
        places = [f"{error['where']}: {error['detail']}" for error in problem.errors]
        members["ValidationErrorMessages"] = places or [problem.detail or row.meaning]
    response = json_response(members, problem.status)
    response.headers.update(problem.http_headers())
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = bearer_challenge()
    return response
