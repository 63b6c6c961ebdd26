"""`/privacy`: the privacy notice, made of what the house decides by (R41, R47; GDPR 13, 14).

The catalogue of legal bases, the list of grounds, the terms, the register of parties and the register of models: what
is not in those is not done, so the notice cannot say less than what happens. Its version names all of them but the
register of parties, which changes by the day.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.access.bases import BasisKind, Row
from databeheer.rights import grounds, models
from databeheer.rights.authorities import AUTHORITIES
from databeheer.rights.grounds import Objection
from web.language import lazy
from web.public.bases import citation_members, legal_bases
from web.public.parties import registered
from web.public.retention import TABLE, TERMS
from web.public.serving import public_json

FORMAT = "databeheer privacy notice 1"
"""Members may be added under this name; one that changes or goes away gets another."""
MODEL_KINDS = {
    "automated_decision": lazy("Een programma beslist"),
    "estimation": lazy("Een programma schat"),
    "data_mining": lazy("Gegevens van veel mensen samen"),
    "sampling": lazy("Het lot beslist"),
}
CATEGORIES = {
    "readings": lazy("meetgegevens: hoeveel u van het net nam of erop zette, en wanneer"),
    "technical": lazy("technische gegevens: uw aansluiting en uw meter"),
    "relational": lazy("relationele gegevens: uw naam, uw adres, en met wie u een contract hebt"),
    "supply_quality": lazy(
        "leveringsgegevens: hoe goed uw stroom geleverd werd, zoals uw meter het bijhoudt"
    ),
    "records": lazy("logboekgegevens: wie uw gegevens kreeg, wanneer en waarom"),
}

blueprint = Blueprint("privacy", __name__)


@dataclass(frozen=True)
class Purpose:
    """One row of the catalogue as the notice tells it; `parties` is how many of the register may use it."""

    row: Row
    article: str
    can_object: bool
    parties: int

    @property
    def categories(self) -> list[str]:
        """Its kinds of data, each by the word that the list of kinds begins with."""
        return [str(CATEGORIES[one]).partition(":")[0].strip() for one in sorted(self.row.categories)]


@blueprint.get("/privacy")
def page() -> ResponseReturnValue:
    """Show the notice."""
    purposes = _purposes()
    return render_template(
        "public/privacy.html",
        version=version(),
        by_law=[one for one in purposes if one.row.basis is BasisKind.LAW],
        by_consent=[one for one in purposes if one.row.basis is BasisKind.CONSENT],
        own=[one for one in purposes if one.row.basis is BasisKind.OWN],
        refusals=legal_bases().refusals,
        categories=[words for code, words in CATEGORIES.items() if code in _categories()],
        models=models.shipped(),
        model_kinds=MODEL_KINDS,
        authorities=AUTHORITIES,
        **TABLE,
    )


@blueprint.get("/privacy.json")
def as_json() -> ResponseReturnValue:
    """The same for programs."""
    return public_json(
        {
            "format": FORMAT,
            "version": version(),
            "purposes": [
                {
                    "code": one.row.code,
                    "role": one.row.actor_role.value,
                    "basis": one.row.basis.value,
                    "gdpr": one.article,
                    "objection": one.can_object,
                    "sentence_nl": one.row.sentence_nl,
                    "categories": sorted(one.row.categories),
                    "citations": [citation_members(citation) for citation in one.row.citations],
                    "parties": one.parties,
                }
                for one in _purposes()
            ],
            "retention_years": TERMS,
            "models": [_model_members(one) for one in models.shipped().models],
            "authorities": [vars(one) for one in AUTHORITIES],
        }
    )


@lru_cache(maxsize=1)
def version() -> str:
    """Name what this notice is made of: another release that changes any of it gets another version."""
    made_of: Mapping[str, Any] = {
        "catalogue": legal_bases().version,
        "grounds": sha256(grounds.SHIPPED.read_bytes()).hexdigest(),
        "models": models.shipped().version,
        "terms": TERMS,
        "authorities": [vars(one) for one in AUTHORITIES],
        "format": FORMAT,
    }
    return sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


def _purposes() -> list[Purpose]:
    roles = Counter(party.role for party in registered() if party.suspended_at is None)
    return [
        Purpose(
            row,
            grounds.shipped()[row.code].article,
            grounds.shipped()[row.code].objection is Objection.POSSIBLE,
            roles[row.actor_role.value],
        )
        for row in legal_bases().rows
    ]


def _categories() -> set[str]:
    return {str(category) for row in legal_bases().rows for category in row.categories}


def _model_members(one: models.Model) -> dict[str, Any]:
    return {
        "code": one.code,
        "kind": one.kind.value,
        "is_profiling": one.is_profiling,
        "name_nl": one.name_nl,
        "sentence_nl": one.sentence_nl,
        "method_nl": one.method_nl,
        "effect_nl": one.effect_nl,
        "review_nl": one.review_nl,
    }
