"""`/meetwaarden`: how readings are checked and estimated, from the catalogue that intake judges by (R61, R68)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from databeheer.metering.validation.catalogue import Catalogue, MethodEntry, RuleEntry, Severity, shipped
from web.public.serving import public_json

FORMAT = "databeheer validation 1"
"""Members may be added under this name; one that changes or goes away gets another."""
WORDS = {
    Severity.REFUSED: "Wij nemen de dag niet aan",
    Severity.INVALID: "De waarde is niet geldig en verlaat ons huis nooit",
    Severity.DOUBTFUL: "De waarde blijft, met het teken erbij dat wij twijfelen",
    Severity.NOTICE: "Wij noteren het; aan de waarde verandert niets",
}
_TITLES = {
    Severity.INVALID: "Wanneer een waarde niet geldig is",
    Severity.DOUBTFUL: "Wanneer wij twijfelen",
    Severity.REFUSED: "Wanneer wij een dag niet aannemen",
    Severity.NOTICE: "Wat wij noteren",
}

blueprint = Blueprint("validation", __name__)


@blueprint.get("/meetwaarden")
def page() -> ResponseReturnValue:
    """Show the rules and the methods."""
    catalogue = shipped()
    return render_template(
        "public/validation.html",
        catalogue=catalogue,
        groups=[
            (_TITLES[severity], WORDS[severity], catalogue.of_severity(severity)) for severity in _TITLES
        ],
    )


@blueprint.get("/meetwaarden.json")
def as_json() -> ResponseReturnValue:
    """The same for programs; docs/reference/validation.md describes the members."""
    catalogue = shipped()
    return public_json(
        {
            "format": FORMAT,
            "version": catalogue.version,
            "estimation": vars(catalogue.estimation),
            "rules": [rule_members(rule) for rule in catalogue.rules],
            "methods": [method_members(catalogue, method) for method in catalogue.methods],
        }
    )


def rule_members(rule: RuleEntry) -> dict[str, Any]:
    """One rule for programs."""
    return {
        "code": rule.reason.value,
        "name": rule.reason.slug,
        "severity": rule.severity.value,
        "settled_by_register": rule.settled_by_register,
        "judges": rule.judges,
        "parameters": dict(rule.parameters),
        "title": {"nl": rule.title_nl, "en": rule.title_en},
        "sentence": {"nl": rule.sentence("nl"), "en": rule.sentence("en")},
    }


def method_members(catalogue: Catalogue, method: MethodEntry) -> dict[str, Any]:
    """One method of substitution for programs."""
    return {
        "code": method.reason.value,
        "name": method.reason.slug,
        "title": {"nl": method.title_nl, "en": method.title_en},
        "sentence": {language: catalogue.method_sentence(method, language) for language in ("nl", "en")},
    }
