"""The four classification labels: who may see a document or an export (R154)."""

from __future__ import annotations

import enum
from collections.abc import Collection


class Label(enum.StrEnum):
    """How widely something may be seen, from everybody to named persons only."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"

    @property
    def nl(self) -> str:
        """The label as it stands on a file that the inspector takes along."""
        return self.nl_for(())

    def nl_for(self, readers: Collection[str]) -> str:
        """The label with who may have it: the inspector, and who here has one of the roles of these names."""
        if self in (Label.C1, Label.C2):
            return f"{self.value}: {_WORDS[self]}"
        who = "de toezichthouder"
        if readers:
            who += f" en wie hier de rol heeft van {' of '.join(sorted(readers))}"
        return f"{self.value}: {_WORDS[self]}: {who}"

    def readers_nl(self, readers: Collection[str]) -> str:
        """Who may have it, and no more: for a column of a table."""
        if self is Label.C1:
            return "iedereen"
        if self is Label.C2:
            return "wie hier werkt, de toezichthouder"
        return ", ".join(["de toezichthouder", *sorted(readers)])


_WORDS = {
    Label.C1: "openbaar, voor iedereen",
    Label.C2: "intern, voor wie bij de databeheerder werkt en voor de toezichthouder",
    Label.C3: "beperkt, alleen voor wie het voor zijn taak nodig heeft",
    Label.C4: "alleen voor wie hier genoemd is",
}
