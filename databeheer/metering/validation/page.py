"""The reference page about validation, made from the catalogue.

python -m databeheer.metering.validation.page > docs/reference/validation.md
"""

from __future__ import annotations

import sys

from databeheer.metering.validation.catalogue import Catalogue, MethodEntry, RuleEntry, shipped

_HEAD = """# Validation

Made from `databeheer/metering/validation/catalogue.toml` by `python -m databeheer.metering.validation.page`; change
that file, not this page. The same for everybody, in Dutch, stands at `/meetwaarden`; for programs at
`/meetwaarden.json`.

A reading is judged by rules with a name and a number, and what is missing or not valid is estimated by a method with
a name and a number. One number stays beside each value: the rule that an invalid or doubtful value broke, the method
of an estimate, 0 for neither. Numbers are never used again for something else.

| State | Means |
|---|---|
| `READ` | measured; no rule that could judge it found it invalid |
| `VAL` | measured, billing-grade, nothing of its day missing, estimated or doubted, and its register agrees |
| `EST` | estimated by a method below, or before it came here |
| `NVAL` | not valid; never leaves the house |
| `NONE` | the meter operator says that there is no value; not zero, and not estimated |
| `ABSENT` | not delivered, and nothing to estimate it from |

| Severity | What a finding does |
|---|---|
| refused | the whole profile is not taken in |
| invalid | the value becomes `NVAL`, or an estimate where a method can; a version before stays as it was |
| doubtful | the value stays and goes out; it does not become `VAL`, unless the register settles the doubt |
| notice | stands in the report; changes nothing |

A rule that lacks what it needs (a register, a history, a clock) judges nothing, and what an earlier look found
stands. An estimate never changes a value that is valid, and never serves as history. A stored day that is judged anew
becomes a new version only where a value, a state or its number changes.

**Billing-grade and informative readings** are classes apart, one for a whole series. The rules are the same.
Informative readings never become `VAL`, and nobody rectifies them by hand: who asks is told to turn to the supplier,
whose bill rests on the other class (Technisch Reglement 5.1.1 to 5.1.3). Billing-grade readings can be rectified; the
correction is judged by the same rules, and the version before it stays.

The store knows the class of each day: that of the batch of its newest version, which the ledger names
([more](head-end-batch.md#the-two-classes)). Informative readings never become a version above billing-grade ones;
billing-grade ones take the place of informative ones. What leaves for a bill (`billing`, `dynamic_price_billing`),
and whether a delivery to a supplier is whole, looks at billing-grade days alone; so does the estimate of a
billing-grade day at night.
Everybody else who may read a day reads its newest version, of whichever class. An [export of Mijn
Fluvius](exports.md) is billing-grade.

## What was measured is kept

Where an estimate, or nothing, takes the place of a measured value in the batch that brings it, that value stays: behind
the values of the day, in the same sealed bytes, with the number of the rule that it broke and of the method that was
used (R67). It is no reading: no ground gives it. The data manager asks for it with `readings.originals`, which is
recorded before and which whoever lived there sees. A correction in another batch is a version of its own; the one
before stays.

`/meetwaarden.json` (format `databeheer validation 1`; members may be added, none changes or goes away) has `version`,
`estimation` (when a gap is short, what like days are), `rules` and `methods`: of each `code`, `name`, `title` and
`sentence` in `nl` and `en`; of a rule also `severity`, `settled_by_register`, `judges` and `parameters`.

The parameters are ours. No source that we found fixes them, and the real files that we have hold nothing that they
refuse or call invalid.

"""


def page(catalogue: Catalogue) -> str:
    """Return the page as Markdown."""
    methods = "\n".join(_method_row(catalogue, method) for method in catalogue.methods)
    rules = "\n".join(
        f"| {rule.reason.value} | [`{rule.reason.slug}`](#{rule.reason.slug}) | {rule.title_en} | {rule.severity} |"
        for rule in sorted(catalogue.rules, key=lambda rule: rule.reason)
    )
    return (
        f"{_HEAD}Version of the catalogue: `{catalogue.version}`.\n\n"
        f"## Rules\n\n| | Name | | Severity |\n|---|---|---|---|\n{rules}\n\n"
        + "\n".join(_section(rule) for rule in catalogue.rules)
        + f"\n## Methods of substitution\n\n| | Name | What it does |\n|---|---|---|\n{methods}\n"
    )


def _section(rule: RuleEntry) -> str:
    rows = [
        ("Number", str(rule.reason.value)),
        ("Judges", f"each {rule.judges}"),
        ("Severity", rule.severity.value + (", settled by the register" if rule.settled_by_register else "")),
        ("Needs", f"`{rule.needs}`" if rule.needs else "nothing else"),
        ("Parameters", ", ".join(f"`{name}` {value}" for name, value in rule.parameters.items()) or "none"),
        ("Requirements", ", ".join(rule.requirements)),
    ]
    lines = [f"### `{rule.reason.slug}`", "", rule.sentence("en"), "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {said} |" for name, said in rows), ""])


def _method_row(catalogue: Catalogue, method: MethodEntry) -> str:
    return f"| {method.reason.value} | `{method.reason.slug}` | {catalogue.method_sentence(method, 'en')} |"


if __name__ == "__main__":
    sys.stdout.write(page(shipped()))
