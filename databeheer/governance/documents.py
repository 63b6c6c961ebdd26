"""Documents that are made of what the house knows: which kinds there are, their shape, and where they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.governance.labels import Label
from databeheer.staff import roles


@dataclass(frozen=True)
class DocumentKind:
    """One kind. `topic`: of the roles of staff, who makes it and who reads it; the inspector does both."""

    code: str
    nl: str
    requirements: tuple[str, ...]
    label: Label
    topic: str

    @property
    def label_nl(self) -> str:
        """Its label, with who may have it."""
        return self.label.nl_for(roles.load().named(roles.load().reading(self.topic)))


KINDS: Mapping[str, DocumentKind] = {
    one.code: one
    for one in (
        DocumentKind("processing_record", "Register van verwerkingen", ("R142",), Label.C2, "risks"),
        DocumentKind(
            "confidentiality_report", "Verslag over vertrouwelijkheid", ("R143",), Label.C3, "confidentiality"
        ),
        DocumentKind("measures_file", "Dossier van de maatregelen", ("R148",), Label.C3, "measures"),
        DocumentKind("software_list", "Gebruikte software", ("R185",), Label.C2, "measures"),
        DocumentKind("evidence", "Bewijs over een periode", ("R189",), Label.C4, "risks"),
    )
}
"""By code."""


@dataclass(frozen=True)
class Section:
    """A table of a document, in Dutch; every cell is a text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def view(self) -> dict[str, Any]:
        return {"title": self.title, "columns": list(self.columns), "rows": [list(row) for row in self.rows]}


def keep(connection: Connection, members: Mapping[str, Any]) -> int:
    """Keep a document: document_id, kind, first, last, content_sealed, sha256, now, index; returns its version."""
    version: int = connection.execute(_KEEP, members).scalar_one()
    return version


def every(connection: Connection, kinds: Sequence[str]) -> Sequence[Any]:
    """Return the documents of these kinds, the newest first, without what they say."""
    return connection.execute(_EVERY, {"kinds": list(kinds)}).all()


def find(connection: Connection, document_id: UUID) -> Any | None:
    """Return a document."""
    return connection.execute(_FIND, {"id": document_id}).one_or_none()


_KEEP = text(
    "INSERT INTO governance.document (document_id, kind, version, first_day, last_day, content_sealed, sha256, made_at,"
    " made_index) SELECT :document_id, :kind, coalesce(max(version), 0) + 1, :first, :last, :content_sealed, :sha256,"
    " :now, :index FROM governance.document WHERE kind = :kind RETURNING version"
)
_EVERY = text(
    "SELECT document_id, kind, version, first_day, last_day, sha256, made_at, made_index FROM governance.document"
    " WHERE kind = ANY(:kinds) ORDER BY made_index DESC LIMIT 200"
)
_FIND = text("SELECT * FROM governance.document WHERE document_id = :id")
