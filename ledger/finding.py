"""What a monitor finds, and how its evidence is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ledger.evidence import Evidence, SplitView, write_evidence
from ledger.files import make_directory, write_atomically

HARMLESS = frozenset({"kept", "waiting", "away", "not-compared"})
"""The kinds of finding that say nothing against the log; every other kind does."""


@dataclass(frozen=True)
class Finding:
    """One thing that was seen, about a promise or a place; with evidence where that checks offline."""

    kind: str
    about: str
    words: str
    evidence: Evidence | None = None
    kept_in: Path | None = None

    @property
    def is_harmless(self) -> bool:
        return self.kind in HARMLESS


def keep(finding: Finding, folder: Path) -> Finding:
    """Keep a finding's evidence as a file of its own; the same evidence is kept once."""
    if finding.evidence is None:
        return finding
    data = write_evidence(finding.evidence)
    texts = data if isinstance(finding.evidence, SplitView) else finding.evidence.promise
    path = folder / f"{finding.kind}-{sha256(texts).hexdigest()[:16]}.json"
    make_directory(folder)
    if not path.exists():
        write_atomically(path, data)
    return replace(finding, kept_in=path)


def moment(time_unix: int) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    try:
        return datetime.fromtimestamp(time_unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):  # a time beyond the calendar
        return f"second {time_unix}"
