"""`/grondslagen`: the catalogue of legal bases, row by row; what is not in it is refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.access import catalogue
from databeheer.access.bases import Catalogue, Citation, Row
from databeheer.access.explain import Language, basis_name
from web.public.serving import public_json

blueprint = Blueprint("bases", __name__)


@lru_cache(maxsize=1)
def legal_bases() -> Catalogue:
    """The catalogue that this house decides by."""
    return catalogue.load()


@blueprint.get("/grondslagen")
def page() -> ResponseReturnValue:
    """Show every legal basis."""
    return render_template(
        "public/bases.html",
        catalogue=legal_bases(),
        basis_names={row.code: basis_name(row.basis, Language.DUTCH) for row in legal_bases().rows},
    )


@blueprint.get("/grondslagen.json")
def as_json() -> ResponseReturnValue:
    """The same for programs."""
    found = legal_bases()
    return public_json({"version": found.version, "rows": [row_members(row) for row in found.rows]})


def row_members(row: Row) -> dict[str, Any]:
    """One row for programs."""
    return {
        "code": row.code,
        "role": row.actor_role.value,
        "basis": row.basis.value,
        "purposes": sorted(row.purposes),
        "categories": sorted(row.categories),
        "directions": sorted(row.directions),
        "finest_granularity": row.ceiling.value,
        "finest_granularity_fixed_by": row.ceiling_by.value,
        "without_necessity_record": row.ceiling_without_necessity.value
        if row.ceiling_without_necessity
        else None,
        "requires": sorted(row.requires),
        "validation_states": sorted(row.states),
        "sentence": {"nl": row.sentence_nl, "en": row.sentence_en},
        "citations": [citation_members(citation) for citation in row.citations],
    }


def citation_members(citation: Citation) -> dict[str, str]:
    """One article for programs."""
    return {
        "act": citation.act,
        "version": citation.version,
        "article": citation.article,
        "status": citation.status.value,
    }
