"""What a drill found: counts and places, no name and no number of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from databeheer.door.drill.opening import NOTHING, Tried
from databeheer.door.drill.searching import Searched
from databeheer.door.drill.traces import Sort

_NOWHERE = {Sort.PLAIN, Sort.KEY}
FORBIDDEN = {
    "dump of before": _NOWHERE,
    "dump of after": _NOWHERE | {Sort.DERIVED, Sort.SEALED},
    "write-ahead log": _NOWHERE,
    "files of the database": _NOWHERE,
    "logs": set(Sort),
    "published ledger": set(Sort),
    "key store": _NOWHERE | {Sort.DERIVED, Sort.SEALED},
}
"""Which traces may not stand where, after an erasure. What is not forbidden is counted and told."""
CONTROL = "dump of before"


@dataclass
class DrillReport:
    """What was erased, what of it was looked for and found, and what of the restored dump opens."""

    erased: dict[str, int] = field(default_factory=dict)
    index: int = 0
    noted: dict[str, int] = field(default_factory=dict)
    searched: list[Searched] = field(default_factory=list)
    before: Tried = NOTHING
    """Of what was erased, before it was."""
    restored: Tried = NOTHING
    """The same in the restored dump of before, with the keys of after."""
    others: Tried = NOTHING
    """Of everybody else there."""
    checks: list[str] = field(default_factory=list)
    """What verified, in words."""
    broken: list[str] = field(default_factory=list)
    """What did not."""

    @property
    def findings(self) -> list[str]:
        """Why the drill does not hold; empty where it does."""
        return [*self._of_search(), *self._of_opening(), *self.broken]

    def _of_search(self) -> Iterator[str]:
        for one in self.searched:
            for sort in sorted(FORBIDDEN[one.place]):
                if one.found[sort]:
                    yield f"{one.found[sort]} {sort.value} traces stand in the {one.place}"
        control = next(one for one in self.searched if one.place == CONTROL)
        for sort in (Sort.DERIVED, Sort.SEALED):
            lacks = self.noted.get(sort.value, 0) - control.found[sort]
            if lacks:
                yield f"the search is blind: {lacks} {sort.value} traces are not found in the dump of before"

    def _of_opening(self) -> Iterator[str]:
        before, restored, others = self.before, self.restored, self.others
        if not before.count:
            yield "nothing was stored of what was erased, so this shows nothing: decide a stay that has readings"
        if before.opened < before.count:
            yield "before the erasure not all of it opened: that nothing opens now shows nothing"
        if restored.count < before.count:
            yield "the restored dump has less of the erased than there was"
        if restored.opened:
            yield f"{restored.opened} of {restored.count} erased things open in the restored dump"
        if others.opened < others.count:
            yield f"{others.count - others.opened} rows of others do not open in the restored dump"
        if not others.count:
            yield "nobody else has readings here, so nothing shows that others' still open"

    def view(self) -> dict[str, Any]:
        """The report as JSON members."""
        return {
            "holds": not self.findings,
            "findings": self.findings,
            "erased": self.erased,
            "index": self.index,
            "traces": self.noted,
            "searched": [
                {
                    "place": one.place,
                    "files": one.files,
                    "bytes": one.size,
                    "found": {sort.value: one.found[sort] for sort in Sort if one.found[sort]},
                }
                for one in self.searched
            ],
            "before": asdict(self.before),
            "restored": asdict(self.restored),
            "others": asdict(self.others),
            "checks": self.checks,
        }

    def lines(self) -> Iterator[str]:
        """The report in words."""
        what = ", ".join(f"{count} {name}" for name, count in self.erased.items())
        yield f"Erased: {what}; ledger entry {self.index}. {sum(self.noted.values())} traces were looked for."
        for one in self.searched:
            told = ", ".join(f"{one.found[sort]} {sort.value}" for sort in Sort if one.found[sort])
            yield f"  {one.place}: {one.files} files, {one.size} bytes: {told or 'nothing'}"
        yield (
            f"Restored: {self.restored.count} erased things, {self.restored.opened} open;"
            f" {self.others.count} rows of others, {self.others.opened} open"
        )
        yield from self.checks
        if self.findings:
            yield from (f"DOES NOT HOLD: {one}" for one in self.findings)
        else:
            yield "It holds."
