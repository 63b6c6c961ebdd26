"""What can go wrong with a log. Verification raises one of these; nothing here ever returns a boolean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.evidence import SplitView
    from ledger.report import Report


class LedgerError(Exception):
    """Base class of every error of this package.

    `report` holds the checks that were made before the error, where a whole log was being verified.
    """

    code = "ledger-error"
    report: Report | None = None


class MalformedError(LedgerError):
    """Bytes or text are not in the one spelling that the format allows."""

    code = "malformed"


class ProofError(LedgerError):
    """A proof or an opening does not lead to the hash that it should lead to."""

    code = "proof"


class SignatureError(LedgerError):
    """No signature by a trusted key, or a trusted key's signature that does not verify."""

    code = "signature"


class InconsistentError(LedgerError):
    """The log contradicts itself, its database, or what it signed before.

    `index` is the first entry for which that shows, None where nothing allows naming it.
    """

    code = "inconsistent"

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class MissingStatementError(LedgerError):
    """Of one subject's statements, some between those shown, or after them, are not shown."""

    code = "missing-statement"


class NotPublishedError(LedgerError):
    """The log answers that it does not have this file (HTTP 404, or no such file in the directory)."""

    code = "not-published"


class UnreachableError(LedgerError):
    """The log, or the database behind it, cannot be reached now; says nothing of its honesty."""

    code = "unreachable"


class StateError(LedgerError):
    """The memory of an earlier verification is damaged or in use: the user's files, not the log's."""

    code = "state"


class StaleHeadError(LedgerError):
    """An append named a head that is no longer, or never was, the head of the log."""

    code = "stale-head"


class RefusedError(LedgerError):
    """The publisher will not sign: what it was given does not continue what it signed before."""

    code = "refused"


class QuorumError(LedgerError):
    """Too few of the witnesses that a policy asks for have cosigned the checkpoint."""

    code = "quorum"


class SplitViewError(LedgerError):
    """Whoever holds a log's key signed what the log's own publisher did not, or two histories.

    `evidence` holds both signed checkpoints.
    """

    code = "split-view"

    def __init__(self, message: str, evidence: SplitView) -> None:
        super().__init__(message)
        self.evidence = evidence


class WitnessError(LedgerError):
    """A witness did not cosign: it refused, gave a bad answer, or none in time."""

    code = "witness"


class QueueFullError(LedgerError):
    """More waits to be appended than is held; ask again after `retry_after` seconds. Nothing was appended."""

    code = "queue-full"
    retry_after = 1


class UnknownOutcomeError(LedgerError):
    """The database broke off in the commit: what was submitted may be in the log, or not."""

    code = "unknown-outcome"


class KeyReusedError(LedgerError):
    """An idempotency key came back with another request than its first."""

    code = "key-reused"
