"""What the house refuses, as errors: one class for each answer that asks something else of you (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class UnreachableError(Exception):
    """No answer came: whether the request was carried out is not known, unless it had an idempotency key."""


@dataclass(eq=False)
class ProblemError(Exception):
    """A refusal. `slug` is stable; `detail` says what happened; what to do stands at the address `type`.

    `receipt` is where the proof of a recorded refusal is; `errors` say which fields of a request are wrong.
    """

    slug: str
    status: int
    title: str
    detail: str
    type: str
    receipt: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()
    retry_after: int | None = None

    def __str__(self) -> str:
        fields = "; ".join(f"{one['where']}: {one['detail']}" for one in self.errors)
        return f"{self.title}: {self.detail}" + (f" ({fields})" if fields else "")


class MalformedRequestError(ProblemError):
    """Yours to mend: `errors` say which fields are wrong. Sent again as it is, it is refused again."""


class UnauthenticatedError(ProblemError):
    """The token is not taken, nor a new one: the client ended, or its key or the party's access did."""


class NotPermittedError(ProblemError):
    """No permission and no legal ground gives this; of an access point that does not exist the same is said."""


class NotActiveError(NotPermittedError):
    """The grid user has not answered yet, or refused: wait, and do not ask again meanwhile."""


class EndedError(NotPermittedError):
    """The permission has ended: stop reading, and delete what you read by its `delete_by`."""


class BlockedError(NotPermittedError):
    """Something about the permission is examined: answer, and fetch what you missed once the block ends."""


class OutsidePeriodError(NotPermittedError):
    """A part of the period is not granted: ask for less, or with `mode="clip"`."""


class NotFoundError(ProblemError):
    """It does not exist, or it is not yours."""


class NotYetError(ProblemError):
    """It will be there: ask again after `retry_after`."""


class ConflictError(ProblemError):
    """Something changed meanwhile, or is under way: look how it stands."""


class TooManyRequestsError(ProblemError):
    """You asked too often: wait `retry_after` seconds."""


class UnavailableError(ProblemError):
    """The house gives nothing now (a stop, a restore, much to do): wait `retry_after` seconds. You lost nothing."""


_BY_SLUG: Mapping[str, type[ProblemError]] = {
    "permission-not-active": NotActiveError,
    "permission-ended": EndedError,
    "blocked": BlockedError,
    "outside-granted-period": OutsidePeriodError,
    "receipt-not-yet": NotYetError,
}
_BY_STATUS: Mapping[int, type[ProblemError]] = {
    400: MalformedRequestError,
    401: UnauthenticatedError,
    403: NotPermittedError,
    404: NotFoundError,
    409: ConflictError,
    413: MalformedRequestError,
    415: MalformedRequestError,
    416: MalformedRequestError,
    422: MalformedRequestError,
    429: TooManyRequestsError,
    503: UnavailableError,
}


def problem(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """Return the error that an answer tells; of what is no problem document (a proxy's page) its status alone."""
    members = _members(body)
    slug = str(members.get("type", "")).rpartition("/")[2] or str(members.get("error", "unknown"))
    kind = _BY_SLUG.get(slug) or _BY_STATUS.get(status, ProblemError)
    wait = headers.get("retry-after", "")
    return kind(
        slug=slug,
        status=status,
        title=str(members.get("title", f"HTTP {status}")),
        detail=str(members.get("detail", members.get("error_description", ""))),
        type=str(members.get("type", "about:blank")),
        receipt=members.get("receipt"),
        errors=tuple(members.get("errors", ())),
        retry_after=int(wait) if wait.isascii() and wait.isdigit() else None,
    )


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}
