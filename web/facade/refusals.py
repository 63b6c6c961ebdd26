"""Problems as the Fluvius clients read them: PascalCase keys, and 403 only where a permission has really ended.

EDDIE makes a permission REVOKED on the first 403, so whatever may come right by itself is told otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response

from databeheer.errors import DatabeheerError
from web.answers import bearer_challenge, json_response
from web.problems import PROBLEMS, Problem, ProblemType

# While the mandate lives: nothing in this window, or not so fine. The clients take null for "no data".
NOTHING_THERE = frozenset({"outside-granted-period", "granularity-too-fine"})
# The mandate stands and gives nothing now: something of the party's is not in order, or its yes is still to count.
HELD_BACK = frozenset({"permission-not-active", "no-legal-basis"})
COME_BACK = 3600
"""Seconds after which a client whose mandate is blocked or held back may ask again: nothing of that ends in minutes."""


class _RecordedError(DatabeheerError):
    """A refusal that the door recorded, told otherwise; `index` and `promise` say where it stands."""

    def __init__(self, error: DatabeheerError) -> None:
        super().__init__(str(error))
        self.index: int | None = getattr(error, "index", None)
        self.promise: str | None = getattr(error, "promise", None)


class NotNowError(_RecordedError):
    """Nothing for this access point (yet), while a mandate of the caller's waits or lives: clients leave it alone."""

    code = "not-found"

    def __init__(self, error: DatabeheerError) -> None:
        super().__init__(error)
        self.args = (
            f"{error} A mandate of yours here waits for an answer, or lives under another reference: see their status.",
        )


class HeldBackError(_RecordedError):
    """A mandate stands and gives nothing while something that the party owes is not there: its DPIA, its overview."""

    code = "held-back"


def fluvius_error(problem: Problem) -> Response:
    """Tell a problem in the form of the Fluvius API."""
    if problem.type.slug in ("blocked", "not-onboarded"):
        problem = replace(problem, status=503, retry_after=COME_BACK)
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
