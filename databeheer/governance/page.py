"""The reference page about the registers, made from the data.

python -m databeheer.governance.page > docs/reference/registers.md
"""

from __future__ import annotations

import sys

from databeheer.governance.registers import Field, Register, Registers, shipped

_HEAD = """# Registers of the house's duties

Made from `databeheer/governance/registers.toml` by `python -m databeheer.governance.page`; change that file, not this
page. [How to keep them](../how-to/keep-the-registers.md);
[why one shape](../adr/0055-one-shape-for-the-registers-of-duties.md).

A record stands in a register, has versions, and is closed once, with an outcome. `two people`: a version counts once
somebody else approved it. Days are `2026-11-01`, instants `2026-11-01T00:00:00Z`; a file is named by its SHA-256, a
record by its id, and it has to count. The labels: C1 public, C2 internal, C3 restricted, C4 named persons only.

"""


def page(registers: Registers) -> str:
    """Return the page as Markdown."""
    return _HEAD + "\n".join(_section(one) for one in registers.by_code.values())


def _section(one: Register) -> str:
    facts = [
        f"label {one.label}",
        "two people" if one.second else "one person",
        {"house": "of the house", "party": "of one party", "either": "of the house or of one party"}[
            one.about
        ],
    ]
    if one.within:
        facts.append(f"in a record of `{one.within}`")
    if one.clock:
        facts.append(f"clock [`{one.clock}`](clocks.md) from `{one.from_field}`")
    if one.outcomes:
        facts.append(f"closed as {', '.join(f'`{outcome}`' for outcome in one.outcomes)}")
    readers, writers = ", ".join(sorted(one.readers)), ", ".join(sorted(one.writers))
    who = f"{', '.join(one.requirements)}. Read by {readers}, written by {writers}: {'; '.join(facts)}."
    rows = "\n".join(f"| `{field.name}` | {_words(field)} | {field.nl} |" for field in one.fields)
    return f"## `{one.code}`: {one.en}\n\n{who}\n\n| Field | Holds | On the page |\n|---|---|---|\n{rows}\n"


def _words(field: Field) -> str:
    words = field.kind.value
    if field.choices:
        words = ", ".join(f"`{choice}`" for choice in field.choices)
    elif field.of:
        words += f" of `{field.of}`"
    elif field.most:
        words += (
            f", {field.least} to {field.most}"
            if field.least or field.kind == "number"
            else f", up to {field.most}"
        )
    for said, is_so in (
        ("not in the future", field.past),
        ("after today", field.future),
        (f"at most {field.within_months} months ahead", bool(field.within_months)),
        (f"after `{field.after}`", bool(field.after)),
        ("may be left out", field.is_optional),
    ):
        words += f"; {said}" if is_so else ""
    return words


if __name__ == "__main__":
    sys.stdout.write(page(shipped()))
