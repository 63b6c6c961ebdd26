"""The reports of batches, as intake's machine keeps them: of each sender and number the newest attempt.

    batches/<number>@<sender>.json      mode 0600

A number is its sender's own (`metering.batch` knows batches by both), so two head-ends may use the same one.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from databeheer.metering.batches.problems import BatchProblem
from databeheer.metering.batches.report import BatchReport
from databeheer.site.home import Home

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OF_ANYBODY = frozenset({BatchProblem.UNKNOWN_SENDER, BatchProblem.NOT_SIGNED})
"""Where it is not known that the sender sent it at all."""


def keep(home: Home, report: BatchReport) -> None:
    """Keep the report, in place of that of an earlier attempt; what bears no signature takes no report's place."""
    path = _folder(home) / f"{report.batch}@{report.sender}.json"
    if report.problem in _OF_ANYBODY and path.exists():
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".part")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(report.to_json())
    fresh.replace(path)


def find(home: Home, batch: str, sender: str | None) -> Path:
    """Return where the report of a batch lies.

    Raises:
        LookupError: there is none, or more than one sender has a batch of this number and none is named.
    """
    if not all(_NAME.fullmatch(name) for name in (batch, sender) if name is not None):
        raise LookupError("that is no number of a batch, or no name of a sender")
    found = sorted(_folder(home).glob(f"{batch}@{sender or '*'}.json"))
    if not found:
        raise LookupError("no batch of this number came here; `databeheer batch list` says which did")
    if len(found) > 1:
        raise LookupError(f"say whose: --sender {' or '.join(path.stem.partition('@')[2] for path in found)}")
    return found[0]


def newest(home: Home, limit: int) -> list[dict[str, Any]]:
    """Return the newest reports, the last attempt first."""
    reports = [json.loads(path.read_text()) for path in _folder(home).glob("*@*.json")]
    return sorted(reports, key=lambda report: str(report["at"]), reverse=True)[:limit]


def _folder(home: Home) -> Path:
    return home.path / "batches"
