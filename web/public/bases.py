"""`/grondslagen`: the catalogue of legal bases, row by row; what is not in it is refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.access import catalogue
from databeheer.access.bases import Catalogue, Citation, Refusal, Row
from databeheer.access.explain import Language, basis_name
from web.public.serving import public_json

FORMAT = "databeheer legal bases 1"
"""Members may be added under this name; one that changes or goes away gets another."""

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
    """The same for programs; docs/reference/legal-bases.md describes the members."""
    found = legal_bases()
    return public_json(
        {
            "format": FORMAT,
            "version": found.version,
            "dpia_years": found.dpia_years,
            "rows": [row_members(row) for row in found.rows],
            "refusals": [refusal_members(refusal) for refusal in found.refusals],
        }
    )


def row_members(row: Row) -> dict[str, Any]:
    """One row for programs."""
    return {
        "number": row.number,
        "code": row.code,
        "role": row.actor_role.value,
        "basis": row.basis.value,
        "carrier": row.carrier.value,
        "purposes": sorted(row.purposes),
        "categories": sorted(row.categories),
        "directions": sorted(row.directions),
        "finest_granularity": row.ceiling.value,
        "finest_granularity_fixed_by": row.ceiling_by.value,
        "without_necessity_record": row.ceiling_without_necessity.value
        if row.ceiling_without_necessity
        else None,
        "requires": sorted(row.requires),
        "without_notice": row.without_notice or None,
        "validation_states": sorted(row.states),
        "register_states": sorted(row.register_states),
        "sentence": {"nl": row.sentence_nl, "en": row.sentence_en},
        "citations": [citation_members(citation) for citation in row.citations],
    }


def refusal_members(refusal: Refusal) -> dict[str, Any]:
    """Who gets nothing, for programs."""
    return {
        "number": refusal.number,
        "code": refusal.code,
        "role": refusal.actor_role.value,
        "whoever_has_the_role": refusal.of_role,
        "sentence": {"nl": refusal.sentence_nl, "en": refusal.sentence_en},
        "citations": [citation_members(citation) for citation in refusal.citations],
    }


def citation_members(citation: Citation) -> dict[str, str]:
    """One article for programs."""
    return {
        "act": citation.act,
        "version": citation.version,
        "article": citation.article,
        "status": citation.status.value,
    }
