"""Problem documents (RFC 9457): the one table from what went wrong to what a caller is told.

`PROBLEMS` holds every slug that an interface of this house may show, with status, title, meaning and remedy;
each has a page at `/problems/<slug>`. A test compares it with the subclasses of `DatabeheerError`.
Anything that is not in the table is a bare 500 without detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from databeheer.errors import DatabeheerError

MEDIA_TYPE = "application/problem+json"

DATABASE_AWAY = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What SQLAlchemy or the driver raises where the database is away, hangs, or gives no connection more."""


@dataclass(frozen=True)
class ProblemType:
    """One row of the table; `retry_after` in seconds, for what goes by itself."""

    slug: str
    status: int
    title: str
    meaning: str
    remedy: str
    retry_after: int | None = None

    @property
    def uri(self) -> str:
        """The `type` of the problem document, relative to the host that answered."""
        return f"/problems/{self.slug}"


_ROWS = (
    ProblemType(
        "malformed-request",
        400,
        "The request cannot be understood",
        "A parameter, a header or the body is missing, misspelled, given twice or outside its limits.",
        "Correct what `errors` or `detail` names. By this nothing was changed.",
    ),
    ProblemType(
        "unauthenticated",
        401,
        "No valid proof of who asks",
        "The access token is missing, expired, revoked, or was issued for another interface.",
        "Ask a new token at /oauth2/token and send it as `Authorization: Bearer ...`.",
    ),
    ProblemType(
        "no-legal-basis",
        403,
        "No legal basis",
        "No permission and no legal ground gives you anything here, or it is for parties of another role. The same "
        "is said of an access point that does not exist.",
        "Check the EAN code, the purpose, whether this is for your role, and what your party lacks (`missing` of "
        "`GET /api/v1/me`); ask the grid user for a permission.",
    ),
    ProblemType(
        "permission-not-active",
        403,
        "The permission is not active",
        "The grid user has not granted this permission (yet), or has refused it.",
        "Look at its state (`GET /api/v1/permissions/{id}`): while it waits, wait and do not ask again; where it was "
        "refused, stop.",
    ),
    ProblemType(
        "permission-ended",
        403,
        "The permission has ended",
        "It was withdrawn by the grid user, ended by you, passed its last day, or ended when somebody moved.",
        "Stop reading under it. Where it was renewed, `renewed_by` of `GET /api/v1/permissions/{id}` "
        "names the one that goes on; else a new permission needs a new request.",
    ),
    ProblemType(
        "outside-granted-period",
        403,
        "Part of the period is not granted",
        "Some of the period lies outside what you may have and you asked for all or nothing (`mode=strict`), or "
        "none of it can be given: a day, month or year that is not over yet, say.",
        "Ask for less, and for whole days, months or years that are over; `mode=clip` gives what is granted of it.",
    ),
    ProblemType(
        "granularity-too-fine",
        403,
        "The granularity is finer than granted",
        "Your ground gives coarser values than you asked for.",
        "Ask for the granularity that the permission names, or a coarser one.",
    ),
    ProblemType(
        "blocked",
        403,
        "Blocked while a doubt is examined",
        "Your access to this access point is blocked while a doubt about the mandate is examined.",
        "Answer the operator's question; the block ends with the examination.",
    ),
    ProblemType(
        "not-onboarded",
        403,
        "Your organisation is not onboarded yet",
        "Something is missing before anything can reach you: a data access contract, a DPIA, an overview of "
        "processing, contacts, or the approval of all that by two people of the data manager. The message names it.",
        "People of your organisation log in at /partij and put it in order; the same token works once it is.",
    ),
    ProblemType(
        "forbidden",
        403,
        "Not for you",
        "This page or action belongs to another role.",
        "Log in with the role that it belongs to.",
    ),
    ProblemType(
        "not-found",
        404,
        "Not found",
        "It does not exist, or it is not yours.",
        "Check the address, and the codes and numbers that you sent. Lists give those of what is yours; "
        "`/api/v1/openapi.json` has every address of the API.",
    ),
    ProblemType(
        "erased",
        410,
        "Erased",
        "What the ledger committed to here was erased; the entry itself and every receipt of it still verify.",
        "Keep the receipts that you saved: they hold what they held. The detail names the erasure's entry.",
    ),
    ProblemType(
        "retired",
        410,
        "This address is served no more",
        "It was announced as deprecated, and the day that its `Sunset` header named has passed.",
        "Use what took its place: the page in the `Link` header names it.",
    ),
    ProblemType(
        "erasure-refused",
        409,
        "This may not be erased now",
        "A term still runs, it is in use, or other evidence or another person's data would go with it.",
        "Ask again after the day that is named, if there is one.",
    ),
    ProblemType(
        "no-right-to-object",
        409,
        "Nobody can object to this",
        "It rests on a consent, a contract or a legal duty, and only a task of public interest can be objected to.",
        "Withdraw the consent, end the contract, or complain to a supervisory authority. Nothing was recorded.",
    ),
    ProblemType(
        "receipt-not-yet",
        404,
        "The receipt is not there yet",
        "The entry is recorded, but no published checkpoint covers it so far.",
        "Ask again after `Retry-After`; the promise in `Ledger-Promise` names the deadline.",
        1,
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "This method is not served here",
        "The address exists, the method does not.",
        "Use a method from the `Allow` header.",
    ),
    ProblemType(
        "not-acceptable",
        406,
        "None of the accepted forms is served",
        "The `Accept` header excludes every form in which this answer exists.",
        "Accept `application/json`, or `text/csv` for readings.",
    ),
    ProblemType(
        "conflict",
        409,
        "The state does not allow this",
        "The thing is in a state that does not allow the command, or the reference is already in use.",
        "Look at its present state first.",
    ),
    ProblemType(
        "representation-ended",
        403,
        "The appointment has ended",
        "The session acts for somebody under an appointment that has ended. Nothing was done.",
        "Act as yourself again.",
    ),
    ProblemType(
        "attorney-code-unknown",
        404,
        "No invitation with this code",
        "No power of attorney in the name of who is logged in waits with this code, or it was tried too often today.",
        "Compare the code and the name with who gave it.",
    ),
    ProblemType(
        "not-for-representatives",
        403,
        "Only the person himself",
        "A representative cannot do this in the name of whom he represents.",
        "The person can do it, logged in as himself.",
    ),
    ProblemType(
        "no-user-port",
        409,
        "This meter has no such user port",
        "The meter is not digital, it has no such port, or nobody has said which ports it has.",
        "The grid user sees in the portal which ports there are.",
    ),
    ProblemType(
        "too-large",
        413,
        "Too much at once",
        "The body, or the period asked for, is larger than is handled in one request.",
        "Send less, or ask for a shorter period.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "This form of body is not understood",
        "The `Content-Type` of the body is missing or is not the one that this address takes.",
        "Send `application/json` in UTF-8; the token address takes `application/x-www-form-urlencoded`.",
    ),
    ProblemType(
        "range-not-satisfiable",
        416,
        "There are no such bytes",
        "`Range` begins after the end of the file; `Content-Range` says how long it is.",
        "Compare what you have with that length, and ask for what is missing; or fetch the file whole.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "This idempotency key was used for another request",
        "The `Idempotency-Key` came before, with another method, address or body. Nothing was done.",
        "Send the first request unchanged to get its answer again; take a new key for a new request.",
    ),
    ProblemType(
        "mandates-refused",
        422,
        "Something in the file of mandates is wrong",
        "A file of mandates is taken whole or not at all, and at least one of its lines cannot be taken. Nothing was "
        "changed, and no customer was told.",
        "Correct the lines that `errors` names (the first hundred), and send the file again; `dry_run=true` tries it.",
    ),
    ProblemType(
        "message-number-reused",
        422,
        "This number was used for another message",
        "A message of yours with another content was taken under this number. Nothing was done.",
        "Send the first message unchanged to get its answer again; give a new message a number of its own.",
    ),
    ProblemType(
        "earlier-message-refused",
        409,
        "A message before it in the batch was refused",
        "About one access point the order of messages matters: after one that is refused, the later ones of the batch "
        "about that access point wait. Nothing was done.",
        "Settle what refused the earlier message, then send both again, in their order, under the same numbers.",
    ),
    ProblemType(
        "rate-limited",
        429,
        "Too many requests",
        "You asked more often than you may.",
        "Wait as long as `Retry-After` says. Nothing was recorded against you.",
        60,
    ),
    ProblemType(
        "internal-error",
        500,
        "Something broke here",
        "The fault is ours, not in your request.",
        "Try again once; if it stays, report the time of the request.",
    ),
    ProblemType(
        "stopped",
        503,
        "Hand-over of data is stopped",
        "The operator has stopped all hand-over of data. Withdrawing a permission still works.",
        "Ask again after `Retry-After`. Your permissions have not changed.",
        300,
    ),
    ProblemType(
        "held-back",
        503,
        "The permission stands, but gives nothing now",
        "Your permission has not ended. Something that you owe is not there: a data access contract in force, a "
        "DPIA that has not lapsed, an overview of processing that can be found, a processor agreement.",
        "Put in order what the message names; the permission then gives what it gave, the days between included.",
        3600,
    ),
    ProblemType(
        "reconciling",
        503,
        "What has ended is being reconciled",
        "A backup of the database was put back. Until everything that has ended since then is ended again, no data are "
        "given, by consent or by law. Withdrawing works.",
        "Ask again after `Retry-After`. If a permission lapsed by then, ask the customer again.",
        300,
    ),
    ProblemType(
        "handed-over",
        503,
        "This house has a successor",
        "The appointment of the data manager has ended, and everything was handed over. This ledger takes no entry any "
        "more, so nothing is given, granted or withdrawn here.",
        "Go to the successor; the register of parties names it. Your permissions and receipts went along.",
        86_400,
    ),
    ProblemType(
        "queue-full",
        503,
        "Too busy",
        "More requests wait than are held.",
        "Ask again after `Retry-After`.",
        2,
    ),
    ProblemType(
        "unavailable",
        503,
        "A part of the house does not answer",
        "Nothing was handed over. Whether a change that you asked for was made is not known.",
        "Ask again after `Retry-After`; a change with the same `Idempotency-Key`, or after a look at its state.",
        5,
    ),
)
PROBLEMS: Mapping[str, ProblemType] = {row.slug: row for row in _ROWS}
INTERNAL = PROBLEMS["internal-error"]

