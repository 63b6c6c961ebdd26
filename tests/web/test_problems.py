"""Everything that goes wrong has one row, one status and one page."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound, RequestURITooLarge

import databeheer
import web
from databeheer.errors import DatabeheerError, PermissionEndedError, StoppedError
from web.problems import PROBLEMS, problem_of

# Raised at the start, or answered to the operator's command line: no visitor of the web can meet them.
NEVER_OVER_HTTP = {
    "error",
    "bundle",
    "settings",
    "malformed-catalogue",
    "post-catalogue",
    "unknown-clock",
    "unknown-access-point",
    "intervals-not-read",
    "future-days",
    "stored-meanwhile",
    "other-content",
    "batch-conflict",
    "no-budget-function",  # of the intake of credit
    "no-supply-here",  # of the intake of the quality of supply
    "death-reported",  # said by the page that a log-in comes back to, and the next three
    "level-too-low",
    "no-staff-account",
    "no-case",
    "role-needed",  # said by a page of staff
    "scan-used",
    "login-declined",
    "fresh-login-needed",
    "not-delivered",  # the postman's own: it tries again
    "refused-for-good",
    "forbidden-address",
    "key-store",  # the door says `unavailable`
    "letter-code-mistyped",  # said by the page on which it was typed
    "letter-code-unknown",
    "linking-closed",  # said by the pages of linking
    "too-many-letters",
    "statistics-table",  # of a run, and of what its operator gives to research
}


def every_subclass(of: type[DatabeheerError]) -> set[type[DatabeheerError]]:
    found: set[type[DatabeheerError]] = set()
    for one in of.__subclasses__():
        found |= {one} | every_subclass(one)
    return found


def import_everything() -> None:
    for package in (databeheer, web):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def test_every_error_that_can_reach_a_caller_has_a_row() -> None:
    import_everything()
    without = {
        error.__name__: error.code
        for error in every_subclass(DatabeheerError)
        if error.code not in PROBLEMS and error.code not in NEVER_OVER_HTTP and not is_of_the_intake(error)
    }
    assert without == {}


def is_of_the_intake(error: type[DatabeheerError]) -> bool:
    """Files come in by the command line, storage breaks behind the door: both show as `internal-error`."""
    return error.__module__.startswith(("databeheer.metering", "databeheer.storage"))


def test_a_row_says_what_it_is_and_what_to_do() -> None:
    for slug, row in PROBLEMS.items():
        assert row.slug == slug
        assert row.uri == f"/problems/{slug}"
        assert 400 <= row.status <= 599
        assert row.title
        assert row.meaning.endswith(".")
        assert row.remedy.endswith(".")


def test_what_is_busy_or_stopped_says_when_to_come_back() -> None:
    waiting = {row.slug for row in PROBLEMS.values() if row.status in (429, 503)}
    told = {row.slug for row in PROBLEMS.values() if row.retry_after is not None}
    assert told == waiting | {"receipt-not-yet"}


def test_an_ended_permission_is_forbidden_and_says_why() -> None:
    problem = problem_of(PermissionEndedError("withdrawn by the grid user"))
    assert problem.status == 403
    assert problem.document() == {
        "type": "/problems/permission-ended",
        "title": "The permission has ended",
        "status": 403,
        "detail": "withdrawn by the grid user",
        "remedy": "Stop reading under it. Where it was renewed, `renewed_by` of `GET /api/v1/permissions/{id}` "
        "names the one that goes on; else a new permission needs a new request.",
    }


def test_the_stop_is_temporary() -> None:
    problem = problem_of(StoppedError("stopped"))
    assert problem.status == 503
    assert problem.http_headers()["Retry-After"] == "300"


def test_a_recorded_refusal_carries_its_receipt() -> None:
    error = PermissionEndedError("withdrawn")
    error.index, error.promise = 17, "cHJvbWlzZQ=="  # type: ignore[attr-defined]
    problem = problem_of(error)
    assert problem.document()["receipt"] == "/api/v1/receipts/17"
    assert problem.http_headers()["Ledger-Promise"] == "cHJvbWlzZQ=="
    assert problem.http_headers()["Link"] == '</api/v1/receipts/17>; rel="receipt"'


@pytest.mark.parametrize(
    ("error", "slug", "status"),
    [
        (NotFound(), "not-found", 404),
        (MethodNotAllowed(["GET"]), "method-not-allowed", 405),
        (BadRequest(), "malformed-request", 400),
        (RequestURITooLarge(), "malformed-request", 414),
    ],
)
def test_what_the_framework_refuses_is_told_in_the_same_words(
    error: HTTPException, slug: str, status: int
) -> None:
    problem = problem_of(error)
    assert (problem.type.slug, problem.status) == (slug, status)


def test_the_allowed_methods_are_told() -> None:
    assert problem_of(MethodNotAllowed(["GET", "HEAD"])).http_headers()["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "error", [ValueError("541448899990000039"), KeyError("name"), DatabeheerError("secret")]
)
def test_anything_unforeseen_is_a_bare_500(error: Exception) -> None:
    problem = problem_of(error)
    assert problem.status == 500
    assert "541448899990000039" not in str(problem.document())
    assert "secret" not in str(problem.document())
