"""The four classification labels: who may see a document or an export (R154)."""

from __future__ import annotations

import enum


class Label(enum.StrEnum):
    """How widely something may be seen, from everybody to named persons only."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"

    @property
    def nl(self) -> str:
        """The label as it stands on a document."""
        return f"{self.value}: {_WORDS[self]}"


_WORDS = {
    Label.C1: "openbaar",
    Label.C2: "intern",
    Label.C3: "beperkt",
    Label.C4: "alleen voor wie erop genoemd is",
}