# What the framework raises before a view runs. Any other 4xx keeps its status under the closest meaning.
_HEADERS = frozenset({"Allow", "Content-Range", "Retry-After"})
_SLUG_OF_STATUS = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    429: "rate-limited",
    503: "unavailable",
}


@dataclass(frozen=True)
class Problem:
    """What one request is told: the row of the table and what is particular to this time.

    `index` and `promise` are set where the refusal stands in the ledger; `retry_after` in seconds.
    """

    type: ProblemType
    detail: str | None = None
    status: int = 0
    errors: tuple[Mapping[str, str], ...] = ()
    index: int | None = None
    promise: str | None = None
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.status:
            object.__setattr__(self, "status", self.type.status)

    def document(self) -> dict[str, Any]:
        """Return the members of the problem document: those of RFC 9457, and what to do (`remedy`)."""
        members: dict[str, Any] = {"type": self.type.uri, "title": self.type.title, "status": self.status}
        members["detail"] = self.detail or self.type.meaning
        members["remedy"] = self.type.remedy
        if self.errors:
            members["errors"] = [dict(error) for error in self.errors]
        if self.index is not None:
            members["receipt"] = f"/api/v1/receipts/{self.index}"
        return members

    def http_headers(self) -> dict[str, str]:
        """Return the headers that travel with this problem, whatever form its body takes."""
        headers = {"Cache-Control": "no-store", **self.headers}
        wait = self.retry_after if self.retry_after is not None else self.type.retry_after
        if wait is not None:
            headers["Retry-After"] = str(max(1, wait))
        headers.update(ledger_headers(self.index, self.promise))
        return headers


