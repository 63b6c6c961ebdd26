"""What came of a batch, for its sender: codes, numbers of rows, counts. It names no device and no value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError, RowProblem
from databeheer.metering.validation import Summary
from databeheer.values import format_instant

MOST_ROWS_NAMED = 1000
"""Of each problem; the count is of all."""


class Outcome(StrEnum):
    """What came of a batch."""

    STORED = "stored"
    NO_CHANGE = "no-change"
    REFUSED = "refused"


@dataclass
class BatchReport:
    """One attempt at a batch.

    Rows count from 1, as the file has them. `new`, `corrected`, `unchanged`, `kept` and `passed_over` (erased stays)
    add up to the rows of a batch that was taken.
    """

    batch: str
    sender: str
    at: datetime
    outcome: Outcome = Outcome.REFUSED
    rows: int = 0
    problem: BatchProblem | None = None
    detail: str = ""
    rows_by_problem: dict[RowProblem, npt.NDArray[np.intp]] = field(default_factory=dict)
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    kept: int = 0
    passed_over: int = 0
    validation: Summary | None = None
    ledger_index: int | None = None

    def refuse(self, error: BatchRefusedError) -> None:
        """Say why the batch is refused."""
        self.outcome, self.problem, self.detail = Outcome.REFUSED, error.problem, error.detail

    def note(self, codes: npt.NDArray[np.uint8], rows: npt.NDArray[np.intp]) -> bool:
        """Note the problems of rows (numbers from 0 on); returns whether any refuses the batch."""
        bad = False
        for code in np.unique(codes[codes != 0]).tolist():
            problem = RowProblem(code)
            these = rows[codes == code]
            if problem is RowProblem.ERASED:
                self.passed_over += these.size
                continue
            before = self.rows_by_problem.get(problem, np.zeros(0, np.intp))
            self.rows_by_problem[problem] = np.concatenate((before, these))
            bad = True
        return bad

    def members(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "batch": self.batch,
            "sender": self.sender,
            "at": format_instant(self.at),
            "outcome": self.outcome.value,
            "rows": self.rows,
            "problem": self.problem.value if self.problem else None,
            "detail": self.detail,
            "row_problems": [
                {
                    "code": problem.slug,
                    "remedy": problem.remedy,
                    "count": int(rows.size),
                    "rows": (np.sort(rows)[:MOST_ROWS_NAMED] + 1).tolist(),
                }
                for problem, rows in sorted(self.rows_by_problem.items())
            ],
            "taken": {
                "new": self.new,
                "corrected": self.corrected,
                "unchanged": self.unchanged,
                "kept": self.kept,
                "passed_over": self.passed_over,
            },
            "validation": self.validation.members() if self.validation else None,
            "ledger_index": self.ledger_index,
        }

    def to_json(self) -> str:
        return json.dumps(self.members(), indent=2)


def _rows(rows: Sequence[int], count: int) -> str:
    if count == 1:
        return f"row {rows[0]}"
    named = ", ".join(map(str, rows[:10]))
    return f"rows {named}" if count <= 10 else f"{count} rows, the first {named}"


def as_text(report: Mapping[str, Any]) -> str:
    """Return a report's members as lines for a person."""
    # Of a manifest that does not read, neither number nor sender nor rows are known.
    named = f"batch {report['batch']} of {report['sender']}" if report["batch"] else "a batch without a name"
    rows_told = f", {report['rows']} rows" if report["batch"] else ""
    lines = [f"{named}: {report['outcome']}{rows_told}"]
    if report["problem"]:
        lines.append(f"  {report['problem']}: {report['detail']}")
    for one in report["row_problems"]:
        lines.append(f"  {one['code']}: {_rows(one['rows'], one['count'])}: {one['remedy']}")
    if report["outcome"] == Outcome.STORED:
        counts = ", ".join(
            f"{count} {name.replace('_', ' ')}" for name, count in report["taken"].items() if count
        )
        lines.append(f"  {counts}; ledger entry {report['ledger_index']}")
    if report["outcome"] == Outcome.NO_CHANGE:
        lines.append("  no change: everything in this batch is stored already")
    reasons = (report["validation"] or {}).get("reasons", {})
    for slug, one in reasons.items():
        lines.append(f"  validation, {slug}: {one['values']} values in {one['profiles']} profiles")
    return "\n".join(lines)
