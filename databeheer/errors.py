"""What can go wrong, each with a stable slug that interfaces show as the problem's type."""

from __future__ import annotations


class DatabeheerError(Exception):
    """Base of every error of the domain.

    `code` is a stable slug: interfaces build the problem type from it, programs may compare it.
    The message is for a person and never holds an identifier (EAN, name, meter number, token).
    """

    code = "error"


class MalformedRequestError(DatabeheerError):
    """The request cannot be understood; nothing was changed."""

    code = "malformed-request"


class TooLargeError(DatabeheerError):
    """More is asked than one answer may hold; nothing was changed or recorded."""

    code = "too-large"


class UnauthenticatedError(DatabeheerError):
    """The proof (session, token, assertion, operator's key) is missing, wrong, ended or expired."""

    code = "unauthenticated"


class NotOnboardedError(DatabeheerError):
    """The party is not onboarded yet; the message says what is missing (R12, R114)."""

    code = "not-onboarded"


class NoLegalBasisError(DatabeheerError):
    """No legal basis gives the asker anything here; also said of what does not exist (R98)."""

    code = "no-legal-basis"


class PermissionNotActiveError(DatabeheerError):
    """The permission was asked for, but the customer has not granted it."""

    code = "permission-not-active"


class PermissionEndedError(DatabeheerError):
    """The permission was withdrawn, expired, terminated, or ended by a change of occupant."""

    code = "permission-ended"


class OutsideGrantedPeriodError(DatabeheerError):
    """Part of the asked period is not granted and the asker wanted all or nothing."""

    code = "outside-granted-period"


class GranularityTooFineError(DatabeheerError):
    """The asked granularity is finer than the ground allows."""

    code = "granularity-too-fine"


class StoppedError(DatabeheerError):
    """The operator has stopped all hand-over of data; withdrawing still works."""

    code = "stopped"


class ReconcilingError(DatabeheerError):
    """The database was restored from a backup; until lost ends are reconciled, no party has access."""

    code = "reconciling"


class HandedOverError(DatabeheerError):
    """The house went to a successor: its ledger takes no entry, so nothing can be done here."""

    code = "handed-over"


class RateLimitedError(DatabeheerError):
    """The identity asks too often; it may go on after `retry_after` seconds."""

    code = "rate-limited"

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFullError(DatabeheerError):
    """More requests wait than the door will hold; ask again later."""

    code = "queue-full"


class NotFoundError(DatabeheerError):
    """The asked thing does not exist for this asker."""

    code = "not-found"


class ConflictError(DatabeheerError):
    """The state of the thing does not allow this command."""

    code = "conflict"


class UnavailableError(DatabeheerError):
    """A part of the house does not answer; nothing was handed over."""

    code = "unavailable"