class MalformedBodyError(DatabeheerError):
    """The request is refused at the edge; `errors` says where, in the words of the wire."""

    code = "malformed-request"

    def __init__(self, message: str, errors: tuple[Mapping[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


def ledger_headers(index: int | None, promise: str | None) -> dict[str, str]:
    """Return `Ledger-Promise` and the link to the receipt of a recorded event, or nothing."""
    headers = {}
    if promise:
        headers["Ledger-Promise"] = promise
    if index is not None:
        headers["Link"] = f'</api/v1/receipts/{index}>; rel="receipt"'
    return headers


def problem_of(error: Exception) -> Problem:
    """Return what a caller is told about `error`. Total: what is not in the table is a bare 500."""
    if isinstance(error, DatabeheerError):
        return _of_domain(error)
    if isinstance(error, HTTPException):
        return _of_framework(error)
    if isinstance(error, DATABASE_AWAY):
        return Problem(PROBLEMS["unavailable"])
    return Problem(INTERNAL)


def _of_domain(error: DatabeheerError) -> Problem:
    row = PROBLEMS.get(error.code)
    if row is None or row.status == 500:
        return Problem(INTERNAL)
    return Problem(
        row,
        detail=str(error) or None,
        errors=getattr(error, "errors", ()),
        index=getattr(error, "index", None),
        promise=getattr(error, "promise", None),
        retry_after=getattr(error, "retry_after", None),
    )


def _of_framework(error: HTTPException) -> Problem:
    status = error.code or 500
    if status >= 500 and status != 503:
        return Problem(INTERNAL)
    row = PROBLEMS[_SLUG_OF_STATUS.get(status, "malformed-request")]
    headers = {name: value for name, value in error.get_headers() if name in _HEADERS}
    return Problem(row, status=status, headers=headers)
