"""What a verification checked, step by step, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ledger.encoding import encode_base64
from ledger.errors import InconsistentError, LedgerError


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, whether it held, what it saw, and the first bad entry where it names one."""

    name: str
    ok: bool
    detail: str
    index: int | None = None


@dataclass
class Report:
    """The checks made of one log so far. Origin, size and root are empty until the checkpoint was opened."""

    origin: str | None = None
    size: int | None = None
    root: bytes | None = None
    checks: list[Check] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[Details]:
        """Record the check `name`: what is said within it, or the error that ends it, which is passed on."""
        details = Details()
        try:
            yield details
        except LedgerError as error:
            index = error.index if isinstance(error, InconsistentError) else None
            self.checks.append(Check(name, False, str(error), index))
            error.report = self
            raise
        self.checks.append(Check(name, True, details.text))

    def to_dict(self, error: LedgerError | None = None) -> dict[str, Any]:
        """Return the JSON members that `ledger verify --json` prints."""
        return {
            "ok": error is None,
            "origin": self.origin,
            "size": self.size,
            "root": None if self.root is None else encode_base64(self.root),
            "checks": [
                {"name": one.name, "ok": one.ok, "detail": one.detail, "index": one.index}
                for one in self.checks
            ],
            "error": None if error is None else error_to_dict(error),
        }


class Details:
    """What a check that held says of itself."""

    text = ""

    def say(self, text: str) -> None:
        self.text = text


def error_to_dict(error: LedgerError) -> dict[str, Any]:
    """Return the JSON members of an error: its code, message and, where known, first bad index."""
    index = error.index if isinstance(error, InconsistentError) else None
    return {"code": error.code, "message": str(error), "index": index}
